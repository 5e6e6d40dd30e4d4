/* differ.c - sets of values on the two sides of a `!=`. */
#include "engine/state/differ.h"
#include "engine/ir/settle.h"

#define BIT(n) (UINT64_C(1) << (n))

/* A set is sorted, and filled up with zeros. */
typedef struct hash128 value_row[DIFFER_MOST];

static bool has_side(const struct ir_join *join, uint64_t steps)
{
    return steps >> join->of & 1 || join->by == IR_NONE || steps >> join->by & 1;
}

void differs_plan(struct rule_plan *p)
{
    uint64_t placed = 0, forbidden = ir_forbidden_steps(p->rule);
    for (uint32_t i = 0; i < p->n_alternatives; i++) placed |= p->alternatives[i].steps;
    for (uint32_t j = 0; j < p->n_joins; j++) {
        const struct ir_join *join = &p->rule->joins[j];
        if (!join->differs || has_side(join, forbidden) || p->apart >> j & 1) continue;
        p->differs |= BIT(j);
        if (has_side(join, ~placed) || p->n_differs == DIFFERS_MOST)
            continue; /* nothing to be told apart from */
        p->differ_join[p->n_differs++] = (uint8_t)j;
    }
}

static struct hash128 *values_in(const struct rule_plan *p, struct run *r, uint32_t pair, uint32_t side)
{
    return run_differs(p, r) + (pair * 2 + side) * DIFFER_MOST;
}

static const struct hash128 *values_of(const struct rule_plan *p, const struct run *r, uint32_t pair,
                                       uint32_t side)
{
    return run_differs_of(p, r) + (pair * 2 + side) * DIFFER_MOST;
}

static bool has(const struct hash128 *set, struct hash128 value)
{
    for (uint32_t i = 0; i < DIFFER_MOST && join_is_set(set[i]); i++)
        if (hash128_equal(set[i], value)) return true;
    return false;
}

/* Whether an event that shows the value may not stand beside the set. Of what was withheld nobody can tell
 * whether it is another. */
static bool clashes(const struct hash128 *set, struct hash128 value)
{
    if (!join_is_set(set[0])) return false;
    return hash128_equal(value, JOIN_UNKNOWN) || has(set, value) || has(set, JOIN_UNKNOWN);
}

