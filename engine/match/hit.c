/* hit.c - a hit in one piece: so that a batch holds it and nothing else must live as long.
 *
 * One walk serves both questions: without memory (base NULL) it measures, with memory it writes. So size and
 * copy cannot disagree.
 */
#include "engine/match/hit.h"
#include "engine/base/time.h"

struct layout {
    char *base; /* 8-aligned, or NULL */
    size_t len;
};

static void *put(struct layout *l, const void *from, size_t size, size_t align)
{
    l->len = (l->len + align - 1) & ~(align - 1);
    char *to = l->base ? l->base + l->len : NULL;
    l->len += size;
    if (to && size) memcpy(to, from, size);
    return to;
}

static struct text put_text(struct layout *l, struct text t)
{
    return (struct text){put(l, t.at, t.len, 1), t.len};
}

static struct value *put_values(struct layout *l, const struct value *from, uint32_t n);

static struct value put_value(struct layout *l, struct value v)
{
    switch (v.kind) {
    case VALUE_STRING:
    case VALUE_JSON: v.s = put(l, v.s, v.len, 1); break;
    case VALUE_NET: v.net = put(l, v.net, sizeof *v.net, 1); break;
    case VALUE_LIST: v.items = put_values(l, v.items, v.len); break;
    default: break;
    }
    return v;
}

static struct value *put_values(struct layout *l, const struct value *from, uint32_t n)
{
    struct value *to = put(l, from, n * sizeof *from, 8);
    for (uint32_t i = 0; i < n; i++) {
        struct value v = put_value(l, from[i]);
        if (to) to[i] = v;
    }
    return to;
}

static struct evidence put_evidence(struct layout *l, struct evidence e)
{
    struct text *texts[] = {&e.identity,  &e.service, &e.action, &e.region,  &e.account,
                            &e.source_ip, &e.error,   &e.rule,   &e.match_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) *texts[i] = put_text(l, *texts[i]);
    return e;
}

static size_t lay_out(char *base, const struct hit *h)
{
    struct layout l = {base, sizeof *h};
    struct hit copy = *h;
    copy.joins = put(&l, h->joins, h->n_joins * sizeof *h->joins, 8);
    copy.asks = put(&l, h->asks, h->n_asks * sizeof *h->asks, 8);
    copy.captures = put_values(&l, h->captures, h->n_captures);
    copy.key = put_text(&l, h->key);
    copy.owner = NULL;
    copy.withheld = put_text(&l, h->withheld);
    copy.evidence = put_evidence(&l, h->evidence);
    if (base) memcpy(base, &copy, sizeof copy);
    return (l.len + 7) & ~(size_t)7;
}

size_t hit_size(const struct hit *h)
{
    return lay_out(NULL, h);
}

struct hit *hit_copy(void *out, const struct hit *h)
{
    lay_out(out, h);
    return out;
}

static size_t lay_out_derived(char *base, const struct derived *d)
{
    struct layout l = {base, sizeof *d};
    struct derived copy = *d;
    copy.owner = NULL;
    copy.values = put_values(&l, d->values, d->n_values);
    copy.key = put_text(&l, d->key);
    copy.evidence = put_evidence(&l, d->evidence);
    if (base) memcpy(base, &copy, sizeof copy);
    return (l.len + 7) & ~(size_t)7;
}

size_t derived_size(const struct derived *d)
{
    return lay_out_derived(NULL, d);
}

struct derived *derived_copy(void *out, const struct derived *d)
{
    lay_out_derived(out, d);
    return out;
}

size_t owner_size(const struct owner *o)
{
    size_t size = sizeof *o;
    for (int i = 0; i < OWNERS; i++) size += o->name[i].len;
    return size;
}

struct owner *owner_copy(void *out, const struct owner *o)
{
    struct owner *copy = out;
    char *at = (char *)(copy + 1);
    *copy = *o;
    for (int i = 0; i < OWNERS; at += copy->name[i++].len) {
        if (o->name[i].len) memcpy(at, o->name[i].at, o->name[i].len);
        copy->name[i].at = at;
    }
    return copy;
}

/* ---- feeds -------------------------------------------------------------------------------------------- */

static const uint64_t plain_key[2]; /* feeds are named alike in two runs */

static struct hash128 hash_part_of_feed(struct value v)
{
    char bytes[256];
    if (v.kind <= VALUE_NULL || value_key_size(v) > sizeof bytes) return (struct hash128){0, 0};
    return hash_128(plain_key, bytes, (size_t)(value_key_put(bytes, v) - bytes));
}

struct hash128 feed_hash(const struct ir *ir, uint32_t schema, struct value account, struct value region)
{
    struct text name = ir->schemas[schema].name;
    struct hash128 parts[] = {hash_128(plain_key, name.at, name.len), hash_part_of_feed(account),
                              hash_part_of_feed(region)};
    return hash_128(plain_key, parts, sizeof parts);
}

/* ---- answers ------------------------------------------------------------------------------------------- */

static struct value seconds_value(int64_t seconds)
{
    return (struct value){.kind = VALUE_DURATION, .i = seconds * SECOND_NS};
}

struct value answer_value(uint8_t kind, const struct answer *a)
{
    switch ((enum ir_ask_kind)kind) {
    case IR_ASK_NEW: return value_bool(a->is_new);
    case IR_ASK_AGE: return a->is_seen ? seconds_value(a->age) : value_absent();
    case IR_ASK_SINCE:
        if (!a->has_history) return value_absent();
        return a->since ? seconds_value(a->since) : (struct value){.kind = VALUE_UNKNOWN};
    case IR_ASK_RARITY:
        if (a->rarity < 0) return (struct value){.kind = VALUE_UNKNOWN};
        return (struct value){.kind = VALUE_FLOAT, .f = a->rarity};
    case IR_ASK_PREVALENCE: break;
    }
    return value_absent();
}
