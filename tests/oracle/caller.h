/* caller.h - plays the caller of engine/state for tests: batches, answers to questions, and what came out.
 *
 * One partition stands for all. Incidents are kept as lines of what a settled incident promises, by match.
 */
#ifndef CSR_TESTS_ORACLE_CALLER_H
#define CSR_TESTS_ORACLE_CALLER_H

#include "engine/state/state.h"
#include "grammar/base/arena.h"

struct told { /* one revision */
    char id[33], match_id[33], merged_into[33], predecessor[33];
    enum incident_state state;
    uint32_t revision;
    int32_t score;
    bool tied, capped, blinded;
    enum ir_severity severity;
    int64_t start, opened, end;
    char title[512], witness[512], completing[64];
    uint64_t steps;
    uint64_t count[64];
    uint32_t shown[64]; /* of those, with their evidence */
    uint32_t n_actions, n_new_actions, n_refused;
    uint32_t n_unknown;
    uint64_t cause;
};

struct caller {
    struct state *state;
    struct arena *arena;
    struct state_out out;
    struct ARENA_VEC(struct told) told;
    struct ARENA_VEC(struct settle_ask) asks;
    uint32_t asked; /* of those, answered */
    void *world;
    /* What the baselines say of a hit's question: at once, and for good. NULL: state_touch is asked. */
    struct answer (*now)(void *world, uint32_t number);
    struct answer (*for_good)(void *world, const struct touch *t);
};

void caller_init(struct caller *c, struct arena *arena, struct state *state);
/* Answers all open questions. */
void caller_answer(struct caller *c);
/* The watermark reaches the end, and everything settles. */
void caller_finish(struct caller *c);
/* The last revision of that state for an incident; NULL: none. */
const struct told *caller_last(const struct caller *c, const char *id, enum incident_state state);

#endif
