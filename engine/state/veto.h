/* veto.h - what may not happen while a choice grows, second by second (language.md B10).
 *
 * A veto is active for a run in each second that lies between its two edges, both included. An event of its
 * step that agrees with the run's references then ends the run, unless it is one of the events that the run
 * takes in that very second: all events of an earlier second it has taken or refused already. So a veto needs
 * no memory of its own (docs/semantics.md 14).
 *
 * Invariants
 * 1. Whether a veto is active depends on the progress before and after the second alone (and, for `for D`, on
 *    the last second of its left side).
 * 2. A reference of a forbidden event names a step that is complete whenever the veto is active: the compiler
 *    refuses others. So what it is compared with is known when it comes.
 */
#ifndef CSR_ENGINE_STATE_VETO_H
#define CSR_ENGINE_STATE_VETO_H

#include "engine/state/extend.h"

/* The vetoes of an alternative, or of its mirror. */
void vetoes_plan(struct slab *s, const struct rule_plan *p, struct alternative *a,
                 const struct ir_alternative *shape, bool is_mirror);

/* Whether an event of the second, of which the run takes none, ends it. */
bool veto_ends(const struct rule_plan *p, const struct run *r, const struct alternative *a,
               const struct classes *cs, uint32_t n_joins, int64_t second);
/* Whether a `for D` that begins with what r took last, when its progress was `before`, is broken by a hit of
 * this slot, so many seconds later. */
bool veto_breaks(const struct rule_plan *p, const struct run *r, const struct alternative *a, uint16_t before,
                 const struct slot *slot, int64_t distance, uint32_t n_joins);

/* For the extension at hand, which leads to `progress`: finds the classes of which it must take every event,
 * because any that it left out would end it. False: it cannot take them all. Else extension_covers is to be
 * asked of each choice of representatives until veto_done. */
bool veto_allows(struct extension *x, uint16_t progress);
void veto_done(struct extension *x);
/* Whether the events that must be taken and are not `used` yet find room in the places that still need some.
 */
bool veto_covers(const struct extension *x, const uint16_t *need, const uint32_t *used);

#endif
