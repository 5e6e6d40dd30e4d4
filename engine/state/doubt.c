/* doubt.c - how far the feeds of a key are, and completions that nobody can tell of. */
#include "engine/state/doubt.h"
#include "engine/state/absence.h"
#include "engine/state/waypoint.h"

/* ---- feeds -------------------------------------------------------------------------------------------- */

static struct value key_part(const struct keyed *k, uint32_t part)
{
    const char *at = k->key.at, *end = at + k->key.len;
    struct value v = value_absent();
    for (uint32_t i = 0; i <= part && at < end; i++) v = value_key_get(&at, end);
    return v;
}

static struct hash128 feed_of(const struct state *s, const struct keyed *k, const struct ir_require *r)
{
    struct value account = value_absent(), region = value_absent();
    for (uint32_t i = 0; i < r->n_parts; i++) {
        bool is_account = text_equal(k->rule->plan->rule->by[r->parts[i]].name, TEXT("account"));
        *(is_account ? &account : &region) = key_part(k, r->parts[i]);
    }
    return feed_hash(s->plan->ir, r->schema, account, region);
}

struct feeds_view feeds_look(const struct state *s, const struct keyed *k, int64_t committed,
                             const struct state_out *out)
{
    const struct ir_rule *rule = k->rule->plan->rule;
    struct feeds_view v = {.newest = INT64_MAX};
    for (uint32_t i = 0; out->feed && i < rule->n_requires; i++) {
        const struct ir_require *r = &rule->requires[i];
        if (r->kind != IR_REQUIRE_FRESH) continue;
        int64_t newest = out->feed(out->world, feed_of(s, k, r));
        if (newest < v.newest) v.newest = newest;
        if (newest >= committed - r->fresh) continue;
        v.is_behind = true;
        if (!v.doubt && r->has_else) v.doubt = (uint8_t)(i + 1);
    }
    return v;
}

/* ---- completions that nobody can tell of -------------------------------------------------------------- */

bool doubt_open(struct state *s, struct keyed *k, int64_t second, uint8_t doubt)
{
    const struct rule_plan *p = k->rule->plan;
    bool any = false;
    for (int64_t after = INT64_MIN, at; (at = waiting_next(p, &k->base, after)) <= second; after = at) {
        if (groups_find(p, &k->base.groups, at)) continue;
        fold_preview(&s->work, p, &k->base, at);
        struct group *g = groups_find(p, &k->base.groups, at);
        if (!g) continue; /* only an item waits for it */
        g->doubt = doubt;
        any = true;
    }
    return any;
}

static bool waits_for(const struct rule_plan *p, const struct fold *f, int64_t second)
{
    return waiting_next(p, f, second - 1) == second;
}

bool doubt_break(struct state *s, struct keyed *k, const struct slot *slot)
{
    const struct rule_plan *p = k->rule->plan;
    struct fold left = {.capped = false};
    uint32_t n_joins = k->base.capped ? 0 : p->n_joins, before = k->base.waiting.len;
    classes_make(&s->work.classes, slot, n_joins);
    waiting_carry(&s->work, p, &k->base, &left, slot->second, n_joins, &s->counts);
    runs_free(&s->slab, &k->base.waiting);
    k->base.waiting = left.waiting;
    for (uint32_t i = 0; i < k->base.groups.len;) {
        const struct group *g = groups_at(p, &k->base.groups, i);
        if (g->doubt && !waits_for(p, &k->base, g->opened))
            groups_remove(p, &k->base.groups, i);
        else
            i++;
    }
    return k->base.waiting.len != before || s->work.classes.unsure;
}

void waiting_drop(struct state *s, struct keyed *k, int64_t second)
{
    const struct rule_plan *p = k->rule->plan;
    struct runs gone = {.at = NULL};
    for (int64_t at; (at = waiting_first(p, &k->base)) <= second;) {
        waiting_take(&s->slab, p, &k->base, at, false, &gone);
        waiting_take(&s->slab, p, &k->base, at, true, &gone);
    }
    if (gone.len) waypoints_drop_from(s, k, INT64_MIN);
    s->counts.expired += gone.len;
    runs_free(&s->slab, &gone);
}
