/* fuzz_decode.c - any bytes as a record: the decoder and jansson agree, and the evaluator takes whatever
 * comes. */
#include "tests/unit/oracle_json.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *const paths[] = {"a",
                                    "a.b",
                                    "a.b.c",
                                    "b",
                                    "",
                                    "a.",
                                    "eventTime",
                                    "requestParameters",
                                    "requestParameters.a",
                                    "requestParameters.aRequest.b",
                                    "userIdentity.arn",
                                    NULL};

/* Lists, members and texts of every slot. */
static void evaluate(const struct judged *j)
{
    static const uint8_t unary[] = {IR_OP_ELEMENTS, IR_OP_MEMBER, IR_OP_LOWER,   IR_OP_LEN,
                                    IR_OP_TOTAL,    IR_OP_TRUTHY, IR_OP_PRESENT, IR_OP_NAME_OF,
                                    IR_OP_TO_TIME,  IR_OP_TO_IP,  IR_OP_TEXT_OF, IR_OP_STEM};
    struct value v = {.kind = VALUE_STRING, .s = "b", .len = 1};
    struct ir ir = {.constants = &v, .n_constants = 1, .n_nodes = sizeof unary + 2};
    struct ir_node nodes[sizeof unary + 2] = {{.op = IR_OP_CONST}};
    ir_node_id operands[2] = {0, 2};
    for (uint32_t i = 0; i < sizeof unary; i++)
        nodes[i + 1] = (struct ir_node){.op = unary[i], .first = 0, .n = 1};
    nodes[sizeof unary + 1] = (struct ir_node){.op = IR_OP_ELEMENTS, .first = 1, .n = 1};
    struct value memo[sizeof unary + 2];
    uint32_t stamps[sizeof unary + 2] = {0};
    struct scratch scratch = j->scratch;
    struct eval e;
    ir.nodes = nodes;
    ir.operands = operands;
    eval_init(&e, &ir, &scratch, memo, stamps);
    for (uint32_t s = 0; s < j->ir->n_slots; s++) {
        v = j->slots[s];
        eval_reset(&e);
        scratch.len = j->scratch.len; /* behind what the slots point at */
        for (uint32_t i = 0; i < ir.n_nodes; i++)
            if (i != 2) eval_value(&e, i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *a = arena_new(0);
    struct judged j;
    uint32_t slot = 0;
    if (len > EVENT_BYTES_MOST + 16) return 0;
    struct ir *ir = judged_ir(a, paths);
    for (uint32_t i = 0; i < ir->n_slots; i++) ir->slots[i].unwrap = false;
    judged_init(&j, a, ir, 16 * len + (64u << 10));
    struct text record = {(const char *)bytes, (uint32_t)len};
    const char *verdict = judge(&j, record, &slot);
    if (verdict) {
        fprintf(stderr, "%s (slot %s)\n", verdict, paths[slot]);
        abort();
    }
    evaluate(&j);
    judged_release(&j);
    arena_free(a);
    return 0;
}
