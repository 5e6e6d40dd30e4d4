/* unpack.h - compressed files, piece by piece: gzip.c and zstd.c.
 *
 * Invariants
 * 1. What could be unpacked is used, also of a file that is cut off or broken; then the rest is given up, once.
 * 2. Nothing is made of a bomb: a piece is no larger than UNPACK_RATIO_MOST times the bytes it was made from (a small
 *    allowance aside), a gzip member no larger than UNPACK_MEMBER_MOST.
 */
#ifndef CSR_ENGINE_IO_UNPACK_H
#define CSR_ENGINE_IO_UNPACK_H

#include "engine/io/block.h"

#define UNPACK_RATIO_MOST  200u
#define UNPACK_ALLOWANCE   (1u << 20) /* bytes that are no bomb, whatever the ratio */
#define UNPACK_MEMBER_MOST (256u << 20)

enum unpacked {
    UNPACK_MORE,
    UNPACK_END,    /* the file ends here, as it should */
    UNPACK_BROKEN, /* what is in the block is good, the rest of the file is given up */
};

/* One way of packing. open takes a view of the whole packed file; next appends to the block. */
struct packing {
    const char *name;
    bool (*is)(struct text head); /* does a file that begins so have this packing? */
    void *(*open)(const char *packed, size_t len); /* NULL: no memory */
    enum unpacked (*next)(void *state, struct block *out);
    void (*close)(void *state);
};

extern const struct packing packing_gzip, packing_zstd;

/* The most that `packed` bytes may grow to. */
static inline size_t unpack_bound(size_t packed)
{
    size_t most =
        packed > UNPACK_MEMBER_MOST / UNPACK_RATIO_MOST ? UNPACK_MEMBER_MOST : packed * UNPACK_RATIO_MOST;
    return most > UNPACK_ALLOWANCE ? most : UNPACK_ALLOWANCE;
}

#endif
