/* withheld.c - from a test that is unknown down to the paths that made it so.
 *
 * An operand is gone into while it is unknown itself; a path of the record is where that ends. What stands under a
 * quantifier has no value outside of it: there the list is named.
 */
#include "engine/match/withheld.h"

#include "engine/ir/ir_print.h"

#define WORDS_MOST 240 /* bytes; beyond, "…" stands for the rest */

struct words {
    struct eval *e;
    const struct ir_rule *rule;
    char at[WORDS_MOST];
    uint32_t len;
    bool is_full;
};

static void append(void *to, const char *at, size_t len)
{
    struct words *w = to;
    if (w->is_full || len > sizeof w->at - sizeof "…" - w->len) {
        w->is_full = true;
        return;
    }
    memcpy(w->at + w->len, at, len);
    w->len += (uint32_t)len;
}

static bool is_said(const struct words *w, const char *at, uint32_t len)
{
    return len == 0 || memmem(w->at, (size_t)(at - w->at), at, len) != NULL;
}

/* Once each; the last one that does not fit any more is left out whole. */
static void put_node(struct words *w, ir_node_id id)
{
    uint32_t before = w->len;
    if (w->is_full) return;
    if (before) append(w, ", ", 2);
    uint32_t from = w->len;
    ir_print_node(w->e->ir, w->rule, id, (struct ir_out){append, w});
    if (!w->is_full && !is_said(w, w->at + from, w->len - from)) return;
    w->len = before;
    if (!w->is_full) return;
    memcpy(w->at + before, "…", sizeof "…" - 1);
    w->len += (uint32_t)sizeof "…" - 1;
}

static void put_text(struct words *w, struct text t)
{
    if (w->len) append(w, ", ", 2);
    append(w, t.at, t.len);
}

static bool is_path(uint8_t op)
{
    return op == IR_OP_SLOT || op == IR_OP_FIELD || op == IR_OP_MEMBER || op == IR_OP_ELEMENTS || op == IR_OP_JSON ||
           op == IR_OP_STATEMENTS;
}

static bool is_unknown(struct value v)
{
    if (v.kind != VALUE_LIST) return v.kind == VALUE_UNKNOWN;
    for (uint32_t i = 0; i < v.len; i++)
        if (v.items[i].kind == VALUE_UNKNOWN) return true;
    return false;
}

static void put_missing(struct words *w, ir_node_id id)
{
    const struct ir_node *node = &w->e->ir->nodes[id];
    bool is_quantifier = node->op == IR_OP_ANY || node->op == IR_OP_ALL, any = false;
    for (uint32_t i = 0; i < (is_quantifier ? 1 : node->n) && !is_path(node->op); i++) {
        ir_node_id operand = w->e->ir->operands[node->first + i];
        if (!is_unknown(eval_value(w->e, operand))) continue;
        put_missing(w, operand);
        any = true;
    }
    if (!any) put_node(w, is_quantifier ? w->e->ir->operands[node->first] : id);
}

struct text withheld_words(struct eval *e, const struct ir_rule *rule, const struct ir_group *of, uint64_t lacks)
{
    struct words w = {.e = e, .rule = rule};
    if (of->test != IR_NONE && is_unknown(eval_value(e, of->test))) put_missing(&w, of->test);
    for (uint32_t j = 0; j < rule->n_joins; j++)
        if (of->joins[j] != IR_NONE && is_unknown(eval_value(e, of->joins[j]))) put_node(&w, of->joins[j]);
    for (uint32_t i = 0; i < rule->n_by; i++)
        if (lacks >> i & 1) put_text(&w, rule->by[i].name);
    char *at = w.len ? scratch_take(e->scratch, w.len) : NULL;
    if (!at) return (struct text){NULL, 0};
    memcpy(at, w.at, w.len);
    return (struct text){at, w.len};
}
