/* batch.h - what the workers share: batches in flight, shards, and who may write what when.
 *
 * A worker goes round: work of its shard, writing, dealing and matching a batch, work of other shards. What
 * it finds is claimed by a token; it never waits for one.
 *
 *     dealt      a batch gets number, records, rules              dealing token
 *     matched    hits, touches and identities, by shard           the worker that dealt it
 *     timed      how far the input has come with it               timing token
 *     seen       duplicates are known                             each shard
 *     touched    baselines were asked and taught; answers         each shard
 *     hit        automata moved; incidents                        each shard, once for each depth of rules
 *     written    merged, given out; the slot is free              writing token
 *
 * Invariants
 * 1. A batch's part is written by the holder named above, and read by others only after the cursor of that
 *    step: batch.matched, run.timed, shard.done[round], run.dealt, run.written (published with release, read
 *    with acquire).
 * 2. Shard s does round r of batch b only when every shard has done round r - 1 of it, and rounds of one
 *    kind in order of batches. So the answers of all partitions are there before hits, and duplicates
 *    before touches.
 * 3. At most `slots` batches are in flight: batch b is dealt when b - written < slots. Everything else
 *    grows, so the oldest batch can always go on. A slot's old content is gone for everybody once written
 *    has passed it.
 * 4. A partition's identities, baselines and automata each see the same calls in the same order, whatever
 *    the number of workers. They share nothing but the watermark, and each batch carries its own: as it was
 *    before and as it is behind (watermark.h), so a round that runs ahead sees what the others will.
 * 5. Nor do batches show: the watermark moves at ticks, which in a replay lie at fixed places of the input;
 *    a batch ends at a tick at the latest. Between two ticks lies a period.
 * 6. Questions asked in period p are answered in the touch round of the first batch of period p +
 *    ASK_PERIODS, after every shard has done its hits of period p, and delivered in its hit round. Their
 *    list is in slot p modulo ASK_SLOTS: it is written in hit rounds of p, read in one touch round, emptied
 *    in the hit round behind it, and invariant 2 separates the three.
 * 7. What rules over rules take (language.md B21) is derived in rounds of lower depth and goes into the list
 * of its own depth and shard: so a list is written before any round reads it. It is taken together with the
 *    records' hits in order of what caused it (rounds.c). A round that the rules have no depth for is done
 *    together with the last that they have.
 * 8. A batch that is the first with its rules, or keeps, lets a shard begin none of its rounds before it has done all
 *    rounds of the batch before. All sets are freed by control, after the writer has said that their last
 *    batch is written.
 */
#ifndef CSR_ENGINE_RUN_BATCH_H
#define CSR_ENGINE_RUN_BATCH_H

#include "engine/match/match.h"
#include "engine/run/costs.h"
#include "engine/run/feeds.h"
#include "engine/run/notices.h"
#include "engine/run/ring.h"
#include "engine/run/run.h"
#include "engine/run/vec.h"
#include "engine/run/wait.h"
#include "engine/run/watermark.h"

#include <pthread.h>
#include <stdalign.h>

#define BATCH_RECORDS    256u
#define TICK_RECORDS     256u
#define BATCHES_A_WORKER 8u
#define ASK_PERIODS      8u
#define ASK_SLOTS        (ASK_PERIODS + 1)
#define SETS_ALIVE       16u
#define QUESTIONS_MOST   16u
#define AHEAD_MOST       300 /* seconds by which an event may precede its delivery and move the watermark */
#define CACHE_LINE       64

_Static_assert(ASK_PERIODS < STATE_ASK_MOVES, "answers must come before state has forgotten what was asked");

/* ROUND_HIT + d: of rules of depth d. */
enum round { ROUND_SEEN, ROUND_TOUCH, ROUND_HIT, ROUNDS = ROUND_HIT + IR_DEPTHS };
#define ROUND_LAST (ROUNDS - 1)

