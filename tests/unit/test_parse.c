/* The parser: trees of what is right, diagnostics of what is wrong, limits, and memory. Whole files are
 * compared in test_golden_grammar. */
#include "tests/unit/grammar_fixture.h"

static void read_text(struct reading *r, struct text text)
{
    reading_init(r, "t.csr", text);
    r->tree = csr_parse(&r->p, r->file);
}

/* "E0116 3:12, …" of all that is reported, in the order of places. */
static char *codes_of(const struct reading *r)
{
    char *json = printed_diags(r->p.diags, (struct diag_style){.json = true});
    struct collected c;
    collect(&c);
    for (char *line = strtok(json, "\n"); line; line = strtok(NULL, "\n")) {
        char code[6];
        unsigned row, column;
        assert_int_equal(sscanf(line, "{\"code\":\"%5s\"", code), 1);
        code[5] = 0;
        assert_int_equal(sscanf(strstr(line, "\"line\":"), "\"line\":%u,\"column\":%u", &row, &column), 2);
        fprintf(c.to, "%s %u:%u\n", code, row, column);
    }
    free(json);
    return collected(&c);
}

static void binding_is_as_the_grammar_says(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tree;
    } cases[] = {
        {"define x = a or b and not c == 1 + 2 * 3",
         "(define \"x\" (or (path \"a\") (and (path \"b\") (not (cmp == (path \"c\") (+ (num 1) (* (num 2) "
         "(num 3))))))))"},
        {"define x = a - b - c", "(define \"x\" (- (- (path \"a\") (path \"b\")) (path \"c\")))"},
        {"define x = (a or b) and c", "(define \"x\" (and (or (path \"a\") (path \"b\")) (path \"c\")))"},
        {"define x = a or b or c or d",
         "(define \"x\" (or (path \"a\") (path \"b\") (path \"c\") (path \"d\")))"},
        {"define x = f(a).b[]", "(define \"x\" (call \"f\" (args (path \"a\")) (field \"b\") ([])))"},
        {"rule r { match a | b -> c }",
         "(rule \"r\" (match (alt (step-ref \"a\") (chain (step-ref \"b\") (arrow ->) (step-ref \"c\")))))"},
        {"rule r { match a -> b[3..]? }", "(rule \"r\" (match (chain (step-ref \"a\") (arrow ->) (optional "
                                          "(repeat (step-ref \"b\") (times (num 3)))))))"},
        {"rule r { match a ->[1m..] b }", "(rule \"r\" (match (chain (step-ref \"a\") (arrow -> (gap .. (dur "
                                          "\"1m\" 60000000000))) (step-ref \"b\"))))"},
        {"rule r { score 1 +2 if a -3 if b }",
         "(rule \"r\" (score (num 1) (term 2 (path \"a\")) (term -3 (path \"b\"))))"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        read_text(&r, text_of(cases[i].text));
        char *tree = printed_tree(r.tree->kids), *to = tree;
        for (const char *from = tree; *from; from++) /* on one line */
            if (*from == '\n') *to++ = ' ', from += strspn(from + 1, " ");
            else *to++ = *from;
        to[-1] = 0;
        assert_string_equal(tree, cases[i].tree);
        assert_int_equal(diags_errors(r.p.diags), 0);
        free(tree);
        reading_release(&r);
    }
}

static void check_spans(const struct ast *node)
{
    uint32_t at = node->span.lo;
    AST_EACH(kid, node) {
        assert_true(kid->span.lo >= at && kid->span.hi <= node->span.hi && kid->span.lo <= kid->span.hi);
        if (node->kind != AST_BASELINE) at = kid->span.lo;
        check_spans(kid);
    }
}

