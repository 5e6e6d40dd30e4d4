/* events.c - the names of events in steps and baselines: `iam:Create*`, `*`, another rule.
 *
 * A misspelt name waits for a call that never comes. It is no error, because AWS has calls that are newer than the
 * tables; the warning says what the step, rule or baseline then cannot see.
 */
#include "engine/compile/compiler.h"
#include "engine/schema/api.h"

struct ir_api split_api(struct text written)
{
    const char *colon = written.len ? memchr(written.at, ':', written.len) : NULL;
    uint32_t at = colon ? (uint32_t)(colon - written.at) : written.len;
    struct ir_api out = {.service = {written.at, at}, .rule = IR_NONE};
    if (colon) out.action = (struct text){colon + 1, written.len - at - 1};
    return out;
}

/* What the wrong name takes from its owner. */
static void note_loss(struct diag *d, struct api_owner owner)
{
    bool alone = owner.n_apis <= 1;
    switch (owner.what) {
    case API_OF_STEP:
        diag_note(d, alone ? "no event fills the step `" TEXT_FMT "`" : "of its events the step `" TEXT_FMT
                                                                        "` never takes this one",
                  TEXT_ARG(owner.name));
        break;
    case API_OF_BASELINE:
        diag_note(d, alone ? "the baseline `" TEXT_FMT "` learns nothing" : "the baseline `" TEXT_FMT
                                                                            "` does not learn from this call",
                  TEXT_ARG(owner.name));
        break;
    case API_OF_LINK:
        diag_note(d, alone ? "the link `" TEXT_FMT "` is never made" : "the link `" TEXT_FMT
                                                                      "` is not made by this call",
                  TEXT_ARG(owner.name));
        break;
    case API_OF_RULE:
        diag_note(d, "%s", alone ? "the rule never fires" : "of its events the rule never takes this one");
        break;
    case API_OF_TEST: diag_note(d, "no rule can name the event that this line makes"); break;
    }
}

void check_api(struct compiler *c, const struct unit *unit, const struct ast *api, struct api_owner owner)
{
    struct ir_api name = split_api(api->text);
    if (!api_has_source(c, unit, api) || !knows_names(c, name)) return;
    struct api_answer answer = api_look_up(name.service, name.action);
    if (answer.found == API_KNOWN || answer.found == API_OPEN) return;
    bool renamed = answer.found == API_RENAMED;
    struct diag *d = warn(c, W0204, api->span, "%s",
                          renamed ? "the log calls it otherwise" : "no call of this name is known");
    if (!d) return;
    note_loss(d, owner);
    const char *hint = answer.action.len ? NULL : api_hint(name.service);
    if (hint) diag_note(d, "%s", hint);
    if (answer.action.len)
        diag_fix(d, api->span, TEXT_FMT ":" TEXT_FMT, TEXT_ARG(answer.service), TEXT_ARG(answer.action));
}

static void lower_rule_ref(struct compiler *c, const struct unit *unit, const struct ast *ref, struct ir_api *out)
{
    const struct symbol *rule = symbol_find(c, SYMBOL_RULE, unit, ref->text);
    *out = (struct ir_api){.rule = 0};
    if (rule) {
        out->action = rule->name; /* until all rules have their numbers */
        struct diag *d = rule->disabled ? warn(c, W0324, ref->span, "nothing comes from this rule") : NULL;
        if (d) diag_label(d, rule->disabled->span, "it is switched off here");
        *ARENA_PUSH(c->arena, c->rule_refs) = (struct rule_ref){out, rule};
        return;
    }
    struct nearest near = {.wanted = ref->text};
    symbol_offer(c, SYMBOL_RULE, unit, &near);
    struct diag *d =
        diag_at(c->diags, E0208, ref->span, "no rule is called `" TEXT_FMT "`", TEXT_ARG(ref->text));
    if (near.best.len)
        diag_fix(d, ref->span, TEXT_FMT, TEXT_ARG(near.best));
    else
        diag_note(d, "an API call is written service:Action, like ec2:RunInstances");
}

/* A rule's groups and calls give their values in different ways, so they do not share a predicate. */
static void check_alone(struct compiler *c, const struct ast *ref, const struct ast *group)
{
    AST_EACH(kid, group) {
        if (kid == ref || (kid->kind != AST_API && kid->kind != AST_ANY_API && kid->kind != AST_RULE_REF)) continue;
        struct diag *d = diag_at(c->diags, E0340, ref->span, "a rule");
        diag_label(d, kid->span, "and something else");
        diag_note(d, "write each as a group of its own: first | second");
        return;
    }
}

void lower_apis(struct compiler *c, const struct unit *unit, const struct ast *group, struct api_owner owner,
                struct ir_group *out)
{
    out->apis = ARENA_ARRAY(c->arena, struct ir_api, group->n_kids);
    AST_EACH(kid, group) {
        if (kid->kind == AST_API) {
            out->apis[out->n_apis++] = fold_api(c, split_api(kid->text));
            check_api(c, unit, kid, owner);
        }
        if (kid->kind == AST_ANY_API) out->apis[out->n_apis++] = (struct ir_api){.rule = IR_NONE};
        if (kid->kind != AST_RULE_REF) continue;
        check_alone(c, kid, group);
        lower_rule_ref(c, unit, kid, &out->apis[out->n_apis++]);
    }
    out->test = out->gate = IR_NONE;
}

uint32_t lower_event_groups(struct compiler *c, const struct unit *unit, const struct ast *on, struct api_owner owner,
                            struct ir_group **out)
{
    struct scope s = {.c = c, .place = IN_EVENT, .unit = unit, .step = IR_NONE, .own_step = IR_NONE};
    uint32_t n = 0;
    AST_EACH(group, on)
        AST_EACH(kid, group) owner.n_apis += kid->kind == AST_API || kid->kind == AST_ANY_API;
    *out = ARENA_ARRAY(c->arena, struct ir_group, on->n_kids);
    AST_EACH(group, on) {
        struct ir_group *to = &(*out)[n++];
        const struct ast *predicate = ast_kid(group, AST_IF);
        lower_apis(c, unit, group, owner, to);
        if (!predicate || !predicate->kids) continue;
        s.events = group;
        lint_begin(c);
        to->test = lower_test(&s, predicate->kids);
        lint_condition(&s, to->test, predicate->kids->span);
    }
    return n;
}
