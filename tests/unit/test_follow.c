/* test_follow.c - pipes, a log that grows, is renamed or cut, and a folder that files come into. */
#include "engine/io/follow.h"
#include "engine/io/stream.h"
#include "tests/unit/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* for what must come; nothing is timed */

/* The records that come now, one letter each (the value of "n"), '!' for what cannot be read; `idle` ends it. */
static const char *letters(struct input *in, size_t least)
{
    static char seen[512];
    struct input_record r;
    size_t n = 0;
    while (n < sizeof seen - 1) {
        enum input_result result = in->next(in->world, &r, n < least ? PATIENCE_MS : 0);
        if (result != INPUT_RECORD) break;
        const char *name = r.bytes.len ? memmem(r.bytes.at, r.bytes.len, "\"n\":\"", 5) : NULL;
        seen[n++] = r.aside != ASIDE_NONE ? '!' : name ? name[5] : '?';
    }
    seen[n] = 0;
    return seen;
}

static const char *record(char letter)
{
    static char records[16][64];
    static unsigned turn;
    char *at = records[turn++ % 16];
    snprintf(at, 64, "{\"n\":\"%c\",\"eventTime\":\"2023-07-10T11:00:00Z\"}\n", letter);
    return at;
}

static void append(const char *path, const char *text)
{
    file_put(path, "a", text, strlen(text));
}

/* ---- streams ------------------------------------------------------------------------------------------- */

static void pour(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) abort();
}

static void test_stream(void **state)
{
    (void)state;
    int ends[2];
    uint64_t read, all;
    assert_int_equal(pipe(ends), 0);
    struct stream *s = stream_new(ends[0], TEXT("pipe"));
    struct input in = stream_input(s);
    assert_string_equal(letters(&in, 0), "");
    pour(ends[1], record('a'));
    assert_string_equal(letters(&in, 1), "a");
    pour(ends[1], "{\"n\":\"b\",\"eventTime\":"); /* half a line is no record yet */
    assert_string_equal(letters(&in, 0), "");
    pour(ends[1], "\"2023-07-10T11:00:00Z\"}\n");
    pour(ends[1], record('c'));
    assert_string_equal(letters(&in, 2), "bc");
    pour(ends[1], "{\"n\":\"d\"}"); /* the last line has no end */
    close(ends[1]);
    assert_string_equal(letters(&in, 1), "d");
    struct input_record r;
    assert_int_equal(in.next(in.world, &r, 0), INPUT_END);
    in.progress(in.world, &read, &all);
    assert_int_equal(all, 0);
    assert_true(read > 100);
    assert_true(text_equal(in.origin_name(in.world, 0), TEXT("pipe")));
    stream_free(s);
    close(ends[0]);
}

/* Many records, over many blocks, released late: every byte is still there. */
static void test_stream_blocks(void **state)
{
    (void)state;
    enum { N = 40000, HELD = 20000 };
    static struct text held[HELD];
    FILE *file = tmpfile();
    for (int i = 0; i < N; i++) fprintf(file, "{\"n\":\"x\",\"i\":%d,\"pad\":\"%*s\"}\n", i, i % 300, "");
    fflush(file);
    rewind(file);
    struct stream *s = stream_new(fileno(file), TEXT("file"));
    struct input in = stream_input(s);
    struct input_record r;
    int n = 0;
    for (; in.next(in.world, &r, PATIENCE_MS) == INPUT_RECORD; n++) {
        char expected[32];
        int len = snprintf(expected, sizeof expected, "{\"n\":\"x\",\"i\":%d,", n - HELD);
        if (n >= HELD) {
            assert_memory_equal(held[n % HELD].at, expected, len);
            in.release(in.world, (uint64_t)(n - HELD + 1));
        }
        held[n % HELD] = r.bytes;
        assert_int_equal(r.line, n + 1);
    }
    assert_int_equal(n, N);
    stream_free(s);
    fclose(file);
}

