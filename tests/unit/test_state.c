/* test_state.c - the life of incidents, rule by rule, as a caller of engine/state sees it.
 */
#include "engine/state/run.h"
#include "tests/unit/state_bench.h"

/* ---- the life of an incident -------------------------------------------------------------------------- */

static void opens_updates_settles_closes(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, CHAIN);
    hit(&b, "a", 0, "e1");
    assert_int_equal(told(&b), 0);
    hit(&b, "b", 10, "e2");
    assert_last(&b, INCIDENT_OPEN, 40, 10);
    assert_string_equal(last(&b)->witness, "e1 e2 ");
    assert_string_equal(last(&b)->title, "t e1");
    assert_string_equal(last(&b)->match_id, "");
    hit(&b, "c", 20, "e3");
    assert_last(&b, INCIDENT_UPDATED, 60, 10);
    assert_int_equal(last(&b)->end, EPOCH + 20);
    watermark(&b, 15);
    assert_int_equal(told_as(&b, INCIDENT_SETTLED), 0); /* something younger belongs to it */
    watermark(&b, 20);
    assert_last(&b, INCIDENT_SETTLED, 60, 10);
    assert_int_equal(strlen(last(&b)->match_id), 32);
    assert_string_equal(last(&b)->completing, "e2");
    watermark(&b, 10 + 120 + 60 - 1);
    assert_int_equal(told(&b), 3);
    watermark(&b, 10 + 120 + 60);
    assert_last(&b, INCIDENT_CLOSED, 60, 10);
    assert_int_equal(last(&b)->revision, 4);
    close_bench(&b);
}

static void once_groups_both_ends_included(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, SINGLE);
    hit(&b, "on", 0, "e1");
    hit(&b, "on", 60, "e2");
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 1);
    hit(&b, "on", 61, "e3");
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 2);
    assert_string_not_equal(b.caller.told.at[0].id, last(&b)->id);
    caller_finish(&b.caller);
    assert_int_equal(caller_last(&b.caller, b.caller.told.at[0].id, INCIDENT_SETTLED)->count[0], 2);
    close_bench(&b);
}

static void an_earlier_completion_moves_the_opening_not_the_id(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, SINGLE);
    hit(&b, "on", 30, "e1");
    hit(&b, "on", 10, "e0");
    assert_last(&b, INCIDENT_UPDATED, 70, 10);
    assert_string_equal(last(&b)->id, b.caller.told.at[0].id);
    assert_string_equal(last(&b)->completing, "e0");
    close_bench(&b);
}

static void names_do_not_depend_on_order(void **unused)
{
    char id[2][33], match_id[2][33];
    (void)unused;
    for (int order = 0; order < 2; order++) {
        struct bench b;
        open_bench(&b, CHAIN);
        hit(&b, order ? "b" : "a", order ? 10 : 0, order ? "e2" : "e1");
        hit(&b, order ? "a" : "b", order ? 0 : 10, order ? "e1" : "e2");
        caller_finish(&b.caller);
        assert_int_equal(last(&b)->state, INCIDENT_CLOSED);
        memcpy(id[order], last(&b)->id, 33);
        memcpy(match_id[order], last(&b)->match_id, 33);
        close_bench(&b);
    }
    assert_string_not_equal(id[0], id[1]); /* another record opened it */
    assert_string_equal(match_id[0], match_id[1]);
}

static void below_open_at_is_a_signal(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS " match a -> c? score 10 +20 if exists c open at 25 }");
    hit(&b, "a", 0, "e1");
    watermark(&b, 5);
    assert_int_equal(told(&b), 0);
    hit(&b, "c", 10, "e2");
    assert_last(&b, INCIDENT_OPEN, 30, 0);
    close_bench(&b);
}

static void the_least_score_is_no_signal(void **unused)
{
    static const struct {
        const char *rule;
        uint32_t told;
    } table[] = {{HEAD STEPS " match a -> b score 24 open at 25 }", 0},
                 {HEAD STEPS " match a -> b score 25 open at 25 }", 1}};
    (void)unused;
    for (uint32_t i = 0; i < 2; i++) {
        struct bench b;
        open_bench(&b, table[i].rule);
        hit(&b, "a", 0, "e1");
        hit(&b, "b", 10, "e2");
        assert_int_equal(told(&b), table[i].told);
        close_bench(&b);
    }
}

