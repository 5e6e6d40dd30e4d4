/* slot.h - the hits of one key: kept copies, and one slot for each second that has any.
 *
 * Runs, groups and slots point at kept hits and never count references: a key now and then marks what it
 * still uses and sweeps the rest (keyed.c). So runs and groups are plain bytes that may be copied.
 *
 * For a fold, a slot's active hits are put into classes: events that can fill the same steps, agree on every
 * reference and offer the same values to places that measure are interchangeable but for their identity, so a
 * class is a number of events in the order of identities. Hits of which nobody can tell stand in classes too,
 * by the steps that they may be of, and can be taken by nobody.
 */
#ifndef CSR_ENGINE_STATE_SLOT_H
#define CSR_ENGINE_STATE_SLOT_H

#include "engine/match/hit.h"
#include "engine/state/slab.h"

#define SLOT_HITS_MOST                                                                                       \
    4096 /* beyond, a second's hits of one key are dropped and the key is marked capped                      \
          */

/* What a hit's question to a baseline is answered with, now or for good: of the key, and of its account. */
enum asked { ASKED_KEY, ASKED_ACCOUNT };
struct answer_state {
    struct answer answers[2];
    uint32_t tickets[2]; /* questions under way, from 1; 0: none */
};

/* A key without history is known if its account is. */
static inline bool answer_is_known(const struct answer_state *a)
{
    return a->answers[ASKED_KEY].is_known ||
           (!a->answers[ASKED_KEY].has_history && a->answers[ASKED_ACCOUNT].is_known);
}

/* What the window of its key knows of a hit (window.h); only of rules with `where`. */
struct eligible {
    uint64_t epoch;       /* of the window that says it */
    uint8_t state;        /* enum eligible_state */
    int64_t start, begin; /* the latest start of a choice with it, and of a run that reaches it */
};

struct kept {
    struct kept *next;
    uint32_t size;          /* of the whole block */
    bool marked, active;    /* active: its gate holds, or it has none */
    bool is_gone, is_asked; /* it was taken back (derive.h); its questions were put for good */
    bool in_doubt;          /* of a forbidden step, not active: nobody can tell whether it fits (veto.h) */
    struct answer_state *answers; /* [hit->n_asks] */
    struct hit *hit;
    uint64_t *offers; /* [n_offers] to a place that measures: hashes of its values (measure.h) */
    uint32_t n_offers;
    double amount;
    int64_t begun_for; /* the opening of the group whose list looked at it last; INT64_MIN: none has */
    int64_t begin;     /* the latest start of a run of that group that reached it then (gather.c) */
    struct eligible *eligible; /* NULL: the rule has no `where` */
    struct value *remapped;    /* the captures, after a reload that put them into another order */
    uint32_t n_remapped;
};

/* By identity. A group of another rule has that of its completing event, and is an event of its own. */
static inline int kept_order(const struct kept *a, const struct kept *b)
{
    int order = a == b ? 0 : text_compare(a->hit->evidence.identity, b->hit->evidence.identity);
    return order || a == b ? order : text_compare(a->hit->evidence.match_id, b->hit->evidence.match_id);
}

/* Whether they have the same values for a place that counts different ones. */
static inline bool kept_offer_alike(const struct kept *a, const struct kept *b)
{
    return a->n_offers == b->n_offers &&
           (!a->n_offers || !memcmp(a->offers, b->offers, a->n_offers * sizeof *a->offers));
}

struct slot {
    int64_t second;
    struct kept **at; /* by identity, then step */
    uint32_t len, cap;
    uint32_t waiting; /* questions under way */
    bool is_asked;    /* its questions were put for good */
    uint8_t where;    /* enum tri, plus one: what `where` said of the window that ends here; 0: nothing yet */
};

/* False if the same event already fills the same step here. */
bool slot_insert(struct slab *s, struct slot *slot, struct kept *k);

/* The hit by which the same event fills the same step; NULL: there is none, or it was taken back. */
struct kept *slot_find(const struct slot *slot, const struct kept *k);
/* Whether another hit of the same event is there. */
bool slot_holds(const struct slot *slot, const struct kept *k);

/* The number of the first slot of that second or a later one; the slots stand in order of time. */
static inline uint32_t slots_from(const struct slot *at, uint32_t len, int64_t second)
{
    uint32_t lo = 0, hi = len;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (at[mid].second < second)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The slot of that second; NULL: there is none. */
static inline struct slot *slot_of(struct slot *at, uint32_t len, int64_t second)
{
    uint32_t i = slots_from(at, len, second);
    return i < len && at[i].second == second ? &at[i] : NULL;
}

/* The slots of a key: committed ones, and those of its tail. */
struct around {
    const struct slot *history, *tail;
    uint32_t n_history, n_tail;
};

/* ---- classes ------------------------------------------------------------------------------------------ */

/* One event of a slot: its active hits stand in slot->at[from .. to). */
struct slot_event {
    uint32_t from, to;
    uint32_t next; /* of the same class, in order of identity; UINT32_MAX: the last */
};

struct slot_class {
    uint64_t hash;
    uint64_t steps;              /* that its events can fill */
    uint64_t unsure;             /* that they may be of */
    uint32_t first, last, count; /* events */
};

struct classes {
    struct slab *slab;
    struct kept **hits; /* the active ones, and those of which nobody can tell */
    uint32_t n_hits, cap_hits;
    struct slot_event *events;
    uint32_t n_events, cap_events;
    struct slot_class *at;
    uint32_t len, cap;
    uint32_t *index, n_index, cap_index; /* classes by their hash, plus one; 0: free */
    uint64_t steps, unsure;              /* of all classes */
    bool overlap;                        /* an event can fill two steps, or may be of one and fills another */
};

/* with_joins: references tell classes apart. */
void classes_make(struct classes *cs, const struct slot *slot, uint32_t n_joins);
/* What of a second nothing can want (docs/semantics.md 9). */
struct thinning {
    uint32_t n_joins;
    uint32_t most;        /* events of each class: as many as the largest choice takes */
    uint64_t valued;      /* bits of steps that are wanted for one different value of each event */
    uint32_t values_most; /* different values of such a step, those of the smallest identities */
};
/* Drops such events of the slot. Uses cs. */
void slot_thin(struct classes *cs, struct slot *slot, const struct thinning *t);
const struct kept *class_hit(const struct classes *cs, uint32_t event, uint32_t step);
void classes_release(struct classes *cs);

#endif
