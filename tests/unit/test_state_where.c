/* test_state_where.c - `where` and amounts, by example: what the random tests of meaning do not show by name.
 *
 * Rules are compiled from text; hits are made by hand: step, second, and the value that every capture and
 * reference has.
 */
#include "tests/oracle/caller.h"
#include "tests/unit/compiled.h"

#include <stdlib.h>

#define EPOCH  INT64_C(1000000)
#define SECOND INT64_C(1000000000)

struct bench {
    struct arena *arena;
    struct ir *ir;
    struct state_plan *plan;
    struct state *state;
    struct caller caller;
    uint64_t seq;
    int64_t feed; /* how far the feeds have come */
    uint64_t key; /* of the next hits */
};

static void open_bench(struct bench *b, const char *rule)
{
    *b = (struct bench){.arena = arena_new(0)};
    b->ir = compile_rule(b->arena, rule);
    b->plan = state_plan_new(b->ir);
    b->state = state_new(NULL);
    state_adopt(b->state, b->plan, NULL);
    caller_init(&b->caller, b->arena, b->state);
}

static void close_bench(struct bench *b)
{
    struct state_counts n = {0};
    caller_finish(&b->caller);
    state_count(b->state, &n);
    assert_int_equal(n.keys, 0);
    state_free(b->state);
    state_plan_free(b->plan);
    arena_free(b->arena);
}

static void hit(struct bench *b, uint32_t step, int64_t second, struct value v)
{
    const struct ir_step *s = &b->ir->rules[0].steps[step];
    char identity[16];
    struct value captures[8];
    struct hash128 joins[2] = {{0, 0}};
    struct hit h = {.seq = b->seq,
                    .second = EPOCH + second,
                    .step = step,
                    .key_hash = {1 + b->key, 2},
                    .key = TEXT("key"),
                    .joins = joins,
                    .n_joins = b->ir->rules[0].n_joins,
                    .captures = captures,
                    .n_captures = s->n_captures};
    snprintf(identity, sizeof identity, "e%03d", (int)b->seq++);
    h.evidence.identity = text_of(identity);
    for (uint32_t i = 0; i < s->n_captures; i++)
        captures[i] = s->captures[i].type == IR_TYPE_TIME
                          ? (struct value){.kind = VALUE_TIME, .i = (EPOCH + second) * SECOND}
                          : v;
    for (uint32_t j = 0; j < h.n_joins; j++)
        if (s->groups->joins[j] != IR_NONE && v.kind == VALUE_INT)
            joins[j] = (struct hash128){(uint64_t)v.i, 1};
    state_hit(b->state, &h, &b->caller.out);
}

static int64_t feed_newest(void *world, struct hash128 feed)
{
    const struct bench *b = ((const struct caller *)world)->world;
    (void)feed;
    return b->feed;
}

static uint32_t told_as(const struct bench *b, enum incident_state state)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->caller.told.len; i++) n += b->caller.told.at[i].state == state;
    return n;
}

static const struct told *last(const struct bench *b)
{
    assert_true(b->caller.told.len > 0);
    return &b->caller.told.at[b->caller.told.len - 1];
}

#define HEAD       "use aws\nrule r { severity medium by actor within 1m once for 2m "
#define STEPS      " step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) "
#define NONE       value_absent()
#define WORD(text) value_string(TEXT(text))

/* ---- the window --------------------------------------------------------------------------------------- */

static void what_only_rises_speaks_with_the_record_that_completes_it(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"{count(a)}\"" STEPS "match a -> b where count(a) >= 3 }");
    hit(&b, 0, 0, NONE);
    hit(&b, 1, 1, NONE);
    hit(&b, 0, 2, NONE);
    hit(&b, 0, 3, NONE);
    assert_int_equal(b.caller.told.len, 0); /* the third is in no choice yet */
    hit(&b, 1, 4, NONE);
    assert_int_equal(b.caller.told.len, 1);
    assert_int_equal(last(&b)->opened, EPOCH + 4); /* not where the first choice completed */
    assert_string_equal(last(&b)->title, "3");
    close_bench(&b);
}

static void a_late_event_opens_it_earlier(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\"" STEPS "match a -> b where count(a) >= 2 }");
    hit(&b, 0, 0, NONE);
    hit(&b, 1, 2, NONE);
    hit(&b, 0, 3, NONE);
    hit(&b, 1, 5, NONE);
    assert_int_equal(last(&b)->opened, EPOCH + 5);
    hit(&b, 0, 1, NONE);
    assert_int_equal(last(&b)->opened, EPOCH + 2);
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 1);
    close_bench(&b);
}

