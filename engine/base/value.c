/* value.c - addresses, equality, order and canonical bytes of values.
 *
 * Invariants
 * 1. An ip_net is canonical: bits behind the mask are zero, IPv4 lies in ::ffff:0:0/96. So equal networks
 *    have equal bytes.
 * 2. Canonical bytes begin with a letter for the kind that never changes, so what was written by one build is
 *    read by the next. Numbers are big-endian with the sign turned, so that bytes sort as values do.
 */
#include "engine/base/value.h"

#include "engine/base/number.h"

#include <arpa/inet.h>
#include <stdio.h>

/* ---- addresses ----------------------------------------------------------------------------------------- */

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool ip_is_v4(const struct ip_net *net)
{
    return net->bits >= 96 && memcmp(net->bytes, mapped_prefix, 12) == 0;
}

/* "8", at most `most`, without a leading zero. */
static bool mask_parse(struct text t, unsigned most, unsigned *out)
{
    *out = 0;
    if (t.len == 0 || t.len > 3 || (t.len > 1 && t.at[0] == '0')) return false;
    for (uint32_t i = 0; i < t.len; i++) {
        unsigned digit = (unsigned char)(t.at[i] - '0');
        if (digit > 9) return false;
        *out = *out * 10 + digit;
    }
    return *out <= most;
}

static void ip_clear_host(struct ip_net *net)
{
    for (unsigned bit = net->bits; bit < 128; bit = (bit | 7) + 1)
        net->bytes[bit / 8] &= (uint8_t) ~(0xff >> bit % 8);
}

bool ip_parse(struct text t, struct ip_net *out)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = t.len ? memchr(t.at, '/', t.len) : NULL;
    uint32_t len = slash ? (uint32_t)(slash - t.at) : t.len;
    if (len == 0 || len >= sizeof address || memchr(t.at, 0, len)) return false;
    memcpy(address, t.at, len);
    address[len] = 0;
    bool is_v6 = memchr(address, ':', len) != NULL;
    memcpy(out->bytes, mapped_prefix, 12);
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, address, is_v6 ? out->bytes : out->bytes + 12) != 1)
        return false;
    unsigned bits = is_v6 ? 128 : 32;
    if (slash && !mask_parse((struct text){slash + 1, t.len - len - 1}, bits, &bits)) return false;
    out->bits = (uint8_t)(is_v6 ? bits : bits + 96);
    ip_clear_host(out);
    return true;
}

/* A network of IPv6 holds no IPv4 address, though those are written inside it here: ::/0 is "any IPv6". */
bool ip_contains(const struct ip_net *net, const struct ip_net *address)
{
    if (address->bits < net->bits || ip_is_v4(net) != ip_is_v4(address)) return false;
    unsigned whole = net->bits / 8, rest = net->bits % 8;
    if (memcmp(net->bytes, address->bytes, whole)) return false;
    return rest == 0 || ((net->bytes[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}

bool ip_network(const struct ip_net *address, int64_t bits, struct ip_net *out)
{
    if (bits < 0 || bits > 128) return false;
    if (ip_is_v4(address)) bits += 96;
    if (bits > address->bits) return false;
    *out = *address;
    out->bits = (uint8_t)bits;
    ip_clear_host(out);
    return true;
}

uint32_t ip_print(const struct ip_net *net, char out[50])
{
    bool is_v4 = ip_is_v4(net);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? net->bytes + 12 : net->bytes, out, INET6_ADDRSTRLEN);
    size_t n = strlen(out);
    if (net->bits < 128) n += (size_t)snprintf(out + n, 50 - n, "/%d", is_v4 ? net->bits - 96 : net->bits);
    return (uint32_t)n;
}

/* ---- equality and order -------------------------------------------------------------------------------- */

static bool is_numeric(struct value v)
{
    return v.kind == VALUE_INT || v.kind == VALUE_FLOAT || v.kind == VALUE_SIZE ||
           (v.kind == VALUE_STRING && v.is_number);
}

static bool numbers_equal(struct value a, struct value b)
{
    long double x, y;
    return number_of(a, &x) && number_of(b, &y) && x == y;
}

static bool address_equal(struct value net, struct value other)
{
    struct ip_net parsed;
    const struct ip_net *second = other.net;
    if (other.kind == VALUE_STRING) {
        if (!ip_parse(value_text(other), &parsed)) return false;
        second = &parsed;
    } else if (other.kind != VALUE_NET) {
        return false;
    }
    return net.net->bits == second->bits && memcmp(net.net->bytes, second->bytes, 16) == 0;
}

static bool bool_equal(struct value truth, struct value other)
{
    if (other.kind == VALUE_BOOL) return truth.i == other.i;
    return other.kind == VALUE_STRING &&
           text_equal(value_text(other), truth.i ? TEXT("true") : TEXT("false"));
}

static bool equal_known(struct value a, struct value b)
{
    if (a.kind == VALUE_STRING && b.kind == VALUE_STRING && a.is_number == b.is_number)
        return a.nocase || b.nocase ? text_equal_nocase(value_text(a), value_text(b))
                                    : text_equal(value_text(a), value_text(b));
    if (is_numeric(a) || is_numeric(b)) return numbers_equal(a, b);
    if (a.kind == VALUE_BOOL) return bool_equal(a, b);
    if (b.kind == VALUE_BOOL) return bool_equal(b, a);
    if (a.kind == VALUE_NET) return address_equal(a, b);
    if (b.kind == VALUE_NET) return address_equal(b, a);
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case VALUE_NULL: return true;
    case VALUE_TIME:
    case VALUE_DURATION: return a.i == b.i;
    case VALUE_JSON: return text_equal(value_text(a), value_text(b));
    default: return false;
    }
}

enum tri value_equal(struct value a, struct value b)
{
    if (a.kind == VALUE_ABSENT || b.kind == VALUE_ABSENT) return TRI_FALSE;
    if (a.kind == VALUE_UNKNOWN || b.kind == VALUE_UNKNOWN) return TRI_UNKNOWN;
    return equal_known(a, b) ? TRI_TRUE : TRI_FALSE;
}

bool value_order(struct value a, struct value b, int *order)
{
    if (is_numeric(a) || is_numeric(b)) {
        long double x, y;
        if (!number_of(a, &x) || !number_of(b, &y)) return false;
        *order = (x > y) - (x < y);
        return true;
    }
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case VALUE_STRING: *order = text_compare(value_text(a), value_text(b)); break;
    case VALUE_TIME:
    case VALUE_DURATION: *order = (a.i > b.i) - (a.i < b.i); return true;
    default: return false;
    }
    *order = (*order > 0) - (*order < 0);
    return true;
}

