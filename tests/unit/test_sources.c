/* test_sources.c - the schemas of stdlib/ beside CloudTrail's, over records of every shape that their sources write.
 *
 * Made-up records with the values that the fields must have, all under one rule set that uses every source: so each must
 * also find its own schema among the others'. Then the genuine records of the shared data.
 */
#include "engine/base/jsontext.h"
#include "tests/unit/schema_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct shape {
    const char *name, *source, *record;
    struct want wants[WANTS];
};

static const struct shape shapes[] = {
    /* ---- Okta ---- */
    {"a sign-in", "okta",
     "{\"uuid\":\"u-1\",\"published\":\"2025-11-02T20:11:06.123Z\",\"eventType\":\"user.session.start\",\"severity\":\"INFO\","
     "\"actor\":{\"id\":\"00u1\",\"type\":\"User\",\"alternateId\":\"ann@corp.example\",\"displayName\":\"Ann\"},"
     "\"client\":{\"ipAddress\":\"198.51.100.23\",\"userAgent\":{\"rawUserAgent\":\"Mozilla\"}},"
     "\"outcome\":{\"result\":\"SUCCESS\"},\"securityContext\":{\"asNumber\":64500,\"asOrg\":\"net\"},"
     "\"authenticationContext\":{\"externalSessionId\":\"s-1\",\"authenticationProvider\":\"FACTOR_PROVIDER\"}}",
     {{"identity", "u-1"}, {"second", "1762114266"}, {"api", "okta:user.session.start"}, {"ok", "true"}, {"failed", "false"},
      {"denied", "false"}, {"actor", "ann@corp.example"}, {"user", "ann@corp.example"}, {"principal.id", "00u1"},
      {"principal.type", "User"}, {"principal.name", "ann@corp.example"}, {"principal.session", "s-1"}, {"mfa", "true"},
      {"src.ip", "198.51.100.23"}, {"src.asn", "64500"}, {"src.org", "net"}, {"agent", "Mozilla"}, {"error", ""}}},
    {"a wrong password", "okta",
     "{\"uuid\":\"u-2\",\"published\":\"2025-11-02T20:11:06Z\",\"eventType\":\"user.session.start\",\"displayMessage\":\"login\","
     "\"actor\":{\"id\":\"unknown\",\"alternateId\":\"\"},\"outcome\":{\"result\":\"FAILURE\",\"reason\":\"INVALID_CREDENTIALS\"}}",
     {{"ok", "false"}, {"failed", "true"}, {"denied", "false"}, {"error", "INVALID_CREDENTIALS"}, {"error_text", "login"},
      {"actor", "unknown"}, {"mfa", "false"}, {"src.ip", ""}}},
    {"a policy that refuses", "okta",
     "{\"uuid\":\"u-3\",\"published\":\"2025-11-02T20:11:06Z\",\"eventType\":\"policy.evaluate_sign_on\",\"outcome\":{\"result\":\"DENY\"}}",
     {{"ok", "false"}, {"denied", "true"}, {"actor", ""}}},

    /* ---- Kubernetes ---- */
    {"a pod by a service account", "k8s",
     "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"a-1\",\"stage\":\"ResponseComplete\",\"verb\":\"create\","
     "\"user\":{\"username\":\"system:serviceaccount:ci:runner\",\"uid\":\"7\"},\"sourceIPs\":[\"10.0.0.7\",\"10.0.0.1\"],"
     "\"objectRef\":{\"resource\":\"pods\",\"namespace\":\"prod\",\"name\":\"web\"},\"responseStatus\":{\"code\":201},"
     "\"requestObject\":{\"spec\":{\"containers\":[{\"image\":\"a\"},{\"image\":\"b\"}]}},\"userAgent\":\"kubectl\","
     "\"requestReceivedTimestamp\":\"2025-11-02T20:11:06.123456Z\"}",
     {{"identity", "a-1/ResponseComplete"}, {"second", "1762114266"}, {"api", "k8s:pods.create"}, {"ok", "true"},
      {"failed", "false"}, {"denied", "false"}, {"read_only", "false"}, {"actor", "system:serviceaccount:ci:runner"},
      {"principal.type", "ServiceAccount"}, {"principal.id", "7"}, {"src.ip", "10.0.0.7"}, {"namespace", "prod"},
      {"entities.images", "a b"}, {"agent", "kubectl"}, {"cluster", ""}, {"error", ""}}},
    {"exec through GET, on EKS", "k8s",
     "{\"kind\":\"Event\",\"auditID\":\"a-2\",\"stage\":\"ResponseStarted\",\"verb\":\"get\",\"user\":{\"username\":\"ann\","
     "\"extra\":{\"accessKeyId\":[\"AKIA1\"],\"arn\":[\"arn:aws:sts::111122223333:assumed-role/r/s\"],"
     "\"canonicalArn\":[\"arn:aws:iam::111122223333:role/r\"],\"sessionName\":[\"s\"]}},\"cluster\":\"blue\","
     "\"objectRef\":{\"resource\":\"pods\",\"subresource\":\"exec\"},\"responseStatus\":{\"code\":101},"
     "\"stageTimestamp\":\"2025-11-02 20:11:06.000000000\"}",
     {{"api", "k8s:pods/exec.get"}, {"ok", "true"}, {"read_only", "false"}, {"principal.type", "User"}, {"access_key", "AKIA1"},
      {"principal.arn", "arn:aws:iam::111122223333:role/r"}, {"principal.session", "s"}, {"cluster", "blue"}, {"namespace", ""},
      {"second", "1762114266"}, {"src.ip", ""}}},
    {"refused", "k8s",
     "{\"kind\":\"Event\",\"auditID\":\"a-3\",\"verb\":\"list\",\"user\":{\"username\":\"system:node:n\"},"
     "\"objectRef\":{\"resource\":\"secrets\",\"subresource\":\"\"},\"responseStatus\":{\"code\":403,\"reason\":\"Forbidden\","
     "\"message\":\"no\"},\"requestReceivedTimestamp\":\"2025-11-02T20:11:06Z\"}",
     {{"identity", "a-3/"}, {"api", "k8s:secrets.list"}, {"ok", "false"}, {"failed", "true"}, {"denied", "true"},
      {"error", "Forbidden"}, {"error_text", "no"}, {"read_only", "true"}, {"principal.type", "Node"}}},
    {"asked, not answered yet, of no resource", "k8s",
     "{\"kind\":\"Event\",\"auditID\":\"a-4\",\"stage\":\"RequestReceived\",\"verb\":\"get\",\"requestURI\":\"/healthz\","
     "\"requestReceivedTimestamp\":\"2025-11-02T20:11:06Z\"}",
     {{"api", "k8s:nonresource.get"}, {"ok", "false"}, {"failed", "false"}, {"actor", ""}}},
    {"on AKS", "aks",
     "{\"time\":\"2025-11-02T20:11:06.0000000Z\",\"category\":\"kube-audit\",\"resourceId\":\"/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/"
     "PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/BLUE\",\"operationName\":\"Microsoft.ContainerService/managedClusters/"
     "diagnosticLogs/Read\",\"properties\":{\"log\":\"{\\\"kind\\\":\\\"Event\\\",\\\"auditID\\\":\\\"a-5\\\",\\\"stage\\\":"
     "\\\"ResponseComplete\\\",\\\"verb\\\":\\\"create\\\",\\\"user\\\":{\\\"username\\\":\\\"ann\\\"},\\\"sourceIPs\\\":[\\\"198.51.100.23\\\"],"
     "\\\"objectRef\\\":{\\\"resource\\\":\\\"pods\\\",\\\"subresource\\\":\\\"exec\\\",\\\"namespace\\\":\\\"prod\\\"},\\\"responseStatus\\\":"
     "{\\\"code\\\":403,\\\"reason\\\":\\\"Forbidden\\\"},\\\"requestObject\\\":{\\\"userName\\\":\\\"x\\\"}}\"}}",
     {{"identity", "a-5/ResponseComplete"}, {"second", "1762114266"}, {"api", "k8s:pods/exec.create"}, {"ok", "false"},
      {"denied", "true"}, {"error", "Forbidden"}, {"actor", "ann"}, {"src.ip", "198.51.100.23"}, {"namespace", "prod"},
      {"cluster", "BLUE"}, {"req.userName", "x"}}},
    {"on GKE", "gke",
     "{\"insertId\":\"i-1\",\"logName\":\"projects/p/logs/l\",\"timestamp\":\"2025-11-02T20:11:06.5Z\",\"protoPayload\":{\"methodName\":"
     "\"io.k8s.core.v1.pods.exec.create\",\"resourceName\":\"core/v1/namespaces/prod/pods/web/exec\",\"authenticationInfo\":"
     "{\"principalEmail\":\"ann@corp.example\"},\"requestMetadata\":{\"callerIp\":\"198.51.100.23\"},\"status\":{\"code\":7}},"
     "\"resource\":{\"labels\":{\"cluster_name\":\"blue\",\"project_id\":\"p\",\"location\":\"europe-west1\"}}}",
     {{"identity", "projects/p/logs/l/i-1"}, {"second", "1762114266"}, {"api", "k8s:pods/exec.create"}, {"ok", "false"},
      {"denied", "true"}, {"error", "7"}, {"actor", "ann@corp.example"}, {"account", "p"}, {"region", "europe-west1"},
      {"cluster", "blue"}, {"namespace", "prod"}, {"src.ip", "198.51.100.23"}}},
    {"on GKE, a group with a dot", "gke",
     "{\"insertId\":\"i-2\",\"timestamp\":\"2025-11-02T20:11:06Z\",\"protoPayload\":{\"methodName\":"
     "\"io.k8s.authorization.rbac.v1.clusterrolebindings.create\",\"resourceName\":\"rbac.authorization.k8s.io/v1/clusterrolebindings/x\"}}",
     {{"identity", "i-2"}, {"api", "k8s:clusterrolebindings.create"}, {"ok", "true"}, {"namespace", ""}}},

    /* ---- GuardDuty and Health ---- */
    {"a finding about a key", "guardduty",
     "{\"schemaVersion\":\"2.0\",\"id\":\"f-1\",\"accountId\":\"012345678901\",\"region\":\"eu-central-1\",\"type\":"
     "\"UnauthorizedAccess:IAMUser/MaliciousIPCaller\",\"severity\":5.5,\"updatedAt\":\"2025-11-02T20:11:06.721Z\",\"title\":\"t\","
     "\"resource\":{\"accessKeyDetails\":{\"accessKeyId\":\"AKIA1\",\"principalId\":\"AIDA1\",\"userType\":\"IAMUser\",\"userName\":\"ann\"}},"
     "\"service\":{\"detectorId\":\"d\",\"action\":{\"awsApiCallAction\":{\"remoteIpDetails\":{\"ipAddressV4\":\"198.51.100.23\"}}}}}",
     {{"identity", "f-1/2025-11-02T20:11:06.721Z"}, {"second", "1762114266"}, {"ok", "true"}, {"account", "012345678901"},
      {"api", "guardduty:UnauthorizedAccess:IAMUser/MaliciousIPCaller"}, {"finding.severity", "5.5"}, {"access_key", "AKIA1"},
      {"finding.type", "UnauthorizedAccess:IAMUser/MaliciousIPCaller"}, {"principal.name", "ann"}, {"principal.id", "AIDA1"},
      {"principal.type", "IAMUser"}, {"actor", "ann"}, {"src.ip", "198.51.100.23"}, {"entities.users", "ann"},
      {"entities.keys", "AKIA1"}, {"region", "eu-central-1"}, {"instance", ""}}},
    {"a finding about a machine", "guardduty",
     "{\"schemaVersion\":\"2.0\",\"id\":\"f-2\",\"accountId\":\"1\",\"type\":\"CryptoCurrency:EC2/BitcoinTool.B!DNS\",\"severity\":8,"
     "\"updatedAt\":\"2025-11-02T20:11:06Z\",\"resource\":{\"instanceDetails\":{\"instanceId\":\"i-1\",\"imageId\":\"ami-1\","
     "\"networkInterfaces\":[{\"networkInterfaceId\":\"eni-1\"}]}},\"service\":{\"detectorId\":\"d\",\"action\":{\"networkConnectionAction\":"
     "{\"connectionDirection\":\"OUTBOUND\",\"remoteIpDetails\":{\"ipAddressV4\":\"198.51.100.9\"},\"remotePortDetails\":{\"port\":3333}}}}}",
     {{"actor", "i-1"}, {"instance", "i-1"}, {"eni", "eni-1"}, {"src.ip", ""}, {"dst.ip", "198.51.100.9"}, {"dst.port", "3333"},
      {"entities.instances", "i-1"}, {"entities.images", "ami-1"}, {"access_key", ""}}},
    {"a Health event in its envelope", "health",
     "{\"version\":\"0\",\"id\":\"e-1\",\"detail-type\":\"AWS Health Event\",\"source\":\"aws.health\",\"account\":\"111122223333\","
     "\"time\":\"2025-11-02T20:11:06Z\",\"region\":\"us-east-1\",\"detail\":{\"service\":\"RISK\",\"eventTypeCode\":"
     "\"AWS_RISK_CREDENTIALS_EXPOSED\",\"affectedEntities\":[{\"entityValue\":\"AKIA1\"},{\"entityValue\":\"AKIA2\"}]}}",
     {{"identity", "e-1"}, {"second", "1762114266"}, {"api", "health:AWS_RISK_CREDENTIALS_EXPOSED"}, {"actor", "111122223333"},
      {"account", "111122223333"}, {"entities.keys", "AKIA1 AKIA2"}, {"entities.instances", ""}, {"ok", "true"}}},
    {"a Health event of the API", "health",
     "{\"arn\":\"arn:aws:health:eu-central-1::event/EC2/x\",\"service\":\"EC2\",\"eventTypeCode\":\"AWS_EC2_OPERATIONAL_ISSUE\","
     "\"region\":\"eu-central-1\",\"startTime\":1762114266.5,\"lastUpdatedTime\":1762114267}",
     {{"identity", "arn:aws:health:eu-central-1::event/EC2/x/1762114267"}, {"second", "1762114267"}, {"region", "eu-central-1"},
      {"api", "health:AWS_EC2_OPERATIONAL_ISSUE"}}},

    /* ---- flow logs ---- */
    {"a flow", "vpcflow",
     "{\"version\":2,\"account_id\":\"012345678901\",\"interface_id\":\"eni-1\",\"srcaddr\":\"10.0.0.7\",\"dstaddr\":\"198.51.100.4\","
     "\"srcport\":44312,\"dstport\":443,\"packets\":10,\"bytes\":8000,\"start\":1762114266,\"end\":1762114325,\"action\":\"ACCEPT\","
     "\"log_status\":\"OK\"}",
     {{"second", "1762114266"}, {"api", "vpcflow:ACCEPT"}, {"ok", "true"}, {"account", "012345678901"}, {"src.ip", "10.0.0.7"},
      {"src.port", "44312"}, {"dst.ip", "198.51.100.4"}, {"dst.port", "443"}, {"bytes", "8000"}, {"packets", "10"}, {"eni", "eni-1"},
      {"instance", ""}, {"actor", "eni-1"}, {"src.service", ""}, {"src.aws", "false"}}},
    {"a flow of version 5, from S3", "vpcflow",
     "{\"interface_id\":\"eni-1\",\"instance_id\":\"i-1\",\"region\":\"eu-central-1\",\"srcaddr\":\"fd00::1\",\"dstaddr\":\"fd00::2\","
     "\"start\":\"1762114266\",\"action\":\"REJECT\",\"pkt_src_aws_service\":\"S3\"}",
     {{"api", "vpcflow:REJECT"}, {"second", "1762114266"}, {"instance", "i-1"}, {"entities.instances", "i-1"}, {"actor", "i-1"},
      {"region", "eu-central-1"}, {"src.service", "S3"}, {"src.aws", "true"}, {"src.ip", "fd00::1"}}},
    {"nothing seen", "vpcflow",
     "{\"version\":2,\"interface_id\":\"eni-1\",\"start\":1762114266,\"end\":1762114325,\"log_status\":\"NODATA\"}",
     {{"api", "vpcflow:NODATA"}, {"src.ip", ""}, {"bytes", ""}}},

    /* ---- GitHub, Google Cloud, Azure ---- */
    {"a repository", "github",
     "{\"@timestamp\":1762114266123,\"_document_id\":\"d-1\",\"action\":\"repo.destroy\",\"actor\":\"ann\",\"actor_id\":7,"
     "\"actor_ip\":\"198.51.100.23\",\"actor_location\":{\"country_code\":\"DE\"},\"org\":\"corp\",\"repo\":\"corp/app\",\"user\":\"bob\","
     "\"hashed_token\":\"h\"}",
     {{"identity", "d-1"}, {"second", "1762114266"}, {"api", "github:repo.destroy"}, {"ok", "true"}, {"actor", "ann"},
      {"principal.id", "7"}, {"principal.type", "User"}, {"account", "corp"}, {"src.ip", "198.51.100.23"}, {"src.country", "DE"},
      {"entities.users", "bob"}, {"access_key", "h"}}},
    {"a key on Google Cloud", "gcp",
     "{\"insertId\":\"i-3\",\"logName\":\"projects/p/logs/l\",\"timestamp\":\"2025-11-02T20:11:06Z\",\"protoPayload\":{\"serviceName\":"
     "\"iam.googleapis.com\",\"methodName\":\"google.iam.admin.v1.CreateServiceAccountKey\",\"status\":{},\"authenticationInfo\":"
     "{\"principalEmail\":\"s@p.iam.gserviceaccount.com\",\"serviceAccountKeyName\":\"//iam.googleapis.com/projects/p/serviceAccounts/s/"
     "keys/k1\",\"serviceAccountDelegationInfo\":[{\"firstPartyPrincipal\":{\"principalEmail\":\"ann@corp.example\"}}]},"
     "\"request\":{\"userName\":\"x\"}},\"resource\":{\"labels\":{\"project_id\":\"p\"}}}",
     {{"identity", "projects/p/logs/l/i-3/2025-11-02T20:11:06Z"}, {"api", "gcp:google.iam.admin.v1.CreateServiceAccountKey"},
      {"ok", "true"}, {"denied", "false"}, {"principal.name", "s@p.iam.gserviceaccount.com"}, {"principal.type", "ServiceAccount"},
      {"actor", "ann@corp.example"}, {"access_key", "k1"}, {"account", "p"}, {"req.userName", "x"}, {"read_only", "false"}}},
    {"refused on Google Cloud", "gcp",
     "{\"insertId\":\"i-4\",\"timestamp\":\"2025-11-02T20:11:06Z\",\"protoPayload\":{\"methodName\":\"v1.compute.firewalls.list\","
     "\"status\":{\"code\":7,\"message\":\"no\"}}}",
     {{"ok", "false"}, {"denied", "true"}, {"error", "7"}, {"error_text", "no"}, {"read_only", "true"}, {"actor", ""}}},
    {"a role on Azure", "azure",
     "{\"time\":\"2025-11-02T20:11:06.6787073Z\",\"operationName\":\"Microsoft.Authorization/RoleAssignments/Write\",\"category\":"
     "\"Administrative\",\"resultType\":\"Success\",\"callerIpAddress\":\"198.51.100.23\",\"resourceId\":\"/SUBSCRIPTIONS/AB-1/X\","
     "\"identity\":{\"claims\":{\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\":\"ann@corp.example\"}},"
     "\"properties\":{\"eventDataId\":\"x-1\",\"requestbody\":\"{\\\"userName\\\":\\\"x\\\"}\"}}",
     {{"identity", "x-1"}, {"second", "1762114266"}, {"api", "azure:microsoft.authorization/roleassignments/write"}, {"ok", "true"},
      {"actor", "ann@corp.example"}, {"account", "ab-1"}, {"src.ip", "198.51.100.23"}, {"req.userName", "x"}}},
    {"a storage call on Azure, with a port", "azure",
     "{\"time\":\"2025-11-02T20:11:06Z\",\"operationName\":\"GetBlob\",\"callerIpAddress\":\"198.51.100.23:443\",\"resourceId\":\"/x\","
     "\"resultType\":\"Start\"}",
     {{"ok", "false"}, {"src.ip", "198.51.100.23"}, {"account", ""}}},
    {"CloudTrail among them", "cloudtrail",
     "{\"eventTime\":\"2025-11-02T20:11:06Z\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"CreateUser\",\"eventID\":\"e-1\"}",
     {{"api", "iam:CreateUser"}, {"identity", "e-1"}}},
};

