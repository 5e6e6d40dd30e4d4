/* group.c - the bytes of a group, and which events it shows. */
#include "engine/state/group.h"

static size_t takes_size(const struct rule_plan *p)
{
    return p->places_most * sizeof(struct take);
}

static size_t item_size(const struct rule_plan *p)
{
    return sizeof(struct group_item) + takes_size(p);
}

size_t group_size_of(const struct rule_plan *p)
{
    return sizeof(struct group) + takes_size(p) + p->n_items * item_size(p) +
           p->rule->n_steps * sizeof(struct shown);
}

struct take *group_takes(struct group *g)
{
    return (struct take *)(g + 1);
}

struct group_item *group_item(const struct rule_plan *p, struct group *g, uint32_t item)
{
    return (struct group_item *)((char *)(g + 1) + takes_size(p) + item * item_size(p));
}

struct take *group_item_takes(const struct rule_plan *p, struct group *g, uint32_t item)
{
    return (struct take *)(group_item(p, g, item) + 1);
}

struct shown *group_shown(const struct rule_plan *p, struct group *g, uint32_t step)
{
    return (struct shown *)group_item(p, g, p->n_items) + step;
}

static void groups_room(struct slab *s, const struct rule_plan *p, struct groups *gs)
{
    size_t used = gs->len * p->group_size;
    if (used + p->group_size <= gs->cap) return;
    size_t larger = gs->cap ? gs->cap * 2 : 2 * p->group_size;
    char *grown = slab_get(s, larger);
    if (used) memcpy(grown, gs->at, used);
    slab_put(s, gs->at, gs->cap);
    gs->at = grown, gs->cap = larger;
}

struct group *groups_open(struct slab *s, const struct rule_plan *p, struct groups *gs, int64_t opened)
{
    uint32_t i = gs->len;
    groups_room(s, p, gs);
    while (i && groups_at(p, gs, i - 1)->opened > opened) i--;
    struct group *g = groups_at(p, gs, i);
    memmove((char *)g + p->group_size, g, (gs->len++ - i) * p->group_size);
    memset(g, 0, p->group_size);
    g->opened = opened;
    g->end = opened + p->once;
    g->newest = opened;
    return g;
}

void groups_remove(const struct rule_plan *p, struct groups *gs, uint32_t i)
{
    struct group *g = groups_at(p, gs, i);
    memmove(g, (char *)g + p->group_size, (--gs->len - i) * p->group_size);
}

void groups_copy(struct slab *s, const struct rule_plan *p, struct groups *to, const struct groups *from)
{
    to->len = 0;
    s->work += from->len;
    for (uint32_t i = 0; i < from->len; i++, to->len++) {
        groups_room(s, p, to);
        memcpy(groups_at(p, to, i), groups_at(p, from, i), p->group_size);
        groups_at(p, to, i)->touched = false;
    }
}

void groups_free(struct slab *s, struct groups *gs)
{
    slab_put(s, gs->at, gs->cap);
    *gs = (struct groups){.at = NULL};
}

struct group *groups_find(const struct rule_plan *p, const struct groups *gs, int64_t second)
{
    for (uint32_t i = gs->len; i-- > 0;) {
        struct group *g = groups_at(p, gs, i);
        if (g->opened <= second) return second <= g->end ? g : NULL;
    }
    return NULL;
}

static int shown_order(const struct kept *a, const struct kept *b)
{
    if (a->hit->second != b->hit->second) return a->hit->second < b->hit->second ? -1 : 1;
    return kept_order(a, b);
}

void shown_add(struct shown *s, const struct kept *k)
{
    uint32_t i = s->len;
    while (i) {
        int order = shown_order(s->at[i - 1], k);
        if (order == 0) return;
        if (order < 0) break;
        i--;
    }
    s->count++;
    if (s->len == SHOWN_MOST) { /* one out of the middle makes room */
        uint32_t drop = SHOWN_MOST / 2;
        if (i == drop) return;
        if (i > drop) {
            memmove(s->at + drop, s->at + drop + 1, (i - 1 - drop) * sizeof *s->at);
            s->at[i - 1] = k;
            return;
        }
        memmove(s->at + i + 1, s->at + i, (drop - i) * sizeof *s->at);
    } else {
        memmove(s->at + i + 1, s->at + i, (s->len - i) * sizeof *s->at);
        s->len++;
    }
    s->at[i] = k;
}

static const struct kept *witness_in(const struct alternative *a, const struct take *takes, uint32_t step,
                                     uint64_t places)
{
    for (uint32_t q = 0; q < a->n_places; q++)
        if (places >> q & 1 && a->places[q].step == step) return takes[q].hit;
    return NULL;
}

const struct kept *group_witness(const struct rule_plan *p, struct group *g, uint32_t step)
{
    const struct alternative *a = &p->alternatives[g->alternative];
    const struct kept *k = witness_in(a, group_takes(g), step, a->required);
    for (uint32_t i = 0; i < p->n_items && !k; i++) { /* an item comes before those inside it */
        if (!(p->rule->automata[i + 1].optional_steps >> step & 1) || !group_item(p, g, i)->is_present)
            continue;
        a = &p->alternatives[group_item(p, g, i)->alternative];
        k = witness_in(a, group_item_takes(p, g, i), step, ~a->required);
    }
    return k;
}

bool group_is_blinded(const struct rule_plan *p, struct group *g)
{
    bool blinded = g->blinded != NULL;
    for (uint32_t q = 0; q < p->alternatives[g->alternative].n_places && !blinded; q++)
        blinded = group_takes(g)[q].hit && group_takes(g)[q].hit->hit->blinded;
    return blinded;
}

const struct kept *group_completing(const struct rule_plan *p, struct group *g)
{
    const struct take *takes = group_takes(g);
    uint32_t q = p->alternatives[g->alternative].n_places;
    while (q-- > 0)
        if (takes[q].second == g->opened) return takes[q].hit;
    return NULL;
}
