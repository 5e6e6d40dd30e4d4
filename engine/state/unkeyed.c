/* unkeyed.c - what may be of any key: kept, compared, forgotten. */
#include "engine/state/unkeyed.h"
#include "engine/state/pack.h"

static void drop(struct state *s, struct rule_state *r, uint32_t i)
{
    slab_put(&s->slab, r->unkeyed.at[i], hit_size(r->unkeyed.at[i]));
    r->unkeyed.at[i] = r->unkeyed.at[--r->unkeyed.len];
}

static bool stands_for(const struct hit *a, const struct hit *b)
{
    return a->is_alone && b->is_alone && !a->n_asks && a->second == b->second && a->step == b->step &&
           a->lacks == b->lacks && text_equal(a->key, b->key) &&
           (!a->n_joins || !memcmp(a->joins, b->joins, a->n_joins * sizeof *a->joins));
}

bool unkeyed_keep(struct state *s, struct rule_state *r, const struct hit *h)
{
    if (h->second <= passed_for(s, r->plan)) return false;
    for (uint32_t i = r->unkeyed.len; i-- > 0;) {
        if (r->unkeyed.at[i]->second <= passed_for(s, r->plan))
            drop(s, r, i);
        else if (stands_for(r->unkeyed.at[i], h))
            return false;
    }
    if (r->unkeyed.len == UNKEYED_MOST) {
        int64_t until = h->second + r->plan->within + r->plan->wait;
        if (r->unkeyed.lost_until < until) r->unkeyed.lost_until = until;
        return false;
    }
    struct hit *copy = hit_copy(slab_get(&s->slab, hit_size(h)), h);
    *SLAB_PUSH(&s->slab, r->unkeyed) = copy;
    return true;
}

bool unkeyed_drop(struct state *s, struct rule_state *r, const struct hit *h)
{
    for (uint32_t i = 0; i < r->unkeyed.len; i++) {
        const struct hit *o = r->unkeyed.at[i];
        if (o->second != h->second || o->step != h->step ||
            !text_equal(o->evidence.identity, h->evidence.identity))
            continue;
        drop(s, r, i);
        return true;
    }
    return false;
}

bool unkeyed_may_be_of(const struct keyed *k, const struct hit *h)
{
    struct text key = key_text(k);
    const char *at = key.at, *end = at + key.len, *own = h->key.at, *own_end = own + h->key.len;
    for (uint32_t part = 0; part < k->rule->plan->rule->n_by && at < end; part++) {
        const char *from = at;
        (void)value_key_get(&at, end);
        size_t len = (size_t)(at - from);
        if (h->lacks >> part & 1) continue;
        if (len > (size_t)(own_end - own) || memcmp(from, own, len) != 0) return false;
        own += len;
    }
    return true;
}

void unkeyed_free(struct state *s, struct rule_state *r)
{
    while (r->unkeyed.len) drop(s, r, r->unkeyed.len - 1);
    SLAB_FREE(&s->slab, r->unkeyed);
}