static void reads_every_shape(void **state)
{
    struct reader *r = *state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        expect_fields(r, shapes[i].name, shapes[i].record, shapes[i].wants);
        struct text source = r->ir->schemas[r->event.schema].name;
        if (!text_equal(source, text_of(shapes[i].source)))
            fail_msg("%s: read as " TEXT_FMT, shapes[i].name, TEXT_ARG(source));
    }
}

/* Records that look a little like those of a source, and are not. */
static void leaves_others_alone(void **state)
{
    struct reader *r = *state;
    static const char *const records[] = {
        "{\"action\":\"created\",\"sender\":{\"login\":\"ann\"},\"actor\":\"ann\",\"created_at\":1}", /* a webhook */
        "{\"action\":\"ACCEPT\",\"time\":\"2025-11-02T20:11:06Z\"}",
        "{\"srcaddr\":\"10.0.0.7\",\"query_name\":\"example.com\",\"interface_id\":\"eni-1\"}", /* a resolver's log */
        "{\"kind\":\"Event\",\"reason\":\"BackOff\"}",
        "{\"type\":\"x\",\"schemaVersion\":\"2.0\"}",
        "{\"detail-type\":\"Scheduled Event\",\"time\":\"2025-11-02T20:11:06Z\",\"detail\":{}}",
        "{\"properties\":{\"log\":\"I1102 20:11:06 started\"},\"resourceId\":\"/x\",\"operationName\":\"o\"}",
        "[]",
    };
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        if (read_record(r, text_of(records[i])) != ASIDE_NO_SCHEMA) fail_msg("%s", records[i]);
}

