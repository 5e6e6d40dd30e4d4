/* fields.c - schemas, and what stands behind a field's name in each of them.
 *
 * An `event` block defines fields over the record (`raw`). A definition is lowered when a rule first reads
 * its field, so that the decoder picks up only what the rules read. `req.x` and `resp.x` become fields of
 * their own when they are first used: below a root that is a plain path they are one longer path, which the
 * decoder picks up directly.
 *
 * The engine itself reads a few fields of every event (engine_reads); those are always made.
 */
#include "engine/base/content_index.h"
#include "engine/compile/compiler.h"

static const char *const engine_reads[] = {"account",
                                           "region",
                                           "src.ip",
                                           "src.service",
                                           "error",
                                           "ok", /* evidence */
                                           "principal.arn",
                                           "principal.id",
                                           "principal.name",
                                           "actor",
                                           "principal.account", /* whose doing it is */
                                           "principal.session"};

/* ---- slots ---- */

static bool is_parameters(struct text first)
{
    return text_equal(first, TEXT("requestParameters")) || text_equal(first, TEXT("responseElements"));
}

ir_node_id slot_node(struct compiler *c, const struct text *names, uint32_t len, struct csr_span span)
{
    bool unwrap = len > 1 && is_parameters(names[0]);
    uint32_t slot = ir_build_slot(&c->build, names, len, unwrap);
    return ir_build_node(&c->build,
                         (struct ir_make){.op = IR_OP_SLOT, .type = IR_TYPE_ANY, .x = slot, .span = span});
}

/* ---- definitions in a schema ---- */

struct schema_def *schema_def_find(const struct schema *schema, struct text name)
{
    for (uint32_t i = 0; i < schema->defs.len; i++)
        if (text_equal(schema->defs.at[i].name, name)) return &schema->defs.at[i];
    return NULL;
}

/* What makes a value that the record has in some form into the type of its field. */
static const struct {
    enum ir_type wanted;
    uint32_t from; /* types that are made into it; ANY is always */
    enum ir_op op;
} conversions[] = {
    {IR_TYPE_TIME, 1u << IR_TYPE_STRING | 1u << IR_TYPE_INT | 1u << IR_TYPE_FLOAT, IR_OP_TO_TIME},
    {IR_TYPE_IP, 1u << IR_TYPE_STRING, IR_OP_TO_IP},
    {IR_TYPE_BOOL, 1u << IR_TYPE_STRING, IR_OP_TRUTHY},
    {IR_TYPE_STRING, 1u << IR_TYPE_INT, IR_OP_TEXT_OF},
    {IR_TYPE_ARN, 1u << IR_TYPE_INT, IR_OP_TEXT_OF},
    {IR_TYPE_LIST, 1u << IR_TYPE_STRING, IR_OP_CONCAT},
};

static bool is_number_type(enum ir_type type)
{
    return type == IR_TYPE_INT || type == IR_TYPE_FLOAT || type == IR_TYPE_SIZE;
}

/* Types of which one may stand for the other: what the record has is looked at when it is compared. */
static bool fits_field(enum ir_type wanted, enum ir_type type)
{
    bool is_text = type == IR_TYPE_STRING || type == IR_TYPE_ARN;
    if (wanted == type || wanted == IR_TYPE_RECORD || wanted == IR_TYPE_ANY) return true;
    if (wanted == IR_TYPE_STRING || wanted == IR_TYPE_ARN) return is_text;
    return is_number_type(wanted) && (is_number_type(type) || is_text || type == IR_TYPE_ANY);
}

/* The definitions that ship say themselves what is to be made of a value; texts of theirs are texts. */
static bool is_left_alone(const struct schema *schema, enum ir_type wanted, enum ir_type type)
{
    return type == IR_TYPE_ANY && (wanted == IR_TYPE_STRING || wanted == IR_TYPE_ARN) &&
           schema->unit->source->is_embedded;
}

