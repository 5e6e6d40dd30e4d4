/* test_caps.c - what a full table loses: random rules and streams, with room for everything and with little.
 *
 *   CASES=2000 SEED=1 build/tests/test_caps
 *
 * The events of a case are told of many principals at once. Without caps each has his incidents; with small
 * ones some are missing. What is not marked `capped` must be there without caps too, the same in every part;
 * and what is missing must be accounted for by a notice that names its principal (docs/semantics.md 17).
 */
#include "engine/csr.h"
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

#define CLONES         12 /* of each of the case's principals */
#define INCIDENTS_MOST 4096

/* ---- what is heard ------------------------------------------------------------------------------------- */

struct heard_incident {
    char id[33];
    char *words; /* all that must be the same, as JSON; NULL: it was taken back */
    char actor[128];
    bool is_capped;
    bool is_over; /* of a rule over rules */
};

struct heard {
    struct heard_incident at[INCIDENTS_MOST];
    uint32_t n;
    json_t *notices; /* principal -> number; "" where none is named */
};

static char *words_of(const json_t *incident)
{
    static const char *const members[] = {"rule",       "key",     "start",   "opened",   "end",
                                          "completing", "witness", "score",   "severity", "title",
                                          "tie",        "steps",   "reasons", "blinded"};
    json_t *same = json_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_object_set(same, members[i], json_object_get(incident, members[i]));
    char *words = json_dumps(same, JSON_SORT_KEYS);
    json_decref(same);
    return words;
}

static bool hear(void *world, const char *line, size_t len)
{
    struct heard *h = world;
    json_t *j = json_loadb(line, len, 0, NULL);
    const char *id = json_string_value(json_object_get(j, "id")),
               *state = json_string_value(json_object_get(j, "state"));
    uint32_t i = 0;
    while (i < h->n && strcmp(h->at[i].id, id) != 0) i++;
    assert_true(i < INCIDENTS_MOST);
    struct heard_incident *mine = &h->at[i];
    if (i == h->n) h->n++;
    free(mine->words);
    snprintf(mine->id, sizeof mine->id, "%s", id);
    const char *actor = json_string_value(json_object_get(json_object_get(j, "key"), "actor"));
    snprintf(mine->actor, sizeof mine->actor, "%s", actor ? actor : "");
    mine->words = strcmp(state, "retracted") && strcmp(state, "merged") ? words_of(j) : NULL;
    mine->is_over = strcmp(json_string_value(json_object_get(j, "rule")), "random") != 0;
    mine->is_capped = json_is_true(json_object_get(j, "capped"));
    json_decref(j);
    return true;
}

static void hear_notice(void *world, const char *line, size_t len)
{
    struct heard *h = world;
    json_t *j = json_loadb(line, len, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(j, "api")), "csr:evicted");
    const char *principal = json_string_value(json_object_get(j, "principal"));
    if (!principal) principal = "";
    json_int_t before = json_integer_value(json_object_get(h->notices, principal));
    json_object_set_new(h->notices, principal,
                        json_integer(before + json_integer_value(json_object_get(j, "count"))));
    json_decref(j);
}

static void forget(struct heard *h)
{
    for (uint32_t i = 0; i < h->n; i++) free(h->at[i].words);
    json_decref(h->notices);
    *h = (struct heard){.notices = NULL};
}

static uint64_t noticed(const struct heard *h)
{
    const char *principal;
    json_t *count;
    uint64_t sum = 0;
    json_object_foreach(h->notices, principal, count) sum += (uint64_t)json_integer_value(count);
    return sum;
}

/* Every eviction that was counted was told. */
static void replay(const csr_ruleset *rs, const char *folder, unsigned threads, const struct csr_cap *caps,
                   size_t n_caps, struct heard *h)
{
    struct csr_replay_result r;
    struct csr_replay_options o = {.paths = &folder,
                                   .n_paths = 1,
                                   .threads = threads,
                                   .lateness = -1,
                                   .world = h,
                                   .incident = hear,
                                   .notice = hear_notice,
                                   .caps = caps,
                                   .n_caps = n_caps};
    h->notices = json_object();
    if (csr_replay(rs, &o, &r) != CSR_OK) fail_msg("replay: %s", r.error);
    assert_true(noticed(h) >= r.counts.keys_evicted + r.counts.hits_refused + r.counts.values_evicted +
                                  r.counts.identities_evicted);
}

/* ---- the records --------------------------------------------------------------------------------------- */

struct copy {
    struct event event;
    uint64_t order;
};

static int by_order(const void *a, const void *b)
{
    const struct copy *x = a, *y = b;
    if (x->event.second != y->event.second) return x->event.second > y->event.second ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Of each event one for each clone of its principal, within a second in any order. */
static void write_clones(const struct a_case *c, uint64_t *seed, const char *folder)
{
    struct copy *copies = calloc(EVENTS_MOST * CLONES, sizeof *copies);
    char path[256];
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_events * CLONES; i++) {
        struct copy *one = &copies[n++];
        one->event = c->events[i / CLONES];
        one->event.key += KEYS * (i % CLONES);
        snprintf(one->event.identity, sizeof one->event.identity, "%.8s-%u", c->events[i / CLONES].identity,
                 i % CLONES);
        one->order = next_random(seed);
    }
    qsort(copies, n, sizeof *copies, by_order);
    snprintf(path, sizeof path, "%s/all.ndjson", folder);
    FILE *to = fopen(path, "w");
    for (uint32_t i = 0; i < n; i++) {
        spell_record(to, c, &copies[i].event, as_it_is);
        fputc('\n', to);
    }
    fclose(to);
    free(copies);
}

