/* foresight.c - references of forbidden events: what they may be to.
 *
 * A forbidden event is judged by the events of the choice. Those of a step that comes later are waited for
 * (state/suspect.h), for so many references; what it refers to must have one value for all of its events:
 * events of a repeated step that need not agree may have many.
 */
#include "engine/compile/compile.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Bits of the places that come before place q, in any choice. */
static uint64_t before(const struct ir_alternative *a, uint32_t q)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < a->n_order; i++)
        if (a->order[i].after == q) bits |= BIT(a->order[i].before);
    return bits;
}

/* Places whose events are known as soon as the veto can be active. */
static uint64_t known_places(const struct ir_alternative *a, const struct ir_veto *v)
{
    uint64_t known = v->left;
    for (uint64_t left = v->left; left; left &= left - 1) known |= before(a, (uint32_t)__builtin_ctzll(left));
    if (v->kind != IR_VETO_UNTIL) return known;
    known = ~UINT64_C(0); /* what stands before all others, and is the first event therefore */
    for (uint32_t q = 0; q < a->n_places; q++) known &= before(a, q) | BIT(q);
    return known;
}

static bool takes_part(const struct ir_step *s, uint32_t join)
{
    for (uint32_t g = 0; g < s->n_groups; g++)
        if (s->groups[g].joins[join] != IR_NONE) return true;
    return false;
}

/* Events of a repeated step agree with one another only where a step of the match refers to them. */
static bool is_settled(const struct ir_rule *rule, const struct ir_alternative *a, uint32_t q, uint32_t join)
{
    if (a->places[q].times == 1 && a->places[q].taking == IR_TAKE_TIMES) return true;
    for (uint32_t i = 0; i < a->n_places; i++)
        if (i != q && takes_part(&rule->steps[a->places[i].step], join) && !rule->joins[join].differs)
            return true;
    return false;
}

bool veto_refers_to_many(const struct ir_rule *rule, const struct ir_alternative *a, uint32_t *step,
                         uint32_t *of)
{
    for (uint32_t i = 0; i < a->n_vetoes; i++)
        for (uint32_t j = 0; j < rule->n_joins; j++) {
            *step = a->vetoes[i].step, *of = rule->joins[j].of;
            if (*of == *step || !takes_part(&rule->steps[*step], j)) continue;
            for (uint32_t q = 0; q < a->n_places; q++)
                if (a->places[q].step == *of && !is_settled(rule, a, q, j)) return true;
        }
    return false;
}

uint64_t vetoes_wait_for(const struct ir_rule *rule, const struct ir_alternative *a)
{
    uint64_t joins = 0;
    for (uint32_t i = 0; i < a->n_vetoes; i++)
        for (uint32_t j = 0; j < rule->n_joins; j++)
            for (uint32_t q = 0; q < a->n_places && takes_part(&rule->steps[a->vetoes[i].step], j); q++)
                if (a->places[q].step == rule->joins[j].of && !(known_places(a, &a->vetoes[i]) >> q & 1))
                    joins |= BIT(j);
    return joins;
}
