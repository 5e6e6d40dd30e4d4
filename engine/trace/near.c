/* near.c - the events that might have gone on with the choices that came furthest, and which of them
 * came nearest.
 *
 * An event is held against the choice that could have taken it: the latest one before it, of those whose
 * window it lies in, that agrees with it. Of a key that came nowhere the first places are looked at, and no
 * window has begun.
 */
#include "engine/trace/trace.h"

#define CHOICES_TRIED 32 /* before the event */
#define NO_CHOICE     UINT32_MAX

/* ---- the places that wait ------------------------------------------------------------------------------ */

static void add_next(struct subject *s, const struct ir_place *p, uint32_t place, uint32_t taken)
{
    for (uint32_t i = 0; i < s->n_next; i++)
        if (s->next[i].step == p->step) return;
    if (s->n_next < NEXT_MOST)
        s->next[s->n_next++] = (struct next){.step = p->step, .place = place, .taken = taken, .of = p->times};
}

/* Nothing filled a place: what could have been the first? */
static void add_first(struct trace *t, struct subject *s)
{
    const struct ir_automaton *a = &t->rule->automata[0];
    for (uint32_t i = 0; i < a->n_alternatives; i++)
        for (uint32_t q = 0; q < a->alternatives[i].n_places; q++) {
            bool is_first = true;
            for (uint32_t o = 0; o < a->alternatives[i].n_order; o++)
                is_first &= a->alternatives[i].order[o].after != q;
            if (is_first) add_next(s, &a->alternatives[i].places[q], IR_NONE, 0);
        }
}

void near_begin(struct trace *t, struct subject *s)
{
    if (!s->n_choices) add_first(t, s);
    for (uint32_t i = 0; i < s->n_choices; i++)
        for (uint32_t q = 0; q < s->choices[i].n_places; q++)
            if (reach_awaits(&s->choices[i], q))
                add_next(s, &s->choices[i].places[q], q, s->choices[i].taken[q]);
}

/* The place of this choice that waits for the step; IR_NONE: it waits for others. */
static uint32_t place_of(const struct reach *r, uint32_t step)
{
    for (uint32_t q = 0; q < r->n_places; q++)
        if (r->places[q].step == step && reach_awaits(r, q)) return q;
    return IR_NONE;
}

/* ---- the choice that an event is held against ---------------------------------------------------------- */

