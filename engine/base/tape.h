/* tape.h - structures as bytes and back, by one walk for both directions: what is written is what is read.
 *
 *     static void point_tape(struct tape *t, struct point *p)
 *     {
 *         TAPE(t, p->x);
 *         TAPE(t, p->y);
 *     }
 *
 * The same function writes a point and reads one, so no field can be in one direction alone, nor in another
 * order. Numbers take as many bytes as they need, whatever the machine.
 *
 * Invariants
 * 1. Once something is read that cannot be, `is_broken` is set, and all that is read from there on is zero
 * and empty: a walk ends soon and need not look after each field. Its owner looks at the end.
 * 2. A number of things that is read is at most the number of bytes that are left: each takes one at least.
 * 3. What is read of texts are views into the bytes, which outlive them.
 * 4. What is written is only looked at: it may be another thread's, or read-only.
 */
#ifndef CSR_ENGINE_BASE_TAPE_H
#define CSR_ENGINE_BASE_TAPE_H

#include "engine/base/hash.h"
#include "engine/base/value.h"
#include "grammar/base/arena.h"

struct tape {
    bool reads;
    bool is_broken; /* reading: these bytes say nothing that makes sense; writing: no memory */
    char *bytes;    /* writing: all so far; freed by tape_release */
    size_t len, cap;
    const char *at, *end; /* reading: what is left */
    struct arena *arena;  /* what walks need beside, and nested values that are read; the caller's */
};

static inline struct tape tape_writer(struct arena *arena)
{
    return (struct tape){.reads = false, .arena = arena};
}
static inline struct tape tape_reader(const char *bytes, size_t len, struct arena *arena)
{
    return (struct tape){.reads = true, .at = bytes, .end = bytes + len, .arena = arena};
}
void tape_release(struct tape *t);
/* Reading: this cannot be, unless it holds. */
bool tape_check(struct tape *t, bool holds);

void tape_bytes(struct tape *t, void *at, size_t len);
void tape_u64(struct tape *t, uint64_t *v);
void tape_i64(struct tape *t, int64_t *v);
void tape_u32(struct tape *t, uint32_t *v);
void tape_i32(struct tape *t, int32_t *v);
void tape_u16(struct tape *t, uint16_t *v);
void tape_u8(struct tape *t, uint8_t *v);
void tape_bool(struct tape *t, bool *v);
void tape_double(struct tape *t, double *v);
void tape_hash(struct tape *t, struct hash128 *v);
void tape_text(struct tape *t, struct text *v);
void tape_value(struct tape *t, struct value *v);

/* clang-format off */
#define TAPE(t, v)                                                                                           \
    _Generic((v),                                                                                            \
        uint64_t: tape_u64, int64_t: tape_i64, uint32_t: tape_u32, int32_t: tape_i32,                        \
        uint16_t: tape_u16, uint8_t: tape_u8, bool: tape_bool, double: tape_double,                          \
        struct hash128: tape_hash, struct text: tape_text, struct value: tape_value)((t), &(v))
/* clang-format on */

/* How many things follow: as written, or as read. */
uint32_t tape_count(struct tape *t, uint32_t n);

/* A part that a reader can pass over: mark = tape_open(t); …; tape_close(t, mark) or, of a reader that has
 * not read all of it, tape_skip(t, mark). */
size_t tape_open(struct tape *t);
void tape_close(struct tape *t, size_t mark);
void tape_skip(struct tape *t, size_t mark);

/* What lies in the arena is looked at no more: it may go. */
void tape_forget(struct tape *t);

/* One of the tapes that a file holds (io/checkpoint.h). */
struct tape_section {
    char kind[5]; /* four letters */
    const char *bytes;
    size_t len;
};

#endif
