/* attempt.h - one attempt of one verb: what action.c gives to notify.c, http.c and exec.c. */
#ifndef CSR_ENGINE_ACTION_ATTEMPT_H
#define CSR_ENGINE_ACTION_ATTEMPT_H

#include "engine/action/action.h"

struct attempt {
    const struct action_job *job;
    const struct ir_sink *sink;
    const char *key;   /* what identifies this action to the other side */
    const char *user_agent;
    int64_t timeout;   /* nanoseconds */
    int cancelled;     /* a descriptor that becomes readable when the attempt shall end */
    char *error;       /* [256]: why it failed */
};
#define ATTEMPT_ERROR 256

enum attempt_result {
    ATTEMPT_DONE,
    ATTEMPT_FAILED, /* trying again would not help */
    ATTEMPT_AGAIN,  /* it may work later */
};

/* Appends the incident's line to the sink's file. */
enum attempt_result notify_attempt(const struct attempt *a);
/* Posts the incident to the sink's URL. */
enum attempt_result http_attempt(const struct attempt *a);
/* Runs the sink's program with the incident on its standard input. */
enum attempt_result exec_attempt(const struct attempt *a);

/* Once before the first http_attempt, and after the last. */
bool http_start(void);
void http_stop(void);

/* Whether a->cancelled became readable within so many milliseconds. */
bool attempt_cancelled(int cancelled, int wait_ms);

#endif
