/* test_walk.c - which files are input, and what their names say. */
#include "engine/io/walk.h"
#include "engine/io/when.h"
#include "tests/unit/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
    const char *name;
    bool is_input;
} NAMES[] = {
    {"a.json", true},
    {"a.json.gz", true},
    {"a.ndjson", true},
    {"a.ndjson.gz", true},
    {"a.jsonl", true},
    {"a.jsonl.gz", true},
    {"a.log", true},
    {"a.log.gz", true},
    {"a.zst", true},
    {"a.ndjson.zst", true},
    {"a.json.zst", true},
    {"218007301253_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json.gz", true},
    {"a", false},
    {"json", false},
    {".json", false},
    {".hidden.json", false},
    {"a.tar.gz", false},
    {"a.gz", false},
    {"a.json.bak", false},
    {"README.md", false},
    {"a.JSON", false},
    {"218007301253_CloudTrail-Digest_us-east-1_trail_us-east-1_20230710T114500Z.json.gz", false},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (walk_takes(NAMES[i].name) != NAMES[i].is_input) fail_msg("%s", NAMES[i].name);
}

static const struct {
    const char *name;
    int64_t second; /* 0: no stamp */
} STAMPS[] = {
    {"218007301253_CloudTrail_us-east-1_20230710T1145Z_7xgocspSowgK0Gto.json", 1688989500},
    {"218007301253_CloudTrail_us-gov-west-1_20230710T1145Z_x.json.gz", 1688989500},
    {"218007301253_CloudTrail_us-east-1_20230710T1145Z_x.txt", 0},
    {"21800730125_CloudTrail_us-east-1_20230710T1145Z_x.json", 0},
    {"218007301253_CloudTrail-Digest_us-east-1_20230710T1145Z_x.json", 0},
    {"218007301253_CloudTrail__20230710T1145Z_x.json", 0},
    {"218007301253_CloudTrail_us-east-1_20231310T1145Z_x.json", 0},
    {"218007301253_CloudTrail_us-east-1_20230710T114500Z_x.json", 0},
    {"218007301253_CloudTrail_us-east-1", 0},
    {"", 0},
};

static void test_stamps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof STAMPS / sizeof *STAMPS; i++) {
        int64_t second = 0;
        bool has_stamp = delivery_stamp(text_of(STAMPS[i].name), &second);
        if (has_stamp != (STAMPS[i].second != 0) || second != STAMPS[i].second)
            fail_msg("%s", STAMPS[i].name);
    }
}

#define SECOND INT64_C(1000000000)

static const struct {
    const char *record;
    int64_t time; /* 0: none */
} TIMES[] = {
    {"{\"eventTime\":\"2023-07-10T11:45:00Z\"}", 1688989500 * SECOND},
    {"{ \"a\" : 1,\n \"eventTime\" : \"2023-07-10T11:45:00Z\" }", 1688989500 * SECOND},
    {"{\"requestParameters\":{\"eventTime\":\"2020-01-01T00:00:00Z\"},\"eventTime\":\"2023-07-10T11:45:"
     "00Z\"}",
     1688989500 * SECOND},
    {"{\"eventTime\":\"2023-07-10T11:45:00Z\",\"x\":[{\"eventTime\":\"2020-01-01T00:00:00Z\"}]}",
     1688989500 * SECOND},
    {"{\"x\":\"say \\\"eventTime\\\":\\\"2020-01-01T00:00:00Z\\\"\",\"eventTime\":\"2023-07-10T11:45:00Z\"}",
     1688989500 * SECOND},
    /* Other sources */
    {"{\"uuid\":\"u\",\"published\":\"2023-07-10T11:45:00.000Z\",\"client\":{\"published\":\"2020-01-01T00:00:00Z\"}}",
     1688989500 * SECOND},
    {"{\"stageTimestamp\":\"2023-07-10T11:45:09Z\",\"requestReceivedTimestamp\":\"2023-07-10T11:45:00.000000Z\"}",
     1688989500 * SECOND},
    {"{\"created_at\":1688989500000,\"@timestamp\":1688989500000}", 1688989500 * SECOND},
    {"{\"requestObject\":{\"eventTime\":null},\"requestReceivedTimestamp\":\"2023-07-10T11:45:00Z\"}", 1688989500 * SECOND},
    {"{\"start\":1688989500,\"end\":1688989559}", 1688989500 * SECOND},
    {"{\"n\":7,\"when\":\"2023-07-10 11:45:00\",\"later\":\"2024-07-10 11:45:00\"}", 1688989500 * SECOND},
    {"{\"later\":\"2024-07-10 11:45:00\",\"time\":\"2023-07-10T11:45:00Z\"}", 1688989500 * SECOND},
    {"{\"number\":1688989500,\"text\":\"20-23-07-10-11\"}", 0},
    {"{\"published\":\"soon\"}", 0},
    {"{\"published\":", 0},
    {"{\"eventTime\":null}", 0},
    {"{\"eventTime\":\"yesterday\"}", 0},
    {"{\"eventTime\":\"2023-07-10T11:45", 0},
    {"{\"eventTime\"", 0},
    {"{\"a\":[{\"eventTime\":1},{\"eventTime\":2}]}", 0},
    {"\"eventTime\":\"eventTime\"", 0},
    {"}}}\"eventTime\" \"eventTime\"", 0},
    {"", 0},
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
        int64_t time = 0;
        bool has_time = record_time(text_of(TIMES[i].record), NULL, &time);
        if (has_time != (TIMES[i].time != 0) || time != TIMES[i].time) fail_msg("%s", TIMES[i].record);
    }
}

