/* state_tape.c - a partition as bytes and back: what is of no key, then key by key.
 *
 * A rule set is written once beside its partitions (struct state_names), and they say numbers. So a reader
 * that has other rules knows which keys to leave out without looking into them, and what a kept hit's values
 * were asked for.
 *
 * Keys stand in the order of shares: whoever had to give first has to again (share.h).
 */
#include "engine/base/tape.h"
#include "engine/state/held.h"
#include "engine/state/key_tape.h"
#include "engine/state/keyed.h"
#include "engine/state/pack.h"
#include "engine/state/reload.h"
#include "engine/state/unkeyed.h"

/* ---- the rule set -------------------------------------------------------------------------------------- */

/* A list of `type` that is made when it is read. What is written is a sealed rule set: nobody writes into it.
 */
#define LIST(t, type, list, n)                                                                               \
    do {                                                                                                     \
        uint32_t n_list = tape_count((t), (n));                                                              \
        if ((t)->reads) (list) = ARENA_ARRAY((t)->arena, type, n_list), (n) = n_list;                        \
    } while (0)

static void fingerprint_tape(struct tape *t, uint64_t fingerprint[2])
{
    tape_bytes(t, fingerprint, 2 * sizeof *fingerprint);
}

static void step_tape(struct tape *t, struct ir_step *s)
{
    LIST(t, struct ir_capture, s->captures, s->n_captures);
    for (uint32_t i = 0; i < s->n_captures; i++) TAPE(t, s->captures[i].name);
}

/* What the rule gives to others, by the names of fields: those that are read are numbered as they come. */
static void gives_tape(struct tape *t, struct ir *ir, struct ir_rule *r)
{
    LIST(t, struct ir_given, r->gives, r->n_gives);
    struct ir_field *fields = t->reads ? arena_grow(t->arena, ir->fields, ir->n_fields * sizeof *ir->fields,
                                                    (ir->n_fields + r->n_gives) * sizeof *ir->fields)
                                       : ir->fields;
    for (uint32_t i = 0; i < r->n_gives; i++) {
        if (t->reads) r->gives[i].field = ir->n_fields++;
        TAPE(t, fields[r->gives[i].field].name);
    }
    if (t->reads) ir->fields = fields;
}

/* Counts by number are as many as the largest says (run's writer). */
static void exception_tape(struct tape *t, struct ir *ir, struct ir_exception *e)
{
    TAPE(t, e->name), TAPE(t, e->number);
    if (t->reads && tape_check(t, e->number < INT32_MAX) && e->number >= ir->n_exceptions)
        ir->n_exceptions = e->number + 1;
}

static void rule_tape(struct tape *t, struct ir *ir, struct ir_rule *r)
{
    TAPE(t, r->name), fingerprint_tape(t, r->fingerprint);
    LIST(t, struct ir_step, r->steps, r->n_steps);
    for (uint32_t i = 0; i < r->n_steps; i++) step_tape(t, &r->steps[i]);
    LIST(t, struct ir_ask, r->asks, r->n_asks);
    for (uint32_t i = 0; i < r->n_asks; i++) {
        struct ir_ask *a = &r->asks[i];
        TAPE(t, a->kind), TAPE(t, a->baseline), TAPE(t, a->step);
        if (!tape_check(t, a->baseline < ir->n_baselines)) break;
    }
    LIST(t, struct ir_exception, r->exceptions, r->n_exceptions);
    for (uint32_t i = 0; i < r->n_exceptions; i++) exception_tape(t, ir, &r->exceptions[i]);
    gives_tape(t, ir, r);
}

static void rules_tape(struct tape *t, struct ir *ir)
{
    LIST(t, struct ir_baseline, ir->baselines, ir->n_baselines);
    for (uint32_t i = 0; i < ir->n_baselines; i++)
        TAPE(t, ir->baselines[i].name), fingerprint_tape(t, ir->baselines[i].fingerprint);
    TAPE(t, ir->n_exceptions);
    LIST(t, struct ir_rule, ir->rules, ir->n_rules);
    for (uint32_t i = 0; i < ir->n_rules; i++) rule_tape(t, ir, &ir->rules[i]);
}

