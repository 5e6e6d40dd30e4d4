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

/* ---- how a value over a match moves while records come ------------------------------------------------- */

/* Of a test: RISES can become true and stays so, FALLS the other way round. */
enum trend { STAYS, RISES, FALLS, MOVES };

static enum trend turned(enum trend t)
{
    return t == RISES ? FALLS : t == FALLS ? RISES : t;
}

static enum trend together(enum trend a, enum trend b)
{
    if (a == STAYS) return b;
    return b == STAYS || a == b ? a : MOVES;
}

static enum trend trend_of(const struct ir *ir, ir_node_id id);

static enum trend trend_of_all(const struct ir *ir, const struct ir_node *node)
{
    enum trend all = STAYS;
    for (uint32_t i = 0; i < node->n; i++) all = together(all, trend_of(ir, ir->operands[node->first + i]));
    return all;
}

/* Larger on the left, or smaller on the right, is what comes out the more. */
static enum trend difference(const struct ir *ir, const struct ir_node *node)
{
    return together(trend_of(ir, ir->operands[node->first]),
                    turned(trend_of(ir, ir->operands[node->first + 1])));
}

/* A product with what may be negative turns round. */
static enum trend product(const struct ir *ir, const struct ir_node *node)
{
    for (uint32_t i = 0; i < node->n; i++) {
        const struct ir_node *factor = operand(ir, node, i);
        const struct value *v = factor->op == IR_OP_CONST ? &ir->constants[factor->x] : NULL;
        bool is_number = v && (v->kind == VALUE_INT || v->kind == VALUE_SIZE || v->kind == VALUE_DURATION);
        if (v && !(is_number ? v->i >= 0 : v->kind == VALUE_FLOAT && v->f >= 0)) return MOVES;
        if (!v && factor->op != IR_OP_COUNT && factor->op != IR_OP_DISTINCT &&
            trend_of_all(ir, node) != STAYS)
            return MOVES;
    }
    return trend_of_all(ir, node);
}

/* Values of the witness count as settled with it; so does the first event's, but for its time. */
static enum trend trend_of(const struct ir *ir, ir_node_id id)
{
    const struct ir_node *node = &ir->nodes[id];
    enum trend t;
    switch ((enum ir_op)node->op) {
    case IR_OP_COUNT:
    case IR_OP_DISTINCT:
    case IR_OP_SUM_OF:
    case IR_OP_MAX_OF:
    case IR_OP_STEP_EXISTS: return RISES;
    case IR_OP_MIN_OF: return FALLS;
    case IR_OP_FIRST: return node->type == IR_TYPE_TIME ? FALLS : STAYS;
    case IR_OP_LAST: return node->type == IR_TYPE_TIME ? RISES : MOVES;
    case IR_OP_BARE: return STAYS;
    case IR_OP_NOT: return turned(trend_of_all(ir, node));
    case IR_OP_AND:
    case IR_OP_OR:
    case IR_OP_ADD: return trend_of_all(ir, node);
    case IR_OP_MUL: return product(ir, node);
    case IR_OP_SUB:
    case IR_OP_GT:
    case IR_OP_GE: return difference(ir, node);
    case IR_OP_LT:
    case IR_OP_LE: return turned(difference(ir, node));
    default: t = trend_of_all(ir, node); return t == STAYS ? STAYS : MOVES;
    }
}

bool ir_can_fall(const struct ir *ir, ir_node_id when)
{
    enum trend t = when == IR_NONE ? STAYS : trend_of(ir, when);
    return t == FALLS || t == MOVES;
}

/* The witness of a completion is another when a better choice arrives late. */
static bool reads_witness(const struct ir *ir, const struct ir_node *node)
{
    if (node->op == IR_OP_CAPTURE || node->op == IR_OP_BARE) return true;
    if (node->op == IR_OP_FIRST && node->type != IR_TYPE_TIME) return true;
    for (uint32_t i = 0; i < node->n; i++)
        if (reads_witness(ir, operand(ir, node, i))) return true;
    return false;
}

