/* fuzz_compile.c - any bytes as a rule file, behind `use aws`: diagnostics or a sealed IR, and nothing else.
 *
 * Of a set that compiles both dumps are made as well: they walk everything that run time would.
 */
#include "engine/compile/compile.h"

#include <stdlib.h>

#define BUDGET (512u << 20)

static void swallow(void *to, const char *at, size_t len)
{
    (void)at;
    *(size_t *)to += len;
}

static void compile_and_show(struct arena *arena, struct text bytes)
{
    struct compile_text texts[] = {{text_of("first.csr"), text_of("use aws\n")}, {text_of("fuzz.csr"), bytes}};
    struct compile_input input = {
        .texts = texts, .n_texts = 2, .with_tests = true, .without_patterns = true,
        .leaves_out_refused = bytes.len & 1, .keeps_refused = (bytes.len & 3) == 2};
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    size_t written = 0;
    char *said = NULL;
    struct ir *ir = csr_compile_ir(arena, &input, &sources, &diags, &unreadable);
    if (!ir && !diags_errors(diags)) abort(); /* refused without a word */
    if (ir) ir_dump(ir, swallow, &written);
    if (ir) ir_dump_plan(ir, swallow, &written);
    if (ir) ir_dump_tests(ir, swallow, &written);
    FILE *to = open_memstream(&said, &written);
    if (!to) return;
    diags_print(diags, to, (struct diag_style){0});
    fclose(to);
    free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(BUDGET);
    if (!arena) return 0;
    if (!setjmp(*arena_escape(arena))) compile_and_show(arena, (struct text){(const char *)data, (uint32_t)size});
    arena_free(arena);
    return 0;
}
