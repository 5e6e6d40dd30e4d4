/* explain_match.c - the steps of a rule, each in a sentence, and how `match` lets them stand in time.
 *
 * What is required is told first, as one sentence. Optional items of the outermost chain follow one by one,
 * because each is judged on its own (language.md B9): none of them stands before or after another.
 */
#include "engine/tell/explain.h"

/* ---- steps --------------------------------------------------------------------------------------------- */

/* Tests that turn into a word before the noun: "a successful call". */
static const struct {
    const char *field, *holds, *fails;
} adjectives[] = {
    {"ok", "successful", "failed"}, {"failed", "failed", "successful"},          {"denied", "refused", NULL},
    {"dry_run", "dry-run", NULL},   {"read_only", "read-only", "non-read-only"},
};

static const char *adjective(const struct teller *t, ir_node_id id)
{
    const struct ir_node *node = &t->ir->nodes[id];
    bool holds = node->op != IR_OP_NOT;
    if (!holds) node = &t->ir->nodes[t->ir->operands[node->first]];
    if (node->op != IR_OP_FIELD) return NULL;
    for (size_t i = 0; i < sizeof adjectives / sizeof *adjectives; i++)
        if (text_equal(t->ir->fields[node->x].name, text_of(adjectives[i].field)))
            return holds ? adjectives[i].holds : adjectives[i].fails;
    return NULL;
}

static bool is_every_event(const struct ir_group *g)
{
    for (uint32_t i = 0; i < g->n_apis; i++)
        if (!g->apis[i].action.len && g->apis[i].rule == IR_NONE) return true;
    return false;
}

/* "a successful call of iam:CreateUser": of n groups that ask the same. */
static void tell_noun(struct teller *t, const struct ir_group *g, uint32_t n_groups, bool begins)
{
    struct prose *p = &t->prose;
    const ir_node_id *parts = NULL;
    uint32_t n = predicate_parts(t->ir, &g->test, &parts), told = 0, apis = 0;
    const char *before = is_every_event(g) ? begins ? "Any" : "any" : begins ? "A" : "a";
    for (uint32_t i = 0; i < n; i++)
        if (adjective(t, parts[i])) {
            prose_put(p, "%s %s", before, adjective(t, parts[i]));
            before = ",";
        }
    if (*before != ',') prose_put(p, "%s", before);
    if (is_every_event(g)) {
        prose_put(p, " event");
        return;
    }
    prose_put(p, g->apis[0].rule == IR_NONE ? " call of " : " match of the rule ");
    for (uint32_t k = 0; k < n_groups; k++) apis += g[k].n_apis;
    for (uint32_t k = 0; k < n_groups; k++)
        for (uint32_t i = 0; i < g[k].n_apis; i++) {
            prose_put(p, "%s", list_joint(told++, apis, " or "));
            ir_put_api(prose_out(p), t->ir, &g[k].apis[i]);
        }
}

struct conditions {
    struct teller *t;
    uint32_t told;
};

static void begin_condition(struct conditions *c)
{
    prose_put(&c->t->prose, c->told++ ? ", and " : " where ");
}

static void tell_joins(struct conditions *c, const struct ir_group *g, uint32_t step)
{
    for (uint32_t j = 0; j < c->t->rule->n_joins; j++) {
        if (g->joins[j] == IR_NONE || c->t->rule->joins[j].of == step) continue;
        begin_condition(c);
        tell_value(c->t, g->joins[j]);
        prose_put(&c->t->prose, "%s" TEXT_FMT,
                  c->t->rule->joins[j].differs ? " is not the same as " : " is the same as ",
                  TEXT_ARG(c->t->rule->joins[j].name));
    }
}

