/* sink.c - see sink.h. A lock is held during a write: it serialises the writer of incidents and the runner of
 * actions, who both are about to write anyway. */
#include "engine/io/sink.h"

#include "engine/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACES_MOST 16 /* after so many, what was not put again never will be */

/* A line that somebody wrote who ended before he could say so (sink_resume). */
struct line_there {
    struct hash128 hash;
    uint64_t at;  /* where it begins */
    bool is_used; /* it was put again */
};

struct sink {
    pthread_mutex_t lock; /* guards all below */
    int file;
    char *left; /* of lines that the system did not take: owned, written first */
    size_t left_len;
    struct line_there *there; /* [n_there] in order of hashes: lines that stand in the file already */
    size_t n_there, unused_there;
    unsigned n_places; /* that were asked for since then */
    char path[];       /* "-": standard output */
};

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

static void say(char error[256], const char *path, int number)
{
    snprintf(error, 256, "%.200s: %s", is_standard(path) ? "standard output" : path, strerror(number));
}

static int open_file(const char *path, char error[256])
{
    const int how = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    int file = is_standard(path) ? STDOUT_FILENO : open(path, how, 0640);
    if (file < 0) say(error, path, errno);
    return file;
}

struct sink *sink_open(const char *path, char error[256])
{
    struct sink *s = calloc(1, sizeof *s + strlen(path) + 1);
    if (!s) {
        snprintf(error, 256, "out of memory");
        return NULL;
    }
    memcpy(s->path, path, strlen(path) + 1);
    s->file = open_file(path, error);
    if (s->file >= 0 && pthread_mutex_init(&s->lock, NULL) == 0) return s;
    free(s);
    return NULL;
}

static void forget_there(struct sink *s)
{
    free(s->there);
    s->there = NULL;
    s->n_there = s->unused_there = 0;
}

bool sink_close(struct sink *s, char error[256])
{
    bool done = !s->left_len;
    if (!done) snprintf(error, 256, "%.200s: %zu bytes could not be written", s->path, s->left_len);
    if (!is_standard(s->path) && close(s->file) && done) {
        say(error, s->path, errno);
        done = false;
    }
    pthread_mutex_destroy(&s->lock);
    free(s->left);
    forget_there(s);
    free(s);
    return done;
}

/* ---- what stands there already ------------------------------------------------------------------------- */

static struct hash128 hash_line(struct text line)
{
    static const uint64_t plain[2];
    return hash_128(plain, line.at, line.len);
}

static int compare_lines(const void *a, const void *b)
{
    const struct hash128 *x = &((const struct line_there *)a)->hash,
                         *y = &((const struct line_there *)b)->hash;
    if (x->hi != y->hi) return x->hi < y->hi ? -1 : 1;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Each line that is there stands for one that is put. */
static bool stands_there(struct sink *s, struct text line)
{
    if (!s->unused_there) return false;
    struct line_there like = {.hash = hash_line(line)}, *end = s->there + s->n_there;
    struct line_there *l = bsearch(&like, s->there, s->n_there, sizeof like, compare_lines);
    if (!l) return false;
    while (l > s->there && !compare_lines(l - 1, &like)) l--;
    while (l < end && l->is_used && !compare_lines(l, &like)) l++;
    if (l == end || compare_lines(l, &like)) return false;
    l->is_used = true;
    if (!--s->unused_there) forget_there(s);
    return true;
}

/* All whole lines among these bytes, which stand in the file at `from`. Returns how many bytes they have. */
static size_t note_lines(struct sink *s, const char *bytes, size_t len, uint64_t from)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < len; i++) n += bytes[i] == '\n';
    s->there = calloc(n + 1, sizeof *s->there);
    if (!s->there) n = 0;
    for (s->n_there = 0; s->n_there < n; s->n_there++) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t line = (size_t)(end + 1 - bytes) - at;
        s->there[s->n_there] =
            (struct line_there){hash_line((struct text){bytes + at, (uint32_t)line}), from + at, false};
        at += line;
    }
    if (n) qsort(s->there, n, sizeof *s->there, compare_lines);
    s->unused_there = n;
    s->n_places = 0;
    return at;
}

/* What comes next belongs here: at the end, or before the first line that is still to be put again. */
static uint64_t place_in(struct sink *s, uint64_t size)
{
    if (s->n_places++ == PLACES_MOST) forget_there(s);
    for (size_t i = 0; i < s->n_there; i++)
        if (!s->there[i].is_used && s->there[i].at < size) size = s->there[i].at;
    return size;
}

static bool look_at(const struct sink *s, struct stat *st)
{
    return !is_standard(s->path) && !fstat(s->file, st) && S_ISREG(st->st_mode);
}

