/* api.h - the names of API calls: whether `iam:CreateUser` exists, and what was meant if it does not.
 *
 * A misspelt name in a rule would wait for a call that never comes, in silence; so the compiler asks here.
 * The names are two tables in the binary, one generated (aws_api.def), one kept by hand (aws_extra.def), read
 * in place: a program that compiles no rules pays nothing for them.
 */
#ifndef CSR_ENGINE_SCHEMA_API_H
#define CSR_ENGINE_SCHEMA_API_H

#include "grammar/base/text.h"

enum api_found {
    API_KNOWN,   /* the call exists; a pattern: at least one such call exists */
    API_OPEN,    /* a source whose events nobody lists: okta, k8s, vpcflow … */
    API_RENAMED, /* the trail has another name for it, the one in the answer */
    API_UNKNOWN, /* the answer is the nearest real name; empty if none is near */
};

struct api_answer {
    enum api_found found;
    struct text service, action; /* views into the tables or the question; set for RENAMED and UNKNOWN */
};

/* Both halves may hold "*" as in a rule: "iam", "Create*". */
struct api_answer api_look_up(struct text service, struct text action);

/* Whether AWS has an API with this call, so that CloudTrail records it. */
bool api_is_call(struct text service, struct text action);

/* How the names of a source's events are built, in a sentence; NULL: nothing is known of it. */
const char *api_hint(struct text service);

/* Whether other sources than CloudTrail have a kind of records by this name: okta, k8s … */
bool api_is_source(struct text name);

/* The IAM prefix of a service by any of its names ("monitoring": "cloudwatch"); {NULL, 0} if none. */
struct text api_service(struct text name);

/* The name less the date of an API version that Lambda and CloudFront write behind some:
 * "CreateFunction20150331", "AddPermission20150331v2", "PublishFunction2020_05_31". Any other name as it is. */
struct text api_stem(struct text action);

#endif
