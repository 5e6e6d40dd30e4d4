/* random.h - random rules and streams: what both random tests of meaning are made of.
 *
 * A case is a rule of up to seven steps, made directly as a match tree, and up to forty events over a few
 * seconds, which may fill several steps at once. Each construct stands behind a switch: how often, of a
 * hundred chances, it is used.
 *
 *   RULES="inner=30 where=0"      for one run of a test; RULES="all=20"
 */
#ifndef CSR_TESTS_ORACLE_RANDOM_H
#define CSR_TESTS_ORACLE_RANDOM_H

#include "grammar/base/arena.h"
#include "tests/oracle/oracle.h"

#define EVENTS_MOST 40
#define EPOCH       INT64_C(1772366400) /* 2026-03-01T12:00:00Z */
#define KEYS        3

/* ---- chance ------------------------------------------------------------------------------------------- */

uint64_t next_random(uint64_t *seed);
uint32_t below(uint64_t *seed, uint32_t n);
bool chance(uint64_t *seed, uint32_t percent);
uint64_t from_environment(const char *name, uint64_t otherwise);

/* ---- switches ----------------------------------------------------------------------------------------- */

enum construct {
#define CONSTRUCT(which, name, percent, what) USE_##which,
#include "tests/oracle/construct.def"
#undef CONSTRUCT
    CONSTRUCTS
};

struct switches {
    uint32_t percent[CONSTRUCTS];
    bool for_text; /* only what can be written as a rule and records; a unit of time may be some hours, see
                      past.h */
};
/* The table of construct.def, changed by RULES. Ends the program at a name that is none. */
struct switches switches_now(void);
/* Constructs that a rule has, to count them. */
struct construct_counts {
    uint32_t rules[CONSTRUCTS];
};
const char *construct_name(enum construct which);

/* ---- a case ------------------------------------------------------------------------------------------- */

/* What a step says that its key is: the caller, a value, each element of a list. */
enum step_key { KEY_USER, KEY_VALUE, KEY_LIST };

enum step_mode { PLAIN, GATED, SCORED };
enum { CAPTURE_IDENTITY, CAPTURE_NUMBER, CAPTURE_TEXT, CAPTURE_TIME, CAPTURES };

struct real_record;

struct event {
    int64_t second;
    uint32_t key; /* whose it is, where a test has several */
    uint32_t key_value,
        key_list;    /* and what it names: a number, KEYS for none; bits of numbers. In text alone */
    uint64_t steps;  /* that it fills */
    uint64_t unsure; /* of which nobody can tell whether it does: what decides was withheld */
    char identity[40];
    struct hash128 join[2];
    struct value number, text; /* a value, a list of some, absent or withheld */
    bool new_now[ORACLE_STEPS], new_for_good[ORACLE_STEPS];
    bool lacks_join;    /* its second one is absent: nothing is equal to it. In text alone */
    bool hides_join[2]; /* it was withheld */
    bool is_omitted;    /* all its parameters were */
    bool is_out;        /* left out while shrinking */
    const struct real_record *real; /* the record that it is (real.h); NULL: one is made of it */
};

struct a_case {
    struct arena *arena;
    const struct switches *switches;
    uint64_t seed, hiding; /* hiding: a chance of its own, so that what is not withheld stays as it is */
    int64_t unit; /* seconds */
    struct ir ir;
    struct ir_rule rule;
    uint32_t n_steps;
    uint64_t required, optional, forbidden; /* bits of steps, by where they stand in the match */
    uint64_t measured;                      /* bits of steps that `distinct` or `sum` is asked of */
    uint64_t in_title; /* bits of steps: those that were not forbidden when the rule was made */
    bool uses[CONSTRUCTS];
    uint32_t group_step; /* of a rule over another: takes its groups */
    bool is_keyed;       /* such a rule's key is a value of events, not the principal */
    struct a_case *over; /* a rule over this one (over.h); NULL: there is none */
    uint32_t other_step; /* of such a rule: the step of the case whose events it takes too */
    uint32_t taken_step; /* an exception keeps events with v1 as j0 from it; IR_NONE: none does */
    enum step_mode mode[ORACLE_STEPS];
    enum step_key by[ORACLE_STEPS];        /* where it uses keys; else all are by caller */
    bool by_account;                       /* there is another key part, the same for all */
    struct ir_baseline past[ORACLE_STEPS]; /* keep, warmup and days of the baseline that a step asks */
    struct event events[EVENTS_MOST];
    uint32_t n_events;
    const char *call[ORACLE_STEPS]; /* the call that a step names, and who the keys are: with real records */
    const char *caller[KEYS];
    int64_t disorder;
    const struct hit *hits[ORACLE_HITS]; /* of all events, by event and step */
    uint32_t event_of[ORACLE_HITS], n_hits;
    struct {
        struct ARENA_VEC(struct ir_node) nodes;
        struct ARENA_VEC(ir_node_id) operands;
        struct ARENA_VEC(struct value) constants;
    } pool;
};

/* A case from a seed, in an arena of its own. The automata are not made yet. */
void case_make(struct a_case *c, uint64_t seed, const struct switches *switches);
/* Makes the hits of all events; as many events are kept as there is room for. */
void case_hits(struct a_case *c);
/* Steps that stand in the match, and which of them must be there, and may not be, after it was changed. */
void case_survey(struct a_case *c);
/* Bits of the keys under which a step takes the event. */
uint32_t case_keys(const struct a_case *c, const struct event *e, uint32_t step);
void case_print(const struct a_case *c);

/* ---- simplifying (random_simplify.c) ------------------------------------------------------------------ */

/* Makes events fewer and the rule simpler while `fails` says so. */
void case_shrink(struct a_case *c, uint64_t seed, bool (*fails)(void *world, struct a_case *c, uint64_t seed),
                 void *world);

/* ---- expressions (random_expr.c) ---------------------------------------------------------------------- */

ir_node_id case_leaf(struct a_case *c, enum ir_op op, uint8_t type, uint32_t x, uint32_t step);
ir_node_id case_constant(struct a_case *c, struct value v);
ir_node_id case_node(struct a_case *c, enum ir_op op, uint8_t type, ir_node_id a, ir_node_id b);
/* count(s) >= n */
ir_node_id case_counts(struct a_case *c, uint32_t step, int64_t least);
/* A test over what a match amounts to, of the given steps; marks them as counted. */
ir_node_id case_test(struct a_case *c, uint64_t steps, int depth);
/* new(b, s), or what else rule->asks[step] asks, against some amount. */
ir_node_id case_ask(struct a_case *c, uint32_t step);

#endif
