/* trace_text.c - a key's trace: how far it came, what was left of the window, what was next, what came near.
 */
#include "tools/csr/trace_text.h"

#include "tools/csr/story.h"

#include <string.h>

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

struct telling {
    FILE *to;
    bool color;
};

static const char *text_at(const json_t *j, const char *name)
{
    const char *s = json_string_value(json_object_get(j, name));
    return s ? s : "";
}

static long long number_at(const json_t *j, const char *name)
{
    return (long long)json_integer_value(json_object_get(j, name));
}

/* A line with its name before it; the name once for several lines. */
static void put_name(const struct telling *t, const char *name)
{
    fprintf(t->to, "  %-10s", name);
}

static void put_key(const struct telling *t, const json_t *trace)
{
    const char *name;
    json_t *part, *key = json_object_get(trace, "key");
    bool first = true;
    if (t->color) fputs(BOLD, t->to);
    if (!json_is_object(key)) fputs("no key", t->to);
    json_object_foreach(key, name, part)
    {
        char *text = json_is_string(part) ? NULL : json_dumps(part, JSON_ENCODE_ANY);
        fprintf(t->to, "%s%s %s", first ? "" : ", ", name, text ? text : json_string_value(part));
        free(text);
        first = false;
    }
    fprintf(t->to, "%s\n", t->color ? PLAIN : "");
}

/* "probe 3 of 3 at …" */
static void put_reached(const struct telling *t, const json_t *trace)
{
    size_t i;
    json_t *step;
    const char *name = "came to";
    json_array_foreach(json_object_get(trace, "reached"), i, step)
    {
        put_name(t, name);
        fputs(text_at(step, "step"), t->to);
        if (number_at(step, "of") > 1)
            fprintf(t->to, ", %lld of %lld", number_at(step, "taken"), number_at(step, "of"));
        fprintf(t->to, ", at %s\n", text_at(step, "time"));
        name = "";
    }
    if (number_at(trace, "times") < 2) return;
    put_name(t, "");
    fprintf(t->to, "so far %lld times; this is %s\n", number_at(trace, "times"),
            json_array_size(json_object_get(trace, "next")) ? "the one that came nearest" : "the last");
}

static void put_window(const struct telling *t, const json_t *window)
{
    if (!window) return;
    put_name(t, "window");
    fprintf(t->to, "%s from %s: open until %s, %s were left\n", text_at(window, "within"),
            text_at(window, "from"), text_at(window, "until"), text_at(window, "left"));
    if (!json_is_true(json_object_get(window, "outlasts_records"))) return;
    put_name(t, "");
    fputs("the records end before that: it may still come\n", t->to);
}

static void put_event(const struct telling *t, const char *name, const json_t *event)
{
    if (!event) return;
    const char *late = text_at(event, "too_late_by"), *early = text_at(event, "too_early_by");
    put_name(t, name);
    fprintf(t->to, "%s %s", text_at(event, "time"), text_at(event, "api"));
    if (*text_at(event, "file"))
        fprintf(t->to, ", %s:%lld", text_at(event, "file"), number_at(event, "line"));
    if (number_at(event, "record") != number_at(event, "line"))
        fprintf(t->to, " (record %lld)", number_at(event, "record"));
    if (*text_at(event, "id")) fprintf(t->to, ", %s", text_at(event, "id"));
    fputc('\n', t->to);
    put_name(t, "");
    if (*late) fprintf(t->to, "%s too late: ", late);
    if (*early) fprintf(t->to, "%s too early: ", early);
    fprintf(t->to, "%s\n", text_at(event, "why"));
}

static void put_next(const struct telling *t, const json_t *next, bool has_window)
{
    const json_t *nearest = json_object_get(next, "nearest"),
                 *outside = json_object_get(next, "outside_window"),
                 *other = json_object_get(next, "other_key");
    long long seen = number_at(next, "seen");
    put_name(t, "next");
    fputs(text_at(next, "step"), t->to);
    if (number_at(next, "of") > 1)
        fprintf(t->to, ", %lld of %lld are there", number_at(next, "taken"), number_at(next, "of"));
    fprintf(t->to, ": %s\n", text_at(next, "calls"));
    put_event(t, "nearest", nearest);
    put_event(t, "missed", outside);
    if (nearest || outside) return;
    put_event(t, "other key", other);
    if (other) return;
    put_name(t, "");
    if (seen)
        fprintf(t->to, "%lld such call%s, none of this key%s\n", seen, seen == 1 ? "" : "s",
                has_window ? " within the window" : "");
    else
        fputs("no such call in these records\n", t->to);
}

static void put_incidents(const struct telling *t, const json_t *trace)
{
    size_t i;
    json_t *incident;
    long long n = number_at(trace, "incidents");
    put_name(t, "fired");
    fprintf(t->to, "%lld incident%s\n", n, n == 1 ? "" : "s");
    json_array_foreach(json_object_get(trace, "shown"), i, incident)
    {
        fputc('\n', t->to);
        story_tell(incident, t->to, t->color);
    }
}

static void put_trace(const struct telling *t, const json_t *trace)
{
    size_t i;
    json_t *next;
    put_key(t, trace);
    if (strcmp(text_at(trace, "verdict"), "fired") == 0) {
        put_incidents(t, trace);
        return;
    }
    if (strcmp(text_at(trace, "verdict"), "nothing") == 0) {
        put_name(t, "came to");
        fputs("nothing\n", t->to);
    }
    put_reached(t, trace);
    put_window(t, json_object_get(trace, "window"));
    if (strcmp(text_at(trace, "verdict"), "complete") == 0) {
        put_name(t, "but");
        fprintf(t->to, "%s\n",
                *text_at(trace, "why") ? text_at(trace, "why")
                                       : "it was taken back when all records had come");
    }
    json_array_foreach(json_object_get(trace, "next"), i, next)
        put_next(t, next, json_object_get(trace, "window") != NULL);
    fputc('\n', t->to);
}

static void put_count(const struct telling *t, long long n, const char *what, const char *before)
{
    fprintf(t->to, "%s%lld %s%s", before, n, what, n == 1 ? "" : "s");
}

static void put_summary(const struct telling *t, const json_t *all)
{
    long long keys = number_at(all, "keys"), fired = number_at(all, "fired"), told = number_at(all, "told");
    fprintf(t->to, "%s: ", text_at(all, "rule"));
    put_count(t, number_at(all, "records"), "record", "");
    if (number_at(all, "aside")) fprintf(t->to, " (%lld set aside)", number_at(all, "aside"));
    if (*text_at(all, "first")) fprintf(t->to, " from %s to %s", text_at(all, "first"), text_at(all, "last"));
    put_count(t, keys, "key", number_at(all, "forgotten") ? "; about " : "; ");
    fputs(keys == 1 ? " has events of its steps" : " have events of its steps", t->to);
    if (fired) {
        fprintf(t->to, ", %lld of them fired, in", fired);
        put_count(t, number_at(all, "incidents"), "incident", " ");
    }
    fputc('\n', t->to);
    if (keys > fired + told)
        fprintf(t->to, "%lld more did not fire and came no further: --key=KEY tells of one\n",
                keys - fired - told);
}

void trace_tell(const json_t *one, FILE *to, bool color)
{
    struct telling t = {to, color};
    if (strcmp(text_at(one, "type"), "summary") == 0)
        put_summary(&t, one);
    else
        put_trace(&t, one);
}
