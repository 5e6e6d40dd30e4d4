/* service.c - csr run: compiles the site file, starts everything in order, runs, and stops everything in order.
 *
 *     rules -> places -> sources -> incidents -> journal -> acting -> control -> the run
 *
 * Each start_… step undoes itself when it fails; stop() releases whatever was started, in the opposite order. So an
 * error anywhere ends in one place, with its reason.
 */
#include "engine/service/service.h"

#include "engine/run/atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ACTING_GRACE_MS 10000

void service_talk(struct service *s, const char *format, ...)
{
    va_list ap;
    char *line = NULL;
    va_start(ap, format);
    int len = s->o->talk ? vasprintf(&line, format, ap) : -1;
    va_end(ap);
    if (len < 0) return;
    pthread_mutex_lock(&s->talking);
    s->o->talk(s->o->world, line);
    pthread_mutex_unlock(&s->talking);
    free(line);
}

/* ---- starting ------------------------------------------------------------------------------------------ */

static enum csr_status start_rules(struct service *s, csr_report *report, char error[512])
{
    struct csr_text site = {.name = s->o->site};
    csr_ruleset *rules = csr_compile(&(struct csr_compile_options){.texts = &site, .n_texts = 1, .tells_unused = true, .today = (int64_t)time(NULL)}, report);
    if (!rules) return csr_report_system_failed(report) ? CSR_SYSTEM : CSR_WRONG;
    s->editions = editions_new();
    if (s->editions) s->first = edition_new(rules);
    else csr_ruleset_free(rules);
    if (s->first) return CSR_OK;
    snprintf(error, 512, "out of memory");
    return CSR_SYSTEM;
}

static const struct ir_site *site_of(const struct service *s)
{
    return s->first->ir->site;
}

/* Empty: none is said. */
static struct text state_folder(const struct service *s)
{
    const struct ir_site *site = site_of(s);
    if (s->o->state) return text_of(s->o->state);
    return site ? site->state : TEXT("");
}

/* Where the socket and the journal are: as the site file says, else beside it ("site.csr.sock"). */
static enum csr_status start_places(struct service *s, char error[512])
{
    const struct ir_site *site = site_of(s);
    struct text beside = text_of(s->o->site), folder = state_folder(s);
    struct text socket = s->o->socket ? text_of(s->o->socket) : site ? site->socket : TEXT("");
    int socket_len = snprintf(s->socket, sizeof s->socket, TEXT_FMT "%s", TEXT_ARG(socket.len ? socket : beside),
                              socket.len ? "" : ".sock");
    int journal_len = snprintf(s->journal_path, sizeof s->journal_path, TEXT_FMT "%sactions.db",
                               TEXT_ARG(folder.len ? folder : beside), folder.len ? "/" : ".");
    snprintf(s->folder, sizeof s->folder, TEXT_FMT, TEXT_ARG(folder));
    if (folder.len) (void)mkdir(s->folder, 0700); /* who opens a file in it says what is wrong */
    if (socket_len < (int)sizeof s->socket && journal_len < (int)sizeof s->journal_path) return CSR_OK;
    snprintf(error, 512, "the path of the socket or of the state folder is too long");
    return CSR_SYSTEM;
}

static enum csr_status start_sources(struct service *s, char error[512])
{
    s->sources = sources_input_open(site_of(s), error);
    if (!s->sources) return CSR_SYSTEM;
    s->input = sources_input_of(s->sources);
    return CSR_OK;
}

/* Without a folder nothing is kept. */
static enum csr_status start_keeping(struct service *s, char error[512])
{
    if (!s->folder[0]) return CSR_OK;
    s->keeping = keeping_open(s, s->folder, error);
    return s->keeping ? CSR_OK : CSR_SYSTEM;
}

static enum csr_status start_incidents(struct service *s, char error[512])
{
    const struct ir_site *site = site_of(s);
    struct text where = site && site->incidents.len ? site->incidents : TEXT("-");
    char path[4096], why[256];
    snprintf(path, sizeof path, TEXT_FMT, TEXT_ARG(where));
    s->incidents = sink_open(path, why);
    if (s->incidents) return CSR_OK;
    snprintf(error, 512, "%s", why);
    return CSR_SYSTEM;
}

