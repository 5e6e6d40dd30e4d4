/* fake_stages.c - see fake_stages.h. */
#include "tests/stress/fake_stages.h"
#include "engine/base/tape.h"

#include <stdio.h>
#include <assert.h>
#include <stdlib.h>

uint64_t fake_mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
    x ^= x >> 29;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 32;
}

static struct hash128 fake_hash(uint64_t kind, uint64_t value)
{
    return (struct hash128){fake_mix(kind, value), fake_mix(value, kind + 1)};
}

static uint32_t region_of(uint64_t id)
{
    return (uint32_t)(fake_mix(23, id) % FAKE_REGIONS);
}

void fake_records(struct fake_record *out, uint32_t n, uint64_t seed)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t x = fake_mix(seed, i);
        out[i] = (struct fake_record){i + 1, 1000000 + i - (int64_t)(x % 900), x % 53 == 0};
        if (region_of(i + 1) == FAKE_REGIONS - 1 && i < 1000) out[i].second -= 3600;
        if (i > 5 && x % 11 == 0) out[i] = out[i - 1 - x / 11 % 5];
    }
}

const struct ir *fake_ir(int order)
{
    static struct ir_schema schema = {.feed = {"fake", 4}, .disorder = 600};
    static struct ir_rule rules[FAKE_NAMES] = {{.name = {"a", 1}},
                                               {.name = {"b", 1}},
                                               {.name = {"c", 1}},
                                               {.name = {"d", 1}, .depth = 1},
                                               {.name = {"e", 1}, .depth = 2},
                                               {.name = {"f", 1}},
                                               {.name = {"g", 1}},
                                               {.name = {"h", 1}}};
    static struct ir_baseline baselines[2][FAKE_BASELINES] = {
        {{.fingerprint = {7, 1}}, {.fingerprint = {8, 1}}, {.fingerprint = {9, 1}}},
        {{.fingerprint = {9, 1}}, {.fingerprint = {7, 1}}, {.fingerprint = {8, 1}}},
    };
    static struct ir irs[2] = {
        {.schemas = &schema,
         .n_schemas = 1,
         .rules = rules,
         .n_rules = FAKE_NAMES,
         .baselines = baselines[0],
         .n_baselines = FAKE_BASELINES},
        {.schemas = &schema,
         .n_schemas = 1,
         .rules = rules,
         .n_rules = FAKE_NAMES,
         .baselines = baselines[1],
         .n_baselines = FAKE_BASELINES},
    };
    return &irs[order];
}

/* ---- match --------------------------------------------------------------------------------------------- */

struct plan {
    const struct ir *ir;
};
struct decoder {
    int unused;
};
struct matcher {
    const struct plan *plan;
    uint64_t calls; /* a matcher that two threads use at once is a race here */
};

struct plan *plan_new(const struct ir *ir, const uint64_t secret[2])
{
    (void)secret;
    struct plan *p = calloc(1, sizeof *p);
    p->ir = ir;
    return p;
}
void plan_free(struct plan *p)
{
    free(p);
}
/* Each rule has four steps. */
const uint32_t *plan_first_steps(const struct plan *p)
{
    static const uint32_t first[FAKE_NAMES + 1] = {0, 4, 8, 12, 16, 20, 24, 28, 32};
    (void)p;
    return first;
}
const struct match_spent *matcher_spent(const struct matcher *m)
{
    static uint64_t looked[FAKE_NAMES];
    static struct ticks_spent steps[4 * FAKE_NAMES];
    static const struct match_spent spent = {.looked = looked, .steps = steps};
    (void)m;
    return &spent;
}
void matcher_sample(struct matcher *m, uint32_t every)
{
    (void)m, (void)every;
}
struct decoder *decoder_new(const struct ir *ir)
{
    (void)ir;
    return calloc(1, sizeof(struct decoder));
}
void decoder_free(struct decoder *d)
{
    free(d);
}
struct matcher *matcher_new(const struct plan *p, const struct decoder *d)
{
    (void)d;
    struct matcher *m = calloc(1, sizeof *m);
    m->plan = p;
    return m;
}
void matcher_free(struct matcher *m)
{
    free(m);
}

/* The baseline of this fingerprint, under its number in the matcher's rules. */
static uint32_t number_of(const struct ir *ir, uint64_t fingerprint)
{
    for (uint32_t i = 0; i < ir->n_baselines; i++)
        if (ir->baselines[i].fingerprint[0] == fingerprint) return i;
    return IR_NONE;
}

