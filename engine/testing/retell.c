/* retell.c - the record of an event told in another way: at another time, of somebody else.
 *
 * Both work on the text of the record, whatever its source: times as sources write them, and names as whole
 * words. What comes of it is read again by whoever asks for it, so a record that says its time in a way that
 * is not known here is never taken for what it is not.
 */
#include "engine/testing/testing.h"

#include <ctype.h>
#include <stdio.h>

#define NAMES_MOST 16
#define NAME_LEAST 3

/* ---- replacing ----------------------------------------------------------------------------------------- */

struct replacing {
    struct text from, to;
    bool (*stands)(struct text whole, uint32_t at, uint32_t len); /* whether it stands there as such */
};

static struct text replace(struct arena *a, struct text t, const struct replacing *r)
{
    struct line l = {.arena = a};
    bool any = false;
    for (uint32_t i = 0; i < t.len;) {
        struct text rest = {t.at + i, t.len - i};
        if (r->from.len && text_starts(rest, r->from) && r->stands(t, i, r->from.len)) {
            ir_put(line_out(&l), r->to);
            i += r->from.len;
            any = true;
        } else {
            ir_put(line_out(&l), (struct text){t.at + i++, 1});
        }
    }
    return any ? text_of(line_end(&l)) : t;
}

/* ---- another time -------------------------------------------------------------------------------------- */

static bool anywhere(struct text whole, uint32_t at, uint32_t len)
{
    (void)whole, (void)at, (void)len;
    return true;
}

static bool is_number_start(struct text whole, uint32_t at, uint32_t len)
{
    (void)len;
    return !at || !isalnum((unsigned char)whole.at[at - 1]);
}

bool retell_at(struct trial *t, struct ir_test_event *e, int64_t second)
{
    char from[32], to[32], number_from[24], number_to[24];
    struct event event;
    if (e->second == second) return true;
    struct replacing time = {
        {from, time_print(e->second * SECOND_NS, from) - 1}, /* a fraction may stand before "Z" */
        {to, time_print(second * SECOND_NS, to) - 1},
        anywhere};
    struct replacing number = {
        {number_from, (uint32_t)snprintf(number_from, 24, "%lld", (long long)e->second)},
        {number_to, (uint32_t)snprintf(number_to, 24, "%lld", (long long)second)},
        is_number_start};
    e->record = replace(t->arena, replace(t->arena, e->record, &time), &number);
    e->second = second;
    return bench_read(t->bench, &t->enrichment, e->record, &event) && event.second == second;
}

/* ---- other names --------------------------------------------------------------------------------------- */

struct renaming {
    struct text names[NAMES_MOST];
    uint32_t n;
};

/* The name in whatever case, with nothing of a word beside it. */
static bool stands_at(struct text t, uint32_t at, struct text name)
{
    uint32_t end = at + name.len;
    if (end > t.len || !text_equal_nocase((struct text){t.at + at, name.len}, name)) return false;
    return (!at || !isalnum((unsigned char)t.at[at - 1])) &&
           (end == t.len || !isalnum((unsigned char)t.at[end]));
}

static uint32_t name_at(const struct renaming *names, struct text t, uint32_t at)
{
    for (uint32_t i = 0; i < names->n; i++)
        if (stands_at(t, at, names->names[i])) return names->names[i].len;
    return 0;
}

/* The next letter or digit: of the same length and case, and what differed differs. */
static char other_char(char c)
{
    unsigned char u = (unsigned char)c;
    if (u >= 0x80) return c;
    return (char)(isdigit(u)   ? '0' + (c - '0' + 1) % 10
                  : islower(u) ? 'a' + (c - 'a' + 1) % 26
                  : isupper(u) ? 'A' + (c - 'A' + 1) % 26
                               : c);
}

struct text rename_text(struct arena *a, const struct renaming *names, struct text t)
{
    if (!names) return t;
    char *to = arena_alloc(a, t.len + 1);
    for (uint32_t i = 0; i < t.len;) {
        uint32_t len = name_at(names, t, i), end = i + (len ? len : 1);
        for (; i < end; i++) to[i] = len ? other_char(t.at[i]) : t.at[i];
    }
    return (struct text){to, t.len};
}

struct value rename_value(struct arena *a, const struct renaming *names, struct value v)
{
    if (!names || v.kind != VALUE_STRING) return v;
    v.s = rename_text(a, names, value_text(v)).at;
    return v;
}

static void add_name(struct renaming *names, struct text name)
{
    if (name.len < NAME_LEAST || names->n == NAMES_MOST) return;
    for (uint32_t i = 0; i < names->n; i++)
        if (text_equal_nocase(names->names[i], name)) return;
    names->names[names->n++] = name;
}

static void add_field(struct trial *t, struct renaming *names, const struct event *e, struct text field)
{
    const struct ir *ir = t->bench->ir;
    for (uint32_t f = 0; f < ir->n_fields; f++) {
        ir_node_id node = ir->fields[f].in_schema[e->schema];
        if (!text_equal(ir->fields[f].name, field) || node == IR_NONE) continue;
        struct value v = eval_value(&t->bench->eval, node);
        if (v.kind == VALUE_STRING) add_name(names, arena_text(t->arena, v.s, v.len));
    }
}

/* A new name that stands in a record already would make one of two. */
static bool is_taken(const struct trial *t, const struct renaming *names)
{
    struct renaming others = {.n = names->n};
    for (uint32_t n = 0; n < names->n; n++) {
        struct renaming one = {{names->names[n]}, 1};
        others.names[n] = rename_text(t->arena, &one, names->names[n]);
    }
    for (uint32_t e = 0; e < t->events.len; e++)
        for (uint32_t at = 0; at < t->events.at[e].record.len; at++)
            if (name_at(&others, t->events.at[e].record, at)) return true;
    return false;
}

struct renaming *renaming_new(struct trial *t)
{
    static const char *const fields[] = {"account", "principal.account", "principal.name",
                                         "principal.session", "user"};
    struct renaming *names = ARENA_NEW(t->arena, struct renaming);
    for (uint32_t i = 0; i < t->events.len; i++) {
        struct event event;
        if (!bench_read(t->bench, &t->enrichment, t->events.at[i].record, &event)) return NULL;
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
            add_field(t, names, &event, text_of(fields[f]));
    }
    return !names->n || is_taken(t, names) ? NULL : names;
}
