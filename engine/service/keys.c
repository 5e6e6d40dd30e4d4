/* keys.c - see keys.h. */
#include "engine/service/keys.h"

#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/io/incident_json.h"

#include <stdio.h>
#include <stdlib.h>

struct asked_key *asked_key_read(struct text line, char why[160])
{
    struct asked_key *a = calloc(1, sizeof *a);
    if (!a) {
        snprintf(why, 160, "out of memory");
        return NULL;
    }
    a->q.n_parts = json_read_texts(line, "key", a->q.parts, KEY_PARTS_MOST, a->bytes, sizeof a->bytes, why);
    if (a->q.n_parts) {
        json_open(&a->answer, '{');
        json_member_text(&a->answer, "type", TEXT("state"));
        json_name(&a->answer, "ok"), json_put_bool(&a->answer, true);
        json_name(&a->answer, "keys"), json_open(&a->answer, '[');
        return a;
    }
    asked_key_free(a);
    return NULL;
}

void asked_key_free(struct asked_key *a)
{
    if (!a) return;
    json_out_release(&a->answer);
    free(a);
}

/* ---- the answer ---------------------------------------------------------------------------------------- */

static void member_second(struct json_out *o, const char *name, int64_t second)
{
    char text[32];
    json_name(o, name), json_put_text(o, (struct text){text, time_print(second * 1000000000, text)});
}

static bool is_complete(const struct run_match *m, uint32_t place)
{
    return m->taken[place] >= m->places[place].times;
}

/* What comes before is there, and it may take more. */
static bool is_next(const struct run_match *m, uint32_t place)
{
    for (uint32_t q = 0; q < m->n_places; q++)
        if (m->before[place] >> q & 1 && !is_complete(m, q)) return false;
    return !is_complete(m, place);
}

static void put_step(struct json_out *o, const struct ir_rule *rule, const struct run_match *m,
                     uint32_t place)
{
    json_open(o, '{');
    json_member_text(o, "step", rule->steps[m->places[place].step].name);
    json_member_uint(o, "took", m->taken[place]);
    json_member_uint(o, "of", m->places[place].times);
    if (m->taken[place]) member_second(o, "last", m->last[place]);
    json_name(o, "is_next"), json_put_bool(o, is_next(m, place));
    json_close(o, '}');
}

static void put_match(struct json_out *o, const struct ir_rule *rule, const struct run_key *key,
                      const struct run_match *m, int64_t now)
{
    int64_t until = m->start + key->is.within;
    json_open(o, '{');
    if (m->automaton) json_member_uint(o, "optional_item", m->automaton);
    member_second(o, "since", m->start);
    member_second(o, "until", until);
    json_name(o, "left_s"), json_put_int(o, until > now ? until - now : 0);
    json_name(o, "steps"), json_open(o, '[');
    for (uint32_t place = 0; place < m->n_places; place++) put_step(o, rule, m, place);
    json_close(o, ']');
    json_close(o, '}');
}

static void put_key(struct json_out *o, const struct ir_rule *rule, const struct run_key *key, int64_t now)
{
    json_open(o, '{');
    json_member_text(o, "rule", rule->name);
    json_name(o, "key"), incident_key_json(o, rule, key->is.key);
    json_member_uint(o, "half_built", key->is.held.half_built);
    json_member_uint(o, "incidents_open", key->is.held.incidents);
    json_member_uint(o, "bytes", key->is.held.bytes);
    json_name(o, "matches"), json_open(o, '[');
    for (uint32_t i = 0; i < key->n_matches; i++) put_match(o, rule, key, &key->matches[i], now);
    json_close(o, ']');
    json_close(o, '}');
}

/* How many rules have a key of so many parts. */
static uint64_t count_rules(const struct ir *ir, uint32_t n_parts)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < ir->n_rules; i++) n += ir->rules[i].n_by == n_parts;
    return n;
}

void asked_key_take(struct asked_key *a, const struct run_counts *counts, const struct run_key *key)
{
    struct json_out *o = &a->answer;
    if (key) {
        put_key(o, &counts->ir->rules[key->is.rule], key, counts->newest);
        return;
    }
    json_close(o, ']');
    json_member_uint(o, "rules_asked", counts->ir ? count_rules(counts->ir, a->q.n_parts) : 0);
    json_close(o, '}');
}
