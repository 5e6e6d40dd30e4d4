/* feeds.h - how far each feed has come that a rule requires to be fresh: the newest second of its records.
 *
 * A batch notes its own; a shard folds them from batch to batch before its hit round moves the watermark, so
 * what state is told depends on the input alone.
 */
#ifndef CSR_ENGINE_RUN_FEEDS_H
#define CSR_ENGINE_RUN_FEEDS_H

#include "engine/base/hash.h"
#include "engine/run/vec.h"

struct feed_seen {
    struct hash128 feed;
    int64_t newest;
};
struct feeds VEC(struct feed_seen); /* in order of their hashes */
#define FEEDS_FRESH_MOST 4096 /* what has no room is never fresh: nobody can tell (docs/semantics.md 14) */

/* False: no memory. */
bool feeds_note(struct feeds *f, struct hash128 feed, int64_t second);
bool feeds_fold(struct feeds *f, const struct feeds *more);
/* INT64_MIN: it has shown nothing. */
int64_t feeds_newest(const struct feeds *f, struct hash128 feed);

#endif
