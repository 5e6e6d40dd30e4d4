/* test_decode.c - the decoder against jansson over real records and over nasty ones, and what it does that jansson does
 * not: wrapped parameters, withheld values, limits, schemas. */
#include "tests/unit/oracle_json.h"

#include "engine/event/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <glob.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const paths[] = {
    "eventVersion", "eventTime", "eventSource", "eventName", "eventID", "awsRegion", "sourceIPAddress", "userAgent",
    "userIdentity", "userIdentity.type", "userIdentity.arn", "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.attributes.mfaAuthenticated", "requestParameters", "requestParameters.instancesSet",
    "requestParameters.instancesSet.items", "requestParameters.maxResults", "requestParameters.userName",
    "requestParameters.policyDocument", "requestParameters.bucketName", "responseElements", "responseElements.role",
    "responseElements.role.arn", "responseElements._return", "additionalEventData.bytesTransferredIn", "readOnly",
    "managementEvent", "errorCode", "errorMessage", "resources", "tlsDetails.tlsVersion", "a", "a.b", "a.b.c", "b", "",
    "a.", "\xc3\xa9", "\x01", NULL};

struct fixture {
    struct arena *arena;
    struct judged judged;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(0);
    judged_init(&f->judged, f->arena, judged_ir(f->arena, paths), 8u << 20);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    judged_release(&f->judged);
    arena_free(f->arena);
    free(f);
    return 0;
}

static void judge_or_fail(struct fixture *f, struct text record)
{
    uint32_t slot = 0;
    const char *verdict = judge(&f->judged, record, &slot);
    if (verdict) fail_msg("%s (%s): " TEXT_FMT, verdict, paths[slot], (int)(record.len < 2000 ? record.len : 2000), record.at);
}

/* ---- nasty records ------------------------------------------------------------------------------------- */

static const char *const nasty[] = {
    "{}", "[]", "null", "true", "12", "\"\"", "", " ", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "[1,2",
    "{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":1,\"c\":2}}}", "{\"x\":{\"c\":1,\"c\":2}}", "{\"a\":1,\"a\":2}",
    "{\"\\u0061\":{\"\\u0062\":\"\\u0063\"}}", "{\"a\":1,\"\\u0061\":2}", "{\"x\":1,\"\\u0078\":2}", "{\"\":{\"\":1}}",
    "{\"a\":{\"\":7}}", "{\"\\u00e9\":\"\\ud83d\\ude00\"}", "{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}", "{\"\\u0001\":\"\\u0000\"}",
    "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\u00\"}", "{\"a\":\"\\q\"}",
    "{\"a\":\"\t\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"x\":\"\xff\"}",
    "{\"a\":0}", "{\"a\":-0}", "{\"a\":-0.0}", "{\"a\":0.0}", "{\"a\":00}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":1e5}", "{\"a\":1E-5}",
    "{\"a\":+1}", "{\"a\":1e}", "{\"a\":0x10}", "{\"a\":9223372036854775807}", "{\"a\":-9223372036854775808}",
    "{\"a\":9223372036854775808}", "{\"a\":1e400}", "{\"a\":123456789012345678901234567890}", "{\"a\":0.1234567890123456789}",
    "{\"a\":2.2250738585072011e-308}", "{\"a\":1.7976931348623157e308}", "{\"a\":5e-324}", "{\"a\":100000000000000000000000.5}",
    "{\"a\":nul}", "{\"a\":nulll}", "{\"a\":True}", "{\"a\":NaN}", "{\"a\":tru", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":1}}", "{\"a\":1}{}",
    "{\"a\":1} x", "{a:1}", "{'a':1}", "{\"a\":1,}", "[1,]", "{\"a\" 1}", "{\"a\":1;\"b\":2}", "\xef\xbb\xbf{\"a\":1}", "{\"a\":1}\n\r\t ",
    "\n{\n\"a\"\n:\n1\n,\n\"b\"\n:\n[\n1\n,\n2\n]\n}\n", "{\"a\":[[[[[]]]]],\"b\":{\"c\":{\"d\":{}}}}", "{\"a\":null,\"b\":[null]}",
    "{\"a\":{\"tag\":1,\"content\":\"x\"}}", "{\"a\":{\"content\":true,\"tag\":2}}", "{\"a\":{\"tag\":1,\"content\":\"x\",\"y\":1}}",
    "{\"a\":{\"tag\":1}}", "{\"a\":{\"tag\":1,\"content\":{}}}", "{\"a\":\"HIDDEN_DUE_TO_SECURITY_REASONS\",\"b\":\"<sensitiveDataRemoved>\"}",
    "{\"a\":{\"b\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}}", "{\"a\":{\"omitted\":true,\"b\":{\"c\":1}}}", "{\"a\":{\"omitted\":false,\"b\":{\"c\":1}}}",
    "{\"a\":{\"b\":{\"omitted\":true,\"c\":1}}}", "{\"a\":{\"omitted\":\"true\"}}", "{\"a\":{\"omitted\":true", "{\"a\":\"v\",\"a.b\":1,\"a.\":2}",
    "{\"a\":{\"b\":1},\"a\\u002eb\":2}", "/* */{}", "{\"a\":1}//", "{\"eventName\":\"x\",\"EventName\":\"y\"}",
};

