/* settle.c - which answers of a rule are provisional. */
#include "engine/ir/settle.h"

static const struct ir_node *operand(const struct ir *ir, const struct ir_node *node, uint32_t i)
{
    return &ir->nodes[ir->operands[node->first + i]];
}

bool ir_asks(const struct ir *ir, ir_node_id id)
{
    if (id == IR_NONE) return false;
    const struct ir_node *node = &ir->nodes[id];
    if (node->op >= IR_OP_ASK_NEW && node->op <= IR_OP_SPIKE) return true;
    for (uint32_t i = 0; i < node->n; i++)
        if (ir_asks(ir, ir->operands[node->first + i])) return true;
    return false;
}

/* Whether a test over a match can only become true as records come, never false again. Values of the witness
 * count as settled with it. */
static bool only_rises(const struct ir *ir, const struct ir_node *node)
{
    bool counts = node->n && operand(ir, node, 0)->op == IR_OP_COUNT;
    switch (node->op) {
    case IR_OP_AND:
    case IR_OP_OR:
        for (uint32_t i = 0; i < node->n; i++)
            if (!only_rises(ir, operand(ir, node, i))) return false;
        return true;
    case IR_OP_NOT: {
        const struct ir_node *inner = operand(ir, node, 0);
        return inner->op != IR_OP_STEP_EXISTS && inner->op != IR_OP_AND && inner->op != IR_OP_OR && !counts;
    }
    case IR_OP_GT:
    case IR_OP_GE: return operand(ir, node, 1)->op != IR_OP_COUNT;
    case IR_OP_EQ:
    case IR_OP_NE:
    case IR_OP_LT:
    case IR_OP_LE:
    case IR_OP_BETWEEN: return !counts;
    default: return true;
    }
}

/* Whether a test reads what grows: which steps are there, and how many events. */
static bool reads_growth(const struct ir *ir, const struct ir_node *node)
{
    if (node->op == IR_OP_STEP_EXISTS || node->op == IR_OP_COUNT) return true;
    for (uint32_t i = 0; i < node->n; i++)
        if (reads_growth(ir, operand(ir, node, i))) return true;
    return false;
}

bool ir_term_can_fall(const struct ir *ir, const struct ir_term *term)
{
    const struct ir_node *when = &ir->nodes[term->when];
    return term->points > 0 ? !only_rises(ir, when) : reads_growth(ir, when);
}

bool ir_exception_can_change(const struct ir *ir, const struct ir_exception *e)
{
    return e->on_match && (ir_asks(ir, e->when) || reads_growth(ir, &ir->nodes[e->when]));
}

static bool some_step_asks(const struct ir *ir, const struct ir_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_steps; i++)
        for (uint32_t g = 0; g < rule->steps[i].n_groups; g++)
            if (ir_asks(ir, rule->steps[i].groups[g].gate)) return true;
    return false;
}

bool ir_is_monotone(const struct ir *ir, const struct ir_rule *rule)
{
    if (some_step_asks(ir, rule)) return false;
    for (uint32_t i = 0; i < rule->n_severities; i++)
        if (ir_asks(ir, rule->severities[i].when)) return false;
    for (uint32_t i = 0; i < rule->title.len; i++)
        if (ir_asks(ir, rule->title.parts[i].operand)) return false;
    for (uint32_t i = 0; i < rule->n_terms; i++)
        if (ir_asks(ir, rule->terms[i].when) || ir_term_can_fall(ir, &rule->terms[i])) return false;
    for (uint32_t i = 0; i < rule->n_exceptions; i++)
        if (ir_exception_can_change(ir, &rule->exceptions[i])) return false;
    return true;
}
