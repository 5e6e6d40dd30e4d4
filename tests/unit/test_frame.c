/* test_frame.c - records out of every container, whole and in pieces, right and broken. */
#include "engine/event/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* `records`: each with its line in front and a bar behind it. */
static const struct {
    const char *name, *bytes, *records;
} cases[] = {
    {"nothing", "", ""},
    {"blanks", " \n\n\t", ""},
    {"lines", "{\"a\":1}\n{\"b\":{}}\n", "1:{\"a\":1}|2:{\"b\":{}}|"},
    {"no newline at the end", "{\"a\":1}\n{\"b\":2}", "1:{\"a\":1}|2:{\"b\":2}|"},
    {"windows lines, empty lines", "{\"a\":1}\r\n\r\n\n{\"b\":2}\r\n", "1:{\"a\":1}|4:{\"b\":2}|"},
    {"a byte order mark", "\xef\xbb\xbf{\"a\":1}\n", "1:{\"a\":1}|"},
    {"braces and quotes in texts", "{\"a\":\"}\\\"{\\\\\"}\n{\"b\":\"]\"}", "1:{\"a\":\"}\\\"{\\\\\"}|2:{\"b\":\"]\"}|"},
    {"one after another", "{\"a\":1}{\"b\":2} {\"c\":3}", "1:{\"a\":1}|1:{\"b\":2}|1:{\"c\":3}|"},
    {"Records in one line", "{\"Records\":[{\"a\":[1]},{\"b\":2}]}", "1:{\"a\":[1]}|1:{\"b\":2}|"},
    {"Records indented", "{\n  \"Records\" : [\n    {\n      \"a\": 1\n    },\n    { \"b\": 2 }\n  ]\n}\n",
     "3:{\n      \"a\": 1\n    }|6:{ \"b\": 2 }|"},
    {"Records, a brace begins the line", "{\"Records\":[\n{\"a\":\n{\"b\":1}},\n{\"c\":2}]}", "2:{\"a\":\n{\"b\":1}}|4:{\"c\":2}|"},
    {"no Records", "{\"Records\":[]}\n{\"a\":1}", "2:{\"a\":1}|"},
    {"Records one a line", "{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"b\":2}]}\n", "1:{\"a\":1}|2:{\"b\":2}|"},
    {"Records that are no list", "{\"Records\":7}\n", "1:{\"Records\":7}|"},
    {"Records with what is no record", "{\"Records\":[1,null,{\"a\":1},\"x\"]}", "1:1|1:null|1:{\"a\":1}|1:\"x\"|"},
    {"Records with lists", "{\"Records\":[[],{\"a\":1},[1,{\"b\":[2]}],{\"c\":3}]}", "1:[]|1:{\"a\":1}|1:[1,{\"b\":[2]}]|1:{\"c\":3}|"},
    {"an array", "[{\"a\":1},\n{\"b\":2}]\n", "1:{\"a\":1}|2:{\"b\":2}|"},
    {"an indented record", "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{\"c\":1}", "1:{\n  \"a\": {\n    \"b\": 1\n  }\n}|6:{\"c\":1}|"},
    {"a digest", "{\"digestStartTime\":\"2023\",\"logFiles\":[{\"s3Object\":\"x\"}]}",
     "1:{\"digestStartTime\":\"2023\",\"logFiles\":[{\"s3Object\":\"x\"}]}|"},
    {"a line that is cut off", "{\"a\":1\n{\"b\":2}\n", "1:{\"a\":1|2:{\"b\":2}|"},
    {"a text that is cut off", "{\"a\":\"x\n{\"b\":2}\n", "1:{\"a\":\"x|2:{\"b\":2}|"},
    {"a line that is no JSON", "hello {\n{\"b\":2}\nbye", "1:hello {|2:{\"b\":2}|3:bye|"},
    {"a brace too many", "{\"a\":1}}\n{\"b\":2}\n", "1:{\"a\":1}|1:}|2:{\"b\":2}|"},
    {"Records cut off", "{\"Records\":[{\"a\":1},{\"b\":", "1:{\"a\":1}|1:{\"b\":|"},
    {"EventBridge", "{\"version\":\"0\",\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{\"a\":1}}\n{\"b\":2}",
     "1:{\"a\":1}|2:{\"b\":2}|"},
    {"EventBridge, detail first", "{\"detail\":{\"a\":1},\"detail-type\":\"AWS Console Sign In via CloudTrail\"}", "1:{\"a\":1}|"},
    {"EventBridge from GuardDuty", "{\"detail-type\":\"GuardDuty Finding\",\"detail\":{\"a\":1}}\n{\"b\":2}",
     "1:{\"a\":1}|2:{\"b\":2}|"},
    {"EventBridge from others", "{\"detail-type\":\"AWS Health Event\",\"detail\":{\"a\":1}}",
     "1:{\"detail-type\":\"AWS Health Event\",\"detail\":{\"a\":1}}|"},
    {"Azure's records", "{\"records\":[{\"a\":1},{\"b\":2}]}", "1:{\"a\":1}|1:{\"b\":2}|"},
    {"names and values", "srcaddr dstaddr start\n1.1.1.1 2.2.2.2 7\n3.3.3.3 - 8\n{\"a\":1}\nbye\n",
     "2:1.1.1.1 2.2.2.2 7 (3)|3:3.3.3.3 - 8 (3)|4:{\"a\":1}|5:bye (3)|"},
    {"other names further down", "version interface-id start\n2 e 7\nsrcaddr dstaddr\nsrcaddr dstaddr start action\r\n1 2 3 4\r\n",
     "2:2 e 7 (3)|3:srcaddr dstaddr (3)|5:1 2 3 4 (4)|"},
    {"values of version 2", "2 111122223333 eni-1 10.0.0.7 198.51.100.4 44312 443 6 10 8000 7 8 ACCEPT OK\n2 too few\n",
     "1:2 111122223333 eni-1 10.0.0.7 198.51.100.4 44312 443 6 10 8000 7 8 ACCEPT OK (14)|2:2 too few|"},
    {"names that are none", "srcaddr dstaddr srcaddr\nsrcaddr Dst start\nsome words of text\n",
     "1:srcaddr dstaddr srcaddr|2:srcaddr Dst start|3:some words of text|"},
    {"names within Records", "{\"Records\":[srcaddr dstaddr start\n]}", "1:srcaddr dstaddr start|"},
    {"a record that has a detail", "{\"a\":1,\"detail\":{\"detail-type\":\"x via CloudTrail\"}}",
     "1:{\"a\":1,\"detail\":{\"detail-type\":\"x via CloudTrail\"}}|"},
    {"LookupEvents", "{\"Events\":[{\"EventId\":\"1\",\"CloudTrailEvent\":\"{\\\"a\\\":\\\"x\\\\n\\\\u00e9\\\"}\"}],\"NextToken\":\"t\"}",
     "1:{\"a\":\"x\\n\\u00e9\"}|"},
    {"texts among Records", "{\"Records\":[\"a,b]\",{\"a\":1},\"\\\"]\" , 7]}", "1:\"a,b]\"|1:{\"a\":1}|1:\"\\\"]\" |1:7|"},
    {"members behind Records", "{\"Records\":[{\"a\":1}] , \"b\":[{\"c\":\"]}\"}]}\n{\"d\":1}", "1:{\"a\":1}|2:{\"d\":1}|"},
    {"LookupEvents, one a line", "{\"CloudTrailEvent\":\"{\\\"a\\\":1}\",\"EventId\":\"1\"}\n{\"b\":2}\n", "1:{\"a\":1}|2:{\"b\":2}|"},
    {"an envelope that is broken", "{\"CloudTrailEvent\":\"{\\\"a\\\":1}\",}\n", "1:{\"CloudTrailEvent\":\"{\\\"a\\\":1}\",}|"},
};