static void test_nasty(void **state)
{
    for (size_t i = 0; i < COUNT(nasty); i++) {
        uint32_t len = (uint32_t)strlen(nasty[i]);
        char *bytes = malloc(len + 1); /* ends where the record ends */
        memcpy(bytes + 1, nasty[i], len);
        judge_or_fail(*state, (struct text){bytes + 1, len});
        free(bytes);
    }
    judge_or_fail(*state, (struct text){"{\"a\":\0}", 7});
    judge_or_fail(*state, (struct text){"{\"a\0\":1}", 9});
}

/* Every record with one byte turned into another: jansson and we agree on all of them. */
static void test_flipped(void **state)
{
    static const char from[] = "{\"a\":{\"b\":{\"c\":[1,-2.5e3,\"x\\u00e9\\n\",true,false,null]},\"omitted\":1},\"b\":\"\\ud83d\\ude00\"}";
    static const char into[] = "\"\\{}[],:0-.eEu x\n\x80\xc3\x01";
    char bytes[sizeof from];
    for (uint32_t i = 0; i < sizeof from - 1; i++)
        for (uint32_t j = 0; j < sizeof into; j++) {
            memcpy(bytes, from, sizeof from);
            bytes[i] = into[j];
            judge_or_fail(*state, (struct text){bytes, sizeof from - 1});
            memmove(bytes + i, bytes + i + 1, sizeof from - 1 - i);
            judge_or_fail(*state, (struct text){bytes, sizeof from - 2});
        }
}

/* ---- limits -------------------------------------------------------------------------------------------- */

static enum aside aside_of(struct fixture *f, const char *bytes, size_t len)
{
    struct event event;
    return judged_decode(&f->judged, (struct text){bytes, (uint32_t)len}, &event);
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    size_t most = EVENT_BYTES_MOST;
    char *bytes = malloc(most + 64);
    memset(bytes, 'x', most + 64);
    memcpy(bytes, "{\"a\":\"", 6);
    memcpy(bytes + most - 2, "\"}", 2);
    assert_int_equal(aside_of(f, bytes, most), ASIDE_NONE);
    assert_int_equal(f->judged.slots[31].len, most - 8);
    assert_int_equal(aside_of(f, bytes, most + 1), ASIDE_TOO_LARGE);
    for (size_t depth = 1000; depth > 62; depth = depth > 100 ? depth / 2 : depth - 1) {
        size_t len = 5 + depth;
        memcpy(bytes, "{\"b\":", 5);
        memset(bytes + 5, '[', depth);
        memset(bytes + len, ']', depth);
        bytes[len + depth] = '}';
        assert_int_equal(aside_of(f, bytes, len + depth + 1), depth + 1 <= EVENT_DEPTH_MOST ? ASIDE_NONE : ASIDE_TOO_DEEP);
    }
    /* as many members as fit, all in one object, then all in as many objects */
    char *to = bytes;
    *to++ = '{';
    for (unsigned i = 0; (size_t)(to - bytes) < most - 32; i++) to += sprintf(to, "\"%x\":1,", i);
    to += sprintf(to, "\"b\":2}");
    judge_or_fail(f, (struct text){bytes, (uint32_t)(to - bytes)});
    assert_int_equal(aside_of(f, bytes, (size_t)(to - bytes)), ASIDE_TWICE); /* b is 0xb */
    to = bytes + sprintf(bytes, "{\"b\":[{\"\":1}");
    while ((size_t)(to - bytes) < most - 32) to += sprintf(to, ",{\"\":1}");
    to += sprintf(to, "]}");
    assert_int_equal(aside_of(f, bytes, (size_t)(to - bytes)), ASIDE_NONE);
    free(bytes);
}

