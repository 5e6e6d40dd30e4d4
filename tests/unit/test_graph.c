/* test_graph.c - layout: for any match, in every form, boxes stand apart from one another, and neither edges
 * nor labels run through a box that is none of theirs.
 */
#include "engine/tell/graph.h"

#include "engine/ruleset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- random matches ------------------------------------------------------------------------------------ */

struct maker {
    FILE *to;
    uint64_t seed;
    int steps; /* used so far */
};

static unsigned pick(struct maker *m, unsigned n)
{
    m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(m->seed >> 33) % n;
}

#define STEPS 10

static void put_match(struct maker *m, int depth, bool may_be_optional);

static void put_element(struct maker *m, int depth, bool may_be_optional)
{
    bool optional = may_be_optional && pick(m, 3) == 0;
    if (depth > 0 && m->steps < STEPS - 2 && pick(m, 2)) {
        fputc('(', m->to);
        put_match(m, depth - 1, may_be_optional && !optional);
        fputc(')', m->to);
    } else {
        fprintf(m->to, "s%d", m->steps++);
        if (pick(m, 4) == 0) fputs("[3..]", m->to);
    }
    if (optional) fputc('?', m->to);
}

static void put_match(struct maker *m, int depth, bool may_be_optional)
{
    static const char *const arrows[] = {" -> ", " -> ", " ->[5m] ", " =>[1m..20m] ", " => "};
    unsigned kind = pick(m, 3), n = 2 + pick(m, 3);
    for (unsigned i = 0; i < n && (i < 2 || m->steps < STEPS - 1); i++) {
        bool last = i == 1;
        if (i && kind < 1)
            fputs(" | ", m->to);
        else if (i && kind < 2)
            fputs(" & ", m->to);
        else if (i)
            fputs(arrows[pick(m, 5)], m->to);
        put_element(m, depth, may_be_optional && kind == 2 && !last);
    }
}

static char *random_rule(uint64_t seed)
{
    char *match = NULL, *rule = NULL;
    size_t len;
    struct maker m = {.to = open_memstream(&match, &len), .seed = seed};
    put_match(&m, 2, true);
    fclose(m.to);
    FILE *to = open_memstream(&rule, &len);
    fputs("use aws\nrule r { title \"t\" severity low by actor within 2h\n", to);
    for (int i = 0; i < m.steps; i++) fprintf(to, "step s%d: iam:ListUsers (ok and req.n == %d)\n", i, i);
    fprintf(to, "match %s }\n", match);
    fclose(to);
    free(match);
    return rule;
}

/* ---- what must not touch ------------------------------------------------------------------------------- */

struct box {
    int x, y, w, h;
};

