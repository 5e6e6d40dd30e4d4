/* eval_document_policy.c - statements(f, g…): the statements of a policy, made regular.
 *
 * A policy may write one value or a list almost everywhere, NotAction beside Action, "*" or {"AWS": …} for a
 * principal, conditions as objects in objects. A rule should not have to know: each statement is written
 * anew, as a JSON object that always has the same members,
 *
 *   {"effect": "Allow", "actions": […], "resources": […], "principals": […],
 *    "conditions": [{"operator": "StringEquals", "key": "aws:SourceVpce", "values": […]}, …], "negated":
 * false}
 *
 * and from there on it is an object like any other of the record. Strings are copied as they stand, escapes
 * and all. Names of members are compared without case, so that nobody hides a statement behind another
 * spelling.
 *
 * Invariants
 * 1. What is written is measured first by the same functions and then taken from the scratch in one piece; a
 * document that would need more than the scratch may hold is withheld, never cut.
 * 2. Output is valid JSON whenever input is.
 */
#include "engine/base/jsontext.h"
#include "engine/ir/eval_op.h"
#include "engine/ir/json_value.h"

/* ---- writing: measured with at NULL, then done --------------------------------------------------------- */

struct writer {
    char *at; /* NULL: measured only */
    size_t len;
};

static void put(struct writer *w, struct text t)
{
    if (w->at && t.len) memcpy(w->at + w->len, t.at, t.len);
    w->len += t.len;
}

/* A value of a list: a comma stands before all but the first. */
static void put_item(struct writer *w, struct text json, bool *is_first)
{
    if (!*is_first) put(w, TEXT(","));
    *is_first = false;
    put(w, json);
}

/* One value, or those of an array. */
static void put_items(struct writer *w, struct text json, bool *is_first)
{
    struct json_scan s = json_scan_of(json);
    struct json_array a;
    struct text one;
    if (*json.at != '[') {
        put_item(w, json, is_first);
        return;
    }
    json_array_begin(&s, &a);
    while (json_array_next(&s, &a) && json_value_text(&s, &one)) put_item(w, one, is_first);
}

static void put_list(struct writer *w, struct text json)
{
    bool is_first = true;
    put(w, TEXT("["));
    if (json.len) put_items(w, json, &is_first);
    put(w, TEXT("]"));
}

/* ---- principals and conditions ------------------------------------------------------------------------- */

/* Over the members of an object, names as they are written. */
#define EACH_MEMBER(scan, object, name)                                                                      \
    for (bool more = json_object_begin(&(scan), &(object));                                                  \
         more && json_object_next(&(scan), &(object), &(name));)

/* "*", or {"AWS": …, "Service": …}: of whatever kind, the names. */
static void put_principals(struct writer *w, struct text json)
{
    struct json_scan s = json_scan_of(json);
    struct json_object o;
    struct json_string kind;
    struct text names;
    bool is_first = true;
    if (!json.len || *json.at != '{') {
        put_list(w, json);
        return;
    }
    put(w, TEXT("["));
    EACH_MEMBER(s, o, kind)
    if (json_value_text(&s, &names)) put_items(w, names, &is_first);
    put(w, TEXT("]"));
}

/* {"aws:SourceVpce": "vpce-1", …} under one operator. */
static void put_comparisons(struct writer *w, struct text operator, struct text keys, bool *is_first)
{
    struct json_scan s = json_scan_of(keys);
    struct json_object o;
    struct json_string key;
    struct text values;
    if (*keys.at != '{') return;
    EACH_MEMBER(s, o, key)
    {
        if (!json_value_text(&s, &values)) return;
        put_item(w, TEXT("{\"operator\":\""), is_first);
        put(w, operator);
        put(w, TEXT("\",\"key\":\""));
        put(w, key.text);
        put(w, TEXT("\",\"values\":"));
        put_list(w, values);
        put(w, TEXT("}"));
    }
}

static void put_conditions(struct writer *w, struct text json)
{
    struct json_scan s = json_scan_of(json);
    struct json_object o;
    struct json_string operator;
    struct text keys;
    bool is_first = true;
    put(w, TEXT("["));
    if (json.len && *json.at == '{') EACH_MEMBER(s, o, operator)
    if (json_value_text(&s, &keys)) put_comparisons(w, operator.text, keys, &is_first);
    put(w, TEXT("]"));
}

/* ---- a statement --------------------------------------------------------------------------------------- */

enum part { PART_EFFECT, PART_ACTIONS, PART_RESOURCES, PART_PRINCIPALS, PART_CONDITIONS, PARTS };

static const struct part_name {
    const char *name;
    enum part part;
    bool negates;
} part_names[] = {
    {"Effect", PART_EFFECT, false},          {"Action", PART_ACTIONS, false},
    {"NotAction", PART_ACTIONS, true},       {"Resource", PART_RESOURCES, false},
    {"NotResource", PART_RESOURCES, true},   {"Principal", PART_PRINCIPALS, false},
    {"NotPrincipal", PART_PRINCIPALS, true}, {"Condition", PART_CONDITIONS, false},
};

struct statement {
    struct text parts[PARTS]; /* JSON texts; empty: not there */
    bool is_negated;
};

static void read_part(struct statement *out, struct text name, struct text json)
{
    for (size_t i = 0; i < sizeof part_names / sizeof *part_names; i++) {
        const struct part_name *p = &part_names[i];
        if (!text_equal_nocase(name, text_of(p->name))) continue;
        if (!out->parts[p->part].len) out->parts[p->part] = json;
        out->is_negated |= p->negates;
    }
}

