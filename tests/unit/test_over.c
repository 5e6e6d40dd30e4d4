/* test_over.c - rules over rules as records come: what the upper rule says when a group of a lower one comes,
 * moves and goes (docs/semantics.md 18), and what a reload keeps.
 *
 * Records come in the order of the table, whatever their seconds say; the disorder is ten minutes.
 */
#include "engine/csr.h"
#include "engine/watch/watch.h"
#include "tests/unit/compiled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EPOCH      INT64_C(1772366400) /* 2026-03-01T12:00:00Z */
#define HEAD(name) "rule " name " { title \"" name "\" severity medium attack T1078 falsepos \"none\" "

/* A record: second, action, user, name; in the order in which they come. */
struct came {
    int64_t second;
    const char *action, *user, *name;
};

struct told {
    char text[1024]; /* "open 10; retracted 10; " */
};

static void tell(void *world, const struct incident *i)
{
    struct told *t = world;
    size_t len = strlen(t->text);
    snprintf(t->text + len, sizeof t->text - len, "%s %ld; ", incident_state_name(i->state),
             i->opened - EPOCH);
}

static struct text record_of(struct arena *a, uint32_t n, const struct came *c)
{
    int64_t minute = c->second / 60;
    return arena_printf(
        a,
        "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":\"%s\","
        "\"arn\":\"arn:aws:iam::111122223333:user/%s\",\"accountId\":\"111122223333\"},"
        "\"eventTime\":\"2026-03-01T%02d:%02d:%02dZ\",\"eventSource\":\"iam.amazonaws.com\","
        "\"eventName\":\"%s\",\"awsRegion\":\"us-east-1\",\"eventID\":\"e%02u\","
        "\"requestParameters\":{\"userName\":\"%s\"},\"recipientAccountId\":\"111122223333\"}",
        c->user, c->user, (int)(12 + minute / 60), (int)(minute % 60), (int)(c->second % 60), c->action, n,
        c->name ? c->name : "");
}

static csr_ruleset *compile(const char *rules)
{
    struct csr_text one = {"over.csr", rules, strlen(rules)};
    csr_report *report = csr_report_new();
    csr_ruleset *rs = csr_compile(
        &(struct csr_compile_options){.texts = &one, .n_texts = 1, .without_lints = true}, report);
    if (!rs) csr_report_print(report, stdout, (struct csr_report_style){0});
    csr_report_free(report);
    assert_non_null(rs);
    return rs;
}

static uint32_t rule_named(const struct ir *ir, const char *name)
{
    uint32_t r = 0;
    while (r < ir->n_rules && !text_equal(ir->rules[r].name, text_of(name))) r++;
    assert_true(r < ir->n_rules);
    return r;
}

/* What the rule called "upper" says. */
static void run(const char *rules, const struct came *came, uint32_t n, struct told *t)
{
    csr_ruleset *rs = compile(rules);
    struct bench bench;
    struct watch w = {.bench = &bench, .arena = arena_new(0), .told = {.world = t, .incident = tell}};
    struct event event;
    t->text[0] = 0;
    w.memory = w.arena;
    assert_true(bench_init(&bench, rs));
    bench_aim(&bench, rule_named(csr_ruleset_ir(rs), "upper"));
    watch_begin(&w, NULL);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(watch_record(&w, record_of(w.arena, i, &came[i]), &event), ASIDE_NONE);
    watch_end(&w);
    bench_release(&bench);
    arena_free(w.arena);
    csr_ruleset_free(rs);
}

/* ---- groups that come, move and go -------------------------------------------------------------------- */

#define USER_THEN_KEY                                                                                        \
    HEAD("lower")                                                                                            \
    "by user within 5m step a: iam:CreateUser step no: iam:DeleteUser step b: iam:CreateAccessKey "          \
    "match a -> !no -> b once for 10m }\n"
#define TWO_USERS HEAD("lower") "by user within 5m step a: iam:CreateUser match a[2..] once for 1m }\n"
#define BEFORE    HEAD("upper") "by user within 5m step r: iam:CreateRole step g: lower match r -> g }\n"

