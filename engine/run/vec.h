/* vec.h - the growing arrays and the memory of a batch: kept from batch to batch, so that a warm engine
 * allocates nothing.
 *
 * A vec and a pool have one writer at a time. Both say NULL when the system has no memory: the batch is then
 * broken (batch.h) and the run ends.
 */
#ifndef CSR_ENGINE_RUN_VEC_H
#define CSR_ENGINE_RUN_VEC_H

#include "grammar/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VEC(type)                                                                                            \
    {                                                                                                        \
        type *at;                                                                                            \
        uint32_t len, cap;                                                                                   \
    }

/* The place of a new last element, not zeroed; or NULL. */
#define VEC_PUSH(v)                                                                                          \
    (vec_room((void **)&(v)->at, &(v)->cap, (v)->len + 1, sizeof *(v)->at) ? &(v)->at[(v)->len++] : NULL)

/* Room for `len` elements in all. */
bool vec_room(void **at, uint32_t *cap, uint32_t len, size_t size);

/* Bytes that are forgotten all at once. */
struct pool_chunk;
struct pool {
    struct pool_chunk *first, *at; /* at: the one in use; those behind it are empty */
    size_t used;                   /* of `at` */
};

/* 8-aligned, not zeroed, or NULL. */
void *pool_take(struct pool *p, size_t size);
/* Makes *t a copy of what it shows. False: no memory, and it is empty. */
bool pool_text(struct pool *p, struct text *t);
/* Forgets everything, keeps the chunks. */
void pool_reset(struct pool *p);
void pool_release(struct pool *p);

#endif
