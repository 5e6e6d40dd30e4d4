/* table.c - linear probing; the slot of a hash is its low bits, because partitions have taken the top ones.
 */
#include "engine/state/table.h"

static uint32_t home(const struct table *t, struct hash128 h)
{
    return (uint32_t)h.lo & (t->cap - 1);
}

void *table_get(const struct table *t, struct hash128 h)
{
    if (!t->cap) return NULL;
    for (uint32_t i = home(t, h); t->at[i]; i = (i + 1) & (t->cap - 1))
        if (hash128_equal(*t->at[i], h)) return t->at[i];
    return NULL;
}

static void settle(struct table *t, struct hash128 *thing)
{
    uint32_t i = home(t, *thing);
    while (t->at[i]) i = (i + 1) & (t->cap - 1);
    t->at[i] = thing;
}

static void grow(struct table *t)
{
    struct table old = *t;
    t->cap = old.cap ? old.cap * 2 : 16;
    t->at = slab_get(t->slab, t->cap * sizeof *t->at);
    for (uint32_t i = 0; i < old.cap; i++)
        if (old.at[i]) settle(t, old.at[i]);
    slab_put(t->slab, old.at, old.cap * sizeof *old.at);
}

void table_put(struct table *t, void *thing)
{
    if ((t->len + 1) * 4 > t->cap * 3) grow(t);
    settle(t, thing);
    t->len++;
}

void table_moved(struct table *t, const void *from, void *to)
{
    uint32_t i = home(t, *(struct hash128 *)to);
    while (t->at[i] != from) i = (i + 1) & (t->cap - 1);
    t->at[i] = to;
}

void table_remove(struct table *t, void *thing)
{
    uint32_t mask = t->cap - 1, i = home(t, *(struct hash128 *)thing);
    while (t->at[i] != thing) i = (i + 1) & mask;
    for (uint32_t j = (i + 1) & mask; t->at[j]; j = (j + 1) & mask) {
        uint32_t from_home = (j - home(t, *t->at[j])) & mask;
        if (from_home >= ((j - i) & mask)) { /* it may stand at i as well */
            t->at[i] = t->at[j];
            i = j;
        }
    }
    t->at[i] = NULL;
    t->len--;
}
