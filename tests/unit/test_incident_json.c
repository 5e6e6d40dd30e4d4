/* An incident's line of JSON: exact bytes, and hostile text that must come back unchanged and show nothing. */
#include "engine/io/incident_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

/* ---- an incident --------------------------------------------------------------------------------------- */

static struct ir_step steps[] = {{.name = {"probe", 5}}, {.name = {"launch", 6}}};
static struct ir_by by[] = {{.name = {"actor", 5}}, {.name = {"n", 1}}};
static struct text attack[] = {{"T1496.001", 9}, {"T1078", 5}};
static struct text sink_arg[] = {{"sink", 4}}, key_args[] = {{"access_key", 10}};
static struct ir_respond responds[] = {
    {.verb = {"notify", 6}, .arg_names = sink_arg, .n_args = 1},
    {.verb = {"aws.disable_key", 15}, .arg_names = key_args, .n_args = 1},
};
static struct ir_rule rules[] = {{
    .name = {"aws-core.miners", 15},
    .pack = {"aws-core", 8},
    .pack_version = {"1.0.0", 5},
    .author = {"csr", 3},
    .license = {"Apache-2.0", 10},
    .by = by,
    .n_by = 2,
    .steps = steps,
    .n_steps = 2,
    .attack = attack,
    .n_attack = 2,
    .responds = responds,
    .n_responds = 2,
}};
static const struct ir ir = {.rules = rules, .n_rules = 1};

static struct evidence probe = {
    .identity = {"e-1", 3},
    .service = {"ec2", 3},
    .action = {"RunInstances", 12},
    .region = {"us-east-1", 9},
    .account = {"111122223333", 12},
    .source_ip = {"203.0.113.7", 11},
    .error = {"Client.DryRunOperation", 22},
    .time = 1700000000 * (int64_t)1000000000,
};
static const struct evidence *probes[] = {&probe};
static struct incident_step found[] = {
    {.step = 0, .count = 3, .events = probes, .n_events = 1, .first = 1700000000, .last = 1700000007}};
static struct incident_reason reasons[] = {
    {.points = 30, .why = {"base", 4}},
    {.points = 0, .why = {"new(seen_asn, probe)", 20}, .is_unknown = true}};
static struct value soc = {.kind = VALUE_STRING, .len = 3, .s = "soc"};
static struct value keys = {.kind = VALUE_STRING, .len = 4, .s = "AKIA"};
static struct incident_action actions[] = {
    {.respond = 0, .args = &soc, .n_args = 1, .is_new = true},
    {.respond = 1, .args = &keys, .n_args = 1, .is_refused = true, .refusal = {"2 principals, limit 1", 21}},
};
static struct text witness[] = {{"e-1", 3}, {"e-2", 3}}, accounts[] = {{"111122223333", 12}};
static char key[128];

static struct incident example(void)
{
    char *end = value_key_put(key, value_string(TEXT("arn:aws:iam::111122223333:user/ci")));
    end = value_key_put(end, value_int(7));
    return (struct incident){
        .ir = &ir,
        .key = {key, (uint32_t)(end - key)},
        .id = "0123456789abcdef0123456789abcdef",
        .match_id = "00112233445566778899aabbccddeeff",
        .predecessor = "fedcba9876543210fedcba9876543210",
        .revision = 2,
        .state = INCIDENT_SETTLED,
        .severity = IR_CRITICAL,
        .score = 90,
        .title = TEXT("Stolen key"),
        .tie = true,
        .start = 1700000000,
        .opened = 1700000007,
        .end = 1700000100,
        .completing = TEXT("e-2"),
        .witness = witness,
        .n_witness = 2,
        .steps = found,
        .n_steps = 1,
        .reasons = reasons,
        .n_reasons = 2,
        .actions = actions,
        .n_actions = 2,
        .accounts = accounts,
        .n_accounts = 1,
    };
}

static char *render(const struct incident *i)
{
    struct json_out o = {0};
    incident_json(&o, i);
    json_put_newline(&o);
    assert_false(o.failed);
    o.at[o.len - 1] = '\0';
    return o.at;
}

