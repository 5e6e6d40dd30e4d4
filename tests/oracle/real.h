/* real.h - records that were really written, as the stream of a case.
 *
 * A case keeps its random rule; its steps name calls that occur among the records, and the rest of what it
 * looks at is read from where a record has it. A stream is a stretch of records of up to three callers, as
 * they are.
 */
#ifndef CSR_TESTS_ORACLE_REAL_H
#define CSR_TESTS_ORACLE_REAL_H

#include "tests/oracle/random.h"

struct real_record {
    const char *line; /* as JSON, without a newline */
    int64_t second;
    const char *identity, *name, *caller, *agent;
    const char *access_key; /* NULL: it has none */
    struct value number;    /* requestParameters.maxResults */
};

struct real_records {
    struct ARENA_VEC(struct real_record) list; /* by time */
};

/* Reads what files of records hold; of copies one. What lacks a caller, an agent or a plain name is left out.
 * Returns how many there are now. */
uint32_t real_read(struct arena *a, struct real_records *all, const char *path);
/* All that lies in a folder. */
uint32_t real_read_folder(struct arena *a, struct real_records *all, const char *folder);
/* Gives the case a stretch of them in place of its events. */
void real_dress(struct a_case *c, const struct real_records *all);

#endif
