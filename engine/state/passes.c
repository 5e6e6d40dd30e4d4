/* passes.c - one second of either pass, and joining a forward run with a backward one. */
#include "engine/state/passes.h"
#include "engine/state/bounded.h"
#include "engine/state/differ.h"
#include "engine/state/inner.h"
#include "engine/state/measure.h"
#include "engine/state/veto.h"

/* ---- one second of either pass ------------------------------------------------------------------------ */

/* In an item's automaton the required part must end inside the group. */
bool passes_required_inside(const struct gathering *g, const struct extension *x, const struct run *r)
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
    for (uint32_t i = g->n_slots + g->n_later; g->p->wait && i-- > 0 && g->slots[i]->second > second;)
        if (veto_breaks(g->p, r, x->alternative, before, g->slots[i], g->slots[i]->second - second,
                        g->n_joins))
            return true;
    return false;
}

static void found_step(void *world, const struct extension *x, struct run *r, const uint16_t *taken)
{
    struct gathering *g = world;
    (void)taken;
    if (r->progress == x->alternative->full || !passes_required_inside(g, x, r) || is_broken_later(g, x, r))
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
bool passes_complete(const struct gathering *g, const struct run *r, uint32_t q, const struct kept *with)
{
    if (r->progress == g->forward->full)
        return ends_in_time(g, r->start, g->second) &&
               (!with || measures_join(g->p, g->forward, r, g->mirror, NULL, q, with));
    for (uint32_t i = 0; i < g->rest->len; i++) {
        g->s->slab.work++;
        if (fits_rest(g, r, runs_at(g->p, g->rest, i), q, with)) return true;
    }
    return false;
}

/* The class's event in place q, if whether it can stand there depends on what else does. */
const struct kept *passes_matters(const struct gathering *g, const struct extension *x, uint32_t q,
                                  uint32_t c)
{
    uint32_t back = g->forward->n_places - 1 - q;
    bool bound = g->forward->behind_gap >> q & 1 || g->mirror->behind_gap >> back & 1;
    if (!bound || !(g->forward->measured >> q & 1)) return NULL;
    return class_hit(x->classes, x->classes->at[c].first, x->alternative->places[q].step);
}

static void found_join(void *world, const struct extension *x, struct run *r, const uint16_t *taken)
{
    struct gathering *g = world;
    if (!is_broken_later(g, x, r) &&
        bounded_allows(&g->s->work.around, g->p, x->alternative, x->from, r, g->second))
        g->purpose->found(g, x, r, taken);
}

void passes_join(struct gathering *g, const struct runs *rest)
{
    struct extension x = {.alternative = g->forward,
                          .second = g->second,
                          .n_joins = g->n_joins,
                          .assumed = g->assumed,
                          .without_hits = true,
                          .marks = true,
                          .found = found_join,
                          .world = g};
    if (!g->work->classes.len) return;
    g->rest = rest;
    g->purpose->begin(g);
    extend_from(g, &g->front, &x);
    g->purpose->end(g);
}

/* ---- passes ------------------------------------------------------------------------------------------- */

void passes_take_slot(struct gathering *g, uint32_t i)
{
    g->second = g->is_backward ? -g->slots[i]->second : g->slots[i]->second;
    classes_make(&g->work->classes, g->slots[i], g->n_joins);
}

static void pass_backward(struct gathering *g)
{
    g->is_backward = true;
    for (uint32_t i = g->n_slots; i-- > 1;) {
        passes_take_slot(g, i);
        pass_step(g, &g->behind[i], &g->behind[i - 1]);
    }
}

/* From what g->front holds on. It ends with the runs before the last slot. */
static void pass_forward(struct gathering *g)
{
    struct runs next = {.at = NULL};
    g->is_backward = false;
    for (uint32_t i = 0; i < g->n_slots; i++) {
        passes_take_slot(g, i);
        passes_join(g, &g->behind[i]);
        if (i + 1 == g->n_slots) break;
        pass_step(g, &g->front, &next);
        struct runs swap = g->front;
        g->front = next, next = swap;
    }
    runs_free(&g->s->slab, &next);
}

void passes_run(struct gathering *g)
{
    g->behind = slab_get(&g->s->slab, g->n_slots * sizeof *g->behind);
    pass_backward(g);
    pass_forward(g);
    for (uint32_t i = 0; i < g->n_slots; i++) runs_free(&g->s->slab, &g->behind[i]);
    slab_put(&g->s->slab, g->behind, g->n_slots * sizeof *g->behind);
}

static void add_slots(struct gathering *g, const struct slot *at, uint32_t len, int64_t from, int64_t to)
{
    for (uint32_t i = slots_from(at, len, from); i < len && at[i].second <= to + g->p->wait; i++) {
        uint32_t n = g->n_slots + g->n_later;
        g->slots = slab_reserve(&g->s->slab, g->slots, sizeof *g->slots, &g->cap_slots, n + 1);
        g->slots[n] = &at[i];
        ++*(at[i].second <= to ? &g->n_slots : &g->n_later);
    }
}

void passes_add_slots(struct gathering *g, const struct keyed *k, int64_t from, int64_t to)
{
    add_slots(g, k->history.at, k->history.len, from, to);
    add_slots(g, k->tail.at, k->tail.len, from, to);
}

void passes_release(struct gathering *g)
{
    runs_free(&g->s->slab, &g->front);
    slab_put(&g->s->slab, g->slots, g->cap_slots * sizeof *g->slots);
}
