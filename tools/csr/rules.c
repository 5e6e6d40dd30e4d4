/* rules.c - compiling for a verb. */
#include "tools/csr/rules.h"

#include <stdlib.h>

static int status_of(const csr_report *report)
{
    if (csr_report_system_failed(report)) return CSR_SYSTEM;
    return csr_report_errors(report) ? CSR_WRONG : CSR_SYSTEM;
}

csr_ruleset *rules_compile(const struct call *call, const char *const *paths, size_t n, FILE *to, bool json,
                           int *status, uint32_t *warnings)
{
    struct csr_text *texts = calloc(n + 1, sizeof *texts);
    csr_report *report = csr_report_new();
    csr_ruleset *rules = NULL;
    *status = CSR_SYSTEM;
    if (texts && report) {
        for (size_t i = 0; i < n; i++) texts[i].name = paths[i];
        rules = csr_compile(&(struct csr_compile_options){.texts = texts, .n_texts = n}, report);
        csr_report_print(report, to, (struct csr_report_style){.color = !json && wants_color(call, to), .json = json});
        *status = rules ? CSR_OK : status_of(report);
        if (warnings) *warnings = csr_report_warnings(report);
    }
    csr_report_free(report);
    free(texts);
    return rules;
}
