/* csr.h - the public interface of the engine: compile rules, replay history, run a service.
 *
 * Two opaque things matter. A csr_ruleset is immutable and may be shared by any number of engines and threads. A
 * csr_engine consumes records and gives incidents. A program that only checks rules needs no engine; an engine needs
 * no compiler.
 *
 * Nothing here is global: two engines in one process do not know of one another. Functions that fail say why in the
 * csr_report they are given, or in the error text of their result; none prints.
 */
#ifndef CSR_ENGINE_CSR_H
#define CSR_ENGINE_CSR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CSR_VERSION "0.1.0"

typedef struct csr_report csr_report;
typedef struct csr_ruleset csr_ruleset;

/* Exit statuses of commands, and of calls that can fail in more than one way. */
enum csr_status {
    CSR_OK = 0,
    CSR_WRONG = 1,  /* the thing asked about is wrong: a rule error, a record set aside */
    CSR_USAGE = 2,
    CSR_SYSTEM = 3, /* an unreadable file, a broken socket, no memory */
};

/* ---- reports: diagnostics of a compile ----------------------------------------------------------------- */

csr_report *csr_report_new(void);
void csr_report_free(csr_report *r);
uint32_t csr_report_errors(const csr_report *r);
uint32_t csr_report_warnings(const csr_report *r);
/* A file that could not be read, as opposed to a file that is wrong. */
bool csr_report_system_failed(const csr_report *r);
struct csr_report_style {
    bool color, json;
};
void csr_report_print(const csr_report *r, FILE *to, struct csr_report_style style);

/* ---- rule sets ----------------------------------------------------------------------------------------- */

/* One text: a file by path (text NULL: it is read), or bytes in memory under a name. */
struct csr_text {
    const char *name;
    const char *text;
    size_t len;
};

struct csr_compile_options {
    const struct csr_text *texts; /* files, or folders walked for .csr */
    size_t n_texts;
    bool without_lints;
    bool without_cache;      /* pattern databases are made anew; see csr_compile */
    bool without_patterns;   /* none are made: such a rule set can be looked at, not run */
    bool with_tests;         /* `test` blocks are checked as well, and csr_test can run them */
    bool leaves_out_refused; /* what is not executed yet is left out, not an error: only for running the other tests */
    bool keeps_refused;      /* what is not executed yet is kept, to be looked at: such a rule set cannot be run */
    int64_t today;           /* seconds since 1970, by which the warning of an expired exception is given; 0: it is not */
    bool tells_unused;       /* for running: records of sources that no rule uses are counted, and no mistake */
    bool every_field; /* also the whole standard library, with fields that no rule reads: for csr_fields */
};

/* Compiles everything together with the embedded standard library and, where a text says `use aws-core`, the embedded
 * packs. No texts: the embedded community rules. NULL if there was any error: *r says which. The report may be NULL.
 * Databases of patterns are kept in $CACHE_DIRECTORY, $XDG_CACHE_HOME/csr or $HOME/.cache/csr, whichever is set first; they
 * only save time. */
csr_ruleset *csr_compile(const struct csr_compile_options *o, csr_report *r);
void csr_ruleset_free(csr_ruleset *rs);
size_t csr_ruleset_rules(const csr_ruleset *rs);
const char *csr_ruleset_rule_name(const csr_ruleset *rs, size_t index);
/* Rules that a `disable` switched off: how many, and the name and reason of one. */
size_t csr_ruleset_disabled(const csr_ruleset *rs);
const char *csr_ruleset_disabled_name(const csr_ruleset *rs, size_t index, const char **reason);
/* Hexadecimal digest of everything the set was made from. */
const char *csr_ruleset_digest(const csr_ruleset *rs);
/* The rule of this name: the full one, or the part behind the pack if only one rule has it. False: there is none;
 * *near, which lives as long as the set, is then the nearest name or NULL. */
bool csr_ruleset_find(const csr_ruleset *rs, const char *name, size_t *index, const char **near);

/* "tokens", "ast", "ir", "plan" or "tests". The first two show one text; they work on wrong files too. */
enum csr_status csr_dump(const struct csr_compile_options *o, const char *stage, FILE *to, csr_report *r);

/* ---- rules and fields for people ----------------------------------------------------------------------- */

