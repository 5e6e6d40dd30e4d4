/* expr.c - operators: checked and lowered in one walk, because a check needs what lowering knows. What compares
 * with what is compare.c.
 */
#include "engine/compile/compiler.h"

ir_node_id make_node(const struct scope *s, enum ir_op op, enum ir_type type, const ir_node_id *operands,
                     uint32_t n, struct csr_span span)
{
    return ir_build_node(
        &s->c->build, (struct ir_make){.op = op, .type = type, .operands = operands, .n = n, .span = span});
}

enum ir_type expr_type(const struct compiler *c, ir_node_id id)
{
    return id == IR_POISON ? IR_TYPE_ANY : (enum ir_type)ir_build_at(&c->build, id)->type;
}

static bool has_op(const struct compiler *c, ir_node_id id, enum ir_op op)
{
    return id != IR_POISON && ir_build_at(&c->build, id)->op == op;
}

/* ---- values and tests ---- */

/* `req` and `resp` themselves. */
static bool is_root(const struct compiler *c, ir_node_id id)
{
    return has_op(c, id, IR_OP_FIELD) && ir_build_at(&c->build, id)->type == IR_TYPE_RECORD;
}

ir_node_id lower_value(const struct scope *s, const struct ast *e)
{
    ir_node_id id = lower_expr(s, e);
    if (id == IR_POISON) return id;
    if (has_op(s->c, id, IR_OP_LIST)) {
        diag_note(diag_at(s->c->diags, E0213, e->span, "this is a list, not a value"),
                  "a list stands behind `in`, or is gone through with `any x in list (…)`");
        return IR_POISON;
    }
    if (is_root(s->c, id)) {
        diag_note(diag_at(s->c->diags, E0213, e->span, "this is a record, not a value"),
                  "name a member of it: `" TEXT_FMT ".name`", TEXT_ARG(expr_words(s->c->arena, e)));
        return IR_POISON;
    }
    if (has_op(s->c, id, IR_OP_FIELD) && expr_type(s->c, id) == IR_TYPE_LIST && e->kind == AST_PATH) {
        struct diag *d = diag_at(s->c->diags, E0213, e->span, "this field is a list");
        diag_fix(d, e->span, TEXT_FMT "[]", TEXT_ARG(expr_words(s->c->arena, e)));
        return IR_POISON;
    }
    return id;
}

ir_node_id lower_test(const struct scope *s, const struct ast *e)
{
    ir_node_id id = lower_value(s, e);
    if (id == IR_POISON || expr_type(s->c, id) == IR_TYPE_BOOL) return id;
    struct diag *d = diag_at(s->c->diags, E0212, e->span, "this is %s, neither true nor false",
                             a_type(expr_type(s->c, id)));
    struct text words = expr_words(s->c->arena, e);
    if (e->kind == AST_PATH) {
        diag_fix(d, e->span, "truthy(" TEXT_FMT ")", TEXT_ARG(words));
        diag_note(d, "or `" TEXT_FMT " present`, to ask whether it is there", TEXT_ARG(words));
    }
    return IR_POISON;
}

/* `and`, `or`: operands of the same kind inside are taken up, so that a define's parts are shared like any
 * others. */
static ir_node_id lower_logic(const struct scope *s, const struct ast *e, enum ir_op op)
{
    struct ARENA_VEC(ir_node_id) parts = {0};
    bool wrong = false;
    AST_EACH(kid, e) {
        ir_node_id id = lower_test(s, kid);
        if (id == IR_POISON) {
            wrong = true;
        } else if (has_op(s->c, id, op)) {
            struct ir_node inner = *ir_build_at(&s->c->build, id);
            for (uint32_t i = 0; i < inner.n; i++)
                *ARENA_PUSH(s->c->arena, parts) = s->c->build.operands.at[inner.first + i];
        } else {
            *ARENA_PUSH(s->c->arena, parts) = id;
        }
    }
    if (wrong || !parts.len) return IR_POISON;
    return parts.len == 1 ? parts.at[0] : make_node(s, op, IR_TYPE_BOOL, parts.at, parts.len, e->span);
}

