/* control.c - the control thread: requests over the socket, signals, reload, status.
 *
 * One thread, one loop: it polls the socket and an eventfd that others ring when they have something for it. It alone
 * publishes rule sets to the run and takes retired ones back (run.h).
 *
 *     reload asked -> compiling (a thread beside) -> adopting (the run, at a marker in the stream) -> receipt
 *
 * Invariants
 * 1. Nothing is published unless the whole set compiled; until then the running rules are untouched.
 * 2. A reload that is asked for while one is under way is another one, behind it: the files may have changed since.
 * 3. Whoever asked for a reload is answered once every partition runs the new rules, or with the reason why not.
 * 4. What writers say is copied under the lock and read under it; the lock is never held while anything is waited for.
 */
#include "engine/service/service.h"

#include "engine/base/json.h"
#include "engine/event/decode.h"
#include "engine/run/atomic.h"
#include "engine/service/keys.h"
#include "engine/service/socket.h"
#include "engine/service/view.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TURN_MS        100  /* how late a signal is noticed */
#define STATUS_MOST_MS 1000 /* for state to be counted; after it the last counts are told */
#define FAREWELL_MS    1000 /* for last answers to be taken */
#define EDITIONS_MOST  32
#define ASKED_MOST     CLIENTS_MOST /* keys */

enum wants { WANTS_NOTHING, WANTS_RELOAD, WANTS_STATUS, WANTS_RULES, WANTS_STATE, WANTS_STOP };
enum phase { PHASE_IDLE, PHASE_COMPILING, PHASE_ADOPTING };

struct reload { /* the one under way */
    enum phase phase;
    uint64_t ticket;
    int64_t began;
    pthread_t thread;
    csr_report *report;
    csr_ruleset *rules;   /* by the thread that compiles; read once is_compiled is seen */
    struct edition *next;
};

struct control {
    struct service *service;
    pthread_t thread;
    int wake; /* eventfd */

    pthread_mutex_t lock;
    /* under the lock */
    struct run_counts counts;
    uint64_t counted; /* answers to run_ask_count */
    uint64_t adopted; /* generation */
    struct state_adoption adoption;
    bool is_compiled, has_ended;
    char where[512];
    struct json_out swallowed; /* an object: what exceptions took, by rule and name */
    struct json_out feeds;     /* an object: service_feeds_json */
    struct view view;          /* rules at work */

    /* the control thread's own */
    struct control_socket socket;
    struct reload reload;
    uint64_t tickets; /* reloads asked for */
    uint64_t generation;
    struct edition *current;
    struct edition *in_run[EDITIONS_MOST]; /* each with a reference for the run */
    uint64_t status_after;                 /* `counted` that answers those who want status */
    int64_t status_deadline;
    int64_t next_look; /* ms: at the files of datasets */
    int64_t began;
    struct json_out answer, last_receipt;
    struct asked_key *asked[ASKED_MOST]; /* NULL: free */
    uint64_t keys;                       /* asked for so far */
};

/* ---- what others say ----------------------------------------------------------------------------------- */

static void ring_bell(struct control *c)
{
    uint64_t one = 1;
    ssize_t n = write(c->wake, &one, sizeof one); /* a full counter wakes as well */
    (void)n;
}

/* The rules may be gone when the counts are read. */
static void keep_counts(struct control *c, const struct run_counts *counts)
{
    c->counts = *counts;
    c->counts.ir = NULL;
    c->counts.swallowed = c->counts.late_hits = NULL;
    c->counts.feeds = NULL;
    c->counts.rules = NULL;
    c->counts.steps = NULL;
}

static void put_swallowed(struct json_out *o, const struct run_counts *n)
{
    json_out_reset(o);
    json_open(o, '{');
    for (uint32_t i = 0; n->ir && i < n->ir->n_rules; i++) {
        const struct ir_rule *r = &n->ir->rules[i];
        if (!r->n_exceptions) continue;
        json_name_text(o, r->name), json_open(o, '{');
        for (uint32_t e = 0; e < r->n_exceptions; e++) {
            json_name_text(o, r->exceptions[e].name);
            json_put_uint(o, n->swallowed[r->exceptions[e].number]);
        }
        json_close(o, '}');
    }
    json_close(o, '}');
}

