/* test_automaton.c - what a match clause becomes: one line for each alternative of each automaton.
 *
 *   a b[3] c?; a<b b<<c; {ab}->{c} 0..300     places (? of the optional item); orders (<< in an earlier
 * second); gaps
 *   {ab} 300; !c {a}..{b}; !d {a}+600; !e     windows; vetoes between, for a time, until the end
 *   a[3..5] b[3 region] c[>=10 req.n]         an upper bound; different values; an amount
 */
#include "engine/compile/compile.h"
#include "engine/ir/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct ir *compile_match(struct arena *arena, const char *match)
{
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    struct text text = arena_printf(arena,
                                    "use aws\nrule r { title \"t\" severity low by actor within 1h "
                                    "step a: iam:CreateUser step b: iam:CreateRole step c: iam:CreateGroup "
                                    "step d: iam:CreatePolicy step e: iam:CreateAccessKey match %s }",
                                    match);
    struct compile_text one = {TEXT("test.csr"), text};
    struct compile_input input = {.texts = &one, .n_texts = 1, .without_lints = true, .keeps_refused = true};
    if (setjmp(*arena_escape(arena))) fail_msg("out of memory");
    return csr_compile_ir(arena, &input, &sources, &diags, &unreadable);
}

struct line {
    char at[512];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *l, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    l->len += (size_t)vsnprintf(l->at + l->len, sizeof l->at - l->len, format, ap);
    va_end(ap);
}

static char name_of(const struct ir_rule *r, const struct ir_alternative *a, uint32_t place)
{
    return *r->steps[a->places[place].step].name.at;
}

static void put_places(struct line *l, const struct ir_rule *r, const struct ir_alternative *a,
                       uint64_t places)
{
    put(l, "{");
    for (uint32_t q = 0; q < a->n_places; q++)
        if (places >> q & 1) put(l, "%c", name_of(r, a, q));
    put(l, "}");
}

static void put_taking(struct line *l, const struct ir_step *step, const struct ir_place *p)
{
    const char *value = p->taking == IR_TAKE_TIMES ? "" : step->captures[p->value].name.at;
    if (p->taking == IR_TAKE_SUM) put(l, "[>=%g %s]", p->amount, value);
    else if (p->taking == IR_TAKE_DISTINCT) put(l, "[%u %s]", p->times, value);
    else if (p->most) put(l, "[%u..%u]", p->times, p->most);
    else if (p->times > 1) put(l, "[%u]", p->times);
}

static void put_veto(struct line *l, const struct ir_rule *r, const struct ir_alternative *a, const struct ir_veto *v)
{
    put(l, "; !%c", *r->steps[v->step].name.at);
    if (v->kind != IR_VETO_UNTIL) put(l, " "), put_places(l, r, a, v->left);
    if (v->kind == IR_VETO_BETWEEN) put(l, ".."), put_places(l, r, a, v->right);
    if (v->kind == IR_VETO_FOR) put(l, "+%lld", (long long)v->seconds);
}

static void put_alternative(struct line *l, const struct ir_rule *r, const struct ir_alternative *a)
{
    for (uint32_t q = 0; q < a->n_places; q++) {
        put(l, "%s%c", q ? " " : "", name_of(r, a, q));
        put_taking(l, &r->steps[a->places[q].step], &a->places[q]);
        if (a->places[q].is_optional) put(l, "?");
    }
    for (uint32_t i = 0; i < a->n_order; i++)
        put(l, "%s%c%s%c", i ? " " : "; ", name_of(r, a, a->order[i].before), a->order[i].strict ? "<<" : "<",
            name_of(r, a, a->order[i].after));
    for (uint32_t i = 0; i < a->n_gaps; i++) {
        const struct ir_gap *g = &a->gaps[i];
        put(l, "; ");
        put_places(l, r, a, g->left);
        put(l, "->");
        put_places(l, r, a, g->right);
        put(l, " %lld..", (long long)g->least);
        if (g->most != INT64_MAX) put(l, "%lld", (long long)g->most);
    }
    for (uint32_t i = 0; i < a->n_inners; i++) {
        put(l, "; ");
        put_places(l, r, a, a->inners[i].places);
        put(l, " %lld", (long long)a->inners[i].most);
    }
    for (uint32_t i = 0; i < a->n_vetoes; i++) put_veto(l, r, a, &a->vetoes[i]);
}

