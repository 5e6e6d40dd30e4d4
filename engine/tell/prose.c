/* prose.c - wrapping at blanks; a line end is one. A word longer than the line stands alone on it. */
#include "engine/tell/prose.h"

#include <stdarg.h>

static void append(void *to, const char *at, size_t len)
{
    struct prose *p = to;
    for (size_t i = 0; i < len; i++) *ARENA_PUSH(p->arena, p->text) = at[i];
}

struct ir_out prose_out(struct prose *p)
{
    return (struct ir_out){append, p};
}

void prose_put(struct prose *p, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    struct text t = arena_vprintf(p->arena, format, ap);
    va_end(ap);
    append(p, t.at, t.len);
}

void prose_text(struct prose *p, struct text t)
{
    append(p, t.at, t.len);
}

unsigned prose_columns(struct text t)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < t.len; i++) n += ((unsigned char)t.at[i] & 0xc0) != 0x80;
    return n;
}

/* Words from the paragraph to the file; `column` is where the first line stands already. */
static void put_wrapped(struct prose *p, unsigned column, unsigned rest)
{
    bool is_first = true;
    for (uint32_t at = 0; at < p->text.len;) {
        uint32_t end = at;
        while (end < p->text.len && p->text.at[end] != ' ' && p->text.at[end] != '\n') end++;
        struct text word = {p->text.at + at, end - at};
        unsigned columns = prose_columns(word);
        if (!is_first && column + 1 + columns > p->width) {
            fprintf(p->to, "\n%*s", (int)rest, "");
            column = rest;
            is_first = true;
        }
        column += columns + !is_first;
        fprintf(p->to, "%s" TEXT_FMT, is_first ? "" : " ", TEXT_ARG(word));
        is_first = false;
        at = end + 1;
    }
    fputc('\n', p->to);
    p->text.len = 0;
}

void prose_end(struct prose *p, unsigned first, unsigned rest)
{
    if (p->text.len) fprintf(p->to, "%*s", (int)first, "");
    put_wrapped(p, first, rest);
}

void prose_row(struct prose *p, unsigned indent, struct text label, unsigned width)
{
    unsigned columns = prose_columns(label);
    fprintf(p->to, "%*s%s" TEXT_FMT "%s%*s", (int)indent, "", p->color ? "\033[1m" : "", TEXT_ARG(label),
            p->color ? "\033[0m" : "", columns < width ? (int)(width - columns) : 0, "");
    if (columns >= width) fprintf(p->to, "\n%*s", (int)(indent + width), "");
    put_wrapped(p, indent + width, indent + width);
}

void prose_heading(struct prose *p, const char *words)
{
    fprintf(p->to, "\n%s%s%s\n", p->color ? "\033[1m" : "", words, p->color ? "\033[0m" : "");
}
