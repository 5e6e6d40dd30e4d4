/* plan.c - from the sealed IR to candidates by name.
 *
 * Exact names are found by hash, patterns are tried one after the other: what a name amounts to is remembered by the
 * matcher (names.h), so the number of patterns costs something only for names that are new.
 */
#include "engine/match/plan.h"

#include "engine/base/glob.h"
#include "engine/ir/settle.h"

#include <stdlib.h>

/* Where a name is wanted, before the table is made. */
struct naming {
    struct text service, action;
    uint32_t want;
};

struct build {
    struct plan *plan;
    struct naming *exact;
    uint32_t n_exact, cap_exact, cap_wants, cap_patterns;
};

/* Room for one more. A rule set that does not fit into memory was refused when it was compiled. */
static void *room(void *at, uint32_t len, uint32_t *cap, size_t size)
{
    if (len < *cap) return at;
    *cap = *cap ? *cap * 2 : 16;
    void *grown = realloc(at, *cap * size);
    if (!grown) abort();
    return grown;
}

static void *zeroed(size_t n, size_t size)
{
    void *at = calloc(n ? n : 1, size);
    if (!at) abort();
    return at;
}

/* ---- lists of wants ------------------------------------------------------------------------------------ */

void wants_push(struct wants *w, uint32_t want)
{
    w->at = room(w->at, w->len, &w->cap, sizeof *w->at);
    w->at[w->len++] = want;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void wants_sort(struct wants *w)
{
    if (!w->len) return;
    qsort(w->at, w->len, sizeof *w->at, by_number);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < w->len; i++)
        if (w->at[i] != w->at[kept - 1]) w->at[kept++] = w->at[i];
    w->len = kept;
}

/* ---- collecting ---------------------------------------------------------------------------------------- */

static bool is_pattern(struct text t)
{
    return t.len && memchr(t.at, '*', t.len) != NULL;
}

static void add_api(struct build *b, const struct ir_api *api, uint32_t want)
{
    struct plan *p = b->plan;
    if (api->rule != IR_NONE) { /* another rule's groups are no records */
        wants_push(&p->takers[api->rule], want);
        return;
    }
    if (!api->service.len && !api->action.len) {
        wants_push(&p->always, want);
    } else if (is_pattern(api->service) || is_pattern(api->action)) {
        p->patterns = room(p->patterns, p->n_patterns, &b->cap_patterns, sizeof *p->patterns);
        p->patterns[p->n_patterns++] = (struct pattern){api->service, api->action, want};
    } else {
        b->exact = room(b->exact, b->n_exact, &b->cap_exact, sizeof *b->exact);
        b->exact[b->n_exact++] = (struct naming){api->service, api->action, want};
    }
}

static void add_want(struct build *b, struct want want)
{
    struct plan *p = b->plan;
    uint32_t number = p->n_wants++;
    p->wants = room(p->wants, number, &b->cap_wants, sizeof *p->wants);
    p->wants[number] = want;
    if (!want.of) wants_push(&p->always, number);
    for (uint32_t a = 0; want.of && a < want.of->n_apis; a++) add_api(b, &want.of->apis[a], number);
}

#define EVERY_SCHEMA UINT64_MAX

static uint64_t schemas_of(const struct ir_rule *r)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < r->n_from; i++) bits |= UINT64_C(1) << r->from[i];
    return r->n_from ? bits : EVERY_SCHEMA;
}

static void add_rule(struct build *b, uint32_t rule)
{
    const struct ir_rule *r = &b->plan->ir->rules[rule];
    uint64_t forbidden = ir_forbidden_steps(r);
    for (uint32_t s = 0; s < r->n_steps; s++)
        for (uint32_t g = 0; g < r->steps[s].n_groups; g++)
            add_want(b, (struct want){false, rule, s, g, &r->steps[s].groups[g], schemas_of(r), forbidden >> s & 1});
}

static void add_baseline(struct build *b, uint32_t baseline)
{
    const struct ir_baseline *l = &b->plan->ir->baselines[baseline];
    if (!l->n_on) add_want(b, (struct want){true, baseline, 0, 0, NULL, EVERY_SCHEMA, false});
    for (uint32_t g = 0; g < l->n_on; g++)
        add_want(b, (struct want){true, baseline, 0, g, &l->on[g], EVERY_SCHEMA, false});
}

/* ---- the table of exact names -------------------------------------------------------------------------- */

