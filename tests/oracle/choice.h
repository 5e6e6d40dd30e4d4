/* choice.h - every choice of events that fits a reading.
 *
 * A choice fills each atom of a reading with distinct events; it counts if all sentences hold, all references
 * agree and the atoms are fulfilled.
 */
#ifndef CSR_TESTS_ORACLE_CHOICE_H
#define CSR_TESTS_ORACLE_CHOICE_H

#include "tests/oracle/reading.h"

struct choice {
    const struct reading *reading;
    const struct hit *taken[ORACLE_STEPS][ORACLE_HITS]; /* by atom */
    uint32_t n_taken[ORACLE_STEPS];
    int64_t first[ORACLE_STEPS], latest[ORACLE_STEPS]; /* seconds of what an atom has taken, if anything */
    int64_t start, last, required_last;                /* seconds */
    bool tied;                                         /* it would not fit with => in place of every -> */
    bool blinded; /* something that may be forbidden stands against it: nobody can tell */
};

struct search {
    const struct ir_rule *rule;
    const struct hit *const *hits;
    const bool *active;  /* [n]: the hit is there */
    const bool *unknown; /* [n] or NULL: nobody can tell whether the event fits the step */
    uint32_t n;
    int64_t from, to;       /* seconds in which events are looked for */
    uint32_t tried, vetoed; /* choices begun; choices that only a veto stood against */
    bool gave_up;
    struct choice choice;        /* at hand */
    uint64_t used;               /* bits of hits: those taken, and with them all hits of the same event */
    uint64_t event[ORACLE_HITS]; /* bits of the hits of the same event */
    void (*found)(struct search *s);
};

/* Calls `found` for each choice of each reading whose events lie in the seconds from `from` to `to`. */
void each_choice(struct search *s, const struct readings *rs, int64_t from, int64_t to,
                 void (*found)(struct search *s));

/* The hit by which an atom is compared (B6): of its last second the one with the smallest identity. */
const struct hit *compared_by(const struct choice *c, uint32_t atom);
/* The same for a place of the match; NULL: the choice leaves it empty. */
const struct hit *filling(const struct choice *c, uint32_t place);
/* Whether x is the better witness (B6) of two choices that complete in the same second. */
bool is_better(const struct choice *x, const struct choice *y);

#endif
