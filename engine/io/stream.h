/* stream.h - records out of a pipe, a socket or a terminal, as they come.
 *
 * Invariants
 * 1. A record is given as soon as its line (or, inside {"Records":[…]}, its closing brace) is there.
 * 2. Bytes lie in blocks that never move; a block is freed when the last record in it is released.
 * 3. A record that grows beyond STREAM_RECORD_MOST is given as far as it came (the decoder sets it aside as too large)
 *    and the rest of its line is skipped: memory is bounded by what is not yet released.
 */
#ifndef CSR_ENGINE_IO_STREAM_H
#define CSR_ENGINE_IO_STREAM_H

#include "engine/event/input.h"

#define STREAM_RECORD_MOST (16u << 20)

struct stream;

/* fd stays the caller's. NULL: no memory. */
struct stream *stream_new(int fd, struct text name);
void stream_free(struct stream *s);
/* Ends when the other side has closed. A read error ends it too. */
struct input stream_input(struct stream *s);

#endif
