/* text.h - a view of some bytes: the string type of the whole project.
 *
 * A text never owns what it points at; whoever made it says how long the bytes live (an arena, a batch, a
 * loaded source). It may hold any byte, NUL included, and is not terminated.
 */
#ifndef CSR_GRAMMAR_BASE_TEXT_H
#define CSR_GRAMMAR_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *at;
    uint32_t len; /* bytes */
};

#define TEXT(literal)   ((struct text){(literal), sizeof(literal) - 1})
#define TEXT_FMT        "%.*s"
#define TEXT_ARG(t)     (int)(t).len, (t).at

static inline struct text text_of(const char *cstring)
{
    return (struct text){cstring, (uint32_t)strlen(cstring)};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Bytes as unsigned, the shorter first: a total order that no locale changes. */
static inline int text_compare(struct text a, struct text b)
{
    uint32_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.at, b.at, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool text_starts(struct text t, struct text prefix)
{
    return t.len >= prefix.len && memcmp(t.at, prefix.at, prefix.len) == 0;
}

static inline bool text_ends(struct text t, struct text suffix)
{
    return t.len >= suffix.len && memcmp(t.at + t.len - suffix.len, suffix.at, suffix.len) == 0;
}

/* ASCII letters only: names in logs that differ in case differ in these. */
static inline char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool text_equal_nocase(struct text a, struct text b)
{
    if (a.len != b.len) return false;
    for (uint32_t i = 0; i < a.len; i++)
        if (text_lower(a.at[i]) != text_lower(b.at[i])) return false;
    return true;
}

#endif
