/* repeat.c - what stands in brackets behind a step: how many of its events, how many different values, or
 * which amount, and within which window (language.md B8).
 */
#include "engine/compile/compiler.h"
#include "engine/ir/progress.h"

static bool whole_number(struct rule_work *r, const struct ast *num, int64_t *out)
{
    const struct ir_param *param = num->kind == AST_NAME ? rule_param(r, num->text) : NULL;
    if (num->kind == AST_NUM && !num->is_real)
        *out = num->num;
    else if (param && param->value.kind == VALUE_INT)
        *out = param->value.i;
    else {
        diag_at(r->c->diags, E0308, num->span, "a whole number or a parameter that is one is needed here");
        return false;
    }
    return true;
}

/* A number that some events of a step can come to. */
static bool lower_number(struct rule_work *r, const struct ast *num, uint32_t *out)
{
    int64_t n = 0;
    if (!whole_number(r, num, &n)) return false;
    if (n >= 1 && n <= TIMES_MOST) {
        *out = (uint32_t)n;
        return true;
    }
    diag_at(r->c->diags, E0308, num->span, "this is %lld; 1 to %d are possible", (long long)n, TIMES_MOST);
    return false;
}

static bool lower_inner(struct rule_work *r, const struct ast *in, struct ir_match *out)
{
    if (in) out->in = whole_seconds(r, in->kids);
    return out->in >= 0;
}

/* The step's value that is counted or added up: `region`, or `s.region` with the step's own name before it.
 */
static bool lower_taken_value(struct rule_work *r, const struct ast *path, struct ir_match *out)
{
    uint32_t step = out->kids->step;
    struct text head = path->text;
    const struct ast *tail = path->kids;
    if (text_equal(head, r->steps[step].name) && tail && tail->kind == AST_FIELD)
        head = tail->text, tail = tail->next;
    check_members_of(r->c, &r->steps[step].ast, 1, head, tail, path->span);
    ir_node_id id = step_capture(r, step, head, tail, path->span);
    if (id == IR_POISON) return false;
    out->value = ir_build_at(&r->c->build, id)->x;
    return true;
}

/* `3..`, `3..5`, `3.. distinct region` */
static bool lower_times(struct rule_work *r, const struct ast *rep, struct ir_match *out)
{
    const struct ast *most = ast_kid(rep, AST_MOST), *distinct = ast_kid(rep, AST_DISTINCT_BY);
    if (!lower_number(r, rep->kids, &out->least) || (most && !lower_number(r, most->kids, &out->most)))
        return false;
    if (most && distinct) {
        diag_at(r->c->diags, E0308, most->span, "a count of different values has no upper bound");
        return false;
    }
    if (most && out->most < out->least) {
        diag_at(r->c->diags, E0308, rep->span, "the upper bound is the smaller one");
        return false;
    }
    if (!distinct) return true;
    out->taking = IR_TAKE_DISTINCT;
    return lower_taken_value(r, distinct->kids, out);
}

static bool amount_of(struct rule_work *r, const struct ast *num, double *out)
{
    const struct ir_param *param = num->kind == AST_NAME ? rule_param(r, num->text) : NULL;
    if (num->kind == AST_NUM || num->kind == AST_SIZE)
        *out = num->is_real ? num->real : (double)num->num;
    else if (param && (param->value.kind == VALUE_INT || param->value.kind == VALUE_SIZE))
        *out = (double)param->value.i;
    else if (param && param->value.kind == VALUE_FLOAT)
        *out = param->value.f;
    else {
        diag_at(r->c->diags, E0308, num->span, "a number, a size or a parameter that is one is needed here");
        return false;
    }
    if (*out > 0) return true;
    diag_at(r->c->diags, E0308, num->span, "no event at all comes to this");
    return false;
}

/* `sum bytes >= 10MB` */
static bool lower_sum(struct rule_work *r, const struct ast *rep, struct ir_match *out)
{
    const struct ast *path = rep->kids;
    out->taking = IR_TAKE_SUM;
    out->least = 1;
    if (!amount_of(r, path->next, &out->amount) || !lower_taken_value(r, path, out)) return false;
    enum ir_type type = (enum ir_type)r->steps[out->kids->step].captures.at[out->value].type;
    if (type == IR_TYPE_ANY || type == IR_TYPE_INT || type == IR_TYPE_FLOAT || type == IR_TYPE_SIZE)
        return true;
    struct diag *d =
        diag_at(r->c->diags, E0211, path->span, "this is %s; numbers can be added up", a_type(type));
    if (type == IR_TYPE_LIST)
        diag_note(d, "name the sum of an event's list: with n = total(" TEXT_FMT "), then [sum n >= …]",
                  TEXT_ARG(expr_words(r->c->arena, path)));
    return false;
}

bool lower_repeat(struct rule_work *r, const struct ast *rep, struct ir_match *out)
{
    bool ok = rep->kind == AST_SUM_REP ? lower_sum(r, rep, out) : lower_times(r, rep, out);
    return ok && lower_inner(r, ast_kid(rep, AST_IN_DUR), out);
}
