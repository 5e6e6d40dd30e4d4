/* prefix.h - how far a rule comes with a list of hits under one key, by trying every part of every choice.
 *
 * A *part* of a reading fills some atoms with less than they need, or with nothing. It counts if nothing said
 * of what it holds is broken already, and if whatever has begun stands behind what is complete: later events
 * may make a choice of it, as far as its own events are concerned. Counts of distinct values, sums and upper
 * bounds are left out.
 */
#ifndef CSR_TESTS_ORACLE_PREFIX_H
#define CSR_TESTS_ORACLE_PREFIX_H

#include "tests/oracle/oracle.h"

struct prefix_result {
    bool is_complete;
    uint32_t full, events; /* atoms that have all they need; events in all: of the parts that come furthest */
    uint64_t next;         /* bits of steps that they wait for */
    bool gave_up;          /* too many to try */
};

void prefix_judge(const struct oracle_case *c, struct prefix_result *out);

#endif
