/* Carrying out actions: what the policy lets through, and each verb against a real file, server and program. */
#include "engine/action/action.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#define SECOND 1000000000ll

struct world {
    char folder[64], path[128];
    struct journal *journal;
    struct actions *actions;
    struct ir_sink sink;
    struct text allow[3];
    struct ir_site site;
};

static int setup(void **state)
{
    char error[256];
    struct world *w = calloc(1, sizeof *w);
    if (!w) return -1;
    snprintf(w->folder, sizeof w->folder, "/tmp/csr-action-XXXXXX");
    if (!mkdtemp(w->folder)) return -1;
    snprintf(w->path, sizeof w->path, "%s/out", w->folder);
    w->journal = journal_open(":memory:", error);
    w->actions = actions_new(w->journal, "csr/test", error);
    w->allow[0] = TEXT("notify"), w->allow[1] = TEXT("webhook"), w->allow[2] = TEXT("exec");
    w->sink = (struct ir_sink){
        .name = TEXT("s"), .kind = IR_SINK_FILE, .path = text_of(w->path), .timeout = 5 * SECOND};
    w->site = (struct ir_site){
        .sinks = &w->sink, .n_sinks = 1, .mode = IR_POLICY_ENFORCE, .allow = w->allow, .n_allow = 3};
    actions_adopt(w->actions, &w->site);
    *state = w;
    return w->journal && w->actions ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    actions_free(w->actions);
    journal_close(w->journal);
    unlink(w->path);
    int wrong = rmdir(w->folder);
    free(w);
    return wrong;
}

static struct action_job job_of(const char *verb, const char *key)
{
    return (struct action_job){
        .verb = text_of(verb), .sink = TEXT("s"), .incident_id = TEXT("i-1"), .rule = TEXT("r"),
        .idempotency_key = text_of(key), .incident_json = TEXT("{\"id\":\"i-1\"}"), .action_json = TEXT("{}"),
        .opened = 1000, .once = 60,
    };
}

static struct action_result perform(struct world *w, const char *verb, const char *key)
{
    struct action_job job = job_of(verb, key);
    return actions_perform(w->actions, &job);
}

/* The whole file, to be freed; NULL: there is none. */
static char *contents(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) return NULL;
    char *bytes = calloc(1, 65536);
    size_t n = fread(bytes, 1, 65535, f);
    bytes[n] = '\0';
    fclose(f);
    return bytes;
}

static void expect_file(const char *path, const char *wanted)
{
    char *got = contents(path);
    assert_non_null(got);
    assert_string_equal(got, wanted);
    free(got);
}

/* ---- policy -------------------------------------------------------------------------------------------- */

