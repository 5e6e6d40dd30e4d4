/* waypoint.c - the waypoints of a key, in order of time. */
#include "engine/state/waypoint.h"

/* How many slots of the tail stand up to that second. */
static uint32_t slots_until(const struct keyed *k, int64_t second)
{
    return slots_from(k->tail.at, k->tail.len, second + 1);
}

const struct fold *waypoint_last(const struct keyed *k, uint32_t *slots)
{
    *slots = 0;
    if (!k->waypoints.len) return NULL;
    const struct waypoint *last = &k->waypoints.at[k->waypoints.len - 1];
    *slots = slots_until(k, last->second);
    return &last->fold;
}

void waypoint_pass(struct state *s, struct keyed *k, const struct fold *f, int64_t second)
{
    uint32_t known;
    (void)waypoint_last(k, &known);
    if (slots_until(k, second) < known + WAYPOINT_SLOTS + f->runs.len + f->groups.len) return;
    struct waypoint *w = SLAB_PUSH(&s->slab, k->waypoints);
    *w = (struct waypoint){.second = second};
    fold_copy(&s->slab, k->rule->plan, &w->fold, f);
}

void waypoints_drop_from(struct state *s, struct keyed *k, int64_t second)
{
    while (k->waypoints.len && k->waypoints.at[k->waypoints.len - 1].second >= second)
        fold_free(&s->slab, k->rule->plan, &k->waypoints.at[--k->waypoints.len].fold);
}

void waypoints_drop_until(struct state *s, struct keyed *k, int64_t second)
{
    uint32_t n = 0;
    while (n < k->waypoints.len && k->waypoints.at[n].second <= second)
        fold_free(&s->slab, k->rule->plan, &k->waypoints.at[n++].fold);
    if (n) memmove(k->waypoints.at, k->waypoints.at + n, (k->waypoints.len -= n) * sizeof *k->waypoints.at);
}

void waypoints_free(struct state *s, struct keyed *k)
{
    waypoints_drop_from(s, k, INT64_MIN);
    SLAB_FREE(&s->slab, k->waypoints);
}
