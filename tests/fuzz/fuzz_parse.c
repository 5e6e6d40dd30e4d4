/* fuzz_parse.c - any bytes as a rule file: tokens, a tree no deeper than it may be, and complaints. */
#include "tests/fuzz/reading.h"

#define BUDGET (512u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_diags(const void *diags, FILE *to)
{
    diags_print(diags, to, (struct diag_style){0});
}

/* Passes recurse: nothing may be deeper. */
static uint32_t depth_of(const struct ast *node)
{
    uint32_t deepest = 0;
    AST_EACH(kid, node) {
        uint32_t depth = depth_of(kid) + 1;
        if (depth > deepest) deepest = depth;
    }
    return deepest;
}

static void read_all(struct arena *a, struct text bytes)
{
    struct reading r;
    read_text(&r, a, bytes);
    const struct ast *tree = csr_parse(&r.p, r.file);
    if (depth_of(tree) > AST_DEPTH_MOST) abort();
    written(a, print_tree, tree);
    csr_parse_allowances(&r.p, r.file);
    written(a, print_diags, r.p.diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(BUDGET);
    if (!a) return 0;
    if (!setjmp(*arena_escape(a))) read_all(a, (struct text){(const char *)data, (uint32_t)size});
    arena_free(a);
    return 0;
}
