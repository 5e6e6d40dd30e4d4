/* match.c - one record through the match stage: decode, candidates, predicates, then touches and hits.
 *
 *   find_fits      which groups fit; of a step's groups the first, unless an exception takes the event
 *   build_touches  what baselines learn and are asked
 *   build_hits     keys, joins, captures
 *   emit           all of it, in the order that match.h promises
 *
 * Invariants
 * 1. Nothing is emitted before everything is built. All memory of an event is the scratch; if it does not
 * suffice it grows and the event is built anew, so a warm matcher asks the system for nothing.
 * 2. Wants are met in ascending order, so hits come by rule, step and key's place in its list: a function of
 * the record and the rule set alone.
 */
#include "engine/match/fan.h"
#include "engine/match/names.h"
#include "engine/match/withheld.h"

#include "engine/base/number.h"

#include <stdlib.h>

#define SCRATCH_LEAST (512u << 10)
#define SCRATCH_MOST  (64u << 20)

/* A baseline that this event has something to do with. */
struct interest {
    struct interest *next;
    uint32_t baseline;
    bool learns, asks;
    bool is_absent, is_unknown; /* no touch for the question, and why */
    struct found_touch *asked;  /* the touch that carries the question */
    struct found_touch *account;
};

struct found_touch {
    struct found_touch *next;
    struct touch touch;
    uint32_t number; /* in the batch, once emitted */
};

struct found_hit {
    struct found_hit *next;
    struct hit hit;
};

/* A group that fits. Of a forbidden step also one of which nobody can tell. */
struct fit {
    uint32_t want;
    bool is_unsure;
};

struct matcher {
    const struct plan *plan;
    const struct decoder *decoder;
    struct eval eval;
    struct scratch scratch;
    struct value *memo;
    uint32_t *memo_stamp;
    struct value *slots;
    struct name_memory *names;
    struct text_matcher *texts;
    struct match_counts counts;
    struct match_spent spent;
    struct sampler sampler;
    bool is_sampled; /* the event at hand is measured */
    bool is_counted; /* it is in spent.looked */
    uint64_t moment; /* ticks, up to which its work is billed */

    /* Of the event at hand; all in the scratch. */
    struct event *event;
    const struct columns *columns; /* of a line of values; NULL: the record is an object */
    struct fit *fits;              /* by want */
    uint32_t n_fits;
    uint32_t *swallowed; /* exceptions that took the event */
    uint32_t n_swallowed;
    struct interest **interest_of; /* [ir->n_baselines], not in the scratch: cleared by the list */
    struct interest *interests, **interests_end;
    struct found_touch *touches, **touches_end;
    struct found_hit *hits, **hits_end;
    struct evidence evidence;
    const struct derived *derived; /* the event is a group of matches, no record; else NULL */
    const struct owner *owner;     /* NULL until somebody asks */
};

/* ---- life ---------------------------------------------------------------------------------------------- */

static void *zeroed(size_t n, size_t size)
{
    void *at = calloc(n ? n : 1, size);
    if (!at) abort();
    return at;
}

struct matcher *matcher_new(const struct plan *p, const struct decoder *d)
{
    const struct ir *ir = p->ir;
    struct matcher *m = zeroed(1, sizeof *m);
    m->plan = p;
    m->decoder = d;
    m->memo = zeroed(ir->n_nodes, sizeof *m->memo);
    m->memo_stamp = zeroed(ir->n_nodes, sizeof *m->memo_stamp);
    m->slots = zeroed(ir->n_slots, sizeof *m->slots);
    m->interest_of = zeroed(ir->n_baselines, sizeof *m->interest_of);
    m->spent.looked = zeroed(ir->n_rules, sizeof *m->spent.looked);
    m->spent.steps = zeroed(p->first_step[ir->n_rules], sizeof *m->spent.steps);
    matcher_sample(m, MATCH_SAMPLE);
    m->names = name_memory_new(p);
    m->scratch = (struct scratch){zeroed(1, SCRATCH_LEAST), 0, SCRATCH_LEAST};
    m->texts = text_matcher_new(p->texts);
    eval_init(&m->eval, ir, &m->scratch, m->memo, m->memo_stamp);
    m->eval.patterns = text_matcher_answers(m->texts);
    return m;
}

void matcher_free(struct matcher *m)
{
    if (!m) return;
    free(m->memo);
    free(m->memo_stamp);
    free(m->slots);
    free(m->interest_of);
    free(m->spent.looked);
    free(m->spent.steps);
    name_memory_free(m->names);
    text_matcher_free(m->texts);
    free(m->scratch.at);
    free(m);
}

