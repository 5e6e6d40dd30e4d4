/* assume.h - passes under assumed references, where a veto asks for them.
 *
 * A backward run does not know yet what the events before it will agree to, and a forbidden event is judged
 * by that. So the references that vetoes ask for are assumed, one value after the other, and that nothing has
 * one: whatever fits at all fits under the assumption that is true of it, and an assumption that is not true
 * only forbids more (docs/semantics.md 14.8).
 */
#ifndef CSR_ENGINE_STATE_ASSUME_H
#define CSR_ENGINE_STATE_ASSUME_H

#include "engine/state/passes.h"

/* Calls `passes` under each assumption; once, under none, if vetoes ask for none. False: there were too many,
 * some were left out. */
bool assume_each(struct gathering *g, void (*passes)(struct gathering *g));

#endif
