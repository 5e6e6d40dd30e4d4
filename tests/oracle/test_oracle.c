/* test_oracle.c - random rules and streams: state against brute force, in order and shuffled.
 *
 *   CASES=100000 SEED=1 build/tests/test_oracle     more cases, from another seed
 *   FROM=8379 CASES=1 …                             this one alone
 *   AS_IS=1 …                                        a failing case is not shrunk
 *   DRY=1 …                                          the oracle alone: how often things occur
 *   RULES="inner=30 where=0" …                       other constructs (construct.def)
 *
 * A case is run in order of time with the watermark close behind, and shuffled within the disorder bound;
 * what both settle must be what the oracle says. A failing case is shrunk, its rule and its events, and
 * printed. What the engine marks `capped`, because a key had more half-built choices than are kept, need not
 * agree: such cases are counted, and few.
 */
#include "engine/base/tape.h"
#include "engine/compile/compile.h"
#include "tests/oracle/compare.h"
#include "tests/oracle/spell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_fed(const struct a_case *c, uint32_t hit)
{
    uint64_t stands = c->hits[hit]->in_doubt ? c->forbidden : c->required | c->optional | c->forbidden;
    return !c->events[c->event_of[hit]].is_out && stands >> c->hits[hit]->step & 1;
}

/* The match stage leaves out an event whose own side of `==` was withheld: nobody agrees with it. Of a
 * forbidden one that is to be told. */
static bool reaches_state(const struct a_case *c, uint32_t hit)
{
    const struct hit *h = c->hits[hit];
    for (uint32_t j = 0; j < c->rule.n_joins; j++) {
        const struct ir_join *join = &c->rule.joins[j];
        bool is_hidden = h->joins[j].hi == JOIN_UNKNOWN.hi && h->joins[j].lo == JOIN_UNKNOWN.lo;
        if (is_hidden && !join->differs && join->of != h->step && !(c->forbidden >> h->step & 1))
            return false;
    }
    return is_fed(c, hit);
}

/* ---- running a case ----------------------------------------------------------------------------------- */

static struct answer answer_now(void *world, uint32_t number)
{
    const struct a_case *c = world;
    return (struct answer){.is_known = true,
                           .is_new = c->events[number / ORACLE_STEPS].new_now[number % ORACLE_STEPS]};
}

static struct answer answer_for_good(void *world, const struct touch *t)
{
    const struct a_case *c = world;
    return (struct answer){.is_known = true, .is_new = c->events[t->value.hi].new_for_good[t->value.lo]};
}

struct arrival {
    uint32_t event;
    int64_t at;
};

static int compare_arrivals(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return (x->event > y->event) - (x->event < y->event);
}

/* An order of arrival in which nothing is later than the disorder bound; shuffle 0: by time. */
static uint32_t arrange(const struct a_case *c, uint64_t *seed, bool shuffle, struct arrival *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_events; i++)
        if (!c->events[i].is_out)
            out[n++] =
                (struct arrival){i, c->events[i].second + (shuffle ? below(seed, (uint32_t)c->disorder) : 0)};
    qsort(out, n, sizeof *out, compare_arrivals);
    return n;
}

/* With one byte changed it is read to no harm, whatever it then says. */
static void read_damaged(const struct tape *written, const struct state_names *names,
                         const struct state_plan *plan, uint64_t *seed)
{
    struct arena *arena = arena_new(0);
    char *bytes = malloc(written->len);
    memcpy(bytes, written->bytes, written->len);
    bytes[below(seed, (uint32_t)written->len)] ^= (char)(1 + below(seed, 255));
    struct tape t = tape_reader(bytes, written->len, arena);
    struct state_adoption lost = {0};
    struct state *s = state_new(NULL);
    state_adopt(s, plan, NULL);
    state_tape(s, &t, names, &lost);
    state_free(s);
    free(bytes);
    arena_free(arena);
}

/* A new partition that goes on where this one stands, which ends. */
static struct state *restart(struct state *old, const struct ir *ir, const struct state_plan *plan,
                             uint64_t *seed)
{
    struct arena *arena = arena_new(0), *names_arena = arena_new(0);
    struct tape names = tape_writer(names_arena), out = tape_writer(arena);
    struct state_names written, read;
    struct state_adoption lost = {0};
    state_names_tape(&names, ir, &written);
    state_tape(old, &out, &written, NULL);
    struct tape names_back = tape_reader(names.bytes, names.len, names_arena);
    struct tape back = tape_reader(out.bytes, out.len, arena);
    struct state *new = state_new(NULL);
    state_adopt(new, plan, NULL);
    state_names_tape(&names_back, ir, &read);
    state_tape(new, &back, &read, &lost);
    bool is_whole =
        !names_back.is_broken && !back.is_broken && back.at == back.end && !lost.half_built_dropped;
    if (!is_whole) abort();
    read_damaged(&out, &read, plan, seed);
    tape_release(&names), tape_release(&out);
    arena_free(arena), arena_free(names_arena);
    state_free(old);
    return new;
}

