/* explain.h - a rule in plain words: what the files of explain share.
 *
 *   explain.c         the sections, in order
 *   explain_test.c    predicates: "req.userName is there and is not principal.name"
 *   explain_match.c   steps, and how they stand in time
 *   explain_needs.c   what it waits for, needs and costs
 */
#ifndef CSR_ENGINE_TELL_EXPLAIN_H
#define CSR_ENGINE_TELL_EXPLAIN_H

#include "engine/tell/predicate.h"
#include "engine/tell/prose.h"

struct teller {
    const struct ir *ir;
    const struct ir_rule *rule;
    const struct sources *sources;
    struct prose prose;
    uint32_t step; /* whose own event is spoken of: a question needs not name it; IR_NONE: of none */
    unsigned
        nodes_left; /* of the expression at hand: nodes are shared, so text can be far longer than the pool */
};

#define NS_PER_SECOND INT64_C(1000000000)

/* ---- explain_test.c ------------------------------------------------------------------------------------ */

/* A test as a clause: "launch was seen and the score is at least 70". */
void tell_test(struct teller *t, ir_node_id id);
/* A value: "the number of fail", "req.userName". */
void tell_value(struct teller *t, ir_node_id id);
void tell_seconds(struct teller *t, int64_t seconds);
/* "a, b and c": what stands before part i of n. */
const char *list_joint(uint32_t i, uint32_t n, const char *last);

/* ---- explain_match.c ----------------------------------------------------------------------------------- */

void tell_steps(struct teller *t);
void tell_order(struct teller *t);

/* ---- explain_needs.c ----------------------------------------------------------------------------------- */

void tell_waits(struct teller *t);
void tell_needs(struct teller *t);
void tell_cost(struct teller *t);

#endif
