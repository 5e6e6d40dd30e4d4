/* input.h - where records come from: what io gives to the dealing worker, one record at a time.
 *
 * An input is used by one worker at a time (the one that holds the dealing token), release, origin_name and progress
 * included. Bytes stay valid until the record's sequence is released, which happens once its batch is written; names
 * of origins as long as the input.
 */
#ifndef CSR_ENGINE_EVENT_INPUT_H
#define CSR_ENGINE_EVENT_INPUT_H

#include "engine/event/event.h"

/* One of several things that records come from, each with an order of its own. Lives as long as the input. */
struct input_source {
    uint32_t number;
    int64_t disorder; /* seconds by which a record may be older than the newest before it; < 0: as its kind has it */
    int64_t max_lag;  /* seconds by which it may be behind others and still be waited for; 0: as the run has it */
};

struct input_record {
    struct text bytes;  /* one record, out of its envelope */
    const struct columns *columns; /* it is a line of values with these names; NULL: it is JSON */
    enum aside aside;   /* ASIDE_NONE; else there is nothing to decode, only this to count and report */
    uint32_t origin;    /* which file: input->origin_name */
    uint64_t line;      /* in it, from 1 */
    uint64_t number;    /* of the record in it, from 1: many stand in one line; 0: it is none */
    int64_t stamp;      /* second in which it was delivered (the stamp in its file's name); 0: not known */
    const struct input_source *source; /* NULL: there is one, and it says nothing of itself */
};

enum input_result {
    INPUT_RECORD,
    INPUT_IDLE,  /* nothing now; a live input may give more later */
    INPUT_END,
};

struct input {
    void *world;
    /* Waits at most wait_ms for a record (0: not at all). */
    enum input_result (*next)(void *world, struct input_record *out, int wait_ms);
    /* Everything before the n-th record given by next (from 0) is done with. */
    void (*release)(void *world, uint64_t n);
    struct text (*origin_name)(void *world, uint32_t origin);
    /* Bytes read and, if known, in all (0: not known): for a progress bar. */
    void (*progress)(void *world, uint64_t *read, uint64_t *all);
    bool is_in_order; /* its records come in order of their times */
};

#endif