/* Rules that are the same as those before, but for their plan. */
static void reload(struct state *state, const struct ir *ir, struct state_plan **plan)
{
    struct state_plan *next = state_plan_new(ir);
    state_adopt(state, next, NULL);
    state_plan_free(*plan);
    *plan = next;
}

/* restarts: per cent of records behind which the state is written, and a new one reads it and goes on; or the
 * rules are loaded anew. */
static void run_case(struct a_case *c, uint64_t seed, bool shuffle, uint32_t restarts, struct caller *caller)
{
    uint64_t when = seed;
    struct arrival order[EVENTS_MOST];
    struct state_plan *plan = state_plan_new(&c->ir);
    struct state *state = state_new(NULL);
    struct state_counts n = {0};
    uint32_t events = arrange(c, &seed, shuffle, order);
    int64_t newest = INT64_MIN;
    state_adopt(state, plan, NULL);
    caller_init(caller, c->arena, state);
    caller->world = c, caller->now = answer_now, caller->for_good = answer_for_good;
    for (uint32_t i = 0; i < events; i++) {
        for (uint32_t h = 0; h < c->n_hits; h++)
            if (c->event_of[h] == order[i].event && reaches_state(c, h))
                state_hit(state, c->hits[h], &caller->out);
        if (c->events[order[i].event].second > newest) newest = c->events[order[i].event].second;
        if (!shuffle || chance(&seed, 50)) state_watermark(state, newest - c->disorder, i, &caller->out);
        if (chance(&seed, 40)) caller_answer(caller);
        if (!restarts || !chance(&when, restarts)) continue;
        if (chance(&when, 50))
            caller->state = state = restart(state, &c->ir, plan, &when);
        else
            reload(state, &c->ir, &plan);
    }
    caller_finish(caller);
    state_count(state, &n);
    if (n.made != n.completed + n.expired + n.vetoed + n.superseded + n.merged + n.live || n.live || n.keys ||
        state_waits(state)) {
        printf("made %lu completed %lu expired %lu superseded %lu merged %lu live %lu keys %lu\n", n.made,
               n.completed, n.expired, n.superseded, n.merged, n.live, n.keys);
        caller->told.len = 0;
        ARENA_PUSH(c->arena, caller->told)->state = INCIDENT_OPEN;
    }
    state_free(state);
    state_plan_free(plan);
}

/* ---- comparing ----------------------------------------------------------------------------------------- */

static bool sound_revisions(const struct caller *caller, struct complaint *complaint)
{
    for (uint32_t i = 0; i < caller->told.len; i++) {
        const struct told *t = &caller->told.at[i];
        uint32_t before = 0;
        for (uint32_t k = 0; k < i; k++) before += !strcmp(caller->told.at[k].id, t->id);
        if (t->revision != before + 1) return COMPLAIN("revision %u is the %uth", t->revision, before + 1);
        if ((t->state == INCIDENT_OPEN) != (before == 0))
            return COMPLAIN("an incident opens once, and first");
    }
    return true;
}

/* Every group that is high enough is one closed incident, and nothing else is closed. */
static bool same_incidents(const struct a_case *c, const struct oracle_result *expected,
                           const struct caller *caller, struct complaint *complaint)
{
    uint32_t closed = 0, wanted = 0;
    for (uint32_t i = 0; i < caller->told.len; i++) closed += caller->told.at[i].state == INCIDENT_CLOSED;
    for (uint32_t i = 0; i < expected->n; i++) {
        const struct oracle_group *g = &expected->groups[i];
        const struct told *found = NULL;
        if (g->score < c->rule.open_at || g->swallowed) continue;
        wanted++;
        for (uint32_t k = 0; k < caller->told.len; k++)
            if (caller->told.at[k].state == INCIDENT_CLOSED && caller->told.at[k].opened == g->opened)
                found = &caller->told.at[k];
        if (!found) return COMPLAIN("no incident opened at %ld", g->opened - EPOCH);
        if (!same_group(c, g, found, complaint)) return false;
        const struct told *settled = caller_last(caller, found->id, INCIDENT_SETTLED);
        if (!settled || !same_group(c, g, settled, complaint)) return COMPLAIN("not settled as it is closed");
    }
    if (closed != wanted) return COMPLAIN("%u incidents, expected %u", closed, wanted);
    return sound_revisions(caller, complaint);
}

