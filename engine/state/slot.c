/* slot.c - slots in order of identity, and their classes. */
#include "engine/state/slot.h"

static int slot_order(const struct kept *a, const struct kept *b)
{
    int order = kept_order(a, b);
    return order ? order : (a->hit->step > b->hit->step) - (a->hit->step < b->hit->step);
}

/* The first place that does not stand before k. */
static uint32_t place_of(const struct slot *slot, const struct kept *k,
                         int (*order)(const struct kept *a, const struct kept *b))
{
    uint32_t lo = 0, hi = slot->len;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (order(slot->at[mid], k) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool slot_insert(struct slab *s, struct slot *slot, struct kept *k)
{
    uint32_t at = place_of(slot, k, slot_order);
    if (at < slot->len && slot_order(slot->at[at], k) == 0) {
        if (!slot->at[at]->is_gone) return false;
        slot->at[at] = k;
        return true;
    }
    (void)SLAB_PUSH(s, *slot);
    memmove(slot->at + at + 1, slot->at + at, (slot->len - 1 - at) * sizeof *slot->at);
    slot->at[at] = k;
    return true;
}

struct kept *slot_find(const struct slot *slot, const struct kept *k)
{
    uint32_t at = place_of(slot, k, slot_order);
    return at < slot->len && slot_order(slot->at[at], k) == 0 && !slot->at[at]->is_gone ? slot->at[at] : NULL;
}

bool slot_holds(const struct slot *slot, const struct kept *k)
{
    uint32_t at = place_of(slot, k, kept_order);
    return at < slot->len && kept_order(slot->at[at], k) == 0;
}

/* Whether two events of the same steps agree on every reference and offer the same values. */
static bool are_alike(const struct classes *cs, const struct slot_event *a, const struct slot_event *b,
                      uint32_t n_joins)
{
    for (uint32_t i = 0; i < a->to - a->from; i++)
        if (cs->hits[a->from + i]->amount != cs->hits[b->from + i]->amount ||
            !kept_offer_alike(cs->hits[a->from + i], cs->hits[b->from + i]) ||
            (n_joins && memcmp(cs->hits[a->from + i]->hit->joins, cs->hits[b->from + i]->hit->joins,
                               n_joins * sizeof(struct hash128))))
            return false;
    return true;
}

static uint64_t hash_more(uint64_t h, uint64_t more)
{
    h = (h ^ more) * UINT64_C(0xbf58476d1ce4e5b9);
    return h ^ h >> 32;
}

/* Of all by which events are told apart, so that a second of nothing but different ones is no worse than any
 * other: fractions and round amounts differ in their high bits alone. */
static uint64_t hash_event(const struct classes *cs, const struct slot_event *e, uint64_t steps,
                           uint64_t unsure, uint32_t n_joins)
{
    uint64_t h = hash_more(hash_more(0, steps), unsure);
    for (uint32_t i = e->from; i < e->to; i++) {
        const struct kept *k = cs->hits[i];
        uint64_t amount;
        memcpy(&amount, &k->amount, sizeof amount);
        h = hash_more(h, amount ^ amount >> 32);
        if (k->n_offers) h = hash_more(h, k->offers[0]);
        for (uint32_t j = 0; j < n_joins; j++) h = hash_more(h, k->hit->joins[j].lo);
    }
    return hash_more(h, h >> 29);
}

/* The class of event e, or classes.len. */
static uint32_t find_class(struct classes *cs, uint32_t e, uint64_t steps, uint64_t unsure, uint64_t hash,
                           uint32_t n_joins)
{
    const struct slot_event *event = &cs->events[e];
    uint32_t *at = &cs->index[hash & (cs->n_index - 1)];
    for (; *at; at = at + 1 == cs->index + cs->n_index ? cs->index : at + 1) {
        const struct slot_class *class = &cs->at[*at - 1];
        if (class->hash == hash && class->steps == steps && class->unsure == unsure &&
            are_alike(cs, &cs->events[class->first], event, n_joins))
            return *at - 1;
    }
    *at = cs->len + 1;
    return cs->len;
}

/* Twice as many as there can be classes: never full. */
static void clear_index(struct classes *cs)
{
    cs->n_index = 4;
    while (cs->n_index < 2 * cs->n_hits + 1) cs->n_index *= 2;
    cs->index = slab_reserve(cs->slab, cs->index, sizeof *cs->index, &cs->cap_index, cs->n_index);
    memset(cs->index, 0, cs->n_index * sizeof *cs->index);
}

static void put_event(struct classes *cs, uint32_t from, uint32_t to, uint32_t n_joins)
{
    uint64_t steps = 0, unsure = 0;
    uint32_t e = cs->n_events, c;
    for (uint32_t i = from; i < to; i++)
        *(cs->hits[i]->active ? &steps : &unsure) |= UINT64_C(1) << cs->hits[i]->hit->step;
    cs->events = slab_reserve(cs->slab, cs->events, sizeof *cs->events, &cs->cap_events, e + 1);
    cs->events[cs->n_events++] = (struct slot_event){from, to, UINT32_MAX};
    uint64_t hash = hash_event(cs, &cs->events[e], steps, unsure, n_joins);
    c = find_class(cs, e, steps, unsure, hash, n_joins);
    if (c == cs->len) {
        *SLAB_PUSH(cs->slab, *cs) =
            (struct slot_class){.hash = hash, .steps = steps, .unsure = unsure, .first = e, .last = e};
    } else {
        cs->events[cs->at[c].last].next = e;
        cs->at[c].last = e;
    }
    cs->at[c].count++;
    cs->steps |= steps;
    cs->unsure |= unsure;
    cs->overlap |= (steps & (steps - 1)) != 0 || (steps && unsure);
}

void classes_make(struct classes *cs, const struct slot *slot, uint32_t n_joins)
{
    cs->n_hits = cs->n_events = cs->len = 0;
    cs->steps = cs->unsure = 0;
    cs->overlap = false;
    cs->hits = slab_reserve(cs->slab, cs->hits, sizeof(struct kept *), &cs->cap_hits, slot->len);
    for (uint32_t i = 0; i < slot->len; i++)
        if (slot->at[i]->active || slot->at[i]->in_doubt) cs->hits[cs->n_hits++] = slot->at[i];
    cs->slab->work += slot->len;
    clear_index(cs);
    for (uint32_t from = 0, to; from < cs->n_hits; from = to) {
        for (to = from + 1; to < cs->n_hits && kept_order(cs->hits[from], cs->hits[to]) == 0;) to++;
        put_event(cs, from, to, n_joins);
    }
}

/* Whether enough other values of its step stand before it. Classes are in order of their first identities. */
static bool is_value_too_many(const struct classes *cs, uint32_t c, const struct thinning *t,
                              uint32_t *values)
{
    const struct kept *k = cs->hits[cs->events[cs->at[c].first].from];
    uint64_t steps = cs->at[c].steps;
    if (!(steps & t->valued) || steps & (steps - 1) || k->n_offers != 1) return false;
    return values[k->hit->step]++ >= t->values_most;
}

void slot_thin(struct classes *cs, struct slot *slot, const struct thinning *t)
{
    uint32_t n = 0, values[64] = {0};
    classes_make(cs, slot, t->n_joins);
    for (uint32_t c = 0; c < cs->len; c++) {
        uint32_t e = cs->at[c].first, most = is_value_too_many(cs, c, t, values) ? 0 : t->most;
        for (uint32_t i = 0; e != UINT32_MAX; e = cs->events[e].next, i++)
            for (uint32_t h = cs->events[e].from; i >= most && h < cs->events[e].to; h++)
                cs->hits[h]->marked = true;
    }
    for (uint32_t i = 0; i < slot->len; i++) {
        if (!slot->at[i]->marked) slot->at[n++] = slot->at[i];
        slot->at[i]->marked = false;
    }
    slot->len = n;
}

const struct kept *class_hit(const struct classes *cs, uint32_t event, uint32_t step)
{
    const struct slot_event *e = &cs->events[event];
    for (uint32_t i = e->from; i < e->to; i++)
        if (cs->hits[i]->hit->step == step) return cs->hits[i];
    return NULL;
}

void classes_release(struct classes *cs)
{
    slab_put(cs->slab, cs->hits, cs->cap_hits * sizeof(struct kept *));
    slab_put(cs->slab, cs->events, cs->cap_events * sizeof *cs->events);
    slab_put(cs->slab, cs->index, cs->cap_index * sizeof *cs->index);
    SLAB_FREE(cs->slab, *cs);
}
