/* seen.c - a table of identities, with a list of those of each minute. */
#include "engine/state/seen.h"

struct seen_one {
    struct hash128 identity;
    struct seen_one *next;
};

void seen_init(struct seen *s, struct slab *slab, uint64_t most, const struct state_listener *listener)
{
    *s = (struct seen){.slab = slab,
                       .table = {.slab = slab},
                       .timers = {.slab = slab},
                       .most = most,
                       .unsure_until = INT64_MIN,
                       .listener = listener};
}

static struct seen_minute *minute_of(struct seen *s, int64_t minute)
{
    struct seen_minute **link = &s->minutes, *m;
    while (*link && (*link)->minute != minute) link = &(*link)->next;
    m = *link;
    if (m) {
        *link = m->next;
    } else {
        m = slab_get(s->slab, sizeof *m);
        m->minute = minute;
        timer_set(&s->timers, &m->timer, minute * 60 + 59 + SEEN_SECONDS);
    }
    m->next = s->minutes;
    return s->minutes = m;
}

static void forget_minute(struct seen *s, struct seen_minute *m)
{
    struct seen_minute **link = &s->minutes;
    for (struct seen_one *one = m->first, *next; one; one = next) {
        next = one->next;
        table_remove(&s->table, one);
        slab_put(s->slab, one, sizeof *one);
    }
    while (*link != m) link = &(*link)->next;
    *link = m->next;
    slab_put(s->slab, m, sizeof *m);
}

/* Each identity is forgotten once, so it costs no more than remembering did. */
static void make_room(struct seen *s)
{
    uint32_t before = s->table.len;
    struct seen_minute *m = (struct seen_minute *)timers_pop(&s->timers, INT64_MAX);
    if (s->unsure_until < m->minute * 60 + 59) s->unsure_until = m->minute * 60 + 59;
    forget_minute(s, m);
    struct state_eviction e = {
        .cap = "identities", .rule = IR_NONE, .baseline = IR_NONE, .n = before - s->table.len};
    s->evicted += e.n;
    if (s->listener->evicted) s->listener->evicted(s->listener->world, &e);
}

enum sighted seen_put(struct seen *s, struct hash128 identity, int64_t second)
{
    if (table_get(&s->table, identity)) return SIGHTED_AGAIN;
    if (s->table.len >= s->most) make_room(s);
    int64_t minute = second >= 0 ? second / 60 : -((59 - second) / 60);
    struct seen_minute *m = minute_of(s, minute);
    struct seen_one *one = slab_get(s->slab, sizeof *one);
    one->identity = identity;
    one->next = m->first;
    m->first = one;
    table_put(&s->table, one);
    return second <= s->unsure_until ? SIGHTED_UNSURE : SIGHTED_FIRST;
}

void seen_forget(struct seen *s, int64_t watermark)
{
    for (struct timer *t; (t = timers_pop(&s->timers, watermark));)
        forget_minute(s, (struct seen_minute *)t); /* the timer is its first member */
}
