/* parse.h - text in, tree and complaints out.
 *
 * The whole grammar is read from the start (grammar/parser.y); what is not executed yet is refused by the compiler,
 * not here. There is always a tree, also after errors: what could be read.
 */
#ifndef CSR_GRAMMAR_PARSE_H
#define CSR_GRAMMAR_PARSE_H

#include "grammar/ast.h"

#define PARSE_SOURCE_MOST (64u << 20) /* bytes of one file; beyond it E0002 */

struct parse {
    struct arena *arena;
    struct names *names;
    struct sources *sources;
    struct diags *diags;
};

/* An AST_FILE. The file must be in p->sources already. */
struct ast *csr_parse(struct parse *p, const struct source *file);

/* `# csr: allow CODE reason "…"`: the compiler asks whether a warning at a place was silenced. The comment stands
 * on the line of the place, or alone on the line before it, or before the rule it stands in. */
struct allowance {
    struct csr_span at;
    struct text code, reason;
};
struct allowances ARENA_VEC(struct allowance);
/* Those of the file, in order; found by the lexer, which alone sees comments. */
struct allowances csr_parse_allowances(struct parse *p, const struct source *file);

/* One token a line, "NAME probe 12..17": what `csr dump --stage=tokens` prints. */
void csr_dump_tokens(struct parse *p, const struct source *file, FILE *to);

/* A title or message: literal text and operands. "{{" is a brace. Used by the compiler on STRING nodes, so that an
 * operand's mistakes have a place inside the string. NULL and a diagnostic when it is wrong. */
struct template_part {
    struct text literal;  /* when operand is NULL */
    struct ast *operand;  /* a PATH or CALL */
};
struct template {
    struct template_part *parts;
    uint32_t len;
};
struct template *csr_parse_template(struct parse *p, const struct ast *string);

#endif
