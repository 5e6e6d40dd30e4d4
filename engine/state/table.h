/* table.h - things by a 128-bit hash: open addressing over pointers, deletion by shifting back.
 *
 * Each thing begins with its hash (struct hash128 as its first member). Hashes come from SipHash under a
 * secret key, so their bits are used as they are. Output never depends on the order of a table.
 */
#ifndef CSR_ENGINE_STATE_TABLE_H
#define CSR_ENGINE_STATE_TABLE_H

#include "engine/base/hash.h"
#include "engine/state/slab.h"

struct table {
    struct slab *slab;
    struct hash128 **at;
    uint32_t len, cap; /* cap: a power of two, at most 3/4 full */
};

void *table_get(const struct table *t, struct hash128 h);
/* The hash must not be there yet. */
void table_put(struct table *t, void *thing);
/* The same thing lies somewhere else now. */
void table_moved(struct table *t, const void *from, void *to);
void table_remove(struct table *t, void *thing);

#endif
