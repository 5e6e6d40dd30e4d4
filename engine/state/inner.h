/* inner.h - windows inside a match: `(…)[in D]`, `a[n.. in D]`.
 *
 * An inner window is one more start: a run remembers the first second of each window that has begun and is
 * not complete. Later is better, like the start of the whole (docs/semantics.md 3).
 */
#ifndef CSR_ENGINE_STATE_INNER_H
#define CSR_ENGINE_STATE_INNER_H

#include "engine/state/run.h"

/* Place q takes an event at `second`, after `before`: false if a window that has begun does not hold it. A
 * window that begins with it is noted in the run. */
bool inners_enter(const struct rule_plan *p, const struct alternative *a, struct run *r, uint16_t before,
                  uint32_t q, int64_t second);
/* Whether no open window of x began earlier than in y; both of one progress. */
bool inners_dominate(const struct rule_plan *p, const struct alternative *a, const struct run *x,
                     const struct run *y);
/* Whether an open window holds no event at `second` or later. */
bool inners_are_over(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                     int64_t second);
/* Whether the windows hold that lie across a run and one of the mirror that has the rest. */
bool inners_join(const struct rule_plan *p, const struct alternative *a, const struct run *forward,
                 const struct run *backward);

#endif