/* False: no room to undo the escapes of a name. */
static bool read_statement(struct eval *e, struct text json, struct statement *out)
{
    struct json_scan s = json_scan_of(json);
    struct json_object o;
    struct json_string name;
    struct text value;
    *out = (struct statement){0};
    s.scratch = e->scratch;
    EACH_MEMBER(s, o, name)
    {
        if (json_value_text(&s, &value)) read_part(out, name.text, value);
        json_name_done(&s, &name);
    }
    return s.fault != JSON_NO_ROOM;
}

static void put_statement(struct writer *w, const struct statement *s)
{
    static const struct {
        const char *before;
        void (*put)(struct writer *w, struct text json);
    } lists[PARTS] = {
        [PART_ACTIONS] = {"\"actions\":", put_list},
        [PART_RESOURCES] = {",\"resources\":", put_list},
        [PART_PRINCIPALS] = {",\"principals\":", put_principals},
        [PART_CONDITIONS] = {",\"conditions\":", put_conditions},
    };
    put(w, TEXT("{"));
    if (s->parts[PART_EFFECT].len) {
        put(w, TEXT("\"effect\":"));
        put(w, s->parts[PART_EFFECT]);
        put(w, TEXT(","));
    }
    for (int i = PART_ACTIONS; i < PARTS; i++) {
        put(w, text_of(lists[i].before));
        lists[i].put(w, s->parts[i]);
    }
    put(w, s->is_negated ? TEXT(",\"negated\":true}") : TEXT(",\"negated\":false}"));
}

/* The JSON of one statement, written anew. What is no object is no statement; withheld stays so. */
static struct value regular(struct eval *e, struct text json)
{
    struct statement s;
    struct value v;
    if (*json.at != '{') {
        if (!json_value(json, e->scratch, &v)) e->overflowed = true;
        return v.kind == VALUE_UNKNOWN ? value_inside_withheld() : value_absent();
    }
    struct writer w = {0};
    if (!read_statement(e, json, &s)) {
        e->overflowed = true;
        return value_withheld();
    }
    put_statement(&w, &s);
    w.at = w.len <= UINT32_MAX ? eval_take(e, w.len) : NULL;
    if (!w.at) return value_withheld();
    w.len = 0;
    put_statement(&w, &s);
    return (struct value){.kind = VALUE_JSON, .s = w.at, .len = (uint32_t)w.len};
}

/* ---- a document ---------------------------------------------------------------------------------------- */

/* The text of a member, its name compared without case; empty if there is none. */
static struct text member_text(struct eval *e, struct text object, struct text name)
{
    struct json_scan s = json_scan_of(object);
    struct json_object o;
    struct json_string found;
    struct text value, none = {0};
    s.scratch = e->scratch;
    EACH_MEMBER(s, o, found)
    {
        bool is_it = text_equal_nocase(found.text, name);
        json_name_done(&s, &found);
        if (json_value_text(&s, &value) && is_it) return value;
    }
    if (s.fault == JSON_NO_ROOM) e->overflowed = true;
    return none;
}

/* The statements of a document as one JSON text: an array or a single object. Lambda answers with a bare
 * statement. Empty: it is no policy. */
static struct text statements_text(struct eval *e, struct value document)
{
    struct text json = value_text(document);
    if (document.kind != VALUE_JSON || *json.at == '[')
        return document.kind == VALUE_JSON ? json : (struct text){0};
    struct text statements = member_text(e, json, TEXT("Statement"));
    if (statements.len) return statements;
    return member_text(e, json, TEXT("Effect")).len ? json : (struct text){0};
}

static uint64_t count_statements(struct text json)
{
    struct json_scan s = json_scan_of(json);
    struct json_array a;
    uint64_t n = 0;
    if (*json.at != '[') return 1;
    json_array_begin(&s, &a);
    while (json_array_next(&s, &a) && json_skip(&s)) n++;
    return n;
}

struct statements {
    struct value *items;
    uint32_t len;
};

static void add_statement(struct eval *e, struct statements *out, struct text json)
{
    out->items[out->len] = regular(e, json);
    out->len += out->items[out->len].kind != VALUE_ABSENT;
}

static void add_statements(struct eval *e, struct statements *out, struct value document)
{
    struct text json = statements_text(e, document), one;
    struct json_scan s = json_scan_of(json);
    struct json_array a;
    if (document.kind == VALUE_UNKNOWN) out->items[out->len++] = value_inside_withheld();
    if (!json.len) return;
    if (*json.at != '[') {
        add_statement(e, out, json);
        return;
    }
    json_array_begin(&s, &a);
    while (json_array_next(&s, &a) && json_value_text(&s, &one)) add_statement(e, out, one);
}

/* Absent where there is no policy. */
struct value eval_statements(struct eval *e, const struct ir_node *node)
{
    struct value documents = eval_json(e, node);
    struct statements all = {0};
    uint64_t most = 0;
    if (documents.kind == VALUE_UNKNOWN) return value_inside_withheld();
    for (uint32_t i = 0; i < eval_many_len(documents); i++) {
        struct value document = eval_many_at(&documents, i);
        struct text json = statements_text(e, document);
        most += json.len ? count_statements(json) : document.kind == VALUE_UNKNOWN;
    }
    if (!most) return value_absent();
    all.items = most <= UINT32_MAX ? eval_take(e, most * sizeof *all.items) : NULL;
    if (!all.items) return value_withheld();
    for (uint32_t i = 0; i < eval_many_len(documents); i++)
        add_statements(e, &all, eval_many_at(&documents, i));
    return (struct value){.kind = VALUE_LIST, .items = all.items, .len = all.len};
}
