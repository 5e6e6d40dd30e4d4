/* extend.c - the walk over places, distinct representatives by flow, and their canonical choice.
 *
 * Canonical choice: places are served from the last in `match` back to the first, each with the smallest
 * identity that leaves representatives for all others. Places that stay incomplete are only counted: a later
 * second will give the event that they are compared by.
 */
#include "engine/state/extend.h"
#include "engine/state/differ.h"
#include "engine/state/inner.h"
#include "engine/state/offer.h"
#include "engine/state/suspect.h"
#include "engine/state/veto.h"

#define BIT(n) (UINT64_C(1) << (n))

/* ---- distinct representatives ------------------------------------------------------------------------- */

/* A flow from places to classes: how many events of each class a place takes. */
struct flow {
    const struct extension *x;
    uint16_t *at;                            /* [place * n_classes + class] */
    const uint32_t *used;                    /* [class] events that are given away already; NULL: none */
    uint64_t tried[SLOT_HITS_MOST / 64 + 1]; /* classes that this search has been in */
};

static uint32_t spare(const struct flow *f, uint32_t c)
{
    uint32_t n = f->x->classes->at[c].count - (f->used ? f->used[c] : 0) -
                 (f->x->alternative->measured ? f->x->reserved[c] : 0);
    for (uint32_t q = 0; q < f->x->alternative->n_places; q++) n -= f->at[q * f->x->classes->len + c];
    return n;
}

static size_t class_words(const struct extension *x)
{
    return x->classes->len / 64 + 1;
}

/* Finds one more event for place q, moving others to other classes where that helps. */
static bool augment(struct flow *f, uint32_t q)
{
    uint32_t n = f->x->classes->len;
    for (uint32_t c = 0; c < n; c++) {
        if (!(f->x->fits[c] >> q & 1) || f->tried[c / 64] >> (c % 64) & 1) continue;
        f->tried[c / 64] |= BIT(c % 64);
        bool freed = spare(f, c) > 0;
        for (uint32_t other = 0; !freed && other < f->x->alternative->n_places; other++) {
            if (other == q || !f->at[other * n + c] || !augment(f, other)) continue;
            f->at[other * n + c]--;
            freed = true;
        }
        if (!freed) continue;
        f->at[q * n + c]++;
        return true;
    }
    return false;
}

/* What has been given away is not what places that measure were offered. */
static bool leaves_offers(const struct extension *x, const uint32_t *used)
{
    for (uint32_t c = 0; c < x->classes->len && x->alternative->measured; c++)
        if (used[c] + x->reserved[c] > x->classes->at[c].count) return false;
    return true;
}

/* Whether every place can have the events that it needs, and no event is left that must be taken. */
static bool feasible(const struct extension *x, const uint16_t *need, const uint32_t *used)
{
    struct flow f; /* `tried` is cleared as far as it is read */
    f.x = x, f.at = x->flow, f.used = used;
    if (used && !leaves_offers(x, used)) return false;
    memset(f.at, 0, x->alternative->n_places * x->classes->len * sizeof *f.at);
    for (uint32_t q = 0; q < x->alternative->n_places; q++)
        for (uint32_t i = 0; i < need[q] && !(x->alternative->measured >> q & 1); i++) {
            memset(f.tried, 0, class_words(x) * sizeof *f.tried);
            if (!augment(&f, q)) return false;
        }
    return !x->n_must || veto_covers(x, need, used);
}

bool extension_is_feasible(const struct extension *x)
{
    return !x->classes->overlap || feasible(x, x->need, NULL);
}

bool extension_can_use(const struct extension *x, const uint16_t *taken, uint32_t q, uint32_t c)
{
    uint16_t need[PLACES_MOST];
    uint32_t used[SLOT_HITS_MOST];
    if (!taken[q] || !(x->fits[c] >> q & 1)) return false;
    if (x->alternative->measured >> q & 1) return offer_holds(x, q, c);
    if (!x->classes->overlap) return true;
    memcpy(need, taken, x->alternative->n_places * sizeof *need);
    memset(used, 0, x->classes->len * sizeof *used);
    need[q]--, used[c]++;
    return feasible(x, need, used);
}

/* ---- the canonical choice ----------------------------------------------------------------------------- */

static bool may_choose(const struct extension *x, uint32_t q, uint32_t c)
{
    return x->alternative->measured >> q & 1 ? offer_can_close(x, q, c) : x->fits[c] >> q & 1;
}

