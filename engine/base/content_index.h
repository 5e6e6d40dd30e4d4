/* content_index.h - numbers found by content: the hash table behind every "have I this already?" of a compile.
 *
 * The owner keeps the things in an array, hashes their content and compares it; the index only remembers which numbers
 * have which hash. Lives in an arena, never forgets.
 *
 *     uint32_t at = content_start(hash), i;
 *     while ((i = content_next(index, hash, &at)) != CONTENT_NONE)
 *         if (same(things[i], wanted)) return i;
 *     content_put(arena, index, hash, new_number);
 */
#ifndef CSR_ENGINE_BASE_CONTENT_INDEX_H
#define CSR_ENGINE_BASE_CONTENT_INDEX_H

#include "grammar/base/arena.h"

#define CONTENT_NONE UINT32_MAX

struct content_index;

struct content_index *content_index_new(struct arena *a);
void content_put(struct arena *a, struct content_index *x, uint64_t hash, uint32_t number);
/* The next number with this hash, or CONTENT_NONE. */
uint32_t content_next(const struct content_index *x, uint64_t hash, uint32_t *at);

static inline uint32_t content_start(uint64_t hash)
{
    return (uint32_t)hash;
}

/* FNV-1a, for rule files: they are not hostile to their own compiler. Bytes of events go to base/hash.h. */
#define CONTENT_HASH_START 0xcbf29ce484222325u
uint64_t content_hash(uint64_t hash, const void *bytes, size_t len);
#define CONTENT_HASH(hash, variable) content_hash((hash), &(variable), sizeof(variable))

#endif
