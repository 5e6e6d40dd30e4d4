/* match.h - from an event to hits and touches: candidates by API name, predicates at most once per event.
 *
 * A plan is made from a sealed IR: which groups want which `service:action`, and in which order to test them. It is
 * immutable and shared; a matcher is one worker's.
 */
#ifndef CSR_ENGINE_MATCH_MATCH_H
#define CSR_ENGINE_MATCH_MATCH_H

#include "engine/base/ticks.h"
#include "engine/event/decode.h"
#include "engine/match/hit.h"

struct plan;
struct plan *plan_new(const struct ir *ir, const uint64_t secret[2]);
void plan_free(struct plan *p);
/* [ir->n_rules + 1] where each rule's steps begin when all rules' are numbered through. */
const uint32_t *plan_first_steps(const struct plan *p);
/* What state finds the key of a rule by. bytes: its parts, as value_key_put writes them, at most PLAN_KEY_MOST. */
#define PLAN_KEY_MOST 4096
struct hash128 plan_key_hash(const struct plan *p, uint32_t rule, struct text bytes);

struct matcher;
struct matcher *matcher_new(const struct plan *p, const struct decoder *d);
void matcher_free(struct matcher *m);
/* What is known of addresses from now on; the caller's, outlives its use. NULL: nothing. */
void matcher_enrich(struct matcher *m, const struct enrichment *e);

/* For another evaluator of the same thread, asked for anew for each record; NULL where there are no patterns. */
const struct pattern_matching *matcher_patterns(struct matcher *m);

/* What a record would teach a baseline that shows these values: for tests, which know the past without records of it.
 * value: absent where the baseline remembers keys alone. When it was is left to the caller. */
struct touch plan_touch(const struct plan *p, uint32_t baseline, const struct value *key, struct value value);

/* What became of the groups that fitted, for reports and for the test that nothing is lost uncounted. */
struct match_counts {
    uint64_t events;
    uint64_t tested;       /* groups whose predicate was asked for */
    uint64_t evaluated;    /* nodes of expressions: one that is shared counts once for an event */
    uint64_t hits, touches;
    uint64_t blinded;      /* a withheld value decides: the step does not match */
    uint64_t key_missing;  /* fits, but a part of the key is absent */
    uint64_t join_missing; /* fits, but what another step must agree with is absent */
    uint64_t fan_capped;   /* keys beyond HIT_FAN_MOST */
    uint64_t overflowed;   /* events that need more memory than a matcher may take: some values were unknown */
    uint64_t names_cached, names_bypassed; /* look-ups of `service:action` */
    uint64_t texts_scanned, texts_recalled; /* texts that patterns were put to, and those whose answer was known */
};
void matcher_count(const struct matcher *m, struct match_counts *add_to);

/* What the work went into: tallies, which other threads may read. One event in `every` is measured (matcher_sample). */
enum match_part {
    MATCH_DECODE,    /* the record's bytes, and who may want it */
    MATCH_BASELINES, /* what they learn, and are asked */
    MATCH_GIVE,      /* copies of what was found */
    MATCH_PARTS
};
struct match_spent {
    uint64_t *looked;          /* [ir->n_rules] events that a predicate of the rule was put to: each is counted */
    struct ticks_spent *steps; /* [of all rules] predicates, exceptions, keys and values */
    struct ticks_spent parts[MATCH_PARTS];
};
const struct match_spent *matcher_spent(const struct matcher *m);
#define MATCH_SAMPLE 64 /* unless it is told otherwise */
void matcher_sample(struct matcher *m, uint32_t every);

/* Where a matcher puts what it finds about one record. Every record that is no aside is announced first, by the hash of
 * its identity: whether it is a duplicate is decided later, in order, by the partition that owns the hash
 * (state_seen), and the touches and hits of a duplicate are then dropped. `touch` returns the number of the touch in
 * the batch, of the partition that owns the baseline's key: the hit's asks carry it. Views in hit are valid during
 * the call. */
struct match_out {
    void *world;
    void (*identity)(void *world, struct hash128 identity, int64_t second);
    uint32_t (*touch)(void *world, const struct touch *t);
    void (*hit)(void *world, const struct hit *h);
    /* An exception took the record from a step that it would fill: ir_exception.number. NULL: nobody counts. */
    void (*swallowed)(void *world, uint32_t exception);
    /* The record is of this feed, which a rule requires to be fresh. NULL: nobody asks. */
    void (*feed)(void *world, struct hash128 feed, int64_t second);
    /* Whose delivery the record is of, of every record that is no aside, before everything else that is said of it.
     * Empty: it does not say. NULL: nobody asks. */
    void (*delivery)(void *world, uint32_t schema, struct text account, struct text region);
};

/* An event that the engine tells, as a record: its hits alone. Their questions to baselines are not put yet. */
void match_told(struct matcher *m, struct text record, uint64_t seq, const struct match_out *out);

/* Decodes and matches one record. ASIDE_NONE: *event is filled, its views valid until the next call. */
enum aside match_record(struct matcher *m, struct text record, uint64_t seq, const struct match_out *out,
                        struct event *event);
/* The same of a line of values. */
enum aside match_line(struct matcher *m, struct text line, const struct columns *columns, uint64_t seq,
                      const struct match_out *out, struct event *event);

/* The groups of one rule as events of others: their hits, and what exceptions took. Hits have the cause of
 * `d` for their seq, and their questions to baselines are not put yet (HIT_NOT_ASKED). */
void match_derived(struct matcher *m, const struct derived *d, const struct match_out *out);

#endif
