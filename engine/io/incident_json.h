/* incident_json.h - one revision of an incident as one line of JSON: what product.md, "An incident", shows.
 *
 * Every line has the same members in the same order up to `response`; where a rule says nothing they are null or
 * empty. Behind it stand those that are seldom there: author, license, merged_into, predecessor. Within a step's
 * events, what a record does not have is left out. Times are UTC.
 */
#ifndef CSR_ENGINE_IO_INCIDENT_JSON_H
#define CSR_ENGINE_IO_INCIDENT_JSON_H

#include "engine/base/json_out.h"
#include "engine/state/incident.h"

/* Puts the line, without its newline. No memory: o->failed. */
void incident_json(struct json_out *o, const struct incident *i);
/* A key's canonical bytes as one object, by the names in `by`. */
void incident_key_json(struct json_out *o, const struct ir_rule *rule, struct text key);
/* The arguments of i->actions[index] as one object: what a journal keeps, and what an action is given. */
void incident_action_json(struct json_out *o, const struct incident *i, uint32_t index);

#endif
