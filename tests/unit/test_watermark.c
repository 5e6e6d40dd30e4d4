/* watermark.c and vec.c: how far the input has come, and memory that is kept from batch to batch. */
#include "engine/run/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#define RECORDS_MOST 64u
#define DISORDER     600
#define MAX_LAG      1800
#define UNMOVED      INT64_MIN

/* ---- a batch by hand ----------------------------------------------------------------------------------- */

struct bench {
    struct watermark w;
    struct batch b;
    uint8_t asides[RECORDS_MOST];
    int64_t seconds[RECORDS_MOST];
    bool ahead[RECORDS_MOST];
    uint32_t showing_of[RECORDS_MOST];
};

static void bench_init(struct bench *h)
{
    *h = (struct bench){.w = WATERMARK_NOTHING};
    h->b = (struct batch){
        .asides = h->asides, .seconds = h->seconds, .is_ahead = h->ahead, .showing_of = h->showing_of};
}

static void bench_release(struct bench *h)
{
    watermark_release(&h->w);
    free(h->b.showings.at);
    free(h->b.turns.at);
}

/* One more record of the feed with this name. */
static void add(struct bench *h, char feed, int64_t second, bool is_ahead)
{
    struct batch *b = &h->b;
    struct hash128 id = {7, (uint64_t)feed * 64}; /* all at one place of the table */
    uint32_t k = 0;
    while (k < b->showings.len && !hash128_equal(b->showings.at[k].id, id)) k++;
    if (k == b->showings.len)
        *VEC_PUSH(&b->showings) =
            (struct showing){.id = id, .disorder = feed == 'Z' ? 60 : DISORDER, .max_lag = MAX_LAG};
    h->asides[b->n] = ASIDE_NONE;
    h->seconds[b->n] = second;
    h->ahead[b->n] = is_ahead;
    h->showing_of[b->n++] = k;
}

static void fold(struct bench *h, bool ticks)
{
    h->b.ticks = ticks;
    h->b.turns.len = 0;
    assert_true(watermark_fold(&h->w, &h->b));
    h->b.n = h->b.showings.len = 0;
}

/* ---- by hand ------------------------------------------------------------------------------------------- */

/* A line: `feed second` pieces of one batch, `!` behind what is dated ahead, `@n` the clock, `?` no tick;
 * then where the watermark is behind it (less 1,000,000), and which feeds turned, upper case for those that
 * began to lag. */
struct line {
    const char *records;
    int64_t passed;
    const char *turns;
};

static void read_line(struct bench *h, const char *at, bool *ticks)
{
    *ticks = true;
    while (*at) {
        char what = *at++, *end;
        if (what == ' ') continue;
        if (what == '?') *ticks = false;
        if (what == '?') continue;
        int64_t number = strtoll(at, &end, 10);
        at = end;
        if (what == '@')
            h->b.clock = number;
        else
            add(h, what, 1000000 + number, *at == '!');
        at += *at == '!';
    }
}

static void check_lines(const struct line *lines, size_t n, bool in_order)
{
    struct bench h;
    char names[64] = {0}; /* of feeds, by number */
    bench_init(&h);
    h.b.in_order = in_order;
    for (size_t i = 0; i < n; i++) {
        bool ticks;
        char turns[64];
        size_t len = 0;
        read_line(&h, lines[i].records, &ticks);
        for (uint32_t k = 0; k < h.b.showings.len; k++) /* numbers are given in order of first showing */
            if (!strchr(names, (char)(h.b.showings.at[k].id.lo / 64)))
                names[strlen(names)] = (char)(h.b.showings.at[k].id.lo / 64);
        fold(&h, ticks);
        for (uint32_t k = 0; k < h.b.turns.len; k++)
            turns[len++] = (char)(names[h.b.turns.at[k].number] + (h.b.turns.at[k].lags ? 0 : 'a' - 'A'));
        turns[len] = '\0';
        if (h.b.passed != (lines[i].passed == UNMOVED ? INT64_MIN : 1000000 + lines[i].passed))
            fail_msg("line %zu (%s): passed %ld", i, lines[i].records, (long)(h.b.passed - 1000000));
        assert_string_equal(turns, lines[i].turns);
    }
    bench_release(&h);
}

#define CHECK(...)                                                                                           \
    do {                                                                                                     \
        static const struct line lines[] = {__VA_ARGS__};                                                    \
        check_lines(lines, sizeof lines / sizeof *lines, false);                                             \
    } while (0)

