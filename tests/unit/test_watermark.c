/* watermark.c and vec.c: how far the input has come, and memory that is kept from batch to batch. */
#include "engine/run/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_fold(void **state)
{
    (void)state;
    static const struct {
        int64_t newest; /* of the batch; INT64_MIN: none moves it */
        int64_t idle;
        bool ticks, is_end;
        int64_t passed; /* afterwards */
    } table[] = {
        {INT64_MIN, 0, true, false, INT64_MIN}, /* nothing yet */
        {5000, 0, false, false, INT64_MIN},     /* no tick */
        {INT64_MIN, 0, true, false, 4400},      /* the tick behind it */
        {4000, 0, true, false, 4400},           /* never back */
        {5100, 0, true, false, 4500},
        {INT64_MIN, 7, true, false, 4507}, /* idle for so long since 5100 */
        {5105, 0, true, false, 4507},      /* never back */
        {5110, 0, false, false, 4507},
        {INT64_MIN, 0, true, false, 4510},
        {INT64_MIN, 0, true, true, INT64_MAX}, /* the end */
        {INT64_MIN, 0, true, true, INT64_MAX},
    };
    struct rules rules = {.disorder = 600};
    struct watermark w = {INT64_MIN, INT64_MIN};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct batch b = {.newest = table[i].newest,
                          .idle = table[i].idle,
                          .ticks = table[i].ticks,
                          .is_end = table[i].is_end,
                          .rules = &rules};
        watermark_fold(&w, &b);
        assert_int_equal(w.passed, table[i].passed);
    }
}

static void test_far_past(void **state)
{
    (void)state;
    struct rules rules = {.disorder = 600};
    struct watermark w = {INT64_MIN, INT64_MIN};
    struct batch b = {.newest = INT64_MIN + 5, .ticks = true, .rules = &rules};
    watermark_fold(&w, &b);
    assert_int_equal(w.passed, INT64_MIN);
}

static void test_vec(void **state)
{
    (void)state;
    struct VEC(uint32_t) v = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t *place = VEC_PUSH(&v);
        assert_non_null(place);
        *place = i;
    }
    uint32_t *before = v.at;
    v.len = 0;
    for (uint32_t i = 0; i < 1000; i++) *VEC_PUSH(&v) = i;
    assert_ptr_equal(v.at, before); /* kept */
    for (uint32_t i = 0; i < 1000; i++) assert_int_equal(v.at[i], i);
    free(v.at);
}

static void test_pool(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 8, 100000, 3, 65536, 17, 200000, 1};
    struct pool p = {0};
    char *first[8];
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < 8; i++) {
            char *taken = pool_take(&p, sizes[i]);
            assert_non_null(taken);
            assert_int_equal((uintptr_t)taken % 8, 0);
            memset(taken, (int)i, sizes[i]);
            if (turn == 0)
                first[i] = taken;
            else
                assert_ptr_equal(taken, first[i]); /* the same chunks again: nothing is allocated */
        }
        for (size_t i = 0; i < 8; i++)
            for (size_t at = 0; at < sizes[i]; at++) assert_int_equal(first[i][at], i);
        pool_reset(&p);
    }
    pool_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fold), cmocka_unit_test(test_far_past),
                                       cmocka_unit_test(test_vec), cmocka_unit_test(test_pool)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