/* Until it settles the score is the highest; then it may fall, and no lower than 0. */
static void a_score_is_never_below_nothing(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS " match a -> b -> c? score 30 -40 if exists c }");
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    hit(&b, "c", 11, "e3");
    assert_int_equal(last(&b)->score, 30);
    watermark(&b, 20);
    assert_last(&b, INCIDENT_RETRACTED, 0, 10);
    close_bench(&b);
}

/* Two ways to spend one event: the run that starts later has the older left side of the gap. */
static void a_later_start_does_not_outlive_a_gap(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS " match (a ->[5s] b) & c }");
    hit(&b, "c", 2, "e1");
    hit(&b, "a", 3, "e2");
    hit(&b, "a", 5, "e3");
    hit(&b, "c", 5, "e3");
    hit(&b, "b", 9, "e4");
    assert_last(&b, INCIDENT_OPEN, 50, 9);
    assert_string_equal(last(&b)->witness, "e3 e4 e1 ");
    close_bench(&b);
}

static void keys_are_apart(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, CHAIN);
    hit(&b, "a", 0, "e1");
    b.key = "other";
    hit(&b, "b", 10, "e2");
    assert_int_equal(told(&b), 0);
    hit(&b, "a", 5, "e3");
    assert_int_equal(told(&b), 1);
    close_bench(&b);
}

static void the_same_event_twice_in_a_slot_is_one(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, COUNTED);
    hit(&b, "a", 0, "e1");
    hit(&b, "a", 0, "e1");
    assert_int_equal(told(&b), 0);
    hit(&b, "a", 1, "e2");
    assert_last(&b, INCIDENT_OPEN, 10, 1);
    close_bench(&b);
}

static void ties_are_told(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, CHAIN);
    hit(&b, "a", 10, "e1");
    hit(&b, "b", 10, "e2");
    assert_true(last(&b)->tied);
    hit(&b, "a", 9, "e0"); /* one choice rests on no tie */
    caller_finish(&b.caller);
    assert_false(last(&b)->tied);
    assert_string_equal(last(&b)->witness, "e1 e2 ");
    close_bench(&b);
}

static void counts_reach_back_over_the_window(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, COUNTED);
    for (int i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%d", i);
        hit(&b, "a", i * 10, id);
    }
    assert_int_equal(last(&b)->score, 20);
    caller_finish(&b.caller);
    assert_int_equal(last(&b)->count[0], 5);
    close_bench(&b);
}

/* The outer item is there with `b` first; the inner one needs `c`. */
static void an_item_inside_shows_what_its_outer_one_lacks(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(
        &b,
        "use aws\nrule r { title \"{b.req.x} {c.req.x} {d.req.x}\" severity medium by actor within 1m " STEPS
        " step d: iam:CreatePolicy (ok and req.y == c.req.y) match a & (1 of (b, c) & d?)? score 40 }");
    hit(&b, "a", 0, "a0");
    hit(&b, "b", 10, "b10");
    b.join = "same";
    hit(&b, "c", 20, "c20");
    assert_string_equal(last(&b)->title, "b10 ? ?");
    hit(&b, "d", 30, "d30");
    assert_string_equal(last(&b)->title, "b10 c20 d30");
    close_bench(&b);
}

/* Nobody asked what may reach the first `a` before the second came, late. */
static void a_late_event_counts_what_was_passed_over(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS " match (a[2..] | b) score 10 +10 if count(a) >= 2 once for 7m }");
    hit(&b, "b", 0, "b0");
    hit(&b, "a", 60, "a60");
    hit(&b, "b", 240, "b240");
    hit(&b, "a", 120, "a120");
    assert_int_equal(last(&b)->score, 20);
    caller_finish(&b.caller);
    assert_int_equal(last(&b)->count[0], 2);
    close_bench(&b);
}

/* ---- baselines ---------------------------------------------------------------------------------------- */

#define BASELINE "use aws\nbaseline seen = (actor, region) keep 30d warmup 1d\n"
#define ASKING                                                                                               \
    BASELINE "rule r { title \"t\" severity low by actor within 1m " STEPS                                   \
             " match a -> b score 30 +20 if new(seen, a) open at 40 }"
#define GATED BASELINE "rule r { title \"t\" severity high by actor on iam:CreateUser (ok and new(seen)) }"

static void a_score_falls_only_by_settling(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, ASKING);
    b.now.is_new = true;
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    assert_last(&b, INCIDENT_OPEN, 50, 10);
    watermark(&b, 10);
    assert_int_equal(told(&b), 1); /* the answers are under way */
    assert_true(state_waits(b.state));
    caller_answer(&b.caller);
    assert_last(&b, INCIDENT_RETRACTED, 30, 10);
    close_bench(&b);
}

