/* watermark.h - how far the input has come: a watermark for each feed, and the engine's, which is the least
 * of them (language.md B4).
 *
 * A feed is a source, a kind of records, an account and a region: what one delivery brings in some order of
 * its own. It has come as far as the newest time that it showed, less its disorder. A feed that is more than
 * `max_lag` behind the newest of all holds nobody up: it is idle if it shows nothing, and lagging if it shows
 * only what is that old; then its records are late. Both end with the first record that is not.
 *
 * Invariants
 * 1. A function of the records in order, of where ticks lie and, of a live input, of the dealer's clock:
 *    batches are folded one after the other, by the holder of one token, and each carries what came of it.
 * 2. The watermark never goes back.
 * 3. Records that are set aside or dated ahead of their arrival move nothing.
 * 4. Memory is taken for a feed that is new, and for nothing else. FEEDS_MOST are told apart; the rest are
 * one.
 */
#ifndef CSR_ENGINE_RUN_WATERMARK_H
#define CSR_ENGINE_RUN_WATERMARK_H

#include "engine/base/tape.h"
#include "engine/run/vec.h"

#define FEEDS_MOST      65536u
#define FEED_NAME_MOST  64u  /* bytes of an account's or a region's name by which feeds are told apart */
#define MAX_LAG_DEFAULT 1800 /* seconds */

struct batch;

/* A feed of which a batch has records. */
struct showing {
    struct hash128 id;
    uint32_t source;                   /* the input's number of it */
    struct text kind, account, region; /* the last two in the batch's memory; empty where there is none */
    int64_t disorder, max_lag;         /* seconds */
    uint32_t number;                   /* in watermark.feeds: by the fold, and what follows as well */
    bool is_new;
};

/* A feed began to lag, or came back. */
struct feed_turn {
    uint32_t number;
    bool lags;
};

struct feed_mark {
    struct hash128 id;
    int64_t newest; /* second; INT64_MIN: nothing yet */
    int64_t came;   /* when it last showed something, by the batches' clock */
    int64_t disorder, max_lag;
    bool lags;
    bool holds; /* it is in watermark.holding */
};

struct watermark {
    struct VEC(struct feed_mark) feeds; /* by number */
    uint32_t *places;                   /* open addressing by id: number + 1, or 0 */
    uint32_t n_places;                  /* a power of two */
    struct VEC(
        uint32_t) holding; /* feeds that were not behind at the last tick, or have shown something since */
    int64_t newest;        /* of all; INT64_MIN: nothing yet */
    int64_t passed;        /* all records up to this second have come, as of the last tick */
};

#define WATERMARK_NOTHING ((struct watermark){.newest = INT64_MIN, .passed = INT64_MIN})
void watermark_release(struct watermark *w);

/* Fills in what the batch's later stages read: before, passed, turns, and the showings' numbers. False: no
 * memory. */
bool watermark_fold(struct watermark *w, struct batch *b);
/* As bytes and back; read into one that knows nothing. */
void watermark_tape(struct watermark *w, struct tape *t);

#endif