static void spans_cover_what_was_written(void **state)
{
    (void)state;
    static const char text[] =
        "use a\nrule r {\n  on x:y (ok and z in { 1, 2 }) with n = req.m[].k\n  once for 4h\n}\n";
    struct reading r;
    read_text(&r, TEXT(text));
    assert_int_equal(diags_errors(r.p.diags), 0);
    check_spans(r.tree);
    const struct ast *rule = ast_kid(r.tree, AST_RULE), *on = ast_kid(rule, AST_ON);
    const struct ast *with = ast_kid(on->kids, AST_WITH);
    assert_memory_equal(text + with->span.lo - r.file->base, "with n = req.m[].k",
                        with->span.hi - with->span.lo);
    assert_int_equal(with->span.hi - with->span.lo, 18);
    assert_int_equal(rule->span.lo - r.file->base, 6);
    assert_int_equal(rule->span.hi - r.file->base, sizeof text - 2);
    reading_release(&r);
}

static void each_mistake_is_told_once_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *codes;
    } cases[] = {
        {"rule r {\n  within 15\n  by a b\n}", "E0116 2:10\nE0101 3:8\n"},
        {"rule r {\n  titel \"x\"\n  titel \"y\"\n}", "E0102 2:3\nE0102 3:3\n"},
        {"rule r { titel \"x\" severty low }\nuse a b\n", "E0102 1:10\nE0101 2:7\n"},
        {"rule r {\n  on x:y (ok\n  severity low\n}\nrule s { once for 3 }", "E0106 2:10\nE0116 5:19\n"},
        {"rule r {\n  on x:y (a in { 1, 2 )\n  once for 3\n}\nrule s { once for 3 }",
         "E0101 2:23\nE0116 3:12\nE0116 5:19\n"},
        {"rule r {\n  severity low\nrule s {\n  severity low\n  once for 3\n}", "E0106 1:8\nE0116 5:12\n"},
        {"rule r {\n  respond {\n    at 5 go()\n\nrule s { }", "E0106 2:11\n"},
        {"rule r {\n  severity low\n", "E0106 1:8\n"},
        {"rule r {\n  on x:y (ok and", "E0106 1:8\n"},
        {"}\n}\nuse a\n}", "E0105 1:1\nE0105 2:1\nE0105 4:1\n"},
        {"list a = { 1, 2\nlist b = { 3, x }\n", "E0106 1:10\nE0101 2:15\n"},
        {"rule r {\n  respond {\n    at 5 go(\n    at 6 go()\n    at x go()\n  }\n}",
         "E0106 3:12\nE0101 5:8\n"},
        {"tune a {\n  set b 3\n  severity\n  respond of\n}", "E0101 2:9\nE0108 3:3\nE0101 4:11\n"},
        {"test a \"x\" {\n  as\n  at 5 x:y\n  expekt none\n  expect nothing\n}",
         "E0108 2:3\nE0116 3:6\nE0102 4:3\nE0101 5:10\n"},
        {"rule r {\n  where a & b\n  where a || b\n  where !a\n  where a => b\n}",
         "E0126 2:11\nE0126 3:11\nE0126 4:9\nE0126 5:11\n"},
        {"rule r {\n  where a < b < c\n  where a == b == c\n}", "E0121 2:15\nE0121 3:16\n"},
        {"rule r {\n  match a & b -> c\n  match a -> b & c\n}", "E0120 2:15\nE0120 3:16\n"},
        {"rule r {\n  where a +5 > 3\n  score 3 +1 if a +5 > 3\n}", "E0118 2:11\nE0118 3:19\n"},
        {"rule r {\n  step if: x:y\n  step a:x:y\n}", "E0103 2:8\nE0119 3:8\n"},
        {"rule r {\n  where api == x:y\n}", "E0101 2:16\n"},
        {"frob x\nuse a\nfrob y\n", "E0102 1:1\nE0102 3:1\n"},
        {"policy { a = }\nsink s { b = = }\n", "E0108 1:12\nE0101 2:14\n"},
        {"rule r {\n  by a,\n  within 5m\n}", "E0108 2:7\n"},
        {"", ""},
        {"# nothing", ""},
        {";;;", ""},
        {"{", "E0101 1:1\n"},
        {"rule", "E0108 1:1\n"},
        {"rule r", "E0108 1:6\n"},
        {"\"", "E0107 1:1\n"},
        {"use a\n\xFF\nuse b", "E0111 2:1\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        read_text(&r, text_of(cases[i].text));
        char *codes = codes_of(&r);
        if (strcmp(codes, cases[i].codes) != 0)
            fail_msg("%s\nreports\n%sand not\n%s", cases[i].text, codes, cases[i].codes);
        free(codes);
        reading_release(&r);
    }
}