struct seen {
    char text[4096];
    size_t len;
};

static void take_all(struct frame *f, struct seen *seen)
{
    struct text record;
    uint64_t line;
    char columns[16] = "";
    for (uint64_t given = f->given; frame_next(f, &record, &line); given++) {
        assert_int_equal(f->given, given + 1);
        if (f->record_columns) snprintf(columns, sizeof columns, " (%u)", f->record_columns->n);
        seen->len += (size_t)snprintf(seen->text + seen->len, sizeof seen->text - seen->len, "%d:" TEXT_FMT "%s|", (int)line,
                                      TEXT_ARG(record), f->record_columns ? columns : "");
    }
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t len = (uint32_t)strlen(cases[i].bytes);
        char *bytes = malloc(len + 1);
        memcpy(bytes, cases[i].bytes, len);
        struct columns_set known = {0};
        struct frame f = {.bytes = {bytes, len}, .is_last = true, .line = 1, .known = &known};
        struct seen seen = {0};
        take_all(&f, &seen);
        if (strcmp(seen.text, cases[i].records)) fail_msg("%s:\n%s\n%s", cases[i].name, seen.text, cases[i].records);
        assert_int_equal(f.at, len);
        columns_set_release(&known);
        free(bytes);
    }
}

/* Bytes that come in pieces of any size, each time in another place, give the same records. */
static void test_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (uint32_t step = 1; step < 12; step++) {
            uint32_t all = (uint32_t)strlen(cases[i].bytes), given = 0, kept = 0;
            char *bytes = malloc(1);
            struct columns_set known = {0};
            struct frame f = {.line = 1, .known = &known};
            struct seen seen = {0};
            while (!f.is_last) {
                uint32_t more = all - given < step ? all - given : step;
                char *moved = malloc(kept + more + 1);
                memcpy(moved, bytes + f.at, kept);
                memcpy(moved + kept, cases[i].bytes + given, more);
                free(bytes);
                bytes = moved;
                given += more;
                f.bytes = (struct text){bytes, kept + more};
                f.at = 0;
                f.is_last = given == all;
                take_all(&f, &seen);
                kept = f.bytes.len - f.at;
            }
            if (strcmp(seen.text, cases[i].records))
                fail_msg("%s in pieces of %u:\n%s\n%s", cases[i].name, step, seen.text, cases[i].records);
            columns_set_release(&known);
            free(bytes);
        }
}

