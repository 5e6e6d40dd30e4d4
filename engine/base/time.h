/* time.h - moments as sources write them, and as we print them. UTC, no leap seconds, no locale, no system
 * clock. */
#ifndef CSR_ENGINE_BASE_TIME_H
#define CSR_ENGINE_BASE_TIME_H

#include "grammar/base/text.h"

#define SECOND_NS INT64_C(1000000000)

/* Times as sources write them: "2023-07-10T11:45:00Z", with a fraction or an offset, "2022-09-30
 * 15:11:25.000000000", epoch seconds, milli-, micro- or nanoseconds (by size). Without an offset it is UTC.
 * False if it is none of them, or not within the years 1678 to 2261 that nanoseconds reach. */
bool time_parse(struct text t, int64_t *nanoseconds);

/* A number of seconds, milli-, micro- or nanoseconds since 1970, told apart by its size. */
bool time_of_epoch(double number, int64_t *nanoseconds);

/* "2023-07-10T11:45:00Z", with a fraction only if there is one; at most 31 bytes with the NUL. */
uint32_t time_print(int64_t nanoseconds, char out[32]);

/* Days from 1970-01-01; months and days count from 1. */
int64_t time_days(int year, int month, int day);

/* Floor, also before 1970. */
int64_t time_second(int64_t nanoseconds);

/* "UTC", "Z", or an offset like "+02:00": seconds east of Greenwich. False for names of places: see
 * zone.h. */
bool zone_parse(struct text zone, int32_t *seconds);
/* Hour of the day, 0 to 23, and day of the week, 0 Monday to 6 Sunday. */
int time_hour(int64_t nanoseconds, int32_t zone);
int time_weekday(int64_t nanoseconds, int32_t zone);

#endif
