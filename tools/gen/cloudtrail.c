/* cloudtrail.c - writes made-up CloudTrail records as NDJSON, of any length, for tests and measuring.
 *
 *   csr-cloudtrail [--records=N | --bytes=N[K|M|G]] [--seed=N] [--principals=N] [--per-second=N]
 *                  [--late=N] [--mix=ordinary|hot|distinct|large] [--skip=N]
 *
 * Sizes, kinds of callers, ties, copies and disorder are as docs say real ones are: about 1,000 bytes a
 * record, most in the same second as others, one in fifty twice, each up to --late seconds (240) late. A few
 * callers do most of the work. In each thousand records one caller goes through a chain as intruders do.
 *
 *   ordinary   as above
 *   hot        one caller does everything
 *   distinct   each record has a caller of its own, and no text of it was there before
 *   large      256 KB a record: a list of tags as long as that
 *
 * Invariants
 * 1. A record is a function of the options and its number alone: the same options give the same bytes, and
 *    --skip begins in the middle of them.
 * 2. Only names, ids and accounts that are nobody's: 123456789012 and its like, 198.18/15, words.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START     INT64_C(1767225600) /* 2026-01-01 */
#define BLOCK     1000u               /* records in which one chain lies */
#define LARGE     (256u * 1024)
#define OUT_BYTES (1u << 20)

struct call {
    unsigned weight;
    const char *service, *name;
    bool reads;
    const char *request, *response;
};
static const struct call calls[] = {
#define CALL(weight, service, name, reads, request, response)                                                \
    {weight, service, name, reads, request, response},
#include "tools/gen/cloudtrail_calls.def"
#undef CALL
};
#define N_CALLS (sizeof calls / sizeof *calls)

#define CHAIN_MOST 6
static const char *const chains[][CHAIN_MOST] = {
    {"CreateUser", "AttachUserPolicy", "CreateAccessKey"},
    {"GetCallerIdentity", "ListRoles", "CreateUser", "PutUserPolicy", "CreateLoginProfile", "ConsoleLogin"},
    {"ListServiceQuotas", "CreateRole", "CreateCluster", "RegisterTaskDefinition", "CreateService"},
    {"DescribeRegions", "CreateLaunchTemplate", "CreateAutoScalingGroup", "RunInstances"},
    {"DescribeTrails", "StopLogging", "DeleteDetector", "DeleteBucket"},
    {"ListSecrets", "GetSecretValue", "CreateSnapshot", "ModifySnapshotAttribute"},
};
#define N_CHAINS (sizeof chains / sizeof *chains)

static const char *const words[] = {
    "api",   "audit", "batch", "build", "cache", "core",  "deploy", "events", "export", "feed",  "gate",
    "image", "infra", "jobs",  "lake",  "log",   "mail",  "media",  "metric", "mobile", "order", "portal",
    "proxy", "queue", "sales", "scan",  "stage", "store", "stream", "sync",   "user",   "vault"};
static const char *const agents[] = {
    "Boto3/1.34.11 md/Botocore#1.34.11 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.11.4",
    "aws-cli/2.15.7 Python/3.11.6 Linux/6.1.66 exe/x86_64.amzn.2023 prompt/off command/ec2.describe",
    "APN/1.0 HashiCorp/1.0 Terraform/1.6.6 terraform-provider-aws/5.31.0 aws-sdk-go-v2/1.24.0",
    "aws-sdk-java/2.21.42 Linux/5.10.199 OpenJDK_64-Bit_Server_VM/17.0.9+8-LTS Java/17.0.9 vendor/Amazon",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.10.184 vendor/Oracle_Corporation]",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
};
static const char *const regions[] = {"us-east-1", "us-east-1",      "us-east-1",
                                      "eu-west-1", "ap-southeast-2", "us-west-2"};
#define PICK(table, x) ((table)[(x) % (sizeof(table) / sizeof *(table))])

enum mix { MIX_ORDINARY, MIX_HOT, MIX_DISTINCT, MIX_LARGE };
static const char *const mixes[] = {"ordinary", "hot", "distinct", "large"};

struct options {
    uint64_t records, bytes, seed, principals, per_second, late, skip;
    enum mix mix;
};

/* ---- chance and output --------------------------------------------------------------------------------- */

static uint64_t mix64(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
    x ^= x >> 29;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 32;
}

/* A record on its way, with the chance that belongs to it. */
struct record {
    const struct options *o;
    uint64_t seed; /* of this record */
    uint64_t n;    /* numbers drawn */
    uint64_t actor, target;
    char *at;
};

static uint64_t draw(struct record *r)
{
    return mix64(r->seed, ++r->n);
}

static void put(struct record *r, const char *s)
{
    size_t len = strlen(s);
    memcpy(r->at, s, len);
    r->at += len;
}

