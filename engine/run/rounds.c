/* rounds.c - a shard's work on a batch: identities, touches, hits (batch.h; state.h says what each calls).
 *
 * A shard is a token, three cursors and the partitions p with p mod shards == s. Whoever holds the token goes
 * on with every round of every batch that others have made possible, the latest round first: what is furthest
 * leaves soonest.
 *
 * Invariants
 * 1. Partitions and yields of a shard are used by the token's holder alone (acquire and release
 *    of the token hand them on).
 * 2. done[round] is published after the round's last write; whoever reads it with acquire may read the
 *    yields.
 */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

/* The shard at work on a batch. */
struct work {
    struct run *run;
    struct shard *shard;
    struct batch *batch;
    struct share *share;
    struct yield *yield;
    uint32_t index;     /* of the shard */
    uint32_t partition; /* whose state is being called */
};

static struct state *state_of(struct work *w, struct hash128 h)
{
    w->partition = state_partition(h);
    return w->run->partitions[w->partition];
}

/* Whether the last tick moved the watermark, so that state has to hear of it. */
static bool has_news(const struct work *w)
{
    return w->batch->opens_period && w->batch->before != INT64_MIN;
}

#define EACH_PARTITION(w, p)                                                                                 \
    uint32_t p = (w)->index;                                                                                 \
    p < STATE_PARTITIONS;                                                                                    \
    p += (w)->run->n_shards

/* ---- identities ---------------------------------------------------------------------------------------- */

static void adopt(struct work *w)
{
    struct state_adoption *sum = &w->yield->adoption;
    *sum = (struct state_adoption){0};
    for (EACH_PARTITION(w, p)) {
        struct state_adoption one = {0};
        state_adopt(w->run->partitions[p], w->batch->rules->state_plan, &one);
        uint64_t dropped = sum->half_built_dropped + one.half_built_dropped;
        *sum = one; /* rules are the same for each */
        sum->half_built_dropped = dropped;
    }
}

static void round_seen(struct work *w)
{
    struct batch *b = w->batch;
    if (b->adopts) adopt(w);
    if (has_news(w))
        for (EACH_PARTITION(w, p)) state_forget(w->run->partitions[p], w->batch->before);
    for (uint32_t i = 0; i < w->share->sightings.len; i++) {
        const struct sighting *s = &w->share->sightings.at[i];
        /* One byte a record, and a record has one identity: no other shard writes it. */
        b->duplicates[s->record] = state_seen(state_of(w, s->identity), s->identity, s->second);
    }
}

/* ---- touches ------------------------------------------------------------------------------------------- */

static struct questions *questions_of(struct run *r, uint64_t period, uint32_t partition)
{
    return &r->questions[period % ASK_SLOTS][partition];
}

/* The number that the baseline has in these rules, or IR_NONE. */
static uint32_t baseline_now(const struct question *q, const struct rules *rules)
{
    const struct ir *ir = rules->ir;
    if (q->generation == rules->generation) return q->ask.touch.baseline;
    for (uint32_t i = 0; i < ir->n_baselines; i++)
        if (!memcmp(ir->baselines[i].fingerprint, q->fingerprint, sizeof q->fingerprint)) return i;
    return IR_NONE;
}

static struct answer answer_question(struct work *w, const struct question *q)
{
    struct touch t = q->ask.touch;
    t.baseline = baseline_now(q, w->batch->rules);
    if (t.baseline == IR_NONE) return (struct answer){0};
    return state_touch(state_of(w, t.key), &t);
}

/* Of all partitions' questions of that period those whose key lives here. */
static void answer_questions(struct work *w, uint64_t period)
{
    for (uint32_t from = 0; from < STATE_PARTITIONS; from++) {
        struct questions *qs = questions_of(w->run, period, from);
        for (uint32_t i = 0; i < qs->len; i++)
            if (run_shard(w->run, qs->at[i].ask.touch.key) == w->index)
                qs->at[i].answer = answer_question(w, &qs->at[i]);
    }
}

