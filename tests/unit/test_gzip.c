/* test_gzip.c - packed files: whole, many members, cut off at every byte, damaged, bombs; and the same for zstd. */
#include "engine/io/unpack.h"

#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include <cmocka.h>

struct bytes {
    char *at;
    size_t len;
};

/* Lines that do not repeat, so that a part which is out of place would not pass for another. */
static struct bytes make_lines(size_t n)
{
    struct bytes b = {malloc(n * 64 + 1), 0};
    for (size_t i = 0; i < n; i++)
        b.len += (size_t)sprintf(b.at + b.len, "{\"eventID\":\"%zu\",\"x\":\"%zx\"}\n", i,
                                 i * 2654435761u % 1000003);
    return b;
}

static void append(struct bytes *to, struct bytes more)
{
    to->at = realloc(to->at, to->len + more.len + 1);
    if (more.len) memcpy(to->at + to->len, more.at, more.len);
    to->len += more.len;
}

static struct bytes gzip(struct bytes plain, int level)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
    struct bytes b = {malloc(libdeflate_gzip_compress_bound(c, plain.len)), 0};
    b.len =
        libdeflate_gzip_compress(c, plain.at, plain.len, b.at, libdeflate_gzip_compress_bound(c, plain.len));
    libdeflate_free_compressor(c);
    return b;
}

static struct bytes zstd(struct bytes plain, int level)
{
    struct bytes b = {malloc(ZSTD_compressBound(plain.len)), 0};
    b.len = ZSTD_compress(b.at, ZSTD_compressBound(plain.len), plain.at, plain.len, level);
    return b;
}

/* All that a packed file gives. A copy of the input in a block of its own, so that a sanitizer sees its end. */
static struct bytes unpack(const struct packing *p, struct bytes packed, enum unpacked *how)
{
    struct bytes in = {NULL, 0}, all = {NULL, 0};
    append(&in, packed);
    void *state = p->open(in.at, in.len);
    assert_non_null(state);
    do {
        struct block *b = block_new(0);
        *how = p->next(state, b);
        append(&all, (struct bytes){b->bytes, b->len});
        block_free(b);
    } while (*how == UNPACK_MORE);
    p->close(state);
    free(in.at);
    return all;
}

static void expect(const struct packing *p, struct bytes packed, enum unpacked how, struct bytes plain)
{
    enum unpacked result;
    struct bytes got = unpack(p, packed, &result);
    assert_int_equal(result, how);
    assert_int_equal(got.len, plain.len);
    assert_memory_equal(got.at, plain.at, plain.len);
    free(got.at);
}

#define MATCH_LONGEST 258

static const size_t SIZES[] = {0, 1, 7, 1000, 60000};

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        struct bytes plain = make_lines(SIZES[i]), gz = gzip(plain, 6), zst = zstd(plain, 3);
        assert_true(packing_gzip.is((struct text){gz.at, (uint32_t)gz.len}));
        assert_true(packing_zstd.is((struct text){zst.at, (uint32_t)zst.len}));
        expect(&packing_gzip, gz, UNPACK_END, plain);
        expect(&packing_zstd, zst, UNPACK_END, plain);
        append(&gz, (struct bytes){"\0\0\0\0\0", 5}); /* filled up with zeros */
        expect(&packing_gzip, gz, UNPACK_END, plain);
        free(plain.at);
        free(gz.at);
        free(zst.at);
    }
}

static void test_members(void **state)
{
    (void)state;
    struct bytes plain = {NULL, 0}, gz = {NULL, 0}, zst = {NULL, 0};
    for (size_t i = 0; i < 5; i++) {
        struct bytes part = make_lines(SIZES[4 - i]), packed = gzip(part, 1 + (int)i), frame = zstd(part, 1);
        append(&plain, part);
        append(&gz, packed);
        append(&zst, frame);
        free(part.at);
        free(packed.at);
        free(frame.at);
    }
    expect(&packing_gzip, gz, UNPACK_END, plain);
    expect(&packing_zstd, zst, UNPACK_END, plain);
    append(&gz, (struct bytes){"not gzip at all", 15});
    expect(&packing_gzip, gz, UNPACK_BROKEN, plain);
    free(plain.at);
    free(gz.at);
    free(zst.at);
}

