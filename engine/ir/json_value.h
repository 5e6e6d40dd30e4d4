/* json_value.h - one JSON value as a value of the language.
 *
 * What sources do to values is undone here, for the decoder and the evaluator alike: texts that stand for
 * something withheld, and EC2's {"tag": 1, "content": "x"} for a text in a list.
 */
#ifndef CSR_ENGINE_IR_JSON_VALUE_H
#define CSR_ENGINE_IR_JSON_VALUE_H

#include "engine/base/scratch.h"
#include "engine/base/value.h"

/* json: the text of one checked JSON value. Objects and arrays stay text; escapes are undone in the scratch.
 * False: it has no room, and the value is unknown. */
bool json_value(struct text json, struct scratch *scratch, struct value *out);

/* The member's value (absent if there is none) of an object's text. False as above. */
bool json_member(struct text object, struct text name, struct scratch *scratch, struct value *out);

/* The text of the only member's value, if the object's only member has that name. */
bool json_only_member(struct text object, struct text name, struct text *out);

#endif