static void an_answer_that_stands_settles(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, ASKING);
    b.now.is_new = b.for_good.is_new = true;
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    watermark(&b, 10);
    caller_answer(&b.caller);
    assert_last(&b, INCIDENT_SETTLED, 50, 10);
    close_bench(&b);
}

static void without_history_a_term_is_unknown(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, BASELINE "rule r { title \"t\" severity low by actor within 1m " STEPS
                            " match a -> b score 30 +20 if new(seen, a) }");
    b.now = b.for_good = (struct answer){.is_known = false, .is_new = true};
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    assert_last(&b, INCIDENT_OPEN, 30, 10);
    assert_int_equal(last(&b)->n_unknown, 1);
    close_bench(&b);
}

static void a_new_key_is_known_by_its_account(void **unused)
{
    static const struct {
        bool has_history, is_known, account_is_known, known;
    } table[] = {{false, false, true, true},
                 {false, false, false, false},
                 {true, false, true, false},
                 {true, true, false, true}};
    (void)unused;
    for (uint32_t i = 0; i < 4; i++) {
        struct bench b;
        open_bench(&b, GATED);
        b.has_account = true;
        b.now = b.for_good = (struct answer){
            .is_known = table[i].is_known, .has_history = table[i].has_history, .is_new = true};
        b.account.is_known = table[i].account_is_known;
        hit(&b, "on", 0, "e1");
        assert_int_equal(told(&b), table[i].known);
        watermark(&b, 0);
        assert_int_equal(b.caller.asks.len, 2); /* one to each */
        caller_finish(&b.caller);
        assert_int_equal(told_as(&b, INCIDENT_CLOSED), table[i].known);
        close_bench(&b);
    }
}

static void a_gate_is_judged_at_once_and_for_good(void **unused)
{
    static const struct {
        bool now, for_good;
        uint32_t opened, retracted, closed;
    } table[] = {
        {true, true, 1, 0, 1}, {true, false, 1, 1, 0}, {false, true, 1, 0, 1}, {false, false, 0, 0, 0}};
    (void)unused;
    for (uint32_t i = 0; i < 4; i++) {
        struct bench b;
        open_bench(&b, GATED);
        b.now.is_new = table[i].now, b.for_good.is_new = table[i].for_good;
        hit(&b, "on", 0, "e1");
        assert_int_equal(told(&b), table[i].now);
        caller_finish(&b.caller);
        assert_int_equal(told_as(&b, INCIDENT_OPEN), table[i].opened);
        assert_int_equal(told_as(&b, INCIDENT_RETRACTED), table[i].retracted);
        assert_int_equal(told_as(&b, INCIDENT_CLOSED), table[i].closed);
        close_bench(&b);
    }
}

/* ---- responses ---------------------------------------------------------------------------------------- */

static void responses_are_new_once(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS
               " match a -> b -> c? score 40 +20 if exists c"
               " respond { at 30 notify(\"soc\") at 60 webhook(\"pager\") at 60 settled exec(\"x\") } }");
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    assert_int_equal(last(&b)->n_actions, 1);
    assert_int_equal(last(&b)->n_new_actions, 1);
    hit(&b, "c", 20, "e3");
    assert_int_equal(last(&b)->n_actions, 2);
    assert_int_equal(last(&b)->n_new_actions, 1);
    watermark(&b, 20);
    assert_last(&b, INCIDENT_SETTLED, 60, 10);
    assert_int_equal(last(&b)->n_actions, 3);
    assert_int_equal(last(&b)->n_new_actions, 1);
    caller_finish(&b.caller);
    assert_last(&b, INCIDENT_CLOSED, 60, 10);
    assert_int_equal(last(&b)->n_actions, 3);
    assert_int_equal(last(&b)->n_new_actions, 0);
    close_bench(&b);
}

static void a_response_needs_a_target(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS " match a -> b -> c? score 90"
                              " respond { at 30 aws.disable_key(c.access_key) limit 1 principal } }");
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    assert_int_equal(last(&b)->n_actions, 0);
    hit(&b, "c", 20, "e3");
    assert_int_equal(last(&b)->n_actions, 1);
    assert_int_equal(last(&b)->n_refused, 0);
    hit(&b, "c", 21, "e4"); /* another key: more than the limit */
    assert_int_equal(last(&b)->n_actions, 1);
    assert_int_equal(last(&b)->n_refused, 1);
    close_bench(&b);
}

