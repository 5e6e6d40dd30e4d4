/* test_columns.c - lines of values are to rules what the objects are that they stand for. */
#include "engine/compile/compile.h"
#include "engine/event/decode.h"
#include "engine/io/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char V2[] = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end "
                         "action log-status";

/* ---- names ---- */

static const struct {
    const char *line;
    uint32_t n; /* 0: no line of names */
} headers[] = {
    {V2, 14},
    {"srcaddr dstaddr start", 3},
    {"interface-id\tbytes end \r", 3},
    {"srcaddr dstaddr", 0},
    {"a b c", 0},
    {"srcaddr dstaddr srcaddr", 0},
    {"srcaddr dst/addr start", 0},
    {"Srcaddr dstaddr start", 0},
    {"2 srcaddr dstaddr", 0},
    {"pkt-srcaddr tcp-flags traffic-path", 3},
    {"", 0},
};

static void test_headers(void **state)
{
    (void)state;
    struct columns_set set = {0};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const struct columns *c = columns_of_header(&set, text_of(headers[i].line));
        if ((c ? c->n : 0) != headers[i].n) fail_msg("%s", headers[i].line);
    }
    const struct columns *first = columns_of_header(&set, text_of(V2));
    assert_ptr_equal(columns_of_header(&set, text_of(V2)), first);
    assert_true(text_equal(first->names[2], TEXT("interface_id")));
    columns_set_release(&set);
}

/* A line with more names, or longer ones, than a flow log can have is none. */
static void test_too_many(void **state)
{
    (void)state;
    struct columns_set set = {0};
    char line[4096] = "srcaddr dstaddr";
    for (int i = 0; i < COLUMNS_MOST - 2; i++) sprintf(line + strlen(line), " x%d", i);
    assert_non_null(columns_of_header(&set, text_of(line)));
    strcat(line, " y");
    assert_null(columns_of_header(&set, text_of(line)));
    strcpy(line, "srcaddr dstaddr ");
    memset(line + 16, 'x', COLUMNS_NAMES_LEN);
    line[16 + COLUMNS_NAMES_LEN] = 0;
    assert_null(columns_of_header(&set, text_of(line)));
    columns_set_release(&set);
}

/* ---- values ---- */

static const struct {
    const char *names, *line, *json; /* json NULL: set aside */
} lines[] = {
    {NULL, "2 012345678901 eni-1 10.0.0.7 198.51.100.4 44312 443 6 10 8000 1767603600 1767603659 ACCEPT OK",
     "{\"version\":2,\"account_id\":\"012345678901\",\"interface_id\":\"eni-1\",\"srcaddr\":\"10.0.0.7\","
     "\"dstaddr\":\"198.51.100.4\",\"srcport\":44312,\"dstport\":443,\"protocol\":6,\"packets\":10,\"bytes\":8000,"
     "\"start\":1767603600,\"end\":1767603659,\"action\":\"ACCEPT\",\"log_status\":\"OK\"}"},
    {NULL, "2 111122223333 eni-1 - - - - - - - 1767603600 1767603659 - NODATA",
     "{\"version\":2,\"account_id\":111122223333,\"interface_id\":\"eni-1\",\"start\":1767603600,\"end\":1767603659,"
     "\"log_status\":\"NODATA\"}"},
    {"interface-id srcaddr dstaddr start pkt-src-aws-service", "eni-1 fd00::1 fd00::2 1767603600 S3\r",
     "{\"interface_id\":\"eni-1\",\"srcaddr\":\"fd00::1\",\"dstaddr\":\"fd00::2\",\"start\":1767603600,"
     "\"pkt_src_aws_service\":\"S3\"}"},
    {"interface-id srcaddr start", "e\"1\\ 0 0.5", "{\"interface_id\":\"e\\\"1\\\\\",\"srcaddr\":0,\"start\":0.5}"},
    {"interface-id srcaddr start", "eni-1 10.0.0.7", NULL},
    {"interface-id srcaddr start", "eni-1 10.0.0.7 1 2", NULL},
};

