/* eval_document.c - texts that hold JSON: json(f, g…).
 *
 * Sources write documents in every form: as text with blanks before and behind, percent-encoded (IAM's
 * answers), or as a true object (S3's bucketPolicy). Whatever the form, what comes out is a view of checked
 * JSON in UTF-8, like any other object of the record. What is no JSON counts as not there: the next field is
 * asked.
 *
 * Invariants
 * 1. Nothing but the scratch is written, at most as many bytes as the text has. A text is read at most three
 * times.
 */
#include "engine/base/jsontext.h"
#include "engine/base/utf8.h"
#include "engine/ir/eval_op.h"
#include "engine/ir/json_value.h"

/* ---- reading ------------------------------------------------------------------------------------------- */

/* Whether t is one JSON value; then *json is its text without the blanks around it. */
static bool is_json(struct text t, struct text *json)
{
    struct json_scan s = json_scan_of(t);
    return json_value_text(&s, json) && json_end(&s);
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = text_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX; what only looks like it stays. Forms also write a blank as +. Returns the length. */
static uint32_t percent_decode(struct text t, bool plus_is_blank, char *out)
{
    char *to = out;
    for (uint32_t i = 0; i < t.len; i++) {
        int high = t.at[i] == '%' && t.len - i > 2 ? hex_of(t.at[i + 1]) : -1;
        int low = high >= 0 ? hex_of(t.at[i + 2]) : -1;
        *to++ = low >= 0 ? (char)(high << 4 | low) : plus_is_blank && t.at[i] == '+' ? ' ' : t.at[i];
        if (low >= 0) i += 2;
    }
    return (uint32_t)(to - out);
}

/* False: it is no JSON either way, or has no room. */
static bool read_encoded(struct eval *e, struct text t, struct text *json)
{
    if (!t.len || !memchr(t.at, '%', t.len)) return false;
    char *bytes = eval_take(e, t.len);
    for (int plus_is_blank = 0; bytes && plus_is_blank < 2; plus_is_blank++) {
        struct text plain = {bytes, percent_decode(t, plus_is_blank, bytes)};
        if (utf8_valid(plain) && is_json(plain, json)) return true;
    }
    return false;
}

static struct value read_text(struct eval *e, struct text t)
{
    struct text json;
    struct value v;
    bool overflowed = e->overflowed;
    e->overflowed = false;
    bool found = is_json(t, &json) || read_encoded(e, t, &json);
    if (found && !json_value(json, e->scratch, &v)) e->overflowed = true;
    if (!found) v = e->overflowed ? value_withheld() : value_absent();
    e->overflowed |= overflowed;
    return v;
}

static struct value document_of(struct eval *e, struct value v)
{
    if (v.kind == VALUE_NULL) return value_absent();
    return v.kind == VALUE_STRING ? read_text(e, value_text(v)) : v;
}

/* Of a list the documents among its elements. */
static struct value documents_of(struct eval *e, struct value v)
{
    if (v.kind != VALUE_LIST) return document_of(e, v);
    struct value *items = eval_take(e, v.len * sizeof *items), list = {.kind = VALUE_LIST, .items = items};
    if (!items) return value_withheld();
    for (uint32_t i = 0; i < v.len; i++) {
        items[list.len] = document_of(e, v.items[i]);
        list.len += items[list.len].kind != VALUE_ABSENT;
    }
    return list.len ? list : value_absent();
}

struct value eval_json(struct eval *e, const struct ir_node *node)
{
    for (uint32_t i = 0; i < node->n; i++) {
        struct value v = documents_of(e, eval_operand(e, node, i));
        if (v.kind != VALUE_ABSENT) return v;
    }
    return value_absent();
}
