/* site.h - source, sink and policy blocks to struct ir_site, and what rules ask of it. */
#ifndef CSR_ENGINE_COMPILE_SITE_H
#define CSR_ENGINE_COMPILE_SITE_H

#include "engine/ir/ir.h"
#include "grammar/parse.h"

/* The site that the blocks of these files describe; mistakes are reported and the rest goes on. NULL if no
 * file has such a block. Everything lies in the arena. */
struct ir_site *site_lower(struct arena *arena, struct diags *diags, const struct ast *const *files,
                           uint32_t n_files);

/* Reports what the rules' responses name and the site does not have, or not of the right kind. Once the IR is
 * whole; without a site nothing is asked. */
void site_check_rules(const struct ir *ir, struct diags *diags);

#endif