static void tell_group(struct teller *t, const struct ir_group *g, uint32_t n_groups, uint32_t step,
                       bool begins)
{
    struct conditions c = {.t = t};
    const ir_node_id *parts = NULL;
    tell_noun(t, g, n_groups, begins);
    uint32_t n = predicate_parts(t->ir, &g->test, &parts);
    for (uint32_t i = 0; i < n; i++) {
        if (adjective(t, parts[i]) || predicate_is_of_join(t->ir, t->rule, g, parts[i])) continue;
        begin_condition(&c);
        tell_test(t, parts[i]);
    }
    tell_joins(&c, g, step);
    n = predicate_parts(t->ir, &g->gate, &parts);
    for (uint32_t i = 0; i < n; i++) {
        begin_condition(&c);
        tell_test(t, parts[i]);
    }
}

/* Whether two groups differ in their calls alone (and in the values that they give). */
static bool ask_the_same(const struct teller *t, const struct ir_group *a, const struct ir_group *b)
{
    for (uint32_t j = 0; j < t->rule->n_joins; j++)
        if (a->joins[j] != b->joins[j]) return false;
    return a->test == b->test && a->gate == b->gate && !is_every_event(a) && !is_every_event(b);
}

static bool is_its_own_name(struct teller *t, struct text name, ir_node_id id)
{
    struct line l = {.arena = t->prose.line.arena};
    if (id == IR_NONE) return true;
    ir_print_node(t->ir, t->rule, id, line_out(&l));
    return text_equal(name, line_view(&l));
}

/* What `with` names of a step that something reads stand for; a field stands for itself. */
static void tell_withs(struct teller *t, const struct ir_step *step)
{
    for (uint32_t i = 0; i < step->n_captures; i++) {
        struct text name = step->captures[i].name;
        uint32_t told = 0;
        for (uint32_t g = 0; g < step->n_groups; g++) {
            ir_node_id id = step->groups[g].captures[i];
            if (is_its_own_name(t, name, id)) continue;
            if (!told++)
                prose_put(&t->prose, " Its " TEXT_FMT " is ", TEXT_ARG(name));
            else
                prose_put(&t->prose, ", or ");
            ir_print_node(t->ir, t->rule, id, prose_out(&t->prose));
        }
        prose_put(&t->prose, told ? "." : "");
    }
}

static void tell_groups(struct teller *t, uint32_t number, bool begins)
{
    const struct ir_step *step = &t->rule->steps[number];
    t->step = number;
    for (uint32_t g = 0, same; g < step->n_groups; g += same) {
        for (same = 1; g + same < step->n_groups; same++)
            if (!ask_the_same(t, &step->groups[g], &step->groups[g + same])) break;
        prose_put(&t->prose, "%s", g ? "; or " : "");
        tell_group(t, &step->groups[g], same, number, begins && !g);
    }
    prose_put(&t->prose, ".");
    tell_withs(t, step);
    t->step = IR_NONE;
}

void tell_steps(struct teller *t)
{
    const struct ir_rule *r = t->rule;
    unsigned width = 0;
    if (r->is_on) {
        prose_put(&t->prose, "One event is enough: ");
        tell_groups(t, 0, false);
        prose_end(&t->prose, 2, 2);
        return;
    }
    for (uint32_t i = 0; i < r->n_steps; i++)
        if (width < r->steps[i].name.len) width = r->steps[i].name.len;
    for (uint32_t i = 0; i < r->n_steps; i++) {
        tell_groups(t, i, true);
        prose_row(&t->prose, 2, r->steps[i].name, (width < 20 ? width : 20) + 2);
    }
}

/* ---- order --------------------------------------------------------------------------------------------- */

static void tell_item(struct teller *t, const struct ir_match *m);

/* How much later, behind what comes later. */
static void tell_gap(struct teller *t, const struct ir_arrow *a)
{
    struct prose *p = &t->prose;
    bool has_most = a->most != INT64_MAX;
    if (a->strict) prose_put(p, " in a later second");
    if (!a->least && !has_most) return;
    prose_put(p, a->strict ? ", " : " ");
    if (!has_most)
        prose_put(p, "at least ");
    else if (!a->least)
        prose_put(p, "at most ");
    if (a->least) tell_seconds(t, a->least);
    if (a->least && has_most) prose_put(p, " to ");
    if (has_most) tell_seconds(t, a->most);
    prose_put(p, " later");
}

