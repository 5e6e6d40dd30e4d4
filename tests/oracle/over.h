/* over.h - rules over others (language.md B21): their groups as events, one for each group, at its opening,
 * with the identity of its completing event.
 */
#ifndef CSR_TESTS_ORACLE_OVER_H
#define CSR_TESTS_ORACLE_OVER_H

#include <stdio.h>

#include "tests/oracle/random.h"

#define LEVELS    3 /* a case's rule, one over it, and one over that */
#define OVER_KEYS 8 /* principals, or values of events: more than there are of either */

/* A rule over the case's, and perhaps one over that (over->over). Of its two steps one takes groups, the
 * other the events that fill one step of the case's rule. Its key is that of the rule below, or a value of
 * events (is_keyed), by which groups of several principals come together. */
struct a_case *over_make(struct a_case *c);
/* All of them. */
void over_spell(FILE *to, const struct a_case *c);
/* What it takes under one key: groups of the rule below under all of its keys, and events of the case. False:
 * too much for brute force. */
bool over_hits(struct a_case *over, const struct a_case *c, uint32_t key,
               const struct oracle_result groups[OVER_KEYS]);
/* Whether records of others would change what is found. */
bool over_mixes(const struct a_case *c);

#endif
