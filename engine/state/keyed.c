/* keyed.c - slots, refolding, commitment, sweeping. */
#include "engine/state/keyed.h"
#include "engine/state/absence.h"
#include "engine/state/derive.h"
#include "engine/state/doubt.h"
#include "engine/state/emit.h"
#include "engine/state/gather.h"
#include "engine/state/gathered.h"
#include "engine/state/held.h"
#include "engine/state/judge.h"
#include "engine/state/measure.h"
#include "engine/state/suspect.h"
#include "engine/state/waypoint.h"
#include "engine/state/window.h"

#define SWEEP_LEAST 64

/* ---- what is given up --------------------------------------------------------------------------------- */

/* An event is part of choices that end `within` later at most, and keeps others from being one for as long;
 * what opens then takes its time of `once`, and all may wait. */
static int64_t shows_until(const struct rule_plan *p, int64_t second)
{
    return second + 2 * p->within + p->once + p->linger + p->wait + p->delay;
}

void keyed_doubt(struct keyed *k, int64_t second)
{
    int64_t until = shows_until(k->rule->plan, second);
    if (k->capped_until < until) k->capped_until = until;
}

static void tell_lost(const struct state *s, const struct keyed *k, uint64_t n, const char *cap)
{
    const struct share *principal = share_of(&k->holding, OWNER_PRINCIPAL);
    struct state_eviction e = {.cap = cap,
                               .rule = k->rule->plan->number,
                               .baseline = IR_NONE,
                               .account = principal->as.of->name,
                               .principal = principal->name,
                               .owner = principal->id,
                               .n = n,
                               .cause = s->at.cause,
                               .by_watermark = s->at.by_watermark,
                               .second = s->at.second};
    if (s->listener.evicted) s->listener.evicted(s->listener.world, &e);
}

void keyed_lose(const struct state *s, struct keyed *k, int64_t second, uint64_t n, const char *cap)
{
    keyed_doubt(k, second);
    tell_lost(s, k, n, cap);
}

void keyed_tell_evicted(const struct state *s, const struct keyed *k, const char *cap)
{
    tell_lost(s, k, 1, cap);
}

/* ---- kept hits ---------------------------------------------------------------------------------------- */

static bool has_account(const struct hit_ask *a)
{
    return hash128_is_set(a->account);
}

static bool answers_are_capped(const struct kept *kept)
{
    bool any = false;
    for (uint32_t i = 0; i < kept->hit->n_asks; i++)
        any |= kept->answers[i].answers[ASKED_KEY].is_capped ||
               kept->answers[i].answers[ASKED_ACCOUNT].is_capped;
    return any;
}

static void answer_now(const struct hit_ask *a, struct answer_state *state, const struct state_out *out)
{
    if (a->is_absent || a->is_unknown || a->answer == HIT_NOT_ASKED) return;
    state->answers[ASKED_KEY] = out->answer(out->world, a->answer, a->key);
    if (has_account(a))
        state->answers[ASKED_ACCOUNT] = out->answer(out->world, a->account_answer, a->account);
}

/* Whether the hit is there, with the answers that it has now. True if that is other than before. */
static bool assess(struct state *s, const struct rule_plan *p, struct kept *kept)
{
    const struct hit *h = kept->hit;
    enum tri gate = judge_gate(s, p, kept);
    bool active = !kept->is_gone && gate == TRI_TRUE && !h->in_doubt && !h->lacks && measure_takes(p, kept),
         in_doubt = !active && !kept->is_gone && gate != TRI_FALSE && p->vetoed >> h->step & 1,
         changed = active != kept->active || in_doubt != kept->in_doubt;
    kept->active = active;
    kept->in_doubt = in_doubt;
    return changed;
}

