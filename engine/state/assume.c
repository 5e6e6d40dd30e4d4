/* assume.c - the values that a veto may ask for, one after the other. */
#include "engine/state/assume.h"

#define PASSES_MOST 1024 /* assumptions */

struct values {
    struct hash128 *at;
    uint32_t len, cap;
};

struct assuming {
    struct gathering *g;
    struct values *values; /* [n_joins] that the slots' hits have */
    void (*passes)(struct gathering *g);
    uint32_t n;
};

static void assume_from(struct assuming *a, uint32_t join)
{
    struct gathering *g = a->g;
    while (join < g->n_joins && !(g->p->assumed_joins >> join & 1)) join++;
    if (join == g->n_joins) {
        if (a->n < PASSES_MOST) a->passes(g);
        a->n++;
        return;
    }
    g->assumed[join] = agreed_by_none;
    assume_from(a, join + 1);
    for (uint32_t i = 0; i < a->values[join].len; i++) {
        g->assumed[join] = a->values[join].at[i];
        assume_from(a, join + 1);
    }
    g->assumed[join] = (struct hash128){0, 0};
}

static void find_values(struct assuming *a, uint32_t join)
{
    struct gathering *g = a->g;
    struct values *v = &a->values[join];
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

bool assume_each(struct gathering *g, void (*passes)(struct gathering *g))
{
    struct slab *slab = &g->s->slab;
    struct assuming a = {.g = g, .passes = passes};
    size_t assumed = g->n_joins * sizeof *g->assumed, values = g->n_joins * sizeof *a.values;
    if (!g->p->assumed_joins || !g->n_joins) {
        passes(g);
        return true;
    }
    g->assumed = slab_get(slab, assumed);
    a.values = slab_get(slab, values);
    for (uint32_t j = 0; j < g->n_joins; j++)
        if (g->p->assumed_joins >> j & 1) find_values(&a, j);
    assume_from(&a, 0);
    for (uint32_t j = 0; j < g->n_joins; j++) SLAB_FREE(slab, a.values[j]);
    slab_put(slab, a.values, values);
    slab_put(slab, g->assumed, assumed);
    g->assumed = NULL;
    return a.n <= PASSES_MOST;
}
