/* inner.c - windows inside a match. In a mirror a window has the same number, and begins with its last event.
 */
#include "engine/state/inner.h"

static bool is_open(const struct alternative *a, uint32_t window, uint16_t progress)
{
    uint64_t places = a->inners[window].places;
    return a->started[progress] & places && places & ~a->complete[progress];
}

bool inners_enter(const struct rule_plan *p, const struct alternative *a, struct run *r, uint16_t before,
                  uint32_t q, int64_t second)
{
    int64_t *begins = run_inners(p, r);
    for (uint32_t i = 0; i < a->n_inners; i++) {
        if (!(a->inners[i].places >> q & 1)) continue;
        if (!(a->started[before] & a->inners[i].places))
            begins[i] = second;
        else if (second - begins[i] > a->inners[i].most)
            return false;
    }
    return true;
}

/* Of an a[n..m] a later begin is no better: what is counted is another span. */
static bool is_exact(const struct alternative *a, uint32_t window)
{
    return a->bounded != IR_NONE && a->bounded_inner == window;
}

bool inners_dominate(const struct rule_plan *p, const struct alternative *a, const struct run *x,
                     const struct run *y)
{
    for (uint32_t i = 0; i < a->n_inners; i++)
        if (is_open(a, i, x->progress) &&
            (run_inners_of(p, x)[i] < run_inners_of(p, y)[i] ||
             (is_exact(a, i) && run_inners_of(p, x)[i] != run_inners_of(p, y)[i])))
            return false;
    return true;
}

bool inners_are_over(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                     int64_t second)
{
    for (uint32_t i = 0; i < a->n_inners; i++)
        if (is_open(a, i, r->progress) && second - run_inners_of(p, r)[i] > a->inners[i].most) return true;
    return false;
}

bool inners_join(const struct rule_plan *p, const struct alternative *a, const struct run *forward,
                 const struct run *backward)
{
    for (uint32_t i = 0; i < a->n_inners; i++) {
        int64_t begins = run_inners_of(p, forward)[i], ends = -run_inners_of(p, backward)[i];
        if (is_open(a, i, forward->progress) && ends - begins > a->inners[i].most) return false;
    }
    return true;
}
