/* ruleset.h - what a csr_ruleset holds, for engine/ alone. csr.c implements it. */
#ifndef CSR_ENGINE_RULESET_H
#define CSR_ENGINE_RULESET_H

#include "engine/csr.h"
#include "engine/ir/ir.h"

/* Both live as long as the set. */
const struct ir *csr_ruleset_ir(const csr_ruleset *rs);
const struct sources *csr_ruleset_sources(const csr_ruleset *rs); /* every file that it was made from */

#endif