/* ---- a case -------------------------------------------------------------------------------------------- */

static const struct csr_cap small[] = {
    {"keys", 64},           {"keys", 128},      {"memory", 4 << 20}, {"values", 64},
    {"identities", 64 * 3}, {"second_hits", 2}, {"key_hits", 5},     {"gathered", 3},
};
#define SMALL (sizeof small / sizeof *small)

static bool is_there(const struct heard *h, const char *words)
{
    for (uint32_t i = 0; i < h->n; i++)
        if (h->at[i].words && !strcmp(h->at[i].words, words)) return true;
    return false;
}

/* A key that several principals share is told under the one who brought it: any of them. */
static bool is_accounted_for(const struct heard *h, const struct heard_incident *missing)
{
    if (!missing->actor[0]) return json_object_size(h->notices) > 0;
    return json_object_get(h->notices, missing->actor) || json_object_get(h->notices, "");
}

struct tally {
    uint32_t incidents[SMALL], capped[SMALL], missing[SMALL], evicted[SMALL];
};

/* NULL: all is as it must be. */
static const char *compare(const struct heard *all, const struct heard *less, struct tally *t, size_t cap)
{
    static char why[8192];
    t->evicted[cap] += noticed(less) > 0;
    for (uint32_t i = 0; i < less->n; i++) {
        const struct heard_incident *one = &less->at[i];
        if (one->words && one->is_capped) t->capped[cap]++;
        if (!one->words || one->is_capped || is_there(all, one->words)) continue;
        if (one->is_over) continue; /* groups may be missing from it: docs/semantics.md 17.6 */
        snprintf(why, sizeof why, "not capped, and not without caps:\n  %.3500s\nthere:\n", one->words);
        for (uint32_t k = 0; k < all->n; k++)
            if (all->at[k].words && !strcmp(all->at[k].actor, one->actor))
                snprintf(why + strlen(why), sizeof why - strlen(why), "  %.2000s\n", all->at[k].words);
        return why;
    }
    for (uint32_t i = 0; i < all->n; i++) {
        const struct heard_incident *one = &all->at[i];
        if (!one->words) continue;
        t->incidents[cap]++;
        if (is_there(less, one->words)) continue;
        t->missing[cap]++;
        if (is_accounted_for(less, one)) continue;
        snprintf(why, sizeof why, "missing, and no notice names its principal:\n  %.4000s", one->words);
        return why;
    }
    return NULL;
}

static const char *try_case(const struct a_case *c, uint64_t seed, const char *folder, struct tally *t)
{
    struct heard *all = calloc(1, sizeof *all), *less = calloc(1, sizeof *less);
    csr_ruleset *rs = compile_case(c, "", NULL);
    const char *why = NULL;
    if (rs) {
        size_t cap = below(&seed, SMALL);
        write_clones(c, &seed, folder);
        replay(rs, folder, 1 + below(&seed, 3), NULL, 0, all);
        replay(rs, folder, 1 + below(&seed, 3), &small[cap], 1, less);
        why = compare(all, less, t, cap);
        if (why) printf("--cap %s=%lu\n", small[cap].name, small[cap].most);
        forget(all), forget(less);
        clear_folder(folder);
    }
    csr_ruleset_free(rs);
    free(all), free(less);
    return why;
}

/* Within a caps's reach nothing is told that is not so, and nothing goes without a word. */
static void what_is_lost_is_told(void **unused)
{
    uint64_t first = from_environment("SEED", 20261125), cases = from_environment("CASES", 300);
    struct switches switches = switches_now();
    struct tally t = {.incidents = {0}};
    char folder[] = "/tmp/csr-caps-XXXXXX";
    struct a_case *c = malloc(sizeof *c);
    (void)unused;
    if (cases > 300) cases = 300 + (cases - 300) / 20;
    switches.for_text = true;
    assert_non_null(mkdtemp(folder));
    for (uint64_t i = 0; i < cases; i++) {
        case_make(c, (first << 20) + i, &switches);
        const char *why = try_case(c, i, folder, &t);
        if (why) {
            printf("case %lu (SEED=%lu): %s\n", i, first, why);
            case_print(c);
            fail();
        }
        arena_free(c->arena);
    }
    free(c);
    rmdir(folder);
    for (size_t cap = 0; cap < SMALL; cap++)
        printf("%-11s %7lu: %u incidents, %u missing, %u capped, gave way in %u cases\n", small[cap].name,
               small[cap].most, t.incidents[cap], t.missing[cap], t.capped[cap], t.evicted[cap]);
    for (size_t cap = 0; cap < SMALL && cases >= 300; cap++) assert_true(t.evicted[cap] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_lost_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
