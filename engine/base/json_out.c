/* json_out.c - see json_out.h. Most text is plain ASCII: runs of it are copied, only the rest is looked at
 * closer. */
#include "engine/base/json_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void json_out_release(struct json_out *o)
{
    free(o->at);
    *o = (struct json_out){0};
}

/* Room for n more bytes, or NULL and failed. */
static char *room(struct json_out *o, size_t n)
{
    if (o->failed) return NULL;
    if (o->cap - o->len < n) {
        size_t cap = o->cap ? o->cap : 512;
        while (cap - o->len < n) cap *= 2;
        char *grown = realloc(o->at, cap);
        if (!grown) {
            o->failed = true;
            return NULL;
        }
        o->at = grown;
        o->cap = cap;
    }
    return o->at + o->len;
}

static void put(struct json_out *o, const char *bytes, size_t n)
{
    char *to = room(o, n);
    if (!to || !n) return;
    memcpy(to, bytes, n);
    o->len += n;
}

/* Before every name and value. A string ends with a quote, so the last byte tells where we are. */
static void separate(struct json_out *o)
{
    if (o->len && !strchr("{[:\n", o->at[o->len - 1])) put(o, ",", 1);
}

void json_open(struct json_out *o, char bracket)
{
    separate(o);
    put(o, &bracket, 1);
}

void json_close(struct json_out *o, char bracket)
{
    put(o, &bracket, 1);
}

/* ---- strings ------------------------------------------------------------------------------------------- */

#define NO_CHARACTER UINT32_MAX

/* The character at t[i], and its length in bytes; NO_CHARACTER and 1 where the bytes are no UTF-8. */
static uint32_t character(struct text t, uint32_t i, uint32_t *len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = (uint8_t)t.at[i];
    uint32_t n = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
    *len = 1;
    if (n <= 1) return n ? lead : NO_CHARACTER;
    if (t.len - i < n) return NO_CHARACTER;
    uint32_t c = lead & (0x7Fu >> n);
    for (uint32_t k = 1; k < n; k++) {
        uint8_t more = (uint8_t)t.at[i + k];
        if ((more & 0xC0) != 0x80) return NO_CHARACTER;
        c = c << 6 | (more & 0x3F);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return NO_CHARACTER;
    *len = n;
    return c;
}

/* Characters that show nothing themselves but change what is seen around them. */
static bool is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},       {0x61C, 0x61C},
        {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},
        {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
    };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden && c >= hidden[i].first; i++)
        if (c <= hidden[i].last) return true;
    return false;
}

static void put_escaped(struct json_out *o, uint32_t c)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* the character, the letter of its escape */
    char text[16];
    for (const char *s = shorts; *s; s += 2) {
        if (c != (uint8_t)s[0]) continue;
        put(o, (char[]){'\\', s[1]}, 2);
        return;
    }
    if (c > 0xFFFF)
        snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + (c & 0x3FF));
    else
        snprintf(text, sizeof text, "\\u%04x", c);
    put(o, text, strlen(text));
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

static void put_string(struct json_out *o, struct text t)
{
    put(o, "\"", 1);
    for (uint32_t i = 0; i < t.len;) {
        uint32_t run = i, len;
        while (run < t.len && is_plain(t.at[run])) run++;
        put(o, t.at + i, run - i);
        i = run;
        if (i == t.len) break;
        uint32_t c = character(t, i, &len);
        if (c == NO_CHARACTER)
            put_escaped(o, 0xFFFD);
        else if (c == '"' || c == '\\' || is_hidden(c))
            put_escaped(o, c);
        else
            put(o, t.at + i, len);
        i += len;
    }
    put(o, "\"", 1);
}

void json_name_text(struct json_out *o, struct text name)
{
    separate(o);
    put_string(o, name);
    put(o, ":", 1);
}

void json_name(struct json_out *o, const char *name)
{
    json_name_text(o, text_of(name));
}

void json_put_text(struct json_out *o, struct text t)
{
    separate(o);
    put_string(o, t);
}

void json_put_cstring(struct json_out *o, const char *s)
{
    json_put_text(o, text_of(s));
}

/* ---- the rest ------------------------------------------------------------------------------------------ */

void json_put_json(struct json_out *o, struct text json)
{
    separate(o);
    put(o, json.at, json.len);
}

void json_put_int(struct json_out *o, int64_t i)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)i);
    json_put_json(o, text_of(text));
}

void json_put_uint(struct json_out *o, uint64_t i)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)i);
    json_put_json(o, text_of(text));
}

void json_put_float(struct json_out *o, double f)
{
    char text[32] = "null";
    for (int digits = 15; isfinite(f) && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, f);
        if (strtod(text, NULL) == f) break;
    }
    json_put_json(o, text_of(text));
}

void json_put_bool(struct json_out *o, bool b)
{
    json_put_json(o, b ? TEXT("true") : TEXT("false"));
}

void json_put_null(struct json_out *o)
{
    json_put_json(o, TEXT("null"));
}

void json_member_text(struct json_out *o, const char *name, struct text t)
{
    json_name(o, name);
    t.len ? json_put_text(o, t) : json_put_null(o);
}

void json_member_if_any(struct json_out *o, const char *name, struct text t)
{
    if (t.len) json_member_text(o, name, t);
}

void json_member_uint(struct json_out *o, const char *name, uint64_t i)
{
    json_name(o, name);
    json_put_uint(o, i);
}

void json_put_newline(struct json_out *o)
{
    put(o, "\n", 1);
}
