/* veto.c - which vetoes are active, and how the events that a run takes itself escape them.
 *
 * An extension takes so many events for each place. If some classes must be taken whole, two things are
 * asked: can each place have the events that it needs, and can each event that must be taken have a place? If
 * both can, both can at once (Mendelsohn and Dulmage, 1958), so the second is a flow of its own, from classes
 * to places.
 */
#include "engine/state/veto.h"

#define BIT(n) (UINT64_C(1) << (n))

/* ---- planning ----------------------------------------------------------------------------------------- */

static uint64_t all_places(const struct alternative *a)
{
    return a->n_places < 64 ? BIT(a->n_places) - 1 : ~UINT64_C(0);
}

static void add_veto(const struct rule_plan *p, struct alternative *a, struct veto v)
{
    for (uint32_t j = 0; j < p->n_joins; j++)
        if (p->join_steps[j] >> v.step & 1) {
            v.joins |= BIT(j);
            if (a->steps >> p->rule->joins[j].of & 1) v.chosen |= BIT(j);
        }
    if (v.when == VETO_BETWEEN) a->behind_gap |= v.right;
    if (v.when == VETO_FOR_BACKWARD) a->behind_gap |= v.left; /* it begins with the first that is met */
    if (v.when == VETO_BETWEEN || v.when == VETO_SPAN) a->tries_all_counts = true;
    a->forbidden |= BIT(v.step);
    a->vetoes[a->n_vetoes++] = v;
}

/* The choice's own events never count. Where the veto is the required part's, these are the events of the
 * required part alone, because they are a choice by themselves (language.md B9). */
static uint64_t own_places(const struct alternative *a, uint64_t edges)
{
    return edges & ~a->required ? all_places(a) : a->required;
}

void vetoes_plan(struct slab *s, const struct rule_plan *p, struct alternative *a,
                 const struct ir_alternative *shape, bool is_mirror)
{
    uint64_t all = all_places(a);
    a->vetoes = slab_get(s, 2 * shape->n_vetoes * sizeof *a->vetoes);
    for (uint32_t i = 0; i < shape->n_vetoes; i++) {
        const struct ir_veto *v = &shape->vetoes[i];
        struct veto to = {.step = v->step, .left = v->left, .right = v->right, .seconds = v->seconds};
        if (v->kind == IR_VETO_UNTIL) {
            to.when = VETO_SPAN;
            to.left = to.own = all;
            add_veto(p, a, to);
            if (a->required == all) continue;
            to.left = to.own = a->required;
        } else {
            to.when = v->kind == IR_VETO_BETWEEN ? VETO_BETWEEN : is_mirror ? VETO_FOR_BACKWARD : VETO_FOR;
            to.own = own_places(a, v->left | v->right);
        }
        add_veto(p, a, to);
    }
}

/* ---- is it active, does it agree ---------------------------------------------------------------------- */

static bool is_active(const struct alternative *a, const struct veto *v, uint16_t before, uint16_t after)
{
    bool left_is_complete = (a->complete[after] & v->left) == v->left;
    switch (v->when) {
    case VETO_BETWEEN: return left_is_complete && !(a->started[before] & v->right);
    case VETO_SPAN: return a->started[after] & v->left && (a->complete[before] & v->left) != v->left;
    case VETO_FOR: return left_is_complete;
    default: return a->started[after] & v->left && !(a->started[before] & v->left);
    }
}

/* `for D` ends D after its left side. */
static bool is_over(const struct veto *v, const struct take *takes, int64_t second)
{
    return v->when == VETO_FOR && second - takes_last(takes, v->left) > v->seconds;
}

bool veto_is_active(const struct rule_plan *p, const struct alternative *a, const struct veto *v,
                    const struct run *r, uint16_t before, int64_t second)
{
    return is_active(a, v, before, r->progress) && !is_over(v, run_takes_of(p, r), second);
}

bool veto_is_open(const struct rule_plan *p, const struct alternative *a, const struct run *r, uint32_t join)
{
    uint64_t missing = ~a->complete[r->progress];
    if (join_is_set(run_joins_of(r)[join])) return false;
    for (uint32_t q = 0; q < a->n_places; q++)
        if (a->places[q].step == p->rule->joins[join].of) return missing >> q & 1;
    return false;
}

enum tri veto_compare(const struct ir_join *join, struct hash128 mine, struct hash128 theirs)
{
    bool is_absent = !join_is_set(theirs) || hash128_equal(theirs, JOIN_ABSENT);
    if (!is_absent && (hash128_equal(mine, JOIN_UNKNOWN) || hash128_equal(theirs, JOIN_UNKNOWN)))
        return TRI_UNKNOWN;
    bool is_equal = !is_absent && hash128_equal(mine, theirs);
    return is_equal != join->differs ? TRI_TRUE : TRI_FALSE;
}

