/* glob.c - matching with * by one point of return: a later star makes all earlier ones final. */
#include "engine/base/glob.h"

static bool same(char a, char b, bool nocase)
{
    return a == b || (nocase && text_lower(a) == text_lower(b));
}

bool glob_match(struct text pattern, struct text t, bool nocase)
{
    uint32_t p = 0, at = 0;
    uint32_t star = UINT32_MAX, resume = 0; /* behind the last star, and where its run may grow to */
    while (at < t.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = ++p;
            resume = at;
        } else if (p < pattern.len && same(pattern.at[p], t.at[at], nocase)) {
            p++, at++;
        } else if (star != UINT32_MAX) {
            p = star;
            at = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*') p++;
    return p == pattern.len;
}
