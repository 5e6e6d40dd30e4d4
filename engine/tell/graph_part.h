/* graph_part.h - the tree between match and drawing: graph.c builds it, graph_layout.c gives it a size and a
 * place. */
#ifndef CSR_ENGINE_TELL_GRAPH_PART_H
#define CSR_ENGINE_TELL_GRAPH_PART_H

#include "engine/tell/graph.h"

#define NODE_NONE UINT32_MAX

/* An optional item in a gap, with the arrows that bind it; NULL: plain. */
struct graph_side {
    struct graph_part *part;
    const struct ir_arrow *in, *out;
};

/* Before part i of a series, and behind the last. */
struct graph_gap {
    const struct ir_arrow *arrow; /* NULL: plain, or the outer part's */
    struct ARENA_VEC(struct graph_side) sides;
    int len; /* along */
};

enum part_kind { PART_PLACE, PART_SERIES, PART_FORK };

struct graph_part {
    enum part_kind kind;
    uint32_t node, join; /* PLACE: node; FORK: both */
    struct graph_part **kids;
    uint32_t n_kids;
    struct graph_gap *gaps; /* SERIES: [n_kids + 1] */
    int len, before, after; /* along; across, from the axis to both sides */
};

/* What is written at an arrow; empty for a plain one. */
struct text arrow_words(const struct graph *g, const struct ir_arrow *a);

/* The first and last node of a part. */
uint32_t part_entry(const struct graph_part *p);
uint32_t part_exit(const struct graph_part *p);

#endif
