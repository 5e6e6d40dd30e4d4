/* trace.c - csr_trace: the passes over the records, and what each looks for. */
#include "engine/trace/trace.h"

#include "engine/base/glob.h"
#include "engine/io/incident_json.h"
#include "engine/io/merge.h"
#include "engine/ir/settle.h"

#include <stdlib.h>

/* ---- standard input, kept to be read again ------------------------------------------------------------- */

static bool spool_input(struct trace *t)
{
    char bytes[1 << 16];
    t->spool = tmpfile();
    if (!t->spool) return false;
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
        if (fwrite(bytes, 1, n, t->spool) != n) return false;
    snprintf(t->spool_name, sizeof t->spool_name, "/proc/self/fd/%d", fileno(t->spool));
    return fflush(t->spool) == 0 && !ferror(stdin);
}

static bool find_paths(struct trace *t)
{
    t->paths = ARENA_ARRAY(t->arena, const char *, t->o->n_paths);
    for (size_t i = 0; i < t->o->n_paths; i++) {
        bool is_input = strcmp(t->o->paths[i], "-") == 0;
        if (is_input && !t->spool && !spool_input(t)) {
            snprintf(t->error, 512, "standard input cannot be kept to be read again");
            return false;
        }
        t->paths[i] = is_input ? t->spool_name : t->o->paths[i];
    }
    return true;
}

/* ---- keys ---------------------------------------------------------------------------------------------- */

/* A part of a key as people write it. */
static struct text part_text(struct trace *t, struct value v)
{
    struct line l = {.arena = t->passing};
    if (v.kind == VALUE_STRING) return value_text(v);
    line_value(&l, v);
    return text_of(line_end(&l));
}

static bool has_part(struct trace *t, struct text key, struct text wanted)
{
    const char *at = key.at, *end = key.at + key.len;
    while (at < end)
        if (glob_match(wanted, part_text(t, value_key_get(&at, end)), true)) return true;
    return false;
}

bool trace_wants_key(struct trace *t, struct text key)
{
    for (size_t i = 0; i < t->o->n_keys; i++)
        if (!has_part(t, key, text_of(t->o->keys[i]))) return false;
    return true;
}

static struct subject *subject_of(struct trace *t, struct text key)
{
    for (uint32_t i = 0; i < t->n_subjects; i++) {
        struct subject *s = &t->subjects[i];
        if (s->has_key && text_equal(s->came.key, key)) return !t->alone || t->alone == s ? s : NULL;
    }
    return NULL;
}

/* ---- a pass -------------------------------------------------------------------------------------------- */

static void take_record(struct trace *t, struct input *input, const struct input_record *record,
                        void (*seen)(struct trace *t, const struct event *e))
{
    struct event event;
    arena_reset(t->passing);
    t->hits = (struct seen_hits){.at = NULL};
    t->taken = (struct taken_by){.at = NULL};
    t->why.line = (struct line){.arena = t->passing};
    t->place = record;
    t->file = input->origin_name(input->world, record->origin);
    t->record = watch_text(t->passing, record);
    t->records++;
    if (record->aside != ASIDE_NONE || watch_record(&t->watch, t->record, &event) != ASIDE_NONE) {
        t->aside++;
        return;
    }
    if (event.second < t->first) t->first = event.second;
    if (event.second > t->last) t->last = event.second;
    if (seen && !t->watch.is_duplicate) seen(t, &event);
}

/* All records once, watched. False: it could not be read, or was stopped. */
static bool pass(struct trace *t, enum rule_form form, struct watcher told,
                 void (*seen)(struct trace *t, const struct event *e))
{
    struct input_record record;
    struct merge *merge = t->bench.merge = merge_open(t->paths, t->o->n_paths, t->error);
    if (!merge) return false;
    struct input input = merge_input(merge);
    told.world = t;
    t->records = t->aside = 0;
    t->first = INT64_MAX, t->last = INT64_MIN;
    t->exception = IR_NONE;
    t->watch = (struct watch){.bench = &t->bench,
                              .form = form,
                              .arena = t->arena,
                              .memory = t->passing,
                              .patience = PATIENCE,
                              .told = told};
    watch_begin(&t->watch, NULL);
    for (uint64_t n = 0; input.next(input.world, &record, -1) == INPUT_RECORD && !(t->o->stop && *t->o->stop);
         n++) {
        take_record(t, &input, &record, seen);
        input.release(input.world, n + 1);
    }
    watch_end(&t->watch);
    merge_close(merge);
    t->bench.merge = NULL;
    return !(t->o->stop && *t->o->stop);
}

/* ---- first: who came how far --------------------------------------------------------------------------- */