/* `time = raw.at` means the moment that is written there, `src.ip = raw.from` the address. */
static ir_node_id fit_def(const struct scope *s, const struct schema_def *def, ir_node_id node)
{
    const struct field_info *field = field_find(def->name);
    enum ir_type type = node == IR_POISON ? IR_TYPE_ANY : expr_type(s->c, node);
    if (node == IR_POISON || fits_field(field->type, type) || is_left_alone(s->schema, field->type, type))
        return node;
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
        if (conversions[i].wanted == field->type && (type == IR_TYPE_ANY || conversions[i].from >> type & 1))
            return make_node(s, conversions[i].op, field->type, &node, 1, def->expr->span);
    if (type == IR_TYPE_ANY || field->type == IR_TYPE_DURATION) return node;
    diag_at(s->c->diags, E0211, def->expr->span, "`" TEXT_FMT "` is %s, this is %s", TEXT_ARG(def->name),
            a_type(field->type), a_type(type));
    return IR_POISON;
}

static struct scope scope_of(struct compiler *c, struct schema *schema)
{
    return (struct scope){.c = c,
                          .place = IN_SCHEMA,
                          .unit = schema->unit,
                          .schema = schema,
                          .step = IR_NONE,
                          .own_step = IR_NONE};
}

static ir_node_id lower_def(struct compiler *c, struct schema *schema, struct schema_def *def)
{
    struct scope s = scope_of(c, schema);
    return fit_def(&s, def, lower_expr(&s, def->expr));
}

/* `failed` is `not ok` where a schema says nothing else. */
static ir_node_id implied_field(struct compiler *c, struct schema *schema, struct text name,
                                struct csr_span span)
{
    struct scope s = scope_of(c, schema);
    if (!text_equal(name, TEXT("failed"))) return IR_NONE;
    ir_node_id ok = schema_field(c, schema, TEXT("ok"), span);
    return ok == IR_NONE || ok == IR_POISON ? ok : lower_not(&s, ok, span);
}

ir_node_id schema_field(struct compiler *c, struct schema *schema, struct text name, struct csr_span span)
{
    struct schema_def *def = schema_def_find(schema, name);
    if (!def) return implied_field(c, schema, name, span);
    if (def->is_open) {
        diag_at(c->diags, E0215, span, "`" TEXT_FMT "` is defined by itself", TEXT_ARG(name));
        return IR_POISON;
    }
    if (!def->is_lowered) {
        def->is_open = true;
        def->node = lower_def(c, schema, def);
        def->is_open = false;
        def->is_lowered = true;
    }
    return def->node;
}

/* ---- fields ---- */

static uint32_t find_field(const struct compiler *c, struct text name, uint64_t hash)
{
    uint32_t at = content_start(hash);
    for (uint32_t i; (i = content_next(c->field_index, hash, &at)) != CONTENT_NONE;)
        if (text_equal(c->build.fields.at[i].name, name)) return i;
    return CONTENT_NONE;
}

/* A new field without definitions yet. */
static uint32_t add_field(struct compiler *c, struct text name, uint64_t hash, enum ir_type type)
{
    struct ir_field field = {
        .name = name, .type = (uint8_t)type, .in_schema = ARENA_ARRAY(c->arena, ir_node_id, c->schemas.len)};
    for (uint32_t i = 0; i < c->schemas.len; i++) field.in_schema[i] = IR_NONE;
    *ARENA_PUSH(c->arena, c->build.fields) = field;
    content_put(c->arena, c->field_index, hash, c->build.fields.len - 1);
    return c->build.fields.len - 1;
}

static ir_node_id make_field_node(struct compiler *c, uint32_t field, struct csr_span span)
{
    return ir_build_node(
        &c->build, (struct ir_make){
                       .op = IR_OP_FIELD, .type = c->build.fields.at[field].type, .x = field, .span = span});
}

ir_node_id match_field_node(struct compiler *c, struct text name, struct csr_span span)
{
    uint64_t hash = content_hash(CONTENT_HASH_START, name.at, name.len);
    uint32_t field = find_field(c, name, hash);
    return make_field_node(c, field != CONTENT_NONE ? field : add_field(c, name, hash, IR_TYPE_ANY), span);
}

ir_node_id field_node(struct compiler *c, struct text name, struct csr_span span)
{
    if (text_equal(name, TEXT("time")))
        return ir_build_node(&c->build,
                             (struct ir_make){.op = IR_OP_EVENT_TIME, .type = IR_TYPE_TIME, .span = span});
    uint64_t hash = content_hash(CONTENT_HASH_START, name.at, name.len);
    uint32_t field = find_field(c, name, hash);
    if (field != CONTENT_NONE) return make_field_node(c, field, span);

    const struct field_info *info = field_find(name);
    field = add_field(c, name, hash, info ? info->type : IR_TYPE_ANY);
    for (uint32_t i = 0; i < c->schemas.len; i++) {
        ir_node_id node = schema_field(c, c->schemas.at[i], name, span);
        c->build.fields.at[field].in_schema[i] = node == IR_POISON ? IR_NONE : node;
    }
    return make_field_node(c, field, span);
}

