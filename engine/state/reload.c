/* reload.c - a new rule set: rules with an equal fingerprint keep their keys, all others lose theirs.
 *
 * What is outside a rule's fingerprint (title, score, respond) may ask for other values of its hits. Kept
 * hits have those that the old rules asked for: they are put into the new order by name, and what was not
 * kept is unknown. An exception is found again by its name, and judged when the group next settles.
 */
#include "engine/state/reload.h"
#include "engine/state/pack.h"
#include "engine/state/derive.h"
#include "engine/state/gathered.h"
#include "engine/state/judge.h"
#include "engine/state/keyed.h"
#include "engine/state/unkeyed.h"
#include "engine/state/waypoint.h"
#include "engine/state/window.h"

static const struct ir_rule *rule_named(const struct ir *ir, struct text name, uint32_t *number)
{
    for (*number = 0; ir && *number < ir->n_rules; ++*number)
        if (text_equal(ir->rules[*number].name, name)) return &ir->rules[*number];
    return NULL;
}

static bool same_fingerprint(const uint64_t a[2], const uint64_t b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

void reload_count_rules(const struct ir *old, const struct ir *new, struct state_adoption *out)
{
    uint32_t number;
    for (uint32_t i = 0; i < new->n_rules; i++) {
        const struct ir_rule *r = rule_named(old, new->rules[i].name, &number);
        if (!r)
            out->rules_new++;
        else if (same_fingerprint(r->fingerprint, new->rules[i].fingerprint))
            out->rules_kept++;
        else
            out->rules_changed++;
    }
    for (uint32_t i = 0; old && i < old->n_rules; i++)
        if (!rule_named(new, old->rules[i].name, &number)) out->rules_dropped++;
}

/* ---- kept hits in the new order ----------------------------------------------------------------------- */

static uint32_t capture_named(const struct ir_step *s, struct text name)
{
    for (uint32_t i = 0; i < s->n_captures; i++)
        if (text_equal(s->captures[i].name, name)) return i;
    return IR_NONE;
}

bool reload_same_captures(const struct ir_step *a, const struct ir_step *b)
{
    if (a->n_captures != b->n_captures) return false;
    for (uint32_t i = 0; i < a->n_captures; i++)
        if (!text_equal(a->captures[i].name, b->captures[i].name)) return false;
    return true;
}

static void remap_captures(struct state *s, struct kept *k, const struct ir_step *old,
                           const struct ir_step *new)
{
    struct value *values = slab_get(&s->slab, new->n_captures * sizeof *values);
    for (uint32_t i = 0; i < new->n_captures; i++) {
        uint32_t from = capture_named(old, new->captures[i].name);
        values[i] =
            from < k->hit->n_captures ? k->hit->captures[from] : (struct value){.kind = VALUE_UNKNOWN};
    }
    slab_put(&s->slab, k->remapped, k->n_remapped * sizeof *k->remapped);
    k->remapped = k->hit->captures = values;
    k->n_remapped = k->hit->n_captures = new->n_captures;
}

static uint32_t ask_like(const struct ir *old, const struct ir_ask *a, const struct ir *new,
                         const struct ir_rule *r)
{
    for (uint32_t i = 0; i < r->n_asks; i++)
        if (r->asks[i].kind == a->kind && r->asks[i].step == a->step &&
            text_equal(new->baselines[r->asks[i].baseline].name, old->baselines[a->baseline].name))
            return i;
    return IR_NONE;
}

static uint32_t exception_like(const struct ir_rule *old, uint32_t number, const struct ir_rule *new)
{
    for (uint32_t i = 0; number && i < new->n_exceptions; i++)
        if (text_equal(new->exceptions[i].name, old->exceptions[number - 1].name)) return i + 1;
    return 0;
}

static void remap_groups(struct keyed *k, const struct ir_rule *old, const struct ir_rule *new)
{
    struct groups *const all[] = {&k->base.groups, &k->before.groups, &k->after.groups};
    for (size_t a = 0; a < sizeof all / sizeof *all; a++)
        for (uint32_t i = 0; i < all[a]->len; i++) {
            struct group *g = groups_at(k->rule->plan, all[a], i);
            g->swallowed = exception_like(old, g->swallowed, new);
        }
}

/* What was made of values goes, and is made again from the new ones. */
void reload_key(struct state *s, struct keyed *k, const struct ir *old_ir, const struct ir_rule *old,
                const struct ir *new_ir, const struct ir_rule *new)
{
    remap_groups(k, old, new);
    gathered_forget(s, k);
    window_free(s, k);
    told_adopt(s, k, old_ir, old, new_ir, new);
    waypoints_drop_from(s, k, INT64_MIN);
    for (struct kept *kept = k->kept; kept; kept = kept->next) {
        const struct ir_step *before = &old->steps[kept->hit->step], *after = &new->steps[kept->hit->step];
        if (!reload_same_captures(before, after)) remap_captures(s, kept, before, after);
        if (kept->eligible) kept->eligible->epoch = 0;
        for (uint32_t i = 0; i < kept->hit->n_asks; i++) {
            struct hit_ask *a = &kept->hit->asks[i];
            if (a->ask != IR_NONE) a->ask = ask_like(old_ir, &old->asks[a->ask], new_ir, new);
        }
    }
}

/* ---- rules -------------------------------------------------------------------------------------------- */

uint32_t reload_half_built(const struct keyed *k)
{
    return keyed_now_of(k)->runs.len;
}

static void drop_rule(struct state *s, struct rule_state *r, struct state_adoption *out)
{
    for (struct keyed *k = r->first, *next; k; k = next) {
        next = k->next;
        k = key_whole(s, k);
        out->half_built_dropped += reload_half_built(k);
        s->counts.dropped += k->base.runs.len + k->base.waiting.len;
        share_leave(&s->shares, &k->holding);
        table_remove(&s->keys, k);
        keyed_free(s, k);
    }
    unkeyed_free(s, r);
    slab_put(&s->slab, (char *)(uintptr_t)r->name.at, r->name.len);
    slab_put(&s->slab, r, sizeof *r);
}

static void adopt_rule(struct state *s, struct rule_state *r, const struct state_plan *p,
                       struct rule_state **rules, struct state_adoption *out)
{
    uint32_t number;
    const struct ir_rule *new = rule_named(p->ir, r->name, &number), *old = r->plan->rule;
    if (!new || !same_fingerprint(new->fingerprint, r->fingerprint)) {
        drop_rule(s, r, out);
        return;
    }
    for (struct keyed *k = r->first; k; k = k->next)
        reload_key(s, k = key_whole(s, k), s->plan->ir, old, p->ir, new);
    r->plan = &p->rules[number];
    rules[number] = r;
    for (struct keyed *k = r->first, *next; k; k = next) {
        next = k->next;
        key_rest(s, k);
    }
}

void state_adopt(struct state *s, const struct state_plan *p, struct state_adoption *out)
{
    struct rule_state **rules = slab_get(&s->slab, p->ir->n_rules * sizeof *rules);
    struct state_adoption none = {0};
    if (!out) out = &none;
    *out = none;
    reload_count_rules(s->plan ? s->plan->ir : NULL, p->ir, out);
    for (uint32_t i = 0; i < s->n_rules; i++)
        if (s->rules[i]) adopt_rule(s, s->rules[i], p, rules, out);
    slab_put(&s->slab, s->rules, s->n_rules * sizeof *s->rules);
    s->rules = rules;
    s->n_rules = p->ir->n_rules;
    baselines_adopt(&s->baselines, p->ir);
    judge_prepare(s, p->ir);
    s->plan = p;
}

void state_count(const struct state *s, struct state_counts *add_to)
{
    const struct state_counts *c = &s->counts;
    add_to->made += c->made, add_to->completed += c->completed, add_to->expired += c->expired;
    add_to->superseded += c->superseded, add_to->merged += c->merged, add_to->dropped += c->dropped;
    add_to->evicted += c->evicted, add_to->vetoed += c->vetoed;
    add_to->incidents_open += c->incidents_open;
    add_to->keys += s->keys.len;
    add_to->baseline_values += s->baselines.values;
    add_to->identities += s->seen.table.len;
    add_to->keys_evicted += c->keys_evicted, add_to->hits_refused += c->hits_refused;
    add_to->values_evicted += s->baselines.evicted, add_to->identities_evicted += s->seen.evicted;
    add_to->bytes += s->slab.bytes + s->past_slab.bytes + s->seen_slab.bytes, add_to->work += s->slab.work;
    add_to->keys_bytes += s->slab.used;
    add_to->live += s->held.live, add_to->half_built += s->held.half_built;
}
