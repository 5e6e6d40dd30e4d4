/* over.c - small rules over a random one. */
#include "tests/oracle/over.h"
#include "tests/oracle/spell.h"

static struct ir_match step_of(uint32_t step)
{
    return (struct ir_match){.kind = IR_M_STEP, .step = step, .in = INT64_MAX};
}

static struct ir_match *kid_of(struct a_case *over, struct ir_match kid)
{
    struct ir_match *k = ARENA_NEW(over->arena, struct ir_match);
    *k = kid;
    return k;
}

enum shape { GROUP_EVENT, EVENT_GROUP, BOTH, GROUPS, GROUP_OR_NOT, NO_GROUP, UNTIL_GROUP, SHAPES };

/* g -> e, e -> g, g & e, g[2..], g -> e?, e -> !g for D, e[2..] until g: g takes groups, e events. Steps
 * stand in match in the order of their numbers. */
static void make_match(struct a_case *over, struct ir_match *m)
{
    enum shape shape = (enum shape)below(&over->seed, SHAPES);
    bool is_chain = shape != BOTH;
    over->group_step = shape == EVENT_GROUP || shape == NO_GROUP || shape == UNTIL_GROUP;
    *m = (struct ir_match){.kind = is_chain ? IR_M_CHAIN : IR_M_ANY_ORDER, .in = INT64_MAX, .n_kids = 2};
    m->kids = ARENA_ARRAY(over->arena, struct ir_match, 2);
    m->arrows = ARENA_ARRAY(over->arena, struct ir_arrow, 2);
    m->arrows[1].most = INT64_MAX;
    m->kids[0] = step_of(0), m->kids[1] = step_of(1);
    if (shape == GROUPS || shape == UNTIL_GROUP)
        *m =
            (struct ir_match){.kind = IR_M_REPEAT, .least = 2, .in = INT64_MAX, .kids = m->kids, .n_kids = 1};
    else if (shape == GROUP_OR_NOT)
        m->kids[1] = (struct ir_match){
            .kind = IR_M_OPTIONAL, .in = INT64_MAX, .kids = kid_of(over, m->kids[1]), .n_kids = 1};
    else if (shape == NO_GROUP)
        m->kids[1] = (struct ir_match){.kind = IR_M_NOT,
                                       .in = INT64_MAX,
                                       .absent_for = over->unit * (1 + below(&over->seed, 6)),
                                       .kids = kid_of(over, m->kids[1]),
                                       .n_kids = 1};
    if (shape == UNTIL_GROUP) over->rule.until = 1;
}

/* The event must have the value that the group's completing event had. */
static void make_reference(struct a_case *over)
{
    bool both = (over->required | over->optional) == 3;
    over->rule.n_joins = both && chance(&over->seed, 30);
    over->rule.joins = ARENA_NEW(over->arena, struct ir_join);
    over->rule.joins[0] = (struct ir_join){.of = over->group_step, .by = IR_NONE};
    for (uint32_t s = 0; s < 2; s++) {
        over->rule.steps[s].groups = ARENA_NEW(over->arena, struct ir_group);
        over->rule.steps[s].groups->joins = ARENA_NEW(over->arena, ir_node_id);
        over->rule.steps[s].groups->gate = IR_NONE;
    }
}

static struct a_case *make_over(struct a_case *c, const struct a_case *below_it, struct text name)
{
    struct a_case *over = ARENA_NEW(c->arena, struct a_case);
    *over = (struct a_case){
        .arena = c->arena, .switches = c->switches, .seed = c->seed, .unit = c->unit, .n_steps = 2};
    over->taken_step = IR_NONE;
    over->other_step = below(&over->seed, c->n_steps);
    over->rule = (struct ir_rule){.name = name,
                                  .n_steps = 2,
                                  .within = c->unit * (1 + below(&over->seed, 12)),
                                  .once = c->unit * (1 + below(&over->seed, 12)),
                                  .until = IR_NONE,
                                  .where = IR_NONE,
                                  .open_at = 1};
    over->rule.match = ARENA_NEW(c->arena, struct ir_match);
    over->rule.steps = ARENA_ARRAY(c->arena, struct ir_step, 2);
    over->rule.severities = ARENA_NEW(c->arena, struct ir_severity_if);
    over->rule.severities[over->rule.n_severities++] = (struct ir_severity_if){IR_MEDIUM, IR_NONE};
    make_match(over, over->rule.match);
    case_survey(over);
    make_reference(over);
    over->is_keyed = below_it->is_keyed || chance(&over->seed, 40);
    c->seed = over->seed;
    return over;
}

struct a_case *over_make(struct a_case *c)
{
    struct a_case *over = make_over(c, c, TEXT("over"));
    if (chance(&c->seed, 40)) over->over = make_over(c, over, TEXT("top"));
    return over;
}

