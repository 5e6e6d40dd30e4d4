/* match.c - the match clause to ir_match: steps by number, gaps as numbers, nothing impossible left. What
 * stands in brackets behind a step is repeat.c.
 *
 * What language.md B8 to B10 refuse is refused here, at its place, so that automata (automaton.c) only see
 * matches that mean something. On the way each step learns where it stands: its rank from first to last,
 * whether a choice can do without it or may not have it at all, and the innermost part that can be left out.
 */
#include "engine/compile/compiler.h"

struct walk {
    struct rule_work *r;
    const struct branch *branch;
    bool in_optional;
    bool is_last; /* nothing of the match stands behind what is lowered now */
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

/* ---- parts ---- */

static struct ir_match *kids_of(struct walk *w, struct ir_match *out, uint32_t most)
{
    out->kids = ARENA_ARRAY(w->r->c->arena, struct ir_match, most);
    return out->kids;
}

/* The step that a word of the match names, which must not stand in it yet. NULL after reporting. */
static struct step_work *take_step(struct walk *w, const struct ast *e, struct ir_match *out)
{
    struct rule_work *r = w->r;
    out->kind = IR_M_STEP;
    out->step = step_expect(r, e->text, e->span);
    if (out->step == IR_NONE) return NULL;
    struct step_work *step = &r->steps[out->step];
    if (step->is_matched) {
        diag_note(diag_at(r->c->diags, E0306, e->span, "`" TEXT_FMT "` again", TEXT_ARG(e->text)),
                  "a step is one thing to wait for: `" TEXT_FMT
                  "[2..]` waits for two, a second step for another one",
                  TEXT_ARG(e->text));
        return NULL;
    }
    step->is_matched = true;
    step->branch = w->branch;
    return step;
}

static bool lower_step_ref(struct walk *w, const struct ast *e, struct ir_match *out)
{
    struct step_work *step = take_step(w, e, out);
    if (!step) return false;
    step->times = 1;
    step->is_required = !w->in_optional;
    w->r->order[w->r->n_order++] = out->step;
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

/* Parts among which nothing is the last. */
static bool lower_unordered(struct walk *w, const struct ast *e, struct ir_match *out, bool branches)
{
    bool was_last = w->is_last;
    w->is_last = false;
    bool ok = lower_all(w, e, out, branches);
    w->is_last = was_last;
    return ok;
}

static bool lower_optional(struct walk *w, const struct ast *e, struct ir_match *out)
{
    bool was_optional = w->in_optional, was_last = w->is_last;
    out->kind = IR_M_OPTIONAL;
    out->n_kids = 1;
    w->in_optional = true, w->is_last = false;
    bool ok = lower_branch(w, e->kids, kids_of(w, out, 1));
    w->in_optional = was_optional, w->is_last = was_last;
    return ok;
}

/* ---- brackets ---- */

/* `(…)[in 5m]`, `a[3..][in 5m]` */
static bool lower_windowed(struct walk *w, const struct ast *what, const struct ast *in, struct ir_match *out)
{
    out->kind = IR_M_GROUP;
    out->n_kids = 1;
    while (what->kind == AST_M_GROUP && what->kids) what = what->kids;
    if (what->kind == AST_M_STEP || what->kind == AST_M_OPT) {
        struct diag *d = diag_at(w->r->c->diags, E0308, in->span, "a window around one event says nothing");
        if (what->kind == AST_M_OPT) diag_note(d, "the `?` stands behind the brackets: (a -> b)[in 5m]?");
        return false;
    }
    out->in = whole_seconds(w->r, in->kids);
    return lower_into(w, what, kids_of(w, out, 1)) && out->in >= 0;
}

static bool lower_brackets(struct walk *w, const struct ast *e, struct ir_match *out)
{
    const struct ast *what = e->kids, *rep = what->next;
    if (rep->kind == AST_IN_REP) return lower_windowed(w, what, rep->kids, out);
    out->kind = IR_M_REPEAT;
    out->n_kids = 1;
    while (what->kind == AST_M_GROUP && what->kids) what = what->kids;
    if (what->kind != AST_M_STEP) {
        struct diag *d = diag_at(w->r->c->diags, E0308, what->span, "only a step can be counted");
        if (what->kind == AST_M_OPT) diag_note(d, "the `?` stands behind the brackets: a[3..]?");
        return false;
    }
    if (!lower_into(w, what, kids_of(w, out, 1)) || !lower_repeat(w->r, rep, out)) return false;
    w->r->steps[out->kids->step].times = out->least;
    if (!out->most || w->is_last) return true;
    diag_note(
        diag_at(w->r->c->diags, E0331, e->span, "something of the match stands behind it, or beside it"),
        "whether there are more can only be told when the window has passed: a count with an upper bound is "
        "the "
        "last thing in a match");
    return false;
}

/* ---- vetoes ---- */

/* How many steps `!c`, `!(a | b)` forbids; 0 if it is something else. */
static uint32_t count_forbidden(const struct ast *e)
{
    if (e->kind == AST_M_STEP) return 1;
    if (e->kind == AST_M_GROUP) return count_forbidden(e->kids);
    uint32_t n = 0, more;
    if (e->kind != AST_M_ALT) return 0;
    AST_EACH(kid, e) {
        if (!(more = count_forbidden(kid))) return 0;
        n += more;
    }
    return n;
}

static bool forbid(struct walk *w, const struct ast *e, struct ir_match **to)
{
    bool ok = true;
    if (e->kind == AST_M_STEP) {
        **to = (struct ir_match){.span = e->span, .in = INT64_MAX};
        struct step_work *step = take_step(w, e, (*to)++);
        if (step) step->is_forbidden = true;
        return step != NULL;
    }
    AST_EACH(kid, e) ok = forbid(w, kid, to) && ok;
    return ok;
}

/* Where a veto may stand: between two others, or last with the time that it is about. */
static bool veto_may_stand(struct walk *w, const struct ast *e, bool is_first, bool is_end, bool has_for)
{
    struct diags *diags = w->r->c->diags;
    if (is_first && is_end)
        diag_note(diag_at(diags, E0332, e->span, "this stands in no chain"),
                  "from when to when should it not happen? Between two parts: a -> !c -> b");
    else if (is_first)
        diag_note(diag_at(diags, E0332, e->span, "nothing stands before it"),
                  "from when on should it not happen? A veto stands behind something: a -> !c -> b");
    else if (has_for && !(is_end && w->is_last))
        diag_note(diag_at(diags, E0332, e->span, "`for` stands at the end of a match alone"),
                  "between two steps a veto is about the time from the one to the other");
    else if (is_end && !has_for)
        diag_note(diag_at(diags, E0332, e->span, "until when should it not happen?"),
                  "at the end of a match a veto says for how long: a -> !c for 10m");
    else
        return true;
    return false;
}

static bool lower_veto(struct walk *w, const struct ast *e, bool is_first, bool is_end, struct ir_match *out)
{
    const struct ast *limit = ast_kid(e, AST_FOR);
    uint32_t n = count_forbidden(e->kids);
    *out = (struct ir_match){.kind = IR_M_NOT, .span = e->span, .in = INT64_MAX};
    if (!n) {
        diag_note(diag_at(w->r->c->diags, E0333, e->kids->span, "this is more than one event"),
                  "a veto is about a step, or about one of several: !(a | b)");
        return false;
    }
    bool ok = veto_may_stand(w, e, is_first, is_end, limit != NULL);
    struct ir_match *kid = kids_of(w, out, 1), *to = kid;
    out->n_kids = 1;
    if (n > 1) {
        *kid = (struct ir_match){.kind = IR_M_EITHER, .span = e->kids->span, .in = INT64_MAX, .n_kids = n};
        to = kids_of(w, kid, n);
    }
    ok = forbid(w, e->kids, &to) && ok;
    if (limit) out->absent_for = whole_seconds(w->r, limit->kids);
    if (!limit || (out->absent_for > 0 && out->absent_for <= WITHIN_MOST)) return ok;
    if (out->absent_for >= 0) diag_at(w->r->c->diags, E0305, limit->span, "a veto lasts 1s to 30d");
    return false;
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

static bool is_optional(const struct ast *e)
{
    while (e->kind == AST_M_GROUP && e->kids) e = e->kids;
    return e->kind == AST_M_OPT;
}

/* Whether a veto or an optional item takes the meaning from a gap or a `=>` between its neighbours. */
static bool may_bind(struct walk *w, const struct ast *arrow, const struct ast *left, const struct ast *right)
{
    struct diags *diags = w->r->c->diags;
    if (right->kind == AST_M_NOT) {
        diag_note(diag_at(diags, E0332, arrow->span, "what is behind this arrow never comes"),
                  "a gap between the neighbours stands on the arrow that leaves the veto: a -> !c ->[5m] b");
        return false;
    }
    if (is_optional(left) && is_optional(right)) {
        diag_note(diag_at(diags, E0310, arrow->span, "both sides are optional"),
                  "optional items are not ordered against one another; write a group: (a ->[5m] b)?");
        return false;
    }
    return true;
}

static bool lower_arrow(struct walk *w, const struct ast *arrow, const struct ast *before,
                        const struct ast *left, const struct ast *right, struct ir_arrow *out)
{
    const struct ast *gap = ast_kid(arrow, AST_GAP);
    *out = (struct ir_arrow){.strict = arrow->op == OP_LATER, .most = INT64_MAX};
    if (!gap && !out->strict) return true;
    if (!may_bind(w, arrow, left, right)) return false;
    bool beside_veto = left->kind == AST_M_NOT && (is_optional(right) || is_optional(before));
    if (beside_veto) {
        diag_note(diag_at(w->r->c->diags, E0310, arrow->span, "a veto stands beside an optional item"),
                  "the veto stays between what must happen, so nothing but `->` has a meaning here");
        return false;
    }
    return !gap || lower_gap(w, gap, out);
}

static bool lower_chain(struct walk *w, const struct ast *e, struct ir_match *out)
{
    struct ir_match *kids = kids_of(w, out, e->n_kids / 2 + 1);
    const struct ast *before = e->kids, *left = NULL, *arrow = NULL; /* before: the last that is no veto */
    bool ok = true, was_last = w->is_last;
    out->kind = IR_M_CHAIN;
    out->arrows = ARENA_ARRAY(w->r->c->arena, struct ir_arrow, e->n_kids / 2 + 1);
    AST_EACH(kid, e) {
        if (kid->kind == AST_ARROW) {
            arrow = kid;
            continue;
        }
        if (left) ok = lower_arrow(w, arrow, before, left, kid, &out->arrows[out->n_kids]) && ok;
        w->is_last = was_last && !kid->next;
        struct ir_match *to = &kids[out->n_kids++];
        ok = (kid->kind == AST_M_NOT ? lower_veto(w, kid, !left, !kid->next, to) : lower_into(w, kid, to)) &&
             ok;
        left = kid;
        if (kid->kind != AST_M_NOT) before = kid;
    }
    w->is_last = was_last;
    return ok;
}

/* ---- what is optional alone ---- */

static bool only_optional(const struct ir_match *m)
{
    if (m->kind == IR_M_OPTIONAL || m->kind == IR_M_NOT) return true;
    if (m->kind == IR_M_STEP || m->kind == IR_M_REPEAT) return false;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (!only_optional(&m->kids[i])) return false;
    return true;
}

/* Reports the first part that a choice could take without any event. */
static bool each_needs_events(struct walk *w, const struct ir_match *m)
{
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (only_optional(&m->kids[i])) {
            diag_at(w->r->c->diags, E0307, m->kids[i].span, "this alternative waits for nothing");
            return false;
        }
    return true;
}

static bool lower_either(struct walk *w, const struct ast *e, struct ir_match *out)
{
    out->kind = IR_M_EITHER;
    return lower_all(w, e, out, true) && each_needs_events(w, out);
}

/* `2 of (a, b, c)`: each part may be missing, unless all are wanted. */
static bool lower_some_of(struct walk *w, const struct ast *e, struct ir_match *out)
{
    out->kind = IR_M_SOME_OF;
    if (e->num < 1 || e->num > e->n_kids) {
        diag_at(w->r->c->diags, E0308, e->span, "%lld of %u cannot be", (long long)e->num, e->n_kids);
        return false;
    }
    out->least = (uint32_t)e->num;
    return lower_unordered(w, e, out, out->least < e->n_kids) && each_needs_events(w, out);
}

static bool lower_into(struct walk *w, const struct ast *e, struct ir_match *out)
{
    *out = (struct ir_match){.span = e->span, .in = INT64_MAX};
    switch (e->kind) {
    case AST_M_STEP: return lower_step_ref(w, e, out);
    case AST_M_CHAIN: return lower_chain(w, e, out);
    case AST_M_ALL: out->kind = IR_M_ANY_ORDER; return lower_unordered(w, e, out, false);
    case AST_M_ALT: return lower_either(w, e, out);
    case AST_M_GROUP: out->kind = IR_M_GROUP; return lower_all(w, e, out, false);
    case AST_M_OPT: return lower_optional(w, e, out);
    case AST_M_REP: return lower_brackets(w, e, out);
    case AST_M_OF: return lower_some_of(w, e, out);
    case AST_M_NOT: lower_veto(w, e, true, true, out); return false; /* it stands beside nothing */
    default: return false;
    }
}

/* ---- the whole ---- */

static void lower_until(struct walk *w, const struct ast *until)
{
    struct ir_match step = {0};
    if (!until) return;
    struct ast named = *until;
    named.span = word_span(w->r->c, until, until->text);
    struct step_work *work = take_step(w, &named, &step);
    if (!work) return;
    work->is_forbidden = true;
    w->r->out.until = step.step;
}

void lower_match(struct rule_work *r, const struct ast *clause)
{
    struct walk w = {.r = r, .is_last = true};
    struct ir_match *match = ARENA_NEW(r->c->arena, struct ir_match);
    if (!clause->kids || !lower_into(&w, clause->kids, match)) return;
    lower_until(&w, ast_kid(clause, AST_UNTIL));
    if (only_optional(match)) {
        diag_note(diag_at(r->c->diags, E0307, clause->span, "nothing here must happen"),
                  "optional items add evidence and score; at least one step must stand without `?`");
        return;
    }
    r->out.match = match;
}
