/* reading.c - a match tree to its readings, one sentence of language.md part B after the other. */
#include "tests/oracle/reading.h"

#include <stdio.h>
#include <stdlib.h>

static void read_match(const struct ir_match *m, const struct ir_match *item, struct readings *out);

/* ---- what is said of a reading ------------------------------------------------------------------------ */

static void say(struct reading *r, struct sentence s)
{
    if (r->n_sentences == SENTENCES_MOST) abort();
    r->sentences[r->n_sentences++] = s;
}

static void say_before(struct reading *r, uint32_t left, uint32_t right, const struct ir_arrow *a)
{
    if (!left || !right) return;
    say(r, (struct sentence){.kind = SAY_BEFORE,
                             .left = left,
                             .right = right,
                             .strict = a->strict,
                             .least = a->least,
                             .most = a->most});
}

static void say_within(struct reading *r, uint32_t atoms, int64_t most)
{
    if (atoms && most != INT64_MAX)
        say(r, (struct sentence){.kind = SAY_WITHIN, .left = atoms, .most = most});
}

static uint32_t all_atoms(const struct reading *r)
{
    return (1u << r->n_atoms) - 1;
}

uint32_t required_atoms(const struct reading *r)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < r->n_atoms; i++)
        if (!r->atoms[i].item) bits |= 1u << i;
    return bits;
}

static struct reading *add(struct readings *out, const struct reading *r)
{
    if (out->n == out->cap) {
        out->cap = out->cap ? 2 * out->cap : 4;
        out->at = realloc(out->at, out->cap * sizeof *out->at);
    }
    out->at[out->n] = *r;
    return &out->at[out->n++];
}

void readings_free(struct readings *rs)
{
    free(rs->at);
    *rs = (struct readings){.n = 0};
}

/* r, followed by `more`. Returns the atoms of the latter. */
static uint32_t join(struct reading *r, const struct reading *more)
{
    uint32_t base = r->n_atoms;
    for (uint32_t i = 0; i < more->n_atoms; i++) r->atoms[r->n_atoms++] = more->atoms[i];
    for (uint32_t i = 0; i < more->n_sentences; i++) {
        struct sentence s = more->sentences[i];
        s.left <<= base, s.right <<= base, s.own <<= base;
        say(r, s);
    }
    return all_atoms(r) & ~((1u << base) - 1);
}

/* ---- steps, windows, items ---------------------------------------------------------------------------- */

/* B8: a[n..] takes exactly n events; a[n..m] n to m of them, and only its D (else `within`, filled in later)
 * tells how many there are. */
static void read_repeat(const struct ir_match *m, struct readings *out)
{
    struct reading r = {.n_atoms = 1};
    r.atoms[0] = (struct atom){.step = m->kids->step,
                               .least = m->least,
                               .most = m->most,
                               .taking = m->taking,
                               .value = m->value,
                               .amount = m->amount};
    say_within(&r, 1, m->in);
    if (m->most) say(&r, (struct sentence){.kind = SAY_NO_MORE, .left = 1, .most = m->in});
    add(out, &r);
}

/* B9: an item inside an item comes with the one around it. */
static void read_item(const struct ir_match *m, const struct ir_match *item, struct readings *out)
{
    uint32_t first = out->n;
    read_match(m->kids, item, out);
    for (uint32_t i = first; i < out->n; i++)
        for (uint32_t k = 0; k < out->at[i].n_atoms; k++)
            if (!out->at[i].atoms[k].item) out->at[i].atoms[k].item = m;
}

static bool holds_item(const struct ir_match *m, const struct ir_match *item)
{
    if (m == item) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (holds_item(&m->kids[i], item)) return true;
    return false;
}

/* B7: `in D` around a group: the last event minus the first. */
static void read_group(const struct ir_match *m, const struct ir_match *item, struct readings *out)
{
    uint32_t first = out->n;
    read_match(m->kids, item, out);
    for (uint32_t i = first; i < out->n; i++) say_within(&out->at[i], all_atoms(&out->at[i]), m->in);
}

/* ---- several parts ------------------------------------------------------------------------------------ */

struct parts {
    const struct ir_match *m;
    struct readings *kids; /* [n_kids] */
    uint32_t taken;        /* bits of kids */
    uint32_t atoms[8];     /* of each kid, in the reading at hand */
    struct readings *out;
};

/* B10, B9: a veto stands between the nearest kids that must be; where none must, beside the nearest that is
 * there; at an end it falls away. Returns the kid's atoms. */
static uint32_t neighbour(const struct parts *p, const struct reading *r, uint32_t kid, int step)
{
    uint32_t there = 0, required = required_atoms(r);
    for (uint32_t i = kid + (uint32_t)step; i < p->m->n_kids; i += (uint32_t)step) {
        if (p->atoms[i] & required) return p->atoms[i] & required;
        if (!there) there = p->atoms[i];
    }
    return there;
}

static uint64_t forbidden_steps(const struct ir_match *m)
{
    if (m->kind == IR_M_STEP) return UINT64_C(1) << m->step;
    uint64_t bits = 0;
    for (uint32_t i = 0; i < m->n_kids; i++) bits |= forbidden_steps(&m->kids[i]);
    return bits;
}

/* B10. The choice's own events never count: where the veto is the required part's, those of the required
 * part, because by B9 these must be a choice by themselves. */
static void say_veto(const struct parts *p, struct reading *r, uint32_t kid)
{
    const struct ir_match *veto = &p->m->kids[kid];
    uint32_t left = neighbour(p, r, kid, -1), right = neighbour(p, r, kid, 1);
    struct sentence s = {
        .kind = SAY_NONE_BETWEEN, .left = left, .right = right, .steps = forbidden_steps(veto->kids)};
    if (veto->absent_for) s.kind = SAY_NONE_FOR, s.right = 0, s.most = veto->absent_for;
    if (s.left && (s.right || veto->absent_for)) say(r, s);
}

