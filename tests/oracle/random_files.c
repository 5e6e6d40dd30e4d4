/* random_files.c - compiles the rule of a case, and writes its records. */
#include "tests/oracle/random_files.h"
#include "tests/oracle/over.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES_MOST 3

#define REGIONS     3
#define APART_EVERY 8 /* cases that are told so */
#define APART_LEAD                                                                                           \
    (25 * 60)                /* seconds of traffic before the first event: each region has shown something   \
                              */
#define APART_TAIL (45 * 60) /* and behind the last, so that time passes all of it */
#define APART_BUSY 15        /* records a minute of the busiest region; the others have one */
#define APART_MOST 20        /* minutes by which a region is behind */
#define APART_LATE 7         /* minutes by which an event is later than its region */

const struct delivery deliveries[DELIVERIES] = {
    {"in order", {0, "u", "us-east-1"}, LAY_ONE, false, false, false},
    {"shuffled, with copies", {0, "u", "us-east-1"}, LAY_SEVERAL, true, false, false},
    {"a tree of regions", {0, "u", NULL}, LAY_TREE, true, false, false},
    {"other traffic and rules", {0, "u", "us-east-1"}, LAY_SEVERAL, true, true, true},
    {"regions apart", {0, "u", NULL}, LAY_APART, true, false, false},
    {"later, by others", {86400 * 3 + 3607, "somebody.else-", "us-east-1"}, LAY_ONE, true, false, false},
};

csr_ruleset *compile_case(const struct a_case *c, const char *more, csr_report *report)
{
    char *text;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    spell_rule(to, c);
    fclose(to);
    struct text kept = arena_printf(c->arena, "%s%s", text, more); /* reports point into it */
    struct csr_text one = {"random.csr", kept.at, kept.len};
    free(text);
    return csr_compile(&(struct csr_compile_options){.texts = &one, .n_texts = 1, .without_lints = true},
                       report);
}

struct writing {
    const struct a_case *c;
    const struct delivery *how;
    uint64_t *seed;
    const char *folder;
};

static int by_second(const void *a, const void *b)
{
    const struct event *x = *(const struct event *const *)a, *y = *(const struct event *const *)b;
    return (x->second > y->second) - (x->second < y->second);
}

/* The events that are to be written, in order of time, or in any order in which the source may deliver them.
 */
static uint32_t arrange(const struct writing *w, const struct event **out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->c->n_events; i++) {
        if (w->c->events[i].is_out) continue;
        out[n++] = &w->c->events[i];
        if (w->how->shuffle && chance(w->seed, 25)) out[n++] = &w->c->events[i];
    }
    for (uint32_t i = n; w->how->shuffle && i > 1; i--) {
        uint32_t k = below(w->seed, i);
        const struct event *swapped = out[i - 1];
        out[i - 1] = out[k], out[k] = swapped;
    }
    if (!w->how->shuffle || w->c->unit > 1) qsort(out, n, sizeof *out, by_second);
    return n;
}

/* Somebody else does the same, now and then. */
static void write_other(const struct writing *w, FILE *to, const struct event *e)
{
    struct event other = *e;
    if (w->c->uses[USE_PREVALENCE] || over_mixes(w->c)) return; /* there others are what is asked about */
    if (e->real || !w->how->with_others || !chance(w->seed, 50)) return;
    if (w->c->uses[USE_KEYS] && (e->is_omitted || e->key_value == KEYS || !e->key_list))
        return; /* it names nobody, so it may be of any key */
    other.identity[0] = 'X';
    other.key = e->key % 2;
    spell_record(to, w->c, &other, (struct telling){0, "other", "us-east-1"});
    fputc('\n', to);
}

static void write_lines(const struct writing *w)
{
    const struct event *events[2 * EVENTS_MOST];
    FILE *files[FILES_MOST];
    uint32_t n = arrange(w, events), n_files = w->how->layout == LAY_ONE ? 1 : 1 + below(w->seed, FILES_MOST);
    for (uint32_t i = 0; i < n_files; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%c%u.ndjson", w->folder, 'a' + (char)below(w->seed, 26), i);
        files[i] = fopen(path, "w");
    }
    for (uint32_t i = 0; i < n; i++) {
        FILE *to = files[below(w->seed, n_files)];
        spell_record(to, w->c, events[i], w->how->telling);
        fputc('\n', to);
        write_other(w, to, events[i]);
    }
    for (uint32_t i = 0; i < n_files; i++) fclose(files[i]);
}

static void make_folders(char *path)
{
    for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(path, 0700);
        *at = '/';
    }
}

static const char *const regions[REGIONS] = {"us-east-1", "eu-central-1", "ap-south-1"};