/* Two services with one journal would each take the other's attempts for interrupted ones. */
static bool lock_journal(struct service *s, char error[512])
{
    char path[600];
    snprintf(path, sizeof path, "%s.lock", s->journal_path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (s->lock < 0) {
        snprintf(error, 512, "%.300s: %s", path, strerror(errno));
        return false;
    }
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0) return true;
    snprintf(error, 512, "%.300s: another csr uses this journal", path);
    return false;
}

static enum csr_status start_journal(struct service *s, char error[512])
{
    char why[256];
    if (!lock_journal(s, error)) return CSR_SYSTEM;
    s->journal = journal_open(s->journal_path, why);
    if (!s->journal) {
        snprintf(error, 512, "%s", why);
        return CSR_SYSTEM;
    }
    uint32_t n = journal_interrupted(s->journal);
    if (n)
        service_talk(s, "%u actions were under way when csr last ended: see state 'unknown' in %s", n,
                     s->journal_path);
    return CSR_OK;
}

static enum csr_status start_acting(struct service *s, char error[512])
{
    char why[256];
    struct acting_options o = {s->journal, "csr/" CSR_VERSION, s->editions, s, service_outcome};
    s->acting = acting_start(&o, why);
    if (s->acting) {
        acting_adopt(s->acting, s->first);
        return CSR_OK;
    }
    snprintf(error, 512, "%s", why);
    return CSR_SYSTEM;
}

static void on_written(void *world, const struct run_counts *counts)
{
    control_on_written(((struct service *)world)->control, counts);
}

static void on_counted(void *world, const struct run_counts *counts)
{
    control_on_counted(((struct service *)world)->control, counts);
}

static void on_key(void *world, const struct run_question *q, const struct run_counts *so_far, const struct run_key *key)
{
    control_on_key(((struct service *)world)->control, q, so_far, key);
}

static void on_adopted(void *world, void *owner, uint64_t generation, const struct state_adoption *what)
{
    struct service *s = world;
    (void)owner;
    if (generation == 1) s->first_adoption = *what;
    control_on_adopted(s->control, generation, what);
}

