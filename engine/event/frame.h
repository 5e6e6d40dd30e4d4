/* frame.h - where one record ends and the next begins, in whatever container the bytes came.
 *
 * Containers, detected from the first bytes and, for lines, line by line: {"Records":[…]} (one line or
 * indented; also {"Events":[…]} and a plain array), one record per line, EventBridge envelopes around
 * CloudTrail records ("detail"), LookupEvents output ("CloudTrailEvent", text within JSON).
 * Framing does not check JSON: a record that does not end is framed to the end of its line or file and set
 * aside by the decoder.
 */
#ifndef CSR_ENGINE_EVENT_FRAME_H
#define CSR_ENGINE_EVENT_FRAME_H

#include "engine/event/columns.h"

struct frame {
    struct text bytes;  /* what is framed; the caller's, writable: text within JSON is unescaped in place */
    uint32_t at;        /* the next byte to look at */
    bool in_records;    /* inside {"Records":[ or a plain array */
    bool in_object;     /* the array is an object's */
    bool is_last;       /* no more bytes follow these: an unfinished record is a record */
    uint64_t line;      /* of `at`, from 1 */
    uint64_t given;     /* records so far: the number of the last one, from 1 */
    struct columns_set *known;     /* lines of names that were met go there; NULL: such lines are not known */
    const struct columns *columns; /* of the lines of values that follow; NULL: none was named */
    const struct columns *record_columns; /* of the record that was given last; NULL: it is JSON, or should be */

    /* Of a record whose end has not been seen: what is known at the end of the bytes. The caller may put the
     * bytes from `at` on somewhere else, with more behind them. */
    uint32_t passed; /* bytes from `at` that were looked at; 0 when it was given out cut off, and its rest is
                        skipped */
    uint32_t depth;
    bool in_string, in_escape;
    bool in_garbage;    /* it is no object: it ends with the line, or in an array with the comma */
    bool has_envelope;  /* perhaps */
    bool at_line_start; /* the last byte before bytes.at was a newline, inside a rest */
};

/* The next record, its first byte no blank, or false: no whole one is left in bytes[at..]. Moves `at` behind
 * it. An envelope is taken off: *record is what is inside. `line` of the record's first byte goes to
 * *at_line. */
bool frame_next(struct frame *f, struct text *record, uint64_t *at_line);

#endif
