/* key_text.c - see key_text.h. */
#include "tools/csr/key_text.h"

#include <string.h>

static const char *text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

static long long number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* 3723 as "1h02m03s". */
static void put_duration(long long s, FILE *to)
{
    if (s >= 86400)
        fprintf(to, "%lldd%02lldh", s / 86400, s / 3600 % 24);
    else if (s >= 3600)
        fprintf(to, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else if (s >= 60)
        fprintf(to, "%lldm%02llds", s / 60, s % 60);
    else
        fprintf(to, "%llds", s);
}

static void put_step(const json_t *step, FILE *to)
{
    long long took = number(step, "took"), of = number(step, "of");
    if (took)
        fprintf(to, "    took       %-20s %s", text(step, "step"), text(step, "last"));
    else
        fprintf(to, "    waits for  %-20s", text(step, "step"));
    if (of > 1) fprintf(to, "  %lld of %lld", took, of);
    fputc('\n', to);
}

static void put_match(const json_t *match, FILE *to)
{
    const json_t *step;
    size_t i;
    fprintf(to, "  since %s until %s, ", text(match, "since"), text(match, "until"));
    put_duration(number(match, "left_s"), to);
    fputs(" left\n", to);
    json_array_foreach(json_object_get(match, "steps"), i, step)
    {
        if (number(step, "took") || json_is_true(json_object_get(step, "is_next"))) put_step(step, to);
    }
}

static void put_key(const json_t *key, FILE *to)
{
    const json_t *match;
    size_t i;
    fprintf(to, "%s: %lld half-built, %lld incident%s open\n", text(key, "rule"), number(key, "half_built"),
            number(key, "incidents_open"), number(key, "incidents_open") == 1 ? "" : "s");
    json_array_foreach(json_object_get(key, "matches"), i, match) put_match(match, to);
}

void key_text_print(const json_t *answer, FILE *to)
{
    const json_t *keys = json_object_get(answer, "keys"), *key;
    size_t i;
    if (!json_array_size(keys))
        fprintf(to, "nothing is held under this key by any of the %lld rules whose keys have so many parts\n",
                number(answer, "rules_asked"));
    json_array_foreach(keys, i, key) put_key(key, to);
}
