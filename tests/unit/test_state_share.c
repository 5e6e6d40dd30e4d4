/* Fair shares: who gives next, against a search of everything that is held. */
#include "engine/state/share.h"
#include "tests/oracle/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define HELD_MOST 200
#define NAMES     4

struct held {
    struct share_member member;
    uint32_t name[OWNERS]; /* numbers: account, principal, session */
    bool is_held;
};

struct bench {
    struct slab slab;
    struct shares shares;
    struct held held[HELD_MOST];
    uint64_t seed;
};

static struct owner owner_of(const struct held *h, char text[OWNERS][16])
{
    struct owner o;
    uint64_t path = 0;
    for (int level = 0; level < OWNERS; level++) {
        path = path * NAMES + h->name[level] + 1;
        o.id[level] = (struct hash128){path * 0x9e3779b97f4a7c15, path};
        o.name[level] = (struct text){text[level], (uint32_t)sprintf(text[level], "n%u", h->name[level])};
    }
    return o;
}

static void join(struct bench *b, struct held *h)
{
    char text[OWNERS][16];
    for (int level = 0; level < OWNERS; level++) h->name[level] = below(&b->seed, NAMES);
    struct owner o = owner_of(h, text);
    share_join(&b->shares, &h->member, &o, 1 + below(&b->seed, 3) * below(&b->seed, 20),
               (uint8_t)below(&b->seed, SHARE_RANKS));
    h->is_held = true;
}

static bool is_below(const struct held *h, const struct held *like, int levels)
{
    for (int level = 0; level < levels; level++)
        if (h->name[level] != like->name[level]) return false;
    return true;
}

static uint64_t weight_below(const struct bench *b, const struct held *like, int levels)
{
    uint64_t weight = 0;
    for (uint32_t i = 0; i < HELD_MOST; i++)
        if (b->held[i].is_held && is_below(&b->held[i], like, levels)) weight += b->held[i].member.weight;
    return weight;
}

static uint8_t rank_below(const struct bench *b, const struct held *like, int levels)
{
    uint8_t least = SHARE_RANKS;
    for (uint32_t i = 0; i < HELD_MOST; i++)
        if (b->held[i].is_held && is_below(&b->held[i], like, levels) && b->held[i].member.rank < least)
            least = b->held[i].member.rank;
    return least;
}

/* Among what stands below the same owner no one holds more, and its share is one with the heaviest. */
static void expect_next(const struct bench *b, const struct held *next)
{
    for (uint32_t i = 0; i < HELD_MOST; i++) {
        const struct held *h = &b->held[i];
        if (!h->is_held) continue;
        for (int level = 1; level <= OWNERS; level++) {
            if (!is_below(h, next, level - 1)) break;
            uint64_t mine = weight_below(b, next, level), other = weight_below(b, h, level);
            assert_true(mine >= other);
        }
        if (is_below(h, next, OWNERS)) assert_true(next->member.rank <= h->member.rank);
    }
    assert_int_equal(next->member.rank, rank_below(b, next, OWNERS));
}

static void leave(struct bench *b, struct held *h)
{
    share_leave(&b->shares, &h->member);
    h->is_held = false;
}

static void move_one(struct bench *b)
{
    struct held *h = &b->held[below(&b->seed, HELD_MOST)];
    if (!h->is_held)
        join(b, h);
    else if (chance(&b->seed, 40))
        leave(b, h);
    else
        share_change(&b->shares, &h->member, 1 + below(&b->seed, 40), (uint8_t)below(&b->seed, SHARE_RANKS));
}

static void who_gives_is_who_holds_most(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct bench b = {.seed = seed};
        shares_init(&b.shares, &b.slab);
        for (int i = 0; i < 600; i++) {
            move_one(&b);
            struct share_member *next = share_next(&b.shares);
            if (next) expect_next(&b, (struct held *)next);
        }
        for (struct share_member *next; (next = share_next(&b.shares));) leave(&b, (struct held *)next);
        assert_int_equal(b.shares.table.len, 0);
        slab_put(&b.slab, b.shares.table.at, b.shares.table.cap * sizeof *b.shares.table.at);
        assert_int_equal(b.slab.used, 0);
        slab_release(&b.slab);
    }
}

/* Of equals, the one that has been there longest; a newcomer counts. */
static void equals_give_in_order(void **unused)
{
    (void)unused;
    struct bench b = {.seed = 7};
    shares_init(&b.shares, &b.slab);
    for (uint32_t i = 0; i < 10; i++) {
        char text[OWNERS][16];
        b.held[i].name[OWNER_SESSION] = i % NAMES;
        struct owner o = owner_of(&b.held[i], text);
        share_join(&b.shares, &b.held[i].member, &o, 1, 0);
    }
    /* Sessions 0 and 1 hold three each, 2 and 3 two. */
    static const uint32_t order[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (uint32_t i = 0; i < 10; i++) {
        struct held *next = (struct held *)share_next(&b.shares);
        assert_ptr_equal(next, &b.held[order[i]]);
        share_leave(&b.shares, &next->member);
    }
    slab_release(&b.slab);
}

/* Ten thousand sessions of one role come and go: what is looked at does not grow with them. The bins do. */
static void a_flood_of_sessions_makes_no_more_bins(void **unused)
{
    (void)unused;
    struct slab slab = {.bytes = 0};
    struct shares shares;
    struct share_member *all = calloc(20000, sizeof *all);
    shares_init(&shares, &slab);
    for (uint32_t i = 0; i < 20000; i++) {
        struct owner o = {.id = {{1, 1}, {2, 2}, {3, i}}};
        share_join(&shares, &all[i], &o, 1, 0);
        if (i >= 10000) share_leave(&shares, share_next(&shares));
    }
    const struct share *role = share_of(&all[19999], OWNER_PRINCIPAL);
    assert_int_equal(role->as.weight, 10000);
    assert_ptr_equal(role->first, role->last);
    slab_release(&slab);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_gives_is_who_holds_most),
                                       cmocka_unit_test(equals_give_in_order),
                                       cmocka_unit_test(a_flood_of_sessions_makes_no_more_bins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
