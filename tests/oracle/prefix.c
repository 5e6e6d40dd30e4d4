/* prefix.c - fills atoms with up to what they need, in every possible way. */
#include "tests/oracle/prefix.h"
#include "tests/oracle/reading.h"

#define PARTS_MOST 400000 /* tried for one rule and key */

struct trying {
    const struct oracle_case *c;
    const struct reading *reading;
    const struct hit *taken[ORACLE_STEPS][ORACLE_HITS];
    uint32_t n_taken[ORACLE_STEPS];
    uint32_t tried;
    struct prefix_result *best;
};

/* The first or last second of what some atoms hold. */
static int64_t edge(const struct trying *t, uint32_t atoms, bool last)
{
    int64_t at = last ? INT64_MIN : INT64_MAX;
    for (uint32_t a = 0; a < t->reading->n_atoms; a++)
        for (uint32_t i = 0; atoms >> a & 1 && i < t->n_taken[a]; i++) {
            int64_t second = t->taken[a][i]->second;
            if (last ? second > at : second < at) at = second;
        }
    return at;
}

static bool has_begun(const struct trying *t, uint32_t atoms)
{
    return edge(t, atoms, true) != INT64_MIN;
}

static bool is_complete(const struct trying *t, uint32_t atoms)
{
    for (uint32_t a = 0; a < t->reading->n_atoms; a++)
        if (atoms >> a & 1 && t->n_taken[a] < t->reading->atoms[a].least) return false;
    return true;
}

/* ---- references (B12) --------------------------------------------------------------------------------- */

static bool is_in_reading(const struct reading *r, uint32_t step)
{
    for (uint32_t a = 0; a < r->n_atoms; a++)
        if (r->atoms[a].step == step) return true;
    return false;
}

/* A step of the reading that says it. */
static bool is_said(const struct trying *t, uint32_t j)
{
    for (uint32_t a = 0; a < t->reading->n_atoms; a++) {
        uint32_t step = t->reading->atoms[a].step;
        if (step != t->c->rule->joins[j].of && t->c->rule->steps[step].groups->joins[j] != IR_NONE)
            return true;
    }
    return false;
}

/* Of a step that the reading lacks nothing is equal: then no choice can come of it. */
static bool is_possible(const struct ir_rule *rule, const struct trying *t)
{
    for (uint32_t j = 0; j < rule->n_joins; j++)
        if (!rule->joins[j].differs && is_said(t, j) && !is_in_reading(t->reading, rule->joins[j].of))
            return false;
    return true;
}

static bool is_equal(const struct hit *x, const struct hit *y, uint32_t j)
{
    return x->joins[j].hi == y->joins[j].hi && x->joins[j].lo == y->joins[j].lo;
}

static bool has_value(const struct hit *h, uint32_t j)
{
    return h->joins[j].hi | h->joins[j].lo;
}

/* Two events of one choice. */
static bool agree(const struct trying *t, const struct hit *x, const struct hit *y)
{
    for (uint32_t j = 0; j < t->c->rule->n_joins; j++) {
        const struct ir_join *join = &t->c->rule->joins[j];
        bool between = (x->step == join->of) != (y->step == join->of);
        if (!has_value(x, j) || !has_value(y, j) || !is_said(t, j)) continue;
        if (join->differs ? between && is_equal(x, y, j) : !is_equal(x, y, j)) return false;
    }
    return true;
}

static bool agrees_with_all(const struct trying *t, const struct hit *h)
{
    for (uint32_t a = 0; a < t->reading->n_atoms; a++)
        for (uint32_t i = 0; i < t->n_taken[a]; i++)
            if (!agree(t, t->taken[a][i], h)) return false;
    return true;
}

/* Whether a taken event shows what the step that is referred to has, or will have. */
static bool shows(const struct trying *t, const struct hit *h, uint32_t j)
{
    const struct ir_join *join = &t->c->rule->joins[j];
    return h->step == join->of || (!join->differs && has_value(h, j) && is_said(t, j));
}

/* What a forbidden event says of others must hold of what is taken, all of it. */
static bool references_hold(const struct trying *t, const struct hit *h)
{
    for (uint32_t j = 0; j < t->c->rule->n_joins; j++) {
        const struct ir_join *join = &t->c->rule->joins[j];
        bool any = false;
        if (join->of == h->step || !has_value(h, j)) continue;
        for (uint32_t a = 0; a < t->reading->n_atoms; a++)
            for (uint32_t i = 0; i < t->n_taken[a]; i++) {
                if (!shows(t, t->taken[a][i], j)) continue;
                if (is_equal(h, t->taken[a][i], j) == join->differs) return false;
                any = true;
            }
        if (!any && !join->differs) return false;
    }
    return true;
}

/* ---- sentences ---------------------------------------------------------------------------------------- */

static bool is_own(const struct trying *t, uint32_t atoms, const struct hit *h)
{
    for (uint32_t a = 0; a < t->reading->n_atoms; a++)
        for (uint32_t i = 0; atoms >> a & 1 && i < t->n_taken[a]; i++)
            if (t->taken[a][i]->seq == h->seq) return true;
    return false;
}

