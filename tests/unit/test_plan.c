/* test_plan.c - who wants which name: against trying every group, and what is remembered of names. */
#include "engine/base/glob.h"
#include "engine/match/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t SECRET[2] = {0x0123456789abcdef, 0xfedcba9876543210};

/* ---- an IR of steps with nothing but names ------------------------------------------------------------- */

enum { RULES_MOST = 512, APIS_MOST = 3 };

struct fixture {
    struct ir ir;
    struct ir_rule rules[RULES_MOST];
    struct ir_step steps[RULES_MOST][2];
    struct ir_group groups[RULES_MOST][2][2];
    struct ir_api apis[RULES_MOST][2][2][APIS_MOST];
    struct ir_baseline baselines[2];
    struct ir_group on;
    struct ir_api on_api;
};

static uint64_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(random_state >> 33) % n;
}

static const char *const SERVICES[] = {"iam", "ec2", "s3", "sts", "*"};
static const char *const ACTIONS[] = {"CreateUser", "Create*", "*User",        "ListUsers",
                                      "List*",      "*",       "RunInstances", "*e*"};

static struct ir_api random_api(void)
{
    if (random_below(40) == 0) return (struct ir_api){TEXT(""), TEXT(""), IR_NONE}; /* the lone * */
    if (random_below(40) == 0) return (struct ir_api){TEXT("iam"), TEXT("CreateUser"), 0}; /* another rule */
    return (struct ir_api){text_of(SERVICES[random_below(5)]), text_of(ACTIONS[random_below(8)]), IR_NONE};
}

static struct fixture *fixture_new(uint32_t n_rules)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->ir = (struct ir){.rules = f->rules, .n_rules = n_rules, .baselines = f->baselines, .n_baselines = 2};
    for (uint32_t r = 0; r < n_rules; r++) {
        f->rules[r] =
            (struct ir_rule){.name = TEXT("rule"), .steps = f->steps[r], .n_steps = 1 + random_below(2)};
        for (uint32_t s = 0; s < 2; s++) {
            f->steps[r][s] = (struct ir_step){.groups = f->groups[r][s], .n_groups = 1 + random_below(2)};
            for (uint32_t g = 0; g < 2; g++) {
                struct ir_api *apis = f->apis[r][s][g];
                f->groups[r][s][g] = (struct ir_group){.apis = apis, .n_apis = 1 + random_below(APIS_MOST)};
                for (uint32_t a = 0; a < APIS_MOST; a++) apis[a] = random_api();
            }
        }
    }
    f->on_api = (struct ir_api){TEXT("iam"), TEXT("CreateUser"), IR_NONE};
    f->on = (struct ir_group){.apis = &f->on_api, .n_apis = 1};
    f->baselines[1] = (struct ir_baseline){.name = TEXT("b"), .on = &f->on, .n_on = 1};
    return f;
}

static bool wants_name(const struct want *w, struct text service, struct text action)
{
    for (uint32_t a = 0; w->of && a < w->of->n_apis; a++) {
        const struct ir_api *api = &w->of->apis[a];
        if (api->rule != IR_NONE) continue;
        if (!api->service.len && !api->action.len) return true;
        if (glob_match(api->service, service, false) && glob_match(api->action, action, false)) return true;
    }
    return !w->of;
}

static bool has(const uint32_t *at, uint32_t len, uint32_t want)
{
    for (uint32_t i = 0; i < len; i++)
        if (at[i] == want) return true;
    return false;
}

static void expect_ascending(const uint32_t *at, uint32_t len)
{
    for (uint32_t i = 1; i < len; i++) assert_true(at[i - 1] < at[i]);
}

/* Every want that tries the name is in one of the two lists, and no other. */
static void expect_wants(const struct plan *p, struct wants_view named, struct text service,
                         struct text action)
{
    expect_ascending(named.at, named.len);
    for (uint32_t w = 0; w < p->n_wants; w++) {
        bool is_found = has(named.at, named.len, w) || has(p->always.at, p->always.len, w);
        if (is_found != wants_name(&p->wants[w], service, action)) fail_msg("want %u", w);
    }
}

static void test_against_all(void **state)
{
    (void)state;
    static const char *const services[] = {"iam", "ec2", "s3", "sts", "lambda", ""};
    static const char *const actions[] = {"CreateUser", "DeleteUser", "ListUsers", "RunInstances",
                                          "X",          "",           "*"};
    for (uint32_t n = 0; n < 200; n += 20) {
        struct fixture *f = fixture_new(n);
        struct plan *p = plan_new(&f->ir, SECRET);
        struct name_memory *names = name_memory_new(p);
        expect_ascending(p->always.at, p->always.len);
        for (int twice = 0; twice < 2; twice++)
            for (size_t s = 0; s < 6; s++)
                for (size_t a = 0; a < 7; a++) {
                    struct text service = text_of(services[s]), action = text_of(actions[a]);
                    expect_wants(p, name_memory_look_up(names, service, action), service, action);
                }
        assert_int_equal(name_memory_count(names).found, 42);
        assert_int_equal(name_memory_count(names).missed, 42);
        name_memory_free(names);
        plan_free(p);
        free(f);
    }
}

