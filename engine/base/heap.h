/* heap.h - a binary heap of pointers: the least is at the top. */
#ifndef CSR_ENGINE_BASE_HEAP_H
#define CSR_ENGINE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap {
    void **at;
    size_t len, cap;
    bool (*before)(const void *a, const void *b); /* a strict order */
};

/* False: no memory; nothing has changed. */
bool heap_push(struct heap *h, void *item);
static inline void *heap_top(const struct heap *h)
{
    return h->len ? h->at[0] : NULL;
}
void *heap_pop(struct heap *h); /* NULL: empty */
/* The top has become greater. */
void heap_sink(struct heap *h);
void heap_release(struct heap *h); /* not what it points at */

#endif
