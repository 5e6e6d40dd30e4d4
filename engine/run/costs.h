/* costs.h - what each rule of the running set does and costs: always on.
 *
 *     matchers   events looked at, time of predicates       tallies, by the worker (match.h)
 *     shards     hits, time of state                         tallies, by the token's holder: struct
 * shard_costs writer     incidents; and the sum of all of it, when control asks: struct ledger
 *
 * Invariants
 * 1. Whoever counts writes memory of his own, without an exchange; the writer reads it while it grows. So a
 * sum is of about this moment. When the run is over, and when a set has retired, it is exact.
 * 2. Time is measured on one event, hit or move of the watermark in so many, and told for all. Which ones
 * that are shows in no incident.
 * 3. What a rule has counted goes with its name over a reload.
 */
#ifndef CSR_ENGINE_RUN_COSTS_H
#define CSR_ENGINE_RUN_COSTS_H

#include "engine/match/match.h"
#include "engine/run/run.h"

#define HIT_SAMPLE  16 /* state is measured on one hit in so many */
#define MOVE_SAMPLE 8  /* and on one move of the watermark */

struct rules;

struct step_costs {
    uint64_t hits, derived; /* tallies, as in run_counts */
    struct ticks_spent work;
};
struct shard_costs {
    struct step_costs *steps;     /* [of all rules] */
    struct ticks_spent *settling; /* [n_rules] */
};

/* False: no memory. `first` is plan_first_steps. */
bool shard_costs_init(struct shard_costs *c, const uint32_t *first, uint32_t n_rules);
void shard_costs_release(struct shard_costs *c);

/* The writer's. */
struct ledger {
    struct ticks_pair began;
    uint64_t look; /* ticks of a look at the clock */
    uint32_t event_every, hit_every, move_every;
    struct run_rule *before,
        *now; /* [n_rules] of earlier sets, with incidents; and with what is counted at present */
    struct run_step *steps_before, *steps_now;
    uint64_t parts_before[MATCH_PARTS], parts_now[MATCH_PARTS];
};

/* every: 0, or one event, hit and move in so many. */
void ledger_begin(struct ledger *l, uint32_t every);
void ledger_release(struct ledger *l);
/* `now` from `before` and what the set's tallies say. What is held is left alone. */
void ledger_sum(struct ledger *l, const struct rules *rules, uint32_t n_shards);
/* The set `old` (NULL: none) has retired, and `rules` take its place. False: no memory. */
bool ledger_adopt(struct ledger *l, const struct rules *old, const struct rules *rules, uint32_t n_shards);

#endif
