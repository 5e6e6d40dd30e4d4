/* look.c - how far a key has got, shown to whoever explains it. Nothing here changes anything. */
#include "engine/state/partition.h"

struct look {
    const struct keyed *keyed;
    void (*see)(void *world, const struct state_view *v);
    void *world;
};

/* A place that measures has more numbers of progress than it takes events. */
static uint16_t events_taken(const struct ir_place *place, uint16_t state)
{
    if (place->taking == IR_TAKE_SUM) return state > 1;
    return state < place->times ? state : place->times;
}

static void show(const struct look *l, uint32_t alternative, uint16_t progress, const struct take *takes,
                 int64_t start, const struct hash128 *joins)
{
    const struct rule_plan *p = l->keyed->rule->plan;
    const struct alternative *a = &p->alternatives[alternative];
    int64_t last[PLACES_MOST];
    uint16_t taken[PLACES_MOST];
    for (uint32_t q = 0; q < a->n_places; q++) {
        last[q] = takes[q].second;
        taken[q] = events_taken(&a->places[q], a->taken[(size_t)progress * a->n_places + q]);
    }
    struct state_view v = {.rule = p->number,
                           .key = l->keyed->key,
                           .automaton = a->automaton,
                           .places = a->places,
                           .n_places = a->n_places,
                           .before = a->before,
                           .last = last,
                           .start = start,
                           .joins = joins,
                           .taken = taken};
    l->see(l->world, &v);
}

static void show_group(const struct look *l, struct group *g)
{
    const struct rule_plan *p = l->keyed->rule->plan;
    show(l, g->alternative, p->alternatives[g->alternative].full, group_takes(g), g->start, NULL);
    for (uint32_t i = 0; i < p->n_items; i++) {
        const struct group_item *item = group_item(p, g, i);
        if (item->is_present)
            show(l, item->alternative, p->alternatives[item->alternative].full, group_item_takes(p, g, i),
                 g->start, NULL);
    }
}

void state_look(const struct state *s, struct hash128 key,
                void (*see)(void *world, const struct state_view *v), void *world)
{
    struct look l = {table_get(&s->keys, key), see, world};
    if (!l.keyed) return;
    const struct rule_plan *p = l.keyed->rule->plan;
    const struct fold *now = keyed_now_of(l.keyed);
    for (uint32_t i = 0; i < now->runs.len; i++) {
        const struct run *r = runs_at(p, &now->runs, i);
        show(&l, r->alternative, r->progress, run_takes_of(p, r), r->start, run_joins_of(r));
    }
    for (uint32_t i = 0; i < now->waiting.len; i++) {
        const struct run *r = runs_at(p, &now->waiting, i);
        show(&l, r->alternative, r->progress, run_takes_of(p, r), r->start, run_joins_of(r));
    }
    for (uint32_t i = 0; i < now->groups.len; i++) show_group(&l, groups_at(p, &now->groups, i));
}
