/* gather.c - forward and backward over a group's slots.
 *
 * For one alternative: the backward pass keeps, for every slot, the runs of the mirror over all later slots.
 * The forward pass then takes slot by slot: each forward run, extended by the slot's events, is joined with a
 * backward run that has exactly the rest. Where that gives a choice, the events that can stand in it are
 * gathered.
 */
#include "engine/state/gather.h"
#include "engine/state/absence.h"
#include "engine/state/bounded.h"
#include "engine/state/differ.h"
#include "engine/state/amount.h"
#include "engine/state/inner.h"
#include "engine/state/measure.h"
#include "engine/state/window.h"
#include "engine/state/veto.h"

#include <stdlib.h>

#define BIT(n) (UINT64_C(1) << (n))

struct values {
    struct hash128 *at;
    uint32_t len, cap;
};

struct gathering {
    struct state *s;
    struct workbench *work;
    const struct rule_plan *p;
    const struct group *group;
    int64_t end;               /* of the group, or of what is settled of it */
    const struct slot **slots; /* of the group's time, in order */
    uint32_t n_slots, cap_slots;
    uint32_t n_joins;
    const struct alternative *forward, *mirror; /* the one at hand */
    struct runs *behind;                        /* [n_slots] backward runs over later slots */
    struct runs front;                          /* forward runs over earlier slots */
    struct runs *to;                            /* where found runs go */
    bool is_backward;
    int64_t second;          /* of the slot at hand; backward: negative */
    const struct runs *rest; /* backward runs to join with */
    uint64_t *marked;        /* [class] places */
    uint32_t cap_marked;
    struct reach *reached; /* [class][places_most], for windows */
    uint32_t cap_reached;
    struct gathered *list;
    bool for_window;         /* how events are reached is wanted, not a list */
    struct hash128 *assumed; /* [n_joins] references that all runs of these passes agree to; NULL: none */
    struct values *values;   /* [n_joins] that the slots' hits have, for references of vetoes */
    uint32_t passes;
};

/* ---- one second of either pass ------------------------------------------------------------------------ */

/* In an item's automaton the required part must end inside the group. */
static bool required_is_inside(const struct gathering *g, const struct extension *x, const struct run *r)
{
    const struct alternative *a = x->alternative;
    uint16_t before = x->from ? x->from->progress : 0;
    int64_t second = g->is_backward ? -g->second : g->second;
    bool was, is;
    if (!a->automaton) return true;
    if (g->is_backward) { /* its last event is the first that is met */
        was = a->started[before] & a->required;
        is = a->started[r->progress] & a->required;
    } else {
        was = !(a->required & ~a->complete[before]);
        is = !(a->required & ~a->complete[r->progress]);
    }
    return was || !is || (second >= g->group->opened && second <= g->end);
}

static struct frontier frontier_of(struct gathering *g)
{
    return (struct frontier){&g->s->slab,
                             g->p,
                             g->is_backward ? g->p->mirrors : g->p->alternatives,
                             g->to,
                             g->work->heads,
                             g->second,
                             0,
                             !g->work->classes.overlap,
                             false};
}

/* Whether `for D`, which begins in this second, is broken in a later one. */
static bool is_broken_later(const struct gathering *g, const struct extension *x, const struct run *r)
{
    int64_t second = g->is_backward ? -g->second : g->second;
    uint16_t before = x->from ? x->from->progress : 0;
    for (uint32_t i = g->n_slots; g->p->wait && i-- > 0 && g->slots[i]->second > second;)
        if (veto_breaks(g->p, r, x->alternative, before, g->slots[i], g->slots[i]->second - second,
                        g->n_joins))
            return true;
    return false;
}

static void found_step(void *world, const struct extension *x, struct run *r, const uint16_t *taken)
{
    struct gathering *g = world;
    (void)taken;
    if (r->progress == x->alternative->full || !required_is_inside(g, x, r) || is_broken_later(g, x, r))
        return;
    if (!bounded_allows(&g->s->work.around, g->p, x->alternative, x->from, r, g->second)) return;
    struct frontier f = frontier_of(g);
    frontier_add(&f, r);
}

static void unchanged_step(void *world, const struct run *r)
{
    struct gathering *g = world;
    struct frontier f = frontier_of(g);
    const struct alternative *a = g->is_backward ? g->mirror : g->forward;
    if (!veto_ends(g->p, r, a, &g->work->classes, g->n_joins, g->second)) frontier_add(&f, r);
}

