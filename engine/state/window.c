/* window.c - the window of one key: what comes into it, what leaves it, what is eligible. */
#include "engine/state/window.h"
#include "engine/state/keyed.h"
#include "engine/state/amount.h"
#include "engine/state/gathered.h"
#include "engine/state/reach.h"
#include "engine/state/judge.h"

#include <stdlib.h>

enum eligible_state {
    OUT,     /* no choice will ever hold it */
    WAITS,   /* no choice in the window holds it so far */
    ELIGIBLE /* it is listed */
};

struct window {
    uint64_t epoch;       /* what hits say of themselves holds for one epoch */
    int64_t second;       /* where it ends; INT64_MIN: it has looked at nothing */
    uint32_t n_joins;     /* references that are agreed on: 0 where they were given up */
    struct gathered list; /* the eligible events */
    int64_t oldest;       /* none of them has an earlier start */
    struct {
        const struct kept **at;
        uint32_t len, cap;
    } waiting;
    struct runs *fronts; /* [n_required] runs over all slots before `second` */
};

#define MERGED_MOST 32 /* beyond, sorting all is cheaper than putting each into its place */

/* ---- what it remembers -------------------------------------------------------------------------------- */

static struct window *window_of(struct state *s, struct keyed *k)
{
    struct window *w = k->window;
    if (w) return w;
    w = k->window = slab_get(&s->slab, sizeof *w);
    w->second = INT64_MIN;
    w->epoch = 1;
    w->fronts = slab_get(&s->slab, k->rule->plan->n_required * sizeof *w->fronts);
    return w;
}

static void start_anew(struct state *s, struct keyed *k, struct window *w)
{
    amounts_drop(s, k->rule->plan, &w->list);
    w->list.len = w->waiting.len = 0;
    w->epoch++;
    w->second = INT64_MIN;
    w->oldest = INT64_MAX;
    for (uint32_t i = 0; i < k->rule->plan->n_required; i++) w->fronts[i].len = 0;
}

void window_forget(struct keyed *k, int64_t second, bool takes_back)
{
    if (k->rule->plan->rule->where == IR_NONE) return;
    for (uint32_t i = k->tail.len; i-- > 0 && k->tail.at[i].second >= second;) k->tail.at[i].where = 0;
    if (k->window && (second < k->window->second || takes_back)) k->window->second = INT64_MIN;
}

void window_free(struct state *s, struct keyed *k)
{
    struct window *w = k->window;
    if (!w) return;
    start_anew(s, k, w);
    SLAB_FREE(&s->slab, w->list);
    SLAB_FREE(&s->slab, w->waiting);
    for (uint32_t i = 0; i < k->rule->plan->n_required; i++) runs_free(&s->slab, &w->fronts[i]);
    slab_put(&s->slab, w->fronts, k->rule->plan->n_required * sizeof *w->fronts);
    slab_put(&s->slab, w, sizeof *w);
    k->window = NULL;
}

void window_each(const struct keyed *k, void (*each)(const struct kept *k))
{
    const struct window *w = k->window;
    for (uint32_t i = 0; w && i < w->list.len; i++) each(w->list.at[i]);
    for (uint32_t i = 0; w && i < w->waiting.len; i++) each(w->waiting.at[i]);
}

void window_answers(struct state *s, struct keyed *k, const struct kept *kept, int by)
{
    struct window *w = k->window;
    if (w && kept->eligible && kept->eligible->epoch == w->epoch && kept->eligible->state == ELIGIBLE)
        amounts_change(s, k->rule->plan, &w->list, kept, by);
}

void window_reach(const struct kept *k, const struct reach *r)
{
    struct eligible *e = k->eligible;
    if (e->start < r->start) e->start = r->start;
    if (e->begin < r->begin) e->begin = r->begin;
}

/* ---- what comes and goes ------------------------------------------------------------------------------ */

static void await(struct state *s, struct window *w, const struct kept *k)
{
    k->eligible->state = WAITS;
    *SLAB_PUSH(&s->slab, w->waiting) = k;
}

/* Events whose choices have left the window wait for others, or have left it themselves. */
static void expire_listed(struct state *s, struct keyed *k, struct window *w, int64_t from)
{
    struct gathered *l = &w->list;
    uint32_t n = 0;
    if (w->oldest >= from) return;
    s->slab.work += l->len;
    w->oldest = INT64_MAX;
    for (uint32_t i = 0; i < l->len; i++) {
        const struct kept *kept = l->at[i];
        const struct eligible *e = kept->eligible;
        if (e->start >= from) {
            l->at[n++] = kept;
            if (e->start < w->oldest) w->oldest = e->start;
            continue;
        }
        amounts_change(s, k->rule->plan, l, kept, -1);
        if (e->begin >= from)
            await(s, w, kept);
        else
            kept->eligible->state = OUT;
    }
    l->len = n;
}

