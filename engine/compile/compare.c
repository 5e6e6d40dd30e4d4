/* compare.c - what compares with what: `== != < <= > >=`, `like` and its kin, `in`.
 *
 * Types are loose where records are: ANY (an open path) goes with everything, and text may stand for a number or an
 * address (language.md B14). What is known when the rule is compiled must be able to hold: a comparison that no
 * record can fulfil is an error, and says what was probably meant.
 *
 * Invariants
 * 1. A comparison that is let through can be true and can be false, as far as types and one constant tell.
 *    (Contradictions between several comparisons are found by lints.)
 */
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/compile/compiler.h"

/* ---- types and their families ---- */

enum family { FAMILY_ANY, FAMILY_TEXT, FAMILY_NUMBER, FAMILY_BOOL, FAMILY_TIME, FAMILY_DURATION, FAMILY_NET };

static const struct {
    uint8_t family;
    const char *name;
} types[IR_TYPES] = {
    [IR_TYPE_ANY] = {FAMILY_ANY, "a value of the record"},
    [IR_TYPE_STRING] = {FAMILY_TEXT, "text"},
    [IR_TYPE_INT] = {FAMILY_NUMBER, "a number"},
    [IR_TYPE_FLOAT] = {FAMILY_NUMBER, "a number"},
    [IR_TYPE_BOOL] = {FAMILY_BOOL, "true or false"},
    [IR_TYPE_TIME] = {FAMILY_TIME, "a time"},
    [IR_TYPE_DURATION] = {FAMILY_DURATION, "a duration"},
    [IR_TYPE_SIZE] = {FAMILY_NUMBER, "a size"},
    [IR_TYPE_IP] = {FAMILY_NET, "an address"},
    [IR_TYPE_CIDR] = {FAMILY_NET, "a network"},
    [IR_TYPE_ARN] = {FAMILY_TEXT, "an ARN"},
    [IR_TYPE_LIST] = {FAMILY_ANY, "a list"},
    [IR_TYPE_RECORD] = {FAMILY_ANY, "a record"},
};

const char *a_type(enum ir_type type)
{
    return types[type].name;
}

/* One side of a comparison: an expression, or an element of a list. */
struct side {
    enum ir_type type;
    const struct value *constant; /* NULL: only known when a record is seen */
    const struct ir_node *node;   /* NULL: an element of a list */
};

static bool has_op(const struct compiler *c, ir_node_id id, enum ir_op op)
{
    return id != IR_POISON && ir_build_at(&c->build, id)->op == op;
}

static const struct value *constant_of(const struct compiler *c, ir_node_id id)
{
    return has_op(c, id, IR_OP_CONST) ? &c->build.constants.at[ir_build_at(&c->build, id)->x] : NULL;
}

static struct side side_of(const struct compiler *c, ir_node_id id)
{
    return (struct side){expr_type(c, id), constant_of(c, id), ir_build_at(&c->build, id)};
}

static struct side element_side(const struct value *v)
{
    static const uint8_t type_of[] = {[VALUE_STRING] = IR_TYPE_STRING,     [VALUE_INT] = IR_TYPE_INT,
                                      [VALUE_FLOAT] = IR_TYPE_FLOAT,       [VALUE_SIZE] = IR_TYPE_SIZE,
                                      [VALUE_DURATION] = IR_TYPE_DURATION, [VALUE_NET] = IR_TYPE_IP};
    enum ir_type type = (enum ir_type)type_of[v->kind];
    if (v->kind == VALUE_NET && v->net->bits < 128) type = IR_TYPE_CIDR;
    return (struct side){type, v, NULL};
}

static enum family family_of(struct side s)
{
    return (enum family)types[s.type].family;
}

/* ---- whether two sides can be equal ---- */

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static bool is_weekday(struct text t)
{
    for (size_t i = 0; i < sizeof weekdays / sizeof *weekdays; i++)
        if (text_equal(text_of(weekdays[i]), t)) return true;
    return false;
}

