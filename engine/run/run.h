/* run.h - the engine's threads: N equal workers that take an input through match and state to a writer.
 *
 *     struct run *r = run_new(&options);
 *     run_publish(r, ir, owner);
 *     run_go(r);        // the caller is worker 0; comes back when the input has ended
 *     run_free(r);
 *
 * The same input gives the same calls of `incident`, in the same order, for every number of workers, every
 * size of batch and every place of a reload of the same rules: see batch.h for how.
 *
 * While run_go runs, one other thread (control) may call run_publish, run_retired and run_ask_count.
 */
#ifndef CSR_ENGINE_RUN_RUN_H
#define CSR_ENGINE_RUN_RUN_H

#include "engine/base/tape.h"
#include "engine/event/input.h"
#include "engine/state/state.h"

struct run;

/* What came of one feed (watermark.h). */
struct run_feed {
    struct text kind, account, region; /* empty: its records do not say */
    uint32_t source;                   /* the input's number of it */
    int64_t newest;                    /* second; INT64_MIN: only records that are dated ahead */
    int64_t max_lag;
    uint64_t records, late, ahead;
    bool lags; /* what it shows is more than max_lag older than what others do */
};

/* What a rule did and costs since it is there under its name. Times are of one processor, and about: they are
 * measured on one event in so many (costs.h). */
struct run_rule {
    uint64_t looked;        /* events that a predicate of it was put to */
    uint64_t hits, derived; /* as in run_counts */
    uint64_t incidents;     /* opened */
    uint64_t match_ns;      /* predicates, exceptions, keys and values; what rules share is the first one's */
    uint64_t state_ns;      /* hits, and settling */
    uint64_t settling_ns;   /* of these: while the watermark moved */
    struct state_held held; /* at present */
};
struct run_step {
    uint64_t hits, derived, match_ns, state_ns;
};

/* product.md, promise 2: in = evaluated + late + duplicate + aside, in whatever was written so far. */
struct run_counts {
    uint64_t in, evaluated, late, duplicate, aside;
    uint64_t not_used; /* of those evaluated: of a source that no rule uses, so nothing was to be looked at */
    uint64_t ahead;    /* of those evaluated: dated more than five minutes ahead of their arrival */
    uint64_t hits;     /* of records that were no duplicates */
    uint64_t derived;  /* hits beside these: groups of matches that rules over rules took, also taken back */
    uint64_t incidents, revisions;
    uint64_t bytes_read, bytes_all; /* of the input; bytes_all 0: not known */
    uint64_t generation;            /* of the rules of the last batch */
    int64_t watermark;              /* second; INT64_MIN: none yet, INT64_MAX: the input has ended */
    struct state_counts states;     /* filled at the end, and for run_ask_count */
    const struct ir *ir;            /* of that generation; NULL: none yet */
    const uint64_t *swallowed; /* [ir->n_exceptions] events and groups that exceptions took; like the rest of
                                  these valid during the call, after run_go until run_free */
    const uint64_t *late_hits; /* [ir->n_rules] late records that fitted a step of the rule */
    const struct run_rule *rules;              /* [ir->n_rules]; filled like `states`, NULL until then */
    const struct run_step *steps;              /* of all rules, one behind the other */
    uint64_t decode_ns, baselines_ns, give_ns; /* of the match stage, beside the rules: enum match_part */
    const struct run_feed *feeds;              /* as they showed up */
    uint32_t n_feeds;
    int64_t newest; /* second that any feed has shown; INT64_MIN: none */
};

/* Nothing came of it for so long that nobody is held up by it. */
static inline bool run_feed_is_idle(const struct run_counts *c, const struct run_feed *f)
{
    return !f->lags && f->newest != INT64_MIN && f->newest < c->newest - f->max_lag;
}

static inline bool run_adds_up(const struct run_counts *n)
{
    return n->in == n->evaluated + n->late + n->duplicate + n->aside;
}

struct run_aside {
    struct text origin, record; /* valid during the call */
    uint64_t line, number;      /* of the record in its file; number 0: it is none */
    enum aside why;
};

/* What is held for a key, asked by its parts as people write them: each may be a text, a number, an address
 * or a truth value, and every rule whose key has so many parts is asked for each. */
#define KEY_PARTS_MOST   4
#define KEY_MATCHES_MOST 64 /* that are told of one rule */
struct run_question {
    struct text parts[KEY_PARTS_MOST];
    uint32_t n_parts;
};
/* A half-built match. */
struct run_match {
    uint32_t automaton;
    const struct ir_place *places; /* [n_places] */
    uint32_t n_places;
    const uint64_t *before; /* [n_places] bits of places that come before */
    uint16_t *taken;        /* [n_places] events */
    int64_t *last;          /* [n_places] second of the last of them */
    int64_t start;
};
struct run_key {
    struct state_key is;
    struct run_match *matches;
    uint32_t n_matches;
};

