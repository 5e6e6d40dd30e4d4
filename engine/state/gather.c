/* gather.c - what is gathered: all anew, or what the newest second adds. */
#include "engine/state/gather.h"
#include "engine/state/keyed.h"
#include "engine/state/absence.h"
#include "engine/state/amount.h"
#include "engine/state/assume.h"
#include "engine/state/gathered.h"

#define BIT(n) (UINT64_C(1) << (n))

/* The look at a group's slots that fills its list. */
struct listing {
    struct gathering g;
    uint64_t *marked; /* [class] places */
    uint32_t cap;
    int64_t *begun; /* [class] the latest start of a run that reaches it */
    uint32_t cap_begun;
    struct gathered *list;
    bool only_missing; /* what is listed already is not wanted again */
    struct runs
        *fronts; /* [n_alternatives] where the passes begin, and then how far they came; NULL: with nothing */
    bool left_out; /* more assumptions than were tried: amounts are too low, and it is marked capped */
};

/* ---- which events of a slot --------------------------------------------------------------------------- */

static void begin(struct gathering *g)
{
    struct listing *l = (struct listing *)g;
    uint32_t n = g->work->classes.len;
    l->marked = slab_reserve(&g->s->slab, l->marked, sizeof *l->marked, &l->cap, n);
    memset(l->marked, 0, n * sizeof *l->marked);
    l->begun = slab_reserve(&g->s->slab, l->begun, sizeof *l->begun, &l->cap_begun, n);
    for (uint32_t c = 0; c < n; c++) l->begun[c] = INT64_MIN;
}

/* How well the run reaches events, whether it is completed or not. */
static void note_begun(struct listing *l, const struct extension *x, const struct run *r,
                       const uint16_t *taken)
{
    for (uint32_t c = 0; c < x->classes->len; c++)
        for (uint32_t q = 0; q < x->alternative->n_places && l->begun[c] < r->start; q++)
            if (taken[q] && extension_can_use(x, taken, q, c)) l->begun[c] = r->start;
}

static void mark(struct gathering *g, const struct extension *x, const struct run *r, const uint16_t *taken)
{
    uint64_t *marked = ((struct listing *)g)->marked;
    note_begun((struct listing *)g, x, r, taken);
    if (!passes_required_inside(g, x, r) || !passes_complete(g, r, 0, NULL)) return;
    for (uint32_t q = 0; q < x->alternative->n_places; q++) {
        if (!taken[q] || (x->alternative->automaton && x->alternative->required >> q & 1)) continue;
        for (uint32_t c = 0; c < x->classes->len; c++) {
            if (marked[c] >> q & 1 || !extension_can_use(x, taken, q, c)) continue;
            const struct kept *with = passes_matters(g, x, q, c);
            if (!with || passes_complete(g, r, q, with)) marked[c] |= BIT(q);
        }
    }
}

/* What one group's runs reach says nothing of another's. */
static void note_look(struct kept *k, int64_t group, int64_t begun)
{
    if (k->begun_for != group || k->begin < begun) k->begin = begun;
    k->begun_for = group;
}

static void put_begun(const struct listing *l, const struct classes *cs)
{
    for (uint32_t c = 0; c < cs->len; c++)
        for (uint32_t e = cs->at[c].first; e != UINT32_MAX; e = cs->events[e].next)
            for (uint32_t i = cs->events[e].from; i < cs->events[e].to; i++)
                note_look(cs->hits[i], l->g.group->opened, l->begun[c]);
}

/* Whether the group was looked at with it, and found no run that reaches it and may go on to that second. */
static bool is_out_of_reach(const struct rule_plan *p, const struct group *g, const struct kept *k,
                            int64_t second)
{
    return k->hit->second < second && k->begun_for == g->opened && k->begin < second - p->within;
}

static void put_marked(struct gathering *g)
{
    const struct listing *l = (struct listing *)g;
    const struct classes *cs = &g->work->classes;
    put_begun(l, cs);
    for (uint32_t c = 0; c < cs->len; c++)
        for (uint64_t places = l->marked[c]; places; places &= places - 1) {
            uint32_t step = g->forward->places[__builtin_ctzll(places)].step;
            if (!(g->p->exact >> step & 1)) continue;
            for (uint32_t e = cs->at[c].first; e != UINT32_MAX; e = cs->events[e].next) {
                const struct kept *k = class_hit(cs, e, step);
                if (!l->only_missing || k->marked) *SLAB_PUSH(&g->s->slab, *l->list) = k;
            }
        }
}

