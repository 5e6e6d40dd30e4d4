/* random_files.h - a case as csr meets it: its rule compiled, and its records as files, told in several ways
 * that mean the same.
 */
#ifndef CSR_TESTS_ORACLE_RANDOM_FILES_H
#define CSR_TESTS_ORACLE_RANDOM_FILES_H

#include "engine/csr.h"
#include "tests/oracle/spell.h"

enum layout {
    LAY_ONE, /* one file */
    LAY_SEVERAL,
    LAY_TREE,  /* delivered objects: AWSLogs/…/us-east-1/2026/03/01/…_20260301T1205Z_….json */
    LAY_APART, /* the same, of regions that are up to twenty minutes apart, with so much traffic between that
                  time passes in the middle. Costs as much as many others: some cases alone */
};

struct delivery {
    const char *name;
    struct telling telling;
    enum layout layout;
    bool shuffle;     /* and some records twice */
    bool with_others; /* records of other principals between them */
    bool with_rules;  /* rules beside the case's */
};

/* The rule of the case, from its text, and more rules behind it. NULL: it was refused; the report, if there
 * is one, says why, and is valid as long as the case. */
csr_ruleset *compile_case(const struct a_case *c, const char *more, csr_report *report);

/* What must not change an incident (issue 03, invariances). */
#define DELIVERIES 6
extern const struct delivery deliveries[DELIVERIES];

/* Real records stay as they are: they are not told of another time or others, nor under another region. */
bool can_deliver(const struct a_case *c, const struct delivery *how);
void deliver(const struct a_case *c, const struct delivery *how, uint64_t *seed, const char *folder);
void replay_folder(const csr_ruleset *rs, const char *folder, unsigned threads,
                   bool (*incident)(void *world, const char *json, size_t len), void *world);
/* What lies in it, with all folders. */
void clear_folder(const char *folder);

#endif