/* What a rule looks for, when it speaks, what it waits for, needs and costs, in plain words, wrapped at 100 columns. */
enum csr_status csr_explain_rule(const csr_ruleset *rs, size_t index, FILE *to, bool color);

/* A rule's automaton as "text" (fits into `width` columns if it can), "dot" or "svg". CSR_USAGE: another form. */
enum csr_status csr_graph_rule(const csr_ruleset *rs, size_t index, const char *form, unsigned width, FILE *to);

/* The catalogue of fields that match a glob or contain a text (NULL: all of them, in short), with where each source of
 * the set has them; one JSON object a line if json. CSR_WRONG: no field is called so, *near the nearest or NULL. */
enum csr_status csr_fields(const csr_ruleset *rs, const char *pattern, bool json, FILE *to, const char **near);

/* The long explanation of a diagnostic code; NULL if there is no such code, *near then the nearest one or NULL. */
const char *csr_explain_code(const char *code, const char **title, const char **near);
/* All codes in order, for docs/diagnostics.md: NULL behind the last. */
const char *csr_code(size_t index);

/* ---- tests --------------------------------------------------------------------------------------------- */

enum csr_test_verdict { CSR_TEST_PASSED, CSR_TEST_FAILED, CSR_TEST_SKIPPED };

/* An expectation that was not met. */
struct csr_test_failure {
    const char *expected;     /* as the test says it: "expect incident once where score >= 85"; or "variation: …" */
    unsigned line;
    const char *const *lines; /* what was there instead, and why: one fact a line */
    size_t n_lines;
};

/* All of it is valid during the call. */
struct csr_test_result {
    const char *rule, *title;
    const char *file;
    unsigned line;
    enum csr_test_verdict verdict;
    const char *code, *why; /* SKIPPED: the diagnostic that says why it cannot run yet, and its title */
    const struct csr_test_failure *failures;
    size_t n_failures;
};

/* A part of a rule, and in how many tests it had its say. */
struct csr_test_clause {
    const char *kind;  /* "step", "score", "severity", "respond", "except" */
    const char *words; /* "probe", "+10 if exists quota", "critical if …", "at 60 aws.quarantine" */
    uint64_t tests;
};
struct csr_test_coverage {
    const char *rule;
    uint64_t tests; /* that ran */
    const struct csr_test_clause *clauses;
    size_t n_clauses;
};

struct csr_test_options {
    const char *filter; /* only tests in whose rule or title this stands; NULL: all */
    void *world;
    void (*result)(void *world, const struct csr_test_result *r);     /* in order of files and lines */
    void (*coverage)(void *world, const struct csr_test_coverage *c); /* of each rule of the files; NULL: not asked */
};
struct csr_test_counts {
    uint64_t passed, failed, skipped;
};

/* Runs the tests of a set that was compiled with_tests, all of them, and of those that pass the standard variations.
 * CSR_WRONG: some failed. */
enum csr_status csr_test(const csr_ruleset *rs, const struct csr_test_options *o, struct csr_test_counts *out);

/* ---- traces -------------------------------------------------------------------------------------------- */

struct csr_trace_options {
    const char *const *paths; /* files, folders, or "-" */
    size_t n_paths;
    const char *const *keys;  /* only keys that have each of these as one of their parts; globs; n_keys 0: those that came
                                 furthest and did not fire */
    size_t n_keys;
    size_t most;              /* keys that are told of */
    void *world;
    /* One JSON object without its newline: for each key that is told of, and one at the end for all. */
    void (*tell)(void *world, const char *json, size_t len);
    const volatile bool *stop; /* set by a signal handler: ends early, nothing is told; NULL: never */
};

/* Why a rule did not fire on these records, key by key: how far it got, and what was missing. The records are read
 * several times; what is kept of them is bounded. */
enum csr_status csr_trace(const csr_ruleset *rs, size_t rule, const struct csr_trace_options *o, char error[512]);

/* ---- replay -------------------------------------------------------------------------------------------- */

struct csr_counts { /* product.md, promise 2: in = evaluated + late + duplicate + aside */
    uint64_t in, evaluated, late, duplicate, aside;
    uint64_t not_used; /* of those evaluated: of sources that no rule uses */
    uint64_t ahead;    /* of those evaluated: dated more than five minutes ahead of their delivery */
    uint64_t hits, incidents, revisions, bytes;
    uint64_t state_bytes, state_work; /* taken from the system; units that do not depend on the machine */
    uint64_t states_made, states_completed, states_expired, states_vetoed, states_superseded, states_merged,
        states_dropped, states_evicted, states_live;
    uint64_t keys_evicted, hits_refused, values_evicted, identities_evicted; /* given up for want of room */
};

