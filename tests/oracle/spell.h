/* spell.h - a case as the rule that a person would write, and the records that fit it. */
#ifndef CSR_TESTS_ORACLE_SPELL_H
#define CSR_TESTS_ORACLE_SPELL_H

#include <stdio.h>

#include "tests/oracle/random.h"

void spell_match(FILE *to, const struct a_case *c, const struct ir_match *m);
void spell_expression(FILE *to, const struct a_case *c, ir_node_id node);
/* The whole rule. What can only be made by hand (answers of baselines) is said in a comment. */
void spell_rule(FILE *to, const struct a_case *c);

#endif
