/* graph.c - the match clause as nodes and edges, and the words that go with them. */
#include "engine/tell/graph_part.h"

#include "engine/ruleset.h"
#include "engine/tell/predicate.h"

/* ---- words --------------------------------------------------------------------------------------------- */

struct text graph_subtitle(const struct graph *g)
{
    const struct ir_rule *r = g->rule;
    struct line l = {.arena = g->arena};
    for (uint32_t i = 0; i < r->n_by; i++)
        line_put(&l, "%s" TEXT_FMT, i ? ", " : "by ", TEXT_ARG(r->by[i].name));
    if (r->within) line_put(&l, ", within "), line_duration(&l, r->within);
    if (r->open_at > 1) line_put(&l, ", opens at %d", r->open_at);
    if (r->until != IR_NONE) line_put(&l, ", no " TEXT_FMT " in it", TEXT_ARG(r->steps[r->until].name));
    if (r->where != IR_NONE) line_put(&l, ", where "), ir_print_node(g->ir, r, r->where, line_out(&l));
    line_put(&l, ", once for ");
    line_duration(&l, r->once);
    return text_of(line_end(&l));
}

static struct text api_words(const struct graph *g, const struct ir_group *group)
{
    struct line l = {.arena = g->arena};
    for (uint32_t i = 0; i < group->n_apis; i++) {
        line_put(&l, "%s", i ? ", " : "");
        ir_put_api(line_out(&l), g->ir, &group->apis[i]);
    }
    return text_of(line_end(&l));
}

static void put_parts(const struct graph *g, const struct ir_group *group, const ir_node_id *test,
                      struct line *l)
{
    const ir_node_id *parts = NULL;
    uint32_t n = predicate_parts(g->ir, test, &parts);
    for (uint32_t i = 0; i < n; i++) {
        if (predicate_is_of_join(g->ir, g->rule, group, parts[i])) continue;
        bool bracket = n > 1 && g->ir->nodes[parts[i]].op == IR_OP_OR;
        line_put(l, "%s%s", l->bytes.len ? " and " : "", bracket ? "(" : "");
        ir_print_node(g->ir, g->rule, parts[i], line_out(l));
        line_put(l, "%s", bracket ? ")" : "");
    }
}

static struct text predicate_words(const struct graph *g, uint32_t step, const struct ir_group *group)
{
    struct line l = {.arena = g->arena};
    put_parts(g, group, &group->test, &l);
    for (uint32_t j = 0; j < g->rule->n_joins; j++) {
        if (group->joins[j] == IR_NONE || g->rule->joins[j].of == step) continue;
        line_put(&l, "%s", l.bytes.len ? " and " : "");
        ir_print_node(g->ir, g->rule, group->joins[j], line_out(&l));
        line_put(&l, " %s " TEXT_FMT,
                 g->rule->joins[j].differs ? "!=" : "==", TEXT_ARG(g->rule->joins[j].name));
    }
    put_parts(g, group, &group->gate, &l);
    return text_of(line_end(&l));
}

static struct text group_words(const struct graph *g, uint32_t step, const struct ir_group *of)
{
    struct text apis = api_words(g, of), predicate = predicate_words(g, step, of);
    if (!predicate.len) return apis;
    return arena_printf(g->arena, TEXT_FMT " (" TEXT_FMT ")", TEXT_ARG(apis), TEXT_ARG(predicate));
}

struct text graph_step_name(const struct graph *g, uint32_t step)
{
    return g->rule->is_on ? TEXT("event") : g->rule->steps[step].name;
}

struct text graph_step_words(const struct graph *g, uint32_t step)
{
    struct line l = {.arena = g->arena};
    for (uint32_t k = 0; k < g->rule->steps[step].n_groups; k++)
        line_put(&l, "%s" TEXT_FMT, k ? " | " : "",
                 TEXT_ARG(group_words(g, step, &g->rule->steps[step].groups[k])));
    return text_of(line_end(&l));
}

/* How much of a text fits into so many columns: up to a blank if there is one. */
static uint32_t line_len(struct text t, unsigned columns)
{
    uint32_t fits = 0, blank = 0;
    for (unsigned used = 0; fits < t.len && used <= columns; used++) {
        if (t.at[fits] == ' ') blank = fits;
        if (used == columns) return blank ? blank : fits;
        for (fits++; fits < t.len && ((unsigned char)t.at[fits] & 0xc0) == 0x80;) fits++;
    }
    return fits;
}