static unsigned processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static int64_t read_clock(void *world)
{
    struct timespec t;
    (void)world;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t read_calendar(void *world)
{
    (void)world;
    return (int64_t)time(NULL);
}

static enum csr_status start_run(struct service *s, char error[512])
{
    bool is_known = s->keeping && keeping_secret(s->keeping, s->secret);
    if (!is_known && getrandom(s->secret, sizeof s->secret, 0) != sizeof s->secret) {
        snprintf(error, 512, "no random numbers: %s", strerror(errno));
        return CSR_SYSTEM;
    }
    struct run_options o = {
        .workers = s->o->threads ? s->o->threads : processors(),
        .input = &s->input,
        .out = {.world = s,
                .incident = service_incident,
                .aside = service_aside,
                .notice = service_notice,
                .adopted = on_adopted,
                .feed = service_feed,
                .written = on_written,
                .counted = on_counted,
                .key = on_key},
        .caps = &site_of(s)->caps,
        .lateness = -1, /* each source has its own */
        .secret = s->secret,
        .stop = (const volatile bool *)&s->stop,
        .clock = read_clock,
        .arrival = read_calendar,
    };
    o.batch_records = s->o->batch_records;
    if (s->keeping) o.keeping = keeping_of(s->keeping);
    s->run = run_new(&o);
    if (s->run) return CSR_OK;
    snprintf(error, 512, "out of memory");
    return CSR_SYSTEM;
}

static enum csr_status start_control(struct service *s, char error[512])
{
    s->control = control_new(s, error);
    if (!s->control) return CSR_SYSTEM;
    if (control_go(s->control)) return CSR_OK;
    snprintf(error, 512, "no memory or no thread for the control socket");
    return CSR_SYSTEM;
}

static enum csr_status resume(struct service *s, char error[512])
{
    if (!s->keeping || keeping_resume(s->keeping, error)) return CSR_OK;
    control_end(s->control, "nothing was read");
    return CSR_SYSTEM;
}

static enum csr_status start(struct service *s, char error[512])
{
    static enum csr_status (*const steps[])(struct service *s, char error[512]) = {
        start_places, start_sources, start_journal, start_keeping, start_incidents,
        start_acting, start_run,     start_control, resume,
    };
    enum csr_status status = CSR_OK;
    for (size_t i = 0; status == CSR_OK && i < sizeof steps / sizeof *steps; i++) status = steps[i](s, error);
    return status;
}

/* ---- running and stopping ------------------------------------------------------------------------------ */

static void say_where(struct service *s, const struct run_counts *n, enum run_end end, const char *where)
{
    service_talk(s,
                 "%s at %s: %llu records in, %llu evaluated, %llu late, %llu duplicate, %llu set aside; "
                 "%llu incident%s",
                 end == RUN_ENDED ? "input ended" : "stopped", where, (unsigned long long)n->in,
                 (unsigned long long)n->evaluated, (unsigned long long)n->late,
                 (unsigned long long)n->duplicate, (unsigned long long)n->aside,
                 (unsigned long long)n->incidents, n->incidents == 1 ? "" : "s");
}

static enum csr_status run(struct service *s, char error[512])
{
    struct run_counts counts = {0};
    char where[512];
    size_t rules = csr_ruleset_rules(s->first->rules);
    service_talk(s, "running %zu rule%s of %s, control socket %s", rules, rules == 1 ? "" : "s", s->o->site,
                 s->socket);
    enum run_end end = run_go(s->run);
    if (end == RUN_STOPPED && s->keeping && !s->trouble[0]) run_keep(s->run);
    run_count(s->run, &counts);
    sources_input_place(s->sources, where);
    say_where(s, &counts, end, where);
    control_end(s->control, where);
    if (end == RUN_NO_MEMORY) snprintf(error, 512, "out of memory");
    else if (s->trouble[0]) snprintf(error, 512, "%s", s->trouble);
    else return end == RUN_ENDED && counts.aside ? CSR_WRONG : CSR_OK;
    return CSR_SYSTEM;
}

/* Whatever was started, last first. False and error: incidents could not all be written. */
static bool stop(struct service *s, char error[512])
{
    char why[256];
    bool written = true;
    if (s->acting) acting_stop(s->acting, ACTING_GRACE_MS);
    if (s->run) run_free(s->run);
    if (s->control) control_free(s->control);
    if (s->journal) journal_close(s->journal);
    if (s->lock >= 0) close(s->lock);
    keeping_close(s->keeping);
    if (s->incidents) written = sink_close(s->incidents, why);
    sources_input_close(s->sources);
    if (s->editions) edition_leave(s->editions, s->first);
    editions_free(s->editions);
    json_out_release(&s->line);
    json_out_release(&s->args);
    if (!written) snprintf(error, 512, "%s", why);
    return written;
}

/* While a service runs, a reader that goes away is an error of a write, not a signal: in all its threads, which
 * inherit this mask. One that came meanwhile is taken away before the old mask is back. */
static void hold_sigpipe(sigset_t *before)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void let_sigpipe(const sigset_t *before)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    while (sigtimedwait(&pipe, NULL, &(struct timespec){0}) == SIGPIPE) continue;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

enum csr_status csr_run(const struct csr_run_options *o, csr_report *r, char error[512])
{
    sigset_t mask;
    struct service s = {.o = o, .lock = -1};
    error[0] = '\0';
    hold_sigpipe(&mask);
    pthread_mutex_init(&s.talking, NULL);
    enum csr_status status = start_rules(&s, r, error);
    if (status == CSR_OK) status = start(&s, error);
    if (status == CSR_OK) status = run(&s, error);
    if (!stop(&s, error)) status = CSR_SYSTEM;
    pthread_mutex_destroy(&s.talking);
    let_sigpipe(&mask);
    return status;
}
