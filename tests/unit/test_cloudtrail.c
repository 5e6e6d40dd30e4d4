/* test_cloudtrail.c - stdlib/aws/cloudtrail.csr over records of every shape that CloudTrail writes.
 *
 * First made-up records, one for each shape, with the values that the fields must have; then every genuine record of the
 * shared data, of which less is known but something always holds.
 */
#include "engine/event/frame.h"
#include "engine/schema/api.h"
#include "tests/unit/schema_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
    return reader_setup(state, "aws");
}

/* ---- shapes -------------------------------------------------------------------------------------------- */

#define CALL(source, name)                                                                                  \
    "\"eventTime\":\"2025-11-02T20:11:06Z\",\"eventSource\":\"" source ".amazonaws.com\",\"eventName\":\"" name \
    "\",\"awsRegion\":\"eu-central-1\",\"eventID\":\"e-1\",\"recipientAccountId\":\"012345678901\""
#define USER                                                                                                \
    "\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDA1\",\"arn\":\"arn:aws:iam::012345678901:user/team/ann\"," \
    "\"accountId\":\"012345678901\",\"accessKeyId\":\"AKIA1\",\"userName\":\"ann\"}"
#define ROLE                                                                                                \
    "\"userIdentity\":{\"type\":\"AssumedRole\",\"principalId\":\"AROA1:i-0abc\","                           \
    "\"arn\":\"arn:aws:sts::012345678901:assumed-role/web/i-0abc\",\"accountId\":\"012345678901\","          \
    "\"accessKeyId\":\"ASIA1\",\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"AROA1\"," \
    "\"arn\":\"arn:aws:iam::012345678901:role/svc/web\",\"accountId\":\"012345678901\",\"userName\":\"web\"}," \
    "\"attributes\":{\"mfaAuthenticated\":\"true\"}}}"

struct shape {
    const char *name, *record;
    struct want wants[WANTS];
};

