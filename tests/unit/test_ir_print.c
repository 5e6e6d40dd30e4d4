/* test_ir_print.c - nodes back to text: brackets where they are needed and nowhere else, constants that can be read
 * again, and an end to expressions that share themselves into something huge. */
#include "engine/ir/build.h"
#include "engine/ir/ir_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct bench {
    struct arena *arena;
    struct ir_build build;
    struct ir ir;
};

struct line {
    char at[1 << 16];
    size_t len;
};

static void line_put(void *to, const char *at, size_t len)
{
    struct line *l = to;
    assert_true(l->len + len < sizeof l->at);
    memcpy(l->at + l->len, at, len);
    l->len += len;
    l->at[l->len] = 0;
}

static struct ir_out line_out(struct line *l)
{
    l->len = 0;
    l->at[0] = 0;
    return (struct ir_out){line_put, l};
}

static int setup(void **state)
{
    static struct bench b;
    b = (struct bench){.arena = arena_new(0)};
    ir_build_init(&b.build, b.arena);
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    arena_free(((struct bench *)*state)->arena);
    return 0;
}

static ir_node_id raw(struct bench *b, const char *name)
{
    struct text *names = ARENA_NEW(b->arena, struct text);
    *names = text_of(name);
    return ir_build_node(&b->build, (struct ir_make){.op = IR_OP_SLOT, .x = ir_build_slot(&b->build, names, 1, false)});
}

static ir_node_id make(struct bench *b, enum ir_op op, ir_node_id x, ir_node_id y)
{
    ir_node_id operands[] = {x, y};
    return ir_build_node(&b->build, (struct ir_make){.op = op, .operands = operands, .n = y == IR_NONE ? 1 : 2});
}

static void expect_text(struct bench *b, ir_node_id id, const char *want)
{
    static struct line l;
    struct ir_out out = line_out(&l);
    ir_build_finish(&b->build, &b->ir);
    ir_print_node(&b->ir, NULL, id, out);
    assert_string_equal(l.at, want);
}

static void brackets_where_needed(void **state)
{
    struct bench *b = *state;
    ir_node_id a = raw(b, "a"), c = raw(b, "c-d"), e = raw(b, "e");
    ir_node_id eq = make(b, IR_OP_EQ, a, c), less = make(b, IR_OP_LT, a, e);
    ir_node_id either = make(b, IR_OP_OR, eq, less), difference = make(b, IR_OP_SUB, a, e);
    struct {
        ir_node_id id;
        const char *want;
    } rows[] = {
        {eq, "raw.a == raw.\"c-d\""},
        {make(b, IR_OP_AND, either, eq), "(raw.a == raw.\"c-d\" or raw.a < raw.e) and raw.a == raw.\"c-d\""},
        {make(b, IR_OP_OR, make(b, IR_OP_AND, eq, less), less), "raw.a == raw.\"c-d\" and raw.a < raw.e or raw.a < raw.e"},
        {make(b, IR_OP_NOT, either, IR_NONE), "not (raw.a == raw.\"c-d\" or raw.a < raw.e)"},
        {make(b, IR_OP_NOT, less, IR_NONE), "not raw.a < raw.e"},
        {make(b, IR_OP_NOT, make(b, IR_OP_PRESENT, a, IR_NONE), IR_NONE), "raw.a absent"},
        {make(b, IR_OP_NOT, make(b, IR_OP_MEMBER_OF, a, e), IR_NONE), "raw.a not in raw.e"},
        {make(b, IR_OP_SUB, a, difference), "raw.a - (raw.a - raw.e)"},
        {make(b, IR_OP_SUB, difference, a), "raw.a - raw.e - raw.a"},
        {make(b, IR_OP_MUL, difference, a), "(raw.a - raw.e) * raw.a"},
        {make(b, IR_OP_GT, make(b, IR_OP_MUL, a, e), difference), "raw.a * raw.e > raw.a - raw.e"},
        {make(b, IR_OP_LEN, make(b, IR_OP_ELEMENTS, a, IR_NONE), IR_NONE), "len(raw.a[])"},
        {make(b, IR_OP_EQ, either, eq), "(raw.a == raw.\"c-d\" or raw.a < raw.e) == (raw.a == raw.\"c-d\")"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) expect_text(b, rows[i].id, rows[i].want);
}

static void constants_can_be_read_again(void **state)
{
    (void)state;
    struct ip_net v4, v4_net, v6;
    assert_true(ip_parse(TEXT("192.0.2.7"), &v4) && ip_parse(TEXT("10.0.0.0/8"), &v4_net) && ip_parse(TEXT("::1"), &v6));
    const struct {
        struct value v;
        const char *want;
    } rows[] = {
        {value_string(TEXT("plain")), "\"plain\""},
        {value_string(TEXT("a \"b\" \\ \n\t\x01")), "\"a \\\"b\\\" \\\\ \\n\\t\\u0001\""},
        {{.kind = VALUE_STRING, .nocase = true, .s = "X", .len = 1}, "\"X\"i"},
        {value_int(-42), "-42"},
        {value_bool(true), "true"},
        {{.kind = VALUE_NULL}, "null"},
        {{.kind = VALUE_FLOAT, .f = 2.5}, "2.5"},
        {{.kind = VALUE_DURATION, .i = 0}, "0s"},
        {{.kind = VALUE_DURATION, .i = INT64_C(93784005000000)}, "1d2h3m4s5ms"},
        {{.kind = VALUE_DURATION, .i = INT64_C(5400000000000)}, "1h30m"},
        {{.kind = VALUE_SIZE, .i = 10000000}, "10MB"},
        {{.kind = VALUE_SIZE, .i = 2048}, "2KiB"},
        {{.kind = VALUE_SIZE, .i = 1000}, "1KB"},
        {{.kind = VALUE_NET, .net = &v4}, "192.0.2.7"},
        {{.kind = VALUE_NET, .net = &v4_net}, "10.0.0.0/8"},
        {{.kind = VALUE_NET, .net = &v6}, "\"::1\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct line l;
        ir_put_constant(line_out(&l), rows[i].v);
        assert_string_equal(l.at, rows[i].want);
    }
}

/* Twenty levels that each name the last one twice would be a million nodes of text. */
static void huge_expressions_end(void **state)
{
    struct bench *b = *state;
    static struct line l;
    struct ir_out out = line_out(&l);
    ir_node_id id = raw(b, "a");
    for (int i = 0; i < 20; i++) id = make(b, i % 2 ? IR_OP_ADD : IR_OP_MUL, id, id);
    ir_build_finish(&b->build, &b->ir);
    ir_print_node(&b->ir, NULL, id, out);
    assert_non_null(strstr(l.at, "…"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(brackets_where_needed, setup, teardown),
        cmocka_unit_test(constants_can_be_read_again),
        cmocka_unit_test_setup_teardown(huge_expressions_end, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
