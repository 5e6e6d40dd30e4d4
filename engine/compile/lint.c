/* lint.c - what is allowed but seldom meant. Only looked at when there is no error. */
#include "engine/compile/compiler.h"

#define LONG_WINDOW (24 * 3600)

static bool goes_into_list(const struct ast *e)
{
    return e && e->kind == AST_PATH && ast_kid(e, AST_ELEMENTS);
}

/* `req.a[].from <= 22 == req.a[].to` in one comparison: each side chooses an element of its own. */
static void lint_two_lists(struct compiler *c, const struct ast *e)
{
    bool compares = e->kind == AST_TEST_OP || e->kind == AST_IN || e->kind == AST_NOT_IN;
    if (compares && goes_into_list(e->kids) && goes_into_list(e->kids->next)) {
        struct diag *d = warn(c, W0303, e->span, "each side looks through its list for itself");
        if (d) diag_note(d, "for one and the same element write any x in list[] (x.a == x.b)");
    }
    AST_EACH(kid, e) lint_two_lists(c, kid);
}

static void lint_rule(struct compiler *c, const struct rule_work *r)
{
    const struct ast *within = ast_kid(r->ast, AST_WITHIN);
    if (r->out.within > LONG_WINDOW && within)
        warn(c, W0302, within->span, "every half-built match is kept for that long");
    for (uint32_t i = 0; i < r->n_steps; i++)
        if (!r->steps[i].is_matched)
            warn(c, W0301, r->steps[i].span, "`" TEXT_FMT "` does not stand in `match`",
                 TEXT_ARG(r->steps[i].name));
    lint_two_lists(c, r->ast);
}

void lint_rules(struct compiler *c)
{
    for (uint32_t i = 0; i < c->works.len; i++) lint_rule(c, c->works.at[i]);
}
