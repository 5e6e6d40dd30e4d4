/* number.h - numbers as text: what JSON wrote, and texts that are wholly a number.
 *
 * No locale is asked anywhere.
 */
#ifndef CSR_ENGINE_BASE_NUMBER_H
#define CSR_ENGINE_BASE_NUMBER_H

#include "engine/base/value.h"

/* An optional minus, digits, an optional fraction and exponent, nothing else. Leading zeros are let through:
 * whether they are allowed is the caller's question (JSON: no; an id in a text: yes).
 * INT if there is neither fraction nor exponent and it fits, FLOAT if there is and it is finite; everything
 * else that is a number is a STRING with is_number, a view of t, because its text alone is exact. False: no
 * number. */
bool number_parse(struct text t, struct value *out);

/* The number a value counts as when it is compared with a number: INT, FLOAT, SIZE, or text that is wholly a
 * number. Exact for every int64 on machines whose long double has 64 bits of mantissa. */
bool number_of(struct value v, long double *out);

/* Text of an INT or FLOAT, shortest that reads back the same; at most 31 bytes with the NUL. */
uint32_t number_print(struct value v, char out[32]);

#endif
