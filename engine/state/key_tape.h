/* key_tape.h - one key of a rule as bytes and back: its hits, folds, slots and incidents.
 *
 * Everything is written that a later answer can depend on. What is a function of that, and remembered for the
 * sake of speed alone, is left out and made again when it is asked for: waypoints, the window of `where`, and
 * of lists of gathered events their runs and amounts. A reload forgets the same.
 *
 * Pointers to kept hits are numbers: of a hit among the key's, counted from 1; 0 is none.
 */
#ifndef CSR_ENGINE_STATE_KEY_TAPE_H
#define CSR_ENGINE_STATE_KEY_TAPE_H

#include "engine/state/partition.h"

/* old: the rule as it was when the key was written; like: the rule that there is now asks for the same values
 * of its hits, else the key still has to be adopted (reload.h). When reading, k is empty but for its rule. */
void key_tape(struct state *s, struct tape *t, struct keyed *k, const struct ir_rule *old, bool like);

#endif
