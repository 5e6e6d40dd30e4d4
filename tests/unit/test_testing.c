/* test_testing.c - csr test from within: what records a line makes, which expectations hold, what is skipped,
 * what is told.
 *
 * What failing tests say is in tests/golden/test-failures; here is what must pass, and what must not.
 */
#include "engine/csr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RULES                                                                                                \
    "use aws\n"                                                                                              \
    "baseline seen = (actor, region) keep 30d warmup 7d days 2\n"                                            \
    "baseline keys = (access_key) keep 30d warmup 7d\n"                                                      \
    "baseline nets = (account, src.ip) keep 30d warmup 7d\n"                                                 \
    "rule made { title \"{req.userName} made\" severity medium severity high if req.admin == true on "       \
    "iam:CreateUser "                                                                                        \
    "(ok) respond { at 50 notify(\"soc\") } }\n"                                                             \
    "rule chain { title \"chain\" severity low by actor within 10m step a: iam:CreateUser (ok) "             \
    "step b: iam:CreateAccessKey (ok) step c: iam:DeleteUser (ok) match a -> b[3..] -> c? "                  \
    "score 20 +30 if exists c +10 if count(b) > 4 open at 10 once for 10m }\n"                               \
    "rule fresh { title \"t\" severity low by actor on iam:* (ok and new(seen)) }\n"                         \
    "rule wakes { title \"t\" severity low by access_key on iam:* (ok and new(keys)) }\n"                    \
    "rule moved { title \"t\" severity low by account on iam:* (ok and new(nets)) }\n"                       \
    "rule handed { title \"t\" severity low by k within 5m "                                                 \
    "step a: sts:AssumeRole (ok) with k = resp.credentials.accessKeyId step b: iam:* with k = access_key "   \
    "match a -> b }\n"                                                                                       \
    "rule later { title \"t\" severity low by actor within 5m step a: iam:CreateUser match a score 10 "      \
    "+5 if spike(a by actor in 10m over 14d floor 10) > 4 }\n"

/* ---- running ---- */

struct seen {
    struct csr_test_counts counts;
    enum csr_status status;
    char said[8192]; /* every line of every failure, and codes of what was skipped */
};

static void on_result(void *world, const struct csr_test_result *r)
{
    struct seen *seen = world;
    size_t at = strlen(seen->said);
    if (r->code) at += (size_t)snprintf(seen->said + at, sizeof seen->said - at, "%s\n", r->code);
    for (size_t f = 0; f < r->n_failures; f++)
        for (size_t i = 0; i < r->failures[f].n_lines && at < sizeof seen->said; i++)
            at += (size_t)snprintf(seen->said + at, sizeof seen->said - at, "%s\n", r->failures[f].lines[i]);
}

static csr_ruleset *compile(const char *text)
{
    struct csr_text one = {"rules.csr", text, strlen(text)};
    struct csr_compile_options o = {
        .texts = &one, .n_texts = 1, .without_lints = true, .with_tests = true, .leaves_out_refused = true};
    csr_report *report = csr_report_new();
    csr_ruleset *rules = csr_compile(&o, report);
    if (!rules) csr_report_print(report, stderr, (struct csr_report_style){0});
    csr_report_free(report);
    assert_non_null(rules);
    return rules;
}

static struct seen run(const char *text, const char *filter)
{
    struct seen seen = {.said = ""};
    csr_ruleset *rules = compile(text);
    struct csr_test_options o = {.filter = filter, .world = &seen, .result = on_result};
    seen.status = csr_test(rules, &o, &seen.counts);
    csr_ruleset_free(rules);
    return seen;
}

/* ---- one test each ---- */

