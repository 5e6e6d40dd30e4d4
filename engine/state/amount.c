/* amount.c - values counted, added and compared, one event more or one less. */
#include "engine/state/amount.h"
#include "engine/base/number.h"

#include <math.h>
#include <stdlib.h>

__extension__ typedef __int128 wide; /* the sum of as many 64-bit numbers as a list can hold */

struct tally {
    uint64_t hash;
    uint32_t n; /* 0: nobody has the value any more */
};

struct amount {
    bool is_made;
    uint32_t distinct;       /* DISTINCT: tallies that are not 0 */
    struct tally *table;     /* [cap] by hash; a hash of 0 is an empty place */
    uint32_t used, cap;      /* places taken, places */
    wide whole;              /* SUM: of the whole numbers */
    uint32_t odd;            /* SUM: values that are not whole, or too large for `whole` */
    struct value edge;       /* MIN, MAX; absent: there is none */
    bool edge_left;          /* MIN, MAX: an event with that value has left, it is to be found anew */
    uint32_t holds, unknown; /* NEW: events of which it holds, or is not known */
};

/* ---- values ------------------------------------------------------------------------------------------- */

uint64_t value_hash(struct value v)
{
    static const uint64_t plain[2];
    char inside[256], *at = inside;
    uint32_t size = value_key_size(v);
    if (size > sizeof inside && !(at = malloc(size))) abort();
    uint64_t h = hash_64(plain, at, (size_t)(value_key_put(at, v) - at));
    if (at != inside) free(at);
    return h ? h : 1;
}

static struct value captured(const struct kept *k, uint32_t capture)
{
    return capture < k->hit->n_captures ? k->hit->captures[capture] : value_absent();
}

static uint32_t n_elements(const struct value *v)
{
    return v->kind == VALUE_LIST ? v->len : v->kind > VALUE_NULL;
}

static const struct value *element(const struct value *v, uint32_t i)
{
    return v->kind == VALUE_LIST ? &v->items[i] : v;
}

/* What a value adds to a sum. */
static bool sum_part(const struct value *v, long double *out)
{
    if (v->kind == VALUE_DURATION)
        *out = (long double)v->i;
    else if (!number_of(*v, out))
        return false;
    if (*out < 0) *out = 0;
    return true;
}

static bool is_whole(long double number)
{
    return number == floorl(number) && number < 9223372036854775808.0L;
}

/* Numbers by their amount, others as values of their kind are ordered. */
static bool is_beyond(const struct ir_node *n, const struct value *v, const struct value *edge)
{
    long double a, b;
    int order = 0;
    if (edge->kind == VALUE_ABSENT) return true;
    if (number_of(*v, &a) && number_of(*edge, &b))
        order = (a > b) - (a < b);
    else if (!value_order(*v, *edge, &order))
        return false;
    return n->op == IR_OP_MAX_OF ? order > 0 : order < 0;
}

uint32_t gathered_of_step(const struct gathered *l, uint32_t step, const struct kept *const **at)
{
    uint32_t edge[2];
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t lo = 0, hi = l->len;
        while (lo < hi) {
            uint32_t mid = lo + (hi - lo) / 2;
            if (l->at[mid]->hit->step < step + i)
                lo = mid + 1;
            else
                hi = mid;
        }
        edge[i] = lo;
    }
    *at = l->at + edge[0];
    return edge[1] - edge[0];
}

/* ---- questions to baselines --------------------------------------------------------------------------- */

static const struct hit_ask *find_ask(const struct kept *k, uint32_t ask, const struct answer_state **state)
{
    for (uint32_t i = 0; i < k->hit->n_asks; i++)
        if (k->hit->asks[i].ask == ask) {
            *state = &k->answers[i];
            return &k->hit->asks[i];
        }
    return NULL;
}

