/* suspect.h - events that may turn out to be forbidden: they refer to what the choice takes only later.
 *
 * In `a -> !c -> b` with c: (x == b.x) nobody can tell, when c comes, whether it is forbidden: b decides. So
 * a run keeps such an event as a suspect: the values that it asks of later steps. Once such a step is known
 * the suspect is judged: what does not hold clears it; when all holds, the run is ended. One that is in doubt
 * for another reason, or because a value was withheld, marks it instead (veto.h).
 *
 * Invariants (docs/semantics.md 14)
 * 1. Suspects are a sorted set without doubles, and each still asks for something.
 * 2. Of two runs, the one whose suspects are among the other's allows more.
 * 3. A complete run has no suspects.
 */
#ifndef CSR_ENGINE_STATE_SUSPECT_H
#define CSR_ENGINE_STATE_SUSPECT_H

#include "engine/state/extend.h"

/* Which references of vetoes may be asked of later steps. After vetoes_plan, for each alternative. */
void suspects_plan(struct rule_plan *p, const struct alternative *a);

/* For the extension at hand, after veto_allows: judges the suspects by what has become known, adds those of
 * this second, and calls `end` for each way to do so, without those that the extension takes itself. */
void suspects_walk(struct extension *x, void (*end)(struct extension *x));
/* The run with the suspects of a second of which it takes nothing: r itself, or a copy in `room`. NULL: it is
 * ended, or there are too many (*overflows). */
const struct run *suspects_carry(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                                 const struct classes *cs, uint32_t n_joins, int64_t second, struct run *room,
                                 bool *overflows);
/* The events that the run suspects. */
void suspects_each(const struct rule_plan *p, const struct run *r, void (*each)(const struct kept *k));
/* How many there are, and who they are: [SUSPECTS_MOST]. Of rules that have none (n_later 0) nobody asks. */
uint32_t suspects_count(const struct rule_plan *p, const struct run *r);
const struct kept **suspects_who(const struct rule_plan *p, struct run *r);
/* Whether every suspect of x is one of y. */
bool suspects_dominate(const struct rule_plan *p, const struct run *x, const struct run *y);

#endif