void matcher_enrich(struct matcher *m, const struct enrichment *e)
{
    m->eval.enrichment = e;
}

const struct pattern_matching *matcher_patterns(struct matcher *m)
{
    text_matcher_forget(m->texts);
    return m->eval.patterns;
}

void matcher_count(const struct matcher *m, struct match_counts *add_to)
{
    struct name_memory_counts names = name_memory_count(m->names);
    struct text_counts texts = text_matcher_count(m->texts);
    add_to->events += m->counts.events;
    add_to->tested += m->counts.tested;
    add_to->evaluated += m->eval.evaluated;
    add_to->hits += m->counts.hits;
    add_to->touches += m->counts.touches;
    add_to->blinded += m->counts.blinded;
    add_to->key_missing += m->counts.key_missing;
    add_to->join_missing += m->counts.join_missing;
    add_to->fan_capped += m->counts.fan_capped;
    add_to->overflowed += m->counts.overflowed;
    add_to->names_cached += names.found;
    add_to->names_bypassed += names.bypassed;
    add_to->texts_scanned += texts.scanned;
    add_to->texts_recalled += texts.recalled;
}

/* ---- what the work goes into --------------------------------------------------------------------------- */

const struct match_spent *matcher_spent(const struct matcher *m)
{
    return &m->spent;
}

void matcher_sample(struct matcher *m, uint32_t every)
{
    sampler_begin(&m->sampler, every);
}

static void bill_part(struct matcher *m, enum match_part part)
{
    if (m->is_sampled) ticks_bill(&m->spent.parts[part], &m->moment);
}

static void bill_want(struct matcher *m, const struct want *w)
{
    if (!m->is_sampled) return;
    ticks_bill(w->is_baseline ? &m->spent.parts[MATCH_BASELINES]
                              : &m->spent.steps[m->plan->first_step[w->owner] + w->step],
               &m->moment);
}

/* From the scratch; NULL, and the event is built anew in a larger one. */
static void *take(struct matcher *m, size_t size)
{
    void *at = scratch_take(&m->scratch, size);
    if (!at) m->eval.overflowed = true;
    return at;
}

/* ---- which groups fit ---------------------------------------------------------------------------------- */

static bool is_ok(struct matcher *m)
{
    ir_node_id ok = m->plan->ir->schemas[m->event->schema].ok;
    return ok == IR_NONE || eval_test(&m->eval, ok) == TRI_TRUE;
}

static enum tri want_fits(struct matcher *m, const struct want *w)
{
    if (w->is_baseline && !m->plan->ir->baselines[w->owner].learns_failed && !is_ok(m)) return TRI_FALSE;
    if (!w->of || w->of->test == IR_NONE) return TRI_TRUE;
    m->counts.tested++;
    enum tri truth = eval_test(&m->eval, w->of->test);
    m->counts.blinded += truth == TRI_UNKNOWN;
    return truth;
}

static bool is_same_step(const struct want *a, const struct want *b)
{
    return a->is_baseline == b->is_baseline && a->owner == b->owner && a->step == b->step;
}

static void test_want(struct matcher *m, const struct want *w, uint32_t number)
{
    struct fit *last = m->n_fits ? &m->fits[m->n_fits - 1] : NULL;
    bool is_open = last && is_same_step(w, &m->plan->wants[last->want]);
    if (is_open && !last->is_unsure) return;
    enum tri fits = want_fits(m, w);
    if (is_open && fits == TRI_TRUE) *last = (struct fit){number, false};
    if (is_open || fits == TRI_FALSE || (fits == TRI_UNKNOWN && !w->is_forbidden)) return;
    m->fits[m->n_fits++] = (struct fit){number, fits == TRI_UNKNOWN};
}

/* Wants come in order of rules. *looking: the rule of the last one that was tried. */
static void try_want(struct matcher *m, uint32_t number, uint32_t *looking)
{
    const struct want *w = &m->plan->wants[number];
    if (!m->derived && !(w->schemas >> m->event->schema & 1)) return;
    if (!w->is_baseline && w->owner != *looking && !m->is_counted)
        tally_add(&m->spent.looked[ *looking = w->owner], 1);
    test_want(m, w, number);
    bill_want(m, w);
}

