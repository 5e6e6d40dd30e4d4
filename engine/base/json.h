/* json.h - reads small JSON documents from outside: requests to a running service. Records have a decoder of their own
 * (engine/event). And lists of values that rules read from files. */
#ifndef CSR_ENGINE_BASE_JSON_H
#define CSR_ENGINE_BASE_JSON_H

#include "grammar/base/text.h"

#include <stddef.h>
#include <stdint.h>

/* The member `name` of the object, which must be text of less than `room` bytes. False and why: it is not. */
bool json_read_text(struct text document, const char *name, char *out, size_t room, char why[160]);

/* The member `name`, which must be an array of 1 … most texts without NUL, copied into `room`. Their number; 0 and why. */
uint32_t json_read_texts(struct text document, const char *name, struct text *out, uint32_t most, char *room, size_t size,
                         char why[160]);

/* A document that is an array of texts and numbers, or of objects that have them as a member. */
struct json_list;
enum json_item_kind { JSON_ITEM_TEXT, JSON_ITEM_WHOLE, JSON_ITEM_REAL, JSON_ITEM_OTHER };
struct json_item {
    enum json_item_kind kind;
    struct text text; /* valid until the list is closed */
    int64_t whole;
    double real;
};
/* NULL: it is none; why, and at which byte. */
struct json_list *json_list_open(struct text document, char why[160], uint32_t *at);
void json_list_close(struct json_list *list);
uint32_t json_list_len(const struct json_list *list);
/* member NULL: the element itself. */
struct json_item json_list_item(const struct json_list *list, uint32_t index, const char *member);

#endif
