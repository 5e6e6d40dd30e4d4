/* state.c - one partition: who a hit belongs to, what is due, what is evicted, what a reload keeps. */
#include "engine/state/emit.h"
#include "engine/state/judge.h"
#include "engine/state/keyed.h"
#include "engine/state/window.h"

#include <stdlib.h>

#define KEYS_MOST_DEFAULT (1u << 17)

struct state *state_new(struct state_limits limits)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s) abort();
    if (!limits.keys_most) limits.keys_most = KEYS_MOST_DEFAULT;
    s->limits = limits;
    s->watermark = INT64_MIN / 4; /* leaves room for windows */
    s->known = NEVER;
    s->keys.slab = s->timers.slab = s->work.slab = s->work.classes.slab = &s->slab;
    s->aside.slab = s->aside.classes.slab = &s->slab;
    s->work.opens = window_opens, s->work.world = s;
    baselines_init(&s->baselines, &s->slab, limits.values_most);
    seen_init(&s->seen, &s->slab);
    return s;
}

void state_free(struct state *s)
{
    if (!s) return;
    slab_release(&s->slab);
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

bool state_seen(struct state *s, struct hash128 identity, int64_t second)
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

/* ---- ranks: who goes first when a table is full ------------------------------------------------------- */

static void rank_leave(struct keyed *k)
{
    struct rule_state *r = k->rule;
    *(k->older ? &k->older->newer : &r->oldest[k->rank]) = k->newer;
    *(k->newer ? &k->newer->older : &r->newest[k->rank]) = k->older;
    k->older = k->newer = NULL;
}

static void rank_join(struct keyed *k)
{
    struct rule_state *r = k->rule;
    k->rank = keyed_rank(k);
    k->older = r->newest[k->rank];
    *(k->older ? &k->older->newer : &r->oldest[k->rank]) = k;
    r->newest[k->rank] = k;
}

static void rank_update(struct keyed *k)
{
    if (keyed_rank(k) == k->rank) return;
    rank_leave(k);
    rank_join(k);
}

static void key_free(struct state *s, struct keyed *k)
{
    rank_leave(k);
    k->rule->keys--;
    table_remove(&s->keys, k);
    keyed_free(s, k);
}

/* The oldest key of the least progress. Incidents of the rule that open within its window may miss what it
 * held. */
static void evict_key(struct state *s, struct rule_state *r, int64_t now, const struct state_out *out)
{
    struct occasion o = {.out = out, .cause = s->cause, .by_watermark = true};
    unsigned rank = 0;
    while (!r->oldest[rank]) rank++;
    struct keyed *k = r->oldest[rank];
    emit_evicted(s, k, &o);
    s->counts.evicted += k->base.runs.len + k->base.waiting.len;
    if (r->capped_until < now + r->plan->within) r->capped_until = now + r->plan->within;
    key_free(s, k);
}

/* ---- hits --------------------------------------------------------------------------------------------- */

static struct rule_state *rule_of(struct state *s, uint32_t number)
{
    struct rule_state **r = &s->rules[number];
    if (*r) return *r;
    const struct ir_rule *rule = &s->plan->ir->rules[number];
    *r = slab_get(&s->slab, sizeof **r);
    (*r)->plan = &s->plan->rules[number];
    (*r)->name = slab_text(&s->slab, rule->name);
    (*r)->capped_until = INT64_MIN;
    memcpy((*r)->fingerprint, rule->fingerprint, sizeof rule->fingerprint);
    return *r;
}

static struct keyed *key_of(struct state *s, const struct hit *h, const struct state_out *out)
{
    struct keyed *k = table_get(&s->keys, h->key_hash);
    if (k || h->is_gone) return k;
    struct rule_state *r = rule_of(s, h->rule);
    if (r->keys >= s->limits.keys_most) evict_key(s, r, h->second, out);
    k = keyed_new(s, r, h);
    table_put(&s->keys, k);
    r->keys++;
    rank_join(k);
    return k;
}

void state_hit(struct state *s, const struct hit *h, const struct state_out *out)
{
    struct keyed *k = key_of(s, h, out);
    if (!k) return; /* what is taken back is forgotten already */
    if (h->is_gone)
        keyed_take_back(s, k, h, out);
    else
        keyed_hit(s, k, h, out);
    if (keyed_is_empty(k))
        key_free(s, k); /* a late hit that came to nothing */
    else
        rank_update(k);
}

/* ---- the watermark ------------------------------------------------------------------------------------ */

static void advance(struct state *s, struct keyed *k, const struct state_out *out)
{
    if (keyed_advance(s, k, out))
        rank_update(k);
    else
        key_free(s, k);
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

static int compare_keys(const void *a, const void *b)
{
    const struct keyed *x = *(struct keyed *const *)a, *y = *(struct keyed *const *)b;
    uint32_t rx = x->rule->plan->number, ry = y->rule->plan->number;
    if (rx != ry) return rx < ry ? -1 : 1;
    return text_compare(x->key, y->key);
}

void state_watermark(struct state *s, int64_t second, uint64_t cause, const struct state_out *out)
{
    struct {
        struct keyed **at;
        uint32_t len, cap;
    } due = {NULL, 0, 0};
    second = bounded(second);
    s->cause = cause;
    if (second <= s->watermark && s->known == NEVER) return;
    if (second > s->watermark) s->watermark = second;
    s->move = (s->move + 1) % ASKED_MOVES;
    /* What waits for lower rules is due the second behind the watermark, which then need not move. */
    for (struct timer *t; (t = timers_pop(&s->timers, s->watermark + (s->known != NEVER)));)
        *SLAB_PUSH(&s->slab, due) = (struct keyed *)((char *)t - offsetof(struct keyed, timer));
    if (due.len) qsort(due.at, due.len, sizeof *due.at, compare_keys);
    for (uint32_t i = 0; i < due.len; i++) advance(s, due.at[i], out);
    SLAB_FREE(&s->slab, due);
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
