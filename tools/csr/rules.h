/* rules.h - compiling what a verb was given, and telling what is wrong with it. */
#ifndef CSR_TOOLS_CSR_RULES_H
#define CSR_TOOLS_CSR_RULES_H

#include "engine/csr.h"
#include "tools/csr/command.h"

/* Compiles the paths (none: the community rules). Diagnostics go to `to`. NULL on any error; *status says which. */
csr_ruleset *rules_compile(const struct call *call, const char *const *paths, size_t n, FILE *to, bool json,
                           int *status, uint32_t *warnings);

#endif