/* Too little scratch is said, and nothing is written behind it. */
static void test_little_scratch(void **state)
{
    struct fixture *f = *state;
    static const char record[] = "{\"a\":\"0123456789\\n0123456789\\n\",\"\\u0062\":\"\\n\"}";
    char *whole = f->judged.scratch.at;
    for (size_t cap = 0; cap < 512; cap++) {
        char *room = malloc(cap + 1);
        f->judged.scratch = (struct scratch){room, 0, cap};
        struct event event;
        enum aside why = judged_decode(&f->judged, TEXT(record), &event);
        if (cap == 511) assert_false(f->judged.eval.overflowed);
        if (!f->judged.eval.overflowed) assert_int_equal(why, ASIDE_NONE);
        assert_int_equal(f->judged.scratch.cap, cap);
        free(room);
    }
    f->judged.scratch = (struct scratch){whole, 0, 8u << 20};
}

/* ---- EC2's wrapped form -------------------------------------------------------------------------------- */

static void test_unwrap(void **state)
{
    (void)state;
    static const struct {
        const char *record, *raw, *unwrapped; /* slots requestParameters.Id: as it stands, and looking through */
    } cases[] = {
        {"{\"requestParameters\":{\"Id\":\"x\"}}", "x", "x"},
        {"{\"requestParameters\":{\"DeleteFlowLogsRequest\":{\"Id\":\"x\"}}}", NULL, "x"},
        {"{\"requestParameters\":{\"DeleteFlowLogsRequest\":{\"Id\":{\"tag\":1,\"content\":\"x\"}}}}", NULL, "x"},
        {"{\"requestParameters\":{\"Id\":\"x\",\"ARequest\":{\"Id\":\"y\"}}}", "x", "x"},
        {"{\"requestParameters\":{\"ARequest\":{\"Id\":\"y\"},\"Id\":\"x\"}}", "x", "x"},
        {"{\"requestParameters\":{\"ARequest\":\"Id\"}}", NULL, NULL},
        {"{\"requestParameters\":{\"A\":{\"Id\":\"y\"}}}", NULL, NULL},
        {"{\"requestParameters\":{\"ARequest\":{\"BRequest\":{\"Id\":\"y\"}}}}", NULL, NULL},
        {"{\"requestParameters\":{\"NamedRequest\":{\"Id\":\"y\",\"In\":\"z\"}}}", NULL, "y"},
        {"{\"other\":{\"ARequest\":{\"Id\":\"y\"}}}", NULL, NULL},
    };
    struct arena *a = arena_new(0);
    struct ir *ir = judged_ir(a, (const char *[]){"requestParameters.Id", "requestParameters.Id",
                                                  "requestParameters.NamedRequest.In", NULL});
    ir->slots[1].unwrap = true;
    struct judged j;
    judged_init(&j, a, ir, 1u << 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event event;
        assert_int_equal(judged_decode(&j, text_of(cases[i].record), &event), ASIDE_NONE);
        const char *expected[] = {cases[i].raw, cases[i].unwrapped};
        for (int s = 0; s < 2; s++)
            if (expected[s] ? !text_equal(value_text(j.slots[s]), text_of(expected[s])) : j.slots[s].kind != VALUE_ABSENT)
                fail_msg("%s: slot %d", cases[i].record, s);
        bool is_named = strstr(cases[i].record, "Named") != NULL;
        assert_int_equal(j.slots[2].kind, is_named ? VALUE_STRING : VALUE_ABSENT);
    }
    struct event event; /* what stands twice in the wrapper is refused, though it is walked twice */
    assert_int_equal(judged_decode(&j, TEXT("{\"requestParameters\":{\"NamedRequest\":{\"In\":1,\"In\":2}}}"), &event), ASIDE_TWICE);
    judged_release(&j);
    arena_free(a);
}

/* Withheld itself or inside something withheld: `present` tells them apart. */
static void test_withheld(void **state)
{
    struct fixture *f = *state;
    const struct value *a = &f->judged.slots[31], *a_b = &f->judged.slots[32];
    static const char *const hidden[] = {"{\"a\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}", "{\"a\":\"<sensitiveDataRemove\\u0064>\"}",
                                         "{\"a\":{\"omitted\":true,\"reason\":\"size\"}}"};
    for (size_t i = 0; i < COUNT(hidden); i++) {
        assert_int_equal(aside_of(f, hidden[i], strlen(hidden[i])), ASIDE_NONE);
        assert_true(a->kind == VALUE_UNKNOWN && a->len == 0);
        assert_true(a_b->kind == VALUE_UNKNOWN && a_b->len == 1);
    }
}

