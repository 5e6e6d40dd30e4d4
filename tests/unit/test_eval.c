/* test_eval.c - what every operation makes of every kind of value: expressions over one record, and what they amount to.
 *
 * Expressions are written as nodes of the IR: (operation operands…), with the names of ir_op.def. Beside it: @a.b is the
 * record's member a.b, $0 the item of quantifier 0, "x" and "x"i texts, 12 a number, %10.0.0.0/8 an address, ^60 a
 * duration of seconds, { … } a list. (any 0 list body) and (arn 2 x) begin with the number x of their node; (member x
 * "name") and (~ …) end with it.
 */
#include "engine/base/number.h"
#include "engine/base/set.h"
#include "engine/event/decode.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- from words to IR ---------------------------------------------------------------------------------- */

enum { MOST = 256 };

struct bench {
    struct arena *a;
    struct ir ir;
    struct ir_node nodes[MOST];
    ir_node_id operands[MOST];
    struct value constants[MOST], memo[MOST], slots[MOST];
    uint32_t stamps[MOST];
    struct ir_slot slot_paths[MOST];
    struct text paths[MOST];
    struct ir_list lists[MOST];
    struct ir_schema schema;
    struct scratch scratch;
    struct eval eval;
};

static ir_node_id node_of(struct bench *b, struct ir_node node, const ir_node_id *operands, uint32_t n)
{
    node.first = b->ir.n_operands;
    node.n = n;
    for (uint32_t i = 0; i < n; i++) b->operands[b->ir.n_operands++] = operands[i];
    b->nodes[b->ir.n_nodes] = node;
    return b->ir.n_nodes++;
}

static ir_node_id constant_node(struct bench *b, struct value v)
{
    b->constants[b->ir.n_constants] = v;
    return node_of(b, (struct ir_node){.op = IR_OP_CONST, .x = b->ir.n_constants++}, NULL, 0);
}

/* Slots are distinct, as the compiler makes them. */
static ir_node_id slot_node(struct bench *b, struct text path)
{
    for (uint32_t i = 0; i < b->ir.n_slots; i++)
        if (text_equal(b->paths[i], path)) return node_of(b, (struct ir_node){.op = IR_OP_SLOT, .x = i}, NULL, 0);
    b->paths[b->ir.n_slots] = path;
    struct ir_slot *slot = &b->slot_paths[b->ir.n_slots];
    slot->names = ARENA_ARRAY(b->a, struct text, 16);
    for (const char *at = path.at, *end = path.at + path.len; at < end; at++) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        slot->names[slot->len++] = (struct text){at, (uint32_t)((dot ? dot : end) - at)};
        at = dot ? dot : end;
    }
    return node_of(b, (struct ir_node){.op = IR_OP_SLOT, .x = b->ir.n_slots++}, NULL, 0);
}

static struct text word(const char **at)
{
    const char *from = *at;
    while (**at && !strchr(" (){}", **at)) ++*at;
    return (struct text){from, (uint32_t)(*at - from)};
}

static struct value literal(struct bench *b, const char **at)
{
    struct value v = {.kind = VALUE_NULL};
    if (**at == '"') {
        const char *close = strchr(*at + 1, '"');
        v = value_string((struct text){*at + 1, (uint32_t)(close - *at - 1)});
        *at = close + 1;
        if (**at == 'i') v.nocase = true, ++*at;
        return v;
    }
    struct text t = word(at), rest = {t.at + 1, t.len - 1};
    if (*t.at == '%') {
        struct ip_net *net = ARENA_NEW(b->a, struct ip_net);
        assert_true(ip_parse(rest, net));
        return (struct value){.kind = VALUE_NET, .net = net};
    }
    if (*t.at == '^' || *t.at == '&') {
        assert_true(number_parse(rest, &v));
        if (*t.at == '^') v.i *= SECOND_NS;
        v.kind = *t.at == '^' ? VALUE_DURATION : VALUE_SIZE;
        return v;
    }
    if (text_equal(t, TEXT("true")) || text_equal(t, TEXT("false"))) return value_bool(*t.at == 't');
    if (!text_equal(t, TEXT("null"))) assert_true(number_parse(t, &v));
    return v;
}

static ir_node_id list_node(struct bench *b, const char **at)
{
    struct value members[32];
    uint32_t n = 0;
    for (++*at; **at != '}';) {
        if (**at == ' ') ++*at;
        else members[n++] = literal(b, at);
    }
    ++*at;
    b->lists[b->ir.n_lists].set = value_set_new(b->a, members, n);
    return node_of(b, (struct ir_node){.op = IR_OP_LIST, .x = b->ir.n_lists++}, NULL, 0);
}

