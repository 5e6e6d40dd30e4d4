/* Caps as an attacker meets them: ten times as many decoys as there is room for, memory, copies. */
#include "engine/csr.h"
#include "engine/run/feeds.h"
#include "tests/oracle/caller.h"
#include "tests/oracle/random.h"
#include "tests/unit/compiled.h"
#include "tests/unit/folder.h"

#include <jansson.h>

/* ---- decoys -------------------------------------------------------------------------------------------- */

#define ROOM   512 /* keys in all */
#define DECOYS (10 * ROOM)
#define USERS  16 /* others */

static const char chain[] =
    "use aws\n"
    "rule chain { title \"t\" severity high attack T1078 falsepos \"none\" by actor within 1h\n"
    "  step a: iam:CreateUser (ok) step b: iam:CreateAccessKey (ok) step c: iam:DeleteUser (ok)\n"
    "  match a -> b -> c }\n";

static const char *const calls[] = {"CreateUser", "CreateAccessKey", "DeleteUser"};

static void put_head(FILE *to, const char *call, int second)
{
    static int number;
    fprintf(to,
            "{\"eventVersion\":\"1.09\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"%s\","
            "\"eventID\":\"e%d\","
            "\"eventTime\":\"2026-03-01T12:%02d:%02dZ\",\"recipientAccountId\":\"111122223333\",",
            call, number++, second / 60, second % 60);
}

static void put_user(FILE *to, int user, int step, int second)
{
    put_head(to, calls[step], second);
    fprintf(
        to,
        "\"userIdentity\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::111122223333:user/u%d\",\"accountId\":"
        "\"111122223333\",\"principalId\":\"AIDAu%d\",\"userName\":\"u%d\"}}\n",
        user, user, user);
}

static void put_session(FILE *to, const char *role, int session, int step, int second)
{
    put_head(to, calls[step], second);
    fprintf(to,
            "\"userIdentity\":{\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::111122223333:assumed-role/%s/"
            "s%d\","
            "\"principalId\":\"AROA%s:s%d\",\"accountId\":\"111122223333\",\"sessionContext\":{"
            "\"sessionIssuer\":{"
            "\"type\":\"Role\",\"arn\":\"arn:aws:iam::111122223333:role/"
            "%s\",\"principalId\":\"AROA%s\",\"userName\":"
            "\"%s\"}}}}\n",
            role, session, role, session, role, role, role);
}

/* Everybody has done two of three things when the flood begins, the attacker too. */
static void write_flood(const char *path)
{
    FILE *to = fopen(path, "w");
    for (int step = 0; step < 3; step++) {
        int second = step * 600;
        for (int u = 0; u < USERS; u++) put_user(to, u, step, second);
        for (int s = 0; s < 2; s++) put_session(to, "admin", s, step, second);
        put_session(to, "stolen", DECOYS, step, second);
        for (int s = 0; step == 1 && s < DECOYS; s++) put_session(to, "stolen", s, 0, second + 1 + s / 20);
    }
    fclose(to);
}

struct heard {
    json_t *actors; /* of incidents that are closed and not capped */
    json_t *owners; /* of notices */
    uint32_t capped;
};

static bool hear(void *world, const char *line, size_t len)
{
    struct heard *h = world;
    json_t *j = json_loadb(line, len, 0, NULL);
    if (!strcmp(json_string_value(json_object_get(j, "state")), "closed")) {
        const char *actor = json_string_value(json_object_get(json_object_get(j, "key"), "actor"));
        h->capped += json_is_true(json_object_get(j, "capped"));
        if (!json_is_true(json_object_get(j, "capped"))) json_object_set_new(h->actors, actor, json_true());
    }
    json_decref(j);
    return true;
}

