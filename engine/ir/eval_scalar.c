/* eval_scalar.c - arithmetic, times and addresses. */
#include "engine/base/number.h"
#include "engine/base/time.h"
#include "engine/ir/eval_op.h"

#include <math.h>

/* ---- + - ----------------------------------------------------------------------------------------------- */

/* Text that is wholly a number counts as it. */
static struct value numeric(struct value v)
{
    struct value number;
    if (v.kind == VALUE_STRING && number_parse(value_text(v), &number) && number.kind != VALUE_STRING)
        return number;
    return v;
}

static bool whole_result(uint8_t op, int64_t a, int64_t b, int64_t *out)
{
    return !(op == IR_OP_ADD   ? __builtin_add_overflow(a, b, out)
             : op == IR_OP_SUB ? __builtin_sub_overflow(a, b, out)
                               : __builtin_mul_overflow(a, b, out));
}

static double float_result(uint8_t op, double a, double b)
{
    return op == IR_OP_ADD ? a + b : op == IR_OP_SUB ? a - b : a * b;
}

/* The kind of a result; VALUE_ABSENT: the two do not go together. */
static uint8_t result_kind(uint8_t op, uint8_t a, uint8_t b)
{
    static const struct {
        uint8_t op, a, b, result;
    } rules[] = {
        {IR_OP_ADD, VALUE_TIME, VALUE_DURATION, VALUE_TIME},
        {IR_OP_ADD, VALUE_DURATION, VALUE_TIME, VALUE_TIME},
        {IR_OP_SUB, VALUE_TIME, VALUE_DURATION, VALUE_TIME},
        {IR_OP_SUB, VALUE_TIME, VALUE_TIME, VALUE_DURATION},
        {IR_OP_ADD, VALUE_DURATION, VALUE_DURATION, VALUE_DURATION},
        {IR_OP_SUB, VALUE_DURATION, VALUE_DURATION, VALUE_DURATION},
        {IR_OP_MUL, VALUE_DURATION, VALUE_INT, VALUE_DURATION},
        {IR_OP_MUL, VALUE_INT, VALUE_DURATION, VALUE_DURATION},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].op == op && rules[i].a == a && rules[i].b == b) return rules[i].result;
    bool whole_a = a == VALUE_INT || a == VALUE_SIZE, whole_b = b == VALUE_INT || b == VALUE_SIZE;
    if (whole_a && whole_b) return a == VALUE_SIZE || b == VALUE_SIZE ? VALUE_SIZE : VALUE_INT;
    return (whole_a || a == VALUE_FLOAT) && (whole_b || b == VALUE_FLOAT) ? VALUE_FLOAT : VALUE_ABSENT;
}

/* What does not fit into 64 bits: a number goes on as a FLOAT, a time, duration or size is absent. */
struct value eval_arithmetic(struct eval *e, const struct ir_node *node)
{
    struct value a = numeric(eval_operand(e, node, 0)), b = numeric(eval_operand(e, node, 1));
    long double x, y;
    if (a.kind == VALUE_ABSENT || b.kind == VALUE_ABSENT) return value_absent();
    if (a.kind == VALUE_UNKNOWN) return a;
    if (b.kind == VALUE_UNKNOWN) return b;
    struct value result = {.kind = result_kind(node->op, a.kind, b.kind)};
    if (result.kind == VALUE_ABSENT) return result;
    if (result.kind != VALUE_FLOAT && whole_result(node->op, a.i, b.i, &result.i)) return result;
    if (result.kind != VALUE_FLOAT && result.kind != VALUE_INT) return value_absent();
    if (!number_of(a, &x) || !number_of(b, &y)) return value_absent();
    result = (struct value){.kind = VALUE_FLOAT, .f = float_result(node->op, (double)x, (double)y)};
    return isfinite(result.f) ? result : value_absent();
}

/* ---- times --------------------------------------------------------------------------------------------- */

struct value eval_to_time(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0), time = {.kind = VALUE_TIME};
    char room[32];
    bool is_time = false;
    if (v.kind == VALUE_UNKNOWN || v.kind == VALUE_TIME) return v;
    if (v.kind == VALUE_STRING) is_time = time_parse(value_text(v), &time.i);
    else if (v.kind == VALUE_INT) is_time = time_parse((struct text){room, number_print(v, room)}, &time.i);
    else if (v.kind == VALUE_FLOAT) is_time = time_of_epoch(v.f, &time.i);
    return is_time ? time : value_absent();
}

/* The time and the zone of hour() and weekday(). The compiler has refused zones that cannot be read. */
static bool time_and_zone(struct eval *e, const struct ir_node *node, struct value *time, int32_t *zone)
{
    struct value name = eval_operand(e, node, 1);
    *time = eval_operand(e, node, 0);
    if (time->kind != VALUE_TIME) return false;
    if (!node->x) return name.kind == VALUE_STRING && zone_parse(value_text(name), zone);
    *zone = zone_offset(&e->ir->zones[node->x - 1], time_second(time->i));
    return true;
}

struct value eval_hour(struct eval *e, const struct ir_node *node)
{
    struct value time;
    int32_t zone;
    if (time_and_zone(e, node, &time, &zone)) return value_int(time_hour(time.i, zone));
    return time.kind == VALUE_UNKNOWN ? time : value_absent();
}

struct value eval_weekday(struct eval *e, const struct ir_node *node)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct value time;
    int32_t zone;
    if (time_and_zone(e, node, &time, &zone)) return value_string(text_of(names[time_weekday(time.i, zone)]));
    return time.kind == VALUE_UNKNOWN ? time : value_absent();
}

/* ---- addresses ----------------------------------------------------------------------------------------- */

static struct value net_value(struct eval *e, struct ip_net net)
{
    struct ip_net *kept = eval_take(e, sizeof *kept);
    if (!kept) return value_withheld();
    *kept = net;
    return (struct value){.kind = VALUE_NET, .net = kept};
}

struct value eval_to_ip(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    struct ip_net net;
    if (v.kind == VALUE_UNKNOWN || v.kind == VALUE_NET) return v;
    if (v.kind != VALUE_STRING || !ip_parse(value_text(v), &net)) return value_absent();
    return net_value(e, net);
}

/* The first n characters of a text that has more; of an address the network of n bits that it lies in. */
struct value eval_prefix(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0), n = eval_operand(e, node, 1);
    struct ip_net net;
    if (v.kind == VALUE_UNKNOWN) return v;
    if (n.kind != VALUE_INT || n.i < 0) return value_absent();
    if (v.kind == VALUE_NET) return ip_network(v.net, n.i, &net) ? net_value(e, net) : value_absent();
    if (v.kind != VALUE_STRING) return value_absent();
    struct text t = value_text(v);
    for (uint32_t i = 0; i < t.len; i++)
        if ((t.at[i] & 0xc0) != 0x80 && n.i-- == 0) return value_string((struct text){t.at, i});
    return v;
}

/* What a database says of an address, if there is one. */
struct value eval_enriched(struct eval *e, const struct ir_node *node)
{
    struct value v = eval_operand(e, node, 0);
    if (v.kind == VALUE_UNKNOWN) return v;
    if (v.kind != VALUE_NET || !e->enrichment) return value_absent();
    return e->enrichment->ask(e->enrichment->world, (enum ir_op)node->op, v.net);
}
