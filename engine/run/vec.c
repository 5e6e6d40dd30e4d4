/* vec.c - see vec.h. */
#include "engine/run/vec.h"

#include <stdlib.h>

#define POOL_CHUNK 65536u

struct pool_chunk {
    struct pool_chunk *next;
    size_t size;
    char bytes[];
};

bool vec_room(void **at, uint32_t *cap, uint32_t len, size_t size)
{
    if (len <= *cap) return true;
    uint32_t more = *cap ? *cap : 16;
    while (more < len) more *= 2;
    void *grown = realloc(*at, more * size);
    if (!grown) return false;
    *at = grown;
    *cap = more;
    return true;
}

/* A chunk of at least `size` bytes behind p->at; those already there that are too small are passed over. */
static struct pool_chunk *next_chunk(struct pool *p, size_t size)
{
    struct pool_chunk **link = p->at ? &p->at->next : &p->first;
    while (*link && (*link)->size < size) link = &(*link)->next;
    if (*link) return *link;
    size_t room = size > POOL_CHUNK ? size : POOL_CHUNK;
    struct pool_chunk *c = malloc(sizeof *c + room);
    if (!c) return NULL;
    c->next = NULL;
    c->size = room;
    return *link = c;
}

void *pool_take(struct pool *p, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (!p->at || p->at->size - p->used < size) {
        struct pool_chunk *c = next_chunk(p, size);
        if (!c) return NULL;
        p->at = c;
        p->used = 0;
    }
    void *taken = p->at->bytes + p->used;
    p->used += size;
    return taken;
}

bool pool_text(struct pool *p, struct text *t)
{
    char *copy = t->len ? pool_take(p, t->len) : NULL;
    bool is_kept = copy || !t->len;
    if (copy) memcpy(copy, t->at, t->len);
    *t = copy ? (struct text){copy, t->len} : TEXT("");
    return is_kept;
}

void pool_reset(struct pool *p)
{
    p->at = NULL;
    p->used = 0;
}

void pool_release(struct pool *p)
{
    while (p->first) {
        struct pool_chunk *next = p->first->next;
        free(p->first);
        p->first = next;
    }
    pool_reset(p);
}