/* A rule set ready to run. Made and freed by control; workers read it, and each has a matcher of its own. */
struct rules {
    const struct ir *ir;
    void *owner;
    uint64_t generation;
    struct plan *plan;
    const uint32_t *first_step; /* plan_first_steps */
    struct decoder *decoder;
    struct state_plan *state_plan;
    struct matcher **matchers; /* [workers] */
    uint32_t n_matchers;
    struct shard_costs *costs; /* [n_shards] */
    uint32_t n_shards;
    bool hears;        /* a rule takes what the engine tells of itself */
    uint32_t n_depths; /* of its rules: 1 where none is over another */
};

/* ---- batches ------------------------------------------------------------------------------------------- */

struct sighting {
    uint32_t record;
    int64_t second;
    struct hash128 identity;
};

/* What the matcher has for one shard, in order of records. */
struct share {
    struct VEC(struct sighting) sightings;
    struct VEC(struct touch) touches;
    struct VEC(struct hit *) hits[IR_DEPTHS]; /* in the batch's memory */
};

/* A hit that a group of another rule makes, with what it is ordered by. */
struct derived_hit {
    struct hit *hit; /* in the memory of the yield */
    uint32_t rule;   /* whose group it is */
    struct text key; /* and under which key */
    uint32_t number; /* among those of one shard */
};
struct derived_hits VEC(struct derived_hit);

/* An exception took a record from a step. */
struct taken {
    uint32_t record; /* in the batch */
    uint32_t exception;
};

/* An exception took a match, or (change -1) no longer does. */
struct swallow {
    uint32_t exception;
    int change;
};

struct incidents VEC(struct incident *);
/* Of one record several things may give way in one partition: numbered, so that each has a name. */
struct evicted {
    struct state_eviction what;
    uint32_t depth, partition, number;
};
struct evictions VEC(struct evicted);

/* What one shard makes of a batch. */
struct yield {
    struct VEC(struct answer) answers; /* to share.touches, by number */
    struct incidents incidents;        /* as they came, in `memory` */
    struct pool memory;
    struct VEC(struct swallow) swallowed;
    struct VEC(uint32_t) late;    /* rules that a late record hit, once for each */
    struct evictions evictions;   /* names in `memory` */
    uint32_t n_heard;             /* of them, those that rules over others were told */
    struct derived_hits *derived; /* [IR_DEPTHS][shards], of rules of that depth under that shard's keys */
    int64_t settled[IR_DEPTHS];   /* up to here its partitions of each depth know all for good */
    uint64_t hits, n_derived;
    struct state_adoption adoption; /* if the batch adopts */
    struct state_counts counts;     /* if the batch counts */
    struct state_held *held;        /* the same: [n_rules], in `memory` */
    struct VEC(struct run_key *) keys; /* if the batch has a question; in `memory` */
    bool waits;     /* a partition's settling waits for answers; if the batch ends the input */
    bool is_broken; /* no memory */
};

struct batch {
    /* by the dealer */
    uint64_t number, first_seq;
    uint32_t n;
    struct rules *rules;
    bool adopts; /* the first with its rules */
    bool ticks;  /* the watermark moves at its end */
    bool opens_period;
    bool is_end; /* all input came before: the watermark passes everything */
    bool counts; /* control wants state counted */
    bool keeps;  /* a checkpoint of what is before it: checkpoint.c */
    const struct run_question *question; /* control wants to know what is held for a key; NULL: it does not */
    uint64_t period;
    uint64_t asks_after; /* opens_period: batches whose hits all shards must have done before its touches */
    bool in_order;       /* the input's records come in order of time, whatever their feed */
    int64_t clock;       /* seconds that a live input was watched for; 0 of history */
    uint64_t bytes_read, bytes_all;
    struct input_record *records;
    struct text *origins;

    /* by the matcher */
    alignas(CACHE_LINE) uint64_t matched; /* number + 1: cursor */
    uint8_t *asides;                      /* [n] enum aside */
    int64_t *seconds;                     /* [n] of those that are not set aside, like what follows */
    bool *is_ahead;                       /* [n] dated ahead of its arrival */
    uint32_t *showing_of;                 /* [n] of showings */
    struct VEC(struct showing) showings;  /* each feed once */
    uint32_t *showing_places;             /* open addressing by id: number + 1, or 0 */
    struct pool memory;
    struct share *shares; /* [shards] */
    struct VEC(struct taken) taken;
    struct feeds feeds; /* that its records showed, of those that a rule requires to be fresh */
    bool is_broken;