/* B2: each kid is not before those to its left. B9: an arrow binds its two neighbours; if one of them is an
 * item that is not there, the others stand in plain `->`; and the required events keep their own arrow. A
 * veto is no neighbour: the arrow that leaves it joins what stands around it. */
static void say_arrows(const struct parts *p, struct reading *r, uint32_t kid)
{
    static const struct ir_arrow plain = {.most = INT64_MAX};
    uint32_t required = required_atoms(r), before = kid;
    const struct ir_arrow *arrow = &p->m->arrows[kid];
    for (uint32_t left = 0; left < kid; left++) say_before(r, p->atoms[left], p->atoms[kid], &plain);
    while (before && p->m->kids[before - 1].kind == IR_M_NOT) before--;
    if (!before) return;
    uint32_t left = p->atoms[before - 1];
    say_before(r, left, p->atoms[kid], arrow);
    say_before(r, left & required, p->atoms[kid] & required, arrow);
}

static void say_chain(const struct parts *p, struct reading *r)
{
    for (uint32_t kid = 1; kid < p->m->n_kids; kid++)
        if (p->m->kids[kid].kind == IR_M_NOT)
            say_veto(p, r, kid);
        else
            say_arrows(p, r, kid);
}

static void read_kids(struct parts *p, uint32_t kid, const struct reading *so_far)
{
    if (kid == p->m->n_kids) {
        struct reading *r = add(p->out, so_far);
        if (p->m->kind == IR_M_CHAIN) say_chain(p, r);
        return;
    }
    p->atoms[kid] = 0;
    if (!(p->taken >> kid & 1)) {
        read_kids(p, kid + 1, so_far);
        return;
    }
    for (uint32_t i = 0; i < p->kids[kid].n; i++) {
        struct reading next = *so_far;
        p->atoms[kid] = join(&next, &p->kids[kid].at[i]);
        read_kids(p, kid + 1, &next);
    }
}

static void read_parts(const struct ir_match *m, const struct ir_match *item, struct readings *out)
{
    static const struct reading nothing;
    uint32_t all = (1u << m->n_kids) - 1, with_item = 0;
    uint32_t wanted = m->kind == IR_M_SOME_OF ? m->least : m->kind == IR_M_EITHER ? 1 : m->n_kids;
    struct parts p = {.m = m, .kids = calloc(m->n_kids, sizeof *p.kids), .out = out};
    for (uint32_t i = 0; i < m->n_kids; i++) {
        read_match(&m->kids[i], item, &p.kids[i]);
        if (item && holds_item(&m->kids[i], item)) with_item = 1u << i;
    }
    for (p.taken = 0; p.taken <= all; p.taken++)
        if ((uint32_t)__builtin_popcount(p.taken) == wanted && (p.taken & with_item) == with_item)
            read_kids(&p, 0, &nothing);
    for (uint32_t i = 0; i < m->n_kids; i++) readings_free(&p.kids[i]);
    free(p.kids);
}

static void read_match(const struct ir_match *m, const struct ir_match *item, struct readings *out)
{
    static const struct reading nothing;
    const struct reading one = {.n_atoms = 1, .atoms = {{.step = m->step, .least = 1}}};
    switch (m->kind) {
    case IR_M_STEP: add(out, &one); break;
    case IR_M_REPEAT: read_repeat(m, out); break;
    case IR_M_GROUP: read_group(m, item, out); break;
    case IR_M_NOT: add(out, &nothing); break;
    case IR_M_OPTIONAL:
        if (item && holds_item(m, item))
            read_item(m, item, out);
        else
            add(out, &nothing);
        break;
    default: read_parts(m, item, out); break;
    }
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void number_places(const struct ir_match *m, uint32_t *place_of, uint32_t *next)
{
    if (m->kind == IR_M_STEP) place_of[m->step] = (*next)++;
    for (uint32_t i = 0; i < m->n_kids; i++) number_places(&m->kids[i], place_of, next);
}

/* B10: none from the first to the last event of the choice; and, as B9 wants, of its required part. */
static void say_until(struct reading *r, uint32_t until)
{
    struct sentence s = {.kind = SAY_NONE_UNTIL, .left = required_atoms(r), .steps = UINT64_C(1) << until};
    say(r, s);
    s.left = all_atoms(r);
    if (s.left != required_atoms(r)) say(r, s);
}

/* Whose events never count for a veto: the required part's, or everybody's. And the D of a[n..m] that has
 * none. */
static void complete_sentences(const struct ir_rule *rule, struct reading *r)
{
    uint32_t required = required_atoms(r);
    for (uint32_t i = 0; i < r->n_sentences; i++) {
        struct sentence *s = &r->sentences[i];
        s->own = (s->left | s->right) & ~required ? all_atoms(r) : required;
        if (s->kind == SAY_NO_MORE && s->most == INT64_MAX) s->most = rule->within;
    }
}

void readings_of(const struct ir_rule *rule, const struct ir_match *item, struct readings *out)
{
    uint32_t place_of[64] = {0}, next = 0;
    *out = (struct readings){.n = 0};
    number_places(rule->match, place_of, &next);
    read_match(rule->match, item, out);
    for (uint32_t i = 0; i < out->n; i++) {
        struct reading *r = &out->at[i];
        for (uint32_t a = 0; a < r->n_atoms; a++) r->atoms[a].place = place_of[r->atoms[a].step];
        say_within(r, all_atoms(r), rule->within);
        if (rule->until != IR_NONE) say_until(r, rule->until);
        complete_sentences(rule, r);
    }
}
