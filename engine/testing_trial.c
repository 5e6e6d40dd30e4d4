/* testing_trial.c - a test's records through decode, match and state, as a replay would take them, but one by
 * one and in one partition, so that everything can be watched: hits, answers, how far each choice gets, every
 * revision.
 */
#include "engine/testing.h"

#include "engine/io/merge.h"

#define DAY   INT64_C(86400)
#define FIRST INT64_C(1) /* sequence of the first record */

/* ---- looking at one record * ------------------------------------------------------------------------ */

bool bench_read(struct trial *t, struct text record, struct event *event)
{
    struct bench *b = t->bench;
    b->scratch.len = 0;
    b->eval.overflowed = false;
    b->eval.enrichment = &t->enrichment;
    b->eval.patterns = matcher_patterns(b->matcher);
    *event = (struct event){.slots = b->slots};
    return decode_event(b->decoder, &b->eval, record, event) == ASIDE_NONE;
}

/* ---- events * --------------------------------------------------------------------------------------- */

static void add_event(struct trial *t, struct ir_test_event e)
{
    uint32_t i = t->events.len;
    ARENA_PUSH(t->arena, t->events);
    for (; i && t->events.at[i - 1].second > e.second; i--) t->events.at[i] = t->events.at[i - 1];
    t->events.at[i] = e;
}

/* A record of a file stands at its own time, under its own name. One that cannot be read comes last, and is
 * reported. */
static struct ir_test_event event_of(struct trial *t, struct text record)
{
    struct ir_test_event e = {.second = INT64_MAX, .api = TEXT("a record"), .span = t->test->span};
    struct event event;
    e.record = arena_text(t->arena, record.at, record.len);
    if (!bench_read(t, e.record, &event)) return e;
    e.second = event.second;
    e.api = arena_printf(t->arena, TEXT_FMT ":" TEXT_FMT, TEXT_ARG(event.service), TEXT_ARG(event.action));
    return e;
}

/* What a record of a file is to the rules: an object; a line of values becomes one. */
static struct text record_of(struct trial *t, const struct input_record *record)
{
    struct json_out json = {0};
    if (record->aside != ASIDE_NONE) return TEXT("");
    if (!record->columns) return record->bytes;
    columns_json(record->columns, record->bytes, &json);
    struct text out = arena_text(t->arena, json.at, (uint32_t)json.len);
    json_out_release(&json);
    return out;
}

/* ---- silence ------------------------------------------------------------------------------------------ */

/* When a record of the schema comes: what falls into a silence of its feed comes at its end. */
static int64_t arrival(const struct trial *t, uint32_t schema, int64_t second)
{
    for (uint32_t i = 0; i < t->test->n_silences; i++) {
        const struct ir_test_silence *s = &t->test->silences[i];
        if (s->schema == schema && second >= s->from && second < s->to) return s->to;
    }
    return second;
}

/* Records that come together keep their order. */
static void hold_back(struct trial *t)
{
    struct event event;
    struct ir_test_event *at = t->events.at;
    int64_t *come = ARENA_ARRAY(t->arena, int64_t, t->events.len);
    t->schemas = ARENA_ARRAY(t->arena, uint32_t, t->events.len);
    for (uint32_t i = 0; i < t->events.len && t->test->n_silences; i++) {
        struct ir_test_event e = at[i];
        bool is_read = bench_read(t, e.record, &event);
        uint32_t k = i, schema = is_read ? event.schema : IR_NONE;
        int64_t second = arrival(t, schema, e.second);
        for (; k && come[k - 1] > second; k--)
            at[k] = at[k - 1], come[k] = come[k - 1], t->schemas[k] = t->schemas[k - 1];
        at[k] = e, come[k] = second, t->schemas[k] = schema;
    }
}

static void found_feed(void *world, struct hash128 feed, int64_t second)
{
    struct trial *t = world;
    for (uint32_t i = 0; i < t->feeds.len; i++) {
        struct feed_come *f = &t->feeds.at[i];
        if (f->feed.hi != feed.hi || f->feed.lo != feed.lo) continue;
        if (f->newest < second) f->newest = second;
        return;
    }
    *ARENA_PUSH(t->arena, t->feeds) = (struct feed_come){feed, t->schemas[t->event], second};
}

