/* utf8.c - checking and writing UTF-8.
 *
 * Logs are ASCII almost everywhere, so eight bytes are looked at together and only a byte above 127 is
 * decoded.
 */
#include "engine/base/utf8.h"

#include <stddef.h>

/* The length of the sequence that starts at `at`, 0 if it is none. The ranges of the second byte keep out
 * overlong forms (E0, F0), surrogates (ED) and codes over U+10FFFF (F4). */
static uint32_t sequence_length(const unsigned char *at, const unsigned char *end)
{
    unsigned lead = at[0], low = 0x80, high = 0xbf;
    uint32_t len = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    if (len == 0 || (uint32_t)(end - at) < len || at[1] < low || at[1] > high) return 0;
    for (uint32_t i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return len;
}

bool utf8_valid(struct text t)
{
    const unsigned char *at = (const unsigned char *)t.at, *end = at + t.len;
    while (at < end) {
        uint64_t words[4];
        for (; end - at >= (ptrdiff_t)sizeof words; at += sizeof words) {
            memcpy(words, at, sizeof words);
            if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080) break;
        }
        while (at < end && *at < 0x80) at++;
        if (at == end) break;
        uint32_t len = sequence_length(at, end);
        if (len == 0) return false;
        at += len;
    }
    return true;
}

uint32_t utf8_put(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    uint32_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (uint32_t i = len - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00 >> len & 0xff) | code);
    return len;
}

uint32_t utf8_length(struct text t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t.len; i++) n += (t.at[i] & 0xc0) != 0x80;
    return n;
}