static bool overlap(struct box a, struct box b)
{
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static struct box box_of(const struct graph_node *n)
{
    return (struct box){n->x, n->y, n->w, n->h};
}

/* A way between two points, one unit wide, without its ends. */
static struct box way(struct graph_point a, struct graph_point b)
{
    struct box w = {a.x < b.x ? a.x : b.x, a.y < b.y ? a.y : b.y, abs(a.x - b.x), abs(a.y - b.y)};
    if (!w.w) w.w = 1;
    if (!w.h) w.h = 1;
    return w;
}

static struct box label_box(const struct graph_metrics *m, const struct graph_edge *e)
{
    int width = m->label_width(e->label);
    if (m->down) return (struct box){e->label_at.x + 1, e->label_at.y, width + 1, m->line};
    return (struct box){e->label_at.x - width / 2, e->label_at.y - m->line, width, m->line};
}

static void check_layout(struct graph *g, const struct graph_metrics *m, const char *rule)
{
    graph_layout(g, m);
    for (uint32_t i = 0; i < g->nodes.len; i++) {
        struct box box = box_of(&g->nodes.at[i]);
        if (box.x < 0 || box.y < 0 || box.x + box.w > g->width || box.y + box.h > g->height)
            fail_msg("a box is outside of the drawing of\n%s", rule);
        for (uint32_t j = 0; j < i; j++)
            if (overlap(box, box_of(&g->nodes.at[j]))) fail_msg("boxes overlap in\n%s", rule);
        for (uint32_t j = 0; j < g->edges.len; j++) {
            const struct graph_edge *e = &g->edges.at[j];
            if (e->label.len && overlap(box, label_box(m, e))) fail_msg("a label lies on a box in\n%s", rule);
            for (uint32_t k = 0; e->from != i && e->to != i && k + 1 < e->n_points; k++)
                if (overlap(box, way(e->points[k], e->points[k + 1])))
                    fail_msg("an edge crosses a box in\n%s", rule);
        }
    }
    for (uint32_t i = 0; i < g->edges.len; i++)
        for (uint32_t j = 0; j < i; j++)
            if (g->edges.at[i].label.len && g->edges.at[j].label.len &&
                overlap(label_box(m, &g->edges.at[i]), label_box(m, &g->edges.at[j])))
                fail_msg("labels overlap in\n%s", rule);
}

static bool check_rule(const char *rule)
{
    struct csr_text one = {"rule.csr", rule, strlen(rule)};
    csr_ruleset *rs =
        csr_compile(&(struct csr_compile_options){.texts = &one, .n_texts = 1, .without_lints = true}, NULL);
    if (!rs) return false;
    struct graph g = {.arena = arena_new(0), .ir = csr_ruleset_ir(rs), .rule = csr_ruleset_ir(rs)->rules};
    assert_false(setjmp(*arena_escape(g.arena)));
    graph_build(&g);
    graph_wrap_lines(&g, 30, 4);
    check_layout(&g, &graph_text_right, rule);
    check_layout(&g, &graph_text_down, rule);
    check_layout(&g, &graph_svg_metrics, rule);
    arena_free(g.arena);
    csr_ruleset_free(rs);
    return true;
}

static void nothing_overlaps(void **state)
{
    (void)state;
    unsigned checked = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        char *rule = random_rule(seed);
        checked += check_rule(rule);
        free(rule);
    }
    assert_true(checked > 150); /* the others want too much state, or say what is refused */
}

/* Each required neighbour pair and each optional item has its edges, once. */
static void edges_of_a_chain(void **state)
{
    (void)state;
    static const char rule[] =
        "use aws\nrule r { title \"t\" severity low by actor within 2h\n"
        "step a: iam:ListUsers step b: iam:GetUser step c: iam:ListRoles step d: iam:GetRole\n"
        "match a? -> b ->[5m] c? -> d }\n";
    static const struct {
        const char *from, *to, *label;
        bool dashed;
    } wanted[] = {{"", "b", "", false},     {"", "a", "", true},      {"a", "b", "", true},
                  {"b", "d", "", false},    {"b", "c", "≤ 5m", true}, {"c", "d", "", true},
                  {"d", "match", "", false}};
    struct csr_text one = {"rule.csr", rule, strlen(rule)};
    csr_ruleset *rs =
        csr_compile(&(struct csr_compile_options){.texts = &one, .n_texts = 1, .without_lints = true}, NULL);
    assert_non_null(rs);
    struct graph g = {.arena = arena_new(0), .ir = csr_ruleset_ir(rs), .rule = csr_ruleset_ir(rs)->rules};
    graph_build(&g);
    assert_int_equal(g.edges.len, sizeof wanted / sizeof *wanted);
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        unsigned found = 0;
        for (uint32_t i = 0; i < g.edges.len; i++) {
            const struct graph_edge *e = &g.edges.at[i];
            found += text_equal(g.nodes.at[e->from].label, text_of(wanted[w].from)) &&
                     text_equal(g.nodes.at[e->to].label, text_of(wanted[w].to)) &&
                     text_equal(e->label, text_of(wanted[w].label)) && e->is_dashed == wanted[w].dashed;
        }
        if (found != 1) fail_msg("%s -> %s stands %u times", wanted[w].from, wanted[w].to, found);
    }
    arena_free(g.arena);
    csr_ruleset_free(rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_overlaps),
                                       cmocka_unit_test(edges_of_a_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