/* Without the brackets that say nothing by themselves. */
static const struct ir_match *unwrapped(const struct ir_match *m)
{
    while (m->kind == IR_M_GROUP && m->in == INT64_MAX) m = m->kids;
    return m;
}

static bool is_compound(const struct ir_match *m)
{
    m = unwrapped(m);
    return m->kind == IR_M_CHAIN || m->kind == IR_M_ANY_ORDER || m->kind == IR_M_EITHER ||
           m->kind == IR_M_SOME_OF;
}

static void tell_kids(struct teller *t, const struct ir_match *m, const char *last);

/* Inside another: brackets keep together what belongs together. */
static void tell_inner(struct teller *t, const struct ir_match *m)
{
    m = unwrapped(m);
    if (!is_compound(m)) {
        tell_item(t, m);
        return;
    }
    prose_put(&t->prose, "(");
    if (m->kind == IR_M_EITHER)
        tell_kids(t, m, " or ");
    else
        tell_item(t, m);
    prose_put(&t->prose, ")");
}

/* "gone or off" */
static void tell_forbidden(struct teller *t, const struct ir_match *veto)
{
    const struct ir_match *what = veto->kids;
    if (what->kind == IR_M_EITHER)
        tell_kids(t, what, " or ");
    else
        tell_item(t, what);
}

/* The vetoes before kid i of a chain, up to the next kid that is told. */
static void tell_vetoes_before(struct teller *t, const struct ir_match *m, uint32_t i, bool with_optional)
{
    while (i-- > 0) {
        if (m->kids[i].kind == IR_M_OPTIONAL && !with_optional) continue;
        if (m->kids[i].kind != IR_M_NOT) return;
        prose_put(&t->prose, ", with no ");
        tell_forbidden(t, &m->kids[i]);
        prose_put(&t->prose, " in between");
    }
}

/* Whether the arrow before kid i is an optional item's; vetoes between them change nothing. */
static bool arrow_is_items(const struct ir_match *m, uint32_t i)
{
    while (i && m->kids[i - 1].kind == IR_M_NOT) i--;
    return i && m->kids[i - 1].kind == IR_M_OPTIONAL;
}

static void tell_chain(struct teller *t, const struct ir_match *m, bool with_optional)
{
    bool is_first = true;
    for (uint32_t i = 0; i < m->n_kids; i++) {
        const struct ir_match *kid = &m->kids[i];
        bool is_between = kid->kind == IR_M_NOT && !kid->absent_for;
        if (is_between || (kid->kind == IR_M_OPTIONAL && !with_optional)) continue;
        prose_put(&t->prose, is_first ? "" : ", then ");
        tell_inner(t, kid);
        if (!is_first && (with_optional || !arrow_is_items(m, i))) tell_gap(t, &m->arrows[i]);
        if (!is_first) tell_vetoes_before(t, m, i, with_optional);
        is_first = false;
    }
}

static void tell_kids(struct teller *t, const struct ir_match *m, const char *last)
{
    for (uint32_t i = 0; i < m->n_kids; i++) {
        prose_put(&t->prose, "%s", list_joint(i, m->n_kids, last));
        tell_inner(t, &m->kids[i]);
    }
}

static void tell_window(struct teller *t, int64_t in)
{
    if (in == INT64_MAX) return;
    prose_put(&t->prose, " within ");
    tell_seconds(t, in);
}

