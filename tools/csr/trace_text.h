/* trace_text.h - a trace told to a person. Made from its JSON, as stories are. */
#ifndef CSR_TOOLS_CSR_TRACE_TEXT_H
#define CSR_TOOLS_CSR_TRACE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* One object of csr_trace: of a key, or the summary. */
void trace_tell(const json_t *one, FILE *to, bool color);

#endif
