/* test_baselines.c - what is new and since when: against a list of all sightings, in any order of arrival.
 *
 * Random sightings over some weeks, a few hours apart, in random order within a disorder bound of a day. Each
 * is judged when it arrives, and once more after the watermark has passed it, as settling does.
 */
#include "tests/oracle/caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOUR     INT64_C(3600)
#define DAY      (24 * HOUR)
#define EPOCH    (1000 * DAY)
#define DISORDER DAY
#define MOST     60

static uint64_t seed;
static uint32_t below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % n);
}

/* ---- the naive baseline ------------------------------------------------------------------------------- */

enum what { BY_KEY, BY_ACCOUNT, BY_VALUE };

/* Every other record is of the other account. */
static uint64_t account_of(const struct touch *t)
{
    return t->seq % 2;
}

static bool is_of(const struct touch *a, const struct touch *b, enum what what)
{
    if (what == BY_ACCOUNT) return account_of(a) == account_of(b);
    return a->key.lo == b->key.lo && (what == BY_KEY || a->value.lo == b->value.lo);
}

struct past {
    bool is_there;
    int64_t first, last;
    uint32_t days; /* blocks of 24 hours before the present one that have a sighting */
};

static int compare_seconds(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* What was seen before t, of what has come so far. */
static struct past look_back(const struct ir_baseline *b, const struct touch *all, const bool *came,
                             uint32_t n, const struct touch *t, enum what what)
{
    int64_t seen[MOST], last = 0;
    uint32_t len = 0;
    struct past p = {.is_there = false};
    for (uint32_t i = 0; i < n; i++)
        if (came[i] && all[i].learns && all[i].second < t->second && is_of(&all[i], t, what))
            seen[len++] = all[i].second;
    qsort(seen, len, sizeof *seen, compare_seconds);
    for (uint32_t i = 0; i < len; i++) {
        if (!p.is_there || seen[i] - last > b->keep) p = (struct past){.is_there = true, .first = seen[i]};
        p.last = last = seen[i];
    }
    if (!p.is_there || t->second - last > b->keep) return (struct past){.is_there = false};
    for (int64_t block = 0; block < (t->second - p.first) / DAY; block++)
        for (uint32_t i = 0; i < len; i++)
            if (seen[i] >= p.first && (seen[i] - p.first) / DAY == block) {
                p.days++;
                break;
            }
    return p;
}

/* Of the earlier blocks of the key that have a sighting, the percentage without one of the value; -1: there
 * is none. */
static double look_for_rarity(const struct touch *all, const bool *came, uint32_t n, const struct touch *t,
                              const struct past *key, const struct past *value)
{
    uint32_t with_key = 0, with_value = 0;
    for (int64_t block = 0; key->is_there && block < (t->second - key->first) / DAY; block++) {
        bool has_key = false, has_value = false;
        for (uint32_t i = 0; i < n; i++) {
            if (!came[i] || !all[i].learns || all[i].second < key->first) continue;
            if ((all[i].second - key->first) / DAY != block) continue;
            has_key |= is_of(&all[i], t, BY_KEY);
            has_value |= value->is_there && all[i].second >= value->first && is_of(&all[i], t, BY_VALUE);
        }
        with_key += has_key, with_value += has_value;
    }
    return with_key ? 100.0 * (with_key - with_value) / with_key : -1;
}

static struct answer naive_answer(const struct ir_baseline *b, const struct touch *all, const bool *came,
                                  uint32_t n, const struct touch *t)
{
    struct past value = look_back(b, all, came, n, t, BY_VALUE), own = look_back(b, all, came, n, t, BY_KEY),
                key = own;
    if (!key.is_there) key = look_back(b, all, came, n, t, BY_ACCOUNT);
    return (struct answer){.is_known = !b->warmup || (key.is_there && t->second - key.first >= b->warmup),
                           .is_new = value.days < b->days,
                           .is_seen = value.is_there,
                           .age = value.is_there ? t->second - value.first : 0,
                           .has_history = own.is_there,
                           .since = own.is_there ? t->second - own.last : 0,
                           .rarity = look_for_rarity(all, came, n, t, &own, &value)};
}

/* ---- the comparison ----------------------------------------------------------------------------------- */

static bool same_of_value(struct answer a, struct answer b)
{
    return a.is_known == b.is_known && a.is_new == b.is_new && a.is_seen == b.is_seen && a.age == b.age;
}

static bool same_answer(struct answer a, struct answer b)
{
    return same_of_value(a, b) && a.has_history == b.has_history && a.since == b.since &&
           a.rarity == b.rarity;
}

/* What was shown and its account are touched apart; a key without history is known if its account is. */
static struct answer touch_both(struct state *s, struct touch t)
{
    struct touch account = t;
    struct answer got = state_touch(s, &t);
    account.is_account = true;
    account.key = (struct hash128){3, account_of(&t)};
    struct answer of_account = state_touch(s, &account);
    if (!got.has_history) got.is_known = of_account.is_known;
    return got;
}

static void expect(struct state *s, const struct ir_baseline *b, const struct touch *all, const bool *came,
                   uint32_t n, struct touch t, const char *when)
{
    struct answer expected = naive_answer(b, all, came, n, &t), got = touch_both(s, t);
    if (same_answer(expected, got)) return;
    printf("%s: key %lu value %lu account %lu at %ldh, keep %ldh warmup %ldh days %u\n", when, t.key.lo,
           t.value.lo, account_of(&t), (t.second - EPOCH) / HOUR, b->keep / HOUR, b->warmup / HOUR, b->days);
    printf("  expected known %d new %d seen %d age %ld history %d since %ld rarity %g\n", expected.is_known,
           expected.is_new, expected.is_seen, expected.age, expected.has_history, expected.since,
           expected.rarity);
    printf("  got      known %d new %d seen %d age %ld history %d since %ld rarity %g\n", got.is_known,
           got.is_new, got.is_seen, got.age, got.has_history, got.since, got.rarity);
    for (uint32_t i = 0; i < n; i++)
        if (came[i])
            printf("  key %lu value %lu account %lu at %ldh%s\n", all[i].key.lo, all[i].value.lo,
                   account_of(&all[i]), (all[i].second - EPOCH) / HOUR, all[i].learns ? "" : " not learnt");
    fail();
}

static int compare_touches(const void *a, const void *b)
{
    const struct touch *x = a, *y = b;
    return x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : 0;
}

/* seq is the time of arrival: within the disorder bound after the event's own. */
static uint32_t make_touches(struct touch *all)
{
    uint32_t n = 5 + below(MOST - 5), hours = 24 + below(24 * 20);
    for (uint32_t i = 0; i < n; i++) {
        int64_t second = EPOCH + (int64_t)below(hours) * HOUR;
        all[i] =
            (struct touch){.second = second,
                           .learns = below(10) > 0,
                           .asks = true,
                           .key = {1, below(3)},
                           .value = {2, below(4)},
                           .seq = (uint64_t)second * 100 + below((uint32_t)DISORDER) * UINT64_C(100) + i};
    }
    qsort(all, n, sizeof *all, compare_touches);
    return n;
}

static void ask_settled(struct state *s, const struct ir_baseline *b, const struct touch *all,
                        const bool *came, uint32_t n, int64_t from, int64_t to)
{
    for (uint32_t i = 0; i < n; i++) {
        struct touch t = all[i];
        t.learns = false;
        if (t.second > from && t.second <= to) expect(s, b, all, came, n, t, "settled");
    }
}

static void answers_do_not_depend_on_arrival(void **unused)
{
    (void)unused;
    for (uint32_t round = 0; round < 3000; round++) {
        struct touch all[MOST];
        bool came[MOST] = {false};
        int64_t newest = 0, watermarks[STATE_ASK_MOVES + MOST] = {0};
        seed = round;
        struct ir_baseline b = {
            .name = TEXT("b"), .keep = (1 + below(6)) * DAY, .warmup = below(4) * DAY, .days = 1 + below(4)};
        struct ir_ask asks[] = {{.kind = IR_ASK_SINCE}, {.kind = IR_ASK_RARITY}};
        struct ir_rule asker = {.asks = asks, .n_asks = 2, .where = IR_NONE};
        struct ir ir = {.baselines = &b, .n_baselines = 1, .rules = &asker, .n_rules = 1};
        struct state_plan *plan = state_plan_new(&ir);
        struct state *s = state_new(NULL);
        uint32_t n = make_touches(all), moves = 1, lag = 1 + below(STATE_ASK_MOVES - 1);
        state_adopt(s, plan, NULL);
        for (uint32_t i = 0; i < n; i++) {
            expect(s, &b, all, came, n, all[i], "at once"); /* this learns it too */
            came[i] = true;
            if (all[i].second > newest) newest = all[i].second;
            if (below(3)) continue;
            watermarks[moves] = newest - DISORDER;
            if (watermarks[moves] <= watermarks[moves - 1]) continue;
            state_learn(s, watermarks[moves]);
            if (moves > lag)
                ask_settled(s, &b, all, came, n, watermarks[moves - lag - 1], watermarks[moves - lag]);
            moves++;
        }
        state_free(s);
        state_plan_free(plan);
    }
}

/* ---- by example --------------------------------------------------------------------------------------- */

struct example {
    const char *name;
    int64_t seen[4]; /* hours */
    uint32_t n;
    int64_t at; /* hours */
    struct answer expected;
};

static void examples(void **unused)
{
    /* keep 10d, warmup 1d, days 2 */
    static const struct example table[] = {
        {"never seen, no history", {0}, 0, 5, {false, true, false, 0}},
        {"an hour's wait makes nothing familiar", {0}, 1, 1, {false, true, true, HOUR}},
        {"same second is not yet seen", {5}, 1, 5, {false, true, false, 0}},
        {"one day is not two", {0, 1}, 2, 25, {true, true, true, 25 * HOUR}},
        {"two days", {0, 25}, 2, 50, {true, false, true, 50 * HOUR}},
        {"the second day's own sightings do not count on it", {0, 25}, 2, 26, {true, true, true, 26 * HOUR}},
        {"kept to the end of keep", {0, 25}, 2, 25 + 240, {true, false, true, 265 * HOUR}},
        {"begins anew behind it", {0, 25}, 2, 25 + 241, {false, true, false, 0}},
        {"a new life has its own days", {0, 25, 300}, 3, 301, {false, true, true, HOUR}},
    };
    struct ir_baseline b = {.name = TEXT("b"), .keep = 10 * DAY, .warmup = DAY, .days = 2};
    struct ir ir = {.baselines = &b, .n_baselines = 1};
    (void)unused;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int learnt = 0; learnt < 2; learnt++) { /* in the tail, and in lives */
            struct state_plan *plan = state_plan_new(&ir);
            struct state *s = state_new(NULL);
            struct touch t = {.key = {1, 1}, .value = {1, 1}, .learns = true};
            state_adopt(s, plan, NULL);
            for (uint32_t k = 0; k < table[i].n; k++) {
                t.second = EPOCH + table[i].seen[k] * HOUR;
                state_touch(s, &t);
            }
            for (int64_t move = 0; learnt && move <= STATE_ASK_MOVES; move++)
                state_learn(s, EPOCH + table[i].at * HOUR - 20 + move);
            t = (struct touch){
                .second = EPOCH + table[i].at * HOUR, .key = {1, 1}, .value = {1, 1}, .asks = true};
            struct answer got = state_touch(s, &t);
            if (!same_of_value(got, table[i].expected))
                print_error("%s (learnt %d)\n", table[i].name, learnt);
            assert_true(same_of_value(got, table[i].expected));
            state_free(s);
            state_plan_free(plan);
        }
}

