/* Tokens: what each is taken for, and what their values are. */
#include "tests/unit/grammar_fixture.h"

static char *tokens_of(const char *text, uint32_t *errors)
{
    struct reading r;
    struct collected c;
    reading_init(&r, "t.csr", text_of(text));
    collect(&c);
    csr_dump_tokens(&r.p, r.file, c.to);
    *errors = diags_errors(r.p.diags);
    reading_release(&r);
    return collected(&c);
}

static void the_longest_match_wins(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tokens;
    } cases[] = {
        {"probe", "NAME probe 0..5\n"},
        {"rule rules", "WORD rule 0..4\nNAME rules 5..10\n"},
        {"and", "RESERVED and 0..3\n"},
        {"aws-core x-1 a-b-c", "NAME aws-core 0..8\nNAME x-1 9..12\nNAME a-b-c 13..18\n"},
        {"a - 1 -1 +2.5", "NAME a 0..1\nSIGN - 2..3\nNUM 1 4..5\nSIGNED -1 6..8\nSIGNED +2.5 9..13\n"},
        {"a->b", "NAME a 0..1\nSIGN -> 1..3\nNAME b 3..4\n"},
        {"1h30m 15m 10ms", "DUR 1h30m 0..5\nDUR 15m 6..9\nDUR 10ms 10..14\n"},
        {"10MB 1KiB", "SIZE 10MB 0..4\nSIZE 1KiB 5..9\n"},
        {"7..20 1.5", "NUM 7 0..1\nSIGN .. 1..3\nNUM 20 3..5\nNUM 1.5 6..9\n"},
        {"10.0.0.0/8 192.0.2.1", "ADDR 10.0.0.0/8 0..10\nADDR 192.0.2.1 11..20\n"},
        {"T1078.004 T1098 T10987", "TECH T1078.004 0..9\nTECH T1098 10..15\nNAME T10987 16..22\n"},
        {"ec2:RunInstances *:List* s3:*",
         "API ec2:RunInstances 0..16\nAPI *:List* 17..24\nAPI s3:* 25..29\n"},
        {"guardduty:CryptoCurrency:EC2/BitcoinTool.B!DNS",
         "API guardduty:CryptoCurrency:EC2/BitcoinTool.B!DNS 0..46\n"},
        {"k8s:pods/exec.create", "API k8s:pods/exec.create 0..20\n"},
        {"probe: ec2:Run", "NAME probe 0..5\nSIGN : 5..6\nAPI ec2:Run 7..14\n"},
        {"user/ci role/R/s@x.y", "WHO user/ci 0..7\nWHO role/R/s@x.y 8..20\n"},
        {"a.b .\"x-y\"", "NAME a 0..1\nFIELD .b 1..3\nFIELD .\"x-y\" 4..10\n"},
        {"raw.rule", "NAME raw 0..3\nFIELD .rule 3..8\n"},
        {"\"a\\\"b\" \"c\"i", "STRING \"a\\\"b\" 0..6\nSTRING \"c\"i 7..11\n"},
        {"a ~ /x\\/y/i", "NAME a 0..1\nSIGN ~ 2..3\nREGEX /x\\/y/i 4..11\n"},
        {"~ # why\n /x/", "SIGN ~ 0..1\nREGEX /x/ 9..12\n"},
        {"a*3", "NAME a 0..1\nSIGN * 1..2\nNUM 3 2..3\n"},
        {"# comment\n## doc\nrule", "WORD rule 17..21\n"},
        {"\xEF\xBB\xBFuse a", "WORD use 3..6\nNAME a 7..8\n"},
        {"f[3..]?", "NAME f 0..1\nSIGN [ 1..2\nNUM 3 2..3\nSIGN .. 3..5\nSIGN ] 5..6\nSIGN ? 6..7\n"},
        {"a => b >= c == d += e",
         "NAME a 0..1\nSIGN => 2..4\nNAME b 5..6\nSIGN >= 7..9\nNAME c 10..11\nSIGN == 12..14\n"
         "NAME d 15..16\nSIGN += 17..19\nNAME e 20..21\n"},
        {"a\r\n\tb\f c", "NAME a 0..1\nNAME b 4..5\nNAME c 7..8\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t errors;
        char *tokens = tokens_of(cases[i].text, &errors);
        assert_string_equal(tokens, cases[i].tokens);
        assert_int_equal(errors, 0);
        free(tokens);
    }
}