struct kept *keyed_kept_new(struct state *s, struct keyed *k, const struct hit *h, uint32_t n_offers)
{
    size_t answers = h->n_asks * sizeof(struct answer_state), offers = n_offers * sizeof(uint64_t),
           where = k->rule->plan->where_steps ? sizeof(struct eligible) : 0,
           size = sizeof(struct kept) + answers + offers + where + hit_size(h);
    struct kept *kept = slab_get(&s->slab, size);
    kept->size = (uint32_t)size;
    kept->begun_for = NO_GROUP;
    kept->answers = (struct answer_state *)(kept + 1);
    kept->offers = (uint64_t *)((char *)(kept + 1) + answers);
    if (where) kept->eligible = (struct eligible *)((char *)(kept + 1) + answers + offers);
    kept->hit = hit_copy((char *)(kept + 1) + answers + offers + where, h);
    kept->next = k->kept;
    k->kept = kept;
    k->n_kept++;
    k->kept_bytes += size;
    return kept;
}

static struct kept *keep(struct state *s, struct keyed *k, const struct hit *h, const struct state_out *out)
{
    const struct rule_plan *p = k->rule->plan;
    struct kept *kept = keyed_kept_new(s, k, h, measure_offers_most(p, h));
    kept->n_offers = measure_offers(p, h, kept->offers, &kept->amount);
    if (!h->evidence.match_id.len) kept->hit->evidence.is_late = h->second <= s->watermark;
    for (uint32_t i = 0; i < h->n_asks; i++) answer_now(&h->asks[i], &kept->answers[i], out);
    if (answers_are_capped(kept)) keyed_doubt(k, h->second);
    assess(s, p, kept);
    return kept;
}

static void kept_free(struct state *s, struct keyed *k, struct kept *kept)
{
    k->n_kept--;
    k->kept_bytes -= kept->size;
    slab_put(&s->slab, kept->remapped, kept->n_remapped * sizeof *kept->remapped);
    slab_put(&s->slab, kept, kept->size);
}

static void mark(const struct kept *k)
{
    if (k)
        ((struct kept *)(uintptr_t)k)->marked = true; /* kept hits are the key's own; runs only read them */
}

static void mark_runs(const struct rule_plan *p, const struct runs *rs)
{
    for (uint32_t i = 0; i < rs->len; i++) {
        const struct run *r = runs_at(p, rs, i);
        for (uint32_t q = 0; q < p->places_most; q++) mark(run_takes_of(p, r)[q].hit);
        mark(r->blinded);
        suspects_each(p, r, mark);
        measures_mark(p, &p->alternatives[r->alternative], r, mark);
    }
}

static void mark_group(const struct rule_plan *p, struct group *g)
{
    for (uint32_t q = 0; q < p->places_most; q++) mark(group_takes(g)[q].hit);
    mark(g->blinded);
    for (uint32_t i = 0; i < p->n_items; i++)
        for (uint32_t q = 0; q < p->places_most; q++) mark(group_item_takes(p, g, i)[q].hit);
    for (uint32_t step = 0; step < p->rule->n_steps; step++)
        for (uint32_t i = 0; i < group_shown(p, g, step)->len; i++) mark(group_shown(p, g, step)->at[i]);
}

static void mark_fold(const struct rule_plan *p, const struct fold *f)
{
    mark_runs(p, &f->runs);
    mark_runs(p, &f->waiting);
    mark_runs(p, &f->done);
    for (uint32_t i = 0; i < f->groups.len; i++) mark_group(p, groups_at(p, &f->groups, i));
    for (uint32_t step = 0; f->recent && step < p->rule->n_steps; step++)
        for (uint32_t i = 0; i < f->recent[step].len; i++) mark(f->recent[step].at[i]);
}

static void mark_all(struct keyed *k)
{
    const struct rule_plan *p = k->rule->plan;
    mark_fold(p, &k->base);
    mark_fold(p, &k->before);
    mark_fold(p, &k->after);
    for (uint32_t i = 0; i < k->waypoints.len; i++) mark_fold(p, &k->waypoints.at[i].fold);
    for (uint32_t i = 0; i < k->tail.len; i++)
        for (uint32_t n = 0; n < k->tail.at[i].len; n++) mark(k->tail.at[i].at[n]);
    for (uint32_t i = 0; i < k->history.len; i++)
        for (uint32_t n = 0; n < k->history.at[i].len; n++) mark(k->history.at[i].at[n]);
    for (uint32_t i = 0; i < k->gathered.len; i++) {
        for (uint32_t n = 0; n < k->gathered.at[i].len; n++) mark(k->gathered.at[i].at[n]);
        for (uint32_t n = 0; n < k->gathered.at[i].missing.len; n++) mark(k->gathered.at[i].missing.at[n]);
    }
    window_each(k, mark);
}

