/* bounded.c - events of a step in windows. Seconds of a mirror are negative. */
#include "engine/state/bounded.h"

#define BIT(n) (UINT64_C(1) << (n))

void bounded_plan(struct rule_plan *p, struct alternative *a)
{
    a->bounded = IR_NONE;
    for (uint32_t q = 0; q < a->n_places; q++) {
        if (!a->places[q].most) continue;
        a->bounded = q;
        a->behind_gap |= BIT(q); /* when it begins matters */
        a->bounded_inner = 0;    /* its own window stands before those of groups around it */
        while (a->inners[a->bounded_inner].places != BIT(q)) a->bounded_inner++;
        int64_t window = a->inners[a->bounded_inner].most;
        if (p->delay < window + 1) p->delay = window + 1; /* not 0 */
        p->is_plain = false;
    }
}

/* ---- counting ----------------------------------------------------------------------------------------- */

/* An event counts if its own references hold; what others refer to is no matter. */
static bool counts(const struct rule_plan *p, uint32_t step, const struct run *r, const struct kept *k)
{
    if (!k->active || k->hit->step != step) return false;
    for (uint32_t j = 0; j < p->n_joins; j++) {
        struct hash128 mine = k->hit->joins[j], want = run_joins_of(r)[j];
        if (p->rule->joins[j].of == step || p->differs >> j & 1 || !join_is_set(mine) || !join_is_set(want))
            continue;
        if (p->apart >> j & 1 ? !joins_differ(mine, want) : !hash128_equal(mine, want)) return false;
    }
    return true;
}

static const struct slot *slot_at(const struct around *around, uint32_t i)
{
    return i < around->n_history ? &around->history[i] : &around->tail[i - around->n_history];
}

/* The first slot of that second or a later one. */
static uint32_t slot_from(const struct around *around, int64_t second)
{
    uint32_t lo = 0, hi = around->n_history + around->n_tail;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (slot_at(around, mid)->second < second)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static uint32_t events_in(const struct rule_plan *p, uint32_t step, const struct run *r,
                          const struct slot *slot)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < slot->len; i++) n += counts(p, step, r, slot->at[i]);
    return n;
}

static bool has_more(const struct around *around, const struct rule_plan *p, const struct ir_place *place,
                     const struct run *r, int64_t from, int64_t to)
{
    uint32_t n = 0, slots = around->n_history + around->n_tail;
    for (uint32_t i = slot_from(around, from);
         i < slots && slot_at(around, i)->second <= to && n <= place->most; i++)
        n += events_in(p, place->step, r, slot_at(around, i));
    return n > place->most;
}

/* Of all windows that hold both seconds, those that begin with an event hold the most. */
static bool holds(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                  const struct run *r, int64_t first, int64_t last)
{
    const struct ir_place *place = &a->places[a->bounded];
    int64_t window = a->inners[a->bounded_inner].most;
    uint32_t slots = around->n_history + around->n_tail;
    for (uint32_t i = slot_from(around, last - window); i < slots && slot_at(around, i)->second <= first;
         i++) {
        int64_t from = slot_at(around, i)->second;
        if (events_in(p, place->step, r, slot_at(around, i)) &&
            has_more(around, p, place, r, from, from + window))
            return false;
    }
    return true;
}

/* ---- runs --------------------------------------------------------------------------------------------- */

static bool between_holds(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                          const struct run *r, int64_t begin, int64_t end)
{
    if (end < 0) return holds(around, p, a, r, -end, -begin);
    return holds(around, p, a, r, begin, end);
}

static bool is_begun(const struct alternative *a, uint16_t progress)
{
    return a->bounded != IR_NONE && (a->started[progress] & ~a->complete[progress]) >> a->bounded & 1;
}

bool bounded_is_over(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                     const struct run *r, int64_t second)
{
    if (!is_begun(a, r->progress)) return false;
    int64_t begin = run_inners_of(p, r)[a->bounded_inner];
    if (second < 0) return has_more(around, p, &a->places[a->bounded], r, -second, -begin);
    return has_more(around, p, &a->places[a->bounded], r, begin, second);
}

bool bounded_allows(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                    const struct run *from, const struct run *r, int64_t second)
{
    if (a->bounded == IR_NONE || !(a->complete[r->progress] >> a->bounded & 1)) return true;
    if (from && a->complete[from->progress] >> a->bounded & 1) return true;
    return between_holds(around, p, a, r, run_inners_of(p, r)[a->bounded_inner], second);
}

bool bounded_joins(const struct around *around, const struct rule_plan *p, const struct alternative *a,
                   const struct run *forward, const struct run *backward)
{
    if (!is_begun(a, forward->progress)) return true;
    return holds(around, p, a, forward, run_inners_of(p, forward)[a->bounded_inner],
                 -run_inners_of(p, backward)[a->bounded_inner]);
}