static void describe(struct line *l, const struct ir_rule *r)
{
    for (uint32_t i = 0; i < r->n_automata; i++)
        for (uint32_t k = 0; k < r->automata[i].n_alternatives; k++) {
            put(l, "%s", k ? " | " : i ? " / " : "");
            put_alternative(l, r, &r->automata[i].alternatives[k]);
        }
}

static void expect_described(struct arena *arena, const char *match, const char *expected)
{
    struct ir *ir = compile_match(arena, match);
    struct line l = {.len = 0};
    assert_non_null(ir);
    describe(&l, &ir->rules[0]);
    if (strcmp(l.at, expected)) print_error("match %s\n", match);
    assert_string_equal(l.at, expected);
}

static void matches_become_automata(void **unused)
{
    static const struct {
        const char *match, *expected; /* alternatives apart by |, automata by / */
    } table[] = {
        {"a", "a"},
        {"a -> b", "a b; a<b"},
        {"a => b -> c", "a b c; a<<b a<<c b<c"},
        {"a -> b => c", "a b c; a<b a<<c b<<c"},
        {"a & b[3..]", "a b[3]"},
        {"a | b -> c", "a | b c; b<c"},
        {"(a | b) -> c", "a c; a<c | b c; b<c"},
        {"(a & b) ->[5m] c", "a b c; a<c b<c; {ab}->{c} 0..300"},
        {"a ->[1m..5m] (b & c)", "a b c; a<b a<c; {a}->{bc} 60..300"},
        {"a ->[1m..] b", "a b; a<b; {a}->{b} 60.."},
        {"a -> b? -> c", "a c; a<c / a b? c; a<b a<c b<c"},
        {"a => b? -> c", "a c; a<c / a b? c; a<<b a<<c b<c"},
        {"a ->[5m] b? ->[1m] c", "a c; a<c / a b? c; a<b a<c b<c; {a}->{b} 0..300; {b}->{c} 0..60"},
        {"b? -> a -> c?", "a / b? a; b<a / a c?; a<c"},
        {"a => b? -> c? => d", "a d; a<d / a b? d; a<<b a<<d b<d / a c? d; a<c a<<d c<<d"},
        {"a & b?", "a / a b?"},
        {"(a & b?) ->[5m] c",
         "a c; a<c; {a}->{c} 0..300 / a b? c; a<c b<c; {ab}->{c} 0..300; {a}->{c} 0..300"},
        {"a -> (b | c -> d)?", "a / a b?; a<b | a c? d?; a<c a<d c<d"},
        {"a | (b -> c?)", "a | b / b c?; b<c"},
        {"(a => b) -> c", "a b c; a<<b a<<c b<c"},
        {"((a -> b) | c) -> (d & e)", "a b d e; a<b a<d b<d a<e b<e | c d e; c<d c<e"},
        {"a[3.. distinct region]", "a[3 region]"},
        {"a[3.. distinct a.req.x in 5m] -> b", "a[3 req.x] b; a<b; {a} 300"},
        {"a -> b[sum req.n >= 10MB]", "a b[>=1e+07 req.n]; a<b"},
        {"a -> b[sum req.n >= 2.5 in 1m]", "a b[>=2.5 req.n]; a<b; {b} 60"},
        {"a -> b[2..5]", "a b[2..5]; a<b; {b} 3600 | a b[3..5]; a<b; {b} 3600"},
        {"a[1..1]", "a[1..1]; {a} 3600"},
        {"a -> (b & c[2..])[in 5m]", "a b c[2]; a<b a<c; {bc} 300"},
        {"a[3..][in 0s]", "a[3]; {a} 0"},
        {"((a -> b)[in 5m] -> c)[in 10m]", "a b c; a<b a<c b<c; {ab} 300; {abc} 600"},
        {"(a -> b -> c?)[in 5m]", "a b; a<b; {ab} 300 / a b c?; a<b a<c b<c; {abc} 300"},
        {"1 of (a, b)", "a | b"},
        {"2 of (a, b -> c, d)", "a b c; b<c | a d | b c d; b<c"},
        {"3 of (a, b, c)", "a b c"},
        {"2 of (a, b, c -> d?)", "a b | a c | b c / a c d?; c<d | b c d?; c<d"},
        {"a -> !c -> b", "a b; a<b; !c {a}..{b}"},
        {"(a & b) -> !c ->[5m] d", "a b d; a<d b<d; {ab}->{d} 0..300; !c {ab}..{d}"},
        {"a -> !(c | e) -> b", "a b; a<b; !c {a}..{b}; !e {a}..{b}"},
        {"a -> !c -> !d => b", "a b; a<<b; !c {a}..{b}; !d {a}..{b}"},
        {"a -> b? -> !c -> d", "a d; a<d; !c {a}..{d} / a b? d; a<b a<d b<d; !c {a}..{d}"},
        {"a? -> !c -> b", "b / a? b; a<b; !c {a}..{b}"},
        {"a -> !c -> b?", "a / a b?; a<b; !c {a}..{b}"},
        {"a -> (b -> !c -> d)?", "a / a b? d?; a<b a<d b<d; !c {b}..{d}"},
        {"(a | b) -> !c -> d", "a d; a<d; !c {a}..{d} | b d; b<d; !c {b}..{d}"},
        {"a -> !c for 10m", "a; !c {a}+600"},
        {"a -> b? -> !c for 10m", "a; !c {a}+600 / a b?; a<b; !c {a}+600"},
        {"a -> b until c", "a b; a<b; !c"},
        {"a | b? -> d until c", "a; !c | d; !c / b? d; b<d; !c"},
        {"a -> (b -> c?)?", "a / a b?; a<b / a b? c?; a<b a<c b<c"},
    };
    (void)unused;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(0);
        expect_described(arena, table[i].match, table[i].expected);
        arena_free(arena);
    }
}

