/* test_glob.c - glob_match: what * stands for, and that a hostile pattern stays cheap. */
#include "engine/base/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

static void matches_as_expected(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool nocase, want;
    } rows[] = {
        {"", "", false, true},
        {"", "a", false, false},
        {"*", "", false, true},
        {"*", "anything", false, true},
        {"Create*", "CreateUser", false, true},
        {"Create*", "Create", false, true},
        {"Create*", "createUser", false, false},
        {"create*", "CreateUser", true, true},
        {"*User", "CreateUser", false, true},
        {"*User", "CreateUserX", false, false},
        {"*a*b*", "xxaxxbxx", false, true},
        {"*a*b*", "xxbxxaxx", false, false},
        {"a*a", "a", false, false},
        {"a*a", "aa", false, true},
        {"*ab", "aab", false, true},
        {"**", "x", false, true},
        {"a?c", "abc", false, false}, /* ? is a character as any other */
        {"a*c", "a*c", false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (glob_match(text_of(rows[i].pattern), text_of(rows[i].text), rows[i].nocase) != rows[i].want)
            fail_msg("\"%s\" against \"%s\"", rows[i].pattern, rows[i].text);
}

/* Backtracking over every star would need more steps than there is time. */
static void many_stars_end(void **state)
{
    (void)state;
    char pattern[400], text[4000];
    for (size_t i = 0; i < sizeof pattern; i += 2) memcpy(pattern + i, "*a", 2);
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 'b';
    assert_false(glob_match((struct text){pattern, sizeof pattern}, (struct text){text, sizeof text}, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matches_as_expected), cmocka_unit_test(many_stars_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