static enum ir_op op_named(struct text name)
{
    static const char *const names[] = {
#define IR_OP(op, name, arity) name,
#include "engine/ir/ir_op.def"
#undef IR_OP
    };
    for (uint32_t i = 0; i < IR_OPS; i++)
        if (text_equal(name, text_of(names[i]))) return (enum ir_op)i;
    fail_msg("no operation " TEXT_FMT, TEXT_ARG(name));
    return IR_OPS;
}

static ir_node_id build(struct bench *b, const char **at)
{
    while (**at == ' ') ++*at;
    if (**at == '@') return ++*at, slot_node(b, word(at));
    if (**at == '$') return *at += 2, node_of(b, (struct ir_node){.op = IR_OP_ITEM, .x = (uint32_t)((*at)[-1] - '0')}, NULL, 0);
    if (**at == '{') return list_node(b, at);
    if (**at != '(') return constant_node(b, literal(b, at));
    ++*at;
    struct ir_node node = {.op = (uint8_t)op_named(word(at))};
    if (node.op == IR_OP_ANY || node.op == IR_OP_ALL || node.op == IR_OP_ARN_PART)
        ++*at, node.x = (uint32_t)strtoul(*at, (char **)at, 10);
    ir_node_id operands[32];
    uint32_t n = 0;
    while (**at != ')') {
        if (**at == ' ') ++*at;
        else operands[n++] = build(b, at);
    }
    ++*at;
    if (node.op == IR_OP_MEMBER) node.x = b->nodes[operands[--n]].x;
    return node_of(b, node, operands, n);
}

/* ---- what comes out, in words -------------------------------------------------------------------------- */

static size_t print_value(struct value v, char *out)
{
    char *to = out;
    switch (v.kind) {
    case VALUE_ABSENT: return (size_t)sprintf(out, "absent");
    case VALUE_UNKNOWN: return (size_t)sprintf(out, v.len ? "unknown inside" : "unknown");
    case VALUE_NULL: return (size_t)sprintf(out, "null");
    case VALUE_BOOL: return (size_t)sprintf(out, v.i ? "true" : "false");
    case VALUE_INT:
    case VALUE_FLOAT: to += number_print(v, out); return (size_t)(to - out + sprintf(to, v.kind == VALUE_FLOAT ? "f" : ""));
    case VALUE_STRING: return (size_t)sprintf(out, "'" TEXT_FMT "'", TEXT_ARG(value_text(v)));
    case VALUE_TIME: return time_print(v.i, out);
    case VALUE_DURATION: return (size_t)sprintf(out, "%llds", (long long)(v.i / SECOND_NS));
    case VALUE_SIZE: return (size_t)sprintf(out, "%lldB", (long long)v.i);
    case VALUE_NET: return ip_print(v.net, out);
    case VALUE_JSON: return (size_t)sprintf(out, TEXT_FMT, TEXT_ARG(value_text(v)));
    case VALUE_LIST:
        *to++ = '[';
        for (uint32_t i = 0; i < v.len; i++) {
            if (i) *to++ = ' ';
            to += print_value(v.items[i], to);
        }
        return (size_t)(to - out + sprintf(to, "]"));
    default: return (size_t)sprintf(out, "?");
    }
}

static void bench_init(struct bench *b, const char *expression, ir_node_id *root)
{
    *b = (struct bench){.a = arena_new(0)};
    b->ir = (struct ir){.nodes = b->nodes, .operands = b->operands, .constants = b->constants, .slots = b->slot_paths,
                        .lists = b->lists, .schemas = &b->schema, .n_schemas = 1};
    *root = build(b, &expression);
    struct value epoch = {.kind = VALUE_TIME};
    b->schema = (struct ir_schema){.when = IR_NONE, .identity = IR_NONE, .service = IR_NONE, .action = IR_NONE,
                                   .time = constant_node(b, epoch)};
    b->scratch = (struct scratch){arena_alloc(b->a, 1u << 16), 0, 1u << 16};
    eval_init(&b->eval, &b->ir, &b->scratch, b->memo, b->stamps);
}

static struct value bench_run(struct bench *b, ir_node_id root, struct text record, struct event *event)
{
    struct decoder *d = decoder_new(&b->ir);
    *event = (struct event){.slots = b->slots};
    assert_int_equal(decode_event(d, &b->eval, record, event), ASIDE_NONE);
    decoder_free(d);
    return eval_value(&b->eval, root);
}

