/* test_zone.c - time zones: a file made here, its rule in all forms, broken files, and the system's zones
 * against the C library. */
#include "engine/base/zone.h"
#include "engine/base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct file {
    char bytes[1024];
    uint32_t len;
};

static void put(struct file *f, const void *bytes, size_t len)
{
    memcpy(f->bytes + f->len, bytes, len);
    f->len += (uint32_t)len;
}

static void put_number(struct file *f, int64_t n, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) f->bytes[f->len++] = (char)((uint64_t)n >> 8 * i);
}

static void put_block(struct file *f, int time, const struct zone_change *changes, uint32_t n, int32_t before)
{
    const uint32_t counts[] = {0, 0, 0, n, n + 1, 4};
    put(f, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    for (int i = 0; i < 6; i++) put_number(f, counts[i], 4);
    for (uint32_t i = 0; i < n; i++) put_number(f, changes[i].at, time);
    for (uint32_t i = 0; i < n; i++) put_number(f, i + 1, 1);
    put_number(f, before, 4);
    put(f, "\0\0", 2);
    for (uint32_t i = 0; i < n; i++) {
        put_number(f, changes[i].offset, 4);
        put(f, "\0\0", 2);
    }
    put(f, "CET", 4);
}

/* As zic writes it: a block of 32 bits, one of 64, the rule. */
static struct file make_file(const struct zone_change *changes, uint32_t n, int32_t before, const char *rule)
{
    struct file f = {.len = 0};
    put_block(&f, 4, NULL, 0, before);
    put_block(&f, 8, changes, n, before);
    put(&f, "\n", 1);
    put(&f, rule, strlen(rule));
    put(&f, "\n", 1);
    return f;
}

static bool read_zone(struct arena *arena, const struct file *f, struct zone *out)
{
    *out = (struct zone){.name = TEXT("Test/Town")};
    return zone_read_tzif(arena, (struct text){f->bytes, f->len}, out);
}

static int64_t second_of(const char *written)
{
    int64_t ns;
    assert_true(time_parse(text_of(written), &ns));
    return time_second(ns);
}

static const struct zone_change listed[] = {{0, 7200}, {86400, 3600}};

static void changes_and_rule(void **state)
{
    static const struct {
        const char *rule, *at;
        int32_t offset;
    } cases[] = {
        {"", "1969-12-31T23:59:59Z", 1800},
        {"", "1970-01-01T00:00:00Z", 7200},
        {"", "1970-01-02T00:00:00Z", 3600},
        {"", "2200-07-01T00:00:00Z", 3600},
        {"CET-1", "2026-07-01T00:00:00Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2200-07-01T00:00:00Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2261-12-31T00:00:00Z", 3600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 39600},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-01T00:00:00Z", 36000},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01T00:00:00Z", 39600},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 3600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600},
        {"EST5EDT,J60/0,J300/0", "2024-03-01T04:59:59Z", -18000},
        {"EST5EDT,J60/0,J300/0", "2024-03-01T05:00:00Z", -14400},
        {"EST5EDT,59/0,300/0", "2024-02-29T05:00:00Z", -14400},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(0);
        struct zone zone;
        struct file f = make_file(listed, COUNT(listed), 1800, cases[i].rule);
        assert_true(read_zone(arena, &f, &zone));
        int32_t offset = zone_offset(&zone, second_of(cases[i].at));
        if (offset != cases[i].offset) print_error("%s at %s: %d\n", cases[i].rule, cases[i].at, offset);
        assert_int_equal(offset, cases[i].offset);
        arena_free(arena);
    }
}

static void wrong_rules(void **state)
{
    static const char *const rules[] = {"-1",
                                        "CET",
                                        "CET-1CEST",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M13.1.0,M1.1.0",
                                        "CET-1CEST,M3.6.0,M10.5.0",
                                        "CET-999",
                                        "CET-1CEST,M3.5.0,M10.5.0,",
                                        "<CET-1",
                                        "CET-1CEST,J400,J1"};
    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct arena *arena = arena_new(0);
        struct zone zone;
        struct file f = make_file(listed, COUNT(listed), 0, rules[i]);
        bool is_read = read_zone(arena, &f, &zone);
        if (is_read) print_error("%s is read\n", rules[i]);
        assert_false(is_read);
        arena_free(arena);
    }
}

/* Cut short it is none; with any byte changed it is one or none, and can be asked. */
static void broken_files(void **state)
{
    struct file whole = make_file(listed, COUNT(listed), 0, "CET-1CEST,M3.5.0,M10.5.0/3");
    (void)state;
    for (uint32_t len = 0; len < whole.len; len++) {
        struct arena *arena = arena_new(0);
        struct zone zone;
        char *exact = malloc(len + 1); /* so that a sanitizer sees a byte too far */
        memcpy(exact, whole.bytes, len);
        assert_false(zone_read_tzif(arena, (struct text){exact, len}, &zone));
        free(exact);
        arena_free(arena);
    }
    for (uint32_t i = 0; i < whole.len; i++)
        for (int change = 1; change < 256; change += 37) {
            struct arena *arena = arena_new(0);
            struct zone zone;
            struct file f = whole;
            f.bytes[i] = (char)(f.bytes[i] ^ change);
            if (read_zone(arena, &f, &zone)) (void)zone_offset(&zone, 1 << 30);
            arena_free(arena);
        }
}

static bool read_system(struct arena *arena, const char *name, struct zone *out)
{
    static char room[64 << 10];
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    uint32_t len = (uint32_t)fread(room, 1, sizeof room, file);
    fclose(file);
    *out = (struct zone){.name = text_of(name)};
    assert_true(zone_read_tzif(arena, (struct text){room, len}, out));
    return true;
}

/* The C library knows 400 years of rules too: a moment a day and an hour, from 1930 to 2250. */
static void compare_with_library(const char *name)
{
    struct arena *arena = arena_new(0);
    struct zone zone;
    if (!read_system(arena, name, &zone)) {
        print_message("%s is not there: not compared\n", name);
        arena_free(arena);
        return;
    }
    setenv("TZ", name, 1);
    tzset();
    for (int64_t second = second_of("1930-01-01T00:00:00Z"); second < second_of("2250-01-01T00:00:00Z");
         second += 25 * 3600) {
        struct tm tm;
        time_t at = (time_t)second;
        localtime_r(&at, &tm);
        int32_t offset = zone_offset(&zone, second);
        if (offset != tm.tm_gmtoff) print_error("%s at %ld: %d\n", name, (long)second, offset);
        assert_int_equal(offset, tm.tm_gmtoff);
    }
    arena_free(arena);
}

static void as_the_library_says(void **state)
{
    static const char *const names[] = {
        "Europe/Berlin",    "Europe/Dublin", "America/New_York", "Asia/Kolkata",      "Asia/Tehran",
        "Australia/Sydney", "America/Nuuk",  "Asia/Jerusalem",   "Africa/Casablanca", "UTC"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) compare_with_library(names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_and_rule),
        cmocka_unit_test(wrong_rules),
        cmocka_unit_test(broken_files),
        cmocka_unit_test(as_the_library_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
