/* zone.h - the time of day at a place: offsets from UTC that change with the law.
 *
 * A zone is compiled from a TZif file (RFC 8536) into a table of moments at which its offset changes. What the file
 * says of the years to come is a rule in POSIX words at its end ("CET-1CEST,M3.5.0,M10.5.0/3"); it is written out
 * year by year, so that a question is one binary search and nothing knows of rules.
 *
 * Invariants
 * 1. `changes` ascends by `at`, each later than the one before.
 * 2. The table reaches the end of what our nanoseconds can say (the year 2262).
 */
#ifndef CSR_ENGINE_BASE_ZONE_H
#define CSR_ENGINE_BASE_ZONE_H

#include "grammar/base/arena.h"

struct zone_change {
    int64_t at;     /* second since 1970, UTC */
    int32_t offset; /* seconds east of Greenwich, from then on */
};

struct zone {
    struct text name; /* "Europe/Berlin" */
    int32_t before;   /* offset until the first change */
    const struct zone_change *changes;
    uint32_t n_changes;
};

/* False if the bytes are no zone that can be used (also one that counts leap seconds). Fills all but the name. */
bool zone_read_tzif(struct arena *arena, struct text bytes, struct zone *out);

/* Seconds east of Greenwich. */
int32_t zone_offset(const struct zone *z, int64_t second);

#endif
