/* input.c - see input.h.
 *
 * Of the sources that have something the one is asked whose next record is the oldest, by its delivery or its own time: what
 * has piled up while csr was not running comes merged, and no source runs ahead of another (language.md B4). A record's
 * origin tells its source by its remainder. Sources that are read once and not followed are history: they are merged into
 * one (io/merge.h), as a replay does.
 *
 * A source that has nothing is looked at again after TURN_RECORDS records of others: looking may be a system call. A record
 * that was passed over PASSED_MOST times, because it is dated ahead, is given.
 *
 * 1. Records are released to the source that gave them in the order in which it gave them: runs of records of one
 *    source are kept in `given` from the oldest that is not released.
 */
#include "engine/service/input.h"

#include "engine/io/follow.h"
#include "engine/io/merge.h"
#include "engine/io/stream.h"
#include "engine/io/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TURN_RECORDS 64
#define PASSED_MOST  4096
#define NANOSECONDS  INT64_C(1000000000)

struct part { /* one source, or all history */
    struct input input;
    uint32_t source;          /* of the site; of history: see source_of_file */
    struct follow *follow;
    struct stream *stream;
    struct merge *merge;
    uint64_t given, released; /* records of its input, those of before a checkpoint among them */
    bool has_ended, has_head;
    struct input_record head; /* its next record, taken and not given yet */
    int64_t due;              /* of the head: nanoseconds */
    uint32_t passed;          /* how often another was given in its place */
    uint64_t look_at;         /* without a head: how many records are given before it is looked at again */
};

struct stretch {
    uint32_t part;
    uint64_t n;
};

struct sources_input {
    const struct ir_site *site;
    struct input_source *sources; /* [site->n_sources], or one */
    uint32_t *source_of_file; /* by the origins of history */
    struct part *parts;
    uint32_t n_parts;
    uint64_t n;            /* records given */
    struct stretch *given; /* invariant 1: a ring */
    uint32_t first, n_given, cap;
    uint64_t released;
    struct input_record last;
    bool knows_last;
};

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool no_memory(char error[512])
{
    snprintf(error, 512, "out of memory");
    return false;
}

static bool is_stdin(const struct ir_source *s)
{
    return text_equal(s->kind, TEXT("stdin")) || text_equal(s->path, TEXT("-"));
}

static bool is_history(const struct ir_source *s)
{
    return !is_stdin(s) && !s->follow;
}

static bool add_stdin(struct sources_input *si, uint32_t source, char error[512])
{
    struct part *p = &si->parts[si->n_parts];
    p->source = source;
    p->stream = stream_new(STDIN_FILENO, TEXT("standard input"));
    if (!p->stream) return no_memory(error);
    p->input = stream_input(p->stream);
    si->n_parts++;
    return true;
}

static bool add_followed(struct sources_input *si, uint32_t source, char error[512])
{
    const struct ir_source *s = &si->site->sources[source];
    struct part *p = &si->parts[si->n_parts];
    p->source = source;
    char path[4096];
    snprintf(path, sizeof path, TEXT_FMT, TEXT_ARG(s->path));
    p->follow = follow_open(path, error);
    if (!p->follow) return false;
    p->input = follow_input(p->follow);
    si->n_parts++;
    return true;
}

/* The source whose path leads to the file; of several the longest path. */
static uint32_t source_of(const struct ir_site *site, struct text file)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < site->n_sources; i++) {
        const struct ir_source *s = &site->sources[i];
        if (!is_history(s) || !text_starts(file, s->path)) continue;
        if (best == UINT32_MAX || site->sources[best].path.len < s->path.len) best = i;
    }
    return best == UINT32_MAX ? 0 : best;
}

static bool find_sources(struct sources_input *si, const struct merge *m)
{
    uint32_t n = merge_files(m);
    si->source_of_file = calloc(n + 1, sizeof *si->source_of_file);
    for (uint32_t i = 0; si->source_of_file && i < n; i++)
        si->source_of_file[i] = source_of(si->site, merge_file_at(m, i).name);
    return si->source_of_file != NULL;
}

