/* look.c - how far choices get, shown to whoever explains it. Nothing here changes what is so.
 *
 * A run is shown when it is made in a second that is folded for good, before anybody asks whether another
 * makes it superfluous. So what is shown is a function of the set of records, like all that is committed.
 */
#include "engine/state/pack.h"

/* A place that measures has more numbers of progress than it takes events. */
static uint16_t events_taken(const struct ir_place *place, uint16_t state)
{
    if (place->taking == IR_TAKE_SUM) return state > 1;
    return state < place->times ? state : place->times;
}

static void show_to(void (*see)(void *world, const struct state_view *v), void *world, struct text key,
                    const struct rule_plan *p, const struct run *r)
{
    const struct alternative *a = &p->alternatives[r->alternative];
    const struct take *takes = run_takes_of(p, r);
    int64_t last[PLACES_MOST];
    uint16_t taken[PLACES_MOST];
    for (uint32_t q = 0; q < a->n_places; q++) {
        last[q] = takes[q].second;
        taken[q] = events_taken(&a->places[q], a->taken[(size_t)r->progress * a->n_places + q]);
    }
    struct state_view v = {.rule = p->number,
                           .key = key,
                           .automaton = a->automaton,
                           .places = a->places,
                           .n_places = a->n_places,
                           .before = a->before,
                           .last = last,
                           .start = r->start,
                           .inners = run_inners_of(p, r),
                           .n_inners = a->n_inners,
                           .joins = run_joins_of(r),
                           .taken = taken};
    see(world, &v);
}

static void show(void *world, const struct rule_plan *p, const struct run *r)
{
    const struct state *s = world;
    show_to(s->see, s->see_world, s->folded->key, p, r);
}

bool state_look(struct state *s, struct hash128 key, struct state_key *out,
                void (*see)(void *world, const struct state_view *v), void *world)
{
    struct keyed *k = table_get(&s->keys, key);
    if (!k) return false;
    k = key_whole(s, k);
    const struct rule_plan *p = k->rule->plan;
    const struct runs *const all[] = {&keyed_now_of(k)->runs, &keyed_now_of(k)->waiting};
    *out = (struct state_key){
        p->number, k->key, p->within, {1, k->held.half_built, k->held.incidents, k->held.bytes}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (uint32_t n = 0; n < all[i]->len; n++) show_to(see, world, k->key, p, runs_at(p, all[i], n));
    return true; /* it is packed again when its next timer is due */
}

void state_watch(struct state *s, void (*see)(void *world, const struct state_view *v), void *world)
{
    s->see = see;
    s->see_world = world;
    s->work.made = see ? show : NULL;
}
