/* sums.h - sums that are under way: runs which differ in nothing that matters but their start and their
 * amount.
 *
 * None of them makes another superfluous: who starts later has come to less. So there may be one for each
 * second of the window, and they are not compared one with all: they stand in a line, in order.
 *
 * Invariants (docs/semantics.md 11)
 * 1. In a list of a frontier, runs of a line stand in order of their starts; amounts fall.
 * 2. What is added comes to each of them alike, so a second that brings nothing else keeps the order.
 * 3. When there are more than SUMS_MOST, those are let go that start between two others which are no more
 * than a step apart, and the fold says so: the window of a sum may then be a step shorter than it should.
 */
#ifndef CSR_ENGINE_STATE_SUMS_H
#define CSR_ENGINE_STATE_SUMS_H

#include "engine/state/run.h"

#define SUMS_MOST  4096 /* more than the seconds of an hour */
#define SUMS_STEPS 1024 /* of a window */

/* Whether runs of this progress are a line: one sum is under way, all else that has begun is complete, and no
 * gap or other window is open. */
bool sums_are_in_line(const struct frontier *f, const struct alternative *a, uint16_t progress);

/* Where in its list the run is to stand; what it makes superfluous is taken out. NULL: it is superfluous
 * itself. */
uint32_t *sums_place(struct frontier *f, const struct alternative *a, const struct run *r);

/* If the second's events can only be added to the run's sum, and that does not reach its amount: puts the run
 * with what it has come to into the frontier. False: it has to be extended like any other. */
bool sums_add(struct frontier *f, const struct alternative *a, const struct run *r, const struct classes *cs);

/* Lets go what is too much. True if it was. */
bool sums_thin(const struct rule_plan *p, struct runs *rs);

#endif
