/* word.h - the words of the language (word.def): which token, what it begins, and how that is written. */
#ifndef CSR_GRAMMAR_WORD_H
#define CSR_GRAMMAR_WORD_H

#include "grammar/base/names.h"

/* The bodies that have entries. A file is the outermost one. */
enum word_use {
    IN_FILE = 1,
    IN_RULE = 2,
    IN_RESPOND = 4,
    IN_TUNE = 8,
    IN_TEST = 16,
    RESERVED = 32, /* cannot be a name */
};

struct word {
    int token; /* of the parser */
    const char *text;
    unsigned use;     /* enum word_use, several */
    const char *form; /* an example for messages, or NULL */
};

/* The word that is written so, or has this token; NULL if none. */
const struct word *word_find(struct text t);
const struct word *word_of_token(int token);
/* The word nearest to t among those that begin entries of the body; NULL if none is near. */
const struct word *word_near(struct text t, enum word_use body);
/* How many braces are open around the entries of a body. */
uint32_t word_depth(enum word_use body);
/* All words that begin entries of the body: "title, severity, …". */
struct text word_list(struct arena *a, enum word_use body);

#endif
