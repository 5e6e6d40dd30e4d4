/* members.h - what a call asks and answers: whether `req.roleName` of iam:AttachRolePolicy exists, and what was meant.
 *
 * A misspelt member is absent from every record, and a test on it never holds, in silence; so the compiler asks here.
 * The tables are generated (aws_members.def) and kept by hand (aws_extra.def), read in place like those of api.h.
 */
#ifndef CSR_ENGINE_SCHEMA_MEMBERS_H
#define CSR_ENGINE_SCHEMA_MEMBERS_H

#include "grammar/base/text.h"

/* How sure the spelling of a service's members is. */
enum member_form {
    MEMBER_EXACT,
    MEMBER_EITHER_CASE, /* nobody has seen whether the first letter is lowered: either is taken */
    MEMBER_LOOSE,       /* EC2: lists have names of their own (…Set), newer calls another case. Only what is near a known
                           name, and so probably misspelt, is unknown */
};

enum member_found {
    MEMBER_KNOWN,
    MEMBER_OPEN,       /* nobody knows what is in there */
    MEMBER_UNKNOWN,
    MEMBER_UNRECORDED, /* the answer of a call that only reads: the trail leaves it out */
};

struct member_answer {
    enum member_found found;
    uint32_t at;         /* UNKNOWN: which name of the path it is, from 0 */
    struct text nearest; /* UNKNOWN: the nearest member there; empty if none is near */
};

/* The path below `req` (below `resp` if is_answer), in the spelling of the trail; lists are gone into unsaid. Both
 * halves of the call may hold "*": then every call that fits is asked, and one that knows the member is enough. */
struct member_answer member_look_up(struct text service, struct text action, bool is_answer,
                                    const struct text *path, uint32_t len);

/* Calls `put` with every member of a call's request or answer, in order: for lists of what there is. False if the call
 * is not known. */
bool member_each(struct text service, struct text action, bool is_answer,
                 void (*put)(void *to, struct text name, bool is_record), void *to);

#endif
