/* notices.h - what was given up for want of room, told as events: csr:evicted.
 *
 * Of each cap, rule (or baseline) and owner a notice is told when it first gives, and then at most once a
 * minute of event time, with how much it gave since the last one. So a flood makes no flood of notices.
 *
 * Invariants
 * 1. Every eviction is counted in exactly one notice: what is left is told at the end, before a new rule set,
 *    and when there are NOTICES_MOST owners to be told of.
 * 2. Notices are told at ticks, in order of rule, baseline, account, principal and cap: a function of the
 *    records alone (batch.h, invariant 5).
 */
#ifndef CSR_ENGINE_RUN_NOTICES_H
#define CSR_ENGINE_RUN_NOTICES_H

#include "engine/base/json_out.h"
#include "engine/base/tape.h"
#include "engine/state/state.h"

#define NOTICES_MOST 1024u

struct notice {
    struct state_eviction what; /* names are its own; n: since it was told last */
    int64_t told;               /* second; INT64_MIN: never */
};

struct notices {
    struct notice *at; /* [NOTICES_MOST] */
    uint32_t *index;   /* [2 * NOTICES_MOST] places in `at` by hash, plus one; 0: free */
    uint32_t len;
    uint64_t told; /* so many in all: part of their identity */
    struct json_out line;
    void *world;
    void (*tell)(void *world, struct text line); /* one JSON object, valid during the call */
};

/* False: no memory. */
bool notices_init(struct notices *n);
void notices_release(struct notices *n);
/* False: no memory, or there are too many: tell all, and count again. */
bool notices_count(struct notices *n, const struct state_eviction *e);
/* An eviction as the record that rules see, and people read. */
void notice_json(struct json_out *o, const struct ir *ir, const struct state_eviction *e, struct text id,
                 int64_t second);
/* What is due at this second of event time; SECOND all: everything, and forgets it. */
void notices_tell(struct notices *n, const struct ir *ir, int64_t second, bool all);

/* As bytes and back; read into one that has none. Numbers of rules and baselines are those of the set that was written:
 * names say which they are now. */
void notices_tape(struct notices *n, struct tape *t, const struct state_names *names);

#endif
