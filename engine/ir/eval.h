/* eval.h - the value of an expression, for an event or for a match.
 *
 * One evaluator serves both: what differs are the leaves. An event's stage knows slots, fields and items; a
 * match's stage knows captures, counts and baselines' answers. Values are remembered by node until
 * eval_reset, so that a predicate shared by a hundred rules is evaluated once for an event.
 *
 * The evaluator never allocates from the system: lists and texts that it makes lie in its scratch, which the
 * owner resets with the batch. When the scratch is full the value is unknown and eval->overflowed is set.
 *
 * `leaf` gives SLOT, EVENT_TIME and everything that reads a match; constants, fields and items are the
 * evaluator's own.
 */
#ifndef CSR_ENGINE_IR_EVAL_H
#define CSR_ENGINE_IR_EVAL_H

#include "engine/base/glob.h"
#include "engine/base/scratch.h"
#include "engine/ir/ir.h"

/* What is known of addresses beside the records (language.md B26): one question, of a network's number, owner or
 * country, gets one value, absent where nothing is known. */
struct enrichment {
    void *world;
    struct value (*ask)(void *world, enum ir_op what, const struct ip_net *address);
};

/* Who answers tests of text by matching many at once (match/text.h): where `answers` says so, and every REGEX. */
struct pattern_matching {
    void *world;
    const bool *answers; /* [ir->n_nodes] */
    /* t stays where it is until the event is over. */
    bool (*holds)(void *world, ir_node_id test, struct text t);
};

/* The fields of an event that is no record: a group of matches, which rules over its rule take. */
struct eval_given {
    const struct ir_given *rows;
    const struct value *values;
    uint32_t n;
};

struct eval {
    const struct ir *ir;
    struct value (*leaf)(struct eval *e, ir_node_id id, const struct ir_node *node);
    void *world;          /* the leaf's own */
    const struct enrichment *enrichment; /* NULL: nothing is known of any address */
    const struct pattern_matching *patterns; /* NULL: each test for itself, and a REGEX is unknown */
    struct scratch *scratch;
    struct value *memo;   /* [ir->n_nodes] */
    uint32_t *memo_stamp; /* [ir->n_nodes]: the value is this stamp's */
    uint32_t stamp;
    uint32_t schema;      /* of the event at hand, for FIELD */
    const struct eval_given *given; /* its fields, where it is no record; else NULL */
    struct value items[16]; /* what quantifiers bind; values under a quantifier are not remembered */
    uint32_t bound;         /* quantifiers around the node at hand */
    uint64_t evaluated;   /* nodes evaluated, for profiles and for the test that sharing works */
    bool overflowed;
};

/* memo and memo_stamp are the caller's, of n_nodes each, zeroed. */
void eval_init(struct eval *e, const struct ir *ir, struct scratch *scratch, struct value *memo,
               uint32_t *memo_stamp);
/* A new event or match: forgets all values. */
void eval_reset(struct eval *e);

struct value eval_value(struct eval *e, ir_node_id id);
enum tri eval_test(struct eval *e, ir_node_id id);

#endif