static void what_is_right_survives_what_is_wrong(void **state)
{
    (void)state;
    struct reading r;
    read_text(
        &r,
        TEXT(
            "use a\nrule r {\n  title \"x\"\n  within 5\n  severity low\n}\nfrob\nrule s { title \"y\" }\n"));
    assert_int_equal(r.tree->n_kids, 3);
    const struct ast *rule = ast_kid(r.tree, AST_RULE);
    assert_int_equal(rule->n_kids, 2);
    assert_non_null(ast_kid(rule, AST_TITLE));
    assert_non_null(ast_kid(rule, AST_SEVERITY));
    assert_true(text_equal(ast_next(rule)->text, TEXT("s")));
    reading_release(&r);
}

static void hints_can_be_applied(void **state)
{
    (void)state;
    static const struct {
        const char *text, *help;
    } cases[] = {
        {"rule r {\n  within 15\n}", "write `15m`"},
        {"rule r {\n  within 15mins\n}", "write `15m`"},
        {"rule r {\n  sevrity low\n}", "write `severity`"},
        {"rule r {\n  where a = b\n}", "write `==`"},
        {"rule r {\n  where a +5 > b\n}", "write `+ 5`"},
        {"rule r {\n  step a:b:c\n}", "write `a: b:c`"},
        {"rule r {\n  where a && b\n}", "write `and`"},
        {"rule r {\n  where api == ec2:Run\n}", "write `\"ec2:Run\"`"},
        {"}", "leave it out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        read_text(&r, text_of(cases[i].text));
        char *out = printed_diags(r.p.diags, (struct diag_style){0});
        if (!strstr(out, cases[i].help)) fail_msg("no \"%s\" in\n%s", cases[i].help, out);
        free(out);
        reading_release(&r);
    }
}

/* word.def says which words are reserved, the grammar's rule `name` lists all others: they must agree. */
static void words_are_names_unless_reserved(void **state)
{
    (void)state;
    enum { IN_FILE = 0, IN_RULE = 0, IN_RESPOND = 0, IN_TUNE = 0, IN_TEST = 0, RESERVED = 1 };
    static const struct {
        const char *word;
        bool is_reserved;
    } words[] = {
#define WORD(token, text, use, form) {text, (use) == RESERVED},
#include "grammar/word.def"
#undef WORD
    };
    uint32_t reserved = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct reading r;
        char text[100];
        snprintf(text, sizeof text, "list %s = { }\ndefine x = a.%s", words[i].word, words[i].word);
        read_text(&r, text_of(text));
        if (diags_errors(r.p.diags) != words[i].is_reserved) fail_msg("%s", words[i].word);
        reserved += words[i].is_reserved;
        reading_release(&r);
    }
    assert_int_equal(reserved, 27);
}

/* ---- limits ---- */

static struct text repeated(struct arena *a, const char *front, const char *part, uint32_t times,
                            const char *back)
{
    uint32_t len = (uint32_t)strlen(part);
    struct text t = {NULL, (uint32_t)(strlen(front) + strlen(back)) + len * times};
    char *at = arena_alloc(a, t.len + 1u);
    t.at = at;
    at += sprintf(at, "%s", front);
    for (uint32_t i = 0; i < times; i++, at += len) memcpy(at, part, len);
    sprintf(at, "%s", back);
    return t;
}

