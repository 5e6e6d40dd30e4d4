/* glob.h - "iam:Create*" against text: only * is special, and stands for any bytes or none. */
#ifndef CSR_ENGINE_BASE_GLOB_H
#define CSR_ENGINE_BASE_GLOB_H

#include "grammar/base/text.h"

/* nocase: ASCII letters match in either case. Time is at most length of pattern times length of text. */
bool glob_match(struct text pattern, struct text t, bool nocase);

#endif