static void wrap_lines(struct graph *g, struct graph_node *n, unsigned columns, uint32_t lines_most)
{
    struct text rest = graph_step_words(g, n->step);
    n->lines = ARENA_ARRAY(g->arena, struct text, lines_most);
    for (n->n_lines = 0; rest.len && n->n_lines < lines_most; n->n_lines++) {
        uint32_t len = line_len(rest, columns);
        bool is_cut = n->n_lines + 1 == lines_most && len < rest.len;
        struct text line = {rest.at, is_cut ? line_len(rest, columns - 2) : len};
        n->lines[n->n_lines] = is_cut ? arena_printf(g->arena, TEXT_FMT " …", TEXT_ARG(line)) : line;
        while (len < rest.len && rest.at[len] == ' ') len++;
        rest = (struct text){rest.at + len, rest.len - len};
    }
}

void graph_wrap_lines(struct graph *g, unsigned columns, uint32_t lines_most)
{
    for (uint32_t i = 0; i < g->nodes.len; i++)
        if (g->nodes.at[i].kind == GRAPH_PLACE) wrap_lines(g, &g->nodes.at[i], columns, lines_most);
}

bool graph_has_optional(const struct graph *g)
{
    for (uint32_t i = 0; i < g->nodes.len; i++)
        if (g->nodes.at[i].is_optional) return true;
    return false;
}

struct text arrow_words(const struct graph *g, const struct ir_arrow *a)
{
    struct line l = {.arena = g->arena};
    if (!a) return TEXT("");
    if (a->strict) line_put(&l, "later second");
    if (a->least || a->most != INT64_MAX) line_put(&l, "%s", l.bytes.len ? ", " : "");
    if (a->least && a->most == INT64_MAX) line_put(&l, "after ");
    if (a->least) line_duration(&l, a->least);
    if (a->least && a->most != INT64_MAX) line_put(&l, "–");
    if (!a->least && a->most != INT64_MAX) line_put(&l, "≤ ");
    if (a->most != INT64_MAX) line_duration(&l, a->most);
    return text_of(line_end(&l));
}

/* ---- match -> parts ------------------------------------------------------------------------------------ */

static uint32_t add_node(struct graph *g, enum graph_kind kind, struct text label, bool is_optional)
{
    *ARENA_PUSH(g->arena, g->nodes) =
        (struct graph_node){.kind = kind, .step = IR_NONE, .label = label, .is_optional = is_optional};
    return g->nodes.len - 1;
}

static struct graph_part *add_part(struct graph *g, enum part_kind kind, uint32_t most_kids)
{
    struct graph_part *p = ARENA_NEW(g->arena, struct graph_part);
    p->kind = kind;
    p->node = p->join = NODE_NONE;
    p->kids = ARENA_ARRAY(g->arena, struct graph_part *, most_kids);
    return p;
}

static struct graph_part *node_part(struct graph *g, uint32_t node)
{
    struct graph_part *p = add_part(g, PART_PLACE, 0);
    p->node = node;
    return p;
}

#define NAME_MOST 40 /* columns of a name in its box */

static struct text shortened(const struct graph *g, struct text name)
{
    if (prose_columns(name) <= NAME_MOST) return name;
    return arena_printf(g->arena, "%.*s…", (int)line_len(name, NAME_MOST - 1), name.at);
}

static struct graph_part *place_part(struct graph *g, uint32_t step, struct text label, bool is_optional)
{
    uint32_t node = add_node(g, GRAPH_PLACE, label, is_optional);
    g->nodes.at[node].step = step;
    return node_part(g, node);
}

static struct graph_part *step_part(struct graph *g, uint32_t step, bool is_optional)
{
    return place_part(g, step, shortened(g, graph_step_name(g, step)), is_optional);
}

