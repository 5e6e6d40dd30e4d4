/* verdict.c - where, score and severity: each word of an expression over a match, three-valued (B14). */
#include "tests/oracle/verdict.h"
#include "tests/oracle/amount.h"

static const struct value unknown = {.kind = VALUE_UNKNOWN};

/* ---- what is gathered of a step ----------------------------------------------------------------------- */

static bool is_gathered(const struct oracle_group *g, uint32_t step, uint32_t hit)
{
    return g->gathered[step] >> hit & 1;
}

/* An unknown value counts in no count, sum or distinct (B14); each element of a list is a value. */
static struct value distinct_values(const struct oracle_case *c, const struct oracle_group *g,
                                    const struct ir_node *n)
{
    struct value seen[ORACLE_HITS * OFFERS_MOST], offers[OFFERS_MOST];
    uint32_t n_seen = 0;
    for (uint32_t h = 0; h < c->n; h++) {
        uint32_t of = is_gathered(g, n->y, h) ? values_offered(c->hits[h], n->x, offers) : 0;
        for (uint32_t i = 0; i < of; i++) {
            bool is_new = true;
            for (uint32_t k = 0; k < n_seen; k++) is_new &= !is_same(seen[k], offers[i]);
            if (is_new) seen[n_seen++] = offers[i];
        }
    }
    return value_int(n_seen);
}

static struct value sum_of_values(const struct oracle_case *c, const struct oracle_group *g,
                                  const struct ir_node *n)
{
    struct value offers[OFFERS_MOST];
    long double sum = 0, number;
    for (uint32_t h = 0; h < c->n; h++) {
        uint32_t of = is_gathered(g, n->y, h) ? values_offered(c->hits[h], n->x, offers) : 0;
        for (uint32_t i = 0; i < of; i++)
            if (as_number(offers[i], &number) && number > 0) sum += number;
    }
    return (struct value){.kind = VALUE_FLOAT, .f = (double)sum};
}

static struct value edge_of_values(const struct oracle_case *c, const struct oracle_group *g,
                                   const struct ir_node *n, bool most)
{
    struct value offers[OFFERS_MOST], best = value_absent();
    int order = 0;
    for (uint32_t h = 0; h < c->n; h++) {
        uint32_t of = is_gathered(g, n->y, h) ? values_offered(c->hits[h], n->x, offers) : 0;
        for (uint32_t i = 0; i < of; i++)
            if (best.kind == VALUE_ABSENT ||
                (in_order(offers[i], best, &order) && (most ? order > 0 : order < 0)))
                best = offers[i];
    }
    return best;
}

/* B6: the first and the last event gathered, in order of time and identity. */
static struct value edge_event(const struct oracle_case *c, const struct oracle_group *g,
                               const struct ir_node *n, bool last)
{
    const struct hit *best = NULL;
    for (uint32_t h = 0; h < c->n; h++) {
        if (!is_gathered(g, n->y, h)) continue;
        const struct hit *x = c->hits[h];
        bool later = best && (x->second != best->second
                                  ? x->second > best->second
                                  : text_compare(x->evidence.identity, best->evidence.identity) > 0);
        if (!best || later == last) best = x;
    }
    return best ? best->captures[n->x] : value_absent();
}

/* ---- baselines: `new` holds if it holds for any event, the others take the witness (B16) --------------- */

static struct value any_new(const struct oracle_case *c, const struct oracle_group *g,
                            const struct ir_node *n)
{
    struct value any = value_bool(false);
    for (uint32_t h = 0; h < c->n; h++) {
        if (!is_gathered(g, n->y, h)) continue;
        struct value v = c->answers[h].by_kind[n->x];
        if (verdict_is_true(v)) return v;
        if (v.kind == VALUE_UNKNOWN) any = v;
    }
    return any;
}

static struct value witness_answer(const struct oracle_case *c, const struct oracle_group *g,
                                   const struct ir_node *n)
{
    for (uint32_t h = 0; h < c->n; h++)
        if (c->hits[h] == g->witness[n->y]) return c->answers[h].by_kind[n->x];
    return value_absent();
}

/* ---- tests -------------------------------------------------------------------------------------------- */

/* An absent value makes a test false, `!=` being the complement of `==`; a withheld one makes it unknown
 * (B14). */
static struct value compare(uint8_t op, struct value a, struct value b)
{
    int order = 0;
    if (a.kind == VALUE_UNKNOWN || b.kind == VALUE_UNKNOWN) return unknown;
    if (op == IR_OP_EQ) return value_bool(is_same(a, b));
    if (op == IR_OP_NE) return value_bool(!is_same(a, b));
    if (!in_order(a, b, &order)) return value_bool(false);
    return value_bool(op == IR_OP_LT   ? order < 0
                      : op == IR_OP_LE ? order <= 0
                      : op == IR_OP_GT ? order > 0
                                       : order >= 0);
}