static void sweep_now(struct state *s, struct keyed *k)
{
    mark_all(k);
    for (struct kept **link = &k->kept, *kept; (kept = *link);) {
        if (kept->marked) {
            kept->marked = false;
            link = &kept->next;
            continue;
        }
        *link = kept->next;
        kept_free(s, k, kept);
    }
    k->sweep_at = k->n_kept * 2 > SWEEP_LEAST ? k->n_kept * 2 : SWEEP_LEAST;
}

static void sweep(struct state *s, struct keyed *k)
{
    if (k->n_kept >= k->sweep_at) sweep_now(s, k);
}

/* Whether one hit more may be kept. A key that is full is swept now and then, which costs as much as the hits
 * that it refused meanwhile. */
static bool has_room(struct state *s, struct keyed *k)
{
    if (k->n_kept < s->caps.key_hits) return true;
    if (k->n_refused % (k->n_kept / 2 + 1) == 0) sweep_now(s, k);
    return k->n_kept < s->caps.key_hits;
}

/* ---- the key ------------------------------------------------------------------------------------------ */

struct keyed *keyed_new(struct state *s, struct rule_state *r, struct hash128 hash, struct text key)
{
    struct keyed *k = slab_get(&s->slab, sizeof *k);
    k->hash = hash;
    k->key = slab_text(&s->slab, key);
    k->rule = r;
    k->committed = passed_for(s, r->plan) - r->plan->delay;
    k->sweep_at = SWEEP_LEAST;
    k->capped_until = INT64_MIN;
    return k;
}

static void slots_free(struct state *s, struct slot *at, uint32_t len, uint32_t cap)
{
    for (uint32_t i = 0; i < len; i++) slab_put(&s->slab, at[i].at, at[i].cap * sizeof *at[i].at);
    slab_put(&s->slab, at, cap * sizeof *at);
}

static void drop_tickets(struct state *s, const struct kept *kept)
{
    for (uint32_t i = 0; i < kept->hit->n_asks; i++)
        for (unsigned n = 0; n < 2; n++)
            if (kept->answers[i].tickets[n]) s->tickets.at[kept->answers[i].tickets[n] - 1].keyed = NULL;
}

void keyed_free(struct state *s, struct keyed *k)
{
    const struct rule_plan *p = k->rule->plan;
    held_forget(s, k);
    timer_set(&s->timers, &k->timer, NEVER);
    fold_free(&s->slab, p, &k->base);
    fold_free(&s->slab, p, &k->before);
    fold_free(&s->slab, p, &k->after);
    waypoints_free(s, k);
    slots_free(s, k->tail.at, k->tail.len, k->tail.cap);
    slots_free(s, k->history.at, k->history.len, k->history.cap);
    emitted_free(s, k);
    told_free(s, k);
    gathered_free(s, k);
    window_free(s, k);
    for (struct kept *kept = k->kept, *next; kept; kept = next) {
        next = kept->next;
        drop_tickets(s, kept);
        kept_free(s, k, kept);
    }
    slab_put(&s->slab, (char *)(uintptr_t)k->key.at, k->key.len);
    slab_put(&s->slab, k, sizeof *k);
}

uint8_t keyed_rank(const struct keyed *k)
{
    const struct rule_plan *p = k->rule->plan;
    const struct fold *now = keyed_now_of(k);
    uint32_t most = 0;
    if (now->groups.len || now->waiting.len) return SHARE_RANKS - 1;
    for (uint32_t i = 0; i < now->runs.len; i++) {
        const struct run *r = runs_at(p, &now->runs, i);
        uint32_t done = (uint32_t)__builtin_popcountll(p->alternatives[r->alternative].complete[r->progress]);
        if (most < done) most = done;
    }
    return (uint8_t)(most < SHARE_RANKS - 2 ? most : SHARE_RANKS - 2);
}