/* ---- late hits ---------------------------------------------------------------------------------------- */

static void late_hits_fire_what_cannot_be_a_copy(void **unused)
{
    static const struct {
        const char *rule, *steps[3];
        int64_t seconds[3]; /* the last one is late */
        uint32_t opened;
    } table[] = {
        {SINGLE, {NULL, "on", "on"}, {0, 100, 20}, 2},
        {CHAIN, {NULL, "a", "b"}, {0, 50, 58}, 1},
        {CHAIN, {NULL, "a", "b"}, {0, 59, 58}, 0}, /* no run is old enough */
        {CHAIN, {"a", "a", "b"}, {50, 60, 58}, 0}, /* the older run has made way for the later start */
        {HEAD STEPS " match a[2..] -> b }", {"a", "a", "b"}, {50, 60, 61}, 0},
        {HEAD STEPS " match a ->[1m] b }", {"a", "a", "b"}, {50, 60, 58}, 0},
    };
    (void)unused;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bench b;
        open_bench(&b, table[i].rule);
        if (table[i].steps[0]) hit(&b, table[i].steps[0], table[i].seconds[0], "e1");
        hit(&b, table[i].steps[1], table[i].seconds[1], "e2");
        watermark(&b, 100);
        hit(&b, table[i].steps[2], table[i].seconds[2], "e3");
        if (told_as(&b, INCIDENT_OPEN) != table[i].opened) print_error("row %u\n", i);
        assert_int_equal(told_as(&b, INCIDENT_OPEN), table[i].opened);
        close_bench(&b);
    }
}

/* ---- limits ------------------------------------------------------------------------------------------- */

static void the_least_progressed_key_is_evicted(void **unused)
{
    struct bench b;
    char key[16];
    struct state_counts n = {0};
    (void)unused;
    open_limited(&b, CHAIN, &(struct caps){.keys = 10 * STATE_PARTITIONS});
    b.key = "far";
    hit(&b, "a", 0, "f1");
    hit(&b, "b", 1, "f2");
    watermark(&b, 1);
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "near%d", i);
        b.key = key;
        hit(&b, "a", 2, "e1");
    }
    watermark(&b, 2);
    state_count(b.state, &n);
    assert_int_equal(n.keys, 10);
    b.key = "far";
    hit(&b, "c", 3, "f3");
    assert_int_equal(last(&b)->state, INCIDENT_UPDATED);
    b.key = "near99";
    hit(&b, "b", 4, "e2");
    assert_int_equal(last(&b)->state, INCIDENT_OPEN);
    assert_true(last(&b)->capped); /* keys of this rule were lost a moment ago */
    close_bench(&b);
}

static void references_tell_chains_apart(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(
        &b, HEAD
        " step a: iam:CreateRole (ok) step b: iam:AttachRolePolicy (ok and req.roleName == a.req.roleName)"
        " match a -> b }");
    assert_int_equal(b.ir->rules[0].n_joins, 1);
    b.join = "r1";
    hit(&b, "a", 0, "e1");
    b.join = "r2";
    hit(&b, "b", 1, "e2");
    assert_int_equal(told(&b), 0);
    hit(&b, "a", 0, "e3");
    assert_string_equal(last(&b)->witness, "e3 e2 ");
    assert_false(last(&b)->capped);
    close_bench(&b);
}

static void a_flood_of_references_hides_no_chain(void **unused)
{
    for (int same_second = 0; same_second < 2; same_second++) {
        struct bench b;
        char text[16];
        (void)unused;
        open_bench(&b, HEAD " step a: iam:CreateRole (ok) step b: iam:AttachRolePolicy (ok and req.roleName "
                            "== a.req.roleName)"
                            " match a -> b }");
        for (int i = 0; i < 300; i++) {
            snprintf(text, sizeof text, "r%d", i);
            b.join = text;
            hit(&b, "a", same_second ? 5 : i / 10, text);
        }
        b.join = "r7";
        hit(&b, "b", 40, "e2");
        assert_int_equal(last(&b)->state, INCIDENT_OPEN);
        assert_true(last(&b)->capped);
        close_bench(&b);
    }
}

static void hit_joined(struct bench *b, const char *step, int64_t second, const char *join)
{
    b->join = join;
    hit(b, step, second, join ? join : step);
}

