/* test_types.c - what goes with what: each row is a predicate, what is said of it, and what is proposed instead. */
#include "tests/unit/compiled.h"

#include <stdlib.h>

struct row {
    const char *predicate;
    const char *code; /* NULL: nothing is wrong */
    const char *fix;  /* NULL: nothing is proposed, or it does not matter */
};

static const struct row numbers[] = {
    {"src.port == 22", NULL, NULL},
    {"src.port == \"22\"", NULL, NULL},
    {"src.port in { 22, \"3389\" }", NULL, NULL},
    {"src.port in 1..1024", NULL, NULL},
    {"bytes > 10MB", NULL, NULL},
    {"bytes > 1000", NULL, NULL},
    {"bytes * 2 > 10MiB", NULL, NULL},
    {"finding.severity >= 7.5", NULL, NULL},
    {"len(user) > 3 and len(req.x[]) > 3 and total(req.x[]) > 3", NULL, NULL},
    {"src.port == \"ssh\"", "E0211", NULL},
    {"src.port == 22.5", "E0211", NULL},
    {"src.port in { \"a\", 22 }", "E0211", NULL},
    {"src.port in words", "E0211", NULL},
    {"src.port in 10.0.0.0/8", "E0211", NULL},
    {"src.port in 1024..1", "E0221", "1..1024"},
    {"bytes > 5m", "E0211", NULL},
    {"src.port + 5m > 3", "E0211", NULL},
    {"len(ok) > 5", "E0211", NULL},
    {"total(user) > 5", "E0211", NULL},
    {"bytes > 1.5GB", "E0113", "1500MB"},
    {"bytes > 99999999TB", "E0113", NULL},
    {"src.port > 9223372036854775807 + 1", "E0113", NULL},
    {"account == 99999999999999999999", "E0113", "\"99999999999999999999\""},
};

static const struct row booleans[] = {
    {"ok == true and read_only != false", NULL, NULL},
    {"req.x == true and req.x == \"true\"", NULL, NULL},
    {"raw.userIdentity.sessionContext.attributes.mfaAuthenticated == \"true\"", NULL, NULL},
    {"truthy(req.x) and truthy(user)", NULL, NULL},
    {"ok == \"true\"", "E0211", "true"},
    {"mfa == \"Yes\"", "E0211", "true"},
    {"\"no\" == mfa", "E0211", "false"},
    {"ok == 1", "E0211", "true"},
    {"ok == \"maybe\"", "E0211", NULL},
    {"ok in { \"true\" }", "E0211", NULL},
    {"user == true", "E0211", "\"true\""},
    {"ok > false", "E0211", NULL},
    {"truthy(src.ip)", "E0211", NULL},
    {"ok == null", "E0211", "ok absent"},
    {"user", "E0212", "truthy(user)"},
};

static const struct row times[] = {
    {"age(seen) > 3d and age(seen) * 2 > 1h30m", NULL, NULL},
    {"time > \"2024-01-01T00:00:00Z\"", NULL, NULL},
    {"\"2024-01-01T00:00:00Z\" < time", NULL, NULL},
    {"time - time >= 20m", NULL, NULL},
    {"hour(time, \"UTC\") in 7..20 and weekday(time, \"+02:00\") in { \"sat\", \"sun\" }", NULL, NULL},
    {"age(seen) > 60", "E0211", "60d"},
    {"60 < age(seen)", "E0211", "60d"},
    {"time - time >= 20", "E0211", "20m"},
    {"age(seen) in 3..5", "E0211", NULL},
    {"age(seen) > 1.5h", "E0113", "90m"},
    {"age(seen) > 1000000d", "E0113", "106751d"},
    {"time > \"yesterday\"", "E0211", NULL},
    {"time > 5m", "E0211", NULL},
    {"hour(time, \"UTC\") in 7..25", "E0211", NULL},
    {"hour(time, \"UTC\") == 24", "E0211", NULL},
    {"hour(time, \"Europe/Berlin\") == 3 and weekday(time, \"America/New_York\") == \"mon\"", NULL, NULL},
    {"hour(time, \"Europe/Berln\") == 3", "E0245", "\"Europe/Berlin\""},
    {"hour(time, \"../../etc/passwd\") == 3", "E0245", NULL},
    {"principal.arn == \"arn:aws:iam::111122223333:user/x\"", NULL, NULL},
    {"principal.arn == \"arn:aws:iam:111122223333:user/x\"", "E0211", NULL},
    {"principal.arn in { \"arn:aws:iam:111122223333:user/x\" }", "E0211", NULL},
    {"src.ip in \"10.0.0/8\"", "E0213", NULL},
    {"weekday(time, \"UTC\") == \"monday\"", "E0211", "\"mon\""},
    {"weekday(time, \"UTC\") in { \"Sat\" }", "E0211", "\"sat\""},
};

