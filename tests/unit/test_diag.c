/* Diagnostics: the table, order, cap, and both ways of printing. */
#include "tests/unit/grammar_fixture.h"

static const char text[] = "rule x {\n\twithin 15\n  title \"\xC3\xA9\" oops\n}\n";

static struct csr_span span_of(const struct reading *r, const char *part)
{
    uint32_t lo = r->file->base + (uint32_t)(strstr(text, part) - text);
    return (struct csr_span){lo, lo + (uint32_t)strlen(part)};
}

static void every_code_is_explained(void **state)
{
    (void)state;
    for (int i = 0; i < DIAG_CODES; i++) {
        const struct diag_info *info = diag_info((enum diag_code)i);
        assert_int_equal(strlen(info->name), 5);
        assert_int_equal(info->name[0], info->level == DIAG_ERROR     ? 'E'
                                        : info->level == DIAG_WARNING ? 'W'
                                                                      : 'N');
        assert_true(strlen(info->title) > 5 && strlen(info->title) < 80);
        if (strlen(info->explanation) < 25) fail_msg("%s is not explained", info->name);
        assert_int_equal(diag_find(text_of(info->name)), i);
    }
    assert_int_equal(diag_find(TEXT("E9999")), DIAG_CODES);
    assert_int_equal(diag_find(TEXT("")), DIAG_CODES);
}

static void prints_like_a_compiler(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r, "a.csr", TEXT(text));
    struct diag *d = diag_at(r.p.diags, E0116, span_of(&r, "15"), "needs a %s", "unit");
    diag_label(d, span_of(&r, "within"), "this takes it");
    diag_label(d, span_of(&r, "rule"), "in this rule");
    diag_note(d, "write how long");
    diag_fix(d, span_of(&r, "15"), "15%s", "m");
    char *out = printed_diags(r.p.diags, (struct diag_style){0});
    assert_string_equal(out, "error[E0116]: duration without a unit\n"
                             "  --> a.csr:2:9\n"
                             "   |\n"
                             " 2 |     within 15\n"
                             "   |            ^^ needs a unit\n"
                             "   |     ------ this takes it\n"
                             "   |\n"
                             "  ::: a.csr:1:1\n"
                             "   |\n"
                             " 1 | rule x {\n"
                             "   | ---- in this rule\n"
                             "   |\n"
                             "   = note: write how long\n"
                             "   = help: write `15m`\n"
                             "\n");
    free(out);
    reading_release(&r);
}

static void counts_columns_in_characters(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r, "a.csr", TEXT(text));
    diag_fix(diag_at(r.p.diags, E0101, span_of(&r, "oops"), NULL), span_of(&r, "oops"), "%s", "");
    char *out = printed_diags(r.p.diags, (struct diag_style){0});
    assert_non_null(strstr(out, "a.csr:3:13\n"));
    assert_non_null(strstr(out, "\n   |             ^^^^\n"));
    assert_non_null(strstr(out, "help: leave it out\n"));
    free(out);
    reading_release(&r);
}

static void prints_json_for_editors(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r, "a \"b\".csr", TEXT(text));
    struct diag *d = diag_at(r.p.diags, E0116, span_of(&r, "15"), "a\n\"quote\" \xFF");
    diag_note(d, "note");
    diag_fix(d, span_of(&r, "15"), "15m");
    diag_at(r.p.diags, E0001, (struct csr_span){0, 0}, NULL);
    char *out = printed_diags(r.p.diags, (struct diag_style){.json = true});
#define AT "\"file\":\"a \\\"b\\\".csr\",\"line\":2,\"column\":9,\"end_line\":2,\"end_column\":11,"
    assert_string_equal(out,
        "{\"code\":\"E0001\",\"level\":\"error\",\"title\":\"out of memory\",\"labels\":[{\"text\":\"\"}],"
        "\"notes\":[],\"fixes\":[]}\n"
        "{\"code\":\"E0116\",\"level\":\"error\"," AT "\"title\":\"duration without a unit\","
        "\"labels\":[{" AT "\"text\":\"a\\u000a\\\"quote\\\" \\ufffd\"}],\"notes\":[\"note\"],"
        "\"fixes\":[{" AT "\"replacement\":\"15m\"}]}\n");
#undef AT
    free(out);
    reading_release(&r);
}

static void sorts_and_drops_repetitions(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r, "a.csr", TEXT(text));
    diag_at(r.p.diags, E0101, span_of(&r, "oops"), "third");
    diag_at(r.p.diags, E0116, span_of(&r, "15"), "second");
    diag_at(r.p.diags, E0101, span_of(&r, "rule"), "first");
    diag_at(r.p.diags, E0101, span_of(&r, "oops"), "again");
    assert_int_equal(diags_errors(r.p.diags), 4);
    char *out = printed_diags(r.p.diags, (struct diag_style){0});
    const char *first = strstr(out, "first"), *second = strstr(out, "second"), *third = strstr(out, "third");
    assert_true(first && second && third && first < second && second < third);
    assert_null(strstr(out, "again"));
    free(out);
    reading_release(&r);
}

