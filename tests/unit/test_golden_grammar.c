/* Goldens of the grammar, compared with the files beside them:
 *
 *   tests/golden/NAME.csr           NAME.tokens, NAME.ast      one construct after the other
 *   tests/golden/examples/NAME.csr  NAME.ast                   thirty rules as a stranger would write them
 *
 * BLESS=1 in the environment writes them anew. Run from the source tree's root. Of the files of tests/diag,
 * whose texts tests/diag/diag.test.sh compares, it is shown here that each provokes its code alone, and that
 * one with eight mistakes reports eight, each at its place.
 */
#include "tests/unit/grammar_fixture.h"

#include <glob.h>

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    *len = 0;
    if (!f) return NULL;
    struct collected c;
    collect(&c);
    for (int byte; (byte = getc(f)) != EOF;) putc(byte, c.to);
    fclose(f);
    char *bytes = collected(&c);
    *len = c.len;
    return bytes;
}

/* "dir/name.csr" and "ast" to "dir/name.ast". */
static void golden_path(char *path, size_t size, const char *rules, const char *suffix)
{
    snprintf(path, size, "%.*s%s", (int)(strlen(rules) - 3), rules, suffix);
}

static void compare(const char *rules, const char *suffix, const char *found)
{
    char path[300];
    size_t len;
    golden_path(path, sizeof path, rules, suffix);
    if (getenv("BLESS")) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fputs(found, f);
        fclose(f);
        return;
    }
    char *expected = read_file(path, &len);
    if (!expected) fail_msg("%s is missing; BLESS=1 writes it", path);
    if (strcmp(expected, found) != 0) fail_msg("%s differs; found:\n%s", path, found);
    free(expected);
}

/* Calls `check` with each file that fits the pattern; at least `least` must. */
static void each_file(const char *pattern, size_t least, void (*check)(struct reading *, const char *))
{
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc < least)
        fail_msg("too few files fit %s", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct reading r;
        size_t len;
        char *bytes = read_file(found.gl_pathv[i], &len);
        reading_init(&r, found.gl_pathv[i], (struct text){bytes, (uint32_t)len});
        check(&r, found.gl_pathv[i]);
        reading_release(&r);
        free(bytes);
    }
    globfree(&found);
}

static void expect_no_diagnostic(const struct reading *r, const char *path)
{
    char *out = printed_diags(r->p.diags, (struct diag_style){0});
    if (*out) fail_msg("%s:\n%s", path, out);
    free(out);
}

static void check_tree(struct reading *r, const char *path)
{
    r->tree = csr_parse(&r->p, r->file);
    expect_no_diagnostic(r, path);
    char *tree = printed_tree(r->tree);
    compare(path, "ast", tree);
    free(tree);
}

static void check_tokens_and_tree(struct reading *r, const char *path)
{
    struct collected c;
    collect(&c);
    csr_dump_tokens(&r->p, r->file, c.to);
    char *tokens = collected(&c);
    compare(path, "tokens", tokens);
    free(tokens);
    check_tree(r, path);
}

/* "E0116 3:47" of all that is reported, a line each. */
static char *codes_of(struct reading *r)
{
    r->tree = csr_parse(&r->p, r->file);
    AST_EACH(rule, r->tree) { /* as the compiler does with titles */
        const struct ast *title = rule->kind == AST_RULE ? ast_kid(rule, AST_TITLE) : NULL;
        if (title) csr_parse_template(&r->p, title->kids);
    }
    char *json = printed_diags(r->p.diags, (struct diag_style){.json = true});
    struct collected c;
    collect(&c);
    for (char *line = strtok(json, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned row, column;
        assert_int_equal(sscanf(strstr(line, "\"line\":"), "\"line\":%u,\"column\":%u", &row, &column), 2);
        fprintf(c.to, "%.5s %u:%u\n", line + strlen("{\"code\":\""), row, column);
    }
    free(json);
    return collected(&c);
}

static void check_code(struct reading *r, const char *path)
{
    const char *code = strrchr(path, '/') + 1;
    char *codes = codes_of(r);
    if (!*codes) fail_msg("%s reports nothing", path);
    for (const char *line = codes; *line; line = strchr(line, '\n') + 1)
        if (strncmp(line, code, 5) != 0) fail_msg("%s reports another code:\n%s", path, codes);
    free(codes);
}

static void check_eight(struct reading *r, const char *path)
{
    (void)path;
    char *codes = codes_of(r);
    assert_string_equal(codes, "E0116 3:47\nE0102 7:5\nE0101 9:25\nE0119 12:10\nE0117 13:30\nE0120 14:31\n"
                               "E0109 16:19\nE0107 17:15\n");
    free(codes);
}

static void constructs(void **state)
{
    (void)state;
    each_file("tests/golden/*.csr", 7, check_tokens_and_tree);
}

static void examples(void **state)
{
    (void)state;
    each_file("tests/golden/examples/*.csr", 30, check_tree);
}

static void syntax_codes(void **state)
{
    (void)state;
    each_file("tests/diag/E01*.csr", 20, check_code);
}

static void eight_mistakes(void **state)
{
    (void)state;
    each_file("tests/diag/eight-mistakes.csr", 1, check_eight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructs),
        cmocka_unit_test(examples),
        cmocka_unit_test(syntax_codes),
        cmocka_unit_test(eight_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