/* ---- the shared records -------------------------------------------------------------------------------- */

/* How many records there are of a kind, and of how many it is right that no schema fits: those that a collector has
 * renamed the members of, or of which a test shows a few members alone. Many have lost their time in the same way. */
static const struct kind {
    const char *log_type;
    uint32_t least, strangers;
} kinds[] = {
    {.log_type = "Okta.SystemLog", .least = 25, .strangers = 13},
    {.log_type = "Amazon.EKS.Audit", .least = 100, .strangers = 4},
    {.log_type = "GitHub.Audit", .least = 50, .strangers = 15},
    {.log_type = "GCP.AuditLog", .least = 100, .strangers = 12},
    {.log_type = "Azure.MonitorActivity", .least = 100, .strangers = 30},
    {.log_type = "AWS.VPCFlow", .least = 5, .strangers = 0},
    {.log_type = "AWS.GuardDuty", .least = 5, .strangers = 0},
};

struct tally {
    uint32_t n, n_strangers;
};

/* Which of the kinds; how many there are: none. */
static size_t kind_of(struct text log_type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (log_type.len > 1 && text_equal(text_of(kinds[i].log_type), (struct text){log_type.at + 1, log_type.len - 2}))
            return i;
    return sizeof kinds / sizeof *kinds;
}