/* The exception that takes the event from the step, or NULL. An unknown one does not hold. */
static const struct ir_exception *exception_for(struct matcher *m, const struct want *w)
{
    for (uint32_t i = 0; !w->is_baseline && i < w->of->n_exceptions; i++) {
        const struct ir_group_exception *g = &w->of->exceptions[i];
        const struct ir_exception *e = &m->plan->ir->rules[w->owner].exceptions[g->exception];
        if (m->event->second < e->expires && eval_test(&m->eval, g->test) == TRI_TRUE) return e;
    }
    return NULL;
}

/* Only now: a step's later groups are not tried in place of one whose event was taken. */
static bool leave_out_excepted(struct matcher *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_fits; i++) {
        const struct want *w = &m->plan->wants[m->fits[i].want];
        const struct ir_exception *e = exception_for(m, w);
        bill_want(m, w);
        if (!e) {
            m->fits[n++] = m->fits[i];
            continue;
        }
        if (!m->n_swallowed && !(m->swallowed = take(m, (m->n_fits - i) * sizeof *m->swallowed)))
            return false;
        m->swallowed[m->n_swallowed++] = e->number;
    }
    m->n_fits = n;
    return true;
}

/* Of the two ascending lists: those of the name, and those of every name. */
static bool find_fits(struct matcher *m)
{
    struct wants_view named = name_memory_look_up(m->names, m->event->service, m->event->action);
    const struct wants *always = &m->plan->always;
    uint32_t i = 0, j = 0, looking = IR_NONE;
    m->n_fits = 0;
    bill_part(m, MATCH_DECODE);
    m->fits = take(m, ((size_t)named.len + always->len) * sizeof *m->fits);
    if (!m->fits) return false;
    while (i < named.len || j < always->len) {
        bool is_named = j == always->len || (i < named.len && named.at[i] < always->at[j]);
        uint32_t number = is_named ? named.at[i++] : always->at[j++];
        try_want(m, number, &looking);
    }
    m->is_counted = true;
    return leave_out_excepted(m);
}

/* ---- texts of fields, and whose doing it is ------------------------------------------------------------ */

static struct text text_of_value(struct matcher *m, struct value v)
{
    char *at;
    switch (v.kind) {
    case VALUE_STRING: return value_text(v);
    case VALUE_INT:
    case VALUE_FLOAT:
        at = take(m, 32);
        return at ? (struct text){at, number_print(v, at)} : (struct text){"", 0};
    case VALUE_NET:
        at = take(m, 50);
        return at ? (struct text){at, ip_print(v.net, at)} : (struct text){"", 0};
    default: return (struct text){"", 0};
    }
}

static struct text text_of_node(struct matcher *m, ir_node_id node)
{
    return node == IR_NONE ? (struct text){"", 0} : text_of_value(m, eval_value(&m->eval, node));
}

static struct text field_text(struct matcher *m, uint32_t f)
{
    return text_of_node(m, f == IR_NONE ? IR_NONE : m->plan->ir->fields[f].in_schema[m->event->schema]);
}

static struct text evidence_text(struct matcher *m, enum evidence_field field)
{
    return field_text(m, m->plan->evidence[field]);
}

static struct text owner_name(struct matcher *m, int level)
{
    struct text name = {"", 0};
    for (int i = 0; i < OWNER_FIELDS_MOST && !name.len; i++) name = field_text(m, m->plan->owner[level][i]);
    return name;
}

/* Each level's hash is of the one above and its own name. */
static const struct owner *find_owner(struct matcher *m)
{
    struct hash128 parts[2] = {{0, 0}};
    if (m->derived) return m->derived->owner; /* never NULL: it is a key's */
    struct owner *o = m->owner ? NULL : take(m, sizeof *o);
    if (!o) return m->owner;
    for (int level = 0; level < OWNERS; level++) {
        o->name[level] = owner_name(m, level);
        parts[1] = hash_128(m->plan->secret, o->name[level].at, o->name[level].len);
        o->id[level] = parts[0] = hash_128(m->plan->secret, parts, sizeof parts);
    }
    return m->owner = o;
}

/* ---- baselines ----------------------------------------------------------------------------------------- */

static struct interest *interest_in(struct matcher *m, uint32_t baseline)
{
    struct interest *in = m->interest_of[baseline];
    if (in) return in;
    in = take(m, sizeof *in);
    if (!in) return NULL;
    *in = (struct interest){.baseline = baseline};
    m->interest_of[baseline] = in;
    *m->interests_end = in;
    m->interests_end = &in->next;
    return in;
}

