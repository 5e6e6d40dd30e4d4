/* amount.c - values of events, the slow way. */
#include "tests/oracle/amount.h"

#include <stdlib.h>

static bool is_whole(struct value v)
{
    return v.kind == VALUE_INT || v.kind == VALUE_TIME || v.kind == VALUE_DURATION || v.kind == VALUE_SIZE ||
           v.kind == VALUE_BOOL;
}

bool as_number(struct value v, long double *out)
{
    char digits[64], *end;
    if (v.kind == VALUE_FLOAT) return *out = (long double)v.f, true;
    if (is_whole(v) && v.kind != VALUE_BOOL) return *out = (long double)v.i, true;
    if (v.kind != VALUE_STRING || v.len == 0 || v.len >= sizeof digits) return false;
    for (uint32_t i = 0; i < v.len; i++)
        if (!strchr("0123456789+-.eE", v.s[i])) return false;
    memcpy(digits, v.s, v.len);
    digits[v.len] = 0;
    *out = strtold(digits, &end);
    return *end == 0;
}

bool is_same(struct value a, struct value b)
{
    long double x, y;
    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING) return text_equal(value_text(a), value_text(b));
    if (a.kind == VALUE_NET && b.kind == VALUE_NET)
        return a.net->bits == b.net->bits && !memcmp(a.net->bytes, b.net->bytes, sizeof a.net->bytes);
    if (a.kind == VALUE_BOOL || b.kind == VALUE_BOOL) return a.kind == b.kind && a.i == b.i;
    return as_number(a, &x) && as_number(b, &y) && x == y;
}

bool in_order(struct value a, struct value b, int *order)
{
    long double x, y;
    if (as_number(a, &x) && as_number(b, &y)) {
        *order = (x > y) - (x < y);
        return true;
    }
    if (a.kind != VALUE_STRING || b.kind != VALUE_STRING) return false;
    *order = text_compare(value_text(a), value_text(b));
    return true;
}

static bool is_value(struct value v)
{
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NULL && v.kind != VALUE_UNKNOWN;
}

uint32_t values_offered(const struct hit *h, uint32_t capture, struct value *out)
{
    struct value v = h->captures[capture];
    uint32_t n = 0, of = v.kind == VALUE_LIST ? v.len : 1;
    const struct value *at = v.kind == VALUE_LIST ? v.items : &v;
    if (of > OFFERS_MOST) abort();
    for (uint32_t i = 0; i < of; i++)
        if (is_value(at[i])) out[n++] = at[i];
    return n;
}

/* The greatest number that it offers. */
static bool number_offered(const struct hit *h, uint32_t capture, long double *most)
{
    struct value offers[OFFERS_MOST];
    long double number;
    bool any = false;
    for (uint32_t i = 0, n = values_offered(h, capture, offers); i < n; i++) {
        if (!as_number(offers[i], &number)) continue;
        if (!any || number > *most) *most = number;
        any = true;
    }
    return any;
}

bool can_be_taken(const struct hit *h, uint32_t capture, uint8_t taking)
{
    struct value offers[OFFERS_MOST];
    long double number;
    return taking == IR_TAKE_SUM ? number_offered(h, capture, &number)
                                 : values_offered(h, capture, offers) > 0;
}

/* Whether the events from `at` on can be given values that are none of given[0 .. at). */
static bool give_values(const struct hit *const *hits, uint32_t at, uint32_t n, uint32_t capture,
                        struct value *given)
{
    struct value offers[OFFERS_MOST];
    if (at == n) return true;
    for (uint32_t i = 0, of = values_offered(hits[at], capture, offers); i < of; i++) {
        bool is_given = false;
        for (uint32_t k = 0; k < at; k++) is_given |= is_same(given[k], offers[i]);
        given[at] = offers[i];
        if (!is_given && give_values(hits, at + 1, n, capture, given)) return true;
    }
    return false;
}

bool differ_pairwise(const struct hit *const *hits, uint32_t n, uint32_t capture)
{
    struct value given[64];
    return n <= 64 && give_values(hits, 0, n, capture, given);
}

bool amount_reached(const struct hit *const *hits, uint32_t n, uint32_t capture, double amount)
{
    long double sum = 0, number;
    for (uint32_t i = 0; i < n; i++)
        if (number_offered(hits[i], capture, &number) && number > 0) sum += number;
    return sum >= (long double)amount;
}
