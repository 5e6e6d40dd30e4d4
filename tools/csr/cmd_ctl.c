/* cmd_ctl.c - csr ctl: one request to a running service, one answer. */
#include "tools/csr/command.h"
#include "tools/csr/key_text.h"
#include "tools/csr/top.h"

#include "engine/csr.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* {"a":{"b":1}} as "a.b  1", a line each. */
static void put_flat(const char *name, const json_t *value, FILE *to)
{
    const char *key;
    json_t *kid;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, kid)
        {
            char longer[256];
            snprintf(longer, sizeof longer, "%s%s%s", name, *name ? "." : "", key);
            put_flat(longer, kid, to);
        }
        return;
    }
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    fprintf(to, "%-24s %s\n", name, text ? text : json_string_value(value));
    free(text);
}

/* What of an answer has a form of its own for people. False: it has none. */
static bool put_table(const json_t *answer, enum rules_sort sort, FILE *to)
{
    const char *type = json_string_value(json_object_get(answer, "type"));
    if (type && !strcmp(type, "rules")) return rules_table_print(&(struct rules_table){.answer = answer, .sort = sort}, to);
    if (type && !strcmp(type, "state")) return key_text_print(answer, to), true;
    return false;
}

static int tell(const struct call *call, const char *answer, bool json, enum rules_sort sort)
{
    json_t *object = json_loads(answer, 0, NULL);
    if (!object) return fail(call, CSR_SYSTEM, "the answer is no JSON: %s", answer);
    json_t *ok = json_object_get(object, "ok");
    const char *diagnostics = json_string_value(json_object_get(object, "diagnostics"));
    if (json) {
        puts(answer);
    } else if (!put_table(object, sort, stdout)) {
        if (diagnostics) {
            fputs(diagnostics, stderr);
            json_object_del(object, "diagnostics");
            json_object_del(object, "errors"); /* the same for programs */
        }
        put_flat("", object, stdout);
    }
    int status = json_is_false(ok) ? CSR_WRONG : CSR_OK;
    json_decref(object);
    return status;
}

/* To be freed. */
static char *request_of(const struct call *call, const char *word)
{
    const char *keys[CALL_OPTIONS_MOST];
    size_t n = call_values(call, "key", keys, CALL_OPTIONS_MOST);
    json_t *request = json_pack("{s:s}", "verb", word), *key = n ? json_array() : NULL;
    for (size_t i = 0; i < n; i++) json_array_append_new(key, json_string(keys[i]));
    if (n) json_object_set_new(request, "key", key);
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    return text;
}

static int ask(const struct call *call, const char *socket, const char *word, enum rules_sort sort, const char *format)
{
    char error[512] = "", *request = request_of(call, word);
    char *answer = request ? csr_control(socket, request, error) : NULL;
    free(request);
    if (!answer) return fail(call, CSR_SYSTEM, "%s", error[0] ? error : "out of memory, or a key that is no UTF-8");
    bool json = format ? strcmp(format, "json") == 0 : !isatty(STDOUT_FILENO);
    int status = tell(call, answer, json, sort);
    free(answer);
    return status;
}

int verb_ctl(const struct call *call)
{
    static const char *const words[] = {"reload", "status", "rules", "state", "top", "stop"};
    const char *word = call->operands[0], *format, *by;
    enum rules_sort sort = SORT_COST;
    size_t i = 0;
    while (i < sizeof words / sizeof *words && strcmp(words[i], word)) i++;
    if (i == sizeof words / sizeof *words)
        return fail(call, CSR_USAGE, "%s: reload, status, rules, state, top or stop is wanted", word);
    if (!call_choice(call, "format", "text|json", &format)) return CSR_USAGE;
    if (!call_choice(call, "sort", "cost|hits|half-built|bytes", &by)) return CSR_USAGE;
    while (by && strcmp(by, rules_sorts[sort])) sort++;
    if (!strcmp(word, "state") != call_has(call, "key"))
        return fail(call, CSR_USAGE, "state wants a key, and only state: --key=TEXT for each part of it");
    const char *socket = call_value(call, "socket");
    if (!socket) socket = getenv("CSR_SOCKET");
    if (!socket) return fail(call, CSR_USAGE, "which service? --socket=PATH, or CSR_SOCKET in the environment");
    return strcmp(word, "top") ? ask(call, socket, word, sort, format) : top_run(call, socket, sort);
}