static void find_interests(struct matcher *m)
{
    for (uint32_t f = 0; f < m->n_fits; f++) {
        const struct want *w = &m->plan->wants[m->fits[f].want];
        struct interest *in = w->is_baseline ? interest_in(m, w->owner) : NULL;
        if (in) in->learns = true;
        if (w->is_baseline) continue;
        const struct ir_rule *rule = &m->plan->ir->rules[w->owner];
        const struct ir_step *step = &rule->steps[w->step];
        for (uint32_t a = 0; a < step->n_asks; a++) {
            in = interest_in(m, rule->asks[step->asks[a]].baseline);
            if (in) in->asks = true;
        }
    }
}

/* The hash of an identity and, behind it, some parts of a combination. The bytes behind the identity go to
 * *key. */
static struct hash128 hash_parts(struct matcher *m, struct hash128 id, const struct fan *f,
                                 uint32_t combination, uint32_t n_parts, struct text *key)
{
    size_t len = sizeof id;
    for (uint32_t i = 0; i < n_parts; i++) len += fan_value(f, combination, i).len;
    char *bytes = take(m, len), *at = bytes;
    if (!bytes) return (struct hash128){0, 0};
    memcpy(at, &id, sizeof id);
    at += sizeof id;
    for (uint32_t i = 0; i < n_parts; i++) {
        struct text part = fan_value(f, combination, i);
        memcpy(at, part.at, part.len);
        at += part.len;
    }
    *key = (struct text){bytes + sizeof id, (uint32_t)(len - sizeof id)};
    return hash_128(m->plan->secret, bytes, len);
}

static struct hash128 hash_part(const struct matcher *m, const struct fan *f, uint32_t combination,
                                uint32_t part)
{
    struct text bytes = fan_value(f, combination, part);
    if (text_equal(bytes, FAN_NOTHING)) return JOIN_ABSENT;
    if (text_equal(bytes, FAN_WITHHELD)) return JOIN_UNKNOWN;
    return bytes.len ? hash_128(m->plan->secret, bytes.at, bytes.len) : (struct hash128){0, 0};
}

/* A group of matches has that of its completing event. */
static struct hash128 account_of_group(struct matcher *m, struct hash128 id)
{
    struct value account = value_string(m->derived->evidence.account);
    char *bytes = account.len ? take(m, sizeof id + value_key_size(account)) : NULL;
    if (!bytes) return (struct hash128){0, 0};
    memcpy(bytes, &id, sizeof id);
    char *end = value_key_put(bytes + sizeof id, account);
    return hash_128(m->plan->secret, bytes, (size_t)(end - bytes));
}

/* The account whose history stands in for a key without one. */
static struct hash128 account_of(struct matcher *m, struct hash128 id)
{
    if (m->derived) return account_of_group(m, id);
    ir_node_id node = m->plan->ir->schemas[m->event->schema].account;
    struct fan f;
    struct text key;
    if (node == IR_NONE || fan_open(&f, &m->eval, 1) != FAN_GOOD) return (struct hash128){0, 0};
    if (fan_set(&f, &m->eval, 0, node) != FAN_GOOD) return (struct hash128){0, 0};
    fan_close(&f);
    return hash_parts(m, id, &f, 0, 1, &key);
}

/* Key and value of a baseline as one fan, the value last. */
static enum fan_state fan_of_baseline(struct matcher *m, const struct ir_baseline *b, struct fan *f)
{
    enum fan_state state = fan_open(f, &m->eval, b->n_key + 1);
    for (uint32_t i = 0; state == FAN_GOOD && i < b->n_key; i++) state = fan_set(f, &m->eval, i, b->key[i]);
    if (state == FAN_GOOD) state = fan_set(f, &m->eval, b->n_key, b->value);
    if (state == FAN_GOOD) fan_close(f);
    return state;
}

static struct found_touch *add_touch(struct matcher *m, const struct interest *in)
{
    struct found_touch *t = take(m, sizeof *t);
    if (!t) return NULL;
    const struct owner *owner = find_owner(m);
    if (!owner) return NULL;
    *t = (struct found_touch){.touch = {.seq = m->event->seq,
                                        .second = m->event->second,
                                        .baseline = in->baseline,
                                        .learns = in->learns,
                                        .asks = in->asks && !in->is_unknown,
                                        .owner = owner,
                                        .principal = owner->id[OWNER_PRINCIPAL]}};
    *m->touches_end = t;
    m->touches_end = &t->next;
    return t;
}

static void touch_account(struct matcher *m, struct interest *in, struct hash128 id)
{
    struct hash128 account = account_of(m, id);
    if (!hash128_is_set(account) || !(in->account = add_touch(m, in))) return;
    in->account->touch.is_account = true;
    in->account->touch.key = account;
}

/* One touch; of an event that shows several values at once, one for each. A question has one answer: where it
 * would need several it is unknown. */
