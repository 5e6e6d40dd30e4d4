/* respond.c - what a rule proposes: verbs of verb.def, each with the one argument that it takes, and declared ones
 * with theirs. */
#include "engine/compile/compiler.h"
#include "engine/schema/verb.h"

/* Every capture that an argument reads is a target: all its values are collected. */
static void mark_targets(struct rule_work *r, ir_node_id id)
{
    const struct ir_node node = *ir_build_at(&r->c->build, id);
    if (node.op == IR_OP_CAPTURE) r->steps[node.y].captures.at[node.x].is_target = true;
    for (uint32_t i = 0; i < node.n; i++) mark_targets(r, r->c->build.operands.at[node.first + i]);
}

/* `made.principal`, which as a target is the principal's ARN. */
static const struct ast *principal_arn(struct compiler *c, const struct ast *arg)
{
    const struct ast *last = arg->kids;
    while (last && last->next) last = last->next;
    struct text name = last ? last->text : arg->text;
    if (arg->kind != AST_PATH || !text_equal(name, TEXT("principal"))) return arg;
    struct ast *path = ARENA_NEW(c->arena, struct ast), *arn = ARENA_NEW(c->arena, struct ast);
    *path = *arg;
    *arn = (struct ast){.kind = AST_FIELD, .text = TEXT("arn"), .span = arg->span};
    struct ast **end = &path->kids;
    for (const struct ast *from = arg->kids; from; from = from->next) {
        *end = ARENA_NEW(c->arena, struct ast);
        **end = *from;
        end = &(*end)->next;
    }
    *end = arn;
    return path;
}

static ir_node_id lower_sink_name(struct rule_work *r, const struct verb_info *verb, const struct ast *arg)
{
    if (arg->kind == AST_STRING) return literal_node(r->c, arg);
    diag_note(diag_at(r->c->diags, E0320, arg->span, "the name of a sink in quotes is needed here"),
              "write " TEXT_FMT "(\"soc\"); where it goes stands in the site file", TEXT_ARG(verb->name));
    return IR_POISON;
}

static ir_node_id lower_target(struct rule_work *r, bool is_principal, const struct ast *arg)
{
    struct scope s = match_scope(r);
    if (is_principal) arg = principal_arn(r->c, arg);
    ir_node_id node = lower_value(&s, arg);
    if (node == IR_POISON) return node;
    enum ir_type type = expr_type(r->c, node);
    if (type != IR_TYPE_STRING && type != IR_TYPE_ARN && type != IR_TYPE_ANY && type != IR_TYPE_LIST) {
        diag_at(r->c->diags, E0320, arg->span, "this is %s, no name of a thing", a_type(type));
        return IR_POISON;
    }
    mark_targets(r, node);
    return node;
}

static void lower_argument(struct rule_work *r, const struct verb_info *verb, const struct ast *act,
                           struct ir_respond *out)
{
    const struct ast *args = ast_kid(act, AST_ARGS);
    uint32_t given = args ? args->n_kids : 0;
    if (given != 1) {
        diag_at(r->c->diags, E0320, act->span,
                "`" TEXT_FMT "` takes one argument, its " TEXT_FMT "; here are %u", TEXT_ARG(verb->name),
                TEXT_ARG(verb->parameter), given);
        return;
    }
    out->n_args = 1;
    out->arg_names = ARENA_ARRAY(r->c->arena, struct text, 1);
    out->arg_names[0] = verb->parameter;
    out->args = ARENA_ARRAY(r->c->arena, ir_node_id, 1);
    out->args[0] =
        verb_takes_sink(verb) ? lower_sink_name(r, verb, args->kids) : lower_target(r, verb->target == VERB_PRINCIPAL, args->kids);
}

/* ---- declared verbs ---- */

static ir_node_id lower_plain(struct rule_work *r, const struct ast *arg, bool is_number)
{
    struct scope s = match_scope(r);
    ir_node_id node = lower_value(&s, arg);
    if (node == IR_POISON) return node;
    enum ir_type type = expr_type(r->c, node);
    bool counts = type == IR_TYPE_INT || type == IR_TYPE_FLOAT || type == IR_TYPE_SIZE;
    if (type == IR_TYPE_ANY || (is_number ? counts : !counts && type != IR_TYPE_LIST && type != IR_TYPE_BOOL)) return node;
    diag_at(r->c->diags, E0320, arg->span, "this is %s; %s is wanted", a_type(type), is_number ? "a number" : "text");
    return IR_POISON;
}