    /* by the timing token's holder */
    int64_t before, passed; /* the watermark, without and with this batch */
    struct VEC(struct feed_turn) turns;

    /* by shards */
    uint8_t *sighted;     /* [n] enum sighted: by the shard that owns the record's identity */
    struct yield *yields; /* [shards] */
};

/* ---- settling ------------------------------------------------------------------------------------------ */

struct question {
    struct settle_ask ask;
    uint64_t generation;     /* of the rules that ask.touch.baseline is a number of */
    uint64_t fingerprint[2]; /* of that baseline, to find it again after a reload */
    struct answer answer;
};

struct questions VEC(struct question);

/* ---- shards and the whole ------------------------------------------------------------------------------ */

struct shard {
    alignas(CACHE_LINE) uint32_t token;
    alignas(CACHE_LINE) uint64_t done[ROUNDS]; /* batches: cursors */
    /* the token holder's alone */
    alignas(CACHE_LINE) uint64_t floor[ROUNDS]; /* least done[] of all shards, when last looked at */
    struct work *work;                          /* the round under way, for what its partitions tell */
    struct json_out line;                       /* of a notice */
    struct feeds feeds[IR_DEPTHS];              /* as far as its hit rounds have come */
    struct derived_hits pending;                /* those of the batch and depth at hand, in order */
    struct sampler hits, moves;                 /* whose time is measured */
    bool is_measured;                           /* this move of the watermark is */
    uint64_t moment;                            /* ticks, up to which it is billed */
};

/* A checkpoint while it is made, part by part, each by who holds what it says. One at a time. */
struct part {
    struct arena *arena;
    struct tape tape;
};
struct checkpoint {
    uint8_t is_under_way;             /* flag: from the dealer until the writer is done with it */
    struct part names, dealer, time, writer;
    struct part shards[STATE_PARTITIONS]; /* [n_shards] */
};

struct worker {
    struct run *run;
    unsigned index;
    pthread_t thread;
    bool is_started;
};

struct dealer { /* the dealing token's holder */
    uint64_t next_seq;
    uint64_t released; /* records given back to the input */
    uint64_t first;    /* sequence of the first record of this run: 1, or behind a checkpoint */
    struct rules *rules;
    uint64_t period;
    bool opens_period;        /* the next batch does */
    uint64_t ends[ASK_SLOTS]; /* batches before the end of the period, by period modulo ASK_SLOTS */
    bool is_at_end;
    bool has_ended;     /* the batch that ends the input was dealt */
    int64_t last_look;  /* nanoseconds of the clock */
    int64_t watched;    /* nanoseconds that the input was watched for */
    int64_t last_clock; /* seconds of it that the last batch said */
    uint32_t origin;
    struct text origin_name;
    bool knows_origin;
};

struct writer { /* the writing token's holder */
    struct run_counts counts;
    struct rules *rules;               /* of the last batch written */
    uint64_t *swallowed;               /* [rules->ir->n_exceptions] */
    uint64_t *late;                    /* [rules->ir->n_rules] */
    struct VEC(struct run_feed) feeds; /* by the watermark's numbers; their names are the writer's */
    bool waits;                        /* the last batch written left settling that waits */
    bool is_mute;                      /* out.incident said no, or a batch was broken */
    struct incidents merged, spare;
    struct notices notices;
    struct ledger ledger;
};

struct run {
    struct run_options o;
    uint32_t n_slots, n_shards;
    struct batch *slots;
    struct shard *shards;
    struct worker *workers;
    struct state *partitions[IR_DEPTHS][STATE_PARTITIONS];              /* p is shard p mod n_shards's */
    struct questions questions[ASK_SLOTS][IR_DEPTHS][STATE_PARTITIONS]; /* by the partition that asks */

    alignas(CACHE_LINE) uint32_t dealing; /* token */
    struct dealer dealer;
    alignas(CACHE_LINE) uint32_t timing; /* token */
    struct watermark watermark;
    alignas(CACHE_LINE) uint32_t writing; /* token */
    struct writer writer;

