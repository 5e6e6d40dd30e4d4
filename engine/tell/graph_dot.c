/* graph_dot.c - the picture for graphviz, which does the layout. */
#include "engine/tell/graph.h"

#define LINE_MOST  44 /* columns */
#define LINES_MOST 8

/* Quoted for a label: \ and " escaped; "\l" breaks a line. */
static void put_escaped(struct text t, FILE *to)
{
    for (uint32_t i = 0; i < t.len; i++) {
        if (t.at[i] == '"' || t.at[i] == '\\') fputc('\\', to);
        fputc((unsigned char)t.at[i] < ' ' ? ' ' : t.at[i], to);
    }
}

static void put_place(const struct graph_node *n, FILE *to)
{
    fputs("shape=box, label=\"", to);
    put_escaped(n->label, to);
    fputs("\\n", to);
    for (uint32_t i = 0; i < n->n_lines; i++) {
        put_escaped(n->lines[i], to);
        fputs("\\l", to);
    }
    fputs(n->is_optional ? "\", style=\"rounded,dashed\"" : "\", style=rounded", to);
    if (n->is_forbidden) fputs(", color=firebrick, fontcolor=firebrick", to);
}

static void put_node(const struct graph_node *n, FILE *to)
{
    switch (n->kind) {
    case GRAPH_START: fputs("shape=circle, style=filled, fillcolor=black, label=\"\", width=0.15", to); break;
    case GRAPH_PLACE: put_place(n, to); break;
    case GRAPH_FORK: fprintf(to, "shape=plaintext, label=\"" TEXT_FMT "\"", TEXT_ARG(n->label)); break;
    case GRAPH_JOIN: fputs("shape=point", to); break;
    case GRAPH_MATCH: fputs("shape=doublecircle, label=\"\", width=0.15", to); break;
    }
}

void graph_dot(struct graph *g, unsigned width, FILE *to)
{
    (void)width;
    graph_wrap_lines(g, LINE_MOST, LINES_MOST);
    fputs("digraph \"", to);
    put_escaped(g->rule->name, to);
    fputs("\" {\n    rankdir=LR;\n    labelloc=t;\n    label=\"", to);
    put_escaped(g->rule->name, to);
    fputs("\\n", to);
    put_escaped(graph_subtitle(g), to);
    fputs("\";\n    node [fontname=monospace, fontsize=11];\n    edge [fontname=monospace, fontsize=10];\n",
          to);
    for (uint32_t i = 0; i < g->nodes.len; i++) {
        fprintf(to, "    n%u [", i);
        put_node(&g->nodes.at[i], to);
        fputs("];\n", to);
    }
    for (uint32_t i = 0; i < g->edges.len; i++) {
        const struct graph_edge *e = &g->edges.at[i];
        fprintf(to, "    n%u -> n%u [label=\"", e->from, e->to);
        put_escaped(e->label, to);
        fprintf(to, "\"%s%s%s];\n", e->is_dashed ? ", style=dashed" : "",
                e->is_forbidden ? ", color=firebrick" : "", g->nodes.at[e->to].kind == GRAPH_JOIN ? ", arrowhead=none" : "");
    }
    fputs("}\n", to);
}
