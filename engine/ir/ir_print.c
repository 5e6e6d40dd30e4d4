/* ir_print.c - nodes back to text. Each operation has a shape in one table: how it is spelled and how tightly it
 * binds; brackets stand where a looser expression is inside a tighter one, and nowhere else.
 *
 * Invariants
 * 1. The text depends on the nodes alone, not on numbers of nodes or on the order of rules.
 * 2. Nodes are shared, so text can be far longer than the pool: after PRINT_MOST nodes an expression ends in "…".
 */
#include "engine/ir/ir_print.h"

#include "engine/base/number.h"

#include <stdarg.h>
#include <stdio.h>

#define PRINT_MOST    4096
#define NS_PER_SECOND INT64_C(1000000000)

/* ---- text out ----------------------------------------------------------------------------------------- */

void ir_put(struct ir_out out, struct text t)
{
    if (t.len) out.put(out.to, t.at, t.len);
}

void ir_putf(struct ir_out out, const char *format, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, format);
    int len = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (len > 0) out.put(out.to, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

void ir_put_quoted(struct ir_out out, struct text t)
{
    ir_put(out, TEXT("\""));
    for (uint32_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c == '"' || c == '\\') ir_putf(out, "\\%c", c);
        else if (c == '\n') ir_put(out, TEXT("\\n"));
        else if (c == '\t') ir_put(out, TEXT("\\t"));
        else if (c < 0x20 || c == 0x7f) ir_putf(out, "\\u%04x", c);
        else out.put(out.to, &t.at[i], 1);
    }
    ir_put(out, TEXT("\""));
}

void ir_put_duration(struct ir_out out, int64_t nanoseconds)
{
    static const struct {
        int64_t size;
        const char *unit;
    } units[] = {{INT64_C(86400000000000), "d"}, {INT64_C(3600000000000), "h"}, {INT64_C(60000000000), "m"},
                 {1000000000, "s"},              {1000000, "ms"}};
    int64_t left = nanoseconds < 0 ? -nanoseconds : nanoseconds;
    if (nanoseconds < 0) ir_put(out, TEXT("-"));
    if (left < 1000000) ir_put(out, TEXT("0s"));
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (left >= units[i].size) ir_putf(out, "%lld%s", (long long)(left / units[i].size), units[i].unit);
        left %= units[i].size;
    }
}

static void put_size(struct ir_out out, int64_t bytes)
{
    static const struct {
        int64_t size;
        const char *unit;
    } units[] = {{INT64_C(1000000000000), "TB"}, {INT64_C(1099511627776), "TiB"}, {1000000000, "GB"},
                 {1073741824, "GiB"},            {1000000, "MB"},                 {1048576, "MiB"},
                 {1000, "KB"},                   {1024, "KiB"}};
    for (size_t i = 0; bytes && i < sizeof units / sizeof *units; i++)
        if (bytes % units[i].size == 0) {
            ir_putf(out, "%lld%s", (long long)(bytes / units[i].size), units[i].unit);
            return;
        }
    ir_putf(out, "%lld", (long long)bytes);
}

void ir_put_amount(struct ir_out out, double amount, enum ir_type type)
{
    bool is_whole = amount >= 0 && amount < 9e15 && (double)(int64_t)amount == amount;
    char number[32];
    if (is_whole && type == IR_TYPE_SIZE) put_size(out, (int64_t)amount);
    else if (is_whole) ir_putf(out, "%lld", (long long)amount);
    else ir_put(out, (struct text){number, number_print((struct value){.kind = VALUE_FLOAT, .f = amount}, number)});
}

static void put_net(struct ir_out out, const struct ip_net *net)
{
    char text[50];
    struct text t = {text, ip_print(net, text)};
    if (memchr(t.at, ':', t.len)) ir_put_quoted(out, t); /* IPv6 stands in quotes */
    else ir_put(out, t);
}

