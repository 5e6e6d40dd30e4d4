/* test_moments.c - every way in which a time is written, in the record of every source: what the decoder reads, and what
 * files are merged by, which must be the same.
 */
#include "engine/base/time.h"
#include "engine/io/when.h"
#include "tests/unit/schema_reader.h"

#define AT    1762114266       /* 2025-11-02T20:11:06Z */
#define NEVER INT64_MIN        /* set aside: no time that can be read */
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* As JSON, and the second that is meant. */
static const struct {
    const char *written;
    int64_t second;
} moments[] = {
    {"\"2025-11-02T20:11:06Z\"", AT},
    {"\"2025-11-02t20:11:06z\"", AT},
    {"\"2025-11-02T20:11:06\"", AT},
    {"\"2025-11-02T20:11:06.9Z\"", AT},
    {"\"2025-11-02T20:11:06,123456Z\"", AT},
    {"\"2025-11-02T20:11:06.999999999Z\"", AT},
    {"\"2025-11-02T20:11:06.99999999999999999999Z\"", AT},
    {"\"2025-11-02 20:11:06.000000000\"", AT},
    {"\"2025-11-02 20:11:06.999999999 UTC\"", AT},
    {"\"2025-11-02T21:11:06+01:00\"", AT},
    {"\"2025-11-02T15:41:06.5-0430\"", AT},
    {"\"2025-11-03T01:56:06+05:45\"", AT},
    {"\"2025-11-02T20:11:06+00\"", AT},
    {"1762114266", AT},
    {"1762114266.75", AT},
    {"1762114266123", AT},
    {"1762114266999.75", AT},
    {"1762114266123456", AT},
    {"1762114266123456789", AT},
    {"\"1762114266\"", AT},
    {"\"1762114266.75\"", AT},
    {"\"1762114266123\"", AT},
    {"\"1762114266123456789\"", AT},
    {"\"2016-12-31T23:59:59Z\"", 1483228799},
    {"\"2016-12-31T23:59:60Z\"", 1483228800}, /* a leap second is the next one, like the one behind it */
    {"\"2016-12-31T23:59:60.999Z\"", 1483228800},
    {"\"2017-01-01T00:59:60+01:00\"", 1483228800},
    {"\"2017-01-01T00:00:00Z\"", 1483228800},
    {"\"1969-12-31T23:59:59.5Z\"", -1},
    {"\"1678-01-01T00:00:00Z\"", -9214560000},
    {"\"2262-01-01T00:00:00Z\"", 9214646400},
    {"\"0001-01-01T00:00:00Z\"", NEVER}, /* what Go writes for "none" */
    {"\"1601-01-01T00:00:00Z\"", NEVER}, /* and Windows */
    {"\"9999-12-31T23:59:59Z\"", NEVER},
    {"\"10000-01-01T00:00:00Z\"", NEVER},
    {"99999999999999999999999", NEVER},
    {"1e300", NEVER},
    {"\"2025-02-29T00:00:00Z\"", NEVER},
    {"\"2025-11-02T24:00:00Z\"", NEVER},
    {"\"2025-11-02T20:11:61Z\"", NEVER},
    {"\"2025-11-02\"", NEVER},
    {"\"2025-11-02T20:11:06Z and more\"", NEVER},
    {"\"yesterday\"", NEVER},
    {"\"\"", NEVER},
    {"true", NEVER},
    {"null", NEVER},
    {"[1762114266]", NEVER},
    {"{\"seconds\":1762114266}", NEVER},
};