/* All b count that differ from the a, taken or not; those that do not are no matter. */
static void an_upper_bound_counts_what_differs(void **unused)
{
    static const struct {
        const char *b[4];
        uint32_t count; /* 0: there is no incident */
    } cases[] = {{{"r2", "r3", "r1", "r1"}, 2},
                 {{"r2", "r3", "r4", "r1"}, 3},
                 {{"r2", "r3", "r4", "r5"}, 0},
                 {{"r2", "r1", "r1", "r1"}, 0}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        open_bench(&b, HEAD " step a: iam:CreateRole (ok)"
                            " step b: iam:AttachRolePolicy (req.roleName != a.req.roleName)"
                            " match a -> b[2..3] score 10 +10 if count(b) >= 2 }");
        hit_joined(&b, "a", 0, "r1");
        for (int k = 0; k < 4; k++) hit_joined(&b, "b", 1 + k, cases[i].b[k]);
        caller_finish(&b.caller);
        if (told_as(&b, INCIDENT_OPEN) != (cases[i].count > 0)) fail_msg("case %zu: %u told", i, told(&b));
        if (cases[i].count) assert_int_equal(last(&b)->count[1], cases[i].count);
        close_bench(&b);
    }
}

/* c is forbidden if the b that comes has its value. */
#define SUSPECT_STEPS                                                                                        \
    " step a: iam:CreateRole (ok) step b: iam:AttachRolePolicy (ok)"                                         \
    " step c: iam:DeleteRole (req.roleName == b.req.roleName)"

static void a_suspect_is_judged_by_what_comes(void **unused)
{
    static const struct {
        const char *match, *forbidden[2], *b;
        bool is_one;
    } cases[] = {
        {" match a -> !c -> b }", {"r1", "r2"}, "r1", false},
        {" match a -> !c -> b }", {"r1", "r2"}, "r2", false},
        {" match a -> !c -> b }", {"r1", "r2"}, "r3", true},
        {" match a & b until c }", {"r1", "r2"}, "r2", false},
        {" match a & b until c }", {"r1", "r2"}, "r3", true},
        {" match a -> !c -> b[2..] -> d }", {"r1", "r2"}, "r2", false},
        {" match a -> !c -> b[2..] -> d }", {"r1", "r2"}, "r3", true},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        char rule[1024];
        bool has_d = strstr(cases[i].match, "d }");
        snprintf(rule, sizeof rule, HEAD SUSPECT_STEPS "%s%s",
                 has_d ? " step d: iam:DeletePolicy (req.roleName == b.req.roleName)" : "", cases[i].match);
        open_bench(&b, rule);
        hit_joined(&b, "a", 0, NULL);
        for (int k = 0; k < 2; k++) hit_joined(&b, "c", 1 + k, cases[i].forbidden[k]);
        assert_int_equal(told(&b), 0);
        hit_joined(&b, "b", 5, cases[i].b);
        hit_joined(&b, "b", 6, cases[i].b);
        if (has_d) hit_joined(&b, "d", 7, cases[i].b);
        if (told(&b) != cases[i].is_one) fail_msg("case %zu: %u told", i, told(&b));
        close_bench(&b);
    }
}

/* One event is a and c: it is the choice's own, or it is not taken and may turn out to be forbidden. */
static void a_choice_does_not_suspect_its_own_event(void **unused)
{
    struct bench b;
    (void)unused;
    for (int i = 0; i < 4; i++) {
        bool has_other = i & 1, meets = i & 2;
        open_bench(&b, HEAD SUSPECT_STEPS " match a -> !c -> b }");
        b.join = NULL;
        hit(&b, "a", 0, "e2");
        if (has_other) hit(&b, "a", 0, "e1");
        b.join = "r1";
        hit(&b, "c", 0, "e2");
        b.join = meets ? "r1" : "r2";
        hit(&b, "b", 5, "e3");
        assert_string_equal(last(&b)->witness, has_other && !meets ? "e1 e3 " : "e2 e3 ");
        close_bench(&b);
    }
}

static void a_suspect_of_the_first_second_counts(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD SUSPECT_STEPS " match a -> !c -> b }");
    hit_joined(&b, "c", 0, "r1");
    hit_joined(&b, "a", 0, NULL);
    hit_joined(&b, "b", 5, "r1");
    assert_int_equal(told(&b), 0);
    hit_joined(&b, "b", 6, "r2");
    assert_int_equal(told(&b), 1);
    close_bench(&b);
}

