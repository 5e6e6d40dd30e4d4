/* out.c - what the run gives, on its way out: incidents become lines and jobs, outcomes become lines.
 *
 *     {"type":"incident",…}   each revision, in the run's order
 *     {"type":"action",…}     what became of one of its actions
 *     {"type":"feed",…}       a feed began to lag, or came back (feeds.c)
 *
 * 1. A revision's line is written before its actions are handed over, so that an outcome never precedes its incident.
 * 2. When there is no room for a line (a full disk) the writer waits for room, and the run with it: the lag grows,
 *    nothing is dropped.
 */
#include "engine/service/service.h"

#include "engine/base/hash.h"
#include "engine/io/incident_json.h"
#include "engine/run/atomic.h"

#include <stdlib.h>
#include <time.h>

#define ROOM_WAIT_MS 500
#define ASIDES_TOLD  10 /* each; after it the counts that are powers of two */

/* ---- lines --------------------------------------------------------------------------------------------- */

static bool should_wait(const struct service *s)
{
    return !flag_is_up(&s->stop) && !(s->o->stop && flag_is_up(s->o->stop));
}

/* Invariant 2. False: it cannot be written, and error says why. */
bool service_line(struct service *s, struct text line, char error[256])
{
    enum sink_result result = sink_put(s->incidents, line, error);
    if (result == SINK_FULL) service_talk(s, "%s: waiting for room", error);
    while (result == SINK_FULL && should_wait(s)) {
        nanosleep(&(struct timespec){0, ROOM_WAIT_MS * 1000000}, NULL);
        result = sink_flush(s->incidents, error);
    }
    if (result == SINK_DONE) error[0] = '\0'; /* what was waited for is no trouble any more */
    return result == SINK_DONE;
}

static void put_outcome(struct json_out *o, const struct action_job *job, const struct action_result *r)
{
    json_open(o, '{');
    json_name(o, "type"), json_put_cstring(o, "action");
    json_name(o, "id"), r->journal_id ? json_put_int(o, r->journal_id) : json_put_null(o);
    json_name(o, "incident"), json_put_text(o, job->incident_id);
    json_name(o, "rule"), json_put_text(o, job->rule);
    json_name(o, "action"), json_put_text(o, job->verb);
    json_name(o, "args"), json_put_json(o, job->action_json);
    json_name(o, "state"), json_put_cstring(o, action_outcome_name(r->outcome));
    json_name(o, "error"), r->error[0] ? json_put_cstring(o, r->error) : json_put_null(o);
    json_member_uint(o, "attempts", r->attempts);
    json_close(o, '}');
    json_put_newline(o);
}

/* ---- outcomes ------------------------------------------------------------------------------------------ */

/* A plain proposal is told by its incident already. */
void service_outcome(void *world, const struct action_job *job, const struct action_result *r)
{
    struct service *s = world;
    struct json_out o = {0};
    char error[256] = "out of memory";
    if (r->outcome == ACTION_PROPOSED && !r->error[0]) return;
    put_outcome(&o, job, r);
    if (o.failed || !service_line(s, json_out_text(&o), error))
        service_talk(s, "an action's outcome is lost: %s", error);
    json_out_release(&o);
}

/* ---- incidents ----------------------------------------------------------------------------------------- */

/* Of rule, key, verb and target: each piece is hashed under the hash of those before it, so no two lists of pieces
 * run together. */
static void name_action(const struct incident *i, struct text verb, struct text target, char out[33])
{
    struct text pieces[] = {i->ir->rules[i->rule].name, i->key, verb, target};
    struct hash128 h = {0};
    for (size_t n = 0; n < sizeof pieces / sizeof *pieces; n++)
        h = hash_128((uint64_t[2]){h.hi, h.lo}, pieces[n].at, pieces[n].len);
    hash128_print(h, out);
}

static struct text first_text(const struct incident_action *a)
{
    return a->n_args && a->args[0].kind == VALUE_STRING ? value_text(a->args[0]) : TEXT("");
}

static void say_refused(struct service *s, const struct action_job *job)
{
    struct action_result r = {.outcome = ACTION_PROPOSED, .error = "too many actions are waiting"};
    service_outcome(s, job, &r);
}

static void propose(struct service *s, const struct incident *i, uint32_t index)
{
    const struct ir_rule *rule = &i->ir->rules[i->rule];
    const struct incident_action *a = &i->actions[index];
    char key[33];
    json_out_reset(&s->args);
    incident_action_json(&s->args, i, index);
    struct action_job job = {
        .verb = rule->responds[a->respond].verb, .sink = first_text(a), .incident_id = text_of(i->id),
        .rule = rule->name, .incident_json = {s->line.at, (uint32_t)s->line.len - 1},
        .action_json = json_out_text(&s->args), .opened = i->opened, .once = rule->once,
        .uncertain = i->capped || i->blinded,
    };
    name_action(i, job.verb, job.action_json, key);
    job.idempotency_key = text_of(key);
    struct action_job *copy = s->args.failed ? NULL : action_job_copy(&job);
    if (!copy || !acting_put(s->acting, copy)) say_refused(s, &job);
}

bool service_incident(void *world, const struct incident *i)
{
    struct service *s = world;
    json_out_reset(&s->line);
    incident_json(&s->line, i);
    json_put_newline(&s->line);
    if (s->line.failed) {
        snprintf(s->trouble, sizeof s->trouble, "out of memory");
        return false;
    }
    if (!service_line(s, json_out_text(&s->line), s->trouble)) return false;
    for (uint32_t n = 0; n < i->n_actions; n++)
        if (i->actions[n].is_new && !i->actions[n].is_refused) propose(s, i, n);
    return true;
}

/* ---- what csr itself tells ----------------------------------------------------------------------------- */

void service_notice(void *world, struct text line)
{
    struct service *s = world;
    char error[256] = "out of memory";
    json_out_reset(&s->line);
    json_put_json(&s->line, line);
    json_put_newline(&s->line);
    if (s->line.failed || !service_line(s, json_out_text(&s->line), error))
        service_talk(s, "a notice is lost: %s: " TEXT_FMT, error, TEXT_ARG(line));
}

/* ---- records set aside --------------------------------------------------------------------------------- */

void service_aside(void *world, const struct run_aside *a)
{
    struct service *s = world;
    uint64_t n = ++s->asides;
    if (n > ASIDES_TOLD && (n & (n - 1))) return;
    service_talk(s, TEXT_FMT ":%llu: record set aside: %s (number %llu; %llu so far)", TEXT_ARG(a->origin),
                 (unsigned long long)a->line, aside_name(a->why), (unsigned long long)a->number, (unsigned long long)n);
}
