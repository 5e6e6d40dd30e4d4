/* emit.h - from groups to revisions of incidents: what was told before is compared with what is now.
 *
 * A group claims the incidents told before whose anchor lies in it. The earliest goes on, later ones are
 * merged into it; an incident that no group claims is retracted. A new revision is made when something
 * differs that people or actions act on.
 */
#ifndef CSR_ENGINE_STATE_EMIT_H
#define CSR_ENGINE_STATE_EMIT_H

#include "engine/state/partition.h"

/* After a change of the key's groups. all: look at every group; else at those that the newest second touched.
 */
void emit_changes(struct state *s, struct keyed *k, struct fold *now, bool all, const struct occasion *o);
/* After commitment: settles groups whose newest event is committed. */
void emit_settled(struct state *s, struct keyed *k, const struct occasion *o);
/* Closes groups that nothing can join any more, and takes them out of all folds of the key. */
void emit_closed(struct state *s, struct keyed *k, const struct occasion *o);
/* The key is thrown away: what is open is closed, marked as capped. */
void emit_evicted(struct state *s, struct keyed *k, const struct occasion *o);
/* What a group's incident is known by once it is settled (match_id), whether it is one or not. */
void group_name(char out[33], const struct keyed *k, struct group *g);
void emitted_free(struct state *s, struct keyed *k);

#endif
