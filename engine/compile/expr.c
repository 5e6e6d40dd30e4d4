/* expr.c - operators: checked and lowered in one walk, because a check needs what lowering knows.
 *
 * Types are loose where records are: ANY (a raw path) goes with everything, and text goes with numbers,
 * booleans and addresses as language.md B14 says. A constant is known now, so a constant that can never be
 * equal is an error.
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

/* The constant behind a CONST node, or NULL. */
static const struct value *constant_of(const struct compiler *c, ir_node_id id)
{
    return has_op(c, id, IR_OP_CONST) ? &c->build.constants.at[ir_build_at(&c->build, id)->x] : NULL;
}

const char *a_type(enum ir_type type)
{
    static const char *const names[IR_TYPES] = {
        [IR_TYPE_ANY] = "a value of the record",
        [IR_TYPE_STRING] = "text",
        [IR_TYPE_INT] = "a number",
        [IR_TYPE_FLOAT] = "a number",
        [IR_TYPE_BOOL] = "true or false",
        [IR_TYPE_TIME] = "a time",
        [IR_TYPE_DURATION] = "a duration",
        [IR_TYPE_SIZE] = "a size",
        [IR_TYPE_IP] = "an address",
        [IR_TYPE_CIDR] = "a network",
        [IR_TYPE_ARN] = "an ARN",
        [IR_TYPE_LIST] = "a list",
        [IR_TYPE_RECORD] = "a record",
    };
    return names[type];
}

/* ---- kinds of types that compare with one another ---- */

enum family { FAMILY_ANY, FAMILY_TEXT, FAMILY_NUMBER, FAMILY_BOOL, FAMILY_TIME, FAMILY_DURATION, FAMILY_NET };

static const uint8_t families[IR_TYPES] = {
    [IR_TYPE_ANY] = FAMILY_ANY,      [IR_TYPE_LIST] = FAMILY_ANY,          [IR_TYPE_RECORD] = FAMILY_ANY,
    [IR_TYPE_STRING] = FAMILY_TEXT,  [IR_TYPE_ARN] = FAMILY_TEXT,          [IR_TYPE_INT] = FAMILY_NUMBER,
    [IR_TYPE_FLOAT] = FAMILY_NUMBER, [IR_TYPE_SIZE] = FAMILY_NUMBER,       [IR_TYPE_BOOL] = FAMILY_BOOL,
    [IR_TYPE_TIME] = FAMILY_TIME,    [IR_TYPE_DURATION] = FAMILY_DURATION, [IR_TYPE_IP] = FAMILY_NET,
    [IR_TYPE_CIDR] = FAMILY_NET,
};

static enum family family_of(const struct compiler *c, ir_node_id id)
{
    return (enum family)families[expr_type(c, id)];
}

/* Whether text, if it is a constant, can equal something of the other family. */
static bool text_fits(const struct value *text, enum family other)
{
    struct value zero = value_int(0);
    int order;
    struct ip_net net;
    if (!text || other == FAMILY_TEXT) return true;
    switch (other) {
    case FAMILY_NUMBER: return value_order(*text, zero, &order);
    case FAMILY_BOOL:
        return text_equal(value_text(*text), TEXT("true")) || text_equal(value_text(*text), TEXT("false"));
    case FAMILY_NET: return ip_parse(value_text(*text), &net);
    default: return false;
    }
}

static bool comparable(const struct compiler *c, ir_node_id a, ir_node_id b)
{
    enum family fa = family_of(c, a), fb = family_of(c, b);
    if (fa == FAMILY_ANY || fb == FAMILY_ANY || fa == fb) return true;
    if (fa == FAMILY_TEXT)
        return fb < FAMILY_TIME || fb == FAMILY_NET ? text_fits(constant_of(c, a), fb) : false;
    if (fb == FAMILY_TEXT)
        return fa < FAMILY_TIME || fa == FAMILY_NET ? text_fits(constant_of(c, b), fa) : false;
    return false;
}

