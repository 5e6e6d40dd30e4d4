/* run.c - the order of witnesses, and when one run makes another superfluous. */
#include "engine/state/differ.h"
#include "engine/state/inner.h"
#include "engine/state/measure.h"
#include "engine/state/sums.h"
#include "engine/state/suspect.h"

struct run *runs_push(struct slab *s, const struct rule_plan *p, struct runs *rs)
{
    size_t used = rs->len * p->run_size;
    if (used + p->run_size > rs->cap) {
        size_t larger = rs->cap ? rs->cap * 2 : 4 * p->run_size;
        while (larger < used + p->run_size) larger *= 2; /* the last rule's runs may have been much smaller */
        char *grown = slab_get(s, larger);
        if (used) memcpy(grown, rs->at, used);
        slab_put(s, rs->at, rs->cap);
        rs->at = grown, rs->cap = larger;
    }
    rs->len++;
    return (struct run *)(rs->at + used);
}

void runs_copy(struct slab *s, const struct rule_plan *p, struct runs *to, const struct runs *from)
{
    to->len = 0;
    for (uint32_t i = 0; i < from->len; i++) memcpy(runs_push(s, p, to), runs_at(p, from, i), p->run_size);
}

void runs_free(struct slab *s, struct runs *rs)
{
    slab_put(s, rs->at, rs->cap);
    *rs = (struct runs){.at = NULL};
}

int64_t takes_last(const struct take *takes, uint64_t bits)
{
    int64_t last = INT64_MIN;
    for (; bits; bits &= bits - 1) {
        int64_t second = takes[__builtin_ctzll(bits)].second;
        if (second > last) last = second;
    }
    return last;
}

/* > 0 if x's event stands before y's in the order of witnesses: the later second, the smaller identity. */
static int take_order(const struct take *x, const struct take *y)
{
    if (x->second != y->second) return x->second > y->second ? 1 : -1;
    return -kept_order(x->hit, y->hit);
}

int run_order(const struct rule_plan *p, const struct alternative *a, const struct run *x,
              const struct run *y)
{
    const struct take *tx = run_takes_of(p, x), *ty = run_takes_of(p, y);
    if (x->start != y->start) return x->start > y->start ? 1 : -1;
    for (uint64_t bits = a->complete[x->progress]; bits;) {
        uint32_t q = 63 - (uint32_t)__builtin_clzll(bits);
        int order = take_order(&tx[q], &ty[q]);
        if (order) return order;
        bits &= ~(UINT64_C(1) << q);
    }
    return 0;
}

int witness_order(const struct rule_plan *p, const struct run *x, const struct run *y)
{
    const struct alternative *ax = &p->alternatives[x->alternative], *ay = &p->alternatives[y->alternative];
    const struct take *tx = run_takes_of(p, x), *ty = run_takes_of(p, y);
    uint32_t qx = ax->n_places, qy = ay->n_places;
    if (x->start != y->start) return x->start > y->start ? 1 : -1;
    if (qx != qy) return qx < qy ? 1 : -1;
    while (qx && qy) { /* places stand in the order of match: compare positions from the last */
        uint32_t px = p->position[ax->places[qx - 1].step], py = p->position[ay->places[qy - 1].step];
        if (px != py) return px > py ? 1 : -1;
        int order = take_order(&tx[--qx], &ty[--qy]);
        if (order) return order;
    }
    return 0;
}

