/* absence.h - completions that wait until nothing can take them back: `a -> !c for D` (language.md B10).
 *
 * Such a match completes at a and is one only when c has not come until a + D. Until then its complete runs
 * wait in the fold; a c ends those whose time it falls in. Once every record up to a + D has come, what still
 * waits for that second is settled: it opens or joins a group, as other completions do at once (fold_settle).
 *
 * Invariants
 * 1. A rule waits for all of its completions alike, for the longest D, so they are settled in order of time.
 * 2. `group` of a waiting run is the last second of its required part. The same holds for runs of optional
 *    items whose required part is complete and not settled (run.waits).
 */
#ifndef CSR_ENGINE_STATE_ABSENCE_H
#define CSR_ENGINE_STATE_ABSENCE_H

#include "engine/state/fold.h"

#define WAITING_MANY 128  /* of one key: from there on those that can open no group stand for one another */
#define WAITING_MOST 1024 /* of one key; beyond, completions are dropped and the key is marked capped */

/* to->waiting becomes from->waiting without those that an event of the second ends. Uses w->classes. */
void waiting_carry(struct workbench *w, const struct rule_plan *p, const struct fold *from, struct fold *to,
                   int64_t second, uint32_t n_joins, struct state_counts *counts);
/* A complete run that no other makes superfluous. counts NULL: not for good yet. */
void waiting_add(struct slab *s, const struct rule_plan *p, struct fold *to, const struct run *r,
                 struct state_counts *counts);
/* The earliest second that is waited for; INT64_MAX: none. */
int64_t waiting_first(const struct rule_plan *p, const struct fold *f);
/* The earliest behind that second. */
int64_t waiting_next(const struct rule_plan *p, const struct fold *f, int64_t after);
/* Moves what waits for that second, of the required part or of items, to the end of `out`. */
void waiting_take(struct slab *s, const struct rule_plan *p, struct fold *f, int64_t second, bool of_items,
                  struct runs *out);

#endif
