/* lint.c - what is allowed but seldom meant. Only looked at when there is no error, and silenced where it
 * stands:
 *
 *     # csr: allow W0302 reason "the window is the shift"
 */
#include "engine/compile/compiler.h"

#include <stdarg.h>

#define LONG_WINDOW (24 * 3600)

/* ---- silencing ---- */

static bool same_line(const struct compiler *c, uint32_t a, uint32_t b, uint32_t lines_later)
{
    struct place first = sources_place(c->sources, a), second = sources_place(c->sources, b);
    return first.file == second.file && second.line == first.line + lines_later;
}

/* The rule that a place stands in, for a comment before the whole rule. */
static uint32_t rule_start(const struct compiler *c, struct csr_span at)
{
    for (uint32_t i = 0; i < c->rules.len; i++)
        if (c->rules.at[i].span.lo <= at.lo && at.lo < c->rules.at[i].span.hi) return c->rules.at[i].span.lo;
    return at.lo;
}

static bool is_allowed(struct compiler *c, enum diag_code code, struct csr_span at)
{
    const struct source *file = sources_find(c->sources, at.lo);
    struct parse parse = {c->arena, c->names, c->sources, c->diags};
    if (!file) return false;
    struct allowances all = csr_parse_allowances(&parse, file);
    for (uint32_t i = 0; i < all.len; i++) {
        struct allowance a = all.at[i];
        if (!text_equal(a.code, text_of(diag_info(code)->name))) continue;
        if (same_line(c, a.at.lo, at.lo, 0) || same_line(c, a.at.lo, at.lo, 1) ||
            same_line(c, a.at.lo, rule_start(c, at), 1))
            return true;
    }
    return false;
}

struct diag *warn(struct compiler *c, enum diag_code code, struct csr_span at, const char *label, ...)
{
    va_list ap;
    if (is_allowed(c, code, at)) return NULL;
    va_start(ap, label);
    struct text words = arena_vprintf(c->arena, label, ap);
    va_end(ap);
    return diag_at(c->diags, code, at, TEXT_FMT, TEXT_ARG(words));
}

/* ---- lints ---- */

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
