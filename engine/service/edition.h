/* edition.h - a rule set in service: used by the run and by the action thread, freed when neither needs it. */
#ifndef CSR_ENGINE_SERVICE_EDITION_H
#define CSR_ENGINE_SERVICE_EDITION_H

#include "engine/ruleset.h"

struct edition {
    csr_ruleset *rules;
    const struct ir *ir;   /* of rules */
    uint32_t users;        /* guarded by editions.lock */
};

struct editions;
struct editions *editions_new(void);
void editions_free(struct editions *es);

/* Takes the rules; one user. NULL: no memory, and the rules are freed. */
struct edition *edition_new(csr_ruleset *rules);
void edition_use(struct editions *es, struct edition *e);
/* The last user frees it. NULL is allowed. */
void edition_leave(struct editions *es, struct edition *e);

#endif
