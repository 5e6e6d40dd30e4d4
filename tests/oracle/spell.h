/* spell.h - a case as a person would write it: a rule, and CloudTrail records. `csr replay` runs both. */
#ifndef CSR_TESTS_ORACLE_SPELL_H
#define CSR_TESTS_ORACLE_SPELL_H

#include <stdio.h>

#include "tests/oracle/random.h"

void spell_rule(FILE *to, const struct a_case *c);
/* One record as a line of JSON. */
void spell_record(FILE *to, const struct a_case *c, const struct event *e);

#endif
