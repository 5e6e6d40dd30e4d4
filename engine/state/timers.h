/* timers.h - what is due next, by event time: a binary heap of things that hold their place in it.
 *
 * A thing embeds a struct timer; it is in at most one heap, once. Nothing is scanned that is not due.
 */
#ifndef CSR_ENGINE_STATE_TIMERS_H
#define CSR_ENGINE_STATE_TIMERS_H

#include "engine/state/slab.h"

#include <stdbool.h>

#define NEVER INT64_MAX

struct timer {
    int64_t due;    /* second */
    uint32_t place; /* in the heap, from 1; 0: not set */
};

struct timers {
    struct slab *slab;
    struct timer **at;
    uint32_t len, cap;
};

/* Sets, moves or (NEVER) takes away. */
void timer_set(struct timers *ts, struct timer *t, int64_t due);
/* What embeds it lies somewhere else now, and was copied as it was. */
void timer_moved(struct timers *ts, struct timer *t);
/* The earliest if it is due at `second`, taken out; else NULL. */
struct timer *timers_pop(struct timers *ts, int64_t second);

#endif
