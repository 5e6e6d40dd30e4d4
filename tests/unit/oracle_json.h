/* oracle_json.h - jansson as the judge of the decoder: a record that either refuses the other refuses too,
 * and every slot holds what jansson finds at its path.
 *
 * What the two may differ in, by design: numbers that overflow (we keep their text), depth and size (our
 * limits), and texts that stand for withheld values. Wrapped EC2 parameters are left to test_decode.c.
 */
#ifndef CSR_TESTS_UNIT_ORACLE_JSON_H
#define CSR_TESTS_UNIT_ORACLE_JSON_H

#include "engine/base/hash.h"
#include "engine/event/decode.h"
#include "engine/ir/json_value.h"

#include <jansson.h>
#include <stdlib.h>

struct judged {
    const struct ir *ir;
    struct decoder *decoder;
    struct eval eval;
    struct scratch scratch;
    struct value *slots;
};

/* Reads all of `paths` ("a.b.c", NULL ends them) and calls every object a record whose time is 0. */
static inline struct ir *judged_ir(struct arena *a, const char *const *paths)
{
    struct ir *ir = ARENA_NEW(a, struct ir);
    ir->arena = a;
    while (paths[ir->n_slots]) ir->n_slots++;
    ir->slots = ARENA_ARRAY(a, struct ir_slot, ir->n_slots);
    for (uint32_t i = 0; i < ir->n_slots; i++) {
        struct ir_slot *slot = &ir->slots[i];
        slot->names = ARENA_ARRAY(a, struct text, 128);
        for (const char *at = paths[i]; at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
            const char *dot = strchr(at, '.');
            slot->names[slot->len++] = (struct text){at, (uint32_t)(dot ? (size_t)(dot - at) : strlen(at))};
        }
    }
    ir->n_nodes = ir->n_constants = ir->n_schemas = 1;
    ir->constants = ARENA_NEW(a, struct value);
    ir->constants[0] = (struct value){.kind = VALUE_TIME};
    ir->nodes = ARENA_NEW(a, struct ir_node);
    ir->nodes[0] = (struct ir_node){.op = IR_OP_CONST};
    ir->schemas = ARENA_NEW(a, struct ir_schema);
    ir->schemas[0] =
        (struct ir_schema){.when = IR_NONE, .identity = IR_NONE, .service = IR_NONE, .action = IR_NONE};
    return ir;
}

static inline void judged_init(struct judged *j, struct arena *a, const struct ir *ir, size_t scratch)
{
    *j = (struct judged){.ir = ir, .decoder = decoder_new(ir), .scratch = {malloc(scratch), 0, scratch}};
    j->slots = calloc(ir->n_slots + 1, sizeof *j->slots);
    eval_init(&j->eval, ir, &j->scratch, ARENA_ARRAY(a, struct value, ir->n_nodes),
              ARENA_ARRAY(a, uint32_t, ir->n_nodes));
}

static inline void judged_release(struct judged *j)
{
    decoder_free(j->decoder);
    free(j->scratch.at);
    free(j->slots);
}

static inline enum aside judged_decode(struct judged *j, struct text record, struct event *event)
{
    *event = (struct event){.slots = j->slots};
    j->scratch.len = 0;
    return decode_event(j->decoder, &j->eval, record, event);
}

static inline json_t *oracle_at(json_t *root, const struct ir_slot *slot)
{
    json_t *at = root;
    for (uint32_t i = 0; at && i < slot->len; i++)
        at = json_is_object(at) ? json_object_getn(at, slot->names[i].at, slot->names[i].len) : NULL;
    return at;
}

static inline bool is_withheld_text(json_t *j)
{
    return j && json_is_string(j) && (!strcmp(json_string_value(j), "HIDDEN_DUE_TO_SECURITY_REASONS") ||
                                      !strcmp(json_string_value(j), "<sensitiveDataRemoved>"));
}

/* Whether a path leads to or into something withheld. */
static inline bool oracle_withholds(json_t *root, const struct ir_slot *slot)
{
    struct ir_slot above = *slot;
    json_t *top;
    for (above.len = 1; above.len <= slot->len; above.len++)
        if (is_withheld_text(oracle_at(root, &above))) return true;
    above.len = 1;
    top = oracle_at(root, &above);
    return top && json_is_true(json_object_get(top, "omitted"));
}

static inline bool same_value(struct judged *j, struct value v, json_t *expected)
{
    struct value content;
    json_error_t error;
    if (!expected) return v.kind == VALUE_ABSENT;
    switch (json_typeof(expected)) {
    case JSON_NULL: return v.kind == VALUE_NULL;
    case JSON_TRUE: return v.kind == VALUE_BOOL && v.i == 1;
    case JSON_FALSE: return v.kind == VALUE_BOOL && v.i == 0;
    case JSON_INTEGER: return v.kind == VALUE_INT && v.i == json_integer_value(expected);
    case JSON_REAL: return v.kind == VALUE_FLOAT && v.f == json_real_value(expected);
    case JSON_STRING:
        return v.kind == VALUE_STRING &&
               text_equal(value_text(v),
                          (struct text){json_string_value(expected), (uint32_t)json_string_length(expected)});
    default: break;
    }
    if (json_object_size(expected) == 2 && json_object_get(expected, "tag") && v.kind != VALUE_JSON) {
        char *text = json_dumps(json_object_get(expected, "content"), JSON_ENCODE_ANY);
        bool same = text && json_value((struct text){text, (uint32_t)strlen(text)}, &j->scratch, &content) &&
                    (value_equal(content, v) != TRI_FALSE || v.kind == VALUE_NULL);
        free(text);
        return same;
    }
    if (v.kind != VALUE_JSON) return false;
    json_t *again = json_loadb(v.s, v.len, JSON_ALLOW_NUL, &error);
    bool same = again && json_equal(again, expected);
    json_decref(again);
    return same;
}

/* NULL: they agree. Otherwise what they disagree about; *slot is its number where it is about one. */
static inline const char *judge(struct judged *j, struct text record, uint32_t *slot)
{
    struct event event;
    json_error_t error;
    enum aside why = judged_decode(j, record, &event);
    if (j->eval.overflowed) return "the scratch was too small";
    if (why == ASIDE_TOO_LARGE || why == ASIDE_TOO_DEEP) return NULL;
    if (record.len &&
        memchr(record.at, 0, record.len)) /* is nowhere JSON, but to jansson the end of the text */
        return why == ASIDE_NONE || why == ASIDE_NO_SCHEMA ? "a NUL is let through" : NULL;
    json_t *root =
        json_loadb(record.at, record.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    const char *verdict = NULL;
    if (!root) {
        bool overflows = json_error_code(&error) == json_error_numeric_overflow;
        return why == ASIDE_NONE && !overflows ? "jansson refuses it, we do not" : NULL;
    }
    if (why == ASIDE_NO_SCHEMA && json_is_object(root)) verdict = "an object is of no known kind";
    else if (why != ASIDE_NONE && why != ASIDE_NO_SCHEMA) verdict = "we refuse it, jansson does not";
    for (uint32_t i = 0; why == ASIDE_NONE && !verdict && i < j->ir->n_slots; i++) {
        *slot = i;
        if (oracle_withholds(root, &j->ir->slots[i])) {
            if (j->slots[i].kind != VALUE_UNKNOWN) verdict = "a withheld value is not unknown";
        } else if (!same_value(j, j->slots[i], oracle_at(root, &j->ir->slots[i]))) {
            verdict = "a slot differs";
        }
    }
    json_decref(root);
    return verdict;
}

#endif
