/* utf8.h - the one question that everybody asks about UTF-8. */
#ifndef CSR_GRAMMAR_BASE_UTF8_H
#define CSR_GRAMMAR_BASE_UTF8_H

#include "grammar/base/text.h"

/* The bytes (1 to 4) of the character at the front; 0 if there is none that is well formed: overlong forms,
 * surrogates and what lies beyond U+10FFFF are not. */
static inline uint32_t utf8_length(struct text t)
{
    const unsigned char *b = (const unsigned char *)t.at;
    if (!t.len) return 0;
    if (b[0] < 0x80) return 1;
    uint32_t n = b[0] >= 0xC2 && b[0] < 0xE0   ? 2
                 : (b[0] & 0xF0) == 0xE0       ? 3
                 : b[0] >= 0xF0 && b[0] < 0xF5 ? 4
                                               : 0;
    if (!n || n > t.len) return 0;
    for (uint32_t i = 1; i < n; i++)
        if ((b[i] & 0xC0) != 0x80) return 0;
    bool is_wrong = (b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xED && b[1] > 0x9F) ||
                    (b[0] == 0xF0 && b[1] < 0x90) || (b[0] == 0xF4 && b[1] > 0x8F);
    return is_wrong ? 0 : n;
}

#endif
