/* timers.c - a binary heap; the root is at 0, a timer's place is its index + 1. */
#include "engine/state/timers.h"

static void put(struct timers *ts, uint32_t i, struct timer *t)
{
    ts->at[i] = t;
    t->place = i + 1;
}

static void rise(struct timers *ts, uint32_t i, struct timer *t)
{
    for (; i && ts->at[(i - 1) / 2]->due > t->due; i = (i - 1) / 2) put(ts, i, ts->at[(i - 1) / 2]);
    put(ts, i, t);
}

static void sink(struct timers *ts, uint32_t i, struct timer *t)
{
    for (uint32_t kid; (kid = 2 * i + 1) < ts->len; i = kid) {
        if (kid + 1 < ts->len && ts->at[kid + 1]->due < ts->at[kid]->due) kid++;
        if (ts->at[kid]->due >= t->due) break;
        put(ts, i, ts->at[kid]);
    }
    put(ts, i, t);
}

static void take_out(struct timers *ts, struct timer *t)
{
    uint32_t i = t->place - 1;
    struct timer *last = ts->at[--ts->len];
    t->place = 0;
    if (last == t) return;
    if (i && ts->at[(i - 1) / 2]->due > last->due)
        rise(ts, i, last);
    else
        sink(ts, i, last);
}

void timer_set(struct timers *ts, struct timer *t, int64_t due)
{
    if (t->place && t->due == due) return;
    if (t->place) take_out(ts, t);
    t->due = due;
    if (due == NEVER) return;
    (void)SLAB_PUSH(ts->slab, *ts);
    rise(ts, ts->len - 1, t);
}

void timer_moved(struct timers *ts, struct timer *t)
{
    if (t->place) ts->at[t->place - 1] = t;
}

struct timer *timers_pop(struct timers *ts, int64_t second)
{
    if (!ts->len || ts->at[0]->due > second) return NULL;
    struct timer *t = ts->at[0];
    take_out(ts, t);
    return t;
}
