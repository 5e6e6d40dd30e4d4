/* rules.h - compiling what a verb was given, and telling what is wrong with it. */
#ifndef CSR_TOOLS_CSR_RULES_H
#define CSR_TOOLS_CSR_RULES_H

#include "engine/csr.h"
#include "tools/csr/command.h"

/* What to compile, and where diagnostics go. */
struct rules_wanted {
    const char *const *paths; /* none: the community rules */
    size_t n_paths;
    bool with_tests, leaves_out_refused, keeps_refused, every_field; /* as in csr_compile_options */
    bool without_lints, without_patterns, tells_unused;
    FILE *to;
    bool json;
};

/* NULL on any error; *status says which. */
csr_ruleset *rules_compile(const struct call *call, const struct rules_wanted *w, int *status, uint32_t *warnings);

/* The rules of --rules that have one of this name, to be looked at: also what is not executed yet. NULL, and the exit status, where something is wrong: it was told. */
csr_ruleset *rules_with(const struct call *call, const char *name, size_t *index, int *status);
/* The same, to be run. */
csr_ruleset *rules_to_run(const struct call *call, const char *name, size_t *index, int *status);

#endif
