/* gather.h - exact amounts: every event that belongs to a group, for the steps whose amounts a rule asks for.
 *
 * An event is gathered if it stands in any choice that lies in the group's time. Whether it does is asked of
 * both sides: forward runs say how well a choice can have begun before the event's second, backward runs (the
 * mirrored alternative) how well it can end after it. One pass each way over the slots answers it for all
 * events at once.
 *
 * Invariants (docs/semantics.md 7)
 * 1. Events up to `within` before what was committed when a list was last right are final in it; younger ones
 *    are found anew by each refresh.
 * 2. For that the key keeps its committed slots for two windows while a group is open, else for one.
 */
#ifndef CSR_ENGINE_STATE_GATHER_H
#define CSR_ENGINE_STATE_GATHER_H

#include "engine/state/partition.h"

/* Makes the lists of all groups of `now` anew: hits may have gone as well as come. */
void gather_refresh(struct state *s, struct keyed *k, struct fold *now);
/* After a hit in the newest second: only choices that end there are new. */
void gather_newest(struct state *s, struct keyed *k, struct fold *now, const struct kept *hit);
/* All lists are right as of what is committed now: throws away history that nothing needs any more. */
void gather_trim(struct state *s, struct keyed *k);
/* How well a choice that ends at `second` or before can reach each event from `from` on: told to window.h.
 * fronts: [n_required] the runs over all slots of the window before `from`; become those over all before
 * `second`. */
void gather_reaches(struct state *s, struct keyed *k, int64_t from, int64_t second, uint32_t n_joins,
                    struct runs *fronts);
/* A hit's answers are about to change (-1), have changed (+1). */
void gathered_answers(struct state *s, struct keyed *k, const struct kept *kept, int by);
void gathered_forget_amounts(struct state *s, struct keyed *k);

/* The order of lists: by step, time and identity; for qsort. */
int gathered_order(const void *a, const void *b);
/* The list of one group; NULL if it has none. */
struct gathered *gathered_find(const struct keyed *k, int64_t opened);
void gathered_drop(struct state *s, struct keyed *k, int64_t opened);
void gathered_free(struct state *s, struct keyed *k);

#endif
