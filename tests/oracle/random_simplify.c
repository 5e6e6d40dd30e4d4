/* random_simplify.c - makes the rule of a failing case simpler, one place at a time; and prints a case. */
#include "tests/oracle/spell.h"

#include <stdlib.h>

/* What a change of the rule has overwritten. What the rule itself holds, the caller keeps. */
struct change {
    void *at;
    size_t size;
    char before[128];
    bool is_nothing; /* it would be no rule any more: nothing was changed */
};

static void keep(struct change *change, void *at, size_t size)
{
    if (size > sizeof change->before) abort();
    change->at = at;
    change->size = size;
    memcpy(change->before, at, size);
}

static void undo(const struct change *change)
{
    if (change->size) memcpy(change->at, change->before, change->size);
}

/* ---- the match: each node has some ways, counted through ----------------------------------------------- */

struct walk {
    struct a_case *c;
    uint32_t i; /* ways still to be passed over */
    struct change *change;
};

/* Whether it is this way's turn; then the node is kept. */
static bool is_chosen(struct walk *w, struct ir_match *m)
{
    if (w->i--) return false;
    keep(w->change, m, sizeof *m);
    return true;
}

static void drop_kid(struct a_case *c, struct ir_match *m, uint32_t kid)
{
    struct ir_match *kids = ARENA_ARRAY(c->arena, struct ir_match, m->n_kids);
    struct ir_arrow *arrows = m->arrows ? ARENA_ARRAY(c->arena, struct ir_arrow, m->n_kids) : NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (i == kid) continue;
        kids[n] = m->kids[i];
        if (arrows) arrows[n] = i ? m->arrows[i] : (struct ir_arrow){.most = INT64_MAX};
        n++;
    }
    m->kids = kids, m->arrows = arrows, m->n_kids = n;
    if (m->kind == IR_M_SOME_OF && m->least > n) m->least = n;
    if (n == 1) *m = m->kids[0];
}

static bool plain_arrow(struct walk *w, struct ir_match *m)
{
    for (uint32_t i = 1; m->kind == IR_M_CHAIN && i < m->n_kids; i++) {
        const struct ir_arrow *a = &m->arrows[i];
        bool is_plain = !a->strict && !a->least && a->most == INT64_MAX;
        if (is_plain || w->i--) continue;
        keep(w->change, &m->arrows[i], sizeof m->arrows[i]);
        m->arrows[i] = (struct ir_arrow){.most = INT64_MAX};
        return true;
    }
    return false;
}

/* Whether a veto has lost what it needs around it (language.md B8, B10). */
static bool is_sound(const struct ir_match *m)
{
    for (uint32_t i = 0; i < m->n_kids; i++) {
        const struct ir_match *kid = &m->kids[i];
        if (kid->kind == IR_M_NOT && (m->kind != IR_M_CHAIN || i == 0)) return false;
        if (kid->kind == IR_M_NOT && (i + 1 == m->n_kids) != (kid->absent_for != 0)) return false;
        if (!is_sound(kid)) return false;
    }
    return true;
}

static bool has_required(const struct ir_match *m)
{
    if (m->kind == IR_M_STEP || m->kind == IR_M_REPEAT) return true;
    if (m->kind == IR_M_OPTIONAL || m->kind == IR_M_NOT) return false;
    bool all = m->n_kids > 0, any = false;
    for (uint32_t i = 0; i < m->n_kids; i++)
        any |= has_required(&m->kids[i]), all &= has_required(&m->kids[i]);
    return m->kind == IR_M_EITHER || m->kind == IR_M_SOME_OF ? all : any;
}

static bool simplify_match(struct walk *w, struct ir_match *m)
{
    bool wraps = m->kind == IR_M_OPTIONAL || m->kind == IR_M_GROUP || m->kind == IR_M_REPEAT;
    if (wraps && is_chosen(w, m)) return *m = *m->kids, true;
    if (m->kind == IR_M_NOT) return false;
    for (uint32_t i = 0; !wraps && i < m->n_kids; i++)
        if (is_chosen(w, m)) return drop_kid(w->c, m, i), true;
    if (m->kind == IR_M_SOME_OF && is_chosen(w, m)) return m->kind = IR_M_ANY_ORDER, true;
    if (m->kind == IR_M_REPEAT && m->in != INT64_MAX && is_chosen(w, m)) return m->in = INT64_MAX, true;
    if (m->kind == IR_M_REPEAT && m->taking && is_chosen(w, m)) return m->taking = IR_TAKE_TIMES, true;
    if (plain_arrow(w, m)) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (simplify_match(w, &m->kids[i])) return true;
    return false;
}

/* ---- the rest ------------------------------------------------------------------------------------------ */

