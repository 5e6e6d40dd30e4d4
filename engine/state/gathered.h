/* gathered.h - the list of all gathered events of one group, for the steps whose amounts are exact.
 *
 * Lists are in order of step, time and identity, each event once. gather.h says what belongs into them.
 */
#ifndef CSR_ENGINE_STATE_GATHERED_H
#define CSR_ENGINE_STATE_GATHERED_H

#include "engine/state/partition.h"

/* The order of lists; for qsort. */
int gathered_order(const void *a, const void *b);
bool gathered_holds(const struct gathered *l, const struct kept *k);
/* Puts k into its place among the first `len`, which are in order; there is room for one more. */
void gathered_put(struct state *s, struct gathered *l, uint32_t len, const struct kept *k);
/* Brings what was appended into order, and takes out what is there twice. */
void gathered_sort(struct gathered *l);
/* The same where only what stands behind the first `sorted` was appended; amounts follow. */
void gathered_merge(struct state *s, const struct rule_plan *p, struct gathered *l, uint32_t sorted);
/* Leaves out what is too much, and marks the key. */
void gathered_cap(struct state *s, struct keyed *k, struct gathered *l);

/* The list of one group; NULL if it has none. */
struct gathered *gathered_find(const struct keyed *k, int64_t opened);
/* The same, made if it is not there. */
struct gathered *gathered_of(struct state *s, struct keyed *k, int64_t opened);
void gathered_drop(struct state *s, struct keyed *k, int64_t opened);
/* Lists of groups that are there no more. */
void gathered_drop_others(struct state *s, struct keyed *k, const struct fold *now);
void gathered_free(struct state *s, struct keyed *k);

/* A hit's answers are about to change (-1), have changed (+1). */
void gathered_answers(struct state *s, struct keyed *k, const struct kept *kept, int by);
/* What is remembered for the sake of speed alone: of one list its runs, of all lists of a key everything. */
void gathered_forget_fronts(struct state *s, const struct rule_plan *p, struct gathered *l);
void gathered_forget(struct state *s, struct keyed *k);

#endif