void ir_put_constant(struct ir_out out, struct value v)
{
    char number[32];
    switch ((enum value_kind)v.kind) {
    case VALUE_NULL: ir_put(out, TEXT("null")); break;
    case VALUE_BOOL: ir_put(out, v.i ? TEXT("true") : TEXT("false")); break;
    case VALUE_INT:
    case VALUE_FLOAT: ir_put(out, (struct text){number, number_print(v, number)}); break;
    case VALUE_STRING:
        ir_put_quoted(out, value_text(v));
        if (v.nocase) ir_put(out, TEXT("i"));
        break;
    case VALUE_TIME: ir_putf(out, "time(%lld)", (long long)v.i); break;
    case VALUE_DURATION: ir_put_duration(out, v.i); break;
    case VALUE_SIZE: put_size(out, v.i); break;
    case VALUE_NET: put_net(out, v.net); break;
    default: ir_put(out, TEXT("?")); break; /* no constant is absent, JSON or a list */
    }
}

static bool is_name(struct text t)
{
    if (!t.len || (t.at[0] >= '0' && t.at[0] <= '9')) return false;
    for (uint32_t i = 0; i < t.len; i++) {
        char c = text_lower(t.at[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') return false;
    }
    return true;
}

static void put_member(struct ir_out out, struct text name)
{
    ir_put(out, TEXT("."));
    if (is_name(name)) ir_put(out, name);
    else ir_put_quoted(out, name);
}

void ir_put_slot(struct ir_out out, const struct ir_slot *slot)
{
    ir_put(out, TEXT("raw"));
    for (uint32_t i = 0; i < slot->len; i++) put_member(out, slot->names[i]);
}

void ir_put_api(struct ir_out out, const struct ir *ir, const struct ir_api *api)
{
    if (api->rule != IR_NONE) {
        ir_put(out, ir->rules[api->rule].name);
        return;
    }
    if (!api->action.len) {
        ir_put(out, TEXT("*"));
        return;
    }
    ir_put(out, api->service);
    ir_put(out, TEXT(":"));
    ir_put(out, api->action);
}

/* ---- expressions --------------------------------------------------------------------------------------- */

/* How tightly an expression binds: brackets are needed where a smaller one stands inside a greater. */
enum tight { T_ANY, T_OR, T_AND, T_NOT, T_TEST, T_SUM, T_PROD, T_PRIM };

enum shape { S_LEAF, S_CALL, S_INFIX, S_SPECIAL };

static const struct {
    enum shape shape;
    enum tight tight;
    enum tight left, right; /* INFIX: what its sides need */
} shapes[IR_OPS] = {
    [IR_OP_OR] = {S_INFIX, T_OR, T_AND, T_AND},
    [IR_OP_AND] = {S_INFIX, T_AND, T_NOT, T_NOT},
    [IR_OP_NOT] = {S_SPECIAL, T_NOT},
    [IR_OP_EQ] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_NE] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_LT] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_LE] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_GT] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_GE] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_LIKE] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_CONTAINS] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_STARTS] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_ENDS] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_GRANTS] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_MEMBER_OF] = {S_INFIX, T_TEST, T_SUM, T_SUM},
    [IR_OP_BETWEEN] = {S_SPECIAL, T_TEST},
    [IR_OP_REGEX] = {S_SPECIAL, T_TEST},
    [IR_OP_PRESENT] = {S_SPECIAL, T_TEST},
    [IR_OP_STEP_EXISTS] = {S_LEAF, T_TEST},
    [IR_OP_ADD] = {S_INFIX, T_SUM, T_SUM, T_PROD},
    [IR_OP_SUB] = {S_INFIX, T_SUM, T_SUM, T_PROD},
    [IR_OP_MUL] = {S_INFIX, T_PROD, T_PROD, T_PRIM},
    [IR_OP_MEMBER] = {S_SPECIAL, T_PRIM},
    [IR_OP_ELEMENTS] = {S_SPECIAL, T_PRIM},
    [IR_OP_ANY] = {S_SPECIAL, T_PRIM},
    [IR_OP_ALL] = {S_SPECIAL, T_PRIM},
    [IR_OP_BARE] = {S_LEAF, T_PRIM},
    [IR_OP_COMPLETING] = {S_LEAF, T_PRIM},
    [IR_OP_ARN_PART] = {S_SPECIAL, T_PRIM},
    [IR_OP_TRUTHY] = {S_CALL, T_PRIM},
    [IR_OP_CONCAT] = {S_CALL, T_PRIM},
    [IR_OP_JSON] = {S_CALL, T_PRIM},
    [IR_OP_STATEMENTS] = {S_CALL, T_PRIM},
    [IR_OP_LOWER] = {S_CALL, T_PRIM},
    [IR_OP_LEN] = {S_CALL, T_PRIM},
    [IR_OP_TOTAL] = {S_CALL, T_PRIM},
    [IR_OP_FIRST_OF] = {S_CALL, T_PRIM},
    [IR_OP_FIRST_ELEMENT] = {S_CALL, T_PRIM},
    [IR_OP_ONLY] = {S_CALL, T_PRIM},
    [IR_OP_PART] = {S_CALL, T_PRIM},
    [IR_OP_ACCOUNT_OF] = {S_CALL, T_PRIM},
    [IR_OP_NAME_OF] = {S_CALL, T_PRIM},
    [IR_OP_PREFIX] = {S_CALL, T_PRIM},
    [IR_OP_HOUR] = {S_CALL, T_PRIM},
    [IR_OP_WEEKDAY] = {S_CALL, T_PRIM},
    [IR_OP_TEXT_OF] = {S_CALL, T_PRIM},
    [IR_OP_WITHOUT] = {S_CALL, T_PRIM},
    [IR_OP_JOIN] = {S_CALL, T_PRIM},
    [IR_OP_STEM] = {S_CALL, T_PRIM},
    [IR_OP_RENAMED] = {S_CALL, T_PRIM},
    [IR_OP_TO_TIME] = {S_CALL, T_PRIM},
    [IR_OP_TO_IP] = {S_CALL, T_PRIM},
    [IR_OP_ASN_OF] = {S_CALL, T_PRIM},
    [IR_OP_ORG_OF] = {S_CALL, T_PRIM},
    [IR_OP_COUNTRY_OF] = {S_CALL, T_PRIM},
};

