/* test_oracle.c - random rules and streams: state against brute force, in order and shuffled.
 *
 *   CASES=100000 SEED=1 build/tests/test_oracle     more cases, from another seed
 *
 * A case is a rule of up to five steps, made directly as a match tree, and up to forty events over a few
 * seconds, which may fill several steps at once. It is run in order of time with the watermark close behind,
 * and shuffled within the disorder bound; what both settle must be what the oracle says. A failing case is
 * shrunk by leaving out events, and printed.
 */
#include "engine/compile/compile.h"
#include "tests/oracle/caller.h"
#include "tests/oracle/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define EVENTS_MOST 40
#define EPOCH       1000

/* ---- chance ------------------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
static uint32_t below(uint64_t *seed, uint32_t n)
{
    return (uint32_t)(next_random(seed) % n);
}
static bool chance(uint64_t *seed, uint32_t percent)
{
    return below(seed, 100) < percent;
}

/* ---- a case ------------------------------------------------------------------------------------------- */

enum step_mode { PLAIN, GATED, SCORED };

struct event {
    int64_t second;
    uint64_t steps; /* that it fills */
    char identity[16];
    struct hash128 join[2];
    bool new_now[ORACLE_STEPS], new_for_good[ORACLE_STEPS];
    bool is_out; /* left out while shrinking */
    uint32_t arrival;
};

struct a_case {
    struct arena *arena;
    uint64_t seed;
    struct ir ir;
    struct ir_rule rule;
    uint32_t n_steps;
    enum step_mode mode[ORACLE_STEPS];
    struct event events[EVENTS_MOST];
    uint32_t n_events;
    int64_t disorder;
    const struct hit *hits[ORACLE_HITS]; /* of all events, by event and step */
    uint32_t event_of[ORACLE_HITS], n_hits;
};

/* Nodes of expressions: five a step, then constants. */
enum node_of { NODE_EXISTS, NODE_COUNT, NODE_CAPTURE, NODE_NEW, NODE_TWO, NODE_FOUR, NODES_A_STEP };
static ir_node_id node(uint32_t step, enum node_of which)
{
    return step * NODES_A_STEP + which;
}