enum aside match_record(struct matcher *m, struct text bytes, uint64_t seq, const struct match_out *out,
                        struct event *event)
{
    const struct fake_record *record = (const struct fake_record *)bytes.at;
    m->calls++;
    if (record->is_aside) return ASIDE_NOT_JSON;
    uint64_t x = fake_mix(17, record->id);
    out->delivery(out->world, 0, TEXT("111122223333"), (struct text){&"abcde"[region_of(record->id)], 1});
    out->identity(out->world, fake_hash(1, record->id), record->second);
    struct hit_ask asks[2] = {0};
    uint32_t n_asks = (uint32_t)(x % 3);
    for (uint32_t i = 0; i < n_asks; i++) {
        struct touch t = {.seq = seq, .second = record->second, .learns = true, .asks = true};
        t.baseline = number_of(m->plan->ir, 7 + fake_mix(x, i) % FAKE_BASELINES);
        t.key = fake_hash(2, fake_mix(x, 10 + i) % FAKE_ACTORS);
        t.value = fake_hash(3, fake_mix(x, 20 + i) % 9);
        asks[i] = (struct hit_ask){
            .ask = t.baseline, .answer = out->touch(out->world, &t), .key = t.key, .value = t.value};
    }
    for (uint32_t i = 0; i < x / 3 % 3; i++) {
        struct hit h = {.seq = seq, .second = record->second, .rule = (uint32_t)(x / 9 % 5), .step = i};
        h.key_hash = fake_hash(4, fake_mix(x, 30 + i) % FAKE_ACTORS);
        h.key = (struct text){(const char *)&h.key_hash, sizeof h.key_hash};
        h.asks = asks;
        h.n_asks = n_asks;
        out->hit(out->world, &h);
    }
    *event = (struct event){.seq = seq, .second = record->second};
    return ASIDE_NONE;
}

/* Nobody is told anything here. */
void match_told(struct matcher *m, struct text record, uint64_t seq, const struct match_out *out)
{
    (void)m, (void)record, (void)seq, (void)out;
}

enum aside match_line(struct matcher *m, struct text line, const struct columns *columns, uint64_t seq,
                      const struct match_out *out, struct event *event)
{
    (void)columns;
    return match_record(m, line, seq, out, event);
}

/* Hits of rules that lie deeper than the group's, under other keys. */
void match_derived(struct matcher *m, const struct derived *d, const struct match_out *out)
{
    m->calls++;
    for (uint32_t rule = d->rule < 3 ? 3 : d->rule + 1; rule < FAKE_RULES; rule++) {
        struct hit h = {.seq = d->cause, .second = d->second, .rule = rule, .by_watermark = d->by_watermark};
        h.key_hash = fake_hash(5, fake_mix((uint64_t)d->second, rule) % FAKE_ACTORS);
        h.key = (struct text){(const char *)&h.key_hash, sizeof h.key_hash};
        h.step = 3, h.is_gone = d->is_gone;
        out->hit(out->world, &h);
    }
}

size_t hit_size(const struct hit *h)
{
    return sizeof *h + h->n_asks * sizeof *h->asks + h->key.len;
}
struct hit *hit_copy(void *out, const struct hit *h)
{
    struct hit *copy = out;
    *copy = *h;
    copy->asks = (struct hit_ask *)(copy + 1);
    if (h->n_asks) memcpy(copy->asks, h->asks, h->n_asks * sizeof *h->asks);
    char *key = (char *)(copy->asks + h->n_asks);
    if (h->key.len) memcpy(key, h->key.at, h->key.len);
    copy->key.at = key;
    return copy;
}

/* ---- state --------------------------------------------------------------------------------------------- */

#define FAKE_SEEN 512u

struct state_plan {
    const struct ir *ir;
};

struct fake_column {
    uint64_t sum; /* of all calls so far */
};
struct pending {
    uint64_t ticket;
    struct touch touch;
    uint64_t fingerprint;
    bool is_asked;
};
struct state {
    const struct state_plan *plan;
    struct fake_column identities, baselines, automata;
    uint64_t seen[FAKE_SEEN];
    uint32_t n_seen;
    struct pending *pending; /* questions of hits, put at the next watermark */
    uint32_t n_pending, cap_pending;
    uint64_t next_ticket, last_cause, revisions;
    uint32_t rule; /* of the last hit: its depth is that of the partition */
    int64_t watermark;
};

static void fold(struct fake_column *c, uint64_t value)
{
    c->sum = fake_mix(c->sum, value);
}

/* Nothing is given up here. */
void state_listen(struct state *s, struct state_listener listener)
{
    (void)s, (void)listener;
}
size_t owner_size(const struct owner *o)
{
    return sizeof *o;
}
struct owner *owner_copy(void *out, const struct owner *o)
{
    return memcpy(out, o, sizeof *o);
}

