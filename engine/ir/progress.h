/* progress.h - the progress that an alternative can make: how far each of its places is.
 *
 * Progress is reachable if every place that took an event stands behind complete places only. Walking it in
 * lexicographic order needs no memory of what was visited: a place's order looks only at places before it.
 *
 * Invariant: places stand so that `before` has a smaller number than `after` in every ir_order. The compiler
 * writes them in the order of the match clause, which is such an order.
 */
#ifndef CSR_ENGINE_IR_PROGRESS_H
#define CSR_ENGINE_IR_PROGRESS_H

#include "engine/ir/ir.h"

#define PLACES_MOST       64
#define PROGRESS_MOST     4096 /* of all alternatives of one automaton */
#define TIMES_MOST        1024
#define ALTERNATIVES_MOST 64   /* `3 of` eight are 56 */
#define LEAST_GAP_MOST    1024 /* seconds */
#define DIFFERS_MOST      16   /* pairs of steps told apart by `!=` */
#define LATER_MOST        4    /* references of forbidden events to later steps */

struct progress_walk {
    uint32_t n_places;
    uint16_t times[PLACES_MOST], taken[PLACES_MOST];
    uint64_t before[PLACES_MOST]; /* bits of places that must be complete */
};

/* The numbers that a place goes through, beside 0: a place that measures (engine/state/measure.h) has one for
 * each number of different values, or for less than the amount and for at least that, and one for being
 * complete. */
static inline uint16_t place_states(const struct ir_place *p)
{
    if (p->taking == IR_TAKE_SUM) return 3;
    return (uint16_t)(p->taking == IR_TAKE_DISTINCT ? p->times + 1 : p->times);
}

/* Stands at no progress at all. */
void progress_start(struct progress_walk *w, const struct ir_alternative *a);
/* The next in lexicographic order; false behind the last (everything complete). */
bool progress_next(struct progress_walk *w);

/* How many there are, `none` and `all` included; counting ends beyond `most`. */
uint32_t progress_count(const struct ir_alternative *a, uint32_t most);

#endif