static void test_one_feed(void **state)
{
    (void)state;
    CHECK({"", UNMOVED, ""},           /* nothing yet */
          {"A5000?", UNMOVED, ""},     /* no tick */
          {"", 4400, ""},              /* the tick behind it */
          {"A4000", 4400, ""},         /* never back */
          {"A5100 A3 A4999", 4500, ""} /* an old straggler is late, the feed is not lagging */
    );
}

static void test_least_of_feeds(void **state)
{
    (void)state;
    CHECK({"A5000 B4000", 3400, ""}, /* B holds A up */
          {"A5790", 3400, ""},       /* … as long as it is no more than half an hour behind */
          {"A5800", 3400, ""},       /* exactly that */
          {"A5801", 5201, ""},       /* now it is idle */
          {"B5802", 5201, ""},       /* back with a record of its own time: A is the least */
          {"A5900", 5202, ""},       /* B is */
          {"Z5850", 5202, ""},       /* a minute's disorder: 5790 */
          {"A6900 B6900", 5790, ""}, /* Z is */
          {"Z6900", 6300, ""});
}

static void test_lagging(void **state)
{
    (void)state;
    CHECK({"A9000 B9000", 8400, ""},
          {"C7199", 8400, "C"}, /* new, and what it shows is old: it holds nobody up */
          {"A9100 B9100", 8500, ""},
          {"C7300", 8500, "c"}, /* half an hour behind A: back, and it holds them */
          {"A9101 B9101", 8501, ""}, {"C7301 A9102", 8501, ""}); /* B is */
}

static void test_ahead(void **state)
{
    (void)state;
    CHECK({"A5000 B999999!", 4400, ""}, /* a feed that showed nothing else holds nobody */
          {"A5100 B5050", 4450, ""}, {"A999999! B5100", 4500, ""}, {"A5200 B5200", 4600, ""});
}

/* A live input: what shows nothing moves with the clock. */
static void test_clock(void **state)
{
    (void)state;
    CHECK({"@10 A5000 B4900", 4300, ""}, {"@17", 4307, ""}, {"@20 A5009", 4310, ""}, {"@100 A5090", 4390, ""},
          {"@110 B4950", 4390, ""}, /* it is slower than the clock; the watermark does not go back */
          {"@160 A5150", 4400, ""}, {"@5000", 9240, ""}); /* both are idle, B is 50 s behind A's … */
}

static void test_in_order(void **state)
{
    (void)state;
    static const struct line lines[] = {
        {"A5000 B5000", 4400, ""}, {"A9000", 8400, ""}, {"A20000 B20001", 19401, ""}, {"Z20002", 19402, ""}};
    check_lines(lines, sizeof lines / sizeof *lines, true);
}

static void test_end(void **state)
{
    (void)state;
    struct bench h;
    bench_init(&h);
    h.b.is_end = true;
    fold(&h, true);
    assert_int_equal(h.b.passed, INT64_MAX); /* also of nothing */
    fold(&h, true);
    assert_int_equal(h.b.before, INT64_MAX);
    bench_release(&h);
}

static void test_far_past(void **state)
{
    (void)state;
    struct bench h;
    bench_init(&h);
    add(&h, 'A', INT64_MIN + 5, false);
    fold(&h, true);
    assert_int_equal(h.b.passed, INT64_MIN);
    bench_release(&h);
}

/* ---- by chance: what a definition that remembers everything says --------------------------------------- */

#define FEEDS 6

struct past {
    int64_t newest[FEEDS];
    int64_t all, passed;
};

static uint32_t below(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % n;
}

static int64_t define(struct past *p)
{
    int64_t least = INT64_MAX;
    for (int f = 0; f < FEEDS; f++)
        if (p->newest[f] != INT64_MIN && p->newest[f] >= p->all - MAX_LAG && p->newest[f] - DISORDER < least)
            least = p->newest[f] - DISORDER;
    if (least != INT64_MAX && least > p->passed) p->passed = least;
    return p->passed;
}

/* Feeds of different pace, some of which fall silent or behind; batches of any size between the same ticks.
 */
static void test_any_batches(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct bench h[2];
        struct past p = {.passed = INT64_MIN, .all = INT64_MIN};
        uint64_t s = seed, cut = seed * 77;
        int64_t now = 1000000;
        for (int f = 0; f < FEEDS; f++) p.newest[f] = INT64_MIN;
        bench_init(&h[0]);
        bench_init(&h[1]);
        for (int tick = 0; tick < 40; tick++) {
            for (uint32_t i = 0, n = below(&s, RECORDS_MOST); i < n; i++) {
                uint32_t f = below(&s, FEEDS);
                now += below(&s, 1 + (f + tick) % 5 * 20);
                int64_t second = now - below(&s, 1 + f * (uint32_t)(tick % 7) * 150);
                if (tick / 5 % FEEDS == (int)f) continue; /* it is silent */
                add(&h[0], (char)('A' + f), second, false);
                add(&h[1], (char)('A' + f), second, false);
                if (!below(&cut, 4)) fold(&h[1], false);
                if (second > p.newest[f]) p.newest[f] = second;
                if (second > p.all) p.all = second;
            }
            fold(&h[0], true);
            fold(&h[1], true);
            int64_t want = define(&p);
            assert_int_equal(h[0].b.passed, want);
            assert_int_equal(h[1].b.passed, want);
        }
        assert_int_equal(h[0].w.feeds.len, FEEDS);
        bench_release(&h[0]);
        bench_release(&h[1]);
    }
}

