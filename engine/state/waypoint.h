/* waypoint.h - folds that are kept along a key's tail.
 *
 * A late hit makes all seconds from its own on be folded again. That would begin with what is committed, ten
 * minutes ago and more, though most late hits are late by seconds. So every so many slots the fold over all
 * seconds up to there is kept, and folding begins with the last one before the hit.
 *
 * Invariants
 * 1. A waypoint is what folding the committed part and the tail's slots up to its second gives. Whoever
 * changes the committed part, other than by committing the tail's first slot as it was folded, drops all of
 * them.
 */
#ifndef CSR_ENGINE_STATE_WAYPOINT_H
#define CSR_ENGINE_STATE_WAYPOINT_H

#include "engine/state/partition.h"

#define WAYPOINT_SLOTS 4 /* from one to the next at least, and as many more as it has runs and groups */

/* The fold over all seconds up to this one, if there are so many slots since the last waypoint. */
void waypoint_pass(struct state *s, struct keyed *k, const struct fold *f, int64_t second);
/* Forgets those that know that second or a later one; and those up to a second, which is committed. */
void waypoints_drop_from(struct state *s, struct keyed *k, int64_t second);
void waypoints_drop_until(struct state *s, struct keyed *k, int64_t second);
void waypoints_free(struct state *s, struct keyed *k);

/* The last one; NULL: there is none. *slots: how many slots of the tail it knows. */
const struct fold *waypoint_last(const struct keyed *k, uint32_t *slots);

#endif
