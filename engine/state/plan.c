/* plan.c - automata into tables. */
#include "engine/state/plan.h"
#include "engine/state/bounded.h"
#include "engine/state/differ.h"
#include "engine/ir/settle.h"
#include "engine/state/fold.h"
#include "engine/state/measure.h"
#include "engine/state/suspect.h"
#include "engine/state/veto.h"

#include <stdlib.h>

#define BIT(n) (UINT64_C(1) << (n))

/* ---- progress tables ---------------------------------------------------------------------------------- */

static int compare_taken(const uint16_t *a, const uint16_t *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

static uint16_t find_progress(const struct alternative *a, const uint16_t *taken)
{
    uint32_t lo = 0, hi = a->n_progress;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int order = compare_taken(a->taken + (size_t)mid * a->n_places, taken, a->n_places);
        if (order == 0) return (uint16_t)mid;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return PROGRESS_NONE;
}

static void number_progress(struct slab *s, struct alternative *a, const struct ir_alternative *shape)
{
    struct progress_walk w;
    a->n_progress = progress_count(shape, PROGRESS_MOST);
    a->full = (uint16_t)(a->n_progress - 1);
    a->taken = slab_get(s, (size_t)a->n_progress * a->n_places * sizeof *a->taken);
    a->complete = slab_get(s, a->n_progress * sizeof *a->complete);
    a->started = slab_get(s, a->n_progress * sizeof *a->started);
    progress_start(&w, shape);
    for (uint32_t i = 0; i < a->n_progress; i++, progress_next(&w)) {
        memcpy(a->taken + (size_t)i * a->n_places, w.taken, a->n_places * sizeof *a->taken);
        for (uint32_t q = 0; q < a->n_places; q++) {
            if (w.taken[q]) a->started[i] |= BIT(q);
            if (w.taken[q] == w.times[q]) a->complete[i] |= BIT(q);
        }
    }
}

static void link_progress(struct slab *s, struct alternative *a)
{
    uint16_t taken[PLACES_MOST];
    a->next = slab_get(s, (size_t)a->n_progress * a->n_places * sizeof *a->next);
    for (uint32_t i = 0; i < a->n_progress; i++) {
        memcpy(taken, a->taken + (size_t)i * a->n_places, a->n_places * sizeof *taken);
        for (uint32_t q = 0; q < a->n_places; q++) {
            taken[q]++;
            a->next[(size_t)i * a->n_places + q] = find_progress(a, taken);
            taken[q]--;
        }
    }
}

static void plan_shape(struct slab *s, struct alternative *a, const struct ir_alternative *shape)
{
    a->n_places = shape->n_places;
    a->places = shape->places;
    a->gaps = shape->gaps, a->n_gaps = shape->n_gaps;
    a->inners = shape->inners, a->n_inners = shape->n_inners;
    a->before = slab_get(s, shape->n_places * sizeof *a->before);
    a->strict = slab_get(s, shape->n_places * sizeof *a->strict);
    for (uint32_t i = 0; i < shape->n_order; i++) {
        const struct ir_order *o = &shape->order[i];
        a->before[o->after] |= BIT(o->before);
        if (o->strict) a->strict[o->after] |= BIT(o->before);
    }
    for (uint32_t i = 0; i < shape->n_gaps; i++) a->behind_gap |= shape->gaps[i].right;
    for (uint32_t q = 0; q < shape->n_places; q++) {
        uint64_t step = BIT(shape->places[q].step);
        a->steps |= step;
        if (shape->places[q].taking != IR_TAKE_TIMES) a->measured |= BIT(q);
        if (shape->places[q].is_optional)
            a->item_steps |= step;
        else
            a->required |= BIT(q);
    }
    number_progress(s, a, shape);
    link_progress(s, a);
}

/* ---- mirrors ------------------------------------------------------------------------------------------ */

static uint64_t mirror_bits(uint64_t bits, uint32_t n)
{
    uint64_t out = 0;
    for (; bits; bits &= bits - 1) out |= BIT(n - 1 - (uint32_t)__builtin_ctzll(bits));
    return out;
}

/* The same alternative with time running backward: what came before comes after. */
static void mirror_shape(struct slab *s, const struct ir_alternative *of, struct ir_alternative *m)
{
    uint32_t n = of->n_places;
    *m = *of;
    m->places = slab_get(s, n * sizeof *m->places);
    m->order = slab_get(s, of->n_order * sizeof *m->order);
    m->inners = slab_get(s, of->n_inners * sizeof *m->inners);
    m->gaps = slab_get(s, of->n_gaps * sizeof *m->gaps);
    m->vetoes = slab_get(s, of->n_vetoes * sizeof *m->vetoes);
    for (uint32_t q = 0; q < n; q++) m->places[q] = of->places[n - 1 - q];
    for (uint32_t i = 0; i < of->n_order; i++) {
        m->order[i].before = (uint16_t)(n - 1 - of->order[i].after);
        m->order[i].after = (uint16_t)(n - 1 - of->order[i].before);
        m->order[i].strict = of->order[i].strict;
    }
    for (uint32_t i = 0; i < of->n_gaps; i++) {
        m->gaps[i] = of->gaps[i];
        m->gaps[i].left = mirror_bits(of->gaps[i].right, n);
        m->gaps[i].right = mirror_bits(of->gaps[i].left, n);
    }
    for (uint32_t i = 0; i < of->n_inners; i++)
        m->inners[i] = (struct ir_inner){mirror_bits(of->inners[i].places, n), of->inners[i].most};
    for (uint32_t i = 0; i < of->n_vetoes; i++) {
        bool turns = of->vetoes[i].kind == IR_VETO_BETWEEN;
        m->vetoes[i] = of->vetoes[i];
        m->vetoes[i].left = mirror_bits(turns ? of->vetoes[i].right : of->vetoes[i].left, n);
        m->vetoes[i].right = mirror_bits(turns ? of->vetoes[i].left : 0, n);
    }
}

static void plan_mirror(struct slab *s, struct rule_plan *p, const struct alternative *a,
                        const struct ir_alternative *shape, struct alternative *m)
{
    struct ir_alternative mirrored;
    uint16_t rest[PLACES_MOST];
    uint32_t n = a->n_places;
    mirror_shape(s, shape, &mirrored);
    plan_shape(s, m, &mirrored);
    vetoes_plan(s, p, m, &mirrored, true);
    bounded_plan(p, m);
    m->number = a->number, m->automaton = a->automaton, m->bucket = a->bucket;
    m->rest = slab_get(s, a->n_progress * sizeof *m->rest);
    for (uint32_t i = 0; i < a->n_progress; i++) {
        for (uint32_t q = 0; q < n; q++)
            rest[n - 1 - q] = (uint16_t)(place_states(&a->places[q]) - a->taken[(size_t)i * n + q]);
        m->rest[i] = find_progress(m, rest);
    }
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static void plan_positions(struct rule_plan *p, const struct ir_match *m)
{
    if (m->kind == IR_M_STEP) p->position[m->step] = (uint8_t)p->n_positions++;
    for (uint32_t i = 0; i < m->n_kids; i++) plan_positions(p, &m->kids[i]);
}

static bool is_amount(const struct ir_node *n)
{
    return (n->op >= IR_OP_DISTINCT && n->op <= IR_OP_MAX_OF) || n->op == IR_OP_ASK_NEW;
}

static void add_amount(struct slab *s, struct rule_plan *p, ir_node_id id)
{
    for (uint32_t i = 0; i < p->n_amounts; i++)
        if (p->amounts[i] == id) return;
    ir_node_id *more = slab_get(s, (p->n_amounts + 1) * sizeof *more);
    if (p->n_amounts) memcpy(more, p->amounts, p->n_amounts * sizeof *more);
    slab_put(s, p->amounts, p->n_amounts * sizeof *more);
    p->amounts = more;
    p->amounts[p->n_amounts++] = id;
}

/* An expression over the match. Returns the steps of which it reads all events; those are exact. */
static uint64_t plan_expression(struct slab *s, struct rule_plan *p, ir_node_id id)
{
    uint64_t steps = 0;
    if (id == IR_NONE) return 0;
    const struct ir_node *n = &p->ir->nodes[id];
    if (is_amount(n)) add_amount(s, p, id);
    if (is_amount(n) || n->op == IR_OP_COUNT || n->op == IR_OP_FIRST || n->op == IR_OP_LAST)
        steps = BIT(n->y);
    if (n->op == IR_OP_ASK_NEW) p->exact |= steps;
    for (uint32_t i = 0; i < n->n; i++) steps |= plan_expression(s, p, p->ir->operands[n->first + i]);
    return steps;
}

static void plan_expressions(struct slab *s, struct rule_plan *p)
{
    const struct ir_rule *r = p->rule;
    p->where_steps = plan_expression(s, p, r->where);
    p->where_asks = ir_asks(p->ir, r->where);
    p->exact |= p->where_steps;
    for (uint32_t i = 0; i < r->n_terms; i++) plan_expression(s, p, r->terms[i].when);
    for (uint32_t i = 0; i < r->n_severities; i++) plan_expression(s, p, r->severities[i].when);
    for (uint32_t i = 0; i < r->n_probes; i++) plan_expression(s, p, r->probes[i]);
    for (uint32_t i = 0; i < r->title.len; i++) plan_expression(s, p, r->title.parts[i].operand);
    for (uint32_t i = 0; i < r->n_exceptions; i++)
        if (r->exceptions[i].on_match) plan_expression(s, p, r->exceptions[i].when);
    for (uint32_t i = 0; i < r->n_responds; i++)
        for (uint32_t k = 0; k < r->responds[i].n_args; k++) plan_expression(s, p, r->responds[i].args[k]);
}

/* All events of an a[n..m] are counted, taken or not: so that it is known which may be, its side of a `!=` is
 * no set of values (differ.h). The other side alone takes part in the reference. */
static void plan_apart(struct rule_plan *p, const struct ir_place *place)
{
    for (uint32_t j = 0; j < p->n_joins && place->most; j++) {
        const struct ir_join *join = &p->rule->joins[j];
        if (!join->differs || (join->of != place->step && join->by != place->step)) continue;
        p->apart |= BIT(j);
        p->apart_step[j] = place->step;
        p->join_steps[j] &= ~BIT(place->step);
        p->assumed_joins |= BIT(j);
    }
}

static void plan_all_apart(struct slab *s, struct rule_plan *p)
{
    p->apart_step = slab_get(s, p->n_joins * sizeof *p->apart_step);
    for (uint32_t j = 0; j < p->n_joins; j++) p->apart_step[j] = IR_NONE;
    for (uint32_t i = 0; i < p->rule->n_automata; i++)
        for (uint32_t k = 0; k < p->rule->automata[i].n_alternatives; k++)
            for (uint32_t q = 0; q < p->rule->automata[i].alternatives[k].n_places; q++)
                plan_apart(p, &p->rule->automata[i].alternatives[k].places[q]);
}

static void plan_steps(struct slab *s, struct rule_plan *p)
{
    const struct ir_rule *r = p->rule;
    p->join_steps = slab_get(s, r->n_joins * sizeof *p->join_steps);
    for (uint32_t i = 0; i < r->n_steps; i++) {
        if (r->steps[i].counted) p->exact |= BIT(i);
        if (r->steps[i].n_asks) p->asked |= BIT(i);
        for (uint32_t g = 0; g < r->steps[i].n_groups; g++) {
            const struct ir_group *group = &r->steps[i].groups[g];
            if (group->gate != IR_NONE) p->gated |= BIT(i);
            for (uint32_t j = 0; j < r->n_joins; j++)
                if (group->joins[j] != IR_NONE) p->join_steps[j] |= BIT(i);
        }
    }
    plan_all_apart(s, p);
    plan_expressions(s, p);
    if (r->is_on) p->exact = 0; /* the one event of a match is all there is to gather, and fold keeps it */
}

static void plan_measured(struct rule_plan *p, const struct alternative *a)
{
    uint32_t n = (uint32_t)__builtin_popcountll(a->measured);
    if (p->measured_most < n) p->measured_most = n;
    if (n) p->is_plain = false;
    for (uint64_t left = a->measured; left; left &= left - 1) {
        const struct ir_place *place = &a->places[__builtin_ctzll(left)];
        p->measured[place->step] = place;
        p->repeated |= BIT(place->step);
        p->adds_up |= place->taking == IR_TAKE_SUM;
        if (place->taking == IR_TAKE_DISTINCT) p->valued |= BIT(place->step);
        if (place->taking == IR_TAKE_DISTINCT && p->distinct_most < place->times)
            p->distinct_most = place->times;
    }
}

static void plan_alternative(struct slab *s, struct rule_plan *p, uint32_t automaton,
                             const struct ir_alternative *shape)
{
    struct alternative *a = &p->alternatives[p->n_alternatives];
    uint32_t need = 0;
    a->number = p->n_alternatives++;
    a->automaton = automaton;
    a->bucket = p->n_buckets;
    plan_shape(s, a, shape);
    vetoes_plan(s, p, a, shape, false);
    p->forbidden |= a->forbidden;
    suspects_plan(p, a);
    for (uint32_t i = 0; i < a->n_vetoes; i++) {
        p->assumed_joins |= a->vetoes[i].joins;
        if (p->wait < a->vetoes[i].seconds) p->wait = a->vetoes[i].seconds;
    }
    bounded_plan(p, a);
    p->n_buckets += a->n_progress;
    if (p->places_most < a->n_places) p->places_most = a->n_places;
    if (p->inners_most < a->n_inners) p->inners_most = a->n_inners;
    if (a->n_gaps || a->n_inners || a->n_vetoes) p->is_plain = false;
    for (uint32_t q = 0; q < a->n_places; q++) {
        need += a->places[q].times + a->places[q].most + (a->places[q].most > 0);
        if (a->places[q].most) p->forbidden |= BIT(a->places[q].step);
        if (a->places[q].times > 1) {
            p->repeated |= BIT(a->places[q].step);
            p->is_plain = false;
        }
    }
    if (a->n_vetoes) need++; /* one that the choice does not take must stay to be seen */
    if (p->need_most < need) p->need_most = need;
    plan_measured(p, a);
    if (p->mirrors) plan_mirror(s, p, a, shape, &p->mirrors[a->number]);
}

/* Events of a step that others refer to need not agree with one another where nobody does. */
static void plan_unbound(struct rule_plan *p)
{
    for (uint32_t i = 0; i < p->n_alternatives; i++) {
        struct alternative *a = &p->alternatives[i];
        a->unbound = p->differs;
        for (uint32_t j = 0; j < p->n_joins; j++) {
            uint64_t says = p->join_steps[j] & ~BIT(p->rule->joins[j].of);
            if (!p->rule->joins[j].differs && !(says & (a->steps | p->forbidden))) a->unbound |= BIT(j);
        }
        if (p->mirrors) p->mirrors[i].unbound = a->unbound;
    }
}

static void plan_rule(struct slab *s, const struct ir *ir, uint32_t number, struct rule_plan *p)
{
    const struct ir_rule *r = &ir->rules[number];
    uint32_t n = 0;
    *p = (struct rule_plan){.ir = ir,
                            .rule = r,
                            .number = number,
                            .within = r->within,
                            .once = r->once,
                            .n_joins = r->n_joins,
                            .n_items = r->n_automata - 1,
                            .vetoed = ir_forbidden_steps(r),
                            .is_plain = r->where == IR_NONE};
    if (r->match)
        plan_positions(p, r->match);
    else
        p->n_positions = 1;
    plan_steps(s, p);
    p->measured = slab_get(s, r->n_steps * sizeof *p->measured);
    for (uint32_t i = 0; i < r->n_automata; i++) n += r->automata[i].n_alternatives;
    p->alternatives = slab_get(s, n * sizeof *p->alternatives);
    if (p->exact) p->mirrors = slab_get(s, n * sizeof *p->mirrors);
    for (uint32_t i = 0; i < r->n_automata; i++) {
        for (uint32_t k = 0; k < r->automata[i].n_alternatives; k++)
            plan_alternative(s, p, i, &r->automata[i].alternatives[k]);
        if (i == 0) p->n_required = p->n_alternatives;
    }
    differs_plan(p);
    p->linger = p->wait > p->within ? p->wait : p->within;
    plan_unbound(p);
    p->run_size = run_measures_at(p) + p->measured_most * measure_size_of(p);
    p->group_size = group_size_of(p);
}

/* ---- rules over rules ---------------------------------------------------------------------------------- */

static bool has_match_exception(const struct ir_rule *r)
{
    for (uint32_t i = 0; i < r->n_exceptions; i++)
        if (r->exceptions[i].on_match) return true;
    return false;
}

/* How long behind a group's opening nobody can tell yet whether it is there and what it shows: exceptions
 * look at all that it gathers. */
static int64_t known_after(const struct rule_plan *p)
{
    return p->lag + p->delay + p->wait + (has_match_exception(p->rule) ? p->once + p->linger : 0);
}

static void plan_over(struct state_plan *p, struct rule_plan *over, const struct ir_group *g)
{
    for (uint32_t i = 0; i < g->n_apis; i++) {
        if (g->apis[i].rule == IR_NONE) continue;
        struct rule_plan *under = &p->rules[g->apis[i].rule];
        int64_t after = known_after(under);
        under->is_taken = over->is_over = true;
        if (over->lag < after) over->lag = after;
    }
}

/* From the lowest up: a rule's lag rests on those below it. */
static void plan_depths(struct state_plan *p)
{
    for (uint32_t depth = 1; depth < IR_DEPTHS; depth++)
        for (uint32_t i = 0; i < p->ir->n_rules; i++) {
            const struct ir_rule *r = p->rules[i].rule;
            for (uint32_t s = 0; s < r->n_steps && r->depth == depth; s++)
                for (uint32_t g = 0; g < r->steps[s].n_groups; g++)
                    plan_over(p, &p->rules[i], &r->steps[s].groups[g]);
        }
}

struct state_plan *state_plan_new(const struct ir *ir)
{
    struct slab *s = calloc(1, sizeof *s);
    if (!s) abort();
    struct state_plan *p = slab_get(s, sizeof *p);
    p->ir = ir;
    p->slab = s;
    p->rules = slab_get(s, ir->n_rules * sizeof *p->rules);
    for (uint32_t i = 0; i < ir->n_rules; i++) plan_rule(s, ir, i, &p->rules[i]);
    plan_depths(p);
    return p;
}

void state_plan_free(struct state_plan *p)
{
    if (!p) return;
    struct slab *s = p->slab;
    slab_release(s);
    free(s);
}