/* The names of a definition that is a plain path into the record; 0 if it is something else. */
static uint32_t plain_path(const struct ast *expr, struct text *names, uint32_t most)
{
    uint32_t len = 0;
    if (expr->kind != AST_PATH || !text_equal(expr->text, TEXT("raw"))) return 0;
    AST_EACH(part, expr) {
        if (part->kind != AST_FIELD || len == most) return 0;
        names[len++] = part->text;
    }
    return len;
}

static ir_node_id member_chain(struct compiler *c, ir_node_id node, const struct text *names, uint32_t len,
                               struct csr_span span)
{
    for (uint32_t i = 0; i < len; i++)
        node = ir_build_node(&c->build,
                             (struct ir_make){.op = IR_OP_MEMBER,
                                              .type = IR_TYPE_ANY,
                                              .x = ir_build_constant(&c->build, value_string(names[i])),
                                              .operands = &node,
                                              .n = 1,
                                              .span = span});
    return node;
}

/* What `req.a.b` is in one schema. */
static ir_node_id open_in_schema(struct compiler *c, struct schema *schema, const struct text *names,
                                 uint32_t len, struct csr_span span)
{
    struct text path[AST_DEPTH_MOST * 2];
    struct schema_def *root = schema_def_find(schema, names[0]);
    if (!root) return IR_NONE;
    uint32_t below = plain_path(root->expr, path, AST_DEPTH_MOST);
    if (below && below + len - 1 <= sizeof path / sizeof *path) {
        for (uint32_t i = 1; i < len; i++) path[below++] = names[i];
        return slot_node(c, path, below, span);
    }
    ir_node_id node = schema_field(c, schema, names[0], span);
    return node == IR_POISON ? IR_NONE : member_chain(c, node, names + 1, len - 1, span);
}

static struct text open_name(struct compiler *c, const struct text *names, uint32_t len)
{
    struct ast *tail = ARENA_ARRAY(c->arena, struct ast, len);
    for (uint32_t i = 1; i < len; i++)
        tail[i] =
            (struct ast){.kind = AST_FIELD, .text = names[i], .next = i + 1 < len ? &tail[i + 1] : NULL};
    return path_words(c->arena, names[0], len > 1 ? &tail[1] : NULL);
}

ir_node_id open_field_node(struct compiler *c, const struct text *names, uint32_t len, struct csr_span span)
{
    struct text name = open_name(c, names, len);
    uint64_t hash = content_hash(CONTENT_HASH_START, name.at, name.len);
    uint32_t field = find_field(c, name, hash);
    if (field == CONTENT_NONE) {
        field = add_field(c, name, hash, len == 1 ? IR_TYPE_RECORD : IR_TYPE_ANY);
        for (uint32_t i = 0; i < c->schemas.len; i++) {
            ir_node_id node = open_in_schema(c, c->schemas.at[i], names, len, span);
            c->build.fields.at[field].in_schema[i] = node;
        }
    }
    return make_field_node(c, field, span);
}

/* ---- names ---- */

bool field_is_group(struct text name)
{
    for (uint32_t i = 0; i < field_count(); i++) {
        struct text field = field_at(i)->name;
        if (field.len > name.len && field.at[name.len] == '.' && text_starts(field, name)) return true;
    }
    return false;
}

bool field_begins(struct text first)
{
    const struct field_info *info = field_find(first);
    return (info && info->use != FIELD_SCHEMA) || field_is_group(first) || text_equal(first, TEXT("raw"));
}

/* ---- event blocks ---- */

static void declare_def(struct compiler *c, struct schema *schema, const struct ast *item)
{
    const struct field_info *info = field_find(item->text);
    if (!info) {
        struct csr_span at = word_span(c, item, item->text);
        struct diag *d = diag_at(c->diags, E0222, at, "`" TEXT_FMT "` is no field", TEXT_ARG(item->text));
        info = field_nearest(item->text);
        if (info) diag_fix(d, at, TEXT_FMT, TEXT_ARG(info->name));
        return;
    }
    if (schema_def_find(schema, item->text)) {
        diag_at(c->diags, E0202, item->span, "the field `" TEXT_FMT "` again", TEXT_ARG(item->text));
        return;
    }
    *ARENA_PUSH(c->arena, schema->defs) =
        (struct schema_def){.name = item->text, .expr = item->kids, .span = item->span, .node = IR_NONE};
}