static ir_node_id mismatch(const struct scope *s, const struct ast *e, ir_node_id a, ir_node_id b)
{
    const struct ast *left = e->kids, *right = e->kids->next;
    enum ir_type ta = expr_type(s->c, a), tb = expr_type(s->c, b);
    if (ta != IR_TYPE_STRING && tb == IR_TYPE_STRING && constant_of(s->c, b)) {
        diag_at(s->c->diags, E0211, right->span, "this text is not %s, and so never equal", a_type(ta));
        return IR_POISON;
    }
    struct diag *d = diag_at(s->c->diags, E0211, left->span, "this is %s", a_type(ta));
    diag_label(d, right->span, "and this is %s", a_type(tb));
    if (families[ta] == families[tb]) diag_note(d, "these have no order; only == and != compare them");
    return IR_POISON;
}

/* ---- values and tests ---- */

ir_node_id lower_value(const struct scope *s, const struct ast *e)
{
    ir_node_id id = lower_expr(s, e);
    if (id == IR_POISON) return id;
    if (has_op(s->c, id, IR_OP_LIST)) {
        diag_note(diag_at(s->c->diags, E0213, e->span, "this is a list, not a value"),
                  "a list stands behind `in`, or is gone through with `any x in list (…)`");
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

static ir_node_id negate(const struct scope *s, ir_node_id id, struct csr_span span)
{
    return make_node(s, IR_OP_NOT, IR_TYPE_BOOL, &id, 1, span);
}

/* ---- comparisons ---- */

static const uint8_t comparison_ops[] = {
    [OP_EQ] = IR_OP_EQ,         [OP_NE] = IR_OP_NE,
    [OP_LT] = IR_OP_LT,         [OP_LE] = IR_OP_LE,
    [OP_GT] = IR_OP_GT,         [OP_GE] = IR_OP_GE,
    [OP_LIKE] = IR_OP_LIKE,     [OP_CONTAINS] = IR_OP_CONTAINS,
    [OP_STARTS] = IR_OP_STARTS, [OP_ENDS] = IR_OP_ENDS,
};

static bool orders(enum ast_op op)
{
    return op >= OP_LT && op <= OP_GE;
}

static bool looks_into_text(enum ast_op op)
{
    return op >= OP_LIKE && op <= OP_ENDS;
}

/* A literal set whose every member must fit what it is compared with. */
static bool set_fits(const struct scope *s, const struct ast *set, ir_node_id left)
{
    bool fits = true;
    AST_EACH(literal, set) {
        ir_node_id id = literal_node(s->c, literal);
        if (id == IR_POISON) return false;
        if (comparable(s->c, left, id)) continue;
        diag_at(s->c->diags, E0211, literal->span, "%s is compared with %s", a_type(expr_type(s->c, left)),
                a_type(expr_type(s->c, id)));
        fits = false;
    }
    return fits;
}

/* `x in list`, `x == { … }`. */
static ir_node_id member_of(const struct scope *s, ir_node_id left, ir_node_id list, struct csr_span span)
{
    ir_node_id both[] = {left, list};
    return make_node(s, IR_OP_MEMBER_OF, IR_TYPE_BOOL, both, 2, span);
}

static bool text_operand(const struct scope *s, const struct ast *e, ir_node_id id)
{
    enum family f = family_of(s->c, id);
    if (f == FAMILY_ANY || f == FAMILY_TEXT) return true;
    diag_at(s->c->diags, E0211, e->span, "this is %s; text is needed", a_type(expr_type(s->c, id)));
    return false;
}

static ir_node_id lower_text_test(const struct scope *s, const struct ast *e, ir_node_id left,
                                  ir_node_id right)
{
    bool ok = text_operand(s, e->kids, left);
    ok = text_operand(s, e->kids->next, right) && ok;
    if (ok && e->op == OP_LIKE && !constant_of(s->c, right) && !has_op(s->c, right, IR_OP_LIST)) {
        diag_note(diag_at(s->c->diags, E0211, e->kids->next->span,
                          "a pattern must be known when the rule is compiled"),
                  "write it in quotes, or name a list of patterns");
        ok = false;
    }
    ir_node_id both[] = {left, right};
    return ok ? make_node(s, (enum ir_op)comparison_ops[e->op], IR_TYPE_BOOL, both, 2, e->span) : IR_POISON;
}

static ir_node_id lower_set_test(const struct scope *s, const struct ast *e, ir_node_id left,
                                 ir_node_id right)
{
    if (e->kids->next->kind == AST_SET && !set_fits(s, e->kids->next, left)) return IR_POISON;
    ir_node_id in = member_of(s, left, right, e->span);
    return e->op == OP_NE ? negate(s, in, e->span) : in;
}

static ir_node_id lower_comparison(const struct scope *s, const struct ast *e)
{
    if (e->op == OP_GRANTS) return lower_grants(s, e);
    ir_node_id left = lower_value(s, e->kids), right = lower_expr(s, e->kids->next);
    if (left == IR_POISON || right == IR_POISON) return IR_POISON;
    if (looks_into_text(e->op)) return lower_text_test(s, e, left, right);
    if (has_op(s->c, right, IR_OP_LIST) && !orders(e->op)) return lower_set_test(s, e, left, right);
    right = lower_value(s, e->kids->next);
    if (right == IR_POISON) return right;
    enum family f = family_of(s->c, left) == FAMILY_ANY ? family_of(s->c, right) : family_of(s->c, left);
    if (!comparable(s->c, left, right) || (orders(e->op) && (f == FAMILY_BOOL || f == FAMILY_NET)))
        return mismatch(s, e, left, right);
    if (expr_type(s->c, right) == IR_TYPE_CIDR) {
        struct diag *d =
            diag_at(s->c->diags, E0211, e->kids->next->span, "this is a network, not an address");
        diag_fix(d, e->span, TEXT_FMT "%s in " TEXT_FMT, TEXT_ARG(expr_words(s->c->arena, e->kids)),
                 e->op == OP_NE ? " not" : "", TEXT_ARG(expr_words(s->c->arena, e->kids->next)));
        return IR_POISON;
    }
    ir_node_id both[] = {left, right};
    return make_node(s, (enum ir_op)comparison_ops[e->op], IR_TYPE_BOOL, both, 2, e->span);
}

/* ---- in ---- */

static ir_node_id lower_between(const struct scope *s, const struct ast *e)
{
    const struct ast *range = e->kids->next;
    ir_node_id value = lower_value(s, e->kids);
    ir_node_id least = literal_node(s->c, range->kids), most = literal_node(s->c, range->kids->next);
    if (value == IR_POISON || least == IR_POISON || most == IR_POISON) return IR_POISON;
    if (!comparable(s->c, value, least) || family_of(s->c, value) == FAMILY_BOOL)
        return mismatch(s, e, value, least);
    ir_node_id all[] = {value, least, most};
    return make_node(s, IR_OP_BETWEEN, IR_TYPE_BOOL, all, 3, e->span);
}

/* What may stand behind `in`: a list, several values (f[]), or one network. */
static ir_node_id lower_container(const struct scope *s, const struct ast *e)
{
    ir_node_id id = lower_expr(s, e);
    const struct value *constant = constant_of(s->c, id);
    if (constant && constant->kind == VALUE_NET)
        return set_node(s->c, &(struct ast){.kind = AST_SET, .span = e->span, .kids = (struct ast *)e});
    if (id == IR_POISON || expr_type(s->c, id) == IR_TYPE_LIST) return id;
    struct diag *d = diag_at(s->c->diags, E0213, e->span, "this is one value, not a list");
    if (e->kind == AST_PATH)
        diag_fix(d, e->span, TEXT_FMT "[]", TEXT_ARG(expr_words(s->c->arena, e)));
    else
        diag_fix(d, e->span, "{ " TEXT_FMT " }", TEXT_ARG(expr_words(s->c->arena, e)));
    return IR_POISON;
}

static ir_node_id lower_in(const struct scope *s, const struct ast *e)
{
    const struct ast *right = e->kids->next;
    ir_node_id in;
    if (right->kind == AST_RANGE) {
        in = lower_between(s, e);
    } else {
        ir_node_id left = lower_value(s, e->kids), list = lower_container(s, right);
        if (left == IR_POISON || list == IR_POISON) return IR_POISON;
        if (right->kind == AST_SET && !set_fits(s, right, left)) return IR_POISON;
        in = member_of(s, left, list, e->span);
    }
    return e->kind == AST_NOT_IN ? negate(s, in, e->span) : in;
}

/* ---- present, exists, any and all ---- */

static ir_node_id lower_present(const struct scope *s, const struct ast *e)
{
    ir_node_id value = lower_expr(s, e->kids);
    if (has_op(s->c, value, IR_OP_LIST)) value = lower_value(s, e->kids);
    ir_node_id present = make_node(s, IR_OP_PRESENT, IR_TYPE_BOOL, &value, 1, e->span);
    return e->kind == AST_ABSENT ? negate(s, present, e->span) : present;
}

static ir_node_id lower_exists(const struct scope *s, const struct ast *e)
{
    if (s->place != IN_MATCH) {
        diag_at(s->c->diags, E0224, e->span, "only a finished match knows whether a step is there");
        return IR_POISON;
    }
    uint32_t step = step_expect(s->rule, e->text, word_span(s->c, e, e->text));
    if (step == IR_NONE) return IR_POISON;
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

/* The type of a sum, difference or product; IR_TYPES if there is none. */
static enum ir_type arithmetic_type(enum ast_kind kind, enum ir_type a, enum ir_type b)
{
    bool number_a = families[a] == FAMILY_NUMBER || a == IR_TYPE_ANY;
    bool number_b = families[b] == FAMILY_NUMBER || b == IR_TYPE_ANY;
    if (number_a && number_b) {
        if (a == IR_TYPE_INT && b == IR_TYPE_INT) return IR_TYPE_INT;
        return a == IR_TYPE_SIZE || b == IR_TYPE_SIZE ? IR_TYPE_SIZE : IR_TYPE_FLOAT;
    }
    if (kind == AST_MUL) {
        if (a == IR_TYPE_DURATION && number_b) return IR_TYPE_DURATION;
        return b == IR_TYPE_DURATION && number_a ? IR_TYPE_DURATION : IR_TYPES;
    }
    if (a == IR_TYPE_DURATION && b == IR_TYPE_DURATION) return IR_TYPE_DURATION;
    if (a == IR_TYPE_TIME && b == IR_TYPE_DURATION) return IR_TYPE_TIME;
    if (a == IR_TYPE_TIME && b == IR_TYPE_TIME && kind == AST_SUB) return IR_TYPE_DURATION;
    return IR_TYPES;
}

static ir_node_id lower_arithmetic(const struct scope *s, const struct ast *e, enum ir_op op)
{
    ir_node_id both[] = {lower_value(s, e->kids), lower_value(s, e->kids->next)};
    if (both[0] == IR_POISON || both[1] == IR_POISON) return IR_POISON;
    enum ir_type type =
        arithmetic_type((enum ast_kind)e->kind, expr_type(s->c, both[0]), expr_type(s->c, both[1]));
    if (type == IR_TYPES) return mismatch(s, e, both[0], both[1]);
    return make_node(s, op, type, both, 2, e->span);
}

/* ---- the walk ---- */

ir_node_id lower_expr(const struct scope *s, const struct ast *e)
{
    if (refuse(s->c, e)) return IR_POISON;
    switch (e->kind) {
    case AST_OR: return lower_logic(s, e, IR_OP_OR);
    case AST_AND: return lower_logic(s, e, IR_OP_AND);
    case AST_NOT: return negate(s, lower_test(s, e->kids), e->span);
    case AST_TEST_OP: return lower_comparison(s, e);
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
    default: return literal_node(s->c, e);
    }
}
