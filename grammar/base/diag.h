/* diag.h - diagnostics: what is wrong with a rule file, where, and what to write instead.
 *
 * Codes, levels and titles stand in diag.def, never at the call site. A call site says
 *
 *     struct diag *d = diag_at(diags, E0116, span, "a window needs a unit");       // the caret's label
 *     diag_note(d, "write how long it may take from the first to the last event");
 *     diag_fix(d, span, "15m");                                                    // help: …
 *
 * and goes on: a diagnostic never stops anything by itself. The title in diag.def says what kind of mistake it
 * is; labels and notes say what is special here. Printing sorts by place, drops what repeats the same code at the
 * same place, and stops after 20 errors, saying how many more there are.
 *
 * Levels: an error refuses the set; a warning does not; a note tells something that is no fault (what a rule
 * loses without a database, say). `# csr: allow CODE reason "…"` silences warnings and notes, not errors.
 */
#ifndef CSR_GRAMMAR_BASE_DIAG_H
#define CSR_GRAMMAR_BASE_DIAG_H

#include "grammar/base/source.h"

#include <stdio.h>

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

/* DIAG(code, level, title, explanation): the title fits a line; the explanation is what `csr explain CODE` and
 * docs/diagnostics.md say: what it means, an example that is wrong, the same put right. */
enum diag_code {
#define DIAG(code, level, title, explanation) code,
#include "grammar/base/diag.def"
#undef DIAG
    DIAG_CODES
};

struct diag_info {
    const char *name; /* "E0204" */
    enum diag_level level;
    const char *title, *explanation;
};

const struct diag_info *diag_info(enum diag_code code);
/* The code called by this name, or DIAG_CODES. */
enum diag_code diag_find(struct text name);

struct diag;
struct diags;

struct diags *diags_new(struct arena *a, const struct sources *sources);

/* Records a diagnostic with its first label. The label may be NULL: the title says all. */
struct diag *diag_at(struct diags *ds, enum diag_code code, struct csr_span at, const char *label, ...)
    __attribute__((format(printf, 4, 5)));
void diag_label(struct diag *d, struct csr_span at, const char *label, ...) __attribute__((format(printf, 3, 4)));
void diag_note(struct diag *d, const char *note, ...) __attribute__((format(printf, 2, 3)));
/* "help: write `…`": the text that should stand at the span; an editor can apply it. */
void diag_fix(struct diag *d, struct csr_span at, const char *replacement, ...)
    __attribute__((format(printf, 3, 4)));

/* A moment of reporting. What was reported since can be looked at, and taken back: for what is tried. */
struct diag_mark {
    uint32_t len, errors, warnings;
};
struct diag_mark diags_mark(const struct diags *ds);
/* The code of the index-th diagnostic since then; DIAG_CODES behind the last, or where too many were reported to be
 * kept. */
enum diag_code diags_since(const struct diags *ds, struct diag_mark mark, uint32_t index);
void diags_take_back(struct diags *ds, struct diag_mark mark);

uint32_t diags_errors(const struct diags *ds);
/* Whether an error was reported at a place within the span. */
bool diags_error_in(const struct diags *ds, struct csr_span span);
uint32_t diags_warnings(const struct diags *ds);

struct diag_style {
    bool color;
    bool json;         /* one object per line: for editors and CI */
    bool quiet_notes;  /* leave out level note */
    uint32_t most;     /* errors shown; 0 means 20 */
};
void diags_print(const struct diags *ds, FILE *to, struct diag_style style);

#endif
