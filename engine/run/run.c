/* run.c - making a run, its workers' round, sleeping and waking, rule sets coming and going.
 *
 * Invariants
 * 1. Nothing ever depends on a sleeping worker: tokens are held by those awake, and who leaves a token or
 *    publishes a cursor looks at all work again before it sleeps. Wake-ups only make things parallel.
 * 2. With batches in flight nobody sleeps for longer than NAP_US. With none, one worker watches the input
 *    and the others sleep until there is enough for two (run_progressed) or the run ends (run_wake_all).
 */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

#include <stdlib.h>

#define SPINS  24
#define NAP_US 500

/* ---- a worker's round ---------------------------------------------------------------------------------- */

static bool help_others(struct worker *w)
{
    struct run *r = w->run;
    for (uint32_t i = 1; i < r->n_shards; i++)
        if (run_shard_rounds(w, (w->index + i) % r->n_shards)) return true;
    return false;
}

/* The latest stage first. */
static bool go_on(struct worker *w)
{
    struct run *r = w->run;
    return run_shard_rounds(w, w->index % r->n_shards) || run_write(r) || run_time(r);
}

static bool find_work(struct worker *w)
{
    return go_on(w) || run_deal(w->run, w, false) || help_others(w);
}

static bool is_over(struct run *r)
{
    return cursor_read(&r->written) >= cursor_read(&r->last);
}

static bool is_calm(struct run *r)
{
    return cursor_read(&r->written) == cursor_read(&r->dealt);
}

/* Without a look at the input, which may cost a system call. */
static bool spin_for_work(struct worker *w)
{
    for (int i = 0; i < SPINS; i++) {
        if (go_on(w) || help_others(w) || is_over(w->run)) return true;
        spin_pause();
    }
    return false;
}

/* Says that it sleeps, looks at everything once more, and sleeps; or watches the input, if nobody does. */
static void rest(struct worker *w)
{
    struct run *r = w->run;
    if (spin_for_work(w)) return;
    uint32_t seen = wait_announce(&r->wait);
    bool calm = is_calm(r);
    if (is_over(r) || find_work(w)) {
        wait_cancel(&r->wait);
    } else if (calm && !token_is_taken(&r->dealing)) {
        wait_cancel(&r->wait);
        run_deal(r, w, true);
    } else {
        wait_sleep(&r->wait, seen, calm && is_calm(r) ? WAIT_FOREVER : NAP_US);
    }
}

static void *work(void *world)
{
    struct worker *w = world;
    while (!is_over(w->run))
        if (!find_work(w)) rest(w);
    return NULL;
}

void run_progressed(struct run *r)
{
    uint64_t written = cursor_read(&r->written), dealt = cursor_read(&r->dealt);
    /* One batch in flight that is not full is done sooner by this worker alone than a sleeper wakes up. */
    if (dealt - written > 1) wait_wake(&r->wait, 1);
}

void run_wake_all(struct run *r)
{
    wait_wake(&r->wait, INT32_MAX);
}

/* ---- rule sets ----------------------------------------------------------------------------------------- */

static void rules_free(struct rules *rules)
{
    if (!rules) return;
    for (uint32_t i = 0; i < rules->n_matchers; i++) matcher_free(rules->matchers[i]);
    free(rules->matchers);
    for (uint32_t s = 0; rules->costs && s < rules->n_shards; s++) shard_costs_release(&rules->costs[s]);
    free(rules->costs);
    if (rules->plan) plan_free(rules->plan);
    if (rules->decoder) decoder_free(rules->decoder);
    if (rules->state_plan) state_plan_free(rules->state_plan);
    free(rules);
}

static bool make_matchers(struct rules *rules, uint32_t n)
{
    rules->matchers = calloc(n, sizeof *rules->matchers);
    if (!rules->matchers) return false;
    for (; rules->n_matchers < n; rules->n_matchers++)
        if (!(rules->matchers[rules->n_matchers] = matcher_new(rules->plan, rules->decoder))) return false;
    return true;
}

static bool make_costs(const struct run *r, struct rules *rules)
{
    bool done = (rules->costs = calloc(r->n_shards, sizeof *rules->costs)) != NULL;
    rules->n_shards = r->n_shards;
    for (uint32_t s = 0; done && s < r->n_shards; s++)
        done = shard_costs_init(&rules->costs[s], rules->first_step, rules->ir->n_rules);
    for (uint32_t i = 0; r->o.sample && i < rules->n_matchers; i++)
        matcher_sample(rules->matchers[i], r->o.sample);
    return done;
}

static struct rules *rules_new(const struct run *r, const struct ir *ir, void *owner)
{
    struct rules *rules = calloc(1, sizeof *rules);
    if (!rules) return NULL;
    rules->ir = ir;
    rules->owner = owner;
    rules->generation = r->generation + 1;
    rules->plan = plan_new(ir, r->o.secret);
    if (rules->plan) rules->first_step = plan_first_steps(rules->plan);
    rules->decoder = decoder_new(ir);
    rules->state_plan = state_plan_new(ir);
    rules->n_depths = 1;
    for (uint32_t i = 0; i < ir->n_rules; i++)
        if (rules->n_depths <= ir->rules[i].depth) rules->n_depths = ir->rules[i].depth + 1;
    for (uint32_t i = 0; i < ir->n_schemas; i++) rules->hears |= text_equal(ir->schemas[i].name, TEXT("csr"));
    if (rules->plan && rules->decoder && rules->state_plan && make_matchers(rules, r->o.workers) &&
        make_costs(r, rules))
        return rules;
    rules_free(rules);
    return NULL;
}

