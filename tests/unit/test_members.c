/* test_members.c - members of requests and answers: what exists, what was meant, that the tables keep their order, and
 * that genuine records have no member that is not known. */
#include "engine/schema/api.h"
#include "engine/schema/members.h"

#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define PATH_MOST 32

/* "ec2:RunInstances" and "req.a.b", where names have no dots. */
static struct member_answer look_up(const char *api, const char *path)
{
    struct text names[PATH_MOST];
    uint32_t len = 0;
    const char *colon = strchr(api, ':'), *at = strchr(path, '.');
    while (at) {
        const char *end = strchr(at + 1, '.');
        names[len++] = end ? (struct text){at + 1, (uint32_t)(end - at - 1)} : text_of(at + 1);
        at = end;
    }
    return member_look_up((struct text){api, (uint32_t)(colon - api)}, text_of(colon + 1),
                          strncmp(path, "resp", 4) == 0, names, len);
}

static void looks_up(void **state)
{
    (void)state;
    static const struct {
        const char *api, *path;
        enum member_found found;
        const char *nearest;
        uint32_t at;
    } rows[] = {
        {"iam:AttachRolePolicy", "req.roleName", MEMBER_KNOWN, NULL, 0},
        {"iam:AttachRolePolicy", "req.roelName", MEMBER_UNKNOWN, "roleName", 0},
        {"iam:AttachRolePolicy", "req.RoleName", MEMBER_UNKNOWN, "roleName", 0},
        {"iam:AttachRolePolicy", "req.nothing", MEMBER_UNKNOWN, "", 0},
        {"iam:CreateServiceLinkedRole", "req.aWSServiceName", MEMBER_KNOWN, NULL, 0},
        {"iam:CreateServiceLinkedRole", "req.awsServiceName", MEMBER_UNKNOWN, "aWSServiceName", 0},
        {"iam:CreateRole", "resp.role.roleName", MEMBER_KNOWN, NULL, 0},
        {"iam:CreateRole", "resp.role.rolName", MEMBER_UNKNOWN, "roleName", 1},
        {"iam:CreateRole", "resp.requestId", MEMBER_KNOWN, NULL, 0},
        {"iam:CreateRole", "req.tags.key", MEMBER_KNOWN, NULL, 0},
        {"iam:GetRole", "resp.role.roleName", MEMBER_UNRECORDED, NULL, 0},
        {"sts:GetFederationToken", "resp.credentials.accessKeyId", MEMBER_KNOWN, NULL, 0},
        {"sts:AssumeRoleWithSAML", "req.roleSessionName", MEMBER_KNOWN, NULL, 0},
        {"iam:*", "req.roleName", MEMBER_KNOWN, NULL, 0},
        {"iam:Attach*", "req.rolName", MEMBER_UNKNOWN, "roleName", 0},
        {"iam:List*", "resp.x", MEMBER_UNRECORDED, NULL, 0},
        {"rds:CreateDBInstance", "req.dBInstanceIdentifier", MEMBER_KNOWN, NULL, 0},
        {"rds:CreateDBInstance", "resp.dBInstanceArn", MEMBER_KNOWN, NULL, 0},
        {"rds:CreateDBInstance", "resp.dBInstanceArm", MEMBER_UNKNOWN, "dBInstanceArn", 0},
        {"ec2:RunInstances", "req.instancesSet.items.maxCount", MEMBER_KNOWN, NULL, 0},
        {"ec2:RunInstances", "resp.instancesSet.items.instanceId", MEMBER_KNOWN, NULL, 0},
        {"ec2:RunInstances", "resp.instancesSet.instanceID", MEMBER_UNKNOWN, "instanceId", 1},
        {"ec2:RunInstances", "req.instanceTyp", MEMBER_UNKNOWN, "instanceType", 0},
        {"ec2:RunInstances", "req.something", MEMBER_OPEN, NULL, 0},
        {"ec2:RunInstances", "req.somethingSet", MEMBER_OPEN, NULL, 0},
        {"ec2:AuthorizeSecurityGroupIngress", "req.ipPermissions.items.ipRanges.items.cidrIp", MEMBER_KNOWN, NULL, 0},
        {"ec2:CreateLaunchTemplate", "req.LaunchTemplateData.InstanceType", MEMBER_KNOWN, NULL, 0},
        {"ec2:CreateLaunchTemplate", "req.CreateLaunchTemplateRequest.LaunchTemplateName", MEMBER_KNOWN, NULL, 0},
        {"ec2:ModifyInstanceAttribute", "req.disableApiTermination.value", MEMBER_KNOWN, NULL, 0},
        {"s3:PutObject", "req.x-amz-acl", MEMBER_KNOWN, NULL, 0},
        {"s3:PutBucketVersioning", "req.VersioningConfiguration.Status", MEMBER_KNOWN, NULL, 0},
        {"s3:PutBucketVersioning", "req.versioning", MEMBER_KNOWN, NULL, 0},
        {"s3:GetObject", "req.bucket", MEMBER_UNKNOWN, "", 0},
        {"s3:GetObject", "req.buketName", MEMBER_UNKNOWN, "bucketName", 0},
        {"s3:PutBucketPublicAccessBlock", "req.publicAccessBlock", MEMBER_KNOWN, NULL, 0}, /* PutPublicAccessBlock */
        {"account:EnableRegion", "req.RegionName", MEMBER_KNOWN, NULL, 0},
        {"account:EnableRegion", "req.regionName", MEMBER_UNKNOWN, "RegionName", 0},
        {"eks:AssociateAccessPolicy", "req.name", MEMBER_KNOWN, NULL, 0},
        {"lambda:CreateFunction", "req.functionName", MEMBER_KNOWN, NULL, 0},
        {"lambda:CreateFunction", "req.vpcConfig.subnetIds", MEMBER_KNOWN, NULL, 0},
        {"quicksight:RegisterUser", "req.UserName", MEMBER_KNOWN, NULL, 0}, /* never seen: either case */
        {"quicksight:RegisterUser", "req.userName", MEMBER_KNOWN, NULL, 0},
        {"quicksight:RegisterUser", "req.userNam", MEMBER_UNKNOWN, "userName", 0},
        {"iam:NewerThanThis", "req.x", MEMBER_OPEN, NULL, 0},
        {"signin:ConsoleLogin", "req.x", MEMBER_OPEN, NULL, 0},
        {"nonsense:Call", "req.x", MEMBER_OPEN, NULL, 0},
        {"*:List*", "req.x", MEMBER_OPEN, NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct member_answer a = look_up(rows[i].api, rows[i].path);
        if (a.found != rows[i].found) fail_msg("%s %s: found %d", rows[i].api, rows[i].path, a.found);
        if (!rows[i].nearest) continue;
        if (!text_equal(a.nearest, text_of(rows[i].nearest)) || a.at != rows[i].at)
            fail_msg("%s %s: near " TEXT_FMT " at %u", rows[i].api, rows[i].path, TEXT_ARG(a.nearest), a.at);
    }
}

/* ---- the table ---- */

#define MEMBERS(prefix, form, calls, records) {prefix, calls, records},
static const struct {
    const char *prefix, *calls, *records;
} table[] = {
#include "engine/schema/aws_members.def"
};

static void assert_sorted(const char *prefix, const char *lines)
{
    struct text last = {"", 0};
    for (const char *line = lines; *line; line = strchr(line, '\n') + 1) {
        struct text name = {line, (uint32_t)strcspn(line, " ")};
        if (text_compare(last, name) >= 0) fail_msg("%s: " TEXT_FMT " is out of order", prefix, TEXT_ARG(name));
        assert_int_equal(*(strchr(line, '\n') - 1), ' ');
        last = name;
    }
}

static void lines_stand_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (i) assert_true(strcmp(table[i - 1].prefix, table[i].prefix) < 0);
        assert_sorted(table[i].prefix, table[i].calls);
        assert_sorted(table[i].prefix, table[i].records);
    }
}

