/* test_jsontext.c - the JSON scan and UTF-8, on texts that are right and texts that are nearly right. */
#include "engine/base/jsontext.h"
#include "engine/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Passes the whole text, which lies at the end of its memory: a sanitizer sees what is read behind it. */
static enum json_fault check(const char *bytes, uint32_t len, uint32_t depth_most)
{
    char *copy = malloc(len + 1);
    memcpy(copy + 1, bytes, len);
    char room[256];
    struct scratch scratch = {room, 0, sizeof room};
    struct json_names names = {.key = {1, 2}, .mask = json_names_size(len) - 1};
    names.slots = calloc(names.mask + 1, sizeof *names.slots);
    struct json_scan s = json_scan_of((struct text){copy + 1, len});
    s.depth_most = depth_most;
    s.names = &names;
    s.scratch = &scratch;
    if (json_skip(&s)) json_end(&s);
    if (!s.fault) assert_ptr_equal(s.at, s.end);
    assert_true(s.fault || scratch.len == 0);
    free(names.slots);
    free(copy);
    return s.fault;
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_fault fault;
    } cases[] = {
        {"{}", JSON_FINE},
        {" [ ] ", JSON_FINE},
        {"{\"a\":1,\"b\":[true,false,null,{}]}", JSON_FINE},
        {"\t{\r\n\"a\" : -0.5e+10 }\n", JSON_FINE},
        {"\"\\u0041\\n\\/\\ud83d\\ude00\"", JSON_FINE},
        {"\"\\u0000\"", JSON_FINE},
        {"\"0123456789\\\"0123456789\"", JSON_FINE},
        {"", JSON_BROKEN},
        {" ", JSON_BROKEN},
        {"{", JSON_BROKEN},
        {"{}}", JSON_BROKEN},
        {"{\"a\"}", JSON_BROKEN},
        {"{\"a\":}", JSON_BROKEN},
        {"{\"a\":1,}", JSON_BROKEN},
        {"{,\"a\":1}", JSON_BROKEN},
        {"{\"a\":1 \"b\":2}", JSON_BROKEN},
        {"{a:1}", JSON_BROKEN},
        {"{1:1}", JSON_BROKEN},
        {"[1,]", JSON_BROKEN},
        {"[,1]", JSON_BROKEN},
        {"[1 2]", JSON_BROKEN},
        {"[1}", JSON_BROKEN},
        {"{\"a\":1]", JSON_BROKEN},
        {"01", JSON_BROKEN},
        {"-", JSON_BROKEN},
        {"-01", JSON_BROKEN},
        {"1.", JSON_BROKEN},
        {".1", JSON_BROKEN},
        {"1e", JSON_BROKEN},
        {"+1", JSON_BROKEN},
        {"0x1", JSON_BROKEN},
        {"NaN", JSON_BROKEN},
        {"tru", JSON_BROKEN},
        {"truex", JSON_BROKEN},
        {"\"", JSON_BROKEN},
        {"\"\\", JSON_BROKEN},
        {"\"\\x\"", JSON_BROKEN},
        {"\"\\u12\"", JSON_BROKEN},
        {"\"\\u12g4\"", JSON_BROKEN},
        {"\"\\ud800\"", JSON_BROKEN},
        {"\"\\ud800\\n0000\"", JSON_BROKEN},
        {"\"\\ud800\\ud800\"", JSON_BROKEN},
        {"\"\\udc00\"", JSON_BROKEN},
        {"\"a\nb\"", JSON_BROKEN},
        {"\"0123456\t\"", JSON_BROKEN},
        {"'a'", JSON_BROKEN},
        {"/**/{}", JSON_BROKEN},
        {"{\"a\":1,\"a\":1}", JSON_TWICE},
        {"{\"a\":1,\"\\u0061\":1}", JSON_TWICE},
        {"{\"\\u0061\":1,\"b\":{\"a\":{}},\"a\":1}", JSON_TWICE},
        {"{\"x\":[{\"\":1,\"a\":2,\"\":3}]}", JSON_TWICE},
        {"{\"aaaaaaaaaaaaaaaaaaaaaaaaaaab\":1,\"aaaaaaaaaaaaaaaaaaaaaaaaaaab\":2}", JSON_TWICE},
        {"{\"aaaaaaaaaaaaaaaaaaaaaaaaaaab\":1,\"aaaaaaaaaaaaaaaaaaaaaaaaaaac\":2}", JSON_FINE},
        {"{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}", JSON_FINE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum json_fault fault = check(cases[i].text, (uint32_t)strlen(cases[i].text), 64);
        if (fault != cases[i].fault) fail_msg("%s: %d", cases[i].text, fault);
    }
}