void control_on_written(struct control *c, const struct run_counts *counts)
{
    pthread_mutex_lock(&c->lock);
    struct state_counts states = c->counts.states;
    keep_counts(c, counts);
    c->counts.states = states;
    pthread_mutex_unlock(&c->lock);
}

void control_on_counted(struct control *c, const struct run_counts *counts)
{
    pthread_mutex_lock(&c->lock);
    keep_counts(c, counts);
    put_swallowed(&c->swallowed, counts);
    service_feeds_json(&c->feeds, c->service, counts);
    view_keep(&c->view, counts);
    c->counted++;
    pthread_mutex_unlock(&c->lock);
    ring_bell(c);
}

void control_on_key(struct control *c, const struct run_question *q, const struct run_counts *counts,
                    const struct run_key *key)
{
    struct asked_key *a = (struct asked_key *)(uintptr_t)q;
    asked_key_take(a, counts, key);
    if (key) return;
    pthread_mutex_lock(&c->lock);
    a->is_answered = true;
    pthread_mutex_unlock(&c->lock);
    ring_bell(c);
}

void control_on_adopted(struct control *c, uint64_t generation, const struct state_adoption *what)
{
    pthread_mutex_lock(&c->lock);
    c->adopted = generation;
    c->adoption = *what;
    pthread_mutex_unlock(&c->lock);
    ring_bell(c);
}

/* ---- rule sets in the run ------------------------------------------------------------------------------ */

static bool publish(struct control *c, struct edition *e)
{
    struct edition **place = c->in_run;
    while (place < c->in_run + EDITIONS_MOST && *place) place++;
    if (place == c->in_run + EDITIONS_MOST || !run_publish(c->service->run, e->ir, e)) return false;
    edition_use(c->service->editions, e);
    *place = e;
    c->generation++;
    return true;
}

static void take_back(struct control *c, struct edition *e)
{
    for (int i = 0; i < EDITIONS_MOST; i++)
        if (c->in_run[i] == e) {
            c->in_run[i] = NULL;
            edition_leave(c->service->editions, e);
            return;
        }
}

static void take_back_retired(struct control *c)
{
    struct edition *e;
    while ((e = run_retired(c->service->run))) take_back(c, e);
}

/* ---- reload -------------------------------------------------------------------------------------------- */

static void *compile_beside(void *world)
{
    struct control *c = world;
    struct csr_text site = {.name = c->service->o->site};
    csr_ruleset *rules =
        csr_compile(&(struct csr_compile_options){.texts = &site, .n_texts = 1, .tells_unused = true, .today = (int64_t)time(NULL)}, c->reload.report);
    c->reload.rules = rules;
    pthread_mutex_lock(&c->lock);
    c->is_compiled = true;
    pthread_mutex_unlock(&c->lock);
    ring_bell(c);
    return NULL;
}

static void answer_all(struct control *c, enum wants wants, uint64_t up_to, struct text line, bool last)
{
    for (int i = 0; i < CLIENTS_MOST; i++) {
        struct client *client = &c->socket.clients[i];
        if (client->file >= 0 && client->wants == wants && client->ticket <= up_to)
            client_answer(client, line, last);
    }
}

/* The reload is over: its receipt goes to whoever asked, and to people. */
static void conclude(struct control *c, struct receipt *receipt)
{
    struct reload *r = &c->reload;
    struct json_out *o = &c->last_receipt;
    receipt->report = r->report;
    receipt->generation = c->generation;
    receipt->took_ms = clock_ms() - r->began;
    json_out_reset(o);
    receipt_json(o, receipt);
    struct text line =
        o->failed ? TEXT("{\"type\":\"reload\",\"ok\":false,\"error\":\"out of memory\"}") : json_out_text(o);
    service_talk(c->service, TEXT_FMT, TEXT_ARG(line));
    answer_all(c, WANTS_RELOAD, r->ticket, line, false);
    csr_report_free(r->report);
    *r = (struct reload){.phase = PHASE_IDLE, .ticket = r->ticket};
}

