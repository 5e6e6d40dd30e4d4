/* settle.h - what later records can take back (language.md B3).
 *
 * A plain match holds for good as soon as it holds: more events never break a choice that fits. What can
 * still change is what a veto forbids, what a baseline answers, because a record that is yet to come may have
 * shown the value before, and a test of `where` or the score that more events make false. Such answers are
 * provisional until the watermark has passed. `!c for D` and `a[n..m]` are not even given before.
 */
#ifndef CSR_ENGINE_IR_SETTLE_H
#define CSR_ENGINE_IR_SETTLE_H

#include "engine/ir/ir.h"

/* Whether the expression asks a baseline. IR_NONE asks nothing. */
bool ir_asks(const struct ir *ir, ir_node_id id);
/* Whether a test over a match that holds can cease to when more events come. Questions to baselines apart. */
bool ir_can_fall(const struct ir *ir, ir_node_id when);
/* Bits of the steps that a veto or `until` names: in one automaton, in all of the rule. */
uint64_t ir_forbidden_in(const struct ir_automaton *automaton);
uint64_t ir_forbidden_steps(const struct ir_rule *rule);
/* Whether an event that is yet to come can break a choice that fits: a veto, an upper bound. */
bool ir_can_be_broken(const struct ir_rule *rule);
/* Whether a step takes groups of another rule. An earlier record makes such a group begin earlier, and those
 * behind it anew. */
bool ir_takes_groups(const struct ir_step *step);
/* Whether nothing is opened before it is settled: `!c for D`, `a[n..m]`. */
bool ir_match_waits(const struct ir_match *m);
/* Whether more events can take the term's points away again: a rise that ceases to hold, a fall that begins
 * to. */
bool ir_term_can_fall(const struct ir *ir, const struct ir_term *term);
/* Whether more records can make an exception hold or cease to hold. */
bool ir_exception_can_change(const struct ir *ir, const struct ir_exception *e);
/* Whether `where` may cease to hold for a completion. */
bool ir_where_can_fall(const struct ir *ir, const struct ir_rule *rule);
/* Nothing that the rule says can be taken back. */
bool ir_is_monotone(const struct ir *ir, const struct ir_rule *rule);

#endif