static bool merge_paths(struct sources_input *si, const char *const *paths, size_t n, char error[512])
{
    struct part *p = &si->parts[si->n_parts];
    p->merge = merge_open(paths, n, error);
    if (!p->merge) return false;
    p->input = merge_input(p->merge);
    si->n_parts++;
    return find_sources(si, p->merge) || no_memory(error);
}

static bool add_history(struct sources_input *si, const struct ir_site *site, char error[512])
{
    char **paths = calloc(site->n_sources, sizeof *paths);
    size_t n = 0;
    bool done = paths != NULL;
    for (uint32_t i = 0; done && i < site->n_sources; i++) {
        const struct ir_source *s = &site->sources[i];
        if (!is_history(s)) continue;
        paths[n] = strndup(s->path.at, s->path.len);
        done = paths[n++] != NULL;
    }
    if (!done) no_memory(error);
    else if (n) done = merge_paths(si, (const char *const *)paths, n, error);
    for (size_t i = 0; i < n; i++) free(paths[i]);
    free(paths);
    return done;
}

static bool open_parts(struct sources_input *si, const struct ir_site *site, char error[512])
{
    if (!site || !site->n_sources) return add_stdin(si, 0, error);
    for (uint32_t i = 0; i < site->n_sources; i++) {
        const struct ir_source *s = &site->sources[i];
        if (is_history(s)) continue;
        if (!(is_stdin(s) ? add_stdin(si, i, error) : add_followed(si, i, error))) return false;
    }
    return add_history(si, site, error);
}

static bool describe_sources(struct sources_input *si, const struct ir_site *site)
{
    uint32_t n = site && site->n_sources ? site->n_sources : 1;
    si->site = site;
    si->sources = calloc(n, sizeof *si->sources);
    for (uint32_t i = 0; si->sources && i < n; i++) {
        const struct ir_source *s = site && site->n_sources ? &site->sources[i] : NULL;
        si->sources[i] = (struct input_source){i, s ? s->disorder : -1, s ? s->max_lag : 0};
    }
    return si->sources != NULL;
}

struct sources_input *sources_input_open(const struct ir_site *site, char error[512])
{
    struct sources_input *si = calloc(1, sizeof *si);
    uint32_t most = (site ? site->n_sources : 0) + 1;
    if (si && describe_sources(si, site)) si->parts = calloc(most, sizeof *si->parts);
    if (si && si->parts && open_parts(si, site, error)) return si;
    if (!si || !si->parts) no_memory(error);
    sources_input_close(si);
    return NULL;
}