static void refuse(struct control *c, const char *error)
{
    conclude(c, &(struct receipt){.before = c->current, .error = error});
}

static void begin_reload(struct control *c)
{
    struct reload *r = &c->reload;
    r->ticket = c->tickets;
    r->began = clock_ms();
    r->report = csr_report_new();
    c->is_compiled = false;
    if (!r->report || pthread_create(&r->thread, NULL, compile_beside, c))
        refuse(c, "no memory or no thread to compile with");
    else
        r->phase = PHASE_COMPILING;
}

static void publish_compiled(struct control *c)
{
    struct reload *r = &c->reload;
    pthread_join(r->thread, NULL);
    if (!r->rules) {
        refuse(c, NULL);
        return;
    }
    r->next = edition_new(r->rules);
    if (r->next && publish(c, r->next)) {
        r->phase = PHASE_ADOPTING;
        return;
    }
    edition_leave(c->service->editions, r->next);
    refuse(c, "no memory, or too many rule sets are still in use");
}

static void adopt(struct control *c)
{
    char error[256];
    struct edition *before = c->current, *after = c->reload.next;
    struct receipt receipt = {.before = before, .after = after};
    pthread_mutex_lock(&c->lock);
    receipt.adoption = c->adoption;
    pthread_mutex_unlock(&c->lock);
    acting_adopt(c->service->acting, after);
    if (!sink_reopen(c->service->incidents, error)) service_talk(c->service, "%s", error);
    c->current = after; /* the reference of edition_new */
    conclude(c, &receipt);
    edition_leave(c->service->editions, before);
}

static void move_reload(struct control *c)
{
    struct reload *r = &c->reload;
    pthread_mutex_lock(&c->lock);
    bool is_compiled = c->is_compiled, is_adopted = c->adopted >= c->generation;
    pthread_mutex_unlock(&c->lock);
    if (r->phase == PHASE_COMPILING && is_compiled) publish_compiled(c);
    else if (r->phase == PHASE_ADOPTING && is_adopted) adopt(c);
    if (r->phase == PHASE_IDLE && r->ticket < c->tickets) begin_reload(c);
}

/* ---- status -------------------------------------------------------------------------------------------- */

static void put_records(struct json_out *o, const struct run_counts *n)
{
    json_name(o, "records"), json_open(o, '{');
    json_member_uint(o, "in", n->in);
    json_member_uint(o, "evaluated", n->evaluated);
    json_member_uint(o, "late", n->late);
    json_member_uint(o, "duplicate", n->duplicate);
    json_member_uint(o, "aside", n->aside);
    json_member_uint(o, "not_used", n->not_used);
    json_member_uint(o, "ahead", n->ahead);
    json_close(o, '}');
}

static void put_states(struct json_out *o, const struct state_counts *n)
{
    const struct {
        const char *name;
        uint64_t count;
    } all[] = {
        {"made", n->made},       {"completed", n->completed},   {"expired", n->expired},
        {"vetoed", n->vetoed},   {"superseded", n->superseded}, {"merged", n->merged},
        {"dropped", n->dropped}, {"evicted", n->evicted},       {"live", n->live},
        {"keys", n->keys},       {"half_built", n->half_built}, {"baseline_values", n->baseline_values},
        {"identities", n->identities}, {"bytes", n->bytes},     {"keys_bytes", n->keys_bytes},
    };
    json_name(o, "states"), json_open(o, '{');
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) json_member_uint(o, all[i].name, all[i].count);
    json_close(o, '}');
}

