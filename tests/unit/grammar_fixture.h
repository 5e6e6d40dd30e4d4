/* grammar_fixture.h - one text and all that reading it needs, for the tests of grammar/. */
#ifndef CSR_TESTS_GRAMMAR_FIXTURE_H
#define CSR_TESTS_GRAMMAR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "grammar/parse.h"

struct reading {
    struct arena *arena;
    struct sources sources;
    const struct source *file;
    struct parse p;
    struct ast *tree; /* after read_tree */
};

static inline void reading_init(struct reading *r, const char *name, struct text bytes)
{
    *r = (struct reading){.arena = arena_new(0)};
    assert_non_null(r->arena);
    sources_init(&r->sources, r->arena);
    r->file = sources_add(&r->sources, text_of(name), bytes, false);
    r->p = (struct parse){r->arena, names_new(r->arena), &r->sources, diags_new(r->arena, &r->sources)};
}

static inline void reading_release(struct reading *r)
{
    arena_free(r->arena);
}

/* Text between these two calls is collected; the second gives it to the caller, who frees it. */
struct collected {
    char *at;
    size_t len;
    FILE *to;
};

static inline void collect(struct collected *c)
{
    *c = (struct collected){0};
    c->to = open_memstream(&c->at, &c->len);
    assert_non_null(c->to);
}

static inline char *collected(struct collected *c)
{
    fclose(c->to);
    return c->at;
}

static inline char *printed_tree(const struct ast *tree)
{
    struct collected c;
    collect(&c);
    ast_dump(tree, c.to);
    return collected(&c);
}

static inline char *printed_diags(const struct diags *ds, struct diag_style style)
{
    struct collected c;
    collect(&c);
    diags_print(ds, c.to, style);
    return collected(&c);
}

#endif
