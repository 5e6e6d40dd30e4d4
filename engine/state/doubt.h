/* doubt.h - `require FEED fresh D`: whether an absence can be told (language.md B10).
 *
 * An absence is certain once the feed has shown a record from behind the span, or all of it has come. A feed
 * that is further behind than `fresh` leaves it in doubt: the rule's `else` incident says so, which never
 * acts by itself, or nothing does. When the feed comes back, what it brings decides.
 */
#ifndef CSR_ENGINE_STATE_DOUBT_H
#define CSR_ENGINE_STATE_DOUBT_H

#include "engine/state/partition.h"

struct feeds_view {
    int64_t newest; /* all feeds of the key have come so far; INT64_MAX: all that there is */
    bool is_behind; /* one of them further than its rule allows */
    uint8_t doubt;  /* is_behind: which of the rule's requirements has an `else`, counted from 1; 0: none */
};
struct feeds_view feeds_look(const struct state *s, const struct keyed *k, int64_t committed,
                             const struct state_out *out);

/* A completion that waits and would open a group opens it in doubt. True if there was any up to `second`. */
bool doubt_open(struct state *s, struct keyed *k, int64_t second, uint8_t doubt);
/* A hit that is older than the watermark and may break what still waits. True if it did. */
bool doubt_break(struct state *s, struct keyed *k, const struct slot *slot);
/* Nothing waits for these seconds any more. */
void waiting_drop(struct state *s, struct keyed *k, int64_t second);

#endif
