/* amount.h - what expressions make of all events of a step: distinct, sum, min, max, new.
 *
 * A list of gathered events has an amount for each such expression of its rule. It is made when it is first
 * asked for, and then follows the list event by event: a storm of one key costs each hit one event's work,
 * not all of them again.
 *
 * Values: absent, null and unknown are in no amount, and list elements count each. Text that is wholly a
 * number counts as it in sums; a negative value adds nothing, so that a sum never falls as events come.
 *
 * Invariants
 * 1. An amount is a function of the set of listed events: whole numbers are added exactly; a sum with
 *    fractions is added up in the list's order, when it is asked for.
 * 2. Whoever puts an event into a list or takes one out, and whoever changes a listed event's answers, says
 *    so here; or drops the amounts.
 */
#ifndef CSR_ENGINE_STATE_AMOUNT_H
#define CSR_ENGINE_STATE_AMOUNT_H

#include "engine/state/partition.h"

/* The event comes into the list (+1) or leaves it (-1). Nothing happens while nobody has asked yet. */
void amounts_change(struct state *s, const struct rule_plan *p, struct gathered *l, const struct kept *k,
                    int by);
void amounts_drop(struct state *s, const struct rule_plan *p, struct gathered *l);

/* What the expression amounts to over the listed events of its step. amount: a number of p->amounts. */
struct value amount_value(struct state *s, const struct rule_plan *p, struct gathered *l, uint32_t amount);
/* The same over a few events, without a memory. */
struct value amount_of(struct state *s, const struct rule_plan *p, const struct ir_node *n,
                       const struct kept *const *at, uint32_t len);

/* The listed events of a step: *at is the first, and the number is returned. */
uint32_t gathered_of_step(const struct gathered *l, uint32_t step, const struct kept *const **at);

/* What a question to a baseline about the event is answered with now; absent where that makes tests false. */
struct value asked_value(const struct rule_plan *p, const struct kept *k, uint32_t ask);

uint64_t value_hash(struct value v);

#endif