static void policy_disposes(void **state)
{
    struct world *w = *state;
    struct ir_site off = w->site, propose = w->site, none = w->site, other_kind = w->site;
    struct ir_sink webhook = {.name = TEXT("s"), .kind = IR_SINK_WEBHOOK};
    propose.mode = IR_POLICY_PROPOSE;
    off.n_allow = 0;
    none.n_sinks = 0;
    other_kind.sinks = &webhook;
    const struct {
        const struct ir_site *site;
        const char *verb;
        enum action_outcome wanted;
        const char *why;
    } cases[] = {
        {NULL, "notify", ACTION_PROPOSED, ""},
        {&propose, "notify", ACTION_PROPOSED, ""},
        {&off, "notify", ACTION_FORBIDDEN, "the policy does not allow notify"},
        {&none, "notify", ACTION_FORBIDDEN, "the site file has no sink \"s\" of kind \"file\""},
        {&other_kind, "notify", ACTION_FORBIDDEN, "the site file has no sink \"s\" of kind \"file\""},
        {&w->site, "aws.disable_key", ACTION_PROPOSED, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%zu", i);
        actions_adopt(w->actions, cases[i].site);
        struct action_result r = perform(w, cases[i].verb, key);
        assert_int_equal(r.outcome, cases[i].wanted);
        assert_string_equal(r.error, cases[i].why);
        assert_int_equal(r.attempts, 0);
        assert_int_not_equal(r.journal_id, 0);
    }
    assert_int_equal(access(w->path, F_OK), -1);
}

static void an_uncertain_incident_tells_but_runs_nothing(void **state)
{
    struct world *w = *state;
    struct text argv[] = {TEXT("/bin/true")};
    struct ir_sink sinks[] = {w->sink,
                              {.name = TEXT("run"), .kind = IR_SINK_EXEC, .argv = argv, .n_argv = 1}};
    w->site.sinks = sinks;
    w->site.n_sinks = 2;
    struct action_job tell = job_of("notify", "a"), run = job_of("exec", "b");
    run.sink = TEXT("run");
    tell.uncertain = run.uncertain = true;
    assert_int_equal(actions_perform(w->actions, &tell).outcome, ACTION_DONE);
    assert_int_equal(actions_perform(w->actions, &run).outcome, ACTION_PROPOSED);
}

/* ---- notify -------------------------------------------------------------------------------------------- */

static void notify_appends_a_line(void **state)
{
    struct world *w = *state;
    struct stat s;
    assert_int_equal(perform(w, "notify", "a").outcome, ACTION_DONE);
    assert_int_equal(perform(w, "notify", "b").outcome, ACTION_DONE);
    expect_file(w->path, "{\"id\":\"i-1\"}\n{\"id\":\"i-1\"}\n");
    assert_int_equal(stat(w->path, &s), 0);
    assert_int_equal(s.st_mode & 0137, 0);
}

static void nothing_is_done_twice(void **state)
{
    struct world *w = *state;
    assert_int_equal(perform(w, "notify", "a").outcome, ACTION_DONE);
    assert_int_equal(perform(w, "notify", "a").outcome, ACTION_REPEATED);
    expect_file(w->path, "{\"id\":\"i-1\"}\n");
}

static void what_cannot_be_written_fails_and_says_why(void **state)
{
    struct world *w = *state;
    w->sink.path = TEXT("/nowhere/at/all");
    struct action_result r = perform(w, "notify", "a");
    assert_int_equal(r.outcome, ACTION_FAILED);
    assert_int_equal(r.attempts, 1);
    assert_string_equal(r.error, "/nowhere/at/all: open: No such file or directory");
    assert_int_equal(mkfifo(w->path, 0600), 0); /* that nobody reads: an error, not a wait */
    w->sink.path = text_of(w->path);
    assert_int_equal(perform(w, "notify", "b").outcome, ACTION_FAILED);
}

/* ---- webhook ------------------------------------------------------------------------------------------- */

/* Answers one request after the other with the next of its answers; NULL keeps silent until the client gives up. */
struct server {
    int listener;
    const char *const *answers;
    size_t n_answers;
    char last[4096]; /* the last request */
    pthread_t thread;
    char url[64];
};

static void read_request(int client, char *to, size_t room)
{
    size_t len = 0;
    ssize_t n;
    while (len + 1 < room && (n = recv(client, to + len, room - 1 - len, 0)) > 0) {
        len += (size_t)n;
        to[len] = '\0';
        if (strstr(to, "\r\n\r\n{")) return; /* the bodies here come in one piece */
    }
}

static void *serve(void *world)
{
    struct server *s = world;
    for (size_t i = 0; i < s->n_answers; i++) {
        int client = accept(s->listener, NULL, NULL);
        if (client < 0) return NULL;
        read_request(client, s->last, sizeof s->last);
        char rest[16];
        if (s->answers[i])
            send(client, s->answers[i], strlen(s->answers[i]), MSG_NOSIGNAL);
        else
            while (recv(client, rest, sizeof rest, 0) > 0) continue;
        close(client);
    }
    return NULL;
}

static void server_start(struct server *s, const char *const *answers, size_t n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *s = (struct server){.answers = answers, .n_answers = n};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d/hook", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

#define ANSWER(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static void webhook_posts_the_incident(void **state)
{
    struct world *w = *state;
    struct server s;
    server_start(&s, (const char *const[]){ANSWER("204 No Content")}, 1);
    w->sink = (struct ir_sink){
        .name = TEXT("s"), .kind = IR_SINK_WEBHOOK, .url = text_of(s.url), .timeout = 5 * SECOND};
    struct action_result r = perform(w, "webhook", "a");
    server_stop(&s);
    assert_string_equal(r.error, "");
    assert_int_equal(r.outcome, ACTION_DONE);
    assert_int_equal(r.attempts, 1);
    assert_ptr_equal(strstr(s.last, "POST /hook HTTP/1.1\r\n"), s.last);
    assert_non_null(strstr(s.last, "\r\nIdempotency-Key: a-1000\r\n"));
    assert_non_null(strstr(s.last, "\r\nUser-Agent: csr/test\r\n"));
    assert_non_null(strstr(s.last, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(s.last, "\r\n\r\n{\"id\":\"i-1\"}"));
}

static void webhook_answers_decide_about_retries(void **state)
{
    static const struct {
        const char *answers[2];
        size_t n;
        uint32_t retries, attempts;
        enum action_outcome wanted;
        const char *why;
    } cases[] = {
        {{ANSWER("500 Oh"), ANSWER("200 OK")}, 2, 2, 2, ACTION_DONE, ""},
        {{ANSWER("429 Slow"), ANSWER("200 OK")}, 2, 1, 2, ACTION_DONE, ""},
        {{ANSWER("503 No"), ANSWER("503 No")}, 2, 1, 2, ACTION_FAILED, "status 503"},
        {{ANSWER("404 No")}, 1, 3, 1, ACTION_FAILED, "status 404"},
        {{"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"},
         1,
         3,
         1,
         ACTION_FAILED,
         "status 302 (redirects are not followed)"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct server s;
        char key[16];
        snprintf(key, sizeof key, "k%zu", i);
        server_start(&s, cases[i].answers, cases[i].n);
        w->sink = (struct ir_sink){.name = TEXT("s"), .kind = IR_SINK_WEBHOOK, .url = text_of(s.url),
                                   .timeout = 5 * SECOND, .retries = cases[i].retries};
        struct action_result r = perform(w, "webhook", key);
        server_stop(&s);
        assert_int_equal(r.outcome, cases[i].wanted);
        assert_int_equal(r.attempts, cases[i].attempts);
        assert_string_equal(r.error, cases[i].why);
    }
}

static void webhook_gives_up_in_time(void **state)
{
    struct world *w = *state;
    struct server s;
    server_start(&s, (const char *const[]){NULL}, 1);
    w->sink = (struct ir_sink){
        .name = TEXT("s"), .kind = IR_SINK_WEBHOOK, .url = text_of(s.url), .timeout = SECOND / 5};
    struct action_result r = perform(w, "webhook", "a");
    server_stop(&s);
    assert_int_equal(r.outcome, ACTION_FAILED);
    assert_non_null(strstr(r.error, "timed out"));
}

static void webhook_speaks_http_only(void **state)
{
    struct world *w = *state;
    const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/x",
                                "no url at all"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%zu", i);
        w->sink = (struct ir_sink){.name = TEXT("s"),
                                   .kind = IR_SINK_WEBHOOK,
                                   .url = text_of(urls[i]),
                                   .retries = 3,
                                   .timeout = SECOND};
        struct action_result r = perform(w, "webhook", key);
        assert_int_equal(r.outcome, ACTION_FAILED);
        assert_int_equal(r.attempts, 1);
    }
}

/* ---- exec ---------------------------------------------------------------------------------------------- */

static struct action_result run(struct world *w, const char *key, struct text *argv, uint32_t n_argv,
                                int64_t timeout)
{
    w->sink = (struct ir_sink){.name = TEXT("s"), .kind = IR_SINK_EXEC, .argv = argv, .n_argv = n_argv,
                               .timeout = timeout};
    return perform(w, "exec", key);
}

static void exec_gives_the_incident_to_the_program(void **state)
{
    struct world *w = *state;
    struct text argv[] = {TEXT("/bin/cp"), TEXT("/dev/stdin"), text_of(w->path)};
    struct action_result r = run(w, "a", argv, 3, 10 * SECOND);
    assert_string_equal(r.error, "");
    assert_int_equal(r.outcome, ACTION_DONE);
    expect_file(w->path, "{\"id\":\"i-1\"}\n");
}

static void exec_expands_nothing(void **state)
{
    struct world *w = *state;
    struct text argv[] = {TEXT("/usr/bin/printf"), TEXT("$HOME; touch %s"), text_of(w->path)};
    assert_int_equal(run(w, "a", argv, 3, 10 * SECOND).outcome, ACTION_DONE);
    assert_int_equal(access(w->path, F_OK), -1);
}

static void exec_has_an_environment_of_its_own(void **state)
{
    struct world *w = *state;
    char script[256];
    snprintf(script, sizeof script, "env | cut -d= -f1 | sort | tr '\\n' ' ' > %s", w->path);
    struct text argv[] = {TEXT("/bin/sh"), TEXT("-c"), text_of(script)};
    setenv("AWS_SECRET_ACCESS_KEY", "not for others", 1);
    assert_int_equal(run(w, "a", argv, 3, 10 * SECOND).outcome, ACTION_DONE);
    unsetenv("AWS_SECRET_ACCESS_KEY");
    expect_file(w->path, "CSR_IDEMPOTENCY_KEY CSR_INCIDENT CSR_RULE LANG PATH PWD ");
}

static void exec_inherits_no_descriptor(void **state)
{
    struct world *w = *state;
    int leaked = dup2(2, 77); /* not close-on-exec */
    char script[256];
    snprintf(script, sizeof script, "[ -e /proc/self/fd/77 ] && echo leaked >&2 && exit 1; exit 0");
    struct text argv[] = {TEXT("/bin/sh"), TEXT("-c"), text_of(script)};
    struct action_result r = run(w, "a", argv, 3, 10 * SECOND);
    close(leaked);
    assert_string_equal(r.error, "");
}

static void exec_failures_say_why(void **state)
{
    static const struct {
        const char *argv[3];
        uint32_t n;
        int64_t timeout;
        const char *why;
    } cases[] = {
        {{"/bin/false"}, 1, 10 * SECOND, "exit status 1"},
        {{"/bin/sh", "-c", "echo no such user >&2; exit 7"}, 3, 10 * SECOND, "exit status 7: no such user "},
        {{"/bin/sh", "-c", "kill -9 $$"}, 3, 10 * SECOND, "ended by signal 9"},
        {{"/nowhere/program"}, 1, 10 * SECOND, "/nowhere/program: No such file or directory"},
        {{"false"}, 1, 10 * SECOND, "the program's path must begin with /"},
        {{""}, 0, 10 * SECOND, "the program's path must begin with /"},
        {{"/bin/sleep", "1000"}, 2, SECOND / 5, "ended by its time limit after 200 ms"},
        {{"/bin/sh", "-c", "trap '' TERM; sleep 1000 & wait"},
         3,
         SECOND / 5,
         "ended by its time limit after 200 ms"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char key[16];
        struct text argv[3];
        for (uint32_t a = 0; a < cases[i].n; a++) argv[a] = text_of(cases[i].argv[a]);
        snprintf(key, sizeof key, "k%zu", i);
        struct action_result r = run(w, key, argv, cases[i].n, cases[i].timeout);
        assert_int_equal(r.outcome, ACTION_FAILED);
        assert_string_equal(r.error, cases[i].why);
    }
}

static void *cancel_soon(void *actions)
{
    nanosleep(&(struct timespec){0, 100000000}, NULL);
    actions_cancel(actions);
    return NULL;
}

static void cancelling_breaks_off_and_keeps_the_rest_for_later(void **state)
{
    struct world *w = *state;
    pthread_t thread;
    struct text argv[] = {TEXT("/bin/sleep"), TEXT("1000")};
    pthread_create(&thread, NULL, cancel_soon, w->actions);
    struct action_result r = run(w, "a", argv, 2, 1000 * SECOND);
    pthread_join(thread, NULL);
    assert_int_equal(r.outcome, ACTION_FAILED);
    assert_non_null(strstr(r.error, "broken off"));
    r = run(w, "b", argv, 2, 1000 * SECOND);
    assert_int_equal(r.outcome, ACTION_PROPOSED);
    assert_int_equal(r.attempts, 0);
    assert_string_equal(r.error, "csr stopped before it was tried");
}

/* ---- jobs ---------------------------------------------------------------------------------------------- */

static void a_job_copy_stands_alone(void **state)
{
    (void)state;
    char id[] = "i-1", json[] = "{}";
    struct action_job job = {
        .verb = TEXT("notify"), .incident_id = text_of(id), .incident_json = text_of(json), .once = 9};
    struct action_job *copy = action_job_copy(&job);
    id[0] = json[0] = 'x';
    assert_true(text_equal(copy->verb, TEXT("notify")));
    assert_true(text_equal(copy->incident_id, TEXT("i-1")));
    assert_true(text_equal(copy->incident_json, TEXT("{}")));
    assert_int_equal(copy->sink.len, 0);
    assert_int_equal(copy->once, 9);
    free(copy);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(policy_disposes),
        TEST(an_uncertain_incident_tells_but_runs_nothing),
        TEST(notify_appends_a_line),
        TEST(nothing_is_done_twice),
        TEST(what_cannot_be_written_fails_and_says_why),
        TEST(webhook_posts_the_incident),
        TEST(webhook_answers_decide_about_retries),
        TEST(webhook_gives_up_in_time),
        TEST(webhook_speaks_http_only),
        TEST(exec_gives_the_incident_to_the_program),
        TEST(exec_expands_nothing),
        TEST(exec_has_an_environment_of_its_own),
        TEST(exec_inherits_no_descriptor),
        TEST(exec_failures_say_why),
        TEST(cancelling_breaks_off_and_keeps_the_rest_for_later),
        cmocka_unit_test(a_job_copy_stands_alone),
    };
    return cmocka_run_group_tests_name("action", tests, NULL, NULL);
}
