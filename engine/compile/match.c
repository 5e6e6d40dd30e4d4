/* match.c - the match clause to ir_match: steps by number, counts and gaps as numbers, nothing impossible
 * left.
 *
 * What language.md B8 and B9 refuse is refused here, at its place, so that automata (automaton.c) only see
 * matches that mean something. On the way each step learns where it stands: its rank from first to last,
 * whether a choice can do without it, and the innermost part that can be left out.
 */
#include "engine/compile/compiler.h"
#include "engine/ir/progress.h"

struct walk {
    struct rule_work *r;
    const struct branch *branch;
    bool in_optional;
};

static bool lower_into(struct walk *w, const struct ast *e, struct ir_match *out);

/* ---- numbers and durations ---- */

int64_t whole_seconds(struct rule_work *r, const struct ast *dur)
{
    int64_t nanoseconds = dur->num;
    if (dur->kind == AST_NAME) {
        const struct ir_param *param = rule_param(r, dur->text);
        if (!param || param->value.kind != VALUE_DURATION) {
            diag_at(r->c->diags, E0305, dur->span,
                    param ? "this parameter is no duration" : "no parameter is called so");
            return -1;
        }
        nanoseconds = param->value.i;
    }
    if (nanoseconds >= 0 && nanoseconds % NS_PER_SECOND == 0) return nanoseconds / NS_PER_SECOND;
    diag_note(diag_at(r->c->diags, E0305, dur->span, "rules count in whole seconds"),
              "most sources record whole seconds, so anything finer would be a guess");
    return -1;
}

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

/* ---- parts ---- */

static struct ir_match *kids_of(struct walk *w, struct ir_match *out, uint32_t most)
{
    out->kids = ARENA_ARRAY(w->r->c->arena, struct ir_match, most);
    return out->kids;
}

static bool lower_step_ref(struct walk *w, const struct ast *e, struct ir_match *out)
{
    struct rule_work *r = w->r;
    out->kind = IR_M_STEP;
    out->step = step_expect(r, e->text, e->span);
    if (out->step == IR_NONE) return false;
    struct step_work *step = &r->steps[out->step];
    if (step->is_matched) {
        diag_note(diag_at(r->c->diags, E0306, e->span, "`" TEXT_FMT "` again", TEXT_ARG(e->text)),
                  "a step is one thing to wait for: `" TEXT_FMT
                  "[2..]` waits for two, a second step for another one",
                  TEXT_ARG(e->text));
        return false;
    }
    step->is_matched = true;
    step->times = 1;
    step->is_required = !w->in_optional;
    step->branch = w->branch;
    r->order[r->n_order++] = out->step;
    return true;
}

/* A kid that a choice may do without: inside it, steps stand in a branch of their own. */
static bool lower_branch(struct walk *w, const struct ast *e, struct ir_match *out)
{
    const struct branch *outer = w->branch;
    struct branch *own = ARENA_NEW(w->r->c->arena, struct branch);
    own->outer = outer;
    w->branch = own;
    bool ok = lower_into(w, e, out);
    w->branch = outer;
    return ok;
}

static bool lower_all(struct walk *w, const struct ast *e, struct ir_match *out, bool branches)
{
    struct ir_match *kids = kids_of(w, out, e->n_kids);
    bool ok = true;
    AST_EACH(kid, e) {
        struct ir_match *to = &kids[out->n_kids++];
        ok = (branches ? lower_branch(w, kid, to) : lower_into(w, kid, to)) && ok;
    }
    return ok;
}

static bool lower_optional(struct walk *w, const struct ast *e, struct ir_match *out)
{
    if (w->in_optional) {
        diag_at(w->r->c->diags, E0527, e->span, NULL);
        return false;
    }
    out->kind = IR_M_OPTIONAL;
    out->n_kids = 1;
    w->in_optional = true;
    bool ok = lower_branch(w, e->kids, kids_of(w, out, 1));
    w->in_optional = false;
    return ok;
}

static bool lower_times(struct walk *w, const struct ast *rep, struct ir_match *out)
{
    int64_t least = 0;
    if (refuse(w->r->c, rep)) return false;
    AST_EACH(kid, rep)
        if (kid != rep->kids && refuse(w->r->c, kid)) return false;
    if (!whole_number(w->r, rep->kids, &least)) return false;
    if (least < 1 || least > TIMES_MOST) {
        diag_at(w->r->c->diags, E0308, rep->kids->span, "this is %lld; 1 to %d are possible",
                (long long)least, TIMES_MOST);
        return false;
    }
    out->least = (uint32_t)least;
    return true;
}

