/* spell.h - a case as a person would write it: a rule, and CloudTrail records. `csr replay` runs both. */
#ifndef CSR_TESTS_ORACLE_SPELL_H
#define CSR_TESTS_ORACLE_SPELL_H

#include <stdio.h>

#include "tests/oracle/random.h"

void spell_match(FILE *to, const struct ir_match *m);
void spell_rule(FILE *to, const struct a_case *c);

/* What may differ in the records of a case without a difference in what they mean. */
struct telling {
    int64_t shift;    /* seconds */
    const char *user; /* what the principals are called, before their number */
    const char *region;
};
static const struct telling as_it_is = {0, "u", "us-east-1"};
/* One record as JSON, without a newline. */
void spell_record(FILE *to, const struct a_case *c, const struct event *e, struct telling how);

#endif
