/* The layout of rule files.
 *
 *   tests/golden/fmt/NAME.csr   laid out: NAME.fmt. BLESS=1 writes it anew; read the difference.
 *   every .csr of the tree      keeps its tree, and is not changed a second time
 *
 * Random files are in test_fmt_random.c.
 */
#include "tests/unit/grammar_fixture.h"

#include "grammar/fmt.h"

#include <ftw.h>
#include <glob.h>

static struct text read_file(struct arena *a, const char *path)
{
    struct ARENA_VEC(char) bytes = {0};
    FILE *f = fopen(path, "rb");
    if (!f) return (struct text){NULL, 0};
    for (int byte; (byte = getc(f)) != EOF;) *ARENA_PUSH(a, bytes) = (char)byte;
    fclose(f);
    return (struct text){bytes.at, bytes.len};
}

static bool lay_out(struct reading *r, const char *name, struct text bytes, struct text *out)
{
    reading_init(r, name, bytes);
    return csr_fmt(&r->p, r->file, out);
}

/* cmocka's own messages are short. */
static void differ(struct text found, const char *what, const char *how)
{
    fwrite(found.at, 1, found.len, stderr);
    fail_msg("%s: %s", what, how);
}

/* ---- goldens ---- */

static void compare(const char *rules, struct text found)
{
    char path[300];
    snprintf(path, sizeof path, "%.*sfmt", (int)(strlen(rules) - 3), rules);
    if (getenv("BLESS")) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fwrite(found.at, 1, found.len, f);
        fclose(f);
        return;
    }
    struct arena *a = arena_new(0);
    struct text expected = read_file(a, path);
    if (!text_equal(expected, found)) differ(found, rules, "laid out otherwise than the golden says");
    arena_free(a);
}

static void golden_layouts(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob("tests/golden/fmt/*.csr", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct reading r;
        struct text found;
        struct arena *a = arena_new(0);
        assert_true(lay_out(&r, files.gl_pathv[i], read_file(a, files.gl_pathv[i]), &found));
        compare(files.gl_pathv[i], found);
        reading_release(&r);
        arena_free(a);
    }
    assert_true(files.gl_pathc >= 8);
    globfree(&files);
}

/* ---- every file of the tree ---- */

/* Files with mistakes are passed over; how many there were of others is counted at the end. */
static int keeps_its_tree(const char *path, const struct stat *is, int what, struct FTW *where)
{
    (void)is, (void)where;
    struct reading first, second;
    struct text laid_out, again;
    if (what != FTW_F || !text_ends(text_of(path), TEXT(".csr"))) return 0;
    struct arena *a = arena_new(0);
    if (lay_out(&first, path, read_file(a, path), &laid_out)) {
        assert_true(lay_out(&second, path, laid_out, &again));
        char *tree = printed_tree(csr_parse(&first.p, first.file));
        char *tree_again = printed_tree(csr_parse(&second.p, second.file));
        if (strcmp(tree, tree_again) != 0) fail_msg("%s has another tree when it is laid out", path);
        if (!text_equal(laid_out, again)) differ(again, path, "changed a second time");
        free(tree);
        free(tree_again);
        reading_release(&second);
    }
    reading_release(&first);
    arena_free(a);
    return 0;
}

static void files_of_the_tree(void **state)
{
    (void)state;
    static const char *const folders[] = {"rules", "stdlib", "tests", "docs"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(nftw(folders[i], keeps_its_tree, 16, FTW_PHYS), 0);
}

/* ---- texts ---- */

static void small_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *laid_out; /* NULL: it has mistakes */
    } cases[] = {
        {"", ""},
        {" \n\n\t", ""},
        {"# only a comment", "# only a comment\n"},
        {"\n\n  # one  \r\n\r\n\r\n# two\t", "# one\n\n# two\n"},
        {"\xEF\xBB\xBFuse aws", "use aws\n"},
        {"use aws\r\nuse okta\r\n", "use aws\nuse okta\n"},
        {"use aws;;;use okta;", "use aws\nuse okta\n"},
        {"list a={1,2,}", "list a = { 1, 2 }\n"},
        {"## a\n;rule b{}", "## a\n;\nrule b {}\n"},
        {"rule a{}rule b{}", "rule a {}\n\nrule b {}\n"},
        {"rule a{}test a\"t\"{}test a\"u\"{}", "rule a {}\n\ntest a \"t\" {}\ntest a \"u\" {}\n"},
        {"rule a { title }", NULL},
        {"list a = { 1 } }", NULL},
        {"list a = { \"not ended }", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        struct text out;
        bool is_right = lay_out(&r, "small.csr", text_of(cases[i].text), &out);
        assert_int_equal(is_right, cases[i].laid_out != NULL);
        assert_int_equal(is_right, diags_errors(r.p.diags) == 0);
        if (is_right && !text_equal(out, text_of(cases[i].laid_out)))
            differ(out, cases[i].text, "laid out otherwise");
        reading_release(&r);
    }
}

/* A line is longer than 110 characters only where nothing can be parted: one text, one name, one comment. */
static void lines_end(void **state)
{
    (void)state;
    struct reading r;
    struct text out;
    char bytes[4096] = "rule a { on s3:GetObject (ok";
    for (int i = 0; i < 60; i++) strcat(bytes, " and req.a_member_with_a_name == 1");
    strcat(bytes, ") } list b = { 1");
    for (int i = 0; i < 60; i++) strcat(bytes, ", 1000000");
    strcat(bytes, " }");
    assert_true(lay_out(&r, "long.csr", text_of(bytes), &out));
    for (uint32_t i = 0, start = 0; i < out.len; i++) {
        if (out.at[i] != '\n') continue;
        assert_true(i - start <= FMT_LINE_MOST);
        start = i + 1;
    }
    reading_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_layouts),
        cmocka_unit_test(files_of_the_tree),
        cmocka_unit_test(small_texts),
        cmocka_unit_test(lines_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
