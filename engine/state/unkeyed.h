/* unkeyed.h - forbidden events that lack a part of their key (language.md B11).
 *
 * Such an event may be of every key that shares its other parts, so there nobody can tell whether it breaks a
 * match. It is given to each of these keys, and kept for keys that are still to come: a record that begins
 * one may be older, as long as the watermark has not passed it.
 *
 * Invariants
 * 1. Kept are events younger than the watermark, at most UNKEYED_MOST of a rule. Of those that fit nothing
 *    else one for each second, step, key and references stands for all: it takes but one to be in doubt.
 */
#ifndef CSR_ENGINE_STATE_UNKEYED_H
#define CSR_ENGINE_STATE_UNKEYED_H

#include "engine/state/partition.h"

#define UNKEYED_MOST 1024 /* beyond, incidents of the rule's window are marked capped */

/* False: it is too late, or another stands for it. */
bool unkeyed_keep(struct state *s, struct rule_state *r, const struct hit *h);
/* It was taken back. False: it is not among those kept. */
bool unkeyed_drop(struct state *s, struct rule_state *r, const struct hit *h);
/* Whether the event may be of this key. */
bool unkeyed_may_be_of(const struct keyed *k, const struct hit *h);
void unkeyed_free(struct state *s, struct rule_state *r);

#endif
