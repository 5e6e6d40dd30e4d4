/* trial.h - a run over made-up records with stand-ins for match and state (fake_stages.h), and all that came
 * out of it as text: two trials over the same records must give the same bytes.
 *
 * The input is control as well: it publishes rules in the middle of the stream, as a thread beside could.
 */
#ifndef CSR_TESTS_STRESS_TRIAL_H
#define CSR_TESTS_STRESS_TRIAL_H

#include "tests/stress/fake_stages.h"

/* A checkpoint, and how far the trial that made it had come. */
struct kept_place {
    uint32_t given, lines;
    size_t len; /* of the text */
    struct tape_section *sections; /* their bytes are owned */
    uint32_t n;
};
void free_place(struct kept_place *p);

/* What one run is given, and what came out of it. */
struct trial {
    unsigned workers;
    uint32_t batch_records, batches, shards;
    uint32_t n_records;
    uint64_t seed;
    uint32_t reload_every; /* records; 0: never */
    uint32_t reload_at;    /* before this record; 0: never */
    uint32_t idle_every;   /* the input says INPUT_IDLE in between; 0: never */
    uint32_t stop_after;   /* incidents; 0: never */
    bool live, arrives_early;
    uint32_t keep_every; /* records between two checkpoints; 0: never */
    const struct kept_place *from; /* where it goes on; NULL: from the beginning */
    uint32_t warm_after; /* records, after which memory in use is looked at; 0: never */
    size_t warm, most;   /* bytes in use then, and the most since */

    struct run *run;
    struct fake_record *records;
    uint32_t given;
    uint64_t released; /* cursor: the dealer gives back, the writer looks */
    bool was_idle, was_reloaded;
    int reloads, retired, adopted;
    int64_t clock;
    uint32_t kept_at, begun_at;
    struct kept_place *kept; /* the caller's to free */
    uint32_t n_kept;
    char *text; /* one line a revision */
    size_t len, cap;
    uint32_t lines, asides, turns;
    uint64_t turned, late_hits;
    int64_t highest, furthest; /* watermark, and before the end */
    struct run_counts counts;
    enum run_end end;
};

/* Makes the records by t->seed and runs. t->text is the caller's to free. */
void run_trial(struct trial *t);
/* Everything that does not depend on threads. Fails the test (cmocka) where it differs. */
void assert_same(const struct trial *want, const struct trial *got);
/* One worker, batches as usual. */
struct trial plain(uint32_t n_records, uint64_t seed);

#endif
