/* lint.c - what is allowed but seldom meant, of rules and files as a whole. Only looked at when there is no error.
 * Tests are looked at while they are lowered (lint_test.c), a match when its rule is whole (lint_match.c).
 */
#include "engine/compile/compiler.h"

/* ---- two lists ---- */

static bool goes_into_list(const struct ast *e)
{
    return e && e->kind == AST_PATH && ast_kid(e, AST_ELEMENTS);
}

/* `req.a[].from <= 22 == req.a[].to` in one comparison: each side chooses an element of its own. */
static void lint_two_lists(struct compiler *c, const struct ast *e)
{
    bool compares =
        e->kind == AST_TEST_OP || e->kind == AST_NOT_TEST || e->kind == AST_IN || e->kind == AST_NOT_IN;
    if (compares && goes_into_list(e->kids) && goes_into_list(e->kids->next)) {
        struct diag *d = warn(c, W0303, e->span, "each side looks through its list for itself");
        if (d) diag_note(d, "for one and the same element write any x in list[] (x.a == x.b)");
    }
    AST_EACH(kid, e) lint_two_lists(c, kid);
}

/* ---- names that hide others ---- */

/* Names that are bound around an expression. */
struct bound {
    struct text name;
    const char *what;
    struct csr_span at;
    const struct bound *outer;
};

struct name_walk {
    struct compiler *c;
    const struct unit *unit;
    const struct rule_work *rule; /* NULL outside of rules */
};

static void hides(const struct name_walk *w, const struct ast *node, struct text name, const char *what)
{
    warn(w->c, W0312, word_span(w->c, node, name), "%s is called `" TEXT_FMT "` as well, and is not seen here", what,
         TEXT_ARG(name));
}

static void lint_binding(const struct name_walk *w, const struct ast *node, struct text name, const struct bound *bound)
{
    for (; bound; bound = bound->outer)
        if (text_equal(bound->name, name)) {
            hides(w, node, name, bound->what);
            return;
        }
    const struct field_info *field = field_find(name);
    if (field && field->use != FIELD_SCHEMA) hides(w, node, name, "a field");
    else if (symbol_find(w->c, SYMBOL_DEFINE, w->unit, name)) hides(w, node, name, "a definition");
    else if (w->rule && step_find(w->rule, name) != IR_NONE) hides(w, node, name, "a step");
}

static void lint_bindings(const struct name_walk *w, const struct ast *e, const struct bound *bound)
{
    if (e->kind != AST_ANY && e->kind != AST_ALL) {
        AST_EACH(kid, e) lint_bindings(w, kid, bound);
        return;
    }
    struct bound item = {e->text, "an element around it", e->span, bound};
    lint_binding(w, e, e->text, bound);
    lint_bindings(w, e->kids, bound);
    lint_bindings(w, e->kids->next, &item);
}

static bool reads(const struct ast *e, struct text name)
{
    if (e->kind == AST_PATH && text_equal(e->text, name)) return true;
    AST_EACH(kid, e)
        if (reads(kid, name)) return true;
    return false;
}

/* `define ok = ok and not dry_run` narrows a field and means to; without the field in it, it hides it. */
static void lint_define(const struct name_walk *w, const struct ast *define)
{
    const struct field_info *field = field_find(define->text);
    const struct ast *params = ast_kid(define, AST_PARAMS);
    struct bound names[64];
    const struct bound *bound = NULL;
    if (field && field->use != FIELD_SCHEMA && !reads(define, define->text)) hides(w, define, define->text, "a field");
    uint32_t n = 0;
    for (const struct ast *p = params ? params->kids : NULL; p && n < 64; p = p->next) {
        lint_binding(w, p, p->text, bound);
        names[n] = (struct bound){p->text, "a parameter", p->span, bound};
        bound = &names[n++];
    }
    lint_bindings(w, define, bound);
}

static void lint_params(const struct name_walk *w)
{
    for (const struct ast *p = ast_kid(w->rule->ast, AST_PARAM); p; p = ast_next(p))
        lint_binding(w, p, p->text, NULL);
}

