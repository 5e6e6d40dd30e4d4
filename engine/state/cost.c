/* cost.c - the sizes of what keyed.c, fold.c and group.c make. */
#include "engine/state/cost.h"

#include "engine/state/partition.h"

/* A hit with its questions and values; the largest step counts. */
static size_t event_size(const struct rule_plan *p)
{
    size_t most = 0;
    for (uint32_t i = 0; i < p->rule->n_steps; i++) {
        const struct ir_step *step = &p->rule->steps[i];
        size_t size = step->n_captures * sizeof(struct value) +
                      step->n_asks * (sizeof(struct hit_ask) + sizeof(struct answer_state));
        if (most < size) most = size;
    }
    return sizeof(struct kept) + sizeof(struct hit) + p->n_joins * sizeof(struct hash128) + most;
}

struct state_cost state_cost_of(const struct state_plan *plan, uint32_t rule)
{
    const struct rule_plan *p = &plan->rules[rule];
    return (struct state_cost){.key = sizeof(struct keyed),
                               .run = p->run_size,
                               .runs_most = p->n_buckets - p->n_alternatives, /* nothing taken is no state */
                               .values_most = p->n_joins ? JOINS_MOST : 1,
                               .event = event_size(p),
                               .incident = p->group_size + sizeof(struct emitted),
                               .shown_most = SHOWN_MOST,
                               .lag = p->lag,
                               .keeps_window = p->exact != 0};
}
