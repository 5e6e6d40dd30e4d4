/* test_tape.c - what is written is read back; what was damaged is found, and never read beyond its end. */
#include "engine/base/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct thing {
    uint64_t u64;
    int64_t i64;
    int32_t i32;
    uint8_t u8;
    bool flag;
    double real;
    struct hash128 hash;
    struct text text;
    struct value value;
};

static void thing_tape(struct tape *t, struct thing *x)
{
    TAPE(t, x->u64), TAPE(t, x->i64), TAPE(t, x->i32), TAPE(t, x->u8), TAPE(t, x->flag), TAPE(t, x->real);
    TAPE(t, x->hash), TAPE(t, x->text), TAPE(t, x->value);
}

static const struct ip_net net = {{1, 2, 3}, 104};
static const struct value inner[] = {{.kind = VALUE_INT, .i = -7}, {.kind = VALUE_NET, .net = &net}};
static const struct thing things[] = {
    {.text = {"", 0}},
    {UINT64_MAX, INT64_MIN, INT32_MIN, 255, true, -0.5, {1, UINT64_MAX}, {"a\0b", 3}, {.kind = VALUE_NULL}},
    {128,
     INT64_MAX,
     INT32_MAX,
     1,
     false,
     1e300,
     {0, 1},
     {"x", 1},
     {.kind = VALUE_LIST, .len = 2, .items = inner}},
    {1, -1, -1, 0, true, 0, {0, 0}, {"", 0}, {.kind = VALUE_STRING, .is_number = true, .len = 2, .s = "42"}},
};
#define THINGS (sizeof things / sizeof *things)

static struct tape write_all(struct arena *arena)
{
    struct tape t = tape_writer(arena);
    for (size_t i = 0; i < THINGS; i++) {
        struct thing x = things[i];
        size_t mark = tape_open(&t);
        thing_tape(&t, &x);
        tape_close(&t, mark);
    }
    assert_false(t.is_broken);
    return t;
}

static void assert_same_value(struct value a, struct value b)
{
    assert_int_equal(a.kind, b.kind);
    assert_int_equal(a.len, b.len);
    if (a.kind == VALUE_INT) assert_int_equal(a.i, b.i);
    if (a.kind == VALUE_STRING)
        assert_true(a.is_number == b.is_number && text_equal(value_text(a), value_text(b)));
    if (a.kind == VALUE_NET)
        assert_true(!memcmp(a.net->bytes, b.net->bytes, 16) && a.net->bits == b.net->bits);
    for (uint32_t i = 0; a.kind == VALUE_LIST && i < a.len; i++) assert_same_value(a.items[i], b.items[i]);
}

static void what_is_written_is_read(void **unused)
{
    struct arena *arena = arena_new(0);
    struct tape w = write_all(arena), r = tape_reader(w.bytes, w.len, arena);
    (void)unused;
    for (size_t i = 0; i < THINGS; i++) {
        const struct thing *x = &things[i];
        struct thing y;
        size_t mark = tape_open(&r);
        thing_tape(&r, &y);
        tape_close(&r, mark);
        assert_true(y.u64 == x->u64 && y.i64 == x->i64 && y.i32 == x->i32 && y.u8 == x->u8);
        assert_true(y.flag == x->flag && y.real == x->real && hash128_equal(y.hash, x->hash));
        assert_true(text_equal(y.text, x->text));
        assert_same_value(y.value, x->value);
    }
    assert_true(!r.is_broken && r.at == r.end);
    tape_release(&w);
    arena_free(arena);
}

static void a_part_is_passed_over(void **unused)
{
    struct arena *arena = arena_new(0);
    struct tape w = write_all(arena), r = tape_reader(w.bytes, w.len, arena);
    struct thing y;
    (void)unused;
    for (size_t i = 0; i + 1 < THINGS; i++) tape_skip(&r, tape_open(&r));
    (void)tape_open(&r);
    thing_tape(&r, &y);
    assert_true(!r.is_broken && r.at == r.end && y.i64 == -1);
    tape_release(&w);
    arena_free(arena);
}

/* Cut anywhere, it is broken; with any byte changed it is read to no harm. */
static void damage_does_no_harm(void **unused)
{
    struct arena *arena = arena_new(0);
    struct tape w = write_all(arena);
    char *copy = malloc(w.len);
    (void)unused;
    for (size_t i = 0; i < 2 * w.len; i++) {
        size_t len = i < w.len ? i : w.len;
        memcpy(copy, w.bytes, w.len);
        if (i >= w.len) copy[i - w.len] ^= (char)0xff;
        struct tape r = tape_reader(copy, len, arena);
        for (size_t k = 0; k < THINGS; k++) {
            struct thing y;
            size_t mark = tape_open(&r);
            thing_tape(&r, &y);
            tape_close(&r, mark);
        }
        assert_true(r.at <= r.end);
        if (i < w.len) assert_true(r.is_broken);
    }
    free(copy);
    tape_release(&w);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_is_read),
                                       cmocka_unit_test(a_part_is_passed_over),
                                       cmocka_unit_test(damage_does_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
