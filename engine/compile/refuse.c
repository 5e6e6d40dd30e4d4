/* refuse.c - what the language says and the engine does not execute yet: refused by name, never ignored.
 *
 * What a rule says is looked for in the finished rule, so a refused rule has an IR that can be looked at
 * (`csr dump
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

static bool waits(const struct ir_match *m)
{
    bool any = m->absent_for != 0;
    for (uint32_t i = 0; i < m->n_kids; i++) any |= waits(&m->kids[i]);
    return any;
}

/* What else rests on a feed is told at once, whatever its feeds have shown. */
static bool has_fresh(const struct ir_rule *rule)
{
    if (rule->match && waits(rule->match)) return false;
    for (uint32_t i = 0; i < rule->n_requires; i++)
        if (rule->requires[i].kind == IR_REQUIRE_FRESH) return true;
    return false;
}

static bool has_spike(const struct ir_rule *rule)
{
    return rule->n_spikes > 0;
}

/* A row asks the match (each part of it), the rule, or its questions to baselines (ask). Where it is written
 * is a node of the rule's tree: of a kind, and with a word or not. */
static const struct construct {
    enum diag_code code;
    bool (*in_match)(const struct ir_match *m);
    bool (*in_rule)(const struct ir_rule *rule);
    uint8_t ask;
    enum ast_kind written;
    const char *word; /* of a CALL */
} constructs[] = {
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

static bool rule_has(const struct rule_work *r, const struct construct *what)
{
    if (what->in_match) return some_part(r->out.match, what->in_match);
    if (what->in_rule) return what->in_rule(&r->out);
    for (uint32_t i = 0; i < r->out.n_asks; i++)
        if (r->out.asks[i].kind == what->ask) return true;
    return false;
}

static bool is_written(const struct ast *e, const struct construct *what)
{
    return e->kind == what->written && (!what->word || text_equal(e->text, text_of(what->word)));
}

/* Reports each place where it is written. False: there is none, it stands in a title or a definition. */
static bool report_where(const struct rule_work *r, const struct ast *e, const struct construct *what)
{
    bool found = is_written(e, what);
    if (found) diag_at(r->c->diags, what->code, e->span, NULL);
    AST_EACH(kid, e) found = report_where(r, kid, what) || found;
    return found;
}

void refuse_rule(struct rule_work *r)
{
    for (uint32_t i = 0; i < sizeof constructs / sizeof *constructs; i++) {
        const struct construct *what = &constructs[i];
        if (!rule_has(r, what)) continue;
        if (!r->out.refused) r->out.refused = what->code;
        if (r->c->keeps_refused) continue;
        if (!report_where(r, r->ast, what)) diag_at(r->c->diags, what->code, head_span(r->c, r->ast), NULL);
    }
}
