/* event.h - one record, decoded as far as the rules read it: what the event stage hands to the match stage.
 *
 * An event is a view into its batch: it lives until the batch is reset.
 */
#ifndef CSR_ENGINE_EVENT_EVENT_H
#define CSR_ENGINE_EVENT_EVENT_H

#include "engine/ir/ir.h"

/* Why a record was set aside: never evaluated, but counted and reported with its place. */
enum aside {
    ASIDE_NONE,
    ASIDE_NOT_JSON,    /* broken or cut off */
    ASIDE_NOT_UTF8,
    ASIDE_TOO_LARGE,   /* over 1 MiB */
    ASIDE_TOO_DEEP,    /* nested deeper than 64 */
    ASIDE_TWICE,       /* an object of the record names the same member twice */
    ASIDE_NO_SCHEMA,   /* JSON, but of no kind that anybody knows */
    ASIDE_NOT_USED,    /* of a kind that ships and that no rule uses: counted, and no mistake */
    ASIDE_NO_TIME,     /* no time, or none that can be read */
    ASIDE_COLUMNS,     /* a line of values that are not as many as their names */
    ASIDE_UNREADABLE,  /* the rest of a file: compression broken or cut off, or a bomb; given by the input */
    ASIDES
};
const char *aside_name(enum aside why); /* "not JSON" */

#define EVENT_BYTES_MOST (1u << 20)
#define EVENT_DEPTH_MOST 64

struct event {
    uint64_t seq;        /* place in the input, from 1: ties of output order */
    uint32_t schema;     /* ir->schemas */
    int64_t time;        /* nanoseconds since 1970 UTC */
    int64_t second;      /* floor of time in seconds: all matching is in whole seconds */
    struct text record;  /* its bytes, as read (out of its envelope) */
    struct text identity;/* the record's identity as text: what incidents print and duplicates are known by */
    struct text service, action;
    struct value *slots; /* [ir->n_slots] */
};

#endif
