/* time.c - the proleptic Gregorian calendar in integers.
 *
 * Days are counted from 1 March of year 0 in eras of 400 years (146,097 days), so that the leap day is the
 * last of its year and no table is needed.
 */
#include "engine/base/time.h"

#include "engine/base/number.h"

#include <stdio.h>

#define DAY 86400

/* ---- calendar ------------------------------------------------------------------------------------------ */

int64_t time_days(int year, int month, int day)
{
    int y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int of_era = (int)(days - era * 146097);
    int y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int)(y + era * 400) + (*month <= 2);
}

static int days_in_month(int year, int month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

int64_t time_second(int64_t nanoseconds)
{
    return nanoseconds / SECOND_NS - (nanoseconds % SECOND_NS < 0);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

struct reader {
    const char *at, *end;
};

/* Exactly n digits; -1 if they are not there. */
static int digits(struct reader *r, int n)
{
    int number = 0;
    if (r->end - r->at < n) return -1;
    for (int i = 0; i < n; i++) {
        unsigned digit = (unsigned char)(r->at[i] - '0');
        if (digit > 9) return -1;
        number = number * 10 + (int)digit;
    }
    r->at += n;
    return number;
}

static bool take(struct reader *r, const char *one_of)
{
    if (r->at == r->end || !*r->at || !strchr(one_of, *r->at)) return false;
    r->at++;
    return true;
}

static bool date_read(struct reader *r, int64_t *days)
{
    int year = digits(r, 4);
    if (year < 0 || !take(r, "-")) return false;
    int month = digits(r, 2);
    if (month < 1 || month > 12 || !take(r, "-")) return false;
    int day = digits(r, 2);
    if (day < 1 || day > days_in_month(year, month)) return false;
    *days = time_days(year, month, day);
    return true;
}

/* A leap second (":60") is the first second of the next minute. */
static bool clock_read(struct reader *r, int64_t *second)
{
    int hour = digits(r, 2);
    if (hour < 0 || hour > 23 || !take(r, ":")) return false;
    int minute = digits(r, 2);
    if (minute < 0 || minute > 59 || !take(r, ":")) return false;
    int rest = digits(r, 2);
    if (rest < 0 || rest > 60) return false;
    *second = hour * 3600 + minute * 60 + rest;
    return true;
}

/* The fraction in nanoseconds; digits behind the ninth are cut off. */
static bool fraction_read(struct reader *r, int64_t *nanoseconds)
{
    int64_t unit = SECOND_NS;
    const char *from = r->at;
    *nanoseconds = 0;
    for (; r->at < r->end && (unsigned char)(*r->at - '0') < 10; r->at++) {
        unit /= 10;
        *nanoseconds += (*r->at - '0') * unit;
    }
    return r->at > from;
}

/* "+02:00", "-0330", "+02" */
static bool offset_read(struct reader *r, int32_t *seconds)
{
    bool is_west = r->at < r->end && *r->at == '-';
    if (!take(r, "+-")) return false;
    int hours = digits(r, 2), minutes = 0;
    if (hours < 0 || hours > 18) return false;
    if (r->at < r->end && *r->at != ' ') {
        take(r, ":");
        minutes = digits(r, 2);
        if (minutes < 0 || minutes > 59) return false;
    }
    *seconds = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

static bool zone_read(struct reader *r, int32_t *seconds)
{
    *seconds = 0;
    take(r, " ");
    if (r->at == r->end || take(r, "Zz")) return true;
    if (r->end - r->at == 3 && memcmp(r->at, "UTC", 3) == 0) {
        r->at += 3;
        return true;
    }
    return offset_read(r, seconds);
}

static bool written_time(struct text t, int64_t *nanoseconds)
{
    struct reader r = {t.at, t.at + t.len};
    int64_t days, second, fraction = 0;
    int32_t zone;
    if (!date_read(&r, &days) || !take(&r, "Tt ") || !clock_read(&r, &second)) return false;
    if (take(&r, ".,") && !fraction_read(&r, &fraction)) return false;
    if (!zone_read(&r, &zone) || r.at != r.end) return false;
    return !__builtin_mul_overflow(days * DAY + second - zone, SECOND_NS, nanoseconds) &&
           !__builtin_add_overflow(*nanoseconds, fraction, nanoseconds);
}

/* A date of this century has 10 digits in seconds, 13 in milli-, 16 in micro- and 19 in nanoseconds. */
static int64_t epoch_unit(double number)
{
    double size = number < 0 ? -number : number;
    return size < 1e11 ? SECOND_NS : size < 1e14 ? 1000000 : size < 1e17 ? 1000 : 1;
}

bool time_of_epoch(double number, int64_t *nanoseconds)
{
    double ns = number * (double)epoch_unit(number);
    if (!(ns > -9.2e18 && ns < 9.2e18)) return false;
    *nanoseconds = (int64_t)ns;
    return true;
}

bool time_parse(struct text t, int64_t *nanoseconds)
{
    struct value number;
    if (written_time(t, nanoseconds)) return true;
    if (!number_parse(t, &number)) return false;
    if (number.kind == VALUE_FLOAT) return time_of_epoch(number.f, nanoseconds);
    return number.kind == VALUE_INT &&
           !__builtin_mul_overflow(number.i, epoch_unit((double)number.i), nanoseconds);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

uint32_t time_print(int64_t nanoseconds, char out[32])
{
    int64_t second = time_second(nanoseconds), fraction = nanoseconds - second * SECOND_NS;
    int64_t days = second / DAY - (second % DAY < 0);
    int of_day = (int)(second - days * DAY), year, month, day;
    date_of(days, &year, &month, &day);
    int n = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, of_day / 3600,
                     of_day / 60 % 60, of_day % 60);
    if (fraction) {
        n += snprintf(out + n, 32 - (size_t)n, ".%09d", (int)fraction);
        while (out[n - 1] == '0') n--;
    }
    out[n++] = 'Z';
    out[n] = 0;
    return (uint32_t)n;
}

/* ---- zones --------------------------------------------------------------------------------------------- */

bool zone_parse(struct text zone, int32_t *seconds)
{
    struct reader r = {zone.at, zone.at + zone.len};
    return zone.len && zone_read(&r, seconds) && r.at == r.end;
}

int time_hour(int64_t nanoseconds, int32_t zone)
{
    int64_t second = time_second(nanoseconds) + zone;
    return (int)((second % DAY + DAY) % DAY / 3600);
}

int time_weekday(int64_t nanoseconds, int32_t zone)
{
    int64_t second = time_second(nanoseconds) + zone, days = second / DAY - (second % DAY < 0);
    return (int)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}
