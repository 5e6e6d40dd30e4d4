/* baseline.c - what is remembered of the past: key, value, which events teach it, and for how long. */
#include "engine/compile/compiler.h"

static int64_t seconds_of(struct compiler *c, const struct ast *clause)
{
    const struct ast *dur = clause ? clause->kids : NULL;
    if (!dur) return 0;
    if (dur->num > 0 && dur->num % NS_PER_SECOND == 0) return dur->num / NS_PER_SECOND;
    diag_at(c->diags, E0305, dur->span, "a baseline counts in whole seconds, and needs at least one");
    return 0;
}

static void lower_paths(struct compiler *c, const struct unit *unit, const struct ast *paths, const struct ast *on,
                        struct ir_baseline *out)
{
    struct scope s = {
        .c = c, .place = IN_EVENT, .unit = unit, .step = IR_NONE, .own_step = IR_NONE, .events = on};
    uint32_t n = paths->n_kids;
    out->value = IR_NONE;
    out->key = ARENA_ARRAY(c->arena, ir_node_id, n);
    AST_EACH(path, paths) {
        ir_node_id node = lower_value(&s, path);
        if (n > 1 && !path->next)
            out->value = node;
        else
            out->key[out->n_key++] = node;
    }
}

/* Whether a predicate says something about the outcome: then it decides what is learnt. */
static bool names_outcome(const struct ast *e)
{
    static const char *const outcomes[] = {"ok", "failed", "denied"};
    for (size_t i = 0; e->kind == AST_PATH && !e->kids && i < 3; i++)
        if (text_equal(e->text, text_of(outcomes[i]))) return true;
    AST_EACH(kid, e)
        if (names_outcome(kid)) return true;
    return false;
}

static void lower_on(struct compiler *c, const struct unit *unit, const struct ast *on,
                     struct ir_baseline *out)
{
    struct api_owner owner = {.name = out->name, .what = API_OF_BASELINE};
    out->n_on = lower_event_groups(c, unit, on, owner, &out->on);
    AST_EACH(group, on) {
        const struct ast *predicate = ast_kid(group, AST_IF);
        if (predicate && predicate->kids) out->learns_failed |= names_outcome(predicate->kids);
    }
}

static void lower_baseline(struct compiler *c, struct symbol *symbol)
{
    const struct ast *ast = symbol->ast, *paths = ast_kid(ast, AST_PATHS), *on = ast_kid(ast, AST_ON);
    const struct ast *days = ast_kid(ast, AST_DAYS);
    struct diag_mark mark = diags_mark(c->diags);
    c->expansions = 0;
    struct ir_baseline out = {.name = symbol->name, .span = ast->span, .days = 1};
    if (paths) lower_paths(c, symbol->unit, paths, on, &out);
    if (on) lower_on(c, symbol->unit, on, &out);
    out.keep = seconds_of(c, ast_kid(ast, AST_KEEP));
    out.warmup = seconds_of(c, ast_kid(ast, AST_WARMUP));
    if (days && days->kids) {
        const struct ast *num = days->kids;
        if (num->is_real || num->num < 1 || num->num > 64)
            diag_at(c->diags, E0318, num->span, "days are 1 to 64");
        else
            out.days = (uint32_t)num->num;
    }
    symbol->refused = leave_out(c, mark, symbol->unit);
    if (symbol->refused) return;
    *ARENA_PUSH(c->arena, c->baselines) = out;
    if (diags_errors(c->diags) == mark.errors) symbol->number = c->baselines.len - 1;
}

void lower_baselines(struct compiler *c)
{
    for (uint32_t i = 0; i < c->symbols.len; i++)
        if (c->symbols.at[i]->kind == SYMBOL_BASELINE) lower_baseline(c, c->symbols.at[i]);
}
