/* merge.c - see merge.h.
 *
 * Every file is a supply with a frontier: nothing that it has still to give comes before that. The least record read so
 * far is given as soon as all frontiers are behind it; until then the supply with the least frontier is read on.
 *
 *   a delivered file    the frontier is its stamp until it is read to its end
 *   small files         are read to their end before anything is given
 *   a large file        is surveyed first: by how much its records run back in time at most says how far its frontier
 *                       stays behind the newest record read, so a file in order is never held in memory
 */
#include "engine/io/merge.h"

#include "engine/base/heap.h"
#include "engine/io/files.h"
#include "engine/io/stream.h"
#include "engine/io/walk.h"
#include "engine/io/when.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOAD_MOST  (32u << 20) /* bytes on disk of undated files that are loaded without a survey, in all */
#define SLAB       256         /* entries made at once */
#define NANOSECOND INT64_C(1000000000)

struct supply {
    int64_t frontier;
    int64_t stamp;     /* nanoseconds; of a delivered file */
    int64_t run_back;  /* of a surveyed file: how far a record is behind the newest before it, at most */
    int64_t newest;
    uint32_t origin;
    struct file *file; /* NULL: not opened yet */
    bool is_surveyed;
};

struct origin {
    struct merge_file facts;
    uint64_t framed; /* bytes of its records; with facts.bytes the scale of progress */
};

/* A record that waits for its turn. arrival: the stamp of its file, or its time. */
struct entry {
    int64_t arrival, time;
    struct file_record record;
    uint32_t origin;
    struct entry *next; /* in the list of free ones */
};

struct slab {
    struct slab *next;
    struct entry entries[SLAB];
};

struct merge {
    struct walk walk;
    struct origin *origins;
    struct supply *supplies;
    struct heap waiting;   /* of struct entry */
    struct heap frontiers; /* of struct supply */
    struct block_queue queue;
    struct entry *free_entries;
    struct slab *slabs;
    double bytes_given;    /* as on disk */
    uint64_t bytes_all;
    struct stream *alone;  /* standard input or a pipe without anything beside it */
    int alone_fd;
};

/* ---- orders -------------------------------------------------------------------------------------------- */

static bool entry_before(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->arrival != y->arrival) return x->arrival < y->arrival;
    if (x->time != y->time) return x->time < y->time;
    return text_compare(x->record.bytes, y->record.bytes) < 0;
}

static bool supply_before(const void *a, const void *b)
{
    const struct supply *x = a, *y = b;
    return x->frontier != y->frontier ? x->frontier < y->frontier : x->origin < y->origin;
}

static struct entry *entry_new(struct merge *m)
{
    if (!m->free_entries) {
        struct slab *slab = malloc(sizeof *slab);
        if (!slab) return NULL;
        slab->next = m->slabs;
        m->slabs = slab;
        for (size_t i = 0; i < SLAB; i++) {
            slab->entries[i].next = m->free_entries;
            m->free_entries = &slab->entries[i];
        }
    }
    struct entry *e = m->free_entries;
    m->free_entries = e->next;
    return e;
}

static void entry_free(struct merge *m, struct entry *e)
{
    e->next = m->free_entries;
    m->free_entries = e;
}

/* ---- giving -------------------------------------------------------------------------------------------- */

static enum input_result give(struct merge *m, struct input_record *out, const struct file_record *r,
                              uint32_t origin)
{
    struct origin *o = &m->origins[origin];
    int64_t stamp = m->supplies[origin].stamp / NANOSECOND;
    *out = (struct input_record){
        .bytes = r->bytes, .columns = r->columns, .origin = origin, .line = r->line,
        .number = r->number, .stamp = stamp};
    o->facts.records++;
    if (o->framed) m->bytes_given += (double)r->bytes.len * (double)o->facts.bytes / (double)o->framed;
    block_given(&m->queue, r->block);
    return INPUT_RECORD;
}