static const struct shape shapes[] = {
    {"a call by a user",
     "{" CALL("ec2", "DescribeInstances") "," USER ",\"sourceIPAddress\":\"198.51.100.23\",\"userAgent\":\"aws-cli/2\","
     "\"readOnly\":true,\"requestParameters\":{\"instancesSet\":{}},\"responseElements\":null}",
     {{"identity", "e-1"}, {"second", "1762114266"}, {"service", "ec2"}, {"action", "DescribeInstances"},
      {"api", "ec2:DescribeInstances"}, {"region", "eu-central-1"}, {"account", "012345678901"}, {"ok", "true"},
      {"failed", "false"}, {"denied", "false"}, {"dry_run", "false"}, {"error", ""}, {"read_only", "true"},
      {"agent", "aws-cli/2"}, {"mfa", "false"}, {"actor", "arn:aws:iam::012345678901:user/team/ann"},
      {"principal.arn", "arn:aws:iam::012345678901:user/team/ann"}, {"principal.name", "ann"},
      {"principal.session", ""}, {"access_key", "AKIA1"}, {"user", "ann"}, {"src.ip", "198.51.100.23"},
      {"src.service", ""}, {"src.aws", "false"}}},
    {"a role session",
     "{" CALL("s3", "GetObject") "," ROLE ",\"sourceIPAddress\":\"2001:db8::1\",\"vpcEndpointId\":\"vpce-1\","
     "\"requestParameters\":{\"bucketName\":\"b1\"},\"additionalEventData\":{\"bytesTransferredIn\":0.0,"
     "\"bytesTransferredOut\":1234.0}}",
     {{"actor", "arn:aws:sts::012345678901:assumed-role/web/i-0abc"}, {"principal.type", "AssumedRole"},
      {"principal.arn", "arn:aws:iam::012345678901:role/svc/web"}, {"principal.name", "web"},
      {"principal.session", "i-0abc"}, {"principal.id", "AROA1"}, {"user", "i-0abc"}, {"instance", "i-0abc"},
      {"mfa", "true"}, {"src.ip", "2001:db8::1"}, {"src.aws", "true"}, {"entities.buckets", "b1"},
      {"bytes", "1234"}, {"read_only", "true"}, {"access_key", "ASIA1"}}},
    {"a role session without its issuer",
     "{" CALL("iam", "CreateUser") ",\"userIdentity\":{\"type\":\"AssumedRole\",\"principalId\":\"AROA1:bob\","
     "\"arn\":\"arn:aws-cn:sts::012345678901:assumed-role/Admin/bob\",\"accountId\":\"012345678901\"},"
     "\"requestParameters\":{\"userName\":\"eve\"},\"responseElements\":{\"user\":{\"userName\":\"eve\"}}}",
     {{"principal.arn", "arn:aws-cn:iam::012345678901:role/Admin"}, {"principal.name", "Admin"},
      {"principal.session", "bob"}, {"principal.id", "AROA1"}, {"instance", ""}, {"access_key", ""},
      {"entities.users", "eve eve"}, {"req.userName", "eve"}, {"read_only", "false"}, {"src.ip", ""}}},
    {"sign-in of root, without a second factor",
     "{" CALL("signin", "ConsoleLogin") ",\"userIdentity\":{\"type\":\"Root\",\"principalId\":\"012345678901\","
     "\"arn\":\"arn:aws:iam::012345678901:root\",\"accountId\":\"012345678901\",\"accessKeyId\":\"\"},"
     "\"additionalEventData\":{\"MFAUsed\":\"No\"},\"responseElements\":{\"ConsoleLogin\":\"Success\"}}",
     {{"ok", "true"}, {"mfa", "false"}, {"principal.type", "Root"}, {"principal.name", "root"}, {"user", "root"},
      {"access_key", ""}, {"actor", "arn:aws:iam::012345678901:root"}}},
    {"sign-in with a wrong password, which is no API error",
     "{" CALL("signin", "ConsoleLogin") ",\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDA1\","
     "\"accountId\":\"012345678901\",\"accessKeyId\":\"\",\"userName\":\"ann\"},\"errorMessage\":\"Failed authentication\","
     "\"additionalEventData\":{\"MFAUsed\":\"Yes\"},\"responseElements\":{\"ConsoleLogin\":\"Failure\"}}",
     {{"ok", "false"}, {"failed", "true"}, {"denied", "false"}, {"error", ""}, {"mfa", "true"}, {"user", "ann"},
      {"error_text", "Failed authentication"}, {"actor", "AIDA1"}}},
    {"a federated user",
     "{" CALL("ec2", "RunInstances") ",\"userIdentity\":{\"type\":\"FederatedUser\",\"principalId\":\"012345678901:fred\","
     "\"arn\":\"arn:aws:sts::012345678901:federated-user/fred\",\"accountId\":\"012345678901\",\"accessKeyId\":\"ASIA2\","
     "\"sessionContext\":{\"sessionIssuer\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::012345678901:user/ann\","
     "\"userName\":\"ann\"}}},\"requestParameters\":{\"instancesSet\":{\"items\":[{\"imageId\":\"ami-1\",\"minCount\":1}]}},"
     "\"responseElements\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-1\",\"imageId\":\"ami-1\"},"
     "{\"instanceId\":\"i-2\"}]}}}",
     {{"actor", "arn:aws:sts::012345678901:federated-user/fred"}, {"principal.name", "fred"}, {"user", "fred"},
      {"principal.arn", "arn:aws:sts::012345678901:federated-user/fred"}, {"entities.instances", "i-1 i-2"},
      {"entities.images", "ami-1"}}},
    {"a service",
     "{" CALL("sts", "AssumeRole") ",\"userIdentity\":{\"type\":\"AWSService\",\"invokedBy\":\"lambda.amazonaws.com\"},"
     "\"sourceIPAddress\":\"lambda.amazonaws.com\",\"requestParameters\":{\"roleArn\":\"arn:aws:iam::012345678901:role/f\"},"
     "\"responseElements\":{\"credentials\":{\"accessKeyId\":\"ASIA3\"}}}",
     {{"actor", "lambda.amazonaws.com"}, {"principal.name", "lambda.amazonaws.com"}, {"principal.arn", ""},
      {"user", ""}, {"invoked_by", "lambda.amazonaws.com"}, {"src.ip", ""}, {"src.service", "lambda.amazonaws.com"},
      {"src.aws", "true"}, {"entities.roles", "f"}, {"entities.keys", "ASIA3"}}},
    {"a service event, without a type of caller",
     "{" CALL("kms", "RotateKey") ",\"userIdentity\":{\"accountId\":\"012345678901\",\"invokedBy\":\"AWS Internal\"},"
     "\"sourceIPAddress\":\"AWS Internal\",\"requestParameters\":null,\"responseElements\":null}",
     {{"actor", "AWS Internal"}, {"principal.type", ""}, {"src.service", "AWS Internal"}, {"ok", "true"}}},
    {"a web identity about to become a role",
     "{" CALL("sts", "AssumeRoleWithWebIdentity") ",\"userIdentity\":{\"type\":\"WebIdentityUser\","
     "\"principalId\":\"idp:aud:sub\",\"userName\":\"sub\",\"identityProvider\":\"idp\"}}",
     {{"actor", "idp:aud:sub"}, {"principal.name", "sub"}, {"user", "sub"}, {"principal.account", ""}}},
    {"somebody of another account",
     "{" CALL("sts", "AssumeRole") ",\"userIdentity\":{\"type\":\"AWSAccount\",\"principalId\":\"AROA9:x\","
     "\"accountId\":\"999988887777\"},\"requestParameters\":{\"serialNumber\":\"arn:aws:iam::999988887777:mfa/x\"}}",
     {{"actor", "AROA9:x"}, {"account", "012345678901"}, {"principal.account", "999988887777"}, {"mfa", "true"}}},
    {"no caller at all",
     "{" CALL("ses", "SendEmail") "}",
     {{"actor", ""}, {"principal.name", ""}, {"user", ""}, {"ok", "true"}, {"entities.users", ""}}},
    {"a probe by dry run",
     "{" CALL("ec2", "RunInstances") "," USER ",\"errorCode\":\"Client.DryRunOperation\",\"readOnly\":false}",
     {{"ok", "false"}, {"failed", "true"}, {"dry_run", "true"}, {"denied", "false"},
      {"error", "Client.DryRunOperation"}, {"read_only", "false"}}},
    {"refused by EC2",
     "{" CALL("ec2", "RunInstances") "," USER ",\"errorCode\":\"Client.UnauthorizedOperation\"}",
     {{"ok", "false"}, {"denied", "true"}, {"dry_run", "false"}}},
    {"refused by others, parameters hidden",
     "{" CALL("iam", "CreateUser") "," USER ",\"errorCode\":\"AccessDenied\",\"requestParameters\":null}",
     {{"denied", "true"}, {"req.userName", ""}, {"entities.users", ""}}},
    {"failed for want of a trail, which is not refused",
     "{" CALL("cloudtrail", "StopLogging") "," USER ",\"errorCode\":\"TrailNotFoundException\"}",
     {{"failed", "true"}, {"denied", "false"}}},
    {"null as shippers write it",
     "{" CALL("iam", "ListUsers") "," USER ",\"errorCode\":null,\"errorMessage\":null,\"readOnly\":\"true\"}",
     {{"ok", "true"}, {"error", ""}, {"error_text", ""}, {"read_only", "true"}}},
    {"a name with a date",
     "{" CALL("lambda", "AddPermission20150331v2") "," USER ",\"requestParameters\":{\"functionName\":"
     "\"arn:aws:lambda:eu-central-1:012345678901:function:f1\"}}",
     {{"action", "AddPermission"}, {"api", "lambda:AddPermission"}, {"entities.functions", "f1"}}},
    {"a service whose source is not its prefix",
     "{" CALL("monitoring", "DeleteAlarms") "," USER "}",
     {{"service", "cloudwatch"}, {"api", "cloudwatch:DeleteAlarms"}}},
    {"a key for somebody else",
     "{" CALL("iam", "CreateAccessKey") "," USER ",\"requestParameters\":{\"userName\":\"bob\"},"
     "\"responseElements\":{\"accessKey\":{\"accessKeyId\":\"AKIA9\",\"userName\":\"bob\",\"status\":\"Active\"}}}",
     {{"entities.keys", "AKIA9"}, {"entities.users", "bob bob"}, {"req.userName", "bob"}}},
    {"instances named, found in two places",
     "{" CALL("ec2", "TerminateInstances") "," USER ",\"requestParameters\":{\"instancesSet\":{\"items\":"
     "[{\"instanceId\":\"i-7\"}]}},\"responseElements\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-7\"}]}}}",
     {{"entities.instances", "i-7 i-7"}}},
    {"one instance, by its id",
     "{" CALL("ec2", "ModifyInstanceAttribute") "," USER ",\"requestParameters\":{\"instanceId\":\"i-8\","
     "\"disableApiTermination\":{\"value\":true}}}",
     {{"entities.instances", "i-8"}}},
    {"a cluster by its ARN",
     "{" CALL("ecs", "RunTask") "," USER ",\"requestParameters\":{\"cluster\":"
     "\"arn:aws:ecs:eu-central-1:012345678901:cluster/prod\",\"count\":10}}",
     {{"cluster", "prod"}, {"entities.instances", ""}}},
    {"a cluster by its name",
     "{" CALL("eks", "DescribeCluster") "," USER ",\"requestParameters\":{\"name\":\"prod\"}}",
     {{"cluster", "prod"}}},
    {"a name that is no cluster's",
     "{" CALL("events", "PutRule") "," USER ",\"requestParameters\":{\"name\":\"nightly\"}}",
     {{"cluster", ""}}},
    {"delivered again, as an addendum",
     "{\"addendum\":{\"reason\":\"DELIVERY_DELAY\",\"originalEventID\":\"e-0\"}," CALL("iam", "ListUsers") "}",
     {{"identity", "e-0"}}},
    {"an account as a number, by a shipper that re-types",
     "{\"eventTime\":\"2025-11-02T20:11:06Z\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"ListUsers\","
     "\"eventID\":\"e-1\",\"recipientAccountId\":123456789012}",
     {{"account", "123456789012"}, {"region", ""}}},
};

