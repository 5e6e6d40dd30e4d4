/* cost.h - what a rule's state can cost for one key, by language.md B22: for plans and explanations. */
#ifndef CSR_ENGINE_IR_COST_H
#define CSR_ENGINE_IR_COST_H

#include "engine/ir/ir.h"

#define IR_INSTANCES_MOST 32u /* assignments of references under one key (language.md B12) */

struct ir_cost {
    uint64_t runs; /* one for each progress of each alternative, for each assignment of references */
    int64_t slots; /* seconds of which each has a slot of its own; 0: none are kept beyond the watermark */
    int64_t of_gap;        /* seconds that the longest least gap keeps; 0: there is none */
    bool of_amount, of_values, of_where; /* what keeps those of the whole window */
};

struct ir_cost ir_rule_cost(const struct ir_rule *rule);

#endif