static void build_touches_of(struct matcher *m, struct interest *in)
{
    const struct ir_baseline *b = &m->plan->ir->baselines[in->baseline];
    struct hash128 id = m->plan->baseline_ids[in->baseline];
    struct fan f;
    struct text key;
    enum fan_state state = fan_of_baseline(m, b, &f);
    in->is_absent = state == FAN_ABSENT;
    in->is_unknown = state != FAN_ABSENT && (state != FAN_GOOD || f.n > 1);
    if (state != FAN_GOOD || (in->is_unknown && !in->learns)) return;
    m->counts.fan_capped += f.n_dropped;
    for (uint32_t c = 0; c < f.n; c++) {
        struct found_touch *t = add_touch(m, in);
        if (!t) return;
        t->touch.key = hash_parts(m, id, &f, c, b->n_key, &key);
        t->touch.value = hash_part(m, &f, c, b->n_key);
        if (t->touch.asks) in->asked = t;
    }
    touch_account(m, in, id);
}

static void build_touches(struct matcher *m)
{
    for (struct interest *in = m->interests; in; in = in->next) build_touches_of(m, in);
}

/* ---- hits ---------------------------------------------------------------------------------------------- */

static void find_evidence(struct matcher *m)
{
    const struct event *e = m->event;
    if (m->derived) {
        m->evidence = m->derived->evidence;
        return;
    }
    struct text ip = evidence_text(m, EVIDENCE_IP);
    m->evidence = (struct evidence){.identity = e->identity,
                                    .service = e->service,
                                    .action = e->action,
                                    .time = e->time,
                                    .region = evidence_text(m, EVIDENCE_REGION),
                                    .account = evidence_text(m, EVIDENCE_ACCOUNT),
                                    .source_ip = ip.len ? ip : evidence_text(m, EVIDENCE_SERVICE),
                                    .error = evidence_text(m, EVIDENCE_ERROR),
                                    .is_failed = !is_ok(m)};
}

/* A captured list holds scalars, at most HIT_FAN_MOST. */
static struct value capture_list(struct matcher *m, struct value list, bool *capped)
{
    uint32_t most = list.len < HIT_FAN_MOST ? list.len : HIT_FAN_MOST, n = 0;
    struct value *items = take(m, most * sizeof *items);
    if (!items) return value_absent();
    for (uint32_t i = 0; i < list.len; i++) {
        if (list.items[i].kind == VALUE_LIST || list.items[i].kind == VALUE_SET) continue;
        if (n == most) {
            *capped = true;
            break;
        }
        items[n++] = list.items[i];
    }
    return (struct value){.kind = VALUE_LIST, .len = n, .items = items};
}

static struct value *build_captures(struct matcher *m, const struct ir_group *g, uint32_t n, bool *capped)
{
    struct value *captures = take(m, n * sizeof *captures);
    for (uint32_t i = 0; captures && i < n; i++) {
        struct value v = g->captures[i] == IR_NONE ? value_absent() : eval_value(&m->eval, g->captures[i]);
        if (v.kind == VALUE_LIST) v = capture_list(m, v, capped);
        captures[i] = v.kind == VALUE_SET ? value_absent() : v;
    }
    return captures;
}

/* The touches' numbers come with emission. An event that lacks a part of its key outlives the batch, whose
 * answers are its own: what there is an answer to is not asked of it. */
static struct hit_ask *build_asks(struct matcher *m, const struct ir_rule *rule, const struct ir_step *step,
                                  bool lacks_key)
{
    struct hit_ask *asks = take(m, step->n_asks * sizeof *asks);
    for (uint32_t a = 0; asks && a < step->n_asks; a++) {
        const struct interest *in = m->interest_of[rule->asks[step->asks[a]].baseline];
        asks[a] = (struct hit_ask){.ask = step->asks[a], .is_unknown = true};
        if (!in) continue;
        asks[a].is_absent = in->is_absent;
        asks[a].is_unknown = in->is_unknown || (lacks_key && !in->is_absent);
        if (!in->asked || lacks_key) continue;
        asks[a].key = in->asked->touch.key;
        asks[a].value = in->asked->touch.value;
        if (in->account) asks[a].account = in->account->touch.key;
    }
    return asks;
}

/* A step that others refer to fills its place also without the value; then nobody agrees with it. What is
 * absent is told apart from everything. Of a forbidden event, and of what `!=` compares, a withheld value is
 * kept as that: what it comes to depends on the choice. */
