/* Arena: zeroed, aligned, grown, limited, and out of memory by its escape. */
#include "tests/unit/grammar_fixture.h"

static void gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    static const size_t sizes[] = {1, 7, 16, 100, 5000, 70000, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *at = arena_alloc(a, sizes[i]);
        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(at[j], 0);
        memset(at, 0xAA, sizes[i]); /* a later piece must not see this */
    }
    assert_true(arena_used(a) >= 3075124);
    arena_free(a);
    arena_free(NULL);
}

static void grows_a_vector(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct ARENA_VEC(uint32_t) numbers = {0};
    for (uint32_t i = 0; i < 100000; i++) *ARENA_PUSH(a, numbers) = i * 3;
    assert_int_equal(numbers.len, 100000);
    for (uint32_t i = 0; i < numbers.len; i++) assert_int_equal(numbers.at[i], i * 3);
    arena_free(a);
}

static void copies_and_prints_text(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct text t = arena_text(a, "abc\0def", 7);
    assert_true(text_equal(t, TEXT("abc\0def")));
    assert_int_equal(t.at[7], 0);
    assert_true(text_equal(arena_printf(a, "%s-%d", "x", 42), TEXT("x-42")));
    assert_int_equal(arena_text(a, NULL, 0).len, 0);
    arena_free(a);
}

/* How many pieces of a kilobyte come before the escape; `most` if it is not taken. */
static uint32_t pieces_before_escape(struct arena *a, uint32_t most)
{
    volatile uint32_t n = 0;
    if (setjmp(*arena_escape(a))) return n;
    for (; n < most; n++) arena_alloc(a, 1024);
    return n;
}

static void leaves_by_the_escape_over_budget(void **state)
{
    (void)state;
    struct arena *a = arena_new(64 << 10);
    uint32_t n = pieces_before_escape(a, 1000);
    assert_in_range(n, 10, 64);
    arena_free(a);
}

static void fails_where_it_is_told_to(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (uint64_t at = 1; at <= 3; at++) {
        struct arena *a = arena_new(0);
        arena_fail_at(a, at);
        uint32_t n = pieces_before_escape(a, 1000);
        assert_true(at == 1 ? n == 0 : n > last);
        last = n;
        arena_free(a);
    }
    struct arena *a = arena_new(0);
    assert_int_equal(pieces_before_escape(a, 1000), 1000);
    arena_free(a);
}

static void refuses_sizes_that_overflow(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    volatile bool escaped = false;
    if (setjmp(*arena_escape(a))) escaped = true;
    else arena_alloc(a, SIZE_MAX - 3);
    assert_true(escaped);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_aligned_memory), cmocka_unit_test(grows_a_vector),
        cmocka_unit_test(copies_and_prints_text),      cmocka_unit_test(leaves_by_the_escape_over_budget),
        cmocka_unit_test(fails_where_it_is_told_to),   cmocka_unit_test(refuses_sizes_that_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
