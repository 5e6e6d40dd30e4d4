/* names.h - what a name amounts to, remembered: `service:action` -> wants. One matcher's own.
 *
 * Real traffic has a few hundred names, but whoever is watched may make up names. So the table is bounded in names,
 * bytes and wants; when it is full, names that are not in it are resolved each time (bypass), and when most look-ups
 * have to do that, it is emptied and begun anew: what recurs is then soon in it again.
 */
#ifndef CSR_ENGINE_MATCH_NAMES_H
#define CSR_ENGINE_MATCH_NAMES_H

#include "engine/match/plan.h"

#define NAMES_MOST       4096u
#define NAME_LEN_MOST    256u /* a longer name is odd: never remembered */
#define NAME_BYTES_MOST  (256u << 10)
#define NAME_WANTS_MOST  (1u << 20)
#define NAMES_EPOCH      65536u /* look-ups between two judgements of a full table */

struct name_memory;

struct name_memory *name_memory_new(const struct plan *p);
void name_memory_free(struct name_memory *n);

struct wants_view {
    const uint32_t *at;
    uint32_t len;
};
/* Valid until the next look-up. */
struct wants_view name_memory_look_up(struct name_memory *n, struct text service, struct text action);

struct name_memory_counts {
    uint64_t found, missed, bypassed;
};
struct name_memory_counts name_memory_count(const struct name_memory *n);

#endif
