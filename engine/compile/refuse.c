/* refuse.c - what the language says and the engine does not execute yet: refused by name, never ignored.
 *
 * A kind of node that is wholly unexecuted is a row here; a construct that only a place makes impossible (a
 * count with an upper bound, say) is refused by the pass that reads the place.
 */
#include "engine/compile/compiler.h"

static const struct {
    enum ast_kind kind;
    enum diag_code code;
} refused[] = {
    {AST_DISTINCT_BY, E0501}, {AST_SUM_REP, E0502}, {AST_IN_REP, E0503},  {AST_IN_DUR, E0503},
    {AST_M_OF, E0504},        {AST_M_NOT, E0505},   {AST_UNTIL, E0506},   {AST_WHERE, E0507},
    {AST_MOST, E0508},        {AST_SPIKE, E0513},   {AST_REQUIRE, E0518},
    {AST_TUNE, E0519},        {AST_DISABLE, E0520}, {AST_DATASET, E0521}, {AST_LINK, E0522},
    {AST_ACTION, E0523},
};

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

/* Items run over many lines; their beginning says enough. */
static bool is_item(const struct ast *node)
{
    return node->kind < AST_TITLE;
}

bool refuse(const struct compiler *c, const struct ast *node)
{
    for (uint32_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (refused[i].kind == node->kind) {
            diag_at(c->diags, refused[i].code, is_item(node) ? head_span(c, node) : node->span, NULL);
            return true;
        }
    return false;
}
