/* test_api.c - the table of API names: what exists, what was meant, and that the tables keep their order. */
#include "engine/schema/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

/* "service:Action" in two halves. */
static struct text half(const char *api, bool second)
{
    const char *colon = strchr(api, ':');
    return second ? text_of(colon + 1) : (struct text){api, (uint32_t)(colon - api)};
}

static void looks_up(void **state)
{
    (void)state;
    static const struct {
        const char *api;
        enum api_found found;
        const char *answer; /* "service:Action", or "" */
    } rows[] = {
        {"ec2:RunInstances", API_KNOWN, NULL},
        {"iam:CreateUser", API_KNOWN, NULL},
        {"cloudwatch:PutMetricAlarm", API_KNOWN, NULL},
        {"ses:SendRawEmail", API_KNOWN, NULL},
        {"elasticloadbalancing:CreateLoadBalancer", API_KNOWN, NULL},
        {"states:StartExecution", API_KNOWN, NULL},
        {"tag:TagResources", API_KNOWN, NULL},
        {"bedrock:InvokeModel", API_KNOWN, NULL},
        {"signin:ConsoleLogin", API_KNOWN, NULL},
        {"secretsmanager:RotationSucceeded", API_KNOWN, NULL},
        {"s3:PutBucketPublicAccessBlock", API_KNOWN, NULL},
        {"lambda:CreateFunction", API_KNOWN, NULL},
        {"lambda:CreateFunctionUrlConfig", API_KNOWN, NULL},
        {"health:AWS_RISK_CREDENTIALS_EXPOSED", API_KNOWN, NULL},
        {"guardduty:CryptoCurrency:EC2/BitcoinTool.B!DNS", API_KNOWN, NULL},
        {"iam:*", API_KNOWN, NULL},
        {"iam:Create*", API_KNOWN, NULL},
        {"*:List*", API_KNOWN, NULL},
        {"s3*:Get*", API_KNOWN, NULL},
        {"okta:user.session.start", API_OPEN, NULL},
        {"k8s:pods/exec.create", API_KNOWN, NULL},
        {"k8s:widgets.example.com.deletecollection", API_KNOWN, NULL},
        {"k8s:pods.creat", API_UNKNOWN, ""},
        {"k8s:pods/exec", API_UNKNOWN, ""},
        {"k8s:pods*.cre*", API_OPEN, NULL},
        {"vpcflow:ACCEPT", API_KNOWN, NULL},
        {"vpcflow:REJECTED", API_UNKNOWN, "vpcflow:REJECT"},
        {"s3:ListAllMyBuckets", API_RENAMED, "s3:ListBuckets"},
        {"lambda:InvokeFunction", API_RENAMED, "lambda:Invoke"},
        {"lambda:CreateFunction20150331", API_RENAMED, "lambda:CreateFunction"},
        {"lambda:AddPermission20150331v2", API_RENAMED, "lambda:AddPermission"},
        {"monitoring:PutMetricAlarm", API_RENAMED, "cloudwatch:PutMetricAlarm"},
        {"stepfunctions:StartExecution", API_RENAMED, "states:StartExecution"},
        {"iam:CreatUser", API_UNKNOWN, "iam:CreateUser"},
        {"iam:createuser", API_UNKNOWN, "iam:CreateUser"},
        {"ec2:RunInstance", API_UNKNOWN, "ec2:RunInstances"},
        {"imm:CreateUser", API_UNKNOWN, "iam:CreateUser"},
        {"ec2:CreateServiceLinkedRole", API_UNKNOWN, "iam:CreateServiceLinkedRole"},
        {"signin:ConsoleLogon", API_UNKNOWN, "signin:ConsoleLogin"},
        {"iam:Zzz*", API_UNKNOWN, ""},
        {"iam:CompletelyDifferentThing", API_UNKNOWN, ""},
        {"nonsense:CompletelyDifferentThing", API_UNKNOWN, ""},
        {"*:CompletelyDifferentThing", API_UNKNOWN, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct api_answer a = api_look_up(half(rows[i].api, false), half(rows[i].api, true));
        if (a.found != rows[i].found) fail_msg("%s: found %d", rows[i].api, a.found);
        if (!rows[i].answer) continue;
        char got[200] = "";
        if (a.action.len)
            snprintf(got, sizeof got, TEXT_FMT ":" TEXT_FMT, TEXT_ARG(a.service), TEXT_ARG(a.action));
        if (strcmp(got, rows[i].answer) != 0) fail_msg("%s: \"%s\"", rows[i].api, got);
    }
}

static void names_services(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"ec2", "ec2"},   {"monitoring", "cloudwatch"}, {"email", "ses"}, {"elbv2", "elasticloadbalancing"},
        {"tagging", "tag"}, {"signin", "signin"},       {"", ""},         {"nonsense", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text got = api_service(text_of(rows[i][0]));
        if (!text_equal(got, text_of(rows[i][1]))) fail_msg("%s: " TEXT_FMT, rows[i][0], TEXT_ARG(got));
    }
}