static bool simplify_expression(struct walk *w, ir_node_id *at)
{
    const struct ir_node *n = &w->c->ir.nodes[*at];
    for (uint32_t i = 0; i < n->n && n->type == IR_TYPE_BOOL; i++) {
        ir_node_id operand = w->c->ir.operands[n->first + i];
        if (w->c->ir.nodes[operand].type != IR_TYPE_BOOL || w->i--) continue;
        return *at = operand, true;
    }
    return false;
}

static bool simplify_rest(struct walk *w)
{
    struct ir_rule *r = &w->c->rule;
    if (w->c->over && !w->i--) {
        keep(w->change, &w->c->over, sizeof(struct a_case *));
        return w->c->over = NULL, true;
    }
    if (w->c->over && w->c->over->over && !w->i--) {
        keep(w->change, &w->c->over->over, sizeof(struct a_case *));
        return w->c->over->over = NULL, true;
    }
    if (r->n_joins && !w->i--) return r->n_joins--, true;
    if (r->until != IR_NONE && !w->i--) return r->until = IR_NONE, true;
    if (r->n_exceptions && !w->i--) return r->n_exceptions--, true;
    if (r->where != IR_NONE && !w->i--) return r->where = IR_NONE, true;
    if (r->where != IR_NONE && simplify_expression(w, &r->where)) return true;
    if (r->n_severities > 1 && !w->i--) return r->n_severities--, true;
    for (uint32_t i = 0; i < r->n_terms; i++) {
        if (w->i--) continue;
        struct ir_term *terms = ARENA_ARRAY(w->c->arena, struct ir_term, r->n_terms);
        for (uint32_t k = 0, n = 0; k < r->n_terms; k++)
            if (k != i) terms[n++] = r->terms[k];
        r->terms = terms, r->n_terms--;
        return true;
    }
    for (uint32_t s = 0; s < w->c->n_steps; s++) {
        if (r->steps[s].groups->gate == IR_NONE || w->i--) continue;
        keep(w->change, r->steps[s].groups, sizeof *r->steps[s].groups);
        return r->steps[s].groups->gate = IR_NONE, true;
    }
    return false;
}

/* The i-th way to make the rule simpler; false: there are no more. */
static bool simplify(struct a_case *c, uint32_t i, struct change *out)
{
    struct walk w = {c, i, out};
    out->size = 0, out->is_nothing = false;
    if (!simplify_match(&w, c->rule.match)) {
        if (!simplify_rest(&w)) return false;
    }
    if (is_sound(c->rule.match) && has_required(c->rule.match)) return true;
    undo(out);
    return out->is_nothing = true;
}

/* ---- shrinking ---------------------------------------------------------------------------------------- */

struct shrinking {
    struct a_case *c;
    uint64_t seed;
    bool (*fails)(void *world, struct a_case *c, uint64_t seed);
    void *world;
};

static bool still_fails(struct shrinking *s)
{
    case_survey(s->c);
    return s->fails(s->world, s->c, s->seed);
}

static bool leave_out_events(struct shrinking *s)
{
    bool any = false;
    for (uint32_t i = 0; i < s->c->n_events; i++) {
        if (s->c->events[i].is_out) continue;
        s->c->events[i].is_out = true;
        if (still_fails(s))
            any = true;
        else
            s->c->events[i].is_out = false;
    }
    return any;
}

static bool simplify_rule(struct shrinking *s)
{
    bool any = false;
    for (uint32_t i = 0;; i++) {
        struct ir_rule before = s->c->rule;
        struct change change;
        if (!simplify(s->c, i, &change)) return any;
        if (change.is_nothing) continue;
        if (still_fails(s)) {
            any = true;
            continue;
        }
        s->c->rule = before;
        undo(&change);
    }
}

void case_shrink(struct a_case *c, uint64_t seed, bool (*fails)(void *world, struct a_case *c, uint64_t seed),
                 void *world)
{
    struct shrinking s = {c, seed, fails, world};
    for (bool smaller = true; smaller;) {
        smaller = leave_out_events(&s);
        smaller |= simplify_rule(&s);
    }
    case_survey(c);
}

/* ---- printing ----------------------------------------------------------------------------------------- */

/* What a record does not say: which answers the baselines give in test_oracle. */
static void print_answers(const struct a_case *c, const struct event *e)
{
    for (uint32_t s = 0; s < c->n_steps; s++)
        if (c->mode[s] != PLAIN && e->steps >> s & 1)
            printf("# %s s%u: %s at first, %s in the end\n", e->identity, s,
                   e->new_now[s] ? "new" : "not new", e->new_for_good[s] ? "new" : "not new");
}

void case_print(const struct a_case *c)
{
    spell_rule(stdout, c);
    printf("# disorder %ld\n", c->disorder);
    for (uint32_t i = 0; i < c->n_events; i++) {
        const struct event *e = &c->events[i];
        if (e->is_out) continue;
        spell_record(stdout, c, e, as_it_is);
        printf("\n");
        if (!c->switches->for_text) print_answers(c, e);
    }
}