static const struct scenario {
    const char *what, *rules;
    struct came came[8];
    uint32_t n;
    const char *told;
} scenarios[] = {
    {"speaks with the record that completes the group",
     USER_THEN_KEY BEFORE,
     {{0, "CreateRole", "u", 0}, {10, "CreateUser", "u", 0}, {20, "CreateAccessKey", "u", 0}},
     3,
     "open 20; settled 20; closed 20; "},
    {"a late veto takes the group back",
     USER_THEN_KEY BEFORE,
     {{0, "CreateRole", "u", 0},
      {10, "CreateUser", "u", 0},
      {20, "CreateAccessKey", "u", 0},
      {15, "DeleteUser", "u", 0}},
     4,
     "open 20; retracted 20; "},
    {"an earlier record moves the group before what it must follow",
     TWO_USERS BEFORE,
     {{5, "CreateUser", "u", 0},
      {10, "CreateRole", "u", 0},
      {20, "CreateUser", "u", 0},
      {6, "CreateUser", "u", 0}},
     4,
     "open 20; retracted 20; "},
    {"and makes one that was not seen",
     TWO_USERS BEFORE,
     {{10, "CreateRole", "u", 0}, {70, "CreateUser", "u", 0}, {65, "CreateUser", "u", 0}},
     3,
     "open 70; settled 70; closed 70; "},
    {"a group that begins earlier goes on with its incident",
     TWO_USERS BEFORE,
     {{1, "CreateRole", "u", 0},
      {10, "CreateUser", "u", 0},
      {30, "CreateUser", "u", 0},
      {20, "CreateUser", "u", 0}},
     4,
     "open 30; updated 20; settled 20; closed 20; "},
    {"a value that changes takes the group to another key",
     HEAD("lower") "by user within 5m step a: iam:CreateUser step b: iam:AttachUserPolicy | "
                   "iam:CreateAccessKey match a -> b once for 10m }\n" HEAD(
                       "upper") "by name within 5m step g: lower with name = req.userName match g }\n",
     {{10, "CreateUser", "u", "x"}, {20, "CreateAccessKey", "u", "y"}, {15, "CreateAccessKey", "u", "z"}},
     3,
     "open 20; open 15; retracted 20; settled 15; closed 15; "},
    {"signals count",
     HEAD("lower") "score 10 open at 50 by user on iam:CreateUser }\n" BEFORE,
     {{0, "CreateRole", "u", 0}, {10, "CreateUser", "u", 0}},
     2,
     "open 10; settled 10; closed 10; "},
    {"what an exception takes does not, also when it holds later",
     HEAD("lower") "by user within 5m step a: iam:CreateUser match a[1..] once for 10m }\n"
                   "tune lower { except many (count(a) >= 3) on match reason \"a robot\" }\n" BEFORE,
     {{0, "CreateRole", "u", 0},
      {10, "CreateUser", "u", 0},
      {20, "CreateUser", "u", 0},
      {30, "CreateUser", "u", 0}},
     4,
     "open 10; retracted 10; "},
    {"an absence is an event when it is known, at its own time",
     HEAD("lower") "by user within 5m step a: iam:CreateUser step no: iam:DeleteUser match a -> !no for 2m "
                   "once for 10m }\n" BEFORE,
     {{0, "CreateRole", "u", 0}, {10, "CreateUser", "u", 0}, {2000, "GetUser", "u", 0}},
     3,
     "open 10; settled 10; closed 10; "},
    {"and forbids what it comes late for",
     HEAD("lower") "by user within 5m step a: iam:CreateUser step no: iam:DeleteUser match a -> !no for 2m "
                   "once for 10m }\n" HEAD("upper") "by user within 5m step r: iam:CreateRole step g: lower "
                                                    "step k: iam:CreateAccessKey match r -> !g -> k }\n",
     {{0, "CreateRole", "u", 0},
      {10, "CreateUser", "u", 0},
      {20, "CreateAccessKey", "u", 0},
      {680, "GetUser", "u", 0}, /* the watermark passes 20, and the absence is not known yet */
      {2000, "GetUser", "u", 0}},
     5,
     "open 20; retracted 20; "},
    {"a copy that comes too late is not counted for the sake of the lag",
     HEAD("lower") "by user within 5m step a: iam:CreateUser step no: iam:DeleteUser match a -> !no for 30m "
                   "once for 10m }\n" HEAD(
                       "upper") "by user within 5m step r: iam:CreateRole step g: lower match r[2..] & g }\n",
     {{0, "CreateRole", "u", 0},
      {10, "CreateUser", "u", 0},
      {700, "GetUser", "u", 0},
      {5, "CreateRole", "u", 0}},
     4,
     ""},
    {"the group and the record that completed it are two events",
     HEAD("lower") "by user on iam:CreateUser }\n" HEAD(
         "upper") "by user within 5m step g: lower step r: iam:CreateUser match g -> r }\n",
     {{10, "CreateUser", "u", 0}},
     1,
     "open 10; settled 10; closed 10; "},
    {"groups of several keys are several events",
     HEAD("lower") "by user on iam:CreateUser }\n" HEAD(
         "upper") "by account within 5m step g: lower match g[2.. distinct user] }\n",
     {{10, "CreateUser", "u", 0}, {11, "CreateUser", "u", 0}, {12, "CreateUser", "v", 0}},
     3,
     "open 12; settled 12; closed 12; "},
    {"three levels, taken back from below",
     USER_THEN_KEY
         HEAD("middle") "by user within 5m step g: lower step r: iam:CreateRole match g -> r }\n" HEAD(
             "upper") "by account within 1h step m: middle match m[2.. distinct user] }\n",
     {{10, "CreateUser", "u", 0},
      {20, "CreateAccessKey", "u", 0},
      {30, "CreateRole", "u", 0},
      {40, "CreateUser", "v", 0},
      {50, "CreateAccessKey", "v", 0},
      {60, "CreateRole", "v", 0},
      {15, "DeleteUser", "u", 0}},
     7,
     "open 60; retracted 60; "},
    {"others of the same second stay when some are taken back",
     USER_THEN_KEY HEAD("upper") "by account within 5m step g: lower match g }\n",
     {{10, "CreateUser", "u", 0},
      {20, "CreateAccessKey", "u", 0},
      {10, "CreateUser", "v", 0},
      {20, "CreateAccessKey", "v", 0},
      {10, "CreateUser", "w", 0},
      {20, "CreateAccessKey", "w", 0},
      {15, "DeleteUser", "u", 0},
      {15, "DeleteUser", "w", 0}},
     8,
     "open 20; updated 20; settled 20; closed 20; "},
    {"an exception on a step takes a group",
     HEAD("lower") "by user on iam:CreateUser }\n" BEFORE
                   "tune upper { except one (user == \"u\") on step g reason \"known\" }\n",
     {{0, "CreateRole", "u", 0},
      {10, "CreateUser", "u", 0},
      {20, "CreateRole", "v", 0},
      {30, "CreateUser", "v", 0}},
     4,
     "open 30; settled 30; closed 30; "},
};

