/* follow.c - see follow.h: one file that grows; folders are inbox.c's.
 *
 * At every look: is the file still the one that was read (its size not below what was read, its first bytes the same)?
 * If not it was cut, and begins anew. Has it grown? Read. Has another file taken its name, with something in it? Then
 * whoever writes has moved on, and so does this. Before it does, what is left of the old file is a record.
 */
#include "engine/io/follow.h"

#include "engine/io/inbox.h"
#include "engine/io/patience.h"
#include "engine/io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS    50
#define HEAD_BYTES 64

struct follow {
    struct inbox *inbox;    /* a folder; all below is for a file */
    char *path;
    int fd;
    struct stream *stream;
    uint64_t at;            /* bytes read of this file */
    char head[HEAD_BYTES];  /* its first bytes, by which it is known again */
    size_t head_len;
    int next_fd;            /* -1, or where to go on when all records are given */
};

enum look { LOOK_CHANGED, LOOK_SAME };

/* Leaves the file as it is now for fd, which may be the same one. */
static enum look begin_turn(struct follow *f, int fd)
{
    stream_finish(f->stream);
    f->next_fd = fd;
    return LOOK_CHANGED;
}

static enum look turn(struct follow *f)
{
    if (f->next_fd != f->fd) close(f->fd);
    f->fd = f->next_fd;
    f->next_fd = -1;
    f->at = f->head_len = 0;
    lseek(f->fd, 0, SEEK_SET);
    stream_turn(f->stream, f->fd);
    return LOOK_CHANGED;
}

static bool is_cut(const struct follow *f, uint64_t size)
{
    char head[HEAD_BYTES];
    if (size < f->at) return true;
    ssize_t n = pread(f->fd, head, f->head_len, 0);
    return n >= 0 && ((size_t)n < f->head_len || memcmp(head, f->head, f->head_len) != 0);
}

static enum look read_growth(struct follow *f)
{
    uint64_t before = stream_bytes(f->stream);
    if (stream_pour(f->stream) != STREAM_MORE) return LOOK_SAME;
    f->at += stream_bytes(f->stream) - before;
    if (f->head_len < HEAD_BYTES) {
        ssize_t n = pread(f->fd, f->head, f->at < HEAD_BYTES ? (size_t)f->at : HEAD_BYTES, 0);
        if (n > 0) f->head_len = (size_t)n;
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

/* ---- opening ------------------------------------------------------------------------------------------------ */

static bool open_file(struct follow *f, const char *path, char error[512])
{
    f->path = strdup(path);
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->path && f->fd >= 0) f->stream = stream_new(f->fd, text_of(f->path));
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
