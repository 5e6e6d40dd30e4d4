/* compiled.h - a text compiled by itself: its rules, or what is said of it. */
#ifndef CSR_TESTS_UNIT_COMPILED_H
#define CSR_TESTS_UNIT_COMPILED_H

#include "engine/compile/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static inline struct ir *compile_alone(struct arena *arena, const char *text, bool without_lints,
                                       struct sources *sources, struct diags **diags)
{
    bool unreadable;
    struct compile_text one = {text_of("test.csr"), text_of(text)};
    struct compile_input input = {.texts = &one, .n_texts = 1, .without_lints = without_lints};
    if (setjmp(*arena_escape(arena))) fail_msg("out of memory");
    return csr_compile_ir(arena, &input, sources, diags, &unreadable);
}

/* A text that must have no mistake. */
static inline struct ir *compile_rule(struct arena *arena, const char *text)
{
    struct sources sources;
    struct diags *diags;
    struct ir *ir = compile_alone(arena, text, true, &sources, &diags);
    if (!ir) diags_print(diags, stderr, (struct diag_style){0});
    assert_non_null(ir);
    return ir;
}

/* All diagnostics of a text as they are printed, to be freed. */
static inline char *diagnostics_of(const char *text, bool without_lints)
{
    struct sources sources;
    struct diags *diags;
    char *said = NULL;
    size_t len = 0;
    struct arena *arena = arena_new(0);
    assert_non_null(arena);
    compile_alone(arena, text, without_lints, &sources, &diags);
    FILE *to = open_memstream(&said, &len);
    diags_print(diags, to, (struct diag_style){0});
    fclose(to);
    arena_free(arena);
    return said;
}

#endif