static void lint_names(struct compiler *c, const struct unit *unit)
{
    struct name_walk w = {c, unit, NULL};
    AST_EACH(item, unit->file) {
        const struct field_info *field = item->kind == AST_LIST ? field_find(item->text) : NULL;
        if (field && field->use != FIELD_SCHEMA)
            warn(c, W0312, word_span(c, item, item->text), "a field is called so: this list cannot be named");
        if (item->kind == AST_DEFINE) lint_define(&w, item);
    }
}

/* ---- what nothing uses ---- */

static void lint_unused_symbols(struct compiler *c)
{
    static const char *const what[] = {
        [SYMBOL_LIST] = "list", [SYMBOL_BASELINE] = "baseline", [SYMBOL_DEFINE] = "definition"};
    for (uint32_t i = 0; i < c->symbols.len; i++) {
        const struct symbol *s = c->symbols.at[i];
        if (s->kind == SYMBOL_RULE || s->is_used || s->unit->source->is_embedded) continue;
        warn(c, W0311, word_span(c, s->ast, s->ast->text), "no rule reads this %s", what[s->kind]);
    }
}

static void lint_unused_params(struct compiler *c, const struct rule_work *r)
{
    uint32_t i = 0;
    for (const struct ast *p = ast_kid(r->ast, AST_PARAM); p; p = ast_next(p), i++)
        if (i < 64 && !(r->params_used >> i & 1))
            warn(c, W0311, word_span(c, p, p->text), "nothing in this rule reads the parameter");
}

/* Whether score, severity, title or responses name a step. */
static bool is_asked_for(const struct ast *e, struct text step)
{
    bool names = (e->kind == AST_EXISTS || (e->kind == AST_PATH && e->kids)) && text_equal(e->text, step);
    if (names || (e->kind == AST_PATH && !e->kids && text_equal(e->text, step))) return true;
    AST_EACH(kid, e)
        if (kid->kind != AST_STEP && kid->kind != AST_MATCH && is_asked_for(kid, step)) return true;
    return false;
}

static void lint_unused_steps(struct compiler *c, const struct rule_work *r)
{
    for (uint32_t i = 0; i < r->n_steps; i++) {
        const struct step_work *step = &r->steps[i];
        if (step->is_matched) continue;
        warn(c, W0301, step->span, "`" TEXT_FMT "` does not stand in `match`%s", TEXT_ARG(step->name),
             is_asked_for(r->ast, step->name) ? ": what asks for it never finds it" : "");
    }
}

/* ---- what a reader needs ---- */

static void lint_clauses(struct compiler *c, const struct rule_work *r)
{
    bool attack = ast_kid(r->ast, AST_ATTACK), falsepos = ast_kid(r->ast, AST_FALSEPOS);
    if (attack && falsepos) return;
    struct diag *d = warn(c, W0313, head_span(c, r->ast), "this rule has no %s%s%s", attack ? "" : "`attack`",
                          attack || falsepos ? "" : ", no ", falsepos ? "" : "`falsepos`");
    if (!d) return;
    if (!attack) diag_note(d, "for example: attack T1078.004");
    if (!falsepos) diag_note(d, "for example: falsepos \"A new employee\", or \"none known\"");
}

/* ---- the whole ---- */

static void lint_rule(struct compiler *c, const struct rule_work *r)
{
    struct name_walk w = {c, r->unit, r};
    lint_clauses(c, r);
    lint_unused_steps(c, r);
    lint_unused_params(c, r);
    lint_two_lists(c, r->ast);
    lint_params(&w);
    lint_bindings(&w, r->ast, NULL);
}

void lint_rules(struct compiler *c)
{
    for (uint32_t i = 0; i < c->works.len; i++) lint_rule(c, c->works.at[i]);
    for (uint32_t u = 0; u < c->units.len; u++)
        if (!c->units.at[u]->source->is_embedded) lint_names(c, c->units.at[u]);
    lint_unused_symbols(c);
}
