/* json.c - see json.h. The only file of the engine that knows jansson. */
#include "engine/base/json.h"

#include <jansson.h>
#include <stdio.h>

bool json_read_text(struct text document, const char *name, char *out, size_t room, char why[160])
{
    json_error_t error;
    json_t *object = json_loadb(document.at, document.len, JSON_REJECT_DUPLICATES, &error);
    const json_t *member = json_object_get(object, name);
    size_t len = json_string_length(member);
    bool fits = json_is_string(member) && len < room;
    if (!object)
        snprintf(why, 160, "no JSON: %.120s", error.text);
    else if (!fits)
        snprintf(why, 160, "%s: a text of less than %zu bytes is wanted", name, room);
    else
        memcpy(out, json_string_value(member), len + 1);
    json_decref(object);
    return fits;
}
