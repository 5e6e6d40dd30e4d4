/* reach.c - of each class and place the latest start, over all forward runs that take it. */
#include "engine/state/reach.h"
#include "engine/state/assume.h"
#include "engine/state/window.h"

struct reaching {
    struct gathering g;
    struct reach *reached; /* [class][places_most] */
    uint32_t cap;
    struct runs *fronts; /* [n_required] */
};

static void begin(struct gathering *g)
{
    struct reaching *r = (struct reaching *)g;
    uint32_t n = g->work->classes.len * g->p->places_most;
    r->reached = slab_reserve(&g->s->slab, r->reached, sizeof *r->reached, &r->cap, n);
    for (uint32_t i = 0; i < n; i++) r->reached[i] = (struct reach){INT64_MIN, INT64_MIN};
}

static void note(struct gathering *g, const struct extension *x, const struct run *r, const uint16_t *taken)
{
    struct reaching *of = (struct reaching *)g;
    bool completes = passes_complete(g, r, 0, NULL);
    for (uint32_t q = 0; q < x->alternative->n_places; q++)
        for (uint32_t c = 0; taken[q] && c < x->classes->len; c++) {
            struct reach *to = &of->reached[c * g->p->places_most + q];
            if (r->start <= (completes ? to->start : to->begin) || !extension_can_use(x, taken, q, c))
                continue;
            const struct kept *with = completes ? passes_matters(g, x, q, c) : NULL;
            if (to->begin < r->start) to->begin = r->start;
            if (completes && (!with || passes_complete(g, r, q, with))) to->start = r->start;
        }
}

static void put(struct gathering *g)
{
    const struct reaching *of = (struct reaching *)g;
    const struct classes *cs = &g->work->classes;
    for (uint32_t c = 0; c < cs->len; c++)
        for (uint32_t q = 0; q < g->forward->n_places; q++) {
            uint32_t step = g->forward->places[q].step;
            const struct reach *r = &of->reached[c * g->p->places_most + q];
            if (r->begin == INT64_MIN || !(g->p->where_steps >> step & 1)) continue;
            for (uint32_t e = cs->at[c].first; e != UINT32_MAX; e = cs->events[e].next)
                window_reach(class_hit(cs, e, step), r);
        }
}

static const struct purpose reach_purpose = {begin, note, put};

/* Under an assumption nothing of the runs before is known: the passes begin with the window. */
static void reach_alternatives(struct gathering *g)
{
    struct reaching *r = (struct reaching *)g;
    for (uint32_t i = 0; i < g->p->n_required; i++) {
        g->forward = &g->p->alternatives[i], g->mirror = &g->p->mirrors[i];
        if (g->assumed) r->fronts[i].len = 0;
        g->front = r->fronts[i];
        passes_run(g);
        r->fronts[i] = g->front;
    }
    g->front = (struct runs){.at = NULL};
}

void reach_window(struct state *s, struct keyed *k, int64_t from, int64_t second, uint32_t n_joins,
                  struct runs *fronts, bool *capped)
{
    const struct rule_plan *p = k->rule->plan;
    struct group window = {.opened = second, .end = second};
    struct reaching r = {.g = {.purpose = &reach_purpose,
                               .s = s,
                               .work = &s->aside,
                               .p = p,
                               .group = &window,
                               .end = second,
                               .n_joins = n_joins},
                         .fronts = fronts};
    passes_add_slots(&r.g, k, from, second);
    if (!assume_each(&r.g, reach_alternatives)) *capped = true;
    passes_release(&r.g);
    slab_put(&s->slab, r.reached, r.cap * sizeof *r.reached);
}
