/* prose.h - paragraphs for people: text is put together piece by piece and wrapped when the paragraph ends.
 *
 * Everything lies in the arena, under its escape; only whole paragraphs reach the file.
 */
#ifndef CSR_ENGINE_TELL_PROSE_H
#define CSR_ENGINE_TELL_PROSE_H

#include "engine/tell/line.h"

#include <stdio.h>

#define PROSE_WIDTH 100

struct prose {
    struct line line; /* the paragraph at hand, not wrapped yet */
    FILE *to;
    unsigned width;
    bool color;
};

/* For what prints nodes: goes into the paragraph. */
struct ir_out prose_out(struct prose *p);
void prose_put(struct prose *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void prose_text(struct prose *p, struct text t);
/* Ends the paragraph: its first line stands at one column, what is wrapped at the other. */
void prose_end(struct prose *p, unsigned first, unsigned rest);
/* A label in a column of its own, and the paragraph beside it. */
void prose_row(struct prose *p, unsigned indent, struct text label, unsigned width);
void prose_heading(struct prose *p, const char *words);

/* Characters of a UTF-8 text, as columns of a terminal. */
unsigned prose_columns(struct text t);

#endif