static void extend_from(struct gathering *g, const struct runs *from, struct extension *x)
{
    workbench_prepare(g->work, g->p, x);
    extend_run(x, NULL);
    for (uint32_t i = 0; i < from->len; i++) {
        const struct run *r = runs_at(g->p, from, i);
        if (run_is_over(g->p, x->alternative, r, g->second)) continue;
        x->unchanged =
            !x->marks && run_is_measuring(x->alternative, r, x->classes->steps) ? unchanged_step : NULL;
        extend_run(x, r);
    }
}

/* `to` becomes `from` with the slot at hand, whose classes are made. */
static void pass_step(struct gathering *g, const struct runs *from, struct runs *to)
{
    struct extension x = {.alternative = g->is_backward ? g->mirror : g->forward,
                          .second = g->second,
                          .n_joins = g->n_joins,
                          .assumed = g->assumed,
                          .without_hits = true,
                          .found = found_step,
                          .world = g};
    struct frontier f;
    g->to = to;
    to->len = 0;
    workbench_clear_heads(g->work, g->p);
    f = frontier_of(g);
    for (uint32_t i = 0; i < from->len; i++) {
        const struct run *r = runs_at(g->p, from, i);
        if (!run_is_over(g->p, x.alternative, r, g->second) &&
            !run_is_measuring(x.alternative, r, g->work->classes.steps) &&
            !veto_ends(g->p, r, x.alternative, &g->work->classes, g->n_joins, g->second))
            frontier_add(&f, r);
    }
    extend_from(g, from, &x);
    runs_close_holes(g->p, to);
}

/* ---- joining ------------------------------------------------------------------------------------------ */

static bool joins_agree(const struct gathering *g, const struct run *a, const struct run *b)
{
    for (uint32_t j = 0; j < g->n_joins; j++) {
        struct hash128 x = run_joins_of(a)[j], y = run_joins_of(b)[j];
        if (join_is_set(x) && join_is_set(y) && !hash128_equal(x, y)) return false;
    }
    return true;
}

/* Gaps that lie between the forward run and the backward one. Mirrored gaps have the same numbers. */
static bool gaps_agree(const struct gathering *g, const struct run *f, const struct run *b)
{
    const struct alternative *a = g->forward;
    for (uint32_t i = 0; i < a->n_gaps; i++) {
        const struct ir_gap *gap = &a->gaps[i];
        if ((a->complete[f->progress] & gap->left) != gap->left || a->started[f->progress] & gap->right)
            continue;
        int64_t begins = -takes_last(run_takes_of(g->p, b), g->mirror->gaps[i].left);
        int64_t distance = begins - takes_last(run_takes_of(g->p, f), gap->left);
        if (distance < gap->least || distance > gap->most) return false;
    }
    return true;
}

static bool ends_in_time(const struct gathering *g, int64_t start, int64_t end)
{
    return end - start <= g->p->within && (g->forward->automaton || end <= g->end);
}

/* with: an event that place q must take, where it matters; else NULL. */
static bool fits_rest(const struct gathering *g, const struct run *r, const struct run *b, uint32_t q,
                      const struct kept *with)
{
    bool has_rest = g->forward->measured ? measures_join(g->p, g->forward, r, g->mirror, b, q, with)
                                         : b->progress == g->mirror->rest[r->progress];
    return has_rest && ends_in_time(g, r->start, -b->start) && joins_agree(g, r, b) &&
           differs_join(g->p, r, b) && gaps_agree(g, r, b) && inners_join(g->p, g->forward, r, b) &&
           bounded_joins(&g->s->work.around, g->p, g->forward, r, b);
}

/* Whether the forward run r, with the events of the slot at hand, can be completed by later slots. */
static bool can_be_completed(const struct gathering *g, const struct run *r, uint32_t q,
                             const struct kept *with)
{
    if (r->progress == g->forward->full)
        return ends_in_time(g, r->start, g->second) &&
               (!with || measures_join(g->p, g->forward, r, g->mirror, NULL, q, with));
    for (uint32_t i = 0; i < g->rest->len; i++)
        if (fits_rest(g, r, runs_at(g->p, g->rest, i), q, with)) return true;
    return false;
}

