/* test_no_memory.c - memory fails once, everywhere: a compile through the public interface ends with a rule
 * set or with E0001, breaks nothing and loses nothing.
 *
 * The files of tests/oom have each construct of the language, which is asked of their trees: everything.csr
 * compiles, refused.csr has what is not executed yet. The linker gives every malloc, calloc and realloc of
 * ours to the functions below (--wrap, tests/CMakeLists.txt); Hyperscan's allocations come through its own
 * hook. Blocks of an arena are large, so few things of a compile ask the system; inside of the arena the
 * escape may be taken at any allocation, which a second test does at places all over the compile.
 */
#include "engine/compile/compile.h"
#include "engine/csr.h"
#include "grammar/parse.h"

#include <hs/hs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *const files[] = {"tests/oom/everything.csr", "tests/oom/refused.csr"};
#define FILES    2
#define COMPILES 1 /* the first so many */

/* ---- allocations that fail ----------------------------------------------------------------------------- */

static uint64_t allocations, fail_at; /* fail_at 0: none fails */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails_now(void)
{
    return ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

static void *hyperscan_alloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

/* ---- through the public interface ---------------------------------------------------------------------- */

/* What is said of a failure must need no memory either. */
static void say(csr_report *report, bool as_json)
{
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    csr_report_print(report, nowhere, (struct csr_report_style){.json = as_json});
    fclose(nowhere);
}

/* Whether memory lasted, with the n-th allocation failing. Then the file says what it always says. */
static bool compile_failing(const struct csr_compile_options *options, bool compiles, uint64_t n)
{
    csr_report *report = csr_report_new();
    assert_non_null(report);
    allocations = 0;
    fail_at = n;
    csr_ruleset *rules = csr_compile(options, report);
    bool is_over = allocations < n;
    fail_at = 0;
    assert_true(rules || csr_report_errors(report) > 0);
    if (is_over)
        assert_true((rules != NULL) == compiles);
    else if (compiles)
        assert_true(rules || csr_report_system_failed(report));
    say(report, n % 2);
    csr_report_free(report);
    csr_ruleset_free(rules);
    return is_over;
}

static void every_allocation_fails(void **state)
{
    (void)state;
    hs_set_allocator(hyperscan_alloc, free);
    for (int how = 0; how < 3 * FILES; how++) {
        const struct csr_text text = {files[how % FILES], NULL, 0};
        struct csr_compile_options options = {.texts = &text,
                                              .n_texts = 1,
                                              .with_tests = true,
                                              .keeps_refused = true,
                                              .without_cache = how / FILES == 0,
                                              .without_patterns = how / FILES == 1};
        uint64_t n = 1;
        while (!compile_failing(&options, how % FILES < COMPILES, n)) n++;
        assert_true(n > 3); /* the wrapping works */
    }
    hs_set_allocator(NULL, NULL);
}

/* ---- inside the arena ---------------------------------------------------------------------------------- */

/* Whether the compile came to its end although the n-th allocation from the arena failed. */
static bool compile_in_arena(struct arena *arena, const struct compile_input *input, uint64_t n)
{
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    if (setjmp(*arena_escape(arena))) return false;
    arena_fail_piece_at(arena, n);
    (void)csr_compile_ir(arena, input, &sources, &diags, &unreadable);
    return true;
}

/* At places all over the compile: the next is a little further each time. */
static void the_escape_is_taken_anywhere(void **state)
{
    (void)state;
    for (int file = 0; file < FILES; file++) {
        struct compile_text text = {text_of(files[file]), {NULL, 0}};
        struct compile_input input = {
            .texts = &text, .n_texts = 1, .with_tests = true, .keeps_refused = true};
        bool is_over = false;
        uint64_t runs = 0;
        for (uint64_t n = 1; !is_over; n += 1 + n / 60, runs++) {
            struct arena *arena = arena_new(0);
            assert_non_null(arena);
            is_over = compile_in_arena(arena, &input, n);
            arena_free(arena);
        }
        assert_true(runs > 100);
    }
}

/* ---- everything is there ------------------------------------------------------------------------------- */

static void note_kinds(const struct ast *node, bool seen[AST_KINDS])
{
    seen[node->kind] = true;
    AST_EACH(kid, node) note_kinds(kid, seen);
}

static void read_kinds(const char *path, bool seen[AST_KINDS])
{
    struct arena *arena = arena_new(0);
    struct sources sources;
    char *bytes = arena_alloc(arena, 1 << 20);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint32_t len = (uint32_t)fread(bytes, 1, 1 << 20, file);
    fclose(file);
    sources_init(&sources, arena);
    struct parse p = {arena, names_new(arena), &sources, diags_new(arena, &sources)};
    note_kinds(csr_parse(&p, sources_add(&sources, text_of(path), (struct text){bytes, len}, false)), seen);
    assert_int_equal(diags_errors(p.diags), 0);
    arena_free(arena);
}

static void each_construct_is_there(void **state)
{
    bool seen[AST_KINDS] = {[AST_WRONG] = true}, is_whole = true;
    (void)state;
    for (int i = 0; i < FILES; i++) read_kinds(files[i], seen);
    for (int kind = 0; kind < AST_KINDS; kind++) {
        if (!seen[kind]) print_error("tests/oom has no `%s`\n", ast_kind_name((enum ast_kind)kind));
        is_whole &= seen[kind];
    }
    assert_true(is_whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_construct_is_there),
        cmocka_unit_test(every_allocation_fails),
        cmocka_unit_test(the_escape_is_taken_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
