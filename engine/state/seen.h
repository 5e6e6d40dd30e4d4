/* seen.h - identities of records, remembered until the watermark has passed them by fifteen minutes:
 * duplicates.
 *
 * When there are too many, those of the oldest minute are forgotten together. From then on nobody can tell of
 * a record of that time, or an earlier one, whether it is a copy.
 */
#ifndef CSR_ENGINE_STATE_SEEN_H
#define CSR_ENGINE_STATE_SEEN_H

#include "engine/base/tape.h"
#include "engine/state/state.h"
#include "engine/state/table.h"
#include "engine/state/timers.h"

#define SEEN_SECONDS 900

/* Identities of one minute: they are forgotten together. */
struct seen_minute {
    struct timer timer;
    int64_t minute;
    struct seen_one *first;
    struct seen_minute *next;
};

struct seen {
    struct slab *slab;
    struct table table;
    struct timers timers;
    struct seen_minute *minutes; /* newest used first */
    uint64_t most, evicted;
    int64_t unsure_until; /* second; INT64_MIN: nothing was forgotten before its time */
    const struct state_listener *listener;
};

void seen_init(struct seen *s, struct slab *slab, uint64_t most, const struct state_listener *listener);
/* Whether it was there; remembers it. */
enum sighted seen_put(struct seen *s, struct hash128 identity, int64_t second);
void seen_forget(struct seen *s, int64_t watermark);
/* As bytes and back; read into an empty one. */
void seen_tape(struct seen *s, struct tape *t);

#endif
