/* field.h - the catalogue of closed fields: the names that mean the same in every source.
 *
 * A rule may say `actor` or `src.ip` of any event; what stands behind the name is written once for each kind
 * of record in its schema (stdlib/aws/cloudtrail.csr). The rows are in field.def; the compiler, `csr fields`
 * and the docs read the same table.
 */
#ifndef CSR_ENGINE_SCHEMA_FIELD_H
#define CSR_ENGINE_SCHEMA_FIELD_H

#include "engine/schema/type.h"
#include "grammar/base/text.h"

enum field_use {
    FIELD_COMMON,   /* rules read it; nearly every event has it */
    FIELD_OPTIONAL, /* rules read it; many events have it not */
    FIELD_NEEDED,   /* the engine itself reads it as well: every schema must give it */
    FIELD_ROOT,     /* `req` and `resp`: the root of a tree of members, open */
    FIELD_SCHEMA,   /* stands in `event` blocks alone; rules cannot read it */
};

struct field_info {
    struct text name;  /* "src.ip" */
    enum ir_type type; /* IR_TYPE_LIST: a list of texts */
    enum field_use use;
    const char *meaning; /* one sentence */
    const char *example; /* a value, or a test that reads it */
};

/* In the order of field.def, index 0 .. field_count() - 1; related fields stand together. */
uint32_t field_count(void);
const struct field_info *field_at(uint32_t index);
/* NULL if no closed field has this name. */
const struct field_info *field_find(struct text name);
/* The closed field most like `name` that a rule may read; NULL if none is near. */
const struct field_info *field_nearest(struct text name);

#endif
