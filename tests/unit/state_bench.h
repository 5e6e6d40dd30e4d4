/* state_bench.h - engine/state with one rule, and hits made by hand: step, second, identity.
 *
 * Rules are compiled from text. Values that a rule captures are the hit's identity, or what the test gives.
 */
#ifndef CSR_TESTS_UNIT_STATE_BENCH_H
#define CSR_TESTS_UNIT_STATE_BENCH_H

#include "tests/oracle/caller.h"
#include "tests/unit/compiled.h"

#include <stdlib.h>

#define EPOCH INT64_C(1000000)

struct bench {
    struct arena *arena;
    struct ir *ir;
    struct state_plan *plan;
    struct state *state;
    struct caller caller;
    uint64_t seq;
    const char *key;   /* of the next hits */
    const char *value; /* that they capture; NULL: their identity */
    const char *join;  /* that they agree on; NULL: none */
    struct answer now, for_good;
    bool has_account; /* the next hits; then answers to number 1 and to the account are `account` */
    struct answer account;
    uint32_t n_taken, n_given_back; /* by exceptions, where a test counts that */
};

static inline struct answer answer_now(void *world, uint32_t number)
{
    const struct bench *b = world;
    return number ? b->account : b->now;
}

static inline struct answer answer_for_good(void *world, const struct touch *t)
{
    const struct bench *b = world;
    return t->is_account ? b->account : b->for_good;
}

static inline void open_limited(struct bench *b, const char *rule, const struct caps *caps)
{
    *b = (struct bench){
        .arena = arena_new(0), .key = "key", .now = {.is_known = true}, .for_good = {.is_known = true}};
    b->ir = compile_rule(b->arena, rule);
    b->plan = state_plan_new(b->ir);
    b->state = state_new(caps);
    state_adopt(b->state, b->plan, NULL);
    caller_init(&b->caller, b->arena, b->state);
    b->caller.world = b;
    b->caller.now = answer_now, b->caller.for_good = answer_for_good;
}

static inline void open_bench(struct bench *b, const char *rule)
{
    open_limited(b, rule, NULL);
}

/* Everything must be accounted for, and nothing left. */
static inline void close_bench(struct bench *b)
{
    struct state_counts n = {0};
    caller_finish(&b->caller);
    state_count(b->state, &n);
    assert_int_equal(n.made, n.completed + n.expired + n.vetoed + n.superseded + n.merged + n.dropped +
                                 n.evicted + n.live);
    assert_int_equal(n.live, 0);
    assert_int_equal(n.keys, 0);
    assert_int_equal(n.incidents_open, 0);
    assert_false(state_waits(b->state));
    state_free(b->state);
    state_plan_free(b->plan);
    arena_free(b->arena);
}

static inline struct hash128 hash_of(const char *what, const char *text)
{
    static const uint64_t key[2] = {1, 2};
    struct hash128 a = hash_128(key, what, strlen(what)), b = hash_128(key, text, strlen(text));
    return (struct hash128){a.hi ^ b.hi, a.lo + b.lo};
}

static inline void hit(struct bench *b, const char *step, int64_t second, const char *identity)
{
    const struct ir_rule *r = &b->ir->rules[0];
    uint32_t s = 0;
    while (s < r->n_steps && !text_equal(r->steps[s].name, text_of(step))) s++;
    assert_true(s < r->n_steps);
    struct value captures[16];
    struct hash128 joins[8] = {{0, 0}};
    struct hit_ask asks[8];
    struct hit h = {.seq = b->seq++,
                    .second = EPOCH + second,
                    .step = s,
                    .key_hash = hash_of("key", b->key),
                    .key = text_of(b->key),
                    .joins = joins,
                    .n_joins = r->n_joins,
                    .asks = asks,
                    .captures = captures,
                    .n_captures = r->steps[s].n_captures};
    h.evidence.identity = text_of(identity);
    h.evidence.account = TEXT("111122223333");
    for (uint32_t i = 0; i < h.n_captures; i++)
        captures[i] = value_string(text_of(b->value ? b->value : identity));
    for (uint32_t i = 0; i < r->n_joins && b->join; i++) joins[i] = hash_of("join", b->join);
    for (uint32_t i = 0; i < r->n_asks; i++)
        if (r->asks[i].step == s)
            asks[h.n_asks++] = (struct hit_ask){.ask = i,
                                                .key = {1, 1},
                                                .value = {2, 2},
                                                .account = {b->has_account, b->has_account},
                                                .account_answer = 1};
    state_hit(b->state, &h, &b->caller.out);
}

static inline void watermark(struct bench *b, int64_t second)
{
    state_watermark(b->state, EPOCH + second, b->seq, &b->caller.out);
}

static inline uint32_t told(const struct bench *b)
{
    return b->caller.told.len;
}
static inline const struct told *last(const struct bench *b)
{
    assert_true(told(b) > 0);
    return &b->caller.told.at[told(b) - 1];
}
static inline uint32_t told_as(const struct bench *b, enum incident_state state)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < told(b); i++) n += b->caller.told.at[i].state == state;
    return n;
}
static inline void assert_last(const struct bench *b, enum incident_state state, int32_t score,
                               int64_t opened)
{
    if (last(b)->state != state)
        print_error("%s, not %s\n", incident_state_name(last(b)->state), incident_state_name(state));
    assert_int_equal(last(b)->state, state);
    assert_int_equal(last(b)->score, score);
    assert_int_equal(last(b)->opened, EPOCH + opened);
}

#define HEAD    "use aws\nrule r { title \"t {a.req.x}\" severity medium by actor within 1m "
#define STEPS   " step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) step c: iam:CreateGroup (ok) "
#define CHAIN   HEAD STEPS " match a -> b -> c? score 40 +20 if exists c once for 2m }"
#define SINGLE  "use aws\nrule r { title \"t\" severity high once for 1m on iam:CreateUser (ok) }"
#define COUNTED HEAD " step a: iam:CreateUser (ok) match a[2..] score 10 +10 if count(a) >= 4 open at 5 }"

#endif
