/* cmd_ctl.c - csr ctl: one request to a running service, one answer. */
#include "tools/csr/command.h"

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

static int tell(const struct call *call, const char *answer, bool json)
{
    json_t *object = json_loads(answer, 0, NULL);
    if (!object) return fail(call, CSR_SYSTEM, "the answer is no JSON: %s", answer);
    json_t *ok = json_object_get(object, "ok");
    const char *diagnostics = json_string_value(json_object_get(object, "diagnostics"));
    if (json) {
        puts(answer);
    } else {
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

int verb_ctl(const struct call *call)
{
    static const char *const words[] = {"reload", "status", "stop"};
    const char *word = call->operands[0], *format;
    size_t i = 0;
    while (i < sizeof words / sizeof *words && strcmp(words[i], word)) i++;
    if (i == sizeof words / sizeof *words) return fail(call, CSR_USAGE, "%s: reload, status or stop is wanted", word);
    if (!call_choice(call, "format", "text|json", &format)) return CSR_USAGE;
    const char *socket = call_value(call, "socket");
    if (!socket) socket = getenv("CSR_SOCKET");
    if (!socket) return fail(call, CSR_USAGE, "which service? --socket=PATH, or CSR_SOCKET in the environment");
    char request[64], error[512] = "";
    snprintf(request, sizeof request, "{\"verb\":\"%s\"}", word);
    char *answer = csr_control(socket, request, error);
    if (!answer) return fail(call, CSR_SYSTEM, "%s", error);
    bool json = format ? strcmp(format, "json") == 0 : !isatty(STDOUT_FILENO);
    int status = tell(call, answer, json);
    free(answer);
    return status;
}