static void meet_slot(struct state *s, const struct keyed *k, struct window *w, const struct slot *slot)
{
    for (uint32_t i = 0; i < slot->len; i++) {
        struct kept *kept = slot->at[i];
        if (!kept->active || kept->eligible->epoch == w->epoch) continue;
        if (!(k->rule->plan->where_steps >> kept->hit->step & 1)) continue;
        *kept->eligible = (struct eligible){.epoch = w->epoch, .start = INT64_MIN, .begin = INT64_MIN};
        await(s, w, kept);
    }
}

static void meet_slots(struct state *s, struct keyed *k, struct window *w, int64_t from, int64_t to)
{
    for (uint32_t i = k->history.len; i-- > 0 && k->history.at[i].second >= from;)
        if (k->history.at[i].second <= to) meet_slot(s, k, w, &k->history.at[i]);
    for (uint32_t i = k->tail.len; i-- > 0 && k->tail.at[i].second >= from;)
        if (k->tail.at[i].second <= to) meet_slot(s, k, w, &k->tail.at[i]);
}

/* The first second that has to be looked at again. */
static int64_t oldest_waiting(const struct window *w)
{
    int64_t oldest = INT64_MAX;
    for (uint32_t i = 0; i < w->waiting.len; i++)
        if (w->waiting.at[i]->hit->second < oldest) oldest = w->waiting.at[i]->hit->second;
    return oldest;
}

static void list_event(struct state *s, struct keyed *k, struct window *w, const struct kept *kept)
{
    if (w->list.len >= s->caps.gathered) {
        kept->eligible->state = OUT;
        keyed_lose(s, k, kept->hit->second, 1, "gathered");
        return;
    }
    kept->eligible->state = ELIGIBLE;
    if (kept->eligible->start < w->oldest) w->oldest = kept->eligible->start;
    *SLAB_PUSH(&s->slab, w->list) = kept;
    amounts_change(s, k->rule->plan, &w->list, kept, 1);
}

/* Puts what stands behind the first `sorted` into its place. */
static void order_list(struct state *s, struct gathered *l, uint32_t sorted)
{
    if (l->len - sorted > MERGED_MOST) {
        qsort(l->at, l->len, sizeof *l->at, gathered_order);
        return;
    }
    for (uint32_t i = sorted; i < l->len; i++) gathered_put(s, l, i, l->at[i]);
}

/* Of those that waited, some are eligible now, and some will never be. In the window's last second more may
 * come that reaches them. */
static void list_reached(struct state *s, struct keyed *k, struct window *w, int64_t from, int64_t to)
{
    uint32_t n = 0, sorted = w->list.len;
    s->slab.work += w->waiting.len;
    for (uint32_t i = 0; i < w->waiting.len; i++) {
        const struct kept *kept = w->waiting.at[i];
        const struct eligible *e = kept->eligible;
        if (e->start >= from)
            list_event(s, k, w, kept);
        else if (e->begin >= from || kept->hit->second == to)
            w->waiting.at[n++] = kept;
        else
            kept->eligible->state = OUT;
    }
    w->waiting.len = n;
    order_list(s, &w->list, sorted);
}

/* ---- moving it ---------------------------------------------------------------------------------------- */

/* To the completion at `to`. */
static void move(struct state *s, struct keyed *k, struct window *w, int64_t to, uint32_t n_joins)
{
    int64_t from = to - k->rule->plan->within, first = w->second;
    bool left_out = false; /* more assumptions than were tried */
    if (w->second > to || w->second < from || w->n_joins != n_joins) {
        start_anew(s, k, w);
        first = from;
    }
    w->n_joins = n_joins;
    expire_listed(s, k, w, from);
    meet_slots(s, k, w, first, to);
    if (oldest_waiting(w) < first || (k->rule->plan->assumed_joins && n_joins)) {
        for (uint32_t i = 0; i < k->rule->plan->n_required; i++) w->fronts[i].len = 0;
        first = from;
    }
    reach_window(s, k, first, to, n_joins, w->fronts, &left_out);
    if (left_out) keyed_doubt(k, to);
    list_reached(s, k, w, from, to);
    w->second = to;
}

/* The slot that remembers the answer for a second; NULL: it is committed already. */
static struct slot *slot_at(struct keyed *k, int64_t second)
{
    uint32_t lo = 0, hi = k->tail.len;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (k->tail.at[mid].second < second)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < k->tail.len && k->tail.at[lo].second == second ? &k->tail.at[lo] : NULL;
}

bool window_opens(void *world, struct group *g, uint32_t n_joins)
{
    struct state *s = world;
    struct keyed *k = s->folded;
    struct slot *slot = slot_at(k, g->opened);
    struct window *w = window_of(s, k);
    uint8_t said = slot ? slot->where : 0;
    if (!said) {
        if (k->rule->plan->where_steps) move(s, k, w, g->opened, n_joins);
        said = (uint8_t)(1 + judge_where(s, k, g, &w->list));
        if (slot) slot->where = said;
    }
    return said == 1 + TRI_TRUE;
}
