/* reading.h - any bytes as a rule file, read anew, and what is printed of it: for the targets of the front
 * end. */
#ifndef CSR_TESTS_FUZZ_READING_H
#define CSR_TESTS_FUZZ_READING_H

#include "grammar/parse.h"

#include <stdio.h>
#include <stdlib.h>

struct reading {
    struct sources sources;
    struct parse p;
    const struct source *file;
};

static inline void read_text(struct reading *r, struct arena *a, struct text bytes)
{
    sources_init(&r->sources, a);
    r->file = sources_add(&r->sources, text_of("fuzz.csr"), bytes, false);
    r->p = (struct parse){a, names_new(a), &r->sources, diags_new(a, &r->sources)};
}

/* What print writes, in the arena. */
static inline struct text written(struct arena *a, void (*print)(const void *of, FILE *to), const void *of)
{
    char *at = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&at, &len);
    if (!to) abort();
    print(of, to);
    fclose(to);
    struct text copy = arena_text(a, at, len);
    free(at);
    return copy;
}

static inline void print_tree(const void *tree, FILE *to)
{
    ast_dump(tree, to);
}

#endif
