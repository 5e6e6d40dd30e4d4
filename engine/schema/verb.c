/* verb.c - the table of verbs (verb.def) and looking names up in it. */
#include "engine/schema/verb.h"

#include "grammar/base/names.h"

static const struct verb_info verbs[] = {
#define VERB(name, target, reach, parameter, meaning)                                                       \
    {{name, sizeof(name) - 1}, VERB_##target, VERB_##reach, {parameter, sizeof(parameter) - 1}, meaning},
#include "engine/schema/verb.def"
#undef VERB
};

uint32_t verb_count(void)
{
    return sizeof verbs / sizeof *verbs;
}

const struct verb_info *verb_at(uint32_t index)
{
    return index < verb_count() ? &verbs[index] : NULL;
}

const struct verb_info *verb_find(struct text name)
{
    for (uint32_t i = 0; i < verb_count(); i++)
        if (text_equal(verbs[i].name, name)) return &verbs[i];
    return NULL;
}

const struct verb_info *verb_nearest(struct text name)
{
    struct nearest near = {.wanted = name};
    for (uint32_t i = 0; i < verb_count(); i++) nearest_try(&near, verbs[i].name);
    return near.best.len ? verb_find(near.best) : NULL;
}