/* Text beside what is no text: whether it can stand for it. `text` is NULL if it is not known yet. */
static bool text_fits(const struct value *text, struct side other)
{
    struct value zero = value_int(0);
    struct ip_net net;
    int64_t time;
    int order;
    switch (family_of(other)) {
    case FAMILY_NUMBER: return !text || value_order(*text, zero, &order);
    case FAMILY_NET: return !text || ip_parse(value_text(*text), &net);
    case FAMILY_TIME: return text && time_parse(value_text(*text), &time);
    default: return false;
    }
}

/* arn:partition:service:region:account:resource. A star stands for as many of them as it likes: W0316 tells of it. */
static bool is_arn(struct text t)
{
    uint32_t colons = 0;
    for (uint32_t i = 0; i < t.len; i++) colons += t.at[i] == ':';
    return text_starts(t, TEXT("arn:")) && (colons >= 5 || memchr(t.at, '*', t.len));
}

/* A constant that a function or a type never gives. */
static bool in_domain(struct side s, const struct value *constant)
{
    long double n;
    if (!constant || !s.node) return true;
    if (s.node->op == IR_OP_WEEKDAY && constant->kind == VALUE_STRING) return is_weekday(value_text(*constant));
    if (s.node->op == IR_OP_HOUR && number_of(*constant, &n)) return n >= 0 && n < 24;
    if (s.type == IR_TYPE_ARN && constant->kind == VALUE_STRING)
        return is_arn(value_text(*constant));
    if (s.type == IR_TYPE_INT && constant->kind == VALUE_FLOAT) return constant->f == (double)(int64_t)constant->f;
    return s.type == IR_TYPE_ANY || s.type >= IR_TYPE_LIST || constant->kind != VALUE_NULL;
}

static bool comparable(struct side a, struct side b)
{
    enum family fa = family_of(a), fb = family_of(b);
    if (fa == FAMILY_ANY || fb == FAMILY_ANY || fa == fb) return true;
    if (fa == FAMILY_TEXT) return a.type == IR_TYPE_STRING && text_fits(a.constant, b);
    if (fb == FAMILY_TEXT) return b.type == IR_TYPE_STRING && text_fits(b.constant, a);
    return false;
}

static bool can_be_equal(struct side a, struct side b)
{
    return comparable(a, b) && in_domain(a, b.constant) && in_domain(b, a.constant);
}

/* ---- what was probably meant ---- */

/* A comparison that cannot hold: which side is said to be wrong, and the other. */
struct misfit {
    const struct scope *s;
    const struct ast *ast, *other_ast; /* other_ast NULL: the list's or range's left side has no place of its own */
    struct side side, other;
};

static struct diag *at_side(const struct misfit *m, const char *label)
{
    return diag_at(m->s->c->diags, E0211, m->ast->span, "%s", label);
}

/* `ok == "yes"`, `ok == 1` */
static void explain_bool(const struct misfit *m)
{
    static const struct {
        const char *written;
        const char *meant;
    } words[] = {{"true", "true"}, {"yes", "true"}, {"1", "true"}, {"false", "false"}, {"no", "false"}, {"0", "false"}};
    struct text written = m->ast->kind == AST_STRING || m->ast->kind == AST_NUM
                              ? m->ast->kind == AST_STRING ? m->ast->text : expr_words(m->s->c->arena, m->ast)
                              : (struct text){"", 0};
    struct diag *d = at_side(m, "the other side is true or false, and never equals this");
    if (!m->other_ast) diag_note(d, "write the field itself, or `not` before it");
    else diag_label(d, m->other_ast->span, "this is true or false");
    for (size_t i = 0; m->other_ast && i < sizeof words / sizeof *words; i++)
        if (written.len == strlen(words[i].written) && strncasecmp(written.at, words[i].written, written.len) == 0)
            diag_fix(d, m->ast->span, "%s", words[i].meant);
}

static bool asks_days(const struct ir_node *node)
{
    return node->op == IR_OP_ASK_AGE || node->op == IR_OP_ASK_SINCE;
}

