/* command.c - reading a command line against the table of verbs.
 *
 * Every mistake gets one line that says what was wrong and, where something is near, what was probably meant.
 */
#include "tools/csr/command.h"

#include "grammar/base/names.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct verb verbs[] = {
#define VERB(name, summary, operands, least, most, options, story, example)                                       \
    {#name, summary, operands, least, most, options, story, example, verb_##name},
#include "tools/csr/verbs.def"
#undef VERB
    {0}};

const struct option common_options[] = {
    {"color", 0, "WHEN", "always, never or auto. Default: auto; NO_COLOR is honoured"},
    {"help", 'h', NULL, "this text"},
    {0}};

const struct verb *command_find(const char *name)
{
    for (const struct verb *v = verbs; v->name; v++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

const char *command_nearest(const char *name)
{
    struct nearest near = {.wanted = text_of(name)};
    for (const struct verb *v = verbs; v->name; v++) nearest_try(&near, text_of(v->name));
    return near.best.at;
}

int fail(const struct call *call, int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "csr %s: ", call->verb->name);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    return status;
}

static const struct option *row_find(const struct option *rows, const char *name, size_t len)
{
    for (; rows->name; rows++)
        if (strlen(rows->name) == len && memcmp(rows->name, name, len) == 0) return rows;
    return NULL;
}

static const struct option *option_by_name(const struct verb *verb, const char *name, size_t len)
{
    const struct option *o = row_find(verb->options, name, len);
    return o ? o : row_find(common_options, name, len);
}

static const struct option *option_by_letter(const struct verb *verb, char letter)
{
    for (const struct option *o = verb->options; o->name; o++)
        if (o->letter == letter) return o;
    for (const struct option *o = common_options; o->name; o++)
        if (o->letter == letter) return o;
    return NULL;
}

static bool unknown_option(const struct call *call, const char *word, size_t len)
{
    struct nearest near = {.wanted = {word, (uint32_t)len}};
    for (const struct option *o = call->verb->options; o->name; o++) nearest_try(&near, text_of(o->name));
    for (const struct option *o = common_options; o->name; o++) nearest_try(&near, text_of(o->name));
    if (near.best.at)
        fail(call, 2, "unknown option --%.*s; did you mean --%.*s?", (int)len, word, TEXT_ARG(near.best));
    else
        fail(call, 2, "unknown option --%.*s; `csr %s --help` lists them", (int)len, word, call->verb->name);
    return false;
}

static bool give(struct call *call, const struct option *o, const char *value)
{
    if (call->n_given == CALL_OPTIONS_MOST) return fail(call, 2, "more than %d options", CALL_OPTIONS_MOST), false;
    call->given[call->n_given].option = o;
    call->given[call->n_given++].value = value;
    return true;
}

/* One option at argv[*i]; its value may be the next word. */
static bool read_option(struct call *call, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const struct option *o;
    const char *value = NULL;
    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        if (word[2 + len] == '=') value = word + 2 + len + 1;
        o = option_by_name(call->verb, word + 2, len);
        if (!o) return unknown_option(call, word + 2, len);
    } else {
        o = option_by_letter(call->verb, word[1]);
        if (!o) return fail(call, 2, "unknown option -%c; `csr %s --help` lists them", word[1], call->verb->name), false;
        if (word[2]) value = word + 2;
    }
    if (!o->value) {
        if (value) return fail(call, 2, "--%s takes no value", o->name), false;
        return give(call, o, "");
    }
    if (!value && *i + 1 < argc) value = argv[++*i];
    if (!value) return fail(call, 2, "--%s needs a value: --%s=%s", o->name, o->name, o->value), false;
    return give(call, o, value);
}

static bool check_operands(const struct call *call)
{
    const struct verb *v = call->verb;
    if (call_has(call, "help")) return true;
    if ((int)call->n_operands < v->least)
        return fail(call, 2, "%s is missing: csr %s %s", v->operands, v->name, v->operands), false;
    if (v->most >= 0 && (int)call->n_operands > v->most)
        return fail(call, 2, "one word too many: %s", call->operands[v->most]), false;
    return true;
}

bool call_read(struct call *call, const struct verb *verb, int argc, char **argv)
{
    *call = (struct call){.verb = verb, .operands = (const char **)argv};
    bool only_operands = false;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        if (!only_operands && strcmp(word, "--") == 0)
            only_operands = true;
        else if (only_operands || word[0] != '-' || !word[1])
            argv[call->n_operands++] = word;
        else if (!read_option(call, argc, argv, &i))
            return false;
    }
    return check_operands(call);
}

const char *call_value(const struct call *call, const char *option)
{
    for (size_t i = call->n_given; i-- > 0;)
        if (strcmp(call->given[i].option->name, option) == 0) return call->given[i].value;
    return NULL;
}

bool call_has(const struct call *call, const char *option)
{
    return call_value(call, option) != NULL;
}

size_t call_values(const struct call *call, const char *option, const char **out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < call->n_given && n < most; i++)
        if (strcmp(call->given[i].option->name, option) == 0) out[n++] = call->given[i].value;
    return n;
}

bool call_number(const struct call *call, const char *option, long least, long most, long *out)
{
    const char *text = call_value(call, option);
    if (!text) return true;
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < least || n > most)
        return fail(call, 2, "--%s=%s: a whole number from %ld to %ld is wanted", option, text, least, most), false;
    *out = n;
    return true;
}

static long long unit_seconds(char unit)
{
    switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    }
    return 0;
}

bool call_duration(const struct call *call, const char *option, long long *seconds)
{
    const char *text = call_value(call, option);
    if (!text) return true;
    long long sum = 0;
    const char *at = text;
    while (*at >= '0' && *at <= '9') {
        char *end;
        long long n = strtoll(at, &end, 10);
        long long unit = unit_seconds(*end);
        if (!unit || n > 3650LL * 86400 / unit) break;
        sum += n * unit;
        at = end + 1;
    }
    if (*at || at == text || sum > 3650LL * 86400)
        return fail(call, 2, "--%s=%s: a duration with its unit is wanted, such as 30s, 10m or 1h30m", option, text), false;
    *seconds = sum;
    return true;
}

bool call_choice(const struct call *call, const char *option, const char *words, const char **out)
{
    const char *text = call_value(call, option);
    struct nearest near = {.wanted = text ? text_of(text) : TEXT("")};
    for (const char *at = words; *at; at += strcspn(at, "|"), at += *at == '|') {
        struct text word = {at, (uint32_t)strcspn(at, "|")};
        if (text && text_equal(word, near.wanted)) {
            *out = text;
            return true;
        }
        nearest_try(&near, word);
    }
    if (!text) {
        *out = NULL;
        return true;
    }
    if (near.best.at)
        fail(call, 2, "--%s=%s: did you mean %.*s?", option, text, TEXT_ARG(near.best));
    else
        fail(call, 2, "--%s=%s: one of %s is wanted", option, text, words);
    return false;
}

bool wants_color(const struct call *call, FILE *to)
{
    const char *when = call_value(call, "color");
    if (when && strcmp(when, "always") == 0) return true;
    if (when && strcmp(when, "never") == 0) return false;
    const char *no = getenv("NO_COLOR");
    return !(no && *no) && isatty(fileno(to));
}
