/* cost.c - see cost.h. */
#include "engine/ir/cost.h"

#include "engine/ir/progress.h"

static void add_alternative(struct ir_cost *cost, const struct ir_alternative *a)
{
    cost->runs += progress_count(a, PROGRESS_MOST) - 1; /* nothing taken is no state */
    for (uint32_t i = 0; i < a->n_gaps; i++)
        if (cost->of_gap < a->gaps[i].least) cost->of_gap = a->gaps[i].least;
    for (uint32_t i = 0; i < a->n_places; i++)
        cost->of_amount |= a->places[i].taking == IR_TAKE_SUM || a->places[i].most;
}

struct ir_cost ir_rule_cost(const struct ir_rule *rule)
{
    struct ir_cost cost = {0};
    for (uint32_t i = 0; i < rule->n_automata; i++)
        for (uint32_t a = 0; a < rule->automata[i].n_alternatives; a++)
            add_alternative(&cost, &rule->automata[i].alternatives[a]);
    for (uint32_t s = 0; s < rule->n_steps && !rule->is_on; s++)
        cost.of_values |= rule->steps[s].counted;
    cost.of_where = rule->where != IR_NONE && !rule->is_on;
    cost.slots = cost.of_amount || cost.of_values || cost.of_where ? rule->within : cost.of_gap;
    return cost;
}
