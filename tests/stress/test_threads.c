/* Threads and order: what the writer gets is the same, byte for byte, for every number of workers, every size
 * of batches, every number in flight, and every place of a reload of the same rules. Match and state are
 * stand-ins whose answers depend on every call they ever had (fake_stages.h). Run it under TSan.
 */
#include "tests/stress/fake_stages.h"

#include "engine/run/atomic.h"

#include <inttypes.h>
#include <malloc.h>
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

/* What one run is given, and what came out of it. */
struct trial {
    unsigned workers;
    uint32_t batch_records, batches;
    uint32_t n_records;
    uint64_t seed;
    uint32_t reload_every; /* records; 0: never */
    uint32_t reload_at;    /* before this record; 0: never */
    uint32_t idle_every;   /* the input says INPUT_IDLE in between; 0: never */
    uint32_t stop_after;   /* incidents; 0: never */
    bool live, arrives_early;
    uint32_t warm_after; /* records, after which memory in use is looked at; 0: never */
    size_t warm, most;   /* bytes in use then, and the most since */

    struct run *run;
    struct fake_record *records;
    uint32_t given;
    uint64_t released; /* cursor: the dealer gives back, the writer looks */
    bool was_idle, was_reloaded;
    int reloads, retired, adopted;
    int64_t clock;
    char *text; /* one line a revision */
    size_t len, cap;
    uint32_t lines, asides, turns;
    uint64_t turned, late_hits;
    int64_t highest, furthest; /* watermark, and before the end */
    struct run_counts counts;
    enum run_end end;
};

static void say(struct trial *t, const char *line, size_t len)
{
    if (t->len + len > t->cap) {
        t->cap = 2 * t->cap + len + 4096;
        t->text = realloc(t->text, t->cap);
    }
    memcpy(t->text + t->len, line, len);
    t->len += len;
    t->lines++;
}

static bool on_incident(void *world, const struct incident *i)
{
    struct trial *t = world;
    if (t->warm_after) return true;
    char line[128];
    int len = snprintf(line, sizeof line, "%" PRIu64 " %d %u " TEXT_FMT "\n", i->cause, i->by_watermark,
                       i->rule, TEXT_ARG(i->title));
    say(t, line, (size_t)len);
    return !t->stop_after || t->lines < t->stop_after;
}

static void on_aside(void *world, const struct run_aside *a)
{
    struct trial *t = world;
    const struct fake_record *record = (const struct fake_record *)a->record.at;
    assert_true(record->is_aside);
    assert_int_equal(a->why, ASIDE_NOT_JSON);
    assert_true(text_equal(a->origin, TEXT("fake")));
    assert_true(record >= t->records + cursor_read(&t->released)); /* not given back before it was reported */
    t->asides++;
}

static void on_adopted(void *world, void *owner, uint64_t generation, const struct state_adoption *what)
{
    struct trial *t = world;
    assert_ptr_equal(owner, t);
    assert_int_equal(generation, ++t->adopted);
    assert_int_equal(what->rules_kept, 5);
    assert_int_equal(what->half_built_dropped, IR_DEPTHS * STATE_PARTITIONS);
}

/* Which feeds begin to lag and come back, in this order, does not depend on threads or batches. */
static void on_feed(void *world, const struct run_counts *c, const struct run_feed *f)
{
    struct trial *t = world;
    assert_true(f >= c->feeds && f < c->feeds + c->n_feeds);
    t->turned = fake_mix(t->turned, (uint64_t)f->region.at[0] * 2 + f->lags);
    t->turns++;
}

static void on_written(void *world, const struct run_counts *c)
{
    struct trial *t = world;
    assert_int_equal(c->in, c->evaluated + c->late + c->duplicate + c->aside);
    assert_true(c->watermark >= t->highest);
    t->highest = c->watermark;
    if (c->watermark != INT64_MAX) t->furthest = c->watermark;
    if (!t->warm_after || c->in < t->warm_after) return;
    size_t used = mallinfo2().uordblks;
    if (!t->warm) t->warm = used;
    if (used > t->most) t->most = used;
}