/* Both tables are made from the same models. */
static void every_call_has_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (const char *line = table[i].calls; *line; line = strchr(line, '\n') + 1) {
            struct text name = {line, (uint32_t)strcspn(line, " ")};
            enum api_found found = api_look_up(text_of(table[i].prefix), name).found;
            if (found != API_KNOWN && found != API_RENAMED)
                fail_msg("%s:" TEXT_FMT " is no call", table[i].prefix, TEXT_ARG(name));
        }
}

/* ---- genuine records ---- */

/* "email.amazonaws.com" as rules write it, and the action without its date. */
static struct text service_of(const char *source)
{
    const char *end = strstr(source, ".amazonaws.com");
    struct text name = end ? (struct text){source, (uint32_t)(end - source)} : text_of(source);
    struct text prefix = api_service(name);
    return prefix.len ? prefix : name;
}

struct walk {
    struct text service, action;
    bool is_answer;
    struct text names[PATH_MOST];
    uint32_t len, checked, unknown;
};

static void walk_value(struct walk *w, json_t *value);

static void check_path(struct walk *w)
{
    struct member_answer a = member_look_up(w->service, w->action, w->is_answer, w->names, w->len);
    w->checked++;
    if (a.found != MEMBER_UNKNOWN && a.found != MEMBER_UNRECORDED) return;
    w->unknown++;
    print_error(TEXT_FMT ":" TEXT_FMT " %s", TEXT_ARG(w->service), TEXT_ARG(w->action), w->is_answer ? "resp" : "req");
    for (uint32_t i = 0; i < w->len; i++) print_error("." TEXT_FMT, TEXT_ARG(w->names[i]));
    print_error(" is not known\n");
}

