/* fan.c - see fan.h. */
#include "engine/match/fan.h"

#define ELEMENTS_MOST (16u * HIT_FAN_MOST) /* of a list that are looked at: the search for copies is quadratic */

static void *take(struct eval *e, size_t size)
{
    void *at = scratch_take(e->scratch, size);
    if (!at) e->overflowed = true;
    return at;
}

/* .at NULL: no room. */
static struct text bytes_of(struct eval *e, struct value v)
{
    char *at = take(e, value_key_size(v));
    return at ? (struct text){at, (uint32_t)(value_key_put(at, v) - at)} : (struct text){NULL, 0};
}

enum fan_state fan_open(struct fan *f, struct eval *e, uint32_t n_parts)
{
    *f = (struct fan){.parts = take(e, n_parts * sizeof *f->parts), .n_parts = n_parts};
    return f->parts ? FAN_GOOD : FAN_SHORT;
}

/* What a value is as a part of a key. Null is written where there is nothing to say. */
static enum fan_state state_of(struct value v)
{
    switch (v.kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
    case VALUE_SET:
    case VALUE_LIST: return FAN_ABSENT;
    case VALUE_UNKNOWN: return FAN_UNKNOWN;
    default: return FAN_GOOD;
    }
}

static bool has_value(const struct fan_part *p, struct text bytes)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (text_equal(p->values[i], bytes)) return true;
    return false;
}

static enum fan_state set_list(struct fan *f, struct eval *e, struct fan_part *p, struct value list)
{
    uint32_t most = list.len < HIT_FAN_MOST ? list.len : HIT_FAN_MOST;
    bool has_unknown = false;
    p->values = take(e, most * sizeof *p->values);
    if (!p->values) return FAN_SHORT;
    for (uint32_t i = 0; i < list.len && i < ELEMENTS_MOST; i++) {
        enum fan_state state = state_of(list.items[i]);
        has_unknown |= state == FAN_UNKNOWN;
        if (state != FAN_GOOD) continue;
        struct text bytes = bytes_of(e, list.items[i]);
        if (!bytes.at) return FAN_SHORT;
        if (has_value(p, bytes)) continue;
        if (p->n == most) f->n_dropped++;
        else p->values[p->n++] = bytes;
    }
    if (list.len > ELEMENTS_MOST) f->n_dropped += list.len - ELEMENTS_MOST;
    return p->n ? FAN_GOOD : has_unknown ? FAN_UNKNOWN : FAN_ABSENT;
}

enum fan_state fan_set(struct fan *f, struct eval *e, uint32_t part, ir_node_id node)
{
    struct fan_part *p = &f->parts[part];
    *p = (struct fan_part){NULL, 0};
    struct value v = node == IR_NONE ? value_absent() : eval_value(e, node);
    if (v.kind == VALUE_LIST && v.len) return set_list(f, e, p, v);
    if (node != IR_NONE && state_of(v) != FAN_GOOD) return state_of(v);
    p->values = take(e, sizeof *p->values);
    if (!p->values) return FAN_SHORT;
    *p->values = node == IR_NONE ? TEXT("") : bytes_of(e, v);
    p->n = 1;
    return p->values->at ? FAN_GOOD : FAN_SHORT;
}

enum fan_state fan_set_alone(struct fan *f, struct eval *e, uint32_t part, struct text bytes)
{
    struct fan_part *p = &f->parts[part];
    *p = (struct fan_part){take(e, sizeof *p->values), 1};
    if (!p->values) return FAN_SHORT;
    *p->values = bytes; /* no value's key bytes begin so */
    return FAN_GOOD;
}

void fan_close(struct fan *f)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < f->n_parts; i++)
        if (n <= UINT32_MAX) n *= f->parts[i].n;
    f->n = n < HIT_FAN_MOST ? (uint32_t)n : HIT_FAN_MOST;
    f->n_dropped += n - f->n;
}

struct text fan_value(const struct fan *f, uint32_t combination, uint32_t part)
{
    for (uint32_t i = f->n_parts - 1; i > part; i--) combination /= f->parts[i].n;
    return f->parts[part].values[combination % f->parts[part].n];
}
