/* reload.h - a key of one rule set under another one in which its rule is the same (language.md B24). */
#ifndef CSR_ENGINE_STATE_RELOAD_H
#define CSR_ENGINE_STATE_RELOAD_H

#include "engine/state/partition.h"

/* Rules kept, changed, new and dropped, by name and fingerprint. old: NULL, there were none. */
void reload_count_rules(const struct ir *old, const struct ir *new, struct state_adoption *out);
/* Runs that people would miss: the tail's as well, which the accounts of committed runs do not know yet. */
uint32_t reload_half_built(const struct keyed *k);
/* The key's hits have the values that `old` asked for; from here on those of `new`. */
void reload_key(struct state *s, struct keyed *k, const struct ir *old_ir, const struct ir_rule *old,
                const struct ir *new_ir, const struct ir_rule *new);
/* Whether two steps keep the same values of their hits, in the same order. */
bool reload_same_captures(const struct ir_step *a, const struct ir_step *b);

#endif
