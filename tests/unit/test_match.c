/* test_match.c - rules as texts and records as bytes, through the match stage: which hits and touches come of it. */
#include "engine/compile/compile.h"
#include "engine/match/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- counting what the system is asked for ------------------------------------------------------------- */

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_MALLOC 1
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *at, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *at, size_t size);
static uint64_t mallocs;
void *malloc(size_t size)
{
    mallocs++;
    return __libc_malloc(size);
}
void *calloc(size_t n, size_t size)
{
    mallocs++;
    return __libc_calloc(n, size);
}
void *realloc(void *at, size_t size)
{
    mallocs++;
    return __libc_realloc(at, size);
}
#else
static uint64_t mallocs;
#endif

/* ---- a matcher over a text ----------------------------------------------------------------------------- */

enum { SEEN_MOST = 1024 };

struct bench {
    struct arena *arena;
    struct ir *ir;
    struct plan *plan;
    struct decoder *decoder;
    struct matcher *matcher;
    uint64_t seq;
    /* Of the last record. */
    struct hash128 identity;
    uint32_t n_identities;
    struct touch touches[SEEN_MOST];
    uint32_t n_touches;
    struct touch accounts[SEEN_MOST]; /* touches of accounts stand apart */
    uint32_t n_accounts;
    struct hit *hits[SEEN_MOST];
    uint32_t n_hits;
};

static struct bench *bench_of(const char *rules, uint64_t secret)
{
    struct bench *b = calloc(1, sizeof *b);
    struct sources sources;
    struct diags *diags;
    bool unreadable;
    b->arena = arena_new(0);
    struct compile_text text = {TEXT("test.csr"), text_of(rules)};
    struct compile_input input = {&text, 1, true};
    b->ir = csr_compile_ir(b->arena, &input, &sources, &diags, &unreadable);
    if (!b->ir) {
        diags_print(diags, stderr, (struct diag_style){0});
        fail_msg("the rules do not compile");
    }
    b->plan = plan_new(b->ir, (uint64_t[2]){secret, ~secret});
    b->decoder = decoder_new(b->ir);
    b->matcher = matcher_new(b->plan, b->decoder);
    return b;
}

static void forget(struct bench *b)
{
    for (uint32_t i = 0; i < b->n_hits; i++) free(b->hits[i]);
    b->n_hits = b->n_touches = b->n_identities = b->n_accounts = 0;
}

static void bench_free(struct bench *b)
{
    forget(b);
    matcher_free(b->matcher);
    decoder_free(b->decoder);
    plan_free(b->plan);
    arena_free(b->arena);
    free(b);
}

static void take_identity(void *world, struct hash128 identity, int64_t second)
{
    struct bench *b = world;
    (void)second;
    assert_int_equal(b->n_touches + b->n_hits, 0); /* announced first */
    b->identity = identity;
    b->n_identities++;
}

static uint32_t take_touch(void *world, const struct touch *t)
{
    struct bench *b = world;
    assert_int_equal(b->n_hits, 0); /* touches before hits: their numbers are in the hits */
    if (t->is_account) {
        b->accounts[b->n_accounts] = *t;
        return 2000 + b->n_accounts++;
    }
    b->touches[b->n_touches] = *t;
    return 1000 + b->n_touches++;
}

static void take_hit(void *world, const struct hit *h)
{
    struct bench *b = world;
    if (b->n_hits < SEEN_MOST) b->hits[b->n_hits++] = hit_copy(malloc(hit_size(h)), h);
}

static enum aside put_bytes(struct bench *b, struct text record)
{
    struct event event;
    struct match_out out = {b, take_identity, take_touch, take_hit};
    forget(b);
    return match_record(b->matcher, record, ++b->seq, &out, &event);
}

