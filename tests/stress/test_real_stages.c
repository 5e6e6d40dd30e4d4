/* The real stages under threads: chains, counts, baselines and settling over made-up CloudTrail records, and
 * over the public records beside the project where they are. Every revision of every incident is the same
 * line, for every number of workers, every size of batches, and every place of a reload. Run it under TSan.
 */
#include "engine/csr.h"
#include "engine/io/incident_json.h"
#include "engine/io/merge.h"
#include "engine/ruleset.h"
#include "engine/run/run.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#define RECORDS      3000u
#define RECORD_BYTES 512u
#ifdef CSR_TSAN
#define STRIDE 3 /* some thirty times slower: every third row of the table of trials */
#else
#define STRIDE 1
#endif

static const char rules[] =
    "use aws\n"
    "baseline seen_region = (actor, region) keep 30d warmup 1h days 1\n"
    "baseline seen_source = (account, src.ip) keep 10d warmup 30m days 1\n"
    "rule chain { title \"Chain of {actor}\" severity medium severity high if exists launch attack T1078 by "
    "actor\n"
    "  within 20m\n"
    "  step role: iam:CreateRole (ok)  step power: iam:AttachRolePolicy (ok)  step launch: ec2:RunInstances "
    "(ok)\n"
    "  match role -> power -> launch?\n"
    "  score 40 +20 if new(seen_region, role) +10 if exists launch  open at 30  once for 1h\n"
    "  respond { at 45 notify(\"soc\") } }\n"
    "rule burst { title \"Burst of {actor}\" severity low attack T1087 by actor within 10m\n"
    "  step look: *:Describe* (ok)  match look[5..] }\n"
    "rule stranger { title \"{src.ip} is new\" severity low attack T1078 by account\n"
    "  on iam:* (ok and new(seen_source)) }\n"
    "rule wide { title \"{c.actor}\" severity high attack T1078 by account within 2h\n"
    "  step c: chain  step b: burst  match c & b  score 30 +20 if new(seen_region, c)  once for 30m }\n"
    "rule wider { title \"{count(w)} in {w.account}\" severity critical attack T1078 by region within 6h\n"
    "  step w: wide  step s: stranger  match w[2..] -> s?  once for 1h }\n";

struct trial {
    unsigned workers;
    uint32_t batch_records, batches, shards, reload_every;
    const struct caps *caps;

    const csr_ruleset *rules;
    const char *path; /* NULL: made-up records */
    struct run *run;
    struct merge *merge;
    char (*records)[RECORD_BYTES];
    struct input inner;
    uint32_t given;
    bool was_reloaded;
    struct json_out text, notices;
    struct run_counts counts;
};

/* ---- made-up records ----------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
    x ^= x >> 29;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 32;
}

static void make_record(char (*records)[RECORD_BYTES], uint32_t i)
{
    static const char *const calls[][2] = {
        {"iam", "CreateRole"},        {"iam", "AttachRolePolicy"}, {"ec2", "RunInstances"},
        {"ec2", "DescribeInstances"}, {"ec2", "DescribeImages"},   {"ec2", "DescribeRegions"},
    };
    static const char *const regions[] = {"us-east-1", "eu-west-1", "ap-south-1"};
    uint64_t x = mix(11, i);
    if (i > 9 && x % 13 == 0) { /* a copy of an earlier one */
        memcpy(records[i], records[i - 1 - x / 13 % 9], RECORD_BYTES);
        return;
    }
    uint32_t second = 1000 + i * 10 - (uint32_t)(x % 1000 < 60 ? x % 2000 : x % 500); /* some too late */
    if (second > 400000) second = 1000;
    const char *const *call = calls[x / 7 % 6];
    snprintf(records[i], RECORD_BYTES,
             "{\"eventVersion\":\"1.08\",\"eventID\":\"e-%u\",\"eventTime\":\"2023-07-%02uT%02u:%02u:%02uZ\","
             "\"eventSource\":\"%s.amazonaws.com\",\"eventName\":\"%s\",\"awsRegion\":\"%s\",%s"
             "\"sourceIPAddress\":\"203.0.113.%u\",\"recipientAccountId\":\"11112222333%u\",\"userIdentity\":"
             "{\"type\":\"IAMUser\",\"userName\":\"u%u\",\"arn\":\"arn:aws:iam::111122223333:user/u%u\"}%s",
             i, 1 + second / 86400, second / 3600 % 24, second / 60 % 60, second % 60, call[0], call[1],
             regions[x / 50 % 40 ? x / 2000 % 2 : 2], x / 90 % 12 ? "" : "\"errorCode\":\"AccessDenied\",",
             (unsigned)(x / 300 % 25), (unsigned)(x / 21 % 3), (unsigned)(x / 21 % 9), (unsigned)(x / 21 % 9),
             x / 40 % 60 ? "}" : ""); /* now and then one that is cut off */
}

