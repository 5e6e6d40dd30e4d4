/* bounded.h - `a[n..m]`: no window of its D holds the events taken and more than m events of a in all.
 *
 * That can only be told D after the first event taken. So a rule with such a place is folded when the
 * watermark is D past a second (plan->delay), and not before: what comes later is then there to be counted,
 * and nothing opens that would have to be taken back. The place stands last in the match, and has an inner
 * window of its own (automaton.c), which knows when it began.
 */
#ifndef CSR_ENGINE_STATE_BOUNDED_H
#define CSR_ENGINE_STATE_BOUNDED_H

#include "engine/state/run.h"

void bounded_plan(struct rule_plan *p, struct alternative *a);
/* Whether more than m events lie between the run's first and `second`, so that it cannot be completed. */
bool bounded_is_over(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                     const struct run *r, int64_t second);
/* Whether the place, if it became complete with what was taken at `second`, may be so. */
bool bounded_allows(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                    const struct run *from, const struct run *r, int64_t second);
/* The same of a place that a run has begun and one of the mirror has ended. */
bool bounded_joins(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                   const struct run *forward, const struct run *backward);

#endif