static const char *const op_words[IR_OPS] = {
#define IR_OP(op, name, arity) name,
#include "engine/ir/ir_op.def"
#undef IR_OP
};

struct printer {
    const struct ir *ir;
    const struct ir_rule *rule;
    struct ir_out out;
    uint32_t schema; /* whose definitions are known by name; IR_NONE: of none */
    ir_node_id root; /* the definition at hand, which is not */
    uint32_t left;   /* nodes that may still be printed */
};

static void print(struct printer *p, ir_node_id id, enum tight least);

static ir_node_id operand(const struct printer *p, const struct ir_node *node, uint32_t i)
{
    return p->ir->operands[node->first + i];
}

/* Names of quantified elements by depth: i, j, k … */
static void put_item(struct printer *p, uint32_t depth)
{
    ir_putf(p->out, "%c", (char)('i' + depth % 16));
}

static void put_list(struct printer *p, const struct ir_list *list)
{
    if (list->name.len) {
        ir_put(p->out, list->name);
        return;
    }
    ir_put(p->out, TEXT("{"));
    for (uint32_t i = 0; i < list->len; i++) {
        ir_put(p->out, i ? TEXT(", ") : TEXT(" "));
        ir_put_constant(p->out, list->values[i]);
    }
    ir_put(p->out, list->len ? TEXT(" }") : TEXT("}"));
}

static struct text step_name(const struct printer *p, uint32_t step)
{
    return p->rule && step < p->rule->n_steps ? p->rule->steps[step].name : TEXT("?");
}

static struct text capture_name(const struct printer *p, const struct ir_node *node)
{
    const struct ir_step *step = p->rule && node->y < p->rule->n_steps ? &p->rule->steps[node->y] : NULL;
    return step && node->x < step->n_captures ? step->captures[node->x].name : TEXT("?");
}

