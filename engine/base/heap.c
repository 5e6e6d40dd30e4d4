/* heap.c - see heap.h. */
#include "engine/base/heap.h"

#include <stdlib.h>

bool heap_push(struct heap *h, void *item)
{
    if (h->len == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 64;
        void **at = realloc(h->at, cap * sizeof *at);
        if (!at) return false;
        h->at = at;
        h->cap = cap;
    }
    size_t i = h->len++;
    for (; i && h->before(item, h->at[(i - 1) / 2]); i = (i - 1) / 2) h->at[i] = h->at[(i - 1) / 2];
    h->at[i] = item;
    return true;
}

void heap_sink(struct heap *h)
{
    if (!h->len) return;
    void *item = h->at[0];
    size_t i = 0, kid;
    for (; (kid = 2 * i + 1) < h->len; i = kid) {
        if (kid + 1 < h->len && h->before(h->at[kid + 1], h->at[kid])) kid++;
        if (!h->before(h->at[kid], item)) break;
        h->at[i] = h->at[kid];
    }
    h->at[i] = item;
}

void *heap_pop(struct heap *h)
{
    if (!h->len) return NULL;
    void *top = h->at[0];
    h->at[0] = h->at[--h->len];
    heap_sink(h);
    return top;
}

void heap_release(struct heap *h)
{
    free(h->at);
    h->at = NULL;
    h->len = h->cap = 0;
}