/* Every prefix of a whole text is broken, and none is read past its end. */
static void test_prefixes(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"name\\u00e9\":[1.5e3,\"te\\ud83d\\ude00xt\",{\"b\":null,\"c\":true}],\"d\":false}";
    for (uint32_t len = 0; len < sizeof whole - 1; len++)
        assert_int_equal(check(whole, len, 64), JSON_BROKEN);
    assert_int_equal(check(whole, sizeof whole - 1, 64), JSON_FINE);
}

static void test_depth(void **state)
{
    (void)state;
    char text[600];
    for (uint32_t depth = 60; depth < 70; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(check(text, 2 * depth, 64), depth <= 64 ? JSON_FINE : JSON_DEEP);
        char *to = text;
        for (uint32_t i = 0; i < depth; i++) to += sprintf(to, "{\"\":");
        *to++ = '1';
        memset(to, '}', depth);
        assert_int_equal(check(text, (uint32_t)(to + depth - text), 64), depth <= 64 ? JSON_FINE : JSON_DEEP);
    }
}

/* A hundred thousand members of one object, all different, then one again. */
static void test_many_names(void **state)
{
    (void)state;
    uint32_t members = 60000;
    char *text = malloc(members * 16 + 64), *to = text;
    *to++ = '{';
    for (uint32_t i = 0; i < members; i++) to += sprintf(to, "\"%x\":1,", i);
    char *end = to + sprintf(to, "\"z\":1}");
    assert_int_equal(check(text, (uint32_t)(end - text), 64), JSON_FINE);
    end = to + sprintf(to, "\"%x\":1}", members / 2);
    assert_int_equal(check(text, (uint32_t)(end - text), 64), JSON_TWICE);
    free(text);
}

static void test_walk(void **state)
{
    (void)state;
    static const char json[] = " {\"a\" : \"x\\ty\\u00e9\\ud83d\\ude00\", \"b\\n\":[1, \"2\"] ,\"c\":{}}";
    struct json_scan s = json_scan_of(TEXT(json));
    char room[64];
    struct scratch scratch = {room, 0, sizeof room};
    s.scratch = &scratch;
    struct json_object o;
    struct json_string name, string;
    struct text value;
    assert_true(json_object_begin(&s, &o));
    assert_true(json_object_next(&s, &o, &name));
    assert_true(text_equal(name.text, TEXT("a")));
    assert_true(json_string_read(&s, &string) && string.is_escaped);
    char out[64];
    uint32_t len = json_unescape(string.text, out);
    assert_true(text_equal((struct text){out, len}, TEXT("x\ty\xc3\xa9\xf0\x9f\x98\x80")));
    assert_true(json_object_next(&s, &o, &name));
    assert_true(text_equal(name.text, TEXT("b\n")));
    struct json_array a;
    assert_true(json_array_begin(&s, &a));
    assert_true(json_array_next(&s, &a) && json_value_text(&s, &value) && text_equal(value, TEXT("1")));
    assert_true(json_array_next(&s, &a) && json_value_text(&s, &value) && text_equal(value, TEXT("\"2\"")));
    assert_false(json_array_next(&s, &a));
    assert_true(json_object_next(&s, &o, &name) && json_value_text(&s, &value) &&
                text_equal(value, TEXT("{}")));
    assert_false(json_object_next(&s, &o, &name));
    assert_true(json_end(&s));
}

static void test_no_room(void **state)
{
    (void)state;
    char room[4];
    struct scratch scratch = {room, 0, sizeof room};
    struct json_scan s = json_scan_of(TEXT("{\"abc\\u0064ef\":1}"));
    s.scratch = &scratch;
    assert_false(json_skip(&s));
    assert_int_equal(s.fault, JSON_NO_ROOM);
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain ascii that is longer than thirty-two bytes, as most are", true},
        {"\xc3\xa9", true},
        {"\xe2\x80\xaf", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"0123456789012345678901234567890\xc3\xa9 and on", true},
        {"\x80", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xc3", false},
        {"\xc3\x28", false},
        {"\xe0\x80\x80", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xe2\x80", false},
        {"\xe2\x28\xa1", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"01234567890123456789012345678901234567890123\xff", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (utf8_valid(text_of(cases[i].text)) != cases[i].valid) fail_msg("case %zu", i);
    for (uint32_t code = 0; code < 0x110000; code++) {
        char out[4];
        if (code >= 0xd800 && code < 0xe000) continue;
        struct text t = {out, utf8_put(out, code)};
        assert_true(utf8_valid(t));
        assert_int_equal(utf8_length(t), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),      cmocka_unit_test(test_prefixes), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_names), cmocka_unit_test(test_walk),     cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
