/* lists.c - literals, lists by name and lists in braces. */
#include "engine/base/content_index.h"
#include "engine/compile/compiler.h"

/* ---- literals ---- */

static struct value number_value(const struct ast *literal)
{
    if (literal->is_real) return (struct value){.kind = VALUE_FLOAT, .f = literal->real};
    return value_int(literal->num);
}

static bool net_value(struct compiler *c, const struct ast *literal, struct value *out, enum ir_type *type)
{
    struct ip_net *net = ARENA_NEW(c->arena, struct ip_net);
    if (!ip_parse(literal->text, net)) return false; /* the lexer has said so */
    *out = (struct value){.kind = VALUE_NET, .net = net};
    *type = memchr(literal->text.at, '/', literal->text.len) ? IR_TYPE_CIDR : IR_TYPE_IP;
    return true;
}

bool literal_value(struct compiler *c, const struct ast *literal, struct value *out, enum ir_type *type)
{
    switch (literal->kind) {
    case AST_STRING:
        *out = value_string(literal->text);
        out->nocase = literal->op == OP_NOCASE;
        *type = IR_TYPE_STRING;
        return true;
    case AST_NUM:
    case AST_SIGNED:
        *out = number_value(literal);
        *type = literal->is_real ? IR_TYPE_FLOAT : IR_TYPE_INT;
        return true;
    case AST_DUR:
        *out = (struct value){.kind = VALUE_DURATION, .i = literal->num};
        *type = IR_TYPE_DURATION;
        return true;
    case AST_SIZE:
        *out = (struct value){.kind = VALUE_SIZE, .i = literal->num};
        *type = IR_TYPE_SIZE;
        return true;
    case AST_ADDR: return net_value(c, literal, out, type);
    default: diag_at(c->diags, E0211, literal->span, "a plain value is needed here"); return false;
    }
}

ir_node_id literal_node(struct compiler *c, const struct ast *literal)
{
    struct value v;
    enum ir_type type;
    if (!literal_value(c, literal, &v, &type)) return IR_POISON;
    return ir_build_const(&c->build, v, type, literal->span);
}

/* ---- lists ---- */

/* False if a literal of them is wrong, which has been reported. */
static bool add_values(struct compiler *c, struct ir_list *list, uint32_t *cap, const struct ast *set)
{
    enum ir_type type;
    bool right = true;
    AST_EACH(literal, set) {
        struct value v;
        if (!literal_value(c, literal, &v, &type)) {
            right = false;
            continue;
        }
        if (list->len == *cap) {
            list->values =
                arena_grow(c->arena, list->values, *cap * sizeof v, (*cap ? *cap * 2 : 8) * sizeof v);
            *cap = *cap ? *cap * 2 : 8;
        }
        list->values[list->len++] = v;
        if (type == IR_TYPE_CIDR) list->has_nets = true;
        if (v.kind == VALUE_STRING && memchr(v.s, '*', v.len)) list->has_globs = true;
    }
    return right;
}

/* Those of a dataset. */
static void add_data(struct compiler *c, struct ir_list *list, uint32_t *cap, const struct values *data)
{
    *cap = data->len;
    list->len = data->len;
    list->values = ARENA_ARRAY(c->arena, struct value, data->len);
    for (uint32_t i = 0; i < data->len; i++) {
        struct value v = list->values[i] = data->at[i];
        if (v.kind == VALUE_STRING && memchr(v.s, '*', v.len)) list->has_globs = true;
    }
}

static ir_node_id make_list_node(struct compiler *c, uint32_t list, struct csr_span span)
{
    return ir_build_node(&c->build,
                         (struct ir_make){.op = IR_OP_LIST, .type = IR_TYPE_LIST, .x = list, .span = span});
}

ir_node_id list_node(struct compiler *c, struct symbol *symbol, struct csr_span span)
{
    symbol->is_used = true;
    if (symbol->number == IR_NONE) {
        struct ir_list list = {.name = symbol->name};
        uint32_t cap = 0;
        if (symbol->data)
            add_data(c, &list, &cap, symbol->data);
        else
            add_values(c, &list, &cap, ast_kid(symbol->ast, AST_SET));
        for (uint32_t u = 0; u < c->units.len; u++)
            AST_EACH(item, c->units.at[u]->file)
                if (item->kind == AST_LIST_ADD &&
                    symbol_find(c, SYMBOL_LIST, c->units.at[u], item->text) == symbol)
                    add_values(c, &list, &cap, ast_kid(item, AST_SET));
        *ARENA_PUSH(c->arena, c->build.lists) = list;
        symbol->number = c->build.lists.len - 1;
    }
    return make_list_node(c, symbol->number, span);
}

static bool same_values(const struct ir_list *a, const struct ir_list *b)
{
    if (a->len != b->len) return false;
    for (uint32_t i = 0; i < a->len; i++)
        if (!ir_build_same(a->values[i], b->values[i])) return false;
    return true;
}

ir_node_id set_node(struct compiler *c, const struct ast *set)
{
    struct ir_list list = {.name = {"", 0}};
    uint32_t cap = 0;
    if (!add_values(c, &list, &cap, set)) return IR_POISON;
    uint64_t hash = CONTENT_HASH_START;
    for (uint32_t i = 0; i < list.len; i++) hash = ir_build_hash(hash, list.values[i]);
    uint32_t at = content_start(hash);
    for (uint32_t i; (i = content_next(c->set_index, hash, &at)) != CONTENT_NONE;)
        if (same_values(&c->build.lists.at[i], &list)) return make_list_node(c, i, set->span);
    *ARENA_PUSH(c->arena, c->build.lists) = list;
    content_put(c->arena, c->set_index, hash, c->build.lists.len - 1);
    return make_list_node(c, c->build.lists.len - 1, set->span);
}
