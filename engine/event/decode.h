/* decode.h - bytes of one record to an event, reading only what the rules read.
 *
 * The slots of a rule set are compiled into a trie of member names; a record is scanned once, values outside
 * the trie are skipped but still checked to be JSON (RFC 8259) in UTF-8, within the limits of event.h.
 * jansson is the oracle that this is tested against: every slot equal, every malformed record refused by
 * both.
 */
#ifndef CSR_ENGINE_EVENT_DECODE_H
#define CSR_ENGINE_EVENT_DECODE_H

#include "engine/base/time.h"
#include "engine/event/columns.h"
#include "engine/event/event.h"
#include "engine/ir/eval.h"

struct decoder; /* the trie: immutable, shared by workers */

/* NULL: no memory. */
struct decoder *decoder_new(const struct ir *ir);
void decoder_free(struct decoder *d);

/* Fills event->slots ([ir->n_slots], the caller's), record, schema, identity, time, second, service and
 * action; seq is the caller's. `eval` is the worker's: it is reset for this event and reads it until the
 * next; `eval->scratch` holds what escapes were undone in, and during the call a table of names (two bytes
 * for each byte of the record at most). With too little scratch eval->overflowed is set, and the result
 * is not to be used. */
enum aside decode_event(const struct decoder *d, struct eval *eval, struct text record, struct event *event);
/* The same of a line of values. */
enum aside decode_line(const struct decoder *d, struct eval *eval, struct text line, const struct columns *columns,
                       struct event *event);

#endif