static void what_may_cease_to_hold_is_retracted(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\"" STEPS "match a -> b where count(a) <= 1 }");
    hit(&b, 0, 1, NONE);
    hit(&b, 1, 2, NONE);
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 1);
    hit(&b, 0, 0, NONE);
    assert_int_equal(last(&b)->state, INCIDENT_RETRACTED);
    close_bench(&b);
}

/* Within one second a group goes and comes again: what came meanwhile is gathered too. */
static void what_holds_again_has_missed_nothing(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"{count(a)}\"" STEPS "match a -> b where count(b) != 2 }");
    hit(&b, 0, 0, NONE);
    hit(&b, 1, 1, NONE);
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 1);
    hit(&b, 1, 1, NONE);
    assert_int_equal(told_as(&b, INCIDENT_RETRACTED), 1);
    hit(&b, 0, 1, NONE);
    hit(&b, 1, 1, NONE);
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 2);
    assert_string_equal(last(&b)->title, "2");
    caller_finish(&b.caller);
    assert_int_equal(last(&b)->count[1], 3);
    close_bench(&b);
}

/* The choices of a single step leave no run behind; their events count all the same. */
static void events_leave_the_window_one_by_one(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\"" STEPS "match a where count(a) >= 3 }");
    for (int64_t t = 0; t < 400; t += 40) hit(&b, 0, t, NONE); /* never more than two in a minute */
    assert_int_equal(b.caller.told.len, 0);
    state_watermark(b.state, EPOCH + 370, b.seq, &b.caller.out);
    hit(&b, 0, 380, NONE);
    assert_int_equal(last(&b)->opened, EPOCH + 380);
    close_bench(&b);
}

static void alternatives_are_looked_at_together(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\"" STEPS "match a | b where count(a) >= 1 and count(b) >= 2 }");
    hit(&b, 1, 0, NONE);
    hit(&b, 0, 10, NONE);
    hit(&b, 0, 20, NONE);
    assert_int_equal(b.caller.told.len, 0);
    hit(&b, 1, 30, NONE);
    assert_int_equal(last(&b)->opened, EPOCH + 30);
    close_bench(&b);
}

static void the_span_is_of_the_eligible_events(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\"" STEPS "match a -> b where last(b).time - first(b).time >= 20s }");
    hit(&b, 1, 0, NONE); /* before any a */
    hit(&b, 0, 10, NONE);
    hit(&b, 1, 12, NONE);
    hit(&b, 1, 31, NONE);
    assert_int_equal(b.caller.told.len, 0);
    hit(&b, 1, 32, NONE);
    assert_int_equal(last(&b)->opened, EPOCH + 32);
    close_bench(&b);
}

static void unknown_is_not_enough(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\"" STEPS "match a -> b where not (a.req.userName == \"x\") }");
    hit(&b, 0, 0, value_withheld());
    hit(&b, 1, 1, value_withheld());
    assert_int_equal(b.caller.told.len, 0);
    hit(&b, 0, 2, WORD("y"));
    hit(&b, 1, 3, WORD("y"));
    assert_int_equal(last(&b)->opened, EPOCH + 3);
    close_bench(&b);
}

/* ---- beside what may not be --------------------------------------------------------------------------- */

/* Each completion is one when its 10 seconds have passed, and not before; those that were broken count for
 * nothing. */
static void a_window_holds_what_nothing_has_broken(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"{count(a)}\"" STEPS "match a -> !b for 10s where count(a) >= 2 }");
    hit(&b, 0, 0, NONE);
    hit(&b, 1, 9, NONE);
    hit(&b, 0, 20, NONE);
    hit(&b, 0, 40, NONE);
    state_watermark(b.state, EPOCH + 49, b.seq, &b.caller.out);
    assert_int_equal(b.caller.told.len, 0); /* b may still come at 50 */
    state_watermark(b.state, EPOCH + 50, b.seq, &b.caller.out);
    assert_int_equal(last(&b)->opened, EPOCH + 40);
    assert_string_equal(last(&b)->title, "2");
    close_bench(&b);
}

static void a_completion_that_waits_long_keeps_its_window(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"{count(a)}\"" STEPS "match a -> !b for 10m where count(a) >= 2 }");
    hit(&b, 0, 0, NONE);
    hit(&b, 0, 50, NONE);
    for (int64_t t = 60; t <= 660; t += 60) state_watermark(b.state, EPOCH + t, b.seq, &b.caller.out);
    assert_int_equal(last(&b)->opened, EPOCH + 50);
    close_bench(&b);
}

/* Of many that wait, each may be the one for which it holds. */
static void none_that_waits_stands_for_another(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\"" STEPS "match a -> !b for 10m where a.req.v == 150 }");
    for (int64_t t = 0; t < 200; t++) hit(&b, 0, t, value_int(t));
    state_watermark(b.state, EPOCH + 900, b.seq, &b.caller.out);
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 1);
    assert_int_equal(last(&b)->opened, EPOCH + 150);
    close_bench(&b);
}

