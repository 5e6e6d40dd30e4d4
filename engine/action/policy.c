/* policy.c - see policy.h. The default is to propose; every step towards acting stands in the site file. */
#include "engine/action/policy.h"

#include "engine/ir/eval.h"

#include <stdio.h>

static bool is_allowed(const struct ir_site *site, struct text verb)
{
    for (uint32_t i = 0; i < site->n_allow; i++)
        if (glob_match(site->allow[i], verb, false)) return true;
    return false;
}

static const struct ir_sink *find_sink(const struct ir_site *site, struct text name)
{
    for (uint32_t i = 0; i < site->n_sinks; i++)
        if (text_equal(site->sinks[i].name, name)) return &site->sinks[i];
    return NULL;
}

enum action_outcome policy_judge(const struct ir_site *site, const struct verb *verb,
                                 const struct action_job *job, const struct ir_sink **sink, char why[256])
{
    static const char *const kinds[] = {"file", "webhook", "exec"};
    why[0] = '\0';
    if (!verb || !site || site->mode != IR_POLICY_ENFORCE) return ACTION_PROPOSED;
    if (!is_allowed(site, job->verb)) {
        snprintf(why, 256, "the policy does not allow %s", verb->name);
        return ACTION_FORBIDDEN;
    }
    *sink = find_sink(site, job->sink);
    if (!*sink || (*sink)->kind != verb->sink_kind) {
        snprintf(why, 256, "the site file has no sink \"" TEXT_FMT "\" of kind \"%s\"", TEXT_ARG(job->sink),
                 kinds[verb->sink_kind]);
        return ACTION_FORBIDDEN;
    }
    if (job->uncertain && verb->class == ACTION_RUNS) {
        snprintf(why, 256, "the incident is capped or blinded: a person has to decide");
        return ACTION_PROPOSED;
    }
    return ACTION_INTENDED;
}