/* A line without an end does not take all memory: it is cut, the rest of it is skipped. */
static void test_stream_endless_line(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    fputs("{\"n\":\"", file);
    for (int i = 0; i < 40 << 10; i++) fprintf(file, "%1024s", "y");
    fprintf(file, "\"}\n%s", record('z'));
    fflush(file);
    rewind(file);
    struct stream *s = stream_new(fileno(file), TEXT("file"));
    struct input in = stream_input(s);
    const char *seen = letters(&in, 2);
    assert_in_range(strlen(seen), 2, 2);
    assert_int_equal(seen[1], 'z');
    stream_free(s);
    fclose(file);
}

/* ---- files --------------------------------------------------------------------------------------------- */

static void test_growing(void **state)
{
    (void)state;
    struct folder f = folder_new();
    char error[512];
    const char *path = folder_at(&f, "a.log"), *old = folder_at(&f, "a.log.1");
    file_text(path, record('a'));
    struct follow *follow = follow_open(path, error);
    assert_non_null(follow);
    struct input in = follow_input(follow);
    assert_string_equal(letters(&in, 1), "a");
    append(path, record('b'));
    append(path, "{\"n\":\"c\"");
    assert_string_equal(letters(&in, 1), "b");
    append(path, "}\n");
    assert_string_equal(letters(&in, 1), "c");

    rename(path, old); /* whoever writes may go on for a while */
    append(old, record('d'));
    assert_string_equal(letters(&in, 1), "d");
    append(old, record('e'));
    append(old, "{\"n\":\"f\","); /* its last record never ended */
    file_text(path, "");
    assert_string_equal(letters(&in, 1), "e");
    append(path, record('g'));
    assert_string_equal(letters(&in, 2), "fg");

    file_text(path, ""); /* copytruncate */
    assert_string_equal(letters(&in, 0), "");
    append(path, record('h'));
    assert_string_equal(letters(&in, 1), "h");

    char longer[256]; /* cut and grown beyond what was read, between two looks */
    snprintf(longer, sizeof longer, "%s%s%s", record('i'), record('j'), record('k'));
    file_text(path, longer);
    assert_string_equal(letters(&in, 3), "ijk");
    follow_close(follow);
    folder_remove(&f);
}

static void test_missing(void **state)
{
    (void)state;
    struct folder f = folder_new();
    char error[512] = "";
    assert_null(follow_open(folder_at(&f, "no.log"), error));
    assert_non_null(strstr(error, "no.log: No such file"));
    folder_remove(&f);
}

/* ---- folders ------------------------------------------------------------------------------------------- */

static void test_inbox(void **state)
{
    (void)state;
    struct folder f = folder_new();
    char error[512];
    file_text(folder_at(&f, "b.json"), "{\"n\":\"b\",\"eventTime\":\"2023-07-10T11:00:02Z\"}");
    file_text(folder_at(&f, "c.json"), "{\"n\":\"a\",\"eventTime\":\"2023-07-10T11:00:01Z\"}");
    struct follow *follow = follow_open(f.path, error);
    assert_non_null(follow);
    struct input in = follow_input(follow);
    struct input_record r;
    assert_string_equal(letters(&in, 2), "ab"); /* merged like a replay's */
    assert_int_equal(in.next(in.world, &r, 0), INPUT_IDLE);

    file_text(folder_at(&f, "deep/d.ndjson"), record('d'));
    assert_string_equal(letters(&in, 1), "d");
    in.release(in.world, 3);
    file_text(folder_at(&f, "deep/notes.txt"), "no input");
    file_text(folder_at(&f, "e.json"), record('e'));
    assert_string_equal(letters(&in, 1), "e");
    assert_true(text_ends(in.origin_name(in.world, 0), TEXT("/b.json")));
    assert_true(text_ends(in.origin_name(in.world, 2), TEXT("/deep/d.ndjson")));
    assert_true(text_ends(in.origin_name(in.world, 3), TEXT("/e.json")));
    in.release(in.world, 4);
    unlink(folder_at(&f, "e.json"));
    assert_int_equal(symlink("loop.json", folder_at(&f, "loop.json")), 0); /* cannot be read, and holds up nothing */
    file_text(folder_at(&f, "f.json"), record('f'));
    assert_string_equal(letters(&in, 1), "f");
    uint64_t read, all;
    in.progress(in.world, &read, &all);
    assert_int_equal(all, 0);
    assert_true(read > 0);
    follow_close(follow);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_stream_blocks),
        cmocka_unit_test(test_stream_endless_line),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_inbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