static bool survey_wants(void *world, const struct hit *h)
{
    return trace_wants_key(world, h->key);
}

static void survey_hit(void *world, const struct hit *h, const struct answer *answers)
{
    struct trace *t = world;
    (void)answers;
    if (trace_wants_key(t, h->key)) survey_key(t->survey, h->key);
}

static void survey_reached(void *world, const struct state_view *v)
{
    struct trace *t = world;
    struct reach r = reach_of(v);
    struct came *came = survey_key(t->survey, v->key);
    struct came now = {came->key, reach_is_complete(&r), r.full, r.events, reach_last(&r), came->incidents};
    if (!v->automaton && came_order(&now, came) > 0) *came = now; /* of equals the first stays */
}

/* Whatever an incident was in between, in the end it is closed, or was none. */
static void survey_incident(void *world, const struct incident *i)
{
    struct trace *t = world;
    if (i->state == INCIDENT_CLOSED) survey_key(t->survey, i->key)->incidents++;
}

static const struct watcher surveying = {
    .wants = survey_wants, .hit = survey_hit, .reached = survey_reached, .incident = survey_incident};

static void add_subject(struct trace *t, const struct came *came)
{
    struct subject *s = &t->subjects[t->n_subjects++];
    s->stride = 1;
    s->unmet = UINT32_MAX;
    s->score = INT32_MIN;
    s->has_key = came != NULL;
    if (!came) return;
    s->came = *came;
    s->choices = ARENA_ARRAY(t->arena, struct reach, CHOICES_MOST);
    for (uint32_t i = 0; i < CHOICES_MOST; i++)
        s->choices[i].joins = ARENA_ARRAY(t->arena, struct hash128, t->rule->n_joins);
}

/* Of the keys asked for each; else those that did not fire. */
static void choose_subjects(struct trace *t)
{
    uint32_t n = survey_len(t->survey);
    t->subjects = ARENA_ARRAY(t->arena, struct subject, t->o->most + 1);
    survey_sort(t->survey);
    for (uint32_t i = 0; i < n && t->n_subjects < t->o->most; i++) {
        const struct came *came = survey_at(t->survey, i);
        if (t->o->n_keys || !came->incidents) add_subject(t, came);
    }
    if (!n) add_subject(t, NULL);
}

/* ---- second: the choices that came so far, what is forbidden ------------------------------------------- */

static bool chosen_wants(void *world, const struct hit *h)
{
    return subject_of(world, h->key) != NULL;
}

/* In what words the steps that refer to this one would have to agree. */
static void note_agreed(struct trace *t, struct subject *s, const struct hit *h)
{
    for (uint32_t j = 0; j < t->rule->n_joins && s->agreed.len < AGREED_MOST; j++) {
        struct line l = {.arena = t->arena};
        uint32_t i = 0;
        if (t->rule->joins[j].of != h->step || !hash128_is_set(h->joins[j])) continue;
        while (i < s->agreed.len &&
               (s->agreed.at[i].join != j || !hash128_equal(s->agreed.at[i].value, h->joins[j])))
            i++;
        if (i < s->agreed.len || !why_read(&t->why, t->record)) continue;
        ir_node_id node = t->rule->steps[h->step].groups[h->group].joins[j];
        line_value(&l, eval_value(&t->bench.eval, node));
        *ARENA_PUSH(t->arena, s->agreed) = (struct agreed){j, h->joins[j], text_of(line_end(&l))};
    }
}

static void choices_hit(void *world, const struct hit *h, const struct answer *answers)
{
    struct trace *t = world;
    struct subject *s = subject_of(t, h->key);
    (void)answers;
    if (!s) return;
    if (t->forbidden >> h->step & 1 && s->forbidden.len < FORBIDDEN_MOST)
        *ARENA_PUSH(t->arena, s->forbidden) = hit_copy(arena_alloc(t->arena, hit_size(h)), h);
    if (t->rule->steps[h->step].groups[h->group].apis[0].rule == IR_NONE) note_agreed(t, s, h);
}

/* Every second one goes; what they own stays with their places. */
static void thin_choices(struct subject *s)
{
    for (uint32_t i = 1; i < CHOICES_MOST / 2; i++) {
        struct reach one = s->choices[i];
        s->choices[i] = s->choices[2 * i];
        s->choices[2 * i] = one;
    }
    s->n_choices = CHOICES_MOST / 2;
    s->stride *= 2;
}

