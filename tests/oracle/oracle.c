/* oracle.c - from choices to groups: completions, the witness, what is gathered, optional items. Every pass
 * looks at all choices again.
 */
#include "tests/oracle/oracle.h"
#include "tests/oracle/choice.h"
#include "tests/oracle/verdict.h"

#include <stdlib.h>

struct judging {
    struct search s; /* first: passes get it back */
    const struct oracle_case *c;
    struct oracle_result *out;
    struct readings required;
    int64_t completes[ORACLE_HITS]; /* seconds, ascending */
    uint32_t n_completes;
    struct oracle_group *group;  /* at hand */
    const struct ir_match *item; /* at hand */
    bool any;
    struct choice best;
};

/* ---- what is looked at of each choice ------------------------------------------------------------------ */

static void note_completion(struct search *s)
{
    struct judging *j = (struct judging *)s;
    uint32_t i = j->n_completes;
    while (i && j->completes[i - 1] > s->choice.last) i--;
    if (i && j->completes[i - 1] == s->choice.last) return;
    memmove(j->completes + i + 1, j->completes + i, (j->n_completes++ - i) * sizeof *j->completes);
    j->completes[i] = s->choice.last;
}

/* B6: of the choices that complete as the group opens. B2: it rests on a tie if all of them do. B14: the
 * order leaves open which events a repeated step takes but for one; absence is certain if it is for one such
 * choice. */
static void note_witness(struct search *s)
{
    struct judging *j = (struct judging *)s;
    if (s->choice.last != j->group->opened) return;
    bool is_equal = j->any && !is_better(&s->choice, &j->best) && !is_better(&j->best, &s->choice);
    if (!j->any || is_better(&s->choice, &j->best) || (is_equal && !s->choice.blinded)) j->best = s->choice;
    j->any = true;
    if (!s->choice.tied) j->group->tied = false;
}

static void gather(struct judging *j, bool items)
{
    const struct choice *c = &j->s.choice;
    for (uint32_t a = 0; a < c->reading->n_atoms; a++) {
        const struct atom *atom = &c->reading->atoms[a];
        if ((atom->item != NULL) != items) continue;
        j->group->exists |= UINT64_C(1) << atom->step;
        for (uint32_t i = 0; i < c->n_taken[a]; i++)
            for (uint32_t h = 0; h < j->s.n; h++)
                if (j->s.hits[h] == c->taken[a][i]) j->group->gathered[atom->step] |= UINT64_C(1) << h;
    }
}

/* B6: the eligible events of the opening window … */
static void note_eligible(struct search *s)
{
    struct judging *j = (struct judging *)s;
    if (s->choice.start >= j->group->opened - s->rule->within && s->choice.last <= j->group->opened)
        gather(j, false);
}

/* … and every choice that completes until `once` ends. */
static void note_later(struct search *s)
{
    struct judging *j = (struct judging *)s;
    if (s->choice.last > j->group->opened && s->choice.last <= j->group->end) gather(j, false);
}

/* B6: among the choices whose required part belongs to the incident, the earliest completion first. */
static void note_item(struct search *s)
{
    struct judging *j = (struct judging *)s;
    const struct choice *c = &s->choice;
    if (c->required_last < j->group->opened || c->required_last > j->group->end) return;
    gather(j, true);
    if (!j->any || c->last < j->best.last || (c->last == j->best.last && is_better(c, &j->best)))
        j->best = *c;
    j->any = true;
}

/* ---- groups -------------------------------------------------------------------------------------------- */

/* A step's witness is that of the item, or of the required part (item NULL), in which it stands itself; and
 * where that item has none, of an item inside, which is looked at later. */