ir_node_id lower_not(const struct scope *s, ir_node_id id, struct csr_span span)
{
    return make_node(s, IR_OP_NOT, IR_TYPE_BOOL, &id, 1, span);
}

/* ---- present, exists, any and all ---- */

static ir_node_id lower_present(const struct scope *s, const struct ast *e)
{
    ir_node_id value = lower_expr(s, e->kids);
    if (has_op(s->c, value, IR_OP_LIST)) value = lower_value(s, e->kids);
    ir_node_id present = make_node(s, IR_OP_PRESENT, IR_TYPE_BOOL, &value, 1, e->span);
    return e->kind == AST_ABSENT ? lower_not(s, present, e->span) : present;
}

static ir_node_id lower_exists(const struct scope *s, const struct ast *e)
{
    if (s->place != IN_MATCH) {
        diag_at(s->c->diags, E0224, e->span, "only a finished match knows whether a step is there");
        return IR_POISON;
    }
    struct csr_span at = word_span(s->c, e, e->text);
    uint32_t step = step_expect(s->rule, e->text, at);
    if (step == IR_NONE || !step_may_be_read(s, step, at)) return IR_POISON;
    return ir_build_node(
        &s->c->build,
        (struct ir_make){.op = IR_OP_STEP_EXISTS, .type = IR_TYPE_BOOL, .y = step, .span = e->span});
}

static ir_node_id lower_quantifier(const struct scope *s, const struct ast *e)
{
    ir_node_id over = lower_expr(s, e->kids);
    if (s->quantifiers >= 16) {
        diag_at(s->c->diags, E0218, e->span, "at most 16 may be nested");
        return IR_POISON;
    }
    if (over != IR_POISON && expr_type(s->c, over) != IR_TYPE_LIST) {
        struct diag *d = diag_at(s->c->diags, E0213, e->kids->span, "this is one value, not a list");
        diag_fix(d, e->kids->span, TEXT_FMT "[]", TEXT_ARG(expr_words(s->c->arena, e->kids)));
        over = IR_POISON;
    }
    struct binding item = {.name = e->text,
                           .is_item = true,
                           .is_poison = over == IR_POISON,
                           .is_statement = over != IR_POISON && is_statements(s->c, over),
                           .depth = s->quantifiers,
                           .list = e->kids,
                           .arg_scope = s,
                           .outer = s->bindings};
    struct scope inner = *s;
    inner.bindings = &item;
    inner.quantifiers++;
    ir_node_id both[] = {over, lower_test(&inner, e->kids->next)};
    return ir_build_node(&s->c->build, (struct ir_make){.op = e->kind == AST_ANY ? IR_OP_ANY : IR_OP_ALL,
                                                        .type = IR_TYPE_BOOL,
                                                        .x = s->quantifiers,
                                                        .operands = both,
                                                        .n = 2,
                                                        .span = e->span});
}

/* ---- arithmetic ---- */

static bool is_number(enum ir_type type)
{
    return type == IR_TYPE_INT || type == IR_TYPE_FLOAT || type == IR_TYPE_SIZE || type == IR_TYPE_ANY;
}

/* The type of a sum, difference or product; IR_TYPES if there is none. */
static enum ir_type arithmetic_type(enum ast_kind kind, enum ir_type a, enum ir_type b)
{
    if (is_number(a) && is_number(b)) {
        if (a == IR_TYPE_INT && b == IR_TYPE_INT) return IR_TYPE_INT;
        return a == IR_TYPE_SIZE || b == IR_TYPE_SIZE ? IR_TYPE_SIZE : IR_TYPE_FLOAT;
    }
    if (kind == AST_MUL) {
        if (a == IR_TYPE_DURATION && is_number(b)) return IR_TYPE_DURATION;
        return b == IR_TYPE_DURATION && is_number(a) ? IR_TYPE_DURATION : IR_TYPES;
    }
    if (a == IR_TYPE_DURATION && b == IR_TYPE_DURATION) return IR_TYPE_DURATION;
    if (a == IR_TYPE_TIME && b == IR_TYPE_DURATION) return IR_TYPE_TIME;
    if (a == IR_TYPE_TIME && b == IR_TYPE_TIME && kind == AST_SUB) return IR_TYPE_DURATION;
    return IR_TYPES;
}

