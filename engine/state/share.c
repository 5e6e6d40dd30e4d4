/* share.c - bins in order of weight and rank, at each level; see share.h for what they are for. */
#include "engine/state/share.h"

struct share_bin {
    struct share_bin *before, *after;
    uint64_t weight;
    uint8_t rank;
    struct share_member *oldest, *newest;
};

static struct share *share_with(struct share_member *as)
{
    return (struct share *)((char *)as - offsetof(struct share, as));
}

/* ---- bins --------------------------------------------------------------------------------------------- */

/* The bins that members of `of` stand in; NULL: of accounts. */
struct bins {
    struct share_bin **first, **last;
    bool by_rank_alone;
};

static struct bins bins_of(struct shares *s, struct share *of)
{
    if (!of) return (struct bins){&s->first, &s->last, false};
    return (struct bins){&of->first, &of->last, of->level == OWNER_SESSION};
}

static bool stands_before(uint64_t weight, uint8_t rank, const struct share_bin *b)
{
    return weight != b->weight ? weight > b->weight : rank < b->rank;
}

static struct share_bin *bin_insert(struct shares *s, struct bins bins, struct share_bin *before)
{
    struct share_bin *b = slab_get(s->slab, sizeof *b);
    b->before = before;
    b->after = before ? before->after : *bins.first;
    *(b->before ? &b->before->after : bins.first) = b;
    *(b->after ? &b->after->before : bins.last) = b;
    return b;
}

/* The bin for that weight and rank, found from a bin near it (invariant 4). */
static struct share_bin *bin_for(struct shares *s, struct bins bins, struct share_bin *near, uint64_t weight,
                                 uint8_t rank)
{
    struct share_bin *b = near ? near : *bins.last;
    while (b && stands_before(weight, rank, b)) b = b->before;
    for (struct share_bin *next; (next = b ? b->after : *bins.first); b = next)
        if (stands_before(weight, rank, next)) break;
    if (b && b->weight == weight && b->rank == rank) return b;
    b = bin_insert(s, bins, b);
    b->weight = weight;
    b->rank = rank;
    return b;
}

static void bin_remove(struct shares *s, struct bins bins, struct share_bin *b)
{
    *(b->before ? &b->before->after : bins.first) = b->after;
    *(b->after ? &b->after->before : bins.last) = b->before;
    slab_put(s->slab, b, sizeof *b);
}

static void stand_in(struct share_member *m, struct share_bin *b)
{
    m->bin = b;
    m->newer = NULL;
    m->older = b->newest;
    *(m->older ? &m->older->newer : &b->oldest) = m;
    b->newest = m;
}

static void stand_out(struct shares *s, struct bins bins, struct share_member *m)
{
    struct share_bin *b = m->bin;
    *(m->older ? &m->older->newer : &b->oldest) = m->newer;
    *(m->newer ? &m->newer->older : &b->newest) = m->older;
    m->bin = NULL;
    if (!b->oldest) bin_remove(s, bins, b);
}

static void move(struct shares *s, struct share_member *m, uint64_t weight, uint8_t rank)
{
    struct bins bins = bins_of(s, m->of);
    struct share_bin *b = bin_for(s, bins, m->bin, bins.by_rank_alone ? 0 : weight, rank);
    m->weight = weight;
    m->rank = rank;
    if (b == m->bin) return;
    if (m->bin) stand_out(s, bins, m);
    stand_in(m, b);
}

/* ---- shares ------------------------------------------------------------------------------------------- */

void shares_init(struct shares *s, struct slab *slab)
{
    *s = (struct shares){.slab = slab, .table = {.slab = slab}};
}

/* The share of an owner at a level; made, with those above, if it does not exist. */
static struct share *share_for(struct shares *s, const struct owner *owner, int level)
{
    static const struct owner nobody;
    if (level < 0) return NULL;
    if (!owner) owner = &nobody;
    struct hash128 id = share_id(owner->id[level], (enum owner_level)level);
    struct share *mine = table_get(&s->table, id);
    if (mine) return mine;
    mine = slab_get(s->slab, sizeof *mine);
    mine->id = id;
    mine->level = (uint8_t)level;
    mine->name = slab_text(s->slab, owner->name[level]);
    mine->as.of = share_for(s, owner, level - 1);
    table_put(&s->table, mine);
    move(s, &mine->as, 0, SHARE_RANKS - 1);
    return mine;
}

static void share_free(struct shares *s, struct share *mine)
{
    table_remove(&s->table, mine);
    slab_put(s->slab, (char *)(uintptr_t)mine->name.at, mine->name.len);
    slab_put(s->slab, mine, sizeof *mine);
}

/* Invariant 2, from a share up, after one of its members has changed by so many units. */
static void settle(struct shares *s, struct share *of, uint64_t units)
{
    while (of) {
        struct share *above = of->as.of;
        if (of->first) {
            move(s, &of->as, (uint64_t)of->as.weight + units, of->first->rank);
        } else {
            stand_out(s, bins_of(s, above), &of->as);
            share_free(s, of);
        }
        of = above;
    }
}

void share_join(struct shares *s, struct share_member *m, const struct owner *owner, uint64_t weight,
                uint8_t rank)
{
    m->of = share_for(s, owner, OWNER_SESSION);
    move(s, m, weight, rank);
    settle(s, m->of, weight);
}

void share_leave(struct shares *s, struct share_member *m)
{
    struct share *of = m->of;
    stand_out(s, bins_of(s, of), m);
    m->of = NULL;
    settle(s, of, 0 - (uint64_t)m->weight);
}

void share_moved(struct share_member *m)
{
    *(m->older ? &m->older->newer : &m->bin->oldest) = m;
    *(m->newer ? &m->newer->older : &m->bin->newest) = m;
}

void share_change(struct shares *s, struct share_member *m, uint64_t weight, uint8_t rank)
{
    uint64_t units = weight - (uint64_t)m->weight; /* modulo 2^64 */
    if (!units && rank == m->rank) return;
    move(s, m, weight, rank);
    settle(s, m->of, units);
}

struct share_member *share_next(const struct shares *s)
{
    const struct share_bin *b = s->first;
    if (!b) return NULL;
    for (int level = 0; level < OWNERS; level++) b = share_with(b->oldest)->first;
    return b->oldest;
}

/* Those below one another, of each bin the one that has stood longest first: of a whole share before the next
 * one, so that it comes to stand where it did with the last of its own. */
static void each_in(const struct share_bin *first, int level,
                    void (*each)(void *world, struct share_member *m), void *world)
{
    for (const struct share_bin *b = first; b; b = b->after)
        for (struct share_member *m = b->oldest; m; m = m->newer)
            if (level == OWNERS)
                each(world, m);
            else
                each_in(share_with(m)->first, level + 1, each, world);
}

void shares_each(const struct shares *s, void (*each)(void *world, struct share_member *m), void *world)
{
    each_in(s->first, 0, each, world);
}

struct owner share_owner(const struct share_member *m)
{
    struct owner o;
    for (const struct share *s = m->of; s; s = s->as.of) {
        o.name[s->level] = s->name;
        o.id[s->level] = share_id(s->id, (enum owner_level)s->level); /* twice is nothing */
    }
    return o;
}
