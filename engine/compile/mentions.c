/* mentions.c - what an expression speaks of, before it is lowered.
 *
 * A predicate is cut into its and-ed parts, and each part goes where it can be judged: over the event alone,
 * in the gate (it asks a baseline), or into a join (it names another step). This walk tells which, and looks
 * through defines.
 */
#include "engine/compile/compiler.h"

static void mention(const struct scope *s, const struct ast *e, struct mentions *m);

static void mention_kids(const struct scope *s, const struct ast *e, struct mentions *m)
{
    if (!e) return;
    AST_EACH(kid, e) mention(s, kid, m);
}

static void mention_defined(const struct scope *s, struct symbol *define, const struct ast *args,
                            struct csr_span span, struct mentions *m)
{
    struct scope inner;
    const struct ast *body = define_enter(s, define, args, span, &inner);
    if (body) mention(&inner, body, m);
}

static void mention_path(const struct scope *s, const struct ast *e, struct mentions *m)
{
    if (e->kids && e->kids->kind == AST_DOC) {
        mention_kids(s, e->kids->kids, m);
        return;
    }
    const struct binding *b = binding_find(s, e->text);
    if (b && !b->is_item && argument_may_expand(s, e->span)) {
        struct scope caller = *s;
        caller.bindings = b->arg_scope->bindings;
        caller.open = b->arg_scope->open;
        caller.unit = b->arg_scope->unit;
        mention(&caller, b->arg, m);
    }
    if (b) return;
    struct symbol *define = define_named(s, e);
    if (define) {
        mention_defined(s, define, NULL, e->span, m);
        return;
    }
    bool member = e->kids && e->kids->kind == AST_FIELD;
    uint32_t step = s->rule && member ? step_find(s->rule, e->text) : IR_NONE;
    if (step != IR_NONE)
        m->steps |= UINT64_C(1) << step;
    else if (field_begins(e->text))
        m->bare = true;
}

static void mention_call(const struct scope *s, const struct ast *e, struct mentions *m)
{
    struct symbol *define = define_named(s, e);
    const struct ast *args = ast_kid(e, AST_ARGS);
    if (define)
        mention_defined(s, define, args, e->span, m);
    else if (is_question(e->text))
        m->asks = true;
    else
        mention_kids(s, args, m);
}

static void mention(const struct scope *s, const struct ast *e, struct mentions *m)
{
    struct binding item = {.name = e->text, .is_item = true, .arg_scope = s, .outer = s->bindings};
    struct scope inner = *s;
    if (!expr_enter(s, e->span)) return;
    inner.bindings = &item;
    switch (e->kind) {
    case AST_PATH: mention_path(s, e, m); break;
    case AST_CALL: mention_call(s, e, m); break;
    case AST_ANY:
    case AST_ALL:
        mention(s, e->kids, m);
        mention(&inner, e->kids->next, m);
        break;
    default: mention_kids(s, e, m); break;
    }
    s->c->expr_depth--;
}

struct mentions expr_mentions(const struct scope *s, const struct ast *e)
{
    struct mentions m = {0};
    mention(s, e, &m);
    return m;
}
