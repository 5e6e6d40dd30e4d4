/* incident.h - what a match amounts to for people, sinks and actions: one revision of one incident.
 *
 * State makes it, in the batch's memory; writers and actions copy what they keep.
 */
#ifndef CSR_ENGINE_STATE_INCIDENT_H
#define CSR_ENGINE_STATE_INCIDENT_H

#include "engine/match/hit.h"

enum incident_state {
    INCIDENT_OPEN,      /* provisional: seen for the first time */
    INCIDENT_UPDATED,
    INCIDENT_SETTLED,   /* the watermark has passed everything it rests on */
    INCIDENT_CLOSED,    /* nothing can join it any more */
    INCIDENT_RETRACTED, /* a later record took it back */
    INCIDENT_MERGED,    /* it fell together with merged_into */
};
const char *incident_state_name(enum incident_state s);

struct incident_step {
    uint32_t step;
    uint64_t count;  /* events gathered; for a step that nothing counts, those that are evidence or joined later */
    const struct evidence **events; /* the witness's and the first and last eight gathered, by time and identity */
    uint32_t n_events;
    int64_t first, last; /* seconds */
};

struct incident_reason {
    int32_t points;
    struct text why; /* in words */
    bool is_unknown; /* counted nothing: a baseline has no history yet, or a value was withheld */
};

enum proposal_state { PROPOSAL_PROPOSED, PROPOSAL_UNLOCKED_LATER };

struct incident_action {
    uint32_t respond;      /* rule->responds */
    struct value *args;    /* [n_args]; a list for f[] */
    uint32_t n_args;
    bool is_new;           /* unlocked by this revision: a sink or runner acts on this once */
    bool is_refused;       /* more targets than its limit, or than 256 */
    struct text refusal;
};

struct incident {
    const struct ir *ir;
    uint32_t rule, depth;    /* depth: of the rule, over others */
    uint64_t cause;          /* sequence of the record that made this revision, or of the watermark's batch */
    bool by_watermark;
    struct text key;         /* canonical bytes of the key's parts */
    char id[33], match_id[33]; /* hexadecimal; match_id is empty until the first settled revision */
    char merged_into[33], predecessor[33];
    uint32_t revision;       /* from 1 */
    enum incident_state state;
    enum ir_severity severity;
    int32_t score;
    struct text title;
    bool tie, capped, blinded;
    const struct evidence *blinded_by; /* an event that may be a forbidden one; NULL: none, or a feed is silent */
    uint32_t blinded_step;             /* which it may be of */
    struct text missing;               /* the values that would tell, in words */
    int64_t start, opened, end; /* seconds */
    struct text completing;     /* identity of the completing event */
    struct text *witness;       /* identities, in the order of match */
    uint32_t n_witness;
    struct incident_step *steps; /* those that have events, in the order of the rule */
    uint32_t n_steps;
    struct incident_reason *reasons;
    uint32_t n_reasons;
    struct incident_action *actions; /* those whose threshold the score has reached */
    uint32_t n_actions;
    struct text *accounts;
    uint32_t n_accounts;
    struct value *probes;    /* [n_probes] values of rule->probes */
    uint32_t n_probes;
};

#endif