/* A record of each source, in front of its time and behind it. */
static const struct {
    const char *source, *before, *after;
} sources[] = {
    {"cloudtrail", "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"Root\"},\"eventTime\":",
     ",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"ListBuckets\",\"eventID\":\"e-1\"}"},
    {"cloudtrail with another record inside",
     "{\"eventVersion\":\"1.08\",\"requestParameters\":{\"eventTime\":\"2020-01-01T00:00:00Z\"},\"eventTime\":",
     ",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"ListBuckets\",\"eventID\":\"e-1\"}"},
    {"okta", "{\"uuid\":\"u-1\",\"published\":", ",\"eventType\":\"user.session.start\",\"outcome\":{\"result\":\"SUCCESS\"}}"},
    {"k8s", "{\"kind\":\"Event\",\"auditID\":\"a-1\",\"stage\":\"ResponseComplete\",\"verb\":\"get\",\"requestReceivedTimestamp\":",
     "}"},
    {"k8s, the stage's", "{\"kind\":\"Event\",\"auditID\":\"a-1\",\"stage\":\"ResponseComplete\",\"verb\":\"get\",\"stageTimestamp\":",
     "}"},
    {"gke", "{\"insertId\":\"i-1\",\"timestamp\":",
     ",\"protoPayload\":{\"methodName\":\"io.k8s.core.v1.pods.create\",\"resourceName\":\"core/v1/namespaces/p/pods/w\"}}"},
    {"gcp", "{\"insertId\":\"i-1\",\"logName\":\"projects/p/logs/cloudaudit.googleapis.com%2Factivity\",\"timestamp\":",
     ",\"protoPayload\":{\"@type\":\"type.googleapis.com/google.cloud.audit.AuditLog\",\"serviceName\":"
     "\"iam.googleapis.com\",\"methodName\":\"google.iam.admin.v1.CreateServiceAccount\"}}"},
    {"guardduty", "{\"schemaVersion\":\"2.0\",\"id\":\"f-1\",\"accountId\":\"1\",\"type\":\"Recon:EC2/Portscan\",\"severity\":5,\"updatedAt\":",
     ",\"service\":{\"detectorId\":\"d\"},\"resource\":{}}"},
    {"health", "{\"version\":\"0\",\"id\":\"e-1\",\"detail-type\":\"AWS Health Event\",\"source\":\"aws.health\",\"time\":",
     ",\"detail\":{\"service\":\"RISK\",\"eventTypeCode\":\"AWS_RISK_CREDENTIALS_EXPOSED\"}}"},
    {"azure", "{\"time\":", ",\"operationName\":\"MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE\",\"category\":\"Administrative\","
                            "\"resourceId\":\"/SUBSCRIPTIONS/S\",\"correlationId\":\"c\",\"resultType\":\"Success\"}"},
    {"github", "{\"_document_id\":\"d-1\",\"@timestamp\":", ",\"action\":\"repo.create\",\"actor\":\"ann\",\"org\":\"o\"}"},
    {"vpcflow as an object", "{\"version\":2,\"account_id\":\"1\",\"interface_id\":\"eni-1\",\"action\":\"ACCEPT\",\"log_status\":\"OK\",\"start\":",
     "}"},
};

static struct text record_of(char *room, size_t size, size_t source, size_t moment)
{
    int len = snprintf(room, size, "%s%s%s", sources[source].before, moments[moment].written, sources[source].after);
    return (struct text){room, (uint32_t)len};
}

static void every_source_reads_every_moment(void **state)
{
    struct reader *r = *state;
    char room[1024];
    for (size_t s = 0; s < COUNT(sources); s++)
        for (size_t i = 0; i < COUNT(moments); i++) {
            struct text record = record_of(room, sizeof room, s, i);
            enum aside why = read_record(r, record);
            bool is_read = why == ASIDE_NONE;
            if (!is_read && why != ASIDE_NO_TIME) fail_msg("%s: " TEXT_FMT, aside_name(why), TEXT_ARG(record));
            if (is_read != (moments[i].second != NEVER) || (is_read && r->event.second != moments[i].second))
                fail_msg("%s, %s: %ld", sources[s].source, moments[i].written, is_read ? (long)r->event.second : -1);
        }
}

static void files_are_merged_by_it(void **state)
{
    struct reader *r = *state;
    char room[1024];
    for (size_t s = 0; s < COUNT(sources); s++)
        for (size_t i = 0; i < COUNT(moments); i++) {
            struct text record = record_of(room, sizeof room, s, i);
            int64_t time;
            bool is_found = record_time(record, NULL, &time);
            if (is_found != (moments[i].second != NEVER)) fail_msg("%s, %s", sources[s].source, moments[i].written);
            if (!is_found) continue;
            assert_int_equal(read_record(r, record), ASIDE_NONE);
            if (time != r->event.time) fail_msg("%s, %s: %ld", sources[s].source, moments[i].written, (long)time);
        }
}

/* The fraction is evidence; matching is by whole seconds. */
static void a_fraction_is_kept(void **state)
{
    struct reader *r = *state;
    static const struct want wants[WANTS] = {{"second", "1762114266"}};
    char room[1024], text[32];
    record_of(room, sizeof room, 0, 5);
    expect_fields(r, sources[0].source, room, wants);
    time_print(r->event.time, text);
    assert_string_equal(text, "2025-11-02T20:11:06.999999999Z");
}

static int setup(void **state)
{
    return reader_setup(state, ALL_SOURCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_source_reads_every_moment),
                                       cmocka_unit_test(files_are_merged_by_it),
                                       cmocka_unit_test(a_fraction_is_kept)};
    return cmocka_run_group_tests(tests, setup, reader_teardown);
}
