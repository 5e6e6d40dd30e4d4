/* slab.h - memory of one partition: blocks in four sizes to each doubling, given back to free lists, never to the
 * system.
 *
 * State allocates and frees small things all the time, and all of it goes when the partition goes. Blocks are
 * cut from chunks; large ones are chunks of their own. Nothing here is shared between threads.
 *
 * When the system gives no memory the process ends: state that lost a part would be wrong without anybody's
 * knowledge.
 */
#ifndef CSR_ENGINE_STATE_SLAB_H
#define CSR_ENGINE_STATE_SLAB_H

#include "grammar/base/text.h"

#include <stddef.h>
#include <stdint.h>

#define SLAB_CLASSES 43 /* 32, 48 and 64 bytes, and from there four to each doubling up to 64 KiB */

struct slab {
    void *free[SLAB_CLASSES];
    struct slab_chunk *chunks; /* doubly linked: large blocks leave early */
    char *at, *end;            /* what is left of the newest chunk */
    uint64_t bytes;            /* taken from the system */
    uint64_t used;             /* in blocks that are not given back */
    uint64_t work; /* units of work done on what lies here: events looked at, runs tried, made and compared.
                      Equal on every machine, so that tests can hold what grows too fast
                      (tests/stress/hostile.test.sh) */
};

void slab_release(struct slab *s);
/* Zeroed, 16-aligned. */
void *slab_get(struct slab *s, size_t size);
/* size: as it was asked for. NULL is allowed. */
void slab_put(struct slab *s, void *block, size_t size);

/* A vector of any type in a slab: struct { type *at; uint32_t len, cap; }. */
#define SLAB_PUSH(s, v)                                                                                      \
    ((v).len == (v).cap ? ((v).at = slab_grow((s), (v).at, sizeof *(v).at, &(v).cap)) : 0, &(v).at[(v).len++])
#define SLAB_FREE(s, v)                                                                                      \
    (slab_put((s), (v).at, (v).cap * sizeof *(v).at), (v).at = NULL, (v).len = (v).cap = 0)
void *slab_grow(struct slab *s, void *at, size_t item, uint32_t *cap);
/* The vector, with room for at least so many items. */
void *slab_reserve(struct slab *s, void *at, size_t item, uint32_t *cap, uint32_t wanted);
/* A copy; it is given back with its length. */
struct text slab_text(struct slab *s, struct text t);

#endif
