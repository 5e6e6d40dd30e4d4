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

#include <assert.h>
#include <stdio.h>

#include <stdlib.h>

/* The shard at work on a batch. */
struct work {
    struct run *run;
    struct matcher *matcher; /* the worker's */
    struct shard *shard;
    struct batch *batch;
    struct share *share;
    struct yield *yield;
    uint32_t index;     /* of the shard */
    uint32_t depth;     /* of the round of hits */
    uint32_t partition; /* whose state is being called */
};

static struct state *state_of(struct work *w, struct hash128 h)
{
    w->partition = state_partition(h);
    return w->run->partitions[w->depth][w->partition];
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

/* ---- what is given up ---------------------------------------------------------------------------------- */

/* How many of the same record, depth and partition came before it. */
static uint32_t number_of(const struct evictions *all, const struct evicted *one)
{
    uint32_t n = 0;
    for (uint32_t i = all->len; i-- > 0 && all->at[i].what.cause == one->what.cause;)
        n += all->at[i].depth == one->depth && all->at[i].partition == one->partition;
    return n;
}

static void keep_eviction(void *world, const struct state_eviction *e)
{
    struct work *w = ((struct shard *)world)->work;
    struct yield *y = w->yield;
    struct evicted one = {*e, w->depth, w->partition, 0};
    bool is_kept = pool_text(&y->memory, &one.what.account) && pool_text(&y->memory, &one.what.principal);
    if (w->batch->rules->hears) one.number = number_of(&y->evictions, &one);
    struct evicted *mine = VEC_PUSH(&y->evictions);
    if (mine) *mine = one;
    if (!mine || !is_kept) y->is_broken = true;
}

/* ---- what rules cost ----------------------------------------------------------------------------------- */

static struct step_costs *costs_of(const struct work *w, const struct hit *h)
{
    const struct rules *rules = w->batch->rules;
    return &rules->costs[w->index].steps[rules->first_step[h->rule] + h->step];
}

static void begin_move(const struct work *w)
{
    if (w->shard->is_measured) w->shard->moment = ticks_now();
}

static void bill_move(void *world, uint32_t rule)
{
    struct shard *s = world;
    if (s->is_measured) ticks_bill(&s->work->batch->rules->costs[s->work->index].settling[rule], &s->moment);
}

void run_listen(struct run *r, uint32_t depth, uint32_t partition)
{
    state_listen(r->partitions[depth][partition],
                 (struct state_listener){&r->shards[partition % r->n_shards], bill_move, keep_eviction});
}

/* ---- identities ---------------------------------------------------------------------------------------- */

static void adopt(struct work *w)
{
    struct state_adoption *sum = &w->yield->adoption;
    *sum = (struct state_adoption){0};
    for (uint32_t d = 0; d < IR_DEPTHS; d++)
        for (EACH_PARTITION(w, p)) {
            struct state_adoption one = {0};
            state_adopt(w->run->partitions[d][p], w->batch->rules->state_plan, &one);
            uint64_t dropped = sum->half_built_dropped + one.half_built_dropped;
            *sum = one; /* rules are the same for each */
            sum->half_built_dropped = dropped;
        }
}

static void round_seen(struct work *w)
{
    struct batch *b = w->batch;
    if (b->keeps) run_keep_shard(w->run, w->index);
    if (b->adopts) adopt(w);
    if (has_news(w))
        for (EACH_PARTITION(w, p)) state_forget(w->run->partitions[0][p], w->batch->before);
    for (uint32_t i = 0; i < w->share->sightings.len; i++) {
        const struct sighting *s = &w->share->sightings.at[i];
        /* One byte a record, and a record has one identity: no other shard writes it. */
        b->sighted[s->record] = (uint8_t)state_seen(state_of(w, s->identity), s->identity, s->second);
    }
}

/* ---- touches ------------------------------------------------------------------------------------------- */

static struct questions *questions_of(struct run *r, uint64_t period, uint32_t depth, uint32_t partition)
{
    return &r->questions[period % ASK_SLOTS][depth][partition];
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
    for (uint32_t from = 0; from < IR_DEPTHS * STATE_PARTITIONS; from++) {
        struct questions *qs = questions_of(w->run, period, from / STATE_PARTITIONS, from % STATE_PARTITIONS);
        for (uint32_t i = 0; i < qs->len; i++)
            if (run_shard(w->run, qs->at[i].ask.touch.key) == w->index)
                qs->at[i].answer = answer_question(w, &qs->at[i]);
    }
}

static bool is_duplicate(const struct batch *b, uint64_t seq)
{
    return b->sighted[seq - b->first_seq] == SIGHTED_AGAIN;
}

static bool asks_are_due(const struct batch *b)
{
    return b->opens_period && b->period >= ASK_PERIODS;
}

static void round_touch(struct work *w)
{
    struct batch *b = w->batch;
    if (has_news(w))
        for (EACH_PARTITION(w, p)) state_learn(w->run->partitions[0][p], w->batch->before);
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
    struct question *q = VEC_PUSH(questions_of(w->run, w->batch->period, w->depth, w->partition));
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
        struct questions *qs = questions_of(w->run, period, w->depth, p);
        w->partition = p;
        begin_move(w);
        for (uint32_t i = 0; i < qs->len; i++)
            state_settled(w->run->partitions[w->depth][p], qs->at[i].ask.ticket, &qs->at[i].answer, out);
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

/* ---- rules over rules ---------------------------------------------------------------------------------- */

/* The group that is at hand. */
struct deriving {
    struct work *w;
    const struct derived *group;
    struct text key;
    const struct owner *owner; /* in the batch's memory */
};

static void give_derived(struct deriving *d, struct hit *h, uint32_t shard)
{
    struct yield *y = d->w->yield;
    struct derived_hits *list = yield_derived(d->w->run, y, run_depth(d->w->batch->rules, h->rule), shard);
    struct derived_hit *mine = VEC_PUSH(list);
    if (mine)
        *mine = (struct derived_hit){h, d->group->rule, d->key, (uint32_t)y->n_derived};
    else
        y->is_broken = true;
}

static void keep_derived_hit(void *world, const struct hit *h)
{
    struct deriving *d = world;
    struct yield *y = d->w->yield;
    void *memory = pool_take(&y->memory, hit_size(h));
    if (!memory) {
        y->is_broken = true;
        return;
    }
    struct hit *copy = hit_copy(memory, h);
    copy->owner = d->owner;
    if (!h->lacks) give_derived(d, copy, run_shard(d->w->run, h->key_hash));
    for (uint32_t s = 0; h->lacks && s < d->w->run->n_shards; s++) give_derived(d, copy, s);
    tally_add(&costs_of(d->w, h)->derived, 1);
    y->n_derived++;
}

static void keep_swallowed_group(void *world, uint32_t exception)
{
    struct deriving *d = world;
    keep_swallowed(d->w, exception, d->group->is_gone ? -1 : 1);
}

static void derive_hits(void *world, const struct derived *group)
{
    struct work *w = world;
    struct deriving d = {w, group, {give_memory(w, group->key.len), group->key.len}};
    struct match_out out = {.world = &d, .hit = keep_derived_hit, .swallowed = keep_swallowed_group};
    void *memory = give_memory(w, owner_size(group->owner));
    if (!d.key.at || !memory) return;
    d.owner = owner_copy(memory, group->owner);
    memcpy((char *)(uintptr_t)d.key.at, group->key.at, group->key.len);
    match_derived(w->matcher, group, &out);
}

/* ---- what the engine tells of itself ------------------------------------------------------------------- */

/* An eviction, told to rules of greater depth than where it happened. */
struct telling {
    struct work *w;
    const struct evicted *what;
    struct text id;
};

static void keep_told_hit(void *world, const struct hit *h)
{
    struct telling *t = world;
    struct yield *y = t->w->yield;
    uint32_t depth = run_depth(t->w->batch->rules, h->rule);
    if (depth <= t->w->depth) return;
    void *memory = pool_take(&y->memory, hit_size(h)), *of = pool_take(&y->memory, owner_size(h->owner));
    struct derived_hits *list = yield_derived(t->w->run, y, depth, run_shard(t->w->run, h->key_hash));
    struct derived_hit *mine = memory && of ? VEC_PUSH(list) : NULL;
    if (!mine) {
        y->is_broken = true;
        return;
    }
    *mine = (struct derived_hit){hit_copy(memory, h), IR_NONE, t->id, (uint32_t)y->n_derived++};
    mine->hit->owner = owner_copy(of, h->owner);
    mine->hit->by_watermark = t->what->what.by_watermark;
    tally_add(&costs_of(t->w, h)->derived, 1);
}

/* Its name is a function of the records and the secret alone: what happens in a partition does not depend on
 * shards. */
static void tell_rules(struct work *w, const struct evicted *e)
{
    char id[96];
    int len = snprintf(id, sizeof id, "csr:evicted/%llu/%u.%u.%u", (unsigned long long)e->what.cause,
                       e->depth, e->partition, e->number);
    struct telling t = {w, e, {id, (uint32_t)len}};
    struct match_out out = {.world = &t, .hit = keep_told_hit};
    struct json_out *line = &w->shard->line;
    notice_json(line, w->batch->rules->ir, &e->what, t.id, e->what.second);
    if (line->failed || !pool_text(&w->yield->memory, &t.id)) {
        w->yield->is_broken = true;
        return;
    }
    match_told(w->matcher, json_out_text(line), e->what.cause, &out);
}

/* What gave way since rules were told last, in rounds of whatever kind. Of copies nobody knows who sent them.
 */
static void tell_all_rules(struct work *w)
{
    struct yield *y = w->yield;
    for (; y->n_heard < y->evictions.len; y->n_heard++) {
        const struct evicted *e = &y->evictions.at[y->n_heard];
        if (w->batch->rules->hears && e->what.cause && !w->batch->is_end) tell_rules(w, e);
    }
}

/* By what caused it, then rule and key; what one key said stays in its order. */
static int compare_derived(const void *a, const void *b)
{
    const struct derived_hit *x = a, *y = b;
    if (x->hit->seq != y->hit->seq) return x->hit->seq < y->hit->seq ? -1 : 1;
    if (x->hit->by_watermark != y->hit->by_watermark) return x->hit->by_watermark ? 1 : -1;
    if (x->rule != y->rule) return x->rule < y->rule ? -1 : 1;
    int order = text_compare(x->key, y->key);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* What lower depths derived for this one, of all shards. */
static void collect_derived(struct work *w)
{
    struct derived_hits *all = &w->shard->pending;
    all->len = 0;
    for (uint32_t s = 0; s < w->run->n_shards; s++) {
        const struct derived_hits *some = yield_derived(w->run, &w->batch->yields[s], w->depth, w->index);
        if (!vec_room((void **)&all->at, &all->cap, all->len + some->len, sizeof *all->at)) {
            w->yield->is_broken = true;
            return;
        }
        if (some->len) memcpy(all->at + all->len, some->at, some->len * sizeof *some->at);
        all->len += some->len;
    }
    if (all->len) qsort(all->at, all->len, sizeof *all->at, compare_derived);
}

/* How far all groups of lower depths are known for good. */
static void tell_known(struct work *w)
{
    int64_t least = INT64_MAX;
    for (uint32_t s = 0; s < w->run->n_shards; s++) {
        int64_t settled = w->batch->yields[s].settled[w->depth - 1];
        if (settled < least) least = settled;
    }
    for (EACH_PARTITION(w, p)) state_known(w->run->partitions[w->depth][p], least);
}

static void look_how_far(struct work *w)
{
    int64_t *least = &w->yield->settled[w->depth];
    *least = INT64_MAX;
    for (EACH_PARTITION(w, p)) {
        int64_t settled = state_settled_to(w->run->partitions[w->depth][p]);
        if (settled < *least) *least = settled;
    }
}

/* ---- the whole round ----------------------------------------------------------------------------------- */

static void move_watermark(struct work *w, const struct state_out *out)
{
    struct batch *b = w->batch;
    if (w->depth) tell_known(w); /* only now: batches do not show */
    for (EACH_PARTITION(w, p)) {
        w->partition = p;
        begin_move(w);
        state_watermark(w->run->partitions[w->depth][p], b->passed, b->first_seq + b->n - 1, out);
    }
}

/* Debug builds count behind every batch what others count when they are asked. */
static void check_accounts(const struct work *w)
{
#ifndef NDEBUG
    struct state_counts n = {0};
    for (EACH_PARTITION(w, p)) state_count(w->run->partitions[w->depth][p], &n);
    assert(state_adds_up(&n));
#else
    (void)w;
#endif
}

static void look_at_rules(struct work *w)
{
    struct yield *y = w->yield;
    uint32_t n = w->batch->rules->ir->n_rules;
    if (!y->held) {
        if (!(y->held = pool_take(&y->memory, (n + 1) * sizeof *y->held))) return; /* then nobody is told */
        memset(y->held, 0, (n + 1) * sizeof *y->held);
    }
    for (EACH_PARTITION(w, p)) state_count_rules(w->run->partitions[w->depth][p], y->held);
}

static void look_at_state(struct work *w)
{
    if (w->batch->counts) look_at_rules(w);
    if (w->batch->question) run_look(w->run, w->batch, w->index, w->depth, w->yield);
    for (EACH_PARTITION(w, p)) {
        const struct state *s = w->run->partitions[w->depth][p];
        if (w->batch->is_end && state_waits(s)) w->yield->waits = true;
        if (w->batch->counts) state_count(s, &w->yield->counts);
    }
}

/* A feed that has ended has shown all that there is. */
static int64_t give_feed(void *world, struct hash128 feed)
{
    const struct work *w = world;
    return w->batch->is_end ? INT64_MAX : feeds_newest(&w->shard->feeds[w->depth], feed);
}

/* One that lacks a part of its key may be of a key of any partition. */
static void give_hit(struct work *w, const struct hit *h, const struct state_out *out)
{
    if (!h->lacks) {
        state_hit(state_of(w, h->key_hash), h, out);
        return;
    }
    for (EACH_PARTITION(w, p)) {
        w->partition = p;
        state_hit(w->run->partitions[w->depth][p], h, out);
    }
}

static void take_hit(struct work *w, const struct hit *h, const struct state_out *out)
{
    bool is_measured = sampler_takes(&w->shard->hits);
    uint64_t moment = is_measured ? ticks_now() : 0;
    give_hit(w, h, out);
    if (is_measured) ticks_bill(&costs_of(w, h)->work, &moment);
}

static void keep_late(struct work *w, uint32_t rule)
{
    uint32_t *mine = VEC_PUSH(&w->yield->late);
    if (mine)
        *mine = rule;
    else
        w->yield->is_broken = true;
}

/* The records' hits, and behind those of one record what it brought about. */
static void take_hits(struct work *w, const struct state_out *out)
{
    struct batch *b = w->batch;
    const struct derived_hits *derived = &w->shard->pending;
    uint32_t n = 0, n_derived = w->depth ? derived->len : 0;
    for (uint32_t i = 0; i < w->share->hits[w->depth].len; i++) {
        struct hit *h = w->share->hits[w->depth].at[i];
        for (; n < n_derived && derived->at[n].hit->seq < h->seq; n++) take_hit(w, derived->at[n].hit, out);
        if (is_duplicate(b, h->seq)) continue;
        h->is_unsure = b->sighted[h->seq - b->first_seq] == SIGHTED_UNSURE;
        if (!h->lacks || w->index == 0) { /* one that all shards get is counted once */
            w->yield->hits++;
            tally_add(&costs_of(w, h)->hits, 1);
            if (h->second <= b->before) keep_late(w, h->rule);
        }
        take_hit(w, h, out);
    }
    for (; n < n_derived; n++) take_hit(w, derived->at[n].hit, out);
}

static void round_hit(struct work *w)
{
    struct batch *b = w->batch;
    struct state_out out = {w,           give_answer,    keep_incident, keep_question,
                            give_memory, keep_swallowed, give_feed,     derive_hits};
    if (!feeds_fold(&w->shard->feeds[w->depth], &b->feeds)) w->yield->is_broken = true;
    if (w->depth) collect_derived(w);
    w->shard->is_measured = sampler_takes(&w->shard->moves);
    if (asks_are_due(b)) deliver_answers(w, &out, b->period - ASK_PERIODS);
    take_hits(w, &out);
    if (b->ticks && b->passed != INT64_MIN) move_watermark(w, &out);
    tell_all_rules(w);
    look_how_far(w);
    look_at_state(w);
    check_accounts(w);
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
    /* `timed` before everything else of the batch: nothing of it may be read until then. */
    if (round == ROUND_SEEN)
        return cursor_read(&r->timed) > number &&
               (!(b->adopts || b->keeps) || s->done[ROUND_LAST] == number);
    if (s->done[round - 1] == number || !all_have_done(r, s, round - 1, number + 1)) return false;
    return round != ROUND_TOUCH || all_have_done(r, s, ROUND_LAST, b->asks_after);
}

static void reset_yield(const struct run *r, struct yield *y)
{
    y->answers.len = y->incidents.len = y->swallowed.len = y->late.len = y->evictions.len = y->keys.len = 0;
    for (uint32_t i = 0; i < IR_DEPTHS * r->n_shards; i++) y->derived[i].len = 0;
    y->hits = y->n_derived = 0;
    y->n_heard = 0;
    y->is_broken = y->waits = false;
    y->counts = (struct state_counts){0};
    y->held = NULL;
    pool_reset(&y->memory);
}

/* Invariant 7 of batch.h: rounds that the rules have no depth for are over with the last that they have. */
static enum round round_behind(const struct batch *b, enum round round)
{
    return round + 1 == ROUND_HIT + b->rules->n_depths ? ROUNDS : round + 1;
}

/* How far feeds have come is folded over all batches: rules to come may have that depth. */
static void skip_round(struct work *w, enum round round)
{
    if (round < ROUND_HIT) return;
    if (!feeds_fold(&w->shard->feeds[round - ROUND_HIT], &w->batch->feeds)) w->yield->is_broken = true;
}

static bool do_round(struct worker *worker, uint32_t index, enum round round)
{
    struct run *r = worker->run;
    struct shard *s = &r->shards[index];
    uint64_t number = s->done[round];
    struct batch *b = run_batch(r, number);
    if (!may_do(r, s, round, b, number)) return false;
    struct work w = {.run = r,
                     .matcher = b->rules->matchers[worker->index],
                     .shard = s,
                     .batch = b,
                     .share = &b->shares[index],
                     .yield = &b->yields[index],
                     .index = index,
                     .depth = round < ROUND_HIT ? 0 : round - ROUND_HIT};
    s->work = &w;
    if (round == ROUND_SEEN)
        reset_yield(r, w.yield), round_seen(&w);
    else if (round == ROUND_TOUCH)
        round_touch(&w);
    else
        round_hit(&w);
    enum round behind = round_behind(b, round);
    for (enum round skipped = round + 1; skipped < behind; skipped++) skip_round(&w, skipped);
    for (; round < behind; round++)
        cursor_publish_or_plant(PLANT_DONE, &s->done[round], number + 1); /* invariant 2 */
    run_progressed(r);
    return true;
}

/* The latest round that can be done. */
static bool do_some_round(struct worker *w, uint32_t index)
{
    enum round round = ROUNDS;
    while (round > 0 && !do_round(w, index, round - 1)) round--;
    return round > 0;
}

bool run_shard_rounds(struct worker *w, uint32_t index)
{
    struct shard *s = &w->run->shards[index];
    bool any = false;
    if (!token_take(&s->token)) return false;
    while (do_some_round(w, index)) any = true;
    token_leave(&s->token);
    return any;
}