struct state_plan *state_plan_new(const struct ir *ir)
{
    struct state_plan *p = calloc(1, sizeof *p);
    p->ir = ir;
    return p;
}
void state_plan_free(struct state_plan *p)
{
    free(p);
}
struct state *state_new(const struct caps *caps)
{
    (void)caps;
    struct state *s = calloc(1, sizeof *s);
    s->watermark = INT64_MIN;
    return s;
}
void state_free(struct state *s)
{
    free(s->pending);
    free(s);
}
void state_adopt(struct state *s, const struct state_plan *p, struct state_adoption *out)
{
    for (uint32_t i = 0; s->plan && i < s->n_pending; i++) {
        struct touch *t = &s->pending[i].touch;
        t->baseline = number_of(p->ir, s->plan->ir->baselines[t->baseline].fingerprint[0]);
    }
    s->plan = p;
    *out = (struct state_adoption){.rules_kept = 5, .half_built_dropped = 1};
}
void state_forget(struct state *s, int64_t second)
{
    fold(&s->identities, (uint64_t)second);
}
enum sighted state_seen(struct state *s, struct hash128 identity, int64_t second)
{
    fold(&s->identities, identity.lo ^ (uint64_t)second);
    for (uint32_t i = 0; i < FAKE_SEEN && i < s->n_seen; i++)
        if (s->seen[i] == identity.lo) return SIGHTED_AGAIN;
    s->seen[s->n_seen++ % FAKE_SEEN] = identity.lo;
    return s->identities.sum % 101 ? SIGHTED_FIRST
                                   : SIGHTED_AGAIN; /* now and then for no reason but its past */
}
void state_learn(struct state *s, int64_t second)
{
    fold(&s->baselines, (uint64_t)second);
}
struct answer state_touch(struct state *s, const struct touch *t)
{
    uint64_t fingerprint = s->plan->ir->baselines[t->baseline].fingerprint[0];
    fold(&s->baselines, fake_mix(t->key.lo ^ t->value.hi, fingerprint + 1000 * (uint64_t)t->learns));
    fold(&s->baselines, (uint64_t)t->second);
    uint64_t x = s->baselines.sum;
    return (struct answer){x & 1, x & 2, x & 4, (int64_t)(x >> 40)};
}

static void emit(struct state *s, const struct state_out *out, struct incident i)
{
    static const char digits[] = "0123456789abcdef";
    char *title = out->memory(out->world, 16);
    for (int d = 0; d < 16; d++) title[d] = digits[s->automata.sum >> (4 * d) & 15];
    i.title = (struct text){title, 16};
    i.revision = ++s->revisions % 4 ? 2 : 1;
    out->incident(out->world, &i);
}

/* A key of its own for what a partition says at a watermark: the partition itself does not know its number.
 */
static struct text partition_key(const struct state *s, const struct state_out *out)
{
    char *key = out->memory(out->world, 8);
    memcpy(key, &s->automata.sum, 8);
    return (struct text){key, 8};
}

static void fold_answer(struct state *s, const struct answer *a)
{
    fold(&s->automata, (uint64_t)a->age * 8 + a->is_known + 2u * a->is_new + 4u * a->is_seen);
}

static void remember(struct state *s, const struct hit *h, const struct hit_ask *ask)
{
    if (s->n_pending == s->cap_pending) {
        s->cap_pending = s->cap_pending ? 2 * s->cap_pending : 512;
        s->pending = realloc(s->pending, s->cap_pending * sizeof *s->pending);
    }
    struct touch t = {.seq = h->seq,
                      .second = h->second,
                      .baseline = ask->ask,
                      .asks = true,
                      .key = ask->key,
                      .value = ask->value};
    s->pending[s->n_pending++] = (struct pending){.ticket = ++s->next_ticket, .touch = t};
}

/* Now and then a group of a rule that others are over. Its key tells where it came from. */
static void derive(struct state *s, const struct state_out *out, uint32_t rule, uint64_t cause,
                   bool by_watermark)
{
    static const struct owner nobody;
    uint64_t x = s->automata.sum;
    struct derived d = {.cause = cause,
                        .by_watermark = by_watermark,
                        .is_gone = x % 4 == 1,
                        .rule = rule,
                        .key = {(const char *)&x, sizeof x},
                        .second = 1000000 + (int64_t)(x % 1000),
                        .owner = &nobody};
    if (x % 2 && rule + 1 < FAKE_RULES) out->derived(out->world, &d);
}

