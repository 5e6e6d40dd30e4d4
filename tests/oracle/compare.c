/* compare.c - what is promised of a settled incident, against the oracle's group. */
#include "tests/oracle/compare.h"

#include <stdio.h>

/* Steps whose amounts an expression reads: their counts are exact. */
static uint64_t read_by(const struct a_case *c, ir_node_id node)
{
    const struct ir_node *n = &c->ir.nodes[node];
    uint64_t steps = 0;
    if (n->op == IR_OP_COUNT || n->op == IR_OP_DISTINCT || n->op == IR_OP_SUM_OF || n->op == IR_OP_MIN_OF ||
        n->op == IR_OP_MAX_OF)
        steps |= UINT64_C(1) << n->y;
    for (uint32_t i = 0; i < n->n; i++) steps |= read_by(c, c->ir.operands[n->first + i]);
    return steps;
}

static uint64_t counted_steps(const struct a_case *c)
{
    uint64_t steps = 0;
    for (uint32_t s = 0; s < c->n_steps; s++)
        if (c->rule.steps[s].counted) steps |= UINT64_C(1) << s;
    if (!c->switches->for_text) return steps;
    steps = c->rule.where == IR_NONE ? 0 : read_by(c, c->rule.where);
    for (uint32_t i = 0; i < c->rule.n_terms; i++) steps |= read_by(c, c->rule.terms[i].when);
    for (uint32_t i = 0; i < c->rule.n_exceptions; i++) steps |= read_by(c, c->rule.exceptions[i].when);
    for (uint32_t i = 0; i < c->rule.n_severities; i++)
        if (c->rule.severities[i].when != IR_NONE) steps |= read_by(c, c->rule.severities[i].when);
    return steps;
}

static bool is_in_title(const struct a_case *c, uint32_t s)
{
    if (c->switches->for_text) return (c->required | c->optional) >> s & 1;
    return c->in_title >> s & 1;
}

static void expected_texts(const struct a_case *c, const struct oracle_group *g, char *title, char *witness)
{
    title[0] = witness[0] = 0;
    for (uint32_t s = 0; s < c->n_steps; s++) { /* steps stand in match in the order of their numbers */
        const struct hit *h = g->witness[s];
        if (!is_in_title(c, s)) continue;
        sprintf(title + strlen(title), "%.*s ", h ? (int)h->evidence.identity.len : 1,
                h ? h->evidence.identity.at : "?");
        if (h && g->in_required[s])
            sprintf(witness + strlen(witness), TEXT_FMT " ", TEXT_ARG(h->evidence.identity));
    }
}

bool same_group(const struct a_case *c, const struct oracle_group *g, const struct told *t,
                struct complaint *complaint)
{
    char title[512], witness[512];
    uint64_t counted = counted_steps(c);
    expected_texts(c, g, title, witness);
    if (c->rule.title.len && strcmp(title, t->title))
        return COMPLAIN("title: expected '%s', got '%s'", title, t->title);
    if (strcmp(witness, t->witness)) return COMPLAIN("witness: expected '%s', got '%s'", witness, t->witness);
    if (t->start != g->start) return COMPLAIN("start: expected %ld, got %ld", g->start, t->start);
    if (t->tied != g->tied) return COMPLAIN("tie: expected %d", g->tied);
    if (t->blinded != g->blinded) return COMPLAIN("blinded: expected %d", g->blinded);
    if (g->score != t->score) return COMPLAIN("score: expected %d, got %d", g->score, t->score);
    if (g->severity != t->severity)
        return COMPLAIN("severity: expected %d, got %d", g->severity, t->severity);
    if (t->steps != g->exists) return COMPLAIN("steps: expected %lx, got %lx", g->exists, t->steps);
    if (!text_equal(text_of(t->completing), g->completing))
        return COMPLAIN("completing: got %s", t->completing);
    for (uint32_t s = 0; s < c->n_steps; s++)
        if (counted >> s & 1 && t->count[s] != g->count[s])
            return COMPLAIN("count of step %u: expected %u, got %lu", s, g->count[s], t->count[s]);
    return true;
}
