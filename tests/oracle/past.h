/* past.h - baselines by their definition (language.md B16): a question is answered from a list of all
 * records.
 */
#ifndef CSR_TESTS_ORACLE_PAST_H
#define CSR_TESTS_ORACLE_PAST_H

#include "tests/oracle/oracle.h"

/* Where random cases ask baselines, a unit of time is this many seconds, so that they last for days. */
#define UNIT_OF_PAST (6 * 3600)

/* A record that a baseline learns. Keys, values and accounts are numbers here. */
struct past_record {
    int64_t second;
    uint64_t key, value, account;
};

struct past {
    const struct past_record *records;
    uint32_t n;
    int64_t keep, warmup; /* seconds */
    uint32_t days;
};

/* What the baseline says of an event that shows this, by enum ir_ask_kind. VALUE_UNKNOWN: no history yet. */
struct value past_answer(const struct past *p, const struct past_record *event, enum ir_ask_kind kind);

#endif