static void wrong_tokens_get_one_diagnostic_each(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\"abc",
        "\"abc\\",
        ".\"abc",
        "15min",
        "1.5h",
        "3abc",
        "+3x",
        "10.0.0",
        "1.2.3.4.5",
        "256.0.0.1",
        "1.2.3.4/33",
        "@",
        "'",
        "a @ b",
        "\\",
        "~ \"x\"",
        "~ /x",
        "~ //",
        "~",
        "\"\\q\"",
        "\"\\u12\"",
        "\"\\ud800x\"",
        "99999999999999999999",
        "999999999999999d",
        "99999999999999TB",
        "\xE2\x80\x9C",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t errors;
        char *tokens = tokens_of(cases[i], &errors);
        if (errors != 1) fail_msg("%s: %u errors", cases[i], errors);
        free(tokens);
    }
}

/* The only literal of `list x = { … }`. */
static const struct ast *literal(struct reading *r, const char *text)
{
    reading_init(r, "t.csr", text_of(text));
    const struct ast *list = csr_parse(&r->p, r->file)->kids;
    assert_int_equal(diags_errors(r->p.diags), 0);
    return ast_kid(list, AST_SET)->kids;
}

static void literals_have_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ast_kind kind;
        int64_t num;
    } cases[] = {
        {"list x = { 42 }", AST_NUM, 42},
        {"list x = { 007 }", AST_NUM, 7},
        {"list x = { 9223372036854775807 }", AST_NUM, INT64_MAX},
        {"list x = { -3 }", AST_SIGNED, -3},
        {"list x = { +3 }", AST_SIGNED, 3},
        {"list x = { 1ms }", AST_DUR, 1000000},
        {"list x = { 1h30m }", AST_DUR, 5400 * INT64_C(1000000000)},
        {"list x = { 2d1s }", AST_DUR, 172801 * INT64_C(1000000000)},
        {"list x = { 10KB }", AST_SIZE, 10000},
        {"list x = { 10MiB }", AST_SIZE, 10485760},
        {"list x = { 3TB }", AST_SIZE, 3000000000000},
        {"list x = { 2GiB }", AST_SIZE, INT64_C(2) << 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reading r;
        const struct ast *leaf = literal(&r, cases[i].text);
        assert_int_equal(leaf->kind, cases[i].kind);
        assert_false(leaf->is_real);
        assert_int_equal(leaf->num, cases[i].num);
        reading_release(&r);
    }
}

static void fractions_are_real(void **state)
{
    (void)state;
    struct reading r;
    const struct ast *leaf = literal(&r, "list x = { 2.5, -0.25 }");
    assert_true(leaf->is_real && leaf->real == 2.5);
    assert_true(leaf->next->is_real && leaf->next->real == -0.25);
    reading_release(&r);
}

static void escapes_are_undone(void **state)
{
    (void)state;
    struct reading r;
    const struct ast *leaf =
        literal(&r, "list x = { \"a\\\"\\\\\\/\\n\\t\\r\\u00e9\\u20ac\\ud83d\\ude00\", \"i\"i }");
    assert_true(text_equal(leaf->text, TEXT("a\"\\/\n\t\r\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")));
    assert_int_equal(leaf->op, OP_NONE);
    assert_int_equal(leaf->next->op, OP_NOCASE);
    reading_release(&r);
}

static void allowances_are_found(void **state)
{
    (void)state;
    const char *warning = NULL, *error = diag_info(E0101)->name;
    for (int i = 0; i < DIAG_CODES && !warning; i++)
        if (diag_info((enum diag_code)i)->level == DIAG_WARNING) warning = diag_info((enum diag_code)i)->name;
    if (!warning) skip();
    char text[500];
    snprintf(text, sizeof text,
             "use a\n  # csr: allow %s reason \"because\"  \n#csr: allow %s reason \"b\"\n"
             "# csr: allow %s\n# csr: allow X9 reason \"x\"\n# csr: allow %s reason \"x\"\n# csr: deny\n"
             "list x = { \"# csr: allow %s reason \\\"y\\\"\" }\n",
             warning, warning, warning, error, warning);
    struct reading r;
    reading_init(&r, "t.csr", text_of(text));
    struct allowances found = csr_parse_allowances(&r.p, r.file);
    assert_int_equal(diags_errors(r.p.diags), 0); /* complaints are made by the parse */
    assert_int_equal(found.len, 2);
    assert_true(text_equal(found.at[0].code, text_of(warning)));
    assert_true(text_equal(found.at[0].reason, TEXT("because")));
    assert_int_equal(sources_place(&r.sources, found.at[0].at.lo).line, 2);
    assert_true(text_equal(found.at[1].reason, TEXT("b")));
    csr_parse(&r.p, r.file);
    assert_int_equal(diags_errors(r.p.diags), 4);
    reading_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_match_wins), cmocka_unit_test(wrong_tokens_get_one_diagnostic_each),
        cmocka_unit_test(literals_have_values),   cmocka_unit_test(fractions_are_real),
        cmocka_unit_test(escapes_are_undone),     cmocka_unit_test(allowances_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