/* The class whose first unused event has the smallest identity among those that place q may have. */
static uint32_t best_class(const struct extension *x, uint32_t q, const uint32_t *head,
                           const uint64_t *refused)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t c = 0; c < x->classes->len; c++) {
        if (!may_choose(x, q, c) || head[c] == UINT32_MAX || refused[c / 64] >> (c % 64) & 1) continue;
        if (best == UINT32_MAX || head[c] < head[best])
            best = c; /* events are numbered in order of identity */
    }
    return best;
}

static void give(const struct extension *x, uint32_t q, uint32_t c, uint32_t *head)
{
    struct take *takes = run_takes(x->plan, x->scratch);
    takes[q].hit = class_hit(x->classes, head[c], x->alternative->places[q].step);
    head[c] = x->classes->events[head[c]].next;
}

static void choose_overlapping(const struct extension *x, uint64_t places, uint32_t *head)
{
    uint16_t need[PLACES_MOST];
    uint32_t used[SLOT_HITS_MOST];
    uint64_t refused[SLOT_HITS_MOST / 64 + 1];
    memcpy(need, x->need, x->alternative->n_places * sizeof *need);
    memset(used, 0, x->classes->len * sizeof *used);
    while (places) {
        uint32_t q = 63 - (uint32_t)__builtin_clzll(places), c;
        memset(refused, 0, class_words(x) * sizeof *refused);
        places &= ~BIT(q);
        if (x->alternative->measured >> q & 1) { /* its events are reserved */
            give(x, q, best_class(x, q, head, refused), head);
            continue;
        }
        need[q]--;
        while (used[c = best_class(x, q, head, refused)]++, !feasible(x, need, used)) {
            used[c]--;
            refused[c / 64] |= BIT(c % 64);
        }
        give(x, q, c, head);
    }
}

static void choose_hits(const struct extension *x, uint64_t places)
{
    uint32_t head[SLOT_HITS_MOST];
    uint64_t refused[SLOT_HITS_MOST / 64 + 1];
    memset(refused, 0, class_words(x) * sizeof *refused);
    for (uint32_t c = 0; c < x->classes->len; c++) head[c] = x->classes->at[c].first;
    if (x->classes->overlap) {
        choose_overlapping(x, places, head);
        return;
    }
    for (; places; places &= places - 1) {
        uint32_t q = (uint32_t)__builtin_ctzll(places);
        uint32_t c = best_class(x, q, head, refused);
        uint32_t first = head[c];
        give(x, q, c, head);
        head[c] = first; /* nothing else wants it: classes of other places are others */
    }
}

/* ---- the walk ----------------------------------------------------------------------------------------- */

/* The distance over each gap whose right side begins with place q now. */
static bool gaps_hold(const struct extension *x, uint32_t q, uint16_t before)
{
    const struct alternative *a = x->alternative;
    const struct take *takes = run_takes(x->plan, x->scratch);
    for (uint32_t i = 0; i < a->n_gaps; i++) {
        const struct ir_gap *g = &a->gaps[i];
        if (!(g->right >> q & 1) || a->started[before] & g->right) continue;
        int64_t distance = x->second - takes_last(takes, g->left);
        if (distance < g->least || distance > g->most) return false;
    }
    return true;
}

/* The values that it still has to be told apart by stay in scratch, for what else it can become. */
static void find(struct extension *x)
{
    struct hash128 kept[DIFFERS_MOST * 2 * DIFFER_MOST];
    size_t size = differs_size(x->plan);
    if (size) memcpy(kept, run_differs(x->plan, x->scratch), size);
    differs_forget(x->plan, x->alternative, x->scratch);
    x->found(x->world, x, x->scratch, x->need);
    if (size) memcpy(run_differs(x->plan, x->scratch), kept, size);
}

/* What must be taken is known. */
static void end_report(struct extension *x)
{
    const struct alternative *a = x->alternative;
    uint64_t places = 0;
    for (uint32_t q = 0; q < a->n_places; q++)
        if (x->need[q]) places |= BIT(q);
    if (!veto_begin(x)) return;
    if (!x->n_must || feasible(x, x->need, NULL)) {
        if (!x->without_hits) choose_hits(x, places & a->complete[x->scratch->progress]);
        find(x);
    }
    veto_done(x);
}

/* surely: it takes all that might end it. Else what it may leave out of that marks it. */
static void find_allowed(struct extension *x, bool surely)
{
    if (veto_allows(x, surely)) suspects_walk(x, end_report);
    x->n_must = 0;
}

