/* step.c - steps: which events fill them, under which key, and what is kept of them.
 *
 * A predicate is split at its top-level `and`s (through defines). What looks at the event alone is the
 * group's test; what asks a baseline is its gate; `field == step.field` is a join, to which the other step
 * gives its own side. The names of the events themselves are events.c.
 */
#include "engine/compile/compiler.h"

/* ---- names ---- */

uint32_t step_find(const struct rule_work *r, struct text name)
{
    for (uint32_t i = 0; i < r->n_steps; i++)
        if (text_equal(r->steps[i].name, name)) return i;
    return IR_NONE;
}

uint32_t step_expect(struct rule_work *r, struct text name, struct csr_span at)
{
    uint32_t step = step_find(r, name);
    if (step != IR_NONE) return step;
    struct nearest near = {.wanted = name};
    for (uint32_t i = 0; i < r->n_steps; i++) nearest_try(&near, r->steps[i].name);
    if (r->is_broken && !near.best.len) return IR_NONE; /* its step may be what could not be read */
    struct diag *d = diag_at(r->c->diags, E0205, at, "no step is called `" TEXT_FMT "`", TEXT_ARG(name));
    if (near.best.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
    return IR_NONE;
}

static void declare_step(struct rule_work *r, struct text name, const struct ast *clause)
{
    uint32_t earlier = step_find(r, name);
    if (earlier != IR_NONE) {
        diag_label(diag_at(r->c->diags, E0202, head_span(r->c, clause), "the step `" TEXT_FMT "` again",
                           TEXT_ARG(name)),
                   r->steps[earlier].span, "declared here first");
        return;
    }
    if (field_begins(name))
        diag_note(
            diag_at(r->c->diags, E0217, head_span(r->c, clause), "`" TEXT_FMT "` is a field", TEXT_ARG(name)),
            "`" TEXT_FMT ".x` could mean either: give the step another name", TEXT_ARG(name));
    struct step_work *step = &r->steps[r->n_steps++];
    *step = (struct step_work){.name = name, .span = head_span(r->c, clause), .ast = clause};
    AST_EACH(group, clause) step->n_groups += group->kind == AST_GROUP;
    step->groups = ARENA_ARRAY(r->c->arena, struct group_work, step->n_groups);
    uint32_t g = 0;
    AST_EACH(group, clause)
        if (group->kind == AST_GROUP)
            step->groups[g++] = (struct group_work){.ast = group, .test = IR_NONE, .gate = IR_NONE};
}

void declare_steps(struct rule_work *r)
{
    uint32_t n = 0;
    AST_EACH(clause, r->ast) n += clause->kind == AST_STEP || clause->kind == AST_ON;
    r->steps = ARENA_ARRAY(r->c->arena, struct step_work, n < STEPS_MOST ? n : STEPS_MOST);
    AST_EACH(clause, r->ast) {
        if (clause->kind != AST_STEP && clause->kind != AST_ON) continue;
        if (r->n_steps == STEPS_MOST) {
            diag_at(r->c->diags, E0313, head_span(r->c, clause), "this is the 65th step");
            return;
        }
        declare_step(r, clause->kind == AST_ON ? TEXT("on") : clause->text, clause);
    }
}

/* ---- with ---- */

const struct ast *group_with(const struct ast *group, struct text name)
{
    AST_EACH(kid, group)
        if (kid->kind == AST_WITH && text_equal(kid->text, name)) return kid->kids;
    return NULL;
}

bool step_has_with(const struct rule_work *r, uint32_t step, struct text name)
{
    for (uint32_t g = 0; g < r->steps[step].n_groups; g++)
        if (group_with(r->steps[step].groups[g].ast, name)) return true;
    return false;
}

/* ---- captures ---- */

struct scope step_scope(struct rule_work *r, uint32_t step, uint32_t group)
{
    return (struct scope){.c = r->c,
                          .place = IN_EVENT,
                          .unit = r->unit,
                          .rule = r,
                          .step = step,
                          .group = group,
                          .own_step = step,
                          .events = r->steps[step].groups[group].ast};
}

/* What to capture: a path's names, or a test. */
struct wanted {
    struct text name;
    struct text head;
    const struct ast *tail;
    struct csr_span span;
    const struct ast *test; /* NULL: the path */
};

static ir_node_id lower_wanted(const struct scope *s, const struct wanted *w)
{
    return w->test ? lower_test(s, w->test) : lower_names(s, w->head, w->tail, w->span);
}

static ir_node_id capture_wanted(struct rule_work *r, uint32_t step, const struct wanted *w)
{
    struct step_work *work = &r->steps[step];
    uint32_t at = 0;
    while (at < work->captures.len && !text_equal(work->captures.at[at].name, w->name)) at++;
    if (at == work->captures.len) {
        enum ir_type type = IR_TYPE_ANY;
        for (uint32_t g = 0; g < work->n_groups; g++) {
            struct scope s = step_scope(r, step, g);
            s.sees_with = true;
            s.events = NULL;
            ir_node_id node = lower_wanted(&s, w);
            if (node == IR_POISON) return IR_POISON;
            *ARENA_PUSH(r->c->arena, work->groups[g].captures) = node;
            if (type == IR_TYPE_ANY) type = expr_type(r->c, node);
        }
        *ARENA_PUSH(r->c->arena, work->captures) = (struct ir_capture){.name = w->name, .type = (uint8_t)type};
    }
    return ir_build_node(&r->c->build, (struct ir_make){.op = IR_OP_CAPTURE,
                                                        .type = (enum ir_type)work->captures.at[at].type,
                                                        .x = at,
                                                        .y = step,
                                                        .span = w->span});
}

ir_node_id step_capture(struct rule_work *r, uint32_t step, struct text head, const struct ast *tail,
                        struct csr_span span)
{
    return capture_wanted(r, step,
                          &(struct wanted){.name = path_words(r->c->arena, head, tail),
                                           .head = head, .tail = tail, .span = span});
}

ir_node_id step_test(struct rule_work *r, uint32_t step, const struct ast *test)
{
    return capture_wanted(r, step,
                          &(struct wanted){.name = expr_words(r->c->arena, test), .span = test->span, .test = test});
}

uint32_t rule_ask(struct rule_work *r, enum ir_ask_kind kind, uint32_t baseline, uint32_t step)
{
    for (uint32_t i = 0; i < r->asks.len; i++) {
        const struct ir_ask *ask = &r->asks.at[i];
        if (ask->kind == kind && ask->baseline == baseline && ask->step == step) return i;
    }
    *ARENA_PUSH(r->c->arena, r->asks) = (struct ir_ask){(uint8_t)kind, baseline, step};
    *ARENA_PUSH(r->c->arena, r->steps[step].asks) = r->asks.len - 1;
    return r->asks.len - 1;
}

/* ---- keys ---- */

static void missing_key(struct rule_work *r, uint32_t step, const struct ast *path, struct text name)
{
    struct diag *d =
        diag_at(r->c->diags, E0311, r->steps[step].span, "this step gives no `" TEXT_FMT "`", TEXT_ARG(name));
    diag_label(d, path->span, "the key wants it");
    diag_note(d, "write `with " TEXT_FMT " = …` behind the step's predicate", TEXT_ARG(name));
}

static bool some_step_has_with(const struct rule_work *r, struct text name)
{
    for (uint32_t i = 0; i < r->n_steps; i++)
        if (step_has_with(r, i, name)) return true;
    return false;
}

static void lower_key_part(struct rule_work *r, uint32_t step, const struct ast *path, struct ir_by *by)
{
    struct step_work *work = &r->steps[step];
    for (uint32_t g = 0; g < work->n_groups; g++) {
        struct scope s = step_scope(r, step, g);
        s.sees_with = true;
        bool named = group_with(work->groups[g].ast, path->text) != NULL;
        ir_node_id node = IR_POISON;
        if (!named && !field_begins(path->text) && some_step_has_with(r, path->text) && !over_gives(&s, path->text))
            missing_key(r, step, path, by->name);
        else
            node = lower_names(&s, path->text, path->kids, path->span);
        *ARENA_PUSH(r->c->arena, work->groups[g].key) = node;
        if (by->type == IR_TYPE_ANY && node != IR_POISON) by->type = (uint8_t)expr_type(r->c, node);
    }
}

/* `actor` where an `on` rule says nothing. */
static const struct ast default_by = {.kind = AST_PATH, .text = {"actor", 5}};

static void lower_keys(struct rule_work *r)
{
    const struct ast *clause = ast_kid(r->ast, AST_BY);
    const struct ast *path = clause ? clause->kids : r->out.is_on ? &default_by : NULL;
    for (uint32_t i = 0; path; path = path->next, i++)
        for (uint32_t step = 0; step < r->n_steps; step++) lower_key_part(r, step, path, &r->out.by[i]);
}

/* ---- joins ---- */

static bool has_nodes(const struct rule_work *r, uint32_t join, uint32_t of, const ir_node_id *nodes)
{
    for (uint32_t g = 0; g < r->steps[of].n_groups; g++)
        if (r->steps[of].groups[g].joins.at[join] != nodes[g]) return false;
    return true;
}

static bool same_nodes(const struct rule_work *r, uint32_t join, uint32_t of, const ir_node_id *nodes)
{
    return r->joins.at[join].of == of && !r->joins.at[join].differs && has_nodes(r, join, of, nodes);
}

static uint32_t add_join(struct rule_work *r, uint32_t of, const ir_node_id *nodes, struct text name)
{
    *ARENA_PUSH(r->c->arena, r->joins) = (struct ir_join){.name = name, .of = of, .by = IR_NONE};
    for (uint32_t i = 0; i < r->n_steps; i++)
        for (uint32_t g = 0; g < r->steps[i].n_groups; g++)
            *ARENA_PUSH(r->c->arena, r->steps[i].groups[g].joins) = i == of ? nodes[g] : IR_NONE;
    return r->joins.len - 1;
}

/* Joins compare canonical bytes, so what is written as text becomes an address where the other side is one.
 */
static ir_node_id as_address(const struct scope *s, ir_node_id node, bool wanted)
{
    if (!wanted || node == IR_POISON || expr_type(s->c, node) == IR_TYPE_IP) return node;
    return make_node(s, IR_OP_TO_IP, IR_TYPE_IP, &node, 1, ir_build_at(&s->c->build, node)->span);
}

/* The other step's side, for each of its groups. False after a mistake. */
static bool lower_theirs(const struct scope *s, uint32_t of, const struct ast *theirs, ir_node_id *mine,
                         ir_node_id *nodes)
{
    struct rule_work *r = s->rule;
    for (uint32_t g = 0; g < r->steps[of].n_groups; g++) {
        struct scope other = *s;
        other.step = other.own_step = of;
        other.group = g;
        other.events = r->steps[of].ast;
        other.sees_with = true;
        nodes[g] = as_address(s, lower_value(&other, theirs), expr_type(r->c, *mine) == IR_TYPE_IP);
        if (nodes[g] == IR_POISON) return false;
        *mine = as_address(s, *mine, expr_type(r->c, nodes[g]) == IR_TYPE_IP);
    }
    return true;
}

/* The one other step among bits; IR_NONE if there are several. */
static uint32_t only_step(uint64_t bits)
{
    if (bits & (bits - 1)) return IR_NONE;
    uint32_t step = 0;
    while (!(bits >> step & 1)) step++;
    return step;
}

static ir_node_id bad_reference(const struct scope *s, const struct ast *e)
{
    diag_note(diag_at(s->c->diags, E0312, e->span, "this compares with another step"),
              "a predicate may say `field == step.field` or `field != step.field`, joined by `and`; every other "
              "comparison of two steps belongs in `where` or `score`");
    return IR_POISON;
}

/* Whether the match can have an event of the step that is referred to. */
static bool may_refer_to(const struct scope *s, const struct ast *e, uint32_t of)
{
    const struct step_work *step = &s->rule->steps[of];
    if (!step->is_forbidden) return true;
    diag_note(diag_at(s->c->diags, E0312, e->span, "the match forbids `" TEXT_FMT "`", TEXT_ARG(step->name)),
              "there is no event of it to compare with; the reference may stand in the forbidden step");
    return false;
}

/* `mine == theirs`: this group and the step `of` must agree. The test that is left is that there is a value. */
static ir_node_id lower_equal(const struct scope *s, const struct ast *e, ir_node_id mine, const ir_node_id *theirs,
                              uint32_t of, struct text name)
{
    struct rule_work *r = s->rule;
    struct group_work *group = &r->steps[s->step].groups[s->group];
    uint32_t join = 0;
    while (join < r->joins.len && (!same_nodes(r, join, of, theirs) || group->joins.at[join] != IR_NONE)) join++;
    if (join == r->joins.len) add_join(r, of, theirs, name);
    group->joins.at[join] = mine;
    return make_node(s, IR_OP_PRESENT, IR_TYPE_BOOL, &mine, 1, e->span);
}

/* The `!=` between the steps a and b; IR_NONE if there is none yet. */
static uint32_t find_different(const struct rule_work *r, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < r->joins.len; i++) {
        const struct ir_join *join = &r->joins.at[i];
        if (join->differs && ((join->of == a && join->by == b) || (join->of == b && join->by == a))) return i;
    }
    return IR_NONE;
}

