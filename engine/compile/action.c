/* action.c - verbs that are declared: `action jira.ticket(resource: name, note: text) { reach = "harmless"
 * }`.
 *
 * A declared verb is typed and may stand in `respond` like those of verb.def. What carries it out is outside
 * of csr: it is proposed, with its arguments by name, and whoever reads the incidents acts on it.
 *
 * Invariants
 * 1. A verb has one name in all files, whatever pack declares it; those of verb.def are taken.
 * 2. How far it reaches must be said: what is wide waits until its incident has settled.
 */
#include "engine/compile/compiler.h"
#include "engine/schema/verb.h"

static const char *const reaches[] = {
    [VERB_HARMLESS] = "harmless", [VERB_REVERSIBLE] = "reversible", [VERB_WIDE] = "wide"};

const struct ir_action *action_find(const struct compiler *c, struct text name)
{
    for (uint32_t i = 0; i < c->actions.len; i++)
        if (text_equal(c->actions.at[i].name, name)) return &c->actions.at[i];
    return NULL;
}

/* The word most like it among the verbs of verb.def and those that are declared; empty: none is near. */
struct text nearest_verb(const struct compiler *c, struct text name)
{
    struct nearest near = {.wanted = name};
    for (uint32_t i = 0; i < verb_count(); i++) nearest_try(&near, verb_at(i)->name);
    for (uint32_t i = 0; i < c->actions.len; i++) nearest_try(&near, c->actions.at[i].name);
    return near.best;
}

/* ---- parameters ---------------------------------------------------------------------------------------- */

static uint8_t kind_of(struct compiler *c, const struct ast *typed)
{
    struct nearest near = {.wanted = typed->kids ? typed->kids->text : TEXT("name")};
    for (int kind = 0; kind < IR_ARGUMENTS; kind++) {
        struct text name = ir_argument_name((enum ir_argument)kind);
        if (text_equal(name, near.wanted)) return (uint8_t)kind;
        nearest_try(&near, name);
    }
    struct diag *d = diag_at(c->diags, E0254, typed->kids->span, "no argument is of the kind `" TEXT_FMT "`",
                             TEXT_ARG(near.wanted));
    if (near.best.len) diag_fix(d, typed->kids->span, TEXT_FMT, TEXT_ARG(near.best));
    diag_note(d, "there are name, text, number, key, principal, instance and function");
    return IR_ARG_NAME;
}

static void lower_params(struct compiler *c, const struct ast *item, struct ir_action *out)
{
    out->params = ARENA_ARRAY(c->arena, struct ir_action_param, item->n_kids);
    AST_EACH(typed, item) {
        if (typed->kind != AST_TYPED) continue;
        for (uint32_t i = 0; i < out->n_params; i++)
            if (text_equal(out->params[i].name, typed->text))
                diag_at(c->diags, E0202, typed->span, "the argument `" TEXT_FMT "` again",
                        TEXT_ARG(typed->text));
        out->params[out->n_params++] = (struct ir_action_param){typed->text, kind_of(c, typed)};
    }
}

/* ---- the block ----------------------------------------------------------------------------------------- */

static void lower_reach(struct compiler *c, const struct ast *entry, struct ir_action *out)
{
    for (size_t i = 0; entry->kids && i < sizeof reaches / sizeof *reaches; i++)
        if (entry->kids->kind == AST_STRING && text_equal(entry->kids->text, text_of(reaches[i]))) {
            out->reach = (uint8_t)i;
            return;
        }
    diag_note(diag_at(c->diags, E0254, entry->span, "this is no reach"),
              "it is \"harmless\" (changes nothing), \"reversible\" (one target, can be undone) or \"wide\"");
}

static void lower_body(struct compiler *c, const struct ast *item, struct ir_action *out)
{
    const struct ast *block = ast_kid(item, AST_BLOCK);
    bool has_reach = false;
    for (const struct ast *entry = block ? block->kids : NULL; entry; entry = entry->next) {
        bool is_reach = text_equal(entry->text, TEXT("reach")),
             is_text = entry->kids && entry->kids->kind == AST_STRING;
        has_reach |= is_reach;
        if (is_reach)
            lower_reach(c, entry, out);
        else if (text_equal(entry->text, TEXT("meaning")) && is_text)
            out->meaning = entry->kids->text;
        else
            diag_note(diag_at(c->diags, E0254, entry->span, "an action says nothing of this kind"),
                      "it has `reach = \"…\"` and `meaning = \"…\"`");
    }
    if (block && !has_reach)
        diag_note(diag_at(c->diags, E0254, head_span(c, item), "how far does it reach?"),
                  "write reach = \"harmless\", \"reversible\" or \"wide\"");
}

static void declare_action(struct compiler *c, const struct ast *item)
{
    const struct ir_action *earlier = action_find(c, item->text);
    struct csr_span at = word_span(c, item, item->text);
    if (verb_find(item->text)) {
        diag_at(c->diags, E0202, at, "csr has a verb `" TEXT_FMT "` of its own", TEXT_ARG(item->text));
        return;
    }
    if (earlier) {
        diag_label(diag_at(c->diags, E0202, at, "the action `" TEXT_FMT "` again", TEXT_ARG(item->text)),
                   earlier->span, "declared here first");
        return;
    }
    struct ir_action out = {.name = item->text, .reach = VERB_WIDE, .span = head_span(c, item)};
    lower_params(c, item, &out);
    lower_body(c, item, &out);
    *ARENA_PUSH(c->arena, c->actions) = out;
}

void declare_actions(struct compiler *c)
{
    for (uint32_t u = 0; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file)
            if (item->kind == AST_ACTION) declare_action(c, item);
}