static bool same_asks(const struct ir *a_ir, const struct ir_rule *a, const struct ir *b_ir,
                      const struct ir_rule *b)
{
    bool same = a->n_asks == b->n_asks;
    for (uint32_t i = 0; same && i < a->n_asks; i++)
        same =
            a->asks[i].kind == b->asks[i].kind && a->asks[i].step == b->asks[i].step &&
            text_equal(a_ir->baselines[a->asks[i].baseline].name, b_ir->baselines[b->asks[i].baseline].name);
    return same;
}

static bool asks_alike(const struct ir *a_ir, const struct ir_rule *a, const struct ir *b_ir,
                       const struct ir_rule *b)
{
    bool same = a->n_exceptions == b->n_exceptions && a->n_gives == b->n_gives && same_asks(a_ir, a, b_ir, b);
    for (uint32_t i = 0; same && i < a->n_steps; i++) same = reload_same_captures(&a->steps[i], &b->steps[i]);
    for (uint32_t i = 0; same && i < a->n_exceptions; i++)
        same = text_equal(a->exceptions[i].name, b->exceptions[i].name);
    for (uint32_t i = 0; same && i < a->n_gives; i++)
        same = text_equal(a_ir->fields[a->gives[i].field].name, b_ir->fields[b->gives[i].field].name);
    return same;
}

/* Looked for from where it mostly is. */
static uint32_t rule_now(const struct ir_rule *old, const struct ir *now, uint32_t hint)
{
    for (uint32_t i = 0; i < now->n_rules; i++) {
        uint32_t at = (hint + i) % now->n_rules;
        const struct ir_rule *r = &now->rules[at];
        if (!text_equal(r->name, old->name)) continue;
        bool same = !memcmp(r->fingerprint, old->fingerprint, sizeof r->fingerprint);
        return same && r->n_steps == old->n_steps ? at : IR_NONE;
    }
    return IR_NONE;
}

static uint32_t baseline_now(const struct ir_baseline *old, const struct ir *now)
{
    for (uint32_t i = 0; i < now->n_baselines; i++)
        if (text_equal(now->baselines[i].name, old->name) &&
            !memcmp(now->baselines[i].fingerprint, old->fingerprint, sizeof old->fingerprint))
            return i;
    return IR_NONE;
}

static void find_again(struct tape *t, const struct ir *now, struct state_names *names)
{
    const struct ir *old = names->ir;
    names->rules = ARENA_ARRAY(t->arena, uint32_t, old->n_rules);
    names->like = ARENA_ARRAY(t->arena, bool, old->n_rules);
    names->baselines = ARENA_ARRAY(t->arena, uint32_t, old->n_baselines);
    for (uint32_t i = 0; i < old->n_rules; i++) {
        uint32_t at = names->rules[i] = rule_now(&old->rules[i], now, i);
        names->like[i] = at != IR_NONE && asks_alike(old, &old->rules[i], now, &now->rules[at]);
    }
    for (uint32_t i = 0; i < old->n_baselines; i++)
        names->baselines[i] = baseline_now(&old->baselines[i], now);
}

void state_names_tape(struct tape *t, const struct ir *now, struct state_names *out)
{
    struct ir *ir = t->reads ? ARENA_NEW(t->arena, struct ir) : (struct ir *)(uintptr_t)now;
    *out = (struct state_names){.ir = ir};
    rules_tape(t, ir);
    if (t->reads && t->is_broken) *ir = (struct ir){.n_rules = 0};
    if (t->reads) find_again(t, now, out);
}

void state_names_count(const struct state_names *names, const struct ir *now, struct state_adoption *out)
{
    reload_count_rules(names->ir, now, out);
}

/* ---- keys ---------------------------------------------------------------------------------------------- */

struct keys_tape {
    struct state *s;
    struct tape *t;
    const struct state_names *names;
    struct state_adoption *out;
    struct owner owner;       /* reading: of the last key */
    const struct share *last; /* writing: whose the last key was */
};