void declare_defs(struct compiler *c, struct schema *schema)
{
    AST_EACH(item, schema->ast)
        if (item->kind == AST_FIELD_DEF && item->kids) declare_def(c, schema, item);
    for (uint32_t i = 0; i < field_count(); i++) {
        const struct field_info *info = field_at(i);
        if (info->use == FIELD_NEEDED && !schema_def_find(schema, info->name))
            diag_at(c->diags, E0223, head_span(c, schema->ast),
                    "`" TEXT_FMT "` does not define `" TEXT_FMT "`", TEXT_ARG(schema->ast->text),
                    TEXT_ARG(info->name));
    }
}

/* IR_NONE where the schema has no such field, or a wrong one, which has been reported. */
static ir_node_id engine_field(struct compiler *c, struct schema *schema, const char *name)
{
    ir_node_id node = schema_field(c, schema, text_of(name), schema->ast->span);
    return node == IR_POISON ? IR_NONE : node;
}

static int64_t declared_disorder(struct schema *schema)
{
    struct schema_def *def = schema_def_find(schema, TEXT("disorder"));
    return def && def->expr->kind == AST_DUR ? def->expr->num / NS_PER_SECOND : 600;
}

/* IR_NONE: every record is one of its. */
static ir_node_id lower_when(struct compiler *c, struct schema *schema)
{
    const struct ast *when = ast_kid(schema->ast, AST_WHEN);
    struct scope s = scope_of(c, schema);
    ir_node_id node = when && when->kids ? lower_test(&s, when->kids) : IR_NONE;
    return node == IR_POISON ? IR_NONE : node;
}

void lower_unused(struct compiler *c)
{
    c->ir->unused = ARENA_ARRAY(c->arena, struct ir_unused, c->unused.len);
    for (uint32_t i = 0; i < c->unused.len; i++) {
        ir_node_id when = lower_when(c, c->unused.at[i]);
        if (when != IR_NONE)
            c->ir->unused[c->ir->n_unused++] = (struct ir_unused){c->unused.at[i]->ast->text, when};
    }
}

static void lower_schema(struct compiler *c, struct schema *schema, struct ir_schema *out)
{
    struct text own = schema_service(schema);
    *out = (struct ir_schema){.name = schema->ast->text,
                              .feed = own.len ? own : schema->ast->text,
                              .when = lower_when(c, schema),
                              .identity = engine_field(c, schema, "identity"),
                              .time = engine_field(c, schema, "time"),
                              .service = engine_field(c, schema, "service"),
                              .action = engine_field(c, schema, "action"),
                              .ok = engine_field(c, schema, "ok"),
                              .account = engine_field(c, schema, "account"),
                              .region = engine_field(c, schema, "region"),
                              .disorder = declared_disorder(schema)};
}

void lower_every_field(struct compiler *c)
{
    for (uint32_t i = 0; i < field_count(); i++)
        if (field_at(i)->use != FIELD_SCHEMA) field_node(c, field_at(i)->name, (struct csr_span){0});
}

/* What no rule reads is checked too, in an event of one's own: a mistake there would be found years later. */
static void check_defs(struct compiler *c, struct schema *schema)
{
    if (schema->unit->source->is_embedded) return;
    for (uint32_t i = 0; i < schema->defs.len; i++)
        if (!text_equal(schema->defs.at[i].name, TEXT("disorder")))
            schema_field(c, schema, schema->defs.at[i].name, schema->defs.at[i].span);
}

void lower_schemas(struct compiler *c)
{
    c->ir->n_schemas = c->schemas.len;
    c->ir->schemas = ARENA_ARRAY(c->arena, struct ir_schema, c->schemas.len);
    for (uint32_t i = 0; i < c->schemas.len; i++) {
        lower_schema(c, c->schemas.at[i], &c->ir->schemas[i]);
        check_defs(c, c->schemas.at[i]);
    }
    if (!c->schemas.len) return;
    for (size_t i = 0; i < sizeof engine_reads / sizeof *engine_reads; i++)
        field_node(c, text_of(engine_reads[i]), (struct csr_span){0});
}