/* What had to give for want of room. */
static void put_evicted(struct json_out *o, const struct state_counts *n)
{
    json_name(o, "evicted"), json_open(o, '{');
    json_member_uint(o, "keys", n->keys_evicted);
    json_member_uint(o, "hits", n->hits_refused);
    json_member_uint(o, "values", n->values_evicted);
    json_member_uint(o, "identities", n->identities_evicted);
    json_close(o, '}');
}

static void put_incidents(struct json_out *o, const struct run_counts *n)
{
    json_name(o, "incidents"), json_open(o, '{');
    json_member_uint(o, "opened", n->incidents);
    json_member_uint(o, "revisions", n->revisions);
    json_member_uint(o, "open", n->states.incidents_open);
    json_close(o, '}');
}

static void put_actions(struct json_out *o, const struct acting_counts n)
{
    json_name(o, "actions"), json_open(o, '{');
    json_member_uint(o, "waiting", n.put - n.performed);
    json_member_uint(o, "performed", n.performed);
    json_member_uint(o, "refused", n.refused);
    json_close(o, '}');
}

/* Event time that is settled, and how far the clock on the wall is ahead of it. */
static void put_watermark(struct json_out *o, int64_t second)
{
    char text[32];
    bool is_known = second > INT64_MIN && second < INT64_MAX;
    json_name(o, "watermark");
    if (is_known) json_put_text(o, (struct text){text, time_print(second * 1000000000, text)});
    else json_put_null(o);
    json_name(o, "lag_s");
    if (is_known) json_put_int(o, (int64_t)time(NULL) - second);
    else json_put_null(o);
}

static void put_blind(struct json_out *o, const struct ir *ir)
{
    json_name(o, "blind"), json_open(o, '[');
    for (uint32_t i = 0; i < ir->n_rules; i++)
        if (ir->rules[i].is_blind) json_put_text(o, ir->rules[i].name);
    json_close(o, ']');
}

static void put_rules(struct json_out *o, const struct control *c)
{
    json_member_uint(o, "rules", csr_ruleset_rules(c->current->rules));
    put_blind(o, c->current->ir);
    json_member_uint(o, "generation", c->generation);
    json_name(o, "digest"), json_put_cstring(o, csr_ruleset_digest(c->current->rules));
    json_name(o, "last_reload");
    if (c->last_receipt.len) json_put_json(o, json_out_text(&c->last_receipt));
    else json_put_null(o);
}

static struct text answer_of(const struct json_out *o)
{
    return o->failed ? TEXT("{\"ok\":false,\"error\":\"out of memory\"}") : json_out_text(o);
}

static void answer_status(struct control *c, bool is_fresh)
{
    struct json_out *o = &c->answer;
    pthread_mutex_lock(&c->lock);
    struct run_counts counts = c->counts;
    pthread_mutex_unlock(&c->lock);
    json_out_reset(o);
    json_open(o, '{');
    json_name(o, "type"), json_put_cstring(o, "status");
    json_name(o, "ok"), json_put_bool(o, true);
    json_name(o, "version"), json_put_cstring(o, CSR_VERSION);
    json_name(o, "uptime_s"), json_put_int(o, (clock_ms() - c->began) / 1000);
    put_records(o, &counts);
    json_member_uint(o, "hits", counts.hits);
    json_member_uint(o, "derived_hits", counts.derived); /* of groups, for rules over rules */
    json_member_uint(o, "bytes_read", counts.bytes_read);
    put_watermark(o, counts.watermark);
    put_incidents(o, &counts);
    json_name(o, "states_are_fresh"), json_put_bool(o, is_fresh);
    put_states(o, &counts.states);
    put_evicted(o, &counts.states);
    json_name(o, "accounts_hold"), json_put_bool(o, run_adds_up(&counts) && state_adds_up(&counts.states));
    put_actions(o, acting_count(c->service->acting));
    pthread_mutex_lock(&c->lock);
    json_name(o, "swallowed");
    json_put_json(o, c->swallowed.len ? json_out_text(&c->swallowed) : TEXT("{}"));
    json_name(o, "time");
    json_put_json(o, c->feeds.len ? json_out_text(&c->feeds) : TEXT("{}"));
    pthread_mutex_unlock(&c->lock);
    put_rules(o, c);
    json_close(o, '}');
    answer_all(c, WANTS_STATUS, UINT64_MAX, answer_of(o), false);
}

