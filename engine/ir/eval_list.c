/* eval_list.c - into records and lists.
 *
 * Lists come in several forms and are made one here (language.md B14): a JSON array, {"items": […]}, a single
 * value that stands for a list of one, "" or {} or null for none.
 */
#include "engine/base/jsontext.h"
#include "engine/base/number.h"
#include "engine/base/set.h"
#include "engine/ir/eval_op.h"
#include "engine/ir/json_value.h"

/* A list that grows at the end of the scratch is not possible (texts are unescaped there), so lengths are
 * known before: an upper bound, taken once. */
struct builder {
    struct value *items;
    uint32_t len;
};

static bool builder_init(struct eval *e, struct builder *b, uint64_t most)
{
    *b = (struct builder){0};
    if (most > UINT32_MAX / sizeof(struct value)) e->overflowed = true;
    else b->items = eval_take(e, most * sizeof(struct value));
    return b->items != NULL;
}

static struct value builder_list(const struct builder *b)
{
    return (struct value){.kind = VALUE_LIST, .len = b->len, .items = b->items};
}

static struct value empty_list(void)
{
    return (struct value){.kind = VALUE_LIST};
}

/* ---- members ------------------------------------------------------------------------------------------- */

static struct value member_of_one(struct eval *e, struct value v, struct text name)
{
    struct value member;
    if (v.kind == VALUE_UNKNOWN) return value_inside_withheld();
    if (v.kind != VALUE_JSON || *v.s != '{') return value_absent();
    if (!json_member(value_text(v), name, e->scratch, &member)) e->overflowed = true;
    return member;
}

struct value eval_member(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    struct text name = value_text(e->ir->constants[node->x]);
    struct builder b;
    if (v.kind != VALUE_LIST) return member_of_one(e, v, name);
    if (!builder_init(e, &b, v.len)) return value_withheld();
    for (uint32_t i = 0; i < v.len; i++) {
        struct value member = member_of_one(e, v.items[i], name);
        if (member.kind != VALUE_ABSENT) b.items[b.len++] = member;
    }
    return builder_list(&b);
}

/* ---- elements ------------------------------------------------------------------------------------------ */

static uint64_t array_len(struct text array)
{
    struct json_scan s = json_scan_of(array);
    struct json_array a;
    uint64_t n = 0;
    if (!json_array_begin(&s, &a)) return 0;
    while (json_array_next(&s, &a) && json_skip(&s)) n++;
    return n;
}

static void array_put(struct eval *e, struct builder *b, struct text array)
{
    struct json_scan s = json_scan_of(array);
    struct json_array a;
    struct text one;
    if (!json_array_begin(&s, &a)) return;
    while (json_array_next(&s, &a) && json_value_text(&s, &one))
        if (!json_value(one, e->scratch, &b->items[b->len++])) e->overflowed = true;
}

static bool unwrap_once(struct text *json)
{
    return json_only_member(*json, TEXT("items"), json) || json_only_member(*json, TEXT("item"), json) ||
           json_only_member(*json, TEXT("member"), json);
}

/* What stands inside {"items": …}, at any depth of such wrappers. */
static struct text unwrap_list(struct text json)
{
    while (*json.at == '{' && unwrap_once(&json)) {
    }
    return json;
}

static bool is_empty_container(struct text json)
{
    struct json_scan s = json_scan_of((struct text){json.at + 1, json.len - 1});
    return *json.at == '{' && json_peek(&s) == '}';
}

/* How many elements v stands for. */
static uint64_t elements_len(struct value v)
{
    if (v.kind == VALUE_NULL || (v.kind == VALUE_STRING && v.len == 0)) return 0;
    if (v.kind != VALUE_JSON) return v.kind != VALUE_ABSENT;
    struct text json = unwrap_list(value_text(v));
    return *json.at == '[' ? array_len(json) : 1;
}

static void elements_put(struct eval *e, struct builder *b, struct value v)
{
    if (v.kind == VALUE_JSON) {
        struct text json = unwrap_list(value_text(v));
        if (*json.at == '[') {
            array_put(e, b, json);
            return;
        }
        if (is_empty_container(json)) return;
        if (!json_value(json, e->scratch, &v)) e->overflowed = true;
    }
    if (elements_len(v)) b->items[b->len++] = v;
}

