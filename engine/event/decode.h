/* decode.h - bytes of one record to an event, reading only what the rules read.
 *
 * The slots of a rule set are compiled into a trie of member names; a record is scanned once, values outside the trie
 * are skipped but still checked to be JSON (RFC 8259) in UTF-8, within the limits of event.h. jansson is the oracle
 * that this is tested against: every slot equal, every malformed record refused by both.
 */
#ifndef CSR_ENGINE_EVENT_DECODE_H
#define CSR_ENGINE_EVENT_DECODE_H

#include "engine/event/event.h"
#include "engine/ir/eval.h"

struct decoder; /* the trie: immutable, shared by workers */

struct decoder *decoder_new(const struct ir *ir);
void decoder_free(struct decoder *d);

/* Fills event->slots, record, schema, identity, time, second, service and action; seq is the caller's. `eval` is the
 * worker's: reset for this event, its leaf set; `scratch` holds what escapes were undone in. */
enum aside decode_event(const struct decoder *d, struct eval *eval, struct text record, struct event *event);

/* Times as sources write them: "2023-07-10T11:45:00Z", with a fraction or an offset, "2022-09-30 15:11:25.000000000",
 * epoch seconds or milliseconds (by size). False if it is none of them. */
bool time_parse(struct text t, int64_t *nanoseconds);
/* "2023-07-10T11:45:00Z", with a fraction only if there is one; at most 31 bytes with the NUL. */
uint32_t time_print(int64_t nanoseconds, char out[32]);

#endif
