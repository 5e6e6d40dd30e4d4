/* keyed.h - one rule under one key: a committed part, and a tail of slots younger than the watermark.
 *
 * A hit goes into the slot of its second, and the seconds from there on are folded again; for the newest
 * second that is one step, because the folds before and after it are kept. When the watermark passes a slot
 * and its questions to baselines are answered for good, the slot is folded into the committed part.
 */
#ifndef CSR_ENGINE_STATE_KEYED_H
#define CSR_ENGINE_STATE_KEYED_H

#include "engine/state/partition.h"

struct keyed *keyed_new(struct state *s, struct rule_state *r, struct hash128 hash, struct text key);
void keyed_free(struct state *s, struct keyed *k);
/* A copy of the hit among those that the key keeps, with room for so many offers; all else of it is still to be said. */
struct kept *keyed_kept_new(struct state *s, struct keyed *k, const struct hit *h, uint32_t n_offers);

void keyed_hit(struct state *s, struct keyed *k, const struct hit *h, const struct state_out *out);
/* A hit that came before is no more: of groups of other rules alone. What is committed stays. If something takes its
 * place at once, nothing is told before that; what goes to another key instead is told when the watermark moves. */
void keyed_take_back(struct state *s, struct keyed *k, const struct hit *h, const struct state_out *out);
/* Asks, commits, settles and closes what the watermark allows, and sets the timer. False: the key is empty
 * now. */
bool keyed_advance(struct state *s, struct keyed *k, const struct state_out *out);
/* The answer for good to a hit's question. */
void keyed_answered(struct state *s, struct keyed *k, struct kept *kept, uint32_t ask, enum asked asked,
                    const struct answer *a);
/* Nothing that is still to come can want it. */
bool keyed_is_empty(const struct keyed *k);

/* Progress of the key, for eviction: 0 … SHARE_RANKS - 1. */
uint8_t keyed_rank(const struct keyed *k);
/* So many of the key's events were given up under that cap: whatever may have had this second's part in it is
 * marked, and it is told. */
void keyed_lose(const struct state *s, struct keyed *k, int64_t second, uint64_t n, const char *cap);
/* Only marks. */
void keyed_doubt(struct keyed *k, int64_t second);
/* The key goes, under that cap. */
void keyed_tell_evicted(const struct state *s, const struct keyed *k, const char *cap);
/* The last second at which an incident may open that what the key holds would have had a part in, or kept
 * from opening. */
int64_t keyed_shows_until(const struct state *s, const struct keyed *k);

#endif
