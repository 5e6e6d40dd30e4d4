/* eval_op.h - between the files of the evaluator: one function an operation. */
#ifndef CSR_ENGINE_IR_EVAL_OP_H
#define CSR_ENGINE_IR_EVAL_OP_H

#include "engine/ir/eval.h"

typedef struct value eval_op(struct eval *e, const struct ir_node *node);

/* Tests: eval_test.c */
eval_op eval_equality, eval_order, eval_text_test, eval_pattern, eval_member_of, eval_between, eval_present, eval_truthy,
    eval_grants, eval_logic, eval_not;
/* Records and lists: eval_list.c */
eval_op eval_member, eval_elements, eval_quantifier, eval_concat, eval_total, eval_len, eval_first_of,
    eval_first_element, eval_only;
/* Documents: eval_document.c, eval_document_policy.c */
eval_op eval_json, eval_statements;
/* Texts, numbers, times, addresses: eval_text.c, eval_scalar.c */
eval_op eval_lower, eval_part, eval_arn_part, eval_account_of, eval_name_of, eval_text_of, eval_without,
    eval_join, eval_stem, eval_renamed;
eval_op eval_arithmetic, eval_prefix, eval_hour, eval_weekday, eval_to_time, eval_to_ip, eval_enriched;

/* The value of the node's i-th operand. */
static inline struct value eval_operand(struct eval *e, const struct ir_node *node, uint32_t i)
{
    return eval_value(e, e->ir->operands[node->first + i]);
}
static inline enum tri eval_operand_test(struct eval *e, const struct ir_node *node, uint32_t i)
{
    return eval_test(e, e->ir->operands[node->first + i]);
}

static inline struct value eval_of_tri(enum tri t)
{
    return t == TRI_UNKNOWN ? value_withheld() : value_bool(t == TRI_TRUE);
}

/* From the scratch. NULL: no room, and eval->overflowed is set. */
void *eval_take(struct eval *e, size_t size);

/* How many values stand behind one: of a list or set its members, else the value itself. */
uint32_t eval_many_len(struct value v);
struct value eval_many_at(const struct value *v, uint32_t i);

/* A function of one text over a value: a list is mapped, withheld stays withheld, anything else is absent. */
typedef struct value eval_of_text(struct eval *e, const struct ir_node *node, struct text t);
struct value eval_map_text(struct eval *e, const struct ir_node *node, struct value v, eval_of_text *f);

#endif
