/* verdict.h - expressions over what a group, or a window, has gathered. */
#ifndef CSR_TESTS_ORACLE_VERDICT_H
#define CSR_TESTS_ORACLE_VERDICT_H

#include "tests/oracle/oracle.h"

/* The value of an expression over a match (B6). A test is BOOL or, where it cannot be told, UNKNOWN. */
struct value verdict_value(const struct oracle_case *c, const struct oracle_group *g, ir_node_id node);
static inline bool verdict_is_true(struct value v)
{
    return v.kind == VALUE_BOOL && v.i;
}
/* Fills in score, severity and whether an exception takes the group (B18, B23). */
void verdict_of(const struct oracle_case *c, struct oracle_group *g);

#endif