    alignas(CACHE_LINE) uint64_t dealt;   /* batches: cursor */
    alignas(CACHE_LINE) uint64_t timed;   /* batches: cursor */
    alignas(CACHE_LINE) uint64_t written; /* batches: cursor */
    alignas(CACHE_LINE) uint64_t last;    /* batches in all; UINT64_MAX until the dealer knows: cursor */
    alignas(CACHE_LINE) struct wait wait;

    struct checkpoint checkpoint;
    uint8_t halts;       /* flag: the writer has nobody to write to */
    uint8_t wants_count; /* flag */
    uint8_t no_memory;   /* flag */

    struct ring published; /* struct rules: control to the dealer */
    struct ring retired;   /* struct rules: the writer to control */
    struct ring asked;     /* struct run_question: control to the dealer */
    /* control's own */
    struct rules *alive[SETS_ALIVE];
    uint64_t generation;
};

static inline struct batch *run_batch(struct run *r, uint64_t number)
{
    return &r->slots[number % r->n_slots];
}

/* A power of two, of which at most half are taken. */
static inline uint32_t run_showing_places(const struct run *r)
{
    uint32_t n = 64;
    while (n < 2 * r->o.batch_records) n *= 2;
    return n;
}

static inline struct derived_hits *yield_derived(const struct run *r, const struct yield *y, uint32_t depth,
                                                 uint32_t shard)
{
    return &y->derived[depth * r->n_shards + shard];
}

/* 0 of a rule that is over no other. */
static inline uint32_t run_depth(const struct rules *rules, uint32_t rule)
{
    return rules->n_depths > 1 ? rules->ir->rules[rule].depth : 0;
}

static inline uint32_t run_shard(const struct run *r, struct hash128 h)
{
    return state_partition(h) % r->n_shards;
}

/* Each looks for work of one kind, does it and says whether there was any. None waits, except a dealer that
 * is told to watch an idle input. */
bool run_deal(struct run *r, struct worker *w, bool may_watch);
void run_match(struct run *r, struct batch *b, struct matcher *m);
bool run_time(struct run *r);
bool run_shard_rounds(struct worker *w, uint32_t shard);
bool run_write(struct run *r);
/* The number in `ir` of the rule of this name, looked for from `hint` on, where it mostly is; IR_NONE: there
 * is none. */
uint32_t run_same_rule(const struct ir *ir, struct text name, uint32_t hint);
static inline void run_add_held(struct state_held *to, const struct state_held *more)
{
    to->keys += more->keys, to->half_built += more->half_built;
    to->incidents += more->incidents, to->bytes += more->bytes;
}
/* The counts point to the ledger's sums. */
static inline void run_show_ledger(struct writer *w)
{
    w->counts.rules = w->ledger.now;
    w->counts.steps = w->ledger.steps_now;
    w->counts.decode_ns = w->ledger.parts_now[MATCH_DECODE];
    w->counts.baselines_ns = w->ledger.parts_now[MATCH_BASELINES];
    w->counts.give_ns = w->ledger.parts_now[MATCH_GIVE];
}
/* What is left to be told when the last batch is written. */
void run_tell_rest(struct run *r);
/* What this partition gives up is told in the yield of the round under way. */
void run_listen(struct run *r, uint32_t depth, uint32_t partition);
/* What a shard's partitions of a depth hold for the key that the batch asks for. */
void run_look(const struct run *r, const struct batch *b, uint32_t shard, uint32_t depth, struct yield *y);
/* After publishing a cursor: wakes a sleeper where there is enough to do for two. */
void run_progressed(struct run *r);
void run_wake_all(struct run *r);

/* The writer counts for these rules from here on; counts go with the names. old: NULL, there were none. */
void run_count_for(struct run *r, const struct ir *old, const struct ir *new);

/* checkpoint.c: what each holder says of where it stands, before it begins with a batch that keeps. */
void run_keep_dealer(struct run *r);
void run_keep_time(struct run *r);
void run_keep_shard(struct run *r, uint32_t shard);
/* And the writer, who has all of it then. */
void run_keep_whole(struct run *r);
void checkpoint_release(struct run *r);

#endif
