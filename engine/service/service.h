/* service.h - the parts of `csr run`, for this folder alone.
 *
 *     service.c   starting in order, running, stopping in order
 *     input.c     the sources of the site file as one input
 *     out.c       what the run gives: incidents to lines and jobs, outcomes to lines
 *     feeds.c     what is told of feeds
 *     acting.c    the queue of actions and their thread
 *     control.c   the control thread: requests, reload, status
 *     socket.c    clients of the control socket, and csr_control
 *     receipt.c   what a reload did, as JSON
 *     keeping.c   --state: checkpoints
 *     view.c      rules at work, as JSON
 *     keys.c      what is held for a key, as JSON
 *     edition.c   rule sets that several threads use
 *
 * Threads: N workers (the caller is one of them); the holder of the run's writing token calls out.c and the
 * control_on_… functions; the action thread; the control thread; during a reload one that compiles.
 */
#ifndef CSR_ENGINE_SERVICE_SERVICE_H
#define CSR_ENGINE_SERVICE_SERVICE_H

#include "engine/base/json_out.h"
#include "engine/io/sink.h"
#include "engine/run/run.h"
#include "engine/service/acting.h"
#include "engine/service/edition.h"
#include "engine/service/input.h"
#include "engine/service/keeping.h"

#include <pthread.h>

struct control;

struct service {
    const struct csr_run_options *o;
    pthread_mutex_t talking; /* one line at a time */
    uint8_t stop;            /* flag: end the run in order */
    uint64_t secret[2];
    struct editions *editions;
    struct edition *first;   /* the rules that it was started with */
    struct sources_input *sources;
    struct input input;
    struct sink *incidents;
    struct keeping *keeping; /* NULL: no checkpoints */
    int lock;                /* of the journal's folder: one service, one journal */
    struct journal *journal;
    struct acting *acting;
    struct control *control;
    struct run *run;
    char socket[256], journal_path[512], folder[512]; /* folder: of state; empty: none */
    struct state_adoption first_adoption; /* what was kept of a checkpoint */

    /* the writing token's holder */
    struct json_out line, args;
    uint64_t asides;
    char trouble[256]; /* why incidents can be written no more; read when the run is over */
};

/* A line for people. Any thread. */
void service_talk(struct service *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- out.c: callbacks of the run and of the action thread; world is the service ---- */

bool service_incident(void *world, const struct incident *i);
void service_aside(void *world, const struct run_aside *a);
/* An event that csr itself tells: a line of the incident stream. */
void service_notice(void *world, struct text line);
void service_outcome(void *world, const struct action_job *job, const struct action_result *result);
/* A line of the incident stream, with its newline; waits while there is no room. False: it is lost, and error says why. */
bool service_line(struct service *s, struct text line, char error[256]);

/* ---- feeds.c ---- */

void service_feed(void *world, const struct run_counts *n, const struct run_feed *f);
/* "feeds" and "late_by_rule" as the members of one object. */
void service_feeds_json(struct json_out *o, const struct service *s, const struct run_counts *n);

/* ---- control.c ---- */

/* NULL and error: no socket. The thread serves from control_go on. */
struct control *control_new(struct service *s, char error[512]);
bool control_go(struct control *c);
/* The run is over: answers who waits, and joins. where: what to say about where it stopped. */
void control_end(struct control *c, const char *where);
/* Once the run is freed: its rules go. */
void control_free(struct control *c);

/* Callbacks of the run; world is the control. */
void control_on_written(struct control *c, const struct run_counts *counts);
void control_on_counted(struct control *c, const struct run_counts *counts);
void control_on_key(struct control *c, const struct run_question *q, const struct run_counts *counts,
                    const struct run_key *key);
void control_on_adopted(struct control *c, uint64_t generation, const struct state_adoption *what);

/* ---- receipt.c ---- */

struct receipt {
    const struct edition *before, *after; /* after NULL: refused */
    uint64_t generation;
    struct state_adoption adoption;
    int64_t took_ms;
    const csr_report *report; /* refused: the diagnostics */
    const char *error;        /* refused for another reason; NULL: see report */
};
/* One object, on one line. */
void receipt_json(struct json_out *o, const struct receipt *r);
/* What a reload does not change: "sources", "incidents", "state", "socket". */
void receipt_restart_needed(struct json_out *o, const struct ir_site *before, const struct ir_site *after);

#endif
