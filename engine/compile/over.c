/* over.c - rules over rules: a step may wait for another rule's groups (language.md B21), in no circle and
 * not too high.
 */
#include "engine/compile/compiler.h"

#define HEIGHT_MOST 5 /* four rules below one another's heads */

static uint32_t height_of(struct compiler *c, struct symbol *rule);

static uint32_t height_over(struct compiler *c, struct symbol *rule, const struct ast *ref)
{
    struct symbol *of = symbol_find(c, SYMBOL_RULE, rule->unit, ref->text);
    if (!of) return 0; /* is reported where it is lowered */
    if (!of->is_open) return height_of(c, of);
    struct diag *d =
        diag_at(c->diags, E0338, ref->span, "this rule waits for `" TEXT_FMT "`", TEXT_ARG(of->name));
    if (of != rule)
        diag_label(d, head_span(c, of->ast), "and this one, over others or by itself, for the first");
    return 0;
}

/* The greatest height of the rules that stand in a tree. */
static uint32_t highest_below(struct compiler *c, struct symbol *rule, const struct ast *e)
{
    uint32_t most = e->kind == AST_RULE_REF ? height_over(c, rule, e) : 0;
    AST_EACH(kid, e) {
        uint32_t height = highest_below(c, rule, kid);
        if (most < height) most = height;
    }
    return most;
}

static uint32_t height_of(struct compiler *c, struct symbol *rule)
{
    if (rule->height) return rule->height;
    rule->is_open = true;
    rule->height = highest_below(c, rule, rule->ast) + 1;
    rule->is_open = false;
    if (rule->height == HEIGHT_MOST + 1)
        diag_at(c->diags, E0339, head_span(c, rule->ast), "this is the %uth rule over another", HEIGHT_MOST);
    return rule->height;
}

void check_rule_refs(struct compiler *c)
{
    for (uint32_t i = 0; i < c->symbols.len; i++)
        if (c->symbols.at[i]->kind == SYMBOL_RULE) height_of(c, c->symbols.at[i]);
}