static void hear_notice(void *world, const char *line, size_t len)
{
    struct heard *h = world;
    json_t *j = json_loadb(line, len, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(j, "rule")), "chain");
    assert_string_equal(json_string_value(json_object_get(j, "account")), "111122223333");
    json_object_set_new(h->owners, json_string_value(json_object_get(j, "principal")), json_true());
    json_decref(j);
}

static csr_ruleset *compile_text(const char *text)
{
    struct csr_text one = {"test.csr", text, strlen(text)};
    csr_ruleset *rs =
        csr_compile(&(struct csr_compile_options){.texts = &one, .n_texts = 1, .without_lints = true}, NULL);
    assert_non_null(rs);
    return rs;
}

static void decoys_flush_nobody_else(void **unused)
{
    (void)unused;
    struct folder f = folder_new();
    const char *path = folder_at(&f, "flood.ndjson");
    struct csr_cap cap = {"keys", ROOM};
    csr_ruleset *rs = compile_text(chain);
    write_flood(path);
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct heard h = {json_object(), json_object(), 0};
        struct csr_replay_result r;
        struct csr_replay_options o = {.paths = &path,
                                       .n_paths = 1,
                                       .threads = threads,
                                       .lateness = -1,
                                       .world = &h,
                                       .incident = hear,
                                       .notice = hear_notice,
                                       .caps = &cap,
                                       .n_caps = 1};
        assert_int_equal(csr_replay(rs, &o, &r), CSR_OK);
        /* All users, both sessions of the other role, and the attacker's own, which had got further than his
         * decoys. */
        assert_int_equal(json_object_size(h.actors), USERS + 3);
        assert_int_equal(h.capped, 0);
        assert_true(r.counts.keys_evicted >= DECOYS - ROOM);
        assert_int_equal(json_object_size(h.owners), 1);
        assert_non_null(json_object_get(h.owners, "arn:aws:iam::111122223333:role/stolen"));
        json_decref(h.actors), json_decref(h.owners);
    }
    csr_ruleset_free(rs);
    folder_remove(&f);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

#define MEMORY UINT64_C(2000000) /* of one partition: all keys come to it here */

struct flood {
    struct state *state;
    struct caller caller;
    const struct ir_rule *rule;
    uint64_t seed, seq;
};

/* Evidence and identity are long now and then, as somebody chooses them. */
static void send(struct flood *f, uint32_t role, uint32_t session, uint32_t step, int64_t second)
{
    static char filler[4096];
    char identity[32];
    if (!filler[0]) memset(filler, 'x', sizeof filler);
    struct owner owner = {.id = {{1, 1}, {2, role}, {100 + role, session}}};
    struct value captures[8];
    struct hit h = {.seq = f->seq++,
                    .second = second,
                    .step = step,
                    .key_hash = {role, session},
                    .key = {filler, 1 + below(&f->seed, 64)},
                    .owner = &owner,
                    .principal = owner.id[OWNER_PRINCIPAL],
                    .captures = captures,
                    .n_captures = f->rule->steps[step].n_captures};
    for (uint32_t i = 0; i < h.n_captures; i++)
        captures[i] = value_string((struct text){filler, below(&f->seed, chance(&f->seed, 5) ? 4000 : 40)});
    h.evidence.identity =
        (struct text){identity, (uint32_t)snprintf(identity, sizeof identity, "e%lu", h.seq)};
    state_hit(f->state, &h, &f->caller.out);
}

