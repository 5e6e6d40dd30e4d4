/* pattern_cache.h - pattern databases on disk, by name.
 *
 * Nothing depends on the cache: what cannot be read, is damaged or belongs to somebody else is as if it were
 * not there, and what cannot be written is not written.
 */
#ifndef CSR_ENGINE_COMPILE_PATTERN_CACHE_H
#define CSR_ENGINE_COMPILE_PATTERN_CACHE_H

#include "engine/base/hash.h"
#include "grammar/base/arena.h"

/* folder NULL: there is no cache. Empty: it is not there. */
struct text pattern_cache_read(struct arena *a, const char *folder, struct hash128 name);
/* Makes the folder if need be. Files that nobody used for 90 days are taken away on the occasion. */
void pattern_cache_write(const char *folder, struct hash128 name, struct text bytes);

#endif
