/* trial.c - a test's records, watched: when each comes, what is known before, and what is seen of it.
 */
#include "engine/testing/testing.h"

#include "engine/io/merge.h"

#define DAY   INT64_C(86400)
#define FIRST INT64_C(1) /* sequence of the first record */

/* ---- events -------------------------------------------------------------------------------------------- */

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
    e.record = record;
    if (!bench_read(t->bench, &t->enrichment, e.record, &event)) return e;
    e.second = event.second;
    e.api = arena_printf(t->arena, TEXT_FMT ":" TEXT_FMT, TEXT_ARG(event.service), TEXT_ARG(event.action));
    return e;
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
        bool is_read = bench_read(t->bench, &t->enrichment, e.record, &event);
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
        add_event(t, event_of(t, watch_text(t->arena, &record)));
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

/* ---- enrichment ---------------------------------------------------------------------------------------- */

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

/* ---- what is known before ------------------------------------------------------------------------------ */

/* Once a day, for as long as it takes to be familiar, up to the beginning. */
static void sight_daily(struct trial *t, struct touch touch)
{
    const struct ir_baseline *b = &t->bench->ir->baselines[touch.baseline];
    int64_t days = b->warmup / DAY + b->days + 1;
    touch.learns = true;
    touch.asks = false;
    for (int64_t day = days; day > 0; day--) {
        touch.second = t->test->start - day * DAY;
        state_touch(t->watch.state, &touch);
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

static uint32_t found_touch(void *world, const struct touch *touch)
{
    struct trial *t = world;
    *ARENA_PUSH(t->arena, t->touches) = *touch;
    t->touches.at[t->touches.len - 1].owner = NULL; /* the matcher's; here nobody has to give */
    return t->touches.len - 1;
}

static void ignore_identity(void *world, struct hash128 identity, int64_t second)
{
    (void)world, (void)identity, (void)second;
}

static void ignore_hit(void *world, const struct hit *h)
{
    (void)world, (void)h;
}

static struct touch known_touch(struct trial *t, const struct ir_test_known *known)
{
    uint32_t n = t->bench->ir->baselines[known->baseline].n_key;
    struct value *key = ARENA_ARRAY(t->arena, struct value, n);
    for (uint32_t i = 0; i < n; i++) key[i] = rename_value(t->arena, t->names, known->key[i]);
    struct value value = rename_value(t->arena, t->names, known->value);
    return plan_touch(t->bench->plan, known->baseline, key, value);
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
        if (known->has_values) sight_daily(t, known_touch(t, known));
    }
}

/* ---- what is seen -------------------------------------------------------------------------------------- */

static void see_hit(void *world, const struct hit *h, const struct answer *answers)
{
    struct trial *t = world;
    *ARENA_PUSH(t->arena, t->hits) = (struct trial_hit){t->event, h, answers};
}

static void see_taken(void *world, uint32_t exception)
{
    struct trial *t = world;
    *ARENA_PUSH(t->arena, t->taken) = (struct trial_taken){t->event, exception};
    t->swallowed[exception]++;
}

static void see_swallowed(void *world, uint32_t exception, int change)
{
    struct trial *t = world;
    t->swallowed[exception] += change;
}

static void see_incident(void *world, const struct incident *i)
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

static void see_choice(void *world, const struct state_view *v)
{
    struct trial *t = world;
    struct reach r = reach_of(v);
    uint32_t of_step[STEPS_MOST] = {0};
    for (uint32_t q = 0; q < v->n_places; q++) of_step[v->places[q].step] += v->taken[q];
    for (uint32_t s = 0; s < t->rule->n_steps; s++)
        if (of_step[s] > t->most[s]) t->most[s] = of_step[s];
    if (!v->automaton && reach_compare(&r, &t->furthest) > 0)
        t->furthest = reach_copy(t->arena, &r, t->rule->n_joins);
}

/* ---- the records --------------------------------------------------------------------------------------- */

static void run_record(struct trial *t)
{
    struct event event;
    t->asides[t->event] = watch_record(&t->watch, t->events.at[t->event].record, &event);
}

bool trial_run(struct trial *t, enum rule_form form)
{
    t->enrichment = (struct enrichment){(void *)t->test, ask_net};
    t->rule = &t->bench->ir->rules[t->test->rule];
    t->swallowed = ARENA_ARRAY(t->arena, int64_t, t->rule->n_exceptions);
    gather_events(t);
    if (t->variation && !vary_events(t)) return false;
    t->asides = ARENA_ARRAY(t->arena, enum aside, t->events.len);
    t->watch = (struct watch){.bench = t->bench,
                              .form = form,
                              .arena = t->arena,
                              .memory = t->arena,
                              .told = {t, NULL, see_hit, see_taken, see_swallowed, see_choice, see_incident,
                                       found_feed, give_feed}};
    watch_begin(&t->watch, &t->enrichment);
    know_all(t);
    for (t->event = 0; t->event < t->events.len; t->event++) run_record(t);
    for (uint32_t i = 0; i < t->test->n_silences; i++) /* the others have come as far, and more */
        watch_pass(&t->watch, t->test->silences[i].to);
    t->is_over = true;
    watch_end(&t->watch);
    return true;
}
