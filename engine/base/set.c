/* set.c - a hash table for plain texts, one for single addresses, and short lists for everything else.
 *
 * The key of the hash is fixed: members come from rules, and a table that never grows is not slowed by the
 * strangers that are looked up in it.
 *
 * Invariants
 * 1. A table's slots are a power of two, at most half full; an empty slot has no bytes (at == NULL).
 * 2. A member that can equal a value of other bytes (a number, true, a text without case) stands in loose[];
 *    a text that is an address or a network stands among those as well.
 */
#include "engine/base/set.h"

#include "engine/base/hash.h"

struct table {
    struct text *slots;
    uint32_t mask, used;
};

struct value_set {
    struct value *members;
    uint32_t len;
    struct table texts, addresses;
    struct ip_net *nets;
    uint32_t n_nets;
    struct value *loose;
    uint32_t n_loose;
};

static const uint64_t set_key[2] = {0x6373722d73657400, 1};

static void table_init(struct table *t, struct arena *a, uint32_t members)
{
    uint32_t size = 4;
    while (size < 2 * (uint64_t)members) size *= 2;
    t->slots = ARENA_ARRAY(a, struct text, size);
    t->mask = size - 1;
}

static struct text *table_slot(const struct table *t, struct text bytes)
{
    uint32_t at = (uint32_t)hash_64(set_key, bytes.at, bytes.len) & t->mask;
    while (t->slots[at].at && !text_equal(t->slots[at], bytes)) at = (at + 1) & t->mask;
    return &t->slots[at];
}

static bool table_has(const struct table *t, struct text bytes)
{
    return t->used && table_slot(t, bytes)->at;
}

static void table_put(struct table *t, struct text bytes)
{
    struct text *slot = table_slot(t, bytes);
    t->used += !slot->at;
    *slot = bytes.len ? bytes : TEXT("");
}

static struct text address_bytes(const struct ip_net *net)
{
    return (struct text){(const char *)net->bytes, 16};
}

static void net_put(struct value_set *s, struct arena *a, struct ip_net net)
{
    struct ip_net *kept = &s->nets[s->n_nets];
    if (net.bits == 128) kept = ARENA_NEW(a, struct ip_net);
    *kept = net;
    if (net.bits == 128) table_put(&s->addresses, address_bytes(kept));
    else s->n_nets++;
}

static bool is_plain_text(struct value v)
{
    return v.kind == VALUE_STRING && !v.nocase && !v.is_number;
}

static void member_put(struct value_set *s, struct arena *a, struct value v)
{
    struct ip_net net;
    if (v.kind == VALUE_NET) net_put(s, a, *v.net);
    else if (v.kind == VALUE_STRING && ip_parse(value_text(v), &net)) net_put(s, a, net);
    if (is_plain_text(v)) table_put(&s->texts, value_text(v));
    else if (v.kind != VALUE_NET) s->loose[s->n_loose++] = v;
}

const struct value_set *value_set_new(struct arena *a, const struct value *values, uint32_t len)
{
    struct value_set *s = ARENA_NEW(a, struct value_set);
    s->members = ARENA_ARRAY(a, struct value, len);
    s->nets = ARENA_ARRAY(a, struct ip_net, len + 1);
    s->loose = ARENA_ARRAY(a, struct value, len);
    s->len = len;
    table_init(&s->texts, a, len);
    table_init(&s->addresses, a, len);
    if (len) memcpy(s->members, values, len * sizeof *values);
    for (uint32_t i = 0; i < len; i++) member_put(s, a, values[i]);
    return s;
}

static bool holds_address(const struct value_set *s, const struct ip_net *address)
{
    if (address->bits == 128 && table_has(&s->addresses, address_bytes(address))) return true;
    for (uint32_t i = 0; i < s->n_nets; i++)
        if (ip_contains(&s->nets[i], address)) return true;
    return false;
}

static bool holds_equal(const struct value *members, uint32_t len, struct value v)
{
    for (uint32_t i = 0; i < len; i++)
        if (value_equal(members[i], v) == TRI_TRUE) return true;
    return false;
}

static bool holds_text(const struct value_set *s, struct value v)
{
    struct ip_net parsed;
    if (table_has(&s->texts, value_text(v)) || holds_equal(s->loose, s->n_loose, v)) return true;
    return (s->n_nets || s->addresses.used) && ip_parse(value_text(v), &parsed) && holds_address(s, &parsed);
}

enum tri value_set_has(const struct value_set *s, struct value v)
{
    if (v.kind == VALUE_ABSENT) return TRI_FALSE;
    if (v.kind == VALUE_UNKNOWN) return TRI_UNKNOWN;
    if (v.kind == VALUE_NET) return holds_address(s, v.net) ? TRI_TRUE : TRI_FALSE;
    if (is_plain_text(v)) return holds_text(s, v) ? TRI_TRUE : TRI_FALSE;
    return holds_equal(s->members, s->len, v) ? TRI_TRUE : TRI_FALSE;
}

uint32_t value_set_len(const struct value_set *s)
{
    return s->len;
}

struct value value_set_at(const struct value_set *s, uint32_t i)
{
    return s->members[i];
}