/* While a feed is behind it cannot be told. What it brings then counts for the window too. */
/* A completion waits for what comes; meanwhile events of others are looked at. */
static void each_key_has_its_own_window(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\" step a: iam:CreateUser (ok) match a[1..1] }");
    for (b.key = 0; b.key < 2; b.key++)
        for (uint64_t i = 0; i <= b.key; i++) hit(&b, 0, (int64_t)i, NONE);
    state_watermark(b.state, EPOCH + 10, b.seq, &b.caller.out);
    assert_int_equal(b.caller.told.len, 0);
    state_watermark(b.state, EPOCH + 100, b.seq, &b.caller.out);
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 1);
    assert_string_equal(last(&b)->witness, "e000 ");
    close_bench(&b);
}

static void a_late_break_is_in_no_window(void **unused)
{
    struct bench b;
    (void)unused;
    for (int64_t broken = 0; broken < 2; broken++) {
        open_bench(&b, HEAD "title \"{count(a)}\"" STEPS "match a -> !b for 10s where count(a) >= 2 "
                            "require cloudtrail fresh 1m else incident low \"cannot tell\" }");
        b.feed = EPOCH + 20;
        b.caller.world = &b;
        b.caller.out.feed = feed_newest;
        hit(&b, 0, 0, NONE);
        hit(&b, 0, 30, NONE);
        state_watermark(b.state, EPOCH + 200, b.seq, &b.caller.out);
        assert_int_equal(told_as(&b, INCIDENT_OPEN), 1);
        assert_true(last(&b)->blinded);
        if (broken) hit(&b, 1, 5, NONE); /* ends the first: the second alone is not enough */
        b.feed = EPOCH + 300;
        state_watermark(b.state, EPOCH + 210, b.seq, &b.caller.out);
        if (broken)
            assert_int_equal(last(&b)->state, INCIDENT_RETRACTED);
        else
            assert_false(last(&b)->blinded);
        close_bench(&b);
    }
}

/* A b with the a's own value breaks it. The others stay in the window. */
/* Until it is certain that b is absent; of what was found meanwhile a part may be broken. */
static void what_was_in_doubt_is_looked_at_anew(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"t\" step a: iam:CreateUser (ok) step b: iam:CreateRole (req.v == a.req.v) "
                        "step c: iam:DeleteUser match a -> c -> !b for 10s "
                        "require cloudtrail fresh 1m else incident low \"cannot tell\" }");
    b.feed = EPOCH + 5;
    b.caller.world = &b;
    b.caller.out.feed = feed_newest;
    hit(&b, 0, 0, value_int(1));
    hit(&b, 0, 1, value_int(2));
    hit(&b, 2, 3, NONE);
    state_watermark(b.state, EPOCH + 100, b.seq, &b.caller.out);
    assert_true(last(&b)->blinded);
    assert_string_equal(last(&b)->witness, "e001 e002 ");
    hit(&b, 1, 6, value_int(2)); /* breaks the better one of the two */
    b.feed = EPOCH + 300;
    state_watermark(b.state, EPOCH + 110, b.seq, &b.caller.out);
    assert_false(last(&b)->blinded);
    assert_string_equal(last(&b)->witness, "e000 e002 ");
    close_bench(&b);
}

static void references_of_a_veto_are_asked_of_each_choice(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD
               "title \"{count(a)}\" step a: iam:CreateUser (ok) step b: iam:CreateRole (req.v == a.req.v) "
               "step c: iam:DeleteUser match a -> !b -> c where count(a) >= 2 }");
    hit(&b, 0, 0, value_int(1));
    hit(&b, 0, 1, value_int(2));
    hit(&b, 1, 2, value_int(1));
    hit(&b, 2, 3, NONE);
    assert_int_equal(b.caller.told.len, 0);
    hit(&b, 0, 4, value_int(1));
    hit(&b, 2, 5, NONE);
    assert_int_equal(last(&b)->opened, EPOCH + 5);
    assert_string_equal(last(&b)->title, "2");
    close_bench(&b);
}

/* An a without a value differs from every b: no b may come between. Events of such a choice are not counted.
 */
static void what_an_event_lacks_is_not_assumed(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD
               "title \"{count(a)}\" step a: iam:CreateUser (ok) step b: iam:CreateRole (req.v != a.req.v) "
               "step c: iam:DeleteUser match a -> !b -> c }");
    hit(&b, 0, 0, NONE);
    hit(&b, 0, 1, value_int(1));
    hit(&b, 1, 2, value_int(1));
    hit(&b, 2, 3, NONE);
    assert_string_equal(last(&b)->title, "1");
    close_bench(&b);
}

