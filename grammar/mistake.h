/* mistake.h - from a token that does not fit to a diagnostic that helps. */
#ifndef CSR_GRAMMAR_MISTAKE_H
#define CSR_GRAMMAR_MISTAKE_H

#include "grammar/lex.h"

#define MISTAKE_TOKENS 400
#define MISTAKE_WORDS  16

struct mistake {
    struct lex *lex; /* lex->now is the token, lex->before the one before it */
    bool expected[MISTAKE_TOKENS]; /* by token: what would have fitted, and perhaps more (LALR) */
    int words[MISTAKE_WORDS];      /* words that began what is being written, the innermost first */
    int n_words;
    int top; /* the last token; 0 if the parser has taken it for a part of something, a name for example */
};

/* True for a word that says what is being written, as opposed to one inside of it. */
bool mistake_wants(int token);
void mistake_report(const struct mistake *m);

#endif
