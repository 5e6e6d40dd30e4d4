/* partition.h - what lies in one partition: keys, baselines, identities, and what works on them.
 *
 *     partition --- keyed (one rule, one key) --- slots, folds, incidents
 *               \-- baselines, seen
 *
 * The parts of engine/state include this; nothing outside does.
 */
#ifndef CSR_ENGINE_STATE_PARTITION_H
#define CSR_ENGINE_STATE_PARTITION_H

#include "engine/base/tape.h"
#include "engine/ir/eval.h"
#include "engine/state/baseline.h"
#include "engine/state/fold.h"
#include "engine/state/lost.h"
#include "engine/state/seen.h"
#include "engine/state/share.h"
#include "engine/state/timers.h"

#define NAMED_MOST 16

/* Seconds as they are computed with: the end of time leaves room for adding windows. */
#define SECOND_LAST (INT64_MAX / 4)

/* One incident as it was last told: what the next revision is compared with. */
struct emitted {
    int64_t anchor; /* the opening second of its group */
    char id[33], match_id[33], predecessor[33];
    uint32_t revision;
    int32_t score; /* highest since it was last settled */
    uint8_t severity;
    uint64_t shown;    /* hash of all that makes a revision */
    uint64_t settled;  /* hash of the last settled revision, counts included; 0: none yet */
    uint64_t *actions; /* hashes of proposals already made */
    uint32_t len, cap;
    bool claimed;
    bool is_settled; /* the last revision was */
};

/* All gathered events of a group's exact steps (docs/semantics.md 7). */
struct gathered {
    int64_t opened;
    int64_t sure;           /* the key's committed second when the list was last known to be right */
    const struct kept **at; /* by step, time, identity */
    uint32_t len, cap;
    struct {
        const struct kept **at;
        uint32_t len, cap;
    } missing;     /* events of its time that no choice holds so far, but one may */
    int64_t front; /* second of the slot that a look at what is missing may begin with; INT64_MIN: none */
    struct runs *fronts;    /* [plan->n_alternatives] forward runs over all slots of its time before that */
    uint32_t front_joins;   /* references that these have agreed on */
    struct amount *amounts; /* [plan->n_amounts], NULL until somebody asks (amount.h) */
};

/* A group as rules over its rule were last told of it. */
struct told_group {
    int64_t opened;
    uint64_t digest;
    struct derived *as; /* a block of `size` bytes */
    size_t size;
    bool is_there;
};

/* In order of time. */
struct slots {
    struct slot *at;
    uint32_t len, cap;
};

/* The fold over all seconds of a key up to this one (waypoint.h). */
struct waypoint {
    int64_t second;
    struct fold fold;
};

/* What a key, a rule or a partition holds at present (held.h). */
struct held {
    uint32_t keys, half_built, live, incidents;
    uint64_t bytes;
};

struct keyed {
    struct hash128 hash;
    struct timer timer;
    struct rule_state *rule;
    struct keyed *previous, *next; /* of the rule */
    struct share_member holding;   /* whose it is: who brought its first event */
    uint32_t packed; /* bytes that stand here in place of all that follows (pack.h); 0: the key is whole */
    uint32_t packed_runs;
    struct text key;
    struct kept *kept;
    uint32_t n_kept, sweep_at;
    uint32_t n_refused; /* hits while there was no room for them */
    uint64_t kept_bytes;
    int64_t committed; /* every second up to here is in base */
    struct fold base;  /* the committed part */
    struct fold before,
        after; /* with the tail, without and with its newest slot; unused while the tail is empty */
    struct {
        struct waypoint *at;
        uint32_t len, cap;
    } waypoints;                /* along the tail, in order of time */
    struct slots tail, history; /* history: committed slots that exact amounts still need */
    struct {
        struct emitted *at;
        uint32_t len, cap;
    } incidents;
    struct {
        struct gathered *at;
        uint32_t len, cap;
    } gathered;
    struct {
        struct told_group *at;
        uint32_t len, cap;
    } told;                     /* groups that rules over this one know (derive.h), in no order */
    struct window *window;      /* of rules with `where` (window.h); NULL until it is asked for */
    bool answers_changed;       /* since `where` was judged last */
    char last_id[33];           /* of the newest incident that is closed */
    uint64_t named[NAMED_MOST]; /* ids given out last, as hashes: each is given once */
    uint32_t n_named;
    bool unsaid; /* something was taken back of which nobody has been told yet */
    struct held held; /* as its rule counts it */
    int64_t capped_until; /* incidents that open up to here may lack what was given up */
};