static void every_member_in_its_place(void **state)
{
    (void)state;
    struct incident i = example();
    char *line = render(&i);
    assert_string_equal(
        line,
        "{\"type\":\"incident\",\"id\":\"0123456789abcdef0123456789abcdef\","
        "\"match_id\":\"00112233445566778899aabbccddeeff\",\"revision\":2,\"state\":\"settled\","
        "\"rule\":\"aws-core.miners\",\"pack\":\"aws-core@1.0.0\",\"title\":\"Stolen "
        "key\",\"severity\":\"critical\","
        "\"score\":90,\"key\":{\"actor\":\"arn:aws:iam::111122223333:user/"
        "ci\",\"n\":7},\"witness\":[\"e-1\",\"e-2\"],"
        "\"tie\":true,\"capped\":false,\"blinded\":false,\"start\":\"2023-11-14T22:13:20Z\","
        "\"opened\":\"2023-11-14T22:13:27Z\",\"completing\":\"e-2\",\"end\":\"2023-11-14T22:15:00Z\","
        "\"steps\":[{\"name\":\"probe\",\"count\":3,\"first\":\"2023-11-14T22:13:20Z\",\"last\":\"2023-11-"
        "14T22:13:27Z\","
        "\"events\":[{\"id\":\"e-1\",\"time\":\"2023-11-14T22:13:20Z\",\"api\":\"ec2:RunInstances\","
        "\"region\":\"us-east-1\","
        "\"account\":\"111122223333\",\"source_ip\":\"203.0.113.7\",\"error\":\"Client.DryRunOperation\"}]}],"
        "\"reasons\":[{\"points\":30,\"why\":\"base\"},{\"points\":0,\"why\":\"new(seen_asn, "
        "probe)\",\"unknown\":true}],"
        "\"attack\":[\"T1496.001\",\"T1078\"],\"accounts\":[\"111122223333\"],"
        "\"response\":[{\"action\":\"notify\",\"state\":\"proposed\",\"args\":{\"sink\":\"soc\"}},"
        "{\"action\":\"aws.disable_key\",\"state\":\"refused\",\"args\":{\"access_key\":\"AKIA\"},"
        "\"why\":\"2 principals, limit 1\"}],\"author\":\"csr\",\"license\":\"Apache-2.0\","
        "\"predecessor\":\"fedcba9876543210fedcba9876543210\"}");
    free(line);
}

static void a_blinded_incident_names_event_and_values(void **state)
{
    (void)state;
    static const struct evidence doubtful = {.identity = TEXT("e-9"),
                                             .service = TEXT("ec2"),
                                             .action = TEXT("StopInstances"),
                                             .time = 1700000003 * INT64_C(1000000000)};
    struct incident i = example();
    i.blinded = true;
    i.blinded_by = &doubtful;
    i.missing = TEXT("req.name, actor");
    char *line = render(&i);
    assert_non_null(
        strstr(line, "\"blinded\":true,\"blinded_by\":{\"step\":\"probe\",\"missing\":\"req.name, actor\","
                     "\"event\":{\"id\":\"e-9\",\"time\":\"2023-11-14T22:13:23Z\","
                     "\"api\":\"ec2:StopInstances\"}},\"start\""));
    free(line);
}

static void members_without_a_value_are_null(void **state)
{
    (void)state;
    static struct ir_rule bare_rules[] = {{.name = {"r", 1}}};
    static const struct ir bare_ir = {.rules = bare_rules, .n_rules = 1};
    struct incident i = {.ir = &bare_ir,
                         .revision = 1,
                         .id = "00000000000000000000000000000001",
                         .title = TEXT("t"),
                         .severity = IR_LOW};
    char *line = render(&i);
    assert_string_equal(
        line,
        "{\"type\":\"incident\",\"id\":\"00000000000000000000000000000001\",\"match_id\":null,\"revision\":1,"
        "\"state\":\"open\",\"rule\":\"r\",\"pack\":null,\"title\":\"t\",\"severity\":\"low\",\"score\":0,"
        "\"key\":{},"
        "\"witness\":[],\"tie\":false,\"capped\":false,\"blinded\":false,\"start\":\"1970-01-01T00:00:00Z\","
        "\"opened\":\"1970-01-01T00:00:00Z\",\"completing\":null,\"end\":\"1970-01-01T00:00:00Z\",\"steps\":["
        "],"
        "\"reasons\":[],\"attack\":[],\"accounts\":[],\"response\":[]}");
    free(line);
}

/* ---- text ---------------------------------------------------------------------------------------------- */

static char *string_of(struct text t)
{
    struct json_out o = {0};
    json_put_text(&o, t);
    json_put_newline(&o);
    o.at[o.len - 1] = '\0';
    return o.at;
}