static bool is_before(struct hash128 a, struct hash128 b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* False: it is full. */
static bool put(struct hash128 *set, struct hash128 value)
{
    uint32_t n = 0;
    if (has(set, value)) return true;
    while (n < DIFFER_MOST && join_is_set(set[n])) n++;
    if (n == DIFFER_MOST) return false;
    for (; n && is_before(value, set[n - 1]); n--) set[n] = set[n - 1];
    set[n] = value;
    return true;
}

static bool holds_all(const struct hash128 *set, const struct hash128 *of)
{
    for (uint32_t i = 0; i < DIFFER_MOST && join_is_set(of[i]); i++)
        if (!has(set, of[i])) return false;
    return true;
}

static bool shares(const struct hash128 *a, const struct hash128 *b)
{
    for (uint32_t i = 0; i < DIFFER_MOST && join_is_set(a[i]); i++)
        if (clashes(b, a[i])) return true;
    return false;
}

/* ---- sides -------------------------------------------------------------------------------------------- */

static uint32_t step_of(const struct rule_plan *p, uint32_t pair, uint32_t side)
{
    const struct ir_join *join = &p->rule->joins[p->differ_join[pair]];
    return side ? join->by : join->of;
}

/* The place of that side; IR_NONE: the alternative lacks it. */
static uint32_t place_of(const struct rule_plan *p, const struct alternative *a, uint32_t pair, uint32_t side)
{
    for (uint32_t q = 0; q < a->n_places; q++)
        if (a->places[q].step == step_of(p, pair, side)) return q;
    return IR_NONE;
}

static bool is_complete(const struct rule_plan *p, const struct alternative *a, uint16_t progress,
                        uint32_t pair, uint32_t side)
{
    uint32_t q = place_of(p, a, pair, side);
    return q == IR_NONE || a->complete[progress] >> q & 1;
}

/* Whether the values that this side shows must be kept: the other side may still show some. */
static bool keeps(const struct extension *x, uint32_t pair, uint32_t side)
{
    return !is_complete(x->plan, x->alternative, x->from ? x->from->progress : 0, pair, !side);
}

bool differs_allow(const struct extension *x, const struct hit *h)
{
    for (uint32_t i = 0; i < x->plan->n_differs && x->n_joins; i++) {
        struct hash128 value = h->joins[x->plan->differ_join[i]];
        if (!join_is_set(value)) continue;
        for (uint32_t side = 0; side < 2; side++) {
            if (step_of(x->plan, i, side) != h->step) continue;
            if (clashes(values_of(x->plan, x->scratch, i, !side), value)) return false;
            if (keeps(x, i, side) && !has(values_of(x->plan, x->scratch, i, side), value)) return false;
        }
    }
    return true;
}

void differs_forget(const struct rule_plan *p, const struct alternative *a, struct run *r)
{
    for (uint32_t i = 0; i < p->n_differs; i++)
        for (uint32_t side = 0; side < 2; side++)
            if (is_complete(p, a, r->progress, i, !side))
                memset(values_in(p, r, i, side), 0, sizeof(value_row));
}

/* ---- the walk ----------------------------------------------------------------------------------------- */

/* At most as many values more as the place takes events. */
static uint32_t values_most(const struct extension *x, uint32_t pair, uint32_t side)
{
    const struct alternative *a = x->alternative;
    uint32_t q = place_of(x->plan, a, pair, side);
    uint16_t before = x->from ? x->from->progress : 0;
    if (a->complete[before] >> q & 1) return 0;
    if (a->places[q].taking != IR_TAKE_TIMES) return DIFFER_MOST;
    return a->places[q].times - a->taken[(size_t)before * a->n_places + q];
}

static void choose(struct extension *x, uint32_t pair, uint32_t side);

/* Each set of at most `left` of the values that hits from `from` on show on this side, put to what is kept.
 */
static void choose_values(struct extension *x, uint32_t pair, uint32_t side, uint32_t from, uint32_t left)
{
    const struct rule_plan *p = x->plan;
    const struct classes *cs = x->classes;
    if (side == 1)
        differs_walk(x, pair + 1);
    else
        choose(x, pair, 1);
    for (uint32_t i = from; i < cs->n_hits && left; i++) {
        struct hash128 value = cs->hits[i]->hit->joins[p->differ_join[pair]],
                       *set = values_in(p, x->scratch, pair, side);
        if (cs->hits[i]->hit->step != step_of(p, pair, side) || !join_is_set(value)) continue;
        if (has(set, value) || clashes(values_of(p, x->scratch, pair, !side), value)) continue;
        value_row before;
        bool is_first = true;
        for (uint32_t k = 0; k < i && is_first; k++)
            is_first = cs->hits[k]->hit->step != cs->hits[i]->hit->step ||
                       !hash128_equal(cs->hits[k]->hit->joins[p->differ_join[pair]], value);
        if (!is_first) continue;
        memcpy(before, set, sizeof before);
        if (put(set, value)) {
            x->promised++;
            choose_values(x, pair, side, i + 1, left - 1);
            x->promised--;
        } else {
            x->overflows = true;
        }
        memcpy(set, before, sizeof before);
    }
}

static void choose(struct extension *x, uint32_t pair, uint32_t side)
{
    choose_values(x, pair, side, 0, keeps(x, pair, side) ? values_most(x, pair, side) : 0);
}

void differs_walk(struct extension *x, uint32_t pair)
{
    const struct rule_plan *p = x->plan;
    while (pair < p->n_differs && (place_of(p, x->alternative, pair, 0) == IR_NONE ||
                                   place_of(p, x->alternative, pair, 1) == IR_NONE))
        pair++;
    if (pair >= p->n_differs || !x->n_joins)
        extend_look(x);
    else
        choose(x, pair, 0);
}

/* ---- runs beside each other --------------------------------------------------------------------------- */

bool differs_dominate(const struct rule_plan *p, const struct run *x, const struct run *y)
{
    for (uint32_t i = 0; i < p->n_differs; i++)
        for (uint32_t side = 0; side < 2; side++)
            if (!holds_all(values_of(p, y, i, side), values_of(p, x, i, side))) return false;
    return true;
}

bool differs_share_nothing(const struct rule_plan *p, const struct run *x, const struct run *y)
{
    for (uint32_t i = 0; i < p->n_differs; i++)
        for (uint32_t side = 0; side < 2; side++)
            if (shares(values_of(p, x, i, side), values_of(p, y, i, side))) return false;
    return true;
}

bool differs_show_alike(const struct rule_plan *p, const struct run *x, const struct run *y)
{
    for (uint32_t i = 0; i < p->n_differs; i++)
        for (uint32_t side = 0; side < 2; side++)
            if (join_is_set(values_of(p, x, i, side)[0]) && !join_is_set(values_of(p, y, i, side)[0]))
                return false;
    return true;
}

uint32_t differs_needed(const struct rule_plan *p, const struct alternative *a, const struct run *r)
{
    if (p->n_differs != 1) return 0;
    bool shown[2] = {join_is_set(values_of(p, r, 0, 0)[0]), join_is_set(values_of(p, r, 0, 1)[0])};
    if (shown[0] == shown[1]) return 0;
    uint32_t q = place_of(p, a, 0, shown[0]); /* the side that is still to be told apart */
    if (q == IR_NONE || a->places[q].taking != IR_TAKE_TIMES) return 0;
    return 1 + a->places[q].times - a->taken[(size_t)r->progress * a->n_places + q];
}

bool differs_join(const struct rule_plan *p, const struct run *forward, const struct run *backward)
{
    for (uint32_t i = 0; i < p->n_differs; i++)
        for (uint32_t side = 0; side < 2; side++)
            if (shares(values_of(p, forward, i, side), values_of(p, backward, i, !side))) return false;
    return true;
}
