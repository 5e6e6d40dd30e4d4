/* follow.c - see follow.h: one file that grows; folders are inbox.c's.
 *
 * At every look: is the file still the one that was read (its size not below what was read, its first bytes
 * the same)? If not it was cut, and begins anew. Has it grown? Read. Has another file taken its name, with
 * something in it? Then whoever writes has moved on, and so does this. Before it does, what is left of the
 * old file is a record.
 */
#include "engine/io/follow.h"

#include "engine/io/inbox.h"
#include "engine/io/patience.h"
#include "engine/io/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS    50
#define HEAD_BYTES 64

#define FORGET_EVERY 1024 /* records that are passed over */

/* One file under the name, from its first record on. */
struct reading {
    uint64_t first; /* records given before it */
    uint64_t device, number;
    char head[HEAD_BYTES]; /* its first bytes, by which it is known again */
    uint32_t head_len;
};

struct follow {
    struct inbox *inbox; /* a folder; all below is for a file */
    char *path;
    int fd;
    struct stream *stream;
    uint64_t at;                /* bytes read of this file */
    struct reading now, before; /* before: the one that was read last */
    int next_fd;                /* -1, or where to go on when all records are given */
};

enum look { LOOK_CHANGED, LOOK_SAME };

/* Leaves the file as it is now for fd, which may be the same one. */
static enum look begin_turn(struct follow *f, int fd)
{
    stream_finish(f->stream);
    f->next_fd = fd;
    return LOOK_CHANGED;
}

static void begin_reading(struct follow *f)
{
    struct stat s = {.st_ino = 0};
    (void)fstat(f->fd, &s);
    f->before = f->now;
    f->now = (struct reading){.first = stream_records(f->stream), .device = s.st_dev, .number = s.st_ino};
    f->at = 0;
}

static enum look turn(struct follow *f)
{
    if (f->next_fd != f->fd) close(f->fd);
    f->fd = f->next_fd;
    f->next_fd = -1;
    lseek(f->fd, 0, SEEK_SET);
    stream_turn(f->stream, f->fd);
    begin_reading(f);
    return LOOK_CHANGED;
}

/* One that cannot be looked at is taken for the same. */
static bool begins_like(int fd, const struct reading *r)
{
    char head[HEAD_BYTES];
    ssize_t n = pread(fd, head, r->head_len, 0);
    return n < 0 || ((size_t)n == r->head_len && memcmp(head, r->head, r->head_len) == 0);
}

static bool is_cut(const struct follow *f, uint64_t size)
{
    if (size < f->at) return true;
    return !begins_like(f->fd, &f->now);
}

static enum look read_growth(struct follow *f)
{
    uint64_t before = stream_bytes(f->stream);
    if (stream_pour(f->stream) != STREAM_MORE) return LOOK_SAME;
    f->at += stream_bytes(f->stream) - before;
    if (f->now.head_len < HEAD_BYTES) {
        ssize_t n = pread(f->fd, f->now.head, f->at < HEAD_BYTES ? (size_t)f->at : HEAD_BYTES, 0);
        if (n > 0) f->now.head_len = (uint32_t)n;
    }
    return LOOK_CHANGED;
}

/* Another file under the name, once there is something in it. */
static enum look look_for_successor(struct follow *f, const struct stat *ours)
{
    struct stat s;
    if (stat(f->path, &s) || !s.st_size) return LOOK_SAME;
    if (s.st_dev == ours->st_dev && s.st_ino == ours->st_ino) return LOOK_SAME;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? LOOK_SAME : begin_turn(f, fd);
}

static enum look look(struct follow *f)
{
    struct stat s;
    if (f->next_fd >= 0) return turn(f);
    if (fstat(f->fd, &s)) return LOOK_SAME;
    if (is_cut(f, (uint64_t)s.st_size)) return begin_turn(f, f->fd);
    if ((uint64_t)s.st_size > f->at) return read_growth(f);
    return look_for_successor(f, &s);
}

static enum input_result follow_next(void *world, struct input_record *out, int wait_ms)
{
    struct follow *f = world;
    for (;;) {
        if (stream_take(f->stream, out)) return INPUT_RECORD;
        if (look(f) == LOOK_CHANGED) continue;
        if (!wait_for_look(&wait_ms, LOOK_MS)) return INPUT_IDLE;
    }
}

/* The rest of the input is the stream's, by way of this one's world. */
static void follow_release(void *world, uint64_t n)
{
    struct input in = stream_input(((struct follow *)world)->stream);
    in.release(in.world, n);
}

static struct text follow_name(void *world, uint32_t origin)
{
    (void)origin;
    return text_of(((struct follow *)world)->path);
}

