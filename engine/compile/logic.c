/* logic.c - satisfiability of predicates, as far as lints need it.
 *
 * A test is taken apart into facts about operands: the operand is true, is there, equals a constant, is in a list,
 * fits a pattern, lies on one side of a bound. An `or` is tried side by side, an `and` adds facts; two facts that
 * exclude one another end a branch.
 *
 * Invariants
 * 1. A negated comparison also holds where the operand is absent (language.md B14), so it only excludes facts that
 *    say what the operand is: never another negated one.
 * 2. What is not understood excludes nothing but its own negation; what is too large is taken to be possible.
 */
#include "engine/compile/logic.h"

#include "engine/base/glob.h"

#define FACTS_MOST    64
#define OPERANDS_MOST 64
#define STEPS_OF_WORK 4000

enum fact_kind {
    FACT_TRUE,    /* of: a test that is not taken apart, or a field that is true or false */
    FACT_PRESENT,
    FACT_EQUAL,   /* v */
    FACT_ONE_OF,  /* list */
    FACT_LIKE,    /* v: a glob; starts and ends are globs too */
    FACT_LESS,    /* v; closed: or equal */
    FACT_MORE,
};

struct fact {
    enum fact_kind kind;
    bool negated, closed;
    ir_node_id of;
    struct value v;
    const struct ir_list *list;
};

struct branch_of_facts {
    const struct logic *l;
    struct fact facts[FACTS_MOST];
    uint32_t n, work;
};

/* ---- patterns ---- */

/* Whether some text fits both globs: a walk over both, a star takes nothing or one byte more of the other. */
static bool globs_meet(struct text a, struct text b, uint32_t *work)
{
    if (!*work) return true;
    --*work;
    if (!a.len && !b.len) return true;
    struct text a1 = {a.at + 1, a.len - 1}, b1 = {b.at + 1, b.len - 1};
    if (a.len && a.at[0] == '*') return globs_meet(a1, b, work) || (b.len && globs_meet(a, b1, work));
    if (b.len && b.at[0] == '*') return globs_meet(a, b1, work) || (a.len && globs_meet(a1, b, work));
    return a.len && b.len && text_lower(a.at[0]) == text_lower(b.at[0]) && globs_meet(a1, b1, work);
}

bool logic_globs_meet(struct text a, struct text b)
{
    uint32_t work = 100000;
    return globs_meet(a, b, &work);
}

/* ---- what a constant says of a fact ---- */

static bool holds_for(const struct fact *f, struct value v)
{
    int order;
    switch (f->kind) {
    case FACT_EQUAL: return value_equal(f->v, v) == TRI_TRUE;
    case FACT_ONE_OF:
        for (uint32_t i = 0; i < f->list->len; i++) {
            struct value e = f->list->values[i];
            bool inside = e.kind == VALUE_NET && v.kind == VALUE_NET && ip_contains(e.net, v.net);
            if (inside || value_equal(e, v) == TRI_TRUE) return true;
        }
        return false;
    case FACT_LIKE:
        return v.kind == VALUE_STRING && glob_match(value_text(f->v), value_text(v), f->v.nocase || v.nocase);
    case FACT_LESS: return value_order(v, f->v, &order) && (order < 0 || (f->closed && order == 0));
    case FACT_MORE: return value_order(v, f->v, &order) && (order > 0 || (f->closed && order == 0));
    default: return true;
    }
}

/* Whether the fact is fulfilled by every, or by no value that g allows: g names its values one by one. */
static bool names_values(const struct fact *g)
{
    return g->kind == FACT_EQUAL || g->kind == FACT_ONE_OF;
}

static uint32_t count_fitting(const struct fact *f, const struct fact *g, uint32_t *all)
{
    uint32_t n = 0;
    *all = g->kind == FACT_EQUAL ? 1 : g->list->len;
    for (uint32_t i = 0; i < *all; i++) n += holds_for(f, g->kind == FACT_EQUAL ? g->v : g->list->values[i]);
    return n;
}

/* Two bounds that leave nothing between them. */
static bool bounds_cross(const struct fact *less, const struct fact *more)
{
    int order;
    if (!value_order(less->v, more->v, &order)) return false;
    return order < 0 || (order == 0 && !(less->closed && more->closed));
}