/* What is missing is marked while others are to be told from it. */
static void mark_missing(const struct gathered *l, uint32_t n, bool marked)
{
    for (uint32_t i = 0; i < n; i++) ((struct kept *)(uintptr_t)l->missing.at[i])->marked = marked;
}

static const struct purpose list_purpose = {begin, mark, put_marked};

/* ---- all anew ----------------------------------------------------------------------------------------- */

/* False: nobody asks for its events. */
static bool take_alternative(struct gathering *g, uint32_t number)
{
    g->forward = &g->p->alternatives[number];
    g->mirror = &g->p->mirrors[number];
    return g->p->exact & (g->forward->automaton ? g->forward->item_steps : g->forward->steps);
}

static void gather_alternatives(struct gathering *g)
{
    struct listing *l = (struct listing *)g;
    for (uint32_t i = 0; i < g->p->n_alternatives; i++) {
        if (!take_alternative(g, i)) continue;
        g->front.len = 0;
        if (l->fronts) g->front = l->fronts[i];
        passes_run(g);
        if (!l->fronts) continue;
        l->fronts[i] = g->front;
        g->front = (struct runs){.at = NULL};
    }
}

/* Passes that begin where others ended need runs that do not depend on what comes: neither on references that
 * are assumed, nor on the end of `for D`. */
static bool goes_on(const struct listing *l)
{
    return !l->g.p->wait && !(l->g.p->assumed_joins && l->g.n_joins);
}

/* Appends to the list what is gathered from the slots from that second on, beginning with the list's fronts.
 */
static void gather_slots(struct listing *l, const struct keyed *k, int64_t from)
{
    const struct rule_plan *p = l->g.p;
    int64_t to = l->g.group->end + p->linger;
    struct gathered *list = l->list;
    if (goes_on(l) && !list->fronts)
        list->fronts = slab_get(&l->g.s->slab, p->n_alternatives * sizeof *list->fronts);
    l->fronts = list->fronts;
    passes_add_slots(&l->g, k, from, p->delay && to > k->committed ? k->committed : to);
    l->left_out |= !assume_each(&l->g, gather_alternatives);
    if (!l->fronts || !l->g.n_slots) return;
    list->front = l->g.slots[l->g.n_slots - 1]->second;
    list->front_joins = l->g.n_joins;
}

static void release(struct listing *l)
{
    passes_release(&l->g);
    slab_put(&l->g.s->slab, l->marked, l->cap * sizeof *l->marked);
    slab_put(&l->g.s->slab, l->begun, l->cap_begun * sizeof *l->begun);
}

/* Choices that complete when others still wait (absence.h) are not settled either. */
static struct listing listing_of(struct state *s, const struct rule_plan *p, const struct group *group,
                                 struct gathered *list, const struct fold *now)
{
    int64_t waiting = waiting_first(p, now);
    return (struct listing){.g = {.purpose = &list_purpose,
                                  .s = s,
                                  .work = &s->work,
                                  .p = p,
                                  .group = group,
                                  .end = group->end < waiting ? group->end : waiting - 1,
                                  .n_joins = now->capped ? 0 : p->n_joins},
                            .list = list};
}

static void find_missing(struct state *s, const struct listing *of)
{
    const struct gathering *g = &of->g;
    struct gathered *l = of->list;
    l->missing.len = 0;
    for (uint32_t i = 0; i < g->n_slots; i++)
        for (uint32_t n = 0; n < g->slots[i]->len; n++) {
            const struct kept *k = g->slots[i]->at[n];
            if (k->active && g->p->exact >> k->hit->step & 1 && !gathered_holds(l, k))
                *SLAB_PUSH(&s->slab, l->missing) = k;
        }
}