static uint32_t depth_of_tree(const struct ast *node)
{
    uint32_t deepest = 0;
    AST_EACH(kid, node) {
        uint32_t depth = depth_of_tree(kid) + 1;
        if (depth > deepest) deepest = depth;
    }
    return deepest;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *front, *part, *back;
    } cases[] = {
        {"define x = ", "(", "a"},
        {"define x = ", "not ", "a"},
        {"define x = a", " + a", ""},
        {"define x = ", "f(", "a"},
        {"pack ", "{ a ", ""},
        {"test a \"x\" { at 0s a:b ", "{ a: ", ""},
        {"test a \"x\" { at 0s a:b { a: ", "[", ""},
        {"rule r { match a", "?", " }"},
        {"rule r { match ", "(", "a"},
        {"rule r { match a", "[3..]", " }"},
        {"define x = a * ", "(a + 1) * ", "a"},
        {"define x = ", "any a in b (", "a"},
        {"define x = ", "{", ""},
        {"rule r { match ", "2 of (a, ", ""},
    };
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        read_text(&r, repeated(a, cases[i].front, cases[i].part, 5000, cases[i].back));
        assert_true(depth_of_tree(r.tree) <= AST_DEPTH_MOST);
        assert_true(diags_errors(r.p.diags) >= 1 && diags_errors(r.p.diags) <= 3);
        reading_release(&r);
    }
    arena_free(a);
}

/* What is beyond a limit is said once, and left out. */
static void lists_may_be_long(void **state)
{
    (void)state;
    static const struct {
        const char *front, *part, *back;
    } cases[] = {
        {"list x = { 1", ", 1", " }"},
        {"define x = a", " or a", ""},
        {"define x = a", " and a", ""},
        {"define x = f(a", ", a", ")"},
        {"rule r { match a", " -> a", " }"},
        {"rule r { match a", " | a", " }"},
        {"rule r { match a", " & a", " }"},
        {"rule r { by a", ", a", " }"},
        {"use a", ", a", ""},
        {"rule r { title \"x\" ", "once for 5m ", "}"},
        {"", "rule r { } ", ""},
        {"define x = a", ".b", ""},
        {"rule r { on a", " | a", " }"},
        {"event a from b { x", ".y", " = 1 }"},
        {"# ", "x", ""},
        {"", "## x\n", "rule r { }"},
    };
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        read_text(&r, repeated(a, cases[i].front, cases[i].part, 100000, cases[i].back));
        assert_true(diags_errors(r.p.diags) <= 1);
        reading_release(&r);
    }
    arena_free(a);
}

static void a_million_terms_do_not_crash(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct reading r;
    read_text(&r, repeated(a, "define x = a", " or a", 1000000, ""));
    assert_int_equal(diags_errors(r.p.diags), 1);
    assert_int_equal(ast_kid(r.tree->kids, AST_OR)->n_kids, 10000);
    reading_release(&r);
    arena_free(a);
}

static void files_may_be_too_large_or_no_text(void **state)
{
    (void)state;
    struct reading r;
    char *large = calloc(PARSE_SOURCE_MOST + 1, 1);
    read_text(&r, (struct text){large, PARSE_SOURCE_MOST + 1});
    char *codes = codes_of(&r);
    assert_string_equal(codes, "E0002 1:1\n");
    assert_int_equal(r.tree->n_kids, 0);
    free(codes);
    reading_release(&r);
    free(large);
    read_text(&r, TEXT("use a\n\0\0@@@@ rule rule"));
    codes = codes_of(&r);
    assert_string_equal(codes, "E0112 2:1\n");
    free(codes);
    reading_release(&r);
}

/* ---- templates ---- */

static struct template *template_of(struct reading *r, const char *title)
{
    char text[300];
    snprintf(text, sizeof text, "rule r { title %s }", title);
    reading_init(r, "t.csr", (struct text){NULL, 0});
    struct text kept = arena_text(r->arena, text, strlen(text));
    r->file = sources_add(&r->sources, TEXT("title.csr"), kept, false);
    const struct ast *tree = csr_parse(&r->p, r->file);
    return csr_parse_template(&r->p, ast_kid(tree->kids, AST_TITLE)->kids);
}

