/* seen.c - a table of identities, with a list of those of each minute. */
#include "engine/state/seen.h"

#define SECOND_LAST_MINUTE (INT64_MAX / 4 / 60) /* no record is of a later one */

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

static struct seen_minute *minute_new(struct seen *s, int64_t minute)
{
    struct seen_minute *m = slab_get(s->slab, sizeof *m);
    m->minute = minute;
    timer_set(&s->timers, &m->timer, minute * 60 + 59 + SEEN_SECONDS);
    return m;
}

static void put_one(struct seen *s, struct seen_minute *m, struct hash128 identity)
{
    struct seen_one *one = slab_get(s->slab, sizeof *one);
    one->identity = identity;
    one->next = m->first;
    m->first = one;
    table_put(&s->table, one);
}

static struct seen_minute *minute_of(struct seen *s, int64_t minute)
{
    struct seen_minute **link = &s->minutes, *m;
    while (*link && (*link)->minute != minute) link = &(*link)->next;
    m = *link;
    if (m)
        *link = m->next;
    else
        m = minute_new(s, minute);
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
    put_one(s, minute_of(s, minute), identity);
    return second <= s->unsure_until ? SIGHTED_UNSURE : SIGHTED_FIRST;
}

void seen_forget(struct seen *s, int64_t watermark)
{
    for (struct timer *t; (t = timers_pop(&s->timers, watermark));)
        forget_minute(s, (struct seen_minute *)t); /* the timer is its first member */
}

/* ---- as bytes ------------------------------------------------------------------------------------------ */

static uint32_t identities_of(const struct seen_minute *m)
{
    uint32_t n = 0;
    for (const struct seen_one *one = m ? m->first : NULL; one; one = one->next) n++;
    return n;
}

static uint32_t minutes_of(const struct seen *s)
{
    uint32_t n = 0;
    for (const struct seen_minute *m = s->minutes; m; m = m->next) n++;
    return n;
}

/* m: NULL when it is to be read. */
static struct seen_minute *minute_tape(struct seen *s, struct tape *t, struct seen_minute *m)
{
    int64_t minute = m ? m->minute : 0;
    uint32_t n = identities_of(m);
    TAPE(t, minute);
    n = tape_count(t, n);
    (void)tape_check(t, minute > -SECOND_LAST_MINUTE && minute < SECOND_LAST_MINUTE);
    if (!m) m = minute_new(s, t->is_broken ? 0 : minute);
    struct seen_one *one = m->first;
    for (uint32_t i = 0; i < n; i++) {
        struct hash128 identity = one && !t->reads ? one->identity : (struct hash128){0, 0};
        TAPE(t, identity);
        if (!t->reads)
            one = one->next;
        else if (tape_check(t, !t->is_broken && !table_get(&s->table, identity)))
            put_one(s, m, identity);
    }
    return m;
}

void seen_tape(struct seen *s, struct tape *t)
{
    struct seen_minute **link = &s->minutes;
    uint32_t n = tape_count(t, minutes_of(s));
    TAPE(t, s->unsure_until), TAPE(t, s->evicted);
    for (uint32_t i = 0; i < n && !t->is_broken; i++) {
        *link = minute_tape(s, t, *link);
        link = &(*link)->next;
    }
}
