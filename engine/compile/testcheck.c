/* testcheck.c - `test` blocks: their names are checked, they are not run yet. */
#include "engine/compile/compiler.h"
#include "engine/schema/verb.h"

struct test {
    struct compiler *c;
    const struct unit *unit;
    struct rule_work *rule;
};

static bool is_incident_word(struct text name)
{
    enum ir_severity severity;
    static const char *const words[] = {"score", "severity", "title", "true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_equal(text_of(words[i]), name)) return true;
    return severity_find(name, &severity);
}

static bool rule_knows(const struct test *t, const struct ast *path)
{
    const struct ir_rule *rule = &t->rule->out;
    for (uint32_t i = 0; i < rule->n_by; i++)
        if (text_equal(rule->by[i].name, path_words(t->c->arena, path->text, path->kids))) return true;
    for (uint32_t i = 0; i < t->rule->n_steps; i++)
        if (text_equal(t->rule->steps[i].name, path->text) || step_has_with(t->rule, i, path->text))
            return true;
    return field_begins(path->text);
}

/* What `expect incident where` says of the incident: words of an incident, and what the rule's own title may
 * say. */
static void check_expression(const struct test *t, const struct ast *e)
{
    if (e->kind == AST_EXISTS) step_expect(t->rule, e->text, word_span(t->c, e, e->text));
    if (e->kind == AST_PATH && !is_incident_word(e->text) && !rule_knows(t, e)) {
        struct nearest near = {.wanted = e->text};
        for (uint32_t i = 0; i < t->rule->n_steps; i++) nearest_try(&near, t->rule->steps[i].name);
        for (int s = IR_INFO; s <= IR_CRITICAL; s++)
            nearest_try(&near, ir_severity_name((enum ir_severity)s));
        struct diag *d =
            diag_at(t->c->diags, E0203, e->span, "nothing is called `" TEXT_FMT "` here", TEXT_ARG(e->text));
        if (near.best.len) diag_fix(d, e->span, TEXT_FMT, TEXT_ARG(near.best));
    }
    AST_EACH(kid, e) check_expression(t, kid);
}

static void check_at(const struct test *t, const struct ast *at)
{
    const struct ast *api = ast_kid(at, AST_API);
    if (api) check_api(t->c, api, (struct api_owner){.what = API_OF_TEST});
}

static void check_action(const struct test *t, const struct ast *stmt)
{
    const struct verb_info *near = verb_nearest(stmt->text);
    if (verb_find(stmt->text)) return;
    struct csr_span at = word_span(t->c, stmt, stmt->text);
    struct diag *d =
        diag_at(t->c->diags, E0220, at, "no verb is called `" TEXT_FMT "`", TEXT_ARG(stmt->text));
    if (near) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near->name));
}

static void check_statement(const struct test *t, const struct ast *stmt)
{
    const struct ast *when = ast_kid(stmt, AST_IF);
    switch (stmt->kind) {
    case AST_AT: check_at(t, stmt); break;
    case AST_KNOWN:
        if (!symbol_find(t->c, SYMBOL_BASELINE, t->unit, stmt->text))
            symbol_unknown(t->c, SYMBOL_BASELINE, t->unit, stmt->text, word_span(t->c, stmt, stmt->text));
        break;
    case AST_EXPECT_PARTIAL: step_expect(t->rule, stmt->text, word_span(t->c, stmt, stmt->text)); break;
    case AST_EXPECT_ACTION: check_action(t, stmt); break;
    case AST_EXPECT_INCIDENT:
        if (when && when->kids) check_expression(t, when->kids);
        break;
    default: break;
    }
}

static void check_test(struct compiler *c, const struct unit *unit, const struct ast *ast)
{
    struct symbol *symbol = symbol_find(c, SYMBOL_RULE, unit, ast->text);
    struct test t = {.c = c, .unit = unit};
    if (!symbol) {
        symbol_unknown(c, SYMBOL_RULE, unit, ast->text, word_span(c, ast, ast->text));
        return;
    }
    for (uint32_t i = 0; i < c->works.len && !t.rule; i++)
        if (c->works.at[i]->ast == symbol->ast) t.rule = c->works.at[i];
    AST_EACH(stmt, ast)
        if (t.rule) check_statement(&t, stmt);
}

void check_tests(struct compiler *c)
{
    for (uint32_t u = 0; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file)
            if (item->kind == AST_TEST) check_test(c, c->units.at[u], item);
}