static struct rules **find_alive(struct run *r, const struct rules *rules)
{
    for (uint32_t i = 0; i < SETS_ALIVE; i++)
        if (r->alive[i] == rules) return &r->alive[i];
    return NULL;
}

bool run_publish(struct run *r, const struct ir *ir, void *owner)
{
    struct rules **place = find_alive(r, NULL);
    struct rules *rules = place ? rules_new(r, ir, owner) : NULL;
    if (!rules) return false;
    *place = rules;
    r->generation = rules->generation;
    ring_put(&r->published, rules); /* never full: it has room for all that may be alive */
    return true;
}

void *run_retired(struct run *r)
{
    struct rules *rules = ring_get(&r->retired);
    if (!rules) return NULL;
    void *owner = rules->owner;
    *find_alive(r, rules) = NULL;
    rules_free(rules);
    return owner;
}

bool run_ask_key(struct run *r, const struct run_question *q)
{
    return ring_put(&r->asked, (void *)(uintptr_t)q);
}

void run_ask_count(struct run *r)
{
    flag_raise(&r->wants_count);
}

/* ---- a run --------------------------------------------------------------------------------------------- */

static bool batch_init(struct run *r, struct batch *b)
{
    uint32_t n = r->o.batch_records;
    b->records = calloc(n, sizeof *b->records);
    b->origins = calloc(n, sizeof *b->origins);
    b->asides = calloc(n, sizeof *b->asides);
    b->seconds = calloc(n, sizeof *b->seconds);
    b->is_ahead = calloc(n, sizeof *b->is_ahead);
    b->showing_of = calloc(n, sizeof *b->showing_of);
    b->showing_places = calloc(run_showing_places(r), sizeof *b->showing_places);
    b->sighted = calloc(n, sizeof *b->sighted);
    b->shares = calloc(r->n_shards, sizeof *b->shares);
    b->yields = calloc(r->n_shards, sizeof *b->yields);
    for (uint32_t s = 0; b->yields && s < r->n_shards; s++)
        if (!(b->yields[s].derived = calloc(r->n_shards * IR_DEPTHS, sizeof *b->yields[s].derived)))
            return false;
    return b->records && b->origins && b->asides && b->seconds && b->is_ahead && b->showing_of &&
           b->showing_places && b->sighted && b->shares && b->yields;
}

static void batch_release(struct run *r, struct batch *b)
{
    for (uint32_t s = 0; b->shares && s < r->n_shards; s++) {
        free(b->shares[s].sightings.at);
        free(b->shares[s].touches.at);
        for (uint32_t d = 0; d < IR_DEPTHS; d++) free(b->shares[s].hits[d].at);
    }
    for (uint32_t s = 0; b->yields && s < r->n_shards; s++) {
        free(b->yields[s].answers.at);
        free(b->yields[s].incidents.at);
        free(b->yields[s].swallowed.at);
        free(b->yields[s].late.at);
        free(b->yields[s].keys.at);
        for (uint32_t i = 0; b->yields[s].derived && i < r->n_shards * IR_DEPTHS; i++)
            free(b->yields[s].derived[i].at);
        free(b->yields[s].derived);
        free(b->yields[s].evictions.at);
        pool_release(&b->yields[s].memory);
    }
    void *arrays[] = {b->records,    b->origins,        b->asides,      b->seconds, b->is_ahead,
                      b->showing_of, b->showing_places, b->sighted,     b->shares,  b->yields,
                      b->taken.at,   b->feeds.at,       b->showings.at, b->turns.at};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    pool_release(&b->memory);
}

