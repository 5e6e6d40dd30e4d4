/* source.c - positions to files, lines and columns.
 *
 * Lines are counted when a place is asked for: only diagnostics and provenance ask, so no index is kept.
 */
#include "grammar/base/source.h"

void sources_init(struct sources *s, struct arena *a)
{
    *s = (struct sources){.arena = a, .next = 1};
}

const struct source *sources_add(struct sources *s, struct text name, struct text bytes, bool is_embedded)
{
    if (bytes.len >= UINT32_MAX - s->next) return NULL;
    struct source *file = ARENA_PUSH(s->arena, s->files);
    *file = (struct source){arena_text(s->arena, name.at, name.len), bytes, s->next, is_embedded};
    s->next += bytes.len + 1;
    return file;
}

const struct source *sources_find(const struct sources *s, uint32_t position)
{
    uint32_t lo = 0, hi = s->files.len; /* files before lo begin at or before the position */
    if (!position || position >= s->next) return NULL;
    while (lo < hi) {
        uint32_t middle = lo + (hi - lo) / 2;
        if (s->files.at[middle].base <= position) lo = middle + 1;
        else hi = middle;
    }
    return lo ? &s->files.at[lo - 1] : NULL;
}

static uint32_t count_characters(const char *at, uint32_t len)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < len; i++) n += ((unsigned char)at[i] & 0xC0) != 0x80;
    return n;
}

struct place sources_place(const struct sources *s, uint32_t position)
{
    struct place p = {.file = sources_find(s, position)};
    if (!p.file) return p;
    struct text all = p.file->bytes;
    uint32_t offset = position - p.file->base, line_start = 0;
    p.line = 1;
    for (const char *end; line_start < offset; line_start = (uint32_t)(end - all.at) + 1, p.line++)
        if (!(end = memchr(all.at + line_start, '\n', offset - line_start))) break;
    const char *end = line_start < all.len ? memchr(all.at + line_start, '\n', all.len - line_start) : NULL;
    uint32_t line_end = end ? (uint32_t)(end - all.at) : all.len;
    if (line_end > line_start && all.at[line_end - 1] == '\r') line_end--;
    p.line_text = (struct text){all.at ? all.at + line_start : "", line_end - line_start};
    p.line_offset = offset - line_start < p.line_text.len ? offset - line_start : p.line_text.len;
    p.column = count_characters(p.line_text.at, p.line_offset) + 1;
    return p;
}
