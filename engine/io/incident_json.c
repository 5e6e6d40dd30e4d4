/* incident_json.c - see incident_json.h. One function for each part of the line, in its order. */
#include "engine/io/incident_json.h"

#include "engine/event/decode.h"

#define NANOSECONDS 1000000000

/* ---- values -------------------------------------------------------------------------------------------- */

static void put_time(struct json_out *o, int64_t nanoseconds)
{
    char text[32];
    json_put_text(o, (struct text){text, time_print(nanoseconds, text)});
}

static void put_second(struct json_out *o, int64_t second)
{
    put_time(o, second * NANOSECONDS);
}

static void put_net(struct json_out *o, const struct ip_net *net)
{
    char text[50];
    json_put_text(o, (struct text){text, ip_print(net, text)});
}

static void put_value(struct json_out *o, struct value v);

static void put_list(struct json_out *o, struct value v)
{
    json_open(o, '[');
    for (uint32_t i = 0; i < v.len; i++) put_value(o, v.items[i]);
    json_close(o, ']');
}

/* Durations are seconds. A number that JSON wrote keeps its digits: ids may have more than a double holds. */
static void put_value(struct json_out *o, struct value v)
{
    switch ((enum value_kind)v.kind) {
    case VALUE_BOOL: json_put_bool(o, v.i); return;
    case VALUE_INT:
    case VALUE_SIZE: json_put_int(o, v.i); return;
    case VALUE_FLOAT: json_put_float(o, v.f); return;
    case VALUE_STRING:
        v.is_number ? json_put_json(o, value_text(v)) : json_put_text(o, value_text(v));
        return;
    case VALUE_TIME: put_time(o, v.i); return;
    case VALUE_DURATION: json_put_float(o, (double)v.i / NANOSECONDS); return;
    case VALUE_NET: put_net(o, v.net); return;
    case VALUE_JSON: json_put_text(o, value_text(v)); return;
    case VALUE_LIST: put_list(o, v); return;
    case VALUE_ABSENT:
    case VALUE_UNKNOWN:
    case VALUE_NULL:
    case VALUE_SET: json_put_null(o); return;
    }
}

/* ---- members ------------------------------------------------------------------------------------------- */

static void member_second(struct json_out *o, const char *name, int64_t second)
{
    json_name(o, name);
    put_second(o, second);
}

static void member_bool(struct json_out *o, const char *name, bool b)
{
    json_name(o, name);
    json_put_bool(o, b);
}

static void member_texts(struct json_out *o, const char *name, const struct text *texts, uint32_t n)
{
    json_name(o, name);
    json_open(o, '[');
    for (uint32_t i = 0; i < n; i++) json_put_text(o, texts[i]);
    json_close(o, ']');
}

/* ---- the parts of the line ----------------------------------------------------------------------------- */

static void put_names(struct json_out *o, const struct incident *i, const struct ir_rule *rule)
{
    json_member_text(o, "type", TEXT("incident"));
    json_member_text(o, "id", text_of(i->id));
    json_member_text(o, "match_id", text_of(i->match_id));
    json_member_uint(o, "revision", i->revision);
    json_member_text(o, "state", text_of(incident_state_name(i->state)));
    json_member_text(o, "rule", rule->name);
}

/* "aws-core@1.0.0" */
static void put_pack(struct json_out *o, const struct ir_rule *rule)
{
    char text[256];
    struct text pack = rule->pack, version = rule->pack_version;
    if (pack.len && version.len && pack.len + 1 + version.len <= sizeof text) {
        memcpy(text, pack.at, pack.len);
        text[pack.len] = '@';
        memcpy(text + pack.len + 1, version.at, version.len);
        pack = (struct text){text, pack.len + 1 + version.len};
    }
    json_member_text(o, "pack", pack);
}

void incident_key_json(struct json_out *o, const struct ir_rule *rule, struct text key)
{
    const char *at = key.at, *end = key.at + key.len;
    json_open(o, '{');
    for (uint32_t part = 0; part < rule->n_by && at < end; part++) {
        json_name_text(o, rule->by[part].name);
        put_value(o, value_key_get(&at, end));
    }
    json_close(o, '}');
}

static void put_when(struct json_out *o, const struct incident *i)
{
    member_second(o, "start", i->start);
    member_second(o, "opened", i->opened);
    json_member_text(o, "completing", i->completing);
    member_second(o, "end", i->end);
}

static void put_api(struct json_out *o, const struct evidence *e)
{
    char text[512];
    if (e->service.len + 1 + e->action.len > sizeof text) return json_member_if_any(o, "api", e->action);
    memcpy(text, e->service.at, e->service.len);
    text[e->service.len] = ':';
    memcpy(text + e->service.len + 1, e->action.at, e->action.len);
    json_member_text(o, "api", (struct text){text, e->service.len + 1 + e->action.len});
}

