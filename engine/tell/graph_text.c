/* graph_text.c - the picture for a terminal: lines and boxes on a grid of characters.
 *
 * A cell remembers which of its four sides a line leaves by, so crossing and meeting lines become the right
 * sign by themselves. The flow goes to the right if that fits, else down. Below stands what each step is.
 */
#include "engine/tell/graph.h"

enum side { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8, SOLID = 16 };

struct cell {
    uint8_t sides;
    const char *sign; /* UTF-8 of one character; wins over lines */
    uint8_t len;
};

struct canvas {
    struct cell *cells;
    int width, height;
};

static struct cell *cell_at(struct canvas *c, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < c->width && y < c->height;
    return inside ? &c->cells[y * c->width + x]
                  : &c->cells[c->width * c->height]; /* a spare one takes the rest */
}

static void put_sign(struct canvas *c, int x, int y, const char *sign, uint32_t len)
{
    struct cell *cell = cell_at(c, x, y);
    cell->sign = sign;
    cell->len = (uint8_t)len;
}

static void put_text(struct canvas *c, int x, int y, struct text t)
{
    for (uint32_t i = 0, len; i < t.len; i += len, x++) {
        len = 1;
        while (i + len < t.len && ((unsigned char)t.at[i + len] & 0xc0) == 0x80) len++;
        put_sign(c, x, y, t.at + i, len);
    }
}

/* A line from one cell to another, both included. */
static void put_line(struct canvas *c, struct graph_point a, struct graph_point b, bool dashed)
{
    int dx = (b.x > a.x) - (b.x < a.x), dy = (b.y > a.y) - (b.y < a.y);
    uint8_t forward = dx > 0 ? RIGHT : dx < 0 ? LEFT : dy > 0 ? DOWN : UP;
    uint8_t backward = dx > 0 ? LEFT : dx < 0 ? RIGHT : dy > 0 ? UP : DOWN;
    uint8_t style = dashed ? 0 : SOLID;
    for (int x = a.x, y = a.y; x != b.x || y != b.y; x += dx, y += dy) {
        cell_at(c, x, y)->sides |= forward | style;
        cell_at(c, x + dx, y + dy)->sides |= backward | style;
    }
}

static void put_box(struct canvas *c, const struct graph_node *n)
{
    struct graph_point corners[] = {
        {n->x, n->y}, {n->x + n->w - 1, n->y}, {n->x + n->w - 1, n->y + n->h - 1}, {n->x, n->y + n->h - 1}};
    for (int i = 0; i < 4; i++) put_line(c, corners[i], corners[(i + 1) % 4], n->is_optional);
    put_text(c, n->x + 2, n->y + 1, n->label);
}

static void put_node(struct canvas *c, const struct graph_node *n)
{
    switch (n->kind) {
    case GRAPH_START: put_text(c, n->x, n->y, TEXT("●")); break;
    case GRAPH_PLACE: put_box(c, n); break;
    case GRAPH_FORK:
        put_text(c, n->x + 1, n->y, n->label);
        put_text(c, n->x, n->y, TEXT(" "));
        put_text(c, n->x + n->w - 1, n->y, TEXT(" "));
        break;
    case GRAPH_JOIN: break;
    case GRAPH_MATCH: put_text(c, n->x, n->y, TEXT("◎")); break;
    }
}

/* The last cell of an edge that leads to a node which is seen bears a tip. */
static void put_edge(struct canvas *c, const struct graph *g, const struct graph_edge *e, bool down)
{
    struct graph_point points[4];
    uint32_t n = e->n_points;
    for (uint32_t i = 0; i < n; i++) points[i] = e->points[i];
    bool has_tip = g->nodes.at[e->to].kind != GRAPH_JOIN;
    if (has_tip && down)
        points[n - 1].y--;
    else if (has_tip)
        points[n - 1].x--;
    for (uint32_t i = 0; i + 1 < n; i++) put_line(c, points[i], points[i + 1], e->is_dashed);
    cell_at(c, points[0].x, points[0].y)->sides |= down ? UP : LEFT; /* it comes out of its node */
    if (has_tip) put_text(c, points[n - 1].x, points[n - 1].y, down ? TEXT("▼") : TEXT("▶"));
    int width = (int)prose_columns(e->label);
    if (down)
        put_text(c, e->label_at.x + 2, e->label_at.y, e->label);
    else
        put_text(c, e->label_at.x - width / 2, e->label_at.y - 1, e->label);
}

