/* block.c - see block.h. */
#include "engine/io/block.h"

#include <stdlib.h>
#include <sys/mman.h>

struct block *block_new(size_t cap)
{
    struct block *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    if (block_grow(b, cap)) return b;
    free(b);
    return NULL;
}

struct block *block_map(int fd, uint64_t offset, size_t len)
{
    struct block *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    void *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t)offset);
    if (map == MAP_FAILED) {
        free(b);
        return NULL;
    }
    madvise(map, len, MADV_SEQUENTIAL);
    b->bytes = map;
    b->len = b->cap = b->map_len = len;
    return b;
}

void block_free(struct block *b)
{
    if (!b) return;
    if (b->map_len)
        munmap(b->bytes, b->map_len);
    else
        free(b->bytes);
    free(b);
}

bool block_grow(struct block *b, size_t cap)
{
    if (cap <= b->cap && b->bytes) return true;
    char *bytes = realloc(b->bytes, cap ? cap : 1);
    if (!bytes) return false;
    b->bytes = bytes;
    b->cap = cap;
    return true;
}

static void enqueue(struct block_queue *q, struct block *b)
{
    b->until = q->given;
    b->next = NULL;
    if (q->last)
        q->last->next = b;
    else
        q->first = b;
    q->last = b;
}

void block_given(struct block_queue *q, struct block *b)
{
    q->given++;
    b->pending--;
    if (b->is_closed && !b->pending) enqueue(q, b);
}

void block_close(struct block_queue *q, struct block *b)
{
    if (!b) return;
    b->is_closed = true;
    if (!b->pending) enqueue(q, b);
}

void block_release(struct block_queue *q, uint64_t n)
{
    while (q->first && q->first->until <= n) {
        struct block *b = q->first;
        q->first = b->next;
        if (!q->first) q->last = NULL;
        block_free(b);
    }
}

void block_queue_free(struct block_queue *q)
{
    block_release(q, UINT64_MAX);
    columns_set_release(&q->columns);
}
