/* test_diag_files.c - every diagnostic has a file that provokes it: tests/diag/CODE-name.csr, compared by diag.test.sh. */
#include "grammar/base/diag.h"

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
    {"E0501", "no longer given"},
    {"E0502", "no longer given"},
    {"E0503", "no longer given"},
    {"E0504", "no longer given"},
    {"E0505", "no longer given"},
    {"E0506", "no longer given"},
    {"E0507", "no longer given"},
    {"E0508", "no longer given"},
    {"E0509", "no longer given"},
    {"E0510", "no longer given"},
    {"E0512", "no longer given"},
    {"E0524", "no longer given"},
    {"E0519", "no longer given"},
    {"E0520", "no longer given"},
    {"E0521", "no longer given"},
    {"E0525", "no longer given"},
    {"E0523", "no longer given"},
    {"E0526", "no longer given"},
    {"E0527", "no longer given"},
    {"E0529", "no longer given"},
    {"E0530", "no longer given"},
    {"E0531", "no longer given"},
    {"E0541", "no longer given"},
};

static int is_rule_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".csr") == 0;
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_code_has_a_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
