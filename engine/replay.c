/* replay.c - history through the engine: paths in, lines of JSON out.
 *
 * The input is merged by io, the work is run's, the lines are io's; here they are put together, counted and
 * checked.
 */
#include "engine/io/incident_json.h"
#include "engine/io/merge.h"
#include "engine/ruleset.h"
#include "engine/run/run.h"

#include <limits.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_MS 50  /* between two calls of progress */
#define FEED_TEXT   128 /* of an account or a region: the run cuts them before */

struct replay {
    const struct csr_replay_options *o;
    struct json_out line;
    int64_t next_progress; /* ms of the monotonic clock */
    bool has_no_memory;
};

static bool write_incident(void *world, const struct incident *i)
{
    struct replay *r = world;
    json_out_reset(&r->line);
    incident_json(&r->line, i);
    if (r->line.failed) {
        r->has_no_memory = true;
        return false;
    }
    return !r->o->incident || r->o->incident(r->o->world, r->line.at, r->line.len);
}

static void report_aside(void *world, const struct run_aside *a)
{
    struct replay *r = world;
    char file[PATH_MAX];
    if (!r->o->aside) return;
    snprintf(file, sizeof file, TEXT_FMT, TEXT_ARG(a->origin));
    struct csr_aside one = {file, a->line, a->number, aside_name(a->why), a->record.at, a->record.len};
    r->o->aside(r->o->world, &one);
}

static void report_notice(void *world, struct text line)
{
    struct replay *r = world;
    if (r->o->notice) r->o->notice(r->o->world, line.at, line.len);
}

static int64_t milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void report_progress(void *world, const struct run_counts *c)
{
    struct replay *r = world;
    if (!r->o->progress || milliseconds() < r->next_progress) return;
    r->next_progress = milliseconds() + PROGRESS_MS;
    struct csr_progress p = {c->bytes_read, c->bytes_all, c->in, c->incidents};
    r->o->progress(r->o->world, &p);
}

/* product.md, promise 2: whoever finds that they do not is told, and not given figures that are wrong. */
static bool accounts_hold(const struct run_counts *c)
{
    return run_adds_up(c) && state_adds_up(&c->states);
}

static void report_counts(const struct run_counts *c, struct csr_counts *out)
{
    const struct state_counts *s = &c->states;
    *out = (struct csr_counts){
        .in = c->in,
        .evaluated = c->evaluated,
        .late = c->late,
        .duplicate = c->duplicate,
        .aside = c->aside,
        .not_used = c->not_used,
        .ahead = c->ahead,
        .hits = c->hits,
        .incidents = c->incidents,
        .revisions = c->revisions,
        .bytes = c->bytes_read,
        .state_bytes = s->bytes,
        .state_work = s->work,
        .states_made = s->made,
        .states_completed = s->completed,
        .states_expired = s->expired,
        .states_vetoed = s->vetoed,
        .states_superseded = s->superseded,
        .states_merged = s->merged,
        .states_dropped = s->dropped,
        .states_evicted = s->evicted,
        .states_live = s->live,
        .keys_evicted = s->keys_evicted,
        .hits_refused = s->hits_refused,
        .values_evicted = s->values_evicted,
        .identities_evicted = s->identities_evicted,
    };
}

static void report_swallowed(const struct replay *r, const struct run_counts *c)
{
    for (uint32_t i = 0; c->ir && i < c->ir->n_rules; i++)
        for (uint32_t e = 0; e < c->ir->rules[i].n_exceptions; e++) {
            const struct ir_exception *of = &c->ir->rules[i].exceptions[e];
            char rule[256], name[256];
            if (!r->o->swallowed || !c->swallowed[of->number]) continue;
            snprintf(rule, sizeof rule, TEXT_FMT, TEXT_ARG(c->ir->rules[i].name));
            snprintf(name, sizeof name, TEXT_FMT, TEXT_ARG(of->name));
            struct csr_swallowed one = {rule, name, of->on_match, c->swallowed[of->number]};
            r->o->swallowed(r->o->world, &one);
        }
}

