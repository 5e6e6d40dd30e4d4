/* over.c - a small rule over a random one. */
#include "tests/oracle/over.h"
#include "tests/oracle/spell.h"

static struct ir_match step_of(uint32_t step)
{
    return (struct ir_match){.kind = IR_M_STEP, .step = step, .in = INT64_MAX};
}

/* g -> e, e -> g, g & e, g[2..], g -> e?: g takes the groups, e events. Steps stand in match in the order of
 * their numbers. */
static void make_match(struct a_case *over, struct ir_match *m)
{
    uint32_t kind = below(&over->seed, 5);
    over->group_step = kind == 1;
    *m = (struct ir_match){.kind = kind == 2 ? IR_M_ANY_ORDER : IR_M_CHAIN, .in = INT64_MAX, .n_kids = 2};
    m->kids = ARENA_ARRAY(over->arena, struct ir_match, 2);
    m->arrows = ARENA_ARRAY(over->arena, struct ir_arrow, 2);
    m->arrows[1].most = INT64_MAX;
    m->kids[0] = step_of(0), m->kids[1] = step_of(1);
    if (kind == 3) {
        *m =
            (struct ir_match){.kind = IR_M_REPEAT, .least = 2, .in = INT64_MAX, .kids = m->kids, .n_kids = 1};
    } else if (kind == 4) {
        struct ir_match *inside = ARENA_NEW(over->arena, struct ir_match);
        *inside = m->kids[1];
        m->kids[1] = (struct ir_match){.kind = IR_M_OPTIONAL, .in = INT64_MAX, .kids = inside, .n_kids = 1};
    }
}

struct a_case *over_make(struct a_case *c)
{
    struct a_case *over = ARENA_NEW(c->arena, struct a_case);
    *over = (struct a_case){
        .arena = c->arena, .switches = c->switches, .seed = c->seed, .unit = c->unit, .n_steps = 2};
    over->taken_step = IR_NONE;
    over->other_step = below(&over->seed, c->n_steps);
    over->rule = (struct ir_rule){.name = TEXT("over"),
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
    return over;
}

void over_spell(FILE *to, const struct a_case *over)
{
    uint64_t stands = over->required | over->optional;
    fputs("rule over {\n    title \"over\"\n    severity medium\n    attack T1078\n    falsepos \"none\"\n",
          to);
    fprintf(to, "    by actor\n    within %lds\n", over->rule.within);
    for (uint32_t s = 0; s < 2; s++) {
        if (!(stands >> s & 1)) continue;
        fprintf(to, "    step s%u: random", s);
        if (s != over->group_step) fprintf(to, ":Do (truthy(raw.requestParameters.s%u))", over->other_step);
        fputs("\n", to);
    }
    fputs("    match ", to);
    spell_match(to, over->rule.match);
    fprintf(to, "\n    once for %lds\n}\n", over->rule.once);
}

static void add_hit(struct a_case *over, uint32_t step, uint64_t seq, int64_t second, struct text identity)
{
    struct hit *h = ARENA_NEW(over->arena, struct hit);
    if (over->n_hits == ORACLE_HITS) return;
    *h = (struct hit){.seq = seq, .second = second, .step = step, .n_captures = 0};
    h->evidence.identity = identity;
    over->hits[over->n_hits++] = h;
}

/* Signals count; what an exception swallowed does not. A group is no event of the records: it may be taken
 * beside its completing event. */
void over_hits(struct a_case *over, const struct a_case *c, uint32_t key, const struct oracle_result *groups)
{
    uint64_t stands = over->required | over->optional, filled = c->required | c->optional | c->forbidden;
    uint32_t group = over->group_step, event = !group;
    over->n_hits = 0;
    for (uint32_t i = 0; stands >> group & 1 && i < groups->n; i++)
        if (!groups->groups[i].swallowed)
            add_hit(over, group, EVENTS_MOST + i, groups->groups[i].opened, groups->groups[i].completing);
    for (uint32_t i = 0; stands >> event & 1 && i < c->n_events; i++) {
        const struct event *e = &c->events[i];
        if (!e->is_out && !e->is_withheld && e->key == key &&
            e->steps & filled & UINT64_C(1) << over->other_step)
            add_hit(over, event, i, e->second, text_of(e->identity));
    }
}
