/* fold.h - the state of a key as a function of its hits, one second after the other.
 *
 * A fold is what is left of all seconds so far: the runs that may still complete, the groups that may still
 * change, and a few recent events of repeated steps. fold_step adds one second. Because it is a function of
 * sets of hits, the order of their arrival cannot matter: a late hit makes the seconds from its own on be
 * folded again.
 */
#ifndef CSR_ENGINE_STATE_FOLD_H
#define CSR_ENGINE_STATE_FOLD_H

#include "engine/state/extend.h"
#include "engine/state/group.h"

#define RECENT_MOST 8

struct recent {
    uint32_t len;
    const struct kept *at[RECENT_MOST]; /* oldest first */
};

struct fold {
    struct runs runs;
    struct runs waiting; /* complete ones that may still be ended by `for D` (absence.h) */
    struct runs done; /* with several alternatives: of each the last completed run; start INT64_MIN: none */
    struct groups groups;
    struct recent *recent; /* [n_steps] if a step is repeated, else NULL */
    bool capped;           /* too many references: judged without them */
    bool lost;             /* too many ways to share events between places that measure and others */
};

/* What folding needs beside the state: one for each partition. */
struct workbench {
    struct slab *slab;
    struct around around; /* of the key at hand, for bounded places */
    struct classes classes;
    uint32_t *heads; /* [n_buckets] first run of each progress, plus one */
    uint32_t cap_heads;
    struct runs completed;
    struct run *scratch, *carried; /* room for two runs */
    size_t cap_scratch;
    uint64_t *fits;
    uint16_t *flow, *offered, *reserved, *cover;
    uint64_t *must; /* with what places saw before, behind it */
    uint32_t cap_fits, cap_flow, cap_offered, cap_reserved, cap_must, cap_cover;
    /* Whether the group may open: what `where` says of the window that ends with it. n_joins 0: references
     * were given up. */
    bool (*opens)(void *world, struct group *g, uint32_t n_joins);
    /* Of each run that is made for good; NULL: nobody looks. */
    void (*made)(void *world, const struct rule_plan *p, const struct run *r);
    void *world;
};

void workbench_release(struct workbench *w);
/* For a new second: no progress has a run yet. */
void workbench_clear_heads(struct workbench *w, const struct rule_plan *p);
/* Room for extensions over w->classes; sets what they need. */
void workbench_prepare(struct workbench *w, const struct rule_plan *p, struct extension *x);

/* to: whatever it was, becomes `from` with one second more. counts NULL: this is not for good yet. */
void fold_step(struct workbench *w, const struct rule_plan *p, const struct fold *from,
               const struct slot *slot, struct fold *to, struct state_counts *counts);
/* A hit older than all that is folded: it extends and completes what runs are still there (language.md B4).
 */
void fold_late(struct workbench *w, const struct rule_plan *p, struct fold *base, const struct slot *slot,
               struct state_counts *counts);
void fold_copy(struct slab *s, const struct rule_plan *p, struct fold *to, const struct fold *from);
void fold_free(struct slab *s, const struct rule_plan *p, struct fold *f);
/* Whether any completion waited for a second up to `second`: they are settled now. */
bool fold_settle(struct workbench *w, const struct rule_plan *p, struct fold *f, int64_t second,
                 struct state_counts *counts);
/* What waits for that second opens its group, and waits on. */
void fold_preview(struct workbench *w, const struct rule_plan *p, struct fold *f, int64_t second);
/* Takes away runs that no event after `now` can continue. */
void fold_expire(const struct rule_plan *p, struct fold *f, int64_t now, struct state_counts *counts);

#endif
