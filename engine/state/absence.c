/* absence.c - which complete runs have to wait, and which others stand for. */
#include "engine/state/absence.h"
#include "engine/state/veto.h"

static const struct alternative *alternative_of(const struct rule_plan *p, const struct run *r)
{
    return &p->alternatives[r->alternative];
}

static void push(struct slab *s, const struct rule_plan *p, struct runs *to, const struct run *r)
{
    memcpy(runs_push(s, p, to), r, p->run_size);
}

void waiting_carry(struct workbench *w, const struct rule_plan *p, const struct fold *from, struct fold *to,
                   int64_t second, uint32_t n_joins, struct state_counts *counts)
{
    to->waiting.len = 0;
    for (uint32_t i = 0; i < from->waiting.len; i++) {
        const struct run *r = runs_at(p, &from->waiting, i);
        if (veto_ends(p, r, alternative_of(p, r), &w->classes, n_joins, second)) {
            if (counts) counts->vetoed++;
            continue;
        }
        struct run *carried = runs_push(w->slab, p, &to->waiting);
        memcpy(carried, r, p->run_size);
        if (!r->blinded)
            carried->blinded = veto_blinds(p, r, alternative_of(p, r), &w->classes, n_joins, second);
    }
}

/* ---- superfluous completions -------------------------------------------------------------------------- */

static int64_t last_second(const struct rule_plan *p, const struct run *r)
{
    const struct alternative *a = alternative_of(p, r);
    return takes_last(run_takes_of(p, r), a->started[a->full]);
}

/* Both wait for one second, under the same references, and are ended by the same events. An item's earlier
 * completion is the better one. */
static bool stands_for(const struct rule_plan *p, const struct run *x, const struct run *y)
{
    const struct alternative *a = alternative_of(p, x);
    if (x->alternative != y->alternative || x->group != y->group ||
        memcmp(run_joins_of(x), run_joins_of(y), p->n_joins * sizeof(struct hash128)))
        return false;
    int order = run_order(p, a, x, y);
    if (!a->automaton)
        return !(x->tied && !y->tied) && (order > 0 || (order == 0 && !(x->blinded && !y->blinded)));
    int64_t lx = last_second(p, x), ly = last_second(p, y);
    return lx != ly ? lx < ly : order >= 0;
}

/* Where all completions are ended alike and each may open, only the first of those that would fall into one
 * group does. Of the others, when there are many, the last one is shown. NULL: r is not such a one. */
static struct run *replaceable(const struct rule_plan *p, struct fold *f, const struct run *r)
{
    const struct groups *gs = &f->groups;
    int64_t end = gs->len ? groups_at(p, gs, gs->len - 1)->end : INT64_MIN, first = end;
    struct run *last = NULL;
    bool may_not_open = p->n_joins || p->n_required > 1 || p->rule->where != IR_NONE;
    if (f->waiting.len < WAITING_MANY || may_not_open || alternative_of(p, r)->automaton) return NULL;
    for (uint32_t i = 0; i < f->waiting.len; i++) {
        struct run *other = runs_at(p, &f->waiting, i);
        if (alternative_of(p, other)->automaton) continue;
        if (other->group > end) end = other->group + p->once, first = other->group;
        last = other->group > first || first == end ? other : NULL;
    }
    return r->group <= end && last && last->group < r->group ? last : NULL;
}

void waiting_add(struct slab *s, const struct rule_plan *p, struct fold *to, const struct run *r,
                 struct state_counts *counts)
{
    struct run *place = NULL;
    bool is_superfluous = false;
    for (uint32_t i = 0; i < to->waiting.len && !place && !is_superfluous; i++) {
        struct run *other = runs_at(p, &to->waiting, i);
        is_superfluous = stands_for(p, other, r);
        if (!is_superfluous && stands_for(p, r, other)) place = other;
    }
    if (!place) place = replaceable(p, to, r);
    if (!is_superfluous && !place && to->waiting.len >= WAITING_MOST) is_superfluous = to->lost = true;
    if (counts) counts->superseded += is_superfluous || place;
    if (is_superfluous) return;
    if (place)
        memcpy(place, r, p->run_size);
    else
        push(s, p, &to->waiting, r);
}

/* ---- settling ----------------------------------------------------------------------------------------- */

int64_t waiting_next(const struct rule_plan *p, const struct fold *f, int64_t after)
{
    int64_t first = INT64_MAX;
    for (uint32_t i = 0; i < f->waiting.len; i++) {
        const struct run *r = runs_at(p, &f->waiting, i);
        if (r->group > after && r->group < first) first = r->group;
    }
    return first;
}

int64_t waiting_first(const struct rule_plan *p, const struct fold *f)
{
    return waiting_next(p, f, INT64_MIN);
}

void waiting_take(struct slab *s, const struct rule_plan *p, struct fold *f, int64_t second, bool of_items,
                  struct runs *out)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < f->waiting.len; i++) {
        const struct run *r = runs_at(p, &f->waiting, i);
        if (r->group == second && (alternative_of(p, r)->automaton != 0) == of_items) {
            push(s, p, out, r);
            continue;
        }
        if (kept != i) memcpy(runs_at(p, &f->waiting, kept), r, p->run_size);
        kept++;
    }
    f->waiting.len = kept;
}
