/* random.c - random match trees, rules and events. */
#include "tests/oracle/random.h"
#include "tests/oracle/over.h"
#include "tests/oracle/past.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS_USUAL 5 /* forbidden ones come on top */

/* ---- chance ------------------------------------------------------------------------------------------- */

uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
uint32_t below(uint64_t *seed, uint32_t n)
{
    return (uint32_t)(next_random(seed) % n);
}
bool chance(uint64_t *seed, uint32_t percent)
{
    return below(seed, 100) < percent;
}
uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- switches ----------------------------------------------------------------------------------------- */

struct construct_row {
    const char *name;
    uint32_t percent;
};
static const struct construct_row constructs[] = {
#define CONSTRUCT(which, name, percent, what) {name, percent},
#include "tests/oracle/construct.def"
#undef CONSTRUCT
};

const char *construct_name(enum construct which)
{
    return constructs[which].name;
}

static void turn(struct switches *s, const char *name, size_t len, uint32_t percent)
{
    bool found = false;
    for (uint32_t i = 0; i < CONSTRUCTS; i++) {
        const char *own = constructs[i].name;
        if ((len != 3 || memcmp(name, "all", 3) != 0) && (strlen(own) != len || memcmp(own, name, len) != 0))
            continue;
        s->percent[i] = percent;
        found = true;
    }
    if (found) return;
    fprintf(stderr, "RULES: no construct is called %.*s\n", (int)len, name);
    exit(2);
}

struct switches switches_now(void)
{
    struct switches s = {.for_text = false};
    const char *at = getenv("RULES");
    for (uint32_t i = 0; i < CONSTRUCTS; i++) s.percent[i] = constructs[i].percent;
    while (at && *at) {
        size_t len = strcspn(at, "=");
        char *end = (char *)at + len;
        if (*end) turn(&s, at, len, (uint32_t)strtoul(end + 1, &end, 10));
        at = end + strspn(end, " ,");
    }
    return s;
}

static bool use(struct a_case *c, enum construct which)
{
    bool used = chance(&c->seed, c->switches->percent[which]);
    c->uses[which] |= used;
    return used;
}

static bool hides(struct a_case *c, enum construct which)
{
    bool used = chance(&c->hiding, c->switches->percent[which]);
    c->uses[which] |= used;
    return used;
}

/* ---- match -------------------------------------------------------------------------------------------- */

/* What stands around a part. */
struct around {
    uint32_t from, to; /* steps that are to stand in it, in order */
    bool may_be_optional, in_optional;
    bool is_last; /* nothing of the match stands behind it or beside it */
    int depth;
};

static void make_match(struct a_case *c, struct ir_match *m, struct around a);

static struct ir_match *make_kids(struct a_case *c, struct ir_match *m, uint32_t n)
{
    m->n_kids = n;
    return m->kids = ARENA_ARRAY(c->arena, struct ir_match, n);
}

static struct ir_match plain_step(uint32_t step)
{
    return (struct ir_match){.kind = IR_M_STEP, .step = step, .in = INT64_MAX};
}

static void make_repeat(struct a_case *c, struct ir_match *m, const struct around *a)
{
    *m = (struct ir_match){.kind = IR_M_REPEAT, .least = 2 + below(&c->seed, 2), .in = INT64_MAX};
    *make_kids(c, m, 1) = plain_step(a->from);
    if (use(c, USE_INNER)) m->in = c->unit * below(&c->seed, 5);
    if (a->is_last && use(c, USE_UP_TO)) {
        m->least = 1 + below(&c->seed, 2);
        m->most = m->least + below(&c->seed, 2);
    } else if (use(c, USE_DISTINCT)) {
        m->taking = IR_TAKE_DISTINCT;
        m->value = chance(&c->seed, 80) ? CAPTURE_TEXT : CAPTURE_NUMBER;
    } else if (use(c, USE_SUM)) {
        m->taking = IR_TAKE_SUM;
        m->least = 1;
        m->value = CAPTURE_NUMBER;
        m->amount = 1 + below(&c->seed, 14);
    }
}

static void make_step(struct a_case *c, struct ir_match *m, const struct around *a)
{
    if (use(c, USE_REPEAT))
        make_repeat(c, m, a);
    else
        *m = plain_step(a->from);
}

static bool is_optional(const struct ir_match *m)
{
    if (m->kind == IR_M_OPTIONAL) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (!is_optional(&m->kids[i])) return false;
    return m->n_kids > 0;
}