static void what_is_absent_differs_from_a_suspect(void **unused)
{
    static const struct {
        const char *first, *second, *b;
        bool is_one;
    } cases[] = {{"r1", "r1", "r1", true},
                 {"r1", "r1", "r2", false},
                 {"r1", "r1", NULL, false},
                 {"r1", "r2", "r1", false}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        open_bench(&b, HEAD " step a: iam:CreateRole (ok) step b: iam:AttachRolePolicy (ok)"
                            " step c: iam:DeleteRole (req.roleName != b.req.roleName) match a -> !c -> b }");
        hit_joined(&b, "a", 0, NULL);
        hit_joined(&b, "c", 1, cases[i].first);
        hit_joined(&b, "c", 2, cases[i].second);
        hit_joined(&b, "b", 5, cases[i].b);
        if (told(&b) != cases[i].is_one) fail_msg("case %zu: %u told", i, told(&b));
        close_bench(&b);
    }
}

static void a_suspect_that_comes_late_takes_back(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD SUSPECT_STEPS " match a -> !c -> b }");
    hit_joined(&b, "b", 5, "r1");
    hit_joined(&b, "a", 0, NULL);
    assert_int_equal(last(&b)->state, INCIDENT_OPEN);
    hit_joined(&b, "c", 2, "r2");
    assert_int_equal(told_as(&b, INCIDENT_RETRACTED), 0);
    hit_joined(&b, "c", 3, "r1");
    assert_int_equal(last(&b)->state, INCIDENT_RETRACTED);
    close_bench(&b);
}

/* From then on nobody can tell, and the incident says so. */
static void a_flood_of_suspects_hides_no_chain(void **unused)
{
    struct bench b;
    char text[16];
    (void)unused;
    open_bench(&b, HEAD SUSPECT_STEPS " match a -> !c -> b }");
    hit_joined(&b, "a", 0, NULL);
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof text, "r%d", i);
        hit_joined(&b, "c", 1 + i / 10, text);
    }
    hit_joined(&b, "b", 40, "other");
    assert_int_equal(last(&b)->state, INCIDENT_OPEN);
    assert_true(last(&b)->capped);
    close_bench(&b);
}

static void a_busy_second_stays_small(void **unused)
{
    struct bench b;
    struct state_counts n = {0};
    char id[16];
    (void)unused;
    open_bench(&b, CHAIN);
    for (int i = 0; i < 20000; i++) {
        snprintf(id, sizeof id, "e%d", (i * 7919) % 20000);
        hit(&b, "a", 5, id);
    }
    state_count(b.state, &n);
    assert_true(n.bytes < 4u << 20);
    hit(&b, "b", 6, "z");
    assert_string_equal(last(&b)->witness, "e0 z ");
    close_bench(&b);
}

/* One workbench serves all rules of a partition, whose runs are of many sizes. */
static void a_small_rule_leaves_room_for_a_large_one(void **unused)
{
    struct slab slab = {.bytes = 0};
    struct runs runs = {.at = NULL};
    const struct rule_plan small = {.run_size = 64}, large = {.run_size = 4096};
    (void)unused;
    runs_push(&slab, &small, &runs);
    runs.len = 0;
    runs_push(&slab, &large, &runs);
    assert_true(runs.cap >= large.run_size);
    slab_release(&slab);
}

static void identities_are_remembered_for_a_while(void **unused)
{
    struct state *s = state_new(NULL);
    struct state_counts n = {0};
    (void)unused;
    for (uint64_t i = 0; i < 1000; i++)
        assert_false(state_seen(s, (struct hash128){i, i * 31}, EPOCH + (int64_t)i));
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(state_seen(s, (struct hash128){i, i * 31}, EPOCH + (int64_t)i));
    state_forget(s, EPOCH + 900);
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(state_seen(s, (struct hash128){i, i * 31}, EPOCH + (int64_t)i));
    state_forget(s, EPOCH + 999 + 900 + 60);
    assert_false(state_seen(s, (struct hash128){500, 500 * 31}, EPOCH + 500));
    state_count(s, &n);
    state_free(s);
}

/* ---- reload ------------------------------------------------------------------------------------------- */

/* same: the new rule counts as the old one, whatever has changed in it. */
static struct state_adoption adopt_as(struct bench *b, const char *rule, bool same)
{
    struct state_adoption out;
    struct ir *ir = compile_rule(b->arena, rule);
    if (same) memcpy(ir->rules[0].fingerprint, b->ir->rules[0].fingerprint, sizeof ir->rules[0].fingerprint);
    struct state_plan *plan = state_plan_new(ir);
    state_adopt(b->state, plan, &out);
    state_plan_free(b->plan);
    b->plan = plan, b->ir = ir;
    return out;
}

