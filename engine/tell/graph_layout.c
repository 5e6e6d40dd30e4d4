/* graph_layout.c - sizes from the leaves up, places from the root down, then the way of each edge. */
#include "engine/tell/graph_part.h"

struct layout {
    struct graph *g;
    const struct graph_metrics *m;
};

static int greater(int a, int b)
{
    return a > b ? a : b;
}

/* ---- sizes --------------------------------------------------------------------------------------------- */

static int node_len(const struct layout *l, uint32_t node)
{
    const struct graph_node *n = &l->g->nodes.at[node];
    return l->m->down ? n->h : n->w;
}

static int node_breadth(const struct layout *l, uint32_t node)
{
    const struct graph_node *n = &l->g->nodes.at[node];
    return l->m->down ? n->w : n->h;
}

/* Along the flow, what an arrow with this label needs. */
static int arrow_len(const struct layout *l, const struct ir_arrow *arrow)
{
    struct text label = arrow_words(l->g, arrow);
    if (!label.len) return l->m->arrow;
    return l->m->arrow + (l->m->down ? l->m->line : l->m->label_width(label) + l->m->label_pad);
}

/* Across the flow, what a label needs on its side of the arrow. */
static int label_breadth(const struct layout *l, const struct ir_arrow *arrow)
{
    struct text label = arrow_words(l->g, arrow);
    if (!label.len) return 0;
    return l->m->down ? l->m->label_width(label) + l->m->label_pad : l->m->line;
}

static void measure(const struct layout *l, struct graph_part *p);

static void measure_node(const struct layout *l, struct graph_part *p)
{
    int breadth = node_breadth(l, p->node);
    p->len = node_len(l, p->node);
    p->before = breadth / 2;
    p->after = breadth - breadth / 2;
}

static int side_turns(const struct layout *l)
{
    return l->m->turn + l->m->tip;
}

/* What the arrow between two parts takes behind its axis: itself, and its label if that stands there. */
static int axis_after(const struct layout *l, const struct graph_gap *gap)
{
    return 1 + (l->m->down ? label_breadth(l, gap->arrow) : 0);
}

static void measure_gap(const struct layout *l, struct graph_part *p, uint32_t i)
{
    struct graph_gap *gap = &p->gaps[i];
    bool is_end = i == 0 || i == p->n_kids;
    int after = axis_after(l, gap);
    gap->len = is_end ? 0 : arrow_len(l, gap->arrow);
    if (!l->m->down) p->before = greater(p->before, label_breadth(l, gap->arrow));
    for (uint32_t s = 0; s < gap->sides.len; s++) {
        struct graph_side *side = &gap->sides.at[s];
        measure(l, side->part);
        int len = side->part->len + arrow_len(l, side->in) + arrow_len(l, side->out);
        int label = greater(label_breadth(l, side->in), label_breadth(l, side->out));
        if (!l->m->down)
            side->part->before = greater(side->part->before, label);
        else
            side->part->after = greater(side->part->after, label);
        gap->len = greater(gap->len, len + side_turns(l));
        after += l->m->apart + side->part->before + side->part->after;
    }
    p->len += gap->len;
    p->after = greater(p->after, after);
}

static void measure_series(const struct layout *l, struct graph_part *p)
{
    p->len = p->before = p->after = 0;
    for (uint32_t i = 0; i <= p->n_kids; i++) measure_gap(l, p, i);
    for (uint32_t i = 0; i < p->n_kids; i++) {
        measure(l, p->kids[i]);
        p->len += p->kids[i]->len;
        p->before = greater(p->before, p->kids[i]->before);
        p->after = greater(p->after, p->kids[i]->after);
    }
}

/* The first branch goes on straight; the others stand beside it. */
static void measure_fork(const struct layout *l, struct graph_part *p)
{
    measure_node(l, p);
    int longest = 0;
    for (uint32_t i = 0; i < p->n_kids; i++) {
        measure(l, p->kids[i]);
        longest = greater(longest, p->kids[i]->len);
        if (i == 0) {
            p->before = greater(p->before, p->kids[i]->before);
            p->after = greater(p->after, p->kids[i]->after);
        } else {
            p->after += l->m->apart + p->kids[i]->before + p->kids[i]->after;
        }
    }
    p->len += 2 * l->m->arrow + side_turns(l) + longest + node_len(l, p->join);
}