/* The class's event in place q, if whether it can stand there depends on what else does. */
static const struct kept *matters(const struct gathering *g, const struct extension *x, uint32_t q,
                                  uint32_t c)
{
    uint32_t back = g->forward->n_places - 1 - q;
    bool bound = g->forward->behind_gap >> q & 1 || g->mirror->behind_gap >> back & 1;
    if (!bound || !(g->forward->measured >> q & 1)) return NULL;
    return class_hit(x->classes, x->classes->at[c].first, x->alternative->places[q].step);
}

/* How well the run reaches the events that can stand in it. */
static void note_reach(struct gathering *g, const struct extension *x, const struct run *r,
                       const uint16_t *taken)
{
    bool completes = can_be_completed(g, r, 0, NULL);
    for (uint32_t q = 0; q < x->alternative->n_places; q++)
        for (uint32_t c = 0; taken[q] && c < x->classes->len; c++) {
            struct reach *to = &g->reached[c * g->p->places_most + q];
            if (r->start <= (completes ? to->start : to->begin) || !extension_can_use(x, taken, q, c))
                continue;
            const struct kept *with = completes ? matters(g, x, q, c) : NULL;
            if (to->begin < r->start) to->begin = r->start;
            if (completes && (!with || can_be_completed(g, r, q, with))) to->start = r->start;
        }
}

static void found_join(void *world, const struct extension *x, struct run *r, const uint16_t *taken)
{
    struct gathering *g = world;
    if (is_broken_later(g, x, r)) return;
    if (!bounded_allows(&g->s->work.around, g->p, x->alternative, x->from, r, g->second)) return;
    if (g->for_window) {
        note_reach(g, x, r, taken);
        return;
    }
    if (!required_is_inside(g, x, r) || !can_be_completed(g, r, 0, NULL)) return;
    for (uint32_t q = 0; q < x->alternative->n_places; q++) {
        if (!taken[q] || (x->alternative->automaton && x->alternative->required >> q & 1)) continue;
        for (uint32_t c = 0; c < x->classes->len; c++) {
            if (g->marked[c] >> q & 1 || !extension_can_use(x, taken, q, c)) continue;
            const struct kept *with = matters(g, x, q, c);
            if (!with || can_be_completed(g, r, q, with)) g->marked[c] |= BIT(q);
        }
    }
}

static void put_reached(const struct gathering *g)
{
    const struct classes *cs = &g->work->classes;
    for (uint32_t c = 0; c < cs->len; c++)
        for (uint32_t q = 0; q < g->forward->n_places; q++) {
            uint32_t step = g->forward->places[q].step;
            const struct reach *r = &g->reached[c * g->p->places_most + q];
            if (r->begin == INT64_MIN || !(g->p->where_steps >> step & 1)) continue;
            for (uint32_t e = cs->at[c].first; e != UINT32_MAX; e = cs->events[e].next)
                window_reach(class_hit(cs, e, step), r);
        }
}

static void put_marked(struct gathering *g)
{
    const struct classes *cs = &g->work->classes;
    for (uint32_t c = 0; c < cs->len; c++)
        for (uint64_t places = g->marked[c]; places; places &= places - 1) {
            uint32_t step = g->forward->places[__builtin_ctzll(places)].step;
            if (!(g->p->exact >> step & 1)) continue;
            for (uint32_t e = cs->at[c].first; e != UINT32_MAX; e = cs->events[e].next)
                *SLAB_PUSH(&g->s->slab, *g->list) = class_hit(cs, e, step);
        }
}

static void join_slot(struct gathering *g, uint32_t i)
{
    struct extension x = {.alternative = g->forward,
                          .second = g->second,
                          .n_joins = g->n_joins,
                          .assumed = g->assumed,
                          .without_hits = true,
                          .marks = true,
                          .found = found_join,
                          .world = g};
    uint32_t classes = g->work->classes.len, reaches = g->for_window ? classes * g->p->places_most : 0;
    while (g->cap_marked < classes)
        g->marked = slab_grow(&g->s->slab, g->marked, sizeof *g->marked, &g->cap_marked);
    while (g->cap_reached < reaches)
        g->reached = slab_grow(&g->s->slab, g->reached, sizeof *g->reached, &g->cap_reached);
    if (!classes) return;
    memset(g->marked, 0, classes * sizeof *g->marked);
    for (uint32_t n = 0; n < reaches; n++) g->reached[n] = (struct reach){INT64_MIN, INT64_MIN};
    g->rest = &g->behind[i];
    extend_from(g, &g->front, &x);
    if (g->for_window)
        put_reached(g);
    else
        put_marked(g);
}

