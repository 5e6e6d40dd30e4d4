/* extend.h - all that one run can become within one second.
 *
 * Within a second a run may take several places, if these have distinct representatives among the second's
 * events. The places are walked in order; for each it is tried how many more events it takes. Where no event
 * fits two steps that is counting; else a small flow over classes decides, and representatives are chosen as
 * the order of witnesses asks.
 */
#ifndef CSR_ENGINE_STATE_EXTEND_H
#define CSR_ENGINE_STATE_EXTEND_H

#include "engine/state/run.h"

struct extension {
    const struct rule_plan *plan;
    const struct alternative *alternative;
    const struct classes *classes;
    int64_t second;
    uint32_t n_joins;              /* 0: none, or given up */
    const struct hash128 *assumed; /* [n_joins] what a new run has agreed to already; NULL: nothing */
    bool without_hits;             /* representatives are not wanted: only whether there are any */
    /* Called for each; `r` may be changed, it is scratch. `taken`: events per place in this second. */
    void (*found)(void *world, const struct extension *x, struct run *r, const uint16_t *taken);
    void *world;
    struct run *scratch; /* plan->run_size bytes */

    /* what extend_run works with */
    const struct run *from;
    uint64_t *fits; /* [classes->len] places that an event of the class can fill under scratch's references */
    uint16_t need[PLACES_MOST];
    uint32_t available[PLACES_MOST];
    uint64_t set_now;  /* references that this second sets */
    uint32_t promised; /* values that it shows to a `!=` (differ.h) */
    bool overflows;    /* they are too many */
    uint16_t *flow;    /* [PLACES_MOST][classes->len], for overlaps */

    /* places that measure (offer.h) */
    bool marks; /* what a place is offered counts as taken even where it changes nothing */
    void (*unchanged)(void *world, const struct run *from); /* nothing was taken, under the run's own
                                                               references; NULL: nobody asks */
    uint16_t *offered;  /* [places_most][classes->len], for overlaps: events that a place has been offered */
    uint16_t *reserved; /* [classes->len]: by all such places */
    uint32_t left;      /* ways to share events that are still tried */
    bool gave_up;       /* they were more */
    /* vetoes (veto.h): the classes of which every event must be taken, and by which places */
    uint32_t n_must;           /* events; 0: none must be */
    uint64_t *must, *all_fits; /* [classes->len] bits of places; 0: not this one */
    uint16_t *cover;           /* [classes->len][PLACES_MOST] */
};

/* from NULL: a new run. fits and flow are the caller's, of extension_room bytes each. */
void extend_run(struct extension *x, const struct run *from);

/* Looks what the second's events can fill, references being given, and walks over the places. */
void extend_look(struct extension *x);
/* The walk over places from q on. */
void extend_walk(struct extension *x, uint32_t q, uint16_t progress);
/* Whether place q may take an event now, all others of the walk as they are. */
bool extension_may_take(const struct extension *x, uint32_t q, uint16_t progress);
/* Whether the places so far can have what they need. */
bool extension_is_feasible(const struct extension *x);

/* Whether the events that extension has just found can be chosen with one of class c in place q. Inside
 * `found`. */
bool extension_can_use(const struct extension *x, const uint16_t *taken, uint32_t q, uint32_t c);

#endif
