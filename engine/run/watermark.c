/* watermark.c - see watermark.h. */
#include "engine/run/batch.h"

#include "engine/run/atomic.h"

#include <stdlib.h>

static int64_t less(int64_t second, int64_t seconds)
{
    return second < INT64_MIN + seconds ? INT64_MIN : second - seconds;
}

void watermark_release(struct watermark *w)
{
    free(w->feeds.at);
    free(w->holding.at);
    free(w->places);
    *w = WATERMARK_NOTHING;
}

/* ---- which feed ---------------------------------------------------------------------------------------- */

/* Its place in the table, or the empty one where it would stand. */
static uint32_t *place_of(const struct watermark *w, struct hash128 id)
{
    uint32_t mask = w->n_places - 1, i = (uint32_t)id.lo & mask;
    while (w->places[i] && !hash128_equal(w->feeds.at[w->places[i] - 1].id, id)) i = (i + 1) & mask;
    return &w->places[i];
}

static bool has_room(struct watermark *w)
{
    if (w->feeds.len * 2 < w->n_places) return true;
    uint32_t n = w->n_places ? w->n_places * 2 : 64;
    uint32_t *places = calloc(n, sizeof *places);
    if (!places) return false;
    free(w->places);
    w->places = places;
    w->n_places = n;
    for (uint32_t i = 0; i < w->feeds.len; i++) *place_of(w, w->feeds.at[i].id) = i + 1;
    return true;
}

static bool find_feed(struct watermark *w, struct showing *s)
{
    if (!has_room(w)) return false;
    uint32_t *place = place_of(w, s->id);
    s->is_new = !*place && w->feeds.len < FEEDS_MOST;
    if (s->is_new) {
        struct feed_mark *f = VEC_PUSH(&w->feeds);
        if (!f) return false;
        *f = (struct feed_mark){s->id, INT64_MIN, 0, s->disorder, s->max_lag, false, false};
        *place = w->feeds.len;
    }
    s->number = *place ? *place - 1 : FEEDS_MOST - 1; /* the last one stands for all that had no room */
    struct feed_mark *f = &w->feeds.at[s->number];
    if (f->disorder < s->disorder) f->disorder = s->disorder; /* kinds of records that are one feed */
    if (f->max_lag < s->max_lag) f->max_lag = s->max_lag;
    return true;
}

/* ---- records ------------------------------------------------------------------------------------------- */

static bool note_turn(struct batch *b, uint32_t number, struct feed_mark *f, bool lags)
{
    if (f->lags == lags) return true;
    f->lags = lags;
    struct feed_turn *turn = VEC_PUSH(&b->turns);
    if (turn) *turn = (struct feed_turn){number, lags};
    return turn != NULL;
}

static bool hold(struct watermark *w, uint32_t number, struct feed_mark *f)
{
    if (f->holds) return true;
    uint32_t *place = VEC_PUSH(&w->holding);
    if (place) *place = number;
    f->holds = true;
    return place != NULL;
}

static bool take_record(struct watermark *w, struct batch *b, uint32_t i)
{
    uint32_t number = b->showings.at[b->showing_of[i]].number;
    struct feed_mark *f = &w->feeds.at[number];
    if (b->seconds[i] > w->newest) w->newest = b->seconds[i];
    if (b->seconds[i] > f->newest) f->newest = b->seconds[i];
    f->came = b->clock;
    return hold(w, number, f) &&
           note_turn(b, number, f, !b->in_order && f->newest < less(w->newest, f->max_lag));
}

/* ---- the tick ------------------------------------------------------------------------------------------ */

/* How far a feed has come: an idle one of a live input is moved by the clock; of records in order of time,
 * all are as far as the newest. */
static int64_t come_to(const struct watermark *w, const struct batch *b, const struct feed_mark *f)
{
    return b->in_order ? w->newest : f->newest + (b->clock - f->came);
}

static int64_t newest_of(const struct watermark *w, const struct batch *b)
{
    int64_t newest = w->newest;
    for (uint32_t i = 0; i < w->holding.len; i++) {
        int64_t second = come_to(w, b, &w->feeds.at[w->holding.at[i]]);
        if (second > newest) newest = second;
    }
    return newest;
}

/* The least of those that hold. Who is behind holds no more. */
static int64_t least_of(struct watermark *w, const struct batch *b, int64_t newest)
{
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < w->holding.len;) {
        struct feed_mark *f = &w->feeds.at[w->holding.at[i]];
        int64_t second = come_to(w, b, f);
        f->holds = second >= less(newest, f->max_lag);
        if (f->holds) {
            if (less(second, f->disorder) < least) least = less(second, f->disorder);
            i++;
        } else {
            w->holding.at[i] = w->holding.at[--w->holding.len];
        }
    }
    return least;
}

static void tick(struct watermark *w, const struct batch *b)
{
    int64_t passed = INT64_MAX;
    if (!b->is_end && w->newest == INT64_MIN) return;
    if (!b->is_end) passed = least_of(w, b, newest_of(w, b));
    if (passed > w->passed) w->passed = passed;
}

bool watermark_fold(struct watermark *w, struct batch *b)
{
    bool done = true;
    b->before = w->passed;
    for (uint32_t i = 0; done && i < b->showings.len; i++) done = find_feed(w, &b->showings.at[i]);
    for (uint32_t i = 0; done && i < b->n; i++)
        if (b->asides[i] == ASIDE_NONE && !b->is_ahead[i]) done = take_record(w, b, i);
    if (b->ticks) tick(w, b);
    b->passed = w->passed;
    return done;
}

/* ---- as bytes ------------------------------------------------------------------------------------------ */

static void feed_tape(struct tape *t, struct feed_mark *f)
{
    TAPE(t, f->id), TAPE(t, f->newest), TAPE(t, f->came);
    TAPE(t, f->disorder), TAPE(t, f->max_lag), TAPE(t, f->lags), TAPE(t, f->holds);
}

static void holding_tape(struct watermark *w, struct tape *t)
{
    uint32_t n = tape_count(t, w->holding.len);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number = t->reads ? 0 : w->holding.at[i];
        TAPE(t, number);
        if (!t->reads || !tape_check(t, number < w->feeds.len)) continue;
        uint32_t *place = VEC_PUSH(&w->holding);
        if (tape_check(t, place != NULL)) *place = number;
    }
}

void watermark_tape(struct watermark *w, struct tape *t)
{
    uint32_t n = tape_count(t, w->feeds.len);
    (void)tape_check(t, n <= FEEDS_MOST);
    for (uint32_t i = 0; i < n && !t->is_broken; i++) {
        struct feed_mark read = {.newest = 0}, *f = t->reads ? &read : &w->feeds.at[i];
        feed_tape(t, f);
        if (!t->reads || !tape_check(t, has_room(w) && !*place_of(w, read.id) && (f = VEC_PUSH(&w->feeds))))
            continue;
        *f = read;
        *place_of(w, read.id) = w->feeds.len;
    }
    holding_tape(w, t);
    TAPE(t, w->newest), TAPE(t, w->passed);
}

/* ---- as a step of the run ------------------------------------------------------------------------------ */

bool run_time(struct run *r)
{
    bool any = false;
    if (!token_take(&r->timing)) return false;
    for (struct batch *b; b = run_batch(r, r->timed), cursor_read(&b->matched) == r->timed + 1;) {
        if (b->keeps) run_keep_time(r);
        if (!watermark_fold(&r->watermark, b)) flag_raise(&r->no_memory);
        cursor_publish(&r->timed, r->timed + 1); /* everything of the match stage, and what the fold wrote */
        any = true;
    }
    token_leave(&r->timing);
    return any;
}