/* What is known of a key without looking into it. */
struct key_head {
    uint32_t rule, live, half_built, incidents;
    struct hash128 hash;
    struct text key;
    int64_t due;
    uint64_t weight;
    uint8_t rank;
    bool is_same; /* the owner is that of the last key */
};

static void head_tape(struct keys_tape *w, struct key_head *h)
{
    struct tape *t = w->t;
    TAPE(t, h->rule), TAPE(t, h->live), TAPE(t, h->half_built), TAPE(t, h->incidents);
    TAPE(t, h->hash), TAPE(t, h->key), TAPE(t, h->due), TAPE(t, h->weight), TAPE(t, h->rank);
    TAPE(t, h->is_same);
    if (!h->is_same) owner_tape(t, &w->owner);
}

static void write_key(void *world, struct share_member *holding)
{
    struct keys_tape *w = world;
    struct keyed *k = (struct keyed *)((char *)holding - offsetof(struct keyed, holding));
    struct key_head h = {.rule = k->rule->plan->number,
                         .live = key_live(k),
                         .half_built = key_half_built(k),
                         .incidents = k->packed ? 0 : k->incidents.len,
                         .hash = k->hash,
                         .key = key_text(k),
                         .due = k->timer.place ? k->timer.due : NEVER,
                         .weight = holding->weight,
                         .rank = holding->rank,
                         .is_same = holding->of == w->last};
    w->owner = share_owner(holding);
    w->last = holding->of;
    head_tape(w, &h);
    size_t mark = tape_open(w->t);
    if (k->packed)
        tape_bytes(w->t, (char *)(uintptr_t)key_bytes(k).at, key_bytes(k).len);
    else
        key_tape(w->s, w->t, k, k->rule->plan->rule, true);
    tape_close(w->t, mark);
    tape_forget(w->t);
}

static void lose_key(struct keys_tape *w, const struct key_head *h)
{
    w->s->counts.dropped += h->live;
    w->s->counts.incidents_open -= h->incidents;
    w->out->half_built_dropped += h->half_built;
}

static void read_key(struct keys_tape *w)
{
    struct key_head h = {.rule = 0};
    head_tape(w, &h);
    size_t mark = tape_open(w->t);
    bool holds = !w->t->is_broken && h.rule < w->names->ir->n_rules && h.weight && h.rank < SHARE_RANKS;
    if (!tape_check(w->t, holds && !table_get(&w->s->keys, h.hash))) return;
    uint32_t now = w->names->rules[h.rule];
    const struct ir_rule *old = &w->names->ir->rules[h.rule];
    if (now == IR_NONE) {
        lose_key(w, &h);
        tape_skip(w->t, mark);
        return;
    }
    struct keyed *k = state_key_new(w->s, now, h.hash, h.key, &w->owner);
    key_tape(w->s, w->t, k, old, w->names->like[h.rule]);
    if (!w->names->like[h.rule] && !w->t->is_broken)
        reload_key(w->s, k, w->names->ir, old, w->s->plan->ir, &w->s->plan->ir->rules[now]);
    timer_set(&w->s->timers, &k->timer, h.due);
    share_change(&w->s->shares, &k->holding, h.weight, h.rank);
    held_recount(w->s, k);
    key_rest(w->s, k);
    tape_close(w->t, mark);
    tape_forget(w->t);
}

/* ---- what is of no key --------------------------------------------------------------------------------- */

static void unkeyed_hits(struct keys_tape *w, struct rule_state *r)
{
    uint32_t n = tape_count(w->t, r ? r->unkeyed.len : 0);
    for (uint32_t i = 0; i < n && !w->t->is_broken; i++) {
        struct hit h = r && !w->t->reads ? *r->unkeyed.at[i] : (struct hit){.seq = 0};
        hit_tape(w->t, &h);
        if (!w->t->reads || !r) continue;
        h.rule = r->plan->number;
        if (!tape_check(w->t, h.step < r->plan->rule->n_steps && h.n_joins == r->plan->n_joins)) return;
        *SLAB_PUSH(&w->s->slab, r->unkeyed) = hit_copy(slab_get(&w->s->slab, hit_size(&h)), &h);
    }
}

