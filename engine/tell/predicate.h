/* predicate.h - a predicate part by part, for telling and drawing it. */
#ifndef CSR_ENGINE_TELL_PREDICATE_H
#define CSR_ENGINE_TELL_PREDICATE_H

#include "engine/ir/ir.h"

/* The parts of a conjunction; a test that is none is its only part, IR_NONE has none. Returns their number.
 */
uint32_t predicate_parts(const struct ir *ir, const ir_node_id *id, const ir_node_id **parts);

/* Whether a part only says that a reference of the group has something to compare: the reference itself says
 * more. */
bool predicate_is_of_join(const struct ir *ir, const struct ir_rule *rule, const struct ir_group *g,
                          ir_node_id part);

#endif