static void stops_after_twenty(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r, "a.csr", TEXT(text));
    for (uint32_t i = 0; i < 25; i++)
        diag_at(r.p.diags, E0101, (struct csr_span){r.file->base + i, r.file->base + i + 1}, "number-%u-", i);
    char *out = printed_diags(r.p.diags, (struct diag_style){0});
    assert_non_null(strstr(out, "number-19-"));
    assert_null(strstr(out, "number-20-"));
    assert_non_null(strstr(out, "\nand 5 more errors\n"));
    free(out);
    out = printed_diags(r.p.diags, (struct diag_style){.most = 24});
    assert_non_null(strstr(out, "number-23-"));
    assert_non_null(strstr(out, "\nand 1 more error\n"));
    free(out);
    reading_release(&r);
}

static void counts_what_it_does_not_keep(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r, "a.csr", TEXT(text));
    for (uint32_t i = 0; i < 5000; i++) {
        struct diag *d =
            diag_at(r.p.diags, E0101, (struct csr_span){r.file->base + i % 40, r.file->base + 40}, "x");
        diag_label(d, span_of(&r, "rule"), "y");
        diag_note(d, "z");
    }
    assert_int_equal(diags_errors(r.p.diags), 5000);
    assert_true(arena_used(r.arena) < 2 << 20);
    reading_release(&r);
}

/* What a rule file holds must not reach the terminal as a command to it. */
static void shows_control_characters_as_marks(void **state)
{
    (void)state;
    struct reading r;
    struct text bytes = TEXT("use \033[2J\x9b\xC2\x9B" "a\n");
    reading_init(&r, "\033]0;x\007.csr", bytes);
    diag_at(r.p.diags, E0101, (struct csr_span){r.file->base, r.file->base + 3}, "\033[31m");
    char *out = printed_diags(r.p.diags, (struct diag_style){0});
    for (const char *c = out; *c; c++) assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7F));
    assert_non_null(strstr(out, " 1 | use ?[2J??a\n"));
    free(out);
    reading_release(&r);
}

static void shows_a_window_of_a_long_line(void **state)
{
    (void)state;
    struct reading r;
    char *line = malloc(100000);
    memset(line, 'x', 100000);
    memcpy(line + 50000, "WRONG", 5);
    reading_init(&r, "long.csr", (struct text){line, 100000});
    struct diag *d =
        diag_at(r.p.diags, E0101, (struct csr_span){r.file->base + 50000, r.file->base + 50005}, "here");
    diag_label(d, (struct csr_span){r.file->base + 10, r.file->base + 90000}, "far");
    char *out = printed_diags(r.p.diags, (struct diag_style){0});
    assert_true(strlen(out) < 1500);
    assert_non_null(strstr(out, "xWRONGx"));
    assert_non_null(strstr(out, "^^^^^ here\n"));
    free(out);
    reading_release(&r);
    free(line);
}

static void leaves_notes_out_on_request(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r, "a.csr", TEXT(text));
    enum diag_code note = DIAG_CODES, warning = DIAG_CODES;
    for (int i = 0; i < DIAG_CODES; i++) {
        if (diag_info((enum diag_code)i)->level == DIAG_NOTE) note = (enum diag_code)i;
        if (diag_info((enum diag_code)i)->level == DIAG_WARNING) warning = (enum diag_code)i;
    }
    if (note != DIAG_CODES) diag_at(r.p.diags, note, span_of(&r, "rule"), "a note");
    if (warning != DIAG_CODES) diag_at(r.p.diags, warning, span_of(&r, "rule"), "a warning");
    char *out = printed_diags(r.p.diags, (struct diag_style){.quiet_notes = true});
    assert_null(strstr(out, "a note"));
    if (warning != DIAG_CODES) assert_non_null(strstr(out, "warning["));
    assert_int_equal(diags_errors(r.p.diags), 0);
    assert_int_equal(diags_warnings(r.p.diags), warning != DIAG_CODES);
    free(out);
    reading_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_explained),       cmocka_unit_test(prints_like_a_compiler),
        cmocka_unit_test(counts_columns_in_characters),  cmocka_unit_test(prints_json_for_editors),
        cmocka_unit_test(sorts_and_drops_repetitions),   cmocka_unit_test(stops_after_twenty),
        cmocka_unit_test(counts_what_it_does_not_keep),  cmocka_unit_test(shows_control_characters_as_marks),
        cmocka_unit_test(shows_a_window_of_a_long_line), cmocka_unit_test(leaves_notes_out_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
