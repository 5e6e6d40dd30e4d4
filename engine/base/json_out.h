/* json_out.h - writes JSON on one line into a buffer that grows: incidents, receipts, answers.
 *
 * Commas are not the caller's business: what is put after `{`, `[` or `:` gets none, everything else does. So
 *
 *     json_open(o, '{');
 *     json_name(o, "score"), json_put_int(o, 90);
 *     json_close(o, '}');
 *
 * Invariants
 * 1. The bytes are valid JSON in valid UTF-8, whatever bytes the texts hold: what is no UTF-8 becomes U+FFFD.
 * 2. No byte or character that a terminal or a log viewer acts on stands as itself: control characters, C1
 * controls, line and paragraph separators, direction marks and invisible characters are written as \uXXXX.
 * 3. When there is no memory nothing more is written and `failed` stays set: look once, at the end.
 */
#ifndef CSR_ENGINE_BASE_JSON_OUT_H
#define CSR_ENGINE_BASE_JSON_OUT_H

#include "grammar/base/text.h"

#include <stddef.h>

struct json_out { /* zeroed: empty */
    char *at;
    size_t len, cap;
    bool failed;
};

void json_out_release(struct json_out *o);
static inline void json_out_reset(struct json_out *o)
{
    o->len = 0;
    o->failed = false;
}
static inline struct text json_out_text(const struct json_out *o)
{
    return (struct text){o->at, (uint32_t)o->len};
}

void json_open(struct json_out *o, char bracket);  /* '{' or '[' */
void json_close(struct json_out *o, char bracket); /* '}' or ']' */
void json_name(struct json_out *o, const char *name);
void json_name_text(struct json_out *o, struct text name);

void json_put_text(struct json_out *o, struct text t);
void json_put_cstring(struct json_out *o, const char *s);
void json_put_int(struct json_out *o, int64_t i);
void json_put_uint(struct json_out *o, uint64_t i);
void json_put_float(struct json_out *o, double f); /* the shortest digits that read back as f; or null */
void json_put_bool(struct json_out *o, bool b);
void json_put_null(struct json_out *o);
/* A value that is JSON on one line already: another json_out's, or a number's digits. */
void json_put_json(struct json_out *o, struct text json);
/* A name and its value: a text that is empty is null, or (_if_any) no member at all. */
void json_member_text(struct json_out *o, const char *name, struct text t);
void json_member_if_any(struct json_out *o, const char *name, struct text t);
void json_member_uint(struct json_out *o, const char *name, uint64_t i);
/* The end of a line; what follows begins anew. */
void json_put_newline(struct json_out *o);

#endif
