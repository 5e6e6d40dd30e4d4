/* exec.c - runs the operator's program: fixed argv, no shell, the incident on its standard input.
 *
 * Standard input is a file in memory, so a program that does not read cannot block us or end us by a broken pipe, and
 * one that wants may read it twice. Standard output goes nowhere; the first bytes of standard error become the reason
 * of a failure. The environment holds PATH and the names of what happened, nothing of ours.
 *
 * 1. The program leads a process group of its own; when its time is over the group gets SIGTERM, a second later
 *    SIGKILL. No attempt outlives its time by more than that.
 * 2. Whoever still holds standard error after the program has ended is not waited for.
 */
#include "engine/action/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MILLISECONDS 1000000 /* in nanoseconds */
#define GRACE_MS     1000

struct child {
    pid_t pid;
    int ended;      /* pidfd: readable when it has ended */
    int complaints; /* reads its standard error; -1 once closed */
    char said[160]; /* the first of it */
    uint32_t said_len;
};

static bool failed(const struct attempt *a, const char *what, int error)
{
    snprintf(a->error, ATTEMPT_ERROR, "%s: %s", what, strerror(error));
    return false;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / MILLISECONDS;
}

/* ---- what the program is given ------------------------------------------------------------------------- */

static int incident_file(const struct attempt *a)
{
    struct text json = a->job->incident_json;
    int file = memfd_create("incident", MFD_CLOEXEC);
    if (file < 0) return -1;
    for (uint32_t at = 0; at < json.len;) {
        ssize_t n = write(file, json.at + at, json.len - at);
        if (n > 0) at += (uint32_t)n;
        if (n >= 0 || errno == EINTR) continue;
        close(file);
        return -1;
    }
    if (write(file, "\n", 1) == 1 && lseek(file, 0, SEEK_SET) == 0) return file;
    close(file);
    return -1;
}

/* Texts with NULs behind them, and the vector of them, in one piece: freed with free(). */
static char **strings(const struct text *texts, uint32_t n)
{
    size_t size = (n + 1) * sizeof(char *);
    for (uint32_t i = 0; i < n; i++) size += texts[i].len + 1;
    char **vector = malloc(size);
    if (!vector) return NULL;
    char *at = (char *)(vector + n + 1);
    for (uint32_t i = 0; i < n; i++) {
        vector[i] = at;
        memcpy(at, texts[i].at, texts[i].len);
        at[texts[i].len] = '\0';
        at += texts[i].len + 1;
    }
    vector[n] = NULL;
    return vector;
}