bool sink_place(struct sink *s, struct sink_place *out, char error[256])
{
    struct stat st;
    pthread_mutex_lock(&s->lock);
    bool done = !s->left_len, is_file = look_at(s, &st);
    *out = (struct sink_place){.number = 0};
    if (!done) snprintf(error, 256, "%.200s: lines wait for room", s->path);
    if (done && is_file) {
        *out = (struct sink_place){st.st_dev, st.st_ino, place_in(s, (uint64_t)st.st_size)};
        done = fdatasync(s->file) == 0;
        if (!done) say(error, s->path, errno);
    }
    pthread_mutex_unlock(&s->lock);
    return done;
}

/* The bytes of the file from a place on; NULL: there are none, or they cannot be read. */
static char *read_from(const struct sink *s, uint64_t from, size_t len)
{
    int file = open(s->path, O_RDONLY | O_CLOEXEC);
    char *bytes = file < 0 || !len ? NULL : malloc(len);
    for (size_t at = 0; bytes && at < len;) {
        ssize_t n = pread(file, bytes + at, len - at, (off_t)(from + at));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) free(bytes), bytes = NULL;
        at += n > 0 ? (size_t)n : 0;
    }
    if (file >= 0) close(file);
    return bytes;
}

uint64_t sink_resume(struct sink *s, const struct sink_place *place)
{
    struct stat st;
    if (!look_at(s, &st) || st.st_dev != place->device || st.st_ino != place->number) return 0;
    if ((uint64_t)st.st_size <= place->size) return 0;
    size_t len = (size_t)((uint64_t)st.st_size - place->size);
    char *bytes = read_from(s, place->size, len);
    if (!bytes) return 0;
    size_t whole = note_lines(s, bytes, len, place->size);
    if (whole < len && s->there) (void)!ftruncate(s->file, (off_t)(place->size + whole));
    free(bytes);
    return s->n_there;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static bool may_work_later(int number)
{
    return number == ENOSPC || number == EDQUOT || number == EAGAIN;
}

/* As much as goes; *at moves. A standard output that does not block is waited for. */
static enum sink_result write_some(struct sink *s, struct text line, uint32_t *at, char error[256])
{
    while (*at < line.len) {
        ssize_t n = write(s->file, line.at + *at, line.len - *at);
        if (n > 0) *at += (uint32_t)n;
        if (n >= 0 || errno == EINTR) continue;
        if (errno == EAGAIN && poll(&(struct pollfd){s->file, POLLOUT, 0}, 1, 1000) > 0) continue;
        say(error, s->path, errno);
        return may_work_later(errno) ? SINK_FULL : SINK_BROKEN;
    }
    return SINK_DONE;
}

static enum sink_result flush(struct sink *s, char error[256])
{
    uint32_t at = 0;
    enum sink_result result = write_some(s, (struct text){s->left, (uint32_t)s->left_len}, &at, error);
    s->left_len -= at;
    if (at) memmove(s->left, s->left + at, s->left_len);
    return result;
}

static bool keep(struct sink *s, struct text rest)
{
    char *grown = realloc(s->left, s->left_len + rest.len);
    if (!grown) return false;
    s->left = grown;
    memcpy(s->left + s->left_len, rest.at, rest.len);
    s->left_len += rest.len;
    return true;
}

static enum sink_result put(struct sink *s, struct text line, char error[256])
{
    uint32_t at = 0;
    enum sink_result result = s->left_len ? flush(s, error) : SINK_DONE;
    if (result == SINK_DONE) result = write_some(s, line, &at, error);
    if (result != SINK_FULL || keep(s, (struct text){line.at + at, line.len - at})) return result;
    snprintf(error, 256, "out of memory");
    return SINK_BROKEN;
}

enum sink_result sink_put(struct sink *s, struct text line, char error[256])
{
    pthread_mutex_lock(&s->lock);
    enum sink_result result = stands_there(s, line) ? SINK_DONE : put(s, line, error);
    pthread_mutex_unlock(&s->lock);
    return result;
}

enum sink_result sink_flush(struct sink *s, char error[256])
{
    pthread_mutex_lock(&s->lock);
    enum sink_result result = flush(s, error);
    pthread_mutex_unlock(&s->lock);
    return result;
}

bool sink_reopen(struct sink *s, char error[256])
{
    if (is_standard(s->path)) return true;
    int file = open_file(s->path, error);
    if (file < 0) return false;
    pthread_mutex_lock(&s->lock);
    int unused = s->left_len ? file : s->file; /* a begun line ends where it began */
    if (!s->left_len) s->file = file;
    pthread_mutex_unlock(&s->lock);
    close(unused);
    return true;
}