/* A rule in this partition; outlives a reload if the rule does. */
struct rule_state {
    const struct rule_plan *plan;
    struct text name;
    uint64_t fingerprint[2];
    struct keyed *first; /* of its keys, the newest; those that are packed are only looked at through pack.h */
    struct held held;   /* of all of them */
    struct {
        struct hit **at;
        uint32_t len, cap;
        int64_t lost_until; /* so long some may be missing that were too many; 0: none were */
    } unkeyed;              /* unkeyed.h */
};

/* The fold of all that is known: of a rule that waits for what comes later (bounded.h), of what is committed.
 */
static inline struct fold *keyed_now(struct keyed *k)
{
    return k->tail.len && !k->rule->plan->delay ? &k->after : &k->base;
}
static inline const struct fold *keyed_now_of(const struct keyed *k)
{
    return k->tail.len && !k->rule->plan->delay ? &k->after : &k->base;
}

/* A baseline question under way for a committed second. */
struct ticket {
    struct keyed *keyed; /* NULL: nobody waits any more */
    struct kept *kept;
    uint32_t ask;
    enum asked asked;
    uint32_t next_free, move;
};

/* Questions that were put at one move of the watermark and are not answered yet. */
#define ASKED_MOVES 16 /* more than questions live (STATE_ASK_MOVES) */
struct asked_move {
    uint32_t open;
    int64_t first; /* the earliest second that one is about */
};
_Static_assert(ASKED_MOVES > STATE_ASK_MOVES,
               "a move's questions are answered before its place is wanted again");

struct state {
    struct slab slab, past_slab, seen_slab; /* of keys; of baselines; of identities */
    struct caps caps;                       /* of this partition */
    struct shares shares;                   /* who holds the keys */
    struct lost lost;                       /* keys that were evicted */
    struct state_listener listener;
    struct {
        uint64_t cause;
        bool by_watermark;
        int64_t second;
    } at; /* the call that is at work, for what it makes others give up */
    const struct state_plan *plan;
    struct rule_state **rules; /* [plan->ir->n_rules]; NULL until a rule has a key here */
    uint32_t n_rules;
    struct table keys;
    struct timers timers;
    struct tape packing; /* what keys are packed on */
    struct workbench work, aside; /* aside: for windows, which are looked at in the middle of a fold */
    struct keyed *folded;         /* whose slots the workbench is at */
    void (*see)(void *world, const struct state_view *v); /* NULL: nobody looks */
    void *see_world;
    struct {
        struct ticket *at;
        uint32_t len, cap;
    } tickets;
    uint32_t free_ticket, open_tickets;
    struct asked_move moves[ASKED_MOVES]; /* the last ones */
    uint32_t move;                        /* of the watermark: moves[move % ASKED_MOVES] is at hand */
    struct baselines baselines;
    struct seen seen;
    int64_t watermark;
    int64_t known;  /* of lower rules' groups (state_known); NEVER: there are none */
    uint64_t cause; /* of the last watermark */
    struct eval eval;
    uint32_t eval_nodes; /* that its tables have room for */
    struct scratch scratch;
    struct state_counts counts;
    struct held held; /* of all keys */
};

/* Up to here seconds of the rule are folded for good, but for its own delay. */
static inline int64_t passed_for(const struct state *s, const struct rule_plan *p)
{
    return (s->watermark < s->known ? s->watermark : s->known) - p->lag;
}

/* What is known of a rule here; made if there is nothing. */
struct rule_state *state_rule(struct state *s, uint32_t number);
/* An empty key among the others. */
struct keyed *state_key_new(struct state *s, uint32_t rule, struct hash128 hash, struct text key,
                            const struct owner *owner);

/* Why the incidents of a key are looked at: names the record or batch in their revisions. */
struct occasion {
    const struct state_out *out;
    uint64_t cause;
    bool by_watermark;
    struct text identity; /* of the record; empty for a watermark */
};

#endif
