/* fingerprint.c - what must be equal for a rule's half-built state to be kept over a reload (language.md
 * B24).
 *
 * Of a rule: its name, sources, steps, predicates, match, `where`, key, windows, references and questions to baselines,
 * and what the values mean that are kept for them.
 * Outside: contents of named lists, score, severity, title, responses, the texts for people. Of a baseline:
 * key, value, what teaches it, and what its memory was thinned by.
 *
 * Invariants
 * 1. Only names and structure enter, never numbers of nodes, slots or fields: other rules beside it change
 * nothing.
 * 2. The same in every build and on every machine: texts with their length, numbers as eight bytes, least
 * first.
 */
#include "engine/ir/fingerprint.h"

#include "engine/base/hash.h"
#include "grammar/base/arena.h"

#include <assert.h>

struct canon {
    struct ir *ir;
    const struct ir_rule *rule; /* whose steps CAPTURE and the like mean; NULL in baselines */
    struct hash128 *digests;    /* [n_nodes] of nodes that were met */
    uint32_t *stamps,
        stamp; /* a digest holds if its stamp is the current one: captures mean another step elsewhere */
    uint32_t last_stamp;
    struct ARENA_VEC(char) out;
};

static void put_number(struct canon *c, uint64_t n)
{
    for (int i = 0; i < 8; i++) *ARENA_PUSH(c->ir->arena, c->out) = (char)(n >> (8 * i));
}

static void put_text(struct canon *c, struct text t)
{
    put_number(c, t.len);
    for (uint32_t i = 0; i < t.len; i++) *ARENA_PUSH(c->ir->arena, c->out) = t.at[i];
}

static void put_hash(struct canon *c, struct hash128 h)
{
    put_number(c, h.hi);
    put_number(c, h.lo);
}

static struct hash128 digest(const struct canon *c, uint32_t from)
{
    static const uint64_t zero[2];
    return hash_128(zero, c->out.at + from, c->out.len - from);
}

static void put_value(struct canon *c, struct value v)
{
    char *key = arena_alloc(c->ir->arena, value_key_size(v) + 1);
    char *end = value_key_put(key, v);
    put_number(c, v.nocase);
    put_text(c, (struct text){key, (uint32_t)(end - key)});
}

static void put_list(struct canon *c, const struct ir_list *list)
{
    put_text(c, list->name);
    for (uint32_t i = 0; !list->name.len && i < list->len; i++) put_value(c, list->values[i]);
}

static void put_slot(struct canon *c, const struct ir_slot *slot)
{
    put_number(c, slot->len);
    for (uint32_t i = 0; i < slot->len; i++) put_text(c, slot->names[i]);
}

static void put_ask(struct canon *c, uint32_t ask)
{
    const struct ir_ask *a = &c->rule->asks[ask];
    put_number(c, a->kind);
    put_text(c, c->ir->baselines[a->baseline].name);
    put_text(c, c->rule->steps[a->step].name);
}

static void put_node(struct canon *c, ir_node_id id);

/* A value that is kept of a step's events: its name may be that of a `with`, so what it means enters too. */
static void put_capture(struct canon *c, uint32_t step, uint32_t capture)
{
    const struct ir_step *s = &c->rule->steps[step];
    put_text(c, s->captures[capture].name);
    for (uint32_t g = 0; g < s->n_groups; g++) put_node(c, s->groups[g].captures[capture]);
}

static void put_real(struct canon *c, double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    put_number(c, bits);
}

static void put_spike(struct canon *c, const struct ir_spike *s)
{
    put_text(c, c->rule->steps[s->step].name);
    put_number(c, s->value != IR_NONE);
    if (s->value != IR_NONE) put_capture(c, s->step, s->value);
    put_number(c, s->n_by);
    for (uint32_t i = 0; i < s->n_by; i++) put_capture(c, s->step, s->by[i]);
    put_number(c, (uint64_t)s->in);
    put_number(c, (uint64_t)s->over);
    put_real(c, s->floor);
}

