/* stream.h - records out of a pipe, a socket or a terminal, as they come.
 *
 * Invariants
 * 1. A record is given as soon as its line (or, inside {"Records":[…]}, its closing brace) is there.
 * 2. Bytes lie in blocks that never move; a block is freed when the last record in it is released.
 * 3. A record that grows beyond STREAM_RECORD_MOST is given as far as it came (the decoder sets it aside as too large)
 *    and its rest is passed over: memory is bounded by what is not yet released.
 */
#ifndef CSR_ENGINE_IO_STREAM_H
#define CSR_ENGINE_IO_STREAM_H

#include "engine/event/input.h"

#define STREAM_RECORD_MOST (16u << 20)

struct stream;

/* fd stays the caller's, the name must outlive the stream. NULL: no memory. */
struct stream *stream_new(int fd, struct text name);
void stream_free(struct stream *s); /* NULL is allowed */
/* Ends when the other side has closed. A read error ends it too, after a record with aside ASIDE_UNREADABLE. */
struct input stream_input(struct stream *s);

/* ---- the parts of it, for follow.c --------------------------------------------------------------------- */

/* A record of what has been read. False: there is no whole one. */
bool stream_take(struct stream *s, struct input_record *out);
enum stream_poured {
    STREAM_MORE,    /* something was read */
    STREAM_NOTHING, /* the descriptor has nothing now (it does not block) */
    STREAM_END,     /* of the file as it is now, or the other side has closed */
    STREAM_ERROR,
};
/* One read. */
enum stream_poured stream_pour(struct stream *s);
/* What is there is all: a record without its end is a record too. */
void stream_finish(struct stream *s);
/* Goes on with another descriptor, from its line 1. What no record was made of is dropped. */
void stream_turn(struct stream *s, int fd);
uint64_t stream_bytes(const struct stream *s); /* read, in all */
uint64_t stream_records(const struct stream *s);

#endif
