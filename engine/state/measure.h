/* measure.h - places that measure: `a[n.. distinct f]`, `a[sum f >= x]`.
 *
 * Such a place is *open* from its first event on: the run keeps what it has been offered since (for
 * `distinct` a set of events with different values, for `sum` the amount) and may be *closed* by any event
 * once that is enough. Which of the offered events a choice takes need not be known: every one that is not
 * needed can be left out (docs/semantics.md 11). A place's number in the tables of progress is 0, then the
 * number of different values (of a sum: 1 below the amount, 2 from it on), and one more when it is closed.
 *
 * Invariants
 * 1. An event without a value (absent, null, withheld; of a sum, without a number) fills no such place: its
 * hit is never active.
 * 2. The events kept can be given one of their values each so that all differ, and `value` says which.
 * 3. A place on the right side of a gap or a veto holds the event that it began with (at[0]), whatever else
 * it holds.
 */
#ifndef CSR_ENGINE_STATE_MEASURE_H
#define CSR_ENGINE_STATE_MEASURE_H

#include "engine/state/run.h"

struct measured_event {
    const struct kept *kept;
    uint64_t value; /* the one of its values that counts */
};

struct measure {
    double amount;
    uint32_t len;
    struct measured_event at[]; /* [plan->distinct_most] */
};

static inline size_t measure_size_of(const struct rule_plan *p)
{
    return sizeof(struct measure) + p->distinct_most * sizeof(struct measured_event);
}
/* Of place q of alternative a. */
struct measure *run_measure(const struct rule_plan *p, const struct alternative *a, struct run *r,
                            uint32_t q);
const struct measure *run_measure_of(const struct rule_plan *p, const struct alternative *a,
                                     const struct run *r, uint32_t q);

/* What a hit offers to the place of its step: hashes of its values, each once; the number is written for
 * `sum`. Room for measure_offers_most. */
uint32_t measure_offers_most(const struct rule_plan *p, const struct hit *h);
uint32_t measure_offers(const struct rule_plan *p, const struct hit *h, uint64_t *out, double *amount);
/* Whether a hit may be active: its step's place, if it measures, can take it. */
bool measure_takes(const struct rule_plan *p, const struct kept *k);

/* Offers so many events like k. True if the measure is another one now. */
bool measure_add(const struct ir_place *place, struct measure *m, const struct kept *k, uint32_t times);
/* The place's number of progress. */
uint16_t measure_state(const struct ir_place *place, const struct measure *m);
/* Whether events with the values of both can be taken together. */
bool measure_pairs(const struct kept *a, const struct kept *b);

/* Whether an open place of the run can be offered events of these steps. */
bool run_is_measuring(const struct alternative *a, const struct run *r, uint64_t steps);
/* Whether x can be closed by whatever closes y; both of one progress. */
bool measures_dominate(const struct rule_plan *p, const struct alternative *a, const struct run *x,
                       const struct run *y);
/* Whether a run and one of the mirror make all places complete together. with: an event that place q must
 * take. */
bool measures_join(const struct rule_plan *p, const struct alternative *forward, const struct run *f,
                   const struct alternative *mirror, const struct run *b, uint32_t q,
                   const struct kept *with);
void measures_mark(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                   void (*mark)(const struct kept *k));

#endif