/* `mine != theirs`: of two events that both take part, the values must differ. No test is left. */
static ir_node_id lower_different(const struct scope *s, const struct ast *e, ir_node_id mine,
                                  const ir_node_id *theirs, uint32_t of, struct text name)
{
    struct rule_work *r = s->rule;
    struct group_work *group = &r->steps[s->step].groups[s->group];
    uint32_t join = find_different(r, s->step, of);
    if (join == IR_NONE) {
        join = add_join(r, of, theirs, name);
        r->joins.at[join].differs = true;
        r->joins.at[join].by = s->step;
    } else if (r->joins.at[join].of != of || group->joins.at[join] != IR_NONE || !has_nodes(r, join, of, theirs)) {
        diag_note(diag_at(s->c->diags, E0335, e->span, "these two steps are told apart by another `!=` already"),
                  "compare the rest in `where`: where " TEXT_FMT ".x != " TEXT_FMT ".x",
                  TEXT_ARG(r->steps[s->step].name), TEXT_ARG(r->steps[of].name));
        return IR_POISON;
    }
    group->joins.at[join] = mine;
    return IR_NONE;
}

static ir_node_id lower_join(const struct scope *s, const struct ast *e, const struct ast *mine,
                             const struct ast *theirs, uint32_t of)
{
    struct rule_work *r = s->rule;
    ir_node_id node = lower_value(s, mine);
    ir_node_id *nodes = ARENA_ARRAY(r->c->arena, ir_node_id, r->steps[of].n_groups);
    if (node == IR_POISON || !lower_theirs(s, of, theirs, &node, nodes) || !may_refer_to(s, e, of)) return IR_POISON;
    struct text name = expr_words(r->c->arena, theirs);
    return e->op == OP_EQ ? lower_equal(s, e, node, nodes, of, name) : lower_different(s, e, node, nodes, of, name);
}