static void measure(const struct layout *l, struct graph_part *p)
{
    if (p->kind == PART_PLACE)
        measure_node(l, p);
    else if (p->kind == PART_SERIES)
        measure_series(l, p);
    else
        measure_fork(l, p);
}

/* ---- places -------------------------------------------------------------------------------------------- */

static void put_node(const struct layout *l, uint32_t node, int along, int axis)
{
    struct graph_node *n = &l->g->nodes.at[node];
    n->x = l->m->down ? axis - n->w / 2 : along;
    n->y = l->m->down ? along : axis - n->h / 2;
}

static void place(const struct layout *l, const struct graph_part *p, int along, int axis);

static void place_sides(const struct layout *l, const struct graph_gap *gap, int along, int axis)
{
    int at = axis + axis_after(l, gap);
    for (uint32_t s = 0; s < gap->sides.len; s++) {
        const struct graph_side *side = &gap->sides.at[s];
        at += l->m->apart + side->part->before;
        place(l, side->part, along + l->m->turn + arrow_len(l, side->in), at);
        at += side->part->after;
    }
}

static void place(const struct layout *l, const struct graph_part *p, int along, int axis)
{
    if (p->kind == PART_PLACE) put_node(l, p->node, along, axis);
    for (uint32_t i = 0; p->kind == PART_SERIES && i <= p->n_kids; i++) {
        place_sides(l, &p->gaps[i], along, axis);
        along += p->gaps[i].len;
        if (i == p->n_kids) break;
        place(l, p->kids[i], along, axis);
        along += p->kids[i]->len;
    }
    if (p->kind != PART_FORK) return;
    int kids = along + node_len(l, p->node) + l->m->turn + l->m->arrow, at = axis;
    put_node(l, p->node, along, axis);
    for (uint32_t i = 0; i < p->n_kids; i++) {
        if (i) at += l->m->apart + p->kids[i]->before;
        place(l, p->kids[i], kids, at);
        at += p->kids[i]->after;
    }
    put_node(l, p->join, along + p->len - node_len(l, p->join), axis);
}

/* ---- edges --------------------------------------------------------------------------------------------- */

static struct graph_point port(const struct layout *l, const struct graph_node *n, bool out)
{
    if (l->m->down) return (struct graph_point){n->x + n->w / 2, out ? n->y + n->h : n->y};
    return (struct graph_point){out ? n->x + n->w : n->x, n->y + n->h / 2};
}

static void push(struct graph_edge *e, struct graph_point p)
{
    e->points[e->n_points++] = p;
}

/* Outward an edge turns near where it comes from, inward near where it goes to. */
static void route(const struct layout *l, struct graph_edge *e)
{
    const struct graph_node *from = &l->g->nodes.at[e->from], *to = &l->g->nodes.at[e->to];
    struct graph_point a = port(l, from, true), b = port(l, to, false);
    bool outward = l->m->down ? b.x > a.x : b.y > a.y;
    bool straight = l->m->down ? b.x == a.x : b.y == a.y;
    int turn = l->m->down ? outward ? a.y + l->m->turn : b.y - l->m->tip
               : outward  ? a.x + l->m->turn
                          : b.x - l->m->tip;
    push(e, a);
    if (!straight) {
        push(e, l->m->down ? (struct graph_point){a.x, turn} : (struct graph_point){turn, a.y});
        push(e, l->m->down ? (struct graph_point){b.x, turn} : (struct graph_point){turn, b.y});
    }
    push(e, b);
    /* The label stands at the long end: the last way outward, the first way inward. */
    struct graph_point c = e->points[straight || !outward ? 0 : 2],
                       d = e->points[straight || !outward ? 1 : 3];
    e->label_at = (struct graph_point){(c.x + d.x) / 2, (c.y + d.y) / 2};
}

void graph_layout(struct graph *g, const struct graph_metrics *m)
{
    struct layout l = {g, m};
    for (uint32_t i = 0; i < g->nodes.len; i++) m->size(&g->nodes.at[i]);
    measure(&l, g->root);
    place(&l, g->root, 0, g->root->before);
    for (uint32_t i = 0; i < g->edges.len; i++) {
        g->edges.at[i].n_points = 0;
        route(&l, &g->edges.at[i]);
    }
    int breadth = g->root->before + g->root->after;
    g->width = m->down ? breadth : g->root->len;
    g->height = m->down ? g->root->len : breadth;
}