struct value asked_value(const struct rule_plan *p, const struct kept *k, uint32_t ask)
{
    const struct answer_state *a;
    const struct hit_ask *question = find_ask(k, ask, &a);
    uint8_t kind = p->rule->asks[ask].kind;
    if (!question || question->is_absent) return kind == IR_ASK_NEW ? value_bool(false) : value_absent();
    if (question->is_unknown || !answer_is_known(a)) return value_withheld();
    return answer_value(kind, &a->answers[ASKED_KEY]);
}

/* ---- one event more or less --------------------------------------------------------------------------- */

static struct tally *find_tally(struct tally *table, uint32_t cap, uint64_t hash)
{
    uint32_t i = (uint32_t)hash & (cap - 1);
    while (table[i].hash && table[i].hash != hash) i = (i + 1) & (cap - 1);
    return &table[i];
}

/* Values that nobody has any more are left behind. */
static void grow_table(struct state *s, struct amount *a)
{
    struct tally *old = a->table;
    uint32_t old_cap = a->cap;
    a->cap = 16;
    while (a->cap < 4 * a->distinct) a->cap *= 2;
    a->table = slab_get(&s->slab, a->cap * sizeof *a->table);
    a->used = 0;
    for (uint32_t i = 0; i < old_cap; i++)
        if (old[i].n) *find_tally(a->table, a->cap, old[i].hash) = old[i], a->used++;
    slab_put(&s->slab, old, old_cap * sizeof *old);
}

static void change_distinct(struct state *s, struct amount *a, const struct value *v, int by)
{
    if (v->kind <= VALUE_NULL) return;
    if (2 * a->used >= a->cap) grow_table(s, a);
    uint64_t hash = value_hash(*v);
    struct tally *t = find_tally(a->table, a->cap, hash);
    if (!t->hash) t->hash = hash, a->used++;
    bool was = t->n > 0;
    t->n += (uint32_t)by;
    a->distinct += (uint32_t)(t->n > 0) - (uint32_t)was;
}

static void change_sum(struct amount *a, const struct value *v, int by)
{
    long double part;
    if (!sum_part(v, &part)) return;
    if (is_whole(part))
        a->whole += by * (wide)part;
    else
        a->odd += (uint32_t)by;
}

static void change_edge(struct amount *a, const struct ir_node *n, const struct value *v, int by)
{
    if (v->kind <= VALUE_NULL || a->edge_left) return;
    bool beyond = is_beyond(n, v, &a->edge);
    if (by < 0)
        a->edge_left = !is_beyond(n, &a->edge, v);
    else if (beyond)
        a->edge = *v;
}

static void change_new(struct amount *a, const struct rule_plan *p, const struct kept *k, uint32_t ask,
                       int by)
{
    struct value v = asked_value(p, k, ask);
    if (v.kind == VALUE_UNKNOWN) a->unknown += (uint32_t)by;
    if (v.kind == VALUE_BOOL && v.i) a->holds += (uint32_t)by;
}

static void change(struct state *s, const struct rule_plan *p, struct amount *a, const struct ir_node *n,
                   const struct kept *k, int by)
{
    if (n->op == IR_OP_ASK_NEW) {
        change_new(a, p, k, n->x, by);
        return;
    }
    struct value v = captured(k, n->x);
    for (uint32_t i = 0; i < n_elements(&v); i++) {
        if (n->op == IR_OP_DISTINCT)
            change_distinct(s, a, element(&v, i), by);
        else if (n->op == IR_OP_SUM_OF)
            change_sum(a, element(&v, i), by);
        else
            change_edge(a, n, element(&v, i), by);
    }
}

void amounts_change(struct state *s, const struct rule_plan *p, struct gathered *l, const struct kept *k,
                    int by)
{
    s->slab.work++;
    for (uint32_t i = 0; l->amounts && i < p->n_amounts; i++) {
        const struct ir_node *n = &p->ir->nodes[p->amounts[i]];
        if (l->amounts[i].is_made && n->y == k->hit->step) change(s, p, &l->amounts[i], n, k, by);
    }
}