static ir_node_id lower_declared_argument(struct rule_work *r, uint8_t kind, const struct ast *arg)
{
    if (kind == IR_ARG_TEXT || kind == IR_ARG_NUMBER) return lower_plain(r, arg, kind == IR_ARG_NUMBER);
    return lower_target(r, kind == IR_ARG_PRINCIPAL, arg);
}

static void lower_declared(struct rule_work *r, const struct ir_action *action, const struct ast *act,
                           struct ir_respond *out)
{
    const struct ast *args = ast_kid(act, AST_ARGS), *arg = args ? args->kids : NULL;
    uint32_t given = args ? args->n_kids : 0;
    if (given != action->n_params) {
        diag_label(diag_at(r->c->diags, E0320, act->span, "`" TEXT_FMT "` takes %u; here are %u", TEXT_ARG(action->name),
                           action->n_params, given),
                   action->span, "it is declared here");
        return;
    }
    out->n_args = given;
    out->arg_names = ARENA_ARRAY(r->c->arena, struct text, given);
    out->args = ARENA_ARRAY(r->c->arena, ir_node_id, given);
    for (uint32_t i = 0; i < given; i++, arg = arg->next) {
        out->arg_names[i] = action->params[i].name;
        out->args[i] = lower_declared_argument(r, action->params[i].kind, arg);
    }
}

static bool holds_credentials(const struct verb_info *verb, const struct ir_action *action)
{
    bool any = verb && (verb->target == VERB_ACCESS_KEY || verb->target == VERB_PRINCIPAL);
    for (uint32_t i = 0; action && i < action->n_params; i++)
        any |= action->params[i].kind == IR_ARG_KEY || action->params[i].kind == IR_ARG_PRINCIPAL;
    return any;
}

/* Of the one of the two that there is. */
static void check_reach(struct rule_work *r, const struct verb_info *verb, const struct ir_action *action,
                        const struct ast *act)
{
    const struct ast *undo = ast_kid(act, AST_UNDO);
    if ((verb ? (uint8_t)verb->reach : action->reach) == VERB_WIDE && !ast_kid(act, AST_SETTLED))
        diag_note(diag_at(r->c->diags, E0319, act->span, "`" TEXT_FMT "` reaches far", TEXT_ARG(act->text)),
                  "write `at %lld settled " TEXT_FMT "(…)`", (long long)act->num, TEXT_ARG(act->text));
    if (undo && holds_credentials(verb, action))
        diag_at(r->c->diags, E0321, undo->span, "a stolen key must not come back by itself");
}

static void unknown_verb(struct rule_work *r, const struct ast *act)
{
    struct text near = nearest_verb(r->c, act->text);
    struct csr_span at = word_span(r->c, act, act->text);
    struct diag *d = diag_at(r->c->diags, E0220, at, "no verb is called `" TEXT_FMT "`", TEXT_ARG(act->text));
    if (near.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near));
}

static void lower_act(struct rule_work *r, const struct ast *act, struct ir_respond *out)
{
    const struct verb_info *verb = verb_find(act->text);
    const struct ast *limit = ast_kid(act, AST_LIMIT), *undo = ast_kid(act, AST_UNDO);
    *out = (struct ir_respond){.at = (int32_t)act->num,
                               .settled = ast_kid(act, AST_SETTLED) != NULL,
                               .verb = act->text,
                               .span = act->span};
    if (act->num < 0 || act->num > 100)
        diag_at(r->c->diags, E0318, act->span, "this is %lld; a score is 0 to 100", (long long)act->num);
    if (limit) {
        out->limit = (uint32_t)limit->num;
        out->limit_what = limit->text;
        if (limit->num < 1 || limit->num > 256)
            diag_at(r->c->diags, E0318, limit->span, "a limit is 1 to 256");
    }
    if (undo && undo->kids) out->undo_after = whole_seconds(r, undo->kids);
    const struct ir_action *action = verb ? NULL : action_find(r->c, act->text);
    if (!verb && !action) {
        unknown_verb(r, act);
        return;
    }
    if (verb)
        lower_argument(r, verb, act, out);
    else
        lower_declared(r, action, act, out);
    check_reach(r, verb, action, act);
}

void lower_respond(struct rule_work *r, const struct ast *clause)
{
    r->out.responds = ARENA_ARRAY(r->c->arena, struct ir_respond, clause->n_kids);
    AST_EACH(act, clause)
        if (act->kind == AST_ACT) lower_act(r, act, &r->out.responds[r->out.n_responds++]);
}
