/* block.h - a piece of input in memory, and the order in which pieces are given back.
 *
 * Records are views into blocks and may be given in another order than they were read, so a block counts.
 *
 * Invariants
 * 1. A block's bytes never move, and are freed when no more records will be framed from it (it is closed), all that
 *    were framed have been given, and all that were given have been released.
 * 2. The queue is sorted by `until`: a block joins it when its last record is given (or when it is closed after that),
 *    with the number of records given so far.
 */
#ifndef CSR_ENGINE_IO_BLOCK_H
#define CSR_ENGINE_IO_BLOCK_H

#include "engine/event/columns.h"

#include <stddef.h>

struct block {
    struct block *next;  /* in the queue */
    char *bytes;
    size_t len, cap;
    size_t map_len;      /* bytes are a mapping of this length; 0: from malloc */
    uint64_t until;      /* to be freed when everything before this number is released */
    uint32_t pending;    /* framed, not yet given */
    bool is_closed;
};

/* NULL: no memory. */
struct block *block_new(size_t cap);
/* A private mapping of a file: what is written into it stays here. */
struct block *block_map(int fd, uint64_t offset, size_t len);
void block_free(struct block *b); /* NULL is allowed */
/* Room for at least cap bytes. Only before anything points into it. False: no memory. */
bool block_grow(struct block *b, size_t cap);

struct block_queue {
    struct block *first, *last;
    uint64_t given; /* records, in all */
    struct columns_set columns; /* of lines of values in any of them; records point into it */
};

void block_given(struct block_queue *q, struct block *b);
/* No more records will be framed from it. NULL is allowed. */
void block_close(struct block_queue *q, struct block *b);
/* Everything before the n-th record given (from 0) is done with. */
void block_release(struct block_queue *q, uint64_t n);
/* With everything that is still in it, and the columns. */
void block_queue_free(struct block_queue *q);

#endif
