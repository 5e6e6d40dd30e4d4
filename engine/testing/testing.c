/* testing.c - csr_test: every test of a rule set, one after the other, and what is told of each.
 *
 * The stages are made ready for one rule at a time; each test gets a state of its own, so that no test sees
 * another. All tests run, whatever becomes of some.
 */
#include "engine/testing/testing.h"

#include "grammar/base/diag.h"

/* ---- one test ------------------------------------------------------------------------------------------ */

struct testing {
    struct bench bench;
    const struct csr_test_options *o;
    struct csr_test_counts counts;
    struct arena *all;   /* for coverage */
    struct arena *trial; /* of the test at hand */
    struct coverage *coverage;
};

static bool is_chosen(const struct testing *x, const struct ir_test *t, struct arena *a)
{
    if (!x->o->filter) return true;
    struct text words = arena_printf(a, TEXT_FMT " " TEXT_FMT, TEXT_ARG(t->rule_name), TEXT_ARG(t->title));
    return strstr(words.at, x->o->filter) != NULL;
}

static const char *cstring(struct arena *a, struct text t)
{
    return arena_text(a, t.at, t.len).at;
}

static struct csr_test_result result_of(const struct testing *x, const struct ir_test *t, struct arena *a)
{
    struct place place = sources_place(x->bench.sources, t->span.lo);
    return (struct csr_test_result){.rule = cstring(a, t->rule_name),
                                    .title = cstring(a, t->title),
                                    .file = place.file ? cstring(a, place.file->name) : "",
                                    .line = place.line};
}

static void skip(struct testing *x, const struct ir_test *t, struct csr_test_result *r)
{
    const struct diag_info *info = diag_info((enum diag_code)t->refused);
    r->verdict = CSR_TEST_SKIPPED;
    r->code = info->name;
    r->why = info->title;
    x->counts.skipped++;
}

static void try_test(struct testing *x, const struct ir_test *test, struct csr_test_result *r)
{
    struct trial *t = ARENA_NEW(x->trial, struct trial);
    struct failures failures = {0};
    bench_aim(&x->bench, test->rule);
    *t = (struct trial){.bench = &x->bench, .test = test, .arena = x->trial};
    trial_run(t, RULE_AS_IT_IS);
    expect_all(t, &failures);
    if (!failures.len) vary_all(t, &failures);
    if (x->coverage) coverage_add(x->coverage, t);
    r->failures = failures.at;
    r->n_failures = failures.len;
    r->verdict = failures.len ? CSR_TEST_FAILED : CSR_TEST_PASSED;
    failures.len ? x->counts.failed++ : x->counts.passed++;
}

/* False: no memory. */
static bool run_test(struct testing *x, const struct ir_test *test)
{
    x->trial = arena_new(0);
    if (!x->trial || setjmp(*arena_escape(x->trial))) {
        arena_free(x->trial);
        return false;
    }
    if (is_chosen(x, test, x->trial)) {
        struct csr_test_result r = result_of(x, test, x->trial);
        if (test->refused)
            skip(x, test, &r);
        else
            try_test(x, test, &r);
        if (x->o->result) x->o->result(x->o->world, &r);
    }
    arena_free(x->trial);
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static bool run_all(struct testing *x)
{
    for (uint32_t i = 0; i < x->bench.ir->n_tests; i++)
        if (!run_test(x, &x->bench.ir->tests[i])) return false;
    return true;
}

/* What lies in the arena of all tests, under its escape. */
static bool run_covered(struct testing *x)
{
    if (!x->o->coverage) return run_all(x);
    if (!x->all || setjmp(*arena_escape(x->all))) return false;
    x->coverage = coverage_new(x->all, x->bench.ir);
    if (!run_all(x)) return false;
    coverage_tell(x->coverage, x->bench.sources, x->o);
    return true;
}

enum csr_status csr_test(const csr_ruleset *rs, const struct csr_test_options *o, struct csr_test_counts *out)
{
    struct testing x = {.o = o, .all = arena_new(0)};
    bool done = bench_init(&x.bench, rs) && run_covered(&x);
    bench_release(&x.bench);
    arena_free(x.all);
    *out = x.counts;
    if (!done) return CSR_SYSTEM;
    return x.counts.failed ? CSR_WRONG : CSR_OK;
}
