/* key_text.h - what `csr ctl state` answers, for people. */
#ifndef CSR_TOOLS_CSR_KEY_TEXT_H
#define CSR_TOOLS_CSR_KEY_TEXT_H

#include <jansson.h>
#include <stdio.h>

void key_text_print(const json_t *answer, FILE *to);

#endif