/* Whether every value on g's side of its bound is on f's side of f's. */
static bool bound_implies(const struct fact *g, const struct fact *f)
{
    int order;
    if (g->kind != f->kind || !value_order(g->v, f->v, &order)) return false;
    if (order == 0) return f->closed || !g->closed;
    return g->kind == FACT_LESS ? order < 0 : order > 0;
}

/* ---- two facts ---- */

static bool both_exclude(const struct fact *f, const struct fact *g)
{
    uint32_t all;
    if (names_values(g)) return !count_fitting(f, g, &all);
    if (names_values(f)) return !count_fitting(g, f, &all);
    if (f->kind == FACT_LIKE && g->kind == FACT_LIKE) return !logic_globs_meet(value_text(f->v), value_text(g->v));
    if (f->kind == FACT_LESS && g->kind == FACT_MORE) return bounds_cross(f, g);
    if (f->kind == FACT_MORE && g->kind == FACT_LESS) return bounds_cross(g, f);
    return false;
}

/* `no` is negated, `yes` says what the operand is. */
static bool negation_excludes(const struct fact *no, const struct fact *yes)
{
    uint32_t all;
    if (no->kind == FACT_PRESENT) return true;
    if (names_values(yes)) return count_fitting(no, yes, &all) == all;
    return bound_implies(yes, no);
}

static bool exclude(const struct fact *f, const struct fact *g)
{
    if (f->of != g->of) return false;
    bool plain = f->kind == FACT_TRUE || g->kind == FACT_TRUE || (f->kind == FACT_PRESENT && g->kind == FACT_PRESENT);
    if (plain) return f->kind == g->kind && f->negated != g->negated;
    if (f->negated && g->negated) return false;
    if (f->negated) return negation_excludes(f, g);
    if (g->negated) return negation_excludes(g, f);
    return both_exclude(f, g);
}

/* ---- operands whose values have bounds ---- */

static bool is_port(struct text field)
{
    return text_equal(field, TEXT("src.port")) || text_equal(field, TEXT("dst.port"));
}

/* The least and the greatest value of an operand; false if it has none that are known. `certain`: it is always there. */
static bool domain_of(const struct logic *l, ir_node_id id, struct fact bounds[2], bool *certain)
{
    const struct ir_node *node = ir_build_at(&l->c->build, id);
    int64_t least = 0, most = INT64_MAX;
    *certain = node->op == IR_OP_COUNT || node->op == IR_OP_SCORE;
    switch (node->op) {
    case IR_OP_COUNT:
        if (l->rule && l->rule->steps[node->y].is_required && !l->rule->steps[node->y].branch)
            least = l->rule->steps[node->y].times;
        break;
    case IR_OP_LEN: break;
    case IR_OP_SCORE: most = 100; break;
    case IR_OP_HOUR: most = 23; break;
    case IR_OP_ASK_RARITY: most = 100; break;
    case IR_OP_FIELD:
        if (!is_port(l->c->build.fields.at[node->x].name)) return false;
        most = 65535;
        break;
    default: return false;
    }
    bounds[0] = (struct fact){.kind = FACT_MORE, .closed = true, .of = id, .v = value_int(least)};
    bounds[1] = (struct fact){.kind = FACT_LESS, .closed = true, .of = id, .v = value_int(most)};
    return true;
}

static bool outside_domain(const struct logic *l, const struct fact *f)
{
    struct fact bounds[2];
    bool certain;
    if (f->kind < FACT_EQUAL || !domain_of(l, f->of, bounds, &certain)) return false;
    if (f->negated) return certain && (bound_implies(&bounds[0], f) || bound_implies(&bounds[1], f));
    return both_exclude(f, &bounds[0]) || both_exclude(f, &bounds[1]);
}

/* ---- from tests to facts ---- */

static const struct value *constant(const struct logic *l, ir_node_id id)
{
    const struct ir_node *node = ir_build_at(&l->c->build, id);
    return node->op == IR_OP_CONST ? &l->c->build.constants.at[node->x] : NULL;
}

static bool is_field(const struct logic *l, ir_node_id id, const char *name)
{
    const struct ir_node *node = ir_build_at(&l->c->build, id);
    return node->op == IR_OP_FIELD && text_equal(l->c->build.fields.at[node->x].name, text_of(name));
}