static const char record[] =
    "{\"s\":\"Root\",\"empty\":\"\",\"n\":5,\"f\":2.5,\"t\":true,\"no\":null,\"big\":18446744073709551616,\"text5\":\"5\","
    "\"yes\":\"true\",\"ip\":\"10.1.2.3\",\"ip6\":\"2001:db8::1\",\"hidden\":\"HIDDEN_DUE_TO_SECURITY_REASONS\","
    "\"list\":[1,\"2\",3],\"none\":[],\"empties\":{},\"set\":{\"items\":[{\"id\":\"i-1\",\"n\":2},{\"id\":\"i-2\",\"n\":\"3\"},{\"x\":1}]},"
    "\"one\":{\"item\":{\"id\":\"i-9\"}},\"nested\":{\"items\":[{\"g\":{\"items\":[{\"c\":1},{\"c\":2}]}},{\"g\":{\"items\":[{\"c\":3}]}}]},"
    "\"member\":{\"member\":[\"a\",\"b\"]},\"tagged\":[{\"tag\":1,\"content\":\"fl-1\"},{\"tag\":2,\"content\":\"fl-2\"}],"
    "\"value\":{\"value\":true},\"valued\":{\"value\":\"true\",\"x\":1},\"partly\":[\"a\",\"<sensitiveDataRemoved>\",\"c\"],"
    "\"arn\":\"arn:aws:iam::111122223333:role/path/Deploy\",\"bucket\":\"arn:aws:s3:::logs\",\"fn\":\"arn:aws:lambda:us-east-1:111122223333:function:f:1\","
    "\"esc\":\"a\\\"b\\u00e9\",\"when\":\"2023-07-10T23:30:00Z\",\"ms\":1688990121000,\"o\":{\"k\":{\"d\":1}},\"bools\":[false,true]}";