struct value eval_elements(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    struct builder b;
    uint64_t most = 0;
    if (v.kind == VALUE_ABSENT || v.kind == VALUE_UNKNOWN) return v;
    for (uint32_t i = 0; i < eval_many_len(v); i++) most += elements_len(eval_many_at(&v, i));
    if (most == 0) return empty_list();
    if (!builder_init(e, &b, most)) return value_withheld();
    for (uint32_t i = 0; i < eval_many_len(v); i++) elements_put(e, &b, eval_many_at(&v, i));
    return builder_list(&b);
}

/* ---- any, all ------------------------------------------------------------------------------------------ */

/* `any` over nothing is false. `all` over an empty list is true, over an absent one false, like every test on
 * it. */
struct value eval_quantifier(struct eval *e, const struct ir_node *node)
{
    struct value list = eval_operand(e, node, 0);
    bool is_any = node->op == IR_OP_ANY;
    enum tri all = is_any ? TRI_FALSE : TRI_TRUE, decided = is_any ? TRI_TRUE : TRI_FALSE;
    if (list.kind == VALUE_ABSENT) return value_bool(false);
    if (list.kind == VALUE_UNKNOWN) return value_withheld();
    struct value outer = e->items[node->x];
    e->bound++;
    for (uint32_t i = 0; i < eval_many_len(list) && all != decided; i++) {
        e->items[node->x] = eval_many_at(&list, i);
        enum tri one = eval_operand_test(e, node, 1);
        if (is_any ? one > all : one < all) all = one;
    }
    e->bound--;
    e->items[node->x] = outer;
    return eval_of_tri(all);
}

/* ---- out of lists -------------------------------------------------------------------------------------- */

struct value eval_concat(struct eval *e, const struct ir_node *node)
{
    struct builder b;
    uint64_t most = 0;
    for (uint32_t i = 0; i < node->n; i++) most += eval_many_len(eval_operand(e, node, i));
    if (most == 0) return empty_list();
    if (!builder_init(e, &b, most)) return value_withheld();
    for (uint32_t i = 0; i < node->n; i++) {
        struct value v = eval_operand(e, node, i);
        for (uint32_t j = 0; j < eval_many_len(v); j++) {
            struct value one = eval_many_at(&v, j);
            if (one.kind != VALUE_ABSENT && one.kind != VALUE_NULL) b.items[b.len++] = one;
        }
    }
    return builder_list(&b);
}

/* INT while every number is one and the sum fits, else FLOAT. */
static struct value sum_add(struct value sum, struct value one)
{
    long double a = 0, b = 0;
    int64_t whole;
    bool is_whole = (one.kind == VALUE_INT || one.kind == VALUE_SIZE) && sum.kind == VALUE_INT;
    if (is_whole && !__builtin_add_overflow(sum.i, one.i, &whole)) return value_int(whole);
    number_of(sum, &a);
    number_of(one, &b);
    return (struct value){.kind = VALUE_FLOAT, .f = (double)(a + b)};
}

/* Absent if there is no number. */
struct value eval_total(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0), sum = value_absent();
    for (uint32_t i = 0; i < eval_many_len(v); i++) {
        struct value one = eval_many_at(&v, i);
        long double number;
        if (one.kind == VALUE_UNKNOWN) return one;
        if (!number_of(one, &number)) continue;
        if (one.kind == VALUE_STRING) number_parse(value_text(one), &one);
        sum = sum_add(sum.kind == VALUE_ABSENT ? value_int(0) : sum, one);
    }
    return sum;
}

struct value eval_first_of(struct eval *e, const struct ir_node *node)
{
    for (uint32_t i = 0; i < node->n; i++) {
        struct value v = eval_operand(e, node, i);
        if (v.kind != VALUE_ABSENT && v.kind != VALUE_NULL) return v;
    }
    return value_absent();
}

struct value eval_first_element(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    if (v.kind != VALUE_LIST) return v;
    return v.len ? v.items[0] : value_absent();
}

struct value eval_only(struct eval *e, const struct ir_node *node)
{
    switch (eval_operand_test(e, node, 0)) {
    case TRI_TRUE: return eval_operand(e, node, 1);
    case TRI_UNKNOWN: return value_inside_withheld();
    default: return value_absent();
    }
}