/* A record of iam user ci, with these members more, which may name others of its members anew. */
static enum aside put(struct bench *b, const char *service, const char *action, const char *more)
{
    char *bytes = NULL;
    int len = asprintf(
        &bytes,
        "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAMUser\","
        "\"arn\":\"arn:aws:iam::111122223333:user/ci\",\"userName\":\"ci\",\"accountId\":\"111122223333\"},"
        "\"eventTime\":\"2023-07-10T11:45:00Z\",\"eventSource\":\"%s.amazonaws.com\",\"eventName\":\"%s\","
        "\"awsRegion\":\"eu-central-1\",\"recipientAccountId\":\"111122223333\",\"eventID\":\"id-1\"%s%s}",
        service, action, *more ? "," : "", more);
    enum aside why = put_bytes(b, (struct text){bytes, (uint32_t)len});
    free(bytes);
    return why;
}

static struct match_counts counts_of(const struct bench *b)
{
    struct match_counts c = {0};
    matcher_count(b->matcher, &c);
    return c;
}

static struct text key_part(struct text key, uint32_t part)
{
    const char *at = key.at;
    struct value v = value_absent();
    for (uint32_t i = 0; i <= part; i++) v = value_key_get(&at, key.at + key.len);
    assert_int_equal(v.kind, VALUE_STRING);
    return value_text(v);
}

static void expect_text(struct text t, const char *expected)
{
    if (!text_equal(t, text_of(expected))) fail_msg("`" TEXT_FMT "`, not `%s`", TEXT_ARG(t), expected);
}

/* ---- which groups fit ---------------------------------------------------------------------------------- */

#define RULE(name, body) "use aws\nrule " name " { title \"t\" severity low " body " }\n"

static void test_one_event(void **state)
{
    (void)state;
    struct bench *b = bench_of(RULE("stopped", "on cloudtrail:StopLogging, cloudtrail:DeleteTrail (ok)"), 1);
    assert_int_equal(put(b, "cloudtrail", "StopLogging", "\"sourceIPAddress\":\"203.0.113.7\""), ASIDE_NONE);
    assert_int_equal(b->n_identities, 1);
    assert_int_equal(b->n_hits, 1);
    const struct hit *h = b->hits[0];
    assert_int_equal(h->seq, 1);
    assert_int_equal(h->second, 1688989500);
    expect_text(key_part(h->key, 0), "arn:aws:iam::111122223333:user/ci");
    expect_text(h->evidence.identity, "id-1");
    expect_text(h->evidence.service, "cloudtrail");
    expect_text(h->evidence.action, "StopLogging");
    expect_text(h->evidence.region, "eu-central-1");
    expect_text(h->evidence.account, "111122223333");
    expect_text(h->evidence.source_ip, "203.0.113.7");
    expect_text(h->evidence.error, "");
    put(b, "cloudtrail", "DeleteTrail", "\"sourceIPAddress\":\"config.amazonaws.com\"");
    assert_int_equal(b->n_hits, 1);
    expect_text(b->hits[0]->evidence.source_ip, "config.amazonaws.com");
    put(b, "cloudtrail", "DeleteTrail", "\"errorCode\":\"AccessDenied\"");
    assert_int_equal(b->n_hits, 0);
    assert_int_equal(b->n_identities, 1); /* every record is announced */
    put(b, "iam", "DeleteTrail", "");
    assert_int_equal(b->n_hits, 0);
    bench_free(b);
}

static void test_asides(void **state)
{
    (void)state;
    static const char *const records[] = {
        "", "{", "[]", "{\"a\":1}", "no JSON", "{\"eventSource\":\"a\",\"eventName\":\"b\"}"};
    struct bench *b = bench_of(RULE("any_event", "on *"), 1);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        if (put_bytes(b, text_of(records[i])) == ASIDE_NONE) fail_msg("%s", records[i]);
        assert_int_equal(b->n_identities + b->n_touches + b->n_hits, 0);
    }
    assert_int_equal(counts_of(b).events, 0);
    bench_free(b);
}

