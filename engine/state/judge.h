/* judge.h - what a group amounts to: score, severity, title, reasons, responses. And whether a hit's gate
 * holds.
 *
 * Expressions are those of the IR, evaluated over the group: its witness, the events gathered, the baselines'
 * answers. Everything that a verdict points at lies in the partition's scratch: it is valid until the next
 * verdict.
 */
#ifndef CSR_ENGINE_STATE_JUDGE_H
#define CSR_ENGINE_STATE_JUDGE_H

#include "engine/state/partition.h"

struct verdict {
    uint32_t swallowed; /* 1 + number of the rule's exception that takes the group: it is no incident; 0: none
                           does */
    int32_t score;
    enum ir_severity severity;
    struct text title;
    struct incident_reason *reasons;
    uint32_t n_reasons;
    struct incident_action *actions; /* whose threshold the score has reached */
    uint64_t *action_hashes;
    uint32_t n_actions;
    struct value *probes;
    uint32_t n_probes;
};

/* The events that are known of a group's step, in order of time and identity, and how many there were. */
struct known_events {
    const struct kept *const *at;
    uint32_t len;
    uint64_t count;
};
struct known_events known_events(const struct keyed *k, struct group *g, uint32_t step);

/* told: what the incident last was, or NULL; a score does not fall below it until it is settled. */
void judge_group(struct state *s, const struct keyed *k, struct group *g, const struct emitted *told,
                 bool is_settled, struct verdict *out);
/* Whether the gate of the hit's group holds, with the answers that it has now. */
enum tri judge_gate(struct state *s, const struct rule_plan *p, const struct kept *k);
/* What `where` says of the window that ends where g would open. */
enum tri judge_where(struct state *s, const struct keyed *k, struct group *g, struct gathered *eligible);
/* The values that the group shows as an event to rules over its rule (ir_rule.gives), in the partition's
 * scratch; NULL: it shows none, or there is no room. */
struct value *judge_given(struct state *s, const struct keyed *k, struct group *g);
/* Whether an exception of the rule takes the group. */
bool judge_swallows(struct state *s, const struct keyed *k, struct group *g);
/* Feeds that are behind, or an event of which nobody can tell (language.md B10): the requirement whose `else` says so,
 * counted from 1; 0: none does. */
uint8_t judge_doubt_of(const struct ir_rule *r, const struct group *g);
/* For a new rule set. */
void judge_prepare(struct state *s, const struct ir *ir);

#endif
