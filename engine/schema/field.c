/* field.c - the catalogue of closed fields (field.def) and looking names up in it.
 *
 * There are some fifty rows and they are only looked at while rules compile, so a walk is enough.
 */
#include "engine/schema/field.h"

#include "grammar/base/names.h"

static const struct field_info fields[] = {
#define FIELD(name, type, use, meaning, example)                                                            \
    {{name, sizeof(name) - 1}, IR_TYPE_##type, FIELD_##use, meaning, example},
#include "engine/schema/field.def"
#undef FIELD
};

static const char *const type_names[] = {
#define TYPE(type, name) name,
#include "engine/schema/type.def"
#undef TYPE
};

const char *ir_type_name(enum ir_type type)
{
    return type < IR_TYPES ? type_names[type] : "?";
}

uint32_t field_count(void)
{
    return sizeof fields / sizeof *fields;
}

const struct field_info *field_at(uint32_t index)
{
    return index < field_count() ? &fields[index] : NULL;
}

const struct field_info *field_find(struct text name)
{
    for (uint32_t i = 0; i < field_count(); i++)
        if (text_equal(fields[i].name, name)) return &fields[i];
    return NULL;
}

const struct field_info *field_nearest(struct text name)
{
    struct nearest near = {.wanted = name};
    for (uint32_t i = 0; i < field_count(); i++)
        if (fields[i].use != FIELD_SCHEMA) nearest_try(&near, fields[i].name);
    return near.best.len ? field_find(near.best) : NULL;
}
