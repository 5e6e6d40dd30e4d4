/* feeds.c - what people are told of feeds: a line of the incident stream and one of talk when a feed
 * begins to lag and when it comes back, and their part of the status.
 *
 * Quiet feeds are no news: a region that nobody uses is idle most of the day. They are counted in the status
 * alone.
 */
#include "engine/service/service.h"

#include "engine/base/time.h"

#define FEEDS_LISTED 100 /* in a status */

static struct text source_name(const struct service *s, const struct run_feed *f)
{
    const struct ir_site *site = s->first->ir->site;
    return site && f->source < site->n_sources ? site->sources[f->source].name : TEXT("");
}

static void put_names(struct json_out *o, const struct service *s, const struct run_feed *f)
{
    json_member_if_any(o, "source", source_name(s, f));
    json_member_if_any(o, "feed", f->kind);
    json_member_if_any(o, "account", f->account);
    json_member_if_any(o, "region", f->region);
}

static const char *standing_of(const struct run_counts *n, const struct run_feed *f)
{
    return f->lags ? "lagging" : run_feed_is_idle(n, f) ? "idle" : "current";
}

static void put_standing(struct json_out *o, const struct run_counts *n, const struct run_feed *f)
{
    char text[32];
    bool is_known = f->newest != INT64_MIN;
    json_name(o, "state"), json_put_cstring(o, standing_of(n, f));
    json_name(o, "newest");
    if (is_known)
        json_put_text(o, (struct text){text, time_print(f->newest * SECOND_NS, text)});
    else
        json_put_null(o);
    json_name(o, "behind_s"), json_put_int(o, is_known ? n->newest - f->newest : 0);
}

/* ---- as it happens ------------------------------------------------------------------------------------- */

static void talk_of(struct service *s, const struct run_counts *n, const struct run_feed *f)
{
    service_talk(s,
                 "feed " TEXT_FMT " " TEXT_FMT " " TEXT_FMT
                 " %s: its newest record is %lld seconds behind other feeds'",
                 TEXT_ARG(f->kind), TEXT_ARG(f->account), TEXT_ARG(f->region),
                 f->lags ? "lags, its records are late" : "is back", (long long)(n->newest - f->newest));
}

void service_feed(void *world, const struct run_counts *n, const struct run_feed *f)
{
    struct service *s = world;
    struct json_out *o = &s->line;
    char error[256] = "out of memory";
    talk_of(s, n, f);
    json_out_reset(o);
    json_open(o, '{');
    json_name(o, "type"), json_put_cstring(o, "feed");
    put_names(o, s, f);
    put_standing(o, n, f);
    json_close(o, '}');
    json_put_newline(o);
    if (o->failed || !service_line(s, json_out_text(o), error))
        service_talk(s, "a line of a feed is lost: %s", error);
}

/* ---- in the status ------------------------------------------------------------------------------------- */

static bool is_listed(const struct run_feed *f)
{
    return f->lags || f->late || f->ahead;
}

static void put_feed(struct json_out *o, const struct service *s, const struct run_counts *n,
                     const struct run_feed *f)
{
    json_open(o, '{');
    put_names(o, s, f);
    put_standing(o, n, f);
    json_member_uint(o, "records", f->records);
    json_member_uint(o, "late", f->late);
    json_member_uint(o, "ahead", f->ahead);
    json_close(o, '}');
}

static void put_feeds(struct json_out *o, const struct service *s, const struct run_counts *n)
{
    uint64_t idle = 0, lagging = 0, listed = 0;
    for (uint32_t i = 0; i < n->n_feeds; i++) {
        lagging += n->feeds[i].lags;
        idle += run_feed_is_idle(n, &n->feeds[i]);
    }
    json_open(o, '{');
    json_member_uint(o, "known", n->n_feeds);
    json_member_uint(o, "idle", idle);
    json_member_uint(o, "lagging", lagging);
    json_name(o, "troubled"), json_open(o, '[');
    for (int lags = 1; lags >= 0; lags--)
        for (uint32_t i = 0; i < n->n_feeds && listed < FEEDS_LISTED; i++) {
            const struct run_feed *f = &n->feeds[i];
            if (!is_listed(f) || f->lags != (lags == 1)) continue;
            put_feed(o, s, n, f);
            listed++;
        }
    json_close(o, ']');
    json_close(o, '}');
}

static void put_late_rules(struct json_out *o, const struct run_counts *n)
{
    json_open(o, '{');
    for (uint32_t i = 0; n->ir && i < n->ir->n_rules; i++) {
        if (!n->late_hits[i]) continue;
        json_name_text(o, n->ir->rules[i].name), json_put_uint(o, n->late_hits[i]);
    }
    json_close(o, '}');
}

void service_feeds_json(struct json_out *o, const struct service *s, const struct run_counts *n)
{
    json_out_reset(o);
    json_open(o, '{');
    json_name(o, "feeds"), put_feeds(o, s, n);
    json_name(o, "late_by_rule"), put_late_rules(o, n);
    json_close(o, '}');
}