/* The references of the forbidden event are judged against the choice: a step that was not chosen has no
 * values. Where references were given up nobody can tell, and a flood must not hide a match. */
static enum veto_says agrees(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                             const struct veto *v, const struct kept *k, uint32_t n_joins)
{
    const struct hash128 nothing = {0, 0};
    bool is_later = false, is_doubtful = !k->active;
    if (v->joins && !n_joins) return SAYS_NO;
    for (uint64_t left = v->joins; left; left &= left - 1) {
        uint32_t j = (uint32_t)__builtin_ctzll(left);
        bool is_chosen = v->chosen >> j & 1;
        if (!join_is_set(k->hit->joins[j])) continue;
        if (p->later >> j & 1 && is_chosen && veto_is_open(p, a, r, j)) {
            is_later = true;
            continue;
        }
        enum tri truth =
            veto_compare(&p->rule->joins[j], k->hit->joins[j], is_chosen ? run_joins_of(r)[j] : nothing);
        if (truth == TRI_FALSE) return SAYS_NO;
        is_doubtful |= truth == TRI_UNKNOWN;
    }
    if (is_later) return is_doubtful ? SAYS_MAYBE_LATER : SAYS_LATER;
    return is_doubtful ? SAYS_MAYBE : SAYS_YES;
}

enum veto_says veto_says(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                         const struct classes *cs, uint32_t c, const struct veto *v, uint32_t n_joins)
{
    if (!((cs->at[c].steps | cs->at[c].unsure) >> v->step & 1)) return SAYS_NO;
    return agrees(p, a, r, v, class_hit(cs, cs->at[c].first, v->step), n_joins);
}

bool veto_ends(const struct rule_plan *p, const struct run *r, const struct alternative *a,
               const struct classes *cs, uint32_t n_joins, int64_t second)
{
    if (!(cs->steps & a->forbidden)) return false;
    for (uint32_t i = 0; i < a->n_vetoes; i++) {
        const struct veto *v = &a->vetoes[i];
        if (!veto_is_active(p, a, v, r, r->progress, second)) continue;
        for (uint32_t c = 0; c < cs->len; c++)
            if (veto_says(p, a, r, cs, c, v, n_joins) == SAYS_YES) return true;
    }
    return false;
}

/* The first in order of identity, of those that no place could take if there are any. fits NULL: none takes
 * any. */
static const struct kept *first_doubt(const struct rule_plan *p, const struct alternative *a,
                                      const struct run *r, const struct veto *v, const struct classes *cs,
                                      uint32_t n_joins, const uint64_t *fits)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t c = 0; c < cs->len; c++) {
        if (veto_says(p, a, r, cs, c, v, n_joins) != SAYS_MAYBE) continue;
        bool is_own = fits && fits[c] & v->own, was_own = best != UINT32_MAX && fits && fits[best] & v->own;
        if (best == UINT32_MAX || is_own < was_own ||
            (is_own == was_own && cs->at[c].first < cs->at[best].first))
            best = c;
    }
    return best == UINT32_MAX ? NULL : class_hit(cs, cs->at[best].first, v->step);
}

const struct kept *veto_blinds(const struct rule_plan *p, const struct run *r, const struct alternative *a,
                               const struct classes *cs, uint32_t n_joins, int64_t second)
{
    const struct kept *found = NULL;
    if (!((cs->steps | cs->unsure) & a->forbidden)) return NULL;
    for (uint32_t i = 0; i < a->n_vetoes && !found; i++)
        if (veto_is_active(p, a, &a->vetoes[i], r, r->progress, second))
            found = first_doubt(p, a, r, &a->vetoes[i], cs, n_joins, NULL);
    return found;
}

bool veto_breaks(const struct rule_plan *p, const struct run *r, const struct alternative *a, uint16_t before,
                 const struct slot *slot, int64_t distance, uint32_t n_joins)
{
    for (uint32_t i = 0; i < a->n_vetoes; i++) {
        const struct veto *v = &a->vetoes[i];
        bool begins =
            v->when == VETO_FOR ? (a->complete[before] & v->left) != v->left : v->when == VETO_FOR_BACKWARD;
        if (!begins || distance > v->seconds || !is_active(a, v, before, r->progress)) continue;
        for (uint32_t n = 0; n < slot->len; n++)
            if (slot->at[n]->active && slot->at[n]->hit->step == v->step &&
                agrees(p, a, r, v, slot->at[n], n_joins) == SAYS_YES)
                return true;
    }
    return false;
}

