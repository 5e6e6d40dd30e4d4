/* value.h - a tagged value: what a path, a constant or a function amounts to for one event.
 *
 * A value is a view: strings, lists and records point into a batch, an arena or a stored hit, and live as
 * long. Absent, null and withheld are different things (language.md B14): absent is no member at all, null is
 * written as null, withheld (VALUE_UNKNOWN) is a value that the source left out because it was too large or
 * secret.
 */
#ifndef CSR_ENGINE_BASE_VALUE_H
#define CSR_ENGINE_BASE_VALUE_H

#include "grammar/base/text.h"

enum value_kind {
    VALUE_ABSENT,
    VALUE_UNKNOWN,  /* len: 0 itself withheld, so it is there; 1 inside something withheld, so nobody knows */
    VALUE_NULL,
    VALUE_BOOL,     /* i: 0 or 1 */
    VALUE_INT,      /* i */
    VALUE_FLOAT,    /* f; never NaN */
    VALUE_STRING,   /* s, len: escapes undone, checked UTF-8 */
    VALUE_TIME,     /* i: nanoseconds since 1970 UTC */
    VALUE_DURATION, /* i: nanoseconds */
    VALUE_SIZE,     /* i: bytes */
    VALUE_NET,      /* net: an address, or a network */
    VALUE_JSON,     /* s, len: the text of an object or array, not looked into yet */
    VALUE_LIST,     /* items, len */
    VALUE_SET,      /* set: a named list or a list in braces; constants only */
};

/* Addresses are 16 bytes, IPv4 mapped into ::ffff:0:0/96; bits counts from the first byte (an IPv4 /8 is
 * 104). */
struct ip_net {
    uint8_t bytes[16];
    uint8_t bits; /* 128: one address */
};

struct value_set;

struct value {
    uint8_t kind;   /* enum value_kind */
    bool nocase;    /* STRING constant with a trailing i */
    bool is_number; /* STRING: JSON wrote it as a number; the text is kept because it is exact (ids, big
                       numbers) */
    uint32_t len;
    union {
        int64_t i;
        double f;
        const char *s;
        const struct ip_net *net;
        const struct value *items;
        const struct value_set *set;
    };
};

/* Three-valued truth. TRI_UNKNOWN stands between so that `and` is the least and `or` the greatest. */
enum tri { TRI_FALSE = 0, TRI_UNKNOWN = 1, TRI_TRUE = 2 };

static inline struct value value_absent(void)
{
    return (struct value){.kind = VALUE_ABSENT};
}
static inline struct value value_withheld(void)
{
    return (struct value){.kind = VALUE_UNKNOWN};
}
static inline struct value value_inside_withheld(void)
{
    return (struct value){.kind = VALUE_UNKNOWN, .len = 1};
}
static inline struct value value_string(struct text t)
{
    return (struct value){.kind = VALUE_STRING, .len = t.len, .s = t.at};
}
static inline struct value value_int(int64_t i)
{
    return (struct value){.kind = VALUE_INT, .i = i};
}
static inline struct value value_bool(bool b)
{
    return (struct value){.kind = VALUE_BOOL, .i = b};
}
static inline struct text value_text(struct value v)
{
    return (struct text){v.s, v.len};
}

/* Text to address or network ("10.0.0.0/8", "::1"). A leading zero in an IPv4 part, a mask out of range and
 * anything left over are refused. */
bool ip_parse(struct text t, struct ip_net *out);
bool ip_contains(const struct ip_net *net, const struct ip_net *address);
/* The network of so many bits (of 32 or 128) that an address lies in. False: it has no more than that. */
bool ip_network(const struct ip_net *address, int64_t bits, struct ip_net *out);
/* Canonical text, at most 50 bytes with the NUL; returns the length. */
uint32_t ip_print(const struct ip_net *net, char out[50]);

/* Whether two values are equal as language.md B14 says: exact type and case, except that text which is wholly
 * a number equals the number on either side, "true"/"false" equal booleans, and text which is an address
 * equals the address. TRI_UNKNOWN if either is withheld; absent equals nothing. No lists. */
enum tri value_equal(struct value a, struct value b);
/* -1, 0, 1 in *order for numbers, times, durations, sizes and (bytewise) strings. False if they do not
 * compare. */
bool value_order(struct value a, struct value b, int *order);

/* The canonical bytes of a scalar: equal values (in the sense of keys: exact types, but addresses and numbers
 * normalised: 1, 1.0 and "1" differ, "::ffff:1.2.3.4" and "1.2.3.4" written as src.ip do not) have equal
 * bytes, and bytes compare the same way on every run. Appends to out (room for value_key_size bytes), returns
 * the end. */
uint32_t value_key_size(struct value v);
char *value_key_put(char *out, struct value v);
/* A value read back from its canonical bytes: a view into them. *at moves behind it. */
struct value value_key_get(const char **at, const char *end);

#endif
