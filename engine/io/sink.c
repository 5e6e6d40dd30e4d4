/* sink.c - see sink.h. A lock is held during a write: it serialises the writer of incidents and the runner of actions,
 * who both are about to write anyway. */
#include "engine/io/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sink {
    pthread_mutex_t lock; /* guards all below */
    int file;
    char *left; /* of lines that the system did not take: owned, written first */
    size_t left_len;
    char path[]; /* "-": standard output */
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
    free(s);
    return done;
}

/* ---- writing --------------------------------------------------------------------------------------------- */

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
    enum sink_result result = put(s, line, error);
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
