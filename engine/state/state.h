/* state.h - keyed state of one partition: automata, groups, baselines. The stage that never sees a clock or a thread.
 *
 * State lies in 64 fixed partitions by the top bits of the key's hash, so that nothing depends on the number of
 * shards. Whoever calls owns the partition for the call.
 *
 * A partition has three parts that never look at one another: identities, baselines, automata. Each has a watermark of
 * its own, so that a round may run ahead of the later rounds of earlier batches and no answer changes. For each batch
 * the caller runs, per partition, in order of sequence within each round:
 *   identities   state_forget, then state_seen for every record's identity
 *   touches      state_learn, then answers to settle_asks of earlier batches (state_touch), then state_touch for every
 *                touch of a record that is no duplicate
 *   hits         when the answers of all partitions are there: state_settled, state_hit for every hit of a record that
 *                is no duplicate, and at the batch's end, where the watermark is moved, state_watermark
 * Rules over rules live in partitions of their own, a set for each depth (ir_rule.depth), without identities and
 * baselines. Their hits come when all partitions of lower depths are done with theirs: those of records, and those that
 * the match stage makes of the groups of lower rules (state_out.derived). state_known tells them how far these are known
 * for good, before state_watermark.
 *
 * state_forget and state_learn get the watermark that state_watermark got last before this batch. state_adopt runs
 * between all rounds of one batch and all rounds of the next.
 */
#ifndef CSR_ENGINE_STATE_STATE_H
#define CSR_ENGINE_STATE_STATE_H

#include "engine/ir/caps.h"
#include "engine/state/incident.h"

#define STATE_PARTITIONS 64
static inline uint32_t state_partition(struct hash128 h)
{
    return (uint32_t)(h.hi >> 58);
}

struct state;

/* What belongs to a rule set and is shared by all partitions: rule and baseline identities, automata ready to run. */
struct state_plan;
struct state_plan *state_plan_new(const struct ir *ir);
void state_plan_free(struct state_plan *p);

/* NULL: the defaults. They are of the whole engine: a partition has a 64th of each. */
struct state *state_new(const struct caps *caps);
void state_free(struct state *s);

/* Something was given up for want of room: told when it happens, also while identities and touches come. Names are
 * valid during the call. */
struct state_eviction {
    const char *cap;                /* its name (ir/caps.def) */
    uint32_t rule;                  /* of `keys`, `memory` and what is kept of one key; else IR_NONE */
    uint32_t baseline;              /* of `values`; else IR_NONE */
    struct text account, principal; /* whose it was; empty: nobody is named */
    struct hash128 owner;           /* of both */
    uint64_t n;
    uint64_t cause; /* sequence of the record that brought it about, or of the batch; 0: not known */
    bool by_watermark;
    int64_t second;
};
struct state_listener {
    void *world;
    /* While the watermark moves, or an answer comes: what was done since the last call was for a key of this rule. */
    void (*worked)(void *world, uint32_t rule);
    void (*evicted)(void *world, const struct state_eviction *e); /* NULL: nobody listens */
};
void state_listen(struct state *s, struct state_listener listener);

/* From here on this plan; keeps what language.md B24 keeps. Counts go to the receipt. */
struct state_adoption {
    uint64_t rules_kept, rules_changed, rules_new, rules_dropped, half_built_dropped;
};
void state_adopt(struct state *s, const struct state_plan *p, struct state_adoption *out);

/* The watermark of identities. */
void state_forget(struct state *s, int64_t second);
/* Whether a record of this identity came before: they are remembered until the watermark has passed them by 15m. UNSURE:
 * none is known, but those of its time were forgotten. */
enum sighted { SIGHTED_FIRST, SIGHTED_AGAIN, SIGHTED_UNSURE };
enum sighted state_seen(struct state *s, struct hash128 identity, int64_t second);
/* The watermark of baselines: what they learn is older than this. */
void state_learn(struct state *s, int64_t second);
struct answer state_touch(struct state *s, const struct touch *t);

/* A question put during one state_watermark is answered before state_learn has been called more often than this after. */
#define STATE_ASK_MOVES 10

/* A settling incident's question, to be put to the partition that owns the baseline's key, in a later round. */
struct settle_ask {
    uint32_t partition;  /* that asks */
    uint64_t ticket;     /* the asking partition's own */
    struct touch touch;  /* learns is false; second: as of this second */
};

struct state_out {
    void *world;
    struct answer (*answer)(void *world, uint32_t number, struct hash128 key); /* of this batch's touches */
    void (*incident)(void *world, const struct incident *i); /* valid during the call */
    void (*settle)(void *world, const struct settle_ask *ask);
    char *(*memory)(void *world, size_t size); /* batch memory for what incident points at */
    /* A settled group was taken by an exception (ir_exception.number), or by change -1 no longer is. NULL: nobody
     * counts. */
    void (*swallowed)(void *world, uint32_t exception, int change);
    /* The newest second that a feed (feed_hash) has shown by the end of the batch whose watermark this is; INT64_MIN:
     * none, INT64_MAX: all of it has come. NULL: all of every feed has. */
    int64_t (*feed)(void *world, struct hash128 feed);
    /* A group of a rule that others are over: it is there, or (is_gone) is no more. Valid during the call.
     * NULL: nobody is over any. */
    void (*derived)(void *world, const struct derived *d);
};
/* Also one that comes from a group of matches, or (hit.is_gone) takes back one that came.. One that lacks a part of its
 * key (hit.lacks) goes to every partition: each gives it to its own keys. */
