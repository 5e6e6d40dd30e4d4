/* action.h - carrying out what rules propose and the site file allows, and keeping a journal of it.
 *
 * Actions run on a thread of their own behind a ring (engine/run): matching never waits for them. What a rule names
 * is a sink; paths, URLs and argv come from the site file alone.
 *
 *   policy.c    may it?                    journal.c  what was intended, tried and achieved (SQLite)
 *   action.c    the verbs, the retries     notify.c, http.c, exec.c  one attempt of each verb
 *
 * Invariants
 * 1. An action is in the journal as intended before it is attempted, and its outcome after.
 * 2. The idempotency key (rule, key, verb, target) is attempted once in the time of `once`: a journal that already
 *    holds an attempt under it, from this run or an earlier one, is not repeated.
 * 3. Without a site file that enforces, and for verbs that cannot act yet, nothing is attempted: the journal says
 *    "proposed". Where it enforces and does not allow the verb, the journal says "forbidden".
 */
#ifndef CSR_ENGINE_ACTION_ACTION_H
#define CSR_ENGINE_ACTION_ACTION_H

#include "engine/state/incident.h"

#include <stddef.h>

struct journal; /* SQLite; one thread */
/* path ":memory:" or a file. NULL and error on failure. */
struct journal *journal_open(const char *path, char error[256]);
void journal_close(struct journal *j);
/* Actions that an earlier run had begun when it ended: whether they happened is not known. They stay in the journal as
 * "unknown" and are not repeated. Counted at opening. */
uint32_t journal_interrupted(const struct journal *j);

/* One thing to do, self-contained: made by the writer from an incident's new proposals, freed by the runner. */
struct action_job {
    struct text verb, sink;       /* verb "notify", sink "soc"; a verb that cannot act yet has no sink */
    struct text incident_id, rule;
    struct text idempotency_key;  /* of rule, key, verb and target; letters and digits */
    struct text incident_json;    /* the revision, one line */
    struct text action_json;      /* the action's own arguments */
    int64_t opened, once;         /* seconds: of the incident's group, for invariant 2 */
    bool uncertain;               /* the incident is capped or blinded: nothing runs because of it (B12, B14) */
};
/* A copy in one piece, to be freed with free(); NULL: no memory. */
struct action_job *action_job_copy(const struct action_job *job);

/* REPEATED: attempted before, under the same key. UNKNOWN: a run ended during the attempt. */
enum action_outcome {
    ACTION_PROPOSED, ACTION_DONE, ACTION_FAILED, ACTION_REPEATED, ACTION_FORBIDDEN, ACTION_INTENDED,
    ACTION_UNKNOWN,
};
const char *action_outcome_name(enum action_outcome o);

struct action_result {
    enum action_outcome outcome;
    uint32_t attempts;
    int64_t journal_id; /* 0: the journal could not be written */
    char error[256];    /* why it failed or was not tried */
};

/* All below is for one thread, but for actions_cancel. */
struct actions;
/* Only proposes until a site is given. user_agent: who we are to web hooks; it and the journal outlive the actions. */
struct actions *actions_new(struct journal *j, const char *user_agent, char error[256]);
void actions_free(struct actions *a);
/* From the next job on this site's sinks and policy; it must stay until the next is given. NULL: only propose. */
void actions_adopt(struct actions *a, const struct ir_site *site);
/* Blocks (files, HTTP with its time limit and retries, a child process). */
struct action_result actions_perform(struct actions *a, const struct action_job *job);
/* Any thread, for good: the attempt at hand is broken off, later ones fail at once. */
void actions_cancel(struct actions *a);

#endif
