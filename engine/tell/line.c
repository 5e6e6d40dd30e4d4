/* line.c - lines of words, and values in words. */
#include "engine/tell/line.h"

#include "engine/base/time.h"

#include <stdio.h>

#define LIST_MOST 6   /* elements that are written out */
#define JSON_MOST 100 /* bytes */

static void put_bytes(void *to, const char *at, size_t len)
{
    struct line *l = to;
    for (size_t i = 0; i < len; i++) *ARENA_PUSH(l->arena, l->bytes) = at[i];
}

struct ir_out line_out(struct line *l)
{
    return (struct ir_out){put_bytes, l};
}

void line_text(struct line *l, struct text t)
{
    put_bytes(l, t.at, t.len);
}

void line_vput(struct line *l, const char *format, va_list ap)
{
    line_text(l, arena_vprintf(l->arena, format, ap));
}

void line_put(struct line *l, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line_vput(l, format, ap);
    va_end(ap);
}

struct text line_view(const struct line *l)
{
    return (struct text){l->bytes.at, l->bytes.len};
}

const char *line_end(struct line *l)
{
    const char *text = arena_text(l->arena, l->bytes.at, l->bytes.len).at;
    l->bytes.len = 0;
    return text;
}

void line_duration(struct line *l, int64_t seconds)
{
    ir_put_duration(line_out(l), seconds * SECOND_NS);
}

static void put_list(struct line *l, struct value v)
{
    line_put(l, "[");
    for (uint32_t i = 0; i < v.len && i < LIST_MOST; i++) {
        if (i) line_put(l, ", ");
        line_value(l, v.items[i]);
    }
    line_put(l, v.len > LIST_MOST ? ", … %u]" : "]", v.len);
}

static void put_time(struct line *l, int64_t nanoseconds)
{
    char text[32];
    line_put(l, "%.*s", (int)time_print(nanoseconds, text), text);
}

void line_value(struct line *l, struct value v)
{
    switch ((enum value_kind)v.kind) {
    case VALUE_ABSENT: line_put(l, "absent"); return;
    case VALUE_UNKNOWN: line_put(l, "unknown"); return;
    case VALUE_LIST: put_list(l, v); return;
    case VALUE_TIME: put_time(l, v.i); return;
    case VALUE_SET: line_put(l, "a list"); return;
    case VALUE_JSON:
        line_put(l, "%.*s%s", (int)(v.len < JSON_MOST ? v.len : JSON_MOST), v.s,
                 v.len < JSON_MOST ? "" : "…");
        return;
    default: ir_put_constant(line_out(l), v); return;
    }
}

static bool is_reason(const struct incident *i, struct text words)
{
    for (uint32_t r = 0; r < i->n_reasons; r++)
        if (text_starts(i->reasons[r].why, words)) return true; /* ": unknown, …" may follow */
    return false;
}

void line_score(struct line *l, const struct ir_rule *rule, const struct incident *i)
{
    const char *before = "; not ";
    for (uint32_t r = 0; r < i->n_reasons; r++)
        line_put(l, r ? ", %+d " TEXT_FMT : "%d " TEXT_FMT, i->reasons[r].points,
                 TEXT_ARG(i->reasons[r].why));
    for (uint32_t t = 0; t < rule->n_terms; t++) {
        if (is_reason(i, rule->terms[t].words)) continue;
        line_put(l, "%s%+d " TEXT_FMT, before, rule->terms[t].points, TEXT_ARG(rule->terms[t].words));
        before = ", ";
    }
}