/* What x and y of a node mean, by name. */
static void put_leaf(struct canon *c, const struct ir_node *node)
{
    const struct ir *ir = c->ir;
    switch (node->op) {
    case IR_OP_CONST:
    case IR_OP_MEMBER:
    case IR_OP_REGEX:
        put_value(c, ir->constants[node->x]);
        break;
    case IR_OP_LIST:
        put_list(c, &ir->lists[node->x]);
        break;
    case IR_OP_SLOT:
        put_slot(c, &ir->slots[node->x]);
        break;
    case IR_OP_FIELD:
        put_text(c, ir->fields[node->x].name);
        break;
    case IR_OP_CAPTURE:
    case IR_OP_FIRST:
    case IR_OP_LAST:
    case IR_OP_DISTINCT:
    case IR_OP_SUM_OF:
    case IR_OP_MIN_OF:
    case IR_OP_MAX_OF:
        put_text(c, c->rule->steps[node->y].name);
        put_capture(c, node->y, node->x);
        break;
    case IR_OP_STEP_EXISTS:
    case IR_OP_COUNT:
        put_text(c, c->rule->steps[node->y].name);
        break;
    case IR_OP_ASK_NEW:
    case IR_OP_ASK_AGE:
    case IR_OP_ASK_RARITY:
    case IR_OP_ASK_PREVALENCE:
    case IR_OP_ASK_SINCE:
        put_ask(c, node->x);
        break;
    case IR_OP_SPIKE:
        put_spike(c, &c->rule->spikes[node->x]);
        break;
    case IR_OP_HOUR:
    case IR_OP_WEEKDAY:
        break; /* the operands say the zone */
    default:
        put_number(c, node->x);
        put_number(c, node->y);
        break;
    }
}

/* A node's digest is that of its operation and its operands' digests, so shared nodes are met once. */
static struct hash128 node_digest(struct canon *c, ir_node_id id)
{
    const struct ir_node *node = &c->ir->nodes[id];
    if (c->stamps[id] == c->stamp) return c->digests[id];
    struct hash128 *operands = ARENA_ARRAY(c->ir->arena, struct hash128, node->n);
    for (uint32_t i = 0; i < node->n; i++) operands[i] = node_digest(c, c->ir->operands[node->first + i]);
    static const char *const names[] = {
#define IR_OP(op, name, arity) name,
#include "engine/ir/ir_op.def"
#undef IR_OP
    };
    uint32_t from = c->out.len;
    put_text(c, text_of(names[node->op]));
    put_number(c, node->z);
    put_leaf(c, node);
    for (uint32_t i = 0; i < node->n; i++) put_hash(c, operands[i]);
    c->digests[id] = digest(c, from);
    c->stamps[id] = c->stamp;
    c->out.len = from;
    return c->digests[id];
}

static void put_node(struct canon *c, ir_node_id id)
{
    if (id == IR_NONE)
        put_number(c, 0);
    else
        put_hash(c, node_digest(c, id));
}

static void put_nodes(struct canon *c, const ir_node_id *ids, uint32_t n)
{
    put_number(c, n);
    for (uint32_t i = 0; i < n; i++) put_node(c, ids[i]);
}

/* What the fields that are read in a node mean in the groups of another rule. */
static void put_given(struct canon *c, const struct ir_rule *under, ir_node_id id)
{
    if (id == IR_NONE) return;
    const struct ir_node *node = &c->ir->nodes[id];
    for (uint32_t i = 0; i < node->n; i++) put_given(c, under, c->ir->operands[node->first + i]);
    for (uint32_t i = 0; node->op == IR_OP_FIELD && i < under->n_gives; i++) {
        const struct ir_node *value = &c->ir->nodes[under->gives[i].value];
        if (under->gives[i].field != node->x) continue;
        put_number(c, value->op);
        for (uint32_t k = 0; k < value->n; k++) {
            const struct ir_node *capture = &c->ir->nodes[c->ir->operands[value->first + k]];
            put_capture(c, capture->y, capture->x);
        }
    }
}

/* The groups of another rule are what that rule makes of its events: its identity, and what is read of them.
 */
static void put_under(struct canon *c, const struct ir_rule *under, const struct ir_group *g, uint32_t n_key,
                      uint32_t n_joins)
{
    const struct ir_rule *over = c->rule;
    uint32_t stamp = c->stamp;
    put_text(c, under->name);
    put_number(c, under->fingerprint[0]);
    put_number(c, under->fingerprint[1]);
    c->rule = under, c->stamp = ++c->last_stamp;
    put_given(c, under, g->test);
    for (uint32_t i = 0; i < n_key; i++) put_given(c, under, g->key[i]);
    for (uint32_t i = 0; i < n_joins; i++) put_given(c, under, g->joins[i]);
    c->rule = over, c->stamp = stamp;
}

