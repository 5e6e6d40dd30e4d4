/* cmd_replay.c - csr replay: history in, incidents out. */
#include "tools/csr/progress.h"
#include "tools/csr/rules.h"
#include "tools/csr/story.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RULES_MOST   CALL_OPTIONS_MOST
#define ASIDES_SHOWN 10 /* the rest is counted */

/* See cmd_run.c: what a signal handler may write. */
static volatile bool stop_asked;

static void on_signal(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELAXED); /* other threads read it */
}

struct replay {
    FILE *out, *aside;
    bool as_story;
    struct stories stories;
    struct progress progress;
    uint64_t asides;
    FILE *taken; /* what exceptions took, and feeds whose time was wrong; told behind the incidents. NULL: no memory */
    char *taken_text;
    size_t taken_len;
};

static bool take_incident(void *world, const char *json, size_t len)
{
    struct replay *r = world;
    progress_clear(&r->progress);
    if (r->as_story)
        stories_add(&r->stories, json, len);
    else if (fwrite(json, 1, len, r->out) != len || putc('\n', r->out) == EOF)
        return false;
    return !ferror(r->out);
}

static void put_json_text(FILE *to, const char *at, size_t len)
{
    putc('"', to);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)at[i];
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            fprintf(to, "\\u%04x", c); /* bytes as they are: the record may not be UTF-8 */
        else
            putc(c, to);
    }
    putc('"', to);
}

static void take_aside(void *world, const struct csr_aside *a)
{
    struct replay *r = world;
    if (r->asides++ < ASIDES_SHOWN) {
        progress_clear(&r->progress);
        fprintf(stderr, "%s:%llu: set aside: %s", a->file, (unsigned long long)a->line, a->why);
        if (a->number && a->number != a->line) fprintf(stderr, " (record %llu)", (unsigned long long)a->number);
        putc('\n', stderr);
    }
    if (!r->aside) return;
    fputs("{\"file\":", r->aside);
    put_json_text(r->aside, a->file, strlen(a->file));
    fprintf(r->aside, ",\"line\":%llu,\"number\":%llu,\"why\":", (unsigned long long)a->line,
            (unsigned long long)a->number);
    put_json_text(r->aside, a->why, strlen(a->why));
    fputs(",\"record\":", r->aside);
    put_json_text(r->aside, a->record, a->record_len);
    fputs("}\n", r->aside);
}

/* For people; among the incidents' lines it stands as it is. */
static void take_notice(void *world, const char *json, size_t len)
{
    struct replay *r = world;
    progress_clear(&r->progress);
    FILE *to = r->as_story ? stderr : r->out;
    fwrite(json, 1, len, to);
    putc('\n', to);
}

static void take_progress(void *world, const struct csr_progress *now)
{
    struct replay *r = world;
    progress_show(&r->progress, now);
}

static void take_swallowed(void *world, const struct csr_swallowed *s)
{
    struct replay *r = world;
    char count[32];
    const char *what = s->on_match ? "match" : "event";
    if (!r->taken) return;
    fprintf(r->taken, "%s %s%s swallowed by %s of %s\n", grouped_print(s->count, count), what,
            s->count == 1 ? "" : s->on_match ? "es" : "s", s->exception, s->rule);
}

static void put_part(FILE *to, unsigned long long n, const char *what)
{
    char count[32];
    if (n) fprintf(to, ", %s %s", grouped_print(n, count), what);
}

static void take_feed(void *world, const struct csr_feed *f)
{
    struct replay *r = world;
    char count[32];
    if (!r->taken) return;
    fprintf(r->taken, "feed %s%s%s%s%s: %s record%s", f->kind, *f->account ? " " : "", f->account, *f->region ? " " : "",
            f->region, grouped_print(f->records, count), f->records == 1 ? "" : "s");
    put_part(r->taken, f->late, "late");
    put_part(r->taken, f->ahead, "dated ahead of delivery");
    fprintf(r->taken, "%s\n", f->lags ? "; it lags behind the others" : "");
}

static void tell_taken(struct replay *r)
{
    if (r->taken && fclose(r->taken) == 0) fputs(r->taken_text, stderr);
    free(r->taken_text);
}

