/* Workers that take turns by a seed (schedule.h): thousands of orders of their steps, over few records in
 * tiny batches, and each gives what one worker gives. CASES says how many seeds, SEED with which to begin: a
 * failure says its seed, and `SEED=n CASES=1 test_schedule` does the same again.
 */
#include "tests/stress/schedule.h"
#include "tests/stress/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define CASES        2000
#define WORKERS_MOST 5
#define RECORDS_MOST 4000
#define STREAMS      8 /* each seed takes one of so many streams of records */

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *said = getenv(name);
    return said ? strtoull(said, NULL, 10) : otherwise;
}

/* What the seed at hand runs; kept for what is said of a failure. */
struct at_hand {
    uint64_t seed;
    bool is_done;
};

static uint32_t pick(uint64_t seed, uint64_t what, uint32_t below)
{
    return (uint32_t)(fake_mix(fake_mix(91, seed), what) % below);
}

static uint32_t records_of(uint32_t stream)
{
    static const uint32_t sizes[STREAMS] = {40, 120, 300, 520, 1100, 257, 7, RECORDS_MOST};
    return sizes[stream];
}

static struct trial trial_of(uint64_t seed)
{
    uint32_t stream = pick(seed, 0, STREAMS);
    struct trial t = {.seed = stream + 1, .n_records = records_of(stream)};
    t.workers = 2 + pick(seed, 1, WORKERS_MOST - 1);
    t.batch_records = 1 + pick(seed, 2, pick(seed, 3, 2) ? 4 : 40);
    t.batches = 1 + pick(seed, 4, pick(seed, 5, 2) ? 3 : 12);
    if (pick(seed, 11, 3) == 0) t.shards = 1 + pick(seed, 12, 6);
    if (t.n_records == RECORDS_MOST) t.batch_records = 256, t.batches = 16; /* so many periods in flight */
    if (pick(seed, 6, 3) == 0) t.idle_every = 1 + pick(seed, 7, 20);
    if (pick(seed, 8, 3) == 0) t.reload_every = 5 + pick(seed, 9, 60);
    return t;
}

static void add(struct schedule_counts *sum, struct schedule_counts one)
{
    sum->points += one.points;
    sum->switches += one.switches;
    sum->sleeps += one.sleeps;
    sum->wakes += one.wakes;
    sum->naps += one.naps;
}

static struct schedule_counts run_scheduled(struct at_hand *at, uint64_t seed, struct trial *t)
{
    *at = (struct at_hand){.seed = seed};
    schedule_begin(seed);
    run_trial(t);
    return schedule_end();
}

static void test_same_as_one_worker(void **state)
{
    struct at_hand *at = *state;
    struct trial want[STREAMS];
    struct schedule_counts sum = {0};
    uint64_t first = number_from("SEED", 1), n = number_from("CASES", CASES);
    for (uint32_t i = 0; i < STREAMS; i++) want[i] = plain(records_of(i), i + 1);
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct trial t = trial_of(seed);
        add(&sum, run_scheduled(at, seed, &t));
        assert_same(&want[t.seed - 1], &t);
        assert_int_equal(t.retired, t.reloads);
        free(t.text);
        at->is_done = true;
    }
    for (uint32_t i = 0; i < STREAMS; i++) free(want[i].text);
    print_message("%llu seeds: %llu points, %llu switches, %llu sleeps, %llu wakes, %llu naps\n",
                  (unsigned long long)n, (unsigned long long)sum.points, (unsigned long long)sum.switches,
                  (unsigned long long)sum.sleeps, (unsigned long long)sum.wakes,
                  (unsigned long long)sum.naps);
    if (n >= 300) assert_true(sum.switches > 1000 * n / 10 && sum.sleeps > n && sum.wakes > n / 10);
}

/* Whoever stops the run, and whenever: all leave. */
static void test_stop(void **state)
{
    struct at_hand *at = *state;
    uint64_t first = number_from("SEED", 1), n = number_from("CASES", CASES) / 10;
    struct trial want = plain(300, 3);
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct trial t = trial_of(seed);
        t.seed = 3, t.n_records = 300;
        t.stop_after = 1 + pick(seed, 10, want.lines - 1);
        run_scheduled(at, seed, &t);
        assert_int_equal(t.lines, t.stop_after);
        assert_memory_equal(t.text, want.text, t.len);
        free(t.text);
        at->is_done = true;
    }
    free(want.text);
}

/* A live input: where batches end depends on who deals when, but all is taken, and all leave. */
static void test_live(void **state)
{
    struct at_hand *at = *state;
    uint64_t first = number_from("SEED", 1), n = number_from("CASES", CASES) / 10;
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct trial t = trial_of(seed);
        t.live = true;
        run_scheduled(at, seed, &t);
        assert_int_equal(t.end, RUN_ENDED);
        assert_int_equal(t.counts.in, t.n_records);
        assert_int_equal(t.counts.states.live, 0);
        free(t.text);
        at->is_done = true;
    }
}

/* The same seed does the same: else a failure could not be looked at again. */
static void test_a_seed_is_one_order(void **state)
{
    struct at_hand *at = *state;
    struct trial a = trial_of(7), b = a;
    struct schedule_counts once = run_scheduled(at, 7, &a), again = run_scheduled(at, 7, &b);
    assert_memory_equal(&once, &again, sizeof once);
    assert_true(once.switches > 100);
    free(a.text);
    free(b.text);
    at->is_done = true;
}

static int begin(void **state)
{
    static struct at_hand at;
    at = (struct at_hand){.is_done = true};
    *state = &at;
    return 0;
}

static int say_seed(void **state)
{
    const struct at_hand *at = *state;
    if (!at->is_done) print_error("seed %llu\n", (unsigned long long)at->seed);
    schedule_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_seed_is_one_order, begin, say_seed),
        cmocka_unit_test_setup_teardown(test_same_as_one_worker, begin, say_seed),
        cmocka_unit_test_setup_teardown(test_stop, begin, say_seed),
        cmocka_unit_test_setup_teardown(test_live, begin, say_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
