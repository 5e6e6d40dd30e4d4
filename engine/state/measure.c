/* measure.c - sets of events with different values, and amounts.
 *
 * Sets of events that can have a value each, all different, are the independent sets of a matroid: adding an
 * event whenever that is possible gives a largest set, whatever the order, and what cannot be added now never
 * can be. So a run keeps one such set, not all of them (docs/semantics.md 11).
 */
#include "engine/state/measure.h"
#include "engine/base/number.h"
#include "engine/state/amount.h"

#define BIT(n) (UINT64_C(1) << (n))

/* ---- where it lies ------------------------------------------------------------------------------------ */

static size_t offset_of(const struct rule_plan *p, const struct alternative *a, uint32_t q)
{
    size_t before = (size_t)__builtin_popcountll(a->measured & (BIT(q) - 1));
    return run_measures_at(p) + before * measure_size_of(p);
}

struct measure *run_measure(const struct rule_plan *p, const struct alternative *a, struct run *r, uint32_t q)
{
    return (struct measure *)((char *)r + offset_of(p, a, q));
}

const struct measure *run_measure_of(const struct rule_plan *p, const struct alternative *a,
                                     const struct run *r, uint32_t q)
{
    return (const struct measure *)((const char *)r + offset_of(p, a, q));
}

/* ---- what an event offers ----------------------------------------------------------------------------- */

static const struct value *values_of(const struct rule_plan *p, const struct hit *h, uint32_t *n)
{
    const struct ir_place *place = p->measured[h->step];
    *n = 0;
    if (!place || place->value >= h->n_captures) return NULL;
    const struct value *v = &h->captures[place->value];
    *n = v->kind == VALUE_LIST ? v->len : 1;
    return v->kind == VALUE_LIST ? v->items : v;
}

uint32_t measure_offers_most(const struct rule_plan *p, const struct hit *h)
{
    uint32_t n;
    values_of(p, h, &n);
    return n;
}

static bool is_there(uint64_t value, const uint64_t *in, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (in[i] == value) return true;
    return false;
}

uint32_t measure_offers(const struct rule_plan *p, const struct hit *h, uint64_t *out, double *amount)
{
    uint32_t n, len = 0;
    const struct value *v = values_of(p, h, &n);
    long double number, most = -1;
    for (uint32_t i = 0; i < n; i++) {
        if (v[i].kind <= VALUE_NULL) continue;
        if (p->measured[h->step]->taking == IR_TAKE_SUM) {
            if (!number_of(v[i], &number)) continue;
            if (number < 0) number = 0;
            if (number > most) most = number;
            out[0] = 0, len = 1;
        } else {
            uint64_t value = value_hash(v[i]);
            if (!is_there(value, out, len)) out[len++] = value;
        }
    }
    *amount = (double)most;
    return len;
}

bool measure_takes(const struct rule_plan *p, const struct kept *k)
{
    return !p->measured[k->hit->step] || k->n_offers;
}

/* ---- different values --------------------------------------------------------------------------------- */

struct pairing {
    const struct measure *m;
    struct measure *changes; /* NULL: only asked */
    uint64_t tried[TIMES_MOST / 64 + 1];
};

/* A value for k that none has, or that its holder can do without. */
static bool find_value(struct pairing *p, const struct kept *k, uint64_t *found)
{
    for (uint32_t i = 0; i < k->n_offers; i++) {
        uint32_t holder = 0;
        while (holder < p->m->len && p->m->at[holder].value != k->offers[i]) holder++;
        if (holder < p->m->len) {
            uint64_t other;
            if (p->tried[holder / 64] & BIT(holder % 64)) continue;
            p->tried[holder / 64] |= BIT(holder % 64);
            if (!find_value(p, p->m->at[holder].kept, &other)) continue;
            if (p->changes) p->changes->at[holder].value = other;
        }
        *found = k->offers[i];
        return true;
    }
    return false;
}

static bool add_different(struct measure *m, const struct kept *k)
{
    struct pairing p = {.m = m, .changes = m};
    uint64_t value;
    if (!find_value(&p, k, &value)) return false;
    m->at[m->len++] = (struct measured_event){k, value};
    return true;
}

static bool could_add(const struct measure *m, const struct kept *k)
{
    struct pairing p = {.m = m};
    uint64_t value;
    return find_value(&p, k, &value);
}

bool measure_add(const struct ir_place *place, struct measure *m, const struct kept *k, uint32_t times)
{
    if (place->taking == IR_TAKE_SUM) {
        double before = m->amount;
        m->amount += k->amount * times;
        if (m->amount > place->amount) m->amount = place->amount;
        return m->amount != before;
    }
    bool changed = false;
    while (times-- && m->len < place->times && add_different(m, k)) changed = true;
    return changed;
}

uint16_t measure_state(const struct ir_place *place, const struct measure *m)
{
    if (place->taking == IR_TAKE_SUM) return m->amount >= place->amount ? 2 : 1;
    return (uint16_t)m->len;
}

