/* past.c - what a baseline would have been taught, made from values instead of a record (match.c makes it
 * from one). */
#include "engine/match/plan.h"

#include <stdlib.h>

/* Of the baseline's identity and, behind it, the canonical bytes of some values. */
static struct hash128 hash_values(const struct plan *p, struct hash128 id, const struct value *values,
                                  uint32_t n)
{
    size_t size = sizeof id;
    for (uint32_t i = 0; i < n; i++) size += value_key_size(values[i]);
    char *bytes = malloc(size), *at = bytes;
    if (!bytes) abort();
    memcpy(at, &id, sizeof id);
    at += sizeof id;
    for (uint32_t i = 0; i < n; i++) at = value_key_put(at, values[i]);
    struct hash128 hash = hash_128(p->secret, bytes, (size_t)(at - bytes));
    free(bytes);
    return hash;
}

static struct hash128 hash_value(const struct plan *p, struct value v)
{
    if (v.kind == VALUE_ABSENT) return (struct hash128){0, 0};
    char *bytes = malloc(value_key_size(v));
    if (!bytes) abort();
    struct hash128 hash = hash_128(p->secret, bytes, (size_t)(value_key_put(bytes, v) - bytes));
    free(bytes);
    return hash;
}

struct touch plan_touch(const struct plan *p, uint32_t baseline, const struct value *key, struct value value)
{
    struct hash128 id = p->baseline_ids[baseline];
    struct touch t = {.baseline = baseline, .learns = true};
    t.key = hash_values(p, id, key, p->ir->baselines[baseline].n_key);
    t.value = hash_value(p, value);
    return t;
}