static void put_digits(struct record *r, uint64_t value, int width)
{
    char digits[20];
    int n = 0;
    for (; value || n < width || !n; value /= 10) digits[n++] = (char)('0' + value % 10);
    while (n) *r->at++ = digits[--n];
}

static void put_hex(struct record *r, uint64_t value, int n)
{
    for (int i = 0; i < n; i++, value = value >> 4 | value << 60) *r->at++ = "0123456789abcdef"[value & 15];
}

/* ---- names --------------------------------------------------------------------------------------------- */

static void put_word(struct record *r)
{
    uint64_t x = draw(r);
    put(r, PICK(words, x));
    if (r->o->mix == MIX_DISTINCT) *r->at++ = '-', put_hex(r, x, 16);
}

static void put_account(struct record *r)
{
    put_digits(r, 123456789012 + r->actor % 10, 12);
}

static void put_actor(struct record *r)
{
    put(r, PICK(words, r->actor));
    *r->at++ = '-';
    put_digits(r, r->actor, 1);
}

static void put_address(struct record *r, uint64_t x)
{
    put(r, "198.");
    put_digits(r, 18 + x % 2, 1);
    *r->at++ = '.';
    put_digits(r, x / 2 % 256, 1);
    *r->at++ = '.';
    put_digits(r, x / 512 % 256, 1);
}

static void put_bucket(struct record *r)
{
    put_word(r);
    *r->at++ = '-';
    put_digits(r, draw(r) % 200, 1);
}

static void put_id(struct record *r, uint64_t x)
{
    static const int groups[] = {8, 4, 4, 4, 12};
    for (int i = 0; i < 5; i++) {
        if (i) *r->at++ = '-';
        put_hex(r, mix64(x, (uint64_t)i), groups[i]);
    }
}

static void put_template(struct record *r, const char *t)
{
    for (; *t; t++) {
        if (*t != '%') {
            *r->at++ = *t;
            continue;
        }
        switch (*++t) {
        case 'x': put_hex(r, draw(r), 16), *r->at++ = '0'; break;
        case 'n': put_digits(r, draw(r) % 1000, 1); break;
        case 'w': put_word(r); break;
        case 'b': put_bucket(r); break;
        case 'u': put_actor(r); break;
        case 'i': put_address(r, draw(r)); break;
        case 't': put(r, PICK(words, r->target)), put_digits(r, r->target % 10000, 4); break;
        }
    }
}

/* ---- one record ---------------------------------------------------------------------------------------- */

/* One caller in twenty is a service of AWS. */
static bool is_service(uint64_t actor)
{
    return actor % 20 == 19;
}

static uint64_t pick_actor(const struct options *o, uint64_t number, uint64_t x)
{
    if (o->mix == MIX_HOT) return 0;
    if (o->mix == MIX_DISTINCT) return number;
    double u = (double)(x >> 11) / (double)(UINT64_C(1) << 53);
    return (uint64_t)((double)o->principals * u * u * u); /* a tenth of them does nearly half */
}

static const struct call *call_named(const char *name)
{
    for (size_t i = 0; i < N_CALLS; i++)
        if (!strcmp(calls[i].name, name)) return &calls[i];
    fprintf(stderr, "csr-cloudtrail: no call is named %s\n", name);
    exit(EXIT_FAILURE);
}

static const struct call *call_by_weight(uint64_t x)
{
    static const unsigned all =
#define CALL(weight, service, name, reads, request, response) weight +
#include "tools/gen/cloudtrail_calls.def"
#undef CALL
        0;
    unsigned left = (unsigned)(x % all);
    size_t i = 0;
    for (; left >= calls[i].weight; i++) left -= calls[i].weight;
    return &calls[i];
}

/* The step of the block's chain that stands at this place, or NULL. They are a few dozen records apart. */
static const struct call *call_in_chain(const struct options *o, uint64_t number)
{
    uint64_t block = number / BLOCK, place = number % BLOCK, x = mix64(o->seed + 1, block);
    uint64_t first = 100 + x % 300, apart = 5 + x / 300 % 60, step = (place - first) / apart;
    if (place < first || (place - first) % apart || step >= CHAIN_MOST) return NULL;
    const char *name = chains[x / 18000 % N_CHAINS][step];
    return name ? call_named(name) : NULL;
}