bool measure_pairs(const struct kept *a, const struct kept *b)
{
    return a->n_offers > 1 || b->n_offers > 1 || a->offers[0] != b->offers[0];
}

/* ---- runs --------------------------------------------------------------------------------------------- */

static uint64_t open_places(const struct alternative *a, uint16_t progress)
{
    return a->measured & a->started[progress] & ~a->complete[progress];
}

bool run_is_measuring(const struct alternative *a, const struct run *r, uint64_t steps)
{
    for (uint64_t open = open_places(a, r->progress); open; open &= open - 1)
        if (steps >> a->places[__builtin_ctzll(open)].step & 1) return true;
    return false;
}

static bool measure_dominates(const struct ir_place *place, bool begins, const struct measure *x,
                              const struct measure *y)
{
    if (place->taking == IR_TAKE_SUM) return x->amount >= y->amount;
    if (begins && !kept_offer_alike(x->at[0].kept, y->at[0].kept)) return false;
    if (x->len == place->times) return true; /* one more event of any value, and all but one of these */
    for (uint32_t i = 0; i < y->len; i++)
        if (could_add(x, y->at[i].kept)) return false;
    return true;
}

bool measures_dominate(const struct rule_plan *p, const struct alternative *a, const struct run *x,
                       const struct run *y)
{
    for (uint64_t open = open_places(a, x->progress); open; open &= open - 1) {
        uint32_t q = (uint32_t)__builtin_ctzll(open);
        if (!measure_dominates(&a->places[q], a->behind_gap >> q & 1, run_measure_of(p, a, x, q),
                               run_measure_of(p, a, y, q)))
            return false;
    }
    return true;
}

/* What must be taken goes first: it is never put out again. */
/* Adds the set's events; one like `but` is there already. */
static void add_all(const struct ir_place *place, struct measure *m, const struct measure *of, bool but_first,
                    const struct kept *but)
{
    for (uint32_t i = but_first; of && i < of->len && m->len < place->times; i++) {
        if (of->at[i].kept == but)
            but = NULL;
        else
            add_different(m, of->at[i].kept);
    }
}

static bool different_together(const struct ir_place *place, const struct measure *f, bool f_begins,
                               const struct measure *b, bool b_begins, const struct kept *with)
{
    _Alignas(struct measure) char room[sizeof(struct measure) + TIMES_MOST * sizeof(struct measured_event)];
    struct measure *m = (struct measure *)room;
    *m = (struct measure){.len = 0};
    if (f_begins && !add_different(m, f->at[0].kept)) return false;
    if (b && b_begins && !add_different(m, b->at[0].kept)) return false;
    if (with && !(f_begins && with == f->at[0].kept) && !add_different(m, with)) return false;
    if (m->len > place->times) return false;
    if (with && f_begins && with == f->at[0].kept) with = NULL;
    add_all(place, m, f, f_begins, with);
    add_all(place, m, b, b_begins, NULL);
    return m->len == place->times;
}

static bool place_joins(const struct rule_plan *p, const struct alternative *forward, const struct run *f,
                        const struct alternative *mirror, const struct run *b, uint32_t q,
                        const struct kept *with)
{
    uint32_t n = forward->n_places, back = n - 1 - q;
    const struct ir_place *place = &forward->places[q];
    uint16_t before = forward->taken[(size_t)f->progress * n + q];
    uint16_t behind = b ? mirror->taken[(size_t)b->progress * n + back] : 0, all = place_states(place);
    bool begins = forward->behind_gap >> q & 1;
    if (!(forward->measured >> q & 1)) return before + behind == all;
    const struct measure *x = run_measure_of(p, forward, f, q);
    if (before == all || behind == all) {
        if (before && behind) return false;
        return !with || place->taking == IR_TAKE_SUM ||
               different_together(place, x, begins, NULL, false, with);
    }
    if (!before || !behind) return false;
    const struct measure *y = run_measure_of(p, mirror, b, back);
    if (place->taking == IR_TAKE_SUM) return x->amount + y->amount >= place->amount;
    return different_together(place, x, begins, y, mirror->behind_gap >> back & 1, with);
}

bool measures_join(const struct rule_plan *p, const struct alternative *forward, const struct run *f,
                   const struct alternative *mirror, const struct run *b, uint32_t q, const struct kept *with)
{
    for (uint32_t i = 0; i < forward->n_places; i++)
        if (!place_joins(p, forward, f, mirror, b, i, i == q ? with : NULL)) return false;
    return true;
}

void measures_mark(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                   void (*mark)(const struct kept *k))
{
    for (uint64_t open = open_places(a, r->progress); open; open &= open - 1) {
        const struct measure *m = run_measure_of(p, a, r, (uint32_t)__builtin_ctzll(open));
        for (uint32_t i = 0; i < m->len; i++) mark(m->at[i].kept);
    }
}
