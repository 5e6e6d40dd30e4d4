/* test_diag.c - a golden pair for every diagnostic: tests/diag/CODE-name.csr, and what compiling it says in .err.
 *
 * CSR_UPDATE=1 in the environment writes the .err files anew; read the difference before you commit it.
 */
#include "engine/compile/compile.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define FOLDER "tests/diag"

/* Codes that no rule file of its own can show, and why. */
static const struct {
    const char *code, *why;
} without_file[] = {
    {"E0001", "the system has no memory"},
    {"E0002", "a file of 64 MiB"},
    {"E0003", "a path, not a file: test_compile.c"},
    {"E0004", "4 GiB of rules"},
    {"E0526", "wants two kinds of records in the standard library"},
};

static int is_rule_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".csr") == 0;
}

/* What compiling the file says, as a string to be freed. */
static char *complaints(const char *path)
{
    struct arena *arena = arena_new(0);
    struct compile_text text = {.name = text_of(path)};
    struct compile_input input = {.texts = &text, .n_texts = 1};
    struct sources sources;
    struct diags *diags = NULL;
    bool unreadable;
    char *said = NULL;
    size_t len = 0;
    assert_non_null(arena);
    if (setjmp(*arena_escape(arena))) fail_msg("%s: out of memory", path);
    csr_compile_ir(arena, &input, &sources, &diags, &unreadable);
    FILE *to = open_memstream(&said, &len);
    diags_print(diags, to, (struct diag_style){0});
    fclose(to);
    arena_free(arena);
    return said;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    char *bytes = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&bytes, &len);
    for (int c; (c = getc(file)) != EOF;) putc(c, to);
    fclose(to);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const char *bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(bytes, file);
    fclose(file);
}

/* True if the file says what its .err says, its own code among it. */
static bool check_pair(const char *name)
{
    char path[512], err[512], code[8];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    snprintf(err, sizeof err, FOLDER "/%.*s.err", (int)strlen(name) - 4, name);
    snprintf(code, sizeof code, "[%.5s]", name);
    char *said = complaints(path);
    if (getenv("CSR_UPDATE")) write_file(err, said);
    char *wanted = read_file(err);
    bool ok = wanted && strcmp(said, wanted) == 0 && strstr(said, code);
    if (!ok) print_error("%s says\n%s--- and not\n%s", path, said, wanted ? wanted : "(no .err file)\n");
    free(wanted);
    free(said);
    return ok;
}

static void every_file_says_what_it_should(void **state)
{
    (void)state;
    struct dirent **files;
    int n = scandir(FOLDER, &files, is_rule_file, alphasort), wrong = 0;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        wrong += !check_pair(files[i]->d_name);
        free(files[i]);
    }
    free(files);
    assert_int_equal(wrong, 0);
}

static bool has_file(const char *code)
{
    struct dirent **files;
    int n = scandir(FOLDER, &files, is_rule_file, alphasort);
    bool found = false;
    for (int i = 0; i < n; i++) {
        found |= strncmp(files[i]->d_name, code, 5) == 0;
        free(files[i]);
    }
    free(files);
    return found;
}

static bool may_lack_file(const char *code)
{
    for (size_t i = 0; i < sizeof without_file / sizeof *without_file; i++)
        if (strcmp(without_file[i].code, code) == 0) return true;
    return false;
}

static void every_code_has_a_file(void **state)
{
    (void)state;
    int missing = 0;
    for (int code = 0; code < DIAG_CODES; code++) {
        const char *name = diag_info((enum diag_code)code)->name;
        if (has_file(name) || may_lack_file(name)) continue;
        print_error("%s has no file in " FOLDER "\n", name);
        missing++;
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_file_says_what_it_should),
                                       cmocka_unit_test(every_code_has_a_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