/* What is final stays; the rest is found anew. */
static void refresh_list(struct state *s, struct keyed *k, struct group *group, const struct fold *now)
{
    struct gathered *l = gathered_of(s, k, group->opened);
    const struct rule_plan *p = k->rule->plan;
    struct listing of = listing_of(s, p, group, l, now);
    int64_t final = l->sure - p->within - p->wait;
    uint32_t kept = 0;
    amounts_drop(s, p, l);
    for (uint32_t i = 0; i < l->len; i++)
        if (l->at[i]->hit->second <= final) l->at[kept++] = l->at[i];
    l->len = kept;
    gathered_forget_fronts(s, p, l);
    gather_slots(&of, k, group->opened - p->within);
    for (uint32_t i = kept; i < l->len; i++) /* older ones are in the final part already */
        if (l->at[i]->hit->second > final) l->at[kept++] = l->at[i];
    l->len = kept;
    gathered_sort(l);
    gathered_cap(s, k, l);
    if (of.left_out) keyed_doubt(k, group->opened);
    find_missing(s, &of);
    release(&of);
}

void gather_refresh(struct state *s, struct keyed *k, struct fold *now)
{
    if (!k->rule->plan->exact) return;
    gathered_drop_others(s, k, now);
    for (uint32_t i = 0; i < now->groups.len; i++)
        refresh_list(s, k, groups_at(k->rule->plan, &now->groups, i), now);
}

/* ---- the newest second alone -------------------------------------------------------------------------- */

/* Takes out of `missing` what is listed now or can be in no choice that ends at `second` or later: it is too
 * old, or (once all were looked at) so are all runs that reach it, which only a hit of its second can change.
 * What goes without a look may be wanted by a late hit, and is looked at then. */
static void prune_missing(const struct listing *of, int64_t second, bool looked, int64_t *oldest)
{
    const struct gathering *g = &of->g;
    struct gathered *l = of->list;
    uint32_t n = 0;
    g->s->slab.work += l->missing.len;
    *oldest = INT64_MAX;
    for (uint32_t i = 0; i < l->missing.len; i++) {
        const struct kept *k = l->missing.at[i];
        if (gathered_holds(l, k) || (looked && is_out_of_reach(g->p, g->group, k, second))) continue;
        if (k->hit->second < second - g->p->within) {
            if (!looked) ((struct kept *)(uintptr_t)k)->begun_for = NO_GROUP;
            continue;
        }
        l->missing.at[n++] = k;
        if (k->hit->second < *oldest) *oldest = k->hit->second;
    }
    l->missing.len = n;
}

/* The fold before the newest second has the forward runs that the group's choices can have come from. */
static void front_from_fold(struct gathering *g, const struct fold *before)
{
    g->front.len = 0;
    for (uint32_t i = 0; i < before->runs.len; i++) {
        const struct run *r = runs_at(g->p, &before->runs, i);
        if (r->alternative == g->forward->number && (r->group == NO_GROUP || r->group == g->group->opened))
            memcpy(runs_push(&g->s->slab, g->p, &g->front), r, g->p->run_size);
    }
}

/* Only events of the newest second are missing: nothing can follow them yet. */
static void gather_last_slot(struct gathering *g, const struct keyed *k)
{
    struct runs nothing = {.at = NULL};
    const struct slot *last = &k->tail.at[k->tail.len - 1];
    g->slots = &last;
    for (uint32_t i = 0; i < g->p->n_alternatives; i++) {
        if (!take_alternative(g, i)) continue;
        passes_take_slot(g, 0);
        front_from_fold(g, k->tail.len > 1 ? &k->before : &k->base);
        passes_join(g, &nothing);
    }
    g->slots = NULL;
}

/* What was found behind the first `sorted` takes its place, and is missing no more. */
static void put_new(struct listing *of, struct keyed *k, uint32_t sorted, int64_t newest)
{
    struct state *s = of->g.s;
    const struct rule_plan *p = of->g.p;
    int64_t oldest;
    gathered_merge(s, p, of->list, sorted);
    if (of->list->len > s->caps.gathered) amounts_drop(s, p, of->list);
    gathered_cap(s, k, of->list);
    if (of->left_out) keyed_doubt(k, of->g.group->opened);
    prune_missing(of, newest, true, &oldest);
    release(of);
}

