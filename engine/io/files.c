/* files.c - see files.h. */
#include "engine/io/files.h"

#include "engine/event/frame.h"
#include "engine/io/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_ROOM (1u << 20)

struct file {
    struct block_queue *queue;
    struct frame frame; /* over block */
    struct block *block;
    size_t window;
    int fd;             /* of a plain file; -1 */
    uint64_t size, at;  /* of a plain file: where the block's first byte stands in it */
    const struct packing *packing;
    void *unpacker;
    struct block *packed;
    bool is_broken;     /* after what is in the block */
    bool is_whole;      /* the block holds the rest of the file */
};

static const struct packing *const PACKINGS[] = {&packing_gzip, &packing_zstd};

static const struct packing *packing_of(struct text head)
{
    for (size_t i = 0; i < sizeof PACKINGS / sizeof *PACKINGS; i++)
        if (PACKINGS[i]->is(head)) return PACKINGS[i];
    return NULL;
}

/* As soon as it is not needed: thousands of small files may be open at once. */
static void close_descriptor(struct file *f)
{
    if (f->fd >= 0) close(f->fd);
    f->fd = -1;
}

/* Goes on in another block, of which the first `skip` bytes are not looked at. */
static void move_to_block(struct file *f, struct block *b, size_t skip)
{
    block_close(f->queue, f->block);
    f->block = b;
    f->frame.bytes = (struct text){b->bytes + skip, (uint32_t)(b->len - skip)};
    f->frame.at = 0;
}

static struct text tail_of(const struct file *f)
{
    return (struct text){f->frame.bytes.at + f->frame.at, f->frame.bytes.len - f->frame.at};
}

/* The next window of a plain file, from the first byte that no record has been made of. */
static bool map_more(struct file *f)
{
    uint64_t from = f->at + (f->block ? (uint64_t)(tail_of(f).at - f->block->bytes) : 0);
    uint64_t page = from - from % (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t len = f->size - page < f->window ? f->size - page : f->window;
    struct block *b = block_map(f->fd, page, (size_t)len);
    if (!b) return false;
    f->at = page;
    f->is_whole = page + len == f->size;
    move_to_block(f, b, (size_t)(from - page));
    return true;
}

static bool unpack_more(struct file *f)
{
    struct text tail = tail_of(f);
    struct block *b = block_new(tail.len);
    if (!b) return false;
    if (tail.len) memcpy(b->bytes, tail.at, tail.len);
    b->len = tail.len;
    enum unpacked result = f->packing->next(f->unpacker, b);
    f->is_whole = result != UNPACK_MORE;
    f->is_broken = result == UNPACK_BROKEN;
    move_to_block(f, b, 0);
    return true;
}

static void file_more(struct file *f)
{
    if (!(f->unpacker ? unpack_more(f) : map_more(f))) f->is_whole = f->is_broken = true;
    if (f->is_whole) close_descriptor(f);
}

enum file_result file_next(struct file *f, struct file_record *out)
{
    for (;;) {
        f->frame.is_last = f->is_whole || tail_of(f).len > f->window / 2;
        if (f->block && frame_next(&f->frame, &out->bytes, &out->line)) {
            f->block->pending++;
            out->block = f->block;
            out->number = f->frame.given;
            out->columns = f->frame.record_columns;
            return FILE_RECORD;
        }
        if (!f->is_whole) {
            file_more(f);
            continue;
        }
        out->line = f->frame.line;
        bool is_broken = f->is_broken;
        f->is_broken = false;
        return is_broken ? FILE_BROKEN : FILE_END;
    }
}

static struct file *file_new(struct block_queue *q, size_t window)
{
    struct file *f = calloc(1, sizeof *f);
    if (f) *f = (struct file){.queue = q, .window = window, .fd = -1};
    if (f) f->frame = (struct frame){.bytes = {"", 0}, .line = 1, .known = &q->columns};
    return f;
}

/* Looks whether the file is packed; then all of it is mapped, and unpacked from there. */
static bool open_packed(struct file *f, struct text head)
{
    f->packing = packing_of(head);
    if (!f->packing) return true;
    if (!f->packed) f->packed = block_map(f->fd, 0, (size_t)f->size);
    if (f->packed) f->unpacker = f->packing->open(f->packed->bytes, f->packed->len);
    close_descriptor(f);
    return f->unpacker != NULL;
}

struct file *file_open(const char *path, struct block_queue *q, size_t window)
{
    struct file *f = file_new(q, window);
    struct stat s;
    char head[4];
    if (!f) return NULL;
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &s)) goto fail;
    f->size = (uint64_t)s.st_size;
    f->is_whole = !f->size;
    ssize_t n = pread(f->fd, head, sizeof head, 0);
    if (n < 0 || !open_packed(f, (struct text){head, (uint32_t)n})) goto fail;
    return f;
fail:
    file_close(f);
    return NULL;
}

struct file *file_of_block(struct block *b, struct block_queue *q)
{
    struct file *f = file_new(q, FILE_WINDOW);
    if (!f) {
        block_free(b);
        return NULL;
    }
    struct text bytes = {b->bytes, (uint32_t)b->len};
    if (packing_of(bytes)) {
        f->packed = b;
        if (open_packed(f, bytes)) return f;
        file_close(f);
        return NULL;
    }
    f->is_whole = true;
    move_to_block(f, b, 0);
    return f;
}

void file_close(struct file *f)
{
    if (!f) return;
    block_close(f->queue, f->block);
    if (f->unpacker) f->packing->close(f->unpacker);
    block_free(f->packed);
    close_descriptor(f);
    free(f);
}

struct block *read_all(int fd)
{
    struct block *b = block_new(READ_ROOM);
    while (b && b->len < UINT32_MAX - READ_ROOM) {
        if (!block_grow(b, b->cap - b->len < READ_ROOM ? b->cap * 2 : b->cap)) break;
        ssize_t n = read(fd, b->bytes + b->len, b->cap - b->len);
        if (n == 0) return b;
        if (n < 0 && errno != EINTR) break;
        if (n > 0) b->len += (size_t)n;
    }
    block_free(b);
    return NULL;
}
