/* number.c - reading and printing numbers without a locale.
 *
 * Most numbers in logs are short: up to 18 digits are summed in an integer, and a fraction of up to 15 digits
 * is exact after one division. The rest is rewritten without a decimal point ("1.25e3" as "125e1"), which
 * strtold reads alike in every locale.
 */
#include "engine/base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* More significant digits than these cannot change how a long double is rounded, except by not being zero. */
#define NUMBER_DIGITS 820

struct number_form {
    struct text whole, fraction; /* digits */
    int64_t exponent;
    bool is_negative, has_exponent;
};

static uint32_t digits_from(struct text t, uint32_t at)
{
    uint32_t end = at;
    while (end < t.len && (unsigned char)(t.at[end] - '0') < 10) end++;
    return end;
}

/* The exponent's digits; its size is cut at a million, far beyond every float. */
static int64_t exponent_of(struct text digits, bool is_negative)
{
    int64_t e = 0;
    for (uint32_t i = 0; i < digits.len; i++)
        if (e < 1000000) e = e * 10 + (digits.at[i] - '0');
    return is_negative ? -e : e;
}

static bool number_split(struct text t, struct number_form *f)
{
    uint32_t at = 0, end;
    *f = (struct number_form){0};
    if (t.len && t.at[0] == '-') f->is_negative = true, at++;
    end = digits_from(t, at);
    if (end == at) return false;
    f->whole = (struct text){t.at + at, end - at};
    at = end;
    if (at < t.len && t.at[at] == '.') {
        end = digits_from(t, ++at);
        if (end == at) return false;
        f->fraction = (struct text){t.at + at, end - at};
        at = end;
    }
    if (at < t.len && (t.at[at] | 0x20) == 'e') {
        bool is_minus = ++at < t.len && t.at[at] == '-';
        if (at < t.len && (t.at[at] == '-' || t.at[at] == '+')) at++;
        end = digits_from(t, at);
        if (end == at) return false;
        f->exponent = exponent_of((struct text){t.at + at, end - at}, is_minus);
        f->has_exponent = true;
        at = end;
    }
    return at == t.len;
}

static bool whole_fits(const struct number_form *f, int64_t *out)
{
    uint64_t sum = 0, most = (uint64_t)INT64_MAX + f->is_negative;
    for (uint32_t i = 0; i < f->whole.len; i++) {
        unsigned digit = (unsigned)(f->whole.at[i] - '0');
        if (sum > (most - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *out = f->is_negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

/* Digits of both parts without leading zeros, cut at NUMBER_DIGITS; *dropped: how many were cut. */
static size_t significant_put(char *out, const struct number_form *f, int64_t *dropped)
{
    const struct text parts[2] = {f->whole, f->fraction};
    size_t n = 0;
    bool is_sticky = false;
    *dropped = 0;
    for (int p = 0; p < 2; p++)
        for (uint32_t i = 0; i < parts[p].len; i++) {
            char c = parts[p].at[i];
            if (n == 0 && c == '0') continue;
            if (n < NUMBER_DIGITS) out[n++] = c;
            else ++*dropped, is_sticky |= c != '0';
        }
    if (n == 0) out[n++] = '0';
    if (is_sticky) out[n++] = '1', --*dropped;
    return n;
}

/* The text of the number without a decimal point, for strtod and strtold. */
static void number_rewrite(const struct number_form *f, char out[NUMBER_DIGITS + 40])
{
    int64_t dropped;
    size_t n = 0;
    if (f->is_negative) out[n++] = '-';
    n += significant_put(out + n, f, &dropped);
    snprintf(out + n, 32, "e%lld", (long long)(f->exponent - f->fraction.len + dropped));
}

static double number_double(const struct number_form *f)
{
    static const double power[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    if (!f->has_exponent && f->whole.len + f->fraction.len <= 15) {
        int64_t digits = 0;
        for (uint32_t i = 0; i < f->whole.len; i++) digits = digits * 10 + (f->whole.at[i] - '0');
        for (uint32_t i = 0; i < f->fraction.len; i++) digits = digits * 10 + (f->fraction.at[i] - '0');
        double d = (double)digits / power[f->fraction.len];
        return f->is_negative ? -d : d;
    }
    char text[NUMBER_DIGITS + 40];
    number_rewrite(f, text);
    return strtod(text, NULL);
}

bool number_parse(struct text t, struct value *out)
{
    struct number_form f;
    if (!number_split(t, &f)) return false;
    if (!f.fraction.len && !f.has_exponent) {
        *out = (struct value){.kind = VALUE_INT};
        if (whole_fits(&f, &out->i)) return true;
    } else {
        *out = (struct value){.kind = VALUE_FLOAT, .f = number_double(&f)};
        if (isfinite(out->f)) return true;
    }
    *out = value_string(t);
    out->is_number = true;
    return true;
}

static bool text_number(struct text t, long double *out)
{
    struct number_form f;
    if (!number_split(t, &f)) return false;
    int64_t whole;
    if (!f.fraction.len && !f.has_exponent && whole_fits(&f, &whole)) {
        *out = (long double)whole;
    } else if (f.fraction.len || f.has_exponent) {
        *out = number_double(&f); /* as a FLOAT of the same text reads, so that the two are equal */
    } else {
        char text[NUMBER_DIGITS + 40];
        number_rewrite(&f, text);
        *out = strtold(text, NULL);
    }
    return true;
}

bool number_of(struct value v, long double *out)
{
    switch (v.kind) {
    case VALUE_INT:
    case VALUE_SIZE: *out = (long double)v.i; return true;
    case VALUE_FLOAT: *out = v.f; return true;
    case VALUE_STRING: return text_number(value_text(v), out);
    default: return false;
    }
}

uint32_t number_print(struct value v, char out[32])
{
    if (v.kind == VALUE_INT) return (uint32_t)snprintf(out, 32, "%lld", (long long)v.i);
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(out, 32, "%.*g", digits, v.f);
        char *point = memchr(out, ',', (size_t)n); /* some locales */
        struct value back;
        if (point) *point = '.';
        if (number_parse((struct text){out, (uint32_t)n}, &back) &&
            (back.kind == VALUE_FLOAT ? back.f == v.f : back.kind == VALUE_INT && (double)back.i == v.f))
            break;
    }
    return (uint32_t)n;
}
