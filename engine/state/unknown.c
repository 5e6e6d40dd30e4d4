/* unknown.c - from what is unknown down to the values that are missing. */
#include "engine/state/unknown.h"
#include "engine/state/amount.h"

#include "engine/ir/ir_print.h"

enum silence asked_silence(const struct rule_plan *p, const struct kept *k, uint32_t ask)
{
    if (!k || asked_value(p, k, ask).kind != VALUE_UNKNOWN) return SILENCE_NONE;
    for (uint32_t i = 0; i < k->hit->n_asks; i++)
        if (k->hit->asks[i].ask == ask && k->hit->asks[i].is_unknown) return SILENCE_WITHHELD;
    return SILENCE_HISTORY;
}

/* ---- forbidden events --------------------------------------------------------------------------------- */

/* The reference of the forbidden event that the witness has nothing to compare with. */
static const struct ir_join *withheld_reference(const struct rule_plan *p, struct group *g)
{
    const struct alternative *a = &p->alternatives[g->alternative];
    for (uint32_t j = 0; j < p->n_joins; j++) {
        if (!join_is_set(g->blinded->hit->joins[j])) continue;
        for (uint32_t q = 0; q < a->n_places; q++)
            if (a->places[q].step == p->rule->joins[j].of &&
                hash128_equal(group_takes(g)[q].hit->hit->joins[j], JOIN_UNKNOWN))
                return &p->rule->joins[j];
    }
    return NULL;
}

void words_of_blinded(struct words *w, const struct rule_plan *p, struct group *g)
{
    const struct hit *h = g->blinded->hit;
    const struct ir_join *join = h->withheld.len ? NULL : withheld_reference(p, g);
    if (h->withheld.len)
        words_text(w, h->withheld);
    else if (join)
        words_text(w, join->name);
    else
        for (uint32_t i = 0; i < h->n_asks; i++) {
            words_text(w, i ? TEXT(", baseline ") : TEXT("baseline "));
            words_text(w, p->ir->baselines[p->rule->asks[h->asks[i].ask].baseline].name);
        }
}

/* ---- expressions over a match ------------------------------------------------------------------------- */

ir_node_id unknown_part(struct eval *e, ir_node_id id)
{
    const struct ir_node *n = &e->ir->nodes[id];
    for (uint32_t i = 0; i < n->n && n->op != IR_OP_BARE; i++) {
        ir_node_id operand = e->ir->operands[n->first + i];
        if (eval_value(e, operand).kind == VALUE_UNKNOWN) return unknown_part(e, operand);
    }
    return id;
}

static void put_words(void *to, const char *at, size_t len)
{
    words_text(to, (struct text){at, (uint32_t)len});
}

void words_of_unknown(struct words *w, const struct ir *ir, const struct ir_rule *rule, ir_node_id part,
                      enum silence silence)
{
    if (silence == SILENCE_HISTORY) {
        words_text(w, TEXT(": unknown, the baseline has no history yet"));
        return;
    }
    words_text(w, TEXT(": unknown, "));
    if (silence == SILENCE_WITHHELD)
        words_text(w, TEXT("what the baseline is asked about"));
    else
        ir_print_node(ir, rule, part, (struct ir_out){put_words, w});
    words_text(w, TEXT(" was withheld"));
}
