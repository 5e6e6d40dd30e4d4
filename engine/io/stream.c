/* stream.c - see stream.h. */
#include "engine/io/stream.h"

#include "engine/event/frame.h"
#include "engine/io/block.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK_BYTES (1u << 20)
#define ROOM_LEAST  (16u << 10) /* for one read; with less a new block is begun */

struct stream {
    int fd;
    struct text name;
    struct block_queue queue;
    struct block *block;
    struct frame frame; /* over the block, as far as it is filled */
    bool is_finished, has_failed;
    uint64_t bytes, records;
};

struct stream *stream_new(int fd, struct text name)
{
    struct stream *s = calloc(1, sizeof *s);
    if (s) *s = (struct stream){.fd = fd, .name = name};
    if (s) s->frame = (struct frame){.bytes = {"", 0}, .line = 1, .known = &s->queue.columns};
    return s;
}

void stream_free(struct stream *s)
{
    if (!s) return;
    block_close(&s->queue, s->block);
    block_queue_free(&s->queue);
    free(s);
}

static struct text tail_of(const struct stream *s)
{
    return (struct text){s->frame.bytes.at + s->frame.at, s->frame.bytes.len - s->frame.at};
}

bool stream_take(struct stream *s, struct input_record *out)
{
    s->frame.is_last = s->is_finished || tail_of(s).len > STREAM_RECORD_MOST;
    *out = (struct input_record){0};
    if (!s->block || !frame_next(&s->frame, &out->bytes, &out->line)) return false;
    out->columns = s->frame.record_columns;
    out->number = s->frame.given;
    s->block->pending++;
    block_given(&s->queue, s->block);
    s->records++;
    return true;
}

/* Room in the block, or a new one that begins with what no record was made of yet. */
static bool make_room(struct stream *s)
{
    if (s->block && s->block->cap - s->block->len >= ROOM_LEAST) return true;
    struct text tail = tail_of(s);
    size_t cap = tail.len > BLOCK_BYTES / 2 ? (size_t)tail.len * 2 : BLOCK_BYTES;
    struct block *b = block_new(cap);
    if (!b) return false;
    if (tail.len) memcpy(b->bytes, tail.at, tail.len);
    b->len = tail.len;
    block_close(&s->queue, s->block);
    s->block = b;
    s->frame.bytes = (struct text){b->bytes, tail.len};
    s->frame.at = 0;
    return true;
}

enum stream_poured stream_pour(struct stream *s)
{
    if (!make_room(s)) return STREAM_ERROR;
    struct block *b = s->block;
    ssize_t n = read(s->fd, b->bytes + b->len, b->cap - b->len);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? STREAM_NOTHING : STREAM_ERROR;
    b->len += (size_t)n;
    s->bytes += (uint64_t)n;
    s->frame.bytes.len = (uint32_t)b->len;
    return n ? STREAM_MORE : STREAM_END;
}

void stream_finish(struct stream *s)
{
    s->is_finished = true;
}

void stream_turn(struct stream *s, int fd)
{
    block_close(&s->queue, s->block);
    s->block = NULL;
    s->frame = (struct frame){.bytes = {"", 0}, .line = 1, .known = &s->queue.columns};
    s->fd = fd;
    s->is_finished = false;
}

uint64_t stream_bytes(const struct stream *s)
{
    return s->bytes;
}

uint64_t stream_records(const struct stream *s)
{
    return s->records;
}

/* ---- as an input --------------------------------------------------------------------------------------- */

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd p = {fd, POLLIN, 0};
    return poll(&p, 1, wait_ms) > 0;
}

static enum input_result give_failure(struct stream *s, struct input_record *out)
{
    *out = (struct input_record){.bytes = {"", 0}, .aside = ASIDE_UNREADABLE, .line = s->frame.line};
    s->has_failed = false;
    s->queue.given++;
    return INPUT_RECORD;
}

static enum input_result stream_next(void *world, struct input_record *out, int wait_ms)
{
    struct stream *s = world;
    for (;;) {
        if (stream_take(s, out)) return INPUT_RECORD;
        if (s->is_finished) return s->has_failed ? give_failure(s, out) : INPUT_END;
        if (!is_readable(s->fd, wait_ms)) return INPUT_IDLE;
        enum stream_poured poured = stream_pour(s);
        s->has_failed = poured == STREAM_ERROR;
        if (poured == STREAM_ERROR || poured == STREAM_END) stream_finish(s);
    }
}

static void stream_release(void *world, uint64_t n)
{
    struct stream *s = world;
    block_release(&s->queue, n);
}

static struct text stream_name(void *world, uint32_t origin)
{
    (void)origin;
    return ((struct stream *)world)->name;
}

static void stream_progress(void *world, uint64_t *read, uint64_t *all)
{
    *read = stream_bytes(world);
    *all = 0;
}

struct input stream_input(struct stream *s)
{
    return (struct input){s, stream_next, stream_release, stream_name, stream_progress};
}