/* Whether the feed has shown nothing since a silence ended: then it is silent still. */
static bool is_silent(const struct trial *t, const struct feed_come *f)
{
    for (uint32_t i = 0; i < t->test->n_silences; i++)
        if (t->test->silences[i].schema == f->schema && f->newest < t->test->silences[i].to) return true;
    return false;
}

/* In the end all of every feed has come, unless it is silent. */
static int64_t give_feed(void *world, struct hash128 feed)
{
    const struct trial *t = world;
    for (uint32_t i = 0; i < t->feeds.len; i++) {
        const struct feed_come *f = &t->feeds.at[i];
        if (f->feed.hi == feed.hi && f->feed.lo == feed.lo)
            return t->is_over && !is_silent(t, f) ? INT64_MAX : f->newest;
    }
    return t->is_over && !t->test->n_silences ? INT64_MAX : INT64_MIN;
}

static void read_files(struct trial *t)
{
    const char **paths = ARENA_ARRAY(t->arena, const char *, t->test->n_files);
    struct input_record record;
    for (uint32_t i = 0; i < t->test->n_files; i++) paths[i] = t->test->files[i].at;
    struct merge *merge = t->bench->merge = merge_open(paths, t->test->n_files, t->unreadable);
    if (!merge) return;
    struct input input = merge_input(merge);
    for (uint64_t n = 0; input.next(input.world, &record, -1) == INPUT_RECORD; n++) {
        add_event(t, event_of(t, record_of(t, &record)));
        input.release(input.world, n + 1);
    }
    merge_close(merge);
    t->bench->merge = NULL;
}

static void gather_events(struct trial *t)
{
    for (uint32_t i = 0; i < t->test->n_events; i++) *ARENA_PUSH(t->arena, t->events) = t->test->events[i];
    if (t->test->n_files) read_files(t);
    hold_back(t);
}

/* ---- enrichment * ----------------------------------------------------------------------------------- */

static struct value ask_net(void *world, enum ir_op what, const struct ip_net *address)
{
    const struct ir_test *test = world;
    struct value v = value_absent();
    for (uint32_t i = 0; i < test->n_nets && v.kind == VALUE_ABSENT; i++) {
        const struct ir_test_net *net = &test->nets[i];
        if (memcmp(net->address.bytes, address->bytes, sizeof address->bytes)) continue;
        v = what == IR_OP_ASN_OF ? net->asn : what == IR_OP_ORG_OF ? net->org : net->country;
    }
    return v;
}

/* ---- what the matcher finds * ----------------------------------------------------------------------- */

static void found_identity(void *world, struct hash128 identity, int64_t second)
{
    struct trial *t = world;
    t->is_duplicate = state_seen(t->state, identity, second);
}

static uint32_t found_touch(void *world, const struct touch *touch)
{
    struct trial *t = world;
    *ARENA_PUSH(t->arena, t->touches) = *touch;
    return t->touches.len - 1;
}

static void found_hit(void *world, const struct hit *h)
{
    struct trial *t = world;
    *ARENA_PUSH(t->arena, t->arriving) = hit_copy(arena_alloc(t->arena, hit_size(h)), h);
}

static void found_taken(void *world, uint32_t exception)
{
    struct trial *t = world;
    uint32_t number = exception - t->rule->exceptions[0].number;
    *ARENA_PUSH(t->arena, t->taken) = (struct trial_taken){t->event, number};
    t->swallowed[number]++;
}

static void ignore_identity(void *world, struct hash128 identity, int64_t second)
{
    (void)world, (void)identity, (void)second;
}

static void ignore_hit(void *world, const struct hit *h)
{
    (void)world, (void)h;
}

/* ---- what is known before * ------------------------------------------------------------------------- */

/* Once a day, for as long as it takes to be familiar, up to the beginning. */
static void sight_daily(struct trial *t, struct touch touch)
{
    const struct ir_baseline *b = &t->bench->ir->baselines[touch.baseline];
    int64_t days = b->warmup / DAY + b->days + 1;
    touch.learns = true;
    touch.asks = false;
    for (int64_t day = days; day > 0; day--) {
        touch.second = t->test->start - day * DAY;
        state_touch(t->state, &touch);
    }
}

