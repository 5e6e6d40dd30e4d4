/* plan.h - a rule set made ready to run: what every partition reads and none writes.
 *
 * Each alternative gets the table of its reachable progress, numbered in lexicographic order, with the number
 * reached by taking one event more in a place. A rule whose amounts must be exact also gets each alternative
 * mirrored in time: the same machine run backward tells which events a choice can still end with (passes.h).
 *
 * Invariants
 * 1. A place's number grows with its position in `match`; in a mirror it falls. `before` always has smaller
 *    numbers.
 * 2. Progress 0 is "nothing taken", `full` is the last.
 */
#ifndef CSR_ENGINE_STATE_PLAN_H
#define CSR_ENGINE_STATE_PLAN_H

#include "engine/ir/progress.h"
#include "engine/state/state.h"

#define PROGRESS_NONE UINT16_MAX
#define JOINS_MOST    32 /* assignments of references held under one key (language.md B12) */

/* A veto as a stage of engine/state asks it (veto.h): in which seconds, of which events, what escapes it. */
enum veto_when {
    VETO_BETWEEN,      /* from the last event of `left` to the first of `right` */
    VETO_SPAN,         /* from the first event of `left` to its last */
    VETO_FOR,          /* from the last event of `left` to `seconds` later */
    VETO_FOR_BACKWARD, /* the same in a mirror, where that event is the first of `left` that is met */
};
struct veto {
    uint8_t when; /* enum veto_when */
    uint32_t step;
    uint64_t left, right; /* bits of places */
    uint64_t own;         /* bits of places whose events escape it */
    uint64_t joins;       /* bits of joins that the step takes part in */
    uint64_t chosen;      /* of these: the alternative has the step that is referred to */
    int64_t seconds;      /* FOR */
};

struct alternative {
    uint32_t number;    /* in the rule, over all automata: what runs are of */
    uint32_t automaton; /* 0: the required part */
    uint32_t n_places;
    const struct ir_place *places; /* a mirror's own copy */
    uint64_t *before, *strict;     /* [n_places] bits of places */
    const struct ir_gap *gaps;
    uint32_t n_gaps;
    const struct ir_inner *inners;
    uint32_t n_inners;
    uint32_t bounded, bounded_inner; /* the place of an a[n..m] and its window (bounded.h); IR_NONE: none */
    uint64_t measured;               /* bits of places that count values or add up (measure.h) */
    struct veto *vetoes;
    uint32_t n_vetoes;
    uint64_t forbidden;         /* bits of steps that vetoes name */
    bool tries_all_counts;      /* its own events may escape a veto while it grows (docs/semantics.md 14) */
    uint64_t required;          /* bits of places of the required part */
    uint64_t behind_gap;        /* bits of places on the right side of a gap, or of a veto */
    uint64_t steps, item_steps; /* bits of steps: all, and those of the optional item */
    uint64_t unbound; /* bits of joins that do not tie its events to one value: `!=` (differ.h), and those
                         that no step of it says */
    uint32_t n_progress;
    uint16_t full;
    uint16_t *taken;              /* [n_progress][n_places] */
    uint16_t *next;               /* [n_progress][n_places]; PROGRESS_NONE: not from here */
    uint64_t *complete, *started; /* [n_progress] bits of places */
    uint32_t bucket;              /* of progress 0 among the buckets of the rule */
    uint16_t *rest; /* mirror only: [forward n_progress] the mirror's progress that completes it */
};

struct rule_plan {
    const struct ir *ir;
    const struct ir_rule *rule;
    uint32_t number;
    int64_t within, once;
    int64_t wait;   /* longest `for D`: so long a completion is not one yet; 0: there is none */
    int64_t linger; /* so long behind a group's end something can still join it */
    int64_t delay; /* seconds behind the watermark at which seconds are folded (bounded.h); 0: they are folded
                      at once */
    struct alternative *alternatives, *mirrors; /* [n_alternatives]; mirrors NULL without exact steps */
    uint32_t n_alternatives, n_required;        /* the first n_required are those of automata[0] */
    uint32_t n_items;                           /* optional items: automaton i + 1 is item i */
    uint32_t n_joins, places_most, inners_most, need_most, n_buckets;
    uint8_t position[PLACES_MOST]; /* of each step in `match`, from 0 */
    uint32_t n_positions;
    const struct ir_place **measured;      /* [n_steps] the step's place, if it measures; else NULL */
    uint32_t measured_most, distinct_most; /* such places of an alternative; different values of one */
    uint64_t valued;                       /* bits of steps of which different values are counted */
    bool adds_up;                          /* one of them is a sum */
    uint64_t exact; /* steps whose gathered events are all known: counted, or asked `new` of by the score */
    uint64_t repeated; /* steps that a place takes more than once */
    uint64_t gated, asked;
    uint64_t
        differs; /* bits of joins that are `!=` between steps of the match (differ.h), and their numbers */
    uint32_t n_differs;
    uint8_t differ_join[DIFFERS_MOST];
    uint64_t apart; /* bits of joins that are `!=` between a step that is taken once and an a[n..m]: what the
                       first has is kept like a value to be equal, and apart_step[] must have another */
    uint32_t *apart_step;
    uint64_t later; /* bits of joins by which a veto refers to later steps (suspect.h), and their numbers */
    uint32_t n_later;
    uint8_t later_join[LATER_MOST];
    uint64_t where_steps; /* whose eligible events `where` reads */
    uint64_t forbidden;   /* steps whose events can take choices back */
    uint64_t vetoed;      /* of these, those that may not be at all */
    bool where_asks;      /* `where` puts questions to baselines */
    ir_node_id *amounts;  /* expressions over all events of a step (amount.h) */
    uint32_t n_amounts;
    uint64_t assumed_joins; /* bits of joins whose values the passes over slots assume (assume.h): what a veto
                              names, and `apart` */
    uint64_t *join_steps;   /* [n_joins] the steps that take part */
    int64_t lag; /* seconds behind what is known of lower rules' groups at which seconds are committed
                    (derive.h) */
    bool is_over, is_taken; /* takes the groups of other rules; others take its groups */
    bool is_plain;          /* every place once, no gaps, windows or vetoes: late hits may still complete it
                               (language.md B4) */
    size_t run_size, group_size;
};

struct state_plan {
    const struct ir *ir;
    struct rule_plan *rules; /* [ir->n_rules] */
    struct slab *slab;       /* all of the plan lies in it */
};

#endif
