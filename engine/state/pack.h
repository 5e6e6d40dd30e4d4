/* pack.h - a key at which nothing happens, as few bytes.
 *
 * Most keys have had one hit, long ago, and wait for the end of their window. Once the watermark has passed
 * all that it holds, and no incident is open, such a key is written as a checkpoint would write it
 * (key_tape.h), and these bytes are all of it: a quarter of what its folds and kept hits take. Whoever wants
 * to look into it makes it whole again first.
 *
 * Invariants
 * 1. A packed key is a struct keyed up to and with `packed_runs`; the bytes follow. Table, timers, rule and
 * shares know it as before.
 * 2. It has no tail, no group and no incident; its runs are committed ones. So nothing but a hit, its timer,
 * a reload or the want of room can concern it, and nobody else holds a pointer to it.
 * 3. Packed or whole, the answers are the same.
 */
#ifndef CSR_ENGINE_STATE_PACK_H
#define CSR_ENGINE_STATE_PACK_H

#include "engine/state/partition.h"

/* After something has happened to a key: packs it if it is quiet. The pointer may be of no use any more. */
void key_rest(struct state *s, struct keyed *k);
/* The key, to be looked into and changed. The pointer that was given may be of no use any more. */
struct keyed *key_whole(struct state *s, struct keyed *k);

/* Without making it whole. */
struct text key_text(const struct keyed *k);
uint32_t key_live(const struct keyed *k);       /* committed runs, those that wait included */
uint32_t key_half_built(const struct keyed *k); /* the tail's as well */
/* The bytes that key_tape has written of a packed key. */
struct text key_bytes(const struct keyed *k);

#endif