/* Feeds that are up to half an hour apart, whose records are each within the disorder of their own: none is
 * late (semantics 16.2), though the newest of all is far ahead of most. */
static void test_nothing_late_within_bounds(void **state)
{
    (void)state;
    uint32_t far = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct bench h;
        uint64_t s = seed;
        int64_t now = 1000000, lags[FEEDS] = {0}, newest[FEEDS];
        bench_init(&h);
        for (uint32_t f = 0; f < FEEDS; f++) {
            if (f) lags[f] = below(&s, MAX_LAG - 20);
            newest[f] = now - lags[f];
            add(&h, (char)('A' + f), newest[f], false);
        }
        fold(&h, true);
        for (uint32_t i = 0; i < 2000; i++) {
            uint32_t f = i % FEEDS;
            now += below(&s, 2);
            int64_t second = now - lags[f] - (below(&s, 3) ? 0 : below(&s, DISORDER));
            if (second > newest[f]) newest[f] = second;
            if (second <= newest[f] - DISORDER) continue;
            assert_true(second > h.w.passed);
            far += now - second > DISORDER;
            add(&h, (char)('A' + f), second, false);
            if (h.b.n == RECORDS_MOST || !below(&s, 40)) fold(&h, true);
        }
        assert_true(h.w.passed > 1000000 - MAX_LAG - DISORDER); /* and it moves */
        bench_release(&h);
    }
    assert_true(far > 50000);
}

/* Many more feeds than the table begins with are each found again. */
static void test_many_feeds(void **state)
{
    (void)state;
    struct bench h;
    bench_init(&h);
    for (int turn = 0; turn < 2; turn++)
        for (uint32_t i = 0; i < 5000; i++) {
            *VEC_PUSH(&h.b.showings) =
                (struct showing){.id = {i, i * 0x9e3779b97f4a7c15}, .disorder = DISORDER, .max_lag = MAX_LAG};
            h.asides[0] = ASIDE_NONE;
            h.seconds[0] = 1000000 + i % 1000 + turn;
            h.showing_of[0] = 0;
            h.b.n = 1;
            fold(&h, i == 4999);
        }
    assert_int_equal(h.w.feeds.len, 5000);
    assert_int_equal(h.b.passed, 1000000 + 1 - DISORDER);
    bench_release(&h);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void test_vec(void **state)
{
    (void)state;
    struct VEC(uint32_t) v = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t *place = VEC_PUSH(&v);
        assert_non_null(place);
        *place = i;
    }
    uint32_t *before = v.at;
    v.len = 0;
    for (uint32_t i = 0; i < 1000; i++) *VEC_PUSH(&v) = i;
    assert_ptr_equal(v.at, before); /* kept */
    for (uint32_t i = 0; i < 1000; i++) assert_int_equal(v.at[i], i);
    free(v.at);
}

static void test_pool(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 8, 100000, 3, 65536, 17, 200000, 1};
    struct pool p = {0};
    char *first[8];
    for (int turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < 8; i++) {
            char *taken = pool_take(&p, sizes[i]);
            assert_non_null(taken);
            assert_int_equal((uintptr_t)taken % 8, 0);
            memset(taken, (int)i, sizes[i]);
            if (turn == 0)
                first[i] = taken;
            else
                assert_ptr_equal(taken, first[i]); /* the same chunks again: nothing is allocated */
        }
        for (size_t i = 0; i < 8; i++)
            for (size_t at = 0; at < sizes[i]; at++) assert_int_equal(first[i][at], i);
        pool_reset(&p);
    }
    pool_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_feed),    cmocka_unit_test(test_least_of_feeds),
        cmocka_unit_test(test_lagging),     cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_clock),       cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_end),         cmocka_unit_test(test_far_past),
        cmocka_unit_test(test_any_batches), cmocka_unit_test(test_nothing_late_within_bounds),
        cmocka_unit_test(test_many_feeds),  cmocka_unit_test(test_vec),
        cmocka_unit_test(test_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
