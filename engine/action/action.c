/* action.c - how an action goes: judged, written down, attempted, written down.
 *
 * A failed attempt that may work later is repeated as often as the sink says, after pauses that double and are spread
 * at random, so that many engines do not knock at once.
 */
#include "engine/action/attempt.h"
#include "engine/action/journal.h"
#include "engine/action/policy.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define TIMEOUT_DEFAULT (10 * (int64_t)1000000000)
#define PAUSE_FIRST_MS  250
#define PAUSE_MOST_MS   30000

/* By what a verb acts through. */
static enum attempt_result (*const attempts[])(const struct attempt *a) = {
    [VERB_SINK_FILE] = notify_attempt,
    [VERB_SINK_WEBHOOK] = http_attempt,
    [VERB_SINK_EXEC] = exec_attempt,
};

struct actions {
    struct journal *journal;
    const char *user_agent;
    const struct ir_site *site; /* NULL: only propose */
    int cancelled;              /* eventfd */
    uint64_t random;            /* xorshift; never 0 */
};

const char *action_outcome_name(enum action_outcome o)
{
    static const char *const names[] = {"proposed", "done", "failed", "repeated",
                                        "forbidden", "intended", "unknown"};
    return names[o];
}

/* ---- making and freeing -------------------------------------------------------------------------------- */

static void copy_text(char **at, struct text *t)
{
    if (t->len) memcpy(*at, t->at, t->len);
    t->at = *at;
    *at += t->len;
}

struct action_job *action_job_copy(const struct action_job *job)
{
    size_t size = sizeof *job + job->verb.len + job->sink.len + job->incident_id.len + job->rule.len +
                  job->idempotency_key.len + job->incident_json.len + job->action_json.len;
    struct action_job *copy = malloc(size);
    if (!copy) return NULL;
    *copy = *job;
    struct text *texts[] = {&copy->verb, &copy->sink, &copy->incident_id, &copy->rule,
                            &copy->idempotency_key, &copy->incident_json, &copy->action_json};
    char *at = (char *)(copy + 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) copy_text(&at, texts[i]);
    return copy;
}

struct actions *actions_new(struct journal *j, const char *user_agent, char error[256])
{
    struct actions *a = calloc(1, sizeof *a);
    int cancelled = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!a || cancelled < 0 || !http_start()) {
        snprintf(error, 256, "cannot start acting: %s", strerror(errno));
        if (cancelled >= 0) close(cancelled);
        free(a);
        return NULL;
    }
    *a = (struct actions){.journal = j, .user_agent = user_agent, .cancelled = cancelled};
    if (getrandom(&a->random, sizeof a->random, GRND_NONBLOCK) != sizeof a->random || !a->random)
        a->random = 1;
    return a;
}

void actions_free(struct actions *a)
{
    if (!a) return;
    close(a->cancelled);
    http_stop();
    free(a);
}

void actions_adopt(struct actions *a, const struct ir_site *site)
{
    a->site = site;
}

void actions_cancel(struct actions *a)
{
    uint64_t one = 1;
    ssize_t written = write(a->cancelled, &one, sizeof one); /* a full counter is readable as well */
    (void)written;
}

bool attempt_cancelled(int cancelled, int wait_ms)
{
    struct pollfd look = {cancelled, POLLIN, 0};
    return poll(&look, 1, wait_ms) > 0;
}

/* ---- attempts ------------------------------------------------------------------------------------------ */

static uint64_t next_random(struct actions *a)
{
    a->random ^= a->random << 13;
    a->random ^= a->random >> 7;
    a->random ^= a->random << 17;
    return a->random;
}

/* Before attempt number n (from 2): half to all of 250 ms, 500 ms, 1 s … */
static int pause_ms(struct actions *a, uint32_t n)
{
    uint64_t full = n - 2 < 7 ? (uint64_t)PAUSE_FIRST_MS << (n - 2) : PAUSE_MOST_MS;
    if (full > PAUSE_MOST_MS) full = PAUSE_MOST_MS;
    return (int)(full / 2 + next_random(a) % (full / 2 + 1));
}

/* The attempts of one action, each written down. */
static struct action_result attempt_it(struct actions *a, enum verb_target through, struct attempt *attempt,
                                       int64_t id)
{
    struct action_result r = {.outcome = ACTION_FAILED, .journal_id = id};
    char trouble[256];
    attempt->error = r.error;
    for (uint32_t n = 1;; n++) {
        if (n > 1 && attempt_cancelled(a->cancelled, pause_ms(a, n))) return r;
        r.attempts = n;
        r.error[0] = '\0';
        enum attempt_result result = attempts[through](attempt);
        journal_attempt(a->journal, id, n, r.error, trouble);
        if (result == ATTEMPT_DONE) r.outcome = ACTION_DONE;
        if (result != ATTEMPT_AGAIN || n > attempt->sink->retries) return r;
    }
}

static struct action_result act(struct actions *a, enum verb_target through, const struct action_job *job,
                                const struct ir_sink *sink)
{
    struct action_result r = {0};
    struct journal_entry entry = {0};
    char trouble[256];
    if (attempt_cancelled(a->cancelled, 0)) {
        snprintf(r.error, sizeof r.error, "csr stopped before it was tried");
        r.outcome = ACTION_PROPOSED;
        if (journal_note(a->journal, job, r.outcome, r.error, &entry, trouble)) r.journal_id = entry.id;
        return r;
    }
    r.outcome = journal_intend(a->journal, job, &entry, r.error);
    r.journal_id = entry.id;
    if (r.outcome != ACTION_INTENDED) return r;
    int64_t timeout = sink->timeout > 0 ? sink->timeout : TIMEOUT_DEFAULT;
    struct attempt attempt = {job, sink, entry.key, a->user_agent, timeout, a->cancelled, NULL};
    r = attempt_it(a, through, &attempt, entry.id);
    if (!journal_outcome(a->journal, entry.id, r.outcome, r.error, trouble) && r.outcome == ACTION_DONE)
        memcpy(r.error, trouble, sizeof r.error);
    return r;
}

struct action_result actions_perform(struct actions *a, const struct action_job *job)
{
    const struct verb_info *verb = verb_find(job->verb);
    const struct ir_sink *sink = NULL;
    struct action_result r = {0};
    struct journal_entry entry = {0};
    char trouble[256];
    r.outcome = policy_judge(a->site, verb, job, &sink, r.error);
    if (r.outcome == ACTION_INTENDED) return act(a, verb->target, job, sink);
    if (journal_note(a->journal, job, r.outcome, r.error, &entry, trouble))
        r.journal_id = entry.id;
    else
        memcpy(r.error, trouble, sizeof r.error);
    return r;
}