/* A file cut at any byte gives a true beginning of its content, and longer pieces give no less, but for a match that
 * happened to be guessed right. */
static void cut_everywhere(const struct packing *p, struct bytes plain, struct bytes packed,
                           size_t least_lost)
{
    size_t before = 0;
    for (size_t len = 1; len < packed.len; len++) {
        enum unpacked how;
        struct bytes got = unpack(p, (struct bytes){packed.at, len}, &how);
        assert_int_equal(how, UNPACK_BROKEN);
        assert_true(got.len <= plain.len && got.len + MATCH_LONGEST >= before);
        if (got.len) assert_memory_equal(got.at, plain.at, got.len);
        before = got.len;
        free(got.at);
    }
    assert_true(before + least_lost >= plain.len); /* without the last byte nearly all is there */
}

static void test_cut_off(void **state)
{
    (void)state;
    for (int level = 0; level <= 12; level += 4) {
        struct bytes plain = make_lines(60), gz = gzip(plain, level);
        cut_everywhere(&packing_gzip, plain, gz, level ? 0 : plain.len); /* level 0: one stored piece */
        free(plain.at);
        free(gz.at);
    }
    struct bytes plain = make_lines(60000), zst = zstd(plain, 1);
    enum unpacked how;
    struct bytes got = unpack(&packing_zstd, (struct bytes){zst.at, zst.len / 2}, &how);
    assert_int_equal(how, UNPACK_BROKEN);
    assert_true(got.len > 0 && got.len < plain.len);
    assert_memory_equal(got.at, plain.at, got.len);
    free(got.at);
    free(plain.at);
    free(zst.at);
}

/* One byte is wrong: whatever comes of it, it is said. */
static void test_damaged(void **state)
{
    (void)state;
    struct bytes plain = make_lines(200), gz = gzip(plain, 6);
    for (size_t i = 10; i < gz.len; i++) { /* behind the header, some bytes of which mean nothing */
        enum unpacked how;
        gz.at[i] ^= 0x55;
        struct bytes got = unpack(&packing_gzip, gz, &how);
        assert_int_equal(how, UNPACK_BROKEN);
        free(got.at);
        gz.at[i] ^= 0x55;
    }
    free(plain.at);
    free(gz.at);
}

/* A damaged member does not take those before it along. */
static void test_damaged_later(void **state)
{
    (void)state;
    struct bytes first = make_lines(1000), second = make_lines(2000), gz = gzip(first, 6),
                 more = gzip(second, 6);
    more.at[0] = 'x';
    append(&gz, more);
    expect(&packing_gzip, gz, UNPACK_BROKEN, first);
    free(first.at);
    free(second.at);
    free(gz.at);
    free(more.at);
}

static void test_bomb(void **state)
{
    (void)state;
    struct bytes plain = {calloc(1, 64u << 20), 64u << 20};
    struct bytes gz = gzip(plain, 9), zst = zstd(plain, 3);
    enum unpacked how;
    struct bytes got = unpack(&packing_gzip, gz, &how);
    assert_int_equal(how, UNPACK_BROKEN);
    assert_true(got.len <= unpack_bound(gz.len));
    free(got.at);
    got = unpack(&packing_zstd, zst, &how);
    assert_int_equal(how, UNPACK_BROKEN);
    assert_true(got.len <= 16u << 20);
    free(got.at);
    free(plain.at);
    free(gz.at);
    free(zst.at);
}

/* The size that a gzip file claims at its end may be a lie. */
static void test_lying_size(void **state)
{
    (void)state;
    struct bytes plain = make_lines(5000), gz = gzip(plain, 6);
    static const char *const claims[] = {"\0\0\0", "\xff\xff\xff\xff", "\1\0\0"};
    for (size_t i = 0; i < 3; i++) {
        memcpy(gz.at + gz.len - 4, claims[i], 4);
        expect(&packing_gzip, gz, UNPACK_BROKEN, plain);
    }
    free(plain.at);
    free(gz.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),         cmocka_unit_test(test_members),
        cmocka_unit_test(test_cut_off),       cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_damaged_later), cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_lying_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