/* ---- amounts ------------------------------------------------------------------------------------------ */

struct amount_case {
    const char *of;
    struct value values[5];
    uint32_t n;
    const char *expected;
};

static void amounts_of_values(void **unused)
{
    static const struct value list[] = {{.kind = VALUE_STRING, .s = "x", .len = 1},
                                        {.kind = VALUE_NULL},
                                        {.kind = VALUE_STRING, .s = "z", .len = 1}};
    const struct value half = {.kind = VALUE_FLOAT, .f = 0.5}, two = value_int(2), low = value_int(-7),
                       hidden = value_withheld(), null = {.kind = VALUE_NULL},
                       many = {.kind = VALUE_LIST, .items = list, .len = 3};
    const struct amount_case table[] = {
        {"distinct(a.req.v)", {WORD("x"), WORD("y"), WORD("x")}, 3, "2"},
        {"distinct(a.req.v)", {WORD("x"), hidden, null, NONE}, 4, "1"},
        {"distinct(a.req.v)", {WORD("x"), many}, 2, "2"},
        {"sum(a.req.v)", {two, two, two}, 3, "6"},
        {"sum(a.req.v)", {two, low, hidden, NONE}, 4, "2"},
        {"sum(a.req.v)", {two, WORD("40"), WORD("many")}, 3, "42"},
        {"sum(a.req.v)", {two, half, half}, 3, "3"},
        {"sum(a.req.v)", {two, half}, 2, "2.5"},
        {"min(a.req.v)", {two, low, half, hidden}, 4, "-7"},
        {"max(a.req.v)", {two, WORD("10"), half}, 3, "10"},
        {"max(a.req.v)", {two, value_int(9), value_int(8)}, 3, "9"},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bench b;
        char rule[512];
        snprintf(rule, sizeof rule, HEAD "title \"{%s}\" step a: iam:CreateUser (ok) match a }", table[i].of);
        open_bench(&b, rule);
        for (uint32_t v = 0; v < table[i].n; v++) hit(&b, 0, (int64_t)v, table[i].values[v]);
        if (strcmp(last(&b)->title, table[i].expected))
            fail_msg("%s: %s, not %s", table[i].of, last(&b)->title, table[i].expected);
        close_bench(&b);
    }
}

/* So it belongs to any choice that reaches the sum without it. */
static void a_negative_value_counts_nothing_in_a_sum(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD "title \"{count(a)}\" step a: iam:CreateUser (ok) match a[sum req.v >= 10] }");
    hit(&b, 0, 0, value_int(-7));
    hit(&b, 0, 1, value_int(9));
    assert_int_equal(b.caller.told.len, 0);
    hit(&b, 0, 2, value_int(1));
    assert_string_equal(last(&b)->title, "3");
    close_bench(&b);
}

static void a_greatest_value_leaves_with_its_event(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD
               "title \"t\" step a: iam:CreateUser (ok) match a where max(a.req.v) <= 5 and count(a) >= 2 }");
    hit(&b, 0, 0, value_int(9));
    hit(&b, 0, 30, value_int(3));
    hit(&b, 0, 60, value_int(4));
    assert_int_equal(b.caller.told.len, 0);
    hit(&b, 0, 61, value_int(5));
    assert_int_equal(last(&b)->opened, EPOCH + 61);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_only_rises_speaks_with_the_record_that_completes_it),
        cmocka_unit_test(a_late_event_opens_it_earlier),
        cmocka_unit_test(what_may_cease_to_hold_is_retracted),
        cmocka_unit_test(what_holds_again_has_missed_nothing),
        cmocka_unit_test(events_leave_the_window_one_by_one),
        cmocka_unit_test(alternatives_are_looked_at_together),
        cmocka_unit_test(the_span_is_of_the_eligible_events),
        cmocka_unit_test(unknown_is_not_enough),
        cmocka_unit_test(a_window_holds_what_nothing_has_broken),
        cmocka_unit_test(a_completion_that_waits_long_keeps_its_window),
        cmocka_unit_test(none_that_waits_stands_for_another),
        cmocka_unit_test(each_key_has_its_own_window),
        cmocka_unit_test(a_late_break_is_in_no_window),
        cmocka_unit_test(what_was_in_doubt_is_looked_at_anew),
        cmocka_unit_test(references_of_a_veto_are_asked_of_each_choice),
        cmocka_unit_test(what_an_event_lacks_is_not_assumed),
        cmocka_unit_test(amounts_of_values),
        cmocka_unit_test(a_negative_value_counts_nothing_in_a_sum),
        cmocka_unit_test(a_greatest_value_leaves_with_its_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