uint64_t plan_hash_name(const struct plan *p, struct text service, struct text action)
{
    uint64_t halves[2] = {hash_64(p->secret, service.at, service.len),
                          hash_64(p->secret, action.at, action.len)};
    return halves[0] * UINT64_C(0x9e3779b97f4a7c15) + halves[1];
}

static int by_name(const void *a, const void *b)
{
    const struct naming *x = a, *y = b;
    int order = text_compare(x->service, y->service);
    if (!order) order = text_compare(x->action, y->action);
    return order ? order : (x->want > y->want) - (x->want < y->want);
}

static bool is_named(const struct exact *e, struct text service, struct text action)
{
    return text_equal(e->service, service) && text_equal(e->action, action);
}

/* Where this name is in the table, or the free slot where it would be. */
static uint32_t *exact_slot(const struct plan *p, struct text service, struct text action)
{
    uint32_t mask = p->n_exact_slots - 1;
    uint32_t i = (uint32_t)plan_hash_name(p, service, action) & mask;
    while (p->exact_slots[i] && !is_named(&p->exacts[p->exact_slots[i] - 1], service, action))
        i = (i + 1) & mask;
    return &p->exact_slots[i];
}

static void build_exacts(struct build *b)
{
    struct plan *p = b->plan;
    if (b->n_exact) qsort(b->exact, b->n_exact, sizeof *b->exact, by_name);
    p->exacts = zeroed(b->n_exact, sizeof *p->exacts);
    for (uint32_t i = 0; i < b->n_exact; i++) {
        const struct naming *n = &b->exact[i];
        struct exact *last = p->n_exacts ? &p->exacts[p->n_exacts - 1] : NULL;
        if (!last || !is_named(last, n->service, n->action)) {
            last = &p->exacts[p->n_exacts++];
            *last = (struct exact){n->service, n->action, p->exact_wants.len, 0};
        }
        wants_push(&p->exact_wants, n->want);
        last->n++;
    }
    for (p->n_exact_slots = 16; p->n_exact_slots < 2 * p->n_exacts; p->n_exact_slots *= 2) {}
    p->exact_slots = zeroed(p->n_exact_slots, sizeof *p->exact_slots);
    for (uint32_t i = 0; i < p->n_exacts; i++)
        *exact_slot(p, p->exacts[i].service, p->exacts[i].action) = i + 1;
}

