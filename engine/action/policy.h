/* policy.h - what the operator's site file says about an action: packs propose, policy disposes. */
#ifndef CSR_ENGINE_ACTION_POLICY_H
#define CSR_ENGINE_ACTION_POLICY_H

#include "engine/action/action.h"

/* What an action does decides how sure an incident must be. */
enum action_class {
    ACTION_TELLS, /* somebody is told */
    ACTION_RUNS,  /* the operator's program runs, and may change anything */
};

/* A verb that can act. */
struct verb {
    const char *name;
    enum action_class class;
    enum ir_sink_kind sink_kind;
};

/* ACTION_INTENDED: attempt it, through *sink. Else the outcome, and why. */
enum action_outcome policy_judge(const struct ir_site *site, const struct verb *verb,
                                 const struct action_job *job, const struct ir_sink **sink, char why[256]);

#endif
