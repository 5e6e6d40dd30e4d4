/* over.h - a rule over another one (language.md B21): its groups as events, one for each group, at its
 * opening, with the identity of its completing event.
 */
#ifndef CSR_TESTS_ORACLE_OVER_H
#define CSR_TESTS_ORACLE_OVER_H

#include <stdio.h>

#include "tests/oracle/random.h"

/* A rule `over` of two steps: one takes the groups of the case's rule, the other the events that fill one of
 * its steps. */
struct a_case *over_make(struct a_case *c);
void over_spell(FILE *to, const struct a_case *over);
/* What it takes under one key: the case's groups, and events. */
void over_hits(struct a_case *over, const struct a_case *c, uint32_t key, const struct oracle_result *groups);

#endif
