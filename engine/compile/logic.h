/* logic.h - what follows from tests: whether they can hold together, and whether one always does.
 *
 * Both answers are certain or they are "no": a claim is made only where types, constants and a few laws of fields
 * (`failed` is `not ok`, who is `denied` is not `ok`) leave no way out. Named lists may grow and count as unknown.
 */
#ifndef CSR_ENGINE_COMPILE_LOGIC_H
#define CSR_ENGINE_COMPILE_LOGIC_H

#include "engine/compile/compiler.h"

struct logic {
    struct compiler *c;
    const struct rule_work *rule; /* whose required steps are there; NULL over one event */
};

/* No record makes all of these true. */
bool logic_never(const struct logic *l, const ir_node_id *tests, uint32_t n);
/* Every record makes this true, but for what was withheld. */
bool logic_always(const struct logic *l, ir_node_id test);
/* Whether some text fits both patterns. */
bool logic_globs_meet(struct text a, struct text b);

#endif
