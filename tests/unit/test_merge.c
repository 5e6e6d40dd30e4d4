/* test_merge.c - one sequence from many files, whatever their order, their folders and their packing. */
#include "engine/base/hash.h"
#include "engine/io/merge.h"
#include "engine/io/when.h"
#include "tests/unit/folder.h"

#include <dirent.h>
#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <zstd.h>

#include <cmocka.h>

/* ---- reading everything -------------------------------------------------------------------------------- */

struct sequence {
    struct hash128 digest; /* of all records with a time, in their order */
    uint64_t records, asides;
    bool is_sorted;
    char first[64], last[64]; /* beginnings of records */
};

static const uint64_t ZERO[2];

static void add_record(struct sequence *s, const struct input_record *r, int64_t *newest)
{
    struct hash128 both[2] = {s->digest, hash_128(ZERO, r->bytes.at, r->bytes.len)};
    int64_t time;
    s->records++;
    if (!record_time(r->bytes, r->columns, &time)) return;
    s->digest = hash_128(ZERO, both, sizeof both);
    s->is_sorted &= time >= *newest;
    *newest = time;
    snprintf(s->first[0] ? s->last : s->first, 64, TEXT_FMT, TEXT_ARG(r->bytes));
}

/* Reads to the end, releasing late now and then, and reads each record's bytes again before it is released. */
static struct sequence read_all_of(const char *const *paths, size_t n, uint64_t load_most)
{
    enum { HELD = 100 };
    char error[512] = "";
    struct sequence s = {.is_sorted = true};
    struct merge *m = merge_open_loading(paths, n, load_most, error);
    if (!m) fail_msg("%s", error);
    struct input in = merge_input(m);
    struct text held[HELD];
    uint32_t sums[HELD];
    uint64_t given = 0;
    int64_t newest = INT64_MIN;
    for (struct input_record r; in.next(in.world, &r, 0) == INPUT_RECORD; given++) {
        if (given >= HELD) {
            struct text old = held[given % HELD];
            assert_int_equal(sums[given % HELD], (uint32_t)hash_64(ZERO, old.at, old.len));
            if (given % 7 == 0) in.release(in.world, given + 1 - HELD);
        }
        held[given % HELD] = r.bytes;
        sums[given % HELD] = (uint32_t)hash_64(ZERO, r.bytes.at, r.bytes.len);
        assert_true(in.origin_name(in.world, r.origin).len > 0);
        if (r.aside == ASIDE_NONE) add_record(&s, &r, &newest);
        else s.asides++;
    }
    uint64_t read, all, records = 0;
    in.progress(in.world, &read, &all);
    assert_int_equal(read, all);
    for (uint32_t i = 0; i < merge_files(m); i++) records += merge_file_at(m, i).records;
    assert_int_equal(records, s.records);
    merge_close(m);
    return s;
}

static void expect_same(struct sequence a, struct sequence b)
{
    assert_int_equal(a.records, b.records);
    if (!hash128_equal(a.digest, b.digest))
        fail_msg("another order: %s … %s against %s … %s", a.first, a.last, b.first, b.last);
}

/* Loaded whole, and surveyed. */
static struct sequence read_both_ways(const char *const *paths, size_t n)
{
    struct sequence loaded = read_all_of(paths, n, UINT64_MAX), surveyed = read_all_of(paths, n, 0);
    expect_same(loaded, surveyed);
    return loaded;
}

/* ---- made-up files ------------------------------------------------------------------------------------- */

static uint64_t random_state = 20230710;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(random_state >> 33) % n;
}

static int put_made_up(char *at, uint32_t id, uint32_t second)
{
    return sprintf(
        at, "{\"eventID\":\"%08x-%u\",\"eventTime\":\"2023-07-10T%02u:%02u:%02uZ\",\"pad\":\"%*s\"}",
        id * 2654435761u, id, second / 3600 % 24, second / 60 % 60, second % 60, (int)random_below(900), "");
}

