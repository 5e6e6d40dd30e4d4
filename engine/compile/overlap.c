/* overlap.c - which steps can take one another's events, and what must not (language.md B2, B10).
 *
 * Two steps meet unless their calls or predicates exclude one another as far as is known (logic.h).
 * References are not looked at: whether they part two steps is only known with the events.
 */
#include "engine/compile/logic.h"

#define OVERLAPPING_MOST 8

static bool apis_meet(struct ir_api a, struct ir_api b)
{
    if (a.rule != IR_NONE || b.rule != IR_NONE)
        return a.rule != IR_NONE && b.rule != IR_NONE && text_equal(a.action, b.action);
    if (!a.service.len || !b.service.len) return true;
    return logic_globs_meet(a.service, b.service) && logic_globs_meet(a.action, b.action);
}

/* `* (access_key == made.resp.accessKey.accessKeyId)`: every event is meant, but only of what another step
 * has made. */
static bool follows_a_trace(const struct ir_group *g, uint32_t n_joins)
{
    bool all = false, joined = false;
    for (uint32_t i = 0; i < g->n_apis; i++) all |= !g->apis[i].service.len && g->apis[i].rule == IR_NONE;
    for (uint32_t i = 0; i < n_joins; i++) joined |= g->joins[i] != IR_NONE;
    return all && joined;
}

static bool groups_meet(const struct logic *l, const struct ir_group *a, const struct ir_group *b)
{
    ir_node_id tests[4], all[] = {a->test, a->gate, b->test, b->gate};
    uint32_t n = 0;
    bool meet = false;
    for (uint32_t i = 0; i < a->n_apis && !meet; i++)
        for (uint32_t j = 0; j < b->n_apis && !meet; j++) meet = apis_meet(a->apis[i], b->apis[j]);
    for (uint32_t i = 0; i < 4; i++)
        if (all[i] != IR_NONE) tests[n++] = all[i];
    return meet && !logic_never(l, tests, n);
}

bool steps_meet(struct compiler *c, const struct ir_rule *rule, uint32_t x, uint32_t y, bool unless_traced)
{
    const struct ir_step *a = &rule->steps[x], *b = &rule->steps[y];
    struct logic l = {c, NULL};
    for (uint32_t i = 0; i < a->n_groups; i++)
        for (uint32_t j = 0; j < b->n_groups; j++) {
            const struct ir_group *g = &a->groups[i], *h = &b->groups[j];
            bool traced = follows_a_trace(g, rule->n_joins) || follows_a_trace(h, rule->n_joins);
            if (!(unless_traced && traced) && groups_meet(&l, g, h)) return true;
        }
    return false;
}

/* Whether one choice takes both: the sides of a `|` never stand together. */
bool steps_together(const struct ir_rule *rule, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < rule->n_automata; i++)
        for (uint32_t k = 0; k < rule->automata[i].n_alternatives; k++) {
            const struct ir_alternative *alt = &rule->automata[i].alternatives[k];
            bool has_a = false, has_b = false;
            for (uint32_t p = 0; p < alt->n_places; p++) {
                has_a |= alt->places[p].step == a;
                has_b |= alt->places[p].step == b;
            }
            if (has_a && has_b) return true;
        }
    return false;
}

/* ---- vetoes over amounts ------------------------------------------------------------------------------ */

/* A choice of `[sum …]` or `[n.. distinct f]` takes any of a step's events, so it is not told which of them a
 * veto would be about. */
static bool refuse_veto_of_amount(const struct rule_work *r, const struct ir_alternative *a,
                                  const struct ir_veto *v)
{
    const struct ir_rule *rule = &r->out;
    for (uint32_t q = 0; q < a->n_places; q++) {
        const struct ir_place *p = &a->places[q];
        if (p->taking == IR_TAKE_TIMES || !steps_meet(r->c, rule, p->step, v->step, false)) continue;
        const struct ir_step *summed = &rule->steps[p->step], *forbidden = &rule->steps[v->step];
        struct diag *d =
            diag_at(r->c->diags, E0341, forbidden->span, "what is forbidden here can be one of the amounts");
        diag_label(d, summed->span,
                   p->taking == IR_TAKE_SUM ? "that are added up here" : "whose values are counted here");
        diag_note(d, "let the calls or predicates of `" TEXT_FMT "` and `" TEXT_FMT "` exclude one another",
                  TEXT_ARG(forbidden->name), TEXT_ARG(summed->name));
        return true;
    }
    return false;
}

static void check_vetoes(const struct rule_work *r)
{
    for (uint32_t i = 0; i < r->out.n_automata; i++)
        for (uint32_t k = 0; k < r->out.automata[i].n_alternatives; k++) {
            const struct ir_alternative *a = &r->out.automata[i].alternatives[k];
            for (uint32_t v = 0; v < a->n_vetoes; v++)
                if (refuse_veto_of_amount(r, a, &a->vetoes[v])) return; /* once a rule */
        }
}

/* ---- many steps for one event ------------------------------------------------------------------------- */

/* Whether `more` steps of `left` all meet one another; they are then in *found. */
static bool find_overlapping(const uint64_t *meets, uint64_t left, uint32_t more, uint64_t *found)
{
    if (!more) return true;
    for (; left; left &= left - 1) {
        uint32_t step = (uint32_t)__builtin_ctzll(left);
        uint64_t rest = left & meets[step] & ~(UINT64_C(1) << step);
        if ((uint32_t)__builtin_popcountll(rest) + 1 < more ||
            !find_overlapping(meets, rest, more - 1, found))
            continue;
        *found |= UINT64_C(1) << step;
        return true;
    }
    return false;
}

static void check_overlapping(const struct rule_work *r)
{
    const struct ir_rule *rule = &r->out;
    uint64_t meets[STEPS_MOST] = {0}, all = 0, found = 0;
    if (r->n_order <= OVERLAPPING_MOST) return;
    for (uint32_t i = 0; i < rule->n_steps; i++)
        for (uint32_t j = 0; j < i; j++)
            if (steps_together(rule, i, j) && steps_meet(r->c, rule, i, j, false))
                meets[i] |= UINT64_C(1) << j, meets[j] |= UINT64_C(1) << i,
                    all |= UINT64_C(1) << i | UINT64_C(1) << j;
    if (!find_overlapping(meets, all, OVERLAPPING_MOST + 1, &found)) return;
    struct diag *d =
        diag_at(r->c->diags, E0342, rule->match->span, "one event can fill any of nine steps here");
    for (uint32_t i = 0; i < rule->n_steps; i++)
        if (found >> i & 1) diag_label(d, rule->steps[i].span, "this one");
}

void check_overlaps(const struct rule_work *r)
{
    check_vetoes(r);
    check_overlapping(r);
}