static const struct {
    const char *rule, *body;
    int failed; /* 0: it passes */
    const char *said;
} table[] = {
    /* callers */
    {"made", "at 0s iam:CreateUser expect incident where actor == \"arn:aws:iam::111122223333:user/tester\"",
     0, ""},
    {"made",
     "as user/div/ann in 444455556666 at 0s iam:CreateUser "
     "expect incident where actor == \"arn:aws:iam::444455556666:user/div/ann\" and principal.name == "
     "\"ann\" "
     "and account == \"444455556666\" and principal.account == \"444455556666\" and user == \"ann\"",
     0, ""},
    {"made",
     "as role/deploy/run-7 at 0s iam:CreateUser expect incident where principal.type == \"AssumedRole\" and "
     "principal.session == \"run-7\" and principal.arn == \"arn:aws:iam::111122223333:role/deploy\" and "
     "actor == \"arn:aws:sts::111122223333:assumed-role/deploy/run-7\" and access_key starts \"ASIA\"",
     0, ""},
    {"made",
     "as root at 0s iam:CreateUser expect incident where principal.type == \"Root\" and "
     "principal.arn ends \":root\"",
     0, ""},
    {"made",
     "as \"arn:aws:sts::999988887777:assumed-role/r/s\" at 0s iam:CreateUser expect incident where "
     "principal.session == \"s\" and account == \"999988887777\"",
     0, ""},
    {"made",
     "as \"config.amazonaws.com\" at 0s iam:CreateUser expect incident where "
     "principal.type == \"AWSService\" and invoked_by == \"config.amazonaws.com\" and src.ip absent",
     0, ""},
    {"made",
     "as user/x from \"ec2.amazonaws.com\" at 0s iam:CreateUser expect incident where src.ip absent and "
     "src.service == \"ec2.amazonaws.com\" and src.aws",
     0, ""},
    {"made",
     "as user/x in 444455556666 from 10.0.0.1 at 0s iam:CreateUser from 10.0.0.2 expect incident where "
     "src.ip == 10.0.0.2 and actor ends \"/x\"",
     0, ""},
    {"made",
     "as user/x in 444455556666 from 10.0.0.1 at 0s iam:CreateUser by user/y expect incident where "
     "src.ip == 10.0.0.1 and actor == \"arn:aws:iam::444455556666:user/y\"",
     0, ""},
    {"made",
     "as user/x from 10.0.0.1 { asn = 7 org = \"O\" country = \"DE\" } at 0s iam:CreateUser "
     "at 2h iam:CreateUser from \"2001:db8::1\" expect incident once where src.asn == 7 and src.org == \"O\" "
     "and "
     "src.country == \"DE\" expect incident once where src.asn absent and src.ip == \"2001:db8::1\"",
     0, ""},
    /* records */
    {"made",
     "at 0s iam:CreateUser { requestParameters: { userName: \"x\", admin: true }, requestParameters.path: "
     "\"/\" } "
     "expect incident where severity == high and title == \"x made\" and req.path == \"/\"",
     0, ""},
    {"made",
     "at 0s iam:CreateUser { requestParameters.\"x.y\": [ 1, \"two\", null ], userIdentity: { userName: "
     "\"o\" } } "
     "expect incident where req.\"x.y\"[] == \"two\" and principal.name == \"o\" and principal.type == "
     "\"IAMUser\"",
     0, ""},
    {"made", "at 0s iam:CreateUser { errorCode: \"AccessDenied\" } expect none", 0, ""},
    {"made",
     "start \"2026-08-02T12:00:00Z\" at 1h iam:CreateUser expect incident where hour(time, \"UTC\") == 13 "
     "and "
     "weekday(time, \"UTC\") == \"sun\"",
     0, ""},
    /* how many */
    {"made",
     "at 0s iam:CreateUser at 2h iam:CreateUser at 4h iam:CreateUser expect incident 3 expect incident", 0,
     ""},
    {"made", "at 0s iam:CreateUser at 2h iam:CreateUser expect incident once", 1, "got 2 incidents"},
    {"made", "at 0s iam:CreateUser expect incident where severity > medium", 1,
     "expected severity > medium, got medium"},
    {"made", "at 0s iam:CreateUser expect incident where severity < high or score == 3", 0, ""},
    {"made", "at 0s iam:CreateUser expect action notify", 0, ""},
    {"made", "expect action notify", 1, "got no incident"},
    {"made", "expect none", 0, ""},
    /* chains: order of lines, windows, repetition */
    {"chain",
     "at 5m iam:DeleteUser at 1m iam:CreateAccessKey * 3 every 1m at 0s iam:CreateUser "
     "expect incident once where score == 50 and exists c and count(b) == 3 expect partial b 3 of 3",
     0, ""},
    {"chain", "at 0s iam:CreateUser at 0s iam:CreateAccessKey * 5 expect incident once where score == 30", 0,
     ""},
    {"chain",
     "at 0s iam:CreateUser at 0s iam:CreateAccessKey * 2 expect none expect partial b 2 of 3 "
     "expect partial a 1 of 1 expect partial c 0 of 1",
     0, ""},
    {"chain", "at 0s iam:CreateUser at 11m iam:CreateAccessKey * 3 expect incident", 1,
     "the window of 10m that began at 0s is over"},
    {"chain", "at 0s iam:CreateUser at 1m iam:CreateAccessKey * 3 expect incident where exists c", 1,
     "no event of iam:DeleteUser"},
    {"made",
     "as role/r/s at 0s iam:CreateUser { requestParameters.userName: \"x\" } expect incident where "
     "resp.user.userName == \"x\"",
     0, ""},
    {"handed",
     "at 0s sts:AssumeRole { requestParameters: { roleArn: \"arn:aws:iam::444455556666:role/p/r\", "
     "roleSessionName: \"s\" } } at 1s iam:CreateUser by role/r/s in 444455556666 expect incident once",
     0, ""},
    {"handed",
     "at 0s sts:AssumeRole { errorCode: \"AccessDenied\", requestParameters: { roleArn: "
     "\"arn:aws:iam::444455556666:role/r\", roleSessionName: \"s\" } } "
     "at 1s iam:CreateUser by role/r/s in 444455556666 expect none",
     0, ""},
    {"chain",
     "at 0s iam:CreateUser { eventID: \"e\" } * 3 at 1m iam:CreateAccessKey * 3 expect incident once", 0, ""},
    /* baselines */
    {"fresh", "at 0s iam:CreateUser expect none", 0, ""},
    {"fresh", "known seen at 0s iam:CreateUser expect incident once", 0, ""},
    {"fresh", "known seen at 0s iam:CreateUser at 2d iam:CreateUser at 4d iam:CreateUser expect incident 2",
     0, ""},
    {"fresh", "known seen = (actor, \"us-east-1\") at 0s iam:CreateUser expect none", 0, ""},
    {"fresh",
     "known seen = (actor, \"us-east-1\") at 0s iam:CreateUser { awsRegion: \"eu-west-1\" } expect incident",
     0, ""},
    {"fresh", "known seen = (\"somebody\", \"us-east-1\") at 0s iam:CreateUser expect incident", 0, ""},
    {"wakes", "known keys at 0s iam:CreateUser at 2d iam:CreateUser expect incident once", 0, ""},
    {"moved", "known nets = (111122223333, 203.0.113.7) at 0s iam:CreateUser expect none", 0, ""},
    {"moved", "known nets = (\"111122223333\", \"203.0.113.8\") at 0s iam:CreateUser expect incident", 0, ""},
    /* files */
    {"chain", "records \"docs/sample/stolen-key.ndjson\" expect none", 0, ""},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[8192];
        snprintf(text, sizeof text, "%stest %s \"t\" { %s }\n", RULES, table[i].rule, table[i].body);
        struct seen seen = run(text, NULL);
        if ((int)seen.counts.failed != table[i].failed || !strstr(seen.said, table[i].said))
            print_error("%s { %s }\n%s\n", table[i].rule, table[i].body, seen.said);
        assert_int_equal(seen.counts.failed, table[i].failed);
        assert_int_equal(seen.counts.passed, !table[i].failed);
        assert_int_equal(seen.status, table[i].failed ? CSR_WRONG : CSR_OK);
        assert_non_null(strstr(seen.said, table[i].said));
    }
}