static enum fan_state set_join(struct matcher *m, const struct ir_rule *rule, const struct want *w,
                               struct fan *f, uint32_t join)
{
    const struct ir_join *j = &rule->joins[join];
    uint32_t part = rule->n_by + join;
    enum fan_state state = fan_set(f, &m->eval, part, w->of->joins[join]);
    if (state == FAN_ABSENT && j->differs) return fan_set(f, &m->eval, part, IR_NONE);
    if (state == FAN_ABSENT && j->of == w->step) return fan_set_alone(f, &m->eval, part, FAN_NOTHING);
    bool keeps = j->differs || j->of == w->step || w->is_forbidden;
    return state == FAN_UNKNOWN && keeps ? fan_set_alone(f, &m->eval, part, FAN_WITHHELD) : state;
}

/* A part of the key. A forbidden event that lacks it may be of any key. */
static enum fan_state set_key(struct matcher *m, const struct want *w, struct fan *f, uint32_t part,
                              uint64_t *lacks)
{
    enum fan_state state = fan_set(f, &m->eval, part, w->of->key[part]);
    if ((state != FAN_ABSENT && state != FAN_UNKNOWN) || !w->is_forbidden) return state;
    *lacks |= UINT64_C(1) << part;
    return fan_set(f, &m->eval, part, IR_NONE);
}

/* Key and joins of a fit as one fan, the key first. Why there is none is counted. */
static bool fan_of_fit(struct matcher *m, const struct ir_rule *rule, const struct want *w, struct fan *f,
                       uint64_t *lacks)
{
    enum fan_state state = fan_open(f, &m->eval, rule->n_by + rule->n_joins);
    uint32_t i = 0;
    for (; state == FAN_GOOD && i < rule->n_by; i++) state = set_key(m, w, f, i, lacks);
    for (; state == FAN_GOOD && i < f->n_parts; i++) state = set_join(m, rule, w, f, i - rule->n_by);
    if (state == FAN_GOOD) fan_close(f);
    m->counts.blinded += state == FAN_UNKNOWN;
    m->counts.key_missing += *lacks || (state == FAN_ABSENT && i <= rule->n_by);
    m->counts.join_missing += state == FAN_ABSENT && i > rule->n_by;
    return state == FAN_GOOD;
}

/* The part of a hit that differs from combination to combination. */
static bool build_combination(struct matcher *m, const struct hit *common, const struct fan *f, uint32_t c)
{
    const struct ir_rule *rule = &m->plan->ir->rules[common->rule];
    struct found_hit *found = take(m, sizeof *found);
    struct hash128 *joins = take(m, rule->n_joins * sizeof *joins);
    if (!found || !joins) return false;
    *found = (struct found_hit){.hit = *common};
    found->hit.key_hash = hash_parts(m, m->plan->rule_ids[common->rule], f, c, rule->n_by, &found->hit.key);
    for (uint32_t j = 0; j < rule->n_joins; j++) joins[j] = hash_part(m, f, c, rule->n_by + j);
    found->hit.joins = joins;
    *m->hits_end = found;
    m->hits_end = &found->next;
    return true;
}

/* Whether the event fits no other step of the rule. */
static bool is_alone(const struct matcher *m, const struct want *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_fits; i++) {
        const struct want *other = &m->plan->wants[m->fits[i].want];
        n += !other->is_baseline && other->owner == w->owner;
    }
    return n == 1;
}

static void build_hits_of(struct matcher *m, const struct fit *fit)
{
    const struct want *w = &m->plan->wants[fit->want];
    const struct ir_rule *rule = &m->plan->ir->rules[w->owner];
    const struct ir_step *step = &rule->steps[w->step];
    uint64_t lacks = 0;
    struct fan f;
    if (!fan_of_fit(m, rule, w, &f, &lacks)) return;
    if (!m->hits) find_evidence(m);
    const struct owner *owner = find_owner(m);
    if (!owner) return;
    struct hit hit = {.seq = m->event->seq,
                      .second = m->event->second,
                      .rule = w->owner,
                      .step = w->step,
                      .group = w->group,
                      .owner = owner,
                      .principal = owner->id[OWNER_PRINCIPAL],
                      .capped = f.n_dropped > 0,
                      .n_joins = rule->n_joins,
                      .n_asks = step->n_asks,
                      .evidence = m->evidence,
                      .n_captures = step->n_captures};
    if (m->derived) {
        hit.by_watermark = m->derived->by_watermark;
        hit.is_gone = m->derived->is_gone;
        hit.is_replaced = m->derived->is_replaced;
        hit.capped |= m->derived->capped;
        hit.blinded = m->derived->blinded;
    }
    hit.captures = build_captures(m, w->of, step->n_captures, &hit.capped);
    hit.asks = build_asks(m, rule, step, lacks != 0);
    hit.in_doubt = fit->is_unsure || (hit.blinded && w->is_forbidden);
    hit.lacks = lacks;
    hit.is_alone = lacks && !m->derived && is_alone(m, w);
    if (w->is_forbidden) hit.withheld = withheld_words(&m->eval, rule, w->of, lacks);
    m->counts.fan_capped += f.n_dropped;
    for (uint32_t c = 0; c < f.n && hit.captures && hit.asks; c++)
        if (!build_combination(m, &hit, &f, c)) return;
}

