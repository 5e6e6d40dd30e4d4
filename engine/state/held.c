/* held.c - see held.h. A key remembers what it was counted for; the difference goes to its rule and to the
 * partition.
 */
#include "engine/state/held.h"
#include "engine/state/pack.h"

#include <assert.h>

static uint64_t fold_bytes(const struct fold *f)
{
    return f->runs.cap + f->waiting.cap + f->done.cap + f->groups.cap;
}

/* What belongs to the key alone. */
static uint64_t bytes_of(const struct keyed *k)
{
    return sizeof *k + k->key.len + k->kept_bytes + fold_bytes(&k->base) + fold_bytes(&k->before) +
           fold_bytes(&k->after) + (k->tail.cap + k->history.cap) * sizeof *k->tail.at +
           k->incidents.cap * sizeof *k->incidents.at;
}

static void add_up(struct state *s, struct rule_state *r, struct held was, struct held is)
{
    struct held *const sums[] = {&r->held, &s->held};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        sums[i]->keys += is.keys - was.keys;
        sums[i]->half_built += is.half_built - was.half_built;
        sums[i]->live += is.live - was.live;
        sums[i]->incidents += is.incidents - was.incidents;
        sums[i]->bytes += is.bytes - was.bytes;
    }
}

static void change(struct state *s, struct keyed *k, struct held is)
{
    add_up(s, k->rule, k->held, is);
    k->held = is;
}

void held_recount(struct state *s, struct keyed *k)
{
    change(s, k,
           (struct held){.keys = 1,
                         .half_built = keyed_now_of(k)->runs.len,
                         .live = k->base.runs.len + k->base.waiting.len,
                         .incidents = k->incidents.len,
                         .bytes = bytes_of(k)});
}

void held_forget(struct state *s, struct keyed *k)
{
    change(s, k, (struct held){0});
}

static struct held held_of_packed(const struct keyed *k, size_t bytes)
{
    return (struct held){.keys = 1, .half_built = key_half_built(k), .live = key_live(k), .bytes = bytes};
}

void held_packed(struct state *s, struct keyed *k, size_t bytes)
{
    add_up(s, k->rule, (struct held){0}, held_of_packed(k, bytes));
}

void held_unpacked(struct state *s, struct keyed *k, const struct keyed *packed, size_t bytes)
{
    k->held = held_of_packed(packed, bytes);
    held_recount(s, k);
}

/* Debug builds look whether the sums are those of the keys. */
static void check(const struct state *s)
{
#ifndef NDEBUG
    uint32_t live = 0, half_built = 0;
    for (uint32_t i = 0; i < s->keys.cap; i++) {
        const struct keyed *k = (const struct keyed *)s->keys.at[i];
        if (k) live += key_live(k), half_built += key_half_built(k);
    }
    assert(live == s->held.live && half_built == s->held.half_built && s->keys.len == s->held.keys);
#else
    (void)s;
#endif
}

void state_count_rules(const struct state *s, struct state_held *add_to)
{
    check(s);
    for (uint32_t i = 0; i < s->n_rules; i++) {
        const struct rule_state *r = s->rules[i];
        if (!r) continue;
        add_to[i].keys += r->held.keys, add_to[i].half_built += r->held.half_built;
        add_to[i].incidents += r->held.incidents, add_to[i].bytes += r->held.bytes;
    }
}
