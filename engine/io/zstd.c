/* zstd.c - zstd files, in pieces of a few megabytes (libzstd). */
#include "engine/io/unpack.h"

#include <stdlib.h>
#include <zstd.h>

#define PIECE (4u << 20)

struct zstd {
    ZSTD_DCtx *stream;
    ZSTD_inBuffer in;
    size_t made;        /* in all: for the ratio */
    bool is_inside;     /* a frame: the input may not end here */
};

static bool zstd_is(struct text head)
{
    return head.len >= 4 && memcmp(head.at, "\x28\xb5\x2f\xfd", 4) == 0;
}

static void *zstd_open(const char *packed, size_t len)
{
    struct zstd *z = calloc(1, sizeof *z);
    if (!z) return NULL;
    *z = (struct zstd){ZSTD_createDCtx(), {packed, len, 0}, 0, false};
    if (z->stream) return z;
    free(z);
    return NULL;
}

static void zstd_close(void *state)
{
    struct zstd *z = state;
    ZSTD_freeDCtx(z->stream);
    free(z);
}

static enum unpacked give_up(struct zstd *z)
{
    z->in.pos = z->in.size;
    z->is_inside = false;
    return UNPACK_BROKEN;
}

static enum unpacked zstd_next(void *state, struct block *out)
{
    struct zstd *z = state;
    if (!block_grow(out, out->len + PIECE)) return give_up(z);
    ZSTD_outBuffer made = {out->bytes + out->len, PIECE, 0};
    while (made.pos < made.size && (z->in.pos < z->in.size || z->is_inside)) {
        size_t before = z->in.pos + made.pos;
        size_t left = ZSTD_decompressStream(z->stream, &made, &z->in);
        out->len = (size_t)((char *)made.dst - out->bytes) + made.pos;
        if (ZSTD_isError(left)) return give_up(z);
        z->is_inside = left != 0;
        bool is_stuck = z->is_inside && z->in.pos + made.pos == before; /* cut off: it waits for more */
        bool is_bomb =
            (z->made + made.pos) / UNPACK_RATIO_MOST > z->in.pos + UNPACK_ALLOWANCE / UNPACK_RATIO_MOST;
        if (is_stuck || is_bomb) return give_up(z);
    }
    z->made += made.pos;
    return z->in.pos < z->in.size || z->is_inside ? UNPACK_MORE : UNPACK_END;
}

const struct packing packing_zstd = {"zstd", zstd_is, zstd_open, zstd_next, zstd_close};