static void build_hits(struct matcher *m)
{
    for (uint32_t i = 0; i < m->n_fits; i++) {
        const struct want *w = &m->plan->wants[m->fits[i].want];
        if (w->is_baseline) continue;
        build_hits_of(m, &m->fits[i]);
        bill_want(m, w);
    }
}

/* ---- the record ---------------------------------------------------------------------------------------- */

static void forget_event(struct matcher *m)
{
    for (struct interest *in = m->interests; in; in = in->next) m->interest_of[in->baseline] = NULL;
    m->interests = NULL;
    m->touches = NULL;
    m->hits = NULL;
    m->n_swallowed = 0;
    m->owner = NULL;
    m->interests_end = &m->interests;
    m->touches_end = &m->touches;
    m->hits_end = &m->hits;
    m->scratch.len = 0;
    m->eval.overflowed = false;
    text_matcher_forget(m->texts);
}

static enum aside build(struct matcher *m, struct text record, uint64_t seq, struct event *event)
{
    forget_event(m);
    m->event = event;
    event->slots = m->slots;
    event->seq = seq;
    enum aside why = m->columns ? decode_line(m->decoder, &m->eval, record, m->columns, event)
                                : decode_event(m->decoder, &m->eval, record, event);
    if (why != ASIDE_NONE || !find_fits(m)) return why;
    find_interests(m);
    build_touches(m);
    bill_part(m, MATCH_BASELINES);
    build_hits(m);
    return ASIDE_NONE;
}

/* False: it is as large as it may be. Then values without room are unknown, as the evaluator says. */
static bool grow_scratch(struct matcher *m)
{
    size_t cap = m->scratch.cap * 4;
    if (cap > SCRATCH_MOST) return false;
    for (struct interest *in = m->interests; in; in = in->next) m->interest_of[in->baseline] = NULL;
    m->interests = NULL;
    free(m->scratch.at);
    m->scratch = (struct scratch){zeroed(1, cap), 0, cap};
    return true;
}

static struct hash128 hash_identity(const struct matcher *m)
{
    const struct event *e = m->event;
    return hash_128(m->plan->identity_keys[e->schema], e->identity.at, e->identity.len);
}

/* The record says how far its feed has come. */
static void emit_feeds(struct matcher *m, const struct match_out *out)
{
    const struct ir_schema *schema = &m->plan->ir->schemas[m->event->schema];
    for (uint32_t i = 0; out->feed && i < m->plan->n_feeds; i++) {
        const struct feed_parts *f = &m->plan->feeds[i];
        if (f->schema != m->event->schema) continue;
        struct value account = value_absent(), region = value_absent();
        if (f->by_account && schema->account != IR_NONE) account = eval_value(&m->eval, schema->account);
        if (f->by_region && schema->region != IR_NONE) region = eval_value(&m->eval, schema->region);
        out->feed(out->world, feed_hash(m->plan->ir, f->schema, account, region), m->event->second);
    }
}

static void emit_delivery(struct matcher *m, const struct match_out *out)
{
    const struct ir_schema *schema = &m->plan->ir->schemas[m->event->schema];
    if (!out->delivery) return;
    struct text account = text_of_node(m, schema->account);
    out->delivery(out->world, m->event->schema, account, text_of_node(m, schema->region));
}

static void emit_touches(struct matcher *m, const struct match_out *out)
{
    for (struct found_touch *t = m->touches; t; t = t->next) {
        t->number = out->touch(out->world, &t->touch);
        m->counts.touches++;
    }
}