/* A value that no record shows. */
static const struct hash128 nothing = {1, 1};

/* The keys that the event at hand asks about, and their accounts, have a history, without the values of the
 * test. Of a baseline that remembers keys alone the account has one, and no key. */
static void warm_up(struct trial *t, uint32_t baseline)
{
    bool has_values = t->bench->ir->baselines[baseline].value != IR_NONE;
    for (uint32_t i = 0; i < t->touches.len; i++) {
        struct touch touch = t->touches.at[i];
        if (touch.baseline != baseline || !(touch.is_account || has_values)) continue;
        touch.value = nothing;
        sight_daily(t, touch);
    }
}

/* All records are read once before, for the keys that they ask about. */
static void know_all(struct trial *t)
{
    struct match_out out = {t, ignore_identity, found_touch, ignore_hit};
    for (uint32_t i = 0; i < t->events.len && t->test->n_knowns; i++) {
        struct event event;
        t->touches.len = 0;
        match_record(t->bench->matcher, t->events.at[i].record, FIRST + i, &out, &event);
        for (uint32_t k = 0; k < t->test->n_knowns; k++) warm_up(t, t->test->knowns[k].baseline);
    }
    for (uint32_t k = 0; k < t->test->n_knowns; k++) {
        const struct ir_test_known *known = &t->test->knowns[k];
        if (known->has_values)
            sight_daily(t, plan_touch(t->bench->plan, known->baseline, known->key, known->value));
    }
}

/* ---- what state says * ------------------------------------------------------------------------------ */

static struct answer give_answer(void *world, uint32_t number, struct hash128 key)
{
    struct trial *t = world;
    (void)key;
    return number < t->answers.len ? t->answers.at[number] : (struct answer){0};
}

static void keep_incident(void *world, const struct incident *i)
{
    struct trial *t = world;
    bool is_gone = i->state == INCIDENT_RETRACTED || i->state == INCIDENT_MERGED;
    struct trial_incident *mine = NULL;
    for (uint32_t n = 0; n < t->incidents.len; n++)
        if (!strcmp(t->incidents.at[n].last.id, i->id)) mine = &t->incidents.at[n];
    if (!mine) {
        mine = ARENA_PUSH(t->arena, t->incidents);
        mine->last = *i;
    }
    mine->is_gone = is_gone;
    if (!is_gone) mine->last = *i;
}

static void keep_ask(void *world, const struct settle_ask *ask)
{
    struct trial *t = world;
    *ARENA_PUSH(t->arena, t->asks) = *ask;
}

static void keep_swallowed(void *world, uint32_t exception, int change)
{
    struct trial *t = world;
    t->swallowed[exception - t->rule->exceptions[0].number] += change;
}

static char *give_memory(void *world, size_t size)
{
    struct trial *t = world;
    return arena_alloc(t->arena, size);
}

static void see_choice(void *world, const struct state_view *v)
{
    struct trial *t = world;
    struct reach r = {.is_there = true, .places = v->places, .n_places = v->n_places, .start = v->start};
    uint32_t of_step[STEPS_MOST] = {0};
    for (uint32_t q = 0; q < v->n_places; q++) {
        r.full += v->taken[q] == v->places[q].times;
        r.events += v->taken[q];
        of_step[v->places[q].step] += v->taken[q];
    }
    for (uint32_t s = 0; s < t->rule->n_steps; s++)
        if (of_step[s] > t->most[s]) t->most[s] = of_step[s];
    const struct reach *best = &t->furthest;
    bool better = !best->is_there || r.full > best->full || (r.full == best->full && r.events > best->events);
    if (v->automaton || !better) return;
    memcpy(r.before, v->before, v->n_places * sizeof *r.before);
    memcpy(r.taken, v->taken, v->n_places * sizeof *r.taken);
    memcpy(r.last, v->last, v->n_places * sizeof *r.last);
    r.key = arena_text(t->arena, v->key.at, v->key.len);
    r.joins = ARENA_ARRAY(t->arena, struct hash128, t->rule->n_joins);
    if (v->joins && t->rule->n_joins) memcpy(r.joins, v->joins, t->rule->n_joins * sizeof *r.joins);
    t->furthest = r;
}

