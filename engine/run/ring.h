/* ring.h - pointers from one thread to one other, in order, without a lock: ck_ring, single producer and
 * consumer.
 *
 * Used where a thread of the path hands something to a thread beside it or gets something from one: control
 * to the dealer, the writer to control, the writer to sinks and actions. Between workers there is no ring:
 * hits could fill it before a round of touches closes, and then nobody could go on.
 *
 * Invariants
 * 1. One thread at a time puts, one at a time gets (the holder of a token counts as one).
 * 2. What the producer wrote before ring_put is visible to who gets that pointer.
 */
#ifndef CSR_ENGINE_RUN_RING_H
#define CSR_ENGINE_RUN_RING_H

#include "engine/run/atomic.h"

#include <ck_ring.h>
#include <stdlib.h>

struct ring {
    ck_ring_t cursors;
    ck_ring_buffer_t *slots;
};

/* Room for at least `most` pointers. False: no memory. */
static inline bool ring_init(struct ring *r, uint32_t most)
{
    uint32_t size = 2;
    while (size <= most) size *= 2; /* one slot stays empty */
    ck_ring_init(&r->cursors, size);
    r->slots = calloc(size, sizeof *r->slots);
    return r->slots != NULL;
}

static inline void ring_release(struct ring *r)
{
    free(r->slots);
}

/* False: it is full. */
static inline bool ring_put(struct ring *r, void *pointer)
{
    schedule_point();
    return ck_ring_enqueue_spsc(&r->cursors, r->slots, pointer);
}

/* NULL: it is empty. */
static inline void *ring_get(struct ring *r)
{
    schedule_point();
    void *pointer = NULL;
    return ck_ring_dequeue_spsc(&r->cursors, r->slots, &pointer) ? pointer : NULL;
}

/* Exact for the consumer when it says false; for others a moment's impression. */
static inline bool ring_is_empty(const struct ring *r)
{
    schedule_point();
    return ck_ring_size(&r->cursors) == 0;
}

#endif
