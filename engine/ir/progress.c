/* progress.c - reachable progress, walked like an odometer whose wheels may be locked by those on their left.
 */
#include "engine/ir/progress.h"

void progress_start(struct progress_walk *w, const struct ir_alternative *a)
{
    memset(w, 0, sizeof *w);
    w->n_places = a->n_places;
    for (uint32_t q = 0; q < a->n_places; q++) w->times[q] = place_states(&a->places[q]);
    for (uint32_t i = 0; i < a->n_order; i++)
        w->before[a->order[i].after] |= UINT64_C(1) << a->order[i].before;
}

static bool may_start(const struct progress_walk *w, uint32_t place)
{
    for (uint64_t left = w->before[place]; left; left &= left - 1) {
        uint32_t q = (uint32_t)__builtin_ctzll(left);
        if (w->taken[q] < w->times[q]) return false;
    }
    return true;
}

bool progress_next(struct progress_walk *w)
{
    for (uint32_t q = w->n_places; q-- > 0;) {
        if (w->taken[q] < w->times[q] && (w->taken[q] || may_start(w, q))) {
            w->taken[q]++;
            return true;
        }
        w->taken[q] = 0;
    }
    return false;
}

uint32_t progress_count(const struct ir_alternative *a, uint32_t most)
{
    struct progress_walk w;
    progress_start(&w, a);
    uint32_t n = 1;
    while (n <= most && progress_next(&w)) n++;
    return n;
}