static bool open_out(const struct call *call, const char *option, FILE **to)
{
    const char *path = call_value(call, option);
    if (!path || strcmp(path, "-") == 0) return true;
    *to = fopen(path, "w");
    if (!*to) fail(call, CSR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    return *to != NULL;
}

static int replay_rules(const struct call *call, const csr_ruleset *rules, struct replay *r,
                        struct csr_replay_options *o)
{
    struct csr_replay_result result = {0};
    o->world = r;
    o->incident = take_incident;
    o->aside = take_aside;
    o->notice = take_notice;
    o->progress = take_progress;
    o->swallowed = take_swallowed;
    o->feed = take_feed;
    o->stop = &stop_asked;
    signal(SIGINT, on_signal);
    progress_begin(&r->progress, stderr);
    r->taken = open_memstream(&r->taken_text, &r->taken_len);
    enum csr_status status = csr_replay(rules, o, &result);
    progress_clear(&r->progress);
    if (r->as_story) stories_end(&r->stories);
    fflush(r->out); /* incidents first, talk behind them, also where both go to one place */
    if (r->asides > ASIDES_SHOWN)
        fprintf(stderr, "… and %llu more set aside\n", (unsigned long long)(r->asides - ASIDES_SHOWN));
    if (result.passed_over)
        fprintf(stderr, "%llu file%s among delivered logs passed over: no delivery gave %s name\n",
                (unsigned long long)result.passed_over, result.passed_over == 1 ? "" : "s",
                result.passed_over == 1 ? "its" : "their");
    tell_taken(r);
    if (result.error[0]) fail(call, (int)status, "%s", result.error);
    if (!result.counts.in && !result.error[0])
        fprintf(stderr, "nothing was read: no records, and below folders no file whose name ends as logs do\n");
    if (result.counts.in || !result.error[0])
        summary_print(&result.counts, progress_seconds(&r->progress), stderr);
    if (call_has(call, "accounts")) accounts_print(&result.counts, stderr);
    return (int)status;
}

static bool find_cap(const char *name, size_t len, struct csr_cap *cap)
{
    const char *what, *full;
    for (size_t i = 0; csr_cap_at(i, cap, &what, &full); i++)
        if (strlen(cap->name) == len && !strncmp(cap->name, name, len)) return true;
    return false;
}

/* --cap keys=1000 */
static bool read_caps(const struct call *call, struct csr_cap caps[CALL_OPTIONS_MOST], size_t *n)
{
    const char *given[CALL_OPTIONS_MOST], *what, *full;
    *n = call_values(call, "cap", given, CALL_OPTIONS_MOST);
    for (size_t i = 0; i < *n; i++) {
        const char *number = strchr(given[i], '=');
        char *end = NULL;
        unsigned long long most = number && number[1] > '0' && number[1] <= '9' ? strtoull(number + 1, &end, 10) : 0;
        if (!most || *end || !find_cap(given[i], (size_t)(number - given[i]), &caps[i])) {
            fail(call, CSR_USAGE, "--cap=%s: NAME=N is wanted, N from 1, NAME one of", given[i]);
            for (size_t k = 0; csr_cap_at(k, &caps[i], &what, &full); k++)
                fprintf(stderr, "  %-12s %s (%llu)\n", caps[i].name, what, (unsigned long long)caps[i].most);
            return false;
        }
        caps[i].most = most;
    }
    return true;
}

/* Closes what was written and tells if that failed. */
static int close_out(const struct call *call, FILE *f, int status)
{
    bool failed = ferror(f) || fflush(f);
    if (f != stdout) failed |= fclose(f) != 0;
    return failed && !stop_asked ? fail(call, CSR_SYSTEM, "writing failed: %s", strerror(errno)) : status;
}

int verb_replay(const struct call *call)
{
    struct replay r = {.out = stdout};
    struct csr_replay_options o = {.paths = call->operands, .n_paths = call->n_operands};
    long threads = 0;
    long long lateness = -1, max_lag = 0;
    const char *format, *paths[RULES_MOST];
    struct csr_cap caps[CALL_OPTIONS_MOST];
    if (!call_number(call, "threads", 1, 1024, &threads) || !call_duration(call, "lateness", &lateness) ||
        !call_duration(call, "max-lag", &max_lag) || !call_choice(call, "format", "json|story", &format) ||
        !read_caps(call, caps, &o.n_caps))
        return CSR_USAGE;
    o.caps = caps;
    if (call_value(call, "max-lag") && !max_lag) return fail(call, CSR_USAGE, "--max-lag: at least a second is wanted");
    size_t n_paths = call_values(call, "rules", paths, RULES_MOST);
    int status;
    struct rules_wanted wanted = {.paths = paths, .n_paths = n_paths, .tells_unused = true, .to = stderr};
    csr_ruleset *rules = rules_compile(call, &wanted, &status, NULL);
    if (!rules) return status;
    if (open_out(call, "output", &r.out) && open_out(call, "aside", &r.aside)) {
        o.threads = (unsigned)threads;
        o.lateness = lateness;
        o.max_lag = max_lag;
        r.as_story = format ? strcmp(format, "story") == 0 : isatty(fileno(r.out));
        if (r.as_story) stories_init(&r.stories, r.out, wants_color(call, r.out));
        status = close_out(call, r.out, replay_rules(call, rules, &r, &o));
        if (r.aside) status = close_out(call, r.aside, status);
    } else {
        status = CSR_SYSTEM;
    }
    csr_ruleset_free(rules);
    return status;
}