int64_t keyed_shows_until(const struct state *s, const struct keyed *k)
{
    int64_t newest = k->tail.len ? k->tail.at[k->tail.len - 1].second : s->watermark;
    for (uint32_t i = 0; i < k->base.groups.len; i++) {
        int64_t end = groups_at(k->rule->plan, &k->base.groups, i)->end;
        if (newest < end) newest = end;
    }
    return shows_until(k->rule->plan, newest < s->watermark ? s->watermark : newest);
}

/* ---- folding the tail --------------------------------------------------------------------------------- */

static void swap_folds(struct keyed *k)
{
    struct fold f = k->before;
    k->before = k->after;
    k->after = f;
}

/* The folds before and after the newest slot, when a second has changed, or (INT64_MIN) what is committed
 * has. They are what two steps leave, the last one and the one before. */
static void refold(struct state *s, struct keyed *k, int64_t changed)
{
    uint32_t first;
    if (k->rule->plan->delay || !k->tail.len) return;
    waypoints_drop_from(s, k, changed);
    const struct fold *from = waypoint_last(k, &first);
    if (from && first + 2 > k->tail.len) {
        waypoints_drop_from(s, k, k->tail.at[first - 1].second);
        from = waypoint_last(k, &first);
    }
    s->folded = k;
    for (uint32_t i = first; i < k->tail.len; i++) {
        fold_step(&s->work, k->rule->plan, from ? from : &k->base, &k->tail.at[i], &k->after, NULL);
        if (i + 1 == k->tail.len) break;
        waypoint_pass(s, k, &k->after, k->tail.at[i].second);
        swap_folds(k);
        from = &k->before;
    }
}

static void refold_newest(struct state *s, struct keyed *k)
{
    const struct fold *from = k->tail.len > 1 ? &k->before : &k->base;
    if (k->rule->plan->delay) return;
    s->folded = k;
    fold_step(&s->work, k->rule->plan, from, &k->tail.at[k->tail.len - 1], &k->after, NULL);
}

/* The slot for a second, made if it is not there. */
static struct slot *slot_for(struct state *s, struct slots *slots, int64_t second)
{
    uint32_t i = slots_from(slots->at, slots->len, second);
    if (i < slots->len && slots->at[i].second == second) return &slots->at[i];
    (void)SLAB_PUSH(&s->slab, *slots);
    memmove(slots->at + i + 1, slots->at + i, (slots->len - 1 - i) * sizeof *slots->at);
    slots->at[i] = (struct slot){.second = second};
    return &slots->at[i];
}

static struct slot *slot_in_tail(struct state *s, struct keyed *k, int64_t second)
{
    const struct slot *newest = k->tail.len ? &k->tail.at[k->tail.len - 1] : NULL;
    if (newest && newest->second < second) {
        swap_folds(k); /* after what was newest is before what is */
        if (!k->rule->plan->delay) waypoint_pass(s, k, &k->before, newest->second);
    }
    return slot_for(s, &k->tail, second);
}

/* ---- hits --------------------------------------------------------------------------------------------- */

static void insert_late(struct state *s, struct keyed *k, struct kept *kept)
{
    struct slot slot = {.second = kept->hit->second, .at = &kept, .len = 1, .cap = 1};
    if ((kept->active || kept->in_doubt) && k->base.waiting.len &&
        k->rule->plan->forbidden >> kept->hit->step & 1 && doubt_break(s, k, &slot)) {
        if (k->rule->plan->exact) /* what it broke is in no choice of any window */
            slot_insert(&s->slab, slot_for(s, &k->history, slot.second), kept);
        window_forget(k, slot.second, true);
        refold(s, k, INT64_MIN);
    }
    if (!kept->active || !k->rule->plan->is_plain) return;
    s->folded = k;
    fold_late(&s->work, k->rule->plan, &k->base, &slot, &s->counts);
    refold(s, k, INT64_MIN);
}

