/* zone.c - TZif files and the rules at their end. */
#include "engine/base/zone.h"
#include "engine/base/time.h"

#define DAY         INT64_C(86400)
#define YEAR_LAST   2262
#define OFFSET_MOST (26 * 3600) /* RFC 8536, 3.2 */

/* ---- bytes --------------------------------------------------------------------------------------------- */

struct reader {
    const unsigned char *at, *end;
    bool failed;
};

static const unsigned char *take(struct reader *r, size_t n)
{
    const unsigned char *at = r->at;
    if (r->failed || (size_t)(r->end - r->at) < n) {
        r->failed = true;
        return NULL;
    }
    r->at += n;
    return at;
}

/* Big endian, with its sign. */
static int64_t read_number(const unsigned char *at, uint32_t bytes)
{
    uint64_t n = at[0] & 0x80 ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < bytes; i++) n = n << 8 | at[i];
    return (int64_t)n;
}

/* ---- a block of the file ------------------------------------------------------------------------------- */

struct header {
    unsigned char version;
    uint32_t n_utc, n_standard, n_leaps, n_times, n_types, n_letters;
};

static struct header take_header(struct reader *r)
{
    const unsigned char *at = take(r, 44);
    if (!at || memcmp(at, "TZif", 4)) {
        r->failed = true;
        return (struct header){0};
    }
    uint32_t n[6];
    for (uint32_t i = 0; i < 6; i++) n[i] = (uint32_t)read_number(at + 20 + 4 * i, 4);
    return (struct header){at[4], n[0], n[1], n[2], n[3], n[4], n[5]};
}

/* Bytes of the block that follows a header; its times have 4 or 8. */
static size_t block_size(const struct header *h, uint32_t time)
{
    return (size_t)h->n_times * (time + 1) + (size_t)h->n_types * 6 + h->n_letters +
           (size_t)h->n_leaps * (time + 4) + h->n_standard + h->n_utc;
}

struct table {
    struct arena *arena;
    struct ARENA_VEC(struct zone_change) changes;
};

static bool add_change(struct table *t, int64_t at, int32_t offset)
{
    if (t->changes.len && t->changes.at[t->changes.len - 1].at >= at) return false;
    *ARENA_PUSH(t->arena, t->changes) = (struct zone_change){at, offset};
    return true;
}

static bool read_block(struct table *t, const struct header *h, const unsigned char *block, uint32_t time,
                       int32_t *before)
{
    const unsigned char *number = block + (size_t)h->n_times * time, *types = number + h->n_times;
    if (!h->n_types || h->n_leaps) return false;
    for (uint32_t i = 0; i < h->n_types; i++) {
        int64_t offset = read_number(types + 6 * i, 4);
        if (offset < -OFFSET_MOST || offset > OFFSET_MOST) return false;
    }
    *before = (int32_t)read_number(types, 4);
    for (uint32_t i = 0; i < h->n_times; i++) {
        if (number[i] >= h->n_types) return false;
        int32_t offset = (int32_t)read_number(types + 6 * number[i], 4);
        if (!add_change(t, read_number(block + (size_t)i * time, time), offset)) return false;
    }
    return true;
}

/* ---- the rule at the end ------------------------------------------------------------------------------- */

/* Until now a byte of the rule was missing or wrong: `failed`. */
static char peek(const struct reader *r)
{
    return r->at < r->end ? (char)*r->at : 0;
}

