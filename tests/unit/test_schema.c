/* test_schema.c - the catalogue of closed fields: complete, without doubles, and found by name. */
#include "engine/schema/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void names_are_found(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < field_count(); i++) {
        const struct field_info *f = field_at(i);
        assert_ptr_equal(field_find(f->name), f); /* fails for the second of two rows with one name */
        assert_string_not_equal(f->meaning, "");
        assert_string_not_equal(f->example, "");
        if (f->meaning[strlen(f->meaning) - 1] != '.') fail_msg(TEXT_FMT ": no sentence", TEXT_ARG(f->name));
    }
    assert_null(field_at(field_count()));
    assert_null(field_find(TEXT("src")));
    assert_null(field_find(TEXT("")));
}

/* Every closed field that the language names (docs/language.md). */
static void catalogue_is_complete(void **state)
{
    (void)state;
    static const char *const names[] = {
        "time", "api", "service", "action", "region", "account", "ok", "failed", "denied", "dry_run", "error",
        "error_text", "read_only", "agent", "mfa", "actor", "origin", "principal.id", "principal.arn",
        "principal.type", "principal.name", "principal.session", "principal.account", "access_key", "user",
        "invoked_by", "src.ip", "src.port", "src.asn", "src.org", "src.country", "src.aws", "src.service",
        "dst.ip", "dst.port", "instance", "eni", "bytes", "packets", "finding.type", "finding.severity",
        "cluster", "namespace", "entities.instances", "entities.users", "entities.roles", "entities.keys",
        "entities.functions", "entities.buckets", "entities.images", "req", "resp", "identity", "disorder",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!field_find(text_of(names[i]))) fail_msg("%s is missing", names[i]);
    assert_int_equal(field_count(), sizeof names / sizeof *names);
}

static void mistakes_get_the_nearest(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"acount", "account"},        {"src.ipp", "src.ip"}, {"principal.nam", "principal.name"},
        {"Actor", "actor"},           {"acces_key", "access_key"}, {"identiti", ""}, /* for schemas alone */
        {"nothing_like_it_at_all", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct field_info *f = field_nearest(text_of(rows[i][0]));
        struct text got = f ? f->name : TEXT("");
        if (!text_equal(got, text_of(rows[i][1]))) fail_msg("%s: " TEXT_FMT, rows[i][0], TEXT_ARG(got));
    }
}

static void types_have_names(void **state)
{
    (void)state;
    for (int t = 0; t < IR_TYPES; t++) assert_string_not_equal(ir_type_name((enum ir_type)t), "?");
    assert_string_equal(ir_type_name(IR_TYPE_IP), "address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found), cmocka_unit_test(catalogue_is_complete),
        cmocka_unit_test(mistakes_get_the_nearest), cmocka_unit_test(types_have_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