/* A second needs no more events of a class than the largest choice takes, unless they are counted, or may
 * still fall to a gate or be taken back. Not while hits of one event come: what class it is of shows the last
 * of them. */
static void thin(struct state *s, const struct rule_plan *p, struct slot *slot, const struct kept *next)
{
    struct thinning t = {p->n_joins, p->need_most, p->n_joins ? 0 : p->valued & ~p->forbidden,
                         2 * p->distinct_most};
    if (slot->len > p->need_most && !p->exact && !p->asked && !p->adds_up && !p->is_over &&
        !slot_holds(slot, next))
        slot_thin(&s->work.classes, slot, &t);
}

/* Where choices may have come or gone by a hit. */
enum news {
    NEWEST, /* some may have come that end in the newest second */
    LATE,   /* some may have come that hold it */
    ANY
};

/* Whether choices may be gone that were there before the hit. A forbidden event in a new newest second ends
 * runs, but no choice that is complete: that one would have to wait, or to end in the same second. */
static bool takes_back(const struct keyed *k, const struct kept *kept)
{
    const struct rule_plan *p = k->rule->plan;
    const struct slot *newest = &k->tail.at[k->tail.len - 1];
    if (!(p->forbidden >> kept->hit->step & 1)) return false;
    return p->wait || newest->second != kept->hit->second || newest->len > 1;
}

static void refuse(struct state *s, struct keyed *k, int64_t second, const char *cap)
{
    keyed_lose(s, k, second, 1, cap);
    s->counts.hits_refused++;
}

/* False: nothing has changed. */
static bool insert(struct state *s, struct keyed *k, struct kept *kept, enum news *news)
{
    struct slot *slot = slot_in_tail(s, k, kept->hit->second);
    bool is_newest = slot == &k->tail.at[k->tail.len - 1];
    if (slot->len >= s->caps.second_hits) {
        refuse(s, k, kept->hit->second, "second_hits");
        return false;
    }
    thin(s, k->rule->plan, slot, kept);
    if (!slot_insert(&s->slab, slot, kept)) return false;
    slot->is_asked = false;
    *news = takes_back(k, kept) ? ANY : is_newest ? NEWEST : LATE;
    window_forget(k, kept->hit->second, *news == ANY);
    if (is_newest)
        refold_newest(s, k);
    else
        refold(s, k, kept->hit->second);
    return true;
}

static void set_timer(struct state *s, struct keyed *k);

static void tell_news(struct state *s, struct keyed *k, const struct kept *kept, enum news news,
                      const struct occasion *o)
{
    struct fold *now = keyed_now(k);
    if (k->unsaid) news = ANY;
    k->unsaid = false;
    if (news == NEWEST)
        gather_newest(s, k, now, kept);
    else if (news == LATE)
        gather_late(s, k, now, kept);
    else
        gather_refresh(s, k, now);
    emit_changes(s, k, now, news != NEWEST, o);
    derive_changes(s, k, now, news != NEWEST, o);
}

/* A record that comes too late for a repetition is too late also where seconds wait for lower rules. */
static bool is_missed(const struct state *s, const struct rule_plan *p, const struct hit *h)
{
    return h->second <= s->watermark && !h->evidence.match_id.len && !p->is_plain;
}

static struct occasion occasion_of(const struct hit *h, const struct state_out *out)
{
    return (struct occasion){
        .out = out, .cause = h->seq, .by_watermark = h->by_watermark, .identity = h->evidence.identity};
}

void keyed_hit(struct state *s, struct keyed *k, const struct hit *h, const struct state_out *out)
{
    struct occasion o = occasion_of(h, out);
    if (!has_room(s, k)) {
        k->n_refused++;
        return refuse(s, k, h->second, "key_hits");
    }
    struct kept *kept = keep(s, k, h, out);
    enum news news = ANY;
    if (h->is_unsure || (h->evidence.match_id.len && h->capped)) keyed_doubt(k, h->second);
    if (h->second <= passed_for(s, k->rule->plan))
        insert_late(s, k, kept);
    else if (is_missed(s, k->rule->plan, h) || !insert(s, k, kept, &news))
        return sweep(s, k);
    if (!k->rule->plan->delay) tell_news(s, k, kept, news, &o);
    sweep(s, k);
    set_timer(s, k);
}

