/* made.h - records that tests make up: a tree of JSON, put together member by member.
 *
 * Everything lies in the compile arena. Texts are views. Members keep the order in which they were first put.
 */
#ifndef CSR_ENGINE_COMPILE_MADE_H
#define CSR_ENGINE_COMPILE_MADE_H

#include "grammar/base/arena.h"

enum made_kind {
    MADE_WORD, /* null, true, false or a number: as it is written */
    MADE_TEXT,
    MADE_OBJECT,
    MADE_LIST,
};

struct made {
    enum made_kind kind;
    struct text text; /* WORD, TEXT */
    struct text name; /* of a member */
    struct made *kids, *last, *next;
};

struct made *made_new(struct arena *a, enum made_kind kind, struct text text);
void made_add(struct made *parent, struct made *kid); /* to a list, or a new member by its name */
struct made *made_member(const struct made *object, struct text name);
/* The value at a path of names; NULL if there is none. */
struct made *made_find(const struct made *object, const struct text *path, uint32_t n);
/* Puts a value at a path, making the objects on the way. Where an object stands already, an object is merged
 * into it member by member; anything else is replaced. */
void made_put(struct arena *a, struct made *object, const struct text *path, uint32_t n, struct made *value);

/* The same with the path as a C string, "userIdentity.arn", for what the compiler puts itself. */
void made_put_text(struct arena *a, struct made *object, const char *path, struct text text);
void made_put_word(struct arena *a, struct made *object, const char *path, const char *word);
struct made *made_at(const struct made *object, const char *path);

/* JSON on one line. */
struct text made_print(struct arena *a, const struct made *m);

#endif
