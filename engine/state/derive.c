/* derive.c - what rules over this one were told, against what is. */
#include "engine/state/derive.h"
#include "engine/state/amount.h"
#include "engine/state/emit.h"
#include "engine/state/judge.h"

/* ---- memory of what was told -------------------------------------------------------------------------- */

static struct told_group *told_of(const struct keyed *k, int64_t opened)
{
    for (uint32_t i = 0; i < k->told.len; i++)
        if (k->told.at[i].opened == opened) return &k->told.at[i];
    return NULL;
}

static void keep_told(struct state *s, struct told_group *t, const struct derived *d)
{
    slab_put(&s->slab, t->as, t->size);
    t->size = derived_size(d);
    t->as = derived_copy(slab_get(&s->slab, t->size), d);
}

static void forget_told(struct state *s, struct keyed *k, struct told_group *t)
{
    slab_put(&s->slab, t->as, t->size);
    *t = k->told.at[--k->told.len];
}

void told_drop(struct state *s, struct keyed *k, int64_t opened)
{
    struct told_group *t = told_of(k, opened);
    if (t) forget_told(s, k, t);
}

void told_free(struct state *s, struct keyed *k)
{
    while (k->told.len) forget_told(s, k, &k->told.at[0]);
    SLAB_FREE(&s->slab, k->told);
}

/* ---- what a group says -------------------------------------------------------------------------------- */

static const uint64_t plain[2]; /* no secret: equal groups are told apart, nothing is looked up by it */

static void digest_more(uint64_t *h, uint64_t more)
{
    uint64_t parts[2] = {*h, more};
    *h = hash_64(plain, parts, sizeof parts);
}

static void digest_value(uint64_t *h, struct value v)
{
    digest_more(h, v.kind);
    if (v.kind == VALUE_LIST)
        for (uint32_t i = 0; i < v.len; i++) digest_value(h, v.items[i]);
    else if (v.kind > VALUE_NULL)
        digest_more(h, value_hash(v));
}

static uint64_t digest_of(const struct derived *d)
{
    uint64_t h = (uint64_t)d->capped << 1 | d->blinded;
    digest_more(&h, hash_64(plain, d->evidence.identity.at, d->evidence.identity.len));
    for (uint32_t i = 0; i < d->n_values; i++) digest_value(&h, d->values[i]);
    return h;
}

/* The values lie in the partition's scratch, name in `match_id`. */
static struct derived event_of(struct state *s, struct keyed *k, struct group *g, char match_id[33],
                               const struct occasion *o)
{
    const struct rule_plan *p = k->rule->plan;
    const struct kept *completing = group_completing(p, g);
    struct derived d = {.cause = o->cause,
                        .by_watermark = o->by_watermark,
                        .capped = g->capped || g->opened <= k->capped_until || completing->hit->capped,
                        .blinded = group_is_blinded(p, g),
                        .rule = p->number,
                        .key = k->key,
                        .second = g->opened,
                        .evidence = completing->hit->evidence,
                        .n_values = p->rule->n_gives};
    d.values = judge_given(s, k, g);
    if (!d.values) d.n_values = 0;
    group_name(match_id, k, g);
    d.evidence.rule = p->rule->name;
    d.evidence.match_id = (struct text){match_id, 32};
    return d;
}

/* ---- telling ------------------------------------------------------------------------------------------ */

static void tell(const struct keyed *k, const struct derived *d, const struct occasion *o)
{
    struct derived with_owner = *d;
    struct owner owner = share_owner(&k->holding);
    with_owner.owner = &owner;
    o->out->derived(o->out->world, &with_owner);
}

static void tell_gone(struct state *s, struct keyed *k, struct told_group *t, bool is_replaced,
                      const struct occasion *o)
{
    struct derived gone = *t->as;
    gone.cause = o->cause;
    gone.by_watermark = o->by_watermark;
    gone.is_gone = true;
    gone.is_replaced = is_replaced;
    gone.rule = k->rule->plan->number;
    tell(k, &gone, o);
    forget_told(s, k, t);
}