struct sighting {
    int64_t hour;
    uint64_t value;
};
struct tale {
    const char *name;
    struct sighting seen[5];
    uint32_t n;
    int64_t at;    /* hours; value 1 is asked about */
    int64_t since; /* hours; 0: there is no history */
    double rarity; /* negative: unknown */
};

static void tell(const struct ir *ir, const struct tale *tale, bool learnt)
{
    struct state_plan *plan = state_plan_new(ir);
    struct state *s = state_new(NULL);
    struct touch t = {.key = {1, 1}, .learns = true};
    state_adopt(s, plan, NULL);
    for (uint32_t k = 0; k < tale->n; k++) {
        t.second = EPOCH + tale->seen[k].hour * HOUR;
        t.value = (struct hash128){2, tale->seen[k].value};
        state_touch(s, &t);
    }
    for (int64_t move = 0; learnt && move <= STATE_ASK_MOVES; move++)
        state_learn(s, EPOCH + tale->at * HOUR - 20 + move);
    t = (struct touch){.second = EPOCH + tale->at * HOUR, .key = {1, 1}, .value = {2, 1}, .asks = true};
    struct answer got = state_touch(s, &t);
    if (got.since != tale->since * HOUR || got.rarity != tale->rarity)
        print_error("%s: since %ld rarity %g\n", tale->name, got.since / HOUR, got.rarity);
    assert_int_equal(got.has_history, tale->since != 0);
    assert_int_equal(got.since, tale->since * HOUR);
    assert_true(got.rarity == tale->rarity);
    state_free(s);
    state_plan_free(plan);
}