/* `age(b) > 60` */
static void explain_duration(const struct misfit *m)
{
    struct diag *d = at_side(m, "a number alone does not say how long");
    diag_note(d, "units are ms s m h d, glued to the number");
    if (m->ast->kind == AST_NUM && !m->ast->is_real)
        diag_fix(d, m->ast->span, "%lld%s", (long long)m->ast->num,
                 m->other.node && asks_days(m->other.node) ? "d" : "m");
}

static void explain_time(const struct misfit *m)
{
    struct diag *d = at_side(m, "this is no time");
    if (m->side.type == IR_TYPE_DURATION)
        diag_note(d, "two times have a duration between them: time - made.time > 5m");
    else
        diag_note(d, "a time is written \"2025-11-02T20:11:06Z\"");
}

/* `principal.arn == "admin"` */
static void explain_arn(const struct misfit *m)
{
    struct diag *d = at_side(m, "this is no ARN, and so never equal");
    struct text path = m->other_ast && m->other_ast->kind == AST_PATH
                           ? expr_words(m->s->c->arena, m->other_ast)
                           : (struct text){"", 0};
    if (m->side.constant && text_starts(value_text(*m->side.constant), TEXT("arn:")))
        diag_note(d, "it has six parts, of which some may be empty: arn:aws:iam::111122223333:user/x");
    else
        diag_note(d, "an ARN begins with `arn:`; the name in it is name_of(x) or the field beside it");
    if (m->side.constant && text_ends(path, TEXT(".arn")) && !memchr(m->ast->text.at, ':', m->ast->text.len))
        diag_fix(d, m->other_ast->span, TEXT_FMT "name", (int)path.len - 3, path.at);
}

static void explain_weekday(const struct misfit *m)
{
    struct diag *d = at_side(m, "no day is called so");
    char day[4] = "";
    for (uint32_t i = 0; i < 3 && i < m->ast->text.len; i++) day[i] = text_lower(m->ast->text.at[i]);
    diag_note(d, "days are mon tue wed thu fri sat sun");
    if (is_weekday(text_of(day))) diag_fix(d, m->ast->span, "\"%s\"", day);
}

static void explain_null(const struct misfit *m)
{
    struct diag *d = at_side(m, "this side is never null: what a record has not, or has as null, is absent");
    if (m->other_ast)
        diag_fix(d, span_join(m->other_ast->span, m->ast->span), TEXT_FMT " absent",
                 TEXT_ARG(expr_words(m->s->c->arena, m->other_ast)));
}

static void explain_plainly(const struct misfit *m)
{
    struct diag *d;
    if (m->side.constant && m->side.type == IR_TYPE_STRING) {
        diag_at(m->s->c->diags, E0211, m->ast->span, "this text is not %s, and so never equal",
                a_type(m->other.type));
        return;
    }
    d = diag_at(m->s->c->diags, E0211, m->ast->span, "this is %s", a_type(m->side.type));
    if (m->other_ast) diag_label(d, m->other_ast->span, "and this is %s", a_type(m->other.type));
    else diag_note(d, "it is compared with %s", a_type(m->other.type));
    if (m->side.constant && m->side.type == IR_TYPE_BOOL && m->other.type == IR_TYPE_STRING)
        diag_fix(d, m->ast->span, "\"%s\"", m->side.constant->i ? "true" : "false");
}

static void explain(const struct misfit *m)
{
    enum ir_type other = m->other.type;
    const struct value *constant = m->side.constant;
    uint8_t op = m->other.node ? m->other.node->op : IR_OPS;
    if (constant && constant->kind == VALUE_NULL) explain_null(m);
    else if (other == IR_TYPE_BOOL) explain_bool(m);
    else if (other == IR_TYPE_DURATION && types[m->side.type].family == FAMILY_NUMBER) explain_duration(m);
    else if (other == IR_TYPE_TIME) explain_time(m);
    else if (other == IR_TYPE_ARN) explain_arn(m);
    else if (op == IR_OP_WEEKDAY && constant) explain_weekday(m);
    else if (op == IR_OP_HOUR && constant && family_of(m->side) == FAMILY_NUMBER) at_side(m, "hours are 0 to 23");
    else if (other == IR_TYPE_INT && m->side.type == IR_TYPE_FLOAT) at_side(m, "a whole number never equals this");
    else explain_plainly(m);
}