/* ---- what must be taken ------------------------------------------------------------------------------- */

void veto_must_take(struct extension *x, uint32_t c, const struct veto *v)
{
    if (!x->must[c]) {
        x->must[c] = ~UINT64_C(0);
        x->n_must += x->classes->at[c].count;
    }
    x->must[c] &= v->own;
}

static void bar_others(struct extension *x)
{
    for (uint32_t c = 0; c < x->classes->len; c++) {
        x->all_fits[c] = x->fits[c];
        if (x->must[c]) x->fits[c] &= x->must[c];
    }
}

const struct kept *veto_doubts(const struct extension *x)
{
    const struct alternative *a = x->alternative;
    const struct kept *found = NULL;
    if (!((x->classes->steps | x->classes->unsure) & a->forbidden)) return NULL;
    for (uint32_t i = 0; i < a->n_vetoes && !found; i++)
        if (veto_is_active(x->plan, a, &a->vetoes[i], x->scratch, x->from ? x->from->progress : 0, x->second))
            found = first_doubt(x->plan, a, x->scratch, &a->vetoes[i], x->classes, x->n_joins, x->fits);
    return found;
}

bool veto_allows(struct extension *x, bool surely)
{
    const struct alternative *a = x->alternative;
    const struct classes *cs = x->classes;
    x->n_must = 0;
    if (!((cs->steps | cs->unsure) & a->forbidden)) return true;
    memset(x->must, 0, cs->len * sizeof *x->must);
    for (uint32_t i = 0; i < a->n_vetoes; i++) {
        const struct veto *v = &a->vetoes[i];
        if (!veto_is_active(x->plan, a, v, x->scratch, x->from ? x->from->progress : 0, x->second)) continue;
        for (uint32_t c = 0; c < cs->len; c++) {
            enum veto_says said = veto_says(x->plan, a, x->scratch, cs, c, v, x->n_joins);
            if (said == SAYS_YES || (surely && said == SAYS_MAYBE)) veto_must_take(x, c, v);
        }
    }
    return !x->n_must || cs->overlap;
}

bool veto_begin(struct extension *x)
{
    uint32_t needed = 0;
    for (uint32_t q = 0; q < x->alternative->n_places; q++) needed += x->need[q];
    if (x->n_must > needed) return false;
    if (x->n_must) bar_others(x);
    return true;
}

void veto_done(struct extension *x)
{
    if (x->n_must) memcpy(x->fits, x->all_fits, x->classes->len * sizeof *x->fits);
}

/* ---- the flow from classes to places ------------------------------------------------------------------ */

struct cover {
    const struct extension *x;
    uint16_t *at; /* [class * n_places + place] */
    const uint16_t *need;
    uint64_t tried; /* places that this search has been in */
};

static uint32_t room(const struct cover *v, uint32_t q)
{
    uint32_t n = v->need[q], places = v->x->alternative->n_places;
    for (uint32_t c = 0; c < v->x->classes->len; c++)
        if (v->x->must[c]) n -= v->at[c * places + q];
    return n;
}

/* Finds a place for one more event of class c, moving others to other places where that helps. */
static bool find_place(struct cover *v, uint32_t c)
{
    uint32_t places = v->x->alternative->n_places;
    for (uint64_t left = v->x->fits[c]; left; left &= left - 1) {
        uint32_t q = (uint32_t)__builtin_ctzll(left);
        if (!v->need[q] || v->tried >> q & 1) continue;
        v->tried |= BIT(q);
        bool freed = room(v, q) > 0;
        for (uint32_t other = 0; !freed && other < v->x->classes->len; other++) {
            if (other == c || !v->x->must[other] || !v->at[other * places + q] || !find_place(v, other))
                continue;
            v->at[other * places + q]--;
            freed = true;
        }
        if (!freed) continue;
        v->at[c * places + q]++;
        return true;
    }
    return false;
}

bool veto_covers(const struct extension *x, const uint16_t *need, const uint32_t *used)
{
    struct cover v = {.x = x, .at = x->cover, .need = need};
    memset(v.at, 0, x->alternative->n_places * x->classes->len * sizeof *v.at);
    for (uint32_t c = 0; c < x->classes->len; c++) {
        uint32_t n = x->must[c] ? x->classes->at[c].count - (used ? used[c] : 0) : 0;
        for (; n > 0; n--) {
            v.tried = 0;
            if (!find_place(&v, c)) return false;
        }
    }
    return true;
}
