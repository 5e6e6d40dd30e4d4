/* cmd_trace.c - csr trace: why a rule did not fire on these records. */
#include "tools/csr/rules.h"
#include "tools/csr/trace_text.h"

#include <signal.h>

#define KEYS_TOLD 10

/* See cmd_run.c: what a signal handler may write. */
static volatile bool stop_asked;

static void on_signal(int number)
{
    (void)number;
    __atomic_store_n(&stop_asked, true, __ATOMIC_RELAXED);
}

struct telling {
    bool as_json, color;
};

static void tell(void *world, const char *json, size_t len)
{
    const struct telling *t = world;
    json_t *one = t->as_json ? NULL : json_loadb(json, len, 0, NULL);
    if (t->as_json) {
        fwrite(json, 1, len, stdout);
        putchar('\n');
    } else if (one) {
        trace_tell(one, stdout, t->color);
    }
    json_decref(one);
}

int verb_trace(const struct call *call)
{
    const char *format, *keys[CALL_OPTIONS_MOST];
    char error[512];
    size_t rule;
    long most = KEYS_TOLD;
    int status;
    if (!call_choice(call, "format", "text|json", &format)) return CSR_USAGE;
    if (!call_number(call, "most", 1, 10000, &most)) return CSR_USAGE;
    csr_ruleset *rules = rules_to_run(call, call->operands[0], &rule, &status);
    if (!rules) return status;
    struct telling telling = {.as_json = format && format[0] == 'j', .color = wants_color(call, stdout)};
    struct csr_trace_options o = {.paths = call->operands + 1,
                                  .n_paths = call->n_operands - 1,
                                  .keys = keys,
                                  .n_keys = call_values(call, "key", keys, CALL_OPTIONS_MOST),
                                  .most = (size_t)most,
                                  .world = &telling,
                                  .tell = tell,
                                  .stop = &stop_asked};
    signal(SIGINT, on_signal);
    status = (int)csr_trace(rules, rule, &o, error);
    csr_ruleset_free(rules);
    if (status != CSR_OK && !stop_asked) return fail(call, status, "%s", error);
    return status;
}