/* Reports the misfit at the side that is written down, or else at the right one. */
static ir_node_id mismatch(const struct scope *s, const struct ast *e, struct side left, struct side right)
{
    const struct ast *l = e->kids, *r = e->kids->next;
    struct misfit at_right = {s, r, l, right, left}, at_left = {s, l, r, left, right};
    explain(left.constant && !right.constant ? &at_left : &at_right);
    return IR_POISON;
}

/* ---- networks ---- */

/* `src.ip == 10.0.0.0/8` */
static bool is_network_beside_address(struct side a, struct side b)
{
    struct ip_net net;
    bool quoted = b.constant && b.constant->kind == VALUE_STRING && ip_parse(value_text(*b.constant), &net);
    return a.type != IR_TYPE_CIDR && (b.type == IR_TYPE_CIDR || (a.type == IR_TYPE_IP && quoted && net.bits < 128));
}

/* "10.0.0.5/8" in quotes beside an address; without quotes the parser has said so. */
static bool has_host_bits(struct side text, struct side net)
{
    struct ip_net parsed, address;
    if (!text.constant || text.constant->kind != VALUE_STRING || types[net.type].family != FAMILY_NET) return false;
    struct text t = value_text(*text.constant);
    const char *slash = t.len ? memchr(t.at, '/', t.len) : NULL;
    return slash && ip_parse(t, &parsed) && ip_parse((struct text){t.at, (uint32_t)(slash - t.at)}, &address) &&
           memcmp(parsed.bytes, address.bytes, sizeof parsed.bytes) != 0;
}

static ir_node_id host_bits(const struct scope *s, const struct ast *text)
{
    struct ip_net net;
    char canonical[50];
    if (ip_parse(text->text, &net)) ip_print(&net, canonical);
    diag_fix(diag_at(s->c->diags, E0127, text->span, "an address inside the network"), text->span, "\"%s\"",
             canonical);
    return IR_POISON;
}

static ir_node_id network_as_address(const struct scope *s, const struct ast *e, const struct ast *address,
                                     const struct ast *network)
{
    struct diag *d = diag_at(s->c->diags, E0211, network->span, "this is a network, not an address");
    bool braces = network->kind == AST_STRING;
    if (network->kind == AST_STRING || network->kind == AST_ADDR)
        diag_fix(d, e->span, TEXT_FMT "%s in %s" TEXT_FMT "%s", TEXT_ARG(expr_words(s->c->arena, address)),
                 e->op == OP_NE ? " not" : "", braces ? "{ " : "", TEXT_ARG(expr_words(s->c->arena, network)),
                 braces ? " }" : "");
    else
        diag_note(d, "write a network beside it: 10.0.0.0/24");
    return IR_POISON;
}

/* `src.ip like "10.1.*"`: the network of the whole parts before the star. */
static void fix_like_network(const struct scope *s, struct diag *d, const struct ast *e)
{
    struct text t = e->kids->next->text;
    unsigned parts = 0, at = 0, octet[4] = {0};
    while (e->kids->next->kind == AST_STRING && parts < 3 && at < t.len && t.at[at] >= '0' && t.at[at] <= '9') {
        for (; at < t.len && t.at[at] >= '0' && t.at[at] <= '9' && octet[parts] < 256; at++)
            octet[parts] = octet[parts] * 10 + (unsigned)(t.at[at] - '0');
        if (at == t.len || t.at[at] != '.' || octet[parts] > 255) break;
        parts++, at++;
    }
    bool whole = e->op == OP_LIKE ? at + 1 == t.len && t.at[at] == '*' : at == t.len;
    if (parts && whole)
        diag_fix(d, e->span, TEXT_FMT " in %u.%u.%u.0/%u", TEXT_ARG(expr_words(s->c->arena, e->kids)), octet[0],
                 parts > 1 ? octet[1] : 0, parts > 2 ? octet[2] : 0, parts * 8);
}

/* ---- lists ---- */