/* ---- canonical bytes ----------------------------------------------------------------------------------- */

/* The letter of a kind; kinds that are no key have none and are written as absent. */
static char key_letter(struct value v)
{
    switch (v.kind) {
    case VALUE_NULL: return 'n';
    case VALUE_BOOL: return 'b';
    case VALUE_INT: return 'i';
    case VALUE_FLOAT: return 'f';
    case VALUE_STRING: return v.is_number ? 'g' : 's';
    case VALUE_TIME: return 't';
    case VALUE_DURATION: return 'd';
    case VALUE_SIZE: return 'z';
    case VALUE_NET: return 'a';
    case VALUE_JSON: return 'j';
    case VALUE_UNKNOWN: return 'u';
    default: return 'x';
    }
}

static char *put_big(char *out, uint64_t word, int bytes)
{
    for (int i = 0; i < bytes; i++) out[i] = (char)(word >> (8 * (bytes - 1 - i)));
    return out + bytes;
}

static uint64_t get_big(const char *at, int bytes)
{
    uint64_t word = 0;
    for (int i = 0; i < bytes; i++) word = word << 8 | (unsigned char)at[i];
    return word;
}

#define SIGN (UINT64_C(1) << 63)

/* Turned so that unsigned order is numeric order; -0.0 is 0.0. */
static uint64_t float_bits(double f)
{
    uint64_t bits;
    if (f == 0) f = 0;
    memcpy(&bits, &f, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

static double float_from(uint64_t bits)
{
    double f;
    bits = bits & SIGN ? bits & ~SIGN : ~bits;
    memcpy(&f, &bits, sizeof f);
    return f;
}

uint32_t value_key_size(struct value v)
{
    switch (key_letter(v)) {
    case 'i':
    case 'f':
    case 't':
    case 'd':
    case 'z': return 9;
    case 'b': return 2;
    case 'a': return 1 + (uint32_t)sizeof(struct ip_net);
    case 's':
    case 'g':
    case 'j': return 5 + v.len;
    default: return 1;
    }
}

char *value_key_put(char *out, struct value v)
{
    char letter = *out++ = key_letter(v);
    switch (letter) {
    case 'i':
    case 't':
    case 'd':
    case 'z': return put_big(out, (uint64_t)v.i ^ SIGN, 8);
    case 'f': return put_big(out, float_bits(v.f), 8);
    case 'b': *out = v.i != 0; return out + 1;
    case 'a': memcpy(out, v.net, sizeof *v.net); return out + sizeof *v.net;
    case 's':
    case 'g':
    case 'j':
        out = put_big(out, v.len, 4);
        if (v.len) memcpy(out, v.s, v.len);
        return out + v.len;
    default: return out;
    }
}

static struct value key_text(const char **at, const char *end, char letter)
{
    struct value v = {.kind = letter == 'j' ? VALUE_JSON : VALUE_STRING, .is_number = letter == 'g'};
    if (end - *at < 4) return value_absent();
    uint64_t len = get_big(*at, 4);
    *at += 4;
    if (len > (uint64_t)(end - *at)) return value_absent();
    v.s = *at;
    v.len = (uint32_t)len;
    *at += len;
    return v;
}

struct value value_key_get(const char **at, const char *end)
{
    static const struct {
        char letter;
        uint8_t kind, size;
    } fixed[] = {{'n', VALUE_NULL, 0}, {'u', VALUE_UNKNOWN, 0}, {'b', VALUE_BOOL, 1},
                 {'i', VALUE_INT, 8},  {'f', VALUE_FLOAT, 8},   {'t', VALUE_TIME, 8},
                 {'d', VALUE_DURATION, 8}, {'z', VALUE_SIZE, 8}, {'a', VALUE_NET, sizeof(struct ip_net)}};
    if (*at >= end) return value_absent();
    char letter = *(*at)++;
    if (letter == 's' || letter == 'g' || letter == 'j') return key_text(at, end, letter);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (fixed[i].letter != letter || end - *at < fixed[i].size) continue;
        struct value v = {.kind = fixed[i].kind};
        if (letter == 'a') v.net = (const struct ip_net *)*at;
        else if (letter == 'f') v.f = float_from(get_big(*at, 8));
        else if (letter == 'b') v.i = **at;
        else if (fixed[i].size) v.i = (int64_t)(get_big(*at, 8) ^ SIGN);
        *at += fixed[i].size;
        return v;
    }
    return value_absent();
}
