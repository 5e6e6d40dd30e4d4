/* refuse.c - what the language says and the engine does not execute yet: refused by name, never ignored.
 *
 * What a rule says is looked for in the finished rule, so a refused rule has an IR that can be looked at (`csr dump
 * --stage=ir`). Each construct is a row: who executes it deletes the row. Links are refused in link.c.
 */
#include "engine/compile/compiler.h"

static bool is_refusal(enum diag_code code)
{
    return strncmp(diag_info(code)->name, "E05", 3) == 0;
}

enum diag_code leave_out(struct compiler *c, struct diag_mark since, const struct unit *unit)
{
    enum diag_code first = unit->refused, code;
    if (!c->leaves_out || diags_errors(c->diags) == since.errors) return 0;
    for (uint32_t i = 0; (code = diags_since(c->diags, since, i)) != DIAG_CODES; i++) {
        if (!is_refusal(code) && diag_info(code)->level == DIAG_ERROR && !unit->refused) return 0;
        if (is_refusal(code) && !first) first = code;
    }
    if (first) diags_take_back(c->diags, since);
    return first;
}

/* ---- what a finished rule says ---- */

static bool is_veto(const struct ir_match *m)
{
    return m->kind == IR_M_NOT;
}

static bool is_bounded(const struct ir_match *m)
{
    return m->kind == IR_M_REPEAT && m->most;
}

static bool has_until(const struct ir_rule *rule)
{
    return rule->until != IR_NONE;
}

static bool has_fresh(const struct ir_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_requires; i++)
        if (rule->requires[i].kind == IR_REQUIRE_FRESH) return true;
    return false;
}

static bool has_spike(const struct ir_rule *rule)
{
    return rule->n_spikes > 0;
}

static bool has_rule_ref(const struct ir_rule *rule)
{
    for (uint32_t s = 0; s < rule->n_steps; s++)
        for (uint32_t g = 0; g < rule->steps[s].n_groups; g++)
            for (uint32_t a = 0; a < rule->steps[s].groups[g].n_apis; a++)
                if (rule->steps[s].groups[g].apis[a].rule != IR_NONE) return true;
    return false;
}

/* A row asks the match (each part of it), the rule, its questions to baselines (ask), or the nodes over its
 * match (op); 0 of an enum is none of these. Where it is written is a node of the rule's tree: of a kind, and
 * with a word or not. */
static const struct construct {
    enum diag_code code;
    bool (*in_match)(const struct ir_match *m);
    bool (*in_rule)(const struct ir_rule *rule);
    uint8_t ask, op;
    enum ast_kind written;
    const char *word; /* of a CALL; the operator of a TEST_OP is != */
} constructs[] = {
    {E0505, .in_match = is_veto, .written = AST_M_NOT},
    {E0506, .in_rule = has_until, .written = AST_UNTIL},
    {E0508, .in_match = is_bounded, .written = AST_MOST},
    {E0509, .in_rule = has_rule_ref, .written = AST_RULE_REF},
    {E0511, .ask = IR_ASK_PREVALENCE, .written = AST_CALL, .word = "prevalence"},
    {E0513, .in_rule = has_spike, .written = AST_SPIKE},
    {E0518, .in_rule = has_fresh, .written = AST_FRESH},
};

static bool some_part(const struct ir_match *m, bool (*is)(const struct ir_match *))
{
    if (!m) return false;
    if (is(m)) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (some_part(&m->kids[i], is)) return true;
    return false;
}

/* The node of that operation in an expression; IR_NONE if there is none. */
static ir_node_id node_of(const struct ir_build *b, ir_node_id id, uint8_t op)
{
    ir_node_id found = IR_NONE;
    if (id == IR_NONE || id == IR_POISON) return IR_NONE;
    if (ir_build_at(b, id)->op == op) return id;
    const struct ir_node node = *ir_build_at(b, id);
    for (uint32_t i = 0; i < node.n && found == IR_NONE; i++)
        found = node_of(b, b->operands.at[node.first + i], op);
    return found;
}

