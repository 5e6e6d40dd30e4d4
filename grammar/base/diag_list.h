/* diag_list.h - what diag.c records and diag_print.c and diag_json.c show. Nobody else looks inside. */
#ifndef CSR_GRAMMAR_BASE_DIAG_LIST_H
#define CSR_GRAMMAR_BASE_DIAG_LIST_H

#include "grammar/base/diag.h"

struct diag_part { /* a label, a fix; of a note only the text counts */
    struct csr_span at;
    struct text text;
};

struct diag_parts ARENA_VEC(struct diag_part);

struct diag {
    struct arena *arena;
    enum diag_code code;
    uint32_t order;           /* of recording: keeps the sort stable */
    struct diag_parts labels; /* the first is the place itself; its text may be empty */
    struct diag_parts notes, fixes;
    bool is_kept;
};

/* Beyond, they are only counted. Warnings leave room for errors. */
#define DIAGS_KEPT_MOST    2000u
#define WARNINGS_KEPT_MOST 1000u

struct diags {
    struct arena *arena;
    const struct sources *sources;
    struct ARENA_VEC(struct diag *) all;
    struct diag **sorted; /* [DIAGS_KEPT_MOST]: made before, for what is shown when memory has run out */
    struct diag overflow; /* takes what comes after DIAGS_KEPT_MOST and is never shown */
    uint32_t errors, warnings;
};

/* What to print: sorted by place, without repetitions, levels and number as the style says. */
struct diag_list {
    struct diag **at;
    uint32_t len;
    uint32_t errors_more; /* errors that the cap left out */
};
struct diag_list diags_sorted(const struct diags *ds, struct diag_style style);

const char *diag_level_name(enum diag_level level);

/* diag_json.c */
void diag_print_json(const struct diags *ds, const struct diag *d, FILE *to);

#endif