static void templates_are_read(void **state)
{
    (void)state;
    struct reading r;
    struct template *t =
        template_of(&r, "\"a {{b}} {probe.principal.name}\\n{count(look)} {part(x, \\\"}/\\\", 1)}\"");
    assert_non_null(t);
    assert_int_equal(t->len, 6);
    assert_true(text_equal(t->parts[0].literal, TEXT("a {b} ")));
    assert_int_equal(t->parts[1].operand->kind, AST_PATH);
    assert_int_equal(t->parts[1].operand->n_kids, 2);
    assert_true(text_equal(t->parts[2].literal, TEXT("\n")));
    assert_int_equal(t->parts[3].operand->kind, AST_CALL);
    assert_true(text_equal(t->parts[4].literal, TEXT(" ")));
    const struct ast *args = ast_kid(t->parts[5].operand, AST_ARGS);
    assert_true(text_equal(ast_nth(args, 1)->text, TEXT("}/")));
    struct place p = sources_place(&r.sources, t->parts[3].operand->span.lo);
    assert_int_equal(p.column, 50); /* inside the string */
    reading_release(&r);
    t = template_of(&r, "\"\"");
    assert_true(t && t->len == 0);
    reading_release(&r);
}

static void wrong_templates_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *title, *codes;
    } cases[] = {
        {"\"a {\"", "E0123 1:19\n"},        {"\"a }\"", "E0123 1:19\n"},   {"\"a {}\"", "E0123 1:19\n"},
        {"\"a {  }\"", "E0123 1:19\n"},     {"\"{a b}\"", "E0101 1:20\n"}, {"\"{a + 1}\"", "E0101 1:20\n"},
        {"\"{a.}\"", "E0101 1:19\n"},       {"\"{f(}\"", "E0101 1:20\n"},  {"\"{a{b}}\"", "E0123 1:17\n"},
        {"\"{15min}\"", "E0109 1:18\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        assert_null(template_of(&r, cases[i].title));
        char *codes = codes_of(&r);
        if (strcmp(codes, cases[i].codes) != 0)
            fail_msg("%s reports %sand not %s", cases[i].title, codes, cases[i].codes);
        free(codes);
        reading_release(&r);
    }
}

/* ---- memory ---- */

/* True if the text was read although the n-th request for memory failed. */
static bool is_read_without(struct text text, uint64_t n)
{
    struct arena *a = arena_new(0);
    volatile bool is_read = false;
    if (!setjmp(*arena_escape(a))) {
        arena_fail_at(a, n);
        struct sources s;
        sources_init(&s, a);
        const struct source *file = sources_add(&s, TEXT("t.csr"), text, false);
        struct parse p = {a, names_new(a), &s, diags_new(a, &s)};
        csr_parse(&p, file);
        csr_parse_allowances(&p, file);
        is_read = true;
    }
    arena_free(a);
    return is_read;
}

/* Under the address sanitizer this also shows that nothing leaks. */
static void runs_out_of_memory_anywhere(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct text texts[] = {
        repeated(a, "", "## doc\nrule r {\n  titel \"x\"\n  on x:y (a in { 1, 2 })\n}\n", 300, ""),
        repeated(a, "define x = ", "(", 190, "a"),
        repeated(a, "define x = ", "not ", 3000, "a"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t n = 1;
        while (!is_read_without(texts[i], n)) n++;
        assert_in_range(n, 2, 1000);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binding_is_as_the_grammar_says),
        cmocka_unit_test(spans_cover_what_was_written),
        cmocka_unit_test(each_mistake_is_told_once_at_its_place),
        cmocka_unit_test(what_is_right_survives_what_is_wrong),
        cmocka_unit_test(hints_can_be_applied),
        cmocka_unit_test(words_are_names_unless_reserved),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(lists_may_be_long),
        cmocka_unit_test(a_million_terms_do_not_crash),
        cmocka_unit_test(files_may_be_too_large_or_no_text),
        cmocka_unit_test(templates_are_read),
        cmocka_unit_test(wrong_templates_are_refused),
        cmocka_unit_test(runs_out_of_memory_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
