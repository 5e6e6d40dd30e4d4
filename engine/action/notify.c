/* notify.c - tells by appending the incident's line to a file.
 *
 * The file is opened for each line, so that it may be rotated by renaming; the line is one write to a file opened for
 * appending, so that lines of several writers do not mix. It is opened without blocking: a pipe that nobody reads
 * is an error, not a wait.
 */
#include "engine/action/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

static enum attempt_result failed(const struct attempt *a, const char *path, const char *what)
{
    snprintf(a->error, ATTEMPT_ERROR, "%.150s: %s: %s", path, what, strerror(errno));
    return ATTEMPT_FAILED;
}

static bool write_line(int file, struct text line)
{
    struct iovec parts[] = {{(void *)(uintptr_t)line.at, line.len}, {(void *)(uintptr_t)"\n", 1}};
    ssize_t written;
    do written = writev(file, parts, 2);
    while (written < 0 && errno == EINTR);
    if (written >= 0 && (size_t)written != line.len + 1) errno = ENOSPC;
    return written == (ssize_t)line.len + 1;
}

enum attempt_result notify_attempt(const struct attempt *a)
{
    char path[4096];
    if (a->sink->path.len >= sizeof path) return errno = ENAMETOOLONG, failed(a, "path", "open");
    snprintf(path, sizeof path, TEXT_FMT, TEXT_ARG(a->sink->path));
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (file < 0) return failed(a, path, "open");
    bool written = write_line(file, a->job->incident_json);
    enum attempt_result result = written ? ATTEMPT_DONE : failed(a, path, "write");
    if (close(file) && written) result = failed(a, path, "close");
    return result;
}