/* A glob for `starts` and `ends`; false if the text itself has a star. */
static bool as_glob(const struct logic *l, uint8_t op, struct value text, struct value *glob)
{
    struct text t = value_text(text);
    if (op == IR_OP_LIKE) *glob = text;
    if (op == IR_OP_LIKE) return true;
    if (memchr(t.at, '*', t.len)) return false;
    bool front = op != IR_OP_STARTS, back = op != IR_OP_ENDS;
    *glob = value_string(arena_printf(l->c->arena, "%s" TEXT_FMT "%s", front ? "*" : "", TEXT_ARG(t), back ? "*" : ""));
    glob->nocase = text.nocase;
    return true;
}

/* A path over a list holds if any element does: two facts about it may be about two elements. */
static bool is_many(const struct logic *l, ir_node_id id)
{
    return ir_build_at(&l->c->build, id)->type == IR_TYPE_LIST;
}

static const struct {
    uint8_t op, swapped; /* as written, and with the sides changed */
    uint8_t kind;
    bool closed;
} bounds_of[] = {
    {IR_OP_LT, IR_OP_GT, FACT_LESS, false},
    {IR_OP_LE, IR_OP_GE, FACT_LESS, true},
    {IR_OP_GT, IR_OP_LT, FACT_MORE, false},
    {IR_OP_GE, IR_OP_LE, FACT_MORE, true},
};

/* Equality and order with a constant on either side. False: it is something else. */
static bool compare_fact(const struct logic *l, const struct ir_node *node, const ir_node_id *operands, struct fact *f)
{
    bool swap = constant(l, operands[0]) != NULL;
    const struct value *v = constant(l, operands[swap ? 0 : 1]);
    if (!v || is_many(l, operands[swap ? 1 : 0])) return false;
    f->of = operands[swap ? 1 : 0];
    f->v = *v;
    if (node->op == IR_OP_EQ || node->op == IR_OP_NE) {
        f->kind = FACT_EQUAL;
        if (node->op == IR_OP_NE) f->negated = !f->negated;
        if (v->kind == VALUE_BOOL && ir_build_at(&l->c->build, f->of)->type == IR_TYPE_BOOL)
            f->kind = FACT_TRUE, f->negated = f->negated == (v->i != 0);
        return true;
    }
    for (size_t i = 0; i < sizeof bounds_of / sizeof *bounds_of; i++)
        if ((swap ? bounds_of[i].swapped : bounds_of[i].op) == node->op) {
            f->kind = (enum fact_kind)bounds_of[i].kind;
            f->closed = bounds_of[i].closed;
            return true;
        }
    return false;
}

/* The fact that a test states. What is not understood is a fact about itself. */
static struct fact fact_of(const struct logic *l, ir_node_id id, bool negated)
{
    const struct ir_node *node = ir_build_at(&l->c->build, id);
    const ir_node_id *operands = l->c->build.operands.at + node->first;
    struct fact f = {.kind = FACT_TRUE, .negated = negated, .of = id}, other = f;
    if (node->n == 2 && compare_fact(l, node, operands, &other)) return other;
    if (!node->n || is_many(l, operands[0])) return f;
    if (node->op == IR_OP_PRESENT) f.kind = FACT_PRESENT, f.of = operands[0];
    if (node->op >= IR_OP_LIKE && node->op <= IR_OP_ENDS) {
        const struct value *v = constant(l, operands[1]);
        if (v && v->kind == VALUE_STRING && as_glob(l, node->op, *v, &f.v)) f.kind = FACT_LIKE, f.of = operands[0];
    }
    if (node->op == IR_OP_MEMBER_OF && ir_build_at(&l->c->build, operands[1])->op == IR_OP_LIST) {
        const struct ir_list *list = &l->c->build.lists.at[ir_build_at(&l->c->build, operands[1])->x];
        if (!list->name.len) f.kind = FACT_ONE_OF, f.of = operands[0], f.list = list;
    }
    return f;
}

/* ---- branches ---- */

static bool add_fact(struct branch_of_facts *b, struct fact f)
{
    if (outside_domain(b->l, &f)) return false;
    for (uint32_t i = 0; i < b->n; i++)
        if (exclude(&b->facts[i], &f)) return false;
    if (b->n < FACTS_MOST) b->facts[b->n++] = f;
    return true;
}

static ir_node_id ok_field(const struct logic *l)
{
    return field_node(l->c, TEXT("ok"), (struct csr_span){0});
}

