/* withheld.h - which values are missing where nobody can tell whether an event fits, in words for people. */
#ifndef CSR_ENGINE_MATCH_WITHHELD_H
#define CSR_ENGINE_MATCH_WITHHELD_H

#include "engine/ir/eval.h"

/* Of a group whose test is unknown, of key parts (bits) that the event lacks, and of references that are withheld:
 * "req.roleName, actor". The text lies in the evaluator's scratch. Empty: nothing is missing, or there is no room. */
struct text withheld_words(struct eval *e, const struct ir_rule *rule, const struct ir_group *of, uint64_t lacks);

#endif
