/* cmd_fields.c - csr fields: the catalogue of what rules may read. */
#include "tools/csr/rules.h"

#include <string.h>

/* The whole standard library, and what --rules adds. */
static csr_ruleset *every_field(const struct call *call, int *status)
{
    const char *paths[CALL_OPTIONS_MOST];
    size_t n = call_values(call, "rules", paths, CALL_OPTIONS_MOST);
    struct rules_wanted wanted = {
        .paths = paths, .n_paths = n, .without_lints = true, .every_field = true, .to = stderr};
    return rules_compile(call, &wanted, status, NULL);
}

int verb_fields(const struct call *call)
{
    const char *format, *near, *pattern = call->n_operands ? call->operands[0] : NULL;
    int status;
    if (!call_choice(call, "format", "text|json", &format)) return CSR_USAGE;
    csr_ruleset *rules = every_field(call, &status);
    if (!rules) return status;
    status = (int)csr_fields(rules, pattern, format && strcmp(format, "json") == 0, stdout, &near);
    if (status == CSR_SYSTEM) fail(call, status, "out of memory");
    if (status == CSR_WRONG)
        fail(call, status, "no field is called %s%s%s%s", pattern, near ? "; did you mean " : "",
             near ? near : "", near ? "?" : "");
    csr_ruleset_free(rules);
    return status;
}