/* ---- out ----------------------------------------------------------------------------------------------- */

static const char *line_sign(uint8_t sides)
{
    static const char *const solid[16] = {" ", "│", "│", "│", "─", "┘", "┐", "┤",
                                          "─", "└", "┌", "├", "─", "┴", "┬", "┼"};
    static const char *const dashed[16] = {" ", "╎", "╎", "╎", "╌", "╯", "╮", "┤",
                                           "╌", "╰", "╭", "├", "╌", "┴", "┬", "┼"};
    return (sides & SOLID ? solid : dashed)[sides & 15];
}

static void put_row(const struct canvas *c, int y, FILE *to)
{
    const struct cell *row = &c->cells[y * c->width];
    int last = c->width;
    while (last > 0 && !row[last - 1].sides && (!row[last - 1].sign || *row[last - 1].sign == ' ')) last--;
    if (last) fputs("  ", to);
    for (int x = 0; x < last; x++) {
        if (row[x].sign)
            fwrite(row[x].sign, 1, row[x].len, to);
        else
            fputs(line_sign(row[x].sides), to);
    }
    fputc('\n', to);
}

static void draw(struct graph *g, bool down, FILE *to)
{
    struct canvas c = {.width = g->width + 1, .height = g->height};
    c.cells = ARENA_ARRAY(g->arena, struct cell, (size_t)c.width * (size_t)c.height + 1);
    for (uint32_t i = 0; i < g->edges.len; i++) put_edge(&c, g, &g->edges.at[i], down);
    for (uint32_t i = 0; i < g->nodes.len; i++) put_node(&c, &g->nodes.at[i]);
    for (int y = 0; y < c.height; y++) put_row(&c, y, to);
}

/* ---- sizes --------------------------------------------------------------------------------------------- */

static void size_of(struct graph_node *n)
{
    n->w = n->h = 1;
    if (n->kind == GRAPH_PLACE) n->w = (int)prose_columns(n->label) + 4, n->h = 3;
    if (n->kind == GRAPH_FORK) n->w = (int)prose_columns(n->label) + 2;
}

static int label_width(struct text label)
{
    return (int)prose_columns(label);
}

const struct graph_metrics graph_text_right = {
    .arrow = 3, .turn = 1, .tip = 3, .line = 1, .label_width = label_width, .size = size_of};
const struct graph_metrics graph_text_down = {.down = true,
                                              .arrow = 2,
                                              .tip = 2,
                                              .apart = 2,
                                              .label_pad = 2,
                                              .line = 1,
                                              .label_width = label_width,
                                              .size = size_of};

/* ---- legend -------------------------------------------------------------------------------------------- */

static void tell_steps(struct graph *g, struct prose *p)
{
    unsigned width = 0;
    for (uint32_t i = 0; i < g->rule->n_steps; i++) {
        unsigned columns = prose_columns(graph_step_name(g, i));
        if (width < columns) width = columns;
    }
    for (uint32_t i = 0; i < g->rule->n_steps; i++) {
        prose_text(p, graph_step_words(g, i));
        prose_row(p, 2, graph_step_name(g, i), (width < 24 ? width : 24) + 2);
    }
}

void graph_text(struct graph *g, unsigned width, FILE *to)
{
    struct prose p = {.line.arena = g->arena, .to = to, .width = width};
    graph_layout(g, &graph_text_right);
    bool down = g->width + 2 > (int)width;
    if (down) graph_layout(g, &graph_text_down);
    prose_put(&p, TEXT_FMT "  (" TEXT_FMT ")", TEXT_ARG(g->rule->name), TEXT_ARG(graph_subtitle(g)));
    prose_end(&p, 0, 2);
    fputc('\n', to);
    draw(g, down, to);
    fputc('\n', to);
    tell_steps(g, &p);
    if (graph_has_optional(g)) fputs("\n  Dashed: optional; each by itself adds evidence and score.\n", to);
}
