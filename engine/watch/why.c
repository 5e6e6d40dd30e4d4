/* why.c - the parts of a predicate that do not hold for an event, and the values that they saw. */
#include "engine/watch/why.h"

#include "engine/base/glob.h"
#include "engine/tell/predicate.h"

#define VALUES_MOST 4 /* values that a false test shows */

bool why_read(struct why *w, struct text record)
{
    return bench_read(w->bench, w->enrichment, record, &w->event);
}

/* ---- who wants it -------------------------------------------------------------------------------------- */

static bool api_fits(const struct ir_api *api, const struct event *e)
{
    if (api->rule != IR_NONE) return false;
    if (!api->action.len) return true;
    return glob_match(api->service, e->service, false) && glob_match(api->action, e->action, false);
}

static bool group_wants(const struct ir_group *g, const struct event *e)
{
    for (uint32_t a = 0; a < g->n_apis; a++)
        if (api_fits(&g->apis[a], e)) return true;
    return false;
}

bool why_wants(const struct ir_step *step, const struct event *event)
{
    for (uint32_t g = 0; g < step->n_groups; g++)
        if (group_wants(&step->groups[g], event)) return true;
    return false;
}

const struct ir_group *why_nearest(struct why *w, const struct ir_step *step)
{
    const struct ir_group *best = NULL;
    uint32_t least = UINT32_MAX;
    for (uint32_t g = 0; g < step->n_groups; g++) {
        if (!group_wants(&step->groups[g], &w->event)) continue;
        uint32_t n = why_count_false(w, step->groups[g].test);
        if (n < least) best = &step->groups[g], least = n;
    }
    return best;
}

void why_put_apis(struct why *w, const struct ir_step *step)
{
    bool first = true;
    for (uint32_t g = 0; g < step->n_groups; g++)
        for (uint32_t a = 0; a < step->groups[g].n_apis; a++) {
            if (!first) line_put(&w->line, ", ");
            ir_put_api(line_out(&w->line), w->bench->ir, &step->groups[g].apis[a]);
            first = false;
        }
}

/* ---- false tests --------------------------------------------------------------------------------------- */

static bool is_test(uint8_t op)
{
    return (op >= IR_OP_EQ && op <= IR_OP_NOT) || op == IR_OP_ANY || op == IR_OP_ALL;
}

static void put_value(struct why *w, ir_node_id id, uint32_t *n)
{
    if (*n == VALUES_MOST) return;
    line_put(&w->line, (*n)++ ? ", " : ": ");
    ir_print_node(w->bench->ir, w->rule, id, line_out(&w->line));
    line_put(&w->line, " is ");
    line_value(&w->line, eval_value(&w->bench->eval, id));
}

/* The values that a test compares. Of a quantifier what it goes through. */
static void put_values(struct why *w, ir_node_id id, uint32_t *n)
{
    const struct ir *ir = w->bench->ir;
    const struct ir_node *node = &ir->nodes[id];
    if (node->op == IR_OP_CONST || node->op == IR_OP_LIST || node->op == IR_OP_ITEM) return;
    if (!is_test(node->op)) {
        put_value(w, id, n);
        return;
    }
    bool quantifies = node->op == IR_OP_ANY || node->op == IR_OP_ALL;
    for (uint32_t i = 0; i < (quantifies ? 1 : node->n); i++) put_values(w, ir->operands[node->first + i], n);
}

/* `ok` is false: the error says why. */
static void put_error(struct why *w, ir_node_id id)
{
    static const char *const outcomes[] = {"ok", "failed", "denied", "dry_run"};
    const struct ir *ir = w->bench->ir;
    const struct ir_node *node = &ir->nodes[id];
    if (node->op == IR_OP_NOT) node = &ir->nodes[ir->operands[node->first]];
    if (node->op != IR_OP_FIELD) return;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (!text_equal(ir->fields[node->x].name, text_of(outcomes[i]))) continue;
        uint32_t f = w->bench->plan->evidence[EVIDENCE_ERROR];
        ir_node_id error = f == IR_NONE ? IR_NONE : ir->fields[f].in_schema[w->event.schema];
        line_put(&w->line, ", error is ");
        line_value(&w->line, error == IR_NONE ? value_absent() : eval_value(&w->bench->eval, error));
    }
}

static void put_false_test(struct why *w, ir_node_id id)
{
    uint32_t n = 0;
    enum tri truth = eval_test(&w->bench->eval, id);
    line_put(&w->line, "`");
    ir_print_node(w->bench->ir, w->rule, id, line_out(&w->line));
    line_put(&w->line, truth == TRI_UNKNOWN ? "` is unknown" : "` is false");
    if (is_test(w->bench->ir->nodes[id].op)) put_values(w, id, &n);
    put_error(w, id);
}

uint32_t why_count_false(struct why *w, ir_node_id test)
{
    const ir_node_id *parts;
    uint32_t n = predicate_parts(w->bench->ir, &test, &parts), wrong = 0;
    for (uint32_t i = 0; i < n; i++) wrong += eval_test(&w->bench->eval, parts[i]) != TRI_TRUE;
    return wrong;
}

void why_put_false(struct why *w, ir_node_id test)
{
    const ir_node_id *parts;
    uint32_t n = predicate_parts(w->bench->ir, &test, &parts);
    bool first = true;
    for (uint32_t i = 0; i < n; i++) {
        if (eval_test(&w->bench->eval, parts[i]) == TRI_TRUE) continue;
        if (!first) line_put(&w->line, "; ");
        put_false_test(w, parts[i]);
        first = false;
    }
}

/* ---- it fits, but has no key: a part is absent --------------------------------------------------------- */

static bool is_missing(struct value v)
{
    return v.kind <= VALUE_NULL || (v.kind == VALUE_LIST && !v.len);
}

void why_put_missing_part(struct why *w, const struct ir_group *g)
{
    const struct ir_rule *r = w->rule;
    for (uint32_t i = 0; i < r->n_by; i++) {
        struct value v = eval_value(&w->bench->eval, g->key[i]);
        if (!is_missing(v)) continue;
        line_put(&w->line, "its `" TEXT_FMT "`, a part of the key, is ", TEXT_ARG(r->by[i].name));
        line_value(&w->line, v);
        return;
    }
    for (uint32_t j = 0; j < r->n_joins; j++) {
        if (g->joins[j] == IR_NONE) continue;
        struct value v = eval_value(&w->bench->eval, g->joins[j]);
        if (v.kind > VALUE_NULL) continue;
        line_put(&w->line, "nothing to compare with `" TEXT_FMT "`: ", TEXT_ARG(r->joins[j].name));
        ir_print_node(w->bench->ir, r, g->joins[j], line_out(&w->line));
        line_put(&w->line, " is ");
        line_value(&w->line, v);
        return;
    }
    line_put(&w->line, "it is a copy of an earlier one");
}