/* ---- the input, which is control as well --------------------------------------------------------------- */

static bool is_time_to_reload(struct trial *t)
{
    return t->reload_every && t->given % t->reload_every == t->reload_every - 1 && !t->was_reloaded;
}

static enum input_result next(void *world, struct input_record *out, int wait_ms)
{
    struct trial *t = world;
    if (is_time_to_reload(t)) {
        while (run_retired(t->run)) {
        }
        run_publish(t->run, csr_ruleset_ir(t->rules), t);
        t->was_reloaded = true;
        return INPUT_IDLE;
    }
    t->was_reloaded = false;
    if (t->path) {
        enum input_result got = t->inner.next(t->inner.world, out, wait_ms);
        t->given += got == INPUT_RECORD;
        return got;
    }
    if (t->given == RECORDS) return INPUT_END;
    out->bytes = text_of(t->records[t->given++]);
    out->line = t->given;
    return INPUT_RECORD;
}

static void release(void *world, uint64_t n)
{
    struct trial *t = world;
    if (t->path) t->inner.release(t->inner.world, n);
}

static struct text origin_name(void *world, uint32_t origin)
{
    struct trial *t = world;
    return t->path ? t->inner.origin_name(t->inner.world, origin) : TEXT("made up");
}

static bool on_incident(void *world, const struct incident *i)
{
    struct trial *t = world;
    incident_json(&t->text, i);
    json_put_newline(&t->text);
    return true;
}

static void on_notice(void *world, struct text line)
{
    struct trial *t = world;
    json_put_json(&t->notices, line);
    json_put_newline(&t->notices);
}

static void run_trial(struct trial *t)
{
    static const uint64_t secret[2] = {3, 4};
    struct input input = {t, next, release, origin_name, NULL};
    struct run_options o = {.workers = t->workers,
                            .input = &input,
                            .out = {.world = t, .incident = on_incident, .notice = on_notice},
                            .caps = t->caps,
                            .lateness = -1,
                            .secret = secret,
                            .batch_records = t->batch_records,
                            .batches = t->batches,
                            .shards = t->shards};
    char error[512];
    if (t->path) {
        t->merge = merge_open(&t->path, 1, error);
        assert_non_null(t->merge);
        t->inner = merge_input(t->merge);
    }
    t->records = calloc(RECORDS, RECORD_BYTES);
    for (uint32_t i = 0; i < RECORDS; i++) make_record(t->records, i);
    t->run = run_new(&o);
    assert_true(run_publish(t->run, csr_ruleset_ir(t->rules), t));
    assert_int_equal(run_go(t->run), RUN_ENDED);
    run_count(t->run, &t->counts);
    run_free(t->run);
    merge_close(t->merge);
    free(t->records);
}

static void assert_same(const struct trial *want, const struct trial *got)
{
    assert_int_equal(got->counts.in, want->counts.in);
    assert_int_equal(got->counts.late, want->counts.late);
    assert_int_equal(got->counts.duplicate, want->counts.duplicate);
    assert_int_equal(got->counts.aside, want->counts.aside);
    assert_int_equal(got->counts.hits, want->counts.hits);
    assert_int_equal(got->counts.states.made, want->counts.states.made);
    assert_int_equal(got->text.len, want->text.len);
    if (got->text.len) assert_memory_equal(got->text.at, want->text.at, got->text.len);
    assert_int_equal(got->counts.states.keys_evicted, want->counts.states.keys_evicted);
    assert_int_equal(got->counts.states.values_evicted, want->counts.states.values_evicted);
    if (got->reload_every) return; /* notices are told before a new set */
    assert_int_equal(got->notices.len, want->notices.len);
    if (got->notices.len) assert_memory_equal(got->notices.at, want->notices.at, got->notices.len);
}

static csr_ruleset *compile(const char *text)
{
    struct csr_text one = {"rules.csr", text, strlen(text)};
    struct csr_compile_options o = {.texts = &one, .n_texts = text[0] ? 1 : 0, .without_lints = true};
    csr_report *r = csr_report_new();
    csr_ruleset *rs = csr_compile(&o, r);
    if (!rs) csr_report_print(r, stderr, (struct csr_report_style){0});
    csr_report_free(r);
    assert_non_null(rs);
    return rs;
}

static void release_text(struct trial *t)
{
    json_out_release(&t->text);
    json_out_release(&t->notices);
}