static const struct {
    const char *expression, *means;
} cases[] = {
    /* values */
    {"@s", "'Root'"}, {"@no", "null"}, {"@missing", "absent"}, {"@hidden", "unknown"}, {"@hidden.x", "unknown inside"},
    {"@f", "2.5f"}, {"@big", "'18446744073709551616'"}, {"@esc", "'a\"b\xc3\xa9'"}, {"@o.k", "{\"d\":1}"}, {"@s.x", "absent"},

    /* equality */
    {"(== @s \"Root\")", "true"}, {"(== @s \"root\")", "false"}, {"(== @s \"root\"i)", "true"}, {"(!= @s \"Root\")", "false"},
    {"(== @missing \"x\")", "false"}, {"(!= @missing \"x\")", "true"}, {"(== @missing @missing)", "false"},
    {"(== @hidden \"x\")", "unknown"}, {"(!= @hidden \"x\")", "unknown"}, {"(== @no null)", "true"}, {"(== @missing null)", "false"},
    {"(== @text5 5)", "true"}, {"(== @n \"5\")", "true"}, {"(== @n 5.0)", "true"}, {"(== @yes true)", "true"}, {"(== @t \"true\")", "true"},
    {"(== @big 18446744073709551616)", "true"}, {"(== @ip %10.1.2.3)", "true"}, {"(== @o.k @o.k)", "true"},

    /* order */
    {"(< @n 6)", "true"}, {"(>= @text5 5)", "true"}, {"(> @s 1)", "false"}, {"(<= @s 1)", "false"}, {"(< @missing 6)", "false"},
    {"(>= @missing 6)", "false"}, {"(< @hidden 6)", "unknown"}, {"(> @big 9223372036854775807)", "true"}, {"(< \"a\" \"b\")", "true"},
    {"(between @n 5 7)", "true"}, {"(between @n 6 7)", "false"}, {"(between @hidden 6 7)", "unknown"}, {"(between (elements @list) 3 9)", "true"},

    /* texts */
    {"(like @s \"R*t\")", "true"}, {"(like @s \"r*\")", "false"}, {"(like @s \"r*\"i)", "true"}, {"(like @s {\"x*\" \"*oo*\"})", "true"},
    {"(contains @s \"oo\")", "true"}, {"(contains @s \"OO\"i)", "true"}, {"(contains @s \"\")", "true"}, {"(contains @empty \"x\")", "false"},
    {"(starts @s \"Ro\")", "true"}, {"(starts @s \"Roots\")", "false"}, {"(ends @s \"OT\"i)", "true"}, {"(ends @s \"ox\")", "false"},
    {"(like @n \"5\")", "false"}, {"(like @missing \"*\")", "false"}, {"(like @hidden \"*\")", "unknown"}, {"(like (to_ip @ip) \"10.*\")", "true"},
    {"(contains (elements @partly) \"c\")", "true"}, {"(contains (elements @partly) \"z\")", "unknown"},

    /* in */
    {"(in @s {\"a\" \"Root\"})", "true"}, {"(in @s {\"a\" \"ROOT\"i})", "true"}, {"(in @s {})", "false"}, {"(in @n {\"5\"})", "true"},
    {"(in (to_ip @ip) {%10.0.0.0/8})", "true"}, {"(in @ip {%10.0.0.0/8})", "true"}, {"(in @ip {%11.0.0.0/8 \"::1\"})", "false"},
    {"(in (to_ip @ip6) {\"2001:db8::/32\"})", "true"}, {"(in @missing {\"a\"})", "false"}, {"(in @hidden {\"a\"})", "unknown"},
    {"(in \"2\" (elements @list))", "true"}, {"(in 9 (elements @list))", "false"}, {"(in \"z\" (elements @partly))", "unknown"},
    {"(in (elements @list) {7 3})", "true"},

    /* presence and truth */
    {"(present @s)", "true"}, {"(present @empty)", "true"}, {"(present @no)", "true"}, {"(present @missing)", "false"},
    {"(present @hidden)", "true"}, {"(present @hidden.x)", "unknown"}, {"(present (elements @none))", "false"},
    {"(present (elements @list))", "true"}, {"(present (elements @empty))", "false"}, {"(present (elements @missing))", "false"},
    {"(present (member (elements @set) \"zz\"))", "false"}, {"(present (elements @partly))", "true"},
    {"(truthy @t)", "true"}, {"(truthy @yes)", "true"}, {"(truthy @value)", "true"}, {"(truthy @valued)", "false"}, {"(truthy @n)", "false"},
    {"(truthy @no)", "false"}, {"(truthy @missing)", "false"}, {"(truthy @hidden)", "unknown"}, {"(truthy (elements @bools))", "true"},

    /* three-valued logic */
    {"(not (== @hidden 1))", "unknown"}, {"(not (== @missing 1))", "true"}, {"(and (== @n 5) (== @hidden 1))", "unknown"},
    {"(and (== @n 6) (== @hidden 1))", "false"}, {"(and (== @hidden 1) (== @n 6))", "false"}, {"(or (== @hidden 1) (== @n 5))", "true"},
    {"(or (== @n 6) (== @hidden 1))", "unknown"}, {"(or (== @n 6) (== @n 7))", "false"}, {"(and (== @n 5) @t)", "true"}, {"(not @s)", "true"},

    /* lists */
    {"(elements @list)", "[1 '2' 3]"}, {"(elements @none)", "[]"}, {"(elements @empties)", "[]"}, {"(elements @empty)", "[]"},
    {"(elements @no)", "[]"}, {"(elements @s)", "['Root']"}, {"(elements @o)", "[{\"k\":{\"d\":1}}]"}, {"(elements @missing)", "absent"},
    {"(elements @hidden)", "unknown"}, {"(elements @member)", "['a' 'b']"}, {"(elements @one)", "[{\"id\":\"i-9\"}]"},
    {"(elements @tagged)", "['fl-1' 'fl-2']"}, {"(elements @partly)", "['a' unknown 'c']"},
    {"(member (elements @set) \"id\")", "['i-1' 'i-2']"}, {"(member (elements @one) \"id\")", "['i-9']"},
    {"(member (elements (member (elements @nested) \"g\")) \"c\")", "[1 2 3]"}, {"(member @o \"k\")", "{\"d\":1}"},
    {"(member (member @o \"k\") \"d\")", "1"}, {"(member @s \"k\")", "absent"}, {"(member @hidden \"k\")", "unknown inside"},
    {"(member (elements @hidden) \"k\")", "unknown inside"}, {"(== (member (elements @set) \"id\") \"i-2\")", "true"},
    {"(!= (member (elements @set) \"id\") \"i-2\")", "false"}, {"(== (elements @list) (elements @list))", "true"},
    {"(== (elements @none) 1)", "false"}, {"(!= (elements @none) 1)", "true"}, {"(> (member (elements @set) \"n\") 2)", "true"},
    {"(concat @s (elements @list) @missing @no @hidden)", "['Root' 1 '2' 3 unknown]"}, {"(concat @missing)", "[]"},

    /* any, all */
    {"(any 0 (elements @set) (== (member $0 \"id\") \"i-2\"))", "true"}, {"(any 0 (elements @set) (== (member $0 \"id\") \"i-3\"))", "false"},
    {"(all 0 (elements @list) (> $0 0))", "true"}, {"(all 0 (elements @list) (> $0 1))", "false"}, {"(all 0 (elements @none) (> $0 1))", "true"},
    {"(any 0 (elements @none) (> $0 1))", "false"}, {"(all 0 (elements @missing) (> $0 1))", "false"}, {"(any 0 @hidden (> $0 1))", "unknown"},
    {"(any 0 (elements @partly) (== $0 \"z\"))", "unknown"}, {"(all 0 (elements @partly) (== $0 \"a\"))", "false"},
    {"(any 0 (elements @nested) (any 1 (elements (member $0 \"g\")) (== (member $1 \"c\") 3)))", "true"},
    {"(all 0 (elements @nested) (any 1 (elements (member $0 \"g\")) (== (member $1 \"c\") 3)))", "false"},
    {"(any 0 {\"Root\" \"x\"} (== @s $0))", "true"}, {"(any 0 (elements @list) (== $0 @n))", "false"},

    /* functions */
    {"(lower @s)", "'root'"}, {"(lower @n)", "absent"}, {"(lower @hidden)", "unknown"}, {"(lower (elements @partly))", "['a' unknown 'c']"},
    {"(len (elements @list))", "3"}, {"(len @esc)", "4"}, {"(len @n)", "absent"}, {"(len @hidden)", "unknown"},
    {"(total (member (elements @set) \"n\"))", "5"}, {"(total (elements @none))", "absent"}, {"(total @f)", "2.5f"}, {"(total @s)", "absent"},
    {"(total (elements @partly))", "unknown"}, {"(total (concat 9223372036854775807 1))", "9.223372036854776e+18f"},
    {"(first_of @missing @no @s)", "'Root'"}, {"(first_of @missing)", "absent"}, {"(first_of @hidden @s)", "unknown"},
    {"(only (== @n 5) @s)", "'Root'"}, {"(only (== @n 6) @s)", "absent"}, {"(only (== @hidden 6) @s)", "unknown inside"},
    {"(part @arn \":\" 5)", "'111122223333'"}, {"(part @arn \":\" 4)", "''"}, {"(part @arn \":\" 7)", "absent"}, {"(part @arn \":\" 0)", "absent"},
    {"(arn 0 @arn)", "'iam'"}, {"(arn 1 @arn)", "absent"}, {"(arn 2 @arn)", "'111122223333'"}, {"(arn 3 @arn)", "'role/path/Deploy'"},
    {"(arn 3 @fn)", "'function:f:1'"}, {"(arn 0 @s)", "absent"},
    {"(account_of @arn)", "'111122223333'"}, {"(account_of \"111122223333\")", "'111122223333'"}, {"(account_of @bucket)", "absent"}, {"(account_of @s)", "absent"},
    {"(name_of @arn)", "'Deploy'"}, {"(name_of @bucket)", "'logs'"}, {"(name_of @fn)", "'f'"}, {"(name_of @s)", "'Root'"}, {"(name_of @missing)", "absent"},
    {"(prefix (to_ip @ip) 16)", "10.1.0.0/16"}, {"(prefix (to_ip @ip) 33)", "absent"}, {"(prefix (to_ip @ip6) 32)", "2001:db8::/32"},
    {"(prefix @s 2)", "'Ro'"}, {"(prefix @esc 4)", "'a\"b\xc3\xa9'"}, {"(prefix @esc 3)", "'a\"b'"}, {"(prefix @s 0)", "''"}, {"(prefix @n 1)", "absent"},
    {"(hour (to_time @when) \"UTC\")", "23"}, {"(hour (to_time @when) \"+02:00\")", "1"}, {"(weekday (to_time @when) \"UTC\")", "'mon'"},
    {"(weekday (to_time @when) \"+02:00\")", "'tue'"}, {"(hour @when \"UTC\")", "absent"}, {"(hour (to_time @hidden) \"UTC\")", "unknown"},

    /* arithmetic */
    {"(+ @n 1)", "6"}, {"(- @n 6)", "-1"}, {"(* @text5 3)", "15"}, {"(+ @f 1)", "3.5f"}, {"(+ @s 1)", "absent"}, {"(+ @missing 1)", "absent"},
    {"(+ @hidden 1)", "unknown"}, {"(* 9223372036854775807 2)", "1.8446744073709552e+19f"}, {"(+ ^60 ^60)", "120s"}, {"(* ^60 3)", "180s"},
    {"(+ (to_time @when) ^60)", "2023-07-10T23:31:00Z"}, {"(- (to_time @when) (to_time @ms))", "41679s"}, {"(+ &10 5)", "15B"}, {"(* &10 2)", "20B"}, {"(* ^10 ^10)", "absent"},

    /* for schemas */
    {"(text_of @n)", "'5'"}, {"(text_of @s)", "'Root'"}, {"(text_of @f)", "'2.5'"}, {"(text_of @o)", "absent"}, {"(text_of @hidden)", "unknown"},
    {"(without @s \"ot\")", "'Ro'"}, {"(without @s \"x\")", "'Root'"}, {"(without @n \"x\")", "absent"},
    {"(to_time @when)", "2023-07-10T23:30:00Z"}, {"(to_time @ms)", "2023-07-10T11:55:21Z"}, {"(to_time @s)", "absent"}, {"(to_time @hidden)", "unknown"},
    {"(to_ip @ip)", "10.1.2.3"}, {"(to_ip @s)", "absent"}, {"(to_ip @n)", "absent"},
    {"(join @s \":\" @n)", "'Root:5'"}, {"(join @s @missing)", "absent"}, {"(join @s @hidden)", "unknown"},
    {"(stem \"CreateFunction20150331\")", "'CreateFunction'"}, {"(stem \"CreateUser\")", "'CreateUser'"},
    {"(renamed @s \"x\" \"y\" \"Root\" \"root user\")", "'root user'"}, {"(renamed @s \"x\" \"y\")", "'Root'"},
    {"time", "1970-01-01T00:00:00Z"},
};

