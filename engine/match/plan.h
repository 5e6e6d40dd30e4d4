/* plan.h - the inside of a plan: who wants which `service:action`.
 *
 * A want is one group of one step (or of one baseline's `on`). Wants are numbered in the order in which rules, steps
 * and groups stand, baselines last; sets of wants are ascending lists of these numbers, so that walking a set meets a
 * step's groups one after the other and the first that fits can give the values.
 */
#ifndef CSR_ENGINE_MATCH_PLAN_H
#define CSR_ENGINE_MATCH_PLAN_H

#include "engine/match/match.h"
#include "engine/match/text.h"

struct want {
    bool is_baseline;
    uint32_t owner; /* rule or baseline */
    uint32_t step;  /* 0 of a baseline */
    uint32_t group; /* of the step */
    const struct ir_group *of; /* NULL: a baseline without `on` takes every record */
    uint64_t schemas;          /* bits: records of these kinds alone (`from`) */
    bool is_forbidden;         /* the step may not be: an event of which nobody can tell matters (language.md B14) */
};

/* A growing ascending list of want numbers. */
struct wants {
    uint32_t *at;
    uint32_t len, cap;
};
void wants_push(struct wants *w, uint32_t want);
void wants_sort(struct wants *w); /* and drop what is there twice */

/* The wants of one exact `service:action`: exact_wants[first .. first + n). */
struct exact {
    struct text service, action;
    uint32_t first, n;
};

struct pattern {
    struct text service, action; /* either half may hold "*" */
    uint32_t want;
};

/* What people are shown of an event, beside what every schema says. */
enum evidence_field {
    EVIDENCE_REGION, EVIDENCE_ACCOUNT, EVIDENCE_IP, EVIDENCE_SERVICE, EVIDENCE_ERROR,
    EVIDENCE_FIELDS
};

/* Whose doing an event is: of each level the first field that the record has. */
#define OWNER_FIELDS_MOST 4


/* How rules name a feed of a schema. */
struct feed_parts {
    uint32_t schema;
    bool by_account, by_region;
};

struct plan {
    const struct ir *ir;
    uint64_t secret[2];
    struct text_plan *texts;
    struct want *wants;
    uint32_t n_wants;
    struct exact *exacts;
    uint32_t n_exacts;
    uint32_t *exact_slots; /* open addressing: number of an exact + 1, or 0 */
    uint32_t n_exact_slots; /* a power of two */
    struct wants exact_wants;
    struct pattern *patterns;
    uint32_t n_patterns;
    struct wants always;   /* the lone "*" */
    struct wants *takers;  /* [ir->n_rules] of each rule's groups */
    uint64_t (*identity_keys)[2]; /* by schema: the same identity in two kinds of records is two things */
    struct feed_parts *feeds; /* that rules require to be fresh, each once */
    uint32_t n_feeds;
    uint32_t *first_step;      /* [ir->n_rules + 1] steps of all rules before it: steps are numbered through */
    struct hash128 *rule_ids, *baseline_ids; /* of their full names: the first part of every key's hash */
    uint32_t evidence[EVIDENCE_FIELDS];      /* ir->fields, or IR_NONE */
    uint32_t owner[OWNERS][OWNER_FIELDS_MOST];
};

uint64_t plan_hash_name(const struct plan *p, struct text service, struct text action);
/* All wants of this name but those that are always wanted; out is emptied first. */
void plan_resolve(const struct plan *p, struct text service, struct text action, struct wants *out);

#endif