static ir_node_id lower_reference(const struct scope *s, const struct ast *e)
{
    if (e->kind != AST_TEST_OP || (e->op != OP_EQ && e->op != OP_NE)) return bad_reference(s, e);
    uint64_t own = UINT64_C(1) << s->step;
    struct mentions left = expr_mentions(s, e->kids), right = expr_mentions(s, e->kids->next);
    bool left_refers = (left.steps & ~own) != 0;
    struct mentions ours = left_refers ? right : left, theirs = left_refers ? left : right;
    uint32_t of = only_step(theirs.steps);
    if ((ours.steps & ~own) || of == IR_NONE || theirs.bare || theirs.asks || ours.asks)
        return bad_reference(s, e);
    const struct ast *first = e->kids, *second = e->kids->next;
    return left_refers ? lower_join(s, e, second, first, of) : lower_join(s, e, first, second, of);
}

/* ---- predicates ---- */

struct conjunct {
    struct scope scope;
    const struct ast *expr;
};
struct conjuncts ARENA_VEC(struct conjunct);

static void split(const struct scope *s, const struct ast *e, struct conjuncts *out)
{
    if (e->kind == AST_AND) {
        AST_EACH(kid, e) split(s, kid, out);
        return;
    }
    bool plain = e->kind == AST_PATH ? !e->kids : e->kind == AST_CALL && e->n_kids <= 1;
    struct symbol *define = plain && !binding_find(s, e->text) ? define_named(s, e) : NULL;
    if (!define) {
        *ARENA_PUSH(s->c->arena, *out) = (struct conjunct){*s, e};
        return;
    }
    struct scope inner;
    const struct ast *body = define_enter(s, define, ast_kid(e, AST_ARGS), e->span, &inner);
    if (body) split(&inner, body, out);
}