static void test_cases(void **state)
{
    (void)state;
    struct bench *b = malloc(sizeof *b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ir_node_id root;
        struct event event;
        char out[1024];
        const char *expression = strcmp(cases[i].expression, "time") ? cases[i].expression : "(time)";
        bench_init(b, expression, &root);
        print_value(bench_run(b, root, TEXT(record), &event), out);
        if (strcmp(out, cases[i].means)) fail_msg("%s is %s, not %s", cases[i].expression, out, cases[i].means);
        assert_false(b->eval.overflowed);
        arena_free(b->a);
    }
    free(b);
}

/* ---- documents ----------------------------------------------------------------------------------------- */

#define REGULAR(effect, actions, resources, principals, conditions, negated)                                       \
    "{\"effect\":\"" effect "\",\"actions\":[" actions "],\"resources\":[" resources "],\"principals\":[" principals      \
    "],\"conditions\":[" conditions "],\"negated\":" negated "}"
#define ALLOWS(actions, resources) REGULAR("Allow", actions, resources, "", "", "false")

/* The record has the members d and, here and there, g. */
static const struct {
    const char *record, *expression, *means;
} documents[] = {
    /* json: every way to write one */
    {"{\"d\":{\"a\":1}}", "(json @d)", "{\"a\":1}"},
    {"{\"d\":\"{\\\"a\\\":1}\"}", "(json @d)", "{\"a\":1}"},
    {"{\"d\":\" \\n{\\\"a\\\": 1} \\t\"}", "(json @d)", "{\"a\": 1}"},
    {"{\"d\":\"%7B%22a%22%3a%201%7D\"}", "(json @d)", "{\"a\": 1}"},
    {"{\"d\":\"%7B%22a%22:+1%7D\"}", "(json @d)", "{\"a\": 1}"},
    {"{\"d\":\"%7B%22a%22:%22x+y%25%22%7D\"}", "(json @d)", "{\"a\":\"x+y%\"}"},
    {"{\"d\":\"{\\\"a\\\":\\\"%7B\\\"}\"}", "(member (json @d) \"a\")", "'%7B'"},
    {"{\"d\":\"[1,\\\"x\\\"]\"}", "(elements (json @d))", "[1 'x']"},
    {"{\"d\":\"{\\\"a\\\":\\\"{\\\\\\\"b\\\\\\\":2}\\\"}\"}", "(member (json (member (json @d) \"a\")) \"b\")", "2"},
    {"{\"d\":\"5\"}", "(json @d)", "5"}, {"{\"d\":7}", "(json @d)", "7"},
    {"{\"d\":\"{\\\"a\\\":\\\"\\\\u00e9\\\"}\"}", "(member (json @d) \"a\")", "'\xc3\xa9'"},

    /* what is none */
    {"{\"d\":\"\"}", "(json @d)", "absent"}, {"{\"d\":\"{\\\"a\\\":1\"}", "(json @d)", "absent"},
    {"{\"d\":\"{} {}\"}", "(json @d)", "absent"}, {"{\"d\":\"arn:aws:iam::aws:policy/X\"}", "(json @d)", "absent"},
    {"{\"d\":\"100%\"}", "(json @d)", "absent"}, {"{\"d\":\"%7B%FF%7D\"}", "(json @d)", "absent"},
    {"{\"d\":\"%7B%2\"}", "(json @d)", "absent"}, {"{\"d\":\"{\\\"a\\\":01}\"}", "(json @d)", "absent"},
    {"{}", "(json @d)", "absent"}, {"{\"d\":null}", "(json @d)", "absent"},
    {"{\"d\":\"<sensitiveDataRemoved>\"}", "(json @d)", "unknown"},
    {"{\"d\":\"<sensitiveDataRemoved>\"}", "(member (json @d) \"a\")", "unknown inside"},

    /* the first that is there */
    {"{\"d\":\"\",\"g\":{\"a\":1}}", "(json @d @g)", "{\"a\":1}"},
    {"{\"d\":null,\"g\":\"[2]\"}", "(json @x @d @g)", "[2]"},
    {"{\"d\":{\"a\":1},\"g\":{\"a\":2}}", "(json @d @g)", "{\"a\":1}"},
    {"{\"d\":[\"{\\\"a\\\":1}\",\"no\",{\"a\":2}]}", "(member (json (elements @d)) \"a\")", "[1 2]"},

    /* statements: one or several, text or object */
    {"{\"d\":{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}}", "(statements @d)",
     "[" ALLOWS("\"s3:*\"", "\"*\"") "]"},
    {"{\"d\":\"%7B%22Statement%22:%5B%7B%22Effect%22:%22Allow%22,%22Action%22:%5B%22a:B%22,%22c:D%22%5D,%22Resource%22:%22*%22%7D%5D%7D\"}",
     "(statements @d)", "[" ALLOWS("\"a:B\",\"c:D\"", "\"*\"") "]"},
    {"{\"d\":{\"statement\":[{\"effect\":\"Allow\",\"\\u0041ction\":[],\"Sid\":\"x\"},7,{\"Effect\":\"Deny\"}]}}", "(statements @d)",
     "[" ALLOWS("", "") " " REGULAR("Deny", "", "", "", "", "false") "]"},
    {"{\"d\":\"{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\"}\"}", "(statements @d)",
     "[" REGULAR("Allow", "", "", "\"*\"", "", "false") "]"},
    {"{\"d\":{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[\"111122223333\",\"*\"],\"Service\":\"ec2.amazonaws.com\",\"Federated\":[]}}]}}",
     "(statements @d)", "[" REGULAR("Allow", "", "", "\"111122223333\",\"*\",\"ec2.amazonaws.com\"", "", "false") "]"},
    {"{\"d\":{\"Statement\":{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":\"x\"},\"NotAction\":\"iam:*\",\"NotResource\":[\"r\"]}}}", "(statements @d)",
     "[" REGULAR("Deny", "\"iam:*\"", "\"r\"", "\"x\"", "", "true") "]"},
    {"{\"d\":{\"Statement\":{\"Effect\":\"Allow\",\"Condition\":{\"StringEquals\":{\"aws:a\":\"x\",\"aws:b\":[\"y\",\"z\"]},\"Bool\":{\"c\":true}}}}}", "(statements @d)",
     "[" REGULAR("Allow", "", "", "", "{\"operator\":\"StringEquals\",\"key\":\"aws:a\",\"values\":[\"x\"]},"
                 "{\"operator\":\"StringEquals\",\"key\":\"aws:b\",\"values\":[\"y\",\"z\"]},"
                 "{\"operator\":\"Bool\",\"key\":\"c\",\"values\":[true]}", "false") "]"},
    {"{\"d\":{\"Statement\":{\"Effect\":\"Allow\",\"Condition\":{}}}}", "(present (elements (member (elements (statements @d)) \"conditions\")))", "false"},
    {"{\"d\":[\"{\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\"}}\",{\"Statement\":{\"Effect\":\"Deny\"}}]}",
     "(member (elements (statements (elements @d))) \"effect\")", "['Allow' 'Deny']"},

    /* no policy, or one that is not shown */
    {"{\"d\":{\"a\":1}}", "(statements @d)", "absent"}, {"{\"d\":\"x\"}", "(statements @d)", "absent"}, {"{}", "(statements @d)", "absent"},
    {"{\"d\":{\"Statement\":[]}}", "(statements @d)", "absent"}, {"{\"d\":7}", "(statements @d)", "absent"},
    {"{\"d\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}", "(statements @d)", "unknown inside"},
    {"{\"d\":{\"Statement\":\"<sensitiveDataRemoved>\"}}", "(statements @d)", "[unknown inside]"},
    {"{\"d\":{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"<sensitiveDataRemoved>\"}}}",
     "(grants (elements (member (elements (statements @d)) \"actions\")) \"iam:PassRole\")", "unknown"},

    /* grants */
    {"{\"d\":\"iam:PassRole\"}", "(grants @d \"iam:PassRole\")", "true"}, {"{\"d\":\"IAM:passrole\"}", "(grants @d \"iam:PassRole\")", "true"},
    {"{\"d\":\"*\"}", "(grants @d \"iam:PassRole\")", "true"}, {"{\"d\":\"iam:*\"}", "(grants @d \"iam:PassRole\")", "true"},
    {"{\"d\":\"iam:Pass?ole\"}", "(grants @d \"iam:PassRole\")", "true"}, {"{\"d\":\"iam:PassRole?\"}", "(grants @d \"iam:PassRole\")", "false"},
    {"{\"d\":\"iam:Get*\"}", "(grants @d \"iam:PassRole\")", "false"}, {"{\"d\":\"ia?:*\"}", "(grants @d \"iam:PassRole\")", "true"},
    {"{\"d\":[\"s3:*\",\"iam:P*\"]}", "(grants (elements @d) \"iam:PassRole\")", "true"},
    {"{\"d\":\"iam:P*\"}", "(grants @d {\"s3:GetObject\" \"iam:PassRole\"})", "true"},
    {"{\"d\":\"iam:P*\"}", "(grants @d \"iam:*\")", "false"}, {"{\"d\":\"iam:?\"}", "(grants @d \"iam:*\")", "false"},
    {"{\"d\":\"*:*\"}", "(grants @d \"iam:*\")", "true"}, {"{\"d\":\"*\"}", "(grants @d \"*\")", "true"},
    {"{\"d\":5}", "(grants @d \"iam:PassRole\")", "false"}, {"{}", "(grants @d \"iam:PassRole\")", "false"},
};

