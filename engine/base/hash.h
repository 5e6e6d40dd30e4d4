/* hash.h - SipHash-1-3: the one hash for bytes that come from events.
 *
 * Names in events are chosen by whoever is watched, so every table over them is keyed with a secret: without
 * it collisions can be computed and a table flooded. The same function under an all-zero key names things
 * that must be equal between runs (fingerprints, incident ids).
 */
#ifndef CSR_ENGINE_BASE_HASH_H
#define CSR_ENGINE_BASE_HASH_H

#include "grammar/base/text.h"

#include <stddef.h>

/* 128 bits: equality of keys and values in state. */
struct hash128 {
    uint64_t hi, lo;
};

static inline bool hash128_equal(struct hash128 a, struct hash128 b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* Zero stands for none; a keyed hash is never that by accident. */
static inline bool hash128_is_set(struct hash128 h)
{
    return h.hi | h.lo;
}

uint64_t hash_64(const uint64_t key[2], const void *bytes, size_t len);
struct hash128 hash_128(const uint64_t key[2], const void *bytes, size_t len);

/* 32 hexadecimal digits and a NUL. */
void hash128_print(struct hash128 h, char out[33]);

#endif
