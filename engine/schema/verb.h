/* verb.h - the verbs of `respond`: what each takes and how far it reaches (language.md B19). */
#ifndef CSR_ENGINE_SCHEMA_VERB_H
#define CSR_ENGINE_SCHEMA_VERB_H

#include "grammar/base/text.h"

/* What a verb's one argument must be. */
enum verb_target {
    VERB_SINK_FILE,
    VERB_SINK_WEBHOOK,
    VERB_SINK_EXEC, /* the name of a sink of that kind, as text */
    VERB_ACCESS_KEY,
    VERB_PRINCIPAL, /* `step.principal`, or names of users and roles */
    VERB_INSTANCE,
    VERB_FUNCTION,
};

enum verb_reach {
    VERB_HARMLESS,   /* changes nothing in an account */
    VERB_REVERSIBLE, /* one target, can be undone: at any threshold */
    VERB_WIDE,       /* stops work or cannot be undone as it was: only once the incident has settled */
};

struct verb_info {
    struct text name;
    enum verb_target target;
    enum verb_reach reach;
    struct text parameter;
    const char *meaning;
};

uint32_t verb_count(void);
const struct verb_info *verb_at(uint32_t index); /* in the order of verb.def; NULL beyond the last */
const struct verb_info *verb_find(struct text name);
/* The verb most like `name`; NULL if none is near. */
const struct verb_info *verb_nearest(struct text name);

static inline bool verb_takes_sink(const struct verb_info *verb)
{
    return verb->target <= VERB_SINK_EXEC;
}

#endif
