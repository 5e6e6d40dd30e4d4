/* rules.c - compiling for a verb. */
#include "tools/csr/rules.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int status_of(const csr_report *report)
{
    if (csr_report_system_failed(report)) return CSR_SYSTEM;
    return csr_report_errors(report) ? CSR_WRONG : CSR_SYSTEM;
}

static csr_ruleset *compile(const struct rules_wanted *w, const struct csr_text *texts, csr_report *report)
{
    struct csr_compile_options o = {.texts = texts,
                                    .n_texts = w->n_paths,
                                    .without_lints = w->without_lints,
                                    .without_patterns = w->without_patterns,
                                    .with_tests = w->with_tests,
                                    .leaves_out_refused = w->leaves_out_refused,
                                    .keeps_refused = w->keeps_refused,
                                    .today = (int64_t)time(NULL),
                                    .tells_unused = w->tells_unused,
                                    .every_field = w->every_field};
    return csr_compile(&o, report);
}

csr_ruleset *rules_compile(const struct call *call, const struct rules_wanted *w, int *status,
                           uint32_t *warnings)
{
    struct csr_text *texts = calloc(w->n_paths + 1, sizeof *texts);
    csr_report *report = csr_report_new();
    csr_ruleset *rules = NULL;
    *status = CSR_SYSTEM;
    if (texts && report) {
        for (size_t i = 0; i < w->n_paths; i++) texts[i].name = w->paths[i];
        rules = compile(w, texts, report);
        csr_report_print(
            report, w->to,
            (struct csr_report_style){.color = !w->json && wants_color(call, w->to), .json = w->json});
        *status = rules ? CSR_OK : status_of(report);
        if (warnings) *warnings = csr_report_warnings(report);
    }
    csr_report_free(report);
    free(texts);
    return rules;
}

/* A rule that is switched off is none that could be looked at; bare names of packs' rules are enough here
 * too. */
static bool is_disabled(const csr_ruleset *rules, const char *name, const char **full, const char **reason)
{
    for (size_t i = 0; i < csr_ruleset_disabled(rules); i++) {
        *full = csr_ruleset_disabled_name(rules, i, reason);
        const char *dot = strrchr(*full, '.');
        if (strcmp(*full, name) == 0 || (dot && strcmp(dot + 1, name) == 0)) return true;
    }
    return false;
}

static int tell_missing(const struct call *call, const csr_ruleset *rules, const char *name, const char *near,
                        bool has_paths)
{
    const char *full, *reason;
    if (is_disabled(rules, name, &full, &reason))
        return fail(call, CSR_WRONG, "%s is switched off here%s%s", full, *reason ? ": " : "", reason);
    if (near) return fail(call, CSR_USAGE, "no rule is called %s; did you mean %s?", name, near);
    return fail(call, CSR_USAGE, "no rule is called %s%s", name,
                has_paths ? "" : "; --rules=PATH says where yours are");
}

static csr_ruleset *find(const struct call *call, const struct rules_wanted *otherwise, const char *name,
                         size_t *index, int *status)
{
    const char *paths[CALL_OPTIONS_MOST], *near;
    struct rules_wanted wanted = *otherwise;
    wanted.paths = paths;
    wanted.n_paths = call_values(call, "rules", paths, CALL_OPTIONS_MOST);
    csr_ruleset *rules = rules_compile(call, &wanted, status, NULL);
    if (!rules || csr_ruleset_find(rules, name, index, &near)) return rules;
    *status = tell_missing(call, rules, name, near, wanted.n_paths > 0);
    csr_ruleset_free(rules);
    return NULL;
}

csr_ruleset *rules_with(const struct call *call, const char *name, size_t *index, int *status)
{
    const struct rules_wanted wanted = {
        .keeps_refused = true, .without_lints = true, .without_patterns = true, .to = stderr};
    return find(call, &wanted, name, index, status);
}

csr_ruleset *rules_to_run(const struct call *call, const char *name, size_t *index, int *status)
{
    const struct rules_wanted wanted = {.without_lints = true, .tells_unused = true, .to = stderr};
    return find(call, &wanted, name, index, status);
}