static void tales_of_keys(void **unused)
{
    /* keep 10d */
    static const struct tale table[] = {
        {"never seen", {{0}}, 0, 5, 0, -1},
        {"the last record of the key, whatever its value", {{0, 1}, {3, 2}}, 2, 5, 2, -1},
        {"same second is not yet seen", {{0, 2}, {5, 2}}, 2, 5, 5, -1},
        {"the present day is left out", {{0, 2}, {25, 1}}, 2, 30, 5, 100},
        {"one of two days", {{0, 2}, {25, 1}, {26, 1}}, 3, 50, 24, 50},
        {"days count from the key's first record", {{0, 2}, {20, 1}, {25, 2}}, 3, 50, 25, 50},
        {"days without the key do not count", {{0, 1}, {100, 2}}, 2, 130, 30, 50},
        {"kept to the end of keep", {{0, 1}}, 1, 240, 240, 0},
        {"a key begins anew behind it", {{0, 1}}, 1, 241, 0, -1},
        {"a value begins anew behind it", {{0, 1}, {200, 2}}, 2, 241, 41, 100},
    };
    struct ir_ask asks[] = {{.kind = IR_ASK_SINCE}, {.kind = IR_ASK_RARITY}};
    struct ir_rule asker = {.asks = asks, .n_asks = 2, .where = IR_NONE};
    struct ir_baseline b = {.name = TEXT("b"), .keep = 10 * DAY, .days = 1};
    struct ir ir = {.baselines = &b, .n_baselines = 1, .rules = &asker, .n_rules = 1};
    (void)unused;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int learnt = 0; learnt < 2; learnt++) tell(&ir, &table[i], learnt);
}