/* ---- passes ------------------------------------------------------------------------------------------- */

static void take_slot(struct gathering *g, uint32_t i)
{
    g->second = g->is_backward ? -g->slots[i]->second : g->slots[i]->second;
    classes_make(&g->work->classes, g->slots[i], g->n_joins);
}

static void pass_backward(struct gathering *g)
{
    g->is_backward = true;
    for (uint32_t i = g->n_slots; i-- > 1;) {
        take_slot(g, i);
        pass_step(g, &g->behind[i], &g->behind[i - 1]);
    }
}

/* From what g->front holds on. It ends with the runs before the last slot. */
static void pass_forward(struct gathering *g)
{
    struct runs next = {.at = NULL};
    g->is_backward = false;
    for (uint32_t i = 0; i < g->n_slots; i++) {
        take_slot(g, i);
        join_slot(g, i);
        if (i + 1 == g->n_slots) break;
        pass_step(g, &g->front, &next);
        struct runs swap = g->front;
        g->front = next, next = swap;
    }
    runs_free(&g->s->slab, &next);
}

static void both_passes(struct gathering *g)
{
    g->behind = slab_get(&g->s->slab, g->n_slots * sizeof *g->behind);
    pass_backward(g);
    pass_forward(g);
    for (uint32_t i = 0; i < g->n_slots; i++) runs_free(&g->s->slab, &g->behind[i]);
    slab_put(&g->s->slab, g->behind, g->n_slots * sizeof *g->behind);
}

static void gather_alternative(struct gathering *g, uint32_t number)
{
    g->forward = &g->p->alternatives[number];
    g->mirror = &g->p->mirrors[number];
    if (!(g->p->exact & (g->forward->automaton ? g->forward->item_steps : g->forward->steps))) return;
    g->front.len = 0;
    both_passes(g);
}

/* ---- lists -------------------------------------------------------------------------------------------- */

int gathered_order(const void *a, const void *b)
{
    const struct kept *x = *(const struct kept *const *)a, *y = *(const struct kept *const *)b;
    if (x->hit->step != y->hit->step) return x->hit->step < y->hit->step ? -1 : 1;
    if (x->hit->second != y->hit->second) return x->hit->second < y->hit->second ? -1 : 1;
    return kept_order(x, y);
}

static bool is_listed(const struct gathered *l, uint32_t len, const struct kept *k)
{
    return len && bsearch(&k, l->at, len, sizeof *l->at, gathered_order) != NULL;
}

/* In order, each event once. */
static void sort_list(struct gathered *l)
{
    uint32_t len = 0;
    if (l->len) qsort(l->at, l->len, sizeof *l->at, gathered_order);
    for (uint32_t i = 0; i < l->len; i++)
        if (!len || gathered_order(&l->at[len - 1], &l->at[i])) l->at[len++] = l->at[i];
    l->len = len;
}

static void cap_list(struct gathered *l, struct group *g)
{
    if (l->len <= GATHERED_MOST) return;
    l->len = GATHERED_MOST;
    g->capped = true;
}

struct gathered *gathered_find(const struct keyed *k, int64_t opened)
{
    for (uint32_t i = 0; i < k->gathered.len; i++)
        if (k->gathered.at[i].opened == opened) return &k->gathered.at[i];
    return NULL;
}

static struct gathered *list_of(struct state *s, struct keyed *k, int64_t opened)
{
    struct gathered *l = gathered_find(k, opened);
    if (l) return l;
    l = SLAB_PUSH(&s->slab, k->gathered);
    *l = (struct gathered){.opened = opened, .sure = INT64_MIN / 4};
    return l;
}

static void free_list(struct state *s, const struct rule_plan *p, struct gathered *l)
{
    amounts_drop(s, p, l);
    SLAB_FREE(&s->slab, *l);
    SLAB_FREE(&s->slab, l->missing);
}

void gathered_drop(struct state *s, struct keyed *k, int64_t opened)
{
    struct gathered *l = gathered_find(k, opened);
    if (!l) return;
    free_list(s, k->rule->plan, l);
    *l = k->gathered.at[--k->gathered.len];
}

/* Lists of groups that are there no more. */
static void drop_lists(struct state *s, struct keyed *k, const struct fold *now)
{
    for (uint32_t i = k->gathered.len; i-- > 0;) {
        int64_t opened = k->gathered.at[i].opened;
        const struct group *g = groups_find(k->rule->plan, &now->groups, opened);
        if (!g || g->opened != opened) gathered_drop(s, k, opened);
    }
}

