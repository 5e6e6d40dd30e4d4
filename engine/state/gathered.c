/* gathered.c - lists in order, one for each group. */
#include "engine/state/gathered.h"
#include "engine/state/keyed.h"
#include "engine/state/amount.h"

#include <stdlib.h>

/* ---- order -------------------------------------------------------------------------------------------- */

int gathered_order(const void *a, const void *b)
{
    const struct kept *x = *(const struct kept *const *)a, *y = *(const struct kept *const *)b;
    if (x->hit->step != y->hit->step) return x->hit->step < y->hit->step ? -1 : 1;
    if (x->hit->second != y->hit->second) return x->hit->second < y->hit->second ? -1 : 1;
    return kept_order(x, y);
}

bool gathered_holds(const struct gathered *l, const struct kept *k)
{
    return l->len && bsearch(&k, l->at, l->len, sizeof *l->at, gathered_order) != NULL;
}

void gathered_sort(struct gathered *l)
{
    uint32_t len = 0;
    if (l->len) qsort(l->at, l->len, sizeof *l->at, gathered_order);
    for (uint32_t i = 0; i < l->len; i++)
        if (!len || gathered_order(&l->at[len - 1], &l->at[i])) l->at[len++] = l->at[i];
    l->len = len;
}

void gathered_put(struct state *s, struct gathered *l, uint32_t len, const struct kept *k)
{
    uint32_t lo = 0, hi = len;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (gathered_order(&l->at[mid], &k) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    s->slab.work += 1 + (len - lo) / 64; /* what moves is little work */
    memmove(l->at + lo + 1, l->at + lo, (len - lo) * sizeof *l->at);
    l->at[lo] = k;
}

void gathered_merge(struct state *s, const struct rule_plan *p, struct gathered *l, uint32_t sorted)
{
    uint32_t end = l->len;
    l->len = sorted;
    for (uint32_t i = sorted; i < end; i++) {
        const struct kept *k = l->at[i];
        if (gathered_holds(l, k)) continue;
        gathered_put(s, l, l->len++, k);
        amounts_change(s, p, l, k, 1);
    }
}

void gathered_cap(struct state *s, struct keyed *k, struct gathered *l)
{
    if (l->len <= s->caps.gathered) return;
    keyed_lose(s, k, l->opened, l->len - s->caps.gathered, "gathered");
    l->len = (uint32_t)s->caps.gathered;
}

struct gathered *gathered_find(const struct keyed *k, int64_t opened)
{
    for (uint32_t i = 0; i < k->gathered.len; i++)
        if (k->gathered.at[i].opened == opened) return &k->gathered.at[i];
    return NULL;
}

struct gathered *gathered_of(struct state *s, struct keyed *k, int64_t opened)
{
    struct gathered *l = gathered_find(k, opened);
    if (l) return l;
    l = SLAB_PUSH(&s->slab, k->gathered);
    *l = (struct gathered){.opened = opened, .sure = INT64_MIN / 4, .front = INT64_MIN};
    return l;
}

static void free_list(struct state *s, const struct rule_plan *p, struct gathered *l)
{
    amounts_drop(s, p, l);
    SLAB_FREE(&s->slab, *l);
    SLAB_FREE(&s->slab, l->missing);
    gathered_forget_fronts(s, p, l);
}

void gathered_forget_fronts(struct state *s, const struct rule_plan *p, struct gathered *l)
{
    for (uint32_t i = 0; l->fronts && i < p->n_alternatives; i++) runs_free(&s->slab, &l->fronts[i]);
    slab_put(&s->slab, l->fronts, p->n_alternatives * sizeof *l->fronts);
    l->fronts = NULL;
    l->front = INT64_MIN;
}

void gathered_drop(struct state *s, struct keyed *k, int64_t opened)
{
    struct gathered *l = gathered_find(k, opened);
    if (!l) return;
    free_list(s, k->rule->plan, l);
    *l = k->gathered.at[--k->gathered.len];
}

void gathered_drop_others(struct state *s, struct keyed *k, const struct fold *now)
{
    for (uint32_t i = k->gathered.len; i-- > 0;) {
        int64_t opened = k->gathered.at[i].opened;
        const struct group *g = groups_find(k->rule->plan, &now->groups, opened);
        if (!g || g->opened != opened) gathered_drop(s, k, opened);
    }
}

void gathered_free(struct state *s, struct keyed *k)
{
    for (uint32_t i = 0; i < k->gathered.len; i++) free_list(s, k->rule->plan, &k->gathered.at[i]);
    SLAB_FREE(&s->slab, k->gathered);
}

/* ---- answers ------------------------------------------------------------------------------------------ */

void gathered_answers(struct state *s, struct keyed *k, const struct kept *kept, int by)
{
    for (uint32_t i = 0; i < k->gathered.len; i++)
        if (k->gathered.at[i].amounts && gathered_holds(&k->gathered.at[i], kept))
            amounts_change(s, k->rule->plan, &k->gathered.at[i], kept, by);
}

void gathered_forget(struct state *s, struct keyed *k)
{
    for (uint32_t i = 0; i < k->gathered.len; i++) {
        amounts_drop(s, k->rule->plan, &k->gathered.at[i]);
        gathered_forget_fronts(s, k->rule->plan, &k->gathered.at[i]);
    }
}