/* Of an `on` rule there is one event: its fields are bare. */
static void put_capture(struct printer *p, const struct ir_node *node)
{
    if (!p->rule || !p->rule->is_on) {
        ir_put(p->out, step_name(p, node->y));
        ir_put(p->out, TEXT("."));
    }
    ir_put(p->out, capture_name(p, node));
}

/* "count(s)", "sum(s.f)", "first(s).f" */
static void put_of_step(struct printer *p, const char *word, const struct ir_node *node, bool names_field)
{
    ir_putf(p->out, "%s(", word);
    ir_put(p->out, step_name(p, node->y));
    if (names_field) ir_put(p->out, TEXT(".")), ir_put(p->out, capture_name(p, node));
    ir_put(p->out, TEXT(")"));
}

static void put_end(struct printer *p, const char *word, const struct ir_node *node)
{
    put_of_step(p, word, node, false);
    ir_put(p->out, TEXT("."));
    ir_put(p->out, capture_name(p, node));
}

static void put_ask(struct printer *p, const struct ir_node *node)
{
    const struct ir_ask *ask = p->rule && node->x < p->rule->n_asks ? &p->rule->asks[node->x] : NULL;
    ir_putf(p->out, "%s(", op_words[node->op]);
    ir_put(p->out, ask ? p->ir->baselines[ask->baseline].name : TEXT("?"));
    if (ask && !p->rule->is_on) ir_put(p->out, TEXT(", ")), ir_put(p->out, step_name(p, ask->step));
    ir_put(p->out, TEXT(")"));
}

static void put_name_of(struct printer *p, uint32_t step, uint32_t capture)
{
    ir_put(p->out, capture_name(p, &(struct ir_node){.y = step, .x = capture}));
}

/* "spike(sum s.bytes by actor in 10m over 14d floor 10)" */
static void put_spike(struct printer *p, const struct ir_node *node)
{
    const struct ir_spike *s = p->rule && node->x < p->rule->n_spikes ? &p->rule->spikes[node->x] : NULL;
    ir_put(p->out, TEXT("spike("));
    if (s && s->value != IR_NONE) ir_put(p->out, TEXT("sum "));
    ir_put(p->out, step_name(p, node->y));
    if (s && s->value != IR_NONE) ir_put(p->out, TEXT(".")), put_name_of(p, node->y, s->value);
    for (uint32_t i = 0; s && i < s->n_by; i++) {
        ir_put(p->out, i ? TEXT(", ") : TEXT(" by "));
        put_name_of(p, node->y, s->by[i]);
    }
    if (s) {
        ir_put(p->out, TEXT(" in "));
        ir_put_duration(p->out, s->in * NS_PER_SECOND);
        ir_put(p->out, TEXT(" over "));
        ir_put_duration(p->out, s->over * NS_PER_SECOND);
        ir_put(p->out, TEXT(" floor "));
        ir_put_amount(p->out, s->floor, IR_TYPE_FLOAT);
    }
    ir_put(p->out, TEXT(")"));
}