/* Whether something other than `->` may stand before kid i: not before a veto, not between two optional
 * items, and not where a veto stands beside one (language.md B8, B9). */
static bool may_bind(const struct ir_match *m, uint32_t i)
{
    uint32_t before = i - 1;
    while (before && m->kids[before].kind == IR_M_NOT) before--;
    bool beside_veto = m->kids[i - 1].kind == IR_M_NOT;
    if (m->kids[i].kind == IR_M_NOT) return false;
    if (beside_veto) return !is_optional(&m->kids[i]) && !is_optional(&m->kids[before]);
    return !is_optional(&m->kids[i]) || !is_optional(&m->kids[before]);
}

static void make_arrows(struct a_case *c, struct ir_match *m)
{
    m->arrows = ARENA_ARRAY(c->arena, struct ir_arrow, m->n_kids);
    for (uint32_t i = 1; i < m->n_kids; i++) {
        struct ir_arrow *a = &m->arrows[i];
        *a = (struct ir_arrow){.most = INT64_MAX};
        if (!may_bind(m, i)) continue;
        a->strict = chance(&c->seed, 20);
        if (chance(&c->seed, 15) && c->unit == 1) a->least = c->unit * (1 + below(&c->seed, 3));
        if (c->switches->for_text && a->least > c->rule.within) a->least = c->rule.within;
        if (chance(&c->seed, 20)) a->most = a->least + c->unit * below(&c->seed, 4);
    }
}

/* !c, !(c | d) of the steps from .. to */
static void make_veto(struct a_case *c, struct ir_match *m, uint32_t from, uint32_t to)
{
    *m = (struct ir_match){.kind = IR_M_NOT, .in = INT64_MAX};
    struct ir_match *kid = make_kids(c, m, 1);
    *kid = plain_step(from);
    if (to - from == 1) return;
    *kid = (struct ir_match){.kind = IR_M_EITHER, .in = INT64_MAX};
    make_kids(c, kid, to - from);
    for (uint32_t i = from; i < to; i++) kid->kids[i - from] = plain_step(i);
}

/* Where kid i of n of a chain may be a veto: not first; last only as `!c for D` at the very end. */
static bool wants_veto(struct a_case *c, const struct ir_match *m, const struct around *a, uint32_t i,
                       uint32_t n)
{
    if (m->kind != IR_M_CHAIN || i == 0) return false;
    if (i == n - 1) return a->is_last && !a->in_optional && use(c, USE_FOR);
    return use(c, USE_VETO);
}

static void make_parts(struct a_case *c, struct ir_match *m, const struct around *a)
{
    uint32_t steps = a->to - a->from, most = steps < 3 ? steps : m->kind == IR_M_CHAIN && steps > 3 ? 4 : 3;
    uint32_t n = 2 + (most > 2 ? below(&c->seed, most - 1) : 0), required = below(&c->seed, n);
    bool is_vetoed = m->kind == IR_M_CHAIN && steps > 2 && use(c, USE_VETO); /* a -> !c -> the rest */
    if (is_vetoed) n = 3, required = 2;
    make_kids(c, m, n);
    for (uint32_t i = 0, at = a->from; i < n; i++) {
        uint32_t left = n - 1 - i, end = left ? at + 1 + below(&c->seed, a->to - at - left) : a->to;
        struct around kid = {at,
                             end,
                             a->may_be_optional && i != required && m->kind != IR_M_EITHER,
                             a->in_optional,
                             a->is_last && (m->kind == IR_M_EITHER || (m->kind == IR_M_CHAIN && !left)),
                             a->depth + 1};
        kid.may_be_optional = kid.may_be_optional && m->kind != IR_M_SOME_OF;
        if (i == 1 && is_vetoed) end = at + 1;
        if (i != required && end - at <= 2 && ((i == 1 && is_vetoed) || wants_veto(c, m, a, i, n))) {
            make_veto(c, &m->kids[i], at, end);
            if (!left) m->kids[i].absent_for = c->unit * (1 + below(&c->seed, 4));
        } else {
            make_match(c, &m->kids[i], kid);
        }
        at = end;
    }
    if (m->kind == IR_M_CHAIN) make_arrows(c, m);
}

