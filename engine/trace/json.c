/* json.c - what was found of a key, and of all, as one object a line. */
#include "engine/trace/trace.h"

#include "engine/io/incident_json.h"

static void put_second(struct json_out *o, const char *name, int64_t second)
{
    char text[32];
    json_name(o, name);
    json_put_text(o, (struct text){text, time_print(second * SECOND_NS, text)});
}

static void put_duration(struct trace *t, struct json_out *o, const char *name, int64_t seconds)
{
    struct line l = {.arena = t->passing};
    line_duration(&l, seconds);
    json_name(o, name);
    json_put_cstring(o, line_end(&l));
}

/* What the match asks for: a[n..m] is read with some events more as well. */
static uint32_t asked_for(const struct trace *t, uint32_t step, uint32_t of)
{
    const struct ir_automaton *a = &t->rule->automata[0];
    for (uint32_t i = 0; i < a->n_alternatives; i++)
        for (uint32_t q = 0; q < a->alternatives[i].n_places; q++) {
            const struct ir_place *p = &a->alternatives[i].places[q];
            if (p->step == step && p->most && p->times < of) of = p->times;
        }
    return of;
}

static void put_step(struct trace *t, struct json_out *o, uint32_t step, uint32_t taken, uint32_t of)
{
    of = asked_for(t, step, of);
    if (taken > of) taken = of;
    json_name(o, "step"), json_put_text(o, t->rule->steps[step].name);
    json_member_uint(o, "taken", taken);
    json_member_uint(o, "of", of);
}

/* ---- how far it came ----------------------------------------------------------------------------------- */

/* The choice to which something came nearest; else the last. */
static const struct reach *shown_choice(const struct subject *s)
{
    if (!s->n_choices) return NULL;
    for (uint32_t how = 0; how <= NEAR_OUTSIDE; how++)
        for (uint32_t n = 0; n < s->n_next; n++)
            if (s->next[n].near[how].is_there) return &s->choices[s->next[n].near[how].choice];
    return &s->choices[s->n_choices - 1];
}

static void put_reached(struct trace *t, struct json_out *o, const struct reach *r)
{
    json_name(o, "reached"), json_open(o, '[');
    for (uint32_t q = 0; r && q < r->n_places; q++) {
        if (!r->taken[q]) continue;
        json_open(o, '{');
        put_step(t, o, r->places[q].step, r->taken[q], r->places[q].times);
        put_second(o, "time", r->last[q]);
        json_close(o, '}');
    }
    json_close(o, ']');
}

/* What is left of the window when the last event has come. */
static void put_window(struct trace *t, struct json_out *o, const struct reach *r)
{
    struct deadline d = why_deadline(&t->why, r);
    int64_t until = d.from + d.most;
    json_name(o, "window"), json_open(o, '{');
    put_duration(t, o, "within", d.most);
    put_second(o, "from", d.from);
    put_second(o, "until", until);
    put_duration(t, o, "left", until - reach_last(r));
    json_name(o, "outlasts_records"), json_put_bool(o, until > t->last);
    json_close(o, '}');
}

/* ---- what would have been next ------------------------------------------------------------------------- */

static void put_next(struct trace *t, struct json_out *o, const struct next *n)
{
    static const char *const names[] = {
        [NEAR_INSIDE] = "nearest", [NEAR_OUTSIDE] = "outside_window", [NEAR_OTHER_KEY] = "other_key"};
    json_open(o, '{');
    put_step(t, o, n->step, n->taken, n->of);
    why_put_apis(&t->why, &t->rule->steps[n->step]);
    json_name(o, "calls"), json_put_cstring(o, line_end(&t->why.line));
    json_member_uint(o, "seen", n->seen);
    for (uint32_t how = 0; how < NEARS; how++) {
        if (!n->near[how].is_there) continue;
        json_name(o, names[how]);
        json_put_json(o, json_out_text(&n->near[how].said));
    }
    json_close(o, '}');
}

static void put_nexts(struct trace *t, struct json_out *o, const struct subject *s)
{
    json_name(o, "next"), json_open(o, '[');
    for (uint32_t i = 0; i < s->n_next; i++) put_next(t, o, &s->next[i]);
    json_close(o, ']');
}

/* ---- objects ------------------------------------------------------------------------------------------- */

static const char *verdict_of(const struct subject *s)
{
    if (s->came.incidents) return "fired";
    if (!s->n_choices) return "nothing";
    return s->came.is_complete ? "complete" : "partial";
}

static void put_incidents(struct json_out *o, const struct subject *s)
{
    json_name(o, "incidents"), json_put_int(o, s->came.incidents);
    json_name(o, "shown"), json_open(o, '[');
    for (uint32_t i = 0; i < s->n_incidents; i++) json_put_json(o, json_out_text(&s->incidents[i]));
    json_close(o, ']');
}

static void begin(struct trace *t, struct json_out *o, const char *type)
{
    json_open(o, '{');
    json_name(o, "type"), json_put_cstring(o, type);
    json_name(o, "rule"), json_put_text(o, t->rule->name);
}

static void end(struct trace *t, struct json_out *o)
{
    json_close(o, '}');
    if (!o->failed) t->o->tell(t->o->world, o->at, o->len);
    json_out_release(o);
}

void trace_tell_subject(struct trace *t, const struct subject *s)
{
    struct json_out o = {0};
    const struct reach *r = shown_choice(s);
    begin(t, &o, "trace");
    json_name(&o, "verdict"), json_put_cstring(&o, verdict_of(s));
    json_name(&o, "key");
    if (s->has_key)
        incident_key_json(&o, t->rule, s->came.key);
    else
        json_put_null(&o);
    json_name(&o, "full"), json_put_uint(&o, s->came.full);
    json_name(&o, "places"), json_put_uint(&o, r ? r->n_places : 0);
    json_name(&o, "times"), json_put_uint(&o, s->all_choices);
    if (s->came.incidents) {
        put_incidents(&o, s);
    } else {
        put_reached(t, &o, r);
        if (r && !t->rule->is_on && !s->came.is_complete) put_window(t, &o, r);
        if (s->why.len) json_name(&o, "why"), json_put_text(&o, s->why);
        put_nexts(t, &o, s);
    }
    end(t, &o);
}

void trace_tell_all(struct trace *t)
{
    struct json_out o = {0};
    uint64_t fired = 0, incidents = 0;
    uint32_t n = survey_len(t->survey);
    for (uint32_t i = 0; i < n; i++) {
        const struct came *came = survey_at(t->survey, i);
        fired += came->incidents > 0;
        incidents += (uint64_t)came->incidents;
    }
    begin(t, &o, "summary");
    json_name(&o, "records"), json_put_uint(&o, t->records);
    json_name(&o, "aside"), json_put_uint(&o, t->aside);
    if (t->first <= t->last) put_second(&o, "first", t->first), put_second(&o, "last", t->last);
    json_name(&o, "keys"), json_put_uint(&o, n + survey_forgotten(t->survey));
    if (survey_forgotten(t->survey)) /* some may be counted twice */
        json_name(&o, "forgotten"), json_put_uint(&o, survey_forgotten(t->survey));
    json_name(&o, "fired"), json_put_uint(&o, fired);
    json_name(&o, "incidents"), json_put_uint(&o, incidents);
    json_name(&o, "told"), json_put_uint(&o, t->n_subjects);
    end(t, &o);
}
