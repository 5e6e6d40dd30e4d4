/* baseline.h - what is normal: per key the values that it has shown, and when (language.md B16).
 *
 * The learnt part knows each value's life up to the watermark: first and last sighting, and the first few
 * days that had one. Sightings younger than the watermark wait in a tail, and only those that bring news: a
 * value that starts, or a day that is not marked yet. A record is judged as of its own second against both,
 * so the answer does not depend on the order of arrival.
 *
 * Where a rule asks for the last record before this one (`age_since`) every sighting of a key is news; where
 * one asks how many days lacked the value (`rarity`) those of values are too. The days of `rarity` are blocks
 * of the key's life, and only their number is kept: of the key, and of each value. They are counted from when
 * the first rule asks.
 *
 * Invariants
 * 1. A life holds sightings with no gap longer than `keep`; a value, or a key, unseen for longer starts a new
 *    one.
 * 2. The days of a life are counted in blocks of 24 hours from its first sighting.
 * 3. A question as of a second that the watermark has just passed may still be under way when the watermark
 *    moves on: for STATE_ASK_MOVES moves, which learning therefore stays behind.
 * 4. When there are too many memories one goes by fair share (share.h) of those who showed them. Those with a
 *    short life go first, keys and accounts behind all values: without its key's history a value says
 * nothing. What the owner, or the key, is asked afterwards is answered, and the answer marked as capped, for
 * as long as the memory would have been kept.
 */
#ifndef CSR_ENGINE_STATE_BASELINE_H
#define CSR_ENGINE_STATE_BASELINE_H

#include "engine/state/lost.h"
#include "engine/state/plan.h"
#include "engine/state/share.h"
#include "engine/state/timers.h"

struct baselines {
    struct slab *slab;
    struct table table;         /* lives by (baseline, kind, key, value) */
    struct timers timers;       /* tails to be learnt, lives to be forgotten */
    struct shares shares;       /* who holds the memories */
    struct lost lost;           /* what was evicted, by owner and by memory of a key */
    struct baseline_state **at; /* [n], by the plan's numbers; NULL until touched */
    uint32_t n;
    const struct ir_baseline *first; /* of the rule set */
    uint64_t values, values_most, evicted;
    uint32_t next_id;
    int64_t moves[STATE_ASK_MOVES]; /* the last watermarks, newest at move - 1 */
    uint32_t move;
    int64_t learnt; /* sightings up to here are in lives */
    const struct state_listener *listener;
};

void baselines_init(struct baselines *b, struct slab *slab, uint64_t values_most,
                    const struct state_listener *listener);
/* From here on these baselines; keeps what has the same name and fingerprint. */
void baselines_adopt(struct baselines *b, const struct ir *ir);
struct answer baselines_touch(struct baselines *b, const struct touch *t);
void baselines_learn(struct baselines *b, int64_t watermark);
/* As bytes and back; read into an empty one that has adopted a rule set. now: of each baseline that was written, its
 * number in that set, or IR_NONE; NULL when it is written. */
void baselines_tape(struct baselines *b, struct tape *t, const uint32_t *now, uint32_t n_now);

#endif
