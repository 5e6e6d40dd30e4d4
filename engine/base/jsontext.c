/* jsontext.c - the scan over JSON text.
 *
 * Strings are most of a log, so they are passed eight bytes at a time; everything else is decided by one
 * byte. Containers are passed by recursion, which depth_most bounds.
 *
 * Invariants
 * 1. Once `fault` is set every function returns false and `at` stays where it is.
 * 2. A member's name is compared with the others of its object by a 32-bit hash under a secret key; only when
 *    that was seen before, the object is walked again up to the member and the names are compared. So the
 *    answer is exact, and the second walk happens as good as never.
 */
#include "engine/base/jsontext.h"

#include "engine/base/utf8.h"

struct json_scan json_scan_of(struct text t)
{
    return (struct json_scan){.at = t.at, .end = t.len ? t.at + t.len : t.at, .depth_most = 64};
}

static bool broken(struct json_scan *s)
{
    if (!s->fault) s->fault = JSON_BROKEN;
    return false;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

char json_peek(struct json_scan *s)
{
    if (s->fault) return 0;
    while (s->at < s->end && is_blank(*s->at)) s->at++;
    return s->at < s->end ? *s->at : 0;
}

bool json_end(struct json_scan *s)
{
    json_peek(s);
    return !s->fault && (s->at == s->end || broken(s));
}

/* ---- strings ------------------------------------------------------------------------------------------- */

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* The high bit of every byte that is zero; above the first such byte also others may be set. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

const char *json_string_stop(const char *at, const char *end)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t stops = zero_bytes(word ^ ONES * '"') | zero_bytes(word ^ ONES * '\\') |
                         ((word - ONES * ' ') & ~word & HIGHS);
        if (stops) return at + (__builtin_ctzll(stops) >> 3);
    }
#endif
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ') at++;
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits; -1 if they are not. */
static int32_t hex_four(const char *at, const char *end)
{
    int32_t code = 0;
    if (end - at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) return -1;
        code = code << 4 | digit;
    }
    return code;
}

/* The bytes of the escape that starts at `at` (a backslash), 0 if it is none. A high surrogate wants its low
 * one. */
static uint32_t escape_length(const char *at, const char *end)
{
    if (end - at < 2) return 0;
    if (at[1] != 'u') return memchr("\"\\/bfnrt", at[1], 8) ? 2 : 0;
    int32_t code = hex_four(at + 2, end);
    if (code < 0 || (code & 0xfc00) == 0xdc00) return 0;
    if ((code & 0xfc00) != 0xd800) return 6;
    if (end - at < 12 || at[6] != '\\' || at[7] != 'u') return 0;
    return (hex_four(at + 8, end) & 0xfffffc00) == 0xdc00 ? 12 : 0;
}

bool json_string_read(struct json_scan *s, struct json_string *out)
{
    if (json_peek(s) != '"') return broken(s);
    const char *from = s->at + 1, *at = from;
    out->is_escaped = false;
    for (;;) {
        at = json_string_stop(at, s->end);
        if (at == s->end) return broken(s);
        if (*at == '"') break;
        uint32_t len = *at == '\\' ? escape_length(at, s->end) : 0;
        if (len == 0) return broken(s);
        out->is_escaped = true;
        at += len;
    }
    out->text = (struct text){from, (uint32_t)(at - from)};
    s->at = at + 1;
    return true;
}

static uint32_t escape_put(char *out, const char *at)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (at[1] != 'u') {
        *out = to[strchr(from, at[1]) - from];
        return 1;
    }
    uint32_t code = (uint32_t)hex_four(at + 2, at + 6);
    if ((code & 0xfc00) == 0xd800)
        code = 0x10000 + ((code & 0x3ff) << 10) + ((uint32_t)hex_four(at + 8, at + 12) & 0x3ff);
    return utf8_put(out, code);
}

uint32_t json_unescape(struct text raw, char *out)
{
    const char *at = raw.at, *end = raw.at + raw.len;
    char *to = out;
    while (at < end) {
        const char *stop = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((stop ? stop : end) - at);
        memmove(to, at, plain);
        to += plain;
        if (!stop) break;
        at = stop + escape_length(stop, end);
        to += escape_put(to, stop);
    }
    return (uint32_t)(to - out);
}

/* ---- numbers and words --------------------------------------------------------------------------------- */

static const char *digits_end(const char *at, const char *end)
{
    while (at < end && (unsigned char)(*at - '0') < 10) at++;
    return at;
}

/* Behind the number that starts at `at`; NULL if it is none. */
static const char *number_end(const char *at, const char *end)
{
    const char *digits = at + (at < end && *at == '-');
    at = digits_end(digits, end);
    if (at == digits || (*digits == '0' && at - digits > 1)) return NULL;
    if (at < end && *at == '.') {
        digits = at + 1;
        at = digits_end(digits, end);
        if (at == digits) return NULL;
    }
    if (at < end && (*at | 0x20) == 'e') {
        digits = at + 1;
        if (digits < end && (*digits == '+' || *digits == '-')) digits++;
        at = digits_end(digits, end);
        if (at == digits) return NULL;
    }
    return at;
}

static bool skip_number(struct json_scan *s)
{
    const char *end = number_end(s->at, s->end);
    if (!end) return broken(s);
    s->at = end;
    return true;
}

static bool skip_word(struct json_scan *s, const char *word, size_t len)
{
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len)) return broken(s);
    s->at += len;
    return true;
}

/* ---- names --------------------------------------------------------------------------------------------- */

uint32_t json_names_size(uint32_t text_len)
{
    uint32_t size = 64;
    while (size < text_len / 4) size *= 2; /* a member takes five bytes at least: "":1 and a comma or brace */
    return size;
}

