/* build.c - hash-consing: see build.h. */
#include "engine/ir/build.h"

#include "engine/base/content_index.h"

#include <assert.h>

void ir_build_init(struct ir_build *b, struct arena *arena)
{
    *b = (struct ir_build){.arena = arena};
    b->node_index = content_index_new(arena);
    b->constant_index = content_index_new(arena);
    b->slot_index = content_index_new(arena);
}

static uint64_t node_hash(const struct ir_make *m)
{
    uint64_t h = CONTENT_HASH_START;
    h = CONTENT_HASH(h, m->op);
    h = CONTENT_HASH(h, m->type);
    h = CONTENT_HASH(h, m->x);
    h = CONTENT_HASH(h, m->y);
    h = CONTENT_HASH(h, m->z);
    return content_hash(h, m->operands, m->n * sizeof *m->operands);
}

static bool node_is(const struct ir_build *b, const struct ir_node *n, const struct ir_make *m)
{
    return n->op == m->op && n->type == m->type && n->x == m->x && n->y == m->y && n->z == m->z &&
           n->n == m->n &&
           (!m->n || memcmp(b->operands.at + n->first, m->operands, m->n * sizeof *m->operands) == 0);
}

ir_node_id ir_build_node(struct ir_build *b, struct ir_make m)
{
    for (uint32_t i = 0; i < m.n; i++)
        if (m.operands[i] == IR_POISON) return IR_POISON;
    uint64_t hash = node_hash(&m);
    uint32_t at = content_start(hash);
    for (uint32_t id; (id = content_next(b->node_index, hash, &at)) != CONTENT_NONE;)
        if (node_is(b, &b->nodes.at[id], &m)) return id;

    struct ir_node node = {.op = (uint8_t)m.op,
                           .type = (uint8_t)m.type,
                           .z = m.z,
                           .x = m.x,
                           .y = m.y,
                           .first = b->operands.len,
                           .n = m.n,
                           .span = m.span};
    for (uint32_t i = 0; i < m.n; i++) {
        assert(m.operands[i] < b->nodes.len);
        *ARENA_PUSH(b->arena, b->operands) = m.operands[i];
    }
    *ARENA_PUSH(b->arena, b->nodes) = node;
    content_put(b->arena, b->node_index, hash, b->nodes.len - 1);
    return b->nodes.len - 1;
}

/* The bytes that tell constants of one kind apart. */
static const void *constant_bytes(const struct value *v, size_t *len)
{
    switch (v->kind) {
    case VALUE_STRING:
        *len = v->len;
        return v->s;
    case VALUE_NET:
        *len = sizeof *v->net;
        return v->net;
    default:
        *len = sizeof v->i;
        return &v->i;
    }
}

bool ir_build_same(struct value a, struct value b)
{
    size_t a_len, b_len;
    const void *a_bytes = constant_bytes(&a, &a_len), *b_bytes = constant_bytes(&b, &b_len);
    return a.kind == b.kind && a.nocase == b.nocase && a_len == b_len &&
           (!a_len || memcmp(a_bytes, b_bytes, a_len) == 0);
}

uint64_t ir_build_hash(uint64_t hash, struct value v)
{
    size_t len;
    const void *bytes = constant_bytes(&v, &len);
    return content_hash(CONTENT_HASH(CONTENT_HASH(hash, v.kind), v.nocase), bytes, len);
}

uint32_t ir_build_constant(struct ir_build *b, struct value v)
{
    uint64_t hash = ir_build_hash(CONTENT_HASH_START, v);
    uint32_t at = content_start(hash);
    for (uint32_t i; (i = content_next(b->constant_index, hash, &at)) != CONTENT_NONE;)
        if (ir_build_same(b->constants.at[i], v)) return i;
    *ARENA_PUSH(b->arena, b->constants) = v;
    content_put(b->arena, b->constant_index, hash, b->constants.len - 1);
    return b->constants.len - 1;
}

uint32_t ir_build_slot(struct ir_build *b, const struct text *names, uint32_t len, bool unwrap)
{
    uint64_t hash = CONTENT_HASH(CONTENT_HASH_START, unwrap);
    for (uint32_t i = 0; i < len; i++)
        hash = content_hash(CONTENT_HASH(hash, names[i].len), names[i].at, names[i].len);
    uint32_t at = content_start(hash);
    for (uint32_t s; (s = content_next(b->slot_index, hash, &at)) != CONTENT_NONE;) {
        const struct ir_slot *slot = &b->slots.at[s];
        bool same = slot->len == len && slot->unwrap == unwrap;
        for (uint32_t i = 0; same && i < len; i++) same = text_equal(slot->names[i], names[i]);
        if (same) return s;
    }
    struct text *copy = ARENA_ARRAY(b->arena, struct text, len);
    if (len) memcpy(copy, names, len * sizeof *names);
    *ARENA_PUSH(b->arena, b->slots) = (struct ir_slot){copy, len, unwrap};
    content_put(b->arena, b->slot_index, hash, b->slots.len - 1);
    return b->slots.len - 1;
}

ir_node_id ir_build_const(struct ir_build *b, struct value v, enum ir_type type, struct csr_span span)
{
    return ir_build_node(
        b, (struct ir_make){.op = IR_OP_CONST, .type = type, .x = ir_build_constant(b, v), .span = span});
}

void ir_build_finish(struct ir_build *b, struct ir *ir)
{
    ir->nodes = b->nodes.at, ir->n_nodes = b->nodes.len;
    ir->operands = b->operands.at, ir->n_operands = b->operands.len;
    ir->constants = b->constants.at, ir->n_constants = b->constants.len;
    ir->slots = b->slots.at, ir->n_slots = b->slots.len;
    ir->fields = b->fields.at, ir->n_fields = b->fields.len;
    ir->lists = b->lists.at, ir->n_lists = b->lists.len;
}
