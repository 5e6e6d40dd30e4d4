/* content_index.c - open addressing with full hashes kept, so that growing needs no contents. */
#include "engine/base/content_index.h"

struct content_index {
    struct cell {
        uint64_t hash;
        uint32_t number_plus_1; /* 0: empty */
    } *cells;
    uint32_t len, cap; /* cap is a power of two */
};

struct content_index *content_index_new(struct arena *a)
{
    struct content_index *x = ARENA_NEW(a, struct content_index);
    x->cap = 64;
    x->cells = ARENA_ARRAY(a, struct cell, x->cap);
    return x;
}

static void place(struct content_index *x, struct cell c)
{
    uint32_t i = (uint32_t)c.hash & (x->cap - 1);
    while (x->cells[i].number_plus_1) i = (i + 1) & (x->cap - 1);
    x->cells[i] = c;
    x->len++;
}

void content_put(struct arena *a, struct content_index *x, uint64_t hash, uint32_t number)
{
    if (x->len * 2 >= x->cap) {
        struct content_index old = *x;
        x->cap *= 2;
        x->len = 0;
        x->cells = ARENA_ARRAY(a, struct cell, x->cap);
        for (uint32_t i = 0; i < old.cap; i++)
            if (old.cells[i].number_plus_1) place(x, old.cells[i]);
    }
    place(x, (struct cell){hash, number + 1});
}

uint32_t content_next(const struct content_index *x, uint64_t hash, uint32_t *at)
{
    for (;;) {
        struct cell c = x->cells[*at & (x->cap - 1)];
        if (!c.number_plus_1) return CONTENT_NONE;
        (*at)++;
        if (c.hash == hash) return c.number_plus_1 - 1;
    }
}

uint64_t content_hash(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++) hash = (hash ^ p[i]) * 0x100000001b3u;
    return hash;
}