/* The input is control as well: it publishes in the middle of next, as a thread beside could. */
static bool reloads_now(struct trial *t)
{
    if (t->was_reloaded) return t->was_reloaded = false;
    return (t->reload_every && t->given % t->reload_every == 0) || (t->reload_at && t->given == t->reload_at);
}

static void reload(struct trial *t)
{
    while (run_retired(t->run)) t->retired++;
    if (run_publish(t->run, fake_ir(t->reloads % 2), t)) t->reloads++;
}

static enum input_result next(void *world, struct input_record *out, int wait_ms)
{
    struct trial *t = world;
    (void)wait_ms;
    if (t->live) t->clock += 300000000;
    if (t->given == t->n_records) return INPUT_END;
    if (reloads_now(t)) {
        reload(t);
        t->was_reloaded = true;
        return INPUT_IDLE;
    }
    if (t->idle_every && t->given % t->idle_every == 0 && (t->was_idle = !t->was_idle)) return INPUT_IDLE;
    t->was_reloaded = false;
    out->bytes = (struct text){(const char *)&t->records[t->given], sizeof *t->records};
    out->line = ++t->given;
    return INPUT_RECORD;
}

static void release(void *world, uint64_t n)
{
    struct trial *t = world;
    assert_true(n >= t->released && n <= t->given);
    cursor_publish(&t->released, n);
}

static struct text origin_name(void *world, uint32_t origin)
{
    (void)world;
    (void)origin;
    return TEXT("fake");
}

/* Within the span of the records: the later ones are dated ahead of it and do not move the watermark. */
static int64_t arrival_of(void *world)
{
    (void)world;
    return 1000400;
}

static int64_t clock_of(void *world)
{
    return ((struct trial *)world)->clock;
}

static void run_trial(struct trial *t)
{
    static const uint64_t secret[2] = {1, 2};
    struct input input = {t, next, release, origin_name, NULL};
    struct run_options o = {.workers = t->workers,
                            .input = &input,
                            .out = {.world = t,
                                    .incident = on_incident,
                                    .aside = on_aside,
                                    .adopted = on_adopted,
                                    .feed = on_feed,
                                    .written = on_written},
                            .lateness = -1,
                            .secret = secret,
                            .clock = t->live ? clock_of : NULL,
                            .arrival = t->arrives_early ? arrival_of : NULL,
                            .clock_world = t,
                            .batch_records = t->batch_records,
                            .batches = t->batches};
    t->highest = INT64_MIN;
    t->records = calloc(t->n_records + 1, sizeof *t->records);
    fake_records(t->records, t->n_records, t->seed);
    t->run = run_new(&o);
    assert_non_null(t->run);
    assert_true(run_publish(t->run, fake_ir(0), t));
    t->end = run_go(t->run);
    run_count(t->run, &t->counts);
    for (uint32_t i = 0; i < t->counts.ir->n_rules; i++) t->late_hits += t->counts.late_hits[i];
    while (run_retired(t->run)) t->retired++;
    run_free(t->run);
    free(t->records);
}

static void assert_same(const struct trial *want, const struct trial *got)
{
    assert_int_equal(got->end, want->end);
    assert_int_equal(got->counts.in, want->counts.in);
    assert_int_equal(got->counts.late, want->counts.late);
    assert_int_equal(got->counts.duplicate, want->counts.duplicate);
    assert_int_equal(got->counts.aside, want->counts.aside);
    assert_int_equal(got->counts.hits, want->counts.hits);
    assert_int_equal(got->counts.states.made, want->counts.states.made);
    assert_int_equal(got->asides, want->asides);
    assert_int_equal(got->turns, want->turns);
    assert_int_equal(got->turned, want->turned);
    assert_int_equal(got->late_hits, want->late_hits);
    assert_int_equal(got->len, want->len);
    if (got->len) assert_memory_equal(got->text, want->text, got->len);
}

static struct trial plain(uint32_t n_records, uint64_t seed)
{
    struct trial t = {.workers = 1, .n_records = n_records, .seed = seed};
    run_trial(&t);
    return t;
}

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