static void make_nodes(struct a_case *c)
{
    uint32_t constants = ORACLE_STEPS * NODES_A_STEP;
    c->ir.arena = c->arena;
    c->ir.nodes = ARENA_ARRAY(c->arena, struct ir_node, constants + 2);
    c->ir.operands = ARENA_ARRAY(c->arena, ir_node_id, 4 * ORACLE_STEPS);
    c->ir.constants = ARENA_ARRAY(c->arena, struct value, 2);
    c->ir.constants[0] = value_int(2), c->ir.constants[1] = value_int(4);
    c->ir.n_nodes = constants + 2, c->ir.n_constants = 2, c->ir.n_operands = 4 * ORACLE_STEPS;
    for (uint32_t i = 0; i < 2; i++)
        c->ir.nodes[constants + i] = (struct ir_node){.op = IR_OP_CONST, .type = IR_TYPE_INT, .x = i};
    for (uint32_t s = 0; s < ORACLE_STEPS; s++) {
        struct ir_node *n = &c->ir.nodes[node(s, 0)];
        n[NODE_EXISTS] = (struct ir_node){.op = IR_OP_STEP_EXISTS, .type = IR_TYPE_BOOL, .y = s};
        n[NODE_COUNT] = (struct ir_node){.op = IR_OP_COUNT, .type = IR_TYPE_INT, .y = s};
        n[NODE_CAPTURE] = (struct ir_node){.op = IR_OP_CAPTURE, .type = IR_TYPE_STRING, .y = s};
        n[NODE_NEW] = (struct ir_node){.op = IR_OP_ASK_NEW, .type = IR_TYPE_BOOL, .x = s, .y = s};
        for (uint32_t k = 0; k < 2; k++) {
            c->ir.operands[4 * s + 2 * k] = node(s, NODE_COUNT);
            c->ir.operands[4 * s + 2 * k + 1] = constants + k;
            n[NODE_TWO + k] =
                (struct ir_node){.op = IR_OP_GE, .type = IR_TYPE_BOOL, .first = 4 * s + 2 * k, .n = 2};
        }
    }
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static void make_match(struct a_case *c, struct ir_match *m, uint32_t from, uint32_t to, bool may_be_optional,
                       int depth);

static void make_step(struct a_case *c, struct ir_match *m, uint32_t step)
{
    if (!chance(&c->seed, 25)) {
        *m = (struct ir_match){.kind = IR_M_STEP, .step = step};
        return;
    }
    *m = (struct ir_match){.kind = IR_M_REPEAT, .least = 2 + below(&c->seed, 2), .in = INT64_MAX, .n_kids = 1};
    m->kids = ARENA_NEW(c->arena, struct ir_match);
    m->kids[0] = (struct ir_match){.kind = IR_M_STEP, .step = step};
}

static bool is_optional(const struct ir_match *m)
{
    if (m->kind == IR_M_OPTIONAL) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (!is_optional(&m->kids[i])) return false;
    return m->n_kids > 0;
}

static void make_arrows(struct a_case *c, struct ir_match *m)
{
    m->arrows = ARENA_ARRAY(c->arena, struct ir_arrow, m->n_kids);
    for (uint32_t i = 1; i < m->n_kids; i++) {
        struct ir_arrow *a = &m->arrows[i];
        *a = (struct ir_arrow){.most = INT64_MAX};
        if (is_optional(&m->kids[i - 1]) && is_optional(&m->kids[i])) continue;
        a->strict = chance(&c->seed, 20);
        if (chance(&c->seed, 15)) a->least = 1 + below(&c->seed, 3);
        if (chance(&c->seed, 20)) a->most = a->least + below(&c->seed, 4);
    }
}

/* At least one kid is required where that matters. */
static void make_kids(struct a_case *c, struct ir_match *m, uint32_t from, uint32_t to, bool optional,
                      int depth)
{
    uint32_t most = to - from < 3 ? to - from : 3, n = 2 + (most > 2 ? below(&c->seed, most - 1) : 0);
    uint32_t required = below(&c->seed, n);
    m->kids = ARENA_ARRAY(c->arena, struct ir_match, n);
    m->n_kids = n;
    for (uint32_t i = 0, at = from; i < n; i++) {
        uint32_t left = n - 1 - i, end = left ? at + 1 + below(&c->seed, to - at - left) : to;
        bool may = optional && i != required && m->kind != IR_M_EITHER;
        make_match(c, &m->kids[i], at, end, may, depth + 1);
        at = end;
    }
}

static void make_match(struct a_case *c, struct ir_match *m, uint32_t from, uint32_t to, bool may_be_optional,
                       int depth)
{
    static const enum ir_match_kind kinds[] = {IR_M_CHAIN, IR_M_CHAIN, IR_M_ANY_ORDER, IR_M_EITHER};
    if (may_be_optional && chance(&c->seed, 35)) {
        *m = (struct ir_match){.kind = IR_M_OPTIONAL, .n_kids = 1};
        m->kids = ARENA_NEW(c->arena, struct ir_match);
        make_match(c, m->kids, from, to, false, depth + 1);
        return;
    }
    if (to - from == 1) {
        make_step(c, m, from);
        return;
    }
    *m = (struct ir_match){.kind = kinds[below(&c->seed, 4)]};
    make_kids(c, m, from, to, depth == 0 || may_be_optional, depth);
    if (m->kind == IR_M_CHAIN) make_arrows(c, m);
}

static void make_step_rule(struct a_case *c, uint32_t s)
{
    struct ir_step *step = &c->rule.steps[s];
    c->mode[s] = chance(&c->seed, 20) ? (chance(&c->seed, 50) ? GATED : SCORED) : PLAIN;
    step->counted = chance(&c->seed, 50);
    step->n_groups = 1;
    step->groups = ARENA_NEW(c->arena, struct ir_group);
    *step->groups =
        (struct ir_group){.test = IR_NONE, .gate = c->mode[s] == GATED ? node(s, NODE_NEW) : IR_NONE};
    step->groups->joins = ARENA_ARRAY(c->arena, ir_node_id, 2);
    step->groups->joins[0] = chance(&c->seed, 60) ? 0 : IR_NONE;
    step->groups->joins[1] = chance(&c->seed, 60) ? 0 : IR_NONE;
    step->n_captures = 1;
    step->captures = ARENA_NEW(c->arena, struct ir_capture);
    step->n_asks = c->mode[s] != PLAIN;
}

static void add_term(struct a_case *c, int32_t points, ir_node_id when)
{
    c->rule.terms[c->rule.n_terms++] = (struct ir_term){points, when, TEXT("term")};
}

static void make_rule(struct a_case *c)
{
    struct ir_rule *r = &c->rule;
    uint64_t *seed = &c->seed;
    c->n_steps = 1 + below(seed, 5);
    *r = (struct ir_rule){.name = TEXT("random"),
                          .n_steps = c->n_steps,
                          .within = below(seed, 9),
                          .until = IR_NONE,
                          .where = IR_NONE,
                          .once = below(seed, 11),
                          .has_score = true,
                          .score = 20,
                          .open_at = chance(seed, 70) ? 1 : 30,
                          .n_joins = chance(seed, 30) ? 1 + below(seed, 2) : 0};
    r->steps = ARENA_ARRAY(c->arena, struct ir_step, ORACLE_STEPS);
    r->terms = ARENA_ARRAY(c->arena, struct ir_term, 4 * ORACLE_STEPS);
    r->joins = ARENA_ARRAY(c->arena, struct ir_join, 2);
    r->asks = ARENA_ARRAY(c->arena, struct ir_ask, ORACLE_STEPS);
    r->n_asks = ORACLE_STEPS;
    r->match = ARENA_NEW(c->arena, struct ir_match);
    make_match(c, r->match, 0, c->n_steps, false, 0);
    r->title.parts = ARENA_ARRAY(c->arena, struct ir_template_part, 2 * ORACLE_STEPS);
    for (uint32_t s = 0; s < c->n_steps; s++) {
        make_step_rule(c, s);
        r->asks[s] = (struct ir_ask){IR_ASK_NEW, 0, s};
        r->title.parts[r->title.len++] = (struct ir_template_part){.operand = node(s, NODE_CAPTURE)};
        r->title.parts[r->title.len++] = (struct ir_template_part){TEXT(" "), IR_NONE};
        add_term(c, 6, node(s, NODE_EXISTS));
        if (r->steps[s].counted) add_term(c, 3, node(s, NODE_TWO)), add_term(c, 2, node(s, NODE_FOUR));
        if (c->mode[s] == SCORED) add_term(c, 4, node(s, NODE_NEW));
    }
    c->ir.rules = r, c->ir.n_rules = 1;
    c->ir.baselines = ARENA_NEW(c->arena, struct ir_baseline);
    c->ir.n_baselines = 1;
}

/* ---- events ------------------------------------------------------------------------------------------- */

static void make_events(struct a_case *c)
{
    uint64_t *seed = &c->seed, kinds[4];
    uint32_t n_kinds = 1 + below(seed, 4), seconds = 1 + below(seed, 20), values = 1 + below(seed, 3);
    bool overlap = chance(seed, 40);
    for (uint32_t k = 0; k < 4; k++)
        for (kinds[k] = 0; !kinds[k];) kinds[k] = next_random(seed) & ((UINT64_C(1) << c->n_steps) - 1);
    c->n_events = 4 + below(seed, EVENTS_MOST - 4);
    c->disorder = 1 + below(seed, 6);
    for (uint32_t i = 0; i < c->n_events; i++) {
        struct event *e = &c->events[i];
        *e = (struct event){.second = EPOCH + below(seed, seconds)};
        e->steps = overlap ? kinds[below(seed, n_kinds)] : UINT64_C(1) << below(seed, c->n_steps);
        snprintf(e->identity, sizeof e->identity, "%c%c%02u", 'a' + (char)below(seed, 26),
                 'a' + (char)below(seed, 26), i);
        for (uint32_t j = 0; j < 2; j++) e->join[j] = (struct hash128){1 + below(seed, values), 7};
        for (uint32_t s = 0; s < c->n_steps; s++)
            e->new_now[s] = chance(seed, 70),
            e->new_for_good[s] = chance(seed, 30) ? !e->new_now[s] : e->new_now[s];
    }
}

static void make_hit(struct a_case *c, uint32_t event, uint32_t step)
{
    struct event *e = &c->events[event];
    struct hit *h = ARENA_NEW(c->arena, struct hit);
    *h = (struct hit){.seq = event,
                      .second = e->second,
                      .step = step,
                      .key_hash = {5, 6},
                      .key = TEXT("key"),
                      .n_joins = c->rule.n_joins,
                      .n_captures = 1,
                      .n_asks = c->rule.steps[step].n_asks};
    h->evidence.identity = text_of(e->identity);
    h->joins = ARENA_ARRAY(c->arena, struct hash128, 2);
    for (uint32_t j = 0; j < c->rule.n_joins; j++)
        if (c->rule.steps[step].groups->joins[j] != IR_NONE) h->joins[j] = e->join[j];
    h->captures = ARENA_NEW(c->arena, struct value);
    *h->captures = value_string(h->evidence.identity);
    h->asks = ARENA_NEW(c->arena, struct hit_ask);
    *h->asks = (struct hit_ask){.ask = step, .answer = event * ORACLE_STEPS + step, .value = {event, step}};
    c->event_of[c->n_hits] = event;
    c->hits[c->n_hits++] = h;
}

static bool make_case(struct a_case *c, uint64_t seed)
{
    struct arena *arena = arena_new(0);
    struct sources sources;
    memset(c, 0, sizeof *c);
    c->arena = arena;
    c->seed = seed;
    make_nodes(c);
    make_rule(c);
    make_events(c);
    for (uint32_t e = 0; e < c->n_events; e++) {
        if (c->n_hits + ORACLE_STEPS > ORACLE_HITS) c->n_events = e;
        for (uint32_t s = 0; s < c->n_steps && e < c->n_events; s++)
            if (c->events[e].steps >> s & 1) make_hit(c, e, s);
    }
    sources_init(&sources, arena);
    return compile_automata(arena, &c->rule, diags_new(arena, &sources));
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

static void run_case(struct a_case *c, uint64_t seed, bool shuffle, struct caller *caller)
{
    struct arrival order[EVENTS_MOST];
    struct state_plan *plan = state_plan_new(&c->ir);
    struct state *state = state_new((struct state_limits){0});
    struct state_counts n = {0};
    uint32_t events = arrange(c, &seed, shuffle, order);
    int64_t newest = INT64_MIN;
    state_adopt(state, plan, NULL);
    caller_init(caller, c->arena, state);
    caller->world = c, caller->now = answer_now, caller->for_good = answer_for_good;
    for (uint32_t i = 0; i < events; i++) {
        for (uint32_t h = 0; h < c->n_hits; h++)
            if (c->event_of[h] == order[i].event) state_hit(state, c->hits[h], &caller->out);
        if (c->events[order[i].event].second > newest) newest = c->events[order[i].event].second;
        if (!shuffle || chance(&seed, 50)) state_watermark(state, newest - c->disorder, i, &caller->out);
        if (chance(&seed, 40)) caller_answer(caller);
    }
    caller_finish(caller);
    state_count(state, &n);
    if (n.made != n.completed + n.expired + n.superseded + n.merged + n.live || n.live || n.keys ||
        state_waits(state)) {
        printf("made %lu completed %lu expired %lu superseded %lu merged %lu live %lu keys %lu\n", n.made,
               n.completed, n.expired, n.superseded, n.merged, n.live, n.keys);
        caller->told.len = 0;
        ARENA_PUSH(c->arena, caller->told)->state = INCIDENT_OPEN;
    }
    state_free(state);
    state_plan_free(plan);
}

/* ---- comparing ---------------------------------------------------------------------------------------- */

struct complaint {
    char text[2048];
};
#define COMPLAIN(...) (snprintf(complaint->text, sizeof complaint->text, __VA_ARGS__), false)

static int32_t expected_score(const struct a_case *c, const struct oracle_group *g)
{
    int32_t score = 20;
    for (uint32_t s = 0; s < c->n_steps; s++) {
        bool any_new = false;
        for (uint32_t h = 0; h < c->n_hits; h++)
            any_new |= (g->gathered[s] >> h & 1) && c->events[c->event_of[h]].new_for_good[s];
        if (g->exists >> s & 1) score += 6;
        if (c->rule.steps[s].counted) score += (g->count[s] >= 2 ? 3 : 0) + (g->count[s] >= 4 ? 2 : 0);
        if (c->mode[s] == SCORED && any_new) score += 4;
    }
    return score;
}

static void expected_texts(const struct a_case *c, const struct oracle_group *g, char *title, char *witness)
{
    title[0] = witness[0] = 0;
    for (uint32_t s = 0; s < c->n_steps; s++) { /* steps stand in match in the order of their numbers */
        const struct hit *h = g->witness[s];
        sprintf(title + strlen(title), "%.*s ", h ? (int)h->evidence.identity.len : 1,
                h ? h->evidence.identity.at : "?");
        if (h && g->in_required[s])
            sprintf(witness + strlen(witness), TEXT_FMT " ", TEXT_ARG(h->evidence.identity));
    }
}

static bool same_group(const struct a_case *c, const struct oracle_group *g, const struct told *t,
                       struct complaint *complaint)
{
    char title[512], witness[512];
    int32_t score = expected_score(c, g);
    expected_texts(c, g, title, witness);
    if (strcmp(title, t->title)) return COMPLAIN("title: expected '%s', got '%s'", title, t->title);
    if (strcmp(witness, t->witness)) return COMPLAIN("witness: expected '%s', got '%s'", witness, t->witness);
    if (t->start != g->start) return COMPLAIN("start: expected %ld, got %ld", g->start, t->start);
    if (t->tied != g->tied) return COMPLAIN("tie: expected %d", g->tied);
    if (score != t->score) return COMPLAIN("score: expected %d, got %d", score, t->score);
    if (t->steps != g->exists) return COMPLAIN("steps: expected %lx, got %lx", g->exists, t->steps);
    if (!text_equal(text_of(t->completing), g->completing))
        return COMPLAIN("completing: got %s", t->completing);
    for (uint32_t s = 0; s < c->n_steps; s++)
        if ((c->rule.steps[s].counted || c->mode[s] == SCORED) && t->count[s] != g->count[s])
            return COMPLAIN("count of step %u: expected %u, got %lu", s, g->count[s], t->count[s]);
    return true;
}

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
        if (expected_score(c, g) < c->rule.open_at) continue;
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

/* ---- failures ----------------------------------------------------------------------------------------- */

static void print_match(const struct ir_match *m)
{
    static const char *const between[] = {[IR_M_ANY_ORDER] = " & ", [IR_M_EITHER] = " | "};
    if (m->kind == IR_M_STEP) {
        printf("s%u", m->step);
        return;
    }
    if (m->n_kids > 1) printf("(");
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (i && m->kind == IR_M_CHAIN) {
            printf(m->arrows[i].strict ? " =>" : " ->");
            if (m->arrows[i].least || m->arrows[i].most != INT64_MAX)
                printf("[%ld..%ld]", m->arrows[i].least,
                       m->arrows[i].most == INT64_MAX ? 999 : m->arrows[i].most);
            printf(" ");
        } else if (i) {
            printf("%s", between[m->kind]);
        }
        print_match(&m->kids[i]);
    }
    if (m->n_kids > 1) printf(")");
    if (m->kind == IR_M_REPEAT) printf("[%u..]", m->least);
    if (m->kind == IR_M_OPTIONAL) printf("?");
}

static void print_case(const struct a_case *c)
{
    printf("match ");
    print_match(c->rule.match);
    printf("  within %ld once %ld open at %d disorder %ld joins %u\n", c->rule.within, c->rule.once,
           c->rule.open_at, c->disorder, c->rule.n_joins);
    for (uint32_t s = 0; s < c->n_steps; s++)
        printf("  s%u%s%s joins %d %d\n", s, c->rule.steps[s].counted ? " counted" : "",
               c->mode[s] == GATED    ? " gated"
               : c->mode[s] == SCORED ? " scored"
                                      : "",
               c->rule.steps[s].groups->joins[0] != IR_NONE, c->rule.steps[s].groups->joins[1] != IR_NONE);
    for (uint32_t i = 0; i < c->n_events; i++) {
        const struct event *e = &c->events[i];
        if (e->is_out) continue;
        printf("  %s at %ld fills", e->identity, e->second - EPOCH);
        for (uint32_t s = 0; s < c->n_steps; s++)
            if (e->steps >> s & 1)
                printf(" s%u%s%s", s, c->mode[s] != PLAIN && e->new_now[s] ? "n" : "",
                       c->mode[s] != PLAIN && e->new_for_good[s] ? "N" : "");
        if (c->rule.n_joins) printf(" joins %lu %lu", e->join[0].hi, e->join[1].hi);
        printf("\n");
    }
}

enum result { SAME, DIFFERENT, SKIPPED };

static enum result try_case(struct a_case *c, uint64_t seed, struct complaint *complaint, uint32_t *matched)
{
    bool active[ORACLE_HITS];
    struct oracle_result *expected = malloc(sizeof *expected);
    struct caller caller;
    enum result result = SAME;
    for (uint32_t h = 0; h < c->n_hits; h++) {
        const struct event *e = &c->events[c->event_of[h]];
        active[h] = !e->is_out && (c->mode[c->hits[h]->step] != GATED || e->new_for_good[c->hits[h]->step]);
    }
    oracle_judge(&c->rule, c->hits, active, c->n_hits, expected);
    if (expected->gave_up) result = SKIPPED;
    for (int order = 0; order < 3 && result == SAME; order++) {
        run_case(c, seed + (uint64_t)order, order > 0, &caller);
        if (!same_incidents(c, expected, &caller, complaint)) result = DIFFERENT;
    }
    if (matched) *matched += expected->n > 0;
    free(expected);
    return result;
}

static void shrink(struct a_case *c, uint64_t seed, struct complaint *complaint)
{
    struct complaint last;
    for (bool smaller = true; smaller;) {
        smaller = false;
        for (uint32_t i = 0; i < c->n_events; i++) {
            if (c->events[i].is_out) continue;
            c->events[i].is_out = true;
            if (try_case(c, seed, &last, NULL) == DIFFERENT) {
                *complaint = last;
                smaller = true;
            } else {
                c->events[i].is_out = false;
            }
        }
    }
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void random_rules_agree_with_brute_force(void **unused)
{
    uint64_t first = from_environment("SEED", 20261124), cases = from_environment("CASES", 10000);
    uint32_t skipped = 0, matched = 0, refused = 0;
    struct a_case *c = malloc(sizeof *c);
    (void)unused;
    for (uint64_t i = 0; i < cases; i++) {
        struct complaint complaint;
        uint64_t seed = (first << 20) + i;
        if (!make_case(c, seed))
            refused++;
        else {
            enum result result = try_case(c, seed, &complaint, &matched);
            skipped += result == SKIPPED;
            if (result == DIFFERENT) {
                shrink(c, seed, &complaint);
                printf("case %lu (SEED=%lu): %s\n", i, first, complaint.text);
                print_case(c);
                fail();
            }
        }
        arena_free(c->arena);
    }
    free(c);
    printf("%lu cases, %u with a match, %u too large for brute force, %u refused\n", cases, matched, skipped,
           refused);
    assert_true(matched > cases / 4);
    assert_true(skipped < cases / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_rules_agree_with_brute_force)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