/* The first group that fits gives the values, also where a pattern, an exact name and the lone * meet. */
static void test_first_group(void **state)
{
    (void)state;
    struct bench *b =
        bench_of(RULE("r", "by actor within 1h\n"
                           "step s: ec2:Run* (ok) with n = 1 | ec2:RunInstances with n = 2 | * with n = 3\n"
                           "step t: iam:GetUser\n"
                           "match s -> t  score 30 +1 if s.n > 0"),
                 1);
    static const struct {
        const char *service, *action, *more;
        uint32_t group;
    } cases[] = {
        {"ec2", "RunInstances", "", 0},
        {"ec2", "RunInstances", "\"errorCode\":\"X\"", 1},
        {"ec2", "RunScheduledInstances", "\"errorCode\":\"X\"", 2},
        {"s3", "GetObject", "", 2},
    };
    for (size_t i = 0; i < 4; i++) {
        put(b, cases[i].service, cases[i].action, cases[i].more);
        assert_int_equal(b->n_hits, 1);
        assert_int_equal(b->hits[0]->group, cases[i].group);
        assert_int_equal(b->hits[0]->n_captures, 1);
        assert_int_equal(b->hits[0]->captures[0].i, cases[i].group + 1);
    }
    put(b, "iam", "GetUser", ""); /* fits two steps: two hits, in their order */
    assert_int_equal(b->n_hits, 2);
    assert_int_equal(b->hits[0]->step, 0);
    assert_int_equal(b->hits[1]->step, 1);
    bench_free(b);
}

/* An event costs the rules that could want it: not more with a thousand others beside them. */
static void test_only_candidates(void **state)
{
    (void)state;
    static char text[256 << 10];
    struct match_counts small, large;
    for (int n = 0; n <= 1000; n += 1000) {
        int len = sprintf(text, "use aws\nrule mine { title \"t\" severity low on iam:CreateUser (ok) }\n");
        for (int i = 0; i < n; i++)
            len += sprintf(text + len,
                           "rule r%d { title \"t\" severity low on s3:%s (ok and req.x%d == \"y\") }\n", i,
                           i % 2 ? "GetObject" : "Put*", i);
        struct bench *b = bench_of(text, 1);
        for (int i = 0; i < 10; i++) put(b, "iam", "CreateUser", "");
        assert_int_equal(b->n_hits, 1);
        *(n ? &large : &small) = counts_of(b);
        bench_free(b);
    }
    assert_int_equal(small.tested, 10);
    assert_int_equal(large.tested, 10);
    assert_int_equal(small.evaluated, large.evaluated);
}

/* A predicate that many rules write is evaluated once for an event. */
static void test_shared_predicates(void **state)
{
    (void)state;
    static char text[64 << 10];
    uint64_t evaluated[2];
    for (int k = 0; k < 2; k++) {
        int len = sprintf(text, "use aws\n");
        for (int i = 0; i < (k ? 100 : 1); i++)
            len += sprintf(
                text + len,
                "rule r%d { title \"t\" severity low on iam:CreateUser (ok and agent like \"*cli*\") }\n", i);
        struct bench *b = bench_of(text, 1);
        put(b, "iam", "CreateUser", "\"userAgent\":\"aws-cli/2\"");
        assert_int_equal(b->n_hits, k ? 100 : 1);
        evaluated[k] = counts_of(b).evaluated;
        for (uint32_t i = 1; i < b->n_hits; i++) {
            assert_true(b->hits[i - 1]->rule < b->hits[i]->rule);
            assert_false(hash128_equal(b->hits[i - 1]->key_hash, b->hits[i]->key_hash)); /* the rule is part of it */
        }
        bench_free(b);
    }
    assert_true(evaluated[0] > 0);
    assert_int_equal(evaluated[0], evaluated[1]);
}

/* ---- keys ---------------------------------------------------------------------------------------------- */

