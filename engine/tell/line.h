/* line.h - a line of words under way: what tests, traces and explanations tell is put together piece by
 * piece.
 *
 * The bytes lie in an arena, under its escape.
 */
#ifndef CSR_ENGINE_TELL_LINE_H
#define CSR_ENGINE_TELL_LINE_H

#include "engine/ir/ir_print.h"
#include "engine/state/incident.h"

#include <stdarg.h>

struct line {
    struct arena *arena;
    struct ARENA_VEC(char) bytes;
};
struct lines ARENA_VEC(const char *);

struct ir_out line_out(struct line *l);
void line_put(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void line_vput(struct line *l, const char *format, va_list ap);
void line_text(struct line *l, struct text t);
/* What it holds; valid until more is put. */
struct text line_view(const struct line *l);
const char *line_end(struct line *l); /* and begins anew */
/* As rules write it; what is no constant in words: absent, unknown, a list. */
void line_value(struct line *l, struct value v);
void line_duration(struct line *l, int64_t seconds);
/* "40 the match itself, +20 new(seen_asn, role); not +10 exists launch" */
void line_score(struct line *l, const struct ir_rule *rule, const struct incident *i);

#endif