static void tell_times(struct teller *t, const struct ir_match *m)
{
    struct prose *p = &t->prose;
    tell_inner(t, m->kids);
    if (m->taking == IR_TAKE_SUM) {
        const struct ir_capture *value = &t->rule->steps[m->kids->step].captures[m->value];
        prose_put(p, " until its " TEXT_FMT " comes to ", TEXT_ARG(value->name));
        ir_put_amount(prose_out(p), m->amount, (enum ir_type)value->type);
        prose_put(p, " or more");
    } else if (m->most) {
        prose_put(p, " %u to %u times and no more", m->least, m->most);
    } else {
        prose_put(p, " at least %u times", m->least);
    }
    if (m->taking == IR_TAKE_DISTINCT)
        prose_put(p, " with a different " TEXT_FMT " each",
                  TEXT_ARG(t->rule->steps[m->kids->step].captures[m->value].name));
    tell_window(t, m->in);
}

/* `(…)[in 5m]` */
static void tell_group_in(struct teller *t, const struct ir_match *m)
{
    if (m->in == INT64_MAX) {
        tell_item(t, m->kids);
        return;
    }
    tell_inner(t, m->kids);
    prose_put(&t->prose, " from first to last");
    tell_window(t, m->in);
}

static void tell_veto(struct teller *t, const struct ir_match *m)
{
    prose_put(&t->prose, "no ");
    tell_forbidden(t, m);
    if (!m->absent_for) return;
    prose_put(&t->prose, " for ");
    tell_seconds(t, m->absent_for);
}

static void tell_item(struct teller *t, const struct ir_match *m)
{
    switch ((enum ir_match_kind)m->kind) {
    case IR_M_STEP: prose_text(&t->prose, t->rule->steps[m->step].name); break;
    case IR_M_REPEAT: tell_times(t, m); break;
    case IR_M_GROUP: tell_group_in(t, m); break;
    case IR_M_OPTIONAL:
        prose_put(&t->prose, "perhaps ");
        tell_inner(t, m->kids);
        break;
    case IR_M_CHAIN: tell_chain(t, m, true); break;
    case IR_M_ANY_ORDER:
        tell_kids(t, m, " and ");
        prose_put(&t->prose, " in any order");
        break;
    case IR_M_EITHER:
        prose_put(&t->prose, "either ");
        tell_kids(t, m, " or ");
        break;
    case IR_M_SOME_OF:
        prose_put(&t->prose, "any %u of ", m->least);
        tell_kids(t, m, " and ");
        prose_put(&t->prose, " in any order");
        break;
    case IR_M_NOT: tell_veto(t, m); break;
    }
}

/* The required neighbour of kid i of a chain, looking to one side; NULL at the end. */
static const struct ir_match *neighbour(const struct ir_match *m, uint32_t i, int side)
{
    for (int64_t at = (int64_t)i + side; at >= 0 && at < m->n_kids; at += side)
        if (m->kids[at].kind != IR_M_OPTIONAL && m->kids[at].kind != IR_M_NOT) return &m->kids[at];
    return NULL;
}

/* A neighbour by names alone: how often and in which order was said before. */
static void tell_neighbour(struct teller *t, const struct ir_match *m)
{
    while (m->kind == IR_M_REPEAT || m->kind == IR_M_GROUP || m->kind == IR_M_OPTIONAL) m = m->kids;
    if (m->kind == IR_M_STEP) prose_text(&t->prose, t->rule->steps[m->step].name);
    for (uint32_t i = 0; i < m->n_kids; i++) {
        prose_put(&t->prose, "%s", list_joint(i, m->n_kids, m->kind == IR_M_EITHER ? " or " : " and "));
        tell_neighbour(t, &m->kids[i]);
    }
}

static void tell_optional(struct teller *t, const struct ir_match *m, uint32_t i)
{
    const struct ir_match *left = neighbour(m, i, -1), *right = neighbour(m, i, 1);
    struct prose *p = &t->prose;
    tell_item(t, m->kids[i].kids);
    prose_put(p, is_compound(m->kids[i].kids) ? "," : "");
    if (left) {
        prose_put(p, " after ");
        tell_neighbour(t, left);
        if (m->kids[i - 1].kind != IR_M_OPTIONAL) tell_gap(t, &m->arrows[i]);
        if (!right) tell_vetoes_before(t, m, i, false);
    }
    if (right) {
        prose_put(p, left ? " and before " : " before ");
        tell_neighbour(t, right);
        if (m->kids[i + 1].kind != IR_M_OPTIONAL) {
            const struct ir_arrow *a = &m->arrows[i + 1];
            if (a->least || a->most != INT64_MAX || a->strict) prose_put(p, ", which comes");
            tell_gap(t, a);
        }
    }
    prose_put(p, ".");
}

