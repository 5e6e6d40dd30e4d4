/* test_state_told.c - what each revision of an incident says: who came before it, when it is settled again,
 * what is shown of many events, scores and severities at their ends, exceptions, and the limit of a response.
 */
#include "tests/unit/state_bench.h"

#define PAIRS HEAD STEPS " match a -> b once for 2m }"

/* ---- who came before ---------------------------------------------------------------------------------- */

static void it_names_the_one_before_it(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, SINGLE);
    hit(&b, "on", 100, "e1");
    assert_string_equal(last(&b)->predecessor, "");
    hit(&b, "on", 300, "e2");
    assert_string_equal(last(&b)->predecessor, b.caller.told.at[0].id);
    hit(&b, "on", 0, "e3"); /* earlier than both, though it came last */
    assert_last(&b, INCIDENT_OPEN, 70, 0);
    assert_string_equal(last(&b)->predecessor, "");
    close_bench(&b);
}

static void it_names_the_one_before_it_though_closed(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, PAIRS);
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    hit(&b, "a", 185, "e3");
    watermark(&b, 190);
    assert_last(&b, INCIDENT_CLOSED, 50, 10);
    hit(&b, "b", 195, "e4");
    assert_last(&b, INCIDENT_OPEN, 50, 195);
    assert_string_equal(last(&b)->predecessor, b.caller.told.at[0].id);
    close_bench(&b);
}

/* ---- settled, and again ------------------------------------------------------------------------------- */

/* What comes late may belong to it, and change nothing but a count. */
static void another_count_settles_it_again(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, PAIRS);
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    hit(&b, "b", 20, "e3");
    watermark(&b, 20);
    assert_int_equal(told_as(&b, INCIDENT_SETTLED), 1);
    assert_int_equal(last(&b)->count[1], 2);
    hit(&b, "b", 15, "e4");
    caller_finish(&b.caller);
    assert_int_equal(last(&b)->count[1], 3);
    assert_int_equal(told_as(&b, INCIDENT_SETTLED), 2);
    close_bench(&b);
}

static void the_same_again_settles_it_once(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, PAIRS);
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    watermark(&b, 10);
    assert_int_equal(told_as(&b, INCIDENT_SETTLED), 1);
    hit(&b, "b", 10, "e2");
    caller_finish(&b.caller);
    assert_int_equal(told_as(&b, INCIDENT_SETTLED), 1);
    close_bench(&b);
}

/* ---- what is shown ------------------------------------------------------------------------------------ */

static void of_many_events_the_first_and_last_eight_are_shown(void **unused)
{
    static const struct {
        int events;
        uint32_t shown;
    } table[] = {{2, 2}, {15, 15}, {16, 16}, {17, 16}, {40, 16}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bench b;
        open_bench(&b, COUNTED);
        for (int e = 0; e < table[i].events; e++) {
            char id[16];
            snprintf(id, sizeof id, "e%02d", e);
            hit(&b, "a", e, id);
        }
        caller_finish(&b.caller);
        assert_int_equal(last(&b)->count[0], table[i].events);
        assert_int_equal(last(&b)->shown[0], table[i].shown);
        close_bench(&b);
    }
}

/* ---- score and severity ------------------------------------------------------------------------------- */

static void a_score_is_never_above_a_hundred(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, HEAD STEPS " match a -> b -> c? score 90 +10 if exists b +20 if exists c }");
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    assert_last(&b, INCIDENT_OPEN, 100, 10);
    hit(&b, "c", 20, "e3");
    assert_int_equal(last(&b)->score, 100);
    close_bench(&b);
}

static void a_severity_may_ask_for_the_score(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, "use aws\nrule r { title \"t\" severity low severity critical if score >= 60 by actor "
                   "within 1m " STEPS " match a -> b -> c? score 40 +20 if exists c once for 2m }");
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    assert_int_equal(last(&b)->severity, IR_LOW);
    hit(&b, "c", 20, "e3");
    assert_int_equal(last(&b)->score, 60);
    assert_int_equal(last(&b)->severity, IR_CRITICAL);
    close_bench(&b);
}

/* ---- exceptions --------------------------------------------------------------------------------------- */

#define TUNED(exception) CHAIN " tune r { except x (" exception ")"

static void an_exception_ends_when_it_expires(void **unused)
{
    static const struct {
        int64_t opened;
        uint32_t incidents;
    } table[] = {{19, 0}, {20, 1}}; /* it expires at 20 */
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bench b;
        open_bench(&b, TUNED("exists b") " on match expires \"1970-01-12T13:47:00Z\" reason \"r\" }");
        hit(&b, "a", 0, "e1");
        hit(&b, "b", table[i].opened, "e2");
        caller_finish(&b.caller);
        assert_int_equal(told_as(&b, INCIDENT_OPEN), table[i].incidents);
        close_bench(&b);
    }
}

