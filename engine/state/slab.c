/* slab.c - size classes over chunks. */
#include "engine/state/slab.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST    32u
#define LARGEST     (64u << 10)
#define CHUNK_BYTES (64u << 10)

struct slab_chunk {
    struct slab_chunk *next, *previous;
    size_t size;
    char pad[8]; /* blocks behind it are 16-aligned */
};

static struct slab_chunk *chunk_new(struct slab *s, size_t size)
{
    struct slab_chunk *c = malloc(sizeof *c + size);
    if (!c) abort();
    c->size = size;
    c->previous = NULL;
    c->next = s->chunks;
    if (s->chunks) s->chunks->previous = c;
    s->chunks = c;
    s->bytes += sizeof *c + size;
    return c;
}

static void chunk_free(struct slab *s, struct slab_chunk *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        s->chunks = c->next;
    if (c->next) c->next->previous = c->previous;
    s->bytes -= sizeof *c + c->size;
    free(c);
}

void slab_release(struct slab *s)
{
    while (s->chunks) chunk_free(s, s->chunks);
    *s = (struct slab){.bytes = 0};
}

/* Blocks are 16-aligned, so below 64 bytes there is less to choose from. */
static unsigned class_of(size_t size)
{
    if (size <= 64) return size <= SMALLEST ? 0 : size <= 48 ? 1 : 2;
    unsigned log = 63u - (unsigned)__builtin_clzll((unsigned long long)(size - 1));
    return 3 + (log - 6) * 4 + (unsigned)((size - 1) >> (log - 2) & 3);
}

static size_t class_size(unsigned c)
{
    if (c < 3) return SMALLEST + 16u * c;
    unsigned log = 6 + (c - 3) / 4;
    return ((size_t)1 << log) + ((size_t)((c - 3) % 4 + 1) << (log - 2));
}

static void *cut(struct slab *s, size_t size)
{
    if ((size_t)(s->end - s->at) < size) { /* the rest of the old chunk is left: it goes with the slab */
        struct slab_chunk *c = chunk_new(s, CHUNK_BYTES > size ? CHUNK_BYTES : size);
        s->at = (char *)(c + 1);
        s->end = s->at + c->size;
    }
    void *block = s->at;
    s->at += size;
    return block;
}

void *slab_get(struct slab *s, size_t size)
{
    if (size > LARGEST) {
        s->used += size;
        return memset(chunk_new(s, size) + 1, 0, size);
    }
    unsigned c = class_of(size);
    s->used += class_size(c);
    void *block = s->free[c];
    if (block)
        memcpy(&s->free[c], block, sizeof(void *));
    else
        block = cut(s, class_size(c));
    return memset(block, 0, size);
}

void slab_put(struct slab *s, void *block, size_t size)
{
    if (!block) return;
    if (size > LARGEST) {
        s->used -= size;
        chunk_free(s, (struct slab_chunk *)block - 1);
        return;
    }
    unsigned c = class_of(size);
    s->used -= class_size(c);
    memcpy(block, &s->free[c], sizeof(void *));
    s->free[c] = block;
}

void *slab_grow(struct slab *s, void *at, size_t item, uint32_t *cap)
{
    uint32_t larger = *cap ? *cap * 2 : 4;
    void *grown = slab_get(s, larger * item);
    if (at) memcpy(grown, at, *cap * item);
    slab_put(s, at, *cap * item);
    *cap = larger;
    return grown;
}

void *slab_reserve(struct slab *s, void *at, size_t item, uint32_t *cap, uint32_t wanted)
{
    while (*cap < wanted) at = slab_grow(s, at, item, cap);
    return at;
}

struct text slab_text(struct slab *s, struct text t)
{
    char *at = slab_get(s, t.len);
    if (t.len) memcpy(at, t.at, t.len);
    return (struct text){at, t.len};
}
