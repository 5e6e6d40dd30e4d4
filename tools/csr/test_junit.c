/* test_junit.c - test results as JUnit XML, which CI servers read. One suite; a rule is a class, a test a
 * case. Coverage has no place in it.
 */
#include "tools/csr/test_format.h"

/* XML 1.0 knows no control characters but tab and line ends, not even escaped. */
static void put_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        unsigned char at = (unsigned char)*text;
        switch (at) {
        case '&': fputs("&amp;", to); break;
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '"': fputs("&quot;", to); break;
        case '\n': fputs("&#10;", to); break;
        default: fputc(at < 0x20 && at != '\t' ? ' ' : at, to); break;
        }
    }
}

static void put_attribute(FILE *to, const char *name, const char *value)
{
    fprintf(to, " %s=\"", name);
    put_text(to, value);
    fputc('"', to);
}

static void begin(struct test_out *out)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"csr\">\n", out->to);
}

static void put_failure(FILE *to, const struct csr_test_failure *f)
{
    fputs("<failure", to);
    put_attribute(to, "message", f->expected);
    fprintf(to, ">line %u\n", f->line);
    for (size_t i = 0; i < f->n_lines; i++) {
        put_text(to, f->lines[i]);
        fputc('\n', to);
    }
    fputs("</failure>\n", to);
}

static void put_result(struct test_out *out, const struct csr_test_result *r)
{
    fputs("<testcase", out->to);
    put_attribute(out->to, "classname", r->rule);
    put_attribute(out->to, "name", r->title);
    put_attribute(out->to, "file", r->file);
    fprintf(out->to, " line=\"%u\"", r->line);
    if (r->verdict == CSR_TEST_PASSED) {
        fputs("/>\n", out->to);
        return;
    }
    fputs(">\n", out->to);
    if (r->verdict == CSR_TEST_SKIPPED) {
        fputs("<skipped message=\"", out->to);
        put_text(out->to, r->code);
        fputs(": ", out->to);
        put_text(out->to, r->why);
        fputs("\"/>\n", out->to);
    }
    for (size_t i = 0; i < r->n_failures; i++) put_failure(out->to, &r->failures[i]);
    fputs("</testcase>\n", out->to);
}

static void put_coverage(struct test_out *out, const struct csr_test_coverage *c)
{
    (void)out, (void)c;
}

static void end(struct test_out *out, const struct csr_test_counts *counts)
{
    (void)counts;
    fputs("</testsuite>\n</testsuites>\n", out->to);
}

const struct test_format test_junit = {"junit", begin, put_result, put_coverage, end};
