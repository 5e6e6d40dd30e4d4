/* acting.h - the thread that acts, and the queue before it: matching never waits for an action.
 *
 *     writer of incidents --ring--> action thread: policy, journal, attempts --> outcome lines
 *
 * Invariants
 * 1. acting_put never waits for an action. The ring is bounded; what it does not hold is kept in a list beside it, in
 *    order. With ACTING_MOST jobs waiting a job is refused: the caller says so in the incidents' stream.
 * 2. Jobs are performed in the order in which they were put.
 * 3. Before each job the newest edition given by acting_adopt is looked at: a policy that is withdrawn holds for what
 *    is queued.
 */
#ifndef CSR_ENGINE_SERVICE_ACTING_H
#define CSR_ENGINE_SERVICE_ACTING_H

#include "engine/action/action.h"
#include "engine/service/edition.h"

#define ACTING_RING 1023u
#define ACTING_MOST 16384u

struct acting;

struct acting_options {
    struct journal *journal; /* outlives the acting */
    const char *user_agent;
    struct editions *editions;
    void *world;
    /* On the action thread, after each job. */
    void (*outcome)(void *world, const struct action_job *job, const struct action_result *result);
};

/* NULL and error on failure. The thread runs at once. */
struct acting *acting_start(const struct acting_options *o, char error[256]);
/* Finishes what is queued, for at most grace_ms; then breaks off and notes the rest as proposed. Joins and frees. */
void acting_stop(struct acting *a, int64_t grace_ms);

/* One thread at a time (the writer). Takes the job. False: refused, the job is freed. */
bool acting_put(struct acting *a, struct action_job *job);
/* Any one thread (control): takes a reference of the edition. */
void acting_adopt(struct acting *a, struct edition *e);

struct acting_counts {
    uint64_t put, performed, refused; /* waiting: put - performed */
};
struct acting_counts acting_count(const struct acting *a);

#endif