static void reads_every_shape(void **state)
{
    struct reader *r = *state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        expect_fields(r, shapes[i].name, shapes[i].record, shapes[i].wants);
}

/* Digests, Insights and others are JSON too, and no calls. */
static void leaves_others_alone(void **state)
{
    struct reader *r = *state;
    static const char *const records[] = {
        "{\"digestStartTime\":\"2023-07-10T11:45:00Z\",\"logFiles\":[]}",
        "{\"eventVersion\":\"1.07\",\"eventCategory\":\"Insight\",\"eventTime\":\"2023-07-10T11:45:00Z\",\"insightDetails\":{}}",
        "{\"published\":\"2023-07-10T11:45:00Z\",\"eventType\":\"user.session.start\"}",
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        assert_int_equal(read_record(r, text_of(records[i])), ASIDE_NO_SCHEMA);
    assert_int_equal(read_record(r, TEXT("{\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"ListUsers\"}")),
                     ASIDE_NO_TIME);
}

/* What the schema calls a service is what the table of API names calls it. */
static void names_services_as_the_table_does(void **state)
{
    struct reader *r = *state;
    const struct ir_node *node = &r->ir->nodes[r->ir->schemas[0].service];
    assert_int_equal(node->op, IR_OP_RENAMED);
    for (uint32_t i = 1; i + 1 < node->n; i += 2) {
        const ir_node_id *pair = &r->ir->operands[node->first + i];
        struct text from = value_text(r->ir->constants[r->ir->nodes[pair[0]].x]);
        struct text to = value_text(r->ir->constants[r->ir->nodes[pair[1]].x]);
        if (!text_equal(api_service(from), to)) fail_msg(TEXT_FMT " is not " TEXT_FMT, TEXT_ARG(from), TEXT_ARG(to));
    }
}

/* ---- the shared records -------------------------------------------------------------------------------- */

static bool is_account(const char *t)
{
    return strlen(t) == 12 && strspn(t, "0123456789") == 12;
}

/* What holds for every genuine record; the anonymised sets write some values in forms of their own. */
static void check_genuine(struct reader *r, struct text record, const char *file)
{
    enum aside why = read_record(r, record);
    if (why != ASIDE_NONE) fail_msg("%s: set aside: %s", file, aside_name(why));
    char id[64];
    snprintf(id, sizeof id, TEXT_FMT, TEXT_ARG(r->event.identity));
    if (strlen(id) != 36) fail_msg("%s: identity %s", file, id);
    if (r->event.second < 1400000000 || r->event.second > 1800000000) fail_msg("%s: time of %s", file, id);
    struct line ok = field_text(r, "ok"), failed = field_text(r, "failed"), denied = field_text(r, "denied");
    struct line dry_run = field_text(r, "dry_run"), ip = field_text(r, "src.ip"), service = field_text(r, "src.service");
    if (strcmp(ok.at, "true") == 0 ? strcmp(failed.at, "false") : strcmp(failed.at, "true"))
        fail_msg("%s: outcome of %s", file, id);
    if (strcmp(ok.at, "true") == 0 && (strcmp(denied.at, "false") || strcmp(dry_run.at, "false")))
        fail_msg("%s: refused and ok: %s", file, id);
    if (api_look_up(r->event.service, r->event.action).found != API_KNOWN)
        fail_msg("%s: no such call: %s", file, field_text(r, "api").at);
    if (ip.len && service.len) fail_msg("%s: two origins of %s", file, id);
    if (!is_account(field_text(r, "account").at)) fail_msg("%s: account of %s", file, id);
    bool has_caller = memmem(record.at, record.len, "\"userIdentity\"", 14) != NULL;
    if (has_caller != (field_text(r, "actor").len > 0)) fail_msg("%s: actor of %s", file, id);
    if (field_text(r, "principal.session").len && strstr(field_text(r, "principal.arn").at, ":role/") == NULL)
        fail_msg("%s: role of %s", file, id);
    if (r->eval.overflowed) fail_msg("%s: %s is too large", file, id);
}

static char *slurp(const char *path, size_t *len)
{
    FILE *in = fopen(path, "rb");
    if (!in) return NULL;
    fseek(in, 0, SEEK_END);
    *len = (size_t)ftell(in);
    rewind(in);
    char *bytes = malloc(*len + 1);
    *len = fread(bytes, 1, *len, in);
    fclose(in);
    return bytes;
}

static size_t check_file(struct reader *r, const char *path)
{
    size_t len = 0, n = 0;
    char *bytes = slurp(path, &len);
    if (!bytes) return 0;
    struct frame f = {.bytes = {bytes, (uint32_t)len}, .is_last = true, .line = 1};
    struct text record;
    for (uint64_t line; frame_next(&f, &record, &line); n++) check_genuine(r, record, path);
    free(bytes);
    return n;
}

static size_t check_folder(struct reader *r, const char *path)
{
    size_t n = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char file[1024];
        if (strstr(entry->d_name, "json") == NULL || strstr(entry->d_name, "labels")) continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        n += check_file(r, file);
    }
    if (folder) closedir(folder);
    return n;
}

static void reads_every_genuine_record(void **state)
{
    struct reader *r = *state;
    static const char *const sets[] = {"invictus", "stratus", "traildiscover"};
    const char *shared = getenv("CSR_SHARED") ? getenv("CSR_SHARED") : "../shared";
    size_t n = 0;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/data/cloudtrail/%s", shared, sets[i]);
        n += check_folder(r, path);
    }
    if (!n) {
        print_message("no records in %s/data/cloudtrail: skipped\n", shared);
        skip();
    }
    print_message("%zu records\n", n);
    assert_true(n > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_every_shape), cmocka_unit_test(leaves_others_alone),
                                       cmocka_unit_test(names_services_as_the_table_does),
                                       cmocka_unit_test(reads_every_genuine_record)};
    return cmocka_run_group_tests(tests, setup, reader_teardown);
}
