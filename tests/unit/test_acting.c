/* The queue before the action thread: nothing waits, nothing overtakes, nothing is lost without being said. */
#include "engine/service/acting.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Outcomes as they came: the numbers of the jobs. A gate that is shut holds the action thread in its outcome. */
struct world {
    struct journal *journal;
    struct editions *editions;
    struct acting *acting;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_shut;
    uint32_t n, next_wanted;
    bool is_in_order;
    enum action_outcome last;
};

static void on_outcome(void *world, const struct action_job *job, const struct action_result *result)
{
    struct world *w = world;
    pthread_mutex_lock(&w->lock);
    while (w->is_shut) pthread_cond_wait(&w->changed, &w->lock);
    w->is_in_order &= job->opened == w->next_wanted;
    w->next_wanted = (uint32_t)job->opened + 1;
    w->n++;
    w->last = result->outcome;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void shut(struct world *w, bool is_shut)
{
    pthread_mutex_lock(&w->lock);
    w->is_shut = is_shut;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void wait_for(struct world *w, uint32_t n)
{
    pthread_mutex_lock(&w->lock);
    while (w->n < n) pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static int setup(void **state)
{
    char error[256];
    struct world *w = calloc(1, sizeof *w);
    if (!w) return -1;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->is_in_order = true;
    w->journal = journal_open(":memory:", error);
    w->editions = editions_new();
    struct acting_options o = {w->journal, "csr/test", w->editions, w, on_outcome};
    w->acting = acting_start(&o, error);
    *state = w;
    return w->journal && w->editions && w->acting ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    if (w->acting) acting_stop(w->acting, 60000);
    editions_free(w->editions);
    journal_close(w->journal);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return 0;
}

static bool put(struct world *w, uint32_t number)
{
    struct action_job job = {.verb = TEXT("notify"), .idempotency_key = TEXT("k"), .incident_id = TEXT("i"),
                             .rule = TEXT("r"), .opened = number};
    struct action_job *copy = action_job_copy(&job);
    assert_non_null(copy);
    return acting_put(w->acting, copy);
}

static void jobs_are_performed_in_order(void **state)
{
    struct world *w = *state;
    for (uint32_t i = 0; i < 500; i++) assert_true(put(w, i));
    wait_for(w, 500);
    assert_true(w->is_in_order);
    assert_int_equal(w->last, ACTION_PROPOSED);
}

/* More than the ring holds, while the action thread stands; then more, while it works off what was spilled. */
static void a_slow_action_makes_nobody_wait_and_nothing_overtakes(void **state)
{
    struct world *w = *state;
    uint32_t n = 0;
    for (int round = 0; round < 3; round++) {
        shut(w, true);
        for (uint32_t i = 0; i < 2 * ACTING_RING; i++) assert_true(put(w, n++));
        shut(w, false);
        for (uint32_t i = 0; i < 200; i++) assert_true(put(w, n++));
    }
    wait_for(w, n);
    assert_true(w->is_in_order);
    assert_int_equal(acting_count(w->acting).put, n);
    assert_int_equal(acting_count(w->acting).refused, 0);
}

static void the_queue_has_an_end(void **state)
{
    struct world *w = *state;
    uint32_t taken = 0;
    shut(w, true);
    for (uint32_t i = 0; i < 2 * ACTING_MOST; i++) taken += put(w, i);
    struct acting_counts counts = acting_count(w->acting);
    assert_int_equal(counts.put, taken);
    assert_int_equal(counts.put + counts.refused, 2 * ACTING_MOST);
    assert_in_range(taken, ACTING_MOST, ACTING_MOST + 1);
    shut(w, false);
    wait_for(w, taken);
    assert_true(put(w, 2 * ACTING_MOST));
    wait_for(w, taken + 1);
}

static void stopping_finishes_what_is_queued(void **state)
{
    struct world *w = *state;
    for (uint32_t i = 0; i < 300; i++) assert_true(put(w, i));
    acting_stop(w->acting, 60000);
    w->acting = NULL;
    assert_int_equal(w->n, 300);
    assert_true(w->is_in_order);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(jobs_are_performed_in_order),
        TEST(a_slow_action_makes_nobody_wait_and_nothing_overtakes),
        TEST(the_queue_has_an_end),
        TEST(stopping_finishes_what_is_queued),
    };
    return cmocka_run_group_tests_name("acting", tests, NULL, NULL);
}
