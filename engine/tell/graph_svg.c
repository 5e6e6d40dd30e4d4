/* graph_svg.c - the picture by itself: no script, no font and no other file is needed, and it is readable on
 * light and on dark ground.
 *
 * Text is set in the reader's fixed-width font. All of them have letters about 0.6 of their size wide, so
 * that boxes can be made wide enough without measuring.
 */
#include "engine/tell/graph.h"

#define MARGIN      24
#define HEAD        72 /* above the drawing: name and subtitle */
#define LABEL_SIZE  14 /* font sizes */
#define DETAIL_SIZE 11
#define DETAIL_LINE 16
#define BOX_PAD     12
#define CORNER      8
#define LINE_MOST   38 /* columns of what stands in a box */
#define LINES_MOST  6

static int text_width(struct text t, int size)
{
    return ((int)prose_columns(t) * size * 62 + 99) / 100;
}

static int label_width(struct text label)
{
    return text_width(label, DETAIL_SIZE);
}

static void size_of(struct graph_node *n)
{
    switch (n->kind) {
    case GRAPH_START: n->w = n->h = 14; break;
    case GRAPH_JOIN: n->w = n->h = 6; break;
    case GRAPH_MATCH: n->w = n->h = 24; break;
    case GRAPH_FORK:
        n->w = label_width(n->label) + 2 * BOX_PAD;
        n->h = 24;
        break;
    case GRAPH_PLACE:
        n->w = text_width(n->label, LABEL_SIZE);
        for (uint32_t i = 0; i < n->n_lines; i++)
            if (n->w < label_width(n->lines[i])) n->w = label_width(n->lines[i]);
        n->w += 2 * BOX_PAD;
        n->h = 2 * BOX_PAD + LABEL_SIZE + (int)n->n_lines * DETAIL_LINE;
        break;
    }
}

const struct graph_metrics graph_svg_metrics = {.arrow = 30,
                                                .turn = 20,
                                                .tip = 28,
                                                .apart = 20,
                                                .label_pad = 14,
                                                .line = 18,
                                                .label_width = label_width,
                                                .size = size_of};

/* ---- pieces -------------------------------------------------------------------------------------------- */

static void put_escaped(struct text t, FILE *to)
{
    for (uint32_t i = 0; i < t.len; i++) {
        switch (t.at[i]) {
        case '&': fputs("&amp;", to); break;
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '"': fputs("&quot;", to); break;
        default: fputc((unsigned char)t.at[i] < ' ' ? ' ' : t.at[i], to); break;
        }
    }
}