static ir_node_id and_all(const struct scope *s, const ir_node_id *parts, uint32_t n, struct csr_span span)
{
    if (!n) return IR_NONE;
    return n == 1 ? parts[0] : make_node(s, IR_OP_AND, IR_TYPE_BOOL, parts, n, span);
}

static void lower_predicate(struct rule_work *r, uint32_t step, uint32_t group, const struct ast *predicate)
{
    struct scope s = step_scope(r, step, group);
    struct conjuncts all = {0};
    split(&s, predicate, &all);
    ir_node_id *tests = ARENA_ARRAY(r->c->arena, ir_node_id, all.len),
               *gates = ARENA_ARRAY(r->c->arena, ir_node_id, all.len);
    uint32_t n_tests = 0, n_gates = 0;
    lint_begin(r->c);
    for (uint32_t i = 0; i < all.len; i++) {
        struct conjunct *part = &all.at[i];
        struct mentions m = expr_mentions(&part->scope, part->expr);
        if (m.steps & ~(UINT64_C(1) << step)) {
            ir_node_id left = lower_reference(&part->scope, part->expr);
            if (left != IR_NONE) tests[n_tests++] = left;
        } else if (m.asks) {
            part->scope.place = IN_GATE;
            gates[n_gates++] = lower_test(&part->scope, part->expr);
        } else {
            tests[n_tests++] = lower_test(&part->scope, part->expr);
        }
    }
    struct group_work *work = &r->steps[step].groups[group];
    work->test = and_all(&s, tests, n_tests, predicate->span);
    work->gate = and_all(&s, gates, n_gates, predicate->span);
    for (uint32_t i = 0; i < n_gates; i++) tests[n_tests++] = gates[i];
    lint_predicate(&s, tests, n_tests, predicate->span);
}

