/* gather.h - exact amounts: every event that belongs to a group, for the steps whose amounts a rule asks for.
 *
 * An event is gathered if it stands in any choice that lies in the group's time. Whether it does is asked of
 * both sides (passes.h): forward runs say how well a choice can have begun before the event's second,
 * backward runs how well it can end after it.
 *
 * Invariants (docs/semantics.md 7)
 * 1. Events up to `within` before what was committed when a list was last right are final in it; younger ones
 *    are found anew by each refresh.
 * 2. For that the key keeps its committed slots for two windows while a group is open, else for one.
 */
#ifndef CSR_ENGINE_STATE_GATHER_H
#define CSR_ENGINE_STATE_GATHER_H

#include "engine/state/partition.h"

/* Makes the lists of all groups of `now` anew: hits may have gone as well as come. */
void gather_refresh(struct state *s, struct keyed *k, struct fold *now);
/* After a hit in the newest second: only choices that end there are new. */
void gather_newest(struct state *s, struct keyed *k, struct fold *now, const struct kept *hit);
/* After a hit in an earlier second that takes nothing back: all new choices hold it. */
void gather_late(struct state *s, struct keyed *k, struct fold *now, const struct kept *hit);
/* All lists are right as of what is committed now: throws away history that nothing needs any more. */
void gather_trim(struct state *s, struct keyed *k);

#endif
