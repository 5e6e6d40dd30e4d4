/* tape.c - numbers by sevens of bits, the lowest first; signed ones folded so that small ones are short. */
#include "engine/base/tape.h"

#include <stdlib.h>

#define NESTED_MOST 64         /* lists in lists */
#define FORGET_FROM (1u << 20) /* bytes: below, memory is not given back */

void tape_release(struct tape *t)
{
    free(t->bytes);
    t->bytes = NULL;
    t->len = t->cap = 0;
}

bool tape_check(struct tape *t, bool holds)
{
    if (!t->reads || holds) return true;
    t->is_broken = true;
    t->at = t->end;
    return false;
}

static bool make_room(struct tape *t, size_t len)
{
    if (t->cap - t->len >= len) return true;
    size_t cap = t->cap ? t->cap * 2 : 4096;
    while (cap - t->len < len) cap *= 2;
    char *grown = t->is_broken ? NULL : realloc(t->bytes, cap);
    if (!grown) {
        t->is_broken = true;
        return false;
    }
    t->bytes = grown;
    t->cap = cap;
    return true;
}

static size_t left(const struct tape *t)
{
    return (size_t)(t->end - t->at);
}

void tape_bytes(struct tape *t, void *at, size_t len)
{
    if (!len) return;
    if (t->reads) {
        if (!tape_check(t, len <= left(t))) {
            memset(at, 0, len);
            return;
        }
        memcpy(at, t->at, len);
        t->at += len;
    } else if (make_room(t, len)) {
        memcpy(t->bytes + t->len, at, len);
        t->len += len;
    }
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static void write_number(struct tape *t, uint64_t v)
{
    char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    tape_bytes(t, bytes, n);
}

static uint64_t read_number(struct tape *t)
{
    uint64_t v = 0;
    for (unsigned shift = 0; tape_check(t, shift < 64 && t->at < t->end); shift += 7) {
        uint8_t byte = (uint8_t)*t->at++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return v;
    }
    return 0;
}

/* The number; of a reader one that is at most so large. */
static uint64_t number(struct tape *t, uint64_t v, uint64_t most)
{
    if (t->reads) {
        v = read_number(t);
        return tape_check(t, v <= most) ? v : 0;
    }
    write_number(t, v);
    return v;
}

static uint64_t fold(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static int64_t unfold(uint64_t v)
{
    return (int64_t)(v >> 1 ^ -(v & 1));
}

void tape_u64(struct tape *t, uint64_t *v)
{
    uint64_t n = number(t, *v, UINT64_MAX);
    if (t->reads) *v = n;
}

void tape_u32(struct tape *t, uint32_t *v)
{
    uint64_t n = number(t, *v, UINT32_MAX);
    if (t->reads) *v = (uint32_t)n;
}

void tape_u16(struct tape *t, uint16_t *v)
{
    uint64_t n = number(t, *v, UINT16_MAX);
    if (t->reads) *v = (uint16_t)n;
}

void tape_u8(struct tape *t, uint8_t *v)
{
    uint64_t n = number(t, *v, UINT8_MAX);
    if (t->reads) *v = (uint8_t)n;
}

void tape_bool(struct tape *t, bool *v)
{
    uint64_t n = number(t, !t->reads && *v, 1);
    if (t->reads) *v = n != 0;
}

void tape_i64(struct tape *t, int64_t *v)
{
    uint64_t n = number(t, fold(*v) + 1, UINT64_MAX); /* the least one, which stands for none, is 0 */
    if (t->reads) *v = unfold(n - 1);
}

void tape_i32(struct tape *t, int32_t *v)
{
    int64_t wide = *v;
    tape_i64(t, &wide);
    if (!tape_check(t, wide >= INT32_MIN && wide <= INT32_MAX)) wide = 0;
    if (t->reads) *v = (int32_t)wide;
}

void tape_double(struct tape *t, double *v)
{
    uint64_t bits; /* the last of which are zero in most: they become the first */
    memcpy(&bits, v, sizeof bits);
    bits = number(t, __builtin_bswap64(bits), UINT64_MAX);
    bits = __builtin_bswap64(bits);
    if (t->reads) memcpy(v, &bits, sizeof bits);
}

void tape_hash(struct tape *t, struct hash128 *v)
{
    bool is_set = hash128_is_set(*v);
    TAPE(t, is_set);
    if (is_set)
        tape_bytes(t, v, sizeof *v);
    else if (t->reads)
        *v = (struct hash128){0, 0};
}

uint32_t tape_count(struct tape *t, uint32_t n)
{
    TAPE(t, n);
    return tape_check(t, n <= left(t)) ? n : 0;
}

/* ---- texts and values ---------------------------------------------------------------------------------- */

void tape_text(struct tape *t, struct text *v)
{
    uint32_t len = tape_count(t, v->len);
    if (t->reads) {
        *v = (struct text){t->at, len};
        t->at += len;
    } else {
        tape_bytes(t, (char *)(uintptr_t)v->at, len);
    }
}

static void tape_values(struct tape *t, struct value *list, unsigned depth);

static void nested_value(struct tape *t, struct value *v, unsigned depth)
{
    struct ip_net net = {.bits = 0};
    struct text text = {NULL, 0};
    if (t->reads) *v = (struct value){.kind = VALUE_ABSENT};
    TAPE(t, v->kind);
    if (!tape_check(t, v->kind < VALUE_SET && depth < NESTED_MOST)) *v = value_absent();
    switch ((enum value_kind)v->kind) {
    case VALUE_UNKNOWN: TAPE(t, v->len); break;
    case VALUE_FLOAT: TAPE(t, v->f); break;
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_TIME:
    case VALUE_DURATION:
    case VALUE_SIZE: TAPE(t, v->i); break;
    case VALUE_STRING:
    case VALUE_JSON:
        if (!t->reads) text = value_text(*v);
        TAPE(t, v->nocase), TAPE(t, v->is_number), TAPE(t, text);
        if (t->reads) v->s = text.at, v->len = text.len;
        break;
    case VALUE_NET:
        if (!t->reads) net = *v->net;
        tape_bytes(t, net.bytes, sizeof net.bytes), TAPE(t, net.bits);
        if (t->reads) v->net = memcpy(arena_alloc(t->arena, sizeof net), &net, sizeof net);
        break;
    case VALUE_LIST: tape_values(t, v, depth + 1); break;
    default: break;
    }
}

static void tape_values(struct tape *t, struct value *list, unsigned depth)
{
    uint32_t n = tape_count(t, list->len);
    struct value *items = (struct value *)(uintptr_t)list->items; /* writing only looks */
    if (t->reads) {
        items = ARENA_ARRAY(t->arena, struct value, n);
        list->items = items;
        list->len = n;
    }
    for (uint32_t i = 0; i < n; i++) nested_value(t, &items[i], depth);
}

void tape_value(struct tape *t, struct value *v)
{
    nested_value(t, v, 0);
}

/* ---- parts --------------------------------------------------------------------------------------------- */

size_t tape_open(struct tape *t)
{
    uint64_t len = 0;
    size_t mark = t->len;
    tape_bytes(t, &len, sizeof len);
    if (!t->reads) return mark;
    if (!tape_check(t, len <= left(t))) len = 0;
    return left(t) - (size_t)len; /* what is left behind the part */
}

void tape_skip(struct tape *t, size_t mark)
{
    if (t->reads && tape_check(t, left(t) >= mark)) t->at = t->end - mark;
}

void tape_close(struct tape *t, size_t mark)
{
    if (t->reads) {
        (void)tape_check(t, left(t) == mark);
        return;
    }
    if (t->is_broken) return;
    uint64_t len = t->len - mark - sizeof len;
    memcpy(t->bytes + mark, &len, sizeof len);
}

void tape_forget(struct tape *t)
{
    if (arena_used(t->arena) > FORGET_FROM) arena_reset(t->arena);
}
