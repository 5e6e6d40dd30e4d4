/* eval.c - the evaluator's loop: what is remembered, and which function does what.
 *
 * Invariants
 * 1. A node's value is remembered for the stamp it was made under, but not while a quantifier binds an item:
 *    then it may depend on the item. What was remembered outside never does, so it may be used inside.
 * 2. Whatever a function is given (lists, withheld values, wrong kinds) it gives a value: language.md B14
 *    says which. No expression fails.
 */
#include "engine/ir/eval_op.h"

#include <assert.h>

/* ---- leaves -------------------------------------------------------------------------------------------- */

static struct value eval_const(struct eval *e, const struct ir_node *node)
{
    return e->ir->constants[node->x];
}

static struct value eval_list(struct eval *e, const struct ir_node *node)
{
    return (struct value){.kind = VALUE_SET, .set = e->ir->lists[node->x].set};
}

static struct value given_field(const struct eval_given *given, uint32_t field)
{
    for (uint32_t i = 0; i < given->n; i++)
        if (given->rows[i].field == field) return given->values[i];
    return value_absent();
}

static struct value eval_field(struct eval *e, const struct ir_node *node)
{
    if (e->given) return given_field(e->given, node->x);
    ir_node_id id = e->ir->fields[node->x].in_schema[e->schema];
    return id == IR_NONE ? value_absent() : eval_value(e, id);
}

static struct value eval_item(struct eval *e, const struct ir_node *node)
{
    return e->items[node->x];
}

/* ---- the loop ------------------------------------------------------------------------------------------ */

/* Operations that are not here are leaves of the event or the match. */
static eval_op *const ops[IR_OPS] = {
    [IR_OP_CONST] = eval_const,
    [IR_OP_LIST] = eval_list,
    [IR_OP_FIELD] = eval_field,
    [IR_OP_ITEM] = eval_item,

    [IR_OP_MEMBER] = eval_member,
    [IR_OP_ELEMENTS] = eval_elements,
    [IR_OP_ANY] = eval_quantifier,
    [IR_OP_ALL] = eval_quantifier,
    [IR_OP_CONCAT] = eval_concat,
    [IR_OP_JSON] = eval_json,
    [IR_OP_STATEMENTS] = eval_statements,

    [IR_OP_EQ] = eval_equality,
    [IR_OP_NE] = eval_equality,
    [IR_OP_LT] = eval_order,
    [IR_OP_LE] = eval_order,
    [IR_OP_GT] = eval_order,
    [IR_OP_GE] = eval_order,
    [IR_OP_LIKE] = eval_text_test,
    [IR_OP_CONTAINS] = eval_text_test,
    [IR_OP_STARTS] = eval_text_test,
    [IR_OP_ENDS] = eval_text_test,
    [IR_OP_MEMBER_OF] = eval_member_of,
    [IR_OP_BETWEEN] = eval_between,
    [IR_OP_REGEX] = eval_pattern,
    [IR_OP_PRESENT] = eval_present,
    [IR_OP_TRUTHY] = eval_truthy,
    [IR_OP_GRANTS] = eval_grants,

    [IR_OP_AND] = eval_logic,
    [IR_OP_OR] = eval_logic,
    [IR_OP_NOT] = eval_not,
    [IR_OP_ADD] = eval_arithmetic,
    [IR_OP_SUB] = eval_arithmetic,
    [IR_OP_MUL] = eval_arithmetic,

    [IR_OP_LOWER] = eval_lower,
    [IR_OP_LEN] = eval_len,
    [IR_OP_TOTAL] = eval_total,
    [IR_OP_FIRST_OF] = eval_first_of,
    [IR_OP_FIRST_ELEMENT] = eval_first_element,
    [IR_OP_ONLY] = eval_only,
    [IR_OP_PART] = eval_part,
    [IR_OP_ARN_PART] = eval_arn_part,
    [IR_OP_ACCOUNT_OF] = eval_account_of,
    [IR_OP_NAME_OF] = eval_name_of,
    [IR_OP_PREFIX] = eval_prefix,
    [IR_OP_HOUR] = eval_hour,
    [IR_OP_WEEKDAY] = eval_weekday,
    [IR_OP_TEXT_OF] = eval_text_of,
    [IR_OP_WITHOUT] = eval_without,
    [IR_OP_JOIN] = eval_join,
    [IR_OP_STEM] = eval_stem,
    [IR_OP_RENAMED] = eval_renamed,
    [IR_OP_TO_TIME] = eval_to_time,
    [IR_OP_TO_IP] = eval_to_ip,
    [IR_OP_ASN_OF] = eval_enriched,
    [IR_OP_ORG_OF] = eval_enriched,
    [IR_OP_COUNTRY_OF] = eval_enriched,
};

void eval_init(struct eval *e, const struct ir *ir, struct scratch *scratch, struct value *memo,
               uint32_t *memo_stamp)
{
    *e = (struct eval){.ir = ir, .scratch = scratch, .memo = memo, .memo_stamp = memo_stamp, .stamp = 1};
}

void eval_reset(struct eval *e)
{
    e->bound = 0;
    e->overflowed = false;
    if (++e->stamp) return;
    memset(e->memo_stamp, 0, sizeof *e->memo_stamp * e->ir->n_nodes); /* after four billion events */
    e->stamp = 1;
}

struct value eval_value(struct eval *e, ir_node_id id)
{
    assert(id < e->ir->n_nodes);
    if (e->memo_stamp[id] == e->stamp) return e->memo[id];
    const struct ir_node *node = &e->ir->nodes[id];
    e->evaluated++;
    struct value v = ops[node->op] ? ops[node->op](e, node) : e->leaf(e, id, node);
    if (e->bound) return v;
    e->memo[id] = v;
    e->memo_stamp[id] = e->stamp;
    return v;
}

enum tri eval_test(struct eval *e, ir_node_id id)
{
    return value_equal(eval_value(e, id), value_bool(true));
}

void *eval_take(struct eval *e, size_t size)
{
    void *at = scratch_take(e->scratch, size);
    if (!at) e->overflowed = true;
    return at;
}
