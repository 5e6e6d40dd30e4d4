/* veto.h - what may not happen while a choice grows, second by second (language.md B10).
 *
 * A veto is active for a run in each second that lies between its two edges, both included. An event of its
 * step that agrees with the run's references then ends the run, unless it is one of the events that the run
 * takes in that very second: all events of an earlier second it has taken or refused already. So a veto needs
 * no memory of its own (docs/semantics.md 14), but for 2.
 *
 * Invariants
 * 1. Whether a veto is active depends on the progress before and after the second alone (and, for `for D`, on
 *    the last second of its left side).
 * 2. What a reference of a forbidden event is compared with is known when it comes; where it is not, the
 * event is kept in mind (suspect.h).
 * 3. An event of which nobody can tell ends no run. A run that met one is marked (run.blinded), and the mark
 * stays: it says of a choice what the witness has to say (docs/semantics.md 19).
 */
#ifndef CSR_ENGINE_STATE_VETO_H
#define CSR_ENGINE_STATE_VETO_H

#include "engine/state/extend.h"

/* The vetoes of an alternative, or of its mirror. */
void vetoes_plan(struct slab *s, const struct rule_plan *p, struct alternative *a,
                 const struct ir_alternative *shape, bool is_mirror);

/* Whether it is active for the run between its progress before the second and after. */
bool veto_is_active(const struct rule_plan *p, const struct alternative *a, const struct veto *v,
                    const struct run *r, uint16_t before, int64_t second);
/* Whether a reference, of `later` alone, is to a step of which the run knows no value yet. */
bool veto_is_open(const struct rule_plan *p, const struct alternative *a, const struct run *r, uint32_t join);
/* One reference of a forbidden event, against what the choice has: nothing equals what is absent, and of what
 * was withheld nobody can tell. */
enum tri veto_compare(const struct ir_join *join, struct hash128 mine, struct hash128 theirs);
/* Whether the veto is about the class's events, as far as the run's references tell. MAYBE: what would decide
 * was withheld. LATER: a later step decides. */
enum veto_says { SAYS_NO, SAYS_YES, SAYS_MAYBE, SAYS_LATER, SAYS_MAYBE_LATER };
enum veto_says veto_says(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                         const struct classes *cs, uint32_t c, const struct veto *v, uint32_t n_joins);

/* Whether an event of the second, of which the run takes none, ends it for certain. */
bool veto_ends(const struct rule_plan *p, const struct run *r, const struct alternative *a,
               const struct classes *cs, uint32_t n_joins, int64_t second);
/* An event of the second, of which the run takes none, that may end it: nobody can tell whether it fits, or
 * agrees, for what would decide was withheld (language.md B14). NULL: there is none. */
const struct kept *veto_blinds(const struct rule_plan *p, const struct run *r, const struct alternative *a,
                               const struct classes *cs, uint32_t n_joins, int64_t second);
/* Whether a `for D` that begins with what r took last, when its progress was `before`, is broken by a hit of
 * this slot, so many seconds later. */
bool veto_breaks(const struct rule_plan *p, const struct run *r, const struct alternative *a, uint16_t before,
                 const struct slot *slot, int64_t distance, uint32_t n_joins);

/* For the extension at hand, which leads to the progress in scratch: finds the classes of which it must take
 * every event, because any that it left out would end it; or, `surely`, might. False: it cannot. */
bool veto_allows(struct extension *x, bool surely);
/* An event of the second that may end it if it is left out; NULL: there is none. */
const struct kept *veto_doubts(const struct extension *x);
/* One class more. */
void veto_must_take(struct extension *x, uint32_t c, const struct veto *v);
/* From here on places see only what they may take, until veto_done: veto_covers is to be asked of each choice
 * of representatives. False: there are too many to be taken. */
bool veto_begin(struct extension *x);
void veto_done(struct extension *x);
/* Whether the events that must be taken and are not `used` yet find room in the places that still need some.
 */
bool veto_covers(const struct extension *x, const uint16_t *need, const uint32_t *used);

#endif
