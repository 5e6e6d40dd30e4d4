/* watch.h - one rule over records, one record at a time and in one partition, so that everything can be
 * watched: hits, answers, how far each choice gets, every revision. What tests and traces have in common.
 *
 * A bench holds what all watches of a rule set share: the stages, made ready for one rule. Rules never affect
 * one another, so the others need not be there; but a rule over rules stands among all of them, and those whose
 * groups it takes run with it, unseen.
 */
#ifndef CSR_ENGINE_WATCH_WATCH_H
#define CSR_ENGINE_WATCH_WATCH_H

#include "engine/event/input.h"
#include "engine/match/plan.h"
#include "engine/ruleset.h"
#include "engine/state/state.h"
#include "grammar/base/arena.h"

#define STEPS_MOST  64
#define PART_PROBES 3

/* ---- the bench ----------------------------------------------------------------------------------------- */

/* A rule as it is, or asking less: for why a match was no incident. */
enum rule_form {
    RULE_AS_IT_IS,
    RULE_OPEN,          /* `open at 0` */
    RULE_WITHOUT_WHERE, /* nor `where`: each completion is a group of its own, and its probes are the parts of
                           `where` */
    RULE_FORMS
};
struct rule_made {
    struct ir ir; /* with this rule alone, or over rules with all */
    struct ir_rule *rules;
    struct state_plan *plan;
    struct state *live[IR_DEPTHS]; /* of the watch at hand: whoever leaves by an escape leaves it here */
};

struct bench {
    const struct ir *ir;
    const struct sources *sources;
    struct decoder *decoder;
    struct eval eval; /* for looking at single events again */
    struct scratch scratch;
    struct value *slots;

    uint32_t rule; /* that the stages are made for; IR_NONE: none yet */
    struct rule_made forms[RULE_FORMS];
    uint32_t number; /* of the rule in the forms */
    bool *runs;      /* [n_rules of the forms] it and those below it */
    struct plan *plan;
    struct matcher *matcher;
    struct matcher *deriving; /* of the groups that rules over rules take; NULL: it is none */
    ir_node_id *probes; /* of RULE_WITHOUT_WHERE: for each part of `where` itself and its two sides, or itself
                           again */
    uint32_t n_probes;  /* PART_PROBES each */

    struct merge *merge; /* of the files that are being read */
};

/* False: no memory; it is to be released all the same. */
bool bench_init(struct bench *b, const csr_ruleset *rs);
void bench_aim(struct bench *b, uint32_t rule);
void bench_release(struct bench *b);
/* A record decoded once more, for looking at: what it says is valid until the next. False: it cannot be read.
 */
bool bench_read(struct bench *b, const struct enrichment *e, struct text record, struct event *event);

/* ---- a watch ------------------------------------------------------------------------------------------- */

/* Who is told. What may be NULL says so. */
struct watcher {
    void *world;
    /* Whether the hit is put to state; NULL: each. */
    bool (*wants)(void *world, const struct hit *h);
    /* Of a record that is no duplicate, with the answers [h->n_asks] as they are at arrival. NULL: nobody
     * asks. */
    void (*hit)(void *world, const struct hit *h, const struct answer *answers);
    /* An exception (rule->exceptions) took the record from a step. NULL: nobody asks. */
    void (*taken)(void *world, uint32_t exception);
    /* … and by `change` so many matches. NULL likewise. */
    void (*swallowed)(void *world, uint32_t exception, int change);
    void (*reached)(void *world, const struct state_view *v);       /* NULL: nobody looks */
    void (*incident)(void *world, const struct incident *i);        /* valid as long as the memory */
    void (*feed)(void *world, struct hash128 feed, int64_t second); /* as match_out.feed */
    int64_t (*feed_come)(void *world, struct hash128 feed);         /* as state_out.feed */
};

struct watch {
    struct bench *bench;
    enum rule_form form;
    const struct ir_rule *rule;
    struct arena *arena;  /* for what lasts */
    struct arena *memory; /* for what incidents point at, and hits: forgotten when its owner likes */
    struct watcher told;
    struct state *state; /* of rules over records, with the baselines: states[0] */
    struct state *states[IR_DEPTHS];
    uint32_t depth; /* at hand */
    int64_t patience; /* seconds that the watermark stays behind beside the source's disorder */
    int64_t watermark;
    uint64_t seq; /* of the record at hand, from 1 */
    bool is_duplicate;
    struct ARENA_VEC(struct touch) touches; /* of the record at hand */
    struct ARENA_VEC(struct answer) answers;
    struct ARENA_VEC(struct hit *) arriving; /* of the record at hand, then of groups, by depth as they come */
    struct ARENA_VEC(struct settle_ask) asks;
};

/* w->bench, form, arena, memory, patience and told are set. enrichment: NULL: nothing is known of addresses. */
void watch_begin(struct watch *w, const struct enrichment *e);
/* What a record of a file is to the rules: an object; a line of values becomes one. A copy. */
struct text watch_text(struct arena *a, const struct input_record *record);
/* One record more. ASIDE_NONE: *event is filled, its views valid until the next. */
enum aside watch_record(struct watch *w, struct text record, struct event *event);
/* All records up to this second have come. */
void watch_pass(struct watch *w, int64_t second);
/* The input has ended. */
void watch_end(struct watch *w);

#endif
