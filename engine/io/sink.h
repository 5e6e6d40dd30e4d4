/* sink.h - where incidents and outcomes go: lines appended to a file, or to standard output.
 *
 * Invariants
 * 1. A line is written whole or, if the system takes only a part of it, continued: lines of several threads
 * do not mix.
 * 2. A file is created 0640 and appended to.
 */
#ifndef CSR_ENGINE_IO_SINK_H
#define CSR_ENGINE_IO_SINK_H

#include "grammar/base/text.h"

struct sink;

/* path "-": standard output. NULL and error on failure. */
struct sink *sink_open(const char *path, char error[256]);
/* False and error: what could not be written. */
bool sink_close(struct sink *s, char error[256]);

enum sink_result {
    SINK_DONE,
    SINK_FULL,   /* no room now: the rest of the line is kept and written before anything else; try sink_flush
                  */
    SINK_BROKEN, /* nobody reads, or the device fails */
};
/* The line, with its newline. Any thread. */
enum sink_result sink_put(struct sink *s, struct text line, char error[256]);
/* What SINK_FULL left. */
enum sink_result sink_flush(struct sink *s, char error[256]);
/* The file by the same name once more: after it was renamed away. False: the old one stays. */
bool sink_reopen(struct sink *s, char error[256]);

/* How far a file has come: what is before that is on the disk. */
struct sink_place {
    uint64_t device, number, size; /* number 0: it is no file, and nobody can tell */
};
/* False: lines are waiting for room, or it cannot be synced. */
bool sink_place(struct sink *s, struct sink_place *out, char error[256]);
/* What stands behind that place was written by somebody who ended before he could say so: lines that are put
 * from here on and stand there already are not written again. A line that was begun is taken away. Returns
 * how many lines there are. */
uint64_t sink_resume(struct sink *s, const struct sink_place *place);

#endif