/* How many choices end before the second, or in it. */
static uint32_t choices_until(const struct subject *s, int64_t second)
{
    uint32_t lo = 0, hi = s->n_choices;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (reach_last(&s->choices[mid]) <= second)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* What stands between a choice and an event: seconds by which it misses it, or a sentence. */
struct against {
    uint32_t choice, place;
    int64_t off;   /* seconds by which it comes too late, or, negative, too early */
    bool is_gap;   /* of a gap, not of the window */
    bool is_inner; /* of a window inside */
    uint32_t inner;
    struct ir_gap gap;
    uint32_t join; /* IR_NONE: it agrees */
    const struct hit *forbidden;
};

static const struct hit *forbidden_by(const struct trace *t, const struct subject *s, const struct reach *r,
                                      uint32_t place, int64_t second)
{
    for (uint32_t i = 0; i < s->forbidden.len; i++)
        if (why_forbids(&t->why, r, place, second, s->forbidden.at[i])) return s->forbidden.at[i];
    return NULL;
}

static int64_t off_window(const struct trace *t, const struct reach *r, uint32_t place, int64_t second)
{
    int64_t late = why_too_late(&t->why, r, second), last = reach_last(r);
    uint32_t earlier = why_too_early(r, place, second);
    if (late) return late;
    if (earlier != IR_NONE) return second - r->last[earlier];
    return last - second > t->rule->within ? second - last + t->rule->within : 0;
}

/* hit NULL: the event fits no step. */
static struct against against_choice(const struct trace *t, const struct subject *s, uint32_t choice,
                                     uint32_t step, int64_t second, const struct hit *hit)
{
    const struct reach *r = &s->choices[choice];
    struct against a = {.choice = choice, .place = place_of(r, step), .join = IR_NONE};
    a.off = off_window(t, r, a.place, second);
    if (!a.off && (a.off = why_off_gap(&t->why, r, a.place, second, &a.gap))) a.is_gap = true;
    if (!a.off && (a.off = why_off_inner(&t->why, r, a.place, second, &a.inner))) a.is_inner = true;
    if (hit) a.join = why_disagrees(&t->why, r, hit);
    if (hit && !a.off && a.join == IR_NONE) a.forbidden = forbidden_by(t, s, r, a.place, second);
    return a;
}

static int64_t size_of(int64_t off)
{
    return off < 0 ? -off : off;
}

/* Less stands against it: it misses by less, then it agrees, then nothing is forbidden. */
static bool is_less(const struct against *a, const struct against *b)
{
    if (a->off != b->off) return size_of(a->off) < size_of(b->off);
    if ((a->join == IR_NONE) != (b->join == IR_NONE)) return a->join == IR_NONE;
    return !a->forbidden && b->forbidden;
}

/* The choice may hold the event already. */
static bool holds(const struct reach *r, uint32_t place, int64_t second)
{
    return r->taken[place] && r->last[place] == second;
}

static struct against against_all(const struct trace *t, const struct subject *s, uint32_t step,
                                  int64_t second, const struct hit *hit)
{
    struct against best = {.choice = NO_CHOICE, .place = IR_NONE, .off = INT64_MAX, .join = IR_NONE};
    uint32_t until = choices_until(s, second), from = until > CHOICES_TRIED ? until - CHOICES_TRIED : 0;
    if (!s->n_choices) best.off = 0;
    for (uint32_t i = from; i < s->n_choices && i <= until; i++) {
        uint32_t place = place_of(&s->choices[i], step);
        if (place == IR_NONE || (hit && holds(&s->choices[i], place, second))) continue;
        struct against a = against_choice(t, s, i, step, second, hit);
        if (best.choice == NO_CHOICE || !is_less(&best, &a)) best = a;
    }
    return best;
}

/* ---- telling of an event ------------------------------------------------------------------------------- */

static void put_words(struct trace *t, struct json_out *o, const char *name)
{
    json_name(o, name);
    json_put_cstring(o, line_end(&t->why.line));
}

/* A group of another rule's has no place in a file: its event bears no record. */
static void put_event(struct trace *t, struct json_out *o, const struct event *e)
{
    char time[32];
    json_name(o, "time"), json_put_text(o, (struct text){time, time_print(e->time, time)});
    line_put(&t->why.line, TEXT_FMT ":" TEXT_FMT, TEXT_ARG(e->service), TEXT_ARG(e->action));
    put_words(t, o, "api");
    json_member_if_any(o, "id", e->identity);
    if (!e->record.len) return;
    json_member_if_any(o, "file", text_equal(t->file, text_of(t->spool_name)) ? TEXT("-") : t->file);
    json_member_uint(o, "line", t->place->line);
    json_member_uint(o, "record", t->place->number);
}

/* Keeps the event if none came nearer in that way so far. The words why stand in t->why.line. */
static void keep(struct trace *t, struct next *n, enum nearness how, int64_t distance,
                 const struct against *a, const struct event *e)
{
    struct near_event *near = &n->near[how];
    const char *why = line_end(&t->why.line);
    near->is_there = true;
    near->distance = distance;
    near->choice = a->choice;
    json_out_reset(&near->said);
    json_open(&near->said, '{');
    put_event(t, &near->said, e);
    if (how == NEAR_OUTSIDE) {
        line_duration(&t->why.line, distance);
        put_words(t, &near->said, a->off < 0 ? "too_early_by" : "too_late_by");
    }
    json_name(&near->said, "why"), json_put_cstring(&near->said, why);
    json_close(&near->said, '}');
}

static bool is_nearer(const struct next *n, enum nearness how, int64_t distance)
{
    return !n->near[how].is_there || distance < n->near[how].distance;
}

/* ---- an event that fits -------------------------------------------------------------------------------- */

static void put_off(struct trace *t, const struct reach *r, const struct against *a, int64_t second)
{
    uint32_t earlier = why_too_early(r, a->place, second);
    if (a->is_gap)
        why_put_off_gap(&t->why, r, &a->gap, second);
    else if (a->is_inner)
        why_put_off_inner(&t->why, r, a->inner);
    else if (a->off > 0)
        why_put_too_late(&t->why, r);
    else if (earlier != IR_NONE)
        why_put_too_early(&t->why, r, earlier);
    else
        line_put(&t->why.line, "it comes before the window that the others leave");
}

/* The hit is another rule's group. */
static bool is_derived(const struct trace *t, const struct hit *h)
{
    const struct ir_group *g = &t->rule->steps[h->step].groups[h->group];
    return g->n_apis && g->apis[0].rule != IR_NONE;
}

static struct event event_of(const struct trace *t, const struct hit *h, const struct event *e)
{
    if (!is_derived(t, h)) return *e;
    return (struct event){.second = h->second,
                          .time = h->evidence.time,
                          .service = h->evidence.service,
                          .action = h->evidence.action,
                          .identity = h->evidence.identity};
}

/* Of another rule's group there is no record to be read again: whether it comes in time is all that is told.
 */
static void judge_derived(struct trace *t, struct subject *s, struct next *n, const struct hit *h,
                          const struct event *e)
{
    struct against a = against_all(t, s, n->step, e->second, h);
    const struct reach *r = a.choice == NO_CHOICE ? NULL : &s->choices[a.choice];
    if (!r || !a.off || !is_nearer(n, NEAR_OUTSIDE, size_of(a.off))) return;
    put_off(t, r, &a, e->second);
    keep(t, n, NEAR_OUTSIDE, size_of(a.off), &a, e);
}

static void judge_hit(struct trace *t, struct subject *s, struct next *n, const struct seen_hit *seen,
                      const struct event *e)
{
    struct why *w = &t->why;
    const struct hit *h = seen->hit;
    struct against a = against_all(t, s, n->step, e->second, h);
    const struct reach *r = a.choice == NO_CHOICE ? NULL : &s->choices[a.choice];
    uint32_t shut = why_read(w, t->record) ? why_count_shut(w, h, seen->answers) : 0;
    int64_t parts = 2 * (int64_t)(shut + (a.join != IR_NONE)) - 1; /* nearer than one that does not fit */
    if (a.off && parts < 0 && r && is_nearer(n, NEAR_OUTSIDE, size_of(a.off))) {
        put_off(t, r, &a, e->second);
        keep(t, n, NEAR_OUTSIDE, size_of(a.off), &a, e);
    }
    bool bounded = r && why_is_bounded(r, a.place) && e->second > reach_last(r);
    if (a.off || (parts < 0 && !a.forbidden && !bounded) || !is_nearer(n, NEAR_INSIDE, parts)) return;
    bool is_read = why_read(w, t->record);
    if (shut)
        why_put_gate(w, h, seen->answers);
    else if (a.join != IR_NONE && is_read)
        why_put_disagrees(w, r, h, a.join);
    else if (a.forbidden)
        why_put_forbidden(w, a.forbidden);
    else
        why_put_bounded(w, r, a.place);
    keep(t, n, NEAR_INSIDE, parts, &a, e);
}

static void judge_other(struct trace *t, struct subject *s, struct next *n, const struct hit *h,
                        const struct event *e)
{
    struct against a = against_all(t, s, n->step, e->second, NULL);
    if (!s->has_key || a.off || !is_nearer(n, NEAR_OTHER_KEY, 0)) return;
    why_put_other_key(&t->why, h->key, s->came.key);
    keep(t, n, NEAR_OTHER_KEY, 0, &a, e);
}

/* ---- an event that does not fit ------------------------------------------------------------------------ */

static bool part_is(struct value v, struct text wanted)
{
    char bytes[512];
    if (v.kind == VALUE_LIST) {
        for (uint32_t i = 0; i < v.len; i++)
            if (part_is(v.items[i], wanted)) return true;
        return false;
    }
    if (v.kind <= VALUE_NULL) return v.kind == VALUE_UNKNOWN;
    if (value_key_size(v) > sizeof bytes) return false;
    uint32_t len = (uint32_t)(value_key_put(bytes, v) - bytes);
    return text_equal((struct text){bytes, len}, wanted);
}

/* Whether the event would be the subject's, if it fitted. One that lacks a part of the key is nobody's. */
static bool is_of_key(struct trace *t, const struct subject *s, const struct ir_group *g)
{
    const char *at = s->came.key.at, *end = at + s->came.key.len;
    char bytes[1024];
    uint32_t len = 0;
    for (uint32_t i = 0; i < t->rule->n_by; i++) {
        struct value v = eval_value(&t->bench.eval, g->key[i]);
        const char *from = at;
        if (s->has_key) {
            (void)value_key_get(&at, end);
            if (!part_is(v, (struct text){from, (uint32_t)(at - from)})) return false;
        } else if (v.kind > VALUE_NULL && v.kind != VALUE_LIST && len + value_key_size(v) <= sizeof bytes) {
            len = (uint32_t)(value_key_put(bytes + len, v) - bytes);
        }
    }
    return s->has_key || trace_wants_key(t, (struct text){bytes, len});
}

/* The exception that took the record from the step; NULL: none. */
static const struct ir_exception *taken_by(const struct trace *t, uint32_t step)
{
    for (uint32_t i = 0; i < t->taken.len; i++)
        if (t->rule->exceptions[t->taken.at[i]].step == step) return &t->rule->exceptions[t->taken.at[i]];
    return NULL;
}

static void judge_unfit(struct trace *t, struct subject *s, struct next *n, const struct event *e)
{
    struct why *w = &t->why;
    const struct ir_group *g = why_read(w, t->record) ? why_nearest(w, &t->rule->steps[n->step]) : NULL;
    const struct ir_exception *exception = taken_by(t, n->step);
    if (!g || !is_of_key(t, s, g)) return;
    struct against a = against_all(t, s, n->step, e->second, NULL);
    uint32_t wrong = why_count_false(w, g->test);
    int64_t parts = 2 * (int64_t)(wrong ? wrong : 1);
    if (a.off || !is_nearer(n, NEAR_INSIDE, parts)) return;
    if (exception)
        line_put(&w->line, "taken by the exception `" TEXT_FMT "`: " TEXT_FMT, TEXT_ARG(exception->name),
                 TEXT_ARG(exception->reason));
    else if (wrong)
        why_put_false(w, g->test);
    else
        why_put_missing_part(w, g);
    keep(t, n, NEAR_INSIDE, parts, &a, e);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static void judge(struct trace *t, struct subject *s, struct next *n, const struct event *e)
{
    const struct seen_hit *same = NULL, *other = NULL;
    for (uint32_t i = 0; i < t->hits.len; i++) {
        const struct seen_hit *h = &t->hits.at[i];
        if (h->hit->step != n->step) continue;
        bool is_same = s->has_key ? text_equal(h->hit->key, s->came.key) : trace_wants_key(t, h->hit->key);
        *(is_same ? &same : &other) = h;
    }
    if (!same && !other && !why_wants(&t->rule->steps[n->step], e)) return;
    n->seen++;
    struct event own = same ? event_of(t, same->hit, e) : other ? event_of(t, other->hit, e) : *e;
    if (same)
        (own.record.len ? judge_hit(t, s, n, same, &own) : judge_derived(t, s, n, same->hit, &own));
    else if (other)
        judge_other(t, s, n, other->hit, &own);
    else
        judge_unfit(t, s, n, e);
}

void near_look(struct trace *t, const struct event *event)
{
    for (uint32_t i = 0; i < t->n_subjects; i++)
        for (uint32_t n = 0; n < t->subjects[i].n_next; n++)
            judge(t, &t->subjects[i], &t->subjects[i].next[n], event);
}

void near_forbidden(struct trace *t, struct subject *s)
{
    for (uint32_t i = 0; i < s->n_choices; i++) {
        const struct reach *r = &s->choices[i];
        const struct hit *forbidden = forbidden_by(t, s, r, IR_NONE, reach_last(r));
        if (!forbidden) continue;
        trace_put_at(t, "all steps are there at ", reach_last(r));
        line_put(&t->why.line, ", but ");
        why_put_forbidden(&t->why, forbidden);
        trace_keep_why(t, s);
        return;
    }
}