/* A line of the set of tests: {"log_type": …, "event": {…}, …}. */
static void check_line(struct reader *r, struct text line, struct tally *tallies)
{
    struct json_scan s = json_scan_of(line);
    struct json_object o;
    struct json_string name;
    struct text value, type = {"", 0}, event = {"", 0};
    if (!json_object_begin(&s, &o)) return;
    while (json_object_next(&s, &o, &name) && json_value_text(&s, &value)) {
        if (text_equal(name.text, TEXT("log_type"))) type = value;
        if (text_equal(name.text, TEXT("event"))) event = value;
    }
    size_t kind = kind_of(type);
    if (kind == sizeof kinds / sizeof *kinds) return;
    enum aside why = read_record(r, event);
    if (why != ASIDE_NONE && why != ASIDE_NO_TIME && why != ASIDE_NO_SCHEMA)
        fail_msg("%s: " TEXT_FMT, aside_name(why), TEXT_ARG(event));
    tallies[kind].n++;
    tallies[kind].n_strangers += why == ASIDE_NO_SCHEMA;
}

static void reads_genuine_records(void **state)
{
    struct reader *r = *state;
    const char *shared = getenv("CSR_SHARED") ? getenv("CSR_SHARED") : "../shared";
    char path[512], *line = NULL;
    struct tally tallies[sizeof kinds / sizeof *kinds] = {{0, 0}};
    size_t room = 0;
    snprintf(path, sizeof path, "%s/data/panther/tests.ndjson", shared);
    FILE *in = fopen(path, "r");
    if (!in) {
        print_message("no %s: skipped\n", path);
        skip();
    }
    for (ssize_t len; (len = getline(&line, &room, in)) > 0;) check_line(r, (struct text){line, (uint32_t)len}, tallies);
    fclose(in);
    free(line);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (tallies[i].n < kinds[i].least || tallies[i].n_strangers > kinds[i].strangers)
            fail_msg("%s: %u, of no known kind %u", kinds[i].log_type, tallies[i].n, tallies[i].n_strangers);
}

