/* story.c - an incident as text. Columns are as wide as what stands in them; nothing is cut off. */
#include "tools/csr/story.h"

#include <string.h>
#include <time.h>

#define BOLD "\033[1m"
#define DIM  "\033[2m"
#define OFF  "\033[0m"

static const char *text_at(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static long long number_at(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* Seconds since 1970 of "2025-11-02T20:11:06Z"; -1 if it is none. */
static long long seconds_of(const char *iso)
{
    struct tm tm = {0};
    return strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm) ? (long long)timegm(&tm) : -1;
}

static const char *severity_color(const char *severity)
{
    if (strcmp(severity, "critical") == 0) return "\033[1;31m";
    if (strcmp(severity, "high") == 0) return "\033[31m";
    if (strcmp(severity, "medium") == 0) return "\033[33m";
    return "\033[36m";
}

/* Length on a terminal: bytes that begin a character. */
static int width_of(const char *s)
{
    int n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void put_padded(FILE *to, const char *s, int width)
{
    fputs(s, to);
    fprintf(to, "%*s", width > width_of(s) ? width - width_of(s) : 0, "");
}

static void put_list(FILE *to, const char *label, const json_t *list)
{
    size_t i;
    json_t *one;
    if (!json_array_size(list)) return;
    fprintf(to, "  %-9s ", label);
    json_array_foreach(list, i, one) fprintf(to, "%s%s", i ? ", " : "", json_string_value(one));
    fputc('\n', to);
}

static void put_head(const json_t *in, FILE *to, bool color)
{
    const char *severity = text_at(in, "severity");
    char upper[16] = "";
    for (size_t i = 0; severity[i] && i + 1 < sizeof upper; i++) upper[i] = (char)(severity[i] - ('a' - 'A'));
    fprintf(to, "%s%s %lld%s  %s%s%s\n", color ? severity_color(severity) : "", upper, number_at(in, "score"),
            color ? OFF : "", color ? BOLD : "", text_at(in, "title"), color ? OFF : "");
    const char *pack = text_at(in, "pack");
    fprintf(to, "  %-9s %s%s%s%s\n", "rule", text_at(in, "rule"), *pack ? " (" : "", pack, *pack ? ")" : "");
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(in, "key"), key, value)
    {
        char *other = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        fprintf(to, "  %-9s %s\n", key, other ? other : json_string_value(value));
        free(other);
    }
    put_list(to, "account", json_object_get(in, "accounts"));
    put_list(to, "attack", json_object_get(in, "attack"));
    fprintf(to, "  %-9s %s, %s%s%s%s\n", "id", text_at(in, "id"), text_at(in, "state"),
            json_is_true(json_object_get(in, "tie")) ? ", rests on a tie of seconds" : "",
            json_is_true(json_object_get(in, "capped")) ? ", capped" : "",
            json_is_true(json_object_get(in, "blinded")) ? ", blinded" : "");
}

/* ---- the timeline ---- */

enum column { STEP, AFTER, CALL, REGION, FROM, OUTCOME, COLUMNS };
static const char *const column_names[COLUMNS] = {"step", "after", "call", "region", "from", "outcome"};

struct row {
    char step[96], after[32];
    const char *cell[COLUMNS];
};

static void row_fill(struct row *row, const json_t *step, const json_t *event, bool is_first, long long start)
{
    long long count = number_at(step, "count"), at = seconds_of(text_at(event, "time"));
    row->step[0] = 0;
    if (is_first && count > 1)
        snprintf(row->step, sizeof row->step, "%s ×%lld", text_at(step, "name"), count);
    else if (is_first)
        snprintf(row->step, sizeof row->step, "%s", text_at(step, "name"));
    long long after = at - start;
    if (after >= 3600)
        snprintf(row->after, sizeof row->after, "%lld:%02lld:%02lld", after / 3600, after / 60 % 60, after % 60);
    else
        snprintf(row->after, sizeof row->after, "%lld:%02lld", after / 60, after % 60);
    const char *error = text_at(event, "error");
    row->cell[STEP] = row->step;
    row->cell[AFTER] = row->after;
    row->cell[CALL] = text_at(event, "api");
    row->cell[REGION] = text_at(event, "region");
    row->cell[FROM] = text_at(event, "source_ip");
    bool failed = json_is_true(json_object_get(event, "failed"));
    row->cell[OUTCOME] = *error ? error : failed ? "failed" : "ok";
}

typedef void row_fn(struct row *row, void *world);

static void each_row(const json_t *in, long long start, row_fn *fn, void *world)
{
    size_t i, j;
    json_t *step, *event;
    json_array_foreach(json_object_get(in, "steps"), i, step)
    {
        json_array_foreach(json_object_get(step, "events"), j, event)
        {
            struct row row;
            row_fill(&row, step, event, j == 0, start);
            fn(&row, world);
        }
    }
}

static void row_measure(struct row *row, void *world)
{
    int *widths = world;
    for (int c = 0; c < COLUMNS; c++)
        if (width_of(row->cell[c]) > widths[c]) widths[c] = width_of(row->cell[c]);
}

struct table {
    FILE *to;
    int widths[COLUMNS];
};

static void row_put(struct row *row, void *world)
{
    struct table *t = world;
    fputs("  ", t->to);
    for (int c = 0; c < COLUMNS - 1; c++) put_padded(t->to, row->cell[c], t->widths[c] + 2);
    fprintf(t->to, "%s\n", row->cell[OUTCOME]);
}

/* The time of the earliest event shown: an optional step may lie before the witness's start. */
static const char *first_time(const json_t *in)
{
    size_t i, j;
    json_t *step, *event;
    const char *first = text_at(in, "start");
    json_array_foreach(json_object_get(in, "steps"), i, step)
    {
        json_array_foreach(json_object_get(step, "events"), j, event)
        {
            if (seconds_of(text_at(event, "time")) < seconds_of(first)) first = text_at(event, "time");
        }
    }
    return first;
}

static void put_timeline(const json_t *in, FILE *to, bool color)
{
    struct table table = {.to = to};
    struct row head;
    const char *first = first_time(in);
    long long start = seconds_of(first);
    for (int c = 0; c < COLUMNS; c++) {
        head.cell[c] = column_names[c];
        table.widths[c] = width_of(column_names[c]);
    }
    each_row(in, start, row_measure, table.widths);
    fprintf(to, "\n  from %s; found %llds later\n", first, seconds_of(text_at(in, "opened")) - start);
    if (color) fputs(DIM, to);
    row_put(&head, &table);
    if (color) fputs(OFF, to);
    each_row(in, start, row_put, &table);
}

/* ---- why, and what to do ---- */

static void put_reasons(const json_t *in, FILE *to)
{
    size_t i;
    json_t *reason;
    fprintf(to, "\n  score %lld\n", number_at(in, "score"));
    json_array_foreach(json_object_get(in, "reasons"), i, reason)
    {
        fprintf(to, "    %+4lld  %s\n", number_at(reason, "points"), text_at(reason, "why"));
    }
}

static void put_args(const json_t *args, FILE *to)
{
    const char *name;
    json_t *value;
    bool is_first = true;
    json_object_foreach((json_t *)args, name, value)
    {
        char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        fprintf(to, "%s%s", is_first ? "" : ", ", text ? text : json_string_value(value));
        free(text);
        is_first = false;
    }
}

static void put_response(const json_t *in, FILE *to)
{
    size_t i;
    json_t *action;
    const json_t *response = json_object_get(in, "response");
    if (!json_array_size(response)) return;
    fprintf(to, "\n  response\n");
    json_array_foreach(response, i, action)
    {
        fprintf(to, "    %-9s %s(", text_at(action, "state"), text_at(action, "action"));
        put_args(json_object_get(action, "args"), to);
        fputs(")\n", to);
    }
}

void story_tell(const json_t *in, FILE *to, bool color)
{
    put_head(in, to, color);
    put_timeline(in, to, color);
    put_reasons(in, to);
    put_response(in, to);
    fputc('\n', to);
}

/* ---- a stream of revisions ---- */

void stories_init(struct stories *s, FILE *to, bool color)
{
    *s = (struct stories){.to = to, .color = color, .open = json_object()};
}

static void end_one(struct stories *s, const char *id, json_t *last)
{
    const char *state = text_at(last, "state");
    if (strcmp(state, "retracted") == 0) {
        s->retracted++;
    } else if (strcmp(state, "merged") == 0) {
        s->merged++;
    } else {
        story_tell(last, s->to, s->color);
        s->told++;
    }
    json_object_del(s->open, id);
}

bool stories_add(struct stories *s, const char *json, size_t len)
{
    json_t *in = json_loadb(json, len, 0, NULL);
    const char *id = text_at(in, "id"), *state = text_at(in, "state");
    bool is_incident = strcmp(text_at(in, "type"), "incident") == 0 && *id;
    if (is_incident) {
        json_object_set(s->open, id, in);
        if (strcmp(state, "closed") == 0 || strcmp(state, "retracted") == 0 || strcmp(state, "merged") == 0)
            end_one(s, id, in);
    }
    json_decref(in);
    return is_incident;
}

void stories_end(struct stories *s)
{
    const char *id;
    json_t *last;
    void *next;
    json_object_foreach_safe(s->open, next, id, last)
    {
        json_t *kept = json_incref(last);
        char key[64];
        snprintf(key, sizeof key, "%s", id);
        end_one(s, key, kept);
        json_decref(kept);
    }
    json_decref(s->open);
}
