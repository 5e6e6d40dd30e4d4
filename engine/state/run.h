/* run.h - a run: one partial choice, known by what later events can still ask of it.
 *
 * A run is a fixed number of bytes: the head below, the values of the rule's references that it has agreed
 * to, a take for each place of its alternative, and the first second of each inner window (inner.h), and what
 * its measuring places hold (measure.h). Of a
 * place that takes several events only the last second and, once it is complete, the smallest identity of
 * that second are kept: more cannot matter (docs/semantics.md 4).
 */
#ifndef CSR_ENGINE_STATE_RUN_H
#define CSR_ENGINE_STATE_RUN_H

#include "engine/state/plan.h"
#include "engine/state/slot.h"

#define NO_GROUP INT64_MIN
#define DIFFER_MOST                                                                                          \
    8 /* values that one side of a `!=` may show; beyond, the key is judged without references */
#define SUSPECTS_MOST                                                                                        \
    32 /* events that may turn out to be forbidden (suspect.h), by value; beyond, the same */

struct take {
    int64_t second;
    const struct kept *hit; /* NULL while the place is not complete */
};

struct run {
    int64_t start;
    int64_t group; /* opening second of the group that its required part belongs to; NO_GROUP: none yet */
    uint16_t alternative, progress;
    bool tied; /* an arrow is fulfilled within one second */
    const struct kept
        *blinded;  /* an event of which nobody can tell whether it ends the run (veto.h); NULL: none */
    bool waits;    /* `group` is not known yet, but the second in which the required part was complete
                      (absence.h) */
    uint32_t next; /* of the same progress; used while a fold is made */
};

static inline size_t differs_size(const struct rule_plan *p)
{
    return p->n_differs * 2 * DIFFER_MOST * sizeof(struct hash128);
}
static inline size_t suspects_size(const struct rule_plan *p)
{
    size_t row = (p->n_later + 1) * sizeof(struct hash128) + sizeof(struct kept *);
    return p->n_later ? SUSPECTS_MOST * row : 0;
}
/* Where what measuring places hold begins (measure.h): behind the rest. */
static inline size_t run_measures_at(const struct rule_plan *p)
{
    return sizeof(struct run) + p->n_joins * sizeof(struct hash128) + p->places_most * sizeof(struct take) +
           p->inners_most * sizeof(int64_t) + differs_size(p) + suspects_size(p);
}
static inline struct hash128 *run_joins(struct run *r)
{
    return (struct hash128 *)(r + 1);
}
static inline const struct hash128 *run_joins_of(const struct run *r)
{
    return (const struct hash128 *)(r + 1);
}
static inline struct take *run_takes(const struct rule_plan *p, struct run *r)
{
    return (struct take *)(run_joins(r) + p->n_joins);
}
static inline const struct take *run_takes_of(const struct rule_plan *p, const struct run *r)
{
    return (const struct take *)(run_joins_of(r) + p->n_joins);
}

/* The first second of each inner window that has begun; the others mean nothing. */
static inline int64_t *run_inners(const struct rule_plan *p, struct run *r)
{
    return (int64_t *)(run_takes(p, r) + p->places_most);
}
static inline const int64_t *run_inners_of(const struct rule_plan *p, const struct run *r)
{
    return (const int64_t *)(run_takes_of(p, r) + p->places_most);
}

/* For each pair of steps told apart by `!=`, and each side, the values that it has shown (differ.h). */
static inline struct hash128 *run_differs(const struct rule_plan *p, struct run *r)
{
    return (struct hash128 *)(run_inners(p, r) + p->inners_most);
}
static inline const struct hash128 *run_differs_of(const struct rule_plan *p, const struct run *r)
{
    return (const struct hash128 *)(run_inners_of(p, r) + p->inners_most);
}

/* What each suspect asks of later references, and whether it is in doubt; behind all, who they are
 * (suspect.h). */
static inline struct hash128 *run_suspects(const struct rule_plan *p, struct run *r)
{
    return run_differs(p, r) + p->n_differs * 2 * DIFFER_MOST;
}
static inline const struct hash128 *run_suspects_of(const struct rule_plan *p, const struct run *r)
{
    return run_differs_of(p, r) + p->n_differs * 2 * DIFFER_MOST;
}

/* Runs in a row, each plan->run_size bytes. */
struct runs {
    char *at;
    uint32_t len;
    size_t cap; /* bytes */
};
static inline struct run *runs_at(const struct rule_plan *p, const struct runs *rs, uint32_t i)
{
    return (struct run *)(rs->at + i * p->run_size);
}
/* Room for one more, not initialised. Earlier pointers into rs are gone. */
struct run *runs_push(struct slab *s, const struct rule_plan *p, struct runs *rs);
void runs_copy(struct slab *s, const struct rule_plan *p, struct runs *to, const struct runs *from);
void runs_free(struct slab *s, struct runs *rs);

/* Assumed of a reference: nothing has a value of it. */
static const struct hash128 agreed_by_none = {0, 1};

static inline bool join_is_set(struct hash128 h)
{
    return hash128_is_set(h);
}

/* Whether `!=` holds between what one event has and what is agreed. Of what was withheld nobody can tell. */
static inline bool joins_differ(struct hash128 mine, struct hash128 agreed)
{
    if (!join_is_set(mine) || !join_is_set(agreed) || hash128_equal(agreed, agreed_by_none)) return true;
    return !hash128_equal(mine, agreed) && !hash128_equal(mine, JOIN_UNKNOWN) &&
           !hash128_equal(agreed, JOIN_UNKNOWN);
}

/* The last second among the places in `bits`. */
int64_t takes_last(const struct take *takes, uint64_t bits);

/* Which of two runs of one alternative and progress makes the better witness (language.md B6): > 0: a. */
int run_order(const struct rule_plan *p, const struct alternative *a, const struct run *x,
              const struct run *y);
/* The same between complete runs of any alternatives. */
int witness_order(const struct rule_plan *p, const struct run *x, const struct run *y);

/* Whether x makes y superfluous for all seconds after `now`: both of one alternative, progress, group and
 * references. */
bool run_dominates(const struct rule_plan *p, const struct alternative *a, const struct run *x,
                   const struct run *y, int64_t now);
/* Whether they have agreed to the same references, and belong to the same group. */
bool run_same_instance(const struct rule_plan *p, const struct run *a, const struct run *b);
/* A gap is pending when its left side is complete and its right side has not begun. */
bool gap_is_pending(const struct alternative *a, const struct ir_gap *g, uint16_t progress);
/* Whether no event at `second` or later can continue the run: its window is over, or a pending gap. */
bool run_is_over(const struct rule_plan *p, const struct alternative *a, const struct run *r, int64_t second);

/* The runs of one second while they are made: of the same progress, group and references only those stay that
 * no other makes superfluous. Superfluous runs stay behind as holes until the second is done. */
#define RUN_HOLE   UINT32_MAX
#define ALIKE_MOST 512 /* runs of one progress where places measure and share events, or values differ */
struct frontier {
    struct slab *slab;
    const struct rule_plan *plan;
    const struct alternative *alternatives; /* the plan's, or its mirrors */
    struct runs *runs;
    uint32_t *heads; /* [n_buckets] first run of each progress, plus one */
    int64_t now;
    uint64_t superseded;
    bool as_told; /* no event of the second fits two steps: sums that began in different seconds stay apart */
    bool lost;    /* more runs of one progress than are kept */
};
void frontier_add(struct frontier *f, const struct run *r);
void runs_close_holes(const struct rule_plan *p, struct runs *rs);

#endif