static void put_event(struct json_out *o, const struct evidence *e)
{
    json_open(o, '{');
    json_member_text(o, "id", e->identity);
    json_name(o, "time"), put_time(o, e->time);
    json_member_if_any(o, "rule", e->rule);
    json_member_if_any(o, "match_id", e->match_id);
    put_api(o, e);
    json_member_if_any(o, "region", e->region);
    json_member_if_any(o, "account", e->account);
    json_member_if_any(o, "source_ip", e->source_ip);
    json_member_if_any(o, "error", e->error);
    if (e->is_failed && !e->error.len) member_bool(o, "failed", true);
    if (e->is_ahead) member_bool(o, "ahead", true);
    if (e->is_late) member_bool(o, "late", true);
    json_close(o, '}');
}

/* What may be a forbidden event, and the values that would tell. */
static void put_blinded_by(struct json_out *o, const struct incident *i, const struct ir_rule *rule)
{
    if (!i->blinded_by) return;
    json_name(o, "blinded_by");
    json_open(o, '{');
    json_member_text(o, "step", rule->steps[i->blinded_step].name);
    json_member_text(o, "missing", i->missing);
    json_name(o, "event");
    put_event(o, i->blinded_by);
    json_close(o, '}');
}

static void put_step(struct json_out *o, const struct incident_step *s, const struct ir_rule *rule)
{
    json_open(o, '{');
    json_member_text(o, "name", rule->steps[s->step].name);
    json_member_uint(o, "count", s->count);
    member_second(o, "first", s->first);
    member_second(o, "last", s->last);
    json_name(o, "events");
    json_open(o, '[');
    for (uint32_t i = 0; i < s->n_events; i++) put_event(o, s->events[i]);
    json_close(o, ']');
    json_close(o, '}');
}

static void put_steps(struct json_out *o, const struct incident *i, const struct ir_rule *rule)
{
    json_name(o, "steps");
    json_open(o, '[');
    for (uint32_t s = 0; s < i->n_steps; s++) put_step(o, &i->steps[s], rule);
    json_close(o, ']');
}

static void put_reasons(struct json_out *o, const struct incident *i)
{
    json_name(o, "reasons");
    json_open(o, '[');
    for (const struct incident_reason *r = i->reasons; r < i->reasons + i->n_reasons; r++) {
        json_open(o, '{');
        json_name(o, "points"), json_put_int(o, r->points);
        json_member_text(o, "why", r->why);
        if (r->is_unknown) member_bool(o, "unknown", true);
        json_close(o, '}');
    }
    json_close(o, ']');
}

void incident_action_json(struct json_out *o, const struct incident *i, uint32_t index)
{
    const struct incident_action *a = &i->actions[index];
    const struct ir_respond *respond = &i->ir->rules[i->rule].responds[a->respond];
    json_open(o, '{');
    for (uint32_t n = 0; n < a->n_args; n++) {
        json_name_text(o, respond->arg_names[n]);
        put_value(o, a->args[n]);
    }
    json_close(o, '}');
}

static void put_response(struct json_out *o, const struct incident *i, const struct ir_rule *rule)
{
    json_name(o, "response");
    json_open(o, '[');
    for (uint32_t n = 0; n < i->n_actions; n++) {
        const struct incident_action *a = &i->actions[n];
        json_open(o, '{');
        json_member_text(o, "action", rule->responds[a->respond].verb);
        json_member_text(o, "state", a->is_refused ? TEXT("refused") : TEXT("proposed"));
        json_name(o, "args");
        incident_action_json(o, i, n);
        if (a->is_refused) json_member_if_any(o, "why", a->refusal);
        json_close(o, '}');
    }
    json_close(o, ']');
}

void incident_json(struct json_out *o, const struct incident *i)
{
    const struct ir_rule *rule = &i->ir->rules[i->rule];
    json_open(o, '{');
    put_names(o, i, rule);
    put_pack(o, rule);
    json_member_text(o, "title", i->title);
    json_member_text(o, "severity", ir_severity_name(i->severity));
    json_name(o, "score"), json_put_int(o, i->score);
    json_name(o, "key"), incident_key_json(o, rule, i->key);
    member_texts(o, "witness", i->witness, i->n_witness);
    member_bool(o, "tie", i->tie);
    member_bool(o, "capped", i->capped);
    member_bool(o, "blinded", i->blinded);
    put_blinded_by(o, i, rule);
    put_when(o, i);
    put_steps(o, i, rule);
    put_reasons(o, i);
    member_texts(o, "attack", rule->attack, rule->n_attack);
    member_texts(o, "accounts", i->accounts, i->n_accounts);
    put_response(o, i, rule);
    json_member_if_any(o, "author", rule->author);
    json_member_if_any(o, "license", rule->license);
    json_member_if_any(o, "merged_into", text_of(i->merged_into));
    json_member_if_any(o, "predecessor", text_of(i->predecessor));
    json_close(o, '}');
}
