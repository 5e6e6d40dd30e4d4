/* policy.c - see policy.h. The default is to propose; every step towards acting stands in the site file. */
#include "engine/action/policy.h"

#include "engine/base/glob.h"

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

/* The kind of sink that a verb acts through, as the site file writes it. */
static const struct {
    enum ir_sink_kind kind;
    const char *name;
} kinds[] = {
    [VERB_SINK_FILE] = {IR_SINK_FILE, "file"},
    [VERB_SINK_WEBHOOK] = {IR_SINK_WEBHOOK, "webhook"},
    [VERB_SINK_EXEC] = {IR_SINK_EXEC, "exec"},
};

enum action_outcome policy_judge(const struct ir_site *site, const struct verb_info *verb,
                                 const struct action_job *job, const struct ir_sink **sink, char why[256])
{
    why[0] = '\0';
    if (!verb || !verb_takes_sink(verb) || !site || site->mode != IR_POLICY_ENFORCE) return ACTION_PROPOSED;
    if (!is_allowed(site, job->verb)) {
        snprintf(why, 256, "the policy does not allow " TEXT_FMT, TEXT_ARG(verb->name));
        return ACTION_FORBIDDEN;
    }
    *sink = find_sink(site, job->sink);
    if (!*sink || (*sink)->kind != kinds[verb->target].kind) {
        snprintf(why, 256, "the site file has no sink \"" TEXT_FMT "\" of kind \"%s\"", TEXT_ARG(job->sink),
                 kinds[verb->target].name);
        return ACTION_FORBIDDEN;
    }
    if (job->uncertain && verb->reach != VERB_HARMLESS) {
        snprintf(why, 256, "the incident is capped or blinded: a person has to decide");
        return ACTION_PROPOSED;
    }
    return ACTION_INTENDED;
}