static void report_feeds(const struct replay *r, const struct run_counts *c)
{
    for (uint32_t i = 0; r->o->feed && i < c->n_feeds; i++) {
        const struct run_feed *f = &c->feeds[i];
        char kind[64], account[FEED_TEXT], region[FEED_TEXT];
        if (!f->late && !f->ahead && !f->lags) continue;
        snprintf(kind, sizeof kind, TEXT_FMT, TEXT_ARG(f->kind));
        snprintf(account, sizeof account, TEXT_FMT, TEXT_ARG(f->account));
        snprintf(region, sizeof region, TEXT_FMT, TEXT_ARG(f->region));
        struct csr_feed one = {kind, account, region, f->records, f->late, f->ahead, f->lags};
        r->o->feed(r->o->world, &one);
    }
}

static unsigned workers_of(unsigned threads)
{
    long processors = threads ? (long)threads : sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1) return 1;
    return processors < STATE_PARTITIONS ? (unsigned)processors : STATE_PARTITIONS;
}

bool csr_cap_at(size_t index, struct csr_cap *cap, const char **what, const char **full)
{
    const struct cap_info *info = cap_at(index);
    if (!info) return false;
    *cap = (struct csr_cap){info->name, info->otherwise};
    *what = info->what;
    *full = info->full;
    return true;
}

static struct caps caps_of(const struct csr_replay_options *o, const struct ir *ir)
{
    struct caps c = {0};
    if (ir->site) c = ir->site->caps;
    for (size_t n = 0; n < o->n_caps; n++)
        for (size_t i = 0; cap_at(i); i++)
            if (!strcmp(cap_at(i)->name, o->caps[n].name)) caps_set(&c, cap_at(i), o->caps[n].most);
    return c;
}

/* False: no memory. */
static bool run_through(struct replay *r, struct input *input, const struct ir *ir, struct run_counts *counts)
{
    uint64_t secret[2] = {0};
    struct caps caps = caps_of(r->o, ir);
    if (getrandom(secret, sizeof secret, 0) != sizeof secret) return false;
    struct run_options o = {
        .workers = workers_of(r->o->threads),
        .input = input,
        .out = {.world = r,
                .incident = write_incident,
                .aside = report_aside,
                .notice = report_notice,
                .written = report_progress},
        .caps = &caps,
        .lateness = r->o->lateness,
        .max_lag = r->o->max_lag,
        .secret = secret,
        .stop = r->o->stop,
    };
    struct run *run = run_new(&o);
    bool done = run && run_publish(run, ir, NULL) && run_go(run) != RUN_NO_MEMORY && !r->has_no_memory;
    if (run) run_count(run, counts);
    if (run) report_swallowed(r, counts), report_feeds(r, counts);
    run_free(run);
    return done;
}

enum csr_status csr_replay(const csr_ruleset *rs, const struct csr_replay_options *o,
                           struct csr_replay_result *out)
{
    struct replay r = {.o = o};
    struct run_counts counts = {0};
    *out = (struct csr_replay_result){0};
    struct merge *merge = merge_open(o->paths, o->n_paths, out->error);
    if (!merge) return CSR_SYSTEM;
    struct input input = merge_input(merge);
    out->passed_over = merge_passed_over(merge);
    bool done = run_through(&r, &input, csr_ruleset_ir(rs), &counts);
    merge_close(merge);
    json_out_release(&r.line);
    report_counts(&counts, &out->counts);
    if (!done)
        snprintf(out->error, sizeof out->error, "out of memory");
    else if (!accounts_hold(&counts))
        snprintf(out->error, sizeof out->error,
                 "the accounts do not add up: something was lost without a trace");
    if (out->error[0]) return CSR_SYSTEM;
    return counts.aside ? CSR_WRONG : CSR_OK;
}
