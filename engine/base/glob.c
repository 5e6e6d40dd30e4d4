/* glob.c - matching with * by one point of return: a later star makes all earlier ones final. */
#include "engine/base/glob.h"

/* Whether a byte of the pattern that is no star takes a byte of the text. */
typedef bool byte_test(char pattern, char byte);

static bool takes_same(char pattern, char byte)
{
    return pattern == byte;
}

static bool takes_either_case(char pattern, char byte)
{
    return text_lower(pattern) == text_lower(byte);
}

static bool takes_as_policy(char pattern, char byte)
{
    return pattern == '?' ? byte != '*' : takes_either_case(pattern, byte);
}

static inline bool match(struct text pattern, struct text t, byte_test *takes)
{
    uint32_t p = 0, at = 0;
    uint32_t star = UINT32_MAX, resume = 0; /* behind the last star, and where its run may grow to */
    while (at < t.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = ++p;
            resume = at;
        } else if (p < pattern.len && takes(pattern.at[p], t.at[at])) {
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

bool glob_match(struct text pattern, struct text t, bool nocase)
{
    return match(pattern, t, nocase ? takes_either_case : takes_same);
}

bool glob_grants(struct text pattern, struct text action)
{
    return match(pattern, action, takes_as_policy);
}