static void gather_missing(struct state *s, struct keyed *k, struct group *group, struct gathered *l,
                           const struct fold *now)
{
    const struct rule_plan *p = k->rule->plan;
    struct listing of = listing_of(s, p, group, l, now);
    int64_t second = k->tail.at[k->tail.len - 1].second, oldest;
    int64_t from =
        second - p->within > group->opened - p->within ? second - p->within : group->opened - p->within;
    uint32_t sorted = l->len;
    prune_missing(&of, second, false, &oldest);
    if (!l->missing.len || l->len >= s->caps.gathered) return;
    bool anew = !goes_on(&of) || l->front > oldest || l->front < from || l->front_joins != of.g.n_joins;
    if (anew && oldest != second) gathered_forget_fronts(s, p, l);
    of.only_missing = true;
    mark_missing(l, l->missing.len, true);
    if (oldest == second)
        gather_last_slot(&of.g, k);
    else
        gather_slots(&of, k, anew ? from : l->front);
    mark_missing(l, l->missing.len, false);
    put_new(&of, k, sorted, second);
}

/* The group's list, to be added to. NULL: it is made anew instead, or is full, when looking for what is
 * missing would cost more with every hit. */
static struct gathered *list_to_add_to(struct state *s, struct keyed *k, struct group *g,
                                       const struct fold *now)
{
    struct gathered *l = gathered_find(k, g->opened);
    if (!l) refresh_list(s, k, g, now);
    if (!l || l->len < s->caps.gathered) return l;
    keyed_lose(s, k, g->opened, 1, "gathered");
    l->missing.len = 0;
    return NULL;
}

void gather_newest(struct state *s, struct keyed *k, struct fold *now, const struct kept *hit)
{
    const struct rule_plan *p = k->rule->plan;
    if (!p->exact) return;
    if (p->rule->where != IR_NONE) gathered_drop_others(s, k, now); /* it may have ceased to hold */
    for (uint32_t i = 0; i < now->groups.len; i++) {
        struct group *g = groups_at(p, &now->groups, i);
        struct gathered *l = list_to_add_to(s, k, g, now);
        if (!l) continue;
        if (hit->active && p->exact >> hit->hit->step & 1 && hit->hit->second <= g->end + p->within)
            *SLAB_PUSH(&s->slab, l->missing) = hit;
        if (g->touched) gather_missing(s, k, g, l, now);
    }
}

/* ---- an earlier second -------------------------------------------------------------------------------- */

/* Whether a choice with the late hit may hold an event: it comes behind the hit, or a run reaches it that may
 * go on to the hit. What is missing already is marked. */
static bool is_missing_again(const struct rule_plan *p, const struct group *g, const struct gathered *l,
                             const struct kept *kept, int64_t late)
{
    if (!kept->active || !(p->exact >> kept->hit->step & 1) || kept->marked) return false;
    return !is_out_of_reach(p, g, kept, late) && !gathered_holds(l, kept);
}

static void miss_again(struct state *s, const struct keyed *k, const struct group *group, struct gathered *l,
                       const struct slots *slots, int64_t late)
{
    const struct rule_plan *p = k->rule->plan;
    int64_t from = (late < group->opened ? group->opened : late) - p->within, to = group->end + p->linger;
    for (uint32_t i = slots->len; i-- > 0 && slots->at[i].second >= from;)
        for (uint32_t n = 0; n < slots->at[i].len && slots->at[i].second <= to; n++) {
            s->slab.work++;
            if (is_missing_again(p, group, l, slots->at[i].at[n], late))
                *SLAB_PUSH(&s->slab, l->missing) = slots->at[i].at[n];
        }
}

/* Returns the oldest second that has to be looked at. */
static int64_t find_missing_again(struct state *s, struct keyed *k, const struct group *group,
                                  struct gathered *l, int64_t late)
{
    uint32_t had = l->missing.len;
    int64_t oldest = late;
    mark_missing(l, had, true);
    miss_again(s, k, group, l, &k->history, late);
    miss_again(s, k, group, l, &k->tail, late);
    mark_missing(l, had, false);
    for (uint32_t i = 0; i < l->missing.len; i++)
        if (l->missing.at[i]->hit->second < oldest) oldest = l->missing.at[i]->hit->second;
    return oldest;
}