static void walk_value(struct walk *w, json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    json_array_foreach(value, i, member) walk_value(w, member);
    json_object_foreach(value, key, member) {
        if (w->len == PATH_MOST) break;
        w->names[w->len++] = text_of(key);
        if (!json_object_size(member) && !json_array_size(member)) check_path(w);
        walk_value(w, member);
        w->len--;
    }
}

static void check_record(struct walk *w, json_t *record)
{
    const char *source = json_string_value(json_object_get(record, "eventSource"));
    const char *name = json_string_value(json_object_get(record, "eventName"));
    if (!source || !name) return;
    w->service = service_of(source);
    w->action = api_stem(text_of(name));
    for (int answer = 0; answer < 2; answer++) {
        w->is_answer = answer;
        walk_value(w, json_object_get(record, answer ? "responseElements" : "requestParameters"));
    }
}

static void check_file(struct walk *w, const char *path)
{
    json_error_t error;
    FILE *in = fopen(path, "r");
    for (json_t *one; in && (one = json_loadf(in, JSON_DISABLE_EOF_CHECK, &error)); json_decref(one)) {
        json_t *records = json_object_get(one, "Records"), *record;
        size_t i;
        if (!records) check_record(w, one);
        json_array_foreach(records, i, record) check_record(w, record);
    }
    if (in) fclose(in);
}

static void genuine_records_have_known_members(void **state)
{
    (void)state;
    static const char *const folders[] = {"invictus", "stratus", "traildiscover", "seqbench/raw"};
    const char *shared = getenv("CSR_SHARED") ? getenv("CSR_SHARED") : "../shared";
    struct walk w = {0};
    char folder[512], path[1024];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(folder, sizeof folder, "%s/data/cloudtrail/%s", shared, folders[i]);
        DIR *dir = opendir(folder);
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
            if (!strstr(entry->d_name, "json") || strstr(entry->d_name, "labels")) continue;
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            check_file(&w, path);
        }
        if (dir) closedir(dir);
    }
    if (!w.checked) {
        print_message("no records in %s/data/cloudtrail: skipped\n", shared);
        skip();
    }
    print_message("%u members\n", w.checked);
    assert_true(w.checked > 5000);
    assert_int_equal(w.unknown, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(looks_up), cmocka_unit_test(lines_stand_in_order),
                                       cmocka_unit_test(every_call_has_a_name),
                                       cmocka_unit_test(genuine_records_have_known_members)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