static struct state_adoption adopt(struct bench *b, const char *rule)
{
    return adopt_as(b, rule, false);
}

static void an_unchanged_rule_keeps_its_runs(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, CHAIN);
    hit(&b, "a", 0, "e1");
    watermark(&b, 5);
    struct state_adoption a = adopt(&b, HEAD STEPS " match a -> b -> c? score 50 once for 2m }");
    assert_int_equal(a.rules_kept, 1);
    assert_int_equal(a.half_built_dropped, 0);
    hit(&b, "b", 10, "e2");
    assert_last(&b, INCIDENT_OPEN, 50, 10);
    close_bench(&b);
}

static void a_changed_rule_begins_anew(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, CHAIN);
    hit(&b, "a", 0, "e1");
    watermark(&b, 5);
    struct state_adoption a = adopt(&b, HEAD STEPS " match a => b }");
    assert_int_equal(a.rules_changed, 1);
    assert_int_equal(a.half_built_dropped, 2); /* of the chain, and of the chain with c */
    hit(&b, "b", 10, "e2");
    assert_int_equal(told(&b), 0);
    close_bench(&b);
}

/* What is complete and waits for an absence counts as well. */
static void what_waits_is_dropped_with_its_rule(void **unused)
{
    struct bench b;
    struct state_counts n = {0};
    (void)unused;
    open_bench(&b, HEAD STEPS " match a -> !b for 10m }");
    hit(&b, "a", 0, "e1");
    watermark(&b, 5);
    adopt(&b, HEAD STEPS " match a => b }");
    state_count(b.state, &n);
    assert_int_equal(n.dropped, 1);
    assert_true(state_adds_up(&n));
    close_bench(&b);
}

static void kept_hits_find_their_values_again(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, "use aws\nrule r { title \"{a.req.x}\" severity medium by actor within 1m " STEPS
                   " match a -> b }");
    b.value = "kept";
    hit(&b, "a", 0, "e1");
    adopt(
        &b,
        "use aws\nrule r { title \"{a.req.a} {b.req.y} {a.req.x}\" severity medium by actor within 1m " STEPS
        " match a -> b }");
    b.value = "new";
    hit(&b, "b", 10, "e2");
    assert_string_equal(last(&b)->title, "? new kept");
    close_bench(&b);
}

static void a_longer_once_merges_what_is_not_settled(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b,
               "use aws\nrule r { title \"t\" severity high by actor once for 10s on iam:CreateUser (ok) }");
    hit(&b, "on", 0, "e1");
    hit(&b, "on", 20, "e2");
    assert_int_equal(told_as(&b, INCIDENT_OPEN), 2);
    adopt_as(&b, "use aws\nrule r { title \"t\" severity high by actor once for 1m on iam:CreateUser (ok) }",
             true);
    hit(&b, "on", 10, "e3"); /* the tail is folded again */
    assert_int_equal(told_as(&b, INCIDENT_MERGED), 1);
    for (uint32_t i = 0; i < told(&b); i++)
        if (b.caller.told.at[i].state == INCIDENT_MERGED)
            assert_string_equal(b.caller.told.at[i].merged_into, b.caller.told.at[0].id);
    close_bench(&b);
}

/* ---- storms ------------------------------------------------------------------------------------------- */

/* A second with many different values keeps a few of them (docs/semantics.md 9): those of the smallest
 * identities, by which the witness is named. */
static void a_storm_of_values_has_the_same_witness(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS "match a[3.. distinct req.x] -> b }");
    hit(&b, "a", 0, "first");
    for (uint32_t i = 0; i < 40; i++) {
        char identity[8];
        snprintf(identity, sizeof identity, "s%02u", (i * 7 + 5) % 40);
        hit(&b, "a", 10, identity); /* its value is its identity */
    }
    b.value = "s00";
    hit(&b, "a", 10, "r"); /* a value that is there, of a smaller identity */
    b.value = NULL;
    hit(&b, "b", 20, "end");
    assert_last(&b, INCIDENT_OPEN, 50, 20);
    assert_int_equal(last(&b)->start, EPOCH + 10);
    assert_string_equal(last(&b)->witness, "r end ");
    assert_false(last(&b)->capped);
    close_bench(&b);
}

