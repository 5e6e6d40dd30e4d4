/* test_tune.c - what tunes make of rules that others wrote, whatever the order of files; and what stays the
 * same rule. */
#include "engine/compile/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char pack[] =
    "pack { name = \"p\" version = \"1\" author = \"a\" license = \"l\" }\n"
    "use aws\n"
    "baseline seen = (actor, src.asn) keep 30d warmup 7d\n"
    "rule chain { title \"t\" severity medium severity critical if exists made by actor within 10m\n"
    "  param n = 3 range 2..50\n"
    "  step probe: ec2:RunInstances (dry_run) | ecs:RunTask (failed)\n"
    "  step made: iam:CreateUser (ok)\n"
    "  match probe[n..] -> made\n"
    "  respond { at 10 notify(\"soc\") } }\n"
    "rule one { title \"t\" severity high on iam:CreateRole (ok) }\n";

struct compiled {
    struct arena *arena;
    struct sources sources;
    struct diags *diags;
    struct ir *ir; /* NULL: it had errors */
    char *dump;
    size_t len;
};

static void put(void *to, const char *at, size_t len)
{
    fwrite(at, 1, len, to);
}

/* The pack and the site, in one order or the other. */
static struct compiled compile(const char *site, bool site_first, int64_t today)
{
    struct compiled c = {.arena = arena_new(0)};
    struct compile_text both[] = {{text_of("p/pack.csr"), text_of(pack)},
                                  {text_of("site.csr"), text_of(site)}};
    struct compile_text turned[] = {both[1], both[0]};
    struct compile_input input = {.texts = site_first ? turned : both, .n_texts = 2, .today = today};
    bool unreadable;
    assert_non_null(c.arena);
    if (setjmp(*arena_escape(c.arena))) fail_msg("out of memory");
    c.ir = csr_compile_ir(c.arena, &input, &c.sources, &c.diags, &unreadable);
    FILE *to = open_memstream(&c.dump, &c.len);
    assert_non_null(to);
    if (c.ir) ir_dump(c.ir, put, to);
    fclose(to);
    return c;
}

static void done(struct compiled *c)
{
    arena_free(c->arena);
    free(c->dump);
}

static bool has_code(const struct compiled *c, const char *code)
{
    struct diag_mark start = {0};
    enum diag_code found;
    for (uint32_t i = 0; (found = diags_since(c->diags, start, i)) != DIAG_CODES; i++)
        if (strcmp(diag_info(found)->name, code) == 0) return true;
    return false;
}

static const struct ir_rule *rule_of(const struct compiled *c, const char *name)
{
    for (uint32_t i = 0; c->ir && i < c->ir->n_rules; i++)
        if (text_equal(c->ir->rules[i].name, text_of(name))) return &c->ir->rules[i];
    return NULL;
}

/* ---- what may be said ---- */

static const struct {
    const char *site, *code; /* code NULL: nothing is wrong with it */
} sayings[] = {
    {"tune p.chain { set n = 4 }  tune p.* { set n = 4 }", NULL},
    {"tune p.chain { set n = 4 }  tune p.* { set n = 5 }", "E0241"},
    {"tune p.chain { set n = 4  set n = 5 }", "E0241"},
    {"tune p.chain { set n = 51 }", "E0316"},
    {"tune p.chain { set n = 2.5 }", "E0316"},
    {"tune p.chain { set m = 4 }", "E0240"},
    {"tune p.one { set n = 4 }", "E0240"},
    {"tune p.* { set m = 4 }", "E0240"},
    {"tune chain { respond off }", "E0208"},
    {"tune p.chian { respond off }", "E0208"},
    {"tune q.* { respond off }", "E0242"},
    {"tune p.chain { severity low }  tune p.* { severity low }", NULL},
    {"tune p.chain { severity low }  tune p.* { severity high }", "E0241"},
    {"tune p.chain { severity high if count(probe) > 9 }  tune p.* { severity high if exists made }",
     "E0205"},
    {"tune p.chain { except a (ok) on step prob reason \"r\" }", "E0205"},
    {"tune p.* { except a (agent == \"x\") on step probe reason \"r\" }", NULL},
    {"tune p.* { except a (agent == \"x\") on step nowhere reason \"r\" }", "E0205"},
    {"tune p.chain { except a (agent == \"x\") on match reason \"r\"  except a (agent == \"y\") on match "
     "reason \"r\" }",
     "E0202"},
    {"tune p.chain { except a (count(probe) > 3) on step probe reason \"r\" }", "E0224"},
    {"tune p.chain { except a (new(p.seen)) on step probe reason \"r\" }", "E0243"},
    {"tune p.chain { except a (req.userName == made.req.userName) on step probe reason \"r\" }", "E0243"},
    {"tune p.chain { except a (agent) on match reason \"r\" }", "E0212"},
    {"tune p.chain { except a (agent == \"x\") on match expires \"2026-13-01\" reason \"r\" }", "E0265"},
    {"tune p.chain { except a (agent == \"x\") on match expires \"20260101\" reason \"r\" }", "E0265"},
    {"list mine = { \"x\" }  tune p.chain { except a (agent in mine) on match reason \"r\" }", NULL},
    {"disable p.one reason \"r\"", NULL},
    {"disable one reason \"r\"", "E0208"},
};