static void tell_optionals(struct teller *t, const struct ir_match *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_kids; i++) n += m->kids[i].kind == IR_M_OPTIONAL;
    if (m->kind != IR_M_CHAIN || !n) return;
    prose_put(&t->prose,
              n == 1 ? "One thing more is looked for. It is not needed; it adds evidence and score, also "
                       "when it comes after the match:"
                     : "More is looked for. None of it is needed; each adds evidence and score by itself, "
                       "also when it comes after the match:");
    prose_end(&t->prose, 2, 2);
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (m->kids[i].kind != IR_M_OPTIONAL) continue;
        prose_put(&t->prose, "- ");
        tell_optional(t, m, i);
        prose_end(&t->prose, 4, 6);
    }
}

static bool has_plain_arrow(const struct ir_match *m)
{
    for (uint32_t i = 0; i < m->n_kids; i++)
        if ((m->kind == IR_M_CHAIN && i && !m->arrows[i].strict) || has_plain_arrow(&m->kids[i])) return true;
    return false;
}

/* The one kid of a chain that is needed; NULL if there are more, or something must not follow it. */
static const struct ir_match *only_required(const struct ir_match *m)
{
    const struct ir_match *only = NULL;
    for (uint32_t i = 0; i < m->n_kids; i++) {
        const struct ir_match *kid = &m->kids[i];
        if (kid->kind == IR_M_OPTIONAL || (kid->kind == IR_M_NOT && !kid->absent_for)) continue;
        if (only) return NULL;
        only = kid;
    }
    return only;
}

/* Of the whole, brackets around it that have a window narrow that of the rule. */
static const struct ir_match *outermost(const struct ir_match *m, int64_t *within)
{
    for (; m->kind == IR_M_GROUP; m = m->kids)
        if (m->in < *within) *within = m->in;
    return m;
}

static void tell_bounds(struct teller *t, const struct ir_match *m, int64_t within)
{
    struct prose *p = &t->prose;
    prose_put(p, ". From the first event to the last at most ");
    tell_seconds(t, within);
    prose_put(p, " may pass");
    if (t->rule->until != IR_NONE)
        prose_put(p, ", and no " TEXT_FMT " may happen", TEXT_ARG(t->rule->steps[t->rule->until].name));
    prose_put(p, ".");
    if (has_plain_arrow(m))
        prose_put(p, " Events of the same second count as in order, because sources record whole seconds.");
    if (t->rule->n_steps > 1) prose_put(p, " What else happens in between does not matter.");
    prose_end(p, 2, 2);
}

static void tell_where(struct teller *t)
{
    if (t->rule->where == IR_NONE) return;
    prose_put(&t->prose, "It is a match only if ");
    tell_test(t, t->rule->where);
    prose_put(&t->prose,
              ". That looks at all events that take part in some match of the window, not only at those "
              "that are shown.");
    prose_end(&t->prose, 2, 2);
}

void tell_order(struct teller *t)
{
    int64_t within = t->rule->within;
    const struct ir_match *m = outermost(t->rule->match, &within);
    struct prose *p = &t->prose;
    prose_put(p, "It needs ");
    if (m->kind == IR_M_CHAIN && only_required(m))
        tell_item(t, only_required(m));
    else if (m->kind == IR_M_CHAIN)
        tell_chain(t, m, false);
    else
        tell_item(t, m);
    tell_bounds(t, m, within);
    tell_where(t);
    tell_optionals(t, m);
}
