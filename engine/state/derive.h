/* derive.h - a rule's groups as events for the rules over it (language.md B21).
 *
 * Each group that no exception swallowed and whose absence is in no doubt is one event, at its opening, with
 * the identity of its completing event. When a group comes, changes or goes, the old event is taken back and
 * the new one told; the match stage makes hits of both alike (state_out.derived).
 *
 * Invariants
 * 1. What was told and is not committed over there can be taken back; a group that closes cannot change any
 *    more and is forgotten without a word.
 * 2. Rules over this one commit no second before all groups that open in it are known for good: `lag`
 *    (plan.c) for what this rule is late to know, state_known for what waits for answers.
 */
#ifndef CSR_ENGINE_STATE_DERIVE_H
#define CSR_ENGINE_STATE_DERIVE_H

#include "engine/state/partition.h"

/* After a change of the key's groups. all: look at every group; else at those that the newest second touched.
 */
void derive_changes(struct state *s, struct keyed *k, struct fold *now, bool all, const struct occasion *o);
/* The group is closed. */
void told_drop(struct state *s, struct keyed *k, int64_t opened);
/* After a reload: the values that were told, in the order of what the rule gives now. */
void told_adopt(struct state *s, struct keyed *k, const struct ir *old_ir, const struct ir_rule *old,
                const struct ir *new_ir, const struct ir_rule *new);
void told_free(struct state *s, struct keyed *k);

#endif