static void choices_reached(void *world, const struct state_view *v)
{
    struct trace *t = world;
    struct subject *s = v->automaton ? NULL : subject_of(t, v->key);
    struct reach r = reach_of(v);
    if (!s || reach_is_complete(&r) != s->came.is_complete || r.full != s->came.full ||
        r.events != s->came.events)
        return;
    if (s->all_choices++ % s->stride) return;
    if (s->n_choices == CHOICES_MOST) thin_choices(s);
    struct reach *to = &s->choices[s->n_choices++];
    struct hash128 *joins = to->joins;
    if (t->rule->n_joins) memcpy(joins, r.joins, t->rule->n_joins * sizeof *joins);
    *to = r;
    to->joins = joins;
    to->key = s->came.key;
}

static void choices_incident(void *world, const struct incident *i)
{
    struct trace *t = world;
    struct subject *s = subject_of(t, i->key);
    if (!s || i->state != INCIDENT_CLOSED || s->n_incidents == INCIDENTS_MOST) return;
    incident_json(&s->incidents[s->n_incidents++], i);
}

static const struct watcher choosing = {
    .wants = chosen_wants, .hit = choices_hit, .reached = choices_reached, .incident = choices_incident};

/* ---- a match that is no incident ----------------------------------------------------------------------- */

static bool is_complete(const struct subject *s)
{
    return !s->came.incidents && s->came.is_complete;
}

void trace_put_at(struct trace *t, const char *what, int64_t second)
{
    line_put(&t->why.line, "%s", what);
    t->why.moment(t, &t->why.line, second);
}

void trace_keep_why(struct trace *t, struct subject *s)
{
    const char *words = line_end(&t->why.line);
    s->why = arena_text(t->arena, words, strlen(words));
}

static void open_incident(void *world, const struct incident *i)
{
    struct trace *t = world;
    struct subject *s = subject_of(t, i->key);
    if (!s || i->state != INCIDENT_CLOSED || i->score <= s->score) return;
    s->score = i->score;
    trace_put_at(t, "a match at ", i->opened);
    line_put(&t->why.line, ", but `open at %d`, and its score is %d: ", t->rule->open_at, i->score);
    line_score(&t->why.line, t->rule, i);
    trace_keep_why(t, s);
}

static void where_incident(void *world, const struct incident *i)
{
    struct trace *t = world;
    struct subject *s = subject_of(t, i->key);
    if (!s || i->state != INCIDENT_CLOSED || why_unmet(&t->why, i) > s->unmet) return;
    s->unmet = why_unmet(&t->why, i);
    trace_put_at(t, "all steps are there at ", i->opened);
    line_put(&t->why.line, ", but `where` does not hold: ");
    why_put_unmet(&t->why, i);
    trace_keep_why(t, s);
}

static void note_swallowed(void *world, uint32_t exception, int change)
{
    struct trace *t = world;
    if (change > 0 && t->rule->exceptions[exception].on_match) t->exception = exception;
}

static void ignore_incident(void *world, const struct incident *i)
{
    (void)world, (void)i;
}

/* Which exception took a key's match is told by a pass for it alone. */
static bool look_for_exception(struct trace *t, struct subject *s)
{
    t->alone = s;
    if (!pass(
            t, RULE_AS_IT_IS,
            (struct watcher){.wants = chosen_wants, .swallowed = note_swallowed, .incident = ignore_incident},
            NULL))
        return false;
    t->alone = NULL;
    if (t->exception == IR_NONE) return true;
    const struct ir_exception *e = &t->rule->exceptions[t->exception];
    trace_put_at(t, "all steps are there at ", reach_last(&s->choices[0]));
    line_put(&t->why.line, ", and the exception `" TEXT_FMT "` took the match: " TEXT_FMT, TEXT_ARG(e->name),
             TEXT_ARG(e->reason));
    trace_keep_why(t, s);
    return true;
}

static bool has_exception_on_match(const struct ir_rule *r)
{
    for (uint32_t i = 0; i < r->n_exceptions; i++)
        if (r->exceptions[i].on_match) return true;
    return false;
}

static bool any_unexplained(struct trace *t)
{
    for (uint32_t i = 0; i < t->n_subjects; i++)
        if (is_complete(&t->subjects[i]) && !t->subjects[i].why.len) return true;
    return false;
}

static bool explain_complete(struct trace *t)
{
    static const struct watcher opening = {.wants = chosen_wants, .incident = open_incident},
                                asking = {.wants = chosen_wants, .incident = where_incident};
    for (uint32_t i = 0; i < t->n_subjects && has_exception_on_match(t->rule); i++)
        if (is_complete(&t->subjects[i]) && !look_for_exception(t, &t->subjects[i])) return false;
    if (any_unexplained(t) && t->rule->open_at > 0 && !pass(t, RULE_OPEN, opening, NULL)) return false;
    if (any_unexplained(t) && t->rule->where != IR_NONE && !pass(t, RULE_WITHOUT_WHERE, asking, NULL))
        return false;
    for (uint32_t i = 0; i < t->n_subjects; i++)
        if (is_complete(&t->subjects[i]) && !t->subjects[i].why.len) near_forbidden(t, &t->subjects[i]);
    return true;
}

