/* progress.h - how far a long reading has come: one line on a terminal, gone at the end; and the closing summary. */
#ifndef CSR_TOOLS_CSR_PROGRESS_H
#define CSR_TOOLS_CSR_PROGRESS_H

#include "engine/csr.h"

#include <time.h>

struct progress {
    FILE *to;
    bool shown;   /* a terminal watches, and a second has passed */
    bool is_terminal;
    struct timespec begun, drawn;
};

void progress_begin(struct progress *p, FILE *to);
void progress_show(struct progress *p, const struct csr_progress *now);
void progress_clear(struct progress *p);
double progress_seconds(const struct progress *p);

/* 2261 as "2,261". The text lives in `out`. */
const char *grouped_print(unsigned long long n, char out[32]);
/* product.md, promise 2: what became of each state that was made. */
void accounts_print(const struct csr_counts *c, FILE *to);
void summary_print(const struct csr_counts *c, double seconds, FILE *to);

#endif
