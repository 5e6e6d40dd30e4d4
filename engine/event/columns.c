/* columns.c - see columns.h.
 *
 * Flow logs choose their fields freely, so a line of names is known by what it is made of: small letters and hyphens
 * alone, and one of the names that every useful flow log has.
 */
#include "engine/event/columns.h"

#include "engine/base/number.h"

#include <stdlib.h>

#define HEADER_LEAST 3 /* names: fewer would be a word or two of text */

/* Source: Amazon VPC User Guide, "Flow log records", the default format (version 2). */
static const struct columns version_2 = {
    .n = 14,
    .names = {{"version", 7},
              {"account_id", 10},
              {"interface_id", 12},
              {"srcaddr", 7},
              {"dstaddr", 7},
              {"srcport", 7},
              {"dstport", 7},
              {"protocol", 8},
              {"packets", 7},
              {"bytes", 5},
              {"start", 5},
              {"end", 3},
              {"action", 6},
              {"log_status", 10}},
};

bool columns_next(struct text *line, struct text *value)
{
    const char *at = line->at, *end = line->at + line->len;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) at++;
    const char *from = at;
    while (at < end && *at != ' ' && *at != '\t' && *at != '\r') at++;
    *value = (struct text){from, (uint32_t)(at - from)};
    *line = (struct text){at, (uint32_t)(end - at)};
    return value->len != 0;
}

bool columns_is_number(struct text value)
{
    struct value number;
    bool has_zero = value.len > 1 && value.at[0] == '0' && value.at[1] != '.';
    return !has_zero && number_parse(value, &number);
}

static bool is_name(struct text word)
{
    for (uint32_t i = 0; i < word.len; i++)
        if (!(word.at[i] >= 'a' && word.at[i] <= 'z') && word.at[i] != '-' && word.at[i] != '_' &&
            !(i && word.at[i] >= '0' && word.at[i] <= '9'))
            return false;
    return true;
}

static bool has_name(const struct columns *c, struct text name)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (text_equal(c->names[i], name)) return true;
    return false;
}

/* Whether these are names of a flow log, and not some words. */
static bool is_flow_log(const struct columns *c)
{
    static const char *const telling[] = {"srcaddr", "dstaddr", "interface_id", "log_status", "pkt_srcaddr"};
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        if (has_name(c, text_of(telling[i]))) return c->n >= HEADER_LEAST;
    return false;
}

/* The names of a line, copied. False: it is no line of names, or has one twice. */
static bool read_names(struct columns *c, struct text line)
{
    uint32_t used = 0;
    c->n = 0;
    for (struct text word; columns_next(&line, &word);) {
        if (c->n == COLUMNS_MOST || word.len > COLUMNS_NAMES_LEN - used || !is_name(word)) return false;
        char *name = c->bytes + used;
        for (uint32_t i = 0; i < word.len; i++) name[i] = word.at[i] == '-' ? '_' : word.at[i];
        if (has_name(c, (struct text){name, word.len})) return false;
        c->names[c->n++] = (struct text){name, word.len};
        used += word.len;
    }
    return is_flow_log(c);
}

static bool is_same(const struct columns *a, const struct columns *b)
{
    bool same = a->n == b->n;
    for (uint32_t i = 0; same && i < a->n; i++) same = text_equal(a->names[i], b->names[i]);
    return same;
}

/* Most lines are values, so memory is asked for only when a line of names is new. */
const struct columns *columns_of_header(struct columns_set *set, struct text line)
{
    struct columns named;
    if (!line.len || line.at[0] < 'a' || line.at[0] > 'z' || !read_names(&named, line)) return NULL;
    for (const struct columns *known = set->first; known; known = known->next)
        if (is_same(known, &named)) return known;
    struct columns *c = malloc(sizeof *c);
    if (!c || !read_names(c, line)) return NULL;
    c->next = set->first;
    return set->first = c;
}

const struct columns *columns_of_line(struct text line)
{
    uint32_t n = 0;
    if (!text_starts(line, TEXT("2 "))) return NULL;
    for (struct text value; columns_next(&line, &value);) n++;
    return n == version_2.n ? &version_2 : NULL;
}

void columns_set_release(struct columns_set *set)
{
    while (set->first) {
        struct columns *next = set->first->next;
        free(set->first);
        set->first = next;
    }
}

void columns_json(const struct columns *columns, struct text line, struct json_out *out)
{
    struct text value;
    json_open(out, '{');
    for (uint32_t i = 0; i < columns->n && columns_next(&line, &value); i++) {
        if (text_equal(value, TEXT("-"))) continue;
        json_name_text(out, columns->names[i]);
        if (columns_is_number(value)) json_put_json(out, value);
        else json_put_text(out, value);
    }
    json_close(out, '}');
}