/* A `with` is checked even if nothing reads it. */
static void check_withs(struct rule_work *r, uint32_t step, uint32_t group, const struct ast *ast)
{
    struct scope s = step_scope(r, step, group);
    AST_EACH(with, ast) {
        if (with->kind != AST_WITH) continue;
        if (group_with(ast, with->text) != with->kids)
            diag_at(r->c->diags, E0202, with->span, "`" TEXT_FMT "` again", TEXT_ARG(with->text));
        lower_value(&s, with->kids);
    }
}

void lower_steps(struct rule_work *r)
{
    lower_keys(r);
    for (uint32_t i = 0; i < r->n_steps; i++)
        for (uint32_t g = 0; g < r->steps[i].n_groups; g++) {
            const struct ast *group = r->steps[i].groups[g].ast, *predicate = ast_kid(group, AST_IF);
            if (predicate && predicate->kids) lower_predicate(r, i, g, predicate->kids);
            check_withs(r, i, g, group);
        }
}

/* ---- into the IR ---- */

/* What a warning about an API name says of those who wait for it. */
static struct api_owner owner_of(const struct rule_work *r, const struct step_work *step)
{
    struct api_owner owner = {.name = step->name, .what = r->out.is_on ? API_OF_RULE : API_OF_STEP};
    for (uint32_t g = 0; g < step->n_groups; g++)
        AST_EACH(kid, step->groups[g].ast) owner.n_apis += kid->kind == AST_API || kid->kind == AST_ANY_API;
    return owner;
}

static void seal_group(struct rule_work *r, const struct step_work *step, const struct group_work *work,
                       struct ir_group *out)
{
    lower_apis(r->c, r->unit, work->ast, owner_of(r, step), out);
    out->test = work->test;
    out->gate = work->gate;
    out->key = work->key.at;
    out->joins = work->joins.at;
    out->exceptions = work->exceptions.at;
    out->n_exceptions = work->exceptions.len;
}

void seal_captures(struct rule_work *r)
{
    for (uint32_t i = 0; i < r->out.n_steps; i++) {
        const struct step_work *work = &r->steps[i];
        struct ir_step *step = &r->out.steps[i];
        step->captures = work->captures.at;
        step->n_captures = work->captures.len;
        for (uint32_t g = 0; g < work->n_groups; g++) step->groups[g].captures = work->groups[g].captures.at;
    }
    r->out.gives = r->gives.at;
    r->out.n_gives = r->gives.len;
}

void seal_steps(struct rule_work *r)
{
    struct ir_rule *rule = &r->out;
    rule->n_steps = r->n_steps;
    rule->steps = ARENA_ARRAY(r->c->arena, struct ir_step, r->n_steps);
    for (uint32_t i = 0; i < r->n_steps; i++) {
        struct step_work *work = &r->steps[i];
        struct ir_step *step = &rule->steps[i];
        *step = (struct ir_step){.name = work->name,
                                 .span = work->span,
                                 .n_groups = work->n_groups,
                                 .asks = work->asks.at,
                                 .n_asks = work->asks.len,
                                 .counted = work->is_counted};
        step->groups = ARENA_ARRAY(r->c->arena, struct ir_group, work->n_groups);
        for (uint32_t g = 0; g < work->n_groups; g++) seal_group(r, work, &work->groups[g], &step->groups[g]);
    }
    seal_captures(r);
    rule->n_joins = r->joins.len;
    rule->joins = ARENA_ARRAY(r->c->arena, struct ir_join, r->joins.len);
    for (uint32_t i = 0; i < r->joins.len; i++) rule->joins[i] = r->joins.at[i];
    rule->asks = r->asks.at;
    rule->n_asks = r->asks.len;
    rule->spikes = r->spikes.at;
    rule->n_spikes = r->spikes.len;
}
