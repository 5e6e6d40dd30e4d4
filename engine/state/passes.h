/* passes.h - forward and backward over slots: which of their events stand in a choice.
 *
 * For one alternative: the backward pass keeps, for every slot, the runs of the mirror over all later slots.
 * The forward pass then takes slot by slot: each forward run, extended by the slot's events, can be joined
 * with a backward run that has exactly the rest. What that is wanted for is the purpose: the events of a
 * group (gather.c), or how well each event is reached in a window (reach.c).
 *
 * Invariants (docs/semantics.md 7)
 * 1. Only undominated runs are kept on either side: that makes the condition no harder.
 */
#ifndef CSR_ENGINE_STATE_PASSES_H
#define CSR_ENGINE_STATE_PASSES_H

#include "engine/state/extend.h"
#include "engine/state/partition.h"

struct gathering;

struct purpose {
    /* For each slot: before, for each forward run with events of the slot, which may be completed or not, and
     * after. `taken`: events per place in this second. */
    void (*begin)(struct gathering *g);
    void (*found)(struct gathering *g, const struct extension *x, const struct run *r, const uint16_t *taken);
    void (*end)(struct gathering *g);
};

struct gathering {
    const struct purpose *purpose; /* who has more to remember embeds this struct first */
    struct state *s;
    struct workbench *work;
    const struct rule_plan *p;
    const struct group *group;
    int64_t end;               /* of the group, or of what is settled of it */
    const struct slot **slots; /* of the group's time, in order */
    uint32_t n_slots, cap_slots;
    uint32_t
        n_later; /* slots behind these: no event of theirs is taken, but it may break what was (`for D`) */
    uint32_t n_joins;
    const struct alternative *forward, *mirror; /* the one at hand */
    struct runs *behind;                        /* [n_slots] backward runs over later slots */
    struct runs front;                          /* forward runs over earlier slots */
    struct runs *to;                            /* where found runs go */
    bool is_backward;
    int64_t second;          /* of the slot at hand; backward: negative */
    const struct runs *rest; /* backward runs to join with */
    struct hash128 *assumed; /* [n_joins] references that all runs of these passes agree to; NULL: none */
};

/* The slots of the key from `from` to `to`, and for so long as vetoes last behind them. */
void passes_add_slots(struct gathering *g, const struct keyed *k, int64_t from, int64_t to);
/* Both passes with g->forward and g->mirror, from what g->front holds on. It ends with the runs before the
 * last slot. */
void passes_run(struct gathering *g);
/* One slot alone: makes its classes; joins g->front, over earlier slots, with runs over later ones. */
void passes_take_slot(struct gathering *g, uint32_t i);
void passes_join(struct gathering *g, const struct runs *rest);
void passes_release(struct gathering *g);

/* For purpose->found: */

/* Whether the forward run r, with the events of the slot at hand, can be completed by later slots. with: an
 * event that place q must take, where it matters; else NULL. */
bool passes_complete(const struct gathering *g, const struct run *r, uint32_t q, const struct kept *with);
/* The class's event in place q, if whether it can stand there depends on what else does. */
const struct kept *passes_matters(const struct gathering *g, const struct extension *x, uint32_t q,
                                  uint32_t c);
/* In an item's automaton the required part must end inside the group. */
bool passes_required_inside(const struct gathering *g, const struct extension *x, const struct run *r);

#endif