/* Whether every literal of a list in braces can equal what stands before it. */
static bool set_fits(const struct scope *s, const struct ast *set, const struct ast *left_ast, ir_node_id left)
{
    bool fits = true;
    if (!set->kids) {
        struct diag *d = diag_at(s->c->diags, E0219, set->span, "nothing is in here");
        diag_note(d, "a list that is filled elsewhere has a name: list known = {}");
        diag_fix(d, set->span, "{ \"…\" }");
        return false;
    }
    AST_EACH(literal, set) {
        ir_node_id id = literal_node(s->c, literal);
        if (id == IR_POISON) return false;
        struct misfit m = {s, literal, NULL, side_of(s->c, id), side_of(s->c, left)};
        if (has_host_bits(m.side, m.other)) {
            host_bits(s, literal);
            fits = false;
        }
        if (can_be_equal(m.other, m.side)) continue;
        if (m.other.type == IR_TYPE_ARN) m.other_ast = left_ast;
        explain(&m);
        fits = false;
    }
    return fits;
}

/* Whether some element of a named list can equal it. One that is empty is to be filled by somebody. */
static bool list_fits(const struct scope *s, const struct ast *list_ast, ir_node_id list, ir_node_id left)
{
    const struct ir_list *l = &s->c->build.lists.at[ir_build_at(&s->c->build, list)->x];
    struct side side = side_of(s->c, left);
    for (uint32_t i = 0; i < l->len; i++)
        if (can_be_equal(side, element_side(&l->values[i]))) return true;
    if (!l->len) return true;
    struct diag *d = diag_at(s->c->diags, E0211, list_ast->span, "no element of this list can equal %s",
                             a_type(side.type));
    diag_note(d, "its first element is %s", a_type(element_side(&l->values[0]).type));
    return false;
}

/* `x in list`, `x == { … }`. */
static ir_node_id member_of(const struct scope *s, const struct ast *e, ir_node_id left, ir_node_id list)
{
    const struct ast *right = e->kids->next;
    if (right->kind == AST_SET) {
        if (!set_fits(s, right, e->kids, left)) return IR_POISON;
    } else if (has_op(s->c, list, IR_OP_LIST) && !list_fits(s, right, list, left)) {
        return IR_POISON;
    }
    ir_node_id both[] = {left, list};
    return make_node(s, IR_OP_MEMBER_OF, IR_TYPE_BOOL, both, 2, e->span);
}

/* ---- like, contains, starts, ends ---- */

static const uint8_t comparison_ops[] = {
    [OP_EQ] = IR_OP_EQ,         [OP_NE] = IR_OP_NE,
    [OP_LT] = IR_OP_LT,         [OP_LE] = IR_OP_LE,
    [OP_GT] = IR_OP_GT,         [OP_GE] = IR_OP_GE,
    [OP_LIKE] = IR_OP_LIKE,     [OP_CONTAINS] = IR_OP_CONTAINS,
    [OP_STARTS] = IR_OP_STARTS, [OP_ENDS] = IR_OP_ENDS,
};

static bool looks_into_text(enum ast_op op)
{
    return op >= OP_LIKE && op <= OP_ENDS;
}

static bool text_operand(const struct scope *s, const struct ast *e, const struct ast *operand, ir_node_id id)
{
    enum family f = family_of(side_of(s->c, id));
    if (f == FAMILY_ANY || f == FAMILY_TEXT) return true;
    struct diag *d = diag_at(s->c->diags, E0211, operand->span, "this is %s; text is needed",
                             a_type(expr_type(s->c, id)));
    if (f == FAMILY_NET && operand == e->kids) fix_like_network(s, d, e);
    return false;
}

/* A text is scanned for all patterns of a list in one pass; making that ready takes more than twice the time for twice
 * the patterns. */
#define PATTERNS_MOST 2000