static void text_is_escaped(void **state)
{
    (void)state;
    static const struct {
        struct text from;
        const char *to;
    } cases[] = {
        {TEXT(""), "\"\""},
        {TEXT("plain, text"), "\"plain, text\""},
        {TEXT("\"\\/"), "\"\\\"\\\\/\""},
        {TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {TEXT("\0\x01\x1b[31m\x7f"), "\"\\u0000\\u0001\\u001b[31m\\u007f\""},
        {TEXT("\xc2\x85\xc2\x9b"), "\"\\u0085\\u009b\""},           /* C1 */
        {TEXT("a\xe2\x80\xa8\xe2\x80\xa9"), "\"a\\u2028\\u2029\""}, /* line separators */
        {TEXT("\xe2\x80\xae"
              "exe.txt\xe2\x81\xa6\xd8\x9c"),
         "\"\\u202eexe.txt\\u2066\\u061c\""},                     /* directions */
        {TEXT("\xef\xbb\xbf\xe2\x80\x8b"), "\"\\ufeff\\u200b\""}, /* invisible */
        {TEXT("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\""},         /* tags */
        {TEXT("Gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x98\x80"),
         "\"Gr\xc3\xbc\xc3\x9f \xe4\xb8\xad \xf0\x9f\x98\x80\""},
        {TEXT("a\xff"
              "b\xc3"),
         "\"a\\ufffdb\\ufffd\""}, /* no UTF-8 */
        {TEXT("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"),
         "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = string_of(cases[i].from);
        assert_string_equal(got, cases[i].to);
        free(got);
    }
}

static uint32_t utf8(uint32_t c, char out[4])
{
    if (c < 0x80) return out[0] = (char)c, 1;
    uint32_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (uint32_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00 >> n & 0xFF) | c);
    return n;
}

/* Every character there is comes back from a JSON parser as it went in. */
static void every_character_comes_back(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < 0x110000; first += 0x1000) {
        char bytes[4 * 0x1000];
        uint32_t len = 0;
        for (uint32_t c = first; c < first + 0x1000; c++)
            if (c < 0xD800 || c >= 0xE000) len += utf8(c, bytes + len);
        char *json = string_of((struct text){bytes, len});
        json_t *back = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(back);
        assert_int_equal(json_string_length(back), len);
        assert_memory_equal(json_string_value(back), bytes, len);
        json_decref(back);
        free(json);
    }
}

/* Whatever bytes an attacker writes into a record: still one line, and JSON. */
static void hostile_bytes_stay_inside(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    for (int round = 0; round < 2000; round++) {
        char bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
        struct incident i = example();
        struct evidence hostile = probe;
        const struct evidence *events[] = {&hostile};
        struct incident_step step = {.events = events, .n_events = 1};
        i.title = hostile.identity = hostile.service = hostile.action = hostile.error =
            (struct text){bytes, sizeof bytes};
        i.steps = &step;
        char *line = render(&i);
        json_error_t error;
        json_t *back = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        assert_non_null(back);
        assert_null(strpbrk(line, "\n\r\x1b\x7f"));
        json_decref(back);
        free(line);
    }
}

static void values_keep_their_kind(void **state)
{
    (void)state;
    struct ip_net net;
    assert_true(ip_parse(TEXT("10.0.0.0/8"), &net));
    struct value elements[] = {value_int(INT64_MIN), value_bool(true), {.kind = VALUE_NULL}};
    static const char digits[] = "123456789012345678901234567890";
    struct value all[] = {
        value_int(INT64_MAX),
        {.kind = VALUE_FLOAT, .f = 0.1},
        {.kind = VALUE_NET, .net = &net},
        {.kind = VALUE_STRING, .is_number = true, .s = digits, .len = sizeof digits - 1},
        {.kind = VALUE_TIME, .i = 1700000000500000000},
        {.kind = VALUE_DURATION, .i = 90000000000},
        {.kind = VALUE_SIZE, .i = 10485760},
        {.kind = VALUE_LIST, .items = elements, .len = 3},
        value_absent(),
        {.kind = VALUE_JSON, .s = "{\"a\":1}", .len = 7},
    };
    static struct text names[] = {{"int", 3}, {"float", 5}, {"net", 3}, {"digits", 6}, {"time", 4},
                                  {"for", 3}, {"size", 4},  {"list", 4}, {"none", 4},  {"json", 4}};
    static struct ir_respond respond = {.arg_names = names};
    static struct ir_rule rule = {.responds = &respond};
    static const struct ir one = {.rules = &rule};
    struct incident_action action = {.args = all, .n_args = sizeof all / sizeof *all};
    struct incident i = {.ir = &one, .actions = &action, .n_actions = 1};
    struct json_out o = {0};
    incident_action_json(&o, &i, 0);
    json_put_newline(&o);
    o.at[o.len - 1] = '\0';
    assert_string_equal(
        o.at, "{\"int\":9223372036854775807,\"float\":0.1,\"net\":\"10.0.0.0/8\","
              "\"digits\":123456789012345678901234567890,\"time\":\"2023-11-14T22:13:20.5Z\",\"for\":90,"
              "\"size\":10485760,"
              "\"list\":[-9223372036854775808,true,null],\"none\":null,\"json\":\"{\\\"a\\\":1}\"}");
    json_out_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_in_its_place), cmocka_unit_test(a_blinded_incident_names_event_and_values),
        cmocka_unit_test(members_without_a_value_are_null),
        cmocka_unit_test(text_is_escaped),           cmocka_unit_test(every_character_comes_back),
        cmocka_unit_test(hostile_bytes_stay_inside), cmocka_unit_test(values_keep_their_kind),
    };
    return cmocka_run_group_tests_name("incident_json", tests, NULL, NULL);
}
