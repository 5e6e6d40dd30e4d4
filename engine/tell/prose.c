/* prose.c - wrapping at blanks; a line end is one. A word longer than the line stands alone on it. */
#include "engine/tell/prose.h"

struct ir_out prose_out(struct prose *p)
{
    return line_out(&p->line);
}

void prose_put(struct prose *p, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line_vput(&p->line, format, ap);
    va_end(ap);
}

void prose_text(struct prose *p, struct text t)
{
    line_text(&p->line, t);
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
    struct text all = line_view(&p->line);
    bool is_first = true;
    for (uint32_t at = 0; at < all.len;) {
        uint32_t end = at;
        while (end < all.len && all.at[end] != ' ' && all.at[end] != '\n') end++;
        struct text word = {all.at + at, end - at};
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
    p->line.bytes.len = 0;
}

void prose_end(struct prose *p, unsigned first, unsigned rest)
{
    if (p->line.bytes.len) fprintf(p->to, "%*s", (int)first, "");
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