static void test_key_hash(void **state)
{
    (void)state;
    const char *rules = RULE("r", "by account, region on iam:CreateUser");
    struct bench *a = bench_of(rules, 1), *same = bench_of(rules, 1), *other = bench_of(rules, 2);
    put(a, "iam", "CreateUser", "");
    put(same, "iam", "CreateUser", "");
    put(other, "iam", "CreateUser", "");
    assert_true(hash128_equal(a->hits[0]->key_hash, same->hits[0]->key_hash));
    assert_true(hash128_equal(a->identity, same->identity));
    assert_false(hash128_equal(a->hits[0]->key_hash, other->hits[0]->key_hash));
    assert_false(hash128_equal(a->identity, other->identity));
    expect_text(key_part(a->hits[0]->key, 0), "111122223333");
    expect_text(key_part(a->hits[0]->key, 1), "eu-central-1");
    bench_free(a);
    bench_free(same);
    bench_free(other);
}

static void test_missing_key(void **state)
{
    (void)state;
    struct bench *b = bench_of(RULE("r", "by actor, access_key on iam:CreateUser"), 1);
    put(b, "iam", "CreateUser", "");
    assert_int_equal(b->n_hits, 0);
    assert_int_equal(counts_of(b).key_missing, 1);
    bench_free(b);
}

/* "requestParameters" with n instances, every second one twice. */
static const char *instances(uint32_t n)
{
    static char text[256 << 10];
    int len = sprintf(text, "\"requestParameters\":{\"instancesSet\":{\"items\":[");
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t twice = 0; twice <= i % 2; twice++)
            len += sprintf(text + len, "%s{\"instanceId\":\"i-%u\"}", i || twice ? "," : "", i);
    sprintf(text + len, "]}}");
    return text;
}