/* All are called by one worker at a time, in order of the input; NULL where nobody wants to know. */
struct run_out {
    void *world;
    /* False ends the run: nobody reads any more. */
    bool (*incident)(void *world, const struct incident *i);
    void (*aside)(void *world, const struct run_aside *a);
    /* An event that csr itself tells (notices.h), as a JSON object. */
    void (*notice)(void *world, struct text line);
    /* Every partition runs the rules of this owner now. Rules are counted once, half-built matches over all.
     */
    void (*adopted)(void *world, void *owner, uint64_t generation, const struct state_adoption *what);
    /* A feed began to lag, or came back (f->lags). */
    void (*feed)(void *world, const struct run_counts *so_far, const struct run_feed *f);
    /* After each batch, behind its incidents. */
    void (*written)(void *world, const struct run_counts *so_far);
    /* The answer to run_ask_count. */
    void (*counted)(void *world, const struct run_counts *all);
    /* The answer to run_ask_key: what is held behind a batch, rule by rule, and (key NULL) that this was all.
     */
    void (*key)(void *world, const struct run_question *q, const struct run_counts *so_far,
                const struct run_key *key);
};

/* Checkpoints (checkpoint.c): where a run stands between two batches, so that another one can go on from there. */
struct run_keeping {
    void *world;
    /* By the dealer, while none is under way: whether one is wanted now. NULL: never. */
    bool (*is_due)(void *world);
    /* By the dealer, before it takes the records of the batch that begins behind it: how far the input has been taken.
     * Once more, if that batch does not come about. */
    void (*begin)(void *world);
    /* By the writer, when everything before it was given out. The sections are valid during the call; n 0: no memory. */
    void (*whole)(void *world, const struct tape_section *sections, uint32_t n);
};

struct run_options {
    struct run_keeping keeping;
    unsigned workers;    /* at least 1 */
    struct input *input; /* outlives the run */
    struct run_out out;
    int64_t
        lateness;    /* seconds of disorder of every feed; < 0: as its source or its kind of records has it */
    int64_t max_lag; /* seconds by which a feed may be behind and hold others up; 0: as its source has it,
                        else half an hour */
    const uint64_t *secret;    /* [2]: key of the hashes that state is found by */
    const volatile bool *stop; /* ends the run in order, without the end of input; NULL: never */
    /* Nanoseconds of a clock that only moves on: idle feeds are moved by it. NULL in a replay.
     * With it the watermark moves at the end of each batch, without it every 256 records, whatever the
     * batches. */
    int64_t (*clock)(void *world);
    /* Seconds since 1970: the arrival of a record that knows no stamp of delivery. NULL: it is not judged
     * whether such a one is dated ahead. */
    int64_t (*arrival)(void *clock_world);
    void *clock_world;
    const struct caps *caps; /* NULL: the defaults */
    uint32_t batch_records;  /* 0: 256 */
    uint32_t batches;        /* in flight; 0: 8 a worker */
    uint32_t sample; /* time is measured on one event, hit and move of the watermark in so many; 0: as is
                        cheap (costs.h) */
    uint32_t shards; /* that free workers claim, at most 64; 0: one a worker */
};

/* NULL: no memory. */
struct run *run_new(const struct run_options *o);
void run_free(struct run *r);

/* From the next batch on these rules, which outlive the run or their return by run_retired. False: no memory,
 * or sixteen sets are alive. */
bool run_publish(struct run *r, const struct ir *ir, void *owner);
/* The owner of a set that nothing uses any more, once; NULL: none at the moment. */
void *run_retired(struct run *r);
/* Has out.counted called soon. */
void run_ask_count(struct run *r);

/* Has out.key called soon, by the worker that owns the key's partition; q lives until then. False: too many
 * are asked. */
bool run_ask_key(struct run *r, const struct run_question *q);

enum run_end {
    RUN_ENDED,    /* all input was taken and all questions were answered */
    RUN_STOPPED,  /* by options.stop, or by out.incident */
    RUN_NO_MEMORY /* incidents up to that batch were given */
};
/* Before run_go, with one set published: goes on where these sections stood, as language.md B24 says if the rules are
 * others. The hashes must be under the same secret. False: they make no sense, and the run is of no use. */
bool run_restore(struct run *r, const struct tape_section *sections, uint32_t n);
/* After run_go that was stopped: a checkpoint of where it stands, by keeping.begin and keeping.whole. */
void run_keep(struct run *r);
/* Once. At least one set must have been published. */
enum run_end run_go(struct run *r);
/* After run_go. */
void run_count(struct run *r, struct run_counts *out);

#endif
