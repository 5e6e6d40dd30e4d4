/* test_text.c - test results for people: what passed is silent, what failed says what differs. */
#include "tools/csr/test_format.h"

#define RED    "\033[1;31m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

static void put_word(const struct test_out *out, const char *color, const char *word)
{
    if (out->color)
        fprintf(out->to, "%s%s" PLAIN, color, word);
    else
        fputs(word, out->to);
}

static void begin(struct test_out *out)
{
    (void)out;
}

static void put_failure(const struct test_out *out, const struct csr_test_result *r,
                        const struct csr_test_failure *f)
{
    fprintf(out->to, "  %s:%u: %s\n", r->file, f->line, f->expected);
    for (size_t i = 0; i < f->n_lines; i++) fprintf(out->to, "      %s\n", f->lines[i]);
}

static void put_result(struct test_out *out, const struct csr_test_result *r)
{
    if (r->verdict == CSR_TEST_PASSED) return;
    bool failed = r->verdict == CSR_TEST_FAILED;
    put_word(out, failed ? RED : YELLOW, failed ? "FAIL" : "skip");
    fprintf(out->to, " %s \"%s\"", r->rule, r->title);
    if (!failed) fprintf(out->to, ": %s, %s", r->code, r->why);
    fputc('\n', out->to);
    for (size_t i = 0; i < r->n_failures; i++) put_failure(out, r, &r->failures[i]);
}

static void put_coverage(struct test_out *out, const struct csr_test_coverage *c)
{
    size_t covered = 0;
    if (!out->has_coverage) fprintf(out->to, "coverage\n");
    out->has_coverage = true;
    for (size_t i = 0; i < c->n_clauses; i++) covered += c->clauses[i].tests > 0;
    fprintf(out->to, "  %s: %llu test%s", c->rule, (unsigned long long)c->tests, c->tests == 1 ? "" : "s");
    if (c->n_clauses) fprintf(out->to, ", %zu of %zu parts", covered, c->n_clauses);
    fputc('\n', out->to);
    for (size_t i = 0; c->tests && i < c->n_clauses; i++)
        if (!c->clauses[i].tests)
            fprintf(out->to, "      never: %s %s\n", c->clauses[i].kind, c->clauses[i].words);
}

static void put_count(struct test_out *out, const char *comma, uint64_t n, const char *word)
{
    fprintf(out->to, "%s%llu %s", comma, (unsigned long long)n, word);
}

static void end(struct test_out *out, const struct csr_test_counts *counts)
{
    put_count(out, "", counts->passed, "passed");
    put_count(out, ", ", counts->failed, "failed");
    if (counts->skipped) put_count(out, ", ", counts->skipped, "skipped");
    fputc('\n', out->to);
}

const struct test_format test_text = {"text", begin, put_result, put_coverage, end};