static void put_leaf(struct printer *p, const struct ir_node *node)
{
    switch ((enum ir_op)node->op) {
    case IR_OP_CONST: ir_put_constant(p->out, p->ir->constants[node->x]); break;
    case IR_OP_LIST: put_list(p, &p->ir->lists[node->x]); break;
    case IR_OP_SLOT: ir_put_slot(p->out, &p->ir->slots[node->x]); break;
    case IR_OP_FIELD: ir_put(p->out, p->ir->fields[node->x].name); break;
    case IR_OP_ITEM: put_item(p, node->x); break;
    case IR_OP_CAPTURE: put_capture(p, node); break;
    case IR_OP_FIRST: put_end(p, "first", node); break;
    case IR_OP_LAST: put_end(p, "last", node); break;
    case IR_OP_COMPLETING:
    case IR_OP_BARE: ir_put(p->out, capture_name(p, &p->ir->nodes[operand(p, node, 0)])); break;
    case IR_OP_STEP_EXISTS: ir_put(p->out, TEXT("exists ")), ir_put(p->out, step_name(p, node->y)); break;
    case IR_OP_COUNT: put_of_step(p, "count", node, false); break;
    case IR_OP_DISTINCT: put_of_step(p, "distinct", node, true); break;
    case IR_OP_SUM_OF: put_of_step(p, "sum", node, true); break;
    case IR_OP_MIN_OF: put_of_step(p, "min", node, true); break;
    case IR_OP_MAX_OF: put_of_step(p, "max", node, true); break;
    case IR_OP_KEY:
        ir_put(p->out, p->rule && node->x < p->rule->n_by ? p->rule->by[node->x].name : TEXT("?"));
        break;
    case IR_OP_ASK_NEW:
    case IR_OP_ASK_AGE:
    case IR_OP_ASK_RARITY:
    case IR_OP_ASK_PREVALENCE:
    case IR_OP_ASK_SINCE: put_ask(p, node); break;
    case IR_OP_SPIKE: put_spike(p, node); break;
    default: ir_put(p->out, text_of(op_words[node->op])); break; /* time, score */
    }
}

static void put_call(struct printer *p, const struct ir_node *node)
{
    ir_putf(p->out, "%s(", op_words[node->op]);
    for (uint32_t i = 0; i < node->n; i++) {
        if (i) ir_put(p->out, TEXT(", "));
        print(p, operand(p, node, i), T_ANY);
    }
    ir_put(p->out, TEXT(")"));
}

static void put_infix(struct printer *p, const struct ir_node *node, const char *word)
{
    for (uint32_t i = 0; i < node->n; i++) {
        if (i) ir_putf(p->out, " %s ", word);
        print(p, operand(p, node, i), i ? shapes[node->op].right : shapes[node->op].left);
    }
}

/* `not (x present)` is `x absent`, `not (x in s)` is `x not in s`. */
static void put_not(struct printer *p, const struct ir_node *node)
{
    const struct ir_node *inner = &p->ir->nodes[operand(p, node, 0)];
    if (inner->op == IR_OP_PRESENT) {
        print(p, operand(p, inner, 0), T_SUM);
        ir_put(p->out, TEXT(" absent"));
    } else if (inner->op == IR_OP_MEMBER_OF) {
        put_infix(p, inner, "not in");
    } else {
        ir_put(p->out, TEXT("not "));
        print(p, operand(p, node, 0), T_NOT);
    }
}

static void put_quantifier(struct printer *p, const struct ir_node *node)
{
    ir_putf(p->out, "%s ", op_words[node->op]);
    put_item(p, node->x);
    ir_put(p->out, TEXT(" in "));
    print(p, operand(p, node, 0), T_PRIM);
    ir_put(p->out, TEXT(" ("));
    print(p, operand(p, node, 1), T_ANY);
    ir_put(p->out, TEXT(")"));
}

static void put_regex(struct printer *p, const struct ir_node *node)
{
    print(p, operand(p, node, 0), T_SUM);
    ir_put(p->out, TEXT(" ~ /"));
    ir_put(p->out, value_text(p->ir->constants[node->x]));
    ir_put(p->out, node->z ? TEXT("/i") : TEXT("/"));
}

static void put_special(struct printer *p, const struct ir_node *node)
{
    static const char *const arn_parts[] = {"service", "region", "account", "resource"};
    switch ((enum ir_op)node->op) {
    case IR_OP_NOT: put_not(p, node); return;
    case IR_OP_ANY:
    case IR_OP_ALL: put_quantifier(p, node); return;
    case IR_OP_REGEX: put_regex(p, node); return;
    case IR_OP_PRESENT: print(p, operand(p, node, 0), T_SUM), ir_put(p->out, TEXT(" present")); return;
    case IR_OP_MEMBER:
        print(p, operand(p, node, 0), T_PRIM);
        put_member(p->out, value_text(p->ir->constants[node->x]));
        return;
    case IR_OP_ELEMENTS: print(p, operand(p, node, 0), T_PRIM), ir_put(p->out, TEXT("[]")); return;
    case IR_OP_ARN_PART:
        ir_put(p->out, TEXT("arn("));
        print(p, operand(p, node, 0), T_ANY);
        ir_putf(p->out, ").%s", arn_parts[node->x & 3]);
        return;
    case IR_OP_BETWEEN:
        print(p, operand(p, node, 0), T_SUM);
        ir_put(p->out, TEXT(" in "));
        print(p, operand(p, node, 1), T_PRIM);
        ir_put(p->out, TEXT(".."));
        print(p, operand(p, node, 2), T_PRIM);
        return;
    default: put_call(p, node); return;
    }
}

