/* cmd_test.c - csr test: runs the tests that stand in rule files, and tells what did not come as expected.
 *
 * Three ways to tell it, each a row of `formats`: text for people, one object a line for programs, JUnit for
 * CI. The exit status is 1 if a test failed; what cannot run yet is skipped, and never passes.
 */
#include "tools/csr/rules.h"

#include "tools/csr/test_format.h"

#include <string.h>

static const struct test_format *const formats[] = {&test_text, &test_json, &test_junit};

static void tell_result(void *world, const struct csr_test_result *r)
{
    struct test_out *out = world;
    out->format->result(out, r);
}

static void tell_coverage(void *world, const struct csr_test_coverage *c)
{
    struct test_out *out = world;
    out->format->coverage(out, c);
}

int verb_test(const struct call *call)
{
    struct test_out out = {.format = formats[0], .to = stdout, .color = wants_color(call, stdout)};
    const char *format;
    int status;
    if (!call_choice(call, "format", "text|json|junit", &format)) return CSR_USAGE;
    for (size_t i = 0; format && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i]->name, format) == 0) out.format = formats[i];
    struct rules_wanted wanted = {.paths = call->operands,
                                  .n_paths = call->n_operands,
                                  .with_tests = true,
                                  .leaves_out_refused = true,
                                  .without_lints = true,
                                  .to = stderr};
    csr_ruleset *rules = rules_compile(call, &wanted, &status, NULL);
    if (!rules) return status;
    struct csr_test_options o = {.filter = call_value(call, "filter"), .world = &out, .result = tell_result};
    if (call_has(call, "coverage")) o.coverage = tell_coverage;
    struct csr_test_counts counts;
    out.format->begin(&out);
    status = (int)csr_test(rules, &o, &counts);
    out.format->end(&out, &counts);
    csr_ruleset_free(rules);
    if (status == CSR_SYSTEM) return fail(call, CSR_SYSTEM, "out of memory");
    if (o.filter && !counts.passed && !counts.failed && !counts.skipped)
        return fail(call, CSR_WRONG, "no test's rule or title has \"%s\" in it", o.filter);
    return status;
}
