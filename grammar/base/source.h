/* source.h - the loaded files as one space of positions, so that a place is two 32-bit numbers anywhere.
 *
 * Invariants
 * 1. Position 0 is nowhere; the first file starts at 1. Files lie one after the other, each with one unused
 *    position behind its last byte, so that "the end of the file" is a place too.
 * 2. Text and positions never change once a source is added.
 */
#ifndef CSR_GRAMMAR_BASE_SOURCE_H
#define CSR_GRAMMAR_BASE_SOURCE_H

#include "grammar/base/arena.h"

/* Half open. {0, 0} for a thing that stands in no file. */
struct csr_span {
    uint32_t lo, hi;
};

struct source {
    struct text name; /* as the user gave it, or "<stdlib>/aws/cloudtrail.csr" */
    struct text bytes;
    uint32_t base;    /* position of its first byte */
    bool is_embedded; /* ships inside the binary: diagnostics call it by its <name> */
};

struct sources {
    struct arena *arena;
    struct ARENA_VEC(struct source) files;
    uint32_t next; /* first free position */
};

/* A place for people: lines and columns count from 1, columns in characters (UTF-8), tabs as one. */
struct place {
    const struct source *file; /* NULL: nowhere */
    uint32_t line, column;
    struct text line_text; /* the whole line, without its end */
    uint32_t line_offset;  /* of the place, in bytes, within line_text */
};

void sources_init(struct sources *s, struct arena *a);
/* Copies the name, keeps a view of the bytes (the caller's arena owns them). NULL when the space of positions
 * (4 GiB in all) is full. */
const struct source *sources_add(struct sources *s, struct text name, struct text bytes, bool is_embedded);
const struct source *sources_find(const struct sources *s, uint32_t position);
struct place sources_place(const struct sources *s, uint32_t position);

static inline struct csr_span span_join(struct csr_span a, struct csr_span b)
{
    if (!a.hi) return b;
    if (!b.hi) return a;
    return (struct csr_span){a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
}

#endif