/* ---- all anew ----------------------------------------------------------------------------------------- */

static void put_slots(struct gathering *g, const struct slot *at, uint32_t len, int64_t from, int64_t to)
{
    for (uint32_t i = 0; i < len; i++) {
        if (at[i].second < from || at[i].second > to) continue;
        if (g->n_slots == g->cap_slots)
            g->slots = slab_grow(&g->s->slab, g->slots, sizeof *g->slots, &g->cap_slots);
        g->slots[g->n_slots++] = &at[i];
    }
}

/* ---- vetoes with references ---- */

#define PASSES_MOST 1024 /* of one list; beyond, its amounts are too low and it is marked capped */
static const struct hash128 agreed_by_none = {0, 1};

/* A backward run does not know yet what the events before it will agree to, and a forbidden event is judged
 * by that. So the references that vetoes ask for are assumed, one value after the other, and that nothing has
 * one: whatever fits at all fits under the assumption that is true of it, and an assumption that is not true
 * only forbids more. */
static void gather_assuming(struct gathering *g, uint32_t join)
{
    while (join < g->n_joins && !(g->p->veto_joins >> join & 1)) join++;
    if (join == g->n_joins) {
        for (uint32_t i = 0; g->passes < PASSES_MOST && i < g->p->n_alternatives; i++)
            gather_alternative(g, i);
        g->passes++;
        return;
    }
    g->assumed[join] = agreed_by_none;
    gather_assuming(g, join + 1);
    for (uint32_t i = 0; i < g->values[join].len; i++) {
        g->assumed[join] = g->values[join].at[i];
        gather_assuming(g, join + 1);
    }
    g->assumed[join] = (struct hash128){0, 0};
}

static void find_values(struct gathering *g, uint32_t join)
{
    struct values *v = &g->values[join];
    uint64_t placed = 0;
    for (uint32_t i = 0; i < g->p->n_alternatives; i++) placed |= g->p->alternatives[i].steps;
    for (uint32_t i = 0; i < g->n_slots; i++)
        for (uint32_t n = 0; n < g->slots[i]->len; n++) {
            const struct hit *h = g->slots[i]->at[n]->hit;
            uint32_t known = 0;
            if (!(placed >> h->step & 1) || !join_is_set(h->joins[join])) continue;
            while (known < v->len && !hash128_equal(v->at[known], h->joins[join])) known++;
            if (known == v->len) *SLAB_PUSH(&g->s->slab, *v) = h->joins[join];
        }
}

static void gather_by_reference(struct gathering *g)
{
    size_t assumed = g->n_joins * sizeof *g->assumed, values = g->n_joins * sizeof *g->values;
    g->assumed = slab_get(&g->s->slab, assumed);
    g->values = slab_get(&g->s->slab, values);
    for (uint32_t j = 0; j < g->n_joins; j++)
        if (g->p->veto_joins >> j & 1) find_values(g, j);
    gather_assuming(g, 0);
    for (uint32_t j = 0; j < g->n_joins; j++) SLAB_FREE(&g->s->slab, g->values[j]);
    slab_put(&g->s->slab, g->values, values);
    slab_put(&g->s->slab, g->assumed, assumed);
    g->assumed = NULL, g->values = NULL;
}

static void gather_all(struct gathering *g)
{
    if (g->p->veto_joins && g->n_joins)
        gather_by_reference(g);
    else
        for (uint32_t i = 0; i < g->p->n_alternatives; i++) gather_alternative(g, i);
}

/* Appends to the list what is gathered from the slots from that second on. */
static void gather_slots(struct gathering *g, const struct keyed *k, int64_t from)
{
    int64_t to = g->group->end + g->p->linger;
    put_slots(g, k->history.at, k->history.len, from, to);
    if (!g->p->delay) put_slots(g, k->tail.at, k->tail.len, from, to);
    gather_all(g);
}

static void release(struct gathering *g)
{
    runs_free(&g->s->slab, &g->front);
    slab_put(&g->s->slab, g->slots, g->cap_slots * sizeof *g->slots);
    slab_put(&g->s->slab, g->marked, g->cap_marked * sizeof *g->marked);
    slab_put(&g->s->slab, g->reached, g->cap_reached * sizeof *g->reached);
}

