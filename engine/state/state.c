/* state.c - one partition: who a hit belongs to, what is due, what is evicted, what a reload keeps. */
#include "engine/state/emit.h"
#include "engine/state/held.h"
#include "engine/state/judge.h"
#include "engine/state/keyed.h"
#include "engine/state/pack.h"
#include "engine/state/unkeyed.h"
#include "engine/state/window.h"

#include <stdlib.h>

/* A partition's part of a cap, at least one. */
static uint64_t part_of(uint64_t all)
{
    return (all + STATE_PARTITIONS - 1) / STATE_PARTITIONS;
}

static struct caps caps_of_partition(const struct caps *said)
{
    static const struct caps none;
    struct caps c = caps_whole(said ? said : &none);
    c.keys = part_of(c.keys), c.memory = part_of(c.memory);
    c.values = part_of(c.values), c.identities = part_of(c.identities);
    if (c.second_hits > SLOT_HITS_MOST) c.second_hits = SLOT_HITS_MOST;
    return c;
}

struct state *state_new(const struct caps *caps)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s) abort();
    s->caps = caps_of_partition(caps);
    s->watermark = INT64_MIN / 4; /* leaves room for windows */
    s->known = NEVER;
    s->keys.slab = s->timers.slab = s->work.slab = s->work.classes.slab = &s->slab;
    s->aside.slab = s->aside.classes.slab = &s->slab;
    s->work.opens = window_opens, s->work.world = s;
    s->lost.slab = &s->slab;
    shares_init(&s->shares, &s->slab);
    baselines_init(&s->baselines, &s->past_slab, s->caps.values, &s->listener);
    seen_init(&s->seen, &s->seen_slab, s->caps.identities, &s->listener);
    return s;
}

void state_listen(struct state *s, struct state_listener listener)
{
    s->listener = listener;
}

void state_free(struct state *s)
{
    if (!s) return;
    tape_release(&s->packing);
    arena_free(s->packing.arena);
    slab_release(&s->slab);
    slab_release(&s->past_slab);
    slab_release(&s->seen_slab);
    free(s);
}

/* ---- identities and baselines ------------------------------------------------------------------------- */

static int64_t bounded(int64_t second)
{
    return second > SECOND_LAST ? SECOND_LAST : second;
}

void state_forget(struct state *s, int64_t second)
{
    seen_forget(&s->seen, bounded(second));
}

enum sighted state_seen(struct state *s, struct hash128 identity, int64_t second)
{
    return seen_put(&s->seen, identity, second);
}

void state_learn(struct state *s, int64_t second)
{
    baselines_learn(&s->baselines, bounded(second));
}

struct answer state_touch(struct state *s, const struct touch *t)
{
    return baselines_touch(&s->baselines, t);
}

/* ---- keys: shares of those who brought them ----------------------------------------------------------- */

static struct keyed *key_with(struct share_member *holding)
{
    return (struct keyed *)((char *)holding - offsetof(struct keyed, holding));
}

static void key_free(struct state *s, struct keyed *k)
{
    struct rule_state *r = k->rule;
    *(k->previous ? &k->previous->next : &r->first) = k->next;
    if (k->next) k->next->previous = k->previous;
    share_leave(&s->shares, &k->holding);
    table_remove(&s->keys, k);
    keyed_free(s, k);
}

/* Something has happened to it; it may be packed now. */
static void weigh(struct state *s, struct keyed *k)
{
    held_recount(s, k);
    share_change(&s->shares, &k->holding, share_weight(k->kept_bytes), keyed_rank(k));
    key_rest(s, k);
}

/* What is lost may show in incidents as long as the newest of it could have been part of one. */
static void evict(struct state *s, struct keyed *k, const char *cap, const struct occasion *o)
{
    emit_evicted(s, k, o);
    keyed_tell_evicted(s, k, cap);
    s->counts.evicted += k->base.runs.len + k->base.waiting.len;
    s->counts.keys_evicted++;
    lost_note(&s->lost, share_of(&k->holding, OWNER_PRINCIPAL)->id, k->hash, keyed_shows_until(s, k));
    key_free(s, k);
}

/* After a key has grown, so that the newest counts as well: nobody gives for somebody who holds more. */
static void make_room(struct state *s, const struct occasion *o)
{
    for (struct share_member *next; (next = share_next(&s->shares));)
        if (s->keys.len > s->caps.keys)
            evict(s, key_whole(s, key_with(next)), "keys", o);
        else if (s->slab.used > s->caps.memory)
            evict(s, key_whole(s, key_with(next)), "memory", o);
        else
            return;
}

/* ---- hits --------------------------------------------------------------------------------------------- */

struct rule_state *state_rule(struct state *s, uint32_t number)
{
    struct rule_state **r = &s->rules[number];
    if (*r) return *r;
    const struct ir_rule *rule = &s->plan->ir->rules[number];
    *r = slab_get(&s->slab, sizeof **r);
    (*r)->plan = &s->plan->rules[number];
    (*r)->name = slab_text(&s->slab, rule->name);
    memcpy((*r)->fingerprint, rule->fingerprint, sizeof rule->fingerprint);
    return *r;
}

static void meet_unkeyed(struct state *s, struct keyed *k, const struct state_out *out)
{
    for (uint32_t i = 0; i < k->rule->unkeyed.len; i++) {
        const struct hit *h = k->rule->unkeyed.at[i];
        if (h->second > passed_for(s, k->rule->plan) && unkeyed_may_be_of(k, h)) keyed_hit(s, k, h, out);
    }
}

