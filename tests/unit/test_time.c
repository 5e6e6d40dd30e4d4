/* test_time.c - moments as sources write them, against the C library's calendar. */
#include "engine/base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *means; /* NULL: no time */
    } cases[] = {
        {"2023-07-10T11:45:00Z", "2023-07-10T11:45:00Z"},
        {"2023-07-10t11:45:00z", "2023-07-10T11:45:00Z"},
        {"2022-09-30 15:11:25.000000000", "2022-09-30T15:11:25Z"},
        {"2022-09-30 15:11:25.120000000 UTC", "2022-09-30T15:11:25.12Z"},
        {"2021-01-13T11:11:43+00:00", "2021-01-13T11:11:43Z"},
        {"2021-01-13T01:11:43+02:30", "2021-01-12T22:41:43Z"},
        {"2021-12-31T23:30:00-0100", "2022-01-01T00:30:00Z"},
        {"2021-12-31T23:30:00 -01", "2022-01-01T00:30:00Z"},
        {"2022-08-22T18:07:16.1234567Z", "2022-08-22T18:07:16.1234567Z"},
        {"2022-08-22T18:07:16.1234567891234Z", "2022-08-22T18:07:16.123456789Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
        {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
        {"1688990121", "2023-07-10T11:55:21Z"},
        {"1688990121000", "2023-07-10T11:55:21Z"},
        {"1688990121001", "2023-07-10T11:55:21.001Z"},
        {"1688990121000001", "2023-07-10T11:55:21.000001Z"},
        {"1688990121000000001", "2023-07-10T11:55:21.000000001Z"},
        {"1688990121.5", "2023-07-10T11:55:21.5Z"},
        {"2023-02-29T00:00:00Z", NULL},
        {"2023-13-01T00:00:00Z", NULL},
        {"2023-00-01T00:00:00Z", NULL},
        {"2023-01-32T00:00:00Z", NULL},
        {"2023-01-01T24:00:00Z", NULL},
        {"2023-01-01T00:60:00Z", NULL},
        {"2023-01-01T00:00Z", NULL},
        {"2023-01-01", NULL},
        {"2023-01-01T00:00:00.Z", NULL},
        {"2023-01-01T00:00:00Z ", NULL},
        {"2023-01-01T00:00:00+99:00", NULL},
        {"8/22/2022 6:07:16 PM", NULL},
        {"9999-01-01T00:00:00Z", NULL},
        {"0001-01-01T00:00:00Z", NULL},
        {"99999999999999999999", NULL},
        {"1e300", NULL},
        {"", NULL},
        {"now", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t time;
        char out[32];
        bool is_time = time_parse(text_of(cases[i].text), &time);
        if (is_time != (cases[i].means != NULL)) fail_msg("%s", cases[i].text);
        if (!is_time) continue;
        assert_int_equal(time_print(time, out), strlen(cases[i].means));
        assert_string_equal(out, cases[i].means);
    }
}

/* Every day from 1700 to 2250 is what the C library makes of it, and is read back. */
static void test_calendar(void **state)
{
    (void)state;
    for (int64_t day = -98000; day < 102000; day += 1) {
        time_t second = (time_t)(day * 86400 + (day & 1023) * 83);
        struct tm tm;
        char expected[64], out[32];
        gmtime_r(&second, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
        int64_t time = second * SECOND_NS, back;
        time_print(time, out);
        if (strcmp(out, expected)) fail_msg("%s %s", out, expected);
        assert_true(time_parse(text_of(out), &back) && back == time);
        assert_int_equal(time_second(time), second);
        assert_int_equal(time_second(time + 1), second);
        assert_int_equal(time_second(time - 1), second - 1);
        assert_int_equal(time_hour(time, 0), tm.tm_hour);
        assert_int_equal(time_weekday(time, 0), (tm.tm_wday + 6) % 7);
    }
}

static void test_limits(void **state)
{
    (void)state;
    char out[32];
    int64_t back;
    time_print(INT64_MAX, out);
    assert_true(time_parse(text_of(out), &back) && back == INT64_MAX);
    time_print(INT64_MIN + SECOND_NS, out);
    assert_true(time_parse(text_of(out), &back) && back == INT64_MIN + SECOND_NS);
}

static void test_zones(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int32_t seconds; /* 1: no zone */
    } cases[] = {{"UTC", 0},           {"Z", 0}, {"+02:00", 7200}, {"-0330", -12600}, {"+01", 3600},
                 {"Europe/Berlin", 1}, {"", 1},  {"+1", 1}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int32_t seconds = 1;
        if (zone_parse(text_of(cases[i].zone), &seconds) != (cases[i].seconds != 1))
            fail_msg("%s", cases[i].zone);
        if (cases[i].seconds != 1) assert_int_equal(seconds, cases[i].seconds);
    }
    int64_t sunday; /* 23:30 in UTC is Monday east of it */
    assert_true(time_parse(TEXT("2023-07-09T23:30:00Z"), &sunday));
    assert_int_equal(time_weekday(sunday, 0), 6);
    assert_int_equal(time_weekday(sunday, 7200), 0);
    assert_int_equal(time_hour(sunday, 7200), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