static void an_exception_of_which_nobody_can_tell_takes_nothing(void **unused)
{
    static const struct {
        bool is_known;
        uint32_t incidents;
    } table[] = {{true, 0}, {false, 1}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bench b;
        open_bench(&b, "use aws\nbaseline seen = (actor, region) keep 30d warmup 1d\n"
                       "rule r { title \"t\" severity medium by actor within 1m " STEPS " match a -> b }"
                       " tune r { except x (new(seen, b)) on match reason \"r\" }");
        b.now = b.for_good = (struct answer){.is_known = table[i].is_known, .is_new = true};
        hit(&b, "a", 0, "e1");
        hit(&b, "b", 10, "e2");
        caller_finish(&b.caller);
        assert_int_equal(told_as(&b, INCIDENT_OPEN), table[i].incidents);
        close_bench(&b);
    }
}

static void count_swallows(void *world, uint32_t exception, int change)
{
    struct bench *b = ((struct caller *)world)->world;
    (void)exception;
    if (change > 0)
        b->n_taken++;
    else
        b->n_given_back++;
}

/* With c the exception, which took the settled match, does so no longer. */
static void what_an_exception_took_may_come_back(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, TUNED("not exists c") " on match reason \"r\" }");
    b.caller.out.swallowed = count_swallows;
    hit(&b, "a", 0, "e1");
    hit(&b, "b", 10, "e2");
    watermark(&b, 10);
    assert_int_equal(told(&b), 0);
    assert_int_equal(b.n_taken, 1);
    hit(&b, "c", 20, "e3");
    assert_last(&b, INCIDENT_OPEN, 60, 10);
    watermark(&b, 20);
    assert_int_equal(b.n_taken, 1);
    assert_int_equal(b.n_given_back, 1);
    close_bench(&b);
}

/* ---- responses ---------------------------------------------------------------------------------------- */

static void as_many_targets_as_the_limit_are_not_too_many(void **unused)
{
    static const struct {
        uint32_t targets, refused;
    } table[] = {{1, 0}, {2, 0}, {3, 1}};
    (void)unused;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bench b;
        open_bench(&b, HEAD STEPS " match a -> b once for 2m score 90"
                                  " respond { at 30 aws.disable_key(b.access_key) limit 2 principal } }");
        hit(&b, "a", 0, "e0");
        for (uint32_t t = 0; t < table[i].targets; t++) {
            char id[16];
            snprintf(id, sizeof id, "e%u", t + 1);
            hit(&b, "b", 10 + t, id);
        }
        caller_finish(&b.caller);
        assert_int_equal(last(&b)->n_actions, 1);
        assert_int_equal(last(&b)->n_refused, table[i].refused);
        close_bench(&b);
    }
}

/* ---- windows in a match ------------------------------------------------------------------------------- */

/* Of two beginnings with one event as a or as z the one that starts earlier has the later window. */
static void a_later_start_does_not_outlive_an_inner_window(void **unused)
{
    struct bench b;
    (void)unused;
    open_bench(&b, "use aws\nrule r { title \"t\" severity medium by actor within 1m "
                   "step z: iam:CreateUser (ok) step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) "
                   "match z & (a -> b)[in 10s] }");
    hit(&b, "z", 3, "e1");
    hit(&b, "a", 12, "e2");
    hit(&b, "z", 20, "e3");
    hit(&b, "a", 20, "e3");
    hit(&b, "b", 25, "e4");
    assert_int_equal(told(&b), 1);
    assert_string_equal(last(&b)->witness, "e1 e3 e4 ");
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_names_the_one_before_it),
        cmocka_unit_test(it_names_the_one_before_it_though_closed),
        cmocka_unit_test(another_count_settles_it_again),
        cmocka_unit_test(the_same_again_settles_it_once),
        cmocka_unit_test(of_many_events_the_first_and_last_eight_are_shown),
        cmocka_unit_test(a_score_is_never_above_a_hundred),
        cmocka_unit_test(a_severity_may_ask_for_the_score),
        cmocka_unit_test(an_exception_ends_when_it_expires),
        cmocka_unit_test(an_exception_of_which_nobody_can_tell_takes_nothing),
        cmocka_unit_test(what_an_exception_took_may_come_back),
        cmocka_unit_test(as_many_targets_as_the_limit_are_not_too_many),
        cmocka_unit_test(a_later_start_does_not_outlive_an_inner_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