static bool is_vetoed(const struct trying *t, const struct sentence *said, int64_t from, int64_t to)
{
    for (uint32_t i = 0; i < t->c->n; i++) {
        const struct hit *h = t->c->hits[i];
        if (t->c->active[i] && said->steps >> h->step & 1 && h->second >= from && h->second <= to &&
            !is_own(t, said->own, h) && references_hold(t, h))
            return true;
    }
    return false;
}

/* From the last event of the left side to the first of the right, and where that has not come, to the last of
 * all. */
static bool may_lie_between(const struct trying *t, const struct sentence *s, int64_t now)
{
    int64_t from = edge(t, s->left, true), to = edge(t, s->right, false);
    bool begun = has_begun(t, s->right), complete = is_complete(t, s->left);
    if (!begun && !complete) return true;
    if (s->kind == SAY_NONE_BETWEEN) return !is_vetoed(t, s, from, begun ? to : now);
    if (!begun) return now - from <= s->most;
    return complete && to - from >= (s->strict ? 1 : 0) && to - from >= s->least && to - from <= s->most;
}

/* Nothing that is there already breaks it, up to the second of its last event. */
static bool may_hold(const struct trying *t, const struct sentence *s, int64_t now)
{
    int64_t first = edge(t, s->left, false), last = edge(t, s->left, true);
    switch ((enum sentence_kind)s->kind) {
    case SAY_BEFORE:
    case SAY_NONE_BETWEEN: return may_lie_between(t, s, now);
    case SAY_WITHIN:
        return !has_begun(t, s->left) || (is_complete(t, s->left) ? last : now) - first <= s->most;
    case SAY_NONE_UNTIL: return !has_begun(t, s->left) || !is_vetoed(t, s, first, last);
    case SAY_NONE_FOR:
        return !is_complete(t, s->left) ||
               !is_vetoed(t, s, last, now < last + s->most ? now : last + s->most);
    default: return true;
    }
}

static bool all_may_hold(const struct trying *t, uint32_t atoms)
{
    int64_t now = edge(t, UINT32_MAX, true);
    for (uint32_t i = 0; i < t->reading->n_sentences; i++) {
        const struct sentence *s = &t->reading->sentences[i];
        if (atoms < t->reading->n_atoms && (s->kind > SAY_WITHIN || (s->left | s->right) >> atoms))
            continue; /* asked when all is taken */
        if (!may_hold(t, s, now)) return false;
    }
    return true;
}

/* ---- parts -------------------------------------------------------------------------------------------- */

static uint64_t waits_for(const struct trying *t)
{
    uint64_t steps = 0;
    for (uint32_t a = 0; a < t->reading->n_atoms; a++) {
        bool may_begin = t->n_taken[a] < t->reading->atoms[a].least;
        for (uint32_t i = 0; i < t->reading->n_sentences; i++) {
            const struct sentence *s = &t->reading->sentences[i];
            if (s->kind == SAY_BEFORE && s->right >> a & 1 && !is_complete(t, s->left)) may_begin = false;
        }
        if (may_begin) steps |= UINT64_C(1) << t->reading->atoms[a].step;
    }
    return steps;
}

static int compare(const struct prefix_result *a, const struct prefix_result *b)
{
    if (a->is_complete != b->is_complete) return a->is_complete ? 1 : -1;
    if (a->full != b->full) return a->full > b->full ? 1 : -1;
    return (a->events > b->events) - (a->events < b->events);
}

static void whole_part(struct trying *t)
{
    struct prefix_result *best = t->best;
    uint32_t full = 0, events = 0;
    for (uint32_t a = 0; a < t->reading->n_atoms; a++) {
        full += t->n_taken[a] == t->reading->atoms[a].least;
        events += t->n_taken[a];
    }
    struct prefix_result mine = {.is_complete = full == t->reading->n_atoms, .full = full, .events = events};
    int order = compare(&mine, best);
    if (order < 0 || !events || !all_may_hold(t, t->reading->n_atoms)) return;
    if (order > 0) mine.gave_up = best->gave_up, *best = mine;
    best->next |= waits_for(t);
}

static bool is_taken(const struct trying *t, const struct hit *h)
{
    return is_own(t, UINT32_MAX, h);
}

static void fill(struct trying *t, uint32_t atom, uint32_t from)
{
    if (atom == t->reading->n_atoms) {
        whole_part(t);
        return;
    }
    if (all_may_hold(t, atom + 1)) fill(t, atom + 1, 0);
    if (t->n_taken[atom] == t->reading->atoms[atom].least) return;
    for (uint32_t h = from; h < t->c->n && !t->best->gave_up; h++) {
        const struct hit *hit = t->c->hits[h];
        if (!t->c->active[h] || hit->step != t->reading->atoms[atom].step || is_taken(t, hit)) continue;
        if (!agrees_with_all(t, hit)) continue;
        if (++t->tried > PARTS_MOST) t->best->gave_up = true;
        t->taken[atom][t->n_taken[atom]++] = hit;
        fill(t, atom, h + 1);
        t->n_taken[atom]--;
    }
}

void prefix_judge(const struct oracle_case *c, struct prefix_result *out)
{
    struct readings rs;
    struct trying t = {.c = c, .best = out};
    *out = (struct prefix_result){.full = 0};
    readings_of(c->rule, NULL, &rs);
    for (uint32_t i = 0; i < rs.n; i++) {
        t.reading = &rs.at[i];
        if (is_possible(c->rule, &t)) fill(&t, 0, 0);
    }
    readings_free(&rs);
}
