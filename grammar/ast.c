/* ast.c - names of kinds and operators, finding children, and the dump. */
#include "grammar/ast.h"

#include <inttypes.h>

static const char *const kind_names[AST_KINDS] = {
#define AST(kind, name, holds) [AST_##kind] = name,
#include "grammar/ast.def"
#undef AST
};

static const char *const op_names[] = {
    [OP_NONE] = "",         [OP_EQ] = "==",           [OP_NE] = "!=",         [OP_LT] = "<",
    [OP_LE] = "<=",         [OP_GT] = ">",            [OP_GE] = ">=",         [OP_LIKE] = "like",
    [OP_CONTAINS] = "contains", [OP_STARTS] = "starts", [OP_ENDS] = "ends",   [OP_GRANTS] = "grants",
    [OP_THEN] = "->",       [OP_LATER] = "=>",        [OP_AT_LEAST] = "..",   [OP_NOCASE] = "i",
};

const char *ast_kind_name(enum ast_kind kind)
{
    return kind_names[kind];
}

const char *ast_op_name(enum ast_op op)
{
    return op_names[op];
}

static struct ast *first_of_kind(struct ast *node, enum ast_kind kind)
{
    while (node && node->kind != kind) node = node->next;
    return node;
}

struct ast *ast_kid(const struct ast *node, enum ast_kind kind)
{
    return first_of_kind(node->kids, kind);
}

struct ast *ast_next(const struct ast *node)
{
    return first_of_kind(node->next, node->kind);
}

struct ast *ast_nth(const struct ast *node, uint32_t index)
{
    struct ast *kid = node->kids;
    while (kid && index--) kid = kid->next;
    return kid;
}

/* ---- the dump ---- */

static void dump_quoted(struct text t, FILE *to)
{
    putc('"', to);
    for (uint32_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c == '"' || c == '\\') fprintf(to, "\\%c", c);
        else if (c == '\n') fputs("\\n", to);
        else if (c < 0x20 || c == 0x7F) fprintf(to, "\\x%02x", c);
        else putc(c, to);
    }
    putc('"', to);
}

static bool is_number(const struct ast *node)
{
    return node->kind == AST_NUM || node->kind == AST_SIGNED;
}

/* Kinds whose `num` says something that their text does not. */
static bool counts(const struct ast *node)
{
    static const enum ast_kind kinds[] = {AST_DUR,   AST_SIZE, AST_TERM,           AST_ACT,
                                          AST_LIMIT, AST_M_OF, AST_EXPECT_INCIDENT};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i] == node->kind) return true;
    return false;
}

static void dump_node(const struct ast *node, int indent, FILE *to)
{
    fprintf(to, "%*s(%s", indent * 2, "", ast_kind_name(node->kind));
    if (node->op) fprintf(to, " %s", ast_op_name(node->op));
    if (is_number(node))
        fprintf(to, " " TEXT_FMT, TEXT_ARG(node->text)); /* as written: no rounding of its own */
    else if (node->text.at) putc(' ', to), dump_quoted(node->text, to);
    if (counts(node)) fprintf(to, " %" PRId64, node->num);
    if (node->doc.len) fputs(" ## ", to), dump_quoted(node->doc, to);
    AST_EACH(kid, node) {
        putc('\n', to);
        dump_node(kid, indent + 1, to); /* at most AST_DEPTH_MOST deep */
    }
    putc(')', to);
}

void ast_dump(const struct ast *node, FILE *to)
{
    dump_node(node, 0, to);
    putc('\n', to);
}
