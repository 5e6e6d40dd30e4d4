/* ir.c - sealing: lists are sorted and indexed, identities computed, invariants checked. */
#include "engine/ir/ir.h"

#include "engine/base/set.h"
#include "engine/ir/fingerprint.h"

#include <assert.h>
#include <stdlib.h>

static const char *const severity_names[] = {[IR_INFO] = "info",
                                             [IR_LOW] = "low",
                                             [IR_MEDIUM] = "medium",
                                             [IR_HIGH] = "high",
                                             [IR_CRITICAL] = "critical"};

struct text ir_severity_name(enum ir_severity severity)
{
    return text_of(severity_names[severity]);
}

struct text ir_argument_name(enum ir_argument kind)
{
    static const char *const names[] = {
        [IR_ARG_NAME] = "name", [IR_ARG_TEXT] = "text", [IR_ARG_NUMBER] = "number", [IR_ARG_KEY] = "key",
        [IR_ARG_PRINCIPAL] = "principal", [IR_ARG_INSTANCE] = "instance", [IR_ARG_FUNCTION] = "function"};
    return text_of(names[kind]);
}

struct text ir_link_kind_name(enum ir_link_kind kind)
{
    static const char *const names[] = {
        [IR_LINK_IDENTITY] = "identity", [IR_LINK_CAUSE] = "cause", [IR_LINK_ENTITY] = "entity"};
    return text_of(names[kind]);
}

/* ---- lists ---- */

/* A value with its key bytes, so that sorting makes them once. */
struct keyed {
    struct value value;
    struct text key;
};

static int by_key(const void *a, const void *b)
{
    return text_compare(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

static void seal_list(struct ir *ir, struct ir_list *list)
{
    struct keyed *keyed = ARENA_ARRAY(ir->arena, struct keyed, list->len);
    for (uint32_t i = 0; i < list->len; i++) {
        char *key = arena_alloc(ir->arena, value_key_size(list->values[i]) + 1);
        char *end = value_key_put(key, list->values[i]);
        keyed[i] = (struct keyed){list->values[i], {key, (uint32_t)(end - key)}};
    }
    if (list->len) qsort(keyed, list->len, sizeof *keyed, by_key);
    struct value *sorted = ARENA_ARRAY(ir->arena, struct value, list->len);
    for (uint32_t i = 0; i < list->len; i++) sorted[i] = keyed[i].value;
    list->values = sorted;
    list->set = value_set_new(ir->arena, sorted, list->len);
}

/* ---- invariants: our mistake, so asserts ---- */

static void check_nodes(const struct ir *ir)
{
    static const int8_t arity[] = {
#define IR_OP(op, name, operands) operands,
#include "engine/ir/ir_op.def"
#undef IR_OP
    };
    for (uint32_t i = 0; i < ir->n_nodes; i++) {
        const struct ir_node *node = &ir->nodes[i];
        assert(node->op < IR_OPS && node->type < IR_TYPES);
        assert(arity[node->op] < 0 || node->n == (uint32_t)arity[node->op]);
        for (uint32_t k = 0; k < node->n; k++) assert(ir->operands[node->first + k] < i);
        (void)node;
    }
    (void)arity;
}

static void check_rules(const struct ir *ir)
{
    for (uint32_t i = 0; i < ir->n_rules; i++) {
        const struct ir_rule *rule = &ir->rules[i];
        assert(rule->n_steps >= 1 && rule->n_steps <= 64 && rule->n_by >= 1);
        assert(rule->is_on ? rule->n_steps == 1 && !rule->match : rule->match && rule->within > 0);
        assert(rule->once > 0);
        (void)rule;
    }
}

/* ---- rules over rules ---- */

static uint32_t depth_over(const struct ir *ir, const struct ir_rule *rule)
{
    uint32_t depth = 0;
    for (uint32_t s = 0; s < rule->n_steps; s++)
        for (uint32_t g = 0; g < rule->steps[s].n_groups; g++)
            for (uint32_t a = 0; a < rule->steps[s].groups[g].n_apis; a++) {
                uint32_t under = rule->steps[s].groups[g].apis[a].rule;
                if (!depth && ir_is_told(&rule->steps[s].groups[g].apis[a])) depth = 1;
                if (under < ir->n_rules && depth <= ir->rules[under].depth)
                    depth = ir->rules[under].depth + 1;
            }
    return depth;
}

/* Each pass raises a rule over those that the pass before has raised. There are no circles. */
static void find_depths(struct ir *ir)
{
    for (uint32_t pass = 1; pass < IR_DEPTHS; pass++)
        for (uint32_t i = 0; i < ir->n_rules; i++) ir->rules[i].depth = depth_over(ir, &ir->rules[i]);
}

void ir_seal(struct ir *ir)
{
    for (uint32_t i = 0; i < ir->n_lists; i++) seal_list(ir, &ir->lists[i]);
    check_nodes(ir);
    check_rules(ir);
    find_depths(ir);
    ir_fingerprint(ir);
}