static void expect_walk(const struct folder *f, const char *const *paths, size_t n, const char *expected)
{
    struct walk w = {0};
    char error[512], found[1024] = "";
    for (size_t i = 0; i < n; i++) assert_true(walk_path(&w, paths[i], error));
    walk_seal(&w);
    for (size_t i = 0; i < w.len; i++) {
        strcat(found, w.files[i].path + strlen(f->path) + 1);
        strcat(found, " ");
    }
    walk_free(&w);
    assert_string_equal(found, expected);
}

static void test_tree(void **state)
{
    (void)state;
    struct folder f = folder_new();
    file_text(folder_at(&f, "b/2.json"), "{}");
    file_text(folder_at(&f, "b/deep/er/1.log.gz"), "x");
    file_text(folder_at(&f, "b/.git/3.json"), "{}");
    file_text(folder_at(&f, "a.ndjson"), "{}");
    file_text(folder_at(&f, "named.txt"), "{}");
    assert_int_equal(symlink("..", folder_at(&f, "b/up")), 0); /* leads back: must end, and count once */
    for (int i = 0; i < 20; i++) assert_int_equal(symlink(".", folder_at(&f, "b/here%d", i)), 0);
    assert_int_equal(link(folder_at(&f, "a.ndjson"), folder_at(&f, "b/same.ndjson")), 0);
    const char *all[] = {f.path};
    expect_walk(&f, all, 1, "a.ndjson b/2.json b/deep/er/1.log.gz ");
    const char *twice[] = {folder_at(&f, "named.txt"), folder_at(&f, "b/2.json"), folder_at(&f, "b")};
    expect_walk(&f, twice, 3, "b/2.json b/deep/er/1.log.gz b/same.ndjson named.txt ");
    folder_remove(&f);
}

/* Labels beside delivered logs are no logs; the same name elsewhere, or named itself, is one. */
static void test_strangers(void **state)
{
    (void)state;
    struct folder f = folder_new();
    const char *delivered = "d/111122223333_CloudTrail_us-east-1_20230710T1145Z_abc.json.gz";
    file_text(folder_at(&f, "%s", delivered), "x");
    file_text(folder_at(&f, "d/labels.ndjson"), "{}");
    file_text(folder_at(&f, "d/more/labels.ndjson"), "{}");
    const char *folder[] = {f.path}, *named[] = {f.path, folder_at(&f, "d/labels.ndjson")};
    char expected[256];
    snprintf(expected, sizeof expected, "%s d/more/labels.ndjson ", delivered);
    expect_walk(&f, folder, 1, expected);
    snprintf(expected, sizeof expected, "%s d/labels.ndjson d/more/labels.ndjson ", delivered);
    expect_walk(&f, named, 2, expected);
    struct walk w = {0};
    char error[512];
    assert_true(walk_path(&w, f.path, error));
    assert_int_equal(w.passed_over, 1);
    walk_free(&w);
    folder_remove(&f);
}

static void test_errors(void **state)
{
    (void)state;
    struct folder f = folder_new();
    struct walk w = {0};
    char error[512];
    assert_false(walk_path(&w, folder_at(&f, "nothing.json"), error));
    assert_non_null(strstr(error, "nothing.json: No such file"));
    file_text(folder_at(&f, "closed.json"), "{}");
    chmod(folder_at(&f, "closed.json"), 0);
    if (geteuid() != 0) { /* root may read everything */
        assert_false(walk_path(&w, folder_at(&f, "closed.json"), error));
        assert_non_null(strstr(error, "closed.json: Permission denied"));
        assert_false(walk_path(&w, f.path, error));
    }
    walk_free(&w);
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_stamps), cmocka_unit_test(test_times),
        cmocka_unit_test(test_tree), cmocka_unit_test(test_strangers),  cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
