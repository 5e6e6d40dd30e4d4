/* held.h - what each rule holds in a partition, kept up to date with every change of a key: so that to ask
 * for it costs nothing that grows with the keys.
 */
#ifndef CSR_ENGINE_STATE_HELD_H
#define CSR_ENGINE_STATE_HELD_H

#include "engine/state/partition.h"

/* The key is new, or has changed. */
void held_recount(struct state *s, struct keyed *k);
/* It was forgotten while it was whole, and is packed now (pack.h) into so many bytes; the other way. */
void held_packed(struct state *s, struct keyed *k, size_t bytes);
void held_unpacked(struct state *s, struct keyed *k, const struct keyed *packed, size_t bytes);
/* It goes. */
void held_forget(struct state *s, struct keyed *k);

#endif