static void test_scenarios(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const struct scenario *s = &scenarios[i];
        struct told t;
        char rules[4096];
        snprintf(rules, sizeof rules, "use aws\n%s", s->rules);
        run(rules, s->came, s->n, &t);
        if (strcmp(t.text, s->told)) fail_msg("%s: %s", s->what, t.text);
    }
}

/* ---- identity over a reload ---------------------------------------------------------------------------- */

static void fingerprint_of(const char *lower, uint64_t out[2])
{
    char text[1024];
    struct arena *arena = arena_new(0);
    snprintf(text, sizeof text,
             "use aws\nrule lower { severity medium attack T1078 falsepos \"none\" %s }\n%s", lower,
             HEAD("upper") "by who within 5m step g: lower with who = name match g[2..] }\n");
    const struct ir *ir = compile_rule(arena, text);
    memcpy(out, ir->rules[rule_named(ir, "upper")].fingerprint, 2 * sizeof *out);
    arena_free(arena);
}

/* What stands on a rule begins anew with it, and with what its fields mean. */
static void test_fingerprints(void **unused)
{
#define LOWER(within, name)                                                                                  \
    "by user within " within " step a: iam:CreateUser with name = " name " match a[2..]"
    static const struct {
        const char *lower;
        bool is_same;
    } cases[] = {
        {"title \"other\" " LOWER("5m", "req.userName"), true},
        {"title \"t\" " LOWER("6m", "req.userName"), false},
        {"title \"t\" " LOWER("5m", "principal.name"), false},
    };
    uint64_t first[2], other[2];
    (void)unused;
    fingerprint_of("title \"t\" " LOWER("5m", "req.userName"), first);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fingerprint_of(cases[i].lower, other);
        if (!memcmp(first, other, sizeof first) != cases[i].is_same) fail_msg("%s", cases[i].lower);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenarios),
        cmocka_unit_test(test_fingerprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