static enum tight tightness(const struct printer *p, const struct ir_node *node)
{
    if (node->op == IR_OP_NOT) { /* printed as a test, see put_not */
        uint8_t inner = p->ir->nodes[operand(p, node, 0)].op;
        if (inner == IR_OP_PRESENT || inner == IR_OP_MEMBER_OF) return T_TEST;
    }
    return shapes[node->op].tight == T_ANY ? T_PRIM : shapes[node->op].tight; /* rows left out are leaves */
}

/* The name of the field that a node defines, if its text would be longer than the name; else empty. */
static struct text defined_name(const struct printer *p, ir_node_id id)
{
    if (p->schema == IR_NONE || id == p->root || !p->ir->nodes[id].n) return TEXT("");
    const struct ir_schema *s = &p->ir->schemas[p->schema];
    if (id == s->service) return TEXT("service");
    if (id == s->action) return TEXT("action");
    for (uint32_t i = 0; i < p->ir->n_fields; i++)
        if (p->ir->fields[i].in_schema[p->schema] == id) return p->ir->fields[i].name;
    return TEXT("");
}

static void print(struct printer *p, ir_node_id id, enum tight least)
{
    if (id >= p->ir->n_nodes || !p->left) {
        ir_put(p->out, TEXT("…"));
        return;
    }
    p->left--;
    struct text name = defined_name(p, id);
    if (name.len) {
        ir_put(p->out, name);
        return;
    }
    const struct ir_node *node = &p->ir->nodes[id];
    bool wrap = tightness(p, node) < least;
    if (wrap) ir_put(p->out, TEXT("("));
    switch (shapes[node->op].shape) {
    case S_LEAF: put_leaf(p, node); break;
    case S_CALL: put_call(p, node); break;
    case S_INFIX: put_infix(p, node, op_words[node->op]); break;
    case S_SPECIAL: put_special(p, node); break;
    }
    if (wrap) ir_put(p->out, TEXT(")"));
}

void ir_print_node(const struct ir *ir, const struct ir_rule *rule, ir_node_id id, struct ir_out out)
{
    struct printer p = {.ir = ir, .rule = rule, .out = out, .schema = IR_NONE, .left = PRINT_MOST};
    print(&p, id, T_ANY);
}

void ir_print_definition(const struct ir *ir, uint32_t schema, ir_node_id id, struct ir_out out)
{
    struct printer p = {.ir = ir, .out = out, .schema = schema, .root = id, .left = PRINT_MOST};
    print(&p, id, T_ANY);
}

/* ---- match -------------------------------------------------------------------------------------------- */

static void print_match(const struct ir_rule *rule, const struct ir_match *m, int least, struct ir_out out);

static void put_arrow(const struct ir_arrow *arrow, struct ir_out out)
{
    ir_put(out, arrow->strict ? TEXT(" =>") : TEXT(" ->"));
    if (arrow->least > 0 || arrow->most != INT64_MAX) {
        ir_put(out, TEXT("["));
        if (arrow->least > 0) {
            ir_put_duration(out, arrow->least * NS_PER_SECOND);
            ir_put(out, TEXT(".."));
        }
        if (arrow->most != INT64_MAX) ir_put_duration(out, arrow->most * NS_PER_SECOND);
        ir_put(out, TEXT("]"));
    }
    ir_put(out, TEXT(" "));
}

