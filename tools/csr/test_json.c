/* test_json.c - test results for programs: one object a line, the counts last. */
#include "tools/csr/test_format.h"

#include <jansson.h>

static const char *const verdicts[] = {
    [CSR_TEST_PASSED] = "passed", [CSR_TEST_FAILED] = "failed", [CSR_TEST_SKIPPED] = "skipped"};

/* Takes the object. */
static void put(struct test_out *out, json_t *object)
{
    json_dumpf(object, out->to, JSON_COMPACT);
    fputc('\n', out->to);
    json_decref(object);
}

static void begin(struct test_out *out)
{
    (void)out;
}

static json_t *failure_json(const struct csr_test_failure *f)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < f->n_lines; i++) json_array_append_new(lines, json_string(f->lines[i]));
    return json_pack("{s:s, s:i, s:o}", "expected", f->expected, "line", (int)f->line, "says", lines);
}

static void put_result(struct test_out *out, const struct csr_test_result *r)
{
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "type", "test", "rule", r->rule, "title", r->title,
                  "file", r->file, "line", (int)r->line, "verdict", verdicts[r->verdict]);
    if (r->verdict == CSR_TEST_SKIPPED) {
        json_object_set_new(object, "code", json_string(r->code));
        json_object_set_new(object, "why", json_string(r->why));
    }
    if (r->verdict == CSR_TEST_FAILED) {
        json_t *failures = json_array();
        for (size_t i = 0; i < r->n_failures; i++)
            json_array_append_new(failures, failure_json(&r->failures[i]));
        json_object_set_new(object, "failures", failures);
    }
    put(out, object);
}

static void put_coverage(struct test_out *out, const struct csr_test_coverage *c)
{
    json_t *clauses = json_array();
    for (size_t i = 0; i < c->n_clauses; i++) {
        const struct csr_test_clause *one = &c->clauses[i];
        json_array_append_new(clauses, json_pack("{s:s, s:s, s:I}", "kind", one->kind, "words", one->words,
                                                 "tests", (json_int_t)one->tests));
    }
    put(out, json_pack("{s:s, s:s, s:I, s:o}", "type", "coverage", "rule", c->rule, "tests",
                       (json_int_t)c->tests, "parts", clauses));
}

static void end(struct test_out *out, const struct csr_test_counts *counts)
{
    put(out, json_pack("{s:s, s:I, s:I, s:I}", "type", "counts", "passed", (json_int_t)counts->passed,
                       "failed", (json_int_t)counts->failed, "skipped", (json_int_t)counts->skipped));
}

const struct test_format test_json = {"json", begin, put_result, put_coverage, end};