static void put_identity(struct record *r)
{
    if (is_service(r->actor)) {
        put(r, "{\"type\":\"AWSService\",\"invokedBy\":\"");
        put(r, PICK(words, r->actor));
        put(r, ".amazonaws.com\"}");
        return;
    }
    bool is_role = r->actor % 3 != 0;
    put(r, is_role ? "{\"type\":\"AssumedRole\",\"principalId\":\"AROA"
                   : "{\"type\":\"IAMUser\",\"principalId\":\"AIDA");
    put_hex(r, mix64(3, r->actor), 16);
    put(r, is_role ? ":session\",\"arn\":\"arn:aws:sts::" : "\",\"arn\":\"arn:aws:iam::");
    put_account(r);
    put(r, is_role ? ":assumed-role/" : ":user/");
    put_actor(r);
    put(r, is_role ? "/session\",\"accountId\":\"" : "\",\"accountId\":\"");
    put_account(r);
    put(r, is_role ? "\",\"accessKeyId\":\"ASIA" : "\",\"accessKeyId\":\"AKIA");
    put_hex(r, mix64(4, r->actor), 16);
    if (!is_role) {
        put(r, "\",\"userName\":\"");
        put_actor(r);
        put(r, "\"}");
        return;
    }
    put(r, "\",\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"AROA");
    put_hex(r, mix64(3, r->actor), 16);
    put(r, "\",\"arn\":\"arn:aws:iam::");
    put_account(r);
    put(r, ":role/");
    put_actor(r);
    put(r, "\",\"accountId\":\"");
    put_account(r);
    put(r, "\",\"userName\":\"");
    put_actor(r);
    put(r, "\"},\"attributes\":{\"creationDate\":\"2026-01-01T00:00:00Z\",\"mfaAuthenticated\":\"false\"}}}");
}

/* From 2025 until 2099. */
static void put_time(struct record *r, int64_t second)
{
    static const int months[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = (second - START) / 86400, of_day = (second - START) % 86400;
    if (of_day < 0) day--, of_day += 86400;
    int year = 2026, month = 0;
    if (day < 0) year = 2025, day += 365;
    for (int length; length = 365 + (year % 4 == 0), day >= length; year++) day -= length;
    for (int length; length = months[month] + (month == 1 && year % 4 == 0), day >= length; month++)
        day -= length;
    put_digits(r, (uint64_t)year, 4);
    *r->at++ = '-', put_digits(r, (uint64_t)month + 1, 2);
    *r->at++ = '-', put_digits(r, (uint64_t)day + 1, 2);
    *r->at++ = 'T', put_digits(r, (uint64_t)of_day / 3600, 2);
    *r->at++ = ':', put_digits(r, (uint64_t)of_day / 60 % 60, 2);
    *r->at++ = ':', put_digits(r, (uint64_t)of_day % 60, 2);
    *r->at++ = 'Z';
}

static void put_name(struct record *r, const char *name, const char *value)
{
    put(r, ",\"");
    put(r, name);
    put(r, "\":\"");
    put(r, value);
    *r->at++ = '"';
}

static void put_padding(struct record *r)
{
    char *end = r->at + LARGE;
    put(r, ",\"additionalEventData\":{\"tagSet\":[{\"key\":\"first\",\"value\":\"\"}");
    while (r->at < end) {
        put(r, ",{\"key\":\"");
        put_word(r);
        put(r, "\",\"value\":\"");
        put_hex(r, draw(r), 16);
        put(r, "\"}");
    }
    put(r, "]}");
}

/* What came of the call: most go well, one in twenty is refused and then hides what was asked. */
static void put_outcome(struct record *r, const struct call *call, bool in_chain)
{
    bool is_refused = !in_chain && draw(r) % 20 == 0;
    if (is_refused && !strcmp(call->name, "ConsoleLogin")) {
        put_name(r, "errorMessage", "Failed authentication");
        put(r, ",\"requestParameters\":null,\"responseElements\":{\"ConsoleLogin\":\"Failure\"}");
    } else if (is_refused) {
        put_name(r, "errorCode",
                 strcmp(call->service, "ec2") ? "AccessDenied" : "Client.UnauthorizedOperation");
        put_name(r, "errorMessage", "User is not authorized to perform this operation");
        put(r, ",\"requestParameters\":null,\"responseElements\":null");
    } else {
        put(r, ",\"requestParameters\":");
        put_template(r, call->request);
        put(r, ",\"responseElements\":");
        put_template(r, call->response);
    }
}

static void put_where(struct record *r, const struct call *call, int64_t second)
{
    put(r, ",\"eventTime\":\"");
    put_time(r, second);
    put(r, "\",\"eventSource\":\"");
    put(r, call->service);
    put(r, ".amazonaws.com\"");
    put_name(r, "eventName", call->name);
    put_name(r, "awsRegion", PICK(regions, mix64(5, r->actor) + (draw(r) % 50 == 0)));
    put(r, ",\"sourceIPAddress\":\"");
    if (is_service(r->actor))
        put(r, "AWS Internal");
    else
        put_address(r, mix64(6, r->actor) + (draw(r) % 40 == 0 ? draw(r) % 8 : 0));
    put(r, "\",\"userAgent\":\"");
    put(r, PICK(agents, mix64(7, r->actor)));
    if (r->o->mix == MIX_DISTINCT) *r->at++ = ' ', put_hex(r, draw(r), 16);
    *r->at++ = '"';
}

static void put_record(struct record *r, uint64_t number)
{
    const struct options *o = r->o;
    uint64_t seed = mix64(o->seed, number), copied = 1 + seed / 50 % 400;
    if (seed % 50 == 0 && number > copied)
        number -= copied, seed = mix64(o->seed, number); /* delivered twice */
    *r = (struct record){.o = o, .seed = seed, .at = r->at};
    const struct call *call = call_in_chain(o, number);
    bool in_chain = call != NULL;
    uint64_t block = mix64(o->seed + 2, number / BLOCK);
    r->actor = pick_actor(o, number, in_chain && o->mix != MIX_DISTINCT ? block : draw(r));
    r->target = in_chain ? block : draw(r);
    if (in_chain && is_service(r->actor)) r->actor--; /* services do no such thing */
    if (!call) call = call_by_weight(draw(r));
    int64_t second =
        START + (int64_t)(number / o->per_second) - (int64_t)(in_chain ? 0 : draw(r) % (o->late + 1));
    put(r, "{\"eventVersion\":\"1.09\",\"userIdentity\":");
    put_identity(r);
    put_where(r, call, second);
    put_outcome(r, call, in_chain);
    put(r, ",\"requestID\":\"");
    put_id(r, draw(r));
    put(r, "\",\"eventID\":\"");
    put_id(r, mix64(o->seed + 3, number));
    put(r, call->reads ? "\",\"readOnly\":true" : "\",\"readOnly\":false");
    put(r, ",\"eventType\":\"AwsApiCall\",\"managementEvent\":true,\"recipientAccountId\":\"");
    put_account(r);
    put(r, "\",\"eventCategory\":\"Management\",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":"
           "\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"");
    put(r, call->service);
    put(r, ".us-east-1.amazonaws.com\"}");
    if (o->mix == MIX_LARGE) put_padding(r);
    put(r, "}\n");
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static bool write_all(const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* False: nobody reads any more. */
static bool write_records(const struct options *o)
{
    char *out = malloc(OUT_BYTES + 2 * LARGE);
    struct record r = {.o = o, .at = out};
    bool done = out != NULL;
    uint64_t written = 0;
    for (uint64_t i = 0; done && i < o->records && written < o->bytes; i++) {
        char *begin = r.at;
        put_record(&r, o->skip + i);
        written += (uint64_t)(r.at - begin);
        if (r.at - out < OUT_BYTES) continue;
        done = write_all(out, (size_t)(r.at - out));
        r.at = out;
    }
    if (done) done = write_all(out, (size_t)(r.at - out));
    free(out);
    return done;
}

static bool read_number(const char *text, uint64_t *out)
{
    static const char units[] = "KMG";
    char *end;
    *out = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (unit) *out <<= 10 * (unit - units + 1), end++;
    return *text >= '0' && *text <= '9' && !*end;
}

static bool read_mix(const char *text, enum mix *out)
{
    for (size_t i = 0; i < sizeof mixes / sizeof *mixes; i++)
        if (!strcmp(text, mixes[i])) return *out = (enum mix)i, true;
    return false;
}

static bool read_option(const char *argument, struct options *o)
{
    const struct {
        const char *name;
        uint64_t *to;
    } numbers[] = {{"--records=", &o->records},
                   {"--bytes=", &o->bytes},
                   {"--seed=", &o->seed},
                   {"--principals=", &o->principals},
                   {"--per-second=", &o->per_second},
                   {"--late=", &o->late},
                   {"--skip=", &o->skip}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t len = strlen(numbers[i].name);
        if (!strncmp(argument, numbers[i].name, len)) return read_number(argument + len, numbers[i].to);
    }
    return !strncmp(argument, "--mix=", 6) && read_mix(argument + 6, &o->mix);
}

int main(int argc, char **argv)
{
    struct options o = {.records = UINT64_MAX,
                        .bytes = UINT64_MAX,
                        .seed = 1,
                        .principals = 10000,
                        .per_second = 100,
                        .late = 240};
    bool is_right = true;
    for (int i = 1; i < argc; i++) is_right &= read_option(argv[i], &o);
    if (!is_right || !o.principals || !o.per_second || (o.records == UINT64_MAX && o.bytes == UINT64_MAX)) {
        fprintf(stderr,
                "usage: csr-cloudtrail [--records=N | --bytes=N[K|M|G]] [--seed=N] [--principals=N]\n"
                "       [--per-second=N] [--late=N] [--mix=ordinary|hot|distinct|large] [--skip=N]\n");
        return 2;
    }
    return write_records(&o) ? EXIT_SUCCESS : EXIT_FAILURE;
}