/* Choices that complete when others still wait (absence.h) are not settled either. */
static struct gathering gathering_of(struct state *s, const struct rule_plan *p, const struct group *group,
                                     struct gathered *list, const struct fold *now)
{
    int64_t waiting = waiting_first(p, now);
    return (struct gathering){.s = s,
                              .work = &s->work,
                              .p = p,
                              .group = group,
                              .end = group->end < waiting ? group->end : waiting - 1,
                              .list = list,
                              .n_joins = now->capped ? 0 : p->n_joins};
}

static void find_missing(struct state *s, const struct gathering *g)
{
    struct gathered *l = g->list;
    l->missing.len = 0;
    for (uint32_t i = 0; i < g->n_slots; i++)
        for (uint32_t n = 0; n < g->slots[i]->len; n++) {
            const struct kept *k = g->slots[i]->at[n];
            if (k->active && g->p->exact >> k->hit->step & 1 && !is_listed(l, l->len, k))
                *SLAB_PUSH(&s->slab, l->missing) = k;
        }
}

/* What is final stays; the rest is found anew. */
static void refresh_list(struct state *s, struct keyed *k, struct group *group, const struct fold *now)
{
    struct gathered *l = list_of(s, k, group->opened);
    const struct rule_plan *p = k->rule->plan;
    struct gathering g = gathering_of(s, p, group, l, now);
    int64_t final = l->sure - p->within - p->wait;
    uint32_t kept = 0;
    amounts_drop(s, p, l);
    for (uint32_t i = 0; i < l->len; i++)
        if (l->at[i]->hit->second <= final) l->at[kept++] = l->at[i];
    l->len = kept;
    gather_slots(&g, k, group->opened - p->within);
    for (uint32_t i = kept; i < l->len; i++) /* older ones are in the final part already */
        if (l->at[i]->hit->second > final) l->at[kept++] = l->at[i];
    l->len = kept;
    sort_list(l);
    cap_list(l, group);
    group->capped |= g.passes > PASSES_MOST;
    find_missing(s, &g);
    release(&g);
}

void gather_refresh(struct state *s, struct keyed *k, struct fold *now)
{
    if (!k->rule->plan->exact) return;
    drop_lists(s, k, now);
    for (uint32_t i = 0; i < now->groups.len; i++)
        refresh_list(s, k, groups_at(k->rule->plan, &now->groups, i), now);
}

/* ---- the newest second alone -------------------------------------------------------------------------- */

/* Takes out of `missing` what is listed now or can be in no choice that ends at `second` or later. */
static void prune_missing(struct gathered *l, int64_t second, int64_t within, int64_t *oldest)
{
    uint32_t n = 0;
    *oldest = INT64_MAX;
    for (uint32_t i = 0; i < l->missing.len; i++) {
        const struct kept *k = l->missing.at[i];
        if (k->hit->second < second - within || is_listed(l, l->len, k)) continue;
        l->missing.at[n++] = k;
        if (k->hit->second < *oldest) *oldest = k->hit->second;
    }
    l->missing.len = n;
}

/* Puts what was appended behind the first `sorted` into its place. */
static void merge_new(struct state *s, const struct rule_plan *p, struct gathered *l, uint32_t sorted)
{
    uint32_t end = l->len;
    l->len = sorted;
    for (uint32_t i = sorted; i < end; i++) {
        const struct kept *k = l->at[i];
        uint32_t at = l->len;
        if (is_listed(l, l->len, k)) continue;
        for (; at && gathered_order(&l->at[at - 1], &k) > 0; at--) l->at[at] = l->at[at - 1];
        l->at[at] = k;
        l->len++;
        amounts_change(s, p, l, k, 1);
    }
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
    g->behind = &nothing;
    for (uint32_t i = 0; i < g->p->n_alternatives; i++) {
        g->forward = &g->p->alternatives[i], g->mirror = &g->p->mirrors[i];
        if (!(g->p->exact & (g->forward->automaton ? g->forward->item_steps : g->forward->steps))) continue;
        take_slot(g, 0);
        front_from_fold(g, k->tail.len > 1 ? &k->before : &k->base);
        join_slot(g, 0);
    }
    g->slots = NULL;
}