static const struct row addresses[] = {
    {"src.ip == 10.0.0.1 and src.ip == \"::1\" and src.ip in 10.0.0.0/8", NULL, NULL},
    {"src.ip in { 10.0.0.0/8, 192.0.2.1, \"2001:db8::/32\" } and src.ip in nets", NULL, NULL},
    {"src.ip in none", NULL, NULL},
    {"prefix(src.ip, 24) == 10.0.0.0/24 and prefix(src.ip, 24) in { 10.0.0.0/24 }", NULL, NULL},
    {"req.cidr == \"0.0.0.0/0\" and req.x in { 10.0.0.0/8 }", NULL, NULL},
    {"src.ip == \"nowhere\"", "E0211", NULL},
    {"src.ip == 10.0.0.0/8", "E0211", "src.ip in 10.0.0.0/8"},
    {"src.ip != \"10.0.0.0/8\"", "E0211", "src.ip not in { \"10.0.0.0/8\" }"},
    {"prefix(src.ip, 24) == 10.0.0.0", "E0211", NULL},
    {"src.ip in {}", "E0219", "{ \"…\" }"},
    {"src.ip in words", "E0211", NULL},
    {"src.ip in { 10.0.0.0/8, \"10.0.0.0/33\" }", "E0211", NULL},
    {"src.ip in { 10.0.0.0/33 }", "E0114", NULL},
    {"src.ip in { 010.0.0.1 }", "E0114", "10.0.0.1"},
    {"src.ip in { 10.0.0.5/8 }", "E0127", "10.0.0.0/8"},
    {"src.ip in 172.17.0.0/12", "E0127", "172.16.0.0/12"},
    {"src.ip in { \"2001:db8::1/32\" }", "E0127", "\"2001:db8::/32\""},
    {"src.ip == \"10.0.0.5/8\"", "E0127", "\"10.0.0.0/8\""},
    {"src.ip like \"10.1.*\"", "E0211", "src.ip in 10.1.0.0/16"},
    {"src.ip starts \"192.0.2.\"", "E0211", "src.ip in 192.0.2.0/24"},
    {"src.ip in 1..2", "E0211", NULL},
    {"src.ip < src.ip", "E0211", NULL},
};

static const struct row texts[] = {
    {"principal.arn == \"arn:aws:iam::111122223333:root\" and principal.arn like \"*admin*\"", NULL, NULL},
    {"account == 111122223333 and account == \"111122223333\"", NULL, NULL},
    {"region in { \"eu-central-1\"i } and action like { \"Get*\", \"List*\" } and agent contains words", NULL, NULL},
    {"req.x == null and req.x < \"a\" and entities.users[] == \"x\"", NULL, NULL},
    {"principal.arn == \"admin\"", "E0211", "principal.name"},
    {"principal.arn in { \"admin\" }", "E0211", "principal.name"},
    {"principal.arn == \"*:root\"", "E0211", NULL},
    {"action like {}", "E0219", NULL},
    {"action like req.pattern", "E0211", NULL},
    {"action like nets", "E0211", NULL},
    {"region like { 10.0.0.0/8 }", "E0211", NULL},
    {"lower(ok) == \"a\"", "E0211", NULL},
    {"first_of(ok, \"a\") == \"a\"", "E0211", NULL},
    {"entities.users == \"x\"", "E0213", "entities.users[]"},
    {"req == \"x\"", "E0213", NULL},
    {"principal == \"x\"", "E0213", NULL},
    {"src.port in \"22\"", "E0213", "{ \"22\" }"},
    {"region in { \"a\", 5m }", "E0211", NULL},
};

/* What a compile says of a predicate; to be freed. */
static char *said_of(const char *predicate)
{
    char text[1024];
    snprintf(text, sizeof text,
             "use aws\nbaseline seen = (actor, region) keep 90d warmup 7d\nlist words = { \"a\", \"b*\" }\n"
             "list none = {}\nlist nets = { 10.0.0.0/8 }\n"
             "rule r { title \"t\" severity low on iam:CreateUser (%s) }",
             predicate);
    return diagnostics_of(text, true);
}

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *said = said_of(rows[i].predicate), fix[200];
        snprintf(fix, sizeof fix, "help: write `%s`", rows[i].fix ? rows[i].fix : "");
        if (rows[i].code ? strstr(said, rows[i].code) == NULL : *said)
            fail_msg("%s: %s wanted\n%s", rows[i].predicate, rows[i].code ? rows[i].code : "nothing", said);
        if (rows[i].fix && !strstr(said, fix)) fail_msg("%s: %s wanted\n%s", rows[i].predicate, fix, said);
        free(said);
    }
}

#define CHECK(rows)                                                                                            \
    static void rows##_go_together(void **state)                                                               \
    {                                                                                                          \
        (void)state;                                                                                           \
        check(rows, sizeof rows / sizeof *rows);                                                               \
    }
CHECK(numbers)
CHECK(booleans)
CHECK(times)
CHECK(addresses)
CHECK(texts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_go_together),   cmocka_unit_test(booleans_go_together),
        cmocka_unit_test(times_go_together),     cmocka_unit_test(addresses_go_together),
        cmocka_unit_test(texts_go_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
