/* build.h - making the IR's pools: nodes, constants, slots, fields and lists, each distinct one once.
 *
 * Nodes are hash-consed while they are made: asking twice for the same operation over the same operands gives
 * the same number, so a predicate that a hundred rules write is one node (language.md: each distinct
 * predicate once).
 *
 * Invariants
 * 1. A node's operands were made before it and have smaller numbers.
 * 2. Two nodes of a pool never have the same op, type, x, y, z and operands; the span is not part of it.
 * 3. IR_POISON stands for an expression that was wrong and has been reported. It is never an operand: a node
 * over poison is poison, so one mistake is reported once.
 */
#ifndef CSR_ENGINE_IR_BUILD_H
#define CSR_ENGINE_IR_BUILD_H

#include "engine/ir/ir.h"
#include "grammar/base/arena.h"

struct content_index;

#define IR_POISON (UINT32_MAX - 1)

struct ir_build {
    struct arena *arena;
    struct ARENA_VEC(struct ir_node) nodes;
    struct ARENA_VEC(ir_node_id) operands;
    struct ARENA_VEC(struct value) constants;
    struct ARENA_VEC(struct ir_slot) slots;
    struct ARENA_VEC(struct ir_field) fields;
    struct ARENA_VEC(struct ir_list) lists;
    struct content_index *node_index, *constant_index, *slot_index;
};

void ir_build_init(struct ir_build *b, struct arena *arena);

/* A node to be made: what is left out is 0. */
struct ir_make {
    enum ir_op op;
    enum ir_type type;
    uint32_t x, y;
    uint16_t z;
    const ir_node_id *operands;
    uint32_t n;
    struct csr_span span;
};
ir_node_id ir_build_node(struct ir_build *b, struct ir_make make);

/* Whether two constants are one: kind, case flag and bytes agree. */
bool ir_build_same(struct value a, struct value b);
/* Equal for constants that are one; base/content_index.h. */
uint64_t ir_build_hash(uint64_t hash, struct value v);
/* Numbers of constants and slots; texts are kept as views. */
uint32_t ir_build_constant(struct ir_build *b, struct value v);
uint32_t ir_build_slot(struct ir_build *b, const struct text *names, uint32_t len, bool unwrap);
/* The CONST node of a value. */
ir_node_id ir_build_const(struct ir_build *b, struct value v, enum ir_type type, struct csr_span span);

static inline const struct ir_node *ir_build_at(const struct ir_build *b, ir_node_id id)
{
    return &b->nodes.at[id];
}

/* Moves the pools into the IR. The builder is done with then. */
void ir_build_finish(struct ir_build *b, struct ir *ir);

#endif