static void put_group(struct canon *c, const struct ir_group *g, uint32_t n_key, uint32_t n_joins)
{
    put_number(c, g->n_apis);
    for (uint32_t i = 0; i < g->n_apis; i++) {
        put_text(c, g->apis[i].service);
        put_text(c, g->apis[i].action);
        if (g->apis[i].rule != IR_NONE) put_under(c, &c->ir->rules[g->apis[i].rule], g, n_key, n_joins);
    }
    put_node(c, g->test);
    put_node(c, g->gate);
    put_nodes(c, g->key, n_key);
    put_nodes(c, g->joins, n_joins);
}

/* What one part of a match says beside its kids. */
static void put_part(struct canon *c, const struct ir_match *m)
{
    put_number(c, m->kind);
    if (m->kind == IR_M_STEP) put_text(c, c->rule->steps[m->step].name);
    put_number(c, m->least);
    put_number(c, m->most);
    put_number(c, m->taking);
    if (m->taking != IR_TAKE_TIMES) put_capture(c, m->kids->step, m->value);
    if (m->taking == IR_TAKE_SUM) put_real(c, m->amount);
    put_number(c, (uint64_t)m->in);
    put_number(c, (uint64_t)m->absent_for);
    put_number(c, m->n_kids);
}

/* `a | b` and `a -> b` as written; parentheses without a window say nothing. */
static void put_match(struct canon *c, const struct ir_match *m)
{
    while (m->kind == IR_M_GROUP && m->in == INT64_MAX) m = &m->kids[0];
    put_part(c, m);
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (m->kind == IR_M_CHAIN && i) {
            put_number(c, m->arrows[i].strict);
            put_number(c, (uint64_t)m->arrows[i].least);
            put_number(c, (uint64_t)m->arrows[i].most);
        }
        put_match(c, &m->kids[i]);
    }
}

static void put_joins(struct canon *c, const struct ir_rule *rule)
{
    put_number(c, rule->n_joins);
    for (uint32_t i = 0; i < rule->n_joins; i++) {
        put_text(c, rule->steps[rule->joins[i].of].name);
        put_number(c, rule->joins[i].differs);
    }
}

static void put_rule(struct canon *c, const struct ir_rule *rule)
{
    put_text(c, rule->name);
    put_number(c, (uint64_t)rule->within);
    put_number(c, (uint64_t)rule->once);
    for (uint32_t i = 0; i < rule->n_from; i++) put_text(c, c->ir->schemas[rule->from[i]].name);
    put_number(c, rule->n_by);
    for (uint32_t i = 0; i < rule->n_by; i++) put_text(c, rule->by[i].name);
    put_number(c, rule->n_steps);
    for (uint32_t i = 0; i < rule->n_steps; i++) {
        put_text(c, rule->steps[i].name);
        put_number(c, rule->steps[i].n_groups);
        for (uint32_t g = 0; g < rule->steps[i].n_groups; g++)
            put_group(c, &rule->steps[i].groups[g], rule->n_by, rule->n_joins);
    }
    put_joins(c, rule);
    if (rule->match) put_match(c, rule->match);
    put_text(c, rule->until == IR_NONE ? TEXT("") : rule->steps[rule->until].name);
    put_node(c, rule->where);
}

static void put_baseline(struct canon *c, const struct ir_baseline *b)
{
    put_text(c, b->name);
    put_nodes(c, b->key, b->n_key);
    put_node(c, b->value);
    put_number(c, b->n_on);
    for (uint32_t i = 0; i < b->n_on; i++) put_group(c, &b->on[i], 0, 0);
    put_number(c, b->learns_failed);
    put_number(c, (uint64_t)b->keep);
    put_number(c, b->days);
}

static void finish(struct canon *c, uint64_t out[2])
{
    struct hash128 h = digest(c, 0);
    out[0] = h.hi;
    out[1] = h.lo;
    c->out.len = 0;
    c->stamp = ++c->last_stamp;
}

void ir_fingerprint(struct ir *ir)
{
    struct canon c = {.ir = ir,
                      .digests = ARENA_ARRAY(ir->arena, struct hash128, ir->n_nodes),
                      .stamps = ARENA_ARRAY(ir->arena, uint32_t, ir->n_nodes),
                      .stamp = 1,
                      .last_stamp = 1};
    for (uint32_t i = 0; i < ir->n_baselines; i++) {
        put_baseline(&c, &ir->baselines[i]);
        finish(&c, ir->baselines[i].fingerprint);
    }
    for (uint32_t depth = 0; depth < IR_DEPTHS; depth++)
        for (uint32_t i = 0; i < ir->n_rules; i++) {
            if (ir->rules[i].depth != depth) continue;
            c.rule = &ir->rules[i];
            put_rule(&c, c.rule);
            finish(&c, ir->rules[i].fingerprint);
        }
}