static void emit_hits(struct matcher *m, const struct match_out *out)
{
    const struct ir *ir = m->plan->ir;
    for (struct found_hit *h = m->hits; h; h = h->next) {
        const struct ir_rule *rule = &ir->rules[h->hit.rule];
        for (uint32_t a = 0; a < h->hit.n_asks; a++) {
            const struct interest *in = m->interest_of[rule->asks[h->hit.asks[a].ask].baseline];
            if (in && in->asked) h->hit.asks[a].answer = in->asked->number;
            if (in && in->account) h->hit.asks[a].account_answer = in->account->number;
        }
        out->hit(out->world, &h->hit);
        m->counts.hits++;
    }
    for (uint32_t i = 0; out->swallowed && i < m->n_swallowed; i++)
        out->swallowed(out->world, m->swallowed[i]);
}

static void emit(struct matcher *m, const struct match_out *out)
{
    emit_delivery(m, out);
    emit_feeds(m, out);
    out->identity(out->world, hash_identity(m), m->event->second);
    emit_touches(m, out);
    emit_hits(m, out);
    bill_part(m, MATCH_GIVE);
}

static enum aside build_whole(struct matcher *m, struct text record, uint64_t seq, struct event *event)
{
    struct match_counts before = m->counts;
    m->is_counted = false;
    enum aside why = build(m, record, seq, event);
    while (m->eval.overflowed && grow_scratch(m)) {
        m->counts = before;
        why = build(m, record, seq, event);
    }
    return why;
}

static enum aside match(struct matcher *m, struct text record, uint64_t seq, const struct match_out *out,
                        struct event *event)
{
    m->is_sampled = sampler_takes(&m->sampler);
    if (m->is_sampled) m->moment = ticks_now();
    enum aside why = build_whole(m, record, seq, event);
    if (why != ASIDE_NONE) return why;
    m->counts.events++;
    m->counts.overflowed += m->eval.overflowed;
    emit(m, out);
    return ASIDE_NONE;
}

void match_told(struct matcher *m, struct text record, uint64_t seq, const struct match_out *out)
{
    struct event event;
    m->columns = NULL;
    m->is_sampled = false;
    if (build_whole(m, record, seq, &event) != ASIDE_NONE) return;
    for (struct found_touch *t = m->touches; t; t = t->next) t->number = HIT_NOT_ASKED;
    emit_hits(m, out);
}

enum aside match_record(struct matcher *m, struct text record, uint64_t seq, const struct match_out *out,
                        struct event *event)
{
    m->columns = NULL;
    return match(m, record, seq, out, event);
}

enum aside match_line(struct matcher *m, struct text line, const struct columns *columns, uint64_t seq,
                      const struct match_out *out, struct event *event)
{
    m->columns = columns;
    return match(m, line, seq, out, event);
}

/* ---- groups of matches --------------------------------------------------------------------------------- */

static struct value group_leaf(struct eval *e, ir_node_id id, const struct ir_node *node)
{
    const struct matcher *m = e->world;
    (void)id;
    if (node->op == IR_OP_EVENT_TIME)
        return (struct value){.kind = VALUE_TIME, .i = m->derived->evidence.time};
    return value_absent(); /* it is no record: the compiler lets nothing read its bytes */
}

static bool find_takers(struct matcher *m)
{
    const struct wants *takers = &m->plan->takers[m->derived->rule];
    uint32_t looking = IR_NONE;
    m->n_fits = 0;
    m->fits = take(m, takers->len * sizeof *m->fits);
    for (uint32_t i = 0; m->fits && i < takers->len; i++) try_want(m, takers->at[i], &looking);
    m->is_counted |= m->fits != NULL;
    return m->fits && leave_out_excepted(m);
}

static void build_derived(struct matcher *m)
{
    const struct derived *d = m->derived;
    const struct eval_given given = {m->plan->ir->rules[d->rule].gives, d->values, d->n_values};
    forget_event(m);
    eval_reset(&m->eval);
    m->eval.leaf = group_leaf;
    m->eval.world = m;
    m->eval.given = &given;
    if (find_takers(m)) {
        find_interests(m);
        build_touches(m);
        for (struct found_touch *t = m->touches; t; t = t->next) t->number = HIT_NOT_ASKED;
        build_hits(m);
    }
    m->eval.given = NULL;
}

void match_derived(struct matcher *m, const struct derived *d, const struct match_out *out)
{
    struct event event = {.seq = d->cause, .time = d->evidence.time, .second = d->second};
    struct match_counts before = m->counts;
    m->event = &event;
    m->derived = d;
    m->is_sampled = m->is_counted = false;
    build_derived(m);
    while (m->eval.overflowed && grow_scratch(m)) {
        m->counts = before;
        build_derived(m);
    }
    m->derived = NULL;
    m->counts.overflowed += m->eval.overflowed;
    emit_hits(m, out);
}
