/* set.h - a sealed set of constants: what `in` and `like` ask of a list.
 *
 * Plain texts and single addresses are found by hash; networks, globs, texts without case and numbers are few
 * and are tried one after the other. Immutable once made, in the arena it was made in.
 */
#ifndef CSR_ENGINE_BASE_SET_H
#define CSR_ENGINE_BASE_SET_H

#include "engine/base/value.h"
#include "grammar/base/arena.h"

struct value_set;

/* Copies the values (not the bytes they point at). */
const struct value_set *value_set_new(struct arena *a, const struct value *values, uint32_t len);

/* Whether v equals a member (value_equal), or is an address inside a member that is a network. */
enum tri value_set_has(const struct value_set *s, struct value v);

uint32_t value_set_len(const struct value_set *s);
struct value value_set_at(const struct value_set *s, uint32_t i); /* in the order given */

#endif
