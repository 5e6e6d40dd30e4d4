/* csr.h: reports, rule sets, dumps and explanations; who frees what; replay over a small history. */
#include "engine/csr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char good[] = "use aws\n"
                           "rule trail_stopped { title \"Trail stopped\" severity high attack T1562.008\n"
                           "  on cloudtrail:StopLogging (ok) }\n";
static const char bad[] =
    "use aws\nrule wrong { title \"x\" severity high on cloudtrail:StopLogging (nonsense == 1) }\n";

static csr_ruleset *compile(const char *text, csr_report *r)
{
    struct csr_text one = {"rules.csr", text, strlen(text)};
    struct csr_compile_options o = {.texts = &one, .n_texts = 1};
    return csr_compile(&o, r);
}

/* What a report prints, to be freed. */
static char *print(const csr_report *r, bool as_json)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    csr_report_print(r, to, (struct csr_report_style){.json = as_json});
    fclose(to);
    return text;
}

static void test_compile(void **state)
{
    (void)state;
    csr_report *r = csr_report_new();
    csr_ruleset *rs = compile(good, r);
    if (!rs) fail_msg("%s", print(r, false));
    assert_int_equal(csr_report_errors(r), 0);
    assert_false(csr_report_system_failed(r));
    assert_int_equal(csr_ruleset_rules(rs), 1);
    assert_string_equal(csr_ruleset_rule_name(rs, 0), "trail_stopped");
    assert_int_equal(strlen(csr_ruleset_digest(rs)), 32);
    csr_report_free(r); /* before the set that shares its memory */
    assert_string_equal(csr_ruleset_rule_name(rs, 0), "trail_stopped");
    csr_ruleset *same = compile(good, NULL);
    csr_ruleset *community = csr_compile(&(struct csr_compile_options){0}, NULL);
    assert_non_null(community);
    assert_string_equal(csr_ruleset_digest(rs), csr_ruleset_digest(same));
    assert_string_not_equal(csr_ruleset_digest(rs), csr_ruleset_digest(community));
    csr_ruleset_free(rs);
    csr_ruleset_free(same);
    csr_ruleset_free(community);
}

static void test_wrong_rules(void **state)
{
    (void)state;
    csr_report *r = csr_report_new();
    assert_null(compile(bad, r));
    assert_true(csr_report_errors(r) > 0);
    assert_false(csr_report_system_failed(r));
    char *text = print(r, false), *json = print(r, true);
    assert_non_null(strstr(text, "nonsense"));
    assert_non_null(strstr(text, "rules.csr:2:"));
    assert_int_equal(json[0], '{');
    free(text);
    free(json);
    csr_ruleset *rs = compile(good, r); /* a report is of the last compile */
    assert_int_equal(csr_report_errors(r), 0);
    csr_ruleset_free(rs);
    text = print(r, false); /* after the set that shares its memory */
    free(text);
    csr_report_free(r);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct csr_text missing = {"/nonexistent/rules.csr", NULL, 0};
    struct csr_compile_options o = {.texts = &missing, .n_texts = 1};
    csr_report *r = csr_report_new();
    assert_null(csr_compile(&o, r));
    assert_true(csr_report_system_failed(r));
    assert_int_equal(csr_dump(&o, "ast", stdout, r), CSR_SYSTEM);
    assert_int_equal(csr_dump(&o, "ir", stdout, r), CSR_SYSTEM);
    char *text = print(r, false);
    assert_non_null(strstr(text, "/nonexistent/rules.csr"));
    free(text);
    csr_report_free(r);
}