/* ---- the records * ---------------------------------------------------------------------------------- */

static void move_watermark(struct trial *t, int64_t second, const struct state_out *out)
{
    if (second <= t->watermark) return;
    t->watermark = second;
    state_watermark(t->state, second, FIRST + t->event, out);
    for (uint32_t i = 0; i < t->asks.len; i++) {
        struct settle_ask ask = t->asks.at[i];
        struct answer a = state_touch(t->state, &ask.touch);
        state_settled(t->state, ask.ticket, &a, out);
    }
    t->asks.len = 0;
}

/* As state puts the two together: an account stands in for a key without a history of its own. */
static struct answer whole_answer(struct trial *t, const struct hit_ask *ask)
{
    struct answer a = give_answer(t, ask->answer, ask->key);
    if (!a.has_history && (ask->account.hi | ask->account.lo))
        a.is_known = give_answer(t, ask->account_answer, ask->account).is_known;
    return a;
}

static void note_hit(struct trial *t, const struct hit *h)
{
    struct answer *answers = ARENA_ARRAY(t->arena, struct answer, h->n_asks);
    for (uint32_t i = 0; i < h->n_asks; i++)
        if (!h->asks[i].is_absent && !h->asks[i].is_unknown) answers[i] = whole_answer(t, &h->asks[i]);
    *ARENA_PUSH(t->arena, t->hits) = (struct trial_hit){t->event, h, answers};
}

static void run_record(struct trial *t, const struct state_out *out)
{
    struct match_out found = {t, found_identity, found_touch, found_hit, found_taken, found_feed};
    struct event event;
    t->touches.len = t->answers.len = t->arriving.len = 0;
    if (t->watermark != INT64_MIN) {
        state_forget(t->state, t->watermark);
        state_learn(t->state, t->watermark);
    }
    enum aside why =
        match_record(t->bench->matcher, t->events.at[t->event].record, FIRST + t->event, &found, &event);
    t->asides[t->event] = why;
    if (why != ASIDE_NONE || t->is_duplicate) return;
    for (uint32_t i = 0; i < t->touches.len; i++)
        *ARENA_PUSH(t->arena, t->answers) = state_touch(t->state, &t->touches.at[i]);
    for (uint32_t i = 0; i < t->arriving.len; i++) {
        note_hit(t, t->arriving.at[i]);
        state_hit(t->state, t->arriving.at[i], out);
        state_look(t->state, t->arriving.at[i]->key_hash, see_choice, t);
    }
    move_watermark(t, event.second - t->bench->ir->schemas[event.schema].disorder, out);
}

void trial_run(struct trial *t, bool open)
{
    const struct state_out out = {t,           give_answer,    keep_incident, keep_ask,
                                  give_memory, keep_swallowed, give_feed};
    struct state_adoption adoption;
    t->enrichment = (struct enrichment){(void *)t->test, ask_net};
    t->rule = &t->bench->ir->rules[t->test->rule];
    t->swallowed = ARENA_ARRAY(t->arena, int64_t, t->rule->n_exceptions);
    gather_events(t);
    t->asides = ARENA_ARRAY(t->arena, enum aside, t->events.len);
    t->watermark = INT64_MIN;
    t->state = t->bench->live[open] = state_new((struct state_limits){0});
    state_adopt(t->state, open ? t->bench->open_plan : t->bench->state_plan, &adoption);
    matcher_enrich(t->bench->matcher, &t->enrichment);
    know_all(t);
    for (t->event = 0; t->event < t->events.len; t->event++) run_record(t, &out);
    for (uint32_t i = 0; i < t->test->n_silences; i++) /* the others have come as far, and more */
        move_watermark(t, t->test->silences[i].to, &out);
    t->is_over = true;
    move_watermark(t, INT64_MAX, &out);
    matcher_enrich(t->bench->matcher, NULL);
    state_free(t->state);
    t->state = t->bench->live[open] = NULL;
}