/* ---- third: what came near ----------------------------------------------------------------------------- */

static bool wants_none(void *world, const struct hit *h)
{
    (void)world, (void)h;
    return false;
}

static void near_hit(void *world, const struct hit *h, const struct answer *answers)
{
    struct trace *t = world;
    *ARENA_PUSH(t->passing, t->hits) = (struct seen_hit){h, answers};
}

static void near_taken(void *world, uint32_t exception)
{
    struct trace *t = world;
    *ARENA_PUSH(t->passing, t->taken) = exception;
}

static bool look_near(struct trace *t)
{
    static const struct watcher looking = {
        .wants = wants_none, .hit = near_hit, .taken = near_taken, .incident = ignore_incident};
    bool any = false;
    for (uint32_t i = 0; i < t->n_subjects; i++) {
        struct subject *s = &t->subjects[i];
        if (!s->came.incidents && !is_complete(s)) near_begin(t, s), any = true;
    }
    return !any || pass(t, RULE_AS_IT_IS, looking, near_look);
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void put_moment(void *world, struct line *l, int64_t second)
{
    char text[32];
    (void)world;
    line_put(l, "%.*s", (int)time_print(second * SECOND_NS, text), text);
}

static bool put_agreed(void *world, struct line *l, uint32_t join, struct hash128 value)
{
    const struct trace *t = world;
    for (uint32_t i = 0; i < t->n_subjects; i++)
        for (uint32_t k = 0; k < t->subjects[i].agreed.len; k++) {
            const struct agreed *a = &t->subjects[i].agreed.at[k];
            if (a->join != join || !hash128_equal(a->value, value)) continue;
            line_put(l, TEXT_FMT, TEXT_ARG(a->words));
            return true;
        }
    return false;
}

static bool run(struct trace *t, uint32_t rule)
{
    bench_aim(&t->bench, rule);
    t->rule = &t->bench.ir->rules[rule];
    t->forbidden = ir_forbidden_in(&t->rule->automata[0]);
    t->why = (struct why){.bench = &t->bench,
                          .rule = t->rule,
                          .no_history = "has no history yet of ",
                          .line = {.arena = t->passing},
                          .world = t,
                          .moment = put_moment,
                          .agreed = put_agreed};
    if (!find_paths(t) || !pass(t, RULE_AS_IT_IS, surveying, NULL)) return false;
    choose_subjects(t);
    if (survey_len(t->survey) && !pass(t, RULE_AS_IT_IS, choosing, NULL)) return false;
    if (!explain_complete(t) || !look_near(t)) return false;
    for (uint32_t i = 0; i < t->n_subjects; i++) trace_tell_subject(t, &t->subjects[i]);
    trace_tell_all(t);
    return true;
}

static void release(struct trace *t)
{
    for (uint32_t i = 0; i < t->n_subjects; i++) {
        struct subject *s = &t->subjects[i];
        for (uint32_t k = 0; k < s->n_incidents; k++) json_out_release(&s->incidents[k]);
        for (uint32_t n = 0; n < s->n_next; n++)
            for (uint32_t k = 0; k < NEARS; k++) json_out_release(&s->next[n].near[k].said);
    }
    bench_release(&t->bench);
    survey_free(t->survey);
    if (t->spool) fclose(t->spool);
    arena_free(t->arena);
    arena_free(t->passing);
}

/* False: no memory. */
static bool run_under_escape(struct trace *t, const csr_ruleset *rs, uint32_t rule, bool *done)
{
    if (!bench_init(&t->bench, rs) || !t->arena || !t->passing || !t->survey) return false;
    if (setjmp(*arena_escape(t->arena)) || setjmp(*arena_escape(t->passing))) return false;
    *done = run(t, rule);
    return true;
}

enum csr_status csr_trace(const csr_ruleset *rs, size_t rule, const struct csr_trace_options *o,
                          char error[512])
{
    struct trace t = {
        .o = o, .arena = arena_new(0), .passing = arena_new(0), .survey = survey_new(), .error = error};
    bool done = false;
    error[0] = '\0';
    if (!run_under_escape(&t, rs, (uint32_t)rule, &done)) snprintf(error, 512, "out of memory");
    release(&t);
    return done ? CSR_OK : CSR_SYSTEM;
}