void amounts_drop(struct state *s, const struct rule_plan *p, struct gathered *l)
{
    for (uint32_t i = 0; l->amounts && i < p->n_amounts; i++)
        slab_put(&s->slab, l->amounts[i].table, l->amounts[i].cap * sizeof *l->amounts[i].table);
    slab_put(&s->slab, l->amounts, p->n_amounts * sizeof *l->amounts);
    l->amounts = NULL;
}

/* ---- what comes out ----------------------------------------------------------------------------------- */

static uint8_t kind_of_sum(const struct ir_node *n)
{
    return n->type == IR_TYPE_SIZE ? VALUE_SIZE : n->type == IR_TYPE_DURATION ? VALUE_DURATION : VALUE_INT;
}

static struct value sum_value(const struct ir_node *n, long double sum)
{
    if (is_whole(sum)) return (struct value){.kind = kind_of_sum(n), .i = (int64_t)sum};
    return (struct value){.kind = VALUE_FLOAT, .f = (double)sum};
}

static struct value sum_in_order(const struct ir_node *n, const struct kept *const *at, uint32_t len)
{
    long double sum = 0, part;
    for (uint32_t i = 0; i < len; i++) {
        struct value v = captured(at[i], n->x);
        for (uint32_t k = 0; k < n_elements(&v); k++)
            if (sum_part(element(&v, k), &part)) sum += part;
    }
    return sum_value(n, sum);
}

static struct value edge_of(const struct ir_node *n, const struct kept *const *at, uint32_t len)
{
    struct value edge = value_absent();
    for (uint32_t i = 0; i < len; i++) {
        struct value v = captured(at[i], n->x);
        for (uint32_t k = 0; k < n_elements(&v); k++)
            if (element(&v, k)->kind > VALUE_NULL && is_beyond(n, element(&v, k), &edge))
                edge = *element(&v, k);
    }
    return edge;
}

static struct value new_value(const struct amount *a)
{
    if (a->holds) return value_bool(true);
    return a->unknown ? value_withheld() : value_bool(false);
}

/* From what the amount remembers; where that is not enough, from the events. */
static struct value result(struct amount *a, const struct ir_node *n, const struct kept *const *at,
                           uint32_t len)
{
    switch (n->op) {
    case IR_OP_DISTINCT: return value_int(a->distinct);
    case IR_OP_ASK_NEW: return new_value(a);
    case IR_OP_SUM_OF:
        if (a->odd || a->whole > INT64_MAX) return sum_in_order(n, at, len);
        return (struct value){.kind = kind_of_sum(n), .i = (int64_t)a->whole};
    default:
        if (a->edge_left) a->edge = edge_of(n, at, len);
        a->edge_left = false;
        return a->edge;
    }
}

struct value amount_value(struct state *s, const struct rule_plan *p, struct gathered *l, uint32_t amount)
{
    const struct ir_node *n = &p->ir->nodes[p->amounts[amount]];
    const struct kept *const *at;
    uint32_t len = gathered_of_step(l, n->y, &at);
    if (!l->amounts) l->amounts = slab_get(&s->slab, p->n_amounts * sizeof *l->amounts);
    struct amount *a = &l->amounts[amount];
    for (uint32_t i = 0; !a->is_made && i < len; i++) change(s, p, a, n, at[i], 1);
    a->is_made = true;
    return result(a, n, at, len);
}

struct value amount_of(struct state *s, const struct rule_plan *p, const struct ir_node *n,
                       const struct kept *const *at, uint32_t len)
{
    struct amount a = {.is_made = true};
    for (uint32_t i = 0; i < len; i++) change(s, p, &a, n, at[i], 1);
    struct value v = result(&a, n, at, len);
    slab_put(&s->slab, a.table, a.cap * sizeof *a.table);
    return v;
}