static bool is_duplicate(const struct batch *b, uint64_t seq)
{
    return b->duplicates[seq - b->first_seq];
}

static bool asks_are_due(const struct batch *b)
{
    return b->opens_period && b->period >= ASK_PERIODS;
}

static void round_touch(struct work *w)
{
    struct batch *b = w->batch;
    if (has_news(w))
        for (EACH_PARTITION(w, p)) state_learn(w->run->partitions[p], w->batch->before);
    if (asks_are_due(b)) answer_questions(w, b->period - ASK_PERIODS);
    uint32_t n = w->share->touches.len;
    if (!vec_room((void **)&w->yield->answers.at, &w->yield->answers.cap, n, sizeof *w->yield->answers.at)) {
        w->yield->is_broken = true;
        return;
    }
    w->yield->answers.len = n;
    for (uint32_t i = 0; i < n; i++) {
        const struct touch *t = &w->share->touches.at[i];
        if (!is_duplicate(b, t->seq)) w->yield->answers.at[i] = state_touch(state_of(w, t->key), t);
    }
}

/* ---- hits ---------------------------------------------------------------------------------------------- */

static struct answer give_answer(void *world, uint32_t number, struct hash128 key)
{
    struct work *w = world;
    const struct yield *y = &w->batch->yields[run_shard(w->run, key)];
    return number < y->answers.len ? y->answers.at[number] : (struct answer){0};
}

static void keep_incident(void *world, const struct incident *i)
{
    struct work *w = world;
    struct incident *copy = pool_take(&w->yield->memory, sizeof *copy);
    struct incident **mine = copy ? VEC_PUSH(&w->yield->incidents) : NULL;
    if (!mine) {
        w->yield->is_broken = true;
        return;
    }
    *copy = *i;
    *mine = copy;
}

static void keep_question(void *world, const struct settle_ask *ask)
{
    struct work *w = world;
    const struct rules *rules = w->batch->rules;
    struct question *q = VEC_PUSH(questions_of(w->run, w->batch->period, w->partition));
    if (!q) {
        w->yield->is_broken = true;
        return;
    }
    *q = (struct question){.ask = *ask, .generation = rules->generation};
    q->ask.partition = w->partition;
    memcpy(q->fingerprint, rules->ir->baselines[ask->touch.baseline].fingerprint, sizeof q->fingerprint);
}

static char *give_memory(void *world, size_t size)
{
    struct work *w = world;
    char *memory = pool_take(&w->yield->memory, size);
    if (!memory) w->yield->is_broken = true;
    return memory;
}

static void deliver_answers(struct work *w, const struct state_out *out, uint64_t period)
{
    for (EACH_PARTITION(w, p)) {
        struct questions *qs = questions_of(w->run, period, p);
        w->partition = p;
        for (uint32_t i = 0; i < qs->len; i++)
            state_settled(w->run->partitions[p], qs->at[i].ask.ticket, &qs->at[i].answer, out);
        qs->len = 0;
    }
}

static void keep_swallowed(void *world, uint32_t exception, int change)
{
    struct work *w = world;
    struct swallow *mine = VEC_PUSH(&w->yield->swallowed);
    if (mine)
        *mine = (struct swallow){exception, change};
    else
        w->yield->is_broken = true;
}

static void move_watermark(struct work *w, const struct state_out *out)
{
    struct batch *b = w->batch;
    for (EACH_PARTITION(w, p)) {
        w->partition = p;
        state_watermark(w->run->partitions[p], b->passed, b->first_seq + b->n - 1, out);
    }
}

static void look_at_state(struct work *w)
{
    w->yield->waits = false;
    w->yield->counts = (struct state_counts){0};
    for (EACH_PARTITION(w, p)) {
        if (w->batch->is_end && state_waits(w->run->partitions[p])) w->yield->waits = true;
        if (w->batch->counts) state_count(w->run->partitions[p], &w->yield->counts);
    }
}