static char **environment(const struct attempt *a)
{
    char id[128], rule[512], key[160];
    snprintf(id, sizeof id, "CSR_INCIDENT=" TEXT_FMT, TEXT_ARG(a->job->incident_id));
    snprintf(rule, sizeof rule, "CSR_RULE=" TEXT_FMT, TEXT_ARG(a->job->rule));
    snprintf(key, sizeof key, "CSR_IDEMPOTENCY_KEY=%s", a->key);
    struct text all[] = {TEXT("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                         TEXT("LANG=C.UTF-8"), text_of(id), text_of(rule), text_of(key)};
    return strings(all, sizeof all / sizeof *all);
}

/* ---- starting ------------------------------------------------------------------------------------------ */

static int prepare_files(posix_spawn_file_actions_t *files, int input, int complaints)
{
    int error = posix_spawn_file_actions_adddup2(files, input, 0);
    if (!error) error = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(files, complaints, 2);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(files, 3);
    if (!error) error = posix_spawn_file_actions_addchdir_np(files, "/");
    return error;
}

static int prepare_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes,
                                    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int spawn(pid_t *pid, char **argv, char **env, int input, int complaints)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = prepare_files(&files, input, complaints);
        if (!error) error = prepare_attributes(&attributes);
        if (!error) error = posix_spawn(pid, argv[0], &files, &attributes, argv, env);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* The program runs and *child is to be reaped, or false. */
static bool start(const struct attempt *a, int input, int complaints, struct child *child)
{
    char **argv = strings(a->sink->argv, a->sink->n_argv), **env = environment(a);
    int error = argv && env ? spawn(&child->pid, argv, env, input, complaints) : ENOMEM;
    if (error) failed(a, argv && argv[0] ? argv[0] : "argv", error);
    free(argv);
    free(env);
    if (error) return false;
    child->ended = pidfd_open(child->pid, 0);
    if (child->ended >= 0) return true;
    failed(a, "pidfd_open", errno);
    kill(-child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    return false;
}

/* ---- waiting ------------------------------------------------------------------------------------------- */

static void listen_to(struct child *c)
{
    char bytes[512];
    ssize_t n = read(c->complaints, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        close(c->complaints);
        c->complaints = -1;
    }
    for (ssize_t i = 0; i < n && c->said_len + 1 < sizeof c->said; i++) {
        if (bytes[i] == '\n' && !c->said_len) continue;
        c->said[c->said_len++] = (uint8_t)bytes[i] < 0x20 ? ' ' : bytes[i];
    }
}

/* True when it has ended; false when the time is over or the attempt cancelled. */
static bool wait_until(struct child *c, int64_t deadline, int cancelled)
{
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd look[] = {{c->ended, POLLIN, 0}, {c->complaints, POLLIN, 0}, {cancelled, POLLIN, 0}};
        if (left <= 0) return false;
        if (poll(look, 3, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR) return false;
        if (look[1].revents) listen_to(c);
        if (look[0].revents) return true;
        if (look[2].revents) return false;
    }
}

static void end_group(struct child *c)
{
    kill(-c->pid, SIGTERM);
    wait_until(c, now_ms() + GRACE_MS, -1);
    kill(-c->pid, SIGKILL);
}

static enum attempt_result judge(const struct attempt *a, struct child *c, bool in_time, int status)
{
    const char *colon = c->said_len ? ": " : "";
    int len = (int)c->said_len;
    if (!in_time)
        snprintf(a->error, ATTEMPT_ERROR, "%s after %lld ms%s%.*s",
                 attempt_cancelled(a->cancelled, 0) ? "broken off" : "ended by its time limit",
                 (long long)(a->timeout / MILLISECONDS), colon, len, c->said);
    else if (WIFSIGNALED(status))
        snprintf(a->error, ATTEMPT_ERROR, "ended by signal %d%s%.*s", WTERMSIG(status), colon, len, c->said);
    else if (WEXITSTATUS(status))
        snprintf(a->error, ATTEMPT_ERROR, "exit status %d%s%.*s", WEXITSTATUS(status), colon, len, c->said);
    else
        return ATTEMPT_DONE;
    return ATTEMPT_FAILED;
}

static enum attempt_result attend(const struct attempt *a, struct child *c)
{
    int status = 0;
    bool in_time = wait_until(c, now_ms() + a->timeout / MILLISECONDS, a->cancelled);
    if (!in_time) end_group(c);
    pid_t reaped;
    do reaped = waitpid(c->pid, &status, 0);
    while (reaped < 0 && errno == EINTR);
    if (c->complaints >= 0) listen_to(c);
    return judge(a, c, in_time, status);
}

/* ---- the attempt --------------------------------------------------------------------------------------- */

enum attempt_result exec_attempt(const struct attempt *a)
{
    struct child child = {.ended = -1};
    enum attempt_result result = ATTEMPT_FAILED;
    int ends[2] = {-1, -1}, input = -1;
    if (!a->sink->n_argv || !text_starts(a->sink->argv[0], TEXT("/"))) {
        snprintf(a->error, ATTEMPT_ERROR, "the program's path must begin with /");
        return ATTEMPT_FAILED;
    }
    if (pipe2(ends, O_CLOEXEC) || fcntl(ends[0], F_SETFL, O_NONBLOCK) || (input = incident_file(a)) < 0) {
        failed(a, "standard input and error", errno);
    } else {
        child.complaints = ends[0];
        bool runs = start(a, input, ends[1], &child);
        close(ends[1]);
        ends[1] = -1;
        if (runs) result = attend(a, &child);
        ends[0] = child.complaints;
    }
    if (child.ended >= 0) close(child.ended);
    if (input >= 0) close(input);
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
    return result;
}