/* A record that the caller does not want to wait for is given as far as it came; its rest is passed over. */
static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *records;
    } cuts[] = {
        {"{\"Records\":[{\"a\":\"12", "34}\\\"\",\"b\":{}},{\"c\":1}]}", "1:{\"a\":\"12|1:{\"c\":1}|"},
        {"{\"a\":\"12\\", "\"34\"}\n{\"c\":1}\n", "1:{\"a\":\"12\\|2:{\"c\":1}|"},
        {"{\"a\":\"12", "34\n{\"c\":1}\n", "1:{\"a\":\"12|2:{\"c\":1}|"},
        {"xyz", "xyz{}\n{\"c\":1}\n", "1:xyz|2:{\"c\":1}|"},
    };
    for (size_t i = 0; i < COUNT(cuts); i++) {
        char first[128], second[128];
        struct seen seen = {0};
        struct frame f = {.bytes = {first, (uint32_t)strlen(cuts[i].first)}, .is_last = true, .line = 1};
        strcpy(first, cuts[i].first);
        take_all(&f, &seen);
        f.bytes = (struct text){second, (uint32_t)strlen(cuts[i].second)};
        f.at = 0;
        strcpy(second, cuts[i].second);
        take_all(&f, &seen);
        assert_string_equal(seen.text, cuts[i].records);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