static void test_documents(void **state)
{
    (void)state;
    struct bench *b = malloc(sizeof *b);
    for (size_t i = 0; i < COUNT(documents); i++) {
        ir_node_id root;
        struct event event;
        char out[4096];
        bench_init(b, documents[i].expression, &root);
        print_value(bench_run(b, root, text_of(documents[i].record), &event), out);
        if (strcmp(out, documents[i].means))
            fail_msg("%s of %s is\n%s, not\n%s", documents[i].expression, documents[i].record, out, documents[i].means);
        assert_false(b->eval.overflowed);
        arena_free(b->a);
    }
    free(b);
}

/* Whatever the room, the answer is the right one or unknown, and unknown is said. */
static void test_documents_no_room(void **state)
{
    (void)state;
    struct bench *b = malloc(sizeof *b);
    for (size_t i = 0; i < COUNT(documents); i++)
        for (size_t room = 0; room < 2048; room += 40) {
            ir_node_id root;
            struct event event;
            char out[4096];
            bench_init(b, documents[i].expression, &root);
            bench_run(b, root, text_of(documents[i].record), &event);
            eval_reset(&b->eval);
            size_t cap = b->scratch.len + room;
            if (cap < b->scratch.cap) b->scratch.cap = cap;
            print_value(eval_value(&b->eval, root), out);
            if (!b->eval.overflowed && strcmp(out, documents[i].means))
                fail_msg("%s of %s with %zu bytes: %s", documents[i].expression, documents[i].record, room, out);
            arena_free(b->a);
        }
    free(b);
}

