/* Positions to files, lines and columns. */
#include "tests/unit/grammar_fixture.h"

static void files_lie_one_behind_the_other(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct sources s;
    sources_init(&s, a);
    const struct source *one = sources_add(&s, TEXT("one"), TEXT("abc"), false);
    const struct source *empty = sources_add(&s, TEXT("empty"), TEXT(""), false);
    const struct source *two = sources_add(&s, TEXT("two"), TEXT("xy"), true);
    assert_int_equal(one->base, 1);
    assert_int_equal(empty->base, 5); /* the end of "one" is a place too */
    assert_int_equal(two->base, 6);
    static const struct {
        uint32_t position;
        const char *name;
    } cases[] = {{0, NULL}, {1, "one"}, {4, "one"}, {5, "empty"}, {6, "two"}, {8, "two"}, {9, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct source *found = sources_find(&s, cases[i].position);
        if (!cases[i].name) assert_null(found);
        else assert_true(found && text_equal(found->name, text_of(cases[i].name)));
    }
    arena_free(a);
}

static void files_are_found_when_there_are_many(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct sources s;
    sources_init(&s, a);
    const struct source *first = sources_add(&s, TEXT("first"), TEXT("0123456789"), false);
    for (int i = 0; i < 100; i++) sources_add(&s, arena_printf(a, "f%d", i), TEXT("0123456789"), false);
    assert_true(text_equal(first->name, TEXT("first"))); /* also after the table grew */
    for (uint32_t i = 0; i < 100; i++) {
        const struct source *found = sources_find(&s, first->base + 11 * (i + 1) + 3);
        assert_true(text_equal(found->name, arena_printf(a, "f%u", i)));
    }
    arena_free(a);
}

static void places_count_lines_and_characters(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct sources s;
    sources_init(&s, a);
    sources_add(&s, TEXT("f"), TEXT("ab\n\tc\xC3\xA9" "d\r\n\nlast"), false);
    static const struct {
        uint32_t offset, line, column;
        const char *line_text;
    } cases[] = {
        {0, 1, 1, "ab"},
        {2, 1, 3, "ab"},
        {3, 2, 1,
         "\tc\xC3\xA9"
         "d"},
        {4, 2, 2,
         "\tc\xC3\xA9"
         "d"},
        {7, 2, 4,
         "\tc\xC3\xA9"
         "d"},
        {8, 2, 5,
         "\tc\xC3\xA9"
         "d"},
        {9, 2, 5,
         "\tc\xC3\xA9"
         "d"},
        {10, 3, 1, ""},
        {11, 4, 1, "last"},
        {15, 4, 5, "last"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct place p = sources_place(&s, 1 + cases[i].offset);
        assert_int_equal(p.line, cases[i].line);
        assert_int_equal(p.column, cases[i].column);
        assert_true(text_equal(p.line_text, text_of(cases[i].line_text)));
    }
    assert_null(sources_place(&s, 0).file);
    assert_null(sources_place(&s, 17).file);
    arena_free(a);
}

static void the_space_of_positions_is_finite(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct sources s;
    sources_init(&s, a);
    struct text huge = {"", 3u << 30}; /* never read */
    assert_non_null(sources_add(&s, TEXT("huge"), huge, false));
    assert_null(sources_add(&s, TEXT("second"), huge, false));
    assert_non_null(sources_add(&s, TEXT("small"), TEXT("x"), false));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_lie_one_behind_the_other),
        cmocka_unit_test(files_are_found_when_there_are_many),
        cmocka_unit_test(places_count_lines_and_characters),
        cmocka_unit_test(the_space_of_positions_is_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