/* The same in all expressions over the rule's match. */
static ir_node_id match_node_of(const struct rule_work *r, uint8_t op)
{
    const struct ir_build *b = &r->c->build;
    const struct ir_rule *rule = &r->out;
    ir_node_id found = node_of(b, rule->where, op);
    for (uint32_t i = 0; found == IR_NONE && i < rule->title.len; i++)
        found = node_of(b, rule->title.parts[i].operand, op);
    for (uint32_t i = 0; found == IR_NONE && i < rule->n_severities; i++)
        found = node_of(b, rule->severities[i].when, op);
    for (uint32_t i = 0; found == IR_NONE && i < rule->n_terms; i++)
        found = node_of(b, rule->terms[i].when, op);
    for (uint32_t i = 0; found == IR_NONE && i < rule->n_exceptions; i++)
        found = node_of(b, rule->exceptions[i].when, op);
    for (uint32_t i = 0; i < rule->n_responds; i++)
        for (uint32_t k = 0; found == IR_NONE && k < rule->responds[i].n_args; k++)
            found = node_of(b, rule->responds[i].args[k], op);
    return found;
}

static bool rule_has(const struct rule_work *r, const struct construct *what, ir_node_id *node)
{
    *node = IR_NONE;
    if (what->in_match) return some_part(r->out.match, what->in_match);
    if (what->in_rule) return what->in_rule(&r->out);
    for (uint32_t i = 0; what->ask && i < r->out.n_asks; i++)
        if (r->out.asks[i].kind == what->ask) return true;
    if (what->op) *node = match_node_of(r, what->op);
    return *node != IR_NONE;
}

static bool names_other_step(const struct rule_work *r, const struct ast *side, uint32_t own)
{
    uint32_t step = side->kind == AST_PATH && side->kids ? step_find(r, side->text) : IR_NONE;
    return step != IR_NONE && step != own;
}

/* own: the step in whose clause e stands. */
static bool is_written(const struct rule_work *r, const struct ast *e, uint32_t own,
                       const struct construct *what)
{
    if (e->kind != what->written) return false;
    if (e->kind == AST_TEST_OP)
        return own != IR_NONE && e->op == OP_NE &&
               (names_other_step(r, e->kids, own) || names_other_step(r, e->kids->next, own));
    return !what->word || text_equal(e->text, text_of(what->word));
}

/* Reports each place where it is written. False: there is none, it stands in a title or a definition. */
static bool report_where(const struct rule_work *r, const struct ast *e, uint32_t own,
                         const struct construct *what)
{
    if (e->kind == AST_STEP) own = step_find(r, e->text);
    bool found = is_written(r, e, own, what);
    if (found) diag_at(r->c->diags, what->code, e->span, NULL);
    AST_EACH(kid, e) found = report_where(r, kid, own, what) || found;
    return found;
}

/* Of what the tree does not show: where its node was made, if that was in this rule. */
static struct csr_span hidden_span(const struct rule_work *r, ir_node_id node)
{
    struct csr_span rule = r->ast->span, at = node == IR_NONE ? rule : ir_build_at(&r->c->build, node)->span;
    return node != IR_NONE && at.lo >= rule.lo && at.hi <= rule.hi ? at : head_span(r->c, r->ast);
}

void refuse_rule(struct rule_work *r)
{
    ir_node_id node;
    for (uint32_t i = 0; i < sizeof constructs / sizeof *constructs; i++) {
        const struct construct *what = &constructs[i];
        if (!rule_has(r, what, &node)) continue;
        if (!r->out.refused) r->out.refused = what->code;
        if (r->c->keeps_refused) continue;
        if (!report_where(r, r->ast, IR_NONE, what))
            diag_at(r->c->diags, what->code, hidden_span(r, node), NULL);
    }
}

void refuse_test(const struct compiler *c, ir_node_id test, struct csr_span span)
{
    for (uint32_t i = 0; i < sizeof constructs / sizeof *constructs; i++)
        if (constructs[i].op && node_of(&c->build, test, constructs[i].op) != IR_NONE)
            diag_at(c->diags, constructs[i].code, span, NULL);
}
