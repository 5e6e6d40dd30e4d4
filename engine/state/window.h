/* window.h - `where`: what a match must amount to, in the window that ends with one of its completions.
 *
 * The eligible events of a window are those of choices that lie in it (language.md B6). A key remembers the
 * window that it looked at last, and moves it from completion to completion: of each event it knows the
 * latest start of a choice with it (the event is eligible until that leaves the window), and the latest start
 * of a run that reaches it (before that leaves the window, the event may still become eligible).
 *
 * Invariants (docs/semantics.md 7)
 * 1. The answer for a second is a function of the hits of its window; it is remembered in the second's slot
 * until one of these changes.
 * 2. Slots before the window's second have been looked at, except for events that wait: these make the next
 * look begin with the window. Nothing is looked at while a group is open.
 */
#ifndef CSR_ENGINE_STATE_WINDOW_H
#define CSR_ENGINE_STATE_WINDOW_H

#include "engine/state/partition.h"

/* The latest start of a choice that ends in the window, and of a run; INT64_MIN: there is none. */
struct reach {
    int64_t start, begin;
};

/* fold.h, workbench.opens; world: the partition. */
bool window_opens(void *world, struct group *g, uint32_t n_joins);
/* The second's hits have changed, and with them all windows that hold it. */
void window_forget(struct keyed *k, int64_t second, bool takes_back);
/* An event is reached; called while the window moves. */
void window_reach(const struct kept *k, const struct reach *r);
/* A hit's answers are about to change (-1), have changed (+1). */
void window_answers(struct state *s, struct keyed *k, const struct kept *kept, int by);
/* Calls it for each event that the window knows. */
void window_each(const struct keyed *k, void (*each)(const struct kept *k));
void window_free(struct state *s, struct keyed *k);

#endif
