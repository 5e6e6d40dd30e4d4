/* policy.h - what the operator's site file says about an action: packs propose, policy disposes. */
#ifndef CSR_ENGINE_ACTION_POLICY_H
#define CSR_ENGINE_ACTION_POLICY_H

#include "engine/action/action.h"
#include "engine/schema/verb.h"

/* ACTION_INTENDED: attempt it, through *sink. Else the outcome, and why. site and verb may be NULL. */
enum action_outcome policy_judge(const struct ir_site *site, const struct verb_info *verb,
                                 const struct action_job *job, const struct ir_sink **sink, char why[256]);

#endif
