/* oracle.h - what a rule means for a list of hits under one key, by trying every choice of events.
 *
 * It shares no code with the engine beyond ir.h and hit.h, reads the match as it was written (ir_match), not
 * the automata, and keeps to the words of language.md part B. It is slow, and meant to be obviously right.
 */
#ifndef CSR_TESTS_ORACLE_ORACLE_H
#define CSR_TESTS_ORACLE_ORACLE_H

#include "engine/match/hit.h"

#define ORACLE_GROUPS 64
#define ORACLE_STEPS  8
#define ORACLE_HITS   64

struct oracle_group {
    int64_t opened, end, start;
    bool tied;
    uint64_t exists; /* bits of steps */
    const struct hit
        *witness[ORACLE_STEPS];   /* by step; optional items too; a repeated step: its last second's least */
    uint32_t count[ORACLE_STEPS]; /* gathered events */
    uint64_t gathered[ORACLE_STEPS]; /* bits of hits */
    struct text completing;
    bool in_required[ORACLE_STEPS];
};

struct oracle_result {
    struct oracle_group groups[ORACLE_GROUPS];
    uint32_t n;
    bool gave_up; /* too many choices to try */
};

/* hits: at most ORACLE_HITS; those whose `active` is false are left out. */
void oracle_judge(const struct ir_rule *rule, const struct hit *const *hits, const bool *active, uint32_t n,
                  struct oracle_result *out);

#endif
