/* build.h - the calls of the grammar's actions: each makes or extends one node.
 *
 * A list of the grammar (names, clauses, …) is a node of kind BUILD_LIST until it is given to its parent,
 * which takes its children over. NULL children are left out: optional parts, and entries that were given up.
 */
#ifndef CSR_GRAMMAR_BUILD_H
#define CSR_GRAMMAR_BUILD_H

#include "grammar/lex.h"

#define BUILD_LIST AST_KINDS

struct build_kids {
    struct ast *const *at;
    uint32_t len;
};

/* Kids in order, as an argument of the calls below. */
#define KIDS(...)                                                                                           \
    ((struct build_kids){(struct ast *const[]){NULL, ##__VA_ARGS__},                                        \
                         sizeof((struct ast *const[]){NULL, ##__VA_ARGS__}) / sizeof(struct ast *)})

struct ast *build_node(struct lex *lex, int kind, struct csr_span at, struct build_kids kids);
struct ast *build_named(struct lex *lex, enum ast_kind kind, struct csr_span at, struct text name,
                        struct build_kids kids);
struct ast *build_op(struct lex *lex, enum ast_kind kind, struct csr_span at, enum ast_op op,
                     struct build_kids kids);
/* The node takes over the number of a NUM or SIGNED leaf; E0125 if it is not whole. */
struct ast *build_counted(struct lex *lex, enum ast_kind kind, struct csr_span at, struct text name,
                          const struct ast *number, struct build_kids kids);
/* The node holds a number that is not written: `once` is 1. */
struct ast *build_times(struct lex *lex, enum ast_kind kind, struct csr_span at, int64_t times,
                        struct build_kids kids);
/* A leaf that becomes the text of a node of another kind (a quoted string: a reason, a key). */
struct ast *build_from(struct lex *lex, enum ast_kind kind, struct csr_span at, const struct ast *leaf,
                       struct build_kids kids);
struct ast *build_rule(struct lex *lex, struct csr_span at, const struct spelled *word, struct text name,
                       struct ast *clauses);
/* One more child at the end; the span grows to cover it. */
struct ast *build_add(struct lex *lex, struct ast *parent, struct ast *kid);
/* The same where the kid may stand in parentheses, which belong to no node: the span is `at`. */
struct ast *build_extend(struct lex *lex, struct csr_span at, struct ast *parent, struct ast *kid);
/* The text of a KEY and its fields: "principal.name". */
struct text build_joined(struct lex *lex, const struct ast *key);
/* "a" and ".b" to "a.b". */
struct spelled build_dotted(struct lex *lex, struct text front, struct text member);

#endif
