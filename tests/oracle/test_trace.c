/* test_trace.c - csr trace against brute force: for each key, whether it fired, how far it came, and which
 * steps it was waiting for.
 *
 *   CASES=5000 SEED=1 build/tests/test_trace
 *
 * Rules and records are those of test_random, without what a part of a choice has no certain number of events
 * for (sums, different values, upper bounds), and without baselines.
 */
#include "engine/csr.h"
#include "tests/oracle/prefix.h"
#include "tests/oracle/random_files.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- what trace says ---------------------------------------------------------------------------------- */

struct said {
    bool is_there, fired;
    uint32_t full, events;
    uint64_t next; /* bits of steps */
};

struct hearing {
    struct said keys[KEYS];
    bool has_summary;
};

static uint32_t step_of(const json_t *j)
{
    return (uint32_t)atoi(json_string_value(json_object_get(j, "step")) + 1);
}

/* The number of the case's principal; -1: the object is of all. */
static int key_of(const json_t *j)
{
    const json_t *key = json_object_get(j, "key"), *named = json_object_get(key, "k");
    const char *actor = json_string_value(json_object_get(key, "actor"));
    if (!named && !actor) return -1;
    return atoi((named ? json_string_value(named) : strstr(actor, ":user/") + strlen(":user/")) + 1);
}

static void hear(void *world, const char *line, size_t len)
{
    struct hearing *h = world;
    json_t *j = json_loadb(line, len, 0, NULL), *each;
    size_t i;
    assert_non_null(j);
    h->has_summary |= strcmp(json_string_value(json_object_get(j, "type")), "summary") == 0;
    if (key_of(j) >= 0) {
        struct said *s = &h->keys[key_of(j)];
        *s =
            (struct said){.is_there = true, .full = (uint32_t)json_integer_value(json_object_get(j, "full"))};
        s->fired = strcmp(json_string_value(json_object_get(j, "verdict")), "fired") == 0;
        json_array_foreach(json_object_get(j, "reached"), i, each) s->events +=
            (uint32_t)json_integer_value(json_object_get(each, "taken"));
        json_array_foreach(json_object_get(j, "next"), i, each) s->next |= UINT64_C(1) << step_of(each);
    }
    json_decref(j);
}

static void trace(const csr_ruleset *rs, const char *folder, struct hearing *h)
{
    static const char *const all[] = {"*"};
    char error[512];
    struct csr_trace_options o = {
        .paths = &folder, .n_paths = 1, .keys = all, .n_keys = 1, .most = KEYS, .world = h, .tell = hear};
    *h = (struct hearing){.has_summary = false};
    assert_int_equal(csr_trace(rs, 0, &o, error), CSR_OK);
    assert_true(h->has_summary);
}

/* ---- what brute force says ---------------------------------------------------------------------------- */

static bool fires(const struct oracle_result *r, const struct ir_rule *rule)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->groups[i].score >= rule->open_at && !r->groups[i].swallowed) return true;
    return false;
}

/* "": they agree. */
static const char *compare(const struct a_case *c, uint32_t key, const struct said *said, bool *skipped)
{
    static struct oracle_result groups;
    bool active[ORACLE_HITS];
    struct prefix_result prefix;
    uint64_t stands = c->required | c->optional | c->forbidden;
    for (uint32_t h = 0; h < c->n_hits; h++) {
        const struct event *e = &c->events[c->event_of[h]];
        active[h] =
            !e->is_out && stands >> c->hits[h]->step & 1 && case_keys(c, e, c->hits[h]->step) >> key & 1;
    }
    struct oracle_case one = {&c->ir, &c->rule, c->hits, active, NULL, NULL, c->n_hits};
    oracle_judge(&one, &groups);
    prefix_judge(&one, &prefix);
    *skipped = groups.gave_up || prefix.gave_up;
    if (*skipped) return "";
    if (fires(&groups, &c->rule) != said->fired) return said->fired ? "it says that it fired" : "it did fire";
    if (said->fired) return "";
    if (prefix.full != said->full)
        return prefix.full > said->full ? "it came further" : "it did not come so far";
    if (prefix.events != said->events) return "it took another number of events";
    if (prefix.events && prefix.next != said->next) return "it waits for other steps";
    return "";
}

/* ---- a case ------------------------------------------------------------------------------------------- */

struct tally {
    uint32_t silent, skipped, refused;
};

static bool agrees(const struct a_case *c, uint64_t seed, const char *folder, struct tally *t, bool tells)
{
    struct hearing h;
    bool good = true;
    csr_ruleset *rs = compile_case(c, "", NULL);
    t->refused += !rs;
    if (!rs) return true;
    deliver(c, &deliveries[seed % 3], &seed, folder); /* in order; shuffled, with copies; a tree of regions */
    trace(rs, folder, &h);
    clear_folder(folder);
    for (uint32_t key = 0; key < KEYS; key++) {
        bool skipped;
        const char *differs = compare(c, key, &h.keys[key], &skipped);
        t->skipped += skipped;
        t->silent += !skipped && h.keys[key].is_there && !h.keys[key].fired;
        if (tells && *differs)
            printf("u%u: %s; trace says %u full, %u events, next %lx\n", key, differs, h.keys[key].full,
                   h.keys[key].events, h.keys[key].next);
        good &= !*differs;
    }
    csr_ruleset_free(rs);
    return good;
}

static bool still_fails(void *world, struct a_case *c, uint64_t seed)
{
    struct tally t = {0};
    return !agrees(c, seed, world, &t, false);
}

static void random_rules_come_as_far_as_brute_force_says(void **unused)
{
    static const enum construct left_out[] = {USE_GATE,     USE_DISTINCT, USE_SUM,   USE_UP_TO,
                                              USE_WITHHELD, USE_OMITTED,  USE_TAKEN, USE_PREVALENCE,
                                              USE_OVER,     USE_HIDDEN};
    uint64_t first = from_environment("SEED", 20261124), cases = from_environment("CASES", 300);
    struct switches switches = switches_now();
    struct tally tally = {0};
    char folder[] = "/tmp/csr-trace-XXXXXX";
    struct a_case *c = malloc(sizeof *c);
    (void)unused;
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) switches.percent[left_out[i]] = 0;
    switches.for_text = true;
    assert_non_null(mkdtemp(folder));
    for (uint64_t i = 0; i < cases; i++) {
        uint64_t seed = (first << 20) + i;
        case_make(c, seed, &switches);
        for (uint32_t e = 0; e < c->n_events; e++) c->events[e].lacks_join = false;
        case_hits(c);
        if (!agrees(c, seed, folder, &tally, false)) {
            case_shrink(c, seed, still_fails, folder);
            printf("case %lu (SEED=%lu)\n", i, first);
            agrees(c, seed, folder, &tally, true);
            case_print(c);
            rmdir(folder);
            fail();
        }
        arena_free(c->arena);
    }
    free(c);
    rmdir(folder);
    printf("%lu cases, %u keys that did not fire, %u too large for brute force, %u refused\n", cases,
           tally.silent, tally.skipped, tally.refused);
    assert_true(tally.silent > cases / 4);
    assert_true(tally.refused < cases / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_rules_come_as_far_as_brute_force_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
