/* ring.h: order, fullness, and that what was written before ring_put is seen behind ring_get. */
#include "engine/run/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MESSAGES 20000u

struct message {
    uint64_t number, square;
};

static void test_one_thread(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 4, 7, 8, 16};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ring r;
        char places[64];
        uint32_t put = 0, got = 0;
        assert_true(ring_init(&r, sizes[i]));
        assert_true(ring_is_empty(&r));
        assert_null(ring_get(&r));
        for (int turn = 0; turn < 3; turn++) { /* the cursors wrap */
            while (put - got < 64 && ring_put(&r, &places[put % 64])) put++;
            assert_true(put - got >= sizes[i]);
            assert_false(ring_is_empty(&r));
            for (void *p; (p = ring_get(&r)) != NULL; got++) assert_ptr_equal(p, &places[got % 64]);
            assert_int_equal(got, put);
        }
        ring_release(&r);
    }
}

static void *produce(void *world)
{
    struct ring *r = world;
    for (uint64_t i = 0; i < MESSAGES; i++) {
        struct message *m = malloc(sizeof *m);
        *m = (struct message){i, i * i};
        while (!ring_put(r, m)) spin_pause();
    }
    return NULL;
}

static void test_two_threads(void **state)
{
    (void)state;
    struct ring r;
    pthread_t producer;
    assert_true(ring_init(&r, 16));
    assert_int_equal(pthread_create(&producer, NULL, produce, &r), 0);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        struct message *m;
        while (!(m = ring_get(&r))) spin_pause();
        assert_int_equal(m->number, i);
        assert_int_equal(m->square, i * i);
        free(m);
    }
    pthread_join(producer, NULL);
    assert_null(ring_get(&r));
    ring_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_thread), cmocka_unit_test(test_two_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
