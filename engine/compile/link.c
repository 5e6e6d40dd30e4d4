/* link.c - `link identity|cause|entity NAME: events from expr to expr [for D]`: which record says what
 * belongs to what.
 *
 * A link is checked and lowered like the events of a baseline. It is not executed yet, so it is refused when
 * it is whole (E0522); `actor` is what the record itself says until then.
 */
#include "engine/compile/compiler.h"

#define LASTS_MOST (400 * 86400) /* seconds */

static uint8_t kind_of(struct compiler *c, const struct ast *word)
{
    struct nearest near = {.wanted = word->text};
    for (int kind = 0; kind < IR_LINK_KINDS; kind++) {
        struct text name = ir_link_kind_name((enum ir_link_kind)kind);
        if (text_equal(name, word->text)) return (uint8_t)kind;
        nearest_try(&near, name);
    }
    struct diag *d = diag_at(c->diags, E0255, word->span, "no link is of this kind");
    if (near.best.len) diag_fix(d, word->span, TEXT_FMT, TEXT_ARG(near.best));
    diag_note(d, "there are identity, cause and entity");
    return IR_LINK_ENTITY;
}

static ir_node_id lower_end(struct compiler *c, const struct unit *unit, const struct ast *on,
                            const struct ast *end)
{
    struct scope s = {
        .c = c, .place = IN_EVENT, .unit = unit, .step = IR_NONE, .own_step = IR_NONE, .events = on};
    return end && end->kids ? lower_value(&s, end->kids) : IR_POISON;
}

static int64_t lasts_of(struct compiler *c, const struct ast *clause)
{
    const struct ast *dur = clause ? clause->kids : NULL;
    if (!dur) return 0;
    if (dur->kind == AST_DUR && dur->num >= NS_PER_SECOND && dur->num <= LASTS_MOST * NS_PER_SECOND)
        return dur->num / NS_PER_SECOND;
    diag_at(c->diags, E0305, dur->span, "a link lasts 1s to 400d");
    return 0;
}

static void check_again(struct compiler *c, const struct ir_link *link)
{
    for (uint32_t i = 0; i < c->links.len; i++)
        if (text_equal(c->links.at[i].name, link->name))
            diag_label(
                diag_at(c->diags, E0202, link->span, "the link `" TEXT_FMT "` again", TEXT_ARG(link->name)),
                c->links.at[i].span, "declared here first");
}

static void lower_link(struct compiler *c, const struct unit *unit, const struct ast *item)
{
    const struct ast *kind = ast_kid(item, AST_NAME), *on = ast_kid(item, AST_ON);
    struct ir_link out = {.name = item->text, .span = head_span(c, item)};
    if (!kind || !on) return; /* it could not be read */
    check_again(c, &out);
    out.kind = kind_of(c, kind);
    out.n_on =
        lower_event_groups(c, unit, on, (struct api_owner){.name = out.name, .what = API_OF_LINK}, &out.on);
    out.from = lower_end(c, unit, on, ast_kid(item, AST_FROM_EXPR));
    out.to = lower_end(c, unit, on, ast_kid(item, AST_TO_EXPR));
    out.lasts = lasts_of(c, ast_kid(item, AST_FOR));
    if (!c->keeps_refused && !c->leaves_out) diag_at(c->diags, E0522, out.span, NULL);
    if (!c->leaves_out) *ARENA_PUSH(c->arena, c->links) = out;
}

void lower_links(struct compiler *c)
{
    for (uint32_t u = 0; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file)
            if (item->kind == AST_LINK) lower_link(c, c->units.at[u], item);
}