/* "look × 3+ distinct region, in 5m", "fetch, sum size ≥ 10MB" */
static struct graph_part *repeat_part(struct graph *g, const struct ir_match *m, bool is_optional)
{
    const struct ir_step *step = &g->rule->steps[m->kids->step];
    struct line l = {.arena = g->arena};
    line_put(&l, TEXT_FMT, TEXT_ARG(shortened(g, step->name)));
    if (m->taking == IR_TAKE_SUM) {
        line_put(&l, ", sum " TEXT_FMT " ≥ ", TEXT_ARG(step->captures[m->value].name));
        ir_put_amount(line_out(&l), m->amount, (enum ir_type)step->captures[m->value].type);
    } else if (!m->most) {
        line_put(&l, " × %u+", m->least);
    } else if (m->most > m->least) {
        line_put(&l, " × %u–%u", m->least, m->most);
    } else {
        line_put(&l, " × %u", m->least);
    }
    if (m->taking == IR_TAKE_DISTINCT)
        line_put(&l, " distinct " TEXT_FMT, TEXT_ARG(step->captures[m->value].name));
    if (m->in != INT64_MAX) line_put(&l, ", in "), line_duration(&l, m->in);
    return place_part(g, m->kids->step, text_of(line_end(&l)), is_optional);
}

/* "no gone", "no told for 5m" */
static struct graph_part *forbidden_part(struct graph *g, uint32_t step, int64_t seconds, bool is_optional)
{
    struct line l = {.arena = g->arena};
    line_put(&l, "no " TEXT_FMT, TEXT_ARG(shortened(g, g->rule->steps[step].name)));
    if (seconds) line_put(&l, " for "), line_duration(&l, seconds);
    struct graph_part *part = place_part(g, step, text_of(line_end(&l)), is_optional);
    g->nodes.at[part->node].is_forbidden = true;
    return part;
}

static struct graph_part *part_of(struct graph *g, const struct ir_match *m, bool is_optional);

/* The arrow before kid i, if it says something about that kid and the required one before it: an arrow beside
 * an optional item binds only the item. */
static const struct ir_arrow *arrow_between(const struct ir_match *m, uint32_t left, uint32_t right)
{
    if (right >= m->n_kids || right == 0) return NULL;
    bool both_optional = m->kids[left].kind == IR_M_OPTIONAL && m->kids[right].kind == IR_M_OPTIONAL;
    return both_optional ? NULL : &m->arrows[right];
}

static void add_kid(struct graph *g, struct graph_part *p, struct graph_part *kid,
                    const struct ir_arrow *arrow)
{
    if (kid->kind != PART_SERIES) {
        p->gaps[p->n_kids].arrow = arrow;
        p->kids[p->n_kids++] = kid;
        return;
    }
    for (uint32_t i = 0; i <= kid->n_kids; i++) { /* a chain in brackets in a chain: one line */
        struct graph_gap *gap = &p->gaps[p->n_kids];
        for (uint32_t s = 0; s < kid->gaps[i].sides.len; s++)
            *ARENA_PUSH(g->arena, gap->sides) = kid->gaps[i].sides.at[s];
        if (i < kid->n_kids) add_kid(g, p, kid->kids[i], i ? kid->gaps[i].arrow : arrow);
    }
}

static void add_chain(struct graph *g, struct graph_part *p, const struct ir_match *m, bool is_optional)
{
    for (uint32_t i = 0; i < m->n_kids; i++) {
        struct graph_gap *gap = &p->gaps[p->n_kids];
        if (m->kids[i].kind == IR_M_OPTIONAL) {
            struct graph_side side = {part_of(g, m->kids[i].kids, true), arrow_between(m, i - 1, i),
                                      arrow_between(m, i, i + 1)};
            *ARENA_PUSH(g->arena, gap->sides) = side;
            continue;
        }
        bool is_bound = i == 0 || m->kids[i - 1].kind == IR_M_OPTIONAL; /* the arrow is the item's */
        add_kid(g, p, part_of(g, &m->kids[i], is_optional), is_bound ? NULL : &m->arrows[i]);
    }
}

static uint32_t count_parts(const struct ir_match *m)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < m->n_kids; i++) n += count_parts(&m->kids[i]);
    return n;
}

static struct graph_part *series_part(struct graph *g, uint32_t most_kids)
{
    struct graph_part *p = add_part(g, PART_SERIES, most_kids);
    p->gaps = ARENA_ARRAY(g->arena, struct graph_gap, most_kids + 1);
    return p;
}

