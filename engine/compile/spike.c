/* spike.c - `spike(s [by k] in D over D floor N)`: a question about how much of something there was before.
 */
#include "engine/compile/compiler.h"

#define BUCKETS_LEAST 15 /* language.md B17 */

/* What a spike is written of, by the order of its tree. */
struct parts {
    bool sums;
    const struct ast *path, *by, *in, *over, *floor;
};

static struct parts parts_of(const struct ast *e)
{
    const struct ast *at = e->kids;
    struct parts p = {.sums = at->kind == AST_SUM_OF, .by = ast_kid(e, AST_PATHS)};
    p.path = p.sums ? at->next : at;
    p.in = p.by ? p.by->next : p.path->next;
    p.over = p.in->next;
    p.floor = p.over->next;
    return p;
}

/* The step, and with `sum` its value. */
static bool lower_what(const struct scope *s, const struct parts *p, struct ir_spike *out)
{
    const struct ast *tail = p->path->kids;
    out->value = IR_NONE;
    out->step = step_expect(s->rule, p->path->text, p->path->span);
    if (out->step == IR_NONE || !step_may_be_read(s, out->step, p->path->span)) return false;
    if (p->sums != (tail != NULL)) {
        diag_at(s->c->diags, E0211, p->path->span,
                p->sums ? "a field of the step is added up: spike(sum s.bytes …)"
                        : "events are counted here: spike(s …)");
        return false;
    }
    if (!p->sums) return true;
    if (tail->kind != AST_FIELD) return false;
    ir_node_id id = step_capture(s->rule, out->step, tail->text, tail->next, p->path->span);
    if (id == IR_POISON) return false;
    out->value = ir_build_at(&s->c->build, id)->x;
    return true;
}

/* A part of `by` is a field of the step, with its name before it or not. */
static bool lower_spike_by(const struct scope *s, const struct ast *paths, struct ir_spike *out)
{
    if (!paths) return true;
    out->by = ARENA_ARRAY(s->c->arena, uint32_t, paths->n_kids);
    AST_EACH(path, paths) {
        struct text head = path->text;
        const struct ast *tail = path->kids;
        if (text_equal(head, s->rule->steps[out->step].name) && tail && tail->kind == AST_FIELD)
            head = tail->text, tail = tail->next;
        ir_node_id id = step_capture(s->rule, out->step, head, tail, path->span);
        if (id == IR_POISON) return false;
        out->by[out->n_by++] = ir_build_at(&s->c->build, id)->x;
    }
    return true;
}

static bool lower_amounts(const struct scope *s, const struct parts *p, struct ir_spike *out)
{
    const struct ir_param *param = p->floor->kind == AST_NAME ? rule_param(s->rule, p->floor->text) : NULL;
    out->in = whole_seconds(s->rule, p->in);
    out->over = whole_seconds(s->rule, p->over);
    if (out->in < 0 || out->over < 0) return false;
    if (!out->in || out->over / out->in < BUCKETS_LEAST) {
        diag_at(s->c->diags, E0305, p->over->span, "at least %d buckets of the first duration are needed",
                BUCKETS_LEAST);
        return false;
    }
    if (p->floor->kind == AST_NAME && !param) {
        diag_at(s->c->diags, E0308, p->floor->span, "no parameter is called so");
        return false;
    }
    out->floor = param ? param->value.kind == VALUE_FLOAT ? param->value.f : (double)param->value.i
                 : p->floor->is_real ? p->floor->real
                                     : (double)p->floor->num;
    return true;
}

static bool same_spike(const struct ir_spike *a, const struct ir_spike *b)
{
    return a->step == b->step && a->value == b->value && a->n_by == b->n_by && a->in == b->in &&
           a->over == b->over && a->floor == b->floor &&
           (!a->n_by || memcmp(a->by, b->by, a->n_by * sizeof *a->by) == 0);
}

ir_node_id lower_spike(const struct scope *s, const struct ast *e)
{
    struct parts p = parts_of(e);
    struct ir_spike spike = {.span = e->span};
    if (s->place != IN_MATCH) {
        diag_at(s->c->diags, E0224, e->span, "only a finished match knows how much there was");
        return IR_POISON;
    }
    if (!lower_what(s, &p, &spike) || !lower_spike_by(s, p.by, &spike) || !lower_amounts(s, &p, &spike))
        return IR_POISON;
    uint32_t i = 0;
    while (i < s->rule->spikes.len && !same_spike(&s->rule->spikes.at[i], &spike)) i++;
    if (i == s->rule->spikes.len) *ARENA_PUSH(s->c->arena, s->rule->spikes) = spike;
    return ir_build_node(
        &s->c->build,
        (struct ir_make){.op = IR_OP_SPIKE, .type = IR_TYPE_FLOAT, .x = i, .y = spike.step, .span = e->span});
}