static bool skip(struct reader *r, char c)
{
    if (peek(r) != c) return false;
    r->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int32_t take_int(struct reader *r, int32_t most)
{
    int32_t n = 0;
    r->failed |= !is_digit(peek(r));
    while (is_digit(peek(r)) && n <= most) n = n * 10 + (*r->at++ - '0');
    r->failed |= n > most;
    return n;
}

/* "3", "-1:30", "24:00:00": seconds */
static int32_t take_clock(struct reader *r)
{
    int32_t sign = skip(r, '-') ? -1 : 1;
    if (sign > 0) skip(r, '+');
    int32_t seconds = take_int(r, 167) * 3600;
    if (skip(r, ':')) seconds += take_int(r, 59) * 60;
    if (skip(r, ':')) seconds += take_int(r, 59);
    return sign * seconds;
}

/* "CET" or "<+0330>" */
static void skip_letters(struct reader *r)
{
    const unsigned char *from = r->at;
    if (skip(r, '<')) {
        while (peek(r) && peek(r) != '>') r->at++;
        r->failed |= !skip(r, '>');
        return;
    }
    while ((peek(r) | 0x20) >= 'a' && (peek(r) | 0x20) <= 'z') r->at++;
    r->failed |= r->at == from;
}

/* The day on which the offset changes, and the local second of that day. */
struct when {
    char form; /* 'M' month.week.weekday, 'J' day 1 to 365 without leap days, 'D' day 0 to 365 */
    int32_t month, week, day;
    int32_t second;
};

static struct when take_when(struct reader *r)
{
    struct when w = {.form = 'D', .second = 2 * 3600};
    r->failed |= !skip(r, ',');
    if (skip(r, 'M')) {
        w.form = 'M';
        w.month = take_int(r, 12);
        r->failed |= !skip(r, '.');
        w.week = take_int(r, 5);
        r->failed |= !skip(r, '.');
        w.day = take_int(r, 6);
        r->failed |= !w.month || !w.week;
    } else {
        if (skip(r, 'J')) w.form = 'J';
        w.day = take_int(r, 365);
    }
    if (skip(r, '/')) w.second = take_clock(r);
    return w;
}

/* Days since 1970. */
static int64_t day_of(const struct when *w, int year)
{
    if (w->form == 'D') return time_days(year, 1, 1) + w->day;
    /* day 60 of 'J' is always 1 March */
    if (w->form == 'J')
        return w->day < 60 ? time_days(year, 1, 1) + w->day - 1 : time_days(year, 3, 1) + w->day - 60;
    int64_t first = time_days(year, w->month, 1);
    int64_t next = w->month == 12 ? time_days(year + 1, 1, 1) : time_days(year, w->month + 1, 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 0 is Sunday */
    int64_t day = first + (w->day - weekday + 7) % 7 + 7 * (w->week - 1);
    return day >= next ? day - 7 : day; /* week 5 is the last one */
}

static int64_t moment_of(const struct when *w, int year, int32_t offset_before)
{
    return day_of(w, year) * DAY + w->second - offset_before;
}

/* The two changes of each year, behind what the file lists. */
static void add_years(struct table *t, const struct when *to_summer, const struct when *to_winter,
                      int32_t summer, int32_t winter)
{
    int64_t last = t->changes.len ? t->changes.at[t->changes.len - 1].at : INT64_MIN;
    for (int year = 1900; year <= YEAR_LAST; year++) {
        struct zone_change a = {moment_of(to_summer, year, winter), summer},
                           b = {moment_of(to_winter, year, summer), winter};
        struct zone_change first = a.at < b.at ? a : b, second = a.at < b.at ? b : a;
        if (first.at > last) (void)add_change(t, first.at, first.offset);
        if (second.at > last) (void)add_change(t, second.at, second.offset);
    }
}

static bool read_rule(struct table *t, struct reader r)
{
    if (r.at == r.end) return true; /* nothing is known of what comes */
    skip_letters(&r);
    int32_t winter = -take_clock(&r);
    if (r.failed || r.at == r.end) return !r.failed;
    skip_letters(&r);
    int32_t summer = peek(&r) == ',' ? winter + 3600 : -take_clock(&r);
    struct when to_summer = take_when(&r), to_winter = take_when(&r);
    if (r.failed || r.at != r.end) return false;
    add_years(t, &to_summer, &to_winter, summer, winter);
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

/* The text between the newlines behind the last block. */
static struct reader take_rule(struct reader *r)
{
    struct reader rule = *r;
    if (!skip(&rule, '\n')) r->failed = true;
    const unsigned char *end = r->failed ? NULL : memchr(rule.at, '\n', (size_t)(rule.end - rule.at));
    if (!end) r->failed = true;
    rule.end = end ? end : rule.at;
    return rule;
}

bool zone_read_tzif(struct arena *arena, struct text bytes, struct zone *out)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    struct reader r = {at, at + bytes.len, false}, rule = {at, at, false};
    struct table t = {.arena = arena};
    uint32_t time = 4;
    struct header h = take_header(&r);
    const unsigned char *block = take(&r, block_size(&h, time));
    if (!r.failed && h.version >= '2') { /* the same again in 64 bits, and the rule */
        time = 8;
        h = take_header(&r);
        block = take(&r, block_size(&h, time));
        rule = take_rule(&r);
    }
    *out = (struct zone){.name = out->name};
    if (r.failed || !read_block(&t, &h, block, time, &out->before) || !read_rule(&t, rule)) return false;
    out->changes = t.changes.at;
    out->n_changes = t.changes.len;
    return true;
}

int32_t zone_offset(const struct zone *z, int64_t second)
{
    uint32_t lo = 0, hi = z->n_changes;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (z->changes[mid].at <= second)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? z->changes[lo - 1].offset : z->before;
}
