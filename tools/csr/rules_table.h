/* rules_table.h - what `csr ctl rules` answers, as a table for people. */
#ifndef CSR_TOOLS_CSR_RULES_TABLE_H
#define CSR_TOOLS_CSR_RULES_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum rules_sort { SORT_COST, SORT_HITS, SORT_HALF_BUILT, SORT_BYTES, SORTS };
extern const char *const rules_sorts[SORTS]; /* "cost" … */

struct rules_table {
    const json_t *answer;
    const json_t *earlier; /* an answer of before: events, hits, incidents and time are what came since. NULL: all */
    enum rules_sort sort;
    unsigned lines, width; /* that it may take; 0: as many as there are */
};
/* False: no memory. */
bool rules_table_print(const struct rules_table *t, FILE *to);

#endif
