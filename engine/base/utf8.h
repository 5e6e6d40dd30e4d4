/* utf8.h - UTF-8 as RFC 3629 has it: no surrogates, nothing overlong, nothing over U+10FFFF. */
#ifndef CSR_ENGINE_BASE_UTF8_H
#define CSR_ENGINE_BASE_UTF8_H

#include "grammar/base/text.h"

bool utf8_valid(struct text t);
/* At most 4 bytes; returns how many. code is no surrogate. */
uint32_t utf8_put(char *out, uint32_t code);
/* Characters of valid text. */
uint32_t utf8_length(struct text t);

#endif
