/* test_hit.c - a hit and its copy in one piece: equal, aligned, and pointing only into itself. */
#include "engine/match/hit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct text heap_text(const char *s)
{
    struct text t = text_of(s);
    char *at = malloc(t.len ? t.len : 1);
    memcpy(at, s, t.len);
    return (struct text){at, t.len};
}

static bool is_inside(const void *at, const void *whole, size_t size)
{
    return (const char *)at >= (const char *)whole && (const char *)at <= (const char *)whole + size;
}

static void expect_text(struct text copy, struct text t, const void *whole, size_t size)
{
    assert_true(text_equal(copy, t));
    if (t.len) assert_true(is_inside(copy.at, whole, size) && copy.at != t.at);
}

static void expect_values(const struct value *copy, const struct value *v, uint32_t n, const void *whole,
                          size_t size)
{
    if (n) assert_true(is_inside(copy, whole, size) && copy != v);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(copy[i].kind, v[i].kind);
        assert_int_equal(copy[i].len, v[i].len);
        switch (v[i].kind) {
        case VALUE_STRING:
        case VALUE_JSON: expect_text(value_text(copy[i]), value_text(v[i]), whole, size); break;
        case VALUE_LIST: expect_values(copy[i].items, v[i].items, v[i].len, whole, size); break;
        case VALUE_NET:
            assert_true(is_inside(copy[i].net, whole, size));
            assert_memory_equal(copy[i].net, v[i].net, sizeof *v[i].net);
            break;
        default: assert_int_equal(copy[i].i, v[i].i); break;
        }
    }
}

static void expect_copy(const struct hit *h)
{
    size_t size = hit_size(h);
    assert_int_equal(size % 8, 0);
    void *memory = malloc(size); /* of just this size: a sanitizer sees what is beyond */
    const struct hit *copy = hit_copy(memory, h);
    assert_ptr_equal(copy, memory);
    assert_int_equal(copy->seq, h->seq);
    assert_int_equal(copy->second, h->second);
    assert_int_equal(copy->group, h->group);
    assert_int_equal(copy->capped, h->capped);
    assert_int_equal((uintptr_t)copy->joins % 8, 0);
    assert_int_equal((uintptr_t)copy->asks % 8, 0);
    assert_int_equal((uintptr_t)copy->captures % 8, 0);
    expect_text(copy->key, h->key, memory, size);
    if (h->n_joins) assert_memory_equal(copy->joins, h->joins, h->n_joins * sizeof *h->joins);
    if (h->n_asks) assert_memory_equal(copy->asks, h->asks, h->n_asks * sizeof *h->asks);
    expect_values(copy->captures, h->captures, h->n_captures, memory, size);
    expect_text(copy->evidence.identity, h->evidence.identity, memory, size);
    expect_text(copy->evidence.error, h->evidence.error, memory, size);
    expect_text(copy->evidence.source_ip, h->evidence.source_ip, memory, size);
    assert_int_equal(copy->evidence.time, h->evidence.time);
    assert_int_equal(hit_size(copy), size); /* a copy can be copied */
    free(memory);
}

static void test_empty(void **state)
{
    (void)state;
    struct hit h = {.seq = 7, .second = -3, .group = 2, .capped = true};
    expect_copy(&h);
}

static void test_full(void **state)
{
    (void)state;
    struct hash128 joins[] = {{1, 2}, {0, 0}, {3, 4}};
    struct hit_ask asks[2] = {{.ask = 1, .answer = 9, .is_absent = true, .key = {5, 6}}, {.ask = 2}};
    struct ip_net net = {{0, 1, 2, 3}, 128};
    struct text texts[] = {heap_text("arn:aws:iam::111122223333:user/ci"), heap_text("x"), heap_text("[1,2]"),
                           heap_text("e-1"), heap_text("AccessDenied"), heap_text("203.0.113.7")};
    struct value items[] = {value_string(texts[1]), value_int(5), {.kind = VALUE_NET, .net = &net},
                            {.kind = VALUE_JSON, .len = texts[2].len, .s = texts[2].at}};
    struct value captures[] = {value_absent(),
                               value_string(texts[0]),
                               {.kind = VALUE_LIST, .len = 4, .items = items},
                               {.kind = VALUE_NET, .net = &net},
                               {.kind = VALUE_LIST},
                               {.kind = VALUE_UNKNOWN},
                               value_bool(true),
                               {.kind = VALUE_TIME, .i = -1}};
    for (uint32_t n = 0; n <= 8; n++) {
        struct hit h = {
            .seq = 1,
            .second = 2,
            .key = texts[n % 3],
            .joins = joins,
            .n_joins = n % 4,
            .asks = asks,
            .n_asks = n % 3,
            .captures = captures,
            .n_captures = n,
            .evidence = {.identity = texts[3], .error = texts[4], .source_ip = texts[5], .time = 99}};
        expect_copy(&h);
    }
    for (size_t i = 0; i < 6; i++) free((void *)(uintptr_t)texts[i].at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_empty), cmocka_unit_test(test_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