static void takes_dates_off(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"CreateFunction20150331", "CreateFunction"},
        {"UpdateFunctionCode20150331v2", "UpdateFunctionCode"},
        {"UpdateFunctionCode20150331v12", "UpdateFunctionCode"},
        {"PublishFunction2020_05_31", "PublishFunction"},
        {"SendToDev20150331", "SendToDev"},
        {"ListFindingsV2", "ListFindingsV2"},
        {"ListObjectsV2", "ListObjectsV2"},
        {"Get19990331", "Get19990331"},
        {"Get2020_5_31", "Get2020_5_31"},
        {"20150331", "20150331"},
        {"2020_05_31", "2020_05_31"},
        {"v2", "v2"},
        {"v", "v"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text got = api_stem(text_of(rows[i][0]));
        if (!text_equal(got, text_of(rows[i][1]))) fail_msg("%s: " TEXT_FMT, rows[i][0], TEXT_ARG(got));
    }
}

/* The rows as they stand in the files, to test what the head of api.c promises. */
struct row {
    const char *prefix, *calls;
};
#define SERVICE(prefix, calls) {prefix, calls},
static const struct row generated[] = {
#include "engine/schema/aws_api.def"
};
#define SERVICE(prefix, calls) {prefix, calls},
static const struct row by_hand[] = {
#include "engine/schema/aws_extra.def"
};
#define ALSO(name, prefix) {name, prefix},
static const struct row also[] = {
#include "engine/schema/aws_api.def"
#define ALSO(name, prefix) {name, prefix},
#include "engine/schema/aws_extra.def"
};
#define RENAMED(service, from, to) {service, to},
static const struct row renamed[] = {
#include "engine/schema/aws_extra.def"
};

static void check_order(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(rows[i - 1].prefix, rows[i].prefix) >= 0) fail_msg("%s is out of order", rows[i].prefix);
        size_t len = strlen(rows[i].calls);
        if (!len || rows[i].calls[len - 1] != ' ') fail_msg("%s does not end with a blank", rows[i].prefix);
        if (strstr(rows[i].calls, "  ")) fail_msg("%s has two blanks in a row", rows[i].prefix);
    }
}

static void tables_are_in_order(void **state)
{
    (void)state;
    check_order(generated, sizeof generated / sizeof *generated);
    check_order(by_hand, sizeof by_hand / sizeof *by_hand);
    assert_true(sizeof generated / sizeof *generated > 300);
    for (size_t i = 0; i < sizeof also / sizeof *also; i++)
        if (!text_equal(api_service(text_of(also[i].prefix)), text_of(also[i].calls)))
            fail_msg("%s does not lead to %s", also[i].prefix, also[i].calls);
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (api_look_up(text_of(renamed[i].prefix), text_of(renamed[i].calls)).found != API_KNOWN)
            fail_msg("%s:%s is renamed to, and unknown", renamed[i].prefix, renamed[i].calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(looks_up), cmocka_unit_test(names_services),
                                       cmocka_unit_test(takes_dates_off), cmocka_unit_test(tables_are_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
