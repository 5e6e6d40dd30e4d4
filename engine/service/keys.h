/* keys.h - what is held for a key: a request, what the run says to it, and the answer as JSON. */
#ifndef CSR_ENGINE_SERVICE_KEYS_H
#define CSR_ENGINE_SERVICE_KEYS_H

#include "engine/base/json_out.h"
#include "engine/run/run.h"

#define KEY_BYTES_MOST 2048

/* Made by control, filled by the run's writer, taken back by control once it is answered. */
struct asked_key {
    struct run_question q; /* first: the run gives it back */
    uint64_t ticket;
    char bytes[KEY_BYTES_MOST];
    struct json_out answer;
    bool is_answered; /* guarded by whoever hands it over */
};

/* A line with "key": the texts of its parts. NULL and why. */
struct asked_key *asked_key_read(struct text line, char why[160]);
void asked_key_free(struct asked_key *a);
/* What run_out.key says. key NULL: it is whole. */
void asked_key_take(struct asked_key *a, const struct run_counts *counts, const struct run_key *key);

#endif
