/* predicate.c - taking predicates apart. */
#include "engine/tell/predicate.h"

uint32_t predicate_parts(const struct ir *ir, const ir_node_id *id, const ir_node_id **parts)
{
    if (*id == IR_NONE) return 0;
    const struct ir_node *node = &ir->nodes[*id];
    *parts = node->op == IR_OP_AND ? ir->operands + node->first : id;
    return node->op == IR_OP_AND ? node->n : 1;
}

bool predicate_is_of_join(const struct ir *ir, const struct ir_rule *rule, const struct ir_group *g,
                          ir_node_id part)
{
    const struct ir_node *node = &ir->nodes[part];
    if (node->op != IR_OP_PRESENT) return false;
    for (uint32_t j = 0; j < rule->n_joins; j++)
        if (!rule->joins[j].differs && g->joins[j] == ir->operands[node->first]) return true;
    return false;
}