/* Every record of a real cluster has its time, its name and its caller. */
static void reads_a_cluster(void **state)
{
    struct reader *r = *state;
    static const char *const files[] = {"create_clusterrole", "exec_pod", "create_nginx_pod_privileged", "delete_service"};
    const char *shared = getenv("CSR_SHARED") ? getenv("CSR_SHARED") : "../shared";
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512], *line = NULL;
        size_t room = 0;
        snprintf(path, sizeof path, "%s/data/k8s-audit/falco/%s.ndjson", shared, files[i]);
        FILE *in = fopen(path, "r");
        if (!in) {
            print_message("no %s: skipped\n", path);
            skip();
        }
        for (ssize_t len; (len = getline(&line, &room, in)) > 1;) {
            assert_int_equal(read_record(r, (struct text){line, (uint32_t)len}), ASIDE_NONE);
            assert_true(r->event.action.len && field_text(r, "actor").len && field_text(r, "src.ip").len);
            assert_string_equal(field_text(r, "ok").at, "true");
        }
        fclose(in);
        free(line);
    }
}

static int setup(void **state)
{
    return reader_setup(state, ALL_SOURCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_every_shape), cmocka_unit_test(leaves_others_alone),
                                       cmocka_unit_test(reads_genuine_records), cmocka_unit_test(reads_a_cluster)};
    return cmocka_run_group_tests(tests, setup, reader_teardown);
}
