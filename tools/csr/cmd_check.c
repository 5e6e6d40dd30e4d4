/* cmd_check.c - csr check: compile and say what is wrong. */
#include "tools/csr/rules.h"

#include <string.h>

static void tell_disabled(const csr_ruleset *rules, FILE *to)
{
    for (size_t i = 0; i < csr_ruleset_disabled(rules); i++) {
        const char *reason, *name = csr_ruleset_disabled_name(rules, i, &reason);
        fprintf(to, "switched off: %s (%s)\n", name, reason);
    }
}

int verb_check(const struct call *call)
{
    const char *format;
    if (!call_choice(call, "format", "text|json", &format)) return CSR_USAGE;
    bool json = format && strcmp(format, "json") == 0;
    int status;
    uint32_t warnings = 0;
    struct rules_wanted wanted = {.paths = call->operands,
                                  .n_paths = call->n_operands,
                                  .with_tests = true,
                                  .without_patterns = call_has(call, "quick"),
                                  .to = stdout,
                                  .json = json};
    csr_ruleset *rules = rules_compile(call, &wanted, &status, &warnings);
    if (rules) {
        size_t n = csr_ruleset_rules(rules);
        if (!json)
            fprintf(stderr, "%zu rule%s, %u warning%s\n", n, n == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
        if (!json) tell_disabled(rules, stderr);
        if (warnings && call_has(call, "deny-warnings")) status = CSR_WRONG;
    }
    csr_ruleset_free(rules);
    return status;
}
