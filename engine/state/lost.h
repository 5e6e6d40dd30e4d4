/* lost.h - what was given up for want of room, and until when that may show.
 *
 * An incident that may lack, or may have more of, something because of an eviction is marked `capped`. Which
 * ones these are is remembered without a table that could grow: for the owners of what was evicted, and for
 * the keys themselves, in places found by their hashes.
 *
 * Invariants
 * 1. What belongs to an owner who lost something is doubted as long as that may show: a place only ever gets
 *    later, so no owner is missed; two owners with one place are both doubted.
 * 2. A key that was evicted is doubted whoever asks, until another evicted key has taken its place. (Keys of
 *    several owners alone need this: for others 1 suffices.)
 */
#ifndef CSR_ENGINE_STATE_LOST_H
#define CSR_ENGINE_STATE_LOST_H

#include "engine/base/tape.h"
#include "engine/state/table.h"

struct lost {
    struct slab *slab;
    int64_t *owners;       /* [LOST_PLACES] seconds; NULL until something was lost */
    struct lost_key *keys; /* [LOST_PLACES] */
};

void lost_note(struct lost *l, struct hash128 owner, struct hash128 key, int64_t until);
/* The second up to which what this owner has under this key is in doubt; INT64_MIN: it is not. */
int64_t lost_until(const struct lost *l, struct hash128 owner, struct hash128 key);
void lost_tape(struct lost *l, struct tape *t);

#endif
