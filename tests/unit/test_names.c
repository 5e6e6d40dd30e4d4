/* Interned names, and the nearest of some. */
#include "tests/unit/grammar_fixture.h"

static void equal_names_are_one_object(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct names *n = names_new(a);
    char again[] = "probe";
    assert_ptr_equal(names_put(n, TEXT("probe")).at, names_put(n, text_of(again)).at);
    assert_ptr_not_equal(names_put(n, TEXT("probe")).at, names_put(n, TEXT("probes")).at);
    assert_true(text_equal(names_put(n, TEXT("a\0b")), TEXT("a\0b")));
    assert_ptr_not_equal(names_put(n, TEXT("a\0b")).at, names_put(n, TEXT("a\0c")).at);
    assert_ptr_equal(names_put(n, TEXT("")).at, names_put(n, (struct text){NULL, 0}).at);
    arena_free(a);
}

static void many_names_stay_apart(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct names *n = names_new(a);
    enum { MANY = 20000 };
    const char **seen = calloc(MANY, sizeof *seen);
    char name[64];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "name-with-some-length-%d", i);
        seen[i] = names_put(n, text_of(name)).at;
        assert_string_equal(seen[i], name);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "name-with-some-length-%d", i);
        assert_ptr_equal(names_put(n, text_of(name)).at, seen[i]);
    }
    free(seen);
    arena_free(a);
}

static void finds_the_nearest(void **state)
{
    (void)state;
    static const char *const candidates[] = {"title", "severity", "attack", "step", "score", "RunInstances"};
    static const struct {
        const char *wanted, *best; /* NULL: none is near */
    } cases[] = {
        {"titel", "title"},         /* two swapped */
        {"tittle", "title"},        /* one too many */
        {"TITLE", "title"},         /* case, at half the cost */
        {"sevrity", "severity"},    /* one missing */
        {"scroe", "score"},         {"stpe", "step"},
        {"runinstances", "RunInstances"},
        {"RunInstance", "RunInstances"},
        {"xyz", NULL},              {"tactic", NULL},
        {"", NULL},                 {"s", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nearest n = {.wanted = text_of(cases[i].wanted)};
        for (size_t j = 0; j < sizeof candidates / sizeof *candidates; j++)
            nearest_try(&n, text_of(candidates[j]));
        if (!cases[i].best) assert_null(n.best.at);
        else assert_true(n.best.at && text_equal(n.best, text_of(cases[i].best)));
    }
}

static void nearest_keeps_the_first_of_equals(void **state)
{
    (void)state;
    struct nearest n = {.wanted = TEXT("abcd")};
    nearest_try(&n, TEXT("abcx"));
    nearest_try(&n, TEXT("abcy"));
    assert_true(text_equal(n.best, TEXT("abcx")));
    nearest_try(&n, TEXT("abcD"));
    assert_true(text_equal(n.best, TEXT("abcD")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_names_are_one_object),
        cmocka_unit_test(many_names_stay_apart),
        cmocka_unit_test(finds_the_nearest),
        cmocka_unit_test(nearest_keeps_the_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