static void put_in(int64_t in, struct ir_out out)
{
    if (in == INT64_MAX) return;
    ir_put(out, TEXT("in "));
    ir_put_duration(out, in * NS_PER_SECOND);
}

/* "[3..5 in 5m]", "[3.. distinct region]", "[sum bytes >= 10MB]" */
static void put_repeat(const struct ir_rule *rule, const struct ir_match *m, struct ir_out out)
{
    const struct ir_capture *value =
        m->taking == IR_TAKE_TIMES ? NULL : &rule->steps[m->kids->step].captures[m->value];
    ir_put(out, TEXT("["));
    if (m->taking == IR_TAKE_SUM) {
        ir_put(out, TEXT("sum "));
        ir_put(out, value->name);
        ir_put(out, TEXT(" >= "));
        ir_put_amount(out, m->amount, (enum ir_type)value->type);
    } else {
        ir_putf(out, "%u..", m->least);
    }
    if (m->most) ir_putf(out, "%u", m->most);
    if (m->taking == IR_TAKE_DISTINCT) ir_put(out, TEXT(" distinct ")), ir_put(out, value->name);
    if (m->in != INT64_MAX) ir_put(out, TEXT(" "));
    put_in(m->in, out);
    ir_put(out, TEXT("]"));
}

/* What stands before the kids of a part. */
static void put_opening(const struct ir_match *m, struct ir_out out)
{
    if (m->kind == IR_M_GROUP) ir_put(out, TEXT("("));
    if (m->kind == IR_M_SOME_OF) ir_putf(out, "%u of (", m->least);
    if (m->kind == IR_M_NOT) ir_put(out, TEXT("!"));
}

static void put_closing(const struct ir_rule *rule, const struct ir_match *m, struct ir_out out)
{
    if (m->kind == IR_M_GROUP || m->kind == IR_M_SOME_OF) ir_put(out, TEXT(")"));
    if (m->kind == IR_M_STEP) ir_put(out, rule->steps[m->step].name);
    if (m->kind == IR_M_REPEAT) put_repeat(rule, m, out);
    if (m->kind == IR_M_OPTIONAL) ir_put(out, TEXT("?"));
    if (m->kind == IR_M_GROUP && m->in != INT64_MAX) {
        ir_put(out, TEXT("["));
        put_in(m->in, out);
        ir_put(out, TEXT("]"));
    }
    if (!m->absent_for) return;
    ir_put(out, TEXT(" for "));
    ir_put_duration(out, m->absent_for * NS_PER_SECOND);
}

static void put_between(const struct ir_match *m, uint32_t kid, struct ir_out out)
{
    if (m->kind == IR_M_CHAIN) put_arrow(&m->arrows[kid], out);
    else if (m->kind == IR_M_SOME_OF) ir_put(out, TEXT(", "));
    else ir_put(out, m->kind == IR_M_EITHER ? TEXT(" | ") : TEXT(" & "));
}

/* Tightness: | 0, chain and & 1, elements 2. */
static void print_match(const struct ir_rule *rule, const struct ir_match *m, int least, struct ir_out out)
{
    int tight = m->kind == IR_M_EITHER ? 0 : m->kind == IR_M_CHAIN || m->kind == IR_M_ANY_ORDER ? 1 : 2;
    bool encloses = m->kind == IR_M_GROUP || m->kind == IR_M_SOME_OF;
    if (tight < least) ir_put(out, TEXT("("));
    put_opening(m, out);
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (i) put_between(m, i, out);
        print_match(rule, &m->kids[i], encloses ? 0 : tight + (tight < 2), out);
    }
    put_closing(rule, m, out);
    if (tight < least) ir_put(out, TEXT(")"));
}

void ir_print_match(const struct ir_rule *rule, const struct ir_match *match, struct ir_out out)
{
    print_match(rule, match, 0, out);
    if (match != rule->match || rule->until == IR_NONE) return;
    ir_put(out, TEXT(" until "));
    ir_put(out, rule->steps[rule->until].name);
}