static void make_optional(struct a_case *c, struct ir_match *m, struct around a)
{
    *m = (struct ir_match){.kind = IR_M_OPTIONAL, .in = INT64_MAX};
    a.may_be_optional = !a.in_optional && use(c, USE_NESTED);
    a.in_optional = true, a.is_last = false;
    a.depth++;
    struct ir_match *kid = make_kids(c, m, 1);
    make_match(c, kid, a);
    if (kid->kind == IR_M_OPTIONAL) *kid = kid->kids[0];
}

static void make_match(struct a_case *c, struct ir_match *m, struct around a)
{
    static const enum ir_match_kind kinds[] = {IR_M_CHAIN, IR_M_CHAIN, IR_M_ANY_ORDER, IR_M_EITHER};
    if (a.may_be_optional && a.depth && use(c, USE_OPTIONAL)) {
        make_optional(c, m, a);
        return;
    }
    if (a.to - a.from == 1) {
        make_step(c, m, &a);
        return;
    }
    struct ir_match *inside = m;
    if (use(c, USE_INNER)) {
        *m = (struct ir_match){.kind = IR_M_GROUP, .in = c->unit * below(&c->seed, 7)};
        inside = make_kids(c, m, 1);
    }
    *inside = (struct ir_match){.kind = kinds[below(&c->seed, 4)], .in = INT64_MAX};
    if (use(c, USE_SOME_OF)) inside->kind = IR_M_SOME_OF;
    a.is_last = a.is_last && inside->kind != IR_M_ANY_ORDER && inside->kind != IR_M_SOME_OF;
    make_parts(c, inside, &a);
    if (inside->kind == IR_M_SOME_OF) inside->least = 1 + below(&c->seed, inside->n_kids);
}

/* ---- what stands where -------------------------------------------------------------------------------- */

static void survey(struct a_case *c, const struct ir_match *m, bool in_optional, bool is_forbidden)
{
    uint64_t bit = UINT64_C(1) << m->step;
    if (m->kind == IR_M_STEP && is_forbidden) c->forbidden |= bit;
    if (m->kind == IR_M_REPEAT && m->taking != IR_TAKE_TIMES) c->measured |= UINT64_C(1) << m->kids->step;
    if (m->kind == IR_M_STEP && !is_forbidden) *(in_optional ? &c->optional : &c->required) |= bit;
    for (uint32_t i = 0; i < m->n_kids; i++)
        survey(c, &m->kids[i], in_optional || m->kind == IR_M_OPTIONAL, is_forbidden || m->kind == IR_M_NOT);
}

void case_survey(struct a_case *c)
{
    c->required = c->optional = c->forbidden = c->measured = 0;
    if (c->rule.until != IR_NONE) c->forbidden |= UINT64_C(1) << c->rule.until;
    survey(c, c->rule.match, false, false);
}

