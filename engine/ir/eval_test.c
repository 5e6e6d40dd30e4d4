/* eval_test.c - tests: three-valued, and true of a list if true of any element (language.md B14). */
#include "engine/base/set.h"
#include "engine/ir/eval_op.h"
#include "engine/ir/json_value.h"

/* ---- one or many --------------------------------------------------------------------------------------- */

uint32_t eval_many_len(struct value v)
{
    if (v.kind == VALUE_LIST) return v.len;
    if (v.kind == VALUE_SET) return value_set_len(v.set);
    return 1;
}

struct value eval_many_at(const struct value *v, uint32_t i)
{
    if (v->kind == VALUE_LIST) return v->items[i];
    if (v->kind == VALUE_SET) return value_set_at(v->set, i);
    return *v;
}

typedef enum tri test_of_two(enum ir_op op, struct value a, struct value b);

/* The greatest over all pairs: true if one is, else unknown if one is. */
static enum tri any_pair(enum ir_op op, struct value a, struct value b, test_of_two *test)
{
    enum tri all = TRI_FALSE;
    uint32_t n_a = eval_many_len(a), n_b = eval_many_len(b);
    for (uint32_t i = 0; i < n_a; i++)
        for (uint32_t j = 0; j < n_b; j++) {
            enum tri one = test(op, eval_many_at(&a, i), eval_many_at(&b, j));
            if (one == TRI_TRUE) return one;
            if (one > all) all = one;
        }
    return all;
}

static struct value test_operands(struct eval *e, const struct ir_node *node, test_of_two *test)
{
    struct value left = eval_operand(e, node, 0), right = eval_operand(e, node, 1);
    return eval_of_tri(any_pair((enum ir_op)node->op, left, right, test));
}

/* ---- equality and order -------------------------------------------------------------------------------- */

static enum tri equal_two(enum ir_op op, struct value a, struct value b)
{
    (void)op;
    return value_equal(a, b);
}

struct value eval_equality(struct eval *e, const struct ir_node *node)
{
    struct value equal = test_operands(e, node, equal_two);
    if (node->op == IR_OP_NE && equal.kind == VALUE_BOOL) equal.i = !equal.i;
    return equal;
}

static enum tri order_two(enum ir_op op, struct value a, struct value b)
{
    int order;
    if (a.kind == VALUE_ABSENT || b.kind == VALUE_ABSENT) return TRI_FALSE;
    if (a.kind == VALUE_UNKNOWN || b.kind == VALUE_UNKNOWN) return TRI_UNKNOWN;
    if (!value_order(a, b, &order)) return TRI_FALSE;
    bool holds = op == IR_OP_LT   ? order < 0
                 : op == IR_OP_LE ? order <= 0
                 : op == IR_OP_GT ? order > 0
                                  : order >= 0;
    return holds ? TRI_TRUE : TRI_FALSE;
}

struct value eval_order(struct eval *e, const struct ir_node *node)
{
    return test_operands(e, node, order_two);
}

struct value eval_between(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0), least = eval_operand(e, node, 1),
                 most = eval_operand(e, node, 2);
    enum tri any = TRI_FALSE;
    for (uint32_t i = 0; i < eval_many_len(v) && any != TRI_TRUE; i++) {
        struct value one = eval_many_at(&v, i);
        enum tri above = order_two(IR_OP_GE, one, least), below = order_two(IR_OP_LE, one, most);
        enum tri inside = above < below ? above : below;
        if (inside > any) any = inside;
    }
    return eval_of_tri(any);
}

/* ---- texts --------------------------------------------------------------------------------------------- */

static bool equal_at(const char *a, struct text b, bool nocase)
{
    for (uint32_t i = 0; i < b.len; i++)
        if (a[i] != b.at[i] && !(nocase && text_lower(a[i]) == text_lower(b.at[i]))) return false;
    return true;
}

static bool contains(struct text t, struct text part, bool nocase)
{
    if (part.len == 0) return true;
    if (part.len > t.len) return false;
    if (!nocase) return memmem(t.at, t.len, part.at, part.len) != NULL;
    for (uint32_t i = 0; i + part.len <= t.len; i++)
        if (equal_at(t.at + i, part, true)) return true;
    return false;
}

static bool text_holds(enum ir_op op, struct text t, struct text part, bool nocase)
{
    switch (op) {
    case IR_OP_LIKE: return glob_match(part, t, nocase);
    case IR_OP_CONTAINS: return contains(t, part, nocase);
    case IR_OP_STARTS: return t.len >= part.len && equal_at(t.at, part, nocase);
    default: return t.len >= part.len && equal_at(t.at + t.len - part.len, part, nocase);
    }
}

static enum tri text_two(enum ir_op op, struct value v, struct value pattern)
{
    char printed[50];
    struct text t;
    if (v.kind == VALUE_ABSENT || pattern.kind == VALUE_ABSENT) return TRI_FALSE;
    if (v.kind == VALUE_UNKNOWN || pattern.kind == VALUE_UNKNOWN) return TRI_UNKNOWN;
    if (v.kind == VALUE_STRING) t = value_text(v);
    else if (v.kind == VALUE_NET) t = (struct text){printed, ip_print(v.net, printed)};
    else return TRI_FALSE;
    if (pattern.kind != VALUE_STRING) return TRI_FALSE;
    return text_holds(op, t, value_text(pattern), pattern.nocase || v.nocase) ? TRI_TRUE : TRI_FALSE;
}