/* Sessions come and go, some with thousands of events, for a day. */
static void memory_stays_below_its_cap(void **unused)
{
    (void)unused;
    struct arena *arena = arena_new(0);
    struct ir *ir = compile_rule(
        arena,
        "use aws\n"
        "rule many { title \"{a.agent}\" severity high attack T1078 falsepos \"none\" by actor within 1h\n"
        "  step a: iam:CreateUser (ok) step b: iam:CreateAccessKey (ok)\n"
        "  match a[3..] -> b score 50 +10 if count(a) > 100 }\n");
    struct state_plan *plan = state_plan_new(ir);
    struct flood f = {.rule = &ir->rules[0], .seed = 1};
    uint64_t most = 0, most_system = 0, evicted = 0;
    f.state = state_new(&(struct caps){.memory = MEMORY * STATE_PARTITIONS});
    state_adopt(f.state, plan, NULL);
    caller_init(&f.caller, arena, f.state);
    for (int64_t i = 0; i < 120000; i++) {
        uint32_t role = 1 + below(&f.seed, 3);
        int64_t second = EPOCH + i / 2;
        send(&f, role, chance(&f.seed, 20) ? 1 : (uint32_t)i, chance(&f.seed, 90) ? 0 : 1, second);
        if (i % 256 == 0) state_watermark(f.state, second - 600, f.seq, &f.caller.out);
        if (i % 500) continue;
        struct state_counts n = {0};
        state_count(f.state, &n);
        assert_true(state_adds_up(&n));
        if (most < n.keys_bytes) most = n.keys_bytes;
        if (most_system < n.bytes) most_system = n.bytes;
        evicted = n.keys_evicted;
    }
    assert_true(most <= MEMORY);
    assert_true(most > MEMORY / 2); /* or it was no flood */
    assert_true(most_system < 2 * MEMORY);
    assert_true(evicted > 10000);
    caller_finish(&f.caller);
    struct state_counts n = {0};
    state_count(f.state, &n);
    assert_true(state_adds_up(&n));
    assert_int_equal(n.keys, 0);
    state_free(f.state);
    state_plan_free(plan);
    arena_free(arena);
}

/* ---- copies -------------------------------------------------------------------------------------------- */

static void a_record_of_a_forgotten_time_may_be_a_copy(void **unused)
{
    (void)unused;
    struct state_counts n = {0};
    struct state *s = state_new(&(struct caps){.identities = 100 * STATE_PARTITIONS});
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(state_seen(s, (struct hash128){i, i}, 60 * (int64_t)(i / 10)), SIGHTED_FIRST);
    assert_int_equal(state_seen(s, (struct hash128){0, 0}, 0), SIGHTED_AGAIN);
    assert_int_equal(state_seen(s, (struct hash128){7, 7000}, 700),
                     SIGHTED_FIRST); /* the first minute goes */
    assert_int_equal(state_seen(s, (struct hash128){0, 0}, 0), SIGHTED_UNSURE);
    assert_int_equal(state_seen(s, (struct hash128){10, 10}, 60), SIGHTED_AGAIN);
    state_count(s, &n);
    assert_int_equal(n.identities_evicted, 10);
    assert_int_equal(n.identities, 92);
    state_free(s);
}

/* ---- feeds --------------------------------------------------------------------------------------------- */

static void of_too_many_feeds_nobody_can_tell(void **unused)
{
    (void)unused;
    struct feeds f = {NULL, 0, 0};
    for (uint64_t i = 0; i < 3 * FEEDS_FRESH_MOST; i++)
        assert_true(feeds_note(&f, (struct hash128){i * 0x9e3779b97f4a7c15, i}, 1000));
    assert_int_equal(f.len, FEEDS_FRESH_MOST);
    assert_int_equal(feeds_newest(&f, (struct hash128){0, 0}), 1000);
    uint64_t last = 3 * FEEDS_FRESH_MOST - 1;
    assert_true(feeds_newest(&f, (struct hash128){last * 0x9e3779b97f4a7c15, last}) == INT64_MIN);
    assert_true(feeds_note(&f, (struct hash128){0, 0}, 2000)); /* those that have room go on */
    assert_int_equal(feeds_newest(&f, (struct hash128){0, 0}), 2000);
    free(f.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decoys_flush_nobody_else),
                                       cmocka_unit_test(memory_stays_below_its_cap),
                                       cmocka_unit_test(a_record_of_a_forgotten_time_may_be_a_copy),
                                       cmocka_unit_test(of_too_many_feeds_nobody_can_tell)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