bool ir_where_can_fall(const struct ir *ir, const struct ir_rule *rule)
{
    ir_node_id where = rule->where;
    if (where == IR_NONE) return false;
    return ir_asks(ir, where) || ir_can_fall(ir, where) || reads_witness(ir, &ir->nodes[where]);
}

bool ir_term_can_fall(const struct ir *ir, const struct ir_term *term)
{
    enum trend t = trend_of(ir, term->when);
    return t == MOVES || t == (term->points > 0 ? FALLS : RISES);
}

bool ir_exception_can_change(const struct ir *ir, const struct ir_exception *e)
{
    return e->on_match && (ir_asks(ir, e->when) || trend_of(ir, e->when) != STAYS);
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static bool some_step_asks(const struct ir *ir, const struct ir_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_steps; i++)
        for (uint32_t g = 0; g < rule->steps[i].n_groups; g++)
            if (ir_asks(ir, rule->steps[i].groups[g].gate)) return true;
    return false;
}

bool ir_match_waits(const struct ir_match *m)
{
    if (!m) return false;
    if (m->absent_for || m->most) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (ir_match_waits(&m->kids[i])) return true;
    return false;
}

static bool has_veto(const struct ir_match *m)
{
    if (!m) return false;
    if (m->kind == IR_M_NOT) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (has_veto(&m->kids[i])) return true;
    return false;
}

uint64_t ir_forbidden_in(const struct ir_automaton *automaton)
{
    uint64_t steps = 0;
    for (uint32_t i = 0; i < automaton->n_alternatives; i++) {
        const struct ir_alternative *a = &automaton->alternatives[i];
        for (uint32_t v = 0; v < a->n_vetoes; v++) steps |= UINT64_C(1) << a->vetoes[v].step;
    }
    return steps;
}

uint64_t ir_forbidden_steps(const struct ir_rule *rule)
{
    uint64_t steps = 0;
    for (uint32_t i = 0; i < rule->n_automata; i++) steps |= ir_forbidden_in(&rule->automata[i]);
    return steps;
}

bool ir_can_be_broken(const struct ir_rule *rule)
{
    return rule->until != IR_NONE || has_veto(rule->match) || ir_match_waits(rule->match);
}

static bool verdict_moves(const struct ir *ir, const struct ir_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_severities; i++)
        if (ir_asks(ir, rule->severities[i].when) || ir_can_fall(ir, rule->severities[i].when)) return true;
    for (uint32_t i = 0; i < rule->title.len; i++)
        if (ir_asks(ir, rule->title.parts[i].operand)) return true;
    for (uint32_t i = 0; i < rule->n_terms; i++)
        if (ir_asks(ir, rule->terms[i].when) || ir_term_can_fall(ir, &rule->terms[i])) return true;
    for (uint32_t i = 0; i < rule->n_exceptions; i++)
        if (ir_exception_can_change(ir, &rule->exceptions[i])) return true;
    return false;
}

bool ir_takes_groups(const struct ir_step *step)
{
    for (uint32_t g = 0; g < step->n_groups; g++)
        for (uint32_t a = 0; a < step->groups[g].n_apis; a++)
            if (step->groups[g].apis[a].rule != IR_NONE) return true;
    return false;
}

static bool some_step_takes_groups(const struct ir_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_steps; i++)
        if (ir_takes_groups(&rule->steps[i])) return true;
    return false;
}

static bool match_moves(const struct ir *ir, const struct ir_rule *rule)
{
    return some_step_asks(ir, rule) || ir_can_be_broken(rule) || ir_where_can_fall(ir, rule) ||
           some_step_takes_groups(rule);
}

bool ir_is_monotone(const struct ir *ir, const struct ir_rule *rule)
{
    return !match_moves(ir, rule) && !verdict_moves(ir, rule);
}