/* A group that is none for rules over this one, or whose absence nobody can tell. */
static bool is_hidden(struct state *s, struct keyed *k, struct group *g)
{
    return judge_doubt_of(k->rule->plan->rule, g) || judge_swallows(s, k, g);
}

static void review_group(struct state *s, struct keyed *k, struct group *g, const struct occasion *o)
{
    struct told_group *t = told_of(k, g->opened);
    char match_id[33];
    if (is_hidden(s, k, g)) {
        if (t) tell_gone(s, k, t, false, o);
        return;
    }
    struct derived d = event_of(s, k, g, match_id, o);
    uint64_t digest = digest_of(&d);
    if (t && t->digest == digest) return;
    if (t) tell_gone(s, k, t, true, o);
    t = SLAB_PUSH(&s->slab, k->told);
    *t = (struct told_group){.opened = g->opened, .digest = digest, .is_there = true};
    keep_told(s, t, &d);
    tell(k, t->as, o);
}

/* Whether a group is there that has not been told: a group that is gone began earlier now, say. */
static bool has_news(struct state *s, struct keyed *k, struct fold *now)
{
    for (uint32_t i = 0; i < now->groups.len; i++) {
        struct group *g = groups_at(k->rule->plan, &now->groups, i);
        if (!told_of(k, g->opened) && !is_hidden(s, k, g)) return true;
    }
    return false;
}

static void tell_vanished(struct state *s, struct keyed *k, struct fold *now, const struct occasion *o)
{
    for (uint32_t i = 0; i < k->told.len; i++) k->told.at[i].is_there = false;
    for (uint32_t i = 0; i < now->groups.len; i++) {
        struct told_group *t = told_of(k, groups_at(k->rule->plan, &now->groups, i)->opened);
        if (t) t->is_there = true;
    }
    for (uint32_t i = k->told.len; i-- > 0;)
        if (!k->told.at[i].is_there) tell_gone(s, k, &k->told.at[i], has_news(s, k, now), o);
}

void derive_changes(struct state *s, struct keyed *k, struct fold *now, bool all, const struct occasion *o)
{
    const struct rule_plan *p = k->rule->plan;
    if (!p->is_taken || !o->out->derived) return;
    tell_vanished(s, k, now, o);
    for (uint32_t i = 0; i < now->groups.len; i++) {
        struct group *g = groups_at(p, &now->groups, i);
        if (all || g->touched) review_group(s, k, g, o);
    }
}

/* ---- reload ------------------------------------------------------------------------------------------- */

static struct value value_of_field(const struct ir *ir, const struct ir_rule *rule, const struct derived *d,
                                   struct text field)
{
    for (uint32_t i = 0; i < d->n_values && i < rule->n_gives; i++)
        if (text_equal(ir->fields[rule->gives[i].field].name, field)) return d->values[i];
    return (struct value){.kind = VALUE_UNKNOWN};
}

void told_adopt(struct state *s, struct keyed *k, const struct ir *old_ir, const struct ir_rule *old,
                const struct ir *new_ir, const struct ir_rule *new)
{
    size_t size = new->n_gives * sizeof(struct value);
    struct value *values = slab_get(&s->slab, size);
    for (uint32_t t = 0; t < k->told.len; t++) {
        struct derived d = *k->told.at[t].as;
        for (uint32_t i = 0; i < new->n_gives; i++)
            values[i] = value_of_field(old_ir, old, &d, new_ir->fields[new->gives[i].field].name);
        d.values = values;
        d.n_values = new->n_gives;
        k->told.at[t].digest = digest_of(&d);
        struct told_group kept = k->told.at[t];
        kept.as = NULL, kept.size = 0;
        keep_told(s, &kept, &d);
        slab_put(&s->slab, k->told.at[t].as, k->told.at[t].size);
        k->told.at[t] = kept;
    }
    slab_put(&s->slab, values, size);
}