void state_hit(struct state *s, const struct hit *h, const struct state_out *out)
{
    fold(&s->automata, h->seq * 16 + h->step);
    fold(&s->automata, (uint64_t)h->second * 4 + 2 * h->by_watermark + h->is_gone);
    s->rule = h->rule;
    derive(s, out, h->rule, h->seq, h->by_watermark);
    for (uint32_t i = 0; i < h->n_asks; i++) {
        if (h->asks[i].is_absent || h->asks[i].is_unknown) continue;
        struct answer a = out->answer(out->world, h->asks[i].answer, h->asks[i].key);
        fold_answer(s, &a);
        remember(s, h, &h->asks[i]);
    }
    if (s->automata.sum % 3) return;
    char *key = out->memory(out->world, h->key.len);
    if (h->key.len) memcpy(key, h->key.at, h->key.len);
    emit(s, out,
         (struct incident){.rule = h->rule,
                           .depth = h->rule < 3 ? 0 : h->rule - 2,
                           .cause = h->seq,
                           .by_watermark = h->by_watermark,
                           .key = {key, h->key.len}});
}
void state_settled(struct state *s, uint64_t ticket, const struct answer *a, const struct state_out *out)
{
    fold(&s->automata, ticket);
    fold_answer(s, a);
    for (uint32_t i = 0; i < s->n_pending; i++)
        if (s->pending[i].ticket == ticket) {
            s->pending[i] = s->pending[--s->n_pending];
            break;
        }
    if (s->automata.sum % 5) return;
    emit(s, out,
         (struct incident){
             .rule = 6, .cause = s->last_cause, .by_watermark = true, .key = partition_key(s, out)});
}
void state_watermark(struct state *s, int64_t second, uint64_t cause, const struct state_out *out)
{
    fold(&s->automata, (uint64_t)second);
    if (second != INT64_MAX) fold(&s->automata, cause);
    s->watermark = second;
    s->last_cause = cause;
    for (uint32_t i = 0; i < s->n_pending; i++) {
        struct pending *p = &s->pending[i];
        if (p->is_asked || p->touch.second > second) continue;
        p->is_asked = true;
        out->settle(out->world, &(struct settle_ask){.ticket = p->ticket, .touch = p->touch});
    }
    if (s->next_ticket) derive(s, out, s->rule, cause, true);
    if (s->automata.sum % 7) return;
    emit(s, out,
         (struct incident){.rule = 7, .cause = cause, .by_watermark = true, .key = partition_key(s, out)});
}
void state_known(struct state *s, int64_t second)
{
    fold(&s->automata, (uint64_t)second);
}
int64_t state_settled_to(const struct state *s)
{
    return s->watermark;
}
bool state_waits(const struct state *s)
{
    return s->n_pending > 0;
}
bool state_look(struct state *s, struct hash128 key, struct state_key *out,
                void (*see)(void *world, const struct state_view *v), void *world)
{
    (void)s, (void)key, (void)out, (void)see, (void)world;
    return false;
}
struct hash128 plan_key_hash(const struct plan *p, uint32_t rule, struct text bytes)
{
    (void)p, (void)bytes;
    return fake_hash(4, rule);
}
void state_count_rules(const struct state *s, struct state_held *add_to)
{
    (void)s, (void)add_to;
}
void state_count(const struct state *s, struct state_counts *add_to)
{
    add_to->made += s->revisions + s->n_pending;
    add_to->completed += s->revisions;
    add_to->live += s->n_pending;
}

/* ---- checkpoints --------------------------------------------------------------------------------------- */

void state_names_tape(struct tape *t, const struct ir *now, struct state_names *out)
{
    uint64_t any = 7;
    TAPE(t, any);
    (void)tape_check(t, any == 7);
    *out = (struct state_names){.ir = (struct ir *)(uintptr_t)now};
}
void state_names_count(const struct state_names *names, const struct ir *now, struct state_adoption *out)
{
    (void)names, (void)now;
    *out = (struct state_adoption){.rules_kept = 5};
}
void state_tape(struct state *s, struct tape *t, const struct state_names *names, struct state_adoption *out)
{
    (void)names, (void)out;
    TAPE(t, s->identities.sum), TAPE(t, s->baselines.sum), TAPE(t, s->automata.sum);
    for (uint32_t i = 0; i < FAKE_SEEN; i++) TAPE(t, s->seen[i]);
    TAPE(t, s->n_seen), TAPE(t, s->next_ticket), TAPE(t, s->last_cause), TAPE(t, s->revisions);
    TAPE(t, s->rule), TAPE(t, s->watermark);
    uint32_t n = tape_count(t, s->n_pending);
    if (t->reads) s->pending = calloc(n + 1, sizeof *s->pending), s->n_pending = n, s->cap_pending = n + 1;
    for (uint32_t i = 0; i < n; i++) {
        struct pending *p = &s->pending[i];
        TAPE(t, p->ticket), TAPE(t, p->fingerprint), TAPE(t, p->is_asked);
        touch_tape(t, &p->touch);
    }
}