/* Nobody waits any more for what was asked about it. */
static void forget_questions(struct state *s, struct slot *slot, struct kept *kept)
{
    drop_tickets(s, kept);
    for (uint32_t i = 0; i < kept->hit->n_asks; i++)
        for (unsigned n = 0; n < 2; n++) {
            slot->waiting -= kept->answers[i].tickets[n] != 0;
            kept->answers[i].tickets[n] = 0;
        }
}

void keyed_take_back(struct state *s, struct keyed *k, const struct hit *h, const struct state_out *out)
{
    struct occasion o = occasion_of(h, out);
    struct kept like = {.hit = (struct hit *)(uintptr_t)h}; /* only looked at */
    struct slot *slot = slot_of(k->tail.at, k->tail.len, h->second);
    struct kept *kept = slot ? slot_find(slot, &like) : NULL;
    if (!kept) return;
    kept->is_gone = true;
    kept->active = kept->in_doubt = false;
    forget_questions(s, slot, kept);
    window_forget(k, h->second, true);
    if (!k->rule->plan->delay) {
        refold(s, k, h->second);
        k->unsaid = true;
        if (!h->is_replaced) tell_news(s, k, kept, ANY, &o);
    }
    sweep(s, k);
    set_timer(s, k);
}

/* ---- settling ----------------------------------------------------------------------------------------- */

static uint32_t take_ticket(struct state *s, struct ticket t)
{
    uint32_t number = s->free_ticket;
    if (number) {
        s->free_ticket = s->tickets.at[number - 1].next_free;
    } else {
        (void)SLAB_PUSH(&s->slab, s->tickets);
        number = s->tickets.len;
    }
    struct asked_move *move = &s->moves[s->move];
    t.move = s->move;
    if (!move->open || t.kept->hit->second < move->first) move->first = t.kept->hit->second;
    move->open++;
    s->tickets.at[number - 1] = t;
    s->open_tickets++;
    return number;
}

static void put_question(struct state *s, struct keyed *k, struct kept *kept, uint32_t i, enum asked asked,
                         const struct state_out *out)
{
    const struct hit_ask *a = &kept->hit->asks[i];
    struct settle_ask ask = {
        .partition = state_partition(k->hash),
        .ticket = take_ticket(s, (struct ticket){.keyed = k, .kept = kept, .ask = i, .asked = asked}),
        .touch = {.seq = kept->hit->seq,
                  .second = kept->hit->second,
                  .asks = true,
                  .baseline = k->rule->plan->rule->asks[a->ask].baseline,
                  .is_account = asked == ASKED_ACCOUNT,
                  .principal = kept->hit->principal,
                  .key = asked == ASKED_ACCOUNT ? a->account : a->key,
                  .value = asked == ASKED_ACCOUNT ? (struct hash128){0, 0} : a->value}};
    kept->answers[i].tickets[asked] = (uint32_t)ask.ticket;
    out->settle(out->world, &ask);
}

static void ask_hit(struct state *s, struct keyed *k, struct slot *slot, struct kept *kept,
                    const struct state_out *out)
{
    if (kept->is_asked || kept->is_gone) return;
    kept->is_asked = true;
    for (uint32_t i = 0; i < kept->hit->n_asks; i++) {
        const struct hit_ask *a = &kept->hit->asks[i];
        if (a->is_absent || a->is_unknown || a->ask == IR_NONE) continue;
        slot->waiting += has_account(a) ? 2 : 1;
        put_question(s, k, kept, i, ASKED_KEY, out);
        if (has_account(a)) put_question(s, k, kept, i, ASKED_ACCOUNT, out);
    }
}