/* ---- at any time --------------------------------------------------------------------------------------- */

static void expect(const struct a_case *c, struct oracle_result *out);

/* What is open, of what was told so far: one group each, and no other. */
static bool is_open_as(const struct caller *caller, const struct oracle_result *expected)
{
    uint32_t open = 0, found = 0;
    for (uint32_t i = 0; i < caller->told.len; i++) {
        const struct told *t = &caller->told.at[i];
        bool is_last = true;
        for (uint32_t k = i + 1; k < caller->told.len; k++)
            is_last &= strcmp(caller->told.at[k].id, t->id) != 0;
        if (!is_last || t->state == INCIDENT_RETRACTED || t->state == INCIDENT_MERGED) continue;
        open++;
        for (uint32_t g = 0; g < expected->n; g++) found += expected->groups[g].opened == t->opened;
    }
    return open == expected->n && found == expected->n;
}

/* B3: nothing waits. After each record, in any order and without a watermark, the incidents are those of the
 * records so far: each opens with the last record that it needs, and goes if a record takes it back. Answers
 * of baselines, and what is open only once settled, are left out. */
static bool opens_at_once(struct a_case *c, uint64_t seed, struct complaint *complaint)
{
    struct arrival order[EVENTS_MOST];
    struct oracle_result *expected = malloc(sizeof *expected);
    struct state_plan *plan = state_plan_new(&c->ir);
    struct state *state = state_new(NULL);
    struct caller caller;
    uint32_t n = arrange(c, &seed, true, order);
    bool good = true;
    state_adopt(state, plan, NULL);
    caller_init(&caller, c->arena, state);
    caller.world = c, caller.now = answer_now, caller.for_good = answer_for_good;
    for (uint32_t i = 0; i < n; i++) c->events[order[i].event].is_out = true;
    for (uint32_t i = 0; i < n; i++) {
        c->events[order[i].event].is_out = false;
        for (uint32_t h = 0; h < c->n_hits && good; h++)
            if (c->event_of[h] == order[i].event && reaches_state(c, h))
                state_hit(state, c->hits[h], &caller.out);
        expect(c, expected);
        if (good && !is_open_as(&caller, expected))
            good = COMPLAIN("at once: after %s, %u groups were expected", c->events[order[i].event].identity,
                            expected->n);
    }
    caller_finish(&caller);
    state_free(state);
    state_plan_free(plan);
    free(expected);
    return good;
}

static bool may_open_at_once(const struct a_case *c)
{
    bool asks = c->rule.n_exceptions > 0 || c->uses[USE_GATE];
    return !asks && !c->uses[USE_FOR] && !c->uses[USE_UP_TO] && c->rule.open_at == 1 && c->n_events <= 16;
}

/* ---- one case ----------------------------------------------------------------------------------------- */

enum result { SAME, DIFFERENT, SKIPPED, CAPPED };

/* How often what is meant to be tested did occur. */
struct tally {
    uint32_t cases, matched, skipped, capped, refused, vetoed, unfit, tied, blinded, groups, at_once;
    struct construct_counts used;
};

static void expect(const struct a_case *c, struct oracle_result *out)
{
    bool active[ORACLE_HITS], unknown[ORACLE_HITS];
    struct oracle_answer *answers = calloc(ORACLE_HITS, sizeof *answers);
    for (uint32_t h = 0; h < c->n_hits; h++) {
        const struct event *e = &c->events[c->event_of[h]];
        uint32_t step = c->hits[h]->step;
        bool is_gated = c->rule.steps[step].groups->gate != IR_NONE;
        bool is_there = is_fed(c, h) && (!is_gated || e->new_for_good[step]);
        active[h] = is_there && !c->hits[h]->in_doubt;
        unknown[h] = is_there && c->hits[h]->in_doubt;
        answers[h].by_kind[step] = value_bool(e->new_for_good[step]);
    }
    oracle_judge(&(struct oracle_case){&c->ir, &c->rule, c->hits, active, unknown, answers, c->n_hits}, out);
    free(answers);
}

static void count_case(struct tally *t, const struct a_case *c, const struct oracle_result *expected)
{
    t->matched += expected->n > 0;
    t->groups += expected->n;
    t->vetoed += expected->vetoed > 0;
    t->unfit += expected->unfit > 0;
    t->at_once += expected->n > 0 && may_open_at_once(c);
    for (uint32_t i = 0; i < expected->n; i++) {
        t->tied += expected->groups[i].tied;
        t->blinded += expected->groups[i].blinded;
    }
    for (uint32_t i = 0; i < CONSTRUCTS; i++) t->used.rules[i] += c->uses[i];
}

/* Written and read, or given its rules anew, behind every record, or behind a few, the state tells every
 * revision as it would have. */