static void follow_progress(void *world, uint64_t *read, uint64_t *all)
{
    *read = stream_bytes(((struct follow *)world)->stream);
    *all = 0;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool open_file(struct follow *f, const char *path, char error[512])
{
    f->path = strdup(path);
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->path && f->fd >= 0) f->stream = stream_new(f->fd, text_of(f->path));
    if (f->stream) begin_reading(f);
    if (!f->stream) snprintf(error, 512, "%s: %s", path, strerror(errno));
    return f->stream != NULL;
}

static bool open_path(struct follow *f, const char *path, char error[512])
{
    struct stat s;
    if (!stat(path, &s) && S_ISDIR(s.st_mode)) return (f->inbox = inbox_open(path, error)) != NULL;
    return open_file(f, path, error);
}

struct follow *follow_open(const char *path, char error[512])
{
    struct follow *f = calloc(1, sizeof *f);
    if (!f) {
        snprintf(error, 512, "%s: %s", path, strerror(ENOMEM));
        return NULL;
    }
    f->fd = f->next_fd = -1;
    if (open_path(f, path, error)) return f;
    follow_close(f);
    return NULL;
}

void follow_close(struct follow *f)
{
    if (!f) return;
    inbox_close(f->inbox);
    stream_free(f->stream);
    if (f->next_fd >= 0 && f->next_fd != f->fd) close(f->next_fd);
    if (f->fd >= 0) close(f->fd);
    free(f->path);
    free(f);
}

struct input follow_input(struct follow *f)
{
    if (f->inbox) return inbox_input(f->inbox);
    return (struct input){f, follow_next, follow_release, follow_name, follow_progress};
}

/* ---- places -------------------------------------------------------------------------------------------- */

static void place_tape(struct tape *t, struct reading *r, uint64_t *given)
{
    TAPE(t, r->device), TAPE(t, r->number), TAPE(t, r->head_len), TAPE(t, *given);
    if (!tape_check(t, r->head_len <= HEAD_BYTES)) r->head_len = 0;
    tape_bytes(t, r->head, r->head_len);
}

void follow_place(struct follow *f, uint64_t n, struct tape *t)
{
    if (f->inbox) {
        inbox_place(f->inbox, n, t);
        return;
    }
    struct reading r = n >= f->now.first ? f->now : f->before;
    uint64_t given = n - r.first;
    place_tape(t, &r, &given);
}

static bool is_that_file(int fd, const struct reading *r)
{
    struct stat s;
    return !fstat(fd, &s) && s.st_dev == r->device && s.st_ino == r->number && begins_like(fd, r);
}

/* The file wherever it is in its folder now; -1: it is not there. */
static int find_renamed(const char *path, const struct reading *r)
{
    const char *slash = strrchr(path, '/');
    char folder[4096], name[4096 + 256];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    DIR *dir = opendir(folder);
    int found = -1;
    for (struct dirent *e; dir && found < 0 && (e = readdir(dir));) {
        if (e->d_ino != r->number) continue;
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        found = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (found >= 0 && !is_that_file(found, r)) close(found), found = -1;
    }
    if (dir) closedir(dir);
    return found;
}

/* False: it has fewer. */
static bool pass_over(struct follow *f, uint64_t n)
{
    struct input_record unused;
    for (uint64_t i = 0; i < n;) {
        if (stream_take(f->stream, &unused)) {
            if (++i % FORGET_EVERY == 0 || i == n) follow_release(f, stream_records(f->stream));
        } else if (read_growth(f) != LOOK_CHANGED) {
            return false;
        }
    }
    return true;
}

static void read_from_its_beginning(struct follow *f, int fd)
{
    f->next_fd = fd;
    (void)turn(f);
}

uint64_t follow_resume(struct follow *f, struct tape *t, char trouble[512])
{
    struct reading r = {.first = 0};
    uint64_t given = 0;
    trouble[0] = '\0';
    if (f->inbox) return inbox_resume(f->inbox, t, trouble);
    place_tape(t, &r, &given);
    int fd = t->is_broken || is_that_file(f->fd, &r) ? -1 : find_renamed(f->path, &r);
    if (fd >= 0) read_from_its_beginning(f, fd);
    if (!is_that_file(f->fd, &r)) {
        snprintf(trouble, 512,
                 "%.300s: the file that was read is not there any more; begins with the one that is",
                 f->path);
    } else if (!pass_over(f, given)) {
        snprintf(trouble, 512, "%.300s: it is shorter than it was; begins anew", f->path);
        read_from_its_beginning(f, f->fd);
    }
    follow_release(f, stream_records(f->stream));
    return stream_records(f->stream);
}