/* A feed that has ended has shown all that there is. */
static int64_t give_feed(void *world, struct hash128 feed)
{
    const struct work *w = world;
    return w->batch->is_end ? INT64_MAX : feeds_newest(&w->shard->feeds, feed);
}

static void keep_late(struct work *w, uint32_t rule)
{
    uint32_t *mine = VEC_PUSH(&w->yield->late);
    if (mine)
        *mine = rule;
    else
        w->yield->is_broken = true;
}

static void round_hit(struct work *w)
{
    struct batch *b = w->batch;
    struct state_out out = {w,           give_answer,    keep_incident, keep_question,
                            give_memory, keep_swallowed, give_feed};
    if (!feeds_fold(&w->shard->feeds, &b->feeds)) w->yield->is_broken = true;
    if (asks_are_due(b)) deliver_answers(w, &out, b->period - ASK_PERIODS);
    for (uint32_t i = 0; i < w->share->hits.len; i++) {
        const struct hit *h = w->share->hits.at[i];
        if (is_duplicate(b, h->seq)) continue;
        w->yield->hits++;
        if (h->second <= b->before) keep_late(w, h->rule);
        state_hit(state_of(w, h->key_hash), h, &out);
    }
    if (b->ticks && b->passed != INT64_MIN) move_watermark(w, &out);
    look_at_state(w);
}

/* ---- which round of which batch ------------------------------------------------------------------------ */

/* Whether all shards have done `round` of so many batches. Looks at the others' cursors only when it must. */
static bool all_have_done(struct run *r, struct shard *s, enum round round, uint64_t batches)
{
    if (s->floor[round] >= batches) return true;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < r->n_shards; i++) {
        uint64_t done = cursor_read(&r->shards[i].done[round]); /* invariant 2 */
        if (done < least) least = done;
    }
    s->floor[round] = least;
    return least >= batches;
}

/* Batch.h, invariants 2, 6 and 7. */
static bool may_do(struct run *r, struct shard *s, enum round round, const struct batch *b, uint64_t number)
{
    switch (round) {
    case ROUND_SEEN:
        /* `timed` before everything else of the batch: nothing of it may be read until then. */
        return cursor_read(&r->timed) > number && (!b->adopts || s->done[ROUND_HIT] == number);
    case ROUND_TOUCH:
        return all_have_done(r, s, ROUND_SEEN, number + 1) && all_have_done(r, s, ROUND_HIT, b->asks_after);
    default: return all_have_done(r, s, ROUND_TOUCH, number + 1);
    }
}

static void reset_yield(struct yield *y)
{
    y->answers.len = y->incidents.len = y->swallowed.len = y->late.len = 0;
    y->hits = 0;
    y->is_broken = false;
    pool_reset(&y->memory);
}

static bool do_round(struct run *r, uint32_t index, enum round round)
{
    struct shard *s = &r->shards[index];
    uint64_t number = s->done[round];
    struct batch *b = run_batch(r, number);
    if (!may_do(r, s, round, b, number)) return false;
    struct work w = {r, s, b, &b->shares[index], &b->yields[index], index, 0};
    if (round == ROUND_SEEN)
        reset_yield(w.yield), round_seen(&w);
    else if (round == ROUND_TOUCH)
        round_touch(&w);
    else
        round_hit(&w);
    cursor_publish_or_plant(PLANT_DONE, &s->done[round], number + 1); /* invariant 2 */
    run_progressed(r);
    return true;
}

bool run_shard_rounds(struct run *r, uint32_t index)
{
    struct shard *s = &r->shards[index];
    bool any = false;
    if (!token_take(&s->token)) return false;
    while (do_round(r, index, ROUND_HIT) || do_round(r, index, ROUND_TOUCH) || do_round(r, index, ROUND_SEEN))
        any = true;
    token_leave(&s->token);
    return any;
}