void plan_resolve(const struct plan *p, struct text service, struct text action, struct wants *out)
{
    out->len = 0;
    uint32_t number = *exact_slot(p, service, action);
    const struct exact *e = number ? &p->exacts[number - 1] : NULL;
    for (uint32_t i = 0; e && i < e->n; i++) wants_push(out, p->exact_wants.at[e->first + i]);
    for (uint32_t i = 0; i < p->n_patterns; i++)
        if (glob_match(p->patterns[i].service, service, false) &&
            glob_match(p->patterns[i].action, action, false))
            wants_push(out, p->patterns[i].want);
    wants_sort(out);
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

/* Under the zero key: a rule keeps its identity from one rule set to the next. */
static struct hash128 name_id(struct text name)
{
    static const uint64_t zero[2] = {0, 0};
    return hash_128(zero, name.at, name.len);
}

static uint32_t find_field(const struct ir *ir, struct text name)
{
    for (uint32_t f = 0; f < ir->n_fields; f++)
        if (text_equal(ir->fields[f].name, name)) return f;
    return IR_NONE;
}

static void find_evidence(struct plan *p)
{
    static const char *const names[EVIDENCE_FIELDS] = {
        [EVIDENCE_REGION] = "region",  [EVIDENCE_ACCOUNT] = "account",     [EVIDENCE_IP] = "src.ip",
        [EVIDENCE_SERVICE] = "src.service", [EVIDENCE_ERROR] = "error",
    };
    for (int i = 0; i < EVIDENCE_FIELDS; i++) p->evidence[i] = find_field(p->ir, text_of(names[i]));
}

static void find_owner_fields(struct plan *p)
{
    static const char *const names[OWNERS][OWNER_FIELDS_MOST] = {
        [OWNER_ACCOUNT] = {"principal.account", "account"},
        [OWNER_PRINCIPAL] = {"principal.arn", "principal.id", "principal.name", "actor"},
        [OWNER_SESSION] = {"principal.session"},
    };
    for (int level = 0; level < OWNERS; level++)
        for (int i = 0; i < OWNER_FIELDS_MOST; i++)
            p->owner[level][i] = names[level][i] ? find_field(p->ir, text_of(names[level][i])) : IR_NONE;
}

static void make_ids(struct plan *p)
{
    const struct ir *ir = p->ir;
    p->rule_ids = zeroed(ir->n_rules, sizeof *p->rule_ids);
    p->baseline_ids = zeroed(ir->n_baselines, sizeof *p->baseline_ids);
    p->identity_keys = zeroed(ir->n_schemas, sizeof *p->identity_keys);
    for (uint32_t r = 0; r < ir->n_rules; r++) p->rule_ids[r] = name_id(ir->rules[r].name);
    for (uint32_t l = 0; l < ir->n_baselines; l++) p->baseline_ids[l] = name_id(ir->baselines[l].name);
    for (uint32_t s = 0; s < ir->n_schemas; s++) {
        struct hash128 id = name_id(ir->schemas[s].name);
        p->identity_keys[s][0] = p->secret[0] ^ id.hi;
        p->identity_keys[s][1] = p->secret[1] ^ id.lo;
    }
}

static void add_feed(struct plan *p, const struct ir_rule *rule, const struct ir_require *r)
{
    struct feed_parts f = {.schema = r->schema};
    for (uint32_t i = 0; i < r->n_parts; i++) {
        bool is_account = text_equal(rule->by[r->parts[i]].name, TEXT("account"));
        *(is_account ? &f.by_account : &f.by_region) = true;
    }
    for (uint32_t i = 0; i < p->n_feeds; i++) {
        const struct feed_parts *o = &p->feeds[i];
        if (o->schema == f.schema && o->by_account == f.by_account && o->by_region == f.by_region) return;
    }
    p->feeds[p->n_feeds++] = f;
}

static void find_feeds(struct plan *p)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < p->ir->n_rules; i++) most += p->ir->rules[i].n_requires;
    p->feeds = zeroed(most, sizeof *p->feeds);
    for (uint32_t i = 0; i < p->ir->n_rules; i++)
        for (uint32_t k = 0; k < p->ir->rules[i].n_requires; k++)
            if (p->ir->rules[i].requires[k].kind == IR_REQUIRE_FRESH)
                add_feed(p, &p->ir->rules[i], &p->ir->rules[i].requires[k]);
}

static void number_steps(struct plan *p)
{
    p->first_step = zeroed(p->ir->n_rules + 1, sizeof *p->first_step);
    for (uint32_t r = 0; r < p->ir->n_rules; r++) p->first_step[r + 1] = p->first_step[r] + p->ir->rules[r].n_steps;
}

struct hash128 plan_key_hash(const struct plan *p, uint32_t rule, struct text bytes)
{
    const struct hash128 id = p->rule_ids[rule];
    char all[sizeof id + PLAN_KEY_MOST];
    memcpy(all, &id, sizeof id);
    memcpy(all + sizeof id, bytes.at, bytes.len);
    return hash_128(p->secret, all, sizeof id + bytes.len);
}

const uint32_t *plan_first_steps(const struct plan *p)
{
    return p->first_step;
}

struct plan *plan_new(const struct ir *ir, const uint64_t secret[2])
{
    struct plan *p = zeroed(1, sizeof *p);
    struct build b = {.plan = p};
    p->ir = ir;
    p->secret[0] = secret[0];
    p->secret[1] = secret[1];
    p->takers = zeroed(ir->n_rules, sizeof *p->takers);
    for (uint32_t r = 0; r < ir->n_rules; r++) add_rule(&b, r);
    for (uint32_t l = 0; l < ir->n_baselines; l++) add_baseline(&b, l);
    wants_sort(&p->always);
    build_exacts(&b);
    free(b.exact);
    make_ids(p);
    find_evidence(p);
    find_owner_fields(p);
    find_feeds(p);
    number_steps(p);
    p->texts = text_plan_new(ir, secret);
    return p;
}

void plan_free(struct plan *p)
{
    if (!p) return;
    text_plan_free(p->texts);
    free(p->wants);
    free(p->exacts);
    free(p->exact_slots);
    free(p->exact_wants.at);
    free(p->patterns);
    free(p->always.at);
    for (uint32_t r = 0; r < p->ir->n_rules; r++) free(p->takers[r].at);
    free(p->takers);
    free(p->identity_keys);
    free(p->feeds);
    free(p->first_step);
    free(p->rule_ids);
    free(p->baseline_ids);
    free(p);
}