void state_hit(struct state *s, const struct hit *h, const struct state_out *out);
/* Answers to earlier settle_asks, in the order in which they were asked; before the batch's hits. Tickets outlive
 * state_adopt (the caller finds the baseline again by its fingerprint; unknown if it is gone). What changes has the
 * cause of the last state_watermark. */
void state_settled(struct state *s, uint64_t ticket, const struct answer *a, const struct state_out *out);
/* All records up to this second have come (INT64_MAX: the input has ended). cause: sequence of the batch's end. */
void state_watermark(struct state *s, int64_t second, uint64_t cause, const struct state_out *out);
/* For rules over rules: up to this second all groups of lower rules are known, but for those that a rule
 * itself is late to know (state_settled_to of all partitions below). It may move without a watermark. */
void state_known(struct state *s, int64_t second);
/* Up to here every record has come, every lower rule is known and every question is answered. */
int64_t state_settled_to(const struct state *s);
/* Whether settling still waits for answers: the input may not end yet. */
bool state_waits(const struct state *s);

/* How far a choice has got under one key: for tests, traces and explanations. A choice that is complete has all that its
 * places need. */
struct state_view {
    uint32_t rule;
    struct text key;
    uint32_t automaton;
    const struct ir_place *places; /* [n_places], as in the rule's automaton */
    uint32_t n_places;
    const uint64_t *before;        /* [n_places] bits of the places that come before */
    const uint16_t *taken;         /* [n_places] events */
    const int64_t *last;           /* [n_places] second of the last event taken; where none is, without meaning */
    const struct hash128 *joins;   /* [rule->n_joins] what it has agreed to, zero: nothing yet */
    const int64_t *inners; /* [n_inners] the first second of each window inside (ir_inner) that has begun, else without meaning */
    uint32_t n_inners;
    int64_t start;
};
/* From here on each choice is shown when a second of its key is folded for good: once for each event more that it
 * takes, in order of time, whatever the order of arrival was. NULL: nobody looks. */
void state_watch(struct state *s, void (*see)(void *world, const struct state_view *v), void *world);

/* What a rule holds. */
struct state_held {
    uint64_t keys, half_built, incidents, bytes;
};

/* One rule under one key, as it stands. */
struct state_key {
    uint32_t rule;
    struct text key;
    int64_t within; /* seconds from the start of a choice to its end */
    struct state_held held;
};
/* Shows each choice that is under way now. Everything is valid until the next call. False: nothing is held under it. */
bool state_look(struct state *s, struct hash128 key, struct state_key *out,
                void (*see)(void *world, const struct state_view *v), void *world);

/* step states made = completed + expired + vetoed + superseded + merged + dropped + evicted + live */
struct state_counts {
    uint64_t made, completed, expired, vetoed, superseded, merged, dropped, evicted, live;
    uint64_t keys, half_built, incidents_open, baseline_values, identities;
    uint64_t keys_evicted, hits_refused, values_evicted, identities_evicted;
    uint64_t bytes;      /* of everything, taken from the system */
    uint64_t keys_bytes; /* in use, by what belongs to keys: what the cap `memory` is about */
    uint64_t work;       /* in units of slab.h */
};
void state_count(const struct state *s, struct state_counts *add_to);
/* What each rule holds at present; add_to: [ir->n_rules]. */
void state_count_rules(const struct state *s, struct state_held *add_to);
static inline bool state_adds_up(const struct state_counts *n)
{
    return n->made == n->completed + n->expired + n->vetoed + n->superseded + n->merged + n->dropped + n->evicted + n->live;
}

/* ---- checkpoints ----
 *
 * A partition as bytes and back (engine/base/tape.h), between all rounds of one batch and all rounds of the next. What is
 * read goes on as what was written would have, under the same rule set or, as far as language.md B24 goes, another one. */

/* The rule set that was written: what reading finds its rules again by. */
struct state_names {
    struct ir *ir;      /* names and fingerprints alone */
    uint32_t *rules;    /* [ir->n_rules] the number that each has now; IR_NONE: it is gone, or another one */
    bool *like;         /* [ir->n_rules] and it asks for the same values */
    uint32_t *baselines; /* [ir->n_baselines] as rules */
};
/* Writes what is to be known of `now`, or reads it and finds it in `now`; *out lies in the tape's arena. */
void state_names_tape(struct tape *t, const struct ir *now, struct state_names *out);
/* Reading: into a new partition that has adopted a rule set; what is lost with rules is added to *out, but rules are
 * counted by state_names_count. It uses the tape's arena for itself. */
void state_tape(struct state *s, struct tape *t, const struct state_names *names, struct state_adoption *out);
void state_names_count(const struct state_names *names, const struct ir *now, struct state_adoption *out);

#endif