static void gather_missing(struct state *s, struct keyed *k, struct group *group, struct gathered *l,
                           const struct fold *now)
{
    const struct rule_plan *p = k->rule->plan;
    struct gathering g = gathering_of(s, p, group, l, now);
    int64_t second = k->tail.at[k->tail.len - 1].second, oldest;
    int64_t from =
        second - p->within > group->opened - p->within ? second - p->within : group->opened - p->within;
    uint32_t sorted = l->len;
    prune_missing(l, second, p->within, &oldest);
    if (!l->missing.len || l->len >= GATHERED_MOST) return;
    if (oldest == second)
        gather_last_slot(&g, k);
    else
        gather_slots(&g, k, from);
    merge_new(s, p, l, sorted);
    if (l->len > GATHERED_MOST) amounts_drop(s, p, l);
    cap_list(l, group);
    group->capped |= g.passes > PASSES_MOST;
    prune_missing(l, second, p->within, &oldest);
    release(&g);
}

void gather_newest(struct state *s, struct keyed *k, struct fold *now, const struct kept *hit)
{
    const struct rule_plan *p = k->rule->plan;
    if (!p->exact) return;
    if (p->rule->where != IR_NONE) drop_lists(s, k, now); /* it may have ceased to hold */
    for (uint32_t i = 0; i < now->groups.len; i++) {
        struct group *g = groups_at(p, &now->groups, i);
        struct gathered *l = gathered_find(k, g->opened);
        if (!l) {
            refresh_list(s, k, g, now);
            continue;
        }
        if (l->len >= GATHERED_MOST) { /* full: looking for what is missing would cost more with every hit */
            g->capped = true;
            l->missing.len = 0;
            continue;
        }
        if (hit->active && p->exact >> hit->hit->step & 1 && hit->hit->second <= g->end + p->within)
            *SLAB_PUSH(&s->slab, l->missing) = hit;
        if (g->touched) gather_missing(s, k, g, l, now);
    }
}

/* ---- a window that ends with a completion ---------------------------------------------------------------
 */

void gather_reaches(struct state *s, struct keyed *k, int64_t from, int64_t second, uint32_t n_joins,
                    struct runs *fronts)
{
    const struct rule_plan *p = k->rule->plan;
    struct group window = {.opened = second, .end = second};
    struct gathering g = {.s = s,
                          .work = &s->aside,
                          .p = p,
                          .group = &window,
                          .end = second,
                          .n_joins = n_joins,
                          .for_window = true};
    put_slots(&g, k->history.at, k->history.len, from, second);
    put_slots(&g, k->tail.at, k->tail.len, from, second);
    for (uint32_t i = 0; i < p->n_required; i++) {
        g.forward = &p->alternatives[i], g.mirror = &p->mirrors[i];
        g.front = fronts[i];
        both_passes(&g);
        fronts[i] = g.front;
    }
    g.front = (struct runs){.at = NULL};
    release(&g);
}

/* ---- answers ------------------------------------------------------------------------------------------ */

void gathered_answers(struct state *s, struct keyed *k, const struct kept *kept, int by)
{
    for (uint32_t i = 0; i < k->gathered.len; i++)
        if (k->gathered.at[i].amounts && is_listed(&k->gathered.at[i], k->gathered.at[i].len, kept))
            amounts_change(s, k->rule->plan, &k->gathered.at[i], kept, by);
}

void gathered_forget_amounts(struct state *s, struct keyed *k)
{
    for (uint32_t i = 0; i < k->gathered.len; i++) amounts_drop(s, k->rule->plan, &k->gathered.at[i]);
}

/* ---- the end ------------------------------------------------------------------------------------------ */

void gather_trim(struct state *s, struct keyed *k)
{
    const struct rule_plan *p = k->rule->plan;
    const struct fold *now = keyed_now_of(k);
    int64_t oldest = k->committed - (now->groups.len ? 2 : 1) * p->within - p->wait - p->delay;
    uint32_t n = 0;
    for (uint32_t i = 0; i < k->gathered.len; i++) k->gathered.at[i].sure = k->committed;
    while (n < k->history.len && k->history.at[n].second <= oldest) {
        slab_put(&s->slab, k->history.at[n].at, k->history.at[n].cap * sizeof *k->history.at[n].at);
        n++;
    }
    if (n) memmove(k->history.at, k->history.at + n, (k->history.len -= n) * sizeof *k->history.at);
}

void gathered_free(struct state *s, struct keyed *k)
{
    for (uint32_t i = 0; i < k->gathered.len; i++) free_list(s, k->rule->plan, &k->gathered.at[i]);
    SLAB_FREE(&s->slab, k->gathered);
}
