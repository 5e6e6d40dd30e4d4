/* cost.h - what a key of a rule can hold, in bytes: for `csr explain`. Only state knows how large its things
 * are. */
#ifndef CSR_ENGINE_STATE_COST_H
#define CSR_ENGINE_STATE_COST_H

#include "engine/state/state.h"

struct state_cost {
    size_t key;           /* a key that has a hit, but for the key's own text */
    size_t run;           /* a half-built match */
    uint64_t runs_most;   /* half-built matches under one key and one set of values of its references */
    uint32_t values_most; /* sets of values that are followed; 1 without references */
    size_t event;         /* an event that is kept, but for its texts */
    size_t incident;      /* an open incident */
    uint32_t shown_most;  /* events of a step that an incident keeps */
    int64_t lag;          /* seconds by which rules below it are late to know their groups for good */
    bool keeps_window;    /* a slot for every second of the window in which a hit lies: exact amounts */
};

struct state_cost state_cost_of(const struct state_plan *p, uint32_t rule);

#endif
