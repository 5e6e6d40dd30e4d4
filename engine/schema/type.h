/* type.h - the types of the rule language, as the catalogue of fields and the checked IR name them. */
#ifndef CSR_ENGINE_SCHEMA_TYPE_H
#define CSR_ENGINE_SCHEMA_TYPE_H

enum ir_type {
#define TYPE(type, name) IR_TYPE_##type,
#include "engine/schema/type.def"
#undef TYPE
    IR_TYPES
};

/* As diagnostics, dumps and the catalogue say it: "text", "address". */
const char *ir_type_name(enum ir_type type);

#endif