/* Both the best choice of which it is certain that nothing forbids it, and the best of all. Which of the two
 * makes the witness is decided where they meet. */
static void find_unvetoed(struct extension *x)
{
    const struct kept *was = x->scratch->blinded, *doubt = x->without_hits || was ? NULL : veto_doubts(x);
    if (doubt && x->classes->overlap) find_allowed(x, true);
    if (doubt) x->scratch->blinded = doubt;
    find_allowed(x, false);
    x->scratch->blinded = was;
}

static void report(struct extension *x, uint16_t progress)
{
    const struct alternative *a = x->alternative;
    uint64_t places = 0, steps = 0, fulfilled = 0;
    for (uint32_t q = 0; q < a->n_places; q++)
        if (x->need[q]) places |= BIT(q), steps |= BIT(a->places[q].step);
    if (!places) {
        if (x->unchanged && !x->set_now && !x->promised) x->unchanged(x->world, x->from);
        return;
    }
    for (uint32_t j = 0; j < x->n_joins; j++)
        if (x->set_now >> j & 1 && !(x->plan->join_steps[j] & steps))
            return; /* nothing taken has this value */
    for (uint64_t left = places; left && !x->scratch->tied; left &= left - 1)
        fulfilled |= a->before[__builtin_ctzll(left)];
    if (a->automaton == 0 && fulfilled & places) x->scratch->tied = true;
    bool was_tied = x->from && x->from->tied;
    x->scratch->progress = progress;
    find_unvetoed(x);
    x->scratch->tied = was_tied;
}

/* Whether a place that has begun need only be tried with nothing or with all that there is: taking fewer is
 * then made superfluous by a run that began this place one event later and takes one more now
 * (docs/semantics.md 5). */
static bool takes_all_or_none(const struct extension *x, uint32_t q)
{
    return x->from && x->n_joins == 0 && !x->classes->overlap && !x->alternative->tries_all_counts &&
           x->alternative->started[x->from->progress] >> q & 1 && !(x->alternative->behind_gap >> q & 1);
}

bool extension_may_take(const struct extension *x, uint32_t q, uint16_t progress)
{
    const struct alternative *a = x->alternative;
    uint64_t done = x->from ? a->complete[x->from->progress] : 0;
    return x->available[q] && !(a->strict[q] & ~done) && gaps_hold(x, q, progress) &&
           inners_enter(x->plan, a, x->scratch, progress, q, x->second);
}

void extend_walk(struct extension *x, uint32_t q, uint16_t progress)
{
    const struct alternative *a = x->alternative;
    if (q == a->n_places) {
        x->classes->slab->work++;
        report(x, progress);
        return;
    }
    if (a->measured >> q & 1) {
        offer_walk(x, q, progress);
        return;
    }
    x->need[q] = 0;
    extend_walk(x, q + 1, progress);
    if (!extension_may_take(x, q, progress)) return;
    struct take *take = &run_takes(x->plan, x->scratch)[q], before = *take;
    *take = (struct take){.second = x->second};
    for (bool all = takes_all_or_none(x, q); x->need[q] < x->available[q];) {
        progress = a->next[(size_t)progress * a->n_places + q];
        x->need[q]++;
        if (progress == PROGRESS_NONE) break;
        bool is_most =
            x->need[q] == x->available[q] || a->next[(size_t)progress * a->n_places + q] == PROGRESS_NONE;
        if (all && !is_most) continue;
        if (x->classes->overlap && !feasible(x, x->need, NULL)) break;
        extend_walk(x, q + 1, progress);
        take->hit = NULL;
    }
    x->need[q] = 0;
    *take = before;
}

/* What one side has, the other has not. What is assumed must be true. */
static bool is_apart(const struct extension *x, uint32_t join, const struct hit *h)
{
    struct hash128 want = run_joins(x->scratch)[join], mine = h->joins[join];
    bool is_equal = join_is_set(mine) && hash128_equal(mine, want);
    if (x->plan->apart_step[join] == h->step) return joins_differ(mine, want);
    if (!(x->plan->join_steps[join] >> h->step & 1)) return true;
    if (x->assumed && hash128_equal(want, agreed_by_none)) return !join_is_set(mine);
    return is_equal || (!join_is_set(mine) && !x->assumed);
}

