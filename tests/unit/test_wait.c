/* wait.h: no wake-up is lost, a wake-up without a sleeper costs nothing, a time limit ends a sleep. */
#include "engine/run/wait.h"

#include "engine/run/atomic.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define TURNS 20000u

/* Two threads hand a turn to one another; each sleeps untimed until it has it. A lost wake-up hangs the test.
 */
struct game {
    struct wait wait;
    uint64_t turn; /* cursor: even is the first player's */
};

static void sleep_until_turn(struct game *g, uint64_t turn)
{
    while (cursor_read(&g->turn) != turn) {
        uint32_t seen = wait_announce(&g->wait);
        if (cursor_read(&g->turn) == turn)
            wait_cancel(&g->wait);
        else
            wait_sleep(&g->wait, seen, WAIT_FOREVER);
    }
}

static void play(struct game *g, uint64_t first)
{
    for (uint64_t turn = first; turn < TURNS; turn += 2) {
        sleep_until_turn(g, turn);
        cursor_publish(&g->turn, turn + 1);
        wait_wake(&g->wait, 1);
    }
}

static void *second_player(void *world)
{
    play(world, 1);
    return NULL;
}

static void test_no_wake_up_is_lost(void **state)
{
    (void)state;
    struct game g = {0};
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, second_player, &g), 0);
    play(&g, 0);
    pthread_join(other, NULL);
    assert_int_equal(g.turn, TURNS);
    assert_int_equal(g.wait.waiters, 0);
}

static void test_alone(void **state)
{
    (void)state;
    struct wait w = {0};
    wait_wake(&w, 1);
    assert_int_equal(w.count, 0); /* nobody waits: nothing moves */
    uint32_t seen = wait_announce(&w);
    assert_int_equal(w.waiters, 1);
    wait_wake(&w, 1);
    assert_int_not_equal(w.count, seen);
    wait_sleep(&w, seen, WAIT_FOREVER); /* woken since: returns at once */
    assert_int_equal(w.waiters, 0);
    wait_sleep(&w, (wait_announce(&w)), 1000); /* nobody wakes: the limit does */
    assert_int_equal(w.waiters, 0);
    wait_announce(&w);
    wait_cancel(&w);
    assert_int_equal(w.waiters, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alone),
                                       cmocka_unit_test(test_no_wake_up_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