void sources_input_close(struct sources_input *si)
{
    if (!si) return;
    for (uint32_t i = 0; i < si->n_parts; i++) {
        struct part *p = &si->parts[i];
        if (p->follow) follow_close(p->follow);
        if (p->stream) stream_free(p->stream);
        if (p->merge) merge_close(p->merge);
    }
    free(si->parts);
    free(si->sources);
    free(si->source_of_file);
    free(si->given);
    free(si);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool grow(struct sources_input *si)
{
    uint32_t cap = si->cap ? si->cap * 2 : 64;
    struct stretch *grown = calloc(cap, sizeof *grown);
    if (!grown) return false;
    for (uint32_t i = 0; i < si->n_given; i++) grown[i] = si->given[(si->first + i) % si->cap];
    free(si->given);
    si->given = grown;
    si->cap = cap;
    si->first = 0;
    return true;
}

/* Room for one more stretch is made before a record is taken, so that a taken record is always accounted for. */
static bool has_room(struct sources_input *si)
{
    return si->n_given < si->cap || grow(si);
}

static void account(struct sources_input *si, uint32_t part)
{
    struct stretch *last = si->n_given ? &si->given[(si->first + si->n_given - 1) % si->cap] : NULL;
    if (last && last->part == part) {
        last->n++;
        return;
    }
    si->given[(si->first + si->n_given++) % si->cap] = (struct stretch){part, 1};
}

static int64_t due_of(const struct input_record *r)
{
    int64_t time;
    if (r->stamp) return r->stamp * NANOSECONDS;
    return record_time(r->bytes, r->columns, &time) ? time : INT64_MIN; /* what has none waits for nothing */
}

/* Whether the source has a head, or gets one. */
static bool look(struct sources_input *si, struct part *p, int wait_ms)
{
    if (p->has_head || p->has_ended) return p->has_head;
    p->head = (struct input_record){0};
    enum input_result result = p->input.next(p->input.world, &p->head, wait_ms);
    p->has_head = result == INPUT_RECORD;
    p->has_ended = result == INPUT_END;
    p->look_at = si->n + TURN_RECORDS;
    p->passed = 0;
    if (p->has_head) p->due = si->n_parts > 1 ? due_of(&p->head) : 0;
    return p->has_head;
}

static bool goes_before(const struct part *a, const struct part *b)
{
    bool a_waited = a->passed >= PASSED_MOST, b_waited = b->passed >= PASSED_MOST;
    return a_waited != b_waited ? a_waited : a->due < b->due;
}

/* The source whose turn it is; NULL: none has anything. */
static struct part *choose(struct sources_input *si)
{
    struct part *best = NULL;
    for (struct part *p = si->parts; p < si->parts + si->n_parts; p++) {
        if (!p->has_head && si->n < p->look_at) continue;
        if (look(si, p, 0) && (!best || goes_before(p, best))) best = p;
    }
    return best;
}

/* Each once more, for a part of the time. */
static struct part *wait_for_any(struct sources_input *si, int wait_ms)
{
    int share = wait_ms / (int)si->n_parts;
    for (struct part *p = si->parts; p < si->parts + si->n_parts; p++)
        if (look(si, p, wait_ms ? share ? share : 1 : 0)) return p;
    return NULL;
}

static void give(struct sources_input *si, struct part *p, struct input_record *out)
{
    uint32_t part = (uint32_t)(p - si->parts);
    *out = p->head;
    out->source = &si->sources[p->merge ? si->source_of_file[out->origin] : p->source];
    out->origin = out->origin * si->n_parts + part;
    p->has_head = false;
    p->look_at = 0;
    for (uint32_t i = 0; i < si->n_parts; i++) si->parts[i].passed += si->parts[i].has_head;
    account(si, part);
    p->given++;
    si->n++;
    si->last = *out;
    si->knows_last = true;
}

static bool has_ended(const struct sources_input *si)
{
    for (uint32_t i = 0; i < si->n_parts; i++)
        if (!si->parts[i].has_ended) return false;
    return true;
}

static enum input_result next_record(void *world, struct input_record *out, int wait_ms)
{
    struct sources_input *si = world;
    if (!has_room(si)) return INPUT_IDLE;
    struct part *p = choose(si);
    if (!p) p = wait_for_any(si, wait_ms);
    if (!p) return has_ended(si) ? INPUT_END : INPUT_IDLE;
    give(si, p, out);
    return INPUT_RECORD;
}

static void release_records(void *world, uint64_t n)
{
    struct sources_input *si = world;
    while (si->released < n && si->n_given) {
        struct stretch *s = &si->given[si->first];
        uint64_t some = s->n < n - si->released ? s->n : n - si->released;
        s->n -= some;
        si->released += some;
        si->parts[s->part].released += some;
        if (s->n) break;
        si->first = (si->first + 1) % si->cap;
        si->n_given--;
    }
    for (uint32_t i = 0; i < si->n_parts; i++)
        si->parts[i].input.release(si->parts[i].input.world, si->parts[i].released);
}

static struct text name_origin(void *world, uint32_t origin)
{
    struct sources_input *si = world;
    struct input *i = &si->parts[origin % si->n_parts].input;
    return i->origin_name(i->world, origin / si->n_parts);
}

static void sum_progress(void *world, uint64_t *read, uint64_t *all)
{
    struct sources_input *si = world;
    bool known = true;
    *read = *all = 0;
    for (uint32_t i = 0; i < si->n_parts; i++) {
        uint64_t part_read = 0, part_all = 0;
        si->parts[i].input.progress(si->parts[i].input.world, &part_read, &part_all);
        *read += part_read;
        *all += part_all;
        known = known && part_all;
    }
    if (!known) *all = 0;
}

struct input sources_input_of(struct sources_input *si)
{
    bool is_in_order = si->n_parts == 1 && si->parts[0].input.is_in_order;
    return (struct input){si, next_record, release_records, name_origin, sum_progress, is_in_order};
}

uint64_t sources_input_given(const struct sources_input *si)
{
    return si->n;
}

/* ---- places -------------------------------------------------------------------------------------------- */

/* A part is known again by what it is of: the path of its source, or nothing for all history. */
static struct text name_of(const struct sources_input *si, const struct part *p)
{
    if (p->merge) return TEXT("");
    return p->stream || !si->site ? TEXT("-") : si->site->sources[p->source].path;
}

static struct hash128 digest_of(const struct merge *m)
{
    static const uint64_t plain[2];
    struct hash128 h = {0, merge_files(m)};
    for (uint32_t i = 0; i < merge_files(m); i++) {
        struct merge_file f = merge_file_at(m, i);
        h = hash_128((uint64_t[2]){h.hi, h.lo}, f.name.at, f.name.len);
        h.lo ^= f.bytes;
    }
    return hash_128(plain, &h, sizeof h);
}

void sources_input_places(const struct sources_input *si, struct tape *t)
{
    (void)tape_count(t, si->n_parts);
    for (uint32_t i = 0; i < si->n_parts; i++) {
        struct part *p = &si->parts[i];
        struct text name = name_of(si, p);
        TAPE(t, name);
        size_t mark = tape_open(t);
        struct hash128 digest = p->merge ? digest_of(p->merge) : (struct hash128){0, 0};
        if (p->follow) follow_place(p->follow, p->given, t);
        else TAPE(t, digest), TAPE(t, p->given);
        tape_close(t, mark);
    }
}

/* Records are taken again and not looked at, up to the n-th. */
static void pass_over(struct part *p, uint64_t n)
{
    struct input_record unused;
    while (p->given < n && p->input.next(p->input.world, &unused, 0) == INPUT_RECORD)
        if (++p->given % TURN_RECORDS == 0) p->input.release(p->input.world, p->given);
    p->input.release(p->input.world, p->given);
    p->released = p->given;
}

static bool is_file(int fd)
{
    return lseek(fd, 0, SEEK_CUR) >= 0;
}

/* One that comes by a pipe goes on where its sender does. */
static bool resume_part(struct part *p, struct tape *t, char trouble[512], char error[512])
{
    struct hash128 digest;
    uint64_t given = 0;
    trouble[0] = '\0';
    if (p->follow) {
        p->given = p->released = follow_resume(p->follow, t, trouble);
        return true;
    }
    TAPE(t, digest), TAPE(t, given);
    if (p->merge && !hash128_equal(digest, digest_of(p->merge))) {
        snprintf(error, 512, "the files that are read once are others than they were at the checkpoint: they must stay "
                             "until all of them is read, or the checkpoint must go");
        return false;
    }
    if (p->merge || is_file(STDIN_FILENO)) pass_over(p, given);
    return true;
}

static struct part *part_named(struct sources_input *si, struct text name)
{
    for (uint32_t i = 0; i < si->n_parts; i++)
        if (text_equal(name_of(si, &si->parts[i]), name)) return &si->parts[i];
    return NULL;
}

bool sources_input_resume(struct sources_input *si, struct tape *t, void *world,
                          void (*tell)(void *world, const char *trouble), char error[512])
{
    uint32_t n = tape_count(t, 0);
    for (uint32_t i = 0; i < n && !t->is_broken; i++) {
        struct text name = {NULL, 0};
        char trouble[512];
        TAPE(t, name);
        size_t mark = tape_open(t);
        struct part *p = part_named(si, name);
        if (p && !resume_part(p, t, trouble, error)) return false;
        if (!p) snprintf(trouble, sizeof trouble, TEXT_FMT ": is no source any more", TEXT_ARG(name));
        if (trouble[0]) tell(world, trouble);
        tape_skip(t, mark);
    }
    if (t->is_broken) snprintf(error, 512, "what the checkpoint says of sources makes no sense");
    return !t->is_broken;
}

void sources_input_place(const struct sources_input *si, char out[512])
{
    if (!si->knows_last) {
        snprintf(out, 512, "nothing was read");
        return;
    }
    struct text name = name_origin((void *)(uintptr_t)si, si->last.origin);
    snprintf(out, 512, "%.*s:%llu", name.len < 400 ? (int)name.len : 400, name.at,
             (unsigned long long)si->last.line);
}