static void put_packed(const char *path, const char *bytes, size_t len, int how)
{
    static char packed[1 << 20];
    size_t n = len;
    if (how == 1) {
        struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
        n = libdeflate_gzip_compress(c, bytes, len, packed, sizeof packed);
        libdeflate_free_compressor(c);
    } else if (how == 2) {
        n = ZSTD_compress(packed, sizeof packed, bytes, len, 3);
    }
    file_put(path, "w", how ? packed : bytes, n);
}

/* One set of records, dealt to n files in random order, as lines or as Records, plain or packed. */
static void deal_records(const struct folder *f, const char *below, char records[][1100], uint32_t n,
                         uint32_t files)
{
    static char buffer[1 << 20];
    uint32_t *of = calloc(n, sizeof *of), *order = calloc(n, sizeof *order);
    for (uint32_t i = 0; i < n; i++) {
        of[i] = random_below(files);
        uint32_t other = random_below(i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (uint32_t k = 0; k < files; k++) {
        bool is_list = random_below(2);
        int len = sprintf(buffer, "%s", is_list ? "{\"Records\":[" : ""), how = (int)random_below(3);
        for (uint32_t i = 0, none = 1; i < n; i++) {
            if (of[order[i]] != k) continue;
            len += sprintf(buffer + len, "%s%s%s", is_list && !none ? "," : "", records[order[i]],
                           is_list ? "" : "\n");
            none = 0;
        }
        len += sprintf(buffer + len, "%s", is_list ? "]}" : "");
        put_packed(folder_at(f, "%s/%u.json", below, k), buffer, (size_t)len, how);
    }
    free(of);
    free(order);
}

static void test_random_files(void **state)
{
    (void)state;
    enum { N = 400 };
    static char records[N][1100];
    for (int round = 0; round < 10; round++) {
        struct folder f = folder_new();
        for (uint32_t i = 0; i < N; i++) put_made_up(records[i], i, random_below(round < 5 ? 60 : 80000));
        deal_records(&f, "a", records, N, 1);
        deal_records(&f, "b", records, N, 9);
        deal_records(&f, "c/d/e", records, N, 40);
        const char *one[] = {folder_at(&f, "a")}, *nine[] = {folder_at(&f, "b")},
                   *forty[] = {folder_at(&f, "c")};
        struct sequence a = read_both_ways(one, 1), b = read_both_ways(nine, 1), c = read_both_ways(forty, 1);
        assert_int_equal(a.records, N);
        assert_true(a.is_sorted);
        expect_same(a, b);
        expect_same(a, c);
        const char *apart[9];
        for (uint32_t i = 0; i < 9; i++) apart[i] = folder_at(&f, "b/%u.json", 8 - i);
        expect_same(a, read_both_ways(apart, 9));
        folder_remove(&f);
    }
}

/* ---- delivered files ----------------------------------------------------------------------------------- */

static void put_delivered(const struct folder *f, const char *region, const char *stamp, const char *random,
                          const char *records)
{
    char bytes[2048];
    int len = snprintf(bytes, sizeof bytes, "{\"Records\":[%s]}", records);
    const char *path =
        folder_at(f, "%s/111122223333_CloudTrail_%s_%s_%s.json", region, region, stamp, random);
    file_put(path, "w", bytes, (size_t)len);
}

static struct text next_record(struct input *in, struct input_record *r)
{
    return in->next(in->world, r, 0) == INPUT_RECORD ? r->bytes : TEXT("(end)");
}

/* By stamp first, then by time, then by bytes; what has no time comes when its file is read. */
static void test_stamps_rule(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "{\"eventTime\":\"2023-07-10T11:00:09Z\",\"n\":1}",
        "{\"eventTime\":\"2023-07-10T11:00:09Z\",\"n\":2}",
        "{\"eventTime\":\"2023-07-10T11:01:00Z\",\"n\":3}",
        "{\"eventTime\":\"2023-07-10T10:59:00Z\",\"n\":4}",
        "{\"eventTime\":\"2023-07-10T11:02:00Z\",\"n\":5}",
    };
    struct folder f = folder_new();
    char error[512], two[256];
    snprintf(two, sizeof two, "%s,\n%s", expected[2], expected[1]);
    put_delivered(&f, "us-east-1", "20230710T1105Z", "b", two);
    put_delivered(&f, "eu-west-1", "20230710T1105Z", "a", expected[0]);
    snprintf(two, sizeof two, "%s,%s", expected[4], expected[3]);
    put_delivered(&f, "eu-west-1", "20230710T1110Z", "a", two);
    const char *paths[] = {folder_at(&f, "us-east-1"), folder_at(&f, "eu-west-1")};
    struct merge *m = merge_open(paths, 2, error);
    struct input in = merge_input(m);
    struct input_record r;
    for (size_t i = 0; i < 5; i++) {
        assert_true(text_equal(next_record(&in, &r), text_of(expected[i])));
        assert_int_equal(r.stamp, 1688986800 + (i < 3 ? 300 : 600));
        assert_true(merge_file_at(m, r.origin).is_delivered);
        if (i == 2) assert_int_equal(r.line, 1);
        if (i == 1) assert_int_equal(r.line, 2);
    }
    assert_int_equal(in.next(in.world, &r, 0), INPUT_END);
    assert_int_equal(in.next(in.world, &r, 0), INPUT_END);
    merge_close(m);
    folder_remove(&f);
}

static const char *real_data(void)
{
    static char path[512];
    const char *shared = getenv("CSR_SHARED");
    snprintf(path, sizeof path, "%s/data/cloudtrail/invictus", shared ? shared : "../shared");
    if (access(path, R_OK) == 0) return path;
    print_message("skipped: %s is not there (set CSR_SHARED)\n", path);
    return NULL;
}

/* 2,261 records as delivered: by name, backwards, and dealt to folders of a bucket. */
static void test_real(void **state)
{
    (void)state;
    const char *from = real_data();
    if (!from) skip();
    struct folder f = folder_new();
    char *paths[100];
    const char *forwards[100], *backwards[100], *bucket[] = {f.path};
    size_t n = 0;
    struct dirent **names;
    int n_names = scandir(from, &names, NULL, alphasort);
    for (int i = 0; i < n_names; i++) {
        int64_t stamp;
        char *path = NULL, *at;
        if (asprintf(&path, "%s/%s", from, names[i]->d_name) < 0) abort();
        if (delivery_stamp(text_of(names[i]->d_name), &stamp)) {
            at = strdup(folder_at(&f, "AWSLogs/region-%zu/2023/07/10/%s", n % 3, names[i]->d_name));
            file_text(at, "");
            unlink(at);
            char real[4096];
            if (!realpath(path, real) || symlink(real, at)) abort();
            paths[n++] = path;
            free(at);
        } else {
            free(path);
        }
        free(names[i]);
    }
    free(names);
    for (size_t i = 0; i < n; i++) {
        forwards[i] = paths[i];
        backwards[n - 1 - i] = paths[i];
    }
    struct sequence a = read_both_ways(forwards, n);
    assert_int_equal(a.records, 2261);
    assert_int_equal(a.asides, 0);
    expect_same(a, read_both_ways(backwards, n));
    expect_same(a, read_both_ways(bucket, 1));
    for (size_t i = 0; i < n; i++) free(paths[i]);
    folder_remove(&f);
}

/* ---- what is wrong ------------------------------------------------------------------------------------- */

static void test_truncated(void **state)
{
    (void)state;
    enum { N = 50 };
    static char records[N][1100], all[N * 1101], packed[N * 1101];
    struct folder f = folder_new();
    int len = 0;
    for (uint32_t i = 0; i < N; i++) {
        put_made_up(records[i], i, i);
        len += sprintf(all + len, "%s\n", records[i]);
    }
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t n = libdeflate_gzip_compress(c, all, (size_t)len, packed, sizeof packed);
    libdeflate_free_compressor(c);
    file_put(folder_at(&f, "cut.ndjson.gz"), "w", packed, n / 2);
    file_text(folder_at(&f, "other.json"), "{\"eventTime\":\"2023-07-10T23:00:00Z\"}");
    file_text(folder_at(&f, "empty.json"), "");
    file_text(folder_at(&f, "none.log"), "this is\nno CloudTrail\n");
    const char *paths[] = {f.path};
    struct sequence s = read_both_ways(paths, 1);
    assert_int_equal(s.asides, 1);
    assert_in_range(s.records, 10, N); /* half of the file, its last record cut, and the three others */
    assert_true(s.is_sorted);
    assert_string_equal(s.last, "{\"eventTime\":\"2023-07-10T23:00:00Z\"}");
    folder_remove(&f);
}

static void test_errors(void **state)
{
    (void)state;
    char error[512] = "";
    struct folder f = folder_new();
    file_text(folder_at(&f, "a.json"), "{}");
    const char *paths[] = {folder_at(&f, "a.json"), folder_at(&f, "missing.json")};
    assert_null(merge_open(paths, 2, error));
    assert_non_null(strstr(error, "missing.json"));
    mkdir(folder_at(&f, "empty"), 0777);
    const char *empty[] = {folder_at(&f, "empty")};
    assert_int_equal(read_both_ways(empty, 1).records, 0);
    folder_remove(&f);
}

/* A file that goes away between the check and its turn is reported, and the others go on. */
static void test_gone(void **state)
{
    (void)state;
    char error[512];
    struct folder f = folder_new();
    file_text(folder_at(&f, "a.json"), "{\"eventTime\":\"2023-07-10T10:00:00Z\"}");
    file_text(folder_at(&f, "b.json"), "{\"eventTime\":\"2023-07-10T11:00:00Z\"}");
    const char *paths[] = {f.path};
    struct merge *m = merge_open(paths, 1, error);
    unlink(folder_at(&f, "a.json"));
    struct input in = merge_input(m);
    struct input_record r;
    assert_int_equal(in.next(in.world, &r, 0), INPUT_RECORD);
    assert_int_equal(r.aside, ASIDE_UNREADABLE);
    assert_true(merge_file_at(m, r.origin).is_broken);
    assert_int_equal(in.next(in.world, &r, 0), INPUT_RECORD);
    assert_int_equal(r.aside, ASIDE_NONE);
    assert_int_equal(in.next(in.world, &r, 0), INPUT_END);
    merge_close(m);
    folder_remove(&f);
}

/* A pipe alone is given as it comes; beside files it is merged. */
static void test_pipe(void **state)
{
    (void)state;
    static const char late[] = "{\"eventTime\":\"2023-07-10T12:00:00Z\"}\n",
                      early[] = "{\"eventTime\":\"2023-07-10T10:00:00Z\"}\n";
    struct folder f = folder_new();
    file_text(folder_at(&f, "between.json"), "{\"eventTime\":\"2023-07-10T11:00:00Z\"}");
    for (size_t n = 1; n <= 2; n++) {
        int ends[2];
        char pipe_path[64], error[512];
        assert_int_equal(pipe(ends), 0);
        assert_true(write(ends[1], late, sizeof late - 1) > 0 && write(ends[1], early, sizeof early - 1) > 0);
        close(ends[1]);
        snprintf(pipe_path, sizeof pipe_path, "/dev/fd/%d", ends[0]);
        const char *paths[] = {pipe_path, folder_at(&f, "between.json")};
        struct merge *m = merge_open(paths, n, error);
        assert_non_null(m);
        struct input in = merge_input(m);
        struct input_record r;
        struct text first = next_record(&in, &r);
        assert_int_equal(first.at[26], n == 1 ? '2' : '0');
        if (n == 2) next_record(&in, &r);
        assert_int_equal(next_record(&in, &r).at[26], n == 1 ? '0' : '2');
        assert_int_equal(in.next(in.world, &r, 0), INPUT_END);
        merge_close(m);
        close(ends[0]);
    }
    folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_files), cmocka_unit_test(test_stamps_rule), cmocka_unit_test(test_real),
        cmocka_unit_test(test_truncated),    cmocka_unit_test(test_errors),      cmocka_unit_test(test_gone),
        cmocka_unit_test(test_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