bool gap_is_pending(const struct alternative *a, const struct ir_gap *g, uint16_t progress)
{
    return (a->complete[progress] & g->left) == g->left && !(a->started[progress] & g->right);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A run can go on over a gap from last + least to last + most: x's span must hold all of y's that is to come.
 */
static bool gap_holds(const struct ir_gap *g, int64_t x, int64_t y, int64_t now)
{
    if (later(x + g->least, now + 1) > later(y + g->least, now + 1)) return false;
    return g->most == INT64_MAX || x >= y;
}

/* But for what they are told apart from. */
static bool outdoes(const struct rule_plan *p, const struct alternative *a, const struct run *x,
                    const struct run *y, int64_t now)
{
    int order = run_order(p, a, x, y);
    if ((x->tied && !y->tied) || order < 0 || (order == 0 && x->blinded && !y->blinded)) return false;
    for (uint32_t i = 0; i < a->n_gaps; i++) {
        const struct ir_gap *g = &a->gaps[i];
        if (gap_is_pending(a, g, x->progress) && !gap_holds(g, takes_last(run_takes_of(p, x), g->left),
                                                            takes_last(run_takes_of(p, y), g->left), now))
            return false;
    }
    return inners_dominate(p, a, x, y) && measures_dominate(p, a, x, y) && suspects_dominate(p, x, y);
}

bool run_dominates(const struct rule_plan *p, const struct alternative *a, const struct run *x,
                   const struct run *y, int64_t now)
{
    return outdoes(p, a, x, y, now) && differs_dominate(p, x, y);
}

bool run_is_over(const struct rule_plan *p, const struct alternative *a, const struct run *r, int64_t second)
{
    if (second - r->start > p->within) return true;
    for (uint32_t i = 0; i < a->n_gaps; i++) {
        const struct ir_gap *g = &a->gaps[i];
        if (g->most != INT64_MAX && gap_is_pending(a, g, r->progress) &&
            second - takes_last(run_takes_of(p, r), g->left) > g->most)
            return true;
    }
    return inners_are_over(p, a, r, second);
}

/* ---- the frontier ------------------------------------------------------------------------------------- */

bool run_same_instance(const struct rule_plan *p, const struct run *a, const struct run *b)
{
    return a->group == b->group &&
           !memcmp(run_joins_of(a), run_joins_of(b), p->n_joins * sizeof(struct hash128));
}

/* Takes out of the list what r makes superfluous. False: r itself is. */
static bool make_way(struct frontier *f, const struct alternative *a, const struct run *r)
{
    uint32_t *link = &f->heads[a->bucket + r->progress], n = 0;
    while (*link) {
        struct run *other = runs_at(f->plan, f->runs, *link - 1);
        if (run_same_instance(f->plan, other, r)) {
            if (run_dominates(f->plan, a, other, r, f->now)) return false;
            if (run_dominates(f->plan, a, r, other, f->now)) {
                f->superseded++;
                *link = other->next;
                other->next = RUN_HOLE;
                continue;
            }
        }
        link = &other->next;
        n++;
    }
    f->slab->work += n;
    bool fits = n < ALIKE_MOST || (!f->plan->n_differs && !f->plan->n_later && (!a->measured || f->as_told));
    f->lost |= !fits;
    return fits;
}

/* Whether so many runs are no worse than this one that, whatever values are still shown, one of them allows
 * these (docs/semantics.md 12). */
static bool is_outnumbered(const struct frontier *f, const struct alternative *a, const struct run *r)
{
    const struct run *better[DIFFER_MOST];
    uint32_t needed = differs_needed(f->plan, a, r), n = 0;
    if (!needed || needed > DIFFER_MOST) return false;
    for (uint32_t at = f->heads[a->bucket + r->progress]; at && n < needed;) {
        const struct run *other = runs_at(f->plan, f->runs, at - 1);
        bool counts = other != r && run_same_instance(f->plan, other, r) &&
                      differs_show_alike(f->plan, other, r) && outdoes(f->plan, a, other, r, f->now);
        for (uint32_t i = 0; i < n && counts; i++) counts = differs_share_nothing(f->plan, better[i], other);
        if (counts) better[n++] = other;
        at = other->next;
    }
    return n == needed;
}

static void thin_out(struct frontier *f, const struct alternative *a, uint16_t progress)
{
    for (uint32_t *link = &f->heads[a->bucket + progress]; *link && f->plan->n_differs;) {
        struct run *r = runs_at(f->plan, f->runs, *link - 1);
        if (is_outnumbered(f, a, r)) {
            f->superseded++;
            *link = r->next;
            r->next = RUN_HOLE;
        } else {
            link = &r->next;
        }
    }
}

/* Where in its list the run is to stand, when all that it makes superfluous is gone. NULL: it is superfluous
 * itself. */
static uint32_t *make_room(struct frontier *f, const struct alternative *a, const struct run *r)
{
    if (sums_are_in_line(f, a, r->progress)) return sums_place(f, a, r);
    return make_way(f, a, r) ? &f->heads[a->bucket + r->progress] : NULL;
}

void frontier_add(struct frontier *f, const struct run *r)
{
    const struct alternative *a = &f->alternatives[r->alternative];
    uint32_t *link = make_room(f, a, r);
    f->slab->work++;
    if (!link) {
        f->superseded++;
        return;
    }
    uint32_t next = *link;
    *link = f->runs->len + 1;
    struct run *copy = runs_push(f->slab, f->plan, f->runs); /* link may lie in what moves now */
    memcpy(copy, r, f->plan->run_size);
    copy->next = next;
    thin_out(f, a, r->progress);
}

void runs_close_holes(const struct rule_plan *p, struct runs *rs)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rs->len; i++) {
        const struct run *r = runs_at(p, rs, i);
        if (r->next == RUN_HOLE) continue;
        if (kept != i) memcpy(runs_at(p, rs, kept), r, p->run_size);
        kept++;
    }
    rs->len = kept;
}
