/* ast.h - the syntax tree of rule files: what was written, with its places, and no meaning yet.
 *
 * One node type serves every kind; ast.def says what each kind holds. The tree lives in the compile arena.
 *
 * Invariants
 * 1. Children stand in the order in which they were written.
 * 2. Every node has the span of the text it was made from.
 * 3. No node hangs deeper than AST_DEPTH_MOST below its file: the parser refuses what is (E0110), so that
 *    passes may recurse. Long flat lists are siblings, never depth.
 */
#ifndef CSR_GRAMMAR_AST_H
#define CSR_GRAMMAR_AST_H

#include "grammar/base/diag.h"
#include "grammar/base/names.h"

#define AST_DEPTH_MOST 200

enum ast_kind {
#define AST(kind, name, holds) AST_##kind,
#include "grammar/ast.def"
#undef AST
    AST_KINDS
};

enum ast_op {
    OP_NONE,
    OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_LIKE, OP_CONTAINS, OP_STARTS, OP_ENDS, OP_GRANTS, /* TEST_OP */
    OP_THEN, OP_LATER, /* ARROW: -> and => */
    OP_AT_LEAST,       /* GAP: "1m.." */
    OP_NOCASE,         /* STRING, REGEX: a trailing i */
};

struct ast {
    uint8_t kind;   /* enum ast_kind */
    uint8_t op;     /* enum ast_op */
    bool is_real;   /* NUM, SIGNED: `real` holds the value, for it is not whole */
    uint8_t height; /* of the tree below: 0 for a leaf (invariant 3) */
    bool is_full;   /* it has lost children, because it may not have more (E0128) */
    uint32_t n_kids;
    struct csr_span span;
    struct text text; /* interned */
    struct text doc;  /* RULE: its ## lines, joined by newlines */
    union {
        int64_t num;
        double real;
    };
    struct ast *kids, *last, *next;
};

const char *ast_kind_name(enum ast_kind kind);
const char *ast_op_name(enum ast_op op); /* as written: "==", "like", "->" */

/* The first child of that kind, or NULL. */
struct ast *ast_kid(const struct ast *node, enum ast_kind kind);
/* The next sibling of the same kind, or NULL. */
struct ast *ast_next(const struct ast *node);
/* The child at an index, from 0; NULL beyond the last. */
struct ast *ast_nth(const struct ast *node, uint32_t index);

#define AST_EACH(kid, node) for (struct ast *kid = (node)->kids; kid; kid = kid->next)

/* One node a line, indented, "(kind op text num)" - what `csr dump --stage=ast` prints. Spans are left out. */
void ast_dump(const struct ast *node, FILE *to);

#endif
