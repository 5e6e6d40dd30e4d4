/* amount.h - values of events as language.md B8 and B14 count them. */
#ifndef CSR_TESTS_ORACLE_AMOUNT_H
#define CSR_TESTS_ORACLE_AMOUNT_H

#include "engine/match/hit.h"

/* A number, or text that is wholly one (B14). */
bool as_number(struct value v, long double *out);
/* Whether two values are the same one: numbers by value, else kind and bytes. */
bool is_same(struct value a, struct value b);
/* -1, 0, 1; false if they do not compare. */
bool in_order(struct value a, struct value b, int *order);

/* The values that a capture offers: itself, or its elements; absent, null and withheld ones are none. */
uint32_t values_offered(const struct hit *h, uint32_t capture, struct value *out);
#define OFFERS_MOST 16

/* B8, what an a[…] may take: for `distinct` something with a value; for `sum` something with a number. */
bool can_be_taken(const struct hit *h, uint32_t capture, uint8_t taking);
/* B8, distinct: each event can be given one of its values so that all differ. */
bool differ_pairwise(const struct hit *const *hits, uint32_t n, uint32_t capture);
/* B8, sum: negative values count 0; of a list any one element, so the greatest. */
bool amount_reached(const struct hit *const *hits, uint32_t n, uint32_t capture, double amount);

#endif
