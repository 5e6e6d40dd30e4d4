/* differ.h - `!=` between a pair of steps (language.md B12).
 *
 * A run keeps the values that one side has shown until the other side is complete: the events of that may
 * have none of them. Of a side it keeps a set of values that holds all that its events show; each second
 * tries which values it takes, so that the sets are as small as they can be (docs/semantics.md 12).
 *
 * A step that only a veto names takes no place: what it is told apart from is kept like a value to be equal
 * (veto.h), and nothing here knows of it.
 */
#ifndef CSR_ENGINE_STATE_DIFFER_H
#define CSR_ENGINE_STATE_DIFFER_H

#include "engine/state/extend.h"

void differs_plan(struct rule_plan *p);

/* Goes on with every choice of values that either side may show in this second, in order of the pairs from
 * `pair` on; then calls extend_look. */
void differs_walk(struct extension *x, uint32_t pair);
/* Whether an event that fills the step may be taken with what the run in scratch keeps. */
bool differs_allow(const struct extension *x, const struct hit *h);
/* Forgets what no later event is told apart from. */
void differs_forget(const struct rule_plan *p, const struct alternative *a, struct run *r);

/* Whether what x keeps forbids nothing that what y keeps allows. */
bool differs_dominate(const struct rule_plan *p, const struct run *x, const struct run *y);
/* Whether no event is forbidden by both: one of them allows what is to come. */
bool differs_share_nothing(const struct rule_plan *p, const struct run *x, const struct run *y);
/* Whether x has shown values only on sides on which y has: on the others it forbids nothing that y allows. */
bool differs_show_alike(const struct rule_plan *p, const struct run *x, const struct run *y);
/* How many runs that share nothing, pair by pair, make one superfluous that is no better than any of them; 0:
 * none do. */
uint32_t differs_needed(const struct rule_plan *p, const struct alternative *a, const struct run *r);
/* Whether a run and one of the mirror show no value on both sides. */
bool differs_join(const struct rule_plan *p, const struct run *forward, const struct run *backward);

#endif