static void a_full_table_forgets_the_oldest(void **unused)
{
    struct ir_baseline b = {.name = TEXT("b"), .keep = 10 * DAY, .days = 1};
    struct ir ir = {.baselines = &b, .n_baselines = 1};
    struct state_plan *plan = state_plan_new(&ir);
    struct state *s = state_new(&(struct caps){.values = 8 * STATE_PARTITIONS});
    struct state_counts counts = {0};
    (void)unused;
    state_adopt(s, plan, NULL);
    for (uint32_t i = 0; i < 100; i++) {
        struct touch t = {.second = EPOCH + i, .key = {1, 1}, .value = {1, i}, .learns = true};
        state_touch(s, &t);
    }
    state_count(s, &counts);
    assert_true(counts.baseline_values <= 8);
    state_free(s);
    state_plan_free(plan);
}

static void what_is_unseen_for_keep_is_freed(void **unused)
{
    struct ir_baseline b = {.name = TEXT("b"), .keep = DAY, .days = 1};
    struct ir ir = {.baselines = &b, .n_baselines = 1};
    struct state_plan *plan = state_plan_new(&ir);
    struct state *s = state_new(NULL);
    struct state_counts counts = {0};
    (void)unused;
    state_adopt(s, plan, NULL);
    for (uint32_t i = 0; i < 50; i++) {
        struct touch t = {.second = EPOCH + i, .key = {1, i}, .value = {1, i}, .learns = true};
        state_touch(s, &t);
    }
    for (int64_t move = 0; move < 2 * STATE_ASK_MOVES; move++) state_learn(s, EPOCH + 3 * DAY + move);
    state_count(s, &counts);
    assert_int_equal(counts.baseline_values, 0);
    state_free(s);
    state_plan_free(plan);
}

/* With new rules a baseline goes on, unless what it is of has changed. */
static void a_changed_baseline_begins_anew(void **unused)
{
    struct ir_baseline b = {.name = TEXT("b"), .keep = 10 * DAY, .days = 1, .fingerprint = {1, 2}};
    struct ir ir = {.baselines = &b, .n_baselines = 1};
    struct state_plan *old = state_plan_new(&ir);
    struct state *s = state_new(NULL);
    struct touch t = {.second = EPOCH, .key = {1, 1}, .value = {1, 1}, .learns = true};
    (void)unused;
    state_adopt(s, old, NULL);
    state_touch(s, &t);
    t = (struct touch){.second = EPOCH + HOUR, .key = {1, 1}, .value = {1, 1}, .asks = true};
    for (uint64_t changes = 0; changes < 2; changes++) {
        b.fingerprint[1] += changes;
        struct state_plan *plan = state_plan_new(&ir);
        state_adopt(s, plan, NULL);
        state_plan_free(old);
        old = plan;
        assert_int_equal(state_touch(s, &t).has_history, !changes);
    }
    state_free(s);
    state_plan_free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(tales_of_keys),
        cmocka_unit_test(answers_do_not_depend_on_arrival),
        cmocka_unit_test(a_full_table_forgets_the_oldest),
        cmocka_unit_test(what_is_unseen_for_keep_is_freed),
        cmocka_unit_test(a_changed_baseline_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