/* The names are those of the set that was counted: it may have been taken back since. */
static bool is_in_use(const struct control *c, const struct ir *ir)
{
    for (int i = 0; i < EDITIONS_MOST; i++)
        if (c->in_run[i] && c->in_run[i]->ir == ir) return true;
    return false;
}

static void answer_rules(struct control *c, bool is_fresh)
{
    struct json_out *o = &c->answer;
    json_out_reset(o);
    json_open(o, '{');
    json_name(o, "type"), json_put_cstring(o, "rules");
    json_name(o, "ok"), json_put_bool(o, true);
    json_name(o, "is_fresh"), json_put_bool(o, is_fresh);
    json_name(o, "uptime_ms"), json_put_int(o, clock_ms() - c->began);
    pthread_mutex_lock(&c->lock);
    if (!is_in_use(c, c->view.ir)) c->view.n = 0;
    put_records(o, &c->counts);
    json_member_uint(o, "bytes_read", c->counts.bytes_read);
    view_json(o, &c->view);
    pthread_mutex_unlock(&c->lock);
    json_close(o, '}');
    answer_all(c, WANTS_RULES, UINT64_MAX, answer_of(o), false);
}

static void ask_status(struct control *c)
{
    if (c->status_deadline != INT64_MAX) return; /* asked already */
    pthread_mutex_lock(&c->lock);
    c->status_after = c->counted + 1;
    pthread_mutex_unlock(&c->lock);
    c->status_deadline = clock_ms() + STATUS_MOST_MS;
    run_ask_count(c->service->run);
}

static bool is_wanted(const struct control *c, enum wants wants)
{
    for (int i = 0; i < CLIENTS_MOST; i++)
        if (c->socket.clients[i].file >= 0 && c->socket.clients[i].wants == wants) return true;
    return false;
}

static void move_status(struct control *c)
{
    if (c->status_deadline == INT64_MAX) return;
    pthread_mutex_lock(&c->lock);
    bool is_counted = c->counted >= c->status_after;
    pthread_mutex_unlock(&c->lock);
    if (!is_counted && clock_ms() <= c->status_deadline) return;
    if (is_wanted(c, WANTS_STATUS)) answer_status(c, is_counted);
    if (is_wanted(c, WANTS_RULES)) answer_rules(c, is_counted);
    c->status_deadline = INT64_MAX;
}

/* ---- what is held for a key ---------------------------------------------------------------------------- */

static void answer_key(struct control *c, const struct asked_key *a)
{
    for (int i = 0; i < CLIENTS_MOST; i++) {
        struct client *client = &c->socket.clients[i];
        if (client->file >= 0 && client->wants == WANTS_STATE && client->ticket == a->ticket)
            client_answer(client, answer_of(&a->answer), false);
    }
}

/* Who asked may be gone: then the answer is for nobody. */
static void move_keys(struct control *c)
{
    for (int i = 0; i < ASKED_MOST; i++) {
        struct asked_key *a = c->asked[i];
        if (!a) continue;
        pthread_mutex_lock(&c->lock);
        bool is_answered = a->is_answered;
        pthread_mutex_unlock(&c->lock);
        if (!is_answered) continue;
        answer_key(c, a);
        asked_key_free(a);
        c->asked[i] = NULL;
    }
}

/* ---- requests ------------------------------------------------------------------------------------------ */

