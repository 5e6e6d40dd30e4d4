/* random_files.c - writes the records of a case. */
#include "tests/oracle/random_files.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES_MOST 3

const struct delivery deliveries[DELIVERIES] = {
    {"in order", {0, "u", "us-east-1"}, LAY_ONE, false, false, false},
    {"shuffled, with copies", {0, "u", "us-east-1"}, LAY_SEVERAL, true, false, false},
    {"a tree of regions", {0, "u", NULL}, LAY_TREE, true, false, false},
    {"other traffic and rules", {0, "u", "us-east-1"}, LAY_SEVERAL, true, true, true},
    {"later, by others", {86400 * 3 + 3607, "somebody.else-", "us-east-1"}, LAY_ONE, true, false, false},
};

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
    if (w->c->uses[USE_PREVALENCE]) return; /* there it is what is asked about */
    if (e->real || !w->how->with_others || !chance(w->seed, 50)) return;
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

/* One object for each record, stamped some minutes after it. */
static void write_tree(const struct writing *w)
{
    static const char *const regions[] = {"us-east-1", "eu-central-1", "ap-south-1"};
    const struct event *events[2 * EVENTS_MOST];
    for (uint32_t i = 0, n = arrange(w, events); i < n; i++) {
        struct telling how = w->how->telling;
        char path[512], day[32], stamp[32];
        time_t delivered = (time_t)(events[i]->second + how.shift + 60 * (1 + below(w->seed, 8)));
        struct tm parts;
        how.region = regions[events[i]->identity[0] % 3];
        gmtime_r(&delivered, &parts);
        strftime(day, sizeof day, "%Y/%m/%d", &parts);
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%MZ", &parts);
        snprintf(path, sizeof path,
                 "%s/AWSLogs/111122223333/CloudTrail/%s/%s/111122223333_CloudTrail_%s_%s_%016u.json",
                 w->folder, how.region, day, how.region, stamp, i);
        make_folders(path);
        FILE *to = fopen(path, "w");
        fputs("{\"Records\":[", to);
        spell_record(to, w->c, events[i], how);
        fputs("]}", to);
        fclose(to);
    }
}

bool can_deliver(const struct a_case *c, const struct delivery *how)
{
    return !c->call[0] || (how->layout != LAY_TREE && !how->telling.shift);
}

void deliver(const struct a_case *c, const struct delivery *how, uint64_t *seed, const char *folder)
{
    struct writing w = {c, how, seed, folder};
    if (how->layout == LAY_TREE)
        write_tree(&w);
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
