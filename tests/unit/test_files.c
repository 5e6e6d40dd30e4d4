/* test_files.c - one file as records: windows, pieces, and what crosses from one into the next. */
#include "engine/io/files.h"
#include "tests/unit/folder.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zstd.h>

#include <cmocka.h>

enum { RECORDS = 600, WINDOW = 64 << 10, CONTENT = 16 << 20 };

/* Records of up to `most` bytes, as lines or as an indented list. */
static size_t make_content(char *at, bool is_list, uint32_t most)
{
    char *from = at;
    at += sprintf(at, "%s", is_list ? "{\"Records\": [\n" : "");
    for (uint32_t i = 0; i < RECORDS; i++) {
        uint32_t pad = (i * 2654435761u >> 7) % most;
        at += sprintf(at, "%s{\"i\":%u,\"pad\":\"", is_list && i ? ",\n  " : "", i);
        for (uint32_t k = 0; k < pad; k += 8) at += sprintf(at, "%08x", (i + 1) * (k + 7) * 2654435761u); /* no bomb */
        at += sprintf(at, "\"}%s", is_list ? "" : "\n");
    }
    at += sprintf(at, "%s", is_list ? "\n]}\n" : "");
    return (size_t)(at - from);
}

/* Gives every record and releases them a while later; expects numbers 0 .. n - 1, or those of `lost` missing. */
static void expect_records(struct file *f, struct block_queue *q, uint32_t lost_above)
{
    struct file_record r;
    uint32_t expected = 0, cut = 0;
    assert_non_null(f);
    for (enum file_result result; (result = file_next(f, &r)) != FILE_END;) {
        char head[32];
        int len = snprintf(head, sizeof head, "{\"i\":%u,", expected);
        assert_int_equal(result, FILE_RECORD);
        assert_true(r.bytes.len > (uint32_t)len);
        assert_memory_equal(r.bytes.at, head, len);
        bool is_whole = r.bytes.at[r.bytes.len - 1] == '}';
        assert_true(is_whole || r.bytes.len > lost_above);
        cut += !is_whole;
        expected++;
        block_given(q, r.block);
        if (q->given > 20) block_release(q, q->given - 20);
    }
    assert_int_equal(expected, RECORDS);
    assert_int_equal(cut > 0, lost_above < WINDOW);
    assert_int_equal(file_next(f, &r), FILE_END);
    file_close(f);
    block_queue_free(q);
}

static const struct {
    bool is_list;
    uint32_t most;       /* bytes of a record, about */
    uint32_t lost_above; /* some are cut, and none below this */
} SHAPES[] = {
    {false, 100, WINDOW}, {false, 20000, WINDOW}, {true, 100, WINDOW}, {true, 20000, WINDOW},
    {false, 60000, WINDOW / 2 - 4096}, {true, 60000, WINDOW / 2 - 4096},
};

static void test_windows(void **state)
{
    (void)state;
    char *content = malloc(RECORDS * 61000);
    struct folder f = folder_new();
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        struct block_queue q = {0};
        size_t len = make_content(content, SHAPES[i].is_list, SHAPES[i].most);
        file_put(folder_at(&f, "plain.json"), "w", content, len);
        expect_records(file_open(folder_at(&f, "plain.json"), &q, WINDOW), &q, SHAPES[i].lost_above);
    }
    free(content);
    folder_remove(&f);
}

/* Members that end in the middle of records. */
static size_t pack_in_pieces(char *out, size_t room, const char *content, size_t len, bool is_zstd)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t made = 0;
    for (size_t at = 0, n; at < len; at += n) {
        n = len - at < 99991 ? len - at : 99991;
        made += is_zstd ? ZSTD_compress(out + made, room - made, content + at, n, 3)
                        : libdeflate_gzip_compress(c, content + at, n, out + made, room - made);
    }
    libdeflate_free_compressor(c);
    return made;
}

static void test_pieces(void **state)
{
    (void)state;
    char *content = malloc(CONTENT), *packed = malloc(CONTENT);
    struct folder f = folder_new();
    for (int i = 0; i < 4; i++) {
        struct block_queue q = {0};
        size_t len = make_content(content, i % 2, 20000);
        size_t n = pack_in_pieces(packed, CONTENT, content, len, i / 2);
        file_put(folder_at(&f, "packed"), "w", packed, n); /* told by its bytes, not by its name */
        expect_records(file_open(folder_at(&f, "packed"), &q, FILE_WINDOW), &q, WINDOW);
        struct block *all = block_new(n);
        memcpy(all->bytes, packed, n);
        all->len = n;
        expect_records(file_of_block(all, &q), &q, WINDOW);
    }
    free(content);
    free(packed);
    folder_remove(&f);
}

static void test_read_all(void **state)
{
    (void)state;
    char *content = malloc(CONTENT);
    struct folder f = folder_new();
    struct block_queue q = {0};
    size_t len = make_content(content, false, 20000);
    file_put(folder_at(&f, "plain"), "w", content, len);
    int fd = open(folder_at(&f, "plain"), O_RDONLY);
    struct block *all = read_all(fd);
    assert_non_null(all);
    assert_int_equal(all->len, len);
    expect_records(file_of_block(all, &q), &q, WINDOW);
    close(fd);
    assert_null(file_open(folder_at(&f, "nothing"), &q, FILE_WINDOW));
    free(content);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_read_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
