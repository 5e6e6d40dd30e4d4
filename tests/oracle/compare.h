/* compare.h - one incident against one group of the oracle.
 */
#ifndef CSR_TESTS_ORACLE_COMPARE_H
#define CSR_TESTS_ORACLE_COMPARE_H

#include "tests/oracle/caller.h"
#include "tests/oracle/random.h"

/* What differs. */
struct complaint {
    char text[2048];
    char delivery[64]; /* of which telling of the records; test_random alone */
};
#define COMPLAIN(...) (snprintf(complaint->text, sizeof complaint->text, __VA_ARGS__), false)

bool same_group(const struct a_case *c, const struct oracle_group *g, const struct told *t,
                struct complaint *complaint);

#endif