/* A node is evaluated once for an event, and anew for the next. */
static void test_memory(void **state)
{
    (void)state;
    struct bench *b = malloc(sizeof *b);
    struct event event;
    ir_node_id root;
    bench_init(b, "(or (== (lower @s) \"x\") (== (lower @s) \"root\"))", &root);
    assert_int_equal(eval_test(&b->eval, bench_run(b, root, TEXT(record), &event).kind == VALUE_BOOL ? root : 0), TRI_TRUE);
    uint64_t once = b->eval.evaluated;
    eval_value(&b->eval, root);
    eval_value(&b->eval, root);
    assert_int_equal(b->eval.evaluated, once);
    assert_int_equal(bench_run(b, root, TEXT("{\"s\":\"other\"}"), &event).i, 0);
    assert_true(b->eval.evaluated > once);
    arena_free(b->a);
    free(b);
}

/* Stamps that come round do not bring old values back. */
static void test_stamp_wraps(void **state)
{
    (void)state;
    struct bench *b = malloc(sizeof *b);
    struct event event;
    ir_node_id root;
    bench_init(b, "(lower @s)", &root);
    b->eval.stamp = UINT32_MAX - 1;
    for (int i = 0; i < 4; i++) {
        char json[32];
        sprintf(json, "{\"s\":\"V%d\"}", i);
        struct value v = bench_run(b, root, text_of(json), &event);
        assert_int_equal(v.len, 2);
        assert_int_equal(v.s[1], '0' + i);
    }
    arena_free(b->a);
    free(b);
}

/* Without room a value is unknown, and that is said. */
static void test_no_room(void **state)
{
    (void)state;
    static const char *const hungry[] = {"(lower @s)", "(elements @list)", "(concat @s @n)", "(join @s @s)", "(to_ip @ip)",
                                         "(text_of @n)", "(member (elements @set) \"id\")", "(prefix (to_ip @ip) 8)"};
    struct bench *b = malloc(sizeof *b);
    for (size_t i = 0; i < COUNT(hungry); i++) {
        struct event event;
        ir_node_id root;
        bench_init(b, hungry[i], &root);
        bench_run(b, root, TEXT(record), &event);
        eval_reset(&b->eval);
        b->scratch.cap = b->scratch.len = 0;
        if (eval_value(&b->eval, root).kind != VALUE_UNKNOWN) fail_msg("%s", hungry[i]);
        assert_true(b->eval.overflowed);
        arena_free(b->a);
    }
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_documents_no_room),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_stamp_wraps),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
