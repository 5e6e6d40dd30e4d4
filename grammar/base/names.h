/* names.h - interned names: equal names are one object, so a comparison is of pointers.
 *
 * A table lives in an arena and goes with it. Names hold any bytes.
 */
#ifndef CSR_GRAMMAR_BASE_NAMES_H
#define CSR_GRAMMAR_BASE_NAMES_H

#include "grammar/base/arena.h"

struct names;

struct names *names_new(struct arena *a);
/* The one text for these bytes: .at is equal for equal names of the same table. */
struct text names_put(struct names *n, struct text t);

/* The candidate nearest to `wanted`, for "did you mean": edit distance with transpositions, at most a third
 * of the length away, without regard to case; of equals the first. {NULL, 0} if none is near. Feed candidates
 * one by one. */
struct nearest {
    struct text wanted, best;
    uint32_t distance;
};
void nearest_try(struct nearest *n, struct text candidate);

#endif
