/* test_checkpoint.c - runs that are interrupted: whoever goes on from a checkpoint gives what the run that
 * made it gave behind it, whatever the number of threads on either side.
 *
 * State is a stand-in whose answers depend on every call that it ever got (fake_stages.h): a call too many,
 * one that is missing or one in another order shows in all that follows.
 */
#include "tests/stress/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define RECORDS 6000

/* From each of its checkpoints on. */
static void assert_goes_on(const struct trial *whole, const struct trial *made, unsigned workers,
                           uint32_t batch_records)
{
    for (uint32_t i = 0; i < made->n_kept; i++) {
        const struct kept_place *from = &made->kept[i];
        struct trial on = {.workers = workers,
                           .batch_records = batch_records,
                           .n_records = whole->n_records,
                           .seed = whole->seed,
                           .from = from};
        run_trial(&on);
        assert_int_equal(on.end, RUN_ENDED);
        assert_int_equal(on.len + from->len, whole->len);
        assert_memory_equal(on.text, whole->text + from->len, on.len);
        assert_int_equal(on.counts.in, whole->counts.in);
        assert_int_equal(on.counts.late, whole->counts.late);
        assert_int_equal(on.counts.duplicate, whole->counts.duplicate);
        assert_int_equal(on.counts.hits, whole->counts.hits);
        assert_int_equal(on.late_hits, whole->late_hits);
        assert_int_equal(on.counts.revisions, whole->counts.revisions);
        assert_int_equal(on.counts.n_feeds, whole->counts.n_feeds);
        free(on.text);
    }
}

static void a_run_goes_on_where_another_stood(void **unused)
{
    static const struct {
        unsigned made_by, read_by;
        uint32_t batch_records, then, every;
    } all[] = {{1, 1, 0, 0, 700},
               {1, 3, 64, 256, 900},
               {3, 1, 100, 7, 1100},
               {2, 4, 256, 256, 500},
               {4, 2, 31, 64, 1300}};
    struct trial whole = plain(RECORDS, 11);
    (void)unused;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct trial made = {.workers = all[i].made_by,
                             .batch_records = all[i].batch_records,
                             .n_records = RECORDS,
                             .seed = 11,
                             .keep_every = all[i].every};
        run_trial(&made);
        assert_same(&whole, &made); /* that it was kept does not show */
        assert_true(made.n_kept >= 2);
        assert_goes_on(&whole, &made, all[i].read_by, all[i].then);
        for (uint32_t k = 0; k < made.n_kept; k++) free_place(&made.kept[k]);
        free(made.kept);
        free(made.text);
    }
    free(whole.text);
}

/* Sections that miss one, or end early, are refused. */
static void what_is_not_whole_is_refused(void **unused)
{
    static const uint64_t secret[2] = {1, 2};
    struct trial made = {.workers = 2, .n_records = 2000, .seed = 3, .keep_every = 900};
    (void)unused;
    run_trial(&made);
    struct kept_place *p = &made.kept[0];
    for (uint32_t i = 0; i <= p->n; i++) {
        struct input input = {.world = NULL};
        struct run_options o = {.workers = 1, .input = &input, .secret = secret};
        struct run *r = run_new(&o);
        struct tape_section kept = p->sections[i < p->n ? i : 0];
        assert_true(run_publish(r, fake_ir(0), NULL));
        if (i < p->n) p->sections[i].len--;
        assert_int_equal(run_restore(r, p->sections, p->n), i == p->n);
        if (i < p->n) p->sections[i] = kept;
        run_free(r);
    }
    for (uint32_t k = 0; k < made.n_kept; k++) free_place(&made.kept[k]);
    free(made.kept);
    free(made.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_run_goes_on_where_another_stood),
                                       cmocka_unit_test(what_is_not_whole_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