static bool is_answered(const struct eval *e, const struct ir_node *node)
{
    return e->patterns && e->patterns->answers[node - e->ir->nodes];
}

struct value eval_text_test(struct eval *e, const struct ir_node *node)
{
    if (is_answered(e, node)) return eval_pattern(e, node);
    return test_operands(e, node, text_two);
}

/* The text that a test looks into; false: it has none. */
static bool text_to_search(struct eval *e, struct value v, struct text *t)
{
    *t = value_text(v);
    if (v.kind != VALUE_NET) return v.kind == VALUE_STRING;
    char *printed = eval_take(e, 50);
    if (printed) *t = (struct text){printed, ip_print(v.net, printed)};
    return printed != NULL;
}

/* A test whose pattern is matched together with others. */
struct value eval_pattern(struct eval *e, const struct ir_node *node)
{
    struct value subject = eval_operand(e, node, 0);
    enum tri any = TRI_FALSE;
    if (!is_answered(e, node)) return value_withheld();
    for (uint32_t i = 0; i < eval_many_len(subject) && any != TRI_TRUE; i++) {
        struct value v = eval_many_at(&subject, i);
        struct text t;
        if (v.kind == VALUE_UNKNOWN) any = TRI_UNKNOWN;
        else if (text_to_search(e, v, &t) &&
                 e->patterns->holds(e->patterns->world, (ir_node_id)(node - e->ir->nodes), t))
            any = TRI_TRUE;
    }
    return eval_of_tri(any);
}

/* Policies name actions as AWS compares them, which is not how `like` does. */
static enum tri grants_two(enum ir_op op, struct value pattern, struct value action)
{
    (void)op;
    if (pattern.kind == VALUE_UNKNOWN) return TRI_UNKNOWN;
    if (pattern.kind != VALUE_STRING || action.kind != VALUE_STRING) return TRI_FALSE;
    return glob_grants(value_text(pattern), value_text(action)) ? TRI_TRUE : TRI_FALSE;
}

struct value eval_grants(struct eval *e, const struct ir_node *node)
{
    return test_operands(e, node, grants_two);
}

/* ---- in ------------------------------------------------------------------------------------------------ */

static enum tri member_two(enum ir_op op, struct value v, struct value member)
{
    (void)op;
    if (member.kind == VALUE_SET) return value_set_has(member.set, v);
    if (v.kind == VALUE_NET && member.kind == VALUE_NET)
        return ip_contains(member.net, v.net) ? TRI_TRUE : TRI_FALSE;
    return value_equal(v, member);
}

struct value eval_member_of(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0), list = eval_operand(e, node, 1);
    if (list.kind != VALUE_SET) return eval_of_tri(any_pair(IR_OP_MEMBER_OF, v, list, member_two));
    enum tri any = TRI_FALSE;
    for (uint32_t i = 0; i < eval_many_len(v) && any != TRI_TRUE; i++) {
        enum tri one = value_set_has(list.set, eval_many_at(&v, i));
        if (one > any) any = one;
    }
    return eval_of_tri(any);
}

/* ---- presence, truth ----------------------------------------------------------------------------------- */

static enum tri is_present(struct value v)
{
    switch (v.kind) {
    case VALUE_ABSENT: return TRI_FALSE;
    case VALUE_UNKNOWN: return v.len ? TRI_UNKNOWN : TRI_TRUE;
    default: return TRI_TRUE;
    }
}

struct value eval_present(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    enum tri any = TRI_FALSE;
    for (uint32_t i = 0; i < eval_many_len(v) && any != TRI_TRUE; i++) {
        enum tri one = is_present(eval_many_at(&v, i));
        if (one > any) any = one;
    }
    return eval_of_tri(any);
}

struct value eval_truthy(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    enum tri any = TRI_FALSE;
    for (uint32_t i = 0; i < eval_many_len(v) && any != TRI_TRUE; i++) {
        struct value one = eval_many_at(&v, i);
        struct text inside;
        if (one.kind == VALUE_JSON && json_only_member(value_text(one), TEXT("value"), &inside) &&
            !json_value(inside, e->scratch, &one))
            e->overflowed = true;
        enum tri holds = value_equal(one, value_bool(true));
        if (holds > any) any = holds;
    }
    return eval_of_tri(any);
}

/* ---- logic --------------------------------------------------------------------------------------------- */

/* `and` is the least of its operands, `or` the greatest; what cannot change the answer any more is not
 * evaluated. */
struct value eval_logic(struct eval *e, const struct ir_node *node)
{
    bool is_and = node->op == IR_OP_AND;
    enum tri all = is_and ? TRI_TRUE : TRI_FALSE, decided = is_and ? TRI_FALSE : TRI_TRUE;
    for (uint32_t i = 0; i < node->n && all != decided; i++) {
        enum tri one = eval_operand_test(e, node, i);
        if (is_and ? one < all : one > all) all = one;
    }
    return eval_of_tri(all);
}

struct value eval_not(struct eval *e, const struct ir_node *node)
{
    return eval_of_tri((enum tri)(TRI_TRUE - eval_operand_test(e, node, 0)));
}
