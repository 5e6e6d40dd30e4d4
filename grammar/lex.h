/* lex.h - the tokens of one text, as the parser takes them.
 *
 *   lexer.l    bytes to tokens: patterns alone
 *   literal.c  what stands in a string, number, duration … to a leaf of the tree
 *   lex.c      between scanner and parser: brackets, line starts, doc comments, allowances, missing braces,
 *              and the way on after a mistake
 *
 * Invariants
 * 1. Every mistake of a token is reported here, once, and given to the parser as YYerror, which makes it look
 *    for the next clause without another complaint. Nothing is reported while it looks (is_quiet).
 * 2. The parser sees balanced braces: a stray `}` is stepped over, missing ones are fed before the end of the
 *    file or before the item that stands in column 1.
 * 3. Everything lies in the arena of the parse, the buffers of flex and bison too: its escape leaks nothing.
 */
#ifndef CSR_GRAMMAR_LEX_H
#define CSR_GRAMMAR_LEX_H

#include "grammar/parse.h"
#include "grammar/word.h"

union CSR_GRAM_STYPE;

/* A word or name as written. doc: of `rule`, the ## lines before it. */
struct spelled {
    struct text text, doc;
};

struct bracket {
    char open; /* ( [ { */
    struct csr_span at;
};

/* What the parser does not see of a token. */
struct token_facts {
    int token;
    struct csr_span at;
    uint32_t braces; /* open before it; a `}` counts as inside of what it closes */
    bool is_first;   /* on its line */
    bool at_margin;  /* in the first column */
    bool is_fed;     /* not in the text */
};

struct lex {
    struct parse *p;
    void *scanner;
    struct text bytes;
    uint32_t base;       /* position of bytes.at[0] */
    uint32_t offset;     /* behind the last match */
    uint32_t line_start; /* offset */
    bool line_has_token;
    bool is_quiet;
    uint32_t quiet_from; /* position where the entry that is given up went wrong */
    int start; /* the token that says what is parsed: TOK_START_FILE, TOK_START_OPERAND; then 0 */

    struct ARENA_VEC(struct bracket) brackets;
    uint32_t braces;
    struct ARENA_VEC(char) doc;
    struct allowances allowances;
    struct ARENA_VEC(struct csr_span) comments; /* all of them, from the # to the end of the line */

    struct token_facts now, before, earlier; /* the last token given out, and the two before it */
    struct bracket unclosed;        /* what the last `}` found open inside of its braces; .open 0: nothing */
    bool rereads_before; /* `before` passed as a name, but it begins the entry with which to go on */
    bool is_holding;     /* `held` is the next token */
    struct held {
        bool waits; /* until all braces that are open have been closed by fed ones */
        int token;
        union CSR_GRAM_STYPE *value;
        struct token_facts facts;
    } held;
    struct csr_span cut_off;    /* build.c: the last node that was too deep */
    uint32_t braces_missing_at; /* position of the item before which missing braces were reported */

    struct ast *root; /* what the parser made */
};

struct lex *lex_new(struct parse *p, struct text bytes, uint32_t base, int start);

struct text lex_text(const struct lex *lex, struct csr_span at);

/* After a mistake: the next token from which the entries of `body` can go on, which may be the one at hand
 * (lookahead, with *value and *at). */
int lex_recover(struct lex *lex, int lookahead, enum word_use body, union CSR_GRAM_STYPE *value,
                struct csr_span *at);

/* The innermost bracket that is open, or NULL. */
const struct bracket *lex_open_bracket(const struct lex *lex);
/* True if the token at hand is an item in column 1 inside of a body: a `}` is missing before it, and that is
 * reported. */
bool lex_brace_is_missing(struct lex *lex);

/* ---- for lexer.l ---- */

/* Each makes the value of a token and returns the token, or reports and returns YYerror. */
int lex_word(struct lex *lex, struct text t, union CSR_GRAM_STYPE *value);
int lex_leaf(struct lex *lex, int token, struct csr_span at, union CSR_GRAM_STYPE *value);
int lex_open(struct lex *lex, char bracket, struct csr_span at);
int lex_close(struct lex *lex, char bracket, struct csr_span at);
int lex_bad(struct lex *lex, enum diag_code code, struct csr_span at);
void lex_comment(struct lex *lex, struct csr_span at);
void lex_newline(struct lex *lex);

/* ---- literal.c ---- */

/* The leaf of a token; NULL and a diagnostic when it holds no value of its kind. */
struct ast *literal_leaf(struct lex *lex, int token, struct csr_span at);
/* The characters between quotes with escapes undone; false and a diagnostic for an unknown escape.
 * `position`: of raw.at[0]. */
bool literal_unescape(struct parse *p, struct text raw, uint32_t position, struct text *plain);

#endif