static struct value connect(const struct oracle_case *c, const struct oracle_group *g,
                            const struct ir_node *n)
{
    struct value all = value_bool(n->op == IR_OP_AND);
    for (uint32_t i = 0; i < n->n; i++) {
        struct value v = verdict_value(c, g, c->ir->operands[n->first + i]);
        if (v.kind == VALUE_UNKNOWN)
            all = v;
        else if (verdict_is_true(v) == (n->op == IR_OP_OR))
            return value_bool(n->op == IR_OP_OR);
    }
    return all;
}

static struct value calculate(uint8_t op, struct value a, struct value b)
{
    long double x, y;
    if (a.kind == VALUE_UNKNOWN || b.kind == VALUE_UNKNOWN) return unknown;
    if (!as_number(a, &x) || !as_number(b, &y)) return value_absent();
    long double z = op == IR_OP_ADD ? x + y : op == IR_OP_SUB ? x - y : x * y;
    return (struct value){.kind = VALUE_FLOAT, .f = (double)z};
}

static struct value composed(const struct oracle_case *c, const struct oracle_group *g,
                             const struct ir_node *n)
{
    if (n->op == IR_OP_AND || n->op == IR_OP_OR) return connect(c, g, n);
    struct value a = verdict_value(c, g, c->ir->operands[n->first]);
    if (n->op == IR_OP_NOT) return a.kind == VALUE_UNKNOWN ? a : value_bool(!verdict_is_true(a));
    if (n->op == IR_OP_PRESENT && a.kind == VALUE_UNKNOWN) return a.len ? a : value_bool(true);
    if (n->op == IR_OP_PRESENT) return value_bool(a.kind != VALUE_ABSENT && a.kind != VALUE_NULL);
    struct value b = verdict_value(c, g, c->ir->operands[n->first + 1]);
    bool calculates = n->op == IR_OP_ADD || n->op == IR_OP_SUB || n->op == IR_OP_MUL;
    return calculates ? calculate(n->op, a, b) : compare(n->op, a, b);
}

struct value verdict_value(const struct oracle_case *c, const struct oracle_group *g, ir_node_id node)
{
    const struct ir_node *n = &c->ir->nodes[node];
    switch (n->op) {
    case IR_OP_CONST: return c->ir->constants[n->x];
    case IR_OP_STEP_EXISTS: return value_bool(g->exists >> n->y & 1);
    case IR_OP_COUNT: return value_int(__builtin_popcountll(g->gathered[n->y]));
    case IR_OP_DISTINCT: return distinct_values(c, g, n);
    case IR_OP_SUM_OF: return sum_of_values(c, g, n);
    case IR_OP_MIN_OF: return edge_of_values(c, g, n, false);
    case IR_OP_MAX_OF: return edge_of_values(c, g, n, true);
    case IR_OP_FIRST: return edge_event(c, g, n, false);
    case IR_OP_LAST: return edge_event(c, g, n, true);
    case IR_OP_CAPTURE: return g->witness[n->y] ? g->witness[n->y]->captures[n->x] : value_absent();
    case IR_OP_SCORE: return value_int(g->score);
    case IR_OP_ASK_NEW: return any_new(c, g, n);
    case IR_OP_ASK_AGE:
    case IR_OP_ASK_RARITY:
    case IR_OP_ASK_PREVALENCE:
    case IR_OP_ASK_SINCE: return witness_answer(c, g, n);
    default: return composed(c, g, n);
    }
}

/* ---- exceptions, score and severity (B23, B18) --------------------------------------------------------- */

static int32_t by_severity(enum ir_severity s)
{
    static const int32_t scores[] = {10, 30, 50, 70, 90};
    return scores[s];
}

static void find_severity(const struct oracle_case *c, struct oracle_group *g)
{
    g->severity = IR_INFO;
    for (uint32_t i = 0; i < c->rule->n_severities; i++) {
        const struct ir_severity_if *line = &c->rule->severities[i];
        bool good = line->when == IR_NONE || verdict_is_true(verdict_value(c, g, line->when));
        if (good && line->severity > g->severity) g->severity = line->severity;
    }
}

/* "Judged like the score, on all that the group gathers"; an unknown exception does not hold. */
static bool is_swallowed(const struct oracle_case *c, const struct oracle_group *g)
{
    for (uint32_t i = 0; i < c->rule->n_exceptions; i++) {
        const struct ir_exception *e = &c->rule->exceptions[i];
        if (e->on_match && verdict_is_true(verdict_value(c, g, e->when))) return true;
    }
    return false;
}

/* Without `score`, the severity gives it; then no line of severity names it. */
void verdict_of(const struct oracle_case *c, struct oracle_group *g)
{
    int32_t score = c->rule->score;
    for (uint32_t i = 0; i < c->rule->n_terms; i++) {
        struct value v = verdict_value(c, g, c->rule->terms[i].when);
        if (verdict_is_true(v)) score += c->rule->terms[i].points;
        g->unknown_terms |= v.kind == VALUE_UNKNOWN;
    }
    g->score = score < 0 ? 0 : score > 100 ? 100 : score;
    find_severity(c, g);
    g->swallowed = is_swallowed(c, g);
    if (!c->rule->has_score) g->score = by_severity(g->severity);
}