/* Two whole constants whose result does not fit into 64 bits. */
static bool overflows(const struct compiler *c, enum ast_kind kind, const ir_node_id both[2])
{
    int64_t out;
    if (!has_op(c, both[0], IR_OP_CONST) || !has_op(c, both[1], IR_OP_CONST)) return false;
    struct value a = c->build.constants.at[ir_build_at(&c->build, both[0])->x];
    struct value b = c->build.constants.at[ir_build_at(&c->build, both[1])->x];
    if (a.kind == VALUE_FLOAT || b.kind == VALUE_FLOAT) return false;
    return kind == AST_ADD   ? __builtin_add_overflow(a.i, b.i, &out)
           : kind == AST_SUB ? __builtin_sub_overflow(a.i, b.i, &out)
                             : __builtin_mul_overflow(a.i, b.i, &out);
}

static ir_node_id lower_arithmetic(const struct scope *s, const struct ast *e, enum ir_op op)
{
    ir_node_id both[] = {lower_value(s, e->kids), lower_value(s, e->kids->next)};
    if (both[0] == IR_POISON || both[1] == IR_POISON) return IR_POISON;
    enum ir_type left = expr_type(s->c, both[0]), right = expr_type(s->c, both[1]);
    enum ir_type type = arithmetic_type((enum ast_kind)e->kind, left, right);
    if (type == IR_TYPES) {
        struct diag *d = diag_at(s->c->diags, E0211, e->kids->span, "this is %s", a_type(left));
        diag_label(d, e->kids->next->span, "and this is %s", a_type(right));
        diag_note(d, "numbers go with numbers, durations with durations and, added or taken away, with times");
        return IR_POISON;
    }
    if (overflows(s->c, (enum ast_kind)e->kind, both)) {
        diag_at(s->c->diags, E0113, e->span, "what comes out does not fit into 64 bits");
        return IR_POISON;
    }
    return make_node(s, op, type, both, 2, e->span);
}

/* ---- the walk ---- */

static ir_node_id lower_kind(const struct scope *s, const struct ast *e)
{
    switch (e->kind) {
    case AST_OR: return lower_logic(s, e, IR_OP_OR);
    case AST_AND: return lower_logic(s, e, IR_OP_AND);
    case AST_NOT: return lower_not(s, lower_test(s, e->kids), e->span);
    case AST_TEST_OP: return lower_comparison(s, e);
    case AST_NOT_TEST: return lower_not(s, lower_comparison(s, e), e->span);
    case AST_MATCHES: return lower_regex(s, e);
    case AST_IN:
    case AST_NOT_IN: return lower_in(s, e);
    case AST_PRESENT:
    case AST_ABSENT: return lower_present(s, e);
    case AST_EXISTS: return lower_exists(s, e);
    case AST_ANY:
    case AST_ALL: return lower_quantifier(s, e);
    case AST_ADD: return lower_arithmetic(s, e, IR_OP_ADD);
    case AST_SUB: return lower_arithmetic(s, e, IR_OP_SUB);
    case AST_MUL: return lower_arithmetic(s, e, IR_OP_MUL);
    case AST_CALL: return lower_call(s, e);
    case AST_PATH: return lower_path(s, e);
    case AST_SET: return set_node(s->c, e);
    case AST_WRONG: return IR_POISON; /* reported when it was read */
    case AST_SPIKE: return lower_spike(s, e);
    default: return literal_node(s->c, e);
    }
}

ir_node_id lower_expr(const struct scope *s, const struct ast *e)
{
    if (!expr_enter(s, e->span)) return IR_POISON;
    ir_node_id id = lower_kind(s, e);
    s->c->expr_depth--;
    if (expr_type(s->c, id) == IR_TYPE_BOOL)
        *ARENA_PUSH(s->c->arena, s->c->places) = (struct place_of_test){id, e};
    return id;
}