static void keep_witness(struct judging *j)
{
    for (uint32_t a = 0; j->any && a < j->best.reading->n_atoms; a++) {
        const struct atom *atom = &j->best.reading->atoms[a];
        if (!atom->item != !j->item || j->group->witness[atom->step]) continue;
        j->group->witness[atom->step] = compared_by(&j->best, a);
        j->group->in_required[atom->step] = !j->item;
        if (!j->item) j->group->blinded |= compared_by(&j->best, a)->blinded; /* a group of another rule */
    }
}

static void find_completing(struct judging *j)
{
    for (uint32_t place = 0; place < ORACLE_STEPS; place++) {
        const struct hit *h = filling(&j->best, place);
        if (h && h->second == j->group->opened) j->group->completing = h->evidence.identity;
    }
}

/* B9: each item is judged on its own, an item inside an item too. */
static void each_item(struct judging *j, const struct ir_match *m)
{
    int64_t opens = j->group->opened, within = j->s.rule->within;
    if (m->kind == IR_M_OPTIONAL) {
        struct readings rs;
        readings_of(j->s.rule, m, &rs);
        j->item = m;
        j->any = false;
        each_choice(&j->s, &rs, opens - within, j->group->end + within, note_item);
        keep_witness(j);
        readings_free(&rs);
    }
    for (uint32_t i = 0; i < m->n_kids; i++) each_item(j, &m->kids[i]);
}

/* The group as it would be if it opened at that second: the witness, and the eligible events of its window.
 */
static void open_group(struct judging *j, struct oracle_group *g, int64_t second)
{
    *g = (struct oracle_group){.opened = second, .end = second + j->s.rule->once, .tied = true};
    j->group = g;
    j->item = NULL;
    j->any = false;
    each_choice(&j->s, &j->required, second - j->s.rule->within, second, note_witness);
    if (j->s.gave_up) return;
    g->start = j->best.start;
    g->blinded = j->best.blinded;
    keep_witness(j);
    find_completing(j);
    each_choice(&j->s, &j->required, second - j->s.rule->within, second, note_eligible);
}

/* B6: `where` holds for that window. */
static bool fits(struct judging *j, const struct oracle_group *g)
{
    ir_node_id where = j->c->rule->where;
    if (where == IR_NONE || j->s.gave_up) return true;
    return verdict_is_true(verdict_value(j->c, g, where));
}

static void fill_group(struct judging *j, struct oracle_group *g)
{
    each_choice(&j->s, &j->required, g->opened - j->s.rule->within, g->end, note_later);
    each_item(j, j->s.rule->match);
    for (uint32_t step = 0; step < ORACLE_STEPS; step++)
        g->count[step] = (uint32_t)__builtin_popcountll(g->gathered[step]);
    verdict_of(j->c, g);
}

/* B18: a group begins at the first completion after the last group's end, and is not extended. */
static void find_groups(struct judging *j)
{
    struct oracle_result *out = j->out;
    out->completions = j->n_completes;
    for (uint32_t i = 0; i < j->n_completes && out->n < ORACLE_GROUPS && !j->s.gave_up; i++) {
        int64_t t = j->completes[i];
        struct oracle_group *g = &out->groups[out->n];
        if (out->n && t <= out->groups[out->n - 1].end) continue;
        open_group(j, g, t);
        if (!fits(j, g)) {
            out->unfit++;
            continue;
        }
        fill_group(j, g);
        out->n++;
    }
}

void oracle_judge(const struct oracle_case *c, struct oracle_result *out)
{
    struct judging *j = calloc(1, sizeof *j);
    *out = (struct oracle_result){.n = 0};
    j->s = (struct search){
        .rule = c->rule, .hits = c->hits, .active = c->active, .unknown = c->unknown, .n = c->n};
    j->c = c;
    j->out = out;
    readings_of(c->rule, NULL, &j->required);
    each_choice(&j->s, &j->required, INT64_MIN, INT64_MAX, note_completion);
    out->vetoed = j->s.vetoed;
    find_groups(j);
    out->gave_up = j->s.gave_up;
    readings_free(&j->required);
    free(j);
}
