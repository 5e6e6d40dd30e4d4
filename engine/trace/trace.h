/* trace.h - why a rule did not fire on some records: what the files that implement csr_trace share.
 *
 *   trace.c    the passes over the records, and what is told at the end
 *   survey.c   how far each key came: all of them, a few words each
 *   near.c     of keys that are told of: the events that would have been next, and how near each came
 *   json.c     what was found, as JSON
 *
 * The records are read once to see who came how far; then, for the few keys that are told of, once for the
 * choices that came so far and what is forbidden, once more for the events that were nearest to going on, and
 * where a match is no incident, for a rule that asks less. So nothing but those few keys has to be remembered
 * in detail.
 *
 * Invariants
 * 1. How far a key came is what was folded for good: it does not depend on the order of arrival.
 * 2. What is kept is bounded: KEYS_MOST keys in a few words, CHOICES_MOST choices and FORBIDDEN_MOST
 * forbidden events of each key that is told of. What is given up is counted and said.
 */
#ifndef CSR_ENGINE_TRACE_TRACE_H
#define CSR_ENGINE_TRACE_TRACE_H

#include "engine/base/json_out.h"
#include "engine/watch/why.h"

#define KEYS_MOST      (1u << 17)
#define CHOICES_MOST   512
#define FORBIDDEN_MOST 256
#define AGREED_MOST    64
#define NEXT_MOST      16
#define INCIDENTS_MOST 16
#define PATIENCE       1800 /* seconds: so far may a feed be behind others in a replay, and hold them up */

/* ---- the survey ---------------------------------------------------------------------------------------- */

/* A key, in a few words. */
struct came {
    struct text key;
    bool is_complete;
    uint32_t full, events; /* places that have all they need; events in all */
    int64_t second;        /* of the last event of the first choice that came so far; INT64_MIN: none did */
    int64_t incidents;     /* that were not taken back */
};

/* > 0: x came further than y. 0: as far. */
int came_order(const struct came *x, const struct came *y);

struct survey;
struct survey *survey_new(void); /* NULL: no memory */
void survey_free(struct survey *s);
/* The key's entry; one that is not there is made. */
struct came *survey_key(struct survey *s, struct text key);
/* Entries, and keys that were forgotten because others came further. */
uint32_t survey_len(const struct survey *s);
struct came *survey_at(struct survey *s, uint32_t i);
uint64_t survey_forgotten(const struct survey *s);
/* Those that came furthest first. Entries are not found by key any more. */
void survey_sort(struct survey *s);

/* ---- keys that are told of ----------------------------------------------------------------------------- */

/* In which way an event did not go on. */
enum nearness {
    NEAR_INSIDE,    /* of the same key, within the window: a part of the predicate is false, a baseline … */
    NEAR_OUTSIDE,   /* it fits, but comes too late or too early */
    NEAR_OTHER_KEY, /* it fits, within the window, but is another key's */
    NEARS
};

/* The event that came nearest in that way. */
struct near_event {
    bool is_there;
    int64_t distance;     /* twice the parts that do not hold, less one if it fills the step; seconds */
    uint32_t choice;      /* of the subject's, to which it came so near */
    struct json_out said; /* an object */
};

/* A place that waits for events. */
struct next {
    uint32_t step, place, taken, of;
    uint64_t seen; /* events of its calls */
    struct near_event near[NEARS];
};

struct agreed {
    uint32_t join;
    struct hash128 value;
    struct text words;
};

struct subject {
    bool has_key; /* else: no key came anywhere; every event is looked at that is not another's than was asked
                     for */
    struct came came;
    struct reach *choices; /* [CHOICES_MOST] in order of time; joins are theirs */
    uint32_t n_choices;
    uint64_t all_choices, stride; /* every stride-th is kept */
    struct ARENA_VEC(const struct hit *) forbidden;
    struct ARENA_VEC(struct agreed) agreed;
    struct next next[NEXT_MOST];
    uint32_t n_next;
    /* of a match that is no incident */
    struct text why; /* empty: nobody knows */
    uint32_t unmet;
    int32_t score;
    struct json_out incidents[INCIDENTS_MOST];
    uint32_t n_incidents;
};

struct seen_hit {
    const struct hit *hit;
    const struct answer *answers;
};

struct seen_hits ARENA_VEC(struct seen_hit);
struct taken_by ARENA_VEC(uint32_t); /* exceptions that took the record from a step */

struct trace {
    const struct csr_trace_options *o;
    struct bench bench;
    const struct ir_rule *rule;
    uint64_t forbidden;            /* bits of steps, of the automaton that is told of: the first */
    struct arena *arena, *passing; /* passing: of the record at hand */
    struct survey *survey;
    struct subject *subjects;
    uint32_t n_subjects;
    struct subject *alone; /* the only one of the pass; NULL: all */
    struct watch watch;
    struct why why;
    FILE *spool; /* standard input, to be read again; NULL: it is not read */
    char spool_name[32];
    const char **paths; /* [o->n_paths] */

    struct text record; /* at hand */
    const struct input_record *place;
    struct text file;
    struct seen_hits hits;
    struct taken_by taken;
    uint64_t records, aside;
    int64_t first, last; /* seconds of records */
    uint32_t exception;  /* that took a match in this pass; IR_NONE: none did */
    char *error;
};

/* Whether a key is one that the user asked for. */
bool trace_wants_key(struct trace *t, struct text key);
/* Begins the words at hand: "all steps are there at 09:00:00". */
void trace_put_at(struct trace *t, const char *what, int64_t second);
/* The words at hand are why the subject's match is no incident. */
void trace_keep_why(struct trace *t, struct subject *s);

/* ---- what comes near (near.c) -------------------------------------------------------------------------- */

/* The places that the next event of a subject may fill. */
void near_begin(struct trace *t, struct subject *s);
/* Looks at the record at hand for each subject. */
void near_look(struct trace *t, const struct event *event);
/* Whether something forbidden stands against the subject's complete choices: said in s->why. */
void near_forbidden(struct trace *t, struct subject *s);

/* ---- telling (json.c) ---------------------------------------------------------------------------------- */

void trace_tell_subject(struct trace *t, const struct subject *s);
void trace_tell_all(struct trace *t);

#endif
