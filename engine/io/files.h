/* files.h - one file, plain or packed, as a sequence of records.
 *
 * Plain files are mapped window by window, packed ones unpacked piece by piece into blocks; a record that crosses from
 * one into the next is carried over. The packing is told by the first bytes, not by the name.
 */
#ifndef CSR_ENGINE_IO_FILES_H
#define CSR_ENGINE_IO_FILES_H

#include "engine/io/block.h"

struct file;

#define FILE_WINDOW (64u << 20)

/* Blocks that are done with go into the queue, which outlives the file. window: bytes of a plain file that are mapped at
 * a time; a record larger than half of it is cut (FILE_WINDOW: it is set aside as too large anyhow). NULL: it cannot be
 * opened, or no memory. */
struct file *file_open(const char *path, struct block_queue *q, size_t window);
/* The same for what is in memory; the block is the file's. */
struct file *file_of_block(struct block *b, struct block_queue *q);
void file_close(struct file *f); /* NULL is allowed */

struct file_record {
    struct text bytes;
    uint64_t line, number; /* as in input_record */
    const struct columns *columns; /* of a line of values; NULL: it is JSON */
    struct block *block; /* the record is pending in it until block_given */
};

enum file_result {
    FILE_RECORD,
    FILE_END,
    FILE_BROKEN, /* the rest cannot be read; `line` says where; FILE_END follows */
};
enum file_result file_next(struct file *f, struct file_record *out);

/* Everything that fd gives until it ends, as one block. NULL: no memory, or a read error. */
struct block *read_all(int fd);

#endif