/* ---- what cannot run ---- */

static void test_skipped(void **state)
{
    (void)state;
    struct seen seen = run(RULES "test later \"spike\" { at 0s iam:CreateUser expect none }\n"
                                 "test made \"silent\" { silent cloudtrail from 1m to 2m expect none }\n"
                                 "test made \"runs\" { at 0s iam:CreateUser expect incident }\n",
                           NULL);
    assert_int_equal(seen.counts.skipped, 1);
    assert_int_equal(seen.counts.passed, 2);
    assert_int_equal(seen.status, CSR_OK);
    assert_non_null(strstr(seen.said, "E0513"));
}

static void test_filter(void **state)
{
    (void)state;
    const char *text = RULES "test made \"first\" { at 0s iam:CreateUser expect incident }\n"
                             "test made \"second\" { at 0s iam:CreateUser expect none }\n"
                             "test chain \"third\" { expect none }\n";
    assert_int_equal(run(text, NULL).counts.passed, 2);
    assert_int_equal(run(text, "made").counts.passed, 1);
    assert_int_equal(run(text, "made second").counts.failed, 1);
    assert_int_equal(run(text, "nothing").counts.passed, 0);
}

/* ---- records as they are ---- */

static char *dump(const char *text)
{
    struct csr_text one = {"rules.csr", text, strlen(text)};
    char *out = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&out, &len);
    assert_int_equal(csr_dump(&(struct csr_compile_options){.texts = &one, .n_texts = 1}, "tests", to, NULL),
                     CSR_OK);
    fclose(to);
    return out;
}

