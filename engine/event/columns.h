/* columns.h - lines of values whose names stand in a line above them: VPC flow logs.
 *
 *     version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status
 *     2 111122223333 eni-0abc 10.0.0.7 198.51.100.4 44312 443 6 10 8000 1767603600 1767603659 ACCEPT OK
 *
 * To rules such a line is the object {"interface_id": "eni-0abc", …}: hyphens of names are underscores, "-" is nothing.
 */
#ifndef CSR_ENGINE_EVENT_COLUMNS_H
#define CSR_ENGINE_EVENT_COLUMNS_H

#include "engine/base/json_out.h"
#include "grammar/base/text.h"

#define COLUMNS_MOST      64
#define COLUMNS_NAMES_LEN 1024 /* bytes of all names, at most */

/* The names of one kind of line, from left to right. */
struct columns {
    struct columns *next; /* in its set */
    struct text names[COLUMNS_MOST];
    uint32_t n;
    char bytes[COLUMNS_NAMES_LEN];
};

/* All that were met in one input, which its records point into: it lives as long as the input. */
struct columns_set {
    struct columns *first;
};
void columns_set_release(struct columns_set *set);

/* The columns that a line names, from the set or new in it. NULL: it is no such line, or there is no memory. */
const struct columns *columns_of_header(struct columns_set *set, struct text line);
/* The columns of a line of values without a line of names above: of version 2. NULL: it is no such line. */
const struct columns *columns_of_line(struct text line);

/* Whether a value is a number as JSON writes it; else it is text: an id that begins with a zero. */
bool columns_is_number(struct text value);
/* The next value of a line, blanks between; false behind the last. */
bool columns_next(struct text *line, struct text *value);

/* The object that a line stands for: for who wants to keep it. */
void columns_json(const struct columns *columns, struct text line, struct json_out *out);

#endif
