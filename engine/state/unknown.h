/* unknown.h - why something about a match cannot be told, in words for people.
 *
 * Two things leave a match in doubt: an event that may be a forbidden one (veto.h), and a term of the score
 * that reads what was withheld or what a baseline cannot say yet. The words name the values that are missing.
 */
#ifndef CSR_ENGINE_STATE_UNKNOWN_H
#define CSR_ENGINE_STATE_UNKNOWN_H

#include "engine/state/words.h"
#include "engine/state/partition.h"

/* Whether an answer is missing, and why: the baseline has no history, or what it is asked about was withheld.
 */
enum silence { SILENCE_NONE, SILENCE_HISTORY, SILENCE_WITHHELD };
enum silence asked_silence(const struct rule_plan *p, const struct kept *k, uint32_t ask);

/* "req.roleName, actor": what would tell whether g->blinded is forbidden. */
void words_of_blinded(struct words *w, const struct rule_plan *p, struct group *g);
/* Of an expression over the match that is unknown, the first part that makes it so: a value, or a question.
 */
ir_node_id unknown_part(struct eval *e, ir_node_id id);
/* ": unknown, a.req.tag was withheld". Of a question: why there is no answer. */
void words_of_unknown(struct words *w, const struct ir *ir, const struct ir_rule *rule, ir_node_id part,
                      enum silence silence);

#endif
