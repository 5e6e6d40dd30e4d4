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

static bool copy_text(const json_t *item, struct text *out, char **room, const char *end)
{
    size_t len = json_string_length(item);
    if (!json_is_string(item) || len > (size_t)(end - *room)) return false;
    memcpy(*room, json_string_value(item), len);
    *out = (struct text){*room, (uint32_t)len};
    *room += len;
    return true;
}

uint32_t json_read_texts(struct text document, const char *name, struct text *out, uint32_t most, char *room, size_t size,
                         char why[160])
{
    json_error_t error;
    json_t *object = json_loadb(document.at, document.len, JSON_REJECT_DUPLICATES, &error);
    const json_t *array = json_object_get(object, name);
    size_t n = json_array_size(array), taken = 0;
    const char *end = room + size;
    while (n <= most && taken < n && copy_text(json_array_get(array, taken), &out[taken], &room, end)) taken++;
    if (!object) snprintf(why, 160, "no JSON: %.120s", error.text);
    else if (!n || taken < n) snprintf(why, 160, "%s: an array of 1 to %u texts is wanted", name, most);
    json_decref(object);
    return taken == n ? (uint32_t)n : 0;
}

/* ---- lists ---- */

static json_t *json_of(const struct json_list *list)
{
    return (json_t *)(uintptr_t)list;
}

struct json_list *json_list_open(struct text document, char why[160], uint32_t *at)
{
    json_error_t error;
    json_t *list = json_loadb(document.at, document.len, JSON_REJECT_DUPLICATES, &error);
    *at = list ? 0 : error.position > 0 ? (uint32_t)error.position - 1 : 0;
    if (!list) snprintf(why, 160, "no JSON: %.120s", error.text);
    if (!list || json_is_array(list)) return (struct json_list *)list;
    snprintf(why, 160, "an array of values is wanted");
    json_decref(list);
    return NULL;
}

void json_list_close(struct json_list *list)
{
    json_decref(json_of(list));
}

uint32_t json_list_len(const struct json_list *list)
{
    return (uint32_t)json_array_size(json_of(list));
}

struct json_item json_list_item(const struct json_list *list, uint32_t index, const char *member)
{
    const json_t *item = json_array_get(json_of(list), index);
    if (member) item = json_object_get(item, member);
    if (json_is_string(item))
        return (struct json_item){.kind = JSON_ITEM_TEXT,
                                  .text = {json_string_value(item), (uint32_t)json_string_length(item)}};
    if (json_is_integer(item)) return (struct json_item){.kind = JSON_ITEM_WHOLE, .whole = json_integer_value(item)};
    if (json_is_real(item)) return (struct json_item){.kind = JSON_ITEM_REAL, .real = json_real_value(item)};
    return (struct json_item){.kind = JSON_ITEM_OTHER};
}