static void test_dump(void **state)
{
    (void)state;
    static const struct {
        const char *stage, *text;
        enum csr_status status;
        const char *contains;
    } table[] = {
        {"tokens", good, CSR_OK, "trail_stopped"},
        {"ast", good, CSR_OK, "trail_stopped"},
        {"ir", good, CSR_OK, "trail_stopped"},
        {"plan", good, CSR_OK, "StopLogging"},
        {"tokens", bad, CSR_OK, "nonsense"},
        {"ast", bad, CSR_OK, "nonsense"},
        {"ir", bad, CSR_WRONG, ""},
        {"dreams", good, CSR_USAGE, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct csr_text one = {"rules.csr", table[i].text, strlen(table[i].text)};
        struct csr_compile_options o = {.texts = &one, .n_texts = 1};
        char *text = NULL;
        size_t len;
        FILE *to = open_memstream(&text, &len);
        assert_int_equal(csr_dump(&o, table[i].stage, to, NULL), table[i].status);
        fclose(to);
        if (!strstr(text, table[i].contains)) fail_msg("%s: %s", table[i].stage, text);
        free(text);
    }
}

static void test_explain(void **state)
{
    (void)state;
    const char *title = NULL, *near = NULL;
    assert_non_null(csr_explain_code("E0001", &title, &near));
    assert_string_equal(title, "out of memory");
    assert_null(near);
    assert_null(csr_explain_code("e0001", &title, &near));
    assert_null(title);
    assert_string_equal(near, "E0001");
    assert_null(csr_explain_code("what is this", &title, &near));
    assert_null(near);
    size_t n = 0;
    while (csr_code(n)) {
        assert_true(n == 0 || strcmp(csr_code(n - 1), csr_code(n)) != 0);
        assert_non_null(csr_explain_code(csr_code(n++), NULL, NULL));
    }
    assert_true(n > 10);
    assert_null(csr_code(n));
}

/* ---- replay -------------------------------------------------------------------------------------------- */

struct heard {
    char *text;
    size_t len;
    FILE *to;
    int lines, most, asides;
    uint64_t last_line;
};

static bool hear(void *world, const char *json, size_t len)
{
    struct heard *h = world;
    fwrite(json, 1, len, h->to);
    fputc('\n', h->to);
    return ++h->lines != h->most;
}

static void hear_aside(void *world, const struct csr_aside *a)
{
    struct heard *h = world;
    h->asides++;
    h->last_line = a->line;
    assert_non_null(strstr(a->file, "csr-test-"));
    assert_string_equal(a->why, "not JSON");
}

static void write_history(char path[32])
{
    strcpy(path, "/tmp/csr-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    for (int i = 0; i < 40; i++) {
        fprintf(
            file,
            "{\"eventVersion\":\"1.08\",\"eventID\":\"id-%d\",\"eventTime\":\"2023-07-10T1%d:%02d:45Z\","
            "\"eventSource\":\"cloudtrail.amazonaws.com\",\"eventName\":\"%s\",\"awsRegion\":\"us-east-1\","
            "\"recipientAccountId\":\"111122223333\",\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":"
            "\"u%d\",\"arn\":\"arn:aws:iam::111122223333:user/u%d\",\"accountId\":\"111122223333\"}}\n",
            i, i / 20, i % 20 * 3, i % 10 == 3 ? "StopLogging" : "DescribeTrails", i % 3, i % 3);
        if (i == 20) fputs("{\"broken\n", file);
    }
    fclose(file);
}

static enum csr_status replay(const csr_ruleset *rs, const char *path, unsigned threads, struct heard *h,
                              struct csr_replay_result *result)
{
    struct csr_replay_options o = {.paths = &path,
                                   .n_paths = 1,
                                   .threads = threads,
                                   .lateness = -1,
                                   .world = h,
                                   .incident = hear,
                                   .aside = hear_aside};
    h->to = open_memstream(&h->text, &h->len);
    enum csr_status status = csr_replay(rs, &o, result);
    fclose(h->to);
    return status;
}

static void test_replay(void **state)
{
    (void)state;
    csr_ruleset *rs = compile(good, NULL);
    struct csr_replay_result result;
    char path[32];
    write_history(path);
    struct heard one = {0};
    assert_int_equal(replay(rs, path, 1, &one, &result), CSR_WRONG); /* a record was set aside */
    assert_int_equal(result.counts.in, 41);
    assert_int_equal(result.counts.evaluated, 40);
    assert_int_equal(result.counts.aside, 1);
    assert_int_equal(one.asides, 1);
    assert_int_equal(one.last_line, 22);
    assert_int_equal(result.counts.hits, 4);
    assert_int_equal(result.counts.revisions, one.lines);
    assert_true(result.counts.incidents >= 2);
    assert_non_null(strstr(one.text, "\"rule\":\"trail_stopped\""));
    for (unsigned threads = 2; threads <= 4; threads++) {
        struct heard more = {0};
        replay(rs, path, threads, &more, &result);
        assert_string_equal(more.text, one.text);
        free(more.text);
    }
    struct heard closed = {.most = 1};
    replay(rs, path, 1, &closed, &result);
    assert_int_equal(closed.lines, 1); /* who reads has gone */
    free(closed.text);
    free(one.text);
    unlink(path);
    csr_ruleset_free(rs);
}

static void test_replay_of_nothing(void **state)
{
    (void)state;
    csr_ruleset *rs = compile(good, NULL);
    struct csr_replay_result result;
    struct heard h = {0};
    assert_int_equal(replay(rs, "/nonexistent/trail", 1, &h, &result), CSR_SYSTEM);
    assert_non_null(strstr(result.error, "/nonexistent/trail"));
    free(h.text);
    csr_ruleset_free(rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compile),           cmocka_unit_test(test_wrong_rules),
        cmocka_unit_test(test_missing_file),      cmocka_unit_test(test_dump),
        cmocka_unit_test(test_explain),           cmocka_unit_test(test_replay),
        cmocka_unit_test(test_replay_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