static void compare(const csr_ruleset *rs, const char *path, const struct caps *caps,
                    uint32_t least_revisions)
{
    static const struct trial table[] = {
        {.workers = 2},
        {.workers = 3},
        {.workers = 4},
        {.workers = 8},
        {.workers = 1, .batch_records = 1, .batches = 1},
        {.workers = 3, .batch_records = 1, .batches = 2},
        {.workers = 2, .batch_records = 17, .batches = 3},
        {.workers = 3, .shards = 1},
        {.workers = 1, .shards = 5},
        {.workers = 2, .shards = 64},
        {.workers = 1, .reload_every = 50},
        {.workers = 3, .batch_records = 64, .reload_every = 111},
        {.workers = 2, .batch_records = 5, .batches = 2, .reload_every = 7},
    };
    struct trial want = {.workers = 1, .rules = rs, .path = path, .caps = caps};
    run_trial(&want);
    assert_int_equal(want.counts.states.keys_evicted > 0, caps != NULL);
    assert_true(want.counts.revisions >= least_revisions);
    for (size_t i = 0; i < sizeof table / sizeof *table; i += STRIDE) {
        struct trial t = table[i];
        t.rules = rs;
        t.path = path;
        t.caps = caps;
        run_trial(&t);
        assert_same(&want, &t);
        release_text(&t);
    }
    release_text(&want);
}

static void test_made_up(void **state)
{
    (void)state;
    csr_ruleset *rs = compile(rules);
    struct trial t = {.workers = 1, .rules = rs};
    run_trial(&t);
    assert_int_equal(t.counts.in, RECORDS);
    assert_true(t.counts.late && t.counts.duplicate && t.counts.aside);
    json_put_newline(&t.text);
    char *text = strndup(t.text.at, t.text.len);
    assert_non_null(strstr(text, "\"rule\":\"chain\""));
    assert_non_null(strstr(text, "\"rule\":\"burst\""));
    assert_non_null(strstr(text, "\"rule\":\"stranger\""));
    assert_non_null(strstr(text, "\"state\":\"settled\""));
    free(text);
    json_out_release(&t.text);
    compare(rs, NULL, NULL, 50);
    csr_ruleset_free(rs);
}

/* Below the folder of public data, or NULL and a message. */
static const char *shared(char out[1024], const char *below)
{
    const char *folder = getenv("CSR_SHARED");
    struct stat is;
    snprintf(out, 1024, "%s/data/%s", folder ? folder : "../shared", below);
    if (stat(out, &is) == 0) return out;
    print_message("skipped: there is no %s (CSR_SHARED)\n", out);
    return NULL;
}

static void test_public_records(void **state)
{
    (void)state;
    static const struct {
        const char *below;
        uint32_t least_revisions;
    } table[] = {{"composed/cm-attack-a.ndjson", 1}, {"cloudtrail/invictus", 1}};
    csr_ruleset *community = compile(""), *mine = compile(rules);
    char path[1024];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!shared(path, table[i].below)) continue;
        compare(community, path, NULL, table[i].least_revisions);
        compare(mine, path, NULL, 0);
    }
    csr_ruleset_free(community);
    csr_ruleset_free(mine);
}

/* Who gives way, what rules make of it, and what people are told: a function of the records and the secret.
 */
static void test_under_caps(void **state)
{
    (void)state;
    static const char pressure[] =
        "use csr\n"
        "rule pressure { title \"{actor}\" severity medium attack T1562 falsepos \"none\" by actor within "
        "1h\n"
        "  step lost: csr:evicted (raw.cap == \"keys\")  match lost[3..]  once for 10m }\n";
    char text[sizeof rules + sizeof pressure];
    snprintf(text, sizeof text, "%s%s", rules, pressure);
    csr_ruleset *rs = compile(text);
    struct caps caps = {.keys = STATE_PARTITIONS, .values = STATE_PARTITIONS};
    struct trial t = {.workers = 1, .rules = rs, .caps = &caps};
    run_trial(&t);
    json_put_newline(&t.text);
    assert_non_null(memmem(t.text.at, t.text.len, "\"rule\":\"pressure\"", 17));
    assert_non_null(memmem(t.text.at, t.text.len, "\"capped\":true", 13));
    assert_true(t.counts.states.values_evicted > 0);
    release_text(&t);
    compare(rs, NULL, &caps, 50);
    csr_ruleset_free(rs);
}

static void *run_beside(void *world)
{
    run_trial(world);
    return NULL;
}

static void test_two_engines(void **state)
{
    (void)state;
    csr_ruleset *rs = compile(rules); /* shared by both */
    struct trial want = {.workers = 1, .rules = rs}, here = {.workers = 2, .rules = rs}, beside = here;
    pthread_t thread;
    beside.reload_every = 100;
    run_trial(&want);
    assert_int_equal(pthread_create(&thread, NULL, run_beside, &beside), 0);
    run_trial(&here);
    pthread_join(thread, NULL);
    assert_same(&want, &here);
    assert_same(&want, &beside);
    json_out_release(&want.text);
    json_out_release(&here.text);
    json_out_release(&beside.text);
    csr_ruleset_free(rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_up), cmocka_unit_test(test_under_caps),
                                       cmocka_unit_test(test_public_records),
                                       cmocka_unit_test(test_two_engines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
