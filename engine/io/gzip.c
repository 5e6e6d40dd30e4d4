/* gzip.c - gzip files of one or many members, member by member (libdeflate).
 *
 * libdeflate is twice as fast as a streaming inflate, but gives a member whole or not at all, and does not say how much
 * it made before a fault. So the room for a member is guessed and doubled, and after a fault the good part is found by
 * trying smaller rooms (recover_member).
 */
#include "engine/io/unpack.h"

#include <libdeflate.h>
#include <stdlib.h>

#define ROOM_LEAST    (64u << 10)
#define MATCH_LONGEST 258u /* of deflate: what may be missing at the end when the room was too small */

struct gzip {
    struct libdeflate_decompressor *inflate;
    const char *at;
    size_t len;   /* bytes left, from at */
    size_t guess; /* room for the next member */
};

static bool gzip_is(struct text head)
{
    return head.len >= 2 && memcmp(head.at, "\x1f\x8b", 2) == 0;
}

/* The last four bytes of a gzip file: the size of its last member, mostly its only one. */
static size_t size_at_end(const char *at, size_t len)
{
    if (len < 4) return 0;
    const unsigned char *end = (const unsigned char *)at + len - 4;
    return (size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
}

static void *gzip_open(const char *packed, size_t len)
{
    struct gzip *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    *g = (struct gzip){libdeflate_alloc_decompressor(), packed, len, size_at_end(packed, len)};
    if (g->inflate) return g;
    free(g);
    return NULL;
}

static void gzip_close(void *state)
{
    struct gzip *g = state;
    libdeflate_free_decompressor(g->inflate);
    free(g);
}

static enum libdeflate_result inflate_member(struct gzip *g, struct text in, char *out, size_t room,
                                             size_t *used, size_t *made)
{
    return libdeflate_gzip_decompress_ex(g->inflate, in.at, in.len, out, room, used, made);
}

/* How many bytes a faulty member gives before its fault, at most: with room for exactly these the fault is found, with
 * less the room runs out first. They are then in out, which has `room`; what was not written is `fill`. */
static size_t made_before_fault(struct gzip *g, struct text in, char *out, size_t room, int fill)
{
    size_t low = 0, high = room, used, made;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (inflate_member(g, in, out, middle, &used, &made) == LIBDEFLATE_INSUFFICIENT_SPACE)
            low = middle + 1;
        else
            high = middle;
    }
    memset(out, fill, low);
    inflate_member(g, in, out, low, &used, &made);
    return low;
}

/* The good part of a member that is broken or cut off. libdeflate reads a few zero bytes behind the end of its input
 * before it gives up, and makes something of them; with other bytes there it makes something else. A stored piece that
 * is cut it does not write at all. What two tries agree on was really in the file. */
static size_t recover_member(struct gzip *g, char *out, size_t room)
{
    enum { PADDING = 16 };
    struct text in = {g->at, (uint32_t)(g->len < UNPACK_MEMBER_MOST ? g->len : UNPACK_MEMBER_MOST)};
    char *padded = malloc(in.len + PADDING), *other = malloc(room);
    size_t same = 0;
    if (padded && other) {
        memcpy(padded, in.at, in.len);
        memset(padded + in.len, 0xff, PADDING);
        size_t made = made_before_fault(g, in, out, room, 0x00);
        size_t made_other = made_before_fault(g, (struct text){padded, in.len + PADDING}, other, room, 0xff);
        while (same < made && same < made_other && out[same] == other[same]) same++;
    }
    free(padded);
    free(other);
    return same;
}

static enum unpacked give_up(struct gzip *g)
{
    g->len = 0;
    return UNPACK_BROKEN;
}

/* Takes a whole member off, unless it is a bomb. */
static enum unpacked take_member(struct gzip *g, struct block *out, size_t used, size_t made)
{
    size_t most = unpack_bound(used);
    out->len += made < most ? made : most;
    if (made > most) return give_up(g);
    g->at += used;
    g->len -= used;
    g->guess = made + made / 4;
    return UNPACK_MORE;
}

static enum unpacked next_member(struct gzip *g, struct block *out)
{
    size_t most = unpack_bound(g->len), used, made;
    size_t room = g->guess < ROOM_LEAST ? ROOM_LEAST : g->guess;
    for (;; room *= 2) {
        if (room > most) room = most;
        if (!block_grow(out, out->len + room)) return give_up(g);
        struct text in = {g->at, (uint32_t)(g->len < UINT32_MAX ? g->len : UINT32_MAX)};
        char *at = out->bytes + out->len;
        switch (inflate_member(g, in, at, room, &used, &made)) {
        case LIBDEFLATE_SUCCESS:
            return take_member(g, out, used, made);
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            if (room < most) continue;
            out->len += room - MATCH_LONGEST;
            return give_up(g);
        default:
            out->len += recover_member(g, at, room);
            return give_up(g);
        }
    }
}

static enum unpacked gzip_next(void *state, struct block *out)
{
    struct gzip *g = state;
    while (g->len && !*g->at) g->at++, g->len--; /* tapes and some writers fill up with zeros */
    if (!g->len) return UNPACK_END;
    enum unpacked result = next_member(g, out);
    return result == UNPACK_MORE && !g->len ? UNPACK_END : result;
}

const struct packing packing_gzip = {"gzip", gzip_is, gzip_open, gzip_next, gzip_close};
