/* json.h - reads small JSON documents from outside: requests to a running service. Records have a decoder of their own
 * (engine/event). */
#ifndef CSR_ENGINE_BASE_JSON_H
#define CSR_ENGINE_BASE_JSON_H

#include "grammar/base/text.h"

#include <stddef.h>

/* The member `name` of the object, which must be text of less than `room` bytes. False and why: it is not. */
bool json_read_text(struct text document, const char *name, char *out, size_t room, char why[160]);

#endif
