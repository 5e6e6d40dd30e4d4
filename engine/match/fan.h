/* fan.h - the combinations that several values of one event make: keys, joins, what a baseline is asked.
 *
 * Each part of a key is a value or a list; a list fans out (language.md B11). All values are held as their canonical
 * bytes (value.h). A combination takes one value of each part, the last part running fastest.
 */
#ifndef CSR_ENGINE_MATCH_FAN_H
#define CSR_ENGINE_MATCH_FAN_H

#include "engine/ir/eval.h"
#include "engine/match/hit.h"

enum fan_state {
    FAN_GOOD,
    FAN_ABSENT,  /* a part has no value */
    FAN_UNKNOWN, /* a part is withheld */
    FAN_SHORT,   /* no room in the scratch: eval->overflowed is set */
};

/* Distinct values in the order of the list, at most HIT_FAN_MOST. */
struct fan_part {
    struct text *values;
    uint32_t n;
};

struct fan {
    struct fan_part *parts;
    uint32_t n_parts;
    uint32_t n;          /* combinations, at most HIT_FAN_MOST */
    uint64_t n_dropped;  /* those beyond */
};

/* Memory is the evaluator's scratch. A node IR_NONE is a part of one empty value. */
enum fan_state fan_open(struct fan *f, struct eval *e, uint32_t n_parts);
enum fan_state fan_set(struct fan *f, struct eval *e, uint32_t part, ir_node_id node);
/* The part is one of these, which no value is. */
#define FAN_NOTHING  TEXT("\xff") /* there is no value */
#define FAN_WITHHELD TEXT("\xfe") /* nobody can tell which */
enum fan_state fan_set_alone(struct fan *f, struct eval *e, uint32_t part, struct text bytes);
void fan_close(struct fan *f); /* all parts are set: counts combinations */
struct text fan_value(const struct fan *f, uint32_t combination, uint32_t part);

#endif
