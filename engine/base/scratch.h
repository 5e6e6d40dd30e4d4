/* scratch.h - memory for what one event or match makes: taken from the front, thrown away at once.
 *
 * The owner sets at, cap and len = 0, and resets by len = 0; nobody frees.
 */
#ifndef CSR_ENGINE_BASE_SCRATCH_H
#define CSR_ENGINE_BASE_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

struct scratch {
    char *at; /* aligned for any type */
    size_t len, cap;
};

/* 8-aligned, not zeroed; NULL when there is no room. */
static inline void *scratch_take(struct scratch *s, size_t size)
{
    size_t from = (s->len + 7) & ~(size_t)7;
    if (size > s->cap || from > s->cap - size) return NULL;
    s->len = from + size;
    return s->at + from;
}

#endif