/* The laws of the fields: failed is not ok; who is denied, or only asked, is not ok; an error is none of an ok call. */
static bool add_with_laws(struct branch_of_facts *b, struct fact f)
{
    const struct logic *l = b->l;
    bool says_value = !f.negated && f.kind != FACT_TRUE;
    if (f.kind == FACT_TRUE && is_field(l, f.of, "failed")) f.of = ok_field(l), f.negated = !f.negated;
    bool refused = f.kind == FACT_TRUE && !f.negated && (is_field(l, f.of, "denied") || is_field(l, f.of, "dry_run"));
    bool erred = says_value && (is_field(l, f.of, "error") || is_field(l, f.of, "error_text"));
    struct fact not_ok = {.kind = FACT_TRUE, .negated = true};
    if (!add_fact(b, f)) return false;
    if (!refused && !erred) return true;
    not_ok.of = ok_field(l);
    return add_fact(b, not_ok);
}

struct todo {
    ir_node_id id;
    bool negated;
    const struct todo *next;
};

static bool is_possible(struct branch_of_facts *b, const struct todo *todo);

static bool all_possible(struct branch_of_facts *b, const ir_node_id *operands, uint32_t n, bool negated,
                         const struct todo *next)
{
    struct todo each[OPERANDS_MOST];
    for (uint32_t i = n; i-- > 0; next = &each[i]) each[i] = (struct todo){operands[i], negated, next};
    return is_possible(b, next);
}

static bool one_possible(struct branch_of_facts *b, const ir_node_id *operands, uint32_t n, bool negated,
                         const struct todo *next)
{
    uint32_t before = b->n;
    for (uint32_t i = 0; i < n; i++, b->n = before)
        if (is_possible(b, &(struct todo){operands[i], negated, next})) return true;
    return false;
}

static bool atom_possible(struct branch_of_facts *b, const struct todo *t, const struct ir_node *node)
{
    const struct logic *l = b->l;
    if (node->op == IR_OP_CONST) {
        const struct value *v = constant(l, t->id);
        return (v->kind == VALUE_BOOL && (v->i != 0) == t->negated) ? false : is_possible(b, t->next);
    }
    if (node->op == IR_OP_STEP_EXISTS && t->negated && l->rule && l->rule->steps[node->y].is_required &&
        !l->rule->steps[node->y].branch)
        return false;
    if (node->op == IR_OP_BETWEEN && !t->negated && !is_many(l, l->c->build.operands.at[node->first])) {
        const ir_node_id *o = l->c->build.operands.at + node->first;
        struct fact from = {.kind = FACT_MORE, .closed = true, .of = o[0], .v = *constant(l, o[1])};
        struct fact to = {.kind = FACT_LESS, .closed = true, .of = o[0], .v = *constant(l, o[2])};
        return add_with_laws(b, from) && add_with_laws(b, to) && is_possible(b, t->next);
    }
    return add_with_laws(b, fact_of(l, t->id, t->negated)) && is_possible(b, t->next);
}

static bool is_possible(struct branch_of_facts *b, const struct todo *t)
{
    if (!t || !b->work) return true;
    b->work--;
    const struct ir_node node = *ir_build_at(&b->l->c->build, t->id);
    const ir_node_id *operands = b->l->c->build.operands.at + node.first;
    if (node.op == IR_OP_NOT) return is_possible(b, &(struct todo){operands[0], !t->negated, t->next});
    if (node.op != IR_OP_AND && node.op != IR_OP_OR) return atom_possible(b, t, &node);
    if (node.n > OPERANDS_MOST) return is_possible(b, t->next);
    bool all = (node.op == IR_OP_AND) != t->negated;
    return (all ? all_possible : one_possible)(b, operands, node.n, t->negated, t->next);
}

/* ---- the whole ---- */

bool logic_never(const struct logic *l, const ir_node_id *tests, uint32_t n)
{
    if (n > OPERANDS_MOST) return false;
    struct branch_of_facts b = {.l = l, .work = STEPS_OF_WORK};
    return !all_possible(&b, tests, n, false, NULL);
}

bool logic_always(const struct logic *l, ir_node_id test)
{
    struct branch_of_facts b = {.l = l, .work = STEPS_OF_WORK};
    return !is_possible(&b, &(struct todo){test, true, NULL});
}
