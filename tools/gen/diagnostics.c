/* diagnostics.c - docs/diagnostics.md from the table of diagnostics (grammar/base/diag.def).
 *
 *   csr-diagnostics > docs/diagnostics.md
 *
 * An explanation is paragraphs; one that begins with "Wrong:" or "For example:" is rule text, and stands as
 * it is.
 */
#include "engine/csr.h"
#include "engine/tell/prose.h"

#include <string.h>

static const char head[] = "# Diagnostics\n\n"
                           "Every message of the compiler has a code. `csr explain CODE` prints what stands "
                           "here. Errors (E) refuse the rule set,\n"
                           "warnings (W) do not, notes (N) say what is no fault but worth knowing. `# csr: "
                           "allow CODE reason \"…\"` on the line, or\n"
                           "alone on the line before it, silences a warning or note.\n";

static const struct {
    const char *begins, *title;
} chapters[] = {
    {"E00", "Limits and the system"},
    {"E01", "Words and sentences"},
    {"E02", "Names, fields, types"},
    {"E03", "Match, windows, references, score"},
    {"E04", "Site file, sinks, policy"},
    {"E05", "Said well, but not executed yet"},
    {"W", "Warnings"},
    {"N", "Notes"},
};
#define CHAPTERS (sizeof chapters / sizeof *chapters)

static void put_paragraph(struct prose *p, struct text t)
{
    fputc('\n', p->to);
    if (text_starts(t, TEXT("Wrong:")) || text_starts(t, TEXT("For example:"))) {
        fprintf(p->to, "```text\n" TEXT_FMT "\n```\n", TEXT_ARG(t));
        return;
    }
    prose_text(p, t);
    prose_end(p, 0, 0);
}

static void put_code(struct prose *p, const char *code)
{
    const char *title, *near;
    const char *text = csr_explain_code(code, &title, &near);
    fprintf(p->to, "\n### %s: %s\n", code, title);
    while (text) {
        const char *end = strstr(text, "\n\n");
        put_paragraph(p, (struct text){text, (uint32_t)(end ? (size_t)(end - text) : strlen(text))});
        text = end ? end + 2 : NULL;
    }
}

int main(void)
{
    struct prose p = {.line.arena = arena_new(0), .to = stdout, .width = 120};
    if (!p.line.arena || setjmp(*arena_escape(p.line.arena))) return CSR_SYSTEM;
    fputs(head, stdout);
    for (size_t c = 0; c < CHAPTERS; c++) {
        bool has_title = false;
        const char *code;
        for (size_t i = 0; (code = csr_code(i)); i++) {
            if (strncmp(code, chapters[c].begins, strlen(chapters[c].begins)) != 0) continue;
            if (!has_title) printf("\n## %s\n", chapters[c].title);
            has_title = true;
            put_code(&p, code);
        }
    }
    arena_free(p.line.arena);
    return ferror(stdout) || fflush(stdout) ? CSR_SYSTEM : CSR_OK;
}
