/* reach.h - how well the events of a window are reached, for `where` (window.h). */
#ifndef CSR_ENGINE_STATE_REACH_H
#define CSR_ENGINE_STATE_REACH_H

#include "engine/state/partition.h"

/* How well a choice that ends at `second` or before can reach each event from `from` on: told to window.h.
 * fronts: [n_required] the runs over all slots of the window before `from`; become those over all before
 * `second`. Where vetoes ask for references they say nothing, and `from` is the window's begin. */
void reach_window(struct state *s, struct keyed *k, int64_t from, int64_t second, uint32_t n_joins,
                  struct runs *fronts, bool *capped);

#endif