static void what_may_be_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
        struct compiled c = compile(sayings[i].site, false, 0);
        bool good = sayings[i].code ? !c.ir && has_code(&c, sayings[i].code) : c.ir != NULL;
        if (!good) {
            diags_print(c.diags, stderr, (struct diag_style){0});
            fail_msg("%s: %s is wanted", sayings[i].site,
                     sayings[i].code ? sayings[i].code : "nothing wrong");
        }
        done(&c);
    }
}

/* ---- what it makes ---- */

static const char all[] = "list mine = { \"x\" }\n"
                          "tune p.chain { set n = 4 severity low respond off\n"
                          "  except a (agent in mine) on step probe reason \"r\"\n"
                          "  except b (count(probe) < 9) on match expires \"2026-02-01\" reason \"s\" }\n"
                          "tune p.* { except c (account == \"111122223333\") on match reason \"t\" }\n";

static void the_order_of_files_means_nothing(void **state)
{
    (void)state;
    struct compiled a = compile(all, false, 0), b = compile(all, true, 0);
    assert_non_null(a.ir);
    assert_true(a.len > 0);
    assert_string_equal(a.dump, b.dump);
    done(&a);
    done(&b);
}

static void lines_change_the_rule(void **state)
{
    (void)state;
    struct compiled c = compile(all, false, 0);
    const struct ir_rule *chain = rule_of(&c, "p.chain"), *one = rule_of(&c, "p.one");
    assert_non_null(chain);
    assert_int_equal(chain->automata[0].alternatives[0].places[0].times, 4);
    assert_int_equal(chain->n_severities, 1);
    assert_int_equal(chain->severities[0].severity, IR_LOW);
    assert_true(chain->responds_off);
    assert_int_equal(chain->n_responds, 0);
    assert_int_equal(chain->n_exceptions, 3);
    for (int g = 0; g < 2; g++)
        assert_int_equal(chain->steps[0].groups[g].n_exceptions, 1); /* each group asks */
    assert_int_equal(chain->steps[1].groups[0].n_exceptions, 0);
    assert_true(chain->exceptions[1].on_match);
    assert_int_equal(chain->exceptions[1].expires, 1769904000); /* 2026-02-01T00:00:00Z */
    /* In a rule of one event the match's exception is the event's. */
    assert_int_equal(one->n_exceptions, 1);
    assert_false(one->exceptions[0].on_match);
    assert_int_equal(one->steps[0].groups[0].n_exceptions, 1);
    /* Numbers are given over all rules. */
    assert_int_equal(c.ir->n_exceptions, 4);
    assert_int_equal(one->exceptions[0].number, 3);
    done(&c);
}

static void who_asks_a_baseline_waits_for_it(void **state)
{
    (void)state;
    struct compiled c = compile("tune p.one { except a (not new(p.seen)) on match reason \"r\" }", false, 0);
    const struct ir_rule *one = rule_of(&c, "p.one");
    assert_non_null(one);
    assert_true(one->exceptions[0].on_match);
    assert_int_equal(one->steps[0].groups[0].n_exceptions, 0);
    assert_false(one->monotone);
    done(&c);
}

static void a_rule_that_is_off_is_checked_and_gone(void **state)
{
    (void)state;
    struct compiled c = compile("disable p.one reason \"loud\"", false, 0);
    assert_int_equal(c.ir->n_rules, 1);
    assert_null(rule_of(&c, "p.one"));
    assert_int_equal(c.ir->n_disabled, 1);
    assert_true(text_equal(c.ir->disabled[0].name, TEXT("p.one")));
    assert_true(text_equal(c.ir->disabled[0].reason, TEXT("loud")));
    done(&c);
}

/* ---- which rule it is ---- */

static bool same_rule(const char *site)
{
    struct compiled a = compile("", false, 0), b = compile(site, false, 0);
    const struct ir_rule *before = rule_of(&a, "p.chain"), *after = rule_of(&b, "p.chain");
    assert_non_null(after);
    bool same = memcmp(before->fingerprint, after->fingerprint, sizeof before->fingerprint) == 0;
    done(&a);
    done(&b);
    return same;
}

static void exceptions_leave_the_fingerprint(void **state)
{
    (void)state;
    assert_true(same_rule("tune p.chain { except a (agent == \"x\") on step probe reason \"r\" }"));
    assert_true(same_rule("tune p.chain { except a (count(probe) > 9) on match reason \"r\" }"));
    assert_true(same_rule("tune p.chain { severity low respond off }"));
    assert_false(same_rule("tune p.chain { set n = 4 }"));
}

/* ---- today ---- */

static void only_the_warning_looks_at_the_date(void **state)
{
    (void)state;
    const int64_t end = 1769904000;
    static const char site[] =
        "tune p.chain { except a (agent == \"x\") on match expires \"2026-02-01\" reason \"r\" }";
    struct compiled none = compile(site, false, 0), before = compile(site, false, end - 1),
                    after = compile(site, false, end);
    assert_false(has_code(&none, "W0320"));
    assert_false(has_code(&before, "W0320"));
    assert_true(has_code(&after, "W0320"));
    assert_string_equal(before.dump, after.dump);
    done(&none);
    done(&before);
    done(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_said),
        cmocka_unit_test(the_order_of_files_means_nothing),
        cmocka_unit_test(lines_change_the_rule),
        cmocka_unit_test(who_asks_a_baseline_waits_for_it),
        cmocka_unit_test(a_rule_that_is_off_is_checked_and_gone),
        cmocka_unit_test(exceptions_leave_the_fingerprint),
        cmocka_unit_test(only_the_warning_looks_at_the_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