/* ---- the schema ---------------------------------------------------------------------------------------- */

static void test_schema(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct ir *ir = judged_ir(a, (const char *[]){"time", "id", "call", NULL});
    struct ir_node nodes[] = {
        {.op = IR_OP_SLOT, .x = 0},  {.op = IR_OP_SLOT, .x = 1}, {.op = IR_OP_SLOT, .x = 2},
        {.op = IR_OP_PRESENT, .first = 0, .n = 1}, {.op = IR_OP_TO_TIME, .first = 1, .n = 1},
    };
    ir_node_id operands[] = {2, 0};
    ir->nodes = nodes;
    ir->n_nodes = COUNT(nodes);
    ir->operands = operands;
    ir->schemas[0] = (struct ir_schema){.when = 3, .identity = 1, .time = 4, .service = IR_NONE, .action = 2};
    struct judged j;
    struct event e;
    judged_init(&j, a, ir, 1u << 16);
    assert_int_equal(judged_decode(&j, TEXT("{\"time\":\"1970-01-01T00:00:01.5Z\",\"id\":\"x\",\"call\":\"Go\"}"), &e), ASIDE_NONE);
    assert_true(text_equal(e.identity, TEXT("x")) && text_equal(e.action, TEXT("Go")) && e.service.len == 0);
    assert_true(e.time == 1500000000 && e.second == 1);
    assert_int_equal(judged_decode(&j, TEXT("{\"time\":7,\"id\":12,\"call\":\"Go\"}"), &e), ASIDE_NONE);
    assert_true(text_equal(e.identity, TEXT("12")) && e.second == 7);
    assert_int_equal(judged_decode(&j, TEXT("{\"time\":7,\"call\":\"Go\"}"), &e), ASIDE_NONE);
    char hex[33];
    hash128_print(hash_128((const uint64_t[2]){0, 0}, e.record.at, e.record.len), hex);
    assert_true(text_equal(e.identity, text_of(hex)));
    assert_int_equal(judged_decode(&j, TEXT("{\"time\":\"soon\",\"call\":\"Go\"}"), &e), ASIDE_NO_TIME);
    assert_int_equal(judged_decode(&j, TEXT("{\"call\":\"Go\"}"), &e), ASIDE_NO_TIME);
    assert_int_equal(judged_decode(&j, TEXT("{\"time\":7}"), &e), ASIDE_NO_SCHEMA);
    assert_int_equal(judged_decode(&j, TEXT("{\"digestStartTime\":\"2023\"}"), &e), ASIDE_NO_SCHEMA);
    judged_release(&j);
    arena_free(a);
}

/* ---- real records -------------------------------------------------------------------------------------- */

static struct text file_read(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct text t = {NULL, 0};
    if (!in) return t;
    fseek(in, 0, SEEK_END);
    t.len = (uint32_t)ftell(in);
    rewind(in);
    char *bytes = malloc(t.len + 1);
    t.len = (uint32_t)fread(bytes, 1, t.len, in);
    t.at = bytes;
    fclose(in);
    return t;
}

static uint32_t judge_file(struct fixture *f, const char *path)
{
    struct text bytes = file_read(path), record;
    struct frame frame = {.bytes = bytes, .is_last = true, .line = 1};
    uint64_t line;
    uint32_t n = 0;
    for (; frame_next(&frame, &record, &line); n++) judge_or_fail(f, record);
    free((char *)bytes.at);
    return n;
}

static void test_real(void **state)
{
    static const char *const folders[] = {"cloudtrail/invictus/*.json", "cloudtrail/*/*.ndjson", "cloudtrail/*/*/*.ndjson",
                                          "composed/*.ndjson", "envelopes/*", "k8s-audit/falco/*.ndjson", "panther/*.ndjson"};
    const char *shared = getenv("CSR_SHARED");
    uint32_t records = 0;
    for (size_t i = 0; i < COUNT(folders); i++) {
        char pattern[1024];
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/data/%s", shared ? shared : "../shared", folders[i]);
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t k = 0; k < found.gl_pathc; k++) records += judge_file(*state, found.gl_pathv[k]);
        globfree(&found);
    }
    if (!records) {
        print_message("no records beside the source tree (CSR_SHARED)\n");
        skip();
    }
    assert_true(records > 2500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nasty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_little_scratch, setup, teardown),
        cmocka_unit_test(test_unwrap),
        cmocka_unit_test_setup_teardown(test_withheld, setup, teardown),
        cmocka_unit_test(test_schema),
        cmocka_unit_test_setup_teardown(test_real, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
