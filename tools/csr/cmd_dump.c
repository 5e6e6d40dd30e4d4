/* cmd_dump.c - csr dump: a stage of the compiler as text. */
#include "tools/csr/rules.h"

#include <stdlib.h>

int verb_dump(const struct call *call)
{
    const char *stage;
    if (!call_choice(call, "stage", "tokens|ast|ir|plan|tests", &stage)) return CSR_USAGE;
    struct csr_text *texts = calloc(call->n_operands, sizeof *texts);
    csr_report *report = csr_report_new();
    int status = CSR_SYSTEM;
    if (texts && report) {
        for (size_t i = 0; i < call->n_operands; i++) texts[i].name = call->operands[i];
        struct csr_compile_options o = {.texts = texts, .n_texts = call->n_operands};
        status = (int)csr_dump(&o, stage ? stage : "ir", stdout, report);
        csr_report_print(report, stderr, (struct csr_report_style){.color = wants_color(call, stderr)});
    }
    csr_report_free(report);
    free(texts);
    return status;
}
