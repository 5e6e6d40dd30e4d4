/* random_expr.c - random tests over what a match amounts to. */
#include "tests/oracle/random.h"

#define SECOND INT64_C(1000000000)

static ir_node_id add(struct a_case *c, struct ir_node n)
{
    *ARENA_PUSH(c->arena, c->pool.nodes) = n;
    c->ir.nodes = c->pool.nodes.at, c->ir.n_nodes = c->pool.nodes.len;
    return c->pool.nodes.len - 1;
}

ir_node_id case_leaf(struct a_case *c, enum ir_op op, uint8_t type, uint32_t x, uint32_t step)
{
    return add(c, (struct ir_node){.op = (uint8_t)op, .type = type, .x = x, .y = step});
}

ir_node_id case_constant(struct a_case *c, struct value v)
{
    *ARENA_PUSH(c->arena, c->pool.constants) = v;
    c->ir.constants = c->pool.constants.at, c->ir.n_constants = c->pool.constants.len;
    return add(c, (struct ir_node){.op = IR_OP_CONST, .type = IR_TYPE_ANY, .x = c->pool.constants.len - 1});
}

ir_node_id case_node(struct a_case *c, enum ir_op op, uint8_t type, ir_node_id a, ir_node_id b)
{
    uint32_t first = c->pool.operands.len;
    *ARENA_PUSH(c->arena, c->pool.operands) = a;
    if (b != IR_NONE) *ARENA_PUSH(c->arena, c->pool.operands) = b;
    c->ir.operands = c->pool.operands.at, c->ir.n_operands = c->pool.operands.len;
    return add(c,
               (struct ir_node){.op = (uint8_t)op, .type = type, .first = first, .n = b == IR_NONE ? 1 : 2});
}

ir_node_id case_counts(struct a_case *c, uint32_t step, int64_t least)
{
    ir_node_id count = case_leaf(c, IR_OP_COUNT, IR_TYPE_INT, 0, step);
    return case_node(c, IR_OP_GE, IR_TYPE_BOOL, count, case_constant(c, value_int(least)));
}

static uint32_t one_of(struct a_case *c, uint64_t steps)
{
    uint32_t n = below(&c->seed, (uint32_t)__builtin_popcountll(steps));
    while (n--) steps &= steps - 1;
    return (uint32_t)__builtin_ctzll(steps);
}

/* last(s).time - first(s).time against some seconds */
static ir_node_id span_test(struct a_case *c, uint32_t step)
{
    ir_node_id last = case_leaf(c, IR_OP_LAST, IR_TYPE_TIME, CAPTURE_TIME, step);
    ir_node_id first = case_leaf(c, IR_OP_FIRST, IR_TYPE_TIME, CAPTURE_TIME, step);
    ir_node_id span = case_node(c, IR_OP_SUB, IR_TYPE_DURATION, last, first);
    struct value d = {.kind = VALUE_DURATION, .i = (1 + below(&c->seed, 3)) * c->unit * SECOND};
    return case_node(c, chance(&c->seed, 70) ? IR_OP_GE : IR_OP_LT, IR_TYPE_BOOL, span, case_constant(c, d));
}

/* count(s) * 2 >= count(t) + 1 */
static ir_node_id ratio_test(struct a_case *c, uint32_t s, uint32_t t)
{
    ir_node_id left = case_leaf(c, IR_OP_COUNT, IR_TYPE_INT, 0, s),
               right = case_leaf(c, IR_OP_COUNT, IR_TYPE_INT, 0, t);
    left = case_node(c, IR_OP_MUL, IR_TYPE_INT, left, case_constant(c, value_int(1 + below(&c->seed, 3))));
    right = case_node(c, IR_OP_ADD, IR_TYPE_INT, right, case_constant(c, value_int(below(&c->seed, 3))));
    return case_node(c, IR_OP_GE, IR_TYPE_BOOL, left, right);
}

static ir_node_id amount_test(struct a_case *c, uint32_t step)
{
    static const enum ir_op ops[] = {IR_OP_COUNT,  IR_OP_COUNT,  IR_OP_DISTINCT, IR_OP_DISTINCT,
                                     IR_OP_SUM_OF, IR_OP_MIN_OF, IR_OP_MAX_OF};
    static const enum ir_op tests[] = {IR_OP_GE, IR_OP_GE, IR_OP_GE, IR_OP_GT,
                                       IR_OP_LT, IR_OP_LE, IR_OP_EQ, IR_OP_NE};
    enum ir_op op = ops[below(&c->seed, 7)];
    uint32_t capture = op == IR_OP_DISTINCT && chance(&c->seed, 70) ? CAPTURE_TEXT : CAPTURE_NUMBER;
    bool is_small = op == IR_OP_COUNT || op == IR_OP_DISTINCT;
    ir_node_id amount = case_leaf(c, op, IR_TYPE_INT, is_small && op == IR_OP_COUNT ? 0 : capture, step);
    ir_node_id number = case_constant(c, value_int(is_small ? 1 + below(&c->seed, 4) : below(&c->seed, 12)));
    return case_node(c, tests[below(&c->seed, 8)], IR_TYPE_BOOL, amount, number);
}

ir_node_id case_ask(struct a_case *c, uint32_t step)
{
    static const enum ir_op ops[] = {IR_OP_ASK_NEW, IR_OP_ASK_AGE, IR_OP_ASK_RARITY, IR_OP_ASK_PREVALENCE,
                                     IR_OP_ASK_SINCE};
    enum ir_ask_kind kind = c->rule.asks[step].kind;
    bool is_time = kind == IR_ASK_AGE || kind == IR_ASK_SINCE;
    ir_node_id ask = case_leaf(c, ops[kind], kind == IR_ASK_NEW ? IR_TYPE_BOOL : IR_TYPE_ANY, step, step);
    if (kind == IR_ASK_NEW) return ask;
    struct value d = {.kind = VALUE_DURATION, .i = (1 + below(&c->seed, 6)) * c->unit * SECOND};
    struct value number =
        value_int(kind == IR_ASK_RARITY ? 10 * (1 + below(&c->seed, 9)) : below(&c->seed, 3));
    ir_node_id limit = case_constant(c, is_time ? d : number);
    return case_node(c, chance(&c->seed, 50) ? IR_OP_GE : IR_OP_LT, IR_TYPE_BOOL, ask, limit);
}

ir_node_id case_test(struct a_case *c, uint64_t steps, int depth)
{
    uint32_t s = one_of(c, steps), kind = below(&c->seed, depth > 1 ? 7 : 10);
    c->rule.steps[s].counted = true;
    if (kind == 0) return span_test(c, s);
    if (kind == 1) {
        uint32_t t = one_of(c, steps);
        c->rule.steps[t].counted = true;
        return ratio_test(c, s, t);
    }
    if (kind < 7) return amount_test(c, s);
    ir_node_id a = case_test(c, steps, depth + 1);
    if (kind == 7) return case_node(c, IR_OP_NOT, IR_TYPE_BOOL, a, IR_NONE);
    return case_node(c, kind == 8 ? IR_OP_AND : IR_OP_OR, IR_TYPE_BOOL, a, case_test(c, steps, depth + 1));
}