static bool same_after_restarts(struct a_case *c, uint64_t seed, bool shuffle, const struct caller *whole,
                                struct complaint *complaint)
{
    struct caller caller;
    run_case(c, seed, shuffle, seed & 2 ? 100 : 20, &caller);
    uint32_t least = caller.told.len < whole->told.len ? caller.told.len : whole->told.len;
    for (uint32_t i = 0; i < least; i++) {
        const struct told *a = &caller.told.at[i], *b = &whole->told.at[i];
        if (memcmp(a, b, sizeof *a) != 0)
            return COMPLAIN("restarted: revision %u of %s (%s), not %u of %s (%s)", a->revision, a->id,
                            incident_state_name(a->state), b->revision, b->id, incident_state_name(b->state));
    }
    return caller.told.len == whole->told.len ||
           COMPLAIN("restarted: %u revisions, not %u", caller.told.len, whole->told.len);
}

#define RESTARTED 8 /* every so many cases */

static bool is_capped(const struct caller *caller)
{
    bool any = false;
    for (uint32_t i = 0; i < caller->told.len; i++) any |= caller->told.at[i].capped;
    return any;
}

static enum result try_case(struct a_case *c, uint64_t seed, struct complaint *complaint, struct tally *t)
{
    struct oracle_result *expected = malloc(sizeof *expected);
    struct caller caller;
    enum result result = SAME;
    expect(c, expected);
    if (expected->gave_up) result = SKIPPED;
    bool is_dry = from_environment("DRY", 0);
    for (int order = is_dry ? 2 : 0; order < 2 && result == SAME; order++) {
        run_case(c, seed + (uint64_t)order, order > 0, 0, &caller);
        if (!same_incidents(c, expected, &caller, complaint))
            result = is_capped(&caller) ? CAPPED : DIFFERENT;
        if (seed % RESTARTED == 0 && result != DIFFERENT &&
            !same_after_restarts(c, seed + (uint64_t)order, order > 0, &caller, complaint))
            result = DIFFERENT;
    }
    if (result == SAME && !is_dry && may_open_at_once(c) && !opens_at_once(c, seed, complaint))
        result = DIFFERENT;
    if (t) count_case(t, c, expected);
    free(expected);
    return result;
}

static bool compile_case(struct a_case *c)
{
    struct sources sources;
    sources_init(&sources, c->arena);
    return compile_automata(c->arena, &c->rule, diags_new(c->arena, &sources));
}

/* ---- shrinking ---------------------------------------------------------------------------------------- */

static bool still_fails(void *world, struct a_case *c, uint64_t seed)
{
    struct complaint last;
    if (!compile_case(c) || try_case(c, seed, &last, NULL) != DIFFERENT) return false;
    *(struct complaint *)world = last;
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void print_tally(const struct tally *t)
{
    printf(
        "%u cases, %u with a match, %u too large for brute force, %u capped, %u refused; "
        "%u groups, %u tied, %u blinded; %u with vetoed choices, %u with a completion that is not `where`; "
        "%u looked at after each record\n",
        t->cases, t->matched, t->skipped, t->capped, t->refused, t->groups, t->tied, t->blinded, t->vetoed,
        t->unfit, t->at_once);
    for (uint32_t i = 0; i < CONSTRUCTS; i++) printf("%s=%u ", construct_name(i), t->used.rules[i]);
    printf("\n");
}

static void random_rules_agree_with_brute_force(void **unused)
{
    uint64_t first = from_environment("SEED", 20261124), cases = from_environment("CASES", 10000),
             from = from_environment("FROM", 0);
    struct switches switches = switches_now();
    struct tally tally = {.cases = (uint32_t)cases};
    struct a_case *c = malloc(sizeof *c);
    (void)unused;
    for (uint64_t i = from; i < from + cases; i++) {
        struct complaint complaint;
        uint64_t seed = (first << 20) + i;
        case_make(c, seed, &switches);
        enum result result = SAME;
        if (!compile_case(c))
            tally.refused++;
        else
            result = try_case(c, seed, &complaint, &tally);
        tally.skipped += result == SKIPPED;
        tally.capped += result == CAPPED;
        if (result == DIFFERENT) {
            if (!from_environment("AS_IS", 0)) case_shrink(c, seed, still_fails, &complaint);
            printf("case %lu (SEED=%lu): %s\n", i, first, complaint.text);
            case_print(c);
            fail();
        }
        arena_free(c->arena);
    }
    free(c);
    print_tally(&tally);
    assert_true(tally.matched > cases / 5);
    assert_true(tally.skipped < cases / 10);
    assert_true(tally.capped <= cases / 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_rules_agree_with_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