static struct text fork_label(const struct graph *g, const struct ir_match *m)
{
    struct line l = {.arena = g->arena};
    switch (m->kind) {
    case IR_M_EITHER: return TEXT("one of");
    case IR_M_SOME_OF: line_put(&l, "%u of", m->least); break;
    case IR_M_GROUP: line_put(&l, "in "), line_duration(&l, m->in); break;
    default: return TEXT("all of");
    }
    return text_of(line_end(&l));
}

/* A window is a fork with one branch: it brackets what it holds. */
static struct graph_part *fork_part(struct graph *g, const struct ir_match *m, bool is_optional)
{
    struct graph_part *p = add_part(g, PART_FORK, m->n_kids);
    p->node = add_node(g, GRAPH_FORK, fork_label(g, m), is_optional);
    for (uint32_t i = 0; i < m->n_kids; i++) p->kids[p->n_kids++] = part_of(g, &m->kids[i], is_optional);
    p->join = add_node(g, GRAPH_JOIN, TEXT(""), is_optional);
    return p;
}

static struct graph_part *veto_part(struct graph *g, const struct ir_match *m, bool is_optional)
{
    const struct ir_match *what = m->kids;
    if (what->kind != IR_M_EITHER) return forbidden_part(g, what->step, m->absent_for, is_optional);
    struct graph_part *p = add_part(g, PART_FORK, what->n_kids);
    p->node = add_node(g, GRAPH_FORK, TEXT("none of"), is_optional);
    for (uint32_t i = 0; i < what->n_kids; i++)
        p->kids[p->n_kids++] = forbidden_part(g, what->kids[i].step, m->absent_for, is_optional);
    p->join = add_node(g, GRAPH_JOIN, TEXT(""), is_optional);
    return p;
}

static struct graph_part *part_of(struct graph *g, const struct ir_match *m, bool is_optional)
{
    switch ((enum ir_match_kind)m->kind) {
    case IR_M_STEP: return step_part(g, m->step, is_optional);
    case IR_M_REPEAT: return repeat_part(g, m, is_optional);
    case IR_M_NOT: return veto_part(g, m, is_optional);
    case IR_M_OPTIONAL: return part_of(g, m->kids, true);
    case IR_M_GROUP:
        return m->in == INT64_MAX ? part_of(g, m->kids, is_optional) : fork_part(g, m, is_optional);
    case IR_M_ANY_ORDER:
    case IR_M_SOME_OF:
    case IR_M_EITHER: return fork_part(g, m, is_optional);
    case IR_M_CHAIN: break;
    }
    struct graph_part *p = series_part(g, count_parts(m));
    add_chain(g, p, m, is_optional);
    return p;
}

uint32_t part_entry(const struct graph_part *p)
{
    return p->kind == PART_SERIES ? part_entry(p->kids[0]) : p->node;
}

uint32_t part_exit(const struct graph_part *p)
{
    if (p->kind == PART_SERIES) return part_exit(p->kids[p->n_kids - 1]);
    return p->kind == PART_FORK ? p->join : p->node;
}

/* Start, what the rule needs, and the match, in one series: so a chain's optional ends hang between them. */
static struct graph_part *whole(struct graph *g)
{
    const struct ir_match *m = g->rule->match;
    struct graph_part *p = series_part(g, (m ? count_parts(m) : 1) + 2);
    while (m && m->kind == IR_M_GROUP && m->in == INT64_MAX) m = m->kids;
    p->kids[p->n_kids++] = node_part(g, add_node(g, GRAPH_START, TEXT(""), false));
    if (m && m->kind == IR_M_CHAIN)
        add_chain(g, p, m, false);
    else
        p->kids[p->n_kids++] = m ? part_of(g, m, false) : step_part(g, 0, false);
    p->kids[p->n_kids++] = node_part(g, add_node(g, GRAPH_MATCH, TEXT("match"), false));
    return p;
}

/* ---- edges --------------------------------------------------------------------------------------------- */

