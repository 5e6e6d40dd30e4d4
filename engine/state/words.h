/* words.h - text for people, put together in scratch memory: titles and reasons. */
#ifndef CSR_ENGINE_STATE_WORDS_H
#define CSR_ENGINE_STATE_WORDS_H

#include "engine/base/scratch.h"
#include "engine/base/value.h"

/* A text that grows at the end of a scratch; nothing else may be taken from it meanwhile. Cut off when that
 * is full. */
struct words {
    struct scratch *scratch;
    size_t from;
};

struct words words_begin(struct scratch *s);
void words_text(struct words *w, struct text t);
/* A value as people read it: 4m for durations, a list with commas, `?` for what is not there. */
void words_value(struct words *w, struct value v);
struct text words_end(struct words *w);

#endif
