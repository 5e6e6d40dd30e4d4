/* test_value.c - addresses, numbers, equality, order, canonical bytes, sets. */
#include "engine/base/number.h"
#include "engine/base/set.h"
#include "engine/base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void test_ip_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed; /* NULL: refused */
    } cases[] = {
        {"10.0.0.0/8", "10.0.0.0/8"},
        {"10.1.2.3/8", "10.0.0.0/8"},
        {"203.0.113.7", "203.0.113.7"},
        {"203.0.113.7/32", "203.0.113.7"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"::1", "::1"},
        {"::/0", "::/0"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:db8::ffff/33", "2001:db8::/33"},
        {"::ffff:1.2.3.4", "1.2.3.4"},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
        {"06.237.252.245", NULL},
        {"1.2.3", NULL},
        {"1.2.3.4.5", NULL},
        {"1.2.3.256", NULL},
        {"1.2.3.4/33", NULL},
        {"1.2.3.4/08", NULL},
        {"1.2.3.4/", NULL},
        {"1.2.3.4/-1", NULL},
        {"1.2.3.4 ", NULL},
        {"::1/129", NULL},
        {":::", NULL},
        {"fe80::1%eth0", NULL},
        {"AWS Internal", NULL},
        {"ec2.amazonaws.com", NULL},
        {"", NULL},
        {"/8", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_net net;
        char out[50];
        bool is_ip = ip_parse(text_of(cases[i].text), &net);
        if (is_ip != (cases[i].printed != NULL)) fail_msg("%s", cases[i].text);
        if (!is_ip) continue;
        assert_int_equal(ip_print(&net, out), strlen(cases[i].printed));
        assert_string_equal(out, cases[i].printed);
    }
    struct ip_net net;
    assert_false(ip_parse((struct text){"1.2.3.4\0", 8}, &net));
}

static struct ip_net ip(const char *t)
{
    struct ip_net net;
    assert_true(ip_parse(text_of(t), &net));
    return net;
}

static void test_ip_contains(void **state)
{
    (void)state;
    static const struct {
        const char *net, *address;
        bool holds;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},  {"10.0.0.0/8", "11.0.0.1", false}, {"0.0.0.0/0", "9.9.9.9", true},
        {"192.168.4.0/22", "192.168.7.255", true}, {"192.168.4.0/22", "192.168.8.0", false},
        {"1.2.3.4", "1.2.3.4", true},        {"1.2.3.4", "1.2.3.5", false},     {"::/0", "2001:db8::1", true},
        {"::/0", "1.2.3.4", false},          {"0.0.0.0/0", "::1", false},       {"10.0.0.0/8", "10.0.0.0/9", true},
        {"10.0.0.0/9", "10.0.0.0/8", false}, {"2001:db8::/33", "2001:db8:8000::", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_net net = ip(cases[i].net), address = ip(cases[i].address);
        if (ip_contains(&net, &address) != cases[i].holds) fail_msg("%s in %s", cases[i].address, cases[i].net);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *means; /* the kind's letter and the number printed; NULL: none */
    } cases[] = {
        {"0", "i0"},
        {"-0", "i0"},
        {"007", "i7"},
        {"9223372036854775807", "i9223372036854775807"},
        {"-9223372036854775808", "i-9223372036854775808"},
        {"9223372036854775808", "s9223372036854775808"},
        {"1688990121000", "i1688990121000"},
        {"1234.0", "f1234"},
        {"0.1", "f0.1"},
        {"-2.5e-3", "f-0.0025"},
        {"1E2", "f100"},
        {"123456789.123456789", "f123456789.12345679"},
        {"2.2250738585072011e-308", "f2.225073858507201e-308"},
        {"1e400", "s1e400"},
        {"1e99999999999999999999", "s1e99999999999999999999"},
        {"1e-99999999999999999999", "f0"},
        {"", NULL},
        {"-", NULL},
        {"+1", NULL},
        {"1.", NULL},
        {".5", NULL},
        {"1e", NULL},
        {"1e+", NULL},
        {"0x10", NULL},
        {"inf", NULL},
        {" 1", NULL},
        {"1 ", NULL},
        {"1,5", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct value v;
        char out[64];
        bool is_number = number_parse(text_of(cases[i].text), &v);
        if (is_number != (cases[i].means != NULL)) fail_msg("%s", cases[i].text);
        if (!is_number) continue;
        out[0] = v.kind == VALUE_INT ? 'i' : v.kind == VALUE_FLOAT ? 'f' : 's';
        if (v.kind == VALUE_STRING) sprintf(out + 1, TEXT_FMT, TEXT_ARG(value_text(v)));
        else number_print(v, out + 1);
        assert_string_equal(out, cases[i].means);
    }
}

/* strtod is right to the last bit; so are we, also with more digits than fit. */
static void test_number_digits(void **state)
{
    (void)state;
    char text[1200];
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993", 16); /* between two doubles */
    for (uint32_t len = 17; len < 300; len += 7) {
        text[len] = 0;
        char with_point[1210];
        sprintf(with_point, "%s.0", text);
        struct value v;
        assert_true(number_parse(text_of(with_point), &v));
        assert_int_equal(v.kind, VALUE_FLOAT);
        assert_true(v.f == strtod(with_point, NULL));
        text[len] = '0';
    }
    text[16] = '.';
    text[1100] = '1'; /* a digit after a thousand zeros breaks the tie upward */
    text[1101] = 0;
    struct value v;
    assert_true(number_parse(text_of(text), &v));
    assert_true(v.f == 9007199254740994.0);
}

static struct value str(const char *s)
{
    return value_string(text_of(s));
}
static struct value nocase(const char *s)
{
    struct value v = str(s);
    v.nocase = true;
    return v;
}
static struct value number(const char *s)
{
    struct value v;
    assert_true(number_parse(text_of(s), &v));
    return v;
}
static struct value of_kind(uint8_t kind, int64_t i)
{
    return (struct value){.kind = kind, .i = i};
}

static void test_equal(void **state)
{
    (void)state;
    struct ip_net one = ip("1.2.3.4"), net = ip("10.0.0.0/8");
    const struct value address = {.kind = VALUE_NET, .net = &one}, network = {.kind = VALUE_NET, .net = &net};
    const struct {
        struct value a, b;
        enum tri equal;
    } cases[] = {
        {str("a"), str("a"), TRI_TRUE},
        {str("a"), str("A"), TRI_FALSE},
        {nocase("Root"), str("ROOT"), TRI_TRUE},
        {str(""), str(""), TRI_TRUE},
        {str("16384"), value_int(16384), TRI_TRUE},
        {value_int(7), str("007"), TRI_TRUE},
        {value_int(7), str("7 "), TRI_FALSE},
        {str("1.0"), str("1"), TRI_FALSE},
        {number("1.0"), value_int(1), TRI_TRUE},
        {number("0.1"), str("0.1"), TRI_TRUE},
        {number("0.1"), str("0.10"), TRI_TRUE},
        {number("9007199254740993.0"), value_int(9007199254740993), TRI_FALSE},
        {number("18446744073709551616"), str("18446744073709551616"), TRI_TRUE},
        {number("18446744073709551616"), str("18446744073709551617.0"), TRI_TRUE},
        {value_bool(true), str("true"), TRI_TRUE},
        {str("false"), value_bool(false), TRI_TRUE},
        {value_bool(true), str("True"), TRI_FALSE},
        {value_bool(true), value_int(1), TRI_FALSE},
        {value_bool(true), str("1"), TRI_FALSE},
        {address, str("1.2.3.4"), TRI_TRUE},
        {str("::ffff:1.2.3.4"), address, TRI_TRUE},
        {address, network, TRI_FALSE},
        {network, str("10.0.0.0/8"), TRI_TRUE},
        {address, str("somewhere"), TRI_FALSE},
        {of_kind(VALUE_NULL, 0), of_kind(VALUE_NULL, 0), TRI_TRUE},
        {of_kind(VALUE_NULL, 0), str(""), TRI_FALSE},
        {of_kind(VALUE_TIME, 5), of_kind(VALUE_TIME, 5), TRI_TRUE},
        {of_kind(VALUE_TIME, 5), value_int(5), TRI_FALSE},
        {of_kind(VALUE_SIZE, 1024), value_int(1024), TRI_TRUE},
        {value_absent(), value_absent(), TRI_FALSE},
        {value_absent(), of_kind(VALUE_UNKNOWN, 0), TRI_FALSE},
        {of_kind(VALUE_UNKNOWN, 0), str("a"), TRI_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (value_equal(cases[i].a, cases[i].b) != cases[i].equal) fail_msg("case %zu", i);
        if (value_equal(cases[i].b, cases[i].a) != cases[i].equal) fail_msg("case %zu turned", i);
    }
}

static void test_order(void **state)
{
    (void)state;
    const struct {
        struct value a, b;
        int order; /* 2: they do not compare */
    } cases[] = {
        {value_int(2), value_int(10), -1},
        {str("2"), value_int(10), -1},
        {str("2"), str("10"), 1},
        {number("0.5"), value_int(0), 1},
        {value_int(INT64_MAX), number("9223372036854775808"), -1},
        {value_int(INT64_MAX - 1), value_int(INT64_MAX), -1},
        {str("a"), str("b"), -1},
        {str("many"), value_int(1), 2},
        {of_kind(VALUE_SIZE, 10), str("11"), -1},
        {of_kind(VALUE_TIME, 1), of_kind(VALUE_TIME, 1), 0},
        {of_kind(VALUE_TIME, 1), of_kind(VALUE_DURATION, 1), 2},
        {value_bool(true), value_bool(false), 2},
        {value_absent(), value_int(1), 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int order = 2;
        if (!value_order(cases[i].a, cases[i].b, &order)) order = 2;
        if (order != cases[i].order) fail_msg("case %zu: %d", i, order);
    }
}

static void test_keys(void **state)
{
    (void)state;
    struct ip_net one = ip("1.2.3.4"), mapped = ip("::ffff:1.2.3.4");
    const struct value values[] = {
        str(""), str("1"), value_int(1), number("1.0"), number("18446744073709551616"), value_bool(true),
        str("true"), of_kind(VALUE_NULL, 0), of_kind(VALUE_TIME, 1), of_kind(VALUE_DURATION, 1),
        of_kind(VALUE_SIZE, 1), value_int(-1), number("-1.5"), {.kind = VALUE_NET, .net = &one}, str("1.2.3.4"),
        {.kind = VALUE_JSON, .s = "{}", .len = 2}, of_kind(VALUE_UNKNOWN, 0), value_absent(),
    };
    char bytes[1024];
    uint32_t from[COUNT(values) + 1];
    char *end = bytes;
    for (size_t i = 0; i < COUNT(values); i++) {
        from[i] = (uint32_t)(end - bytes);
        char *next = value_key_put(end, values[i]);
        assert_int_equal(next - end, value_key_size(values[i]));
        end = next;
    }
    from[COUNT(values)] = (uint32_t)(end - bytes);
    for (size_t i = 0; i < COUNT(values); i++)
        for (size_t j = 0; j < i; j++)
            assert_false(text_equal((struct text){bytes + from[i], from[i + 1] - from[i]},
                                    (struct text){bytes + from[j], from[j + 1] - from[j]}));
    const char *at = bytes;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct value v = value_key_get(&at, end);
        char again[64];
        assert_int_equal(v.kind, values[i].kind);
        uint32_t len = (uint32_t)(value_key_put(again, v) - again);
        assert_true(text_equal((struct text){again, len}, (struct text){bytes + from[i], from[i + 1] - from[i]}));
    }
    assert_ptr_equal(at, end);

    char a[32], b[32];
    value_key_put(a, (struct value){.kind = VALUE_NET, .net = &one});
    value_key_put(b, (struct value){.kind = VALUE_NET, .net = &mapped});
    assert_memory_equal(a, b, 18);
    value_key_put(a, number("-0.0"));
    value_key_put(b, number("0.0"));
    assert_memory_equal(a, b, 9);
}

/* Cut or wrong bytes give absent and never read behind the end. */
static void test_keys_cut(void **state)
{
    (void)state;
    char bytes[32];
    char *end = value_key_put(bytes, str("abc"));
    for (const char *cut = bytes; cut < end; cut++) {
        const char *at = bytes;
        assert_int_equal(value_key_get(&at, cut).kind, VALUE_ABSENT);
        assert_true(at <= cut);
    }
}

static void test_set(void **state)
{
    (void)state;
    struct arena *a = arena_new(0);
    struct ip_net net = ip("10.0.0.0/8"), one = ip("192.0.2.1"), inside = ip("10.9.9.9"), other = ip("::1");
    const struct value members[] = {str("ci"), nocase("Admin"), value_int(5), str("443"), value_bool(true), str("::1"),
                                    {.kind = VALUE_NET, .net = &net}, {.kind = VALUE_NET, .net = &one}, str("")};
    const struct value_set *s = value_set_new(a, members, COUNT(members));
    const struct {
        struct value v;
        enum tri is_in;
    } cases[] = {
        {str("ci"), TRI_TRUE},       {str("CI"), TRI_FALSE},       {str("ADMIN"), TRI_TRUE},
        {str("5"), TRI_TRUE},        {value_int(443), TRI_TRUE},   {value_int(6), TRI_FALSE},
        {str("true"), TRI_TRUE},     {str("10.1.1.1"), TRI_TRUE},  {str("11.1.1.1"), TRI_FALSE},
        {str("192.0.2.1"), TRI_TRUE}, {str(""), TRI_TRUE},         {value_absent(), TRI_FALSE},
        {of_kind(VALUE_UNKNOWN, 0), TRI_UNKNOWN},                  {of_kind(VALUE_NULL, 0), TRI_FALSE},
        {{.kind = VALUE_NET, .net = &inside}, TRI_TRUE},           {{.kind = VALUE_NET, .net = &one}, TRI_TRUE},
        {{.kind = VALUE_NET, .net = &other}, TRI_TRUE},            {str("0:0::1"), TRI_TRUE},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (value_set_has(s, cases[i].v) != cases[i].is_in) fail_msg("case %zu", i);
    const struct value_set *none = value_set_new(a, NULL, 0);
    assert_int_equal(value_set_has(none, str("")), TRI_FALSE);
    assert_int_equal(value_set_len(s), COUNT(members));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ip_parse), cmocka_unit_test(test_ip_contains), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_number_digits), cmocka_unit_test(test_equal), cmocka_unit_test(test_order),
        cmocka_unit_test(test_keys), cmocka_unit_test(test_keys_cut), cmocka_unit_test(test_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
