/* trial.c - see trial.h. */
#include "tests/stress/trial.h"

#include "engine/run/atomic.h"

#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

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
    if (t->from && generation == 1) return; /* what reading a checkpoint dropped: nothing */
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
    n += t->from ? t->from->given : 0; /* the run counts what was given to it */
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

/* ---- checkpoints --------------------------------------------------------------------------------------- */

static bool is_due(void *world)
{
    struct trial *t = world;
    return t->keep_every && t->given >= t->kept_at + t->keep_every;
}

static void begin(void *world)
{
    struct trial *t = world;
    t->begun_at = t->given;
}

static void whole(void *world, const struct tape_section *sections, uint32_t n)
{
    struct trial *t = world;
    assert_true(n > 0);
    t->kept = realloc(t->kept, (t->n_kept + 1) * sizeof *t->kept);
    struct kept_place *p = &t->kept[t->n_kept++];
    *p = (struct kept_place){t->begun_at, t->lines, t->len, calloc(n, sizeof *sections), n};
    for (uint32_t i = 0; i < n; i++) {
        p->sections[i] = sections[i];
        p->sections[i].bytes = memcpy(malloc(sections[i].len), sections[i].bytes, sections[i].len);
    }
    t->kept_at = t->begun_at; /* the dealer asks again only behind this call */
}

void free_place(struct kept_place *p)
{
    for (uint32_t i = 0; i < p->n; i++) free((char *)(uintptr_t)p->sections[i].bytes);
    free(p->sections);
}

void run_trial(struct trial *t)
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
                            .keeping = {t, is_due, begin, whole},
                            .batch_records = t->batch_records,
                            .batches = t->batches,
                            .shards = t->shards};
    t->highest = INT64_MIN;
    t->records = calloc(t->n_records + 1, sizeof *t->records);
    fake_records(t->records, t->n_records, t->seed);
    t->run = run_new(&o);
    assert_non_null(t->run);
    assert_true(run_publish(t->run, fake_ir(0), t));
    if (t->from) t->given = t->from->given, t->released = t->given;
    if (t->from) assert_true(run_restore(t->run, t->from->sections, t->from->n));
    t->end = run_go(t->run);
    run_count(t->run, &t->counts);
    for (uint32_t i = 0; i < t->counts.ir->n_rules; i++) t->late_hits += t->counts.late_hits[i];
    while (run_retired(t->run)) t->retired++;
    run_free(t->run);
    free(t->records);
}

void assert_same(const struct trial *want, const struct trial *got)
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

struct trial plain(uint32_t n_records, uint64_t seed)
{
    struct trial t = {.workers = 1, .n_records = n_records, .seed = seed};
    run_trial(&t);
    return t;
}