/* Every pattern must be text. */
static bool patterns_fit(const struct scope *s, const struct ast *right, ir_node_id list)
{
    const struct ir_list *l = &s->c->build.lists.at[ir_build_at(&s->c->build, list)->x];
    const struct ast *literal = right->kind == AST_SET ? right->kids : NULL;
    bool fit = right->kind != AST_SET || literal != NULL;
    if (l->len > PATTERNS_MOST) {
        struct diag *d = diag_at(s->c->diags, E0128, right->span, "%u patterns; the most is %d", l->len, PATTERNS_MOST);
        diag_note(d, "whole values, however many, are compared with `in`");
        return false;
    }
    if (!fit)
        diag_fix(diag_at(s->c->diags, E0219, right->span, "nothing is in here"), right->span, "{ \"…*\" }");
    for (uint32_t i = 0; i < l->len; i++, literal = literal ? literal->next : NULL) {
        if (l->values[i].kind == VALUE_STRING) continue;
        struct diag *d = diag_at(s->c->diags, E0211, literal ? literal->span : right->span,
                                 "text is needed, and this %s %s", literal ? "is" : "list has",
                                 a_type(element_side(&l->values[i]).type));
        diag_note(d, "patterns stand in quotes");
        fit = false;
        if (!literal) break;
    }
    return fit;
}

static ir_node_id lower_text_test(const struct scope *s, const struct ast *e, ir_node_id left, ir_node_id right)
{
    const struct ast *pattern = e->kids->next;
    bool ok = text_operand(s, e, e->kids, left), is_list = has_op(s->c, right, IR_OP_LIST);
    ok = (is_list ? patterns_fit(s, pattern, right) : text_operand(s, e, pattern, right)) && ok;
    if (ok && e->op == OP_LIKE && !constant_of(s->c, right) && !is_list) {
        diag_note(diag_at(s->c->diags, E0211, pattern->span, "a pattern must be known when the rule is compiled"),
                  "write it in quotes, or name a list of patterns");
        ok = false;
    }
    ir_node_id both[] = {left, right};
    return ok ? make_node(s, (enum ir_op)comparison_ops[e->op], IR_TYPE_BOOL, both, 2, e->span) : IR_POISON;
}

/* ---- == != < <= > >= ---- */

static bool orders(enum ast_op op)
{
    return op >= OP_LT && op <= OP_GE;
}

/* A text that is compared with a time is one. */
static ir_node_id as_time(const struct scope *s, ir_node_id id, ir_node_id other, struct csr_span span)
{
    const struct value *text = constant_of(s->c, id);
    struct value time = {.kind = VALUE_TIME};
    if (!text || text->kind != VALUE_STRING || expr_type(s->c, other) != IR_TYPE_TIME) return id;
    return time_parse(value_text(*text), &time.i) ? ir_build_const(&s->c->build, time, IR_TYPE_TIME, span) : id;
}

static ir_node_id no_order(const struct scope *s, const struct ast *e, enum ir_type type)
{
    diag_note(diag_at(s->c->diags, E0211, e->span, "%s has no order", a_type(type)),
              "only == and != compare such values");
    return IR_POISON;
}

static ir_node_id compare(const struct scope *s, const struct ast *e, ir_node_id left, ir_node_id right)
{
    struct side l = side_of(s->c, left), r = side_of(s->c, right);
    enum family f = family_of(l) == FAMILY_ANY ? family_of(r) : family_of(l);
    if (has_host_bits(r, l)) return host_bits(s, e->kids->next);
    if (has_host_bits(l, r)) return host_bits(s, e->kids);
    if (is_network_beside_address(l, r)) return network_as_address(s, e, e->kids, e->kids->next);
    if (is_network_beside_address(r, l)) return network_as_address(s, e, e->kids->next, e->kids);
    if (orders((enum ast_op)e->op) ? !comparable(l, r) : !can_be_equal(l, r)) return mismatch(s, e, l, r);
    if (orders((enum ast_op)e->op) && (f == FAMILY_BOOL || f == FAMILY_NET))
        return no_order(s, e, family_of(l) == FAMILY_ANY ? r.type : l.type);
    ir_node_id both[] = {as_time(s, left, right, e->kids->span), as_time(s, right, left, e->kids->next->span)};
    return make_node(s, (enum ir_op)comparison_ops[e->op], IR_TYPE_BOOL, both, 2, e->span);
}