bool over_mixes(const struct a_case *c)
{
    for (const struct a_case *over = c->over; over; over = over->over)
        if (over->is_keyed) return true;
    return false;
}

/* ---- as text ------------------------------------------------------------------------------------------ */

static void spell_step(FILE *to, const struct a_case *over, const struct a_case *below_it, uint32_t s)
{
    bool is_group = s == over->group_step;
    fprintf(to, "    step s%u: ", s);
    if (is_group)
        fprintf(to, TEXT_FMT, TEXT_ARG(below_it->rule.name));
    else
        fprintf(to, "random:Do (truthy(raw.requestParameters.s%u)", over->other_step);
    if (!is_group && over->rule.n_joins)
        fprintf(to, " and raw.requestParameters.j0 == s%u.req.j0", over->group_step);
    if (!is_group) fputc(')', to);
    if (over->is_keyed && !is_group) fputs(" with k = raw.requestParameters.j0", to);
    if (over->is_keyed && is_group && !below_it->is_keyed) fputs(" with k = req.j0", to);
    fputc('\n', to);
}

static void spell_one(FILE *to, const struct a_case *over, const struct a_case *below_it)
{
    uint64_t stands = over->required | over->optional | over->forbidden;
    fprintf(to,
            "rule " TEXT_FMT " {\n    title \"over\"\n    severity medium\n    attack T1078\n"
            "    falsepos \"none\"\n    by %s\n    within %lds\n",
            TEXT_ARG(over->rule.name), over->is_keyed ? "k" : "actor", over->rule.within);
    for (uint32_t s = 0; s < 2; s++)
        if (stands >> s & 1) spell_step(to, over, below_it, s);
    fputs("    match ", to);
    spell_match(to, over->rule.match);
    if (over->rule.until != IR_NONE) fprintf(to, " until s%u", over->rule.until);
    fprintf(to, "\n    once for %lds\n}\n", over->rule.once);
}

void over_spell(FILE *to, const struct a_case *c)
{
    for (; c->over; c = c->over) spell_one(to, c->over, c);
}

/* ---- what it takes ------------------------------------------------------------------------------------ */

static void add_hit(struct a_case *over, uint32_t step, uint64_t seq, int64_t second, const struct event *e,
                    bool blinded)
{
    if (over->n_hits == ORACLE_HITS) return;
    struct hit *h = ARENA_NEW(over->arena, struct hit);
    *h = (struct hit){.seq = seq, .second = second, .step = step, .blinded = blinded};
    h->in_doubt = blinded && over->forbidden >> step & 1;
    h->joins = ARENA_NEW(over->arena, struct hash128);
    h->joins[0] = e->join[0];
    h->evidence.identity = text_of(e->identity);
    over->hits[over->n_hits++] = h;
}

static const struct event *event_named(const struct a_case *c, struct text identity)
{
    uint32_t i = 0;
    while (!text_equal(text_of(c->events[i].identity), identity)) i++;
    return &c->events[i];
}

/* The key of a group or an event that stands under `key` below. */
static uint32_t key_over(const struct a_case *over, const struct event *e, uint32_t key)
{
    return over->is_keyed ? (uint32_t)e->join[0].hi - 1 : key;
}

static void add_groups(struct a_case *over, const struct a_case *c, uint32_t key, uint32_t key_below,
                       const struct oracle_result *groups)
{
    for (uint32_t i = 0; i < groups->n; i++) {
        const struct oracle_group *g = &groups->groups[i];
        const struct event *e = event_named(c, g->completing);
        if (!g->swallowed && key_over(over, e, key_below) == key)
            add_hit(over, over->group_step, EVENTS_MOST + key_below * ORACLE_GROUPS + i, g->opened, e,
                    g->blinded);
    }
}

/* Signals count; what nobody can tell of is an event, and marks what takes it, or what it may forbid (B14);
 * what an exception swallowed does not. A group is no event of the records: it may be taken beside its
 * completing event. */
bool over_hits(struct a_case *over, const struct a_case *c, uint32_t key,
               const struct oracle_result groups[OVER_KEYS])
{
    uint64_t stands = over->required | over->optional | over->forbidden;
    uint64_t filled = c->required | c->optional | c->forbidden, other = UINT64_C(1) << over->other_step;
    uint32_t event_step = !over->group_step;
    over->n_hits = 0;
    for (uint32_t k = 0; stands >> over->group_step & 1 && k < OVER_KEYS; k++)
        add_groups(over, c, key, k, &groups[k]);
    for (uint32_t i = 0; stands >> event_step & 1 && i < c->n_events; i++) {
        const struct event *e = &c->events[i];
        if (!e->is_out && key_over(over, e, e->key) == key && e->steps & filled & other)
            add_hit(over, event_step, i, e->second, e, false);
    }
    return over->n_hits < ORACLE_HITS;
}