static void answer_error(struct control *c, struct client *client, const char *error)
{
    struct json_out *o = &c->answer;
    json_out_reset(o);
    json_open(o, '{');
    json_name(o, "ok"), json_put_bool(o, false);
    json_name(o, "error"), json_put_cstring(o, error);
    json_close(o, '}');
    client_answer(client, json_out_text(o), false);
}

static void want_reload(struct control *c, struct client *client, struct text line)
{
    (void)line;
    client->wants = WANTS_RELOAD;
    client->ticket = ++c->tickets;
}

static void want_status(struct control *c, struct client *client, struct text line)
{
    (void)line;
    client->wants = WANTS_STATUS;
    client->ticket = 0;
    ask_status(c);
}

static void want_rules(struct control *c, struct client *client, struct text line)
{
    (void)line;
    client->wants = WANTS_RULES;
    client->ticket = 0;
    ask_status(c);
}

static void want_state(struct control *c, struct client *client, struct text line)
{
    char why[160] = "too many keys are being asked for";
    int place = 0;
    while (place < ASKED_MOST && c->asked[place]) place++;
    struct asked_key *a = place < ASKED_MOST ? asked_key_read(line, why) : NULL;
    if (!a || !run_ask_key(c->service->run, &a->q)) {
        answer_error(c, client, why);
        asked_key_free(a);
        return;
    }
    client->wants = WANTS_STATE;
    client->ticket = a->ticket = ++c->keys;
    c->asked[place] = a;
}

static void want_stop(struct control *c, struct client *client, struct text line)
{
    (void)line;
    client->wants = WANTS_STOP;
    client->ticket = 0;
    flag_raise(&c->service->stop);
}

static const struct {
    const char *verb;
    void (*want)(struct control *c, struct client *client, struct text line);
} requests[] = {{"reload", want_reload}, {"status", want_status}, {"rules", want_rules}, {"state", want_state}, {"stop", want_stop}};

static void take_request(void *world, struct client *client, struct text line)
{
    struct control *c = world;
    char verb[32], why[200];
    if (!json_read_text(line, "verb", verb, sizeof verb, why)) {
        answer_error(c, client, why);
        return;
    }
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        if (strcmp(verb, requests[i].verb) == 0) {
            requests[i].want(c, client, line);
            return;
        }
    snprintf(why, sizeof why, "no request is called \"%s\": reload, status, rules, state or stop is wanted", verb);
    answer_error(c, client, why);
}

/* ---- the thread ---------------------------------------------------------------------------------------- */

static void look_at_signals(struct control *c)
{
    const struct csr_run_options *o = c->service->o;
    if (o->stop && flag_is_up(o->stop)) flag_raise(&c->service->stop);
    if (!o->reload || !flag_is_up(o->reload)) return;
    flag_lower((uint8_t *)(uintptr_t)o->reload);
    c->tickets++;
}

static bool has_changed(const struct ir_dataset *set)
{
    struct stat is;
    if (stat(set->path.at, &is) != 0) return false; /* being replaced: the next look */
    return (int64_t)is.st_mtim.tv_sec * 1000000000 + is.st_mtim.tv_nsec != set->changed || is.st_size != set->size;
}

/* A dataset with `reload` whose file has changed has all rules compiled anew, as control does when it is told to. */
static void look_at_datasets(struct control *c)
{
    const struct ir *ir = c->current->ir;
    int64_t now = clock_ms(), least = INT64_MAX;
    bool any = false;
    if (now < c->next_look || c->reload.phase != PHASE_IDLE) return;
    for (uint32_t i = 0; i < ir->n_datasets; i++) {
        const struct ir_dataset *set = &ir->datasets[i];
        if (!set->reload) continue;
        if (set->reload < least) least = set->reload;
        any = any || (c->next_look && has_changed(set));
    }
    c->next_look = least == INT64_MAX ? now + 1000 : now + least * 1000;
    c->tickets += any;
}

static bool has_ended(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    bool ended = c->has_ended;
    pthread_mutex_unlock(&c->lock);
    return ended;
}