static void put_words(const char *class, int x, int y, struct text t, FILE *to)
{
    fprintf(to, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
    put_escaped(t, to);
    fputs("</text>\n", to);
}

static void put_style(FILE *to)
{
    fprintf(to,
            "<style>\n"
            "text { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; font-size: "
            "%dpx; fill: #57606a }\n"
            ".name { font-size: %dpx; font-weight: 600; fill: #1f2328 }\n"
            ".mid { text-anchor: middle }\n"
            ".ground { fill: #ffffff }\n"
            ".box { fill: #f3f6fa; stroke: #3b6fb6; stroke-width: 1.5 }\n"
            ".line { fill: none; stroke: #6e7781; stroke-width: 1.5 }\n"
            ".tip, .dot { fill: #6e7781 }\n"
            ".ring { fill: none; stroke: #1a7f37; stroke-width: 2 }\n"
            ".core { fill: #1a7f37 }\n"
            ".maybe { stroke-dasharray: 5 4 }\n"
            ".box.maybe { stroke: #8250df; fill: #faf7ff }\n"
            ".box.veto { stroke: #b62324; fill: #fff5f5 }\n"
            ".line.veto { stroke: #b62324 }\n"
            "@media (prefers-color-scheme: dark) {\n"
            "text { fill: #9ea7b1 }\n"
            ".name { fill: #e6edf3 }\n"
            ".ground { fill: #0d1117 }\n"
            ".box { fill: #161d27; stroke: #6cb0ff }\n"
            ".line { stroke: #8b949e }\n"
            ".tip, .dot { fill: #8b949e }\n"
            ".ring { stroke: #3fb950 }\n"
            ".core { fill: #3fb950 }\n"
            ".box.maybe { stroke: #bc8cff; fill: #1b1626 }\n"
            ".box.veto { stroke: #ff7b72; fill: #26161a }\n"
            ".line.veto { stroke: #ff7b72 }\n"
            "}\n"
            "</style>\n",
            DETAIL_SIZE, LABEL_SIZE);
}

static void put_place(const struct graph *g, const struct graph_node *n, FILE *to)
{
    int y = n->y + BOX_PAD + LABEL_SIZE - 2;
    fprintf(to, "<g><title>");
    put_escaped(graph_step_words(g, n->step), to);
    fprintf(to, "</title><rect class=\"box%s%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n",
            n->is_optional ? " maybe" : "", n->is_forbidden ? " veto" : "", n->x, n->y, n->w, n->h);
    put_words("name", n->x + BOX_PAD, y, n->label, to);
    for (uint32_t i = 0; i < n->n_lines; i++)
        put_words("detail", n->x + BOX_PAD, y += DETAIL_LINE, n->lines[i], to);
    fputs("</g>\n", to);
}

static void put_node(const struct graph *g, const struct graph_node *n, FILE *to)
{
    int x = n->x + n->w / 2, y = n->y + n->h / 2;
    switch (n->kind) {
    case GRAPH_START: fprintf(to, "<circle class=\"dot\" cx=\"%d\" cy=\"%d\" r=\"6\"/>\n", x, y); break;
    case GRAPH_JOIN: fprintf(to, "<circle class=\"dot\" cx=\"%d\" cy=\"%d\" r=\"3\"/>\n", x, y); break;
    case GRAPH_PLACE: put_place(g, n, to); break;
    case GRAPH_FORK:
        fprintf(to, "<rect class=\"box%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"12\"/>\n",
                n->is_optional ? " maybe" : "", n->x, n->y, n->w, n->h);
        put_words("mid", x, y + 4, n->label, to);
        break;
    case GRAPH_MATCH:
        fprintf(to,
                "<circle class=\"ring\" cx=\"%d\" cy=\"%d\" r=\"11\"/>\n"
                "<circle class=\"core\" cx=\"%d\" cy=\"%d\" r=\"6\"/>\n",
                x, y, x, y);
        break;
    }
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

/* A way with rounded corners. */
static void put_edge(const struct graph *g, const struct graph_edge *e, FILE *to)
{
    const struct graph_point *p = e->points;
    uint32_t last = e->n_points - 1;
    bool has_tip = g->nodes.at[e->to].kind != GRAPH_JOIN;
    fprintf(to, "<path class=\"line%s%s\" d=\"M%d %d", e->is_dashed ? " maybe" : "", e->is_forbidden ? " veto" : "",
            p[0].x, p[0].y);
    for (uint32_t i = 1; i < last; i++)
        fprintf(to, " L%d %d Q%d %d %d %d", p[i].x - CORNER * sign(p[i].x - p[i - 1].x),
                p[i].y - CORNER * sign(p[i].y - p[i - 1].y), p[i].x, p[i].y,
                p[i].x + CORNER * sign(p[i + 1].x - p[i].x), p[i].y + CORNER * sign(p[i + 1].y - p[i].y));
    fprintf(to, " L%d %d\"/>\n", p[last].x - (has_tip ? 7 : 0), p[last].y);
    if (has_tip) fprintf(to, "<path class=\"tip\" d=\"M%d %d l-9 -4.5 v9 z\"/>\n", p[last].x - 1, p[last].y);
    if (e->label.len) put_words("mid", e->label_at.x - 4, e->label_at.y - 7, e->label, to);
}

/* Dashed ones first: where both run the same way the solid one is seen. */
static void put_edges(const struct graph *g, bool dashed, FILE *to)
{
    for (uint32_t i = 0; i < g->edges.len; i++)
        if (g->edges.at[i].is_dashed == dashed) put_edge(g, &g->edges.at[i], to);
}

static void put_legend(int y, FILE *to)
{
    fprintf(to, "<path class=\"line maybe\" d=\"M%d %d h36\"/>\n", MARGIN, y);
    put_words("", MARGIN + 46, y + 4, TEXT("optional: each by itself adds evidence and score"), to);
}

void graph_svg(struct graph *g, unsigned columns, FILE *to)
{
    (void)columns;
    graph_wrap_lines(g, LINE_MOST, LINES_MOST);
    graph_layout(g, &graph_svg_metrics);
    struct text subtitle = graph_subtitle(g);
    bool has_legend = graph_has_optional(g);
    int width = g->width, height = HEAD + g->height + MARGIN + (has_legend ? 28 : 0);
    if (width < text_width(g->rule->name, LABEL_SIZE)) width = text_width(g->rule->name, LABEL_SIZE);
    if (width < label_width(subtitle)) width = label_width(subtitle);
    if (has_legend && width < 400) width = 400;
    width += 2 * MARGIN;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "role=\"img\">\n<title>",
            width, height, width, height);
    put_escaped(g->rule->name, to);
    fputs("</title>\n", to);
    put_style(to);
    fprintf(to, "<rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n", width, height);
    put_words("name", MARGIN, MARGIN + 6, g->rule->name, to);
    put_words("", MARGIN, MARGIN + 24, subtitle, to);
    fprintf(to, "<g transform=\"translate(%d %d)\">\n", MARGIN, HEAD);
    put_edges(g, true, to);
    put_edges(g, false, to);
    for (uint32_t i = 0; i < g->nodes.len; i++) put_node(g, &g->nodes.at[i], to);
    fputs("</g>\n", to);
    if (has_legend) put_legend(height - MARGIN, to);
    fputs("</svg>\n", to);
}