struct keyed *state_key_new(struct state *s, uint32_t rule, struct hash128 hash, struct text key,
                            const struct owner *owner)
{
    struct rule_state *r = state_rule(s, rule);
    struct keyed *k = keyed_new(s, r, hash, key);
    table_put(&s->keys, k);
    if ((k->next = r->first)) k->next->previous = k;
    r->first = k;
    share_join(&s->shares, &k->holding, owner, 1, 0);
    return k;
}

static struct keyed *key_of(struct state *s, const struct hit *h, const struct state_out *out)
{
    struct keyed *k = table_get(&s->keys, h->key_hash);
    if (k) return key_whole(s, k);
    if (h->is_gone) return NULL;
    k = state_key_new(s, h->rule, h->key_hash, h->key, h->owner);
    k->capped_until = lost_until(&s->lost, share_of(&k->holding, OWNER_PRINCIPAL)->id, k->hash);
    meet_unkeyed(s, k, out);
    return k;
}

/* Keys that are looked at one after the other: by rule and key, whatever order tables have. */
struct key_list {
    struct keyed **at;
    uint32_t len, cap;
};

static int compare_keys(const void *a, const void *b)
{
    const struct keyed *x = *(struct keyed *const *)a, *y = *(struct keyed *const *)b;
    uint32_t rx = x->rule->plan->number, ry = y->rule->plan->number;
    if (rx != ry) return rx < ry ? -1 : 1;
    return text_compare(key_text(x), key_text(y));
}

static void hit_without_key(struct state *s, const struct hit *h, const struct state_out *out)
{
    struct rule_state *r = state_rule(s, h->rule);
    struct key_list keys = {NULL, 0, 0};
    if (!(h->is_gone ? unkeyed_drop(s, r, h) : unkeyed_keep(s, r, h))) return;
    for (struct keyed *k = r->first; k; k = k->next)
        if (unkeyed_may_be_of(k, h)) *SLAB_PUSH(&s->slab, keys) = k = key_whole(s, k);
    if (keys.len) qsort(keys.at, keys.len, sizeof *keys.at, compare_keys);
    for (uint32_t i = 0; i < keys.len; i++) {
        (h->is_gone ? keyed_take_back : keyed_hit)(s, keys.at[i], h, out);
        weigh(s, keys.at[i]);
    }
    SLAB_FREE(&s->slab, keys);
}

void state_hit(struct state *s, const struct hit *h, const struct state_out *out)
{
    struct occasion o = {.out = out, .cause = h->seq, .by_watermark = h->by_watermark};
    s->at.cause = h->seq, s->at.by_watermark = h->by_watermark, s->at.second = h->second;
    if (h->lacks) {
        hit_without_key(s, h, out);
        make_room(s, &o);
        return;
    }
    struct keyed *k = key_of(s, h, out);
    if (!k) return; /* what is taken back is forgotten already */
    if (h->is_gone)
        keyed_take_back(s, k, h, out);
    else
        keyed_hit(s, k, h, out);
    if (keyed_is_empty(k))
        key_free(s, k); /* a late hit that came to nothing */
    else
        weigh(s, k);
    make_room(s, &o);
}

/* ---- the watermark ------------------------------------------------------------------------------------ */

static void advance(struct state *s, struct keyed *k, const struct state_out *out)
{
    uint32_t rule = k->rule->plan->number;
    if (keyed_advance(s, k, out))
        weigh(s, k);
    else
        key_free(s, k);
    if (s->listener.worked) s->listener.worked(s->listener.world, rule);
}

void state_settled(struct state *s, uint64_t number, const struct answer *a, const struct state_out *out)
{
    struct ticket *t = &s->tickets.at[number - 1];
    struct keyed *k = t->keyed;
    struct kept *kept = t->kept;
    s->moves[t->move].open--;
    if (k) keyed_answered(s, k, kept, t->ask, t->asked, a);
    *t = (struct ticket){.next_free = s->free_ticket};
    s->free_ticket = (uint32_t)number;
    s->open_tickets--;
    if (k && k->tail.len && !k->tail.at[0].waiting && k->tail.at[0].second <= s->watermark)
        advance(s, k, out);
}

void state_watermark(struct state *s, int64_t second, uint64_t cause, const struct state_out *out)
{
    struct key_list due = {NULL, 0, 0};
    second = bounded(second);
    s->cause = cause;
    if (second <= s->watermark && s->known == NEVER) return;
    if (second > s->watermark) s->watermark = second;
    s->at.cause = cause, s->at.by_watermark = true, s->at.second = second + 1;
    s->move = (s->move + 1) % ASKED_MOVES;
    /* What waits for lower rules is due the second behind the watermark, which then need not move. */
    for (struct timer *t; (t = timers_pop(&s->timers, s->watermark + (s->known != NEVER)));)
        *SLAB_PUSH(&s->slab, due) = (struct keyed *)((char *)t - offsetof(struct keyed, timer));
    if (due.len) qsort(due.at, due.len, sizeof *due.at, compare_keys);
    for (uint32_t i = 0; i < due.len; i++) advance(s, key_whole(s, due.at[i]), out);
    SLAB_FREE(&s->slab, due);
    make_room(s, &(struct occasion){.out = out, .cause = cause, .by_watermark = true});
}

void state_known(struct state *s, int64_t second)
{
    s->known = second;
}

int64_t state_settled_to(const struct state *s)
{
    int64_t to = s->watermark < s->known ? s->watermark : s->known;
    for (uint32_t i = 0; i < ASKED_MOVES && s->open_tickets; i++)
        if (s->moves[i].open && s->moves[i].first <= to) to = s->moves[i].first - 1;
    return to;
}

bool state_waits(const struct state *s)
{
    return s->open_tickets > 0;
}