ir_node_id lower_comparison(const struct scope *s, const struct ast *e)
{
    if (e->op == OP_GRANTS) return lower_grants(s, e);
    ir_node_id left = lower_value(s, e->kids), right = lower_expr(s, e->kids->next);
    if (left == IR_POISON || right == IR_POISON) return IR_POISON;
    if (looks_into_text((enum ast_op)e->op)) return lower_text_test(s, e, left, right);
    if (has_op(s->c, right, IR_OP_LIST) && !orders((enum ast_op)e->op)) {
        ir_node_id in = member_of(s, e, left, right);
        return e->op == OP_NE ? lower_not(s, in, e->span) : in;
    }
    right = lower_value(s, e->kids->next);
    return right == IR_POISON ? right : compare(s, e, left, right);
}

/* ---- in ---- */

static ir_node_id lower_between(const struct scope *s, const struct ast *e)
{
    const struct ast *range = e->kids->next;
    ir_node_id value = lower_value(s, e->kids);
    ir_node_id least = literal_node(s->c, range->kids), most = literal_node(s->c, range->kids->next);
    int order;
    if (value == IR_POISON || least == IR_POISON || most == IR_POISON) return IR_POISON;
    struct side left = side_of(s->c, value), from = side_of(s->c, least), to = side_of(s->c, most);
    if (value_order(*from.constant, *to.constant, &order) && order > 0) {
        diag_fix(diag_at(s->c->diags, E0221, range->span, "the first number is the greater one"), range->span,
                 TEXT_FMT ".." TEXT_FMT, TEXT_ARG(expr_words(s->c->arena, range->kids->next)),
                 TEXT_ARG(expr_words(s->c->arena, range->kids)));
        return IR_POISON;
    }
    struct misfit m = {s, range, e->kids, can_be_equal(left, from) ? to : from, left};
    if (!can_be_equal(left, m.side)) {
        explain(&m);
        return IR_POISON;
    }
    ir_node_id all[] = {value, least, most};
    return make_node(s, IR_OP_BETWEEN, IR_TYPE_BOOL, all, 3, e->span);
}

/* `src.ip in "10.0.0/8"` */
static ir_node_id no_network(const struct scope *s, const struct ast *e)
{
    diag_note(diag_at(s->c->diags, E0213, e->span, "this is one value, not a list, and no network either"),
              "a network is written 10.0.0.0/8 or \"2001:db8::/32\", a list of values { … }");
    return IR_POISON;
}

/* What may stand behind `in`: a list, several values (f[]), or one network. */
static ir_node_id lower_container(const struct scope *s, const struct ast *e)
{
    ir_node_id id = lower_expr(s, e);
    const struct value *constant = constant_of(s->c, id);
    if (constant && constant->kind == VALUE_NET)
        return set_node(s->c, &(struct ast){.kind = AST_SET, .span = e->span, .kids = (struct ast *)e});
    if (id == IR_POISON || expr_type(s->c, id) == IR_TYPE_LIST) return id;
    if (constant && constant->kind == VALUE_STRING && memchr(constant->s, '/', constant->len)) return no_network(s, e);
    struct diag *d = diag_at(s->c->diags, E0213, e->span, "this is one value, not a list");
    if (e->kind == AST_PATH)
        diag_fix(d, e->span, TEXT_FMT "[]", TEXT_ARG(expr_words(s->c->arena, e)));
    else
        diag_fix(d, e->span, "{ " TEXT_FMT " }", TEXT_ARG(expr_words(s->c->arena, e)));
    return IR_POISON;
}

ir_node_id lower_in(const struct scope *s, const struct ast *e)
{
    ir_node_id in;
    if (e->kids->next->kind == AST_RANGE) {
        in = lower_between(s, e);
    } else {
        ir_node_id left = lower_value(s, e->kids), list = lower_container(s, e->kids->next);
        if (left == IR_POISON || list == IR_POISON) return IR_POISON;
        in = member_of(s, e, left, list);
    }
    return e->kind == AST_NOT_IN ? lower_not(s, in, e->span) : in;
}
