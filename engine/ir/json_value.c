/* json_value.c - see json_value.h. */
#include "engine/ir/json_value.h"

#include "engine/base/jsontext.h"
#include "engine/base/number.h"

static bool is_withheld(struct text t)
{
    return text_equal(t, TEXT("HIDDEN_DUE_TO_SECURITY_REASONS")) ||
           text_equal(t, TEXT("<sensitiveDataRemoved>"));
}

static bool string_value(struct text json, struct scratch *scratch, struct value *out)
{
    struct text raw = {json.at + 1, json.len - 2};
    if (raw.len && memchr(raw.at, '\\', raw.len)) {
        char *bytes = scratch_take(scratch, raw.len);
        *out = value_withheld();
        if (!bytes) return false;
        raw = (struct text){bytes, json_unescape(raw, bytes)};
    }
    *out = is_withheld(raw) ? value_withheld() : value_string(raw);
    return true;
}

/* {"tag":1,"content":"x"}, in either order and with nothing else in it: *out is the text of the content. */
static bool tagged_content(struct text object, struct text *out)
{
    struct json_scan s = json_scan_of(object);
    struct json_object o;
    struct json_string name;
    struct text value;
    bool has_tag = false, has_content = false;
    if (!json_object_begin(&s, &o)) return false;
    while (json_object_next(&s, &o, &name) && json_value_text(&s, &value)) {
        if (text_equal(name.text, TEXT("tag")) && !has_tag) {
            has_tag = true;
        } else if (text_equal(name.text, TEXT("content")) && !has_content && *value.at != '{' &&
                   *value.at != '[') {
            has_content = true;
            *out = value;
        } else {
            return false;
        }
    }
    return has_tag && has_content;
}

bool json_value(struct text json, struct scratch *scratch, struct value *out)
{
    struct text content;
    switch (*json.at) {
    case '"': return string_value(json, scratch, out);
    case '{':
        if (tagged_content(json, &content)) return json_value(content, scratch, out);
        /* fall through */
    case '[': *out = (struct value){.kind = VALUE_JSON, .s = json.at, .len = json.len}; return true;
    case 't': *out = value_bool(true); return true;
    case 'f': *out = value_bool(false); return true;
    case 'n': *out = (struct value){.kind = VALUE_NULL}; return true;
    default: return number_parse(json, out);
    }
}

bool json_member(struct text object, struct text name, struct scratch *scratch, struct value *out)
{
    struct json_scan s = json_scan_of(object);
    struct json_object o;
    struct json_string found;
    struct text value;
    *out = value_absent();
    s.scratch = scratch;
    if (!json_object_begin(&s, &o)) return true;
    while (json_object_next(&s, &o, &found)) {
        bool is_it = text_equal(found.text, name);
        json_name_done(&s, &found);
        if (!json_value_text(&s, &value)) return true;
        if (is_it) return json_value(value, scratch, out);
    }
    if (s.fault == JSON_NO_ROOM) *out = value_withheld();
    return s.fault != JSON_NO_ROOM;
}

bool json_only_member(struct text object, struct text name, struct text *out)
{
    struct json_scan s = json_scan_of(object);
    struct json_object o;
    struct json_string found;
    struct text value;
    if (!json_object_begin(&s, &o) || !json_object_next(&s, &o, &found) || !text_equal(found.text, name))
        return false;
    if (!json_value_text(&s, &value) || json_object_next(&s, &o, &found) || s.fault) return false;
    *out = value;
    return true;
}