static void test_fan(void **state)
{
    (void)state;
    struct bench *b =
        bench_of(RULE("r", "by account, i on ec2:StopInstances with i = req.instancesSet[].instanceId"), 1);
    static const struct {
        uint32_t n, hits;
        bool capped;
    } cases[] = {{0, 0, false},     {1, 1, false},    {5, 5, false},
                 {256, 256, false}, {257, 256, true}, {900, 256, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(b, "ec2", "StopInstances", instances(cases[i].n));
        assert_int_equal(b->n_hits, cases[i].hits);
        for (uint32_t h = 0; h < b->n_hits; h++) { /* distinct, in the order of the list */
            char name[16];
            snprintf(name, sizeof name, "i-%u", h);
            expect_text(key_part(b->hits[h]->key, 1), name);
            assert_int_equal(b->hits[h]->capped, cases[i].capped);
        }
    }
    assert_int_equal(counts_of(b).key_missing, 1);
    assert_true(counts_of(b).fan_capped >= 1 + 644);
    bench_free(b);
}

/* Each element of one list with each of the other. */
static void test_fan_of_two_lists(void **state)
{
    (void)state;
    struct bench *b = bench_of(RULE("r", "by i, g on ec2:StopInstances with i = req.instancesSet[].instanceId"
                                         " with g = req.groupSet[].groupId"),
                               1);
    static const char *const expected[][2] = {{"i-1", "g-1"}, {"i-1", "g-2"}, {"i-2", "g-1"}, {"i-2", "g-2"}};
    put(b, "ec2", "StopInstances",
        "\"requestParameters\":{\"instancesSet\":[{\"instanceId\":\"i-1\"},{\"instanceId\":\"i-2\"}],"
        "\"groupSet\":[{\"groupId\":\"g-1\"},{\"groupId\":\"g-2\"}]}");
    assert_int_equal(b->n_hits, 4);
    for (uint32_t h = 0; h < b->n_hits; h++)
        for (uint32_t part = 0; part < 2; part++) expect_text(key_part(b->hits[h]->key, part), expected[h][part]);
    bench_free(b);
}

/* What was withheld is not absent: nobody can tell of whom the record is. */
static void test_fan_withheld(void **state)
{
    (void)state;
    struct bench *b = bench_of(RULE("r", "by i on ec2:StopInstances with i = req.ids[]"), 1);
    put(b, "ec2", "StopInstances", "\"requestParameters\":{\"ids\":[\"HIDDEN_DUE_TO_SECURITY_REASONS\"]}");
    assert_int_equal(b->n_hits, 0);
    assert_int_equal(counts_of(b).blinded, 1);
    assert_int_equal(counts_of(b).key_missing, 0);
    put(b, "ec2", "StopInstances", "\"requestParameters\":{\"ids\":[null]}");
    assert_int_equal(counts_of(b).blinded, 1);
    assert_int_equal(counts_of(b).key_missing, 1);
    bench_free(b);
}

/* ---- joins and captures -------------------------------------------------------------------------------- */

static void test_joins(void **state)
{
    (void)state;
    struct bench *b = bench_of(
        RULE("r", "by actor within 1h\n"
                  "step role: iam:CreateRole (ok)\n"
                  "step look: iam:GetRole\n"
                  "step power: iam:AttachRolePolicy (ok and req.roleName == role.resp.role.roleName)\n"
                  "match role -> look -> power"), 1);
    struct hash128 role, zero = {0, 0};
    put(b, "iam", "CreateRole", "\"responseElements\":{\"role\":{\"roleName\":\"miner\"}}");
    assert_int_equal(b->n_hits, 1);
    assert_int_equal(b->hits[0]->n_joins, 1);
    role = b->hits[0]->joins[0];
    assert_false(hash128_equal(role, zero));
    put(b, "iam", "AttachRolePolicy", "\"requestParameters\":{\"roleName\":\"miner\"}");
    assert_int_equal(b->n_hits, 1);
    assert_true(hash128_equal(b->hits[0]->joins[0], role));
    put(b, "iam", "AttachRolePolicy", "\"requestParameters\":{\"roleName\":\"other\"}");
    assert_false(hash128_equal(b->hits[0]->joins[0], role));
    put(b, "iam", "GetRole", "");
    assert_int_equal(b->n_hits, 1);
    assert_true(hash128_equal(b->hits[0]->joins[0], zero)); /* takes no part */
    put(b, "iam", "CreateRole", ""); /* fills its step, and nobody agrees with it */
    assert_int_equal(b->n_hits, 1);
    assert_false(hash128_equal(b->hits[0]->joins[0], zero));
    assert_false(hash128_equal(b->hits[0]->joins[0], role));
    put(b, "iam", "AttachRolePolicy", "");
    assert_int_equal(b->n_hits, 0);
    bench_free(b);
}

static void test_captures(void **state)
{
    (void)state;
    struct bench *b = bench_of(
        RULE("r", "by account\n"
                  "on ec2:StopInstances\n"
                  "respond { at 1 settled aws.stop_instances(entities.instances[]) limit 25 resources }"),
        1);
    static const struct {
        uint32_t n, kept;
        bool capped;
    } cases[] = {{3, 3, false}, {100, 100, false}, {900, 256, true}};
    for (size_t i = 0; i < 3; i++) {
        put(b, "ec2", "StopInstances", instances(cases[i].n));
        assert_int_equal(b->n_hits, 1);
        const struct hit *h = b->hits[0];
        const struct value *list = NULL;
        for (uint32_t c = 0; c < h->n_captures; c++)
            if (h->captures[c].kind == VALUE_LIST) list = &h->captures[c];
        assert_non_null(list);
        assert_true(list->len >= cases[i].kept);
        expect_text(value_text(list->items[0]), "i-0");
        assert_int_equal(h->capped, cases[i].capped);
    }
    bench_free(b);
}

/* ---- baselines ----------------------------------------------------------------------------------------- */

#define SEEN "use aws\nbaseline seen = (actor, src.ip) keep 30d warmup 7d days 1\n"

static void test_touches(void **state)
{
    (void)state;
    struct bench *b = bench_of(SEEN "rule a { title \"t\" severity low on iam:CreateUser (new(seen)) }\n"
                                    "rule c { title \"t\" severity low on iam:* (age(seen) > 1d) }\n", 1);
    static const struct {
        const char *action, *more;
        uint32_t touches, hits;
        bool learns, asks, is_absent;
    } cases[] = {
        {"CreateUser", "\"sourceIPAddress\":\"203.0.113.7\"", 1, 2, true, true, false},
        {"CreateUser", "\"sourceIPAddress\":\"203.0.113.7\",\"errorCode\":\"AccessDenied\"", 1, 2, false,
         true, false},
        {"ListUsers", "\"sourceIPAddress\":\"203.0.113.7\"", 1, 1, true, true, false},
        {"CreateUser", "", 0, 2, false, false, true}, /* no address: nothing to learn or to ask */
    };
    struct hash128 key = {0, 0}, value = {0, 0};
    for (size_t i = 0; i < 4; i++) {
        put(b, "iam", cases[i].action, cases[i].more);
        assert_int_equal(b->n_touches, cases[i].touches);
        assert_int_equal(b->n_hits, cases[i].hits);
        for (uint32_t h = 0; h < b->n_hits; h++) {
            assert_int_equal(b->hits[h]->n_asks, 1);
            const struct hit_ask *ask = &b->hits[h]->asks[0];
            assert_int_equal(ask->is_absent, cases[i].is_absent);
            assert_false(ask->is_unknown);
            if (!b->n_touches) continue;
            assert_int_equal(ask->answer, 1000);
            assert_true(hash128_equal(ask->key, b->touches[0].key));
            assert_true(hash128_equal(ask->value, b->touches[0].value));
            assert_int_equal(b->n_accounts, 1); /* so that a new key is known by its account */
            assert_int_equal(ask->account_answer, 2000);
            assert_true(hash128_equal(ask->account, b->accounts[0].key));
            assert_int_equal(b->accounts[0].learns, cases[i].learns);
        }
        if (!b->n_touches) continue;
        assert_int_equal(b->touches[0].learns, cases[i].learns);
        assert_int_equal(b->touches[0].asks, cases[i].asks);
        if (i)
            assert_true(hash128_equal(b->touches[0].key, key) && hash128_equal(b->touches[0].value, value));
        key = b->touches[0].key;
        value = b->touches[0].value;
    }
    put(b, "s3", "GetObject", "\"sourceIPAddress\":\"203.0.113.8\""); /* nobody asks, but it is learnt */
    assert_int_equal(b->n_touches, 1);
    assert_true(b->touches[0].learns && !b->touches[0].asks);
    assert_true(hash128_equal(b->touches[0].key, key));
    assert_false(hash128_equal(b->touches[0].value, value));
    bench_free(b);
}

/* With `on` only those are learnt, failed ones too if the predicate says so. */
static void test_learning_on(void **state)
{
    (void)state;
    struct bench *b =
        bench_of("use aws\n"
                 "baseline logins = (account, user) on signin:ConsoleLogin keep 30d warmup 7d\n"
                 "baseline refused = (account, action) on iam:*, s3:* (denied) keep 30d warmup 7d\n" RULE(
                     "r", "on iam:CreateUser (new(logins) or new(refused))"),
                 1);
    static const struct {
        const char *service, *action, *more;
        int32_t learns; /* baseline, or -1 */
    } cases[] = {
        {"signin", "ConsoleLogin", "", 0},
        {"signin", "ConsoleLogin", "\"responseElements\":{\"ConsoleLogin\":\"Failure\"}", -1},
        {"iam", "ListUsers", "", -1},
        {"iam", "ListUsers", "\"errorCode\":\"AccessDenied\"", 1},
        {"s3", "GetObject", "\"errorCode\":\"AccessDenied\"", 1},
        {"ec2", "RunInstances", "\"errorCode\":\"AccessDenied\"", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(b, cases[i].service, cases[i].action, cases[i].more);
        assert_int_equal(b->n_touches, cases[i].learns >= 0);
        if (!b->n_touches) continue;
        assert_int_equal(b->touches[0].baseline, cases[i].learns);
        assert_true(b->touches[0].learns && !b->touches[0].asks);
    }
    put(b, "iam", "CreateUser", "");
    assert_int_equal(b->n_touches, 2); /* one question to each */
    bench_free(b);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

/* The scratch grows when an event needs it, and the event is then whole. */
static void test_large_event(void **state)
{
    (void)state;
    static char more[900 << 10];
    int len = sprintf(more, "\"requestParameters\":{\"names\":[\"\\u0041\"");
    for (uint32_t i = 0; len < (int)sizeof more - 64; i++) len += sprintf(more + len, ",\"\\u0041%u\"", i);
    sprintf(more + len, ",\"last\"]}");
    struct bench *b = bench_of(RULE("r", "on iam:CreateUser (any n in req.names[] (n == \"last\"))"), 1);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(put(b, "iam", "CreateUser", more), ASIDE_NONE);
        assert_int_equal(b->n_hits, 1);
    }
    assert_int_equal(counts_of(b).events, 2);
    assert_int_equal(counts_of(b).overflowed, 0);
    bench_free(b);
}

static void drop_identity(void *world, struct hash128 identity, int64_t second)
{
    (void)identity;
    (void)second;
    ++*(uint64_t *)world;
}

static uint32_t drop_touch(void *world, const struct touch *t)
{
    (void)t;
    ++*(uint64_t *)world;
    return 0;
}

static void drop_hit(void *world, const struct hit *h)
{
    (void)h;
    ++*(uint64_t *)world;
}

/* A warm matcher asks the system for nothing. */
static void test_no_malloc(void **state)
{
    (void)state;
#ifndef COUNTS_MALLOC
    skip();
#endif
    struct bench *b =
        bench_of(SEEN RULE("r", "by account on ec2:* (ok and new(seen) and agent like \"*a*\" and agent ~ /^aws-/i and "
                                "any s in statements(req.doc)[] (s.actions[] grants \"a:B\" and s.effect ~ /^All/))"), 1);
    static const char record[] = "{\"userIdentity\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::"
                                 "111122223333:user/ci\"},\"eventTime\":"
                                 "\"2023-07-10T11:45:00Z\",\"eventSource\":\"ec2.amazonaws.com\","
                                 "\"eventName\":\"RunInstances\",\"userAgent\":"
                                 "\"aws\\u002dcli\",\"sourceIPAddress\":\"203.0.113.7\","
                                 "\"requestParameters\":{\"doc\":\"%7B%22Effect%22:%22Allow%22,%22Action%22:%22a:*%22%7D\"},"
                                 "\"recipientAccountId\":\"111122223333\",\"eventID\":\"e\"}";
    uint64_t seen = 0;
    struct match_out out = {&seen, drop_identity, drop_touch, drop_hit};
    struct event event;
    match_record(b->matcher, (struct text){record, sizeof record - 1}, 1, &out, &event);
    uint64_t before = mallocs;
    for (uint64_t i = 0; i < 1000; i++)
        match_record(b->matcher, (struct text){record, sizeof record - 1}, i, &out, &event);
    assert_int_equal(mallocs - before, 0);
    assert_int_equal(seen, 4 * 1001); /* identity, two touches, hit */
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_event),      cmocka_unit_test(test_asides),
        cmocka_unit_test(test_first_group),    cmocka_unit_test(test_only_candidates),
        cmocka_unit_test(test_shared_predicates), cmocka_unit_test(test_key_hash),
        cmocka_unit_test(test_missing_key),    cmocka_unit_test(test_fan),
        cmocka_unit_test(test_fan_of_two_lists), cmocka_unit_test(test_fan_withheld),
        cmocka_unit_test(test_joins),          cmocka_unit_test(test_captures),
        cmocka_unit_test(test_touches),        cmocka_unit_test(test_learning_on),
        cmocka_unit_test(test_large_event),    cmocka_unit_test(test_no_malloc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
