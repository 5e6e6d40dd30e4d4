/* test_vary.c - the standard variations of a test: all are tried and hold; one that breaks is told, with what
 * differs.
 *
 * What holds because of what rules mean cannot be broken by a rule. So the result of the test as it is is
 * changed behind the variations' back, and they must see it.
 */
#include "engine/testing/testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define RULES                                                                                                \
    "use aws\n"                                                                                              \
    "rule chain { title \"{made.req.userName}\" severity low by actor within 10m step made: iam:CreateUser " \
    "(ok) "                                                                                                  \
    "step key: iam:CreateAccessKey (ok and req.userName == made.req.userName) match made -> key }\n"         \
    "rule named { title \"n\" severity low by actor within 10m step a: iam:CreateUser (principal.name == "   \
    "\"ann\") "                                                                                              \
    "step b: iam:DeleteUser match a => b }\n"

#define CHAIN                                                                                                \
    "test chain \"t\" { as user/ann at 0s iam:CreateUser { requestParameters.userName: \"ann2\" } at 1m "    \
    "iam:CreateAccessKey { requestParameters.userName: \"ann2\" } expect incident once }\n"
#define NAMED                                                                                                \
    "test named \"t\" { as user/ann at 0s iam:CreateUser at 1m iam:DeleteUser expect incident once }\n"

struct fixture {
    csr_ruleset *rules;
    struct bench bench;
    struct arena *arena;
    struct trial *plain;
    struct failures failures;
};

static void begin(struct fixture *f, const char *text)
{
    struct csr_text one = {"rules.csr", text, strlen(text)};
    *f = (struct fixture){.arena = arena_new(0)};
    f->rules = csr_compile(
        &(struct csr_compile_options){.texts = &one, .n_texts = 1, .without_lints = true, .with_tests = true},
        NULL);
    assert_non_null(f->rules);
    assert_true(bench_init(&f->bench, f->rules));
    const struct ir_test *test = csr_ruleset_ir(f->rules)->tests;
    bench_aim(&f->bench, test->rule);
    f->plain = ARENA_NEW(f->arena, struct trial);
    *f->plain = (struct trial){.bench = &f->bench, .test = test, .arena = f->arena};
    assert_true(trial_run(f->plain, RULE_AS_IT_IS));
    assert_int_equal(f->plain->incidents.len, 1);
}

static void end(struct fixture *f)
{
    bench_release(&f->bench);
    csr_ruleset_free(f->rules);
    arena_free(f->arena);
}

static bool is_said(const struct fixture *f, const char *variation, const char *line)
{
    for (uint32_t i = 0; i < f->failures.len; i++)
        if (strstr(f->failures.at[i].expected, variation) && strstr(f->failures.at[i].lines[0], line))
            return true;
    return false;
}

static void test_all_is_well(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, RULES CHAIN);
    vary_all(f.plain, &f.failures);
    assert_int_equal(f.failures.len, 0);
    end(&f);
}

static void test_an_incident_more(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, RULES CHAIN);
    f.plain->incidents.at[0].is_gone = true;
    vary_all(f.plain, &f.failures);
    assert_true(is_said(&f, "another order", "one incident more at 1m"));
    assert_true(is_said(&f, "yet another order", "one incident more at 1m"));
    assert_true(is_said(&f, "each event twice", "one incident more at 1m"));
    assert_true(is_said(&f, "by somebody else", "one incident more at 1m"));
    assert_int_equal(f.failures.len, 4); /* nothing fired: in one second nothing need fire */
    end(&f);
}

static void test_another_incident(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, RULES CHAIN);
    f.plain->incidents.at[0].last.score = 77;
    vary_all(f.plain, &f.failures);
    assert_true(is_said(&f, "another order", "another incident at 1m"));
    assert_int_equal(f.failures.len, 4);
    f.failures.len = 0;
    f.plain->incidents.at[0].last.score = 30;
    f.plain->most[1] = 7;
    vary_all(f.plain, &f.failures);
    assert_true(is_said(&f, "each event twice", "key: 1 events in place of 7"));
    end(&f);
}

static void test_in_one_second(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, RULES CHAIN);
    f.plain->incidents.at[0].last.key = TEXT("nobody");
    vary_all(f.plain, &f.failures);
    assert_true(is_said(&f, "in one second", "no match in place of the incident at 1m"));
    assert_int_equal(f.failures.len, 1);
    end(&f);
}

/* The engine's window is longer than the one that the variation reads. */
static void test_stretched(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, RULES CHAIN);
    struct ir_rule *rule = (struct ir_rule *)(uintptr_t)f.plain->rule;
    f.bench.forms[RULE_OPEN] = f.bench.forms[RULE_AS_IT_IS]; /* its plan is made, of ten minutes */
    rule->within = 60;
    vary_all(f.plain, &f.failures);
    f.bench.forms[RULE_OPEN] = (struct rule_made){.plan = NULL};
    assert_true(is_said(&f, "further apart", "a match at 2m1s"));
    assert_int_equal(f.failures.len, 1);
    end(&f);
}

/* `=>` asks for a later second, and a rule that names somebody says nothing of others. */
static void test_what_is_not_promised(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, RULES NAMED);
    vary_all(f.plain, &f.failures);
    assert_int_equal(f.failures.len, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_well),      cmocka_unit_test(test_an_incident_more),
        cmocka_unit_test(test_another_incident), cmocka_unit_test(test_in_one_second),
        cmocka_unit_test(test_stretched),        cmocka_unit_test(test_what_is_not_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
