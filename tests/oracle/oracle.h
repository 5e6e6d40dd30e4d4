/* oracle.h - what a rule means for a list of hits under one key, by trying every choice of events.
 *
 * It shares no code with the engine beyond ir.h and hit.h, reads the match as it was written (ir_match), not
 * the automata, and keeps to the words of language.md part B, whose sentences the comments name (B6: section
 * 6). It is slow, and meant to be obviously right. What it decided where the words leave room is in
 * docs/semantics.md, section 10.
 *
 *   reading.c   the match as written -> readings: what is taken, and sentences that must hold of it
 *   choice.c    a reading and the hits -> all choices that fit
 *   oracle.c    choices -> completions, groups, witnesses, what is gathered
 *   verdict.c   expressions over what is gathered: where, score, severity
 *   amount.c    values of events: different ones, sums, comparisons
 */
#ifndef CSR_TESTS_ORACLE_ORACLE_H
#define CSR_TESTS_ORACLE_ORACLE_H

#include "engine/match/hit.h"

#define ORACLE_GROUPS 64
#define ORACLE_STEPS  8
#define ORACLE_HITS   64
#define ORACLE_ASKS   8

/* What a baseline says of a hit in the end. Values as in language.md B16; VALUE_UNKNOWN: no history yet. */
struct oracle_answer {
    struct value
        by_kind[ORACLE_ASKS]; /* by rule->asks: a BOOL for new, numbers and durations for the others */
};

struct oracle_case {
    const struct ir *ir;
    const struct ir_rule *rule;
    const struct hit *const *hits; /* [n] at most ORACLE_HITS */
    const bool *active;            /* [n]: those for which it is false are left out */
    const bool *
        unknown; /* [n]: nobody can tell whether the event fits the step; then it is not active. NULL: none */
    const struct oracle_answer *answers; /* [n]; NULL: the rule asks nothing */
    uint32_t n;
};

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
    int32_t score;
    bool unknown_terms; /* a term counted nothing because it could not be told */
    enum ir_severity severity;
    bool blinded;   /* whether something forbidden stands against the witness cannot be told */
    bool swallowed; /* an exception takes it: it is no incident */
};

struct oracle_result {
    struct oracle_group groups[ORACLE_GROUPS];
    uint32_t n;
    uint32_t completions; /* seconds in which a choice completes */
    uint32_t unfit;       /* of those, without `where` holding */
    uint32_t vetoed;      /* choices that only a veto or an upper bound stood against */
    bool gave_up;         /* too many choices to try */
};

void oracle_judge(const struct oracle_case *c, struct oracle_result *out);

#endif