/* The object that is delivered at this second, for more records in it. */
static FILE *open_object(const struct writing *w, uint32_t region, int64_t second, uint32_t number)
{
    char path[512], day[32], stamp[32];
    time_t delivered = (time_t)second;
    struct tm parts;
    gmtime_r(&delivered, &parts);
    strftime(day, sizeof day, "%Y/%m/%d", &parts);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%MZ", &parts);
    snprintf(path, sizeof path,
             "%s/AWSLogs/111122223333/CloudTrail/%s/%s/111122223333_CloudTrail_%s_%s_%016u.json", w->folder,
             regions[region], day, regions[region], stamp, number);
    make_folders(path);
    return fopen(path, "a");
}

static uint32_t region_of(const struct event *e)
{
    return (uint32_t)(unsigned char)e->identity[0] % REGIONS;
}

static void write_object(const struct writing *w, const struct event *e, int64_t delivered, uint32_t number)
{
    struct telling how = w->how->telling;
    how.region = regions[region_of(e)];
    FILE *to = open_object(w, region_of(e), delivered, number);
    fputs("{\"Records\":[", to);
    spell_record(to, w->c, e, how);
    fputs("]}", to);
    fclose(to);
}

/* One object for each record, stamped some minutes after it. */
static void write_tree(const struct writing *w)
{
    const struct event *events[2 * EVENTS_MOST];
    for (uint32_t i = 0, n = arrange(w, events); i < n; i++)
        write_object(w, events[i], events[i]->second + w->how->telling.shift + 60 * (1 + below(w->seed, 8)),
                     i);
}

/* ---- regions apart ------------------------------------------------------------------------------------- */

/* A minute of what has nothing to do with the rule. */
static void write_traffic(const struct writing *w, uint32_t region, int64_t minute, uint32_t lag)
{
    FILE *to = open_object(w, region, minute + 60 * lag, EVENTS_MOST * 2);
    uint32_t n = region ? 1 : APART_BUSY;
    for (uint32_t i = 0; i < n; i++) {
        char when[32];
        time_t second = (time_t)(minute + i * 60 / n);
        struct tm parts;
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&second, &parts));
        fprintf(to,
                "{\"eventVersion\":\"1.09\",\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":\"cron\"},"
                "\"eventTime\":"
                "\"%s\",\"eventSource\":\"traffic.amazonaws.com\",\"eventName\":\"Pass\",\"awsRegion\":\"%"
                "s\",\"eventID\":"
                "\"t-%u-%ld\",\"recipientAccountId\":\"111122223333\"}\n",
                when, regions[region], region, (long)second);
    }
    fclose(to);
}

/* No record is older than what its own region has shown by more than ten minutes, and no region is behind by
 * half an hour: so nothing is late, however far time has come by the busiest region. */
static void write_apart(const struct writing *w)
{
    const struct event *events[2 * EVENTS_MOST];
    uint32_t n = arrange(w, events), lags[REGIONS] = {1};
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (uint32_t r = 1; r < REGIONS; r++) lags[r] = 1 + below(w->seed, APART_MOST);
    for (uint32_t i = 0; i < n; i++) {
        if (events[i]->second < first) first = events[i]->second;
        if (events[i]->second > last) last = events[i]->second;
        write_object(w, events[i],
                     events[i]->second + 60 * (lags[region_of(events[i])] + below(w->seed, APART_LATE + 1)),
                     i);
    }
    for (int64_t at = first - APART_LEAD; n && at < last + APART_TAIL; at += 60)
        for (uint32_t r = 0; r < REGIONS; r++) write_traffic(w, r, at, lags[r]);
}

bool can_deliver(const struct a_case *c, const struct delivery *how)
{
    if (how->layout == LAY_APART && (c->seed % APART_EVERY || c->unit > 1)) return false;
    return !c->call[0] || (how->layout < LAY_TREE && !how->telling.shift);
}

void deliver(const struct a_case *c, const struct delivery *how, uint64_t *seed, const char *folder)
{
    struct writing w = {c, how, seed, folder};
    if (how->layout == LAY_TREE)
        write_tree(&w);
    else if (how->layout == LAY_APART)
        write_apart(&w);
    else
        write_lines(&w);
}

void replay_folder(const csr_ruleset *rs, const char *folder, unsigned threads,
                   bool (*incident)(void *world, const char *json, size_t len), void *world)
{
    struct csr_replay_result result;
    struct csr_replay_options o = {.paths = &folder,
                                   .n_paths = 1,
                                   .threads = threads,
                                   .lateness = -1,
                                   .world = world,
                                   .incident = incident};
    if (csr_replay(rs, &o, &result) == CSR_OK) return;
    fprintf(stderr, "replay of %s: %s\n", folder, result.error);
    exit(1);
}

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *at)
{
    (void)what, (void)kind;
    return at->level ? remove(path) : 0;
}

void clear_folder(const char *folder)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