static const struct columns *columns_of(struct columns_set *set, size_t i)
{
    return lines[i].names ? columns_of_header(set, text_of(lines[i].names)) : columns_of_line(text_of(lines[i].line));
}

static void test_json(void **state)
{
    (void)state;
    struct columns_set set = {0};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct json_out json = {0};
        if (!lines[i].json) continue;
        columns_json(columns_of(&set, i), text_of(lines[i].line), &json);
        if (!text_equal(json_out_text(&json), text_of(lines[i].json))) fail_msg(TEXT_FMT, TEXT_ARG(json_out_text(&json)));
        json_out_release(&json);
    }
    columns_set_release(&set);
}

static void test_no_line(void **state)
{
    (void)state;
    assert_null(columns_of_line(TEXT("2 111122223333 eni-1")));
    assert_null(columns_of_line(TEXT("3 a b c d e f g h i j k l m")));
    assert_null(columns_of_line(TEXT("hello")));
    assert_null(columns_of_line(TEXT("")));
}

/* ---- decoded ---- */

struct bench {
    struct arena *arena;
    struct ir *ir;
    struct decoder *decoder;
    struct scratch scratch;
    struct eval eval;
};

static void bench_init(struct bench *b)
{
    struct compile_text text = {
        TEXT("flow.csr"), TEXT("use vpcflow\nrule r { title \"t\" severity info on vpcflow:* (src.ip present and dst.ip present "
                               "and src.port > 0 and dst.port > 0 and bytes > 0 and packets > 0 and eni present) }\n")};
    struct compile_input input = {.texts = &text, .n_texts = 1, .without_lints = true};
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    b->arena = arena_new(0);
    b->ir = csr_compile_ir(b->arena, &input, &sources, &diags, &unreadable);
    assert_non_null(b->ir);
    b->decoder = decoder_new(b->ir);
    b->scratch = (struct scratch){.at = malloc(1 << 20), .cap = 1 << 20};
    eval_init(&b->eval, b->ir, &b->scratch, calloc(b->ir->n_nodes, sizeof(struct value)),
              calloc(b->ir->n_nodes, sizeof(uint32_t)));
}

static void bench_release(struct bench *b)
{
    free(b->eval.memo);
    free(b->eval.memo_stamp);
    free(b->scratch.at);
    decoder_free(b->decoder);
    arena_free(b->arena);
}

static bool same_value(struct value a, struct value b)
{
    return a.kind == b.kind && (a.kind == VALUE_ABSENT || value_equal(a, b) == TRI_TRUE);
}

/* A line and the object that it stands for fill the same slots, and have the same time. */
static void test_slots(void **state)
{
    (void)state;
    struct bench b;
    struct columns_set set = {0};
    bench_init(&b);
    struct value *left = calloc(b.ir->n_slots, sizeof *left), *right = calloc(b.ir->n_slots, sizeof *right);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct event line = {.slots = left}, object = {.slots = right};
        const struct columns *columns = columns_of(&set, i);
        int64_t time = 0;
        b.scratch.len = 0;
        enum aside why = decode_line(b.decoder, &b.eval, text_of(lines[i].line), columns, &line);
        if (!lines[i].json) {
            assert_int_equal(why, ASIDE_COLUMNS);
            continue;
        }
        assert_int_equal(why, ASIDE_NONE);
        assert_true(record_time(text_of(lines[i].line), columns, &time));
        assert_int_equal(time, line.time);
        assert_int_equal(decode_event(b.decoder, &b.eval, text_of(lines[i].json), &object), ASIDE_NONE);
        assert_int_equal(line.time, object.time);
        for (uint32_t s = 0; s < b.ir->n_slots; s++) assert_true(same_value(left[s], right[s]));
    }
    free(left);
    free(right);
    columns_set_release(&set);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers), cmocka_unit_test(test_too_many), cmocka_unit_test(test_json),
        cmocka_unit_test(test_no_line), cmocka_unit_test(test_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