/* The last fold over nothing but earlier seconds; NULL: all that is committed is later. */
static const struct fold *fold_before(const struct keyed *k, int64_t second, int64_t *until)
{
    for (uint32_t i = k->waypoints.len; i-- > 0;) {
        *until = k->waypoints.at[i].second;
        if (*until < second) return &k->waypoints.at[i].fold;
    }
    *until = k->committed;
    return k->committed < second ? &k->base : NULL;
}

/* The list's fronts become the runs of a fold that lie in the group's time. */
static void begin_with(struct listing *of, const struct fold *f)
{
    struct gathering *g = &of->g;
    struct gathered *l = of->list;
    gathered_forget_fronts(g->s, g->p, l);
    l->fronts = slab_get(&g->s->slab, g->p->n_alternatives * sizeof *l->fronts);
    for (uint32_t i = 0; i < g->p->n_alternatives; i++) {
        if (!take_alternative(g, i)) continue;
        front_from_fold(g, f);
        for (uint32_t n = 0; n < g->front.len; n++) {
            struct run *r = runs_at(g->p, &g->front, n);
            r->next = r->start < g->group->opened - g->p->within ? RUN_HOLE : 0;
        }
        runs_close_holes(g->p, &g->front);
        l->fronts[i] = g->front;
        g->front = (struct runs){.at = NULL};
    }
}

/* False: the list has to be made anew. */
static bool add_late(struct state *s, struct keyed *k, struct group *group, struct gathered *l,
                     const struct fold *now, const struct kept *hit)
{
    struct listing of = listing_of(s, k->rule->plan, group, l, now);
    int64_t until, oldest, newest = k->tail.at[k->tail.len - 1].second;
    if (!goes_on(&of)) return false;
    oldest = find_missing_again(s, k, group, l, hit->hit->second);
    const struct fold *f = fold_before(k, oldest, &until);
    if (!f || f->capped != now->capped) return false;
    uint32_t sorted = l->len;
    begin_with(&of, f);
    int64_t first = group->opened - k->rule->plan->within;
    of.only_missing = true;
    mark_missing(l, l->missing.len, true);
    gather_slots(&of, k, until < first ? first : until + 1);
    mark_missing(l, l->missing.len, false);
    put_new(&of, k, sorted, newest);
    return true;
}

void gather_late(struct state *s, struct keyed *k, struct fold *now, const struct kept *hit)
{
    const struct rule_plan *p = k->rule->plan;
    if (!p->exact || !hit->active) return;
    gathered_drop_others(s, k, now);
    for (uint32_t i = 0; i < now->groups.len; i++) {
        struct group *g = groups_at(p, &now->groups, i);
        struct gathered *l = list_to_add_to(s, k, g, now);
        bool concerns = hit->hit->second >= g->opened - p->within && hit->hit->second <= g->end + p->linger;
        if (l && concerns && !add_late(s, k, g, l, now, hit)) refresh_list(s, k, g, now);
    }
}

/* ---- the end ------------------------------------------------------------------------------------------ */

void gather_trim(struct state *s, struct keyed *k)
{
    const struct rule_plan *p = k->rule->plan;
    const struct fold *now = keyed_now_of(k);
    int64_t oldest = k->committed - (now->groups.len ? 2 : 1) * p->within - p->wait - p->delay;
    int64_t waiting = waiting_first(p, now); /* longer than `for D`, if its feeds are behind */
    uint32_t n = 0;
    if (oldest >= waiting - p->within) oldest = waiting - p->within - 1;
    for (uint32_t i = 0; i < k->gathered.len; i++) k->gathered.at[i].sure = k->committed;
    while (n < k->history.len && k->history.at[n].second <= oldest) {
        slab_put(&s->slab, k->history.at[n].at, k->history.at[n].cap * sizeof *k->history.at[n].at);
        n++;
    }
    if (n) memmove(k->history.at, k->history.at + n, (k->history.len -= n) * sizeof *k->history.at);
}