static inline uint64_t load_8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Folded products of the bytes and the key; the constants keep a product from being small whatever the key
 * is. */
uint64_t json_name_hash(const uint64_t key[2], struct text name)
{
    uint64_t a = 0, b = 0, first = key[0] ^ UINT64_C(0xa0761d6478bd642f);
    uint64_t h = key[1] ^ UINT64_C(0xe7037ed1a0b428db) * (name.len + 1);
    const char *at = name.at;
    uint32_t left = name.len;
    for (; left > 16; at += 16, left -= 16) h = fold(load_8(at) ^ first, load_8(at + 8) ^ h);
    if (left >= 8) {
        a = load_8(at);
        b = load_8(at + left - 8);
    } else {
        for (uint32_t i = 0; i < left; i++) a = a << 8 | (unsigned char)at[i];
    }
    return fold(a ^ first, b ^ h) ^ h;
}

/* The escapes of a name are undone in the scratch. */
static bool name_unescape(struct json_scan *s, struct json_string *name)
{
    name->mark = s->scratch->len;
    char *bytes = scratch_take(s->scratch, name->text.len);
    if (!bytes) {
        s->fault = JSON_NO_ROOM;
        return false;
    }
    name->text = (struct text){bytes, json_unescape(name->text, bytes)};
    return true;
}

/* Whether the object has the name among the members before the one whose name ends at `until`. */
static bool name_stands_before(const struct json_scan *s, const struct json_object *o, struct text name)
{
    struct json_scan again = {.at = o->from, .end = s->at, .depth = s->depth, .depth_most = s->depth_most,
                              .scratch = s->scratch};
    struct json_object walk = {.from = o->from, .is_first = true};
    struct json_string before;
    uint32_t found = 0; /* the member itself is the last one found */
    while (found < 2 && json_object_next(&again, &walk, &before)) {
        found += text_equal(before.text, name);
        json_name_done(&again, &before);
        json_skip(&again);
    }
    return found == 2;
}

/* Puts the name among those of its object. */
static bool name_is_new(struct json_scan *s, const struct json_object *o, struct json_string *name)
{
    struct json_names *seen = s->names;
    uint64_t h = name->hash ^ o->number * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t tag = (uint32_t)(h >> 32) | 1, at = (uint32_t)h & seen->mask;
    while (seen->slots[at]) {
        if (seen->slots[at] == tag && name_stands_before(s, o, name->text)) return false;
        at = (at + 1) & seen->mask;
    }
    seen->slots[at] = tag;
    return true;
}

/* ---- containers ---------------------------------------------------------------------------------------- */

static bool container_enter(struct json_scan *s, char brace)
{
    if (json_peek(s) != brace) return broken(s);
    if (s->depth >= s->depth_most) {
        s->fault = JSON_DEEP;
        return false;
    }
    s->depth++;
    s->at++;
    return true;
}

/* Between the values of a container. True: another one follows. */
static bool container_next(struct json_scan *s, char closing, bool *is_first)
{
    char c = json_peek(s);
    bool was_first = *is_first;
    *is_first = false;
    if (c == closing) {
        s->at++;
        s->depth--;
        return false;
    }
    if (was_first) return c != 0 || broken(s);
    if (c != ',') return broken(s);
    s->at++;
    return true;
}

bool json_object_begin(struct json_scan *s, struct json_object *o)
{
    if (!container_enter(s, '{')) return false;
    *o = (struct json_object){.from = s->at, .number = s->names ? ++s->names->objects : 0, .is_first = true};
    return true;
}

bool json_object_next(struct json_scan *s, struct json_object *o, struct json_string *name)
{
    if (!container_next(s, '}', &o->is_first) || !json_string_read(s, name)) return false;
    if (name->is_escaped && s->scratch && !name_unescape(s, name)) return false;
    if (json_peek(s) != ':') return broken(s);
    s->at++;
    if (!s->names) return true;
    name->hash = json_name_hash(s->names->key, name->text);
    if (!s->names->slots || name_is_new(s, o, name)) return true;
    s->fault = JSON_TWICE;
    return false;
}

bool json_array_begin(struct json_scan *s, struct json_array *a)
{
    a->is_first = true;
    return container_enter(s, '[');
}

bool json_array_next(struct json_scan *s, struct json_array *a)
{
    return container_next(s, ']', &a->is_first);
}

static bool skip_object(struct json_scan *s)
{
    struct json_object o;
    struct json_string name;
    if (!json_object_begin(s, &o)) return false;
    while (json_object_next(s, &o, &name)) {
        json_name_done(s, &name);
        if (!json_skip(s)) return false;
    }
    return !s->fault;
}

static bool skip_array(struct json_scan *s)
{
    struct json_array a;
    if (!json_array_begin(s, &a)) return false;
    while (json_array_next(s, &a))
        if (!json_skip(s)) return false;
    return !s->fault;
}

bool json_skip(struct json_scan *s)
{
    struct json_string ignored;
    switch (json_peek(s)) {
    case '"': return json_string_read(s, &ignored);
    case '{': return skip_object(s);
    case '[': return skip_array(s);
    case 't': return skip_word(s, "true", 4);
    case 'f': return skip_word(s, "false", 5);
    case 'n': return skip_word(s, "null", 4);
    default: return s->fault ? false : skip_number(s);
    }
}

bool json_value_text(struct json_scan *s, struct text *value)
{
    json_peek(s);
    const char *from = s->at;
    if (!json_skip(s)) return false;
    *value = (struct text){from, (uint32_t)(s->at - from)};
    return true;
}