static void test_records(void **state)
{
    (void)state;
    static const struct {
        const char *line, *has[4];
    } lines[] = {
        {"cloudwatch:PutMetricAlarm", {"\"eventSource\":\"monitoring.amazonaws.com\"", "\"readOnly\":false"}},
        {"ec2:DescribeInstances",
         {"\"readOnly\":true", "\"managementEvent\":true", "\"requestParameters\":null"}},
        {"s3:GetObject", {"\"eventCategory\":\"Data\"", "\"managementEvent\":false", "\"readOnly\":true"}},
        {"signin:ConsoleLogin", {"\"ConsoleLogin\":\"Success\"", "AwsConsoleSignIn", "\"accessKeyId\":\"\""}},
        {"signin:ConsoleLogin { responseElements.ConsoleLogin: \"Failure\" }", {"Failed authentication"}},
        {"iam:CreateUser { a.b: 1.5, \"c.d\": -2, e: 10MB }",
         {"\"a\":{\"b\":1.5}", "\"c.d\":-2", "\"e\":10000000"}},
        {"iam:CreateUser { a: \"q\\\"\\\\\\n\" }", {"\"a\":\"q\\\"\\\\\\u000a\""}},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[4096];
        snprintf(text, sizeof text, "%stest made \"t\" { at 0s %s expect none }\n", RULES, lines[i].line);
        char *out = dump(text), *again = dump(text);
        assert_string_equal(out, again);
        for (size_t k = 0; k < 4 && lines[i].has[k]; k++) {
            if (!strstr(out, lines[i].has[k])) print_error("%s lacks %s\n", out, lines[i].has[k]);
            assert_non_null(strstr(out, lines[i].has[k]));
        }
        free(out);
        free(again);
    }
}

/* ---- coverage ---- */

static void on_coverage(void *world, const struct csr_test_coverage *c)
{
    struct seen *seen = world;
    size_t at = strlen(seen->said);
    if (strcmp(c->rule, "chain")) return;
    for (size_t i = 0; i < c->n_clauses; i++)
        at += (size_t)snprintf(seen->said + at, sizeof seen->said - at, "%s %s: %d\n", c->clauses[i].kind,
                               c->clauses[i].words, (int)c->clauses[i].tests);
}

static void test_coverage(void **state)
{
    (void)state;
    struct seen seen = {.said = ""};
    csr_ruleset *rules =
        compile(RULES "test chain \"c\" { at 0s iam:CreateUser at 1s iam:CreateAccessKey * 3 "
                      "at 2s iam:DeleteUser expect incident }\n"
                      "test chain \"n\" { at 0s iam:CreateUser expect none }\n");
    struct csr_test_options o = {.world = &seen, .coverage = on_coverage};
    assert_int_equal(csr_test(rules, &o, &seen.counts), CSR_OK);
    assert_string_equal(seen.said, "step a: 2\nstep b: 1\nstep c: 1\nscore +30 if exists c: 1\n"
                                   "score +10 if count(b) > 4: 0\n");
    csr_ruleset_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_skipped),
                                       cmocka_unit_test(test_filter), cmocka_unit_test(test_records),
                                       cmocka_unit_test(test_coverage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