static enum input_result give_unreadable(struct merge *m, struct input_record *out, uint64_t line,
                                         uint32_t origin)
{
    struct origin *o = &m->origins[origin];
    o->facts.is_broken = true;
    *out = (struct input_record){.bytes = {"", 0}, .aside = ASIDE_UNREADABLE, .origin = origin, .line = line};
    m->queue.given++;
    return INPUT_RECORD;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static struct file *open_origin(struct merge *m, uint32_t origin, struct block_queue *q)
{
    const struct walked *w = &m->walk.files[origin];
    if (!w->is_stream) return file_open(w->path, q, FILE_WINDOW);
    int fd = strcmp(w->path, "-") ? open(w->path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    struct block *all = fd < 0 ? NULL : read_all(fd);
    if (fd > STDIN_FILENO) close(fd);
    return all ? file_of_block(all, q) : NULL;
}

static void drop_supply(struct merge *m, struct supply *s)
{
    heap_pop(&m->frontiers);
    file_close(s->file);
    s->file = NULL;
}

static void advance_frontier(struct merge *m, struct supply *s, int64_t time)
{
    if (!s->is_surveyed) return;
    if (time > s->newest) s->newest = time;
    int64_t frontier = s->newest - s->run_back;
    if (frontier > s->frontier) s->frontier = frontier;
    heap_sink(&m->frontiers);
}

static bool put_off(struct merge *m, struct supply *s, const struct file_record *r, int64_t time)
{
    struct entry *e = entry_new(m);
    if (!e) return false;
    *e = (struct entry){s->stamp ? s->stamp : time, time, *r, s->origin, NULL};
    if (heap_push(&m->waiting, e)) return true;
    entry_free(m, e);
    return false;
}

/* Reads one record of the supply with the least frontier. INPUT_RECORD if something is to be given at once: what has no
 * time to wait for. */
static enum input_result read_on(struct merge *m, struct supply *s, struct input_record *out)
{
    struct file_record r = {.line = 1};
    int64_t time;
    if (!s->file) s->file = open_origin(m, s->origin, &m->queue);
    switch (s->file ? file_next(s->file, &r) : FILE_BROKEN) {
    case FILE_RECORD:
        if (!s->is_surveyed) m->origins[s->origin].framed += r.bytes.len;
        if (!record_time(r.bytes, r.columns, &time)) return give(m, out, &r, s->origin);
        if (!put_off(m, s, &r, time)) return give(m, out, &r, s->origin);
        advance_frontier(m, s, time);
        return INPUT_IDLE;
    case FILE_BROKEN:
        drop_supply(m, s);
        return give_unreadable(m, out, r.line, s->origin);
    case FILE_END: break;
    }
    drop_supply(m, s);
    return INPUT_IDLE;
}

static enum input_result merge_next(void *world, struct input_record *out, int wait_ms)
{
    struct merge *m = world;
    (void)wait_ms; /* history is all there */
    for (;;) {
        struct entry *e = heap_top(&m->waiting);
        struct supply *s = heap_top(&m->frontiers);
        if (e && (!s || s->frontier > e->arrival)) {
            heap_pop(&m->waiting);
            enum input_result result = give(m, out, &e->record, e->origin);
            entry_free(m, e);
            return result;
        }
        if (!s) return INPUT_END;
        if (read_on(m, s, out) == INPUT_RECORD) return INPUT_RECORD;
    }
}

static void merge_release(void *world, uint64_t n)
{
    struct merge *m = world;
    block_release(&m->queue, n);
}

static struct text merge_origin_name(void *world, uint32_t origin)
{
    return merge_file_at(world, origin).name;
}

static void merge_progress(void *world, uint64_t *read, uint64_t *all)
{
    struct merge *m = world;
    bool is_over = !m->waiting.len && !m->frontiers.len;
    *all = m->bytes_all;
    *read = is_over || m->bytes_given > (double)m->bytes_all ? m->bytes_all : (uint64_t)m->bytes_given;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

/* Reads a file through for its earliest record and how far it runs back. A file that cannot be read is found so again
 * when its turn comes, and reported then. */
static void survey(struct merge *m, struct supply *s)
{
    struct block_queue done = {0};
    struct file *file = open_origin(m, s->origin, &done);
    int64_t time, newest = INT64_MIN, earliest = INT64_MAX;
    for (struct file_record r; file && file_next(file, &r) == FILE_RECORD;) {
        m->origins[s->origin].framed += r.bytes.len;
        if (record_time(r.bytes, r.columns, &time)) {
            if (time < earliest) earliest = time;
            if (time > newest) newest = time;
            if (newest - time > s->run_back) s->run_back = newest - time;
        }
        block_given(&done, r.block);
        block_release(&done, done.given);
    }
    file_close(file);
    block_queue_free(&done);
    s->is_surveyed = true;
    s->frontier = earliest == INT64_MAX ? INT64_MIN : earliest;
    s->newest = s->frontier;
}

static void prepare_supply(struct merge *m, uint32_t origin, uint64_t *load_left)
{
    const struct walked *w = &m->walk.files[origin];
    struct origin *o = &m->origins[origin];
    struct supply *s = &m->supplies[origin];
    const char *slash = strrchr(w->path, '/');
    int64_t stamp = 0;
    bool is_delivered = delivery_stamp(text_of(slash ? slash + 1 : w->path), &stamp);
    struct text name = strcmp(w->path, "-") ? text_of(w->path) : TEXT("standard input");
    *o = (struct origin){.facts = {.name = name, .bytes = w->size, .is_delivered = is_delivered}};
    *s = (struct supply){.frontier = INT64_MIN, .newest = INT64_MIN, .origin = origin};
    if (is_delivered)
        s->stamp = s->frontier = stamp * NANOSECOND;
    else if (w->is_stream || w->size <= *load_left)
        *load_left -= w->size;
    else
        survey(m, s);
    m->bytes_all += w->size;
}

static bool open_alone(struct merge *m, char error[512])
{
    const char *path = m->walk.files[0].path;
    bool is_stdin = !strcmp(path, "-");
    m->alone_fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (m->alone_fd >= 0)
        m->alone = stream_new(m->alone_fd, is_stdin ? TEXT("standard input") : text_of(path));
    if (m->alone) return true;
    snprintf(error, 512, "%s: %s", path, strerror(errno));
    return false;
}

static bool open_supplies(struct merge *m, uint64_t load_most, char error[512])
{
    size_t n = m->walk.len;
    m->origins = calloc(n ? n : 1, sizeof *m->origins);
    m->supplies = calloc(n ? n : 1, sizeof *m->supplies);
    bool good = m->origins && m->supplies;
    for (uint32_t i = 0; good && i < n; i++) {
        prepare_supply(m, i, &load_most);
        good = heap_push(&m->frontiers, &m->supplies[i]);
    }
    if (!good) snprintf(error, 512, "input: %s", strerror(ENOMEM));
    return good;
}

struct merge *merge_open_loading(const char *const *paths, size_t n_paths, uint64_t load_most,
                                 char error[512])
{
    struct merge *m = calloc(1, sizeof *m);
    if (!m) {
        snprintf(error, 512, "input: %s", strerror(ENOMEM));
        return NULL;
    }
    m->alone_fd = -1;
    m->waiting.before = entry_before;
    m->frontiers.before = supply_before;
    bool good = true;
    for (size_t i = 0; good && i < n_paths; i++) good = walk_path(&m->walk, paths[i], error);
    walk_seal(&m->walk);
    if (good && m->walk.len == 1 && m->walk.files[0].is_stream)
        good = open_alone(m, error);
    else if (good)
        good = open_supplies(m, load_most, error);
    if (good) return m;
    merge_close(m);
    return NULL;
}

struct merge *merge_open(const char *const *paths, size_t n_paths, char error[512])
{
    return merge_open_loading(paths, n_paths, LOAD_MOST, error);
}

static void free_slabs(struct slab *slab)
{
    while (slab) {
        struct slab *next = slab->next;
        free(slab);
        slab = next;
    }
}

void merge_close(struct merge *m)
{
    if (!m) return;
    for (size_t i = 0; m->supplies && i < m->walk.len; i++) file_close(m->supplies[i].file);
    for (struct entry *e; (e = heap_pop(&m->waiting));) block_given(&m->queue, e->record.block);
    block_queue_free(&m->queue);
    heap_release(&m->waiting);
    heap_release(&m->frontiers);
    free_slabs(m->slabs);
    stream_free(m->alone);
    if (m->alone_fd > STDIN_FILENO) close(m->alone_fd);
    free(m->origins);
    free(m->supplies);
    walk_free(&m->walk);
    free(m);
}

struct input merge_input(struct merge *m)
{
    if (m->alone) return stream_input(m->alone);
    bool is_in_order = true;
    for (uint32_t i = 0; i < m->walk.len; i++) is_in_order &= !m->origins[i].facts.is_delivered;
    return (struct input){m, merge_next, merge_release, merge_origin_name, merge_progress, is_in_order};
}

uint32_t merge_files(const struct merge *m)
{
    return (uint32_t)m->walk.len;
}

uint64_t merge_passed_over(const struct merge *m)
{
    return m->walk.passed_over;
}

struct merge_file merge_file_at(const struct merge *m, uint32_t origin)
{
    if (m->alone) {
        struct text name =
            m->alone_fd == STDIN_FILENO ? TEXT("standard input") : text_of(m->walk.files[0].path);
        return (struct merge_file){name, stream_bytes(m->alone), stream_records(m->alone), false, false};
    }
    return m->origins[origin].facts;
}