/* Groups of a step stand together and in their order; baselines come last. */
static void test_order(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(50);
    struct plan *p = plan_new(&f->ir, SECRET);
    for (uint32_t w = 1; w < p->n_wants; w++) {
        const struct want *a = &p->wants[w - 1], *b = &p->wants[w];
        uint64_t before = (uint64_t)a->is_baseline << 60 | (uint64_t)a->owner << 16 | a->step << 8 | a->group;
        uint64_t after = (uint64_t)b->is_baseline << 60 | (uint64_t)b->owner << 16 | b->step << 8 | b->group;
        assert_true(before < after);
    }
    assert_true(has(p->always.at, p->always.len, p->n_wants - 2)); /* a baseline without `on` */
    plan_free(p);
    free(f);
}

/* "a" + "bc" and "ab" + "c" are two names. */
static void test_halves(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(0);
    struct ir_api apis[] = {{TEXT("a"), TEXT("bc"), IR_NONE}, {TEXT("ab"), TEXT("c"), IR_NONE}};
    struct ir_group groups[] = {{.apis = &apis[0], .n_apis = 1}, {.apis = &apis[1], .n_apis = 1}};
    struct ir_step steps[] = {{.groups = &groups[0], .n_groups = 1}, {.groups = &groups[1], .n_groups = 1}};
    struct ir_rule rule = {.name = TEXT("r"), .steps = steps, .n_steps = 2};
    f->ir = (struct ir){.rules = &rule, .n_rules = 1};
    struct plan *p = plan_new(&f->ir, SECRET);
    struct name_memory *names = name_memory_new(p);
    for (int twice = 0; twice < 2; twice++) {
        struct wants_view v = name_memory_look_up(names, TEXT("a"), TEXT("bc"));
        assert_int_equal(v.len, 1);
        assert_int_equal(v.at[0], 0);
        v = name_memory_look_up(names, TEXT("ab"), TEXT("c"));
        assert_int_equal(v.len, 1);
        assert_int_equal(v.at[0], 1);
    }
    name_memory_free(names);
    plan_free(p);
    free(f);
}

static struct wants_view look_up_made_up(struct name_memory *names, uint32_t number)
{
    char action[32];
    int len = snprintf(action, sizeof action, "Made%uUp", number);
    return name_memory_look_up(names, TEXT("ec2"), (struct text){action, (uint32_t)len});
}

/* Made-up names fill the table once; then they are bypassed, real ones stay found, and every answer is right. */
static void test_flood(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(100);
    struct plan *p = plan_new(&f->ir, SECRET);
    struct name_memory *names = name_memory_new(p);
    name_memory_look_up(names, TEXT("iam"), TEXT("CreateUser"));
    for (uint32_t i = 0; i < 3 * NAMES_MOST; i++) {
        struct wants_view v = look_up_made_up(names, i);
        if (i % 512 == 0) {
            char action[32];
            int len = snprintf(action, sizeof action, "Made%uUp", i);
            expect_wants(p, v, TEXT("ec2"), (struct text){action, (uint32_t)len});
        }
    }
    struct name_memory_counts before = name_memory_count(names);
    assert_int_equal(before.bypassed, 2 * NAMES_MOST + 1); /* one place was taken */
    name_memory_look_up(names, TEXT("iam"), TEXT("CreateUser"));
    assert_int_equal(name_memory_count(names).found, before.found + 1);
    name_memory_free(names);
    plan_free(p);
    free(f);
}

/* When most look-ups miss a full table it is begun anew, so names that recur are found again. */
static void test_new_names_recur(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(20);
    struct plan *p = plan_new(&f->ir, SECRET);
    struct name_memory *names = name_memory_new(p);
    for (uint32_t i = 0; i < NAMES_MOST; i++) look_up_made_up(names, i);
    for (uint32_t i = 0; i < 2 * NAMES_EPOCH; i++) look_up_made_up(names, NAMES_MOST + i % 1000);
    struct name_memory_counts before = name_memory_count(names);
    for (uint32_t i = 0; i < 1000; i++) look_up_made_up(names, NAMES_MOST + i);
    assert_int_equal(name_memory_count(names).found, before.found + 1000);
    name_memory_free(names);
    plan_free(p);
    free(f);
}

static void test_long_names(void **state)
{
    (void)state;
    static char action[100000];
    memset(action, 'A', sizeof action);
    struct fixture *f = fixture_new(100);
    struct plan *p = plan_new(&f->ir, SECRET);
    struct name_memory *names = name_memory_new(p);
    for (int i = 0; i < 10; i++) {
        struct text name = {action, sizeof action};
        expect_wants(p, name_memory_look_up(names, TEXT("iam"), name), TEXT("iam"), name);
        look_up_made_up(names, 1);
    }
    assert_int_equal(name_memory_count(names).bypassed, 10);
    assert_int_equal(name_memory_count(names).found, 9); /* long names leave the table to the others */
    name_memory_free(names);
    plan_free(p);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_all),     cmocka_unit_test(test_order),
        cmocka_unit_test(test_halves),          cmocka_unit_test(test_flood),
        cmocka_unit_test(test_new_names_recur), cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
