/* text.h - the tests that a pattern database answers (struct ir_patterns), for one worker.
 *
 * The first test that asks about a text has the text scanned for all patterns of its database; the others
 * read off what was found. Logs repeat themselves: what a text gave is remembered in a table of fixed size,
 * unless values do not recur: then the table is passed by for a while, because asking it costs more than a
 * scan of a short text.
 *
 * Hyperscan's scratch and the table are taken at the start; per event nothing is allocated.
 */
#ifndef CSR_ENGINE_MATCH_TEXT_H
#define CSR_ENGINE_MATCH_TEXT_H

#include "engine/base/hash.h"
#include "engine/ir/eval.h"

/* Who is answered where: one for a rule set, immutable. */
struct text_plan;
struct text_plan *text_plan_new(const struct ir *ir, const uint64_t secret[2]);
void text_plan_free(struct text_plan *p);

struct text_matcher;
struct text_matcher *text_matcher_new(const struct text_plan *p);
void text_matcher_free(struct text_matcher *m);
/* For struct eval; NULL where the rule set has no database. */
const struct pattern_matching *text_matcher_answers(const struct text_matcher *m);
/* A new event: texts at the same place may be others. */
void text_matcher_forget(struct text_matcher *m);

struct text_counts {
    uint64_t scanned;  /* texts that Hyperscan went over */
    uint64_t recalled; /* texts whose result was remembered */
    uint64_t bypassed; /* of those scanned: the table was not asked */
};
struct text_counts text_matcher_count(const struct text_matcher *m);

#endif