/* What is assumed of a step must be true of an event that lacks the value: a `!=` would let more pass. */
static bool lacks_assumed(const struct extension *x, uint32_t join, const struct hit *h)
{
    return x->assumed && !join_is_set(h->joins[join]) && x->plan->assumed_joins >> join & 1 &&
           x->plan->join_steps[join] >> h->step & 1 &&
           !hash128_equal(run_joins(x->scratch)[join], agreed_by_none);
}

/* Whether the event may be taken under the references in scratch. */
static bool agrees(const struct extension *x, const struct hit *h)
{
    const struct hash128 *want = run_joins(x->scratch);
    for (uint32_t j = 0; j < x->n_joins; j++) {
        if (x->alternative->unbound >> j & 1) continue;
        if (x->plan->apart >> j & 1) {
            if (!is_apart(x, j, h)) return false;
        } else if (join_is_set(h->joins[j]) && !hash128_equal(h->joins[j], want[j])) {
            return false;
        } else if (lacks_assumed(x, j, h)) {
            return false;
        }
    }
    return differs_allow(x, h);
}

/* What each class can fill under the references in scratch, and how many events each place could have. */
static bool look_around(struct extension *x)
{
    const struct alternative *a = x->alternative;
    bool any = false;
    x->classes->slab->work += x->classes->len;
    memset(x->available, 0, a->n_places * sizeof *x->available);
    for (uint32_t c = 0; c < x->classes->len; c++) {
        const struct slot_class *class = &x->classes->at[c];
        x->fits[c] = 0;
        for (uint32_t q = 0; q < a->n_places; q++) {
            uint32_t step = a->places[q].step;
            if (!(class->steps >> step & 1)) continue;
            if (x->n_joins && !agrees(x, class_hit(x->classes, class->first, step)->hit)) continue;
            x->fits[c] |= BIT(q);
            x->available[q] += class->count;
            any = true;
        }
    }
    return any;
}

void extend_look(struct extension *x)
{
    if (look_around(x))
        extend_walk(x, 0, x->from ? x->from->progress : 0);
    else if (x->unchanged && !x->set_now && !x->promised)
        x->unchanged(x->world, x->from);
}

/* Whether the hit is of a step that the alternative has a place for, and that takes part. */
static bool can_be_taken(const struct extension *x, uint32_t hit, uint32_t join)
{
    const struct kept *k = x->classes->hits[hit];
    return k->active && (x->alternative->steps & x->plan->join_steps[join]) >> k->hit->step & 1;
}

/* Of what it does not take it knows no value. */
static void assume(struct extension *x)
{
    struct hash128 *want = run_joins(x->scratch);
    memcpy(want, x->assumed, x->n_joins * sizeof *want);
    for (uint64_t left = x->plan->apart; left; left &= left - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(left);
        if (!(x->alternative->steps & x->plan->join_steps[j])) want[j] = (struct hash128){0, 0};
    }
}

static void walk_joins(struct extension *x, uint32_t join)
{
    struct hash128 *want = run_joins(x->scratch);
    while (join < x->n_joins && (join_is_set(want[join]) || x->alternative->unbound >> join & 1)) join++;
    if (join == x->n_joins) {
        differs_walk(x, 0);
        return;
    }
    walk_joins(x, join + 1);
    x->set_now |= BIT(join);
    for (uint32_t i = 0; i < x->classes->n_hits; i++) {
        struct hash128 value = x->classes->hits[i]->hit->joins[join];
        if (!join_is_set(value) || !can_be_taken(x, i, join)) continue;
        bool is_new = true;
        for (uint32_t k = 0; k < i && is_new; k++)
            is_new =
                !can_be_taken(x, k, join) || !hash128_equal(x->classes->hits[k]->hit->joins[join], value);
        if (!is_new) continue;
        want[join] = value;
        walk_joins(x, join + 1);
    }
    want[join] = (struct hash128){0, 0};
    x->set_now &= ~BIT(join);
}

void extend_run(struct extension *x, const struct run *from)
{
    if (!(x->classes->steps & x->alternative->steps)) return;
    x->from = from;
    if (from) {
        memcpy(x->scratch, from, x->plan->run_size);
    } else {
        memset(x->scratch, 0, x->plan->run_size);
        x->scratch->start = x->second;
        x->scratch->group = NO_GROUP;
        x->scratch->alternative = (uint16_t)x->alternative->number;
        if (x->assumed) assume(x);
    }
    x->set_now = 0;
    x->promised = 0;
    x->left = OFFERS_MOST;
    walk_joins(x, 0);
}