/* A record that was not evaluated. The record's bytes are valid during the call. */
struct csr_aside {
    const char *file;
    uint64_t line;
    uint64_t number; /* of the record in the file, from 1: many may stand in one line; 0: the rest of the file */
    const char *why;
    const char *record;
    size_t record_len;
};

struct csr_progress {
    uint64_t bytes_read, bytes_all; /* bytes_all 0: unknown */
    uint64_t records, incidents;
};

/* What an exception of a tune took in a replay. */
struct csr_swallowed {
    const char *rule, *exception;
    bool on_match; /* count is of matches, else of events */
    uint64_t count;
};

/* A feed whose time was wrong in a replay: of records that were late, or dated ahead. Texts are empty where records do
 * not say. */
struct csr_feed {
    const char *kind, *account, *region;
    uint64_t records, late, ahead;
    bool lags; /* what it showed last was more than max_lag older than what other feeds did */
};

/* How much is kept at most, by the names of docs/operator.md. */
struct csr_cap {
    const char *name;
    uint64_t most;
};
/* The caps that there are: name and default, what is counted, what happens when it is full. False behind the last. */
bool csr_cap_at(size_t index, struct csr_cap *cap, const char **what, const char **full);

struct csr_replay_options {
    const char *const *paths; /* files, folders, or "-" */
    size_t n_paths;
    unsigned threads;         /* 0: one a processor */
    int64_t lateness;         /* seconds; < 0: what the sources declare */
    int64_t max_lag;          /* seconds by which a feed may be behind others and is still waited for; 0: half an hour */
    void *world;
    /* One revision of an incident as a line of JSON without its newline. Called in the one order that every number
     * of threads gives. False ends the replay (a closed pipe). */
    bool (*incident)(void *world, const char *json, size_t len);
    void (*aside)(void *world, const struct csr_aside *a);
    /* An event that csr itself tells (csr:evicted), as a JSON object; among the incidents, in order. NULL: nobody asks. */
    void (*notice)(void *world, const char *json, size_t len);
    void (*progress)(void *world, const struct csr_progress *p); /* now and then; NULL: never */
    /* At the end, each exception that took anything, in the order of rules; NULL: nobody asks. */
    void (*swallowed)(void *world, const struct csr_swallowed *s);
    /* At the end, each feed whose time was wrong; NULL: nobody asks. */
    void (*feed)(void *world, const struct csr_feed *f);
    const volatile bool *stop; /* set by a signal handler: ends early, in order; NULL: never */
    const struct csr_cap *caps; /* over those of the set's site file and the defaults */
    size_t n_caps;
};

struct csr_replay_result {
    struct csr_counts counts;
    uint64_t passed_over; /* files among delivered logs that are none: not read, not counted as records */
    char error[512]; /* CSR_SYSTEM: what failed, with its path */
};

enum csr_status csr_replay(const csr_ruleset *rs, const struct csr_replay_options *o, struct csr_replay_result *out);

/* ---- the service --------------------------------------------------------------------------------------- */

struct csr_run_options {
    const char *site;    /* path of the site file */
    unsigned threads;
    const char *socket;  /* control socket; NULL: what the site file says, else beside it */
    const char *state;   /* folder of the action journal and of checkpoints; NULL: what the site file says */
    unsigned checkpoint_seconds; /* between two checkpoints; 0: 60 */
    unsigned batch_records;      /* records that go through together, at most; 0: 256 */
    uint64_t checkpoint_records; /* after so many records a checkpoint as well; 0: by time alone */
    const volatile bool *stop;    /* SIGTERM, SIGINT */
    volatile bool *reload;        /* SIGHUP sets it, the service clears it */
    void *world;
    void (*talk)(void *world, const char *line); /* receipts and troubles, for standard error */
};

/* Compiles the site file and runs until told to stop or until a standard input that it reads has ended. */
enum csr_status csr_run(const struct csr_run_options *o, csr_report *r, char error[512]);

/* One request to a running service, one answer: a JSON object as text, to be freed. NULL: error says why. */
char *csr_control(const char *socket, const char *request_json, char error[512]);

#endif
