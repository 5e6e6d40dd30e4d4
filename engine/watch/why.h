/* why.h - why an event did not go on with what was there, in words: for tests that fail, and for traces.
 *
 *   why.c       of an event that fills no step: which parts of the predicate are false, and what they saw
 *   why_hit.c   of one that does: a baseline says no, another key, too early, too late, a reference, a veto
 *
 * Whoever asks reads the event first (why_read): the words rest on the event at hand.
 */
#ifndef CSR_ENGINE_WATCH_WHY_H
#define CSR_ENGINE_WATCH_WHY_H

#include "engine/ir/progress.h"
#include "engine/tell/line.h"
#include "engine/watch/watch.h"

/* The best that a choice for the required part came to. */
struct reach {
    bool is_there;
    struct text key;
    const struct ir_place *places;
    uint32_t n_places;
    uint64_t before[PLACES_MOST];
    uint16_t taken[PLACES_MOST];
    int64_t last[PLACES_MOST];
    int64_t inners[PLACES_MOST]; /* the first second of each window inside that has begun */
    uint32_t n_inners;
    struct hash128 *joins; /* [rule->n_joins] zero: none yet */
    int64_t start;
    uint32_t full, events; /* places that have all they need; events in all */
};

/* What a choice came to; the texts lie where the view's do. */
struct reach reach_of(const struct state_view *v);
/* All its places have what they need. */
bool reach_is_complete(const struct reach *r);
/* Further than the other: complete, then more places that have all they need, then more events. > 0: a is. */
int reach_compare(const struct reach *a, const struct reach *b);
/* A copy, joins and key included. */
struct reach reach_copy(struct arena *a, const struct reach *r, uint32_t n_joins);
/* Whether the place is one that the next event may fill. */
bool reach_awaits(const struct reach *r, uint32_t place);
/* The last second taken. */
int64_t reach_last(const struct reach *r);

struct why {
    struct bench *bench;
    const struct ir_rule *rule;
    const struct enrichment *enrichment; /* NULL: none */
    const char *no_history; /* what is said of a baseline that knows too little: "has no history yet of " */
    struct line line;
    void *world;
    /* A second, as the one who tells counts time. */
    void (*moment)(void *world, struct line *l, int64_t second);
    /* The value with which a reference (rule->joins) was agreed; false: nobody knows it any more. NULL
     * likewise. */
    bool (*agreed)(void *world, struct line *l, uint32_t join, struct hash128 value);
    struct event event; /* at hand */
    const struct hit *hit;
    const struct answer *answers;
};

/* ---- an event ------------------------------------------------------------------------------------------ */

/* False: the record cannot be read. */
bool why_read(struct why *w, struct text record);
/* Whether the step wants the call at all. */
bool why_wants(const struct ir_step *step, const struct event *event);
/* Of the groups of the step that want the event's call the one that is nearest to fitting; NULL: none wants
 * it. */
const struct ir_group *why_nearest(struct why *w, const struct ir_step *step);
/* The parts of a conjunction that do not hold (false or unknown): how many, and which, with what they saw. */
uint32_t why_count_false(struct why *w, ir_node_id test);
void why_put_false(struct why *w, ir_node_id test);
/* It fits the group, and is no hit: what is absent. */
void why_put_missing_part(struct why *w, const struct ir_group *g);
/* The calls that a step wants. */
void why_put_apis(struct why *w, const struct ir_step *step);

/* ---- a hit --------------------------------------------------------------------------------------------- */

/* The parts of the hit's gate that do not hold: how many, and which, with what baselines said. */
uint32_t why_count_shut(struct why *w, const struct hit *h, const struct answer *answers);
void why_put_gate(struct why *w, const struct hit *h, const struct answer *answers);
/* "its `actor` is "x", not "y"" for the first part in which two keys differ. */
void why_put_other_key(struct why *w, struct text mine, struct text wanted);
/* The place that is filled already and must lie before this one, but ends later; IR_NONE: there is none. */
uint32_t why_too_early(const struct reach *r, uint32_t place, int64_t second);
void why_put_too_early(struct why *w, const struct reach *r, uint32_t earlier);
/* By how many seconds it comes too late for the window; 0: it does not. */
int64_t why_too_late(const struct why *w, const struct reach *r, int64_t second);
void why_put_too_late(struct why *w, const struct reach *r);
/* The gap into which it falls (`->[5m]`), and by how many seconds it misses it, or comes in the same second
 * where a later one is asked (`=>`): positive: too late. 0: it does not. */
int64_t why_off_gap(const struct why *w, const struct reach *r, uint32_t place, int64_t second,
                    struct ir_gap *gap);
void why_put_off_gap(struct why *w, const struct reach *r, const struct ir_gap *gap, int64_t second);
/* The same of a window inside (`a[3.. in 5m]`, `(…)[in 5m]`): by how many seconds it comes too late, and which.
 */
int64_t why_off_inner(const struct why *w, const struct reach *r, uint32_t place, int64_t second,
                      uint32_t *inner);
void why_put_off_inner(struct why *w, const struct reach *r, uint32_t inner);
/* Whether the place may have too many events (a[n..m]): nothing else is in the way of one that fits. */
bool why_is_bounded(const struct reach *r, uint32_t place);
void why_put_bounded(struct why *w, const struct reach *r, uint32_t place);
/* The window that is over first: the match's, one inside, a gap's. */
struct deadline {
    int64_t from, most;
};
struct deadline why_deadline(const struct why *w, const struct reach *r);
/* The reference in which it does not agree; IR_NONE: none. The event at hand is the hit's. */
uint32_t why_disagrees(const struct why *w, const struct reach *r, const struct hit *h);
void why_put_disagrees(struct why *w, const struct reach *r, const struct hit *h, uint32_t join);
/* Whether a hit of a forbidden step stands between what is there and an event of the place at that second
 * (place IR_NONE: behind what is complete). */
bool why_forbids(const struct why *w, const struct reach *r, uint32_t place, int64_t second,
                 const struct hit *forbidden);
/* "gone (iam:DeleteUser) at 2m is forbidden between made and used" */
void why_put_forbidden(struct why *w, const struct hit *forbidden);

/* ---- a match ------------------------------------------------------------------------------------------- */

/* The parts of `where` that do not hold of a match of RULE_WITHOUT_WHERE: how many, and which, with both
 * sides. */
uint32_t why_unmet(const struct why *w, const struct incident *i);
void why_put_unmet(struct why *w, const struct incident *i);

#endif