/* Parts around a step that a choice may do without: bits by the parts' order of visit. */
static uint32_t find_branches(const struct ir_match *m, uint32_t inside, uint32_t *next, uint32_t *branches)
{
    bool may_lack = m->kind == IR_M_EITHER || (m->kind == IR_M_SOME_OF && m->least < m->n_kids);
    if (m->kind == IR_M_STEP) branches[m->step] = inside;
    for (uint32_t i = 0; i < m->n_kids; i++) {
        uint32_t own = inside;
        if (may_lack || m->kind == IR_M_OPTIONAL) own |= 1u << (*next)++;
        find_branches(&m->kids[i], own, next, branches);
    }
    return *next;
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static void take_part(struct a_case *c, uint32_t step, uint32_t join)
{
    c->rule.steps[step].groups->joins[join] = 0; /* any node: hits are made here */
}

static bool takes_several(const struct ir_match *m, uint32_t step)
{
    if (m->kind == IR_M_REPEAT) return m->kids->step == step;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (takes_several(&m->kids[i], step)) return true;
    return false;
}

/* A reference of some steps to one: `==` of any number, `!=` of one. */
static void make_join(struct a_case *c, uint32_t join)
{
    struct ir_rule *r = &c->rule;
    uint32_t branches[64] = {0}, next = 0, of = below(&c->seed, c->n_steps);
    bool loose = use(c, USE_LOOSE);
    find_branches(r->match, 0, &next, branches);
    for (uint32_t i = 0; i < c->n_steps && c->forbidden >> of & 1; i++) of = (of + 1) % c->n_steps;
    r->joins[join] =
        (struct ir_join){.name = TEXT("join"), .of = of, .by = IR_NONE, .differs = use(c, USE_DIFFERS)};
    bool is_lone = takes_several(r->match, of); /* until a step refers to it that is there whenever it is */
    bool is_said_of_forbidden = false; /* then its events must agree, for the forbidden one to be judged */
    take_part(c, of, join);
    for (uint32_t s = 0, others = 0; s < c->n_steps; s++) {
        bool always_together = (branches[s] & branches[of]) == branches[of];
        if (s == of || !chance(&c->seed, 60) || (r->joins[join].differs && others)) continue;
        if (!always_together && !loose) continue;
        take_part(c, s, join);
        if (r->joins[join].differs) r->joins[join].by = s;
        others++;
        is_said_of_forbidden |= c->forbidden >> s & 1;
        is_lone &= c->forbidden >> s & 1 || (branches[s] & ~branches[of]) != 0;
    }
    if (r->joins[join].by == IR_NONE) r->joins[join].differs = false; /* nobody says it */
    if (!is_lone || (!is_said_of_forbidden && use(c, USE_LONE))) return;
    for (uint32_t s = 0; s < c->n_steps; s++) r->steps[s].groups->joins[join] = IR_NONE;
}

static void make_past(struct a_case *c, uint32_t s)
{
    static const enum ir_ask_kind kinds[] = {IR_ASK_NEW, IR_ASK_NEW, IR_ASK_AGE, IR_ASK_RARITY, IR_ASK_SINCE};
    uint64_t *seed = &c->seed;
    c->rule.asks[s] = (struct ir_ask){IR_ASK_NEW, 0, s};
    c->past[s] = (struct ir_baseline){.keep = c->unit * (2 + below(seed, 12)),
                                      .warmup = c->unit * (1 + below(seed, 6)),
                                      .days = 1 + below(seed, 2)};
    if (c->switches->for_text) c->rule.asks[s].kind = (uint8_t)kinds[below(seed, 5)];
    if (use(c, USE_PREVALENCE)) c->rule.asks[s].kind = IR_ASK_PREVALENCE;
}

static void make_step_rule(struct a_case *c, uint32_t s)
{
    static const struct text names[CAPTURES] = {TEXT("identity"), TEXT("number"), TEXT("text"), TEXT("time")};
    static const uint8_t types[CAPTURES] = {IR_TYPE_STRING, IR_TYPE_ANY, IR_TYPE_ANY, IR_TYPE_TIME};
    struct ir_step *step = &c->rule.steps[s];
    c->mode[s] = use(c, USE_GATE) ? (chance(&c->seed, 50) ? GATED : SCORED) : PLAIN;
    if (c->forbidden >> s & 1 && c->mode[s] == SCORED) c->mode[s] = PLAIN;
    step->counted = chance(&c->seed, 50) && !(c->forbidden >> s & 1);
    step->n_groups = 1;
    step->groups = ARENA_NEW(c->arena, struct ir_group);
    *step->groups = (struct ir_group){.test = IR_NONE, .gate = IR_NONE};
    make_past(c, s);
    if (c->mode[s] == GATED) step->groups->gate = case_ask(c, s);
    step->groups->joins = ARENA_ARRAY(c->arena, ir_node_id, 2);
    step->groups->joins[0] = step->groups->joins[1] = IR_NONE;
    step->n_captures = CAPTURES;
    step->captures = ARENA_ARRAY(c->arena, struct ir_capture, CAPTURES);
    for (uint32_t i = 0; i < CAPTURES; i++)
        step->captures[i] = (struct ir_capture){names[i], types[i], false};
    step->n_asks = c->mode[s] != PLAIN;
    step->asks = ARENA_NEW(c->arena, uint32_t);
    *step->asks = s;
}

static void add_term(struct a_case *c, int32_t points, ir_node_id when)
{
    c->rule.terms[c->rule.n_terms++] = (struct ir_term){points, when, TEXT("term")};
}

static void score_step(struct a_case *c, uint32_t s)
{
    add_term(c, 6, case_leaf(c, IR_OP_STEP_EXISTS, IR_TYPE_BOOL, 0, s));
    if (c->rule.steps[s].counted) add_term(c, 3, case_counts(c, s, 2)), add_term(c, 2, case_counts(c, s, 4));
    if (c->mode[s] == SCORED) add_term(c, 4, case_ask(c, s));
}

static ir_node_id exists_one(struct a_case *c)
{
    uint32_t s = below(&c->seed, c->n_steps);
    while (c->forbidden >> s & 1) s = (s + 1) % c->n_steps;
    return case_leaf(c, IR_OP_STEP_EXISTS, IR_TYPE_BOOL, 0, s);
}

static void make_judgement(struct a_case *c)
{
    struct ir_rule *r = &c->rule;
    uint64_t all = ((UINT64_C(1) << c->n_steps) - 1) & ~c->forbidden;
    if (use(c, USE_WHERE)) r->where = case_test(c, c->required, 0);
    for (uint32_t s = 0; s < c->n_steps; s++) {
        if (c->forbidden >> s & 1) continue;
        c->in_title |= UINT64_C(1) << s;
        r->title.parts[r->title.len++] = (struct ir_template_part){
            .operand = case_leaf(c, IR_OP_CAPTURE, IR_TYPE_STRING, CAPTURE_IDENTITY, s)};
        r->title.parts[r->title.len++] = (struct ir_template_part){TEXT(" "), IR_NONE};
        score_step(c, s);
    }
    r->severities = ARENA_ARRAY(c->arena, struct ir_severity_if, 3);
    r->severities[r->n_severities++] = (struct ir_severity_if){IR_MEDIUM, IR_NONE};
    if (chance(&c->seed, 30)) {
        r->severities[r->n_severities++] = (struct ir_severity_if){IR_CRITICAL, exists_one(c)};
        if (chance(&c->seed, 40)) r->has_score = false, r->n_terms = 0;
    }
    if (use(c, USE_EXCEPT)) {
        r->exceptions = ARENA_NEW(c->arena, struct ir_exception);
        ir_node_id when = chance(&c->seed, 50) ? case_test(c, all, 0) : exists_one(c);
        r->exceptions[r->n_exceptions++] = (struct ir_exception){
            .name = TEXT("match"), .expires = INT64_MAX, .on_match = true, .when = when};
    }
    if (c->switches->for_text && use(c, USE_TAKEN)) c->taken_step = below(&c->seed, c->n_steps);
    if (!r->has_score) return;
    if (!use(c, USE_AMOUNT)) return;
    for (int32_t i = 0; i < 3; i++) add_term(c, chance(&c->seed, 70) ? 5 : -7, case_test(c, all, 0));
    r->severities[r->n_severities++] = (struct ir_severity_if){IR_HIGH, case_test(c, all, 0)};
}

static void make_rule(struct a_case *c)
{
    struct ir_rule *r = &c->rule;
    uint64_t *seed = &c->seed;
    c->n_steps = 1 + below(seed, STEPS_USUAL);
    if (c->switches->percent[USE_VETO] | c->switches->percent[USE_FOR] | c->switches->percent[USE_UNTIL])
        c->n_steps += below(seed, 3);
    *r = (struct ir_rule){.name = TEXT("random"),
                          .n_steps = c->n_steps,
                          .within = c->unit * (int64_t)(c->switches->for_text + below(seed, 9)),
                          .once = c->unit * (int64_t)(c->switches->for_text + below(seed, 11)),
                          .until = IR_NONE,
                          .where = IR_NONE,
                          .has_score = true,
                          .score = 20,
                          .open_at = chance(seed, 70) ? 1 : 30};
    r->steps = ARENA_ARRAY(c->arena, struct ir_step, ORACLE_STEPS);
    r->terms = ARENA_ARRAY(c->arena, struct ir_term, 6 * ORACLE_STEPS);
    r->joins = ARENA_ARRAY(c->arena, struct ir_join, 2);
    r->asks = ARENA_ARRAY(c->arena, struct ir_ask, ORACLE_STEPS);
    r->n_asks = ORACLE_STEPS;
    r->match = ARENA_NEW(c->arena, struct ir_match);
    r->title.parts = ARENA_ARRAY(c->arena, struct ir_template_part, 2 * ORACLE_STEPS);
    uint32_t in_match = c->n_steps;
    if (in_match > 1 && use(c, USE_UNTIL)) r->until = --in_match;
    make_match(c, r->match, (struct around){0, in_match, true, false, true, 0});
    case_survey(c);
    for (uint32_t s = 0; s < c->n_steps; s++) make_step_rule(c, s);
    if (use(c, USE_JOIN)) r->n_joins = 1 + below(seed, 2);
    for (uint32_t i = 0; i < r->n_joins; i++) make_join(c, i);
    make_judgement(c);
    c->ir.arena = c->arena;
    c->ir.rules = r, c->ir.n_rules = 1;
    c->ir.baselines = ARENA_NEW(c->arena, struct ir_baseline);
    c->ir.n_baselines = 1;
}

/* ---- events ------------------------------------------------------------------------------------------- */

static struct value one_text(struct a_case *c)
{
    static const struct text texts[] = {TEXT("red"), TEXT("green"), TEXT("blue"), TEXT("grey")};
    return value_string(texts[below(&c->seed, 4)]);
}

static struct value one_number(struct a_case *c)
{
    return value_int(chance(&c->seed, 10) ? -(int64_t)below(&c->seed, 4) : (int64_t)below(&c->seed, 7));
}

/* A value, a list of a few, none, or one that was withheld. */
static struct value some_value(struct a_case *c, struct value (*one)(struct a_case *c))
{
    uint32_t kind = below(&c->seed, 100);
    if (hides(c, USE_WITHHELD)) return value_withheld();
    if (kind < 10) return value_absent();
    if (kind < 70 || (c->switches->for_text && one == one_number)) return one(c);
    struct value *items = ARENA_ARRAY(c->arena, struct value, 3);
    struct value list = {.kind = VALUE_LIST, .len = below(&c->seed, 4), .items = items};
    for (uint32_t i = 0; i < 3; i++) items[i] = one(c);
    for (uint32_t i = 0; i < 3; i++)
        if (hides(c, USE_WITHHELD)) items[i] = value_withheld();
    return list;
}

uint32_t case_keys(const struct a_case *c, const struct event *e, uint32_t step)
{
    uint32_t value = e->key_value < KEYS ? 1u << e->key_value : 0;
    if (e->is_omitted && c->by[step] != KEY_USER) return 0;
    return c->by[step] == KEY_USER || c->call[0] ? 1u << e->key
           : c->by[step] == KEY_VALUE            ? value
                                                 : e->key_list;
}

static void make_keys(struct a_case *c, struct event *e)
{
    if (!c->uses[USE_KEYS]) return;
    e->key_value = below(&c->seed, KEYS + 1);
    e->key_list = below(&c->seed, 1u << KEYS);
}

/* Rules over the rule read the same values: what they make of withheld ones is left out. */
static void hide(struct a_case *c, struct event *e)
{
    for (uint32_t s = 0; s < c->n_steps; s++)
        for (uint32_t tries = c->forbidden >> s & 1 ? 4 : 1; tries-- > 0;)
            if (hides(c, USE_HIDDEN)) e->unsure |= UINT64_C(1) << s;
    for (uint32_t j = 0; j < 2; j++) e->hides_join[j] = hides(c, USE_HIDDEN);
}

static void omit(const struct a_case *c, struct event *e)
{
    e->is_omitted = e->hides_join[0] = e->hides_join[1] = true;
    e->steps = 0;
    e->unsure = (UINT64_C(1) << c->n_steps) - 1;
    e->number = e->text = value_withheld();
}

static void make_event(struct a_case *c, struct event *e, uint32_t values)
{
    uint64_t *seed = &c->seed;
    snprintf(e->identity, sizeof e->identity, "%c%c%02u", 'a' + (char)below(seed, 26),
             'a' + (char)below(seed, 26), (uint32_t)(e - c->events));
    for (uint32_t j = 0; j < 2; j++) e->join[j] = (struct hash128){1 + below(seed, values), 7};
    e->lacks_join = c->switches->for_text && chance(seed, 12);
    bool omits = chance(seed, 20) && use(c, USE_OMITTED) && !c->over;
    if (!c->over) hide(c, e);
    if ((e->steps | e->unsure) & c->measured) e->unsure &= ~c->forbidden;
    e->steps &= ~e->unsure;
    make_keys(c, e);
    e->number = some_value(c, one_number), e->text = some_value(c, one_text);
    if (omits) omit(c, e);
    for (uint32_t s = 0; s < c->n_steps; s++)
        e->new_now[s] = chance(seed, 70),
        e->new_for_good[s] = chance(seed, 30) ? !e->new_now[s] : e->new_now[s];
}

static void make_events(struct a_case *c)
{
    uint64_t *seed = &c->seed, kinds[4];
    uint32_t n_kinds = 1 + below(seed, 4), seconds = 1 + below(seed, 20), values = 1 + below(seed, 3);
    bool overlap = chance(seed, 40);
    for (uint32_t k = 0; k < 4; k++)
        for (kinds[k] = 0; !kinds[k];) kinds[k] = next_random(seed) & ((UINT64_C(1) << c->n_steps) - 1);
    /* What differs, differs with a few events; many cost brute force most of its time. */
    c->n_events = 4 + below(seed, chance(seed, 90) ? 10 : EVENTS_MOST - 4);
    c->disorder = 1 + below(seed, 6);
    for (uint32_t i = 0; i < c->n_events; i++) {
        struct event *e = &c->events[i];
        *e = (struct event){.second = EPOCH + c->unit * below(seed, seconds), .key = below(seed, KEYS)};
        uint32_t step = below(seed, c->n_steps);
        if (c->forbidden >> step & 1 && chance(seed, 30))
            step = below(seed, c->n_steps); /* else all is vetoed */
        e->steps = overlap ? kinds[below(seed, n_kinds)] : UINT64_C(1) << step;
        if (e->steps & c->measured)
            e->steps &= ~c->forbidden; /* the compiler sees to it that they never meet */
        make_event(c, e, values);
    }
}

static struct hash128 join_of(const struct a_case *c, const struct event *e, uint32_t join)
{
    struct hash128 absent = c->rule.joins[join].differs ? (struct hash128){0, 0} : JOIN_ABSENT;
    if (e->hides_join[join]) return JOIN_UNKNOWN;
    return join == 1 && e->lacks_join ? absent : e->join[join];
}

static void make_hit(struct a_case *c, uint32_t event, uint32_t step)
{
    struct event *e = &c->events[event];
    struct hit *h = ARENA_NEW(c->arena, struct hit);
    *h = (struct hit){.seq = event,
                      .second = e->second,
                      .step = step,
                      .in_doubt = e->unsure >> step & 1,
                      .key_hash = {5, 6},
                      .key = TEXT("key"),
                      .n_joins = c->rule.n_joins,
                      .n_captures = CAPTURES,
                      .n_asks = c->rule.steps[step].n_asks};
    h->evidence.identity = text_of(e->identity);
    h->evidence.time = e->second * INT64_C(1000000000);
    h->joins = ARENA_ARRAY(c->arena, struct hash128, 2);
    for (uint32_t j = 0; j < c->rule.n_joins; j++)
        if (c->rule.steps[step].groups->joins[j] != IR_NONE) h->joins[j] = join_of(c, e, j);
    h->captures = ARENA_ARRAY(c->arena, struct value, CAPTURES);
    h->captures[CAPTURE_IDENTITY] = value_string(h->evidence.identity);
    h->captures[CAPTURE_NUMBER] = e->number;
    h->captures[CAPTURE_TEXT] = e->text;
    h->captures[CAPTURE_TIME] = (struct value){.kind = VALUE_TIME, .i = h->evidence.time};
    h->asks = ARENA_NEW(c->arena, struct hit_ask);
    *h->asks = (struct hit_ask){.ask = step, .answer = event * ORACLE_STEPS + step, .value = {event, step}};
    c->event_of[c->n_hits] = event;
    c->hits[c->n_hits++] = h;
}

static void make_by(struct a_case *c)
{
    c->by_account = chance(&c->seed, 30);
    for (uint32_t s = 0; s < c->n_steps; s++) c->by[s] = (enum step_key)below(&c->seed, 3);
}

void case_hits(struct a_case *c)
{
    c->n_hits = 0;
    for (uint32_t e = 0; e < c->n_events; e++) {
        if (c->n_hits + ORACLE_STEPS > ORACLE_HITS) c->n_events = e;
        for (uint32_t s = 0; s < c->n_steps && e < c->n_events; s++)
            if ((c->events[e].steps | (c->events[e].unsure & c->forbidden)) >> s & 1) make_hit(c, e, s);
    }
}

void case_make(struct a_case *c, uint64_t seed, const struct switches *switches)
{
    struct arena *arena = arena_new(0);
    memset(c, 0, sizeof *c);
    c->arena = arena;
    c->seed = seed;
    c->hiding = ~seed;
    c->switches = switches;
    c->taken_step = IR_NONE;
    c->unit = switches->for_text && chance(&c->seed, 40) ? UNIT_OF_PAST : 1;
    make_rule(c);
    if (switches->for_text && use(c, USE_KEYS)) make_by(c);
    if (switches->for_text && !c->uses[USE_KEYS] && use(c, USE_OVER)) c->over = over_make(c);
    make_events(c);
    case_hits(c);
}