static void *cache_aligned(size_t n, size_t size)
{
    size_t bytes = (n * size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    void *memory = aligned_alloc(CACHE_LINE, bytes);
    if (memory) memset(memory, 0, bytes);
    return memory;
}

static bool make_parts(struct run *r)
{
    r->slots = cache_aligned(r->n_slots, sizeof *r->slots);
    r->shards = cache_aligned(r->n_shards, sizeof *r->shards);
    r->workers = calloc(r->o.workers, sizeof *r->workers);
    if (!r->slots || !r->shards || !r->workers) return false;
    if (!notices_init(&r->writer.notices)) return false;
    if (!ring_init(&r->published, SETS_ALIVE) || !ring_init(&r->retired, SETS_ALIVE)) return false;
    if (!ring_init(&r->asked, QUESTIONS_MOST)) return false;
    for (uint32_t i = 0; i < r->n_slots; i++)
        if (!batch_init(r, &r->slots[i])) return false;
    for (uint32_t d = 0; d < IR_DEPTHS; d++)
        for (uint32_t p = 0; p < STATE_PARTITIONS; p++) {
            if (!(r->partitions[d][p] = state_new(r->o.caps))) return false;
            run_listen(r, d, p);
        }
    return true;
}

static void begin_time(struct run *r)
{
    r->watermark = WATERMARK_NOTHING;
    r->writer.counts.watermark = r->writer.counts.newest = INT64_MIN;
    r->writer.notices.world = r->o.out.world;
    r->writer.notices.tell = r->o.out.notice;
    ledger_begin(&r->writer.ledger, r->o.sample);
    for (uint32_t s = 0; s < r->n_shards; s++) {
        sampler_begin(&r->shards[s].hits, r->writer.ledger.hit_every);
        sampler_begin(&r->shards[s].moves, r->writer.ledger.move_every);
    }
    r->dealer.next_seq = r->dealer.first = 1;
    r->dealer.opens_period = true;
    r->last = UINT64_MAX;
}

struct run *run_new(const struct run_options *o)
{
    struct run *r = cache_aligned(1, sizeof *r);
    if (!r) return NULL;
    r->o = *o;
    if (!r->o.batch_records) r->o.batch_records = BATCH_RECORDS;
    r->n_slots = o->batches ? o->batches : BATCHES_A_WORKER * o->workers;
    r->n_shards = o->shards ? o->shards : o->workers;
    if (r->n_shards > STATE_PARTITIONS) r->n_shards = STATE_PARTITIONS;
    if (!make_parts(r)) {
        run_free(r);
        return NULL;
    }
    begin_time(r);
    return r;
}

void run_free(struct run *r)
{
    if (!r) return;
    for (uint32_t i = 0; r->slots && i < r->n_slots; i++) batch_release(r, &r->slots[i]);
    for (uint32_t d = 0; d < IR_DEPTHS; d++)
        for (uint32_t p = 0; p < STATE_PARTITIONS; p++) {
            if (r->partitions[d][p]) state_free(r->partitions[d][p]);
            for (uint32_t slot = 0; slot < ASK_SLOTS; slot++) free(r->questions[slot][d][p].at);
        }
    for (uint32_t i = 0; i < SETS_ALIVE; i++) rules_free(r->alive[i]);
    ring_release(&r->published);
    ring_release(&r->retired);
    ring_release(&r->asked);
    free(r->writer.merged.at);
    free(r->writer.spare.at);
    free(r->writer.swallowed);
    free(r->writer.late);
    ledger_release(&r->writer.ledger);
    for (uint32_t i = 0; i < r->writer.feeds.len; i++) free((char *)(uintptr_t)r->writer.feeds.at[i].kind.at);
    free(r->writer.feeds.at);
    watermark_release(&r->watermark);
    checkpoint_release(r);
    notices_release(&r->writer.notices);
    for (uint32_t s = 0; r->shards && s < r->n_shards; s++) {
        for (uint32_t d = 0; d < IR_DEPTHS; d++) free(r->shards[s].feeds[d].at);
        free(r->shards[s].pending.at);
        json_out_release(&r->shards[s].line);
    }
    free(r->slots);
    free(r->shards);
    free(r->workers);
    free(r);
}

/* A worker that the system gives no thread for is not missed: whatever it would do, others do. */
static void start_workers(struct run *r)
{
    for (unsigned i = 0; i < r->o.workers; i++) {
        struct worker *w = &r->workers[i];
        w->run = r;
        w->index = i;
        if (i) w->is_started = pthread_create(&w->thread, NULL, work, w) == 0;
    }
}

enum run_end run_go(struct run *r)
{
    start_workers(r);
    work(&r->workers[0]);
    for (unsigned i = 1; i < r->o.workers; i++)
        if (r->workers[i].is_started) pthread_join(r->workers[i].thread, NULL);
    if (flag_is_up(&r->no_memory)) return RUN_NO_MEMORY;
    run_tell_rest(r);
    return r->dealer.has_ended && !r->writer.waits && !flag_is_up(&r->halts) ? RUN_ENDED : RUN_STOPPED;
}

/* What partitions hold, by rule. False: no memory. */
static bool count_held(struct run *r)
{
    uint32_t n = r->writer.rules->ir->n_rules;
    struct state_held *sum = calloc(n + 1, sizeof *sum);
    for (uint32_t d = 0; sum && d < IR_DEPTHS; d++)
        for (uint32_t p = 0; p < STATE_PARTITIONS; p++) state_count_rules(r->partitions[d][p], sum);
    for (uint32_t i = 0; sum && i < n; i++) r->writer.ledger.now[i].held = sum[i];
    free(sum);
    return sum != NULL;
}

void run_count(struct run *r, struct run_counts *out)
{
    struct writer *w = &r->writer;
    if (w->rules && w->ledger.now) {
        ledger_sum(&w->ledger, w->rules, r->n_shards);
        if (count_held(r)) run_show_ledger(w);
    }
    *out = w->counts;
    out->states = (struct state_counts){0};
    for (uint32_t d = 0; d < IR_DEPTHS; d++)
        for (uint32_t p = 0; p < STATE_PARTITIONS; p++) state_count(r->partitions[d][p], &out->states);
}