/* f refers to a: a way without a cannot have it. */
static void ways_without_the_referred_step_are_left_out(void **unused)
{
    static const struct {
        const char *match, *expected;
    } table[] = {
        {"a -> f", "a f; a<f"},
        {"(a | b) -> f", "a f; a<f"},
        {"2 of (a, b, f)", "a b | a f"},
        {"b -> !f -> c", "b c; b<c"},
        {"a -> !f -> c", "a c; a<c; !f {a}..{c}"},
        {"(a | b) -> c until f", "a c; a<c; !f | b c; b<c"},
    };
    (void)unused;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(0);
        struct text match = arena_printf(
            arena, "%s step f: iam:CreateUser (req.userName == a.req.userName)", table[i].match);
        expect_described(arena, match.at, table[i].expected);
        arena_free(arena);
    }
}

static void an_on_rule_has_an_automaton_too(void **unused)
{
    struct ir_rule r = {.is_on = true, .n_steps = 1, .until = IR_NONE};
    struct arena *arena = arena_new(0);
    struct sources sources;
    (void)unused;
    sources_init(&sources, arena);
    assert_true(compile_automata(arena, &r, diags_new(arena, &sources)));
    assert_int_equal(r.n_automata, 1);
    assert_int_equal(r.automata[0].n_alternatives, 1);
    assert_int_equal(r.automata[0].alternatives[0].n_places, 1);
    assert_null(r.match);
    arena_free(arena);
}

static void what_is_too_large_is_refused(void **unused)
{
    static const struct {
        const char *match;
        bool fits;
    } table[] = {
        {"a[1024..]", true},          {"a[1024..] -> b", true},
        {"a[1024..] & b", true},      {"a[1024..] & b[3..]", false}, /* 1025 * 4 */
        {"a[63..] & b[63..]", true},                                 /* 64 * 64 */
        {"a[64..] & b[63..]", false}, {"a[2000..]", false},
        {"a ->[1024s..] b", true},    {"a ->[1025s..] b", false},
    };
    (void)unused;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena *arena = arena_new(0);
        struct ir *ir = compile_match(arena, table[i].match);
        if ((ir != NULL) != table[i].fits) print_error("match %s\n", table[i].match);
        assert_int_equal(ir != NULL, table[i].fits);
        arena_free(arena);
    }
}

static void progress_is_counted_by_order(void **unused)
{
    struct ir_place places[] = {{.times = 1}, {.times = 3}, {.times = 2}};
    struct ir_order order[] = {{0, 2, false}, {1, 2, false}};
    struct ir_alternative a = {.places = places, .n_places = 3};
    (void)unused;
    assert_int_equal(progress_count(&a, 100), 2 * 4 * 3);
    a.order = order, a.n_order = 2;
    assert_int_equal(progress_count(&a, 100), 2 * 4 + 2); /* the third only behind both */
    assert_int_equal(progress_count(&a, 5), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_become_automata),
        cmocka_unit_test(ways_without_the_referred_step_are_left_out),
        cmocka_unit_test(an_on_rule_has_an_automaton_too),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(progress_is_counted_by_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
