/* Threads and order: what the writer gets is the same, byte for byte, for every number of workers, every size
 * of batches, every number in flight, and every place of a reload of the same rules. Match and state are
 * stand-ins whose answers depend on every call they ever had (fake_stages.h). Run it under TSan.
 */
#include "tests/stress/trial.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#ifdef CSR_TSAN /* some thirty times slower */
#define RECORDS 1500u
#define SHORT   70u
#define LONG    3000u
#else
#define RECORDS 6000u
#define SHORT   700u
#define LONG    60000u
#endif

static void test_plain_calls(void **state)
{
    (void)state;
    struct trial t = plain(RECORDS, 1);
    assert_int_equal(t.end, RUN_ENDED);
    assert_int_equal(t.counts.in, RECORDS);
    assert_true(t.counts.late > 10 && t.counts.duplicate > 10 && t.counts.aside > 10);
    assert_int_equal(t.counts.aside, t.asides);
    assert_int_equal(t.counts.revisions, t.lines);
    assert_int_equal(t.counts.watermark, INT64_MAX);
    assert_int_equal(t.counts.states.live, 0); /* every question was answered */
    assert_true(t.lines > RECORDS / 6);
    assert_int_equal(t.counts.n_feeds, FAKE_REGIONS);
    assert_true(t.turns >= 2);
    assert_true(t.late_hits > 10);
    struct trial other = plain(RECORDS, 2);
    assert_true(other.len != t.len || memcmp(other.text, t.text, t.len) != 0); /* the comparison can fail */
    free(t.text);
    free(other.text);
}

static void test_any_number_of_threads(void **state)
{
    (void)state;
    static const struct trial table[] = {
        {.workers = 2},
        {.workers = 3},
        {.workers = 4},
        {.workers = 8},
        {.workers = 1, .batch_records = 1, .batches = 1},
        {.workers = 3, .batch_records = 1, .batches = 1},
        {.workers = 2, .batch_records = 1, .batches = 3},
        {.workers = 4, .batch_records = 7, .batches = 2},
        {.workers = 3, .batch_records = 100, .batches = 5},
        {.workers = 8, .batch_records = 3, .batches = 64},
        {.workers = 2, .batch_records = 1000, .batches = 4},
        {.workers = 1, .shards = 7},
        {.workers = 3, .shards = 1, .batch_records = 50},
        {.workers = 2, .shards = 64, .batches = 3},
        {.workers = 3, .idle_every = 10},
        {.workers = 1, .batch_records = 13, .idle_every = 3},
        {.workers = 4, .batch_records = 64, .reload_every = 500},
        {.workers = 3, .batch_records = 5, .reload_every = 37},
        {.workers = 1, .reload_every = 100},
    };
    struct trial want = plain(RECORDS, 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial t = table[i];
        t.n_records = RECORDS;
        t.seed = 1;
        run_trial(&t);
        assert_same(&want, &t);
        assert_int_equal(t.adopted, 1 + t.reloads);
        assert_int_equal(t.retired, t.reloads);
        free(t.text);
    }
    free(want.text);
}

static void test_reload_at_every_record(void **state)
{
    (void)state;
    struct trial want = plain(SHORT, 3);
    for (uint32_t at = 0; at < SHORT; at++) {
        struct trial t = {.workers = 1 + at % 3, .n_records = SHORT, .seed = 3, .reload_at = at};
        run_trial(&t);
        assert_same(&want, &t);
        assert_int_equal(t.adopted, at ? 2 : 1);
        free(t.text);
    }
    free(want.text);
}

static void test_small_inputs(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 2, 255, 256, 257, 511, 512, 513};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct trial want = plain(sizes[i], 4);
        struct trial t = {.workers = 3, .batch_records = 2, .batches = 2, .n_records = sizes[i], .seed = 4};
        run_trial(&t);
        assert_same(&want, &t);
        assert_int_equal(t.end, RUN_ENDED);
        assert_int_equal(t.counts.in, sizes[i]);
        free(t.text);
        free(want.text);
    }
}

static void test_nobody_reads(void **state)
{
    (void)state;
    struct trial want = plain(RECORDS, 1);
    for (unsigned workers = 1; workers <= 4; workers++) {
        struct trial t = {.workers = workers, .n_records = RECORDS, .seed = 1, .stop_after = 100};
        run_trial(&t);
        assert_int_equal(t.end, RUN_STOPPED);
        assert_int_equal(t.lines, 100);
        assert_memory_equal(t.text, want.text, t.len); /* what came until then is the beginning */
        free(t.text);
    }
    free(want.text);
}

/* A live input moves the watermark at each batch and, when idle, by the clock; all records are taken all the
 * same. */
static void test_live(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct trial t = {.workers = workers, .n_records = 900, .seed = 5, .live = true, .idle_every = 9};
        run_trial(&t);
        assert_int_equal(t.end, RUN_ENDED);
        assert_int_equal(t.counts.in, 900);
        assert_int_equal(t.counts.states.live, 0);
        free(t.text);
    }
}

static void test_dated_ahead(void **state)
{
    (void)state;
    struct trial all = {.workers = 2, .n_records = 5000, .seed = 7};
    struct trial early = {.workers = 2, .n_records = 5000, .seed = 7, .arrives_early = true};
    run_trial(&all);
    run_trial(&early);
    assert_true(all.counts.late > 100);
    /* All are matched; the watermark stops at 1000400 + 300 - 600. */
    assert_true(early.furthest <= 1000100 && early.furthest > 1000000);
    assert_true(early.counts.late < all.counts.late);
    assert_true(early.counts.ahead > 3000);
    assert_int_equal(all.counts.ahead, 0);
    assert_true(early.counts.hits > 1000);
    assert_int_equal(early.counts.in, 5000);
    free(all.text);
    free(early.text);
}

/* A warm engine takes memory only when a batch is larger than all before: a few bytes an event at most.
 * (Sanitizers do not say how much is in use: then this compares nothing.) */
static void test_no_memory_per_event(void **state)
{
    (void)state;
    struct trial t = {.workers = 1, .n_records = LONG, .seed = 8, .warm_after = LONG / 3 * 2};
    run_trial(&t);
    assert_true(t.counts.revisions > LONG / 6);
    assert_true(t.most - t.warm < 8 * (t.n_records - t.warm_after));
}

static void *run_beside(void *world)
{
    run_trial(world);
    return NULL;
}

static void test_two_engines(void **state)
{
    (void)state;
    struct trial want = plain(RECORDS, 1), want_beside = plain(RECORDS, 6);
    struct trial here = {.workers = 2, .n_records = RECORDS, .seed = 1};
    struct trial beside = {.workers = 2, .n_records = RECORDS, .seed = 6, .reload_every = 1000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_beside, &beside), 0);
    run_trial(&here);
    pthread_join(thread, NULL);
    assert_same(&want, &here);
    assert_same(&want_beside, &beside);
    free(want.text);
    free(want_beside.text);
    free(here.text);
    free(beside.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_calls),  cmocka_unit_test(test_any_number_of_threads),
        cmocka_unit_test(test_small_inputs), cmocka_unit_test(test_reload_at_every_record),
        cmocka_unit_test(test_nobody_reads), cmocka_unit_test(test_live),
        cmocka_unit_test(test_dated_ahead),  cmocka_unit_test(test_no_memory_per_event),
        cmocka_unit_test(test_two_engines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