static bool sum_is_capped(uint32_t seconds)
{
    struct bench b;
    open_bench(&b, "use aws\nrule r { title \"t\" severity medium by actor within 1d" STEPS
                   "match a[sum req.x >= 1000000] -> b }");
    for (uint32_t i = 0; i < seconds; i++) {
        char identity[8];
        snprintf(identity, sizeof identity, "%05u", i);
        b.value = "1";
        hit(&b, "a", i, identity);
        if (i % 100 == 0) watermark(&b, (int64_t)i - 10);
    }
    b.value = "1000000";
    hit(&b, "a", seconds, "enough");
    hit(&b, "b", seconds + 1, "end");
    assert_int_equal(last(&b)->start, EPOCH + seconds);
    bool capped = last(&b)->capped;
    close_bench(&b);
    return capped;
}

static void too_many_sums_under_way_are_told(void **unused)
{
    (void)unused;
    assert_false(sum_is_capped(4000));
    assert_true(sum_is_capped(4200));
}

/* But what they come to is found, from a start that is at most a step too early. */
static void many_sums_under_way_are_found(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, "use aws\nrule r { title \"t\" severity medium by actor within 1d" STEPS
                   "match a[sum req.x >= 5000] -> b }");
    b.value = "1";
    for (uint32_t i = 0; i < 5600; i++) {
        char identity[8];
        snprintf(identity, sizeof identity, "%05u", i);
        hit(&b, "a", i, identity);
        if (i % 100 == 0) watermark(&b, (int64_t)i - 10);
    }
    hit(&b, "b", 5600, "end");
    assert_int_equal(last(&b)->opened, EPOCH + 5600);
    assert_true(last(&b)->capped);
    assert_in_range(last(&b)->start, EPOCH + 600 - 86400 / 1024, EPOCH + 600);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_updates_settles_closes),
        cmocka_unit_test(once_groups_both_ends_included),
        cmocka_unit_test(an_earlier_completion_moves_the_opening_not_the_id),
        cmocka_unit_test(names_do_not_depend_on_order),
        cmocka_unit_test(below_open_at_is_a_signal),
        cmocka_unit_test(the_least_score_is_no_signal),
        cmocka_unit_test(a_score_is_never_below_nothing),
        cmocka_unit_test(a_later_start_does_not_outlive_a_gap),
        cmocka_unit_test(keys_are_apart),
        cmocka_unit_test(the_same_event_twice_in_a_slot_is_one),
        cmocka_unit_test(ties_are_told),
        cmocka_unit_test(counts_reach_back_over_the_window),
        cmocka_unit_test(a_late_event_counts_what_was_passed_over),
        cmocka_unit_test(an_item_inside_shows_what_its_outer_one_lacks),
        cmocka_unit_test(a_score_falls_only_by_settling),
        cmocka_unit_test(an_answer_that_stands_settles),
        cmocka_unit_test(without_history_a_term_is_unknown),
        cmocka_unit_test(a_new_key_is_known_by_its_account),
        cmocka_unit_test(a_gate_is_judged_at_once_and_for_good),
        cmocka_unit_test(responses_are_new_once),
        cmocka_unit_test(a_response_needs_a_target),
        cmocka_unit_test(late_hits_fire_what_cannot_be_a_copy),
        cmocka_unit_test(the_least_progressed_key_is_evicted),
        cmocka_unit_test(references_tell_chains_apart),
        cmocka_unit_test(a_flood_of_references_hides_no_chain),
        cmocka_unit_test(an_upper_bound_counts_what_differs),
        cmocka_unit_test(a_suspect_is_judged_by_what_comes),
        cmocka_unit_test(a_choice_does_not_suspect_its_own_event),
        cmocka_unit_test(a_suspect_of_the_first_second_counts),
        cmocka_unit_test(what_is_absent_differs_from_a_suspect),
        cmocka_unit_test(a_suspect_that_comes_late_takes_back),
        cmocka_unit_test(a_flood_of_suspects_hides_no_chain),
        cmocka_unit_test(a_busy_second_stays_small),
        cmocka_unit_test(a_small_rule_leaves_room_for_a_large_one),
        cmocka_unit_test(identities_are_remembered_for_a_while),
        cmocka_unit_test(an_unchanged_rule_keeps_its_runs),
        cmocka_unit_test(a_changed_rule_begins_anew),
        cmocka_unit_test(what_waits_is_dropped_with_its_rule),
        cmocka_unit_test(kept_hits_find_their_values_again),
        cmocka_unit_test(a_longer_once_merges_what_is_not_settled),
        cmocka_unit_test(a_storm_of_values_has_the_same_witness),
        cmocka_unit_test(too_many_sums_under_way_are_told),
        cmocka_unit_test(many_sums_under_way_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
