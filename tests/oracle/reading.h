/* reading.h - the ways to read a match as it is written: what is taken, and the sentences that must hold of
 * it.
 *
 * A *reading* takes one side of each `|`, as many parts of each `n of` as it asks for, and no optional item,
 * or one with all that stands around it. It is a list of atoms (a step, and how much of it) and of sentences
 * about them.
 */
#ifndef CSR_TESTS_ORACLE_READING_H
#define CSR_TESTS_ORACLE_READING_H

#include "tests/oracle/oracle.h"

#define SENTENCES_MOST 64

struct atom {
    uint32_t step, place;        /* place: in the match as written, for the order of witnesses */
    uint32_t least, most;        /* events; most 0: exactly `least`. Of a sum: one or more */
    uint8_t taking;              /* enum ir_taking */
    uint32_t value;              /* DISTINCT, SUM: capture */
    double amount;               /* SUM */
    const struct ir_match *item; /* the innermost optional item that it stands in; NULL: required */
};

enum sentence_kind {
    SAY_BEFORE,  /* B2, B7: from the last event of `left` to the first of `right`: least .. most seconds */
    SAY_WITHIN,  /* B7: from the first to the last event of `left`: at most `most` */
    SAY_NO_MORE, /* B8, a[n..m]: no window of `most` holds `left` and more events of its step than m */
    SAY_NONE_BETWEEN, /* B10: none of `steps` from the last event of `left` to the first of `right` */
    SAY_NONE_FOR,     /* B10: none from the last event of `left` to `most` seconds later */
    SAY_NONE_UNTIL,   /* B10: none from the first event of `left` to its last */
};

struct sentence {
    uint8_t kind;         /* enum sentence_kind */
    bool strict;          /* BEFORE: in a later second */
    uint32_t left, right; /* bits of atoms */
    uint32_t own;         /* NONE_*: bits of atoms whose events never count */
    int64_t least, most;  /* seconds */
    uint64_t steps;       /* NONE_*: bits of steps */
};

struct reading {
    struct atom atoms[ORACLE_STEPS];
    uint32_t n_atoms;
    struct sentence sentences[SENTENCES_MOST];
    uint32_t n_sentences;
};

struct readings { /* owns `at` */
    struct reading *at;
    uint32_t n, cap;
};

/* All readings of the rule's match without optional items (item NULL), or with that one. */
void readings_of(const struct ir_rule *rule, const struct ir_match *item, struct readings *out);
void readings_free(struct readings *rs);
/* Bits of the atoms that stand in no optional item. */
uint32_t required_atoms(const struct reading *r);

#endif
