/* testing.h - a test of a rule, run: what the files that implement csr_test share.
 *
 *   testing.c    which tests, in which order, and what is told of each
 *   trial.c      a test's records through the real stages, one thread, everything watched
 *   expect.c     what was expected, against what came
 *   vary.c       the standard variations: what must come of a test that is told in another way
 *   retell.c     records told in another way: other times, other names
 *   explain.c    why an incident did not come: how far it got, and why the next event did not go on
 *   coverage.c   which parts of a rule had their say
 *
 * Everything of one trial lies in its arena, under the escape that csr_test sets.
 */
#ifndef CSR_ENGINE_TESTING_TESTING_H
#define CSR_ENGINE_TESTING_TESTING_H

#include "engine/base/time.h"
#include "engine/watch/why.h"

struct failures ARENA_VEC(struct csr_test_failure);

/* ---- one trial ----------------------------------------------------------------------------------------- */

/* An event that fits a step of the rule. */
struct trial_hit {
    uint32_t event; /* of the trial */
    const struct hit *hit;
    const struct answer *answers; /* [hit->n_asks], as they were at arrival */
};

/* An exception took an event from a step. */
struct trial_taken {
    uint32_t event;     /* of the trial */
    uint32_t exception; /* rule->exceptions */
};

/* An incident by its id, as it was told last. */
struct trial_incident {
    struct incident last;
    bool is_gone; /* retracted, or merged into another */
};

struct feed_come {
    struct hash128 feed;
    uint32_t schema;
    int64_t newest;
};

struct trial {
    struct bench *bench;
    const struct ir_test *test;
    struct ARENA_VEC(struct ir_test_event) events; /* those of its lines and of its files */
    char unreadable[512]; /* a file of records that could not be opened, and why; empty: all could */
    const struct ir_rule *rule;
    struct arena *arena;
    struct watch watch;
    struct enrichment enrichment;
    uint32_t event; /* at hand */
    bool is_over;
    uint32_t *schemas;                        /* [events.len] with silences: of each event */
    struct ARENA_VEC(struct feed_come) feeds; /* how far each has come that a rule requires to be fresh */
    struct ARENA_VEC(struct touch) touches;   /* that the event at hand will make, for what is known before */

    enum aside *asides; /* [events.len] */
    struct ARENA_VEC(struct trial_hit) hits;
    struct ARENA_VEC(struct trial_taken) taken;
    int64_t *swallowed; /* [rule->n_exceptions] events and matches that each took */
    struct ARENA_VEC(struct trial_incident) incidents;
    struct reach furthest;
    uint32_t most[STEPS_MOST]; /* of each step: the most events that a choice took */

    const struct variation *variation; /* NULL: the test as it is */
    const struct trial *plain;         /* the test as it is, which a variation varies */
    struct renaming *names;            /* of a variation with other names; else NULL */
};

/* Runs the test's records. False: it is a variation that cannot be made of this test. */
bool trial_run(struct trial *t, enum rule_form form);

/* ---- variations ---------------------------------------------------------------------------------------- */

/* Tries each variation of a test that passed: what breaks is a failure. */
void vary_all(struct trial *plain, struct failures *out);
/* Changes the events of the trial as its variation says. False: that cannot be done. */
bool vary_events(struct trial *t);

/* The event at another second: false if its record does not say its time in a way that is known. */
bool retell_at(struct trial *t, struct ir_test_event *e, int64_t second);
/* Other names and accounts for all callers: NULL if there is nobody to rename. */
struct renaming *renaming_new(struct trial *t);
struct text rename_text(struct arena *a, const struct renaming *names, struct text t);
struct value rename_value(struct arena *a, const struct renaming *names, struct value v);

/* ---- what is said -------------------------------------------------------------------------------------- */

/* "2m", from the test's beginning. */
void line_moment(struct line *l, const struct trial *t, int64_t second);
/* "event 3, at 2m ec2:RunInstances" */
void line_event(struct line *l, const struct trial *t, uint32_t event);

/* The expectations that were not met. */
void expect_all(struct trial *t, struct failures *out);
/* Why there was no incident: how far it got, and why it did not go on. */
void explain_missing(struct trial *t, struct lines *out);
/* Why the incident lacks the steps that this expression speaks of; each once. told: bits of steps. */
void explain_steps(struct trial *t, const struct incident *i, ir_node_id expression, uint64_t *told,
                   struct lines *out);

/* ---- coverage ------------------------------------------------------------------------------------------ */

struct coverage;
struct coverage *coverage_new(struct arena *a, const struct ir *ir);
void coverage_add(struct coverage *c, const struct trial *t);
/* Tells each rule that stands in a file of the user's, or of them all where only embedded ones were given. */
void coverage_tell(const struct coverage *c, const struct sources *sources, const struct csr_test_options *o);

#endif
