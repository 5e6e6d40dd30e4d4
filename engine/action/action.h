/* action.h - carrying out what rules propose and the site file allows, and keeping a journal of it.
 *
 * Actions run on a thread of their own behind a ring (engine/run): matching never waits for them. What a rule names
 * is a sink; paths, URLs and argv come from the site file alone.
 *
 * Invariants
 * 1. An action is in the journal as intended before it is attempted, and its outcome after.
 * 2. The idempotency key (rule, key, verb, target, for the time of `once`) is attempted once: a journal that already
 *    holds an attempt under it, from this run or an earlier one, is not repeated.
 * 3. Without a policy that allows a verb, nothing is attempted: the journal says "proposed".
 */
#ifndef CSR_ENGINE_ACTION_ACTION_H
#define CSR_ENGINE_ACTION_ACTION_H

#include "engine/state/incident.h"

struct journal;  /* SQLite; one thread */
/* path ":memory:" or a file. NULL and error on failure. */
struct journal *journal_open(const char *path, char error[256]);
void journal_close(struct journal *j);

/* One thing to do, self-contained: made by the writer from an incident's new proposals, freed by the runner. */
struct action_job {
    struct text verb, sink;       /* verb "notify", sink "soc"; a verb that cannot act yet keeps its arguments in json */
    struct text incident_id, rule, title;
    struct text idempotency_key;
    struct text incident_json;    /* the revision, one line */
    struct text action_json;      /* the action's own arguments */
};

enum action_outcome { ACTION_PROPOSED, ACTION_DONE, ACTION_FAILED, ACTION_REPEATED, ACTION_FORBIDDEN };
const char *action_outcome_name(enum action_outcome o);

struct actions;
/* site may be NULL: everything is only proposed. Both outlive the actions. */
struct actions *actions_new(const struct ir_site *site, struct journal *j);
void actions_free(struct actions *a);
/* Blocks (files, HTTP with its time limit and retries, a child process). error: why it failed, for the journal. */
enum action_outcome actions_perform(struct actions *a, const struct action_job *job, char error[256]);

#endif
