/* view.c - see view.h. */
#include "engine/service/view.h"

#include <stdlib.h>

static bool make_room(struct view *v, uint32_t n)
{
    if (n <= v->cap) return true;
    view_release(v);
    v->rules = calloc(n, sizeof *v->rules);
    v->late = calloc(n, sizeof *v->late);
    if (v->rules && v->late)
        v->cap = n;
    else
        view_release(v);
    return v->cap == n;
}

void view_keep(struct view *v, const struct run_counts *counts)
{
    uint32_t n = counts->ir && counts->rules ? counts->ir->n_rules : 0;
    v->n = 0;
    if (!n || !make_room(v, n)) return;
    v->ir = counts->ir;
    v->n = n;
    memcpy(v->rules, counts->rules, n * sizeof *v->rules);
    if (counts->late_hits) memcpy(v->late, counts->late_hits, n * sizeof *v->late);
    v->decode_ns = counts->decode_ns;
    v->baselines_ns = counts->baselines_ns;
    v->give_ns = counts->give_ns;
}

void view_release(struct view *v)
{
    free(v->rules);
    free(v->late);
    *v = (struct view){0};
}

static void put_rule(struct json_out *o, struct text name, const struct run_rule *r, uint64_t late)
{
    json_open(o, '{');
    json_member_text(o, "rule", name);
    json_member_uint(o, "events", r->looked);
    json_member_uint(o, "hits", r->hits);
    json_member_uint(o, "hits_of_rules", r->derived);
    json_member_uint(o, "late", late);
    json_member_uint(o, "keys", r->held.keys);
    json_member_uint(o, "half_built", r->held.half_built);
    json_member_uint(o, "bytes", r->held.bytes);
    json_member_uint(o, "incidents", r->incidents);
    json_member_uint(o, "incidents_open", r->held.incidents);
    json_member_uint(o, "ns", r->match_ns + r->state_ns);
    json_member_uint(o, "match_ns", r->match_ns);
    json_member_uint(o, "state_ns", r->state_ns);
    json_close(o, '}');
}

void view_json(struct json_out *o, const struct view *v)
{
    json_name(o, "shared"), json_open(o, '{');
    json_member_uint(o, "decode_ns", v->decode_ns);
    json_member_uint(o, "baselines_ns", v->baselines_ns);
    json_member_uint(o, "give_ns", v->give_ns);
    json_close(o, '}');
    json_name(o, "rules"), json_open(o, '[');
    for (uint32_t i = 0; i < v->n; i++) put_rule(o, v->ir->rules[i].name, &v->rules[i], v->late[i]);
    json_close(o, ']');
}
