/* glob.h - "iam:Create*" against text: * stands for any bytes or none. */
#ifndef CSR_ENGINE_BASE_GLOB_H
#define CSR_ENGINE_BASE_GLOB_H

#include "grammar/base/text.h"

/* nocase: ASCII letters match in either case. Time is at most length of pattern times length of text. */
bool glob_match(struct text pattern, struct text t, bool nocase);

/* Whether a policy's pattern covers an action, as AWS compares them: without case, * for any text, ? for one character.
 * The action may hold * itself, for all that it stands for: only a * covers it. */
bool glob_grants(struct text pattern, struct text action);

#endif