static bool lower_repeat(struct walk *w, const struct ast *e, struct ir_match *out)
{
    const struct ast *what = e->kids, *rep = what->next;
    out->kind = IR_M_REPEAT;
    out->n_kids = 1;
    if (!lower_times(w, rep, out)) return false;
    while (what->kind == AST_M_GROUP && what->kids) what = what->kids;
    if (what->kind != AST_M_STEP) {
        struct diag *d = diag_at(w->r->c->diags, E0308, what->span, "only a step can be counted");
        if (what->kind == AST_M_OPT) diag_note(d, "the `?` stands behind the brackets: a[3..]?");
        return false;
    }
    if (!lower_into(w, what, kids_of(w, out, 1))) return false;
    w->r->steps[out->kids->step].times = out->least;
    return true;
}

/* ---- chains ---- */

static bool lower_gap(struct walk *w, const struct ast *gap, struct ir_arrow *out)
{
    const struct ast *first = gap->kids, *second = first->next;
    int64_t from = whole_seconds(w->r, first), to = second ? whole_seconds(w->r, second) : 0;
    if (from < 0 || to < 0) return false;
    if (second || gap->op == OP_AT_LEAST) out->least = from;
    if (second)
        out->most = to;
    else if (gap->op != OP_AT_LEAST)
        out->most = from;
    if (out->least > out->most) {
        diag_at(w->r->c->diags, E0309, gap->span, "the lower bound is the greater one");
        return false;
    }
    if (w->r->out.within && out->least > w->r->out.within) {
        diag_at(w->r->c->diags, E0309, gap->span, "longer than `within`: this can never match");
        return false;
    }
    return true;
}

static bool lower_arrow(struct walk *w, const struct ast *arrow, const struct ast *left,
                        const struct ast *right, struct ir_arrow *out)
{
    const struct ast *gap = ast_kid(arrow, AST_GAP);
    *out = (struct ir_arrow){.strict = arrow->op == OP_LATER, .most = INT64_MAX};
    if ((gap || out->strict) && left->kind == AST_M_OPT && right->kind == AST_M_OPT) {
        diag_note(diag_at(w->r->c->diags, E0310, arrow->span, "both sides are optional"),
                  "optional items are not ordered against one another; write a group: (a ->[5m] b)?");
        return false;
    }
    return !gap || lower_gap(w, gap, out);
}

static bool lower_chain(struct walk *w, const struct ast *e, struct ir_match *out)
{
    struct ir_match *kids = kids_of(w, out, e->n_kids / 2 + 1);
    const struct ast *left = NULL, *arrow = NULL;
    bool ok = true;
    out->kind = IR_M_CHAIN;
    out->arrows = ARENA_ARRAY(w->r->c->arena, struct ir_arrow, e->n_kids / 2 + 1);
    AST_EACH(kid, e) {
        if (kid->kind == AST_ARROW) {
            arrow = kid;
            continue;
        }
        if (left) ok = lower_arrow(w, arrow, left, kid, &out->arrows[out->n_kids]) && ok;
        ok = lower_into(w, kid, &kids[out->n_kids++]) && ok;
        left = kid;
    }
    return ok;
}

/* ---- what is optional alone ---- */

static bool only_optional(const struct ir_match *m)
{
    if (m->kind == IR_M_OPTIONAL) return true;
    if (m->kind == IR_M_STEP || m->kind == IR_M_REPEAT) return false;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (!only_optional(&m->kids[i])) return false;
    return true;
}

static bool lower_either(struct walk *w, const struct ast *e, struct ir_match *out)
{
    out->kind = IR_M_EITHER;
    bool ok = lower_all(w, e, out, true);
    for (uint32_t i = 0; ok && i < out->n_kids; i++)
        if (only_optional(&out->kids[i])) {
            diag_at(w->r->c->diags, E0307, out->kids[i].span, "this alternative waits for nothing");
            ok = false;
        }
    return ok;
}

static bool lower_into(struct walk *w, const struct ast *e, struct ir_match *out)
{
    *out = (struct ir_match){.span = e->span, .in = INT64_MAX};
    if (refuse(w->r->c, e)) return false;
    switch (e->kind) {
    case AST_M_STEP: return lower_step_ref(w, e, out);
    case AST_M_CHAIN: return lower_chain(w, e, out);
    case AST_M_ALL: out->kind = IR_M_ANY_ORDER; return lower_all(w, e, out, false);
    case AST_M_ALT: return lower_either(w, e, out);
    case AST_M_GROUP: out->kind = IR_M_GROUP; return lower_all(w, e, out, false);
    case AST_M_OPT: return lower_optional(w, e, out);
    case AST_M_REP: return lower_repeat(w, e, out);
    default: return false;
    }
}

void lower_match(struct rule_work *r, const struct ast *clause)
{
    struct walk w = {.r = r};
    struct ir_match *match = ARENA_NEW(r->c->arena, struct ir_match);
    AST_EACH(kid, clause)
        if (kid != clause->kids) refuse(r->c, kid);
    if (!clause->kids || !lower_into(&w, clause->kids, match)) return;
    if (only_optional(match)) {
        diag_note(diag_at(r->c->diags, E0307, clause->span, "nothing here must happen"),
                  "optional items add evidence and score; at least one step must stand without `?`");
        return;
    }
    r->out.match = match;
}