static uint32_t rules_with_unkeyed(const struct state *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_rules; i++)
        n += s->rules[i] && (s->rules[i]->unkeyed.len || s->rules[i]->unkeyed.lost_until);
    return n;
}

/* The rule that such events are of, by the number that it was written with; NULL: it is gone. */
static struct rule_state *rule_written(struct keys_tape *w, uint32_t number)
{
    bool is_there = tape_check(w->t, number < w->names->ir->n_rules) && w->names->rules[number] != IR_NONE;
    return is_there ? state_rule(w->s, w->names->rules[number]) : NULL;
}

static void all_unkeyed(struct keys_tape *w)
{
    uint32_t n = tape_count(w->t, w->t->reads ? 0 : rules_with_unkeyed(w->s));
    for (uint32_t i = 0, number = 0; i < n && !w->t->is_broken; i++, number++) {
        struct rule_state *r = NULL;
        while (!w->t->reads && !((r = w->s->rules[number]) && (r->unkeyed.len || r->unkeyed.lost_until)))
            number++;
        int64_t lost_until = r ? r->unkeyed.lost_until : 0;
        TAPE(w->t, number), TAPE(w->t, lost_until);
        if (w->t->reads && (r = rule_written(w, number))) r->unkeyed.lost_until = lost_until;
        unkeyed_hits(w, r);
    }
}

static void tickets_tape(struct state *s, struct tape *t)
{
    uint32_t n = tape_count(t, s->tickets.len);
    for (uint32_t i = 0; i < n; i++) {
        if (t->reads) *SLAB_PUSH(&s->slab, s->tickets) = (struct ticket){.keyed = NULL};
        struct ticket *ticket = &s->tickets.at[i];
        uint8_t asked = (uint8_t)ticket->asked;
        TAPE(t, ticket->ask), TAPE(t, asked), TAPE(t, ticket->next_free), TAPE(t, ticket->move);
        ticket->asked = (enum asked)asked;
        (void)tape_check(t, asked <= ASKED_ACCOUNT && ticket->next_free <= n && ticket->move < ASKED_MOVES);
    }
    TAPE(t, s->free_ticket), TAPE(t, s->open_tickets), TAPE(t, s->move);
    (void)tape_check(t, s->free_ticket <= n && s->open_tickets <= n && s->move < ASKED_MOVES);
    for (uint32_t i = 0; i < ASKED_MOVES; i++) TAPE(t, s->moves[i].open), TAPE(t, s->moves[i].first);
}

/* Counts of what was: those of what is are taken when somebody asks. */
static void counts_tape(struct state_counts *c, struct tape *t)
{
    uint64_t *of[] = {&c->made,           &c->completed,    &c->expired,     &c->vetoed,
                      &c->superseded,     &c->merged,       &c->dropped,     &c->evicted,
                      &c->incidents_open, &c->keys_evicted, &c->hits_refused};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) TAPE(t, *of[i]);
}

void state_tape(struct state *s, struct tape *t, const struct state_names *names, struct state_adoption *out)
{
    struct keys_tape w = {.s = s, .t = t, .names = names, .out = out};
    uint32_t n = s->keys.len;
    TAPE(t, s->watermark), TAPE(t, s->known), TAPE(t, s->cause);
    counts_tape(&s->counts, t);
    seen_tape(&s->seen, t);
    baselines_tape(&s->baselines, t, names->baselines, t->reads ? names->ir->n_baselines : 0);
    lost_tape(&s->lost, t);
    tickets_tape(s, t);
    all_unkeyed(&w);
    n = tape_count(t, n);
    if (!t->reads) shares_each(&s->shares, write_key, &w);
    for (uint32_t i = 0; t->reads && i < n && !t->is_broken; i++) read_key(&w);
}
