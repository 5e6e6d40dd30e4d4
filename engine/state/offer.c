/* offer.c - what an open place becomes by a second's events. */
#include "engine/state/offer.h"
#include "engine/state/measure.h"

#define BIT(n) (UINT64_C(1) << (n))

static uint16_t *offered_at(const struct extension *x, uint32_t q)
{
    return x->offered + (size_t)q * x->classes->len;
}

static uint32_t events_offered(const struct extension *x, uint32_t q, uint32_t c)
{
    if (!(x->fits[c] >> q & 1)) return 0;
    return x->classes->overlap ? offered_at(x, q)[c] : x->classes->at[c].count;
}

bool offer_holds(const struct extension *x, uint32_t q, uint32_t c)
{
    return events_offered(x, q, c) > 0;
}

static const struct kept *event_of(const struct extension *x, uint32_t q, uint32_t c)
{
    return class_hit(x->classes, x->classes->at[c].first, x->alternative->places[q].step);
}

/* It must hold the event that it begins with, so that a gap or a veto before it ends there. */
static bool keeps_first(const struct extension *x, uint32_t q)
{
    return x->alternative->behind_gap >> q & 1 && x->alternative->places[q].taking == IR_TAKE_DISTINCT;
}

bool offer_can_close(const struct extension *x, uint32_t q, uint32_t c)
{
    if (!offer_holds(x, q, c)) return false;
    if (!keeps_first(x, q)) return true;
    const struct kept *first = run_measure(x->plan, x->alternative, x->scratch, q)->at[0].kept;
    return first == event_of(x, q, c) || measure_pairs(first, event_of(x, q, c));
}

static bool can_close(const struct extension *x, uint32_t q)
{
    for (uint32_t c = 0; c < x->classes->len; c++)
        if (offer_can_close(x, q, c)) return true;
    return false;
}

static uint16_t taken_before(const struct extension *x, uint32_t q)
{
    const struct alternative *a = x->alternative;
    return x->from ? a->taken[(size_t)x->from->progress * a->n_places + q] : 0;
}

static uint16_t advance(const struct alternative *a, uint16_t progress, uint32_t q, uint32_t by)
{
    while (by-- && progress != PROGRESS_NONE) progress = a->next[(size_t)progress * a->n_places + q];
    return progress;
}

/* The measure as the run brought it. */
static struct measure *restore(struct extension *x, uint32_t q)
{
    struct measure *m = run_measure(x->plan, x->alternative, x->scratch, q);
    if (taken_before(x, q))
        memcpy(m, run_measure_of(x->plan, x->alternative, x->from, q), measure_size_of(x->plan));
    else
        m->amount = 0, m->len = 0;
    return m;
}

static void go_on(struct extension *x, uint32_t q, uint16_t progress, bool takes)
{
    struct take *take = &run_takes(x->plan, x->scratch)[q], before = *take;
    x->need[q] = takes;
    if (takes) *take = (struct take){.second = x->second};
    extend_walk(x, q + 1, progress);
    *take = before;
    x->need[q] = 0;
}

/* The place stays open with what it has now, and is closed if that is enough. */
static void settle(struct extension *x, uint32_t q, uint16_t progress, bool changed, bool shared)
{
    const struct alternative *a = x->alternative;
    const struct ir_place *place = &a->places[q];
    uint16_t state = measure_state(place, run_measure(x->plan, a, x->scratch, q));
    uint16_t open = advance(a, progress, q, state - taken_before(x, q));
    if (open == PROGRESS_NONE || !extension_is_feasible(x)) return;
    if (changed || x->marks || !shared) go_on(x, q, open, changed || x->marks);
    if (state + 1 == place_states(place) && can_close(x, q)) go_on(x, q, advance(a, open, q, 1), true);
}

/* first: a class of which the measure has one event already; classes->len: none. */
static bool add_offers(struct extension *x, uint32_t q, struct measure *m, uint32_t first)
{
    bool changed = false;
    for (uint32_t c = 0; c < x->classes->len; c++)
        if (offer_holds(x, q, c))
            changed |= measure_add(&x->alternative->places[q], m, event_of(x, q, c),
                                   events_offered(x, q, c) - (c == first));
    return changed;
}

/* shared: events that others could have had; if they change nothing, the place does as well without them. */
static void offer(struct extension *x, uint32_t q, uint16_t progress, bool shared)
{
    bool begins = !taken_before(x, q);
    if (!begins || !keeps_first(x, q)) {
        bool changed = add_offers(x, q, restore(x, q), x->classes->len);
        settle(x, q, progress, changed || begins, shared);
    }
    for (uint32_t c = 0; begins && keeps_first(x, q) && c < x->classes->len; c++) {
        if (!offer_holds(x, q, c)) continue;
        struct measure *m = restore(x, q);
        measure_add(&x->alternative->places[q], m, event_of(x, q, c), 1);
        add_offers(x, q, m, c);
        settle(x, q, progress, true, shared);
    }
    restore(x, q);
}

/* How many events of the class the place can use. */
static uint32_t offers_most(const struct extension *x, uint32_t q, uint32_t c)
{
    uint32_t left = x->classes->at[c].count - x->reserved[c];
    const struct ir_place *place = &x->alternative->places[q];
    if (place->taking == IR_TAKE_SUM) return left;
    uint32_t values = event_of(x, q, c)->n_offers;
    return left < values ? left : values;
}

/* Shares the classes from c on: those that fit no other place are offered whole. */
static void share(struct extension *x, uint32_t q, uint16_t progress, uint32_t c, bool any, bool shared)
{
    if (c == x->classes->len) {
        if (!x->left) x->gave_up = true;
        if (!x->left) return;
        x->left--;
        if (any)
            offer(x, q, progress, shared);
        else if (taken_before(x, q))
            go_on(x, q, progress, false);
        return;
    }
    uint16_t *offered = &offered_at(x, q)[c];
    uint32_t most = x->fits[c] >> q & 1 ? offers_most(x, q, c) : 0;
    uint64_t done = x->from ? x->alternative->complete[x->from->progress] : 0;
    bool is_wanted = x->fits[c] & ~done & ~BIT(q);
    for (uint32_t n = is_wanted ? 0 : most; n <= most; n++) {
        *offered = (uint16_t)n;
        x->reserved[c] = (uint16_t)(x->reserved[c] + n);
        share(x, q, progress, c + 1, any || n, shared || (n && is_wanted));
        x->reserved[c] = (uint16_t)(x->reserved[c] - n);
    }
    *offered = 0;
}

void offer_walk(struct extension *x, uint32_t q, uint16_t progress)
{
    uint16_t before = taken_before(x, q);
    x->need[q] = 0;
    if (before == place_states(&x->alternative->places[q]) || !extension_may_take(x, q, progress)) {
        extend_walk(x, q + 1, progress);
        return;
    }
    if (!before) go_on(x, q, progress, false);
    if (x->classes->overlap)
        share(x, q, progress, 0, false, false);
    else
        offer(x, q, progress, false);
}
