/* fake_stages.h - match and state for tests of threads: everything they are called with goes into running
 * hashes, so that one call in another order, or with another argument, changes what the writer gets.
 *
 * They stand in for engine/match and engine/state: the test defines their functions itself.
 */
#ifndef CSR_TESTS_STRESS_FAKE_STAGES_H
#define CSR_TESTS_STRESS_FAKE_STAGES_H

#include "engine/match/match.h"
#include "engine/run/run.h"

#define FAKE_ACTORS    97u
#define FAKE_BASELINES 3u
#define FAKE_RULES     5u /* 3 lies over the first ones, 4 over 3 */
#define FAKE_NAMES     8 /* with those that only tell incidents, of questions and of the watermark */
#define FAKE_REGIONS   5u /* the last of them comes an hour late for a while */

/* The bytes of a record. Everything it causes is a function of it. */
struct fake_record {
    uint64_t id;
    int64_t second;
    bool is_aside;
};

/* Records whose times wander, with copies, late ones and broken ones. The same seed gives the same records.
 */
void fake_records(struct fake_record *out, uint32_t n, uint64_t seed);

/* An IR of nothing but baselines and a disorder. `order`: 0, or the same baselines under other numbers. */
const struct ir *fake_ir(int order);

uint64_t fake_mix(uint64_t a, uint64_t b);

#endif
