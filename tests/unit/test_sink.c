/* The sink of incidents: whole lines, a full disk, a file that is renamed away, a device that fails. */
#include "engine/io/sink.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    char folder[32], path[64], aside[64];
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w) return -1;
    snprintf(w->folder, sizeof w->folder, "/tmp/csr-sink-XXXXXX");
    if (!mkdtemp(w->folder)) return -1;
    snprintf(w->path, sizeof w->path, "%s/a", w->folder);
    snprintf(w->aside, sizeof w->aside, "%s/b", w->folder);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    unlink(w->path);
    unlink(w->aside);
    int wrong = rmdir(w->folder);
    free(w);
    return wrong;
}

static struct sink *open_sink(const char *path)
{
    char error[256];
    struct sink *s = sink_open(path, error);
    if (!s) fail_msg("%s", error);
    return s;
}

static void put(struct sink *s, const char *line)
{
    char error[256];
    assert_int_equal(sink_put(s, text_of(line), error), SINK_DONE);
}

static void expect_file(const char *path, const char *wanted)
{
    char got[256] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    got[fread(got, 1, sizeof got - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(got, wanted);
}

static void lines_are_appended(void **state)
{
    struct world *w = *state;
    char error[256];
    struct stat s;
    for (int i = 0; i < 2; i++) {
        struct sink *sink = open_sink(w->path);
        put(sink, "one\n");
        put(sink, "two\n");
        assert_true(sink_close(sink, error));
    }
    expect_file(w->path, "one\ntwo\none\ntwo\n");
    assert_int_equal(stat(w->path, &s), 0);
    assert_int_equal(s.st_mode & 0137, 0);
}

static void a_renamed_file_is_followed_by_a_new_one(void **state)
{
    struct world *w = *state;
    char error[256];
    struct sink *sink = open_sink(w->path);
    put(sink, "old\n");
    assert_int_equal(rename(w->path, w->aside), 0);
    put(sink, "still old\n");
    assert_true(sink_reopen(sink, error));
    put(sink, "new\n");
    assert_true(sink_close(sink, error));
    expect_file(w->aside, "old\nstill old\n");
    expect_file(w->path, "new\n");
}

static void a_full_disk_keeps_the_line(void **state)
{
    (void)state;
    char error[256];
    struct sink *sink = open_sink("/dev/full");
    assert_int_equal(sink_put(sink, TEXT("12345678\n"), error), SINK_FULL);
    assert_string_equal(error, "/dev/full: No space left on device");
    assert_int_equal(sink_flush(sink, error), SINK_FULL);
    assert_int_equal(sink_put(sink, TEXT("9\n"), error), SINK_FULL);
    assert_false(sink_close(sink, error));
    assert_string_equal(error, "/dev/full: 11 bytes could not be written");
}

static void what_cannot_be_opened_is_an_error(void **state)
{
    struct world *w = *state;
    char error[256];
    assert_null(sink_open("/nowhere/at/all", error));
    assert_string_equal(error, "/nowhere/at/all: No such file or directory");
    assert_null(sink_open(w->folder, error));
    assert_non_null(strstr(error, "Is a directory"));
}

/* ---- several threads ----------------------------------------------------------------------------------- */

#define LINES    500
#define LINE_LEN 3000

struct many {
    struct sink *sink;
    char letter;
};

static void *put_many(void *world)
{
    struct many *m = world;
    char line[LINE_LEN], error[256];
    memset(line, m->letter, sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < LINES; i++)
        if (sink_put(m->sink, (struct text){line, sizeof line}, error) != SINK_DONE) return m;
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    struct world *w = *state;
    char error[256], line[LINE_LEN + 2];
    struct sink *sink = open_sink(w->path);
    struct many a = {sink, 'a'}, b = {sink, 'b'};
    pthread_t thread;
    void *failed;
    pthread_create(&thread, NULL, put_many, &a);
    assert_null(put_many(&b));
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_true(sink_close(sink, error));
    FILE *f = fopen(w->path, "r");
    assert_non_null(f);
    uint32_t n = 0;
    while (fgets(line, sizeof line, f)) {
        assert_int_equal(strlen(line), LINE_LEN);
        assert_int_equal(strspn(line, (char[]){line[0], '\0'}), LINE_LEN - 1);
        n++;
    }
    fclose(f);
    assert_int_equal(n, 2 * LINES);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lines_are_appended),
        TEST(a_renamed_file_is_followed_by_a_new_one),
        TEST(a_full_disk_keeps_the_line),
        TEST(what_cannot_be_opened_is_an_error),
        TEST(lines_of_several_threads_do_not_mix),
    };
    return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