static void ask_slots(struct state *s, struct keyed *k, const struct state_out *out)
{
    for (uint32_t i = 0; i < k->tail.len && k->tail.at[i].second <= s->watermark; i++) {
        struct slot *slot = &k->tail.at[i];
        if (slot->is_asked) continue;
        slot->is_asked = true;
        for (uint32_t n = 0; n < slot->len; n++) ask_hit(s, k, slot, slot->at[n], out);
    }
}

void keyed_answered(struct state *s, struct keyed *k, struct kept *kept, uint32_t ask, enum asked asked,
                    const struct answer *a)
{
    struct answer_state *state = &kept->answers[ask];
    gathered_answers(s, k, kept, -1);
    window_answers(s, k, kept, -1);
    k->answers_changed |= k->rule->plan->where_asks;
    state->answers[asked] = *a;
    state->tickets[asked] = 0;
    if (a->is_capped) keyed_doubt(k, kept->hit->second);
    gathered_answers(s, k, kept, 1);
    window_answers(s, k, kept, 1);
    struct slot *slot = slot_of(k->tail.at, k->tail.len, kept->hit->second);
    if (slot) slot->waiting--;
}

/* Judges gates with the final answers. True if any is other than before. */
static bool settle_gates(struct state *s, struct keyed *k, struct slot *slot)
{
    bool changed = false;
    for (uint32_t i = 0; i < slot->len && k->rule->plan->gated; i++)
        changed |= assess(s, k->rule->plan, slot->at[i]);
    return changed;
}

static void look_around(struct state *s, const struct keyed *k)
{
    s->work.around = (struct around){k->history.at, k->tail.at, k->history.len, k->tail.len};
}

