/* words.c - values in words. */
#include "engine/state/words.h"
#include "engine/base/number.h"

#include <stdio.h>
#include <time.h>

#define SECOND    INT64_C(1000000000)
#define LIST_MOST 8 /* elements that are written out */

struct words words_begin(struct scratch *s)
{
    return (struct words){s, s->len};
}

void words_text(struct words *w, struct text t)
{
    size_t room = w->scratch->cap - w->scratch->len, len = t.len < room ? t.len : room;
    if (len) memcpy(w->scratch->at + w->scratch->len, t.at, len);
    w->scratch->len += len;
}

struct text words_end(struct words *w)
{
    return (struct text){w->scratch->at + w->from, (uint32_t)(w->scratch->len - w->from)};
}

/* The two largest units: "3d4h", "4m", "0s". */
static void words_duration(struct words *w, int64_t nanoseconds)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    int64_t seconds = nanoseconds / SECOND;
    char out[32];
    int said = 0;
    for (unsigned i = 0; i < 4 && said < 2; i++) {
        int64_t n = seconds / units[i].seconds;
        if (!n && (said || i < 3)) {
            if (said) break;
            continue;
        }
        words_text(w, (struct text){
                          out, (uint32_t)snprintf(out, sizeof out, "%lld%s", (long long)n, units[i].unit)});
        seconds -= n * units[i].seconds;
        said++;
    }
}

static void words_time(struct words *w, int64_t nanoseconds)
{
    time_t seconds = (time_t)(nanoseconds / SECOND);
    struct tm tm;
    char out[64];
    size_t len = gmtime_r(&seconds, &tm) ? strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &tm) : 0;
    words_text(w, (struct text){out, (uint32_t)len});
}

static void words_list(struct words *w, struct value v)
{
    for (uint32_t i = 0; i < v.len && i < LIST_MOST; i++) {
        if (i) words_text(w, TEXT(", "));
        words_value(w, v.items[i]);
    }
    if (v.len > LIST_MOST) words_text(w, TEXT(", …"));
}

void words_value(struct words *w, struct value v)
{
    char out[64];
    int len = 0;
    switch (v.kind) {
    case VALUE_STRING:
    case VALUE_JSON: words_text(w, value_text(v)); return;
    case VALUE_DURATION: words_duration(w, v.i); return;
    case VALUE_TIME: words_time(w, v.i); return;
    case VALUE_LIST: words_list(w, v); return;
    case VALUE_NET: len = (int)ip_print(v.net, out); break;
    case VALUE_BOOL: len = snprintf(out, sizeof out, "%s", v.i ? "true" : "false"); break;
    case VALUE_INT:
    case VALUE_FLOAT: len = (int)number_print(v, out); break;
    case VALUE_SIZE: len = snprintf(out, sizeof out, "%lld", (long long)v.i); break;
    case VALUE_NULL: len = snprintf(out, sizeof out, "null"); break;
    default: len = snprintf(out, sizeof out, "?"); break;
    }
    words_text(w, (struct text){out, (uint32_t)len});
}
