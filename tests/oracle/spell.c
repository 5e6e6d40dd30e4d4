/* spell.c - match trees and expressions back to text. */
#include "tests/oracle/spell.h"

/* ---- match -------------------------------------------------------------------------------------------- */

static void spell_gap(FILE *to, const struct ir_arrow *a)
{
    fputs(a->strict ? " =>" : " ->", to);
    if (a->least && a->most != INT64_MAX)
        fprintf(to, "[%lds..%lds]", a->least, a->most);
    else if (a->least)
        fprintf(to, "[%lds..]", a->least);
    else if (a->most != INT64_MAX)
        fprintf(to, "[%lds]", a->most);
    fputc(' ', to);
}

static const char *capture_name(uint32_t capture)
{
    static const char *const names[] = {"identity", "number", "text", "time"};
    return names[capture];
}

static void spell_repeat(FILE *to, const struct ir_match *m)
{
    fprintf(to, "s%u[", m->kids->step);
    if (m->taking == IR_TAKE_SUM)
        fprintf(to, "sum %s >= %g", capture_name(m->value), m->amount);
    else if (m->most)
        fprintf(to, "%u..%u", m->least, m->most);
    else
        fprintf(to, "%u..", m->least);
    if (m->taking == IR_TAKE_DISTINCT) fprintf(to, " distinct %s", capture_name(m->value));
    if (m->in != INT64_MAX) fprintf(to, " in %lds", m->in);
    fputc(']', to);
}

static void spell_kids(FILE *to, const struct a_case *c, const struct ir_match *m)
{
    static const char *const between[] = {
        [IR_M_ANY_ORDER] = " & ", [IR_M_EITHER] = " | ", [IR_M_SOME_OF] = ", "};
    if (m->kind == IR_M_SOME_OF) fprintf(to, "%u of ", m->least);
    fputc('(', to);
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (i && m->kind == IR_M_CHAIN)
            spell_gap(to, &m->arrows[i]);
        else if (i)
            fputs(between[m->kind], to);
        spell_match(to, c, &m->kids[i]);
    }
    fputc(')', to);
}

void spell_match(FILE *to, const struct a_case *c, const struct ir_match *m)
{
    switch (m->kind) {
    case IR_M_STEP: fprintf(to, "s%u", m->step); break;
    case IR_M_REPEAT: spell_repeat(to, m); break;
    case IR_M_OPTIONAL:
        spell_match(to, c, m->kids);
        fputc('?', to);
        break;
    case IR_M_GROUP:
        spell_match(to, c, m->kids);
        if (m->in != INT64_MAX) fprintf(to, "[in %lds]", m->in);
        break;
    case IR_M_NOT:
        fputc('!', to);
        spell_match(to, c, m->kids);
        if (m->absent_for) fprintf(to, " for %lds", m->absent_for);
        break;
    default: spell_kids(to, c, m); break;
    }
}

/* ---- expressions -------------------------------------------------------------------------------------- */

static void spell_constant(FILE *to, struct value v)
{
    if (v.kind == VALUE_DURATION)
        fprintf(to, "%lds", v.i / INT64_C(1000000000));
    else
        fprintf(to, "%ld", v.i);
}

static void spell_two(FILE *to, const struct a_case *c, const struct ir_node *n, const char *between)
{
    fputc('(', to);
    spell_expression(to, c, c->ir.operands[n->first]);
    fprintf(to, " %s ", between);
    spell_expression(to, c, c->ir.operands[n->first + 1]);
    fputc(')', to);
}

static const char *op_name(uint8_t op)
{
    static const char *const names[] = {
#define IR_OP(op, name, arity) name,
#include "engine/ir/ir_op.def"
#undef IR_OP
    };
    return names[op];
}

void spell_expression(FILE *to, const struct a_case *c, ir_node_id node)
{
    const struct ir_node *n = &c->ir.nodes[node];
    switch (n->op) {
    case IR_OP_CONST: spell_constant(to, c->ir.constants[n->x]); break;
    case IR_OP_STEP_EXISTS: fprintf(to, "exists s%u", n->y); break;
    case IR_OP_COUNT: fprintf(to, "count(s%u)", n->y); break;
    case IR_OP_DISTINCT: fprintf(to, "distinct(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_SUM_OF: fprintf(to, "sum(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_MIN_OF: fprintf(to, "min(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_MAX_OF: fprintf(to, "max(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_FIRST: fprintf(to, "first(s%u).%s", n->y, capture_name(n->x)); break;
    case IR_OP_LAST: fprintf(to, "last(s%u).%s", n->y, capture_name(n->x)); break;
    case IR_OP_CAPTURE: fprintf(to, "s%u.%s", n->y, capture_name(n->x)); break;
    case IR_OP_ASK_NEW: fprintf(to, "new(b%u, s%u)", n->x, n->y); break;
    case IR_OP_NOT:
        fputs("not ", to);
        spell_expression(to, c, c->ir.operands[n->first]);
        break;
    default: spell_two(to, c, n, op_name(n->op)); break;
    }
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static void spell_step(FILE *to, const struct a_case *c, uint32_t s)
{
    fprintf(to, "    step s%u: test:S%u", s, s);
    if (c->rule.steps[s].groups->gate != IR_NONE) fprintf(to, " (new(b%u))", s);
    for (uint32_t j = 0; j < c->rule.n_joins; j++) {
        if (c->rule.steps[s].groups->joins[j] == IR_NONE) continue;
        if (c->rule.joins[j].of == s)
            fprintf(to, "  # gives j%u", j);
        else
            fprintf(to, "  # j%u %s s%u.j%u", j, c->rule.joins[j].differs ? "!=" : "==", c->rule.joins[j].of,
                    j);
    }
    fputc('\n', to);
}

static void spell_score(FILE *to, const struct a_case *c)
{
    fprintf(to, "    score %d", c->rule.score);
    for (uint32_t i = 0; i < c->rule.n_terms; i++) {
        fprintf(to, "\n          %+d if ", c->rule.terms[i].points);
        spell_expression(to, c, c->rule.terms[i].when);
    }
    fputc('\n', to);
}

void spell_rule(FILE *to, const struct a_case *c)
{
    const struct ir_rule *r = &c->rule;
    fprintf(to, "rule random {\n    title \"random\"\n    severity medium\n");
    for (uint32_t i = 1; i < r->n_severities; i++) {
        fputs("    severity high if ", to);
        spell_expression(to, c, r->severities[i].when);
        fputc('\n', to);
    }
    fprintf(to, "    by actor\n    within %lds\n", r->within);
    for (uint32_t s = 0; s < c->n_steps; s++) spell_step(to, c, s);
    fputs("    match ", to);
    spell_match(to, c, r->match);
    if (r->until != IR_NONE) fprintf(to, " until s%u", r->until);
    if (r->where != IR_NONE) {
        fputs("\n    where ", to);
        spell_expression(to, c, r->where);
    }
    fputc('\n', to);
    spell_score(to, c);
    fprintf(to, "    open at %d\n    once for %lds\n}\n", r->open_at, r->once);
}