static void commit_slot(struct state *s, struct keyed *k)
{
    struct slot slot = k->tail.at[0];
    look_around(s, k);
    struct fold next = {.capped = false};
    s->folded = k;
    fold_step(&s->work, k->rule->plan, &k->base, &slot, &next, &s->counts);
    fold_free(&s->slab, k->rule->plan, &k->base);
    k->base = next;
    memmove(k->tail.at, k->tail.at + 1, --k->tail.len * sizeof *k->tail.at);
    k->committed = slot.second;
    waypoints_drop_until(s, k, slot.second);
    if (k->rule->plan->exact || k->rule->plan->delay)
        *SLAB_PUSH(&s->slab, k->history) = slot;
    else
        slab_put(&s->slab, slot.at, slot.cap * sizeof *slot.at);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Up to where seconds are folded for good: a rule that waits for what comes later must know that, with gates.
 */
static int64_t settle_delayed(struct state *s, struct keyed *k)
{
    int64_t known = passed_for(s, k->rule->plan);
    for (uint32_t i = 0; i < k->tail.len && k->tail.at[i].second <= known; i++) {
        if (k->tail.at[i].waiting) known = k->tail.at[i].second - 1;
        settle_gates(s, k, &k->tail.at[i]);
    }
    return known - k->rule->plan->delay;
}

/* Completions whose `for D` has passed, as far as their feeds have come. True if there were any, or some are
 * in doubt now. */
static bool settle_waiting(struct state *s, struct keyed *k, int64_t committed, const struct state_out *out)
{
    const struct rule_plan *p = k->rule->plan;
    if (!k->base.waiting.len) return false;
    s->folded = k;
    look_around(s, k);
    struct feeds_view feeds = feeds_look(s, k, committed, out);
    int64_t passed = committed - p->wait, covered = feeds.newest < committed ? feeds.newest : committed;
    bool changed =
        covered > INT64_MIN + p->wait && fold_settle(&s->work, p, &k->base, covered - p->wait, &s->counts);
    if (feeds.is_behind && feeds.doubt) changed |= doubt_open(s, k, passed, feeds.doubt);
    if (feeds.is_behind) waiting_drop(s, k, passed - p->linger - p->once);
    return changed;
}

/* Slots that the watermark has passed and that wait for nothing. True if a gate turned out otherwise, a
 * completion is one now, or what is known changes with what is committed. */
static bool commit(struct state *s, struct keyed *k, const struct state_out *out)
{
    bool is_delayed = k->rule->plan->delay > 0, changed = false;
    int64_t until = is_delayed ? settle_delayed(s, k) : passed_for(s, k->rule->plan);
    while (k->tail.len && k->tail.at[0].second <= until && !k->tail.at[0].waiting) {
        bool other = settle_gates(s, k, &k->tail.at[0]);
        if (other || k->answers_changed) window_forget(k, k->tail.at[0].second, true);
        changed |= other || k->answers_changed || is_delayed;
        k->answers_changed = false;
        changed |= settle_waiting(s, k, k->tail.at[0].second - 1, out);
        commit_slot(s, k);
    }
    k->committed = until;
    if (k->tail.len && k->tail.at[0].second <= until) k->committed = k->tail.at[0].second - 1;
    changed |= settle_waiting(s, k, k->committed, out);
    fold_expire(k->rule->plan, &k->base, k->committed, &s->counts);
    return changed;
}

/* Whether what has passed may stand in a window with what is to come (bounded.h). */
static bool is_counted_on(const struct keyed *k)
{
    return k->rule->plan->delay && k->history.len;
}

/* Choices that `where` did not hold for count in later windows. */
static bool waits_for_where(const struct keyed *k)
{
    return k->rule->plan->where_steps && k->history.len;
}

bool keyed_is_empty(const struct keyed *k)
{
    return !k->tail.len && !k->base.runs.len && !k->base.waiting.len && !k->base.groups.len &&
           !waits_for_where(k) && !is_counted_on(k);
}

/* When the key must be looked at next, if no hit comes. */
static int64_t next_due(const struct keyed *k)
{
    const struct rule_plan *p = k->rule->plan;
    int64_t due = NEVER, lag = p->lag;
    for (uint32_t i = 0; i < k->tail.len && due == NEVER; i++)
        if (!k->tail.at[i].is_asked) due = k->tail.at[i].second;
    if (k->tail.len && (p->delay || p->is_over)) due = earlier(due, k->tail.at[0].second + p->delay + lag);
    for (uint32_t i = 0; i < k->base.groups.len; i++)
        due = earlier(due, groups_at(p, &k->base.groups, i)->end + p->linger + p->delay + lag);
    if (k->base.waiting.len) due = earlier(due, waiting_first(p, &k->base) + p->wait + lag);
    if (waits_for_where(k))
        due =
            earlier(due, k->history.at[k->history.len - 1].second + p->within + p->wait + 2 * p->delay + lag);
    if (is_counted_on(k))
        due = earlier(due, k->history.at[k->history.len - 1].second + p->within + 2 * p->delay + lag);
    if (due != NEVER || k->tail.len) return due;
    due = INT64_MIN;
    for (uint32_t i = 0; i < k->base.runs.len; i++)
        if (runs_at(p, &k->base.runs, i)->start > due) due = runs_at(p, &k->base.runs, i)->start;
    return due == INT64_MIN ? NEVER : due + p->within + p->delay + lag;
}

static void set_timer(struct state *s, struct keyed *k)
{
    int64_t due = k->unsaid ? s->watermark : next_due(k);
    timer_set(&s->timers, &k->timer, due > s->watermark || due == NEVER ? due : s->watermark + 1);
}

bool keyed_advance(struct state *s, struct keyed *k, const struct state_out *out)
{
    struct occasion o = {.out = out, .cause = s->cause, .by_watermark = true};
    ask_slots(s, k, out);
    bool changed = commit(s, k, out);
    if (changed) refold(s, k, INT64_MIN);
    struct fold *now = keyed_now(k);
    look_around(s, k);
    if (changed || k->unsaid) {
        gather_refresh(s, k, now);
        emit_changes(s, k, now, true, &o);
        k->unsaid = false;
    }
    emit_settled(s, k, &o);
    derive_changes(s, k, now, true, &o);
    emit_closed(s, k, &o);
    gather_trim(s, k);
    sweep(s, k);
    set_timer(s, k);
    return !keyed_is_empty(k);
}