static void add_edge(struct graph *g, uint32_t from, uint32_t to, const struct ir_arrow *arrow)
{
    bool is_dashed = g->nodes.at[from].is_optional || g->nodes.at[to].is_optional;
    *ARENA_PUSH(g->arena, g->edges) =
        (struct graph_edge){.from = from,
                            .to = to,
                            .is_dashed = is_dashed,
                            .is_forbidden = g->nodes.at[from].is_forbidden || g->nodes.at[to].is_forbidden,
                            .label = arrow_words(g, arrow)};
}

/* Into the first nodes of a part: of a series also into the optional items before its first kid. */
static void enter(struct graph *g, uint32_t from, const struct graph_part *p, const struct ir_arrow *arrow)
{
    if (p->kind != PART_SERIES) {
        add_edge(g, from, p->node, arrow);
        return;
    }
    enter(g, from, p->kids[0], arrow);
    for (uint32_t i = 0; i < p->gaps[0].sides.len; i++) enter(g, from, p->gaps[0].sides.at[i].part, NULL);
}

static void leave(struct graph *g, const struct graph_part *p, uint32_t to, const struct ir_arrow *arrow)
{
    if (p->kind != PART_SERIES) {
        add_edge(g, part_exit(p), to, arrow);
        return;
    }
    const struct graph_gap *gap = &p->gaps[p->n_kids];
    leave(g, p->kids[p->n_kids - 1], to, arrow);
    for (uint32_t i = 0; i < gap->sides.len; i++) leave(g, gap->sides.at[i].part, to, NULL);
}

/* From one part to the next, over what may lie between: each edge once. */
static void join_parts(struct graph *g, const struct graph_part *left, const struct graph_part *right,
                       const struct ir_arrow *arrow)
{
    enter(g, part_exit(left), right, arrow);
    if (left->kind != PART_SERIES) return;
    const struct graph_gap *gap = &left->gaps[left->n_kids];
    for (uint32_t i = 0; i < gap->sides.len; i++) leave(g, gap->sides.at[i].part, part_entry(right), NULL);
}

static void connect(struct graph *g, const struct graph_part *p);

static void connect_sides(struct graph *g, const struct graph_part *p, uint32_t i)
{
    for (uint32_t s = 0; s < p->gaps[i].sides.len; s++) {
        const struct graph_side *side = &p->gaps[i].sides.at[s];
        if (i > 0) enter(g, part_exit(p->kids[i - 1]), side->part, side->in);
        connect(g, side->part);
        if (i < p->n_kids) leave(g, side->part, part_entry(p->kids[i]), side->out);
    }
}

static void connect(struct graph *g, const struct graph_part *p)
{
    if (p->kind == PART_SERIES)
        for (uint32_t i = 0; i <= p->n_kids; i++) {
            if (i > 0 && i < p->n_kids) join_parts(g, p->kids[i - 1], p->kids[i], p->gaps[i].arrow);
            connect_sides(g, p, i);
            if (i < p->n_kids) connect(g, p->kids[i]);
        }
    for (uint32_t i = 0; p->kind == PART_FORK && i < p->n_kids; i++) {
        enter(g, p->node, p->kids[i], NULL);
        connect(g, p->kids[i]);
        leave(g, p->kids[i], p->join, NULL);
    }
}

void graph_build(struct graph *g)
{
    g->root = whole(g);
    connect(g, g->root);
}

/* ---- forms --------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*draw)(struct graph *g, unsigned width, FILE *to);
} forms[] = {{"text", graph_text}, {"dot", graph_dot}, {"svg", graph_svg}};

enum csr_status csr_graph_rule(const csr_ruleset *rs, size_t index, const char *form, unsigned width,
                               FILE *to)
{
    const struct ir *ir = csr_ruleset_ir(rs);
    size_t f = 0;
    while (f < sizeof forms / sizeof *forms && strcmp(forms[f].name, form) != 0) f++;
    if (f == sizeof forms / sizeof *forms) return CSR_USAGE;
    struct graph g = {.arena = arena_new(0), .ir = ir, .rule = &ir->rules[index]};
    if (!g.arena) return CSR_SYSTEM;
    if (setjmp(*arena_escape(g.arena))) {
        arena_free(g.arena);
        return CSR_SYSTEM;
    }
    graph_build(&g);
    forms[f].draw(&g, width, to);
    arena_free(g.arena);
    return CSR_OK;
}
