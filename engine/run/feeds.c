/* feeds.c - a sorted array: there are as many feeds as accounts and regions that rules ask about. */
#include "engine/run/feeds.h"

#include <string.h>

static int compare(struct hash128 a, struct hash128 b)
{
    if (a.hi != b.hi) return a.hi < b.hi ? -1 : 1;
    return (a.lo > b.lo) - (a.lo < b.lo);
}

/* Where the feed stands, or would. */
static uint32_t place_of(const struct feeds *f, struct hash128 feed)
{
    uint32_t lo = 0, hi = f->len;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (compare(f->at[mid].feed, feed) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool stands_at(const struct feeds *f, uint32_t i, struct hash128 feed)
{
    return i < f->len && compare(f->at[i].feed, feed) == 0;
}

bool feeds_note(struct feeds *f, struct hash128 feed, int64_t second)
{
    uint32_t i = place_of(f, feed);
    if (stands_at(f, i, feed)) {
        if (f->at[i].newest < second) f->at[i].newest = second;
        return true;
    }
    if (f->len == FEEDS_FRESH_MOST) return true; /* nobody can tell how far it has come */
    struct feed_seen *last = VEC_PUSH(f);
    if (!last) return false;
    memmove(f->at + i + 1, f->at + i, (f->len - 1 - i) * sizeof *f->at);
    f->at[i] = (struct feed_seen){feed, second};
    return true;
}

bool feeds_fold(struct feeds *f, const struct feeds *more)
{
    for (uint32_t i = 0; i < more->len; i++)
        if (!feeds_note(f, more->at[i].feed, more->at[i].newest)) return false;
    return true;
}

int64_t feeds_newest(const struct feeds *f, struct hash128 feed)
{
    uint32_t i = place_of(f, feed);
    return stands_at(f, i, feed) ? f->at[i].newest : INT64_MIN;
}
