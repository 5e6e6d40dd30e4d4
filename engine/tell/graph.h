/* graph.h - a rule's match as places and arrows, laid out: what the three forms of `csr graph` draw.
 *
 * The picture follows the match clause, not the product of its automata: a chain is a line, a choice or any
 * order forks and joins, and each optional item hangs as a dashed branch of its own between the required
 * places that it must stand between, because it is judged by itself (language.md B9). A veto is a place on the line
 * that must stay empty, and a window brackets what it holds.
 *
 *   graph.c         match -> nodes and edges
 *   graph_layout.c  sizes and places
 *   graph_text.c    box drawing for a terminal
 *   graph_dot.c     graphviz; needs no layout
 *   graph_svg.c     a picture that stands alone
 *
 * Layout thinks in two directions: `along` the flow and `across` it. Everything is in whole units of the
 * form: characters or pixels.
 *
 * Invariants
 * 1. Boxes never overlap: parts of a series have ranges along, branches of a fork have ranges across.
 * 2. An edge turns only in a channel, a range along in which no box stands between the two axes.
 */
#ifndef CSR_ENGINE_TELL_GRAPH_H
#define CSR_ENGINE_TELL_GRAPH_H

#include "engine/ir/ir.h"
#include "engine/tell/prose.h"

enum graph_kind { GRAPH_START, GRAPH_PLACE, GRAPH_FORK, GRAPH_JOIN, GRAPH_MATCH };

struct graph_node {
    enum graph_kind kind;
    uint32_t step;      /* PLACE */
    struct text label;  /* PLACE: "probe 3+", "no gone"; FORK: "one of", "in 5m" */
    struct text *lines; /* PLACE: calls and predicate, once they are wrapped (graph_wrap_lines) */
    uint32_t n_lines;
    bool is_optional;
    bool is_forbidden;  /* PLACE: what a veto is about */
    int x, y, w, h; /* y + h / 2, or x + w / 2 if the flow goes down, is its axis */
};

struct graph_point {
    int x, y;
};

struct graph_edge {
    uint32_t from, to;
    bool is_dashed;
    bool is_forbidden; /* into or out of what a veto is about */
    struct text label; /* a gap: "at most 5m"; empty without one */
    struct graph_point points[4];
    uint32_t n_points;
    struct graph_point label_at; /* middle of the label; its left end if the flow goes down */
};

struct graph_part; /* graph_part.h */

struct graph {
    struct arena *arena;
    const struct ir *ir;
    const struct ir_rule *rule;
    struct ARENA_VEC(struct graph_node) nodes;
    struct ARENA_VEC(struct graph_edge) edges;
    struct graph_part *root;
    int width, height; /* of everything, from 0, 0 */
};

/* What a form says of its sizes. */
struct graph_metrics {
    bool down;     /* the flow goes down; else to the right */
    int arrow;     /* along: the least way from a node to the next */
    int turn;      /* along: from a node to where its edges part */
    int tip;       /* along: from where edges meet to the node they lead to */
    int apart;     /* across: between branches */
    int label_pad; /* along (across if the flow goes down): around a label */
    int line;      /* height of a label */
    int (*label_width)(struct text label);
    void (*size)(struct graph_node *node); /* sets w and h */
};

extern const struct graph_metrics graph_text_right, graph_text_down, graph_svg_metrics;

void graph_build(struct graph *g);
void graph_layout(struct graph *g, const struct graph_metrics *m);

/* "by actor, within 30m, opens at 25, once for 4h" */
struct text graph_subtitle(const struct graph *g);
/* Calls and predicate as a rule writes them: "iam:PutRolePolicy (ok and …) | …". */
struct text graph_step_words(const struct graph *g, uint32_t step);
struct text graph_step_name(const struct graph *g, uint32_t step); /* "event" in an `on` rule */
/* Wraps what the steps are into the lines of their places; what is too long ends in "…". */
void graph_wrap_lines(struct graph *g, unsigned columns, uint32_t lines_most);
bool graph_has_optional(const struct graph *g);

void graph_text(struct graph *g, unsigned width, FILE *to);
void graph_dot(struct graph *g, unsigned width, FILE *to); /* width: of text alone */
void graph_svg(struct graph *g, unsigned width, FILE *to);

#endif
