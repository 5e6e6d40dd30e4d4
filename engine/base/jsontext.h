/* jsontext.h - walking over JSON text, without a tree and without allocation.
 *
 * A scan stands before a value and moves behind it; everything it passes is checked to be JSON as RFC 8259
 * has it: escapes, numbers, no lone surrogate, depth, and, where json_names are given, no member name twice
 * in one object (compared with escapes undone). That the text is UTF-8 is checked beforehand (utf8.h). After
 * a fault nothing moves.
 *
 *     struct json_object o;
 *     struct json_string name;
 *     if (json_object_begin(&s, &o))
 *         while (json_object_next(&s, &o, &name))
 *             … read or json_skip(&s) the value, json_name_done(&s, &name) …
 *     if (s.fault) …
 */
#ifndef CSR_ENGINE_BASE_JSONTEXT_H
#define CSR_ENGINE_BASE_JSONTEXT_H

#include "engine/base/scratch.h"
#include "grammar/base/text.h"

enum json_fault {
    JSON_FINE,
    JSON_BROKEN,
    JSON_DEEP,
    JSON_TWICE,
    JSON_NO_ROOM, /* an escaped name does not fit into the scratch */
};

/* Which names were seen in which object of one text: a table of keyed hashes, so that a text with a hundred
 * thousand members costs no more a member than a small one, whoever chose the names. */
struct json_names {
    uint64_t key[2];
    uint32_t *slots; /* zeroed, json_names_size(text.len) of them; NULL: names are hashed, not looked for */
    uint32_t mask;   /* their number less one */
    uint32_t objects;
};
/* A power of two: at least 1.25 times as many slots as a text of that length can have members. */
uint32_t json_names_size(uint32_t text_len);

struct json_scan {
    const char *at, *end;
    uint32_t depth, depth_most; /* containers around `at` */
    enum json_fault fault;
    struct json_names *names;   /* NULL: duplicates are not looked for */
    struct scratch *scratch; /* where the escapes of names are undone; NULL: escaped names stay as written */
};

struct json_string {
    struct text text;  /* between the quotes; of a name: escapes undone */
    bool is_escaped;   /* what was written holds a backslash */
    uint64_t hash;     /* of a name, under names->key */
    size_t mark;       /* of a name: scratch->len before it */
};

struct json_object {
    const char *from; /* behind the brace */
    uint32_t number;  /* in names */
    bool is_first;
};
struct json_array {
    bool is_first;
};

struct json_scan json_scan_of(struct text t);
/* The next byte that is no blank; 0 at the end. */
char json_peek(struct json_scan *s);
/* Nothing but blank is left. Otherwise a fault. */
bool json_end(struct json_scan *s);

/* Passes one value, whatever it is. */
bool json_skip(struct json_scan *s);
/* The same, and the text of the value. */
bool json_value_text(struct json_scan *s, struct text *value);
bool json_string_read(struct json_scan *s, struct json_string *out);

bool json_object_begin(struct json_scan *s, struct json_object *o);
/* True: stands before the value of the member `name`. False: behind the closing brace, or a fault. */
bool json_object_next(struct json_scan *s, struct json_object *o, struct json_string *name);
bool json_array_begin(struct json_scan *s, struct json_array *a);
bool json_array_next(struct json_scan *s, struct json_array *a);
/* The name is not needed any more: gives its scratch back, if nothing was taken since. */
static inline void json_name_done(struct json_scan *s, const struct json_string *name)
{
    if (name->is_escaped && s->scratch) s->scratch->len = name->mark;
}

/* Inside a string: at the first quote, backslash or control character; the end if there is none. */
const char *json_string_stop(const char *at, const char *end);
/* Undoes the escapes of a checked string: out has room for raw.len bytes. Returns the length. */
uint32_t json_unescape(struct text raw, char *out);

uint64_t json_name_hash(const uint64_t key[2], struct text name);

#endif