static void say_farewell(struct control *c)
{
    struct json_out *o = &c->answer;
    json_out_reset(o);
    json_open(o, '{');
    json_name(o, "type"), json_put_cstring(o, "stop");
    json_name(o, "ok"), json_put_bool(o, true);
    put_records(o, &c->counts);
    json_name(o, "where"), json_put_cstring(o, c->where);
    json_close(o, '}');
    answer_all(c, WANTS_STOP, UINT64_MAX, json_out_text(o), true);
    struct text sorry = TEXT("{\"ok\":false,\"error\":\"csr has stopped\"}");
    answer_all(c, WANTS_RELOAD, UINT64_MAX, sorry, true);
    answer_all(c, WANTS_STATUS, UINT64_MAX, sorry, true);
    answer_all(c, WANTS_RULES, UINT64_MAX, sorry, true);
    answer_all(c, WANTS_STATE, UINT64_MAX, sorry, true);
}

static void refuse_request(void *world, struct client *client, struct text line)
{
    (void)world, (void)line;
    client_answer(client, TEXT("{\"ok\":false,\"error\":\"csr has stopped\"}"), true);
}

static void end_service(struct control *c)
{
    int64_t until = clock_ms() + FAREWELL_MS;
    if (c->reload.phase == PHASE_COMPILING) {
        pthread_join(c->reload.thread, NULL);
        csr_ruleset_free(c->reload.rules);
    }
    if (c->reload.phase == PHASE_ADOPTING) edition_leave(c->service->editions, c->reload.next);
    csr_report_free(c->reload.report);
    say_farewell(c);
    while (control_socket_is_sending(&c->socket) && clock_ms() < until)
        control_socket_serve(&c->socket, c->wake, 10, c, refuse_request);
}

static void *serve(void *world)
{
    struct control *c = world;
    while (!has_ended(c)) {
        look_at_signals(c);
        look_at_datasets(c);
        move_reload(c);
        move_status(c);
        move_keys(c);
        take_back_retired(c);
        control_socket_serve(&c->socket, c->wake, TURN_MS, c, take_request);
    }
    end_service(c);
    return NULL;
}

/* ---- making and ending --------------------------------------------------------------------------------- */

struct control *control_new(struct service *s, char error[512])
{
    struct control *c = calloc(1, sizeof *c);
    if (!c) {
        snprintf(error, 512, "out of memory");
        return NULL;
    }
    c->service = s;
    c->status_deadline = INT64_MAX;
    c->began = clock_ms();
    c->counts.watermark = INT64_MIN;
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&c->lock, NULL);
    if (c->wake < 0) snprintf(error, 512, "no eventfd");
    else if (control_socket_open(&c->socket, s->socket, error)) return c;
    if (c->wake >= 0) close(c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

bool control_go(struct control *c)
{
    c->current = c->service->first;
    edition_use(c->service->editions, c->current);
    return publish(c, c->current) && pthread_create(&c->thread, NULL, serve, c) == 0;
}

void control_end(struct control *c, const char *where)
{
    pthread_mutex_lock(&c->lock);
    c->has_ended = true;
    snprintf(c->where, sizeof c->where, "%s", where);
    pthread_mutex_unlock(&c->lock);
    ring_bell(c);
    pthread_join(c->thread, NULL);
}

void control_free(struct control *c)
{
    control_socket_close(&c->socket);
    for (int i = 0; i < EDITIONS_MOST; i++) edition_leave(c->service->editions, c->in_run[i]);
    edition_leave(c->service->editions, c->current);
    close(c->wake);
    pthread_mutex_destroy(&c->lock);
    json_out_release(&c->answer);
    json_out_release(&c->last_receipt);
    json_out_release(&c->swallowed);
    json_out_release(&c->feeds);
    view_release(&c->view);
    for (int i = 0; i < ASKED_MOST; i++) asked_key_free(c->asked[i]);
    free(c);
}
