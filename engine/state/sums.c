/* sums.c - the line of sums under way: its order, what comes to all of it, and how many it may be. */
#include "engine/state/sums.h"

#include "engine/state/measure.h"

#define BIT(n) (UINT64_C(1) << (n))

/* The one place that is under way. */
static uint32_t place_under_way(const struct alternative *a, uint16_t progress)
{
    return (uint32_t)__builtin_ctzll(a->started[progress] & ~a->complete[progress]);
}

static bool is_line(const struct rule_plan *p, const struct alternative *a, uint16_t progress)
{
    uint64_t open = a->started[progress] & ~a->complete[progress];
    if (p->n_differs || p->n_later || !(open & a->measured) || open & (open - 1)) return false;
    uint32_t q = place_under_way(a, progress);
    if (a->places[q].taking != IR_TAKE_SUM || a->taken[(size_t)progress * a->n_places + q] != 1) return false;
    for (uint32_t i = 0; i < a->n_gaps; i++)
        if (gap_is_pending(a, &a->gaps[i], progress)) return false;
    return !a->n_inners || a->started[progress] == open;
}

bool sums_are_in_line(const struct frontier *f, const struct alternative *a, uint16_t progress)
{
    return f->as_told && is_line(f->plan, a, progress);
}

static double amount_of_run(const struct rule_plan *p, const struct alternative *a, const struct run *r)
{
    return run_measure_of(p, a, r, place_under_way(a, r->progress))->amount;
}

/* What r is to be compared with stands beside its place. */
uint32_t *sums_place(struct frontier *f, const struct alternative *a, const struct run *r)
{
    uint32_t *link = &f->heads[a->bucket + r->progress];
    double amount = amount_of_run(f->plan, a, r);
    while (*link) {
        struct run *other = runs_at(f->plan, f->runs, *link - 1);
        f->slab->work++;
        if (other->start > r->start) break;
        if (amount_of_run(f->plan, a, other) <= amount && run_same_instance(f->plan, other, r)) {
            if (run_dominates(f->plan, a, other, r, f->now)) return NULL;
            if (run_dominates(f->plan, a, r, other, f->now)) {
                f->superseded++;
                *link = other->next;
                other->next = RUN_HOLE;
                continue;
            }
        } else if (other->start == r->start && run_same_instance(f->plan, other, r) &&
                   run_dominates(f->plan, a, other, r, f->now)) {
            return NULL;
        }
        link = &other->next;
    }
    for (uint32_t at = *link; at;) {
        const struct run *other = runs_at(f->plan, f->runs, at - 1);
        f->slab->work++;
        if (run_same_instance(f->plan, other, r)) {
            if (amount_of_run(f->plan, a, other) < amount) break;
            if (run_dominates(f->plan, a, other, r, f->now)) return NULL;
        }
        at = other->next;
    }
    return link;
}

/* ---- a second's amounts ------------------------------------------------------------------------------- */

/* Whether nothing can come of the second's events but an addition to place q. */
static bool only_adds(const struct frontier *f, const struct alternative *a, uint32_t q,
                      const struct classes *cs)
{
    uint64_t steps = cs->steps & a->steps;
    return steps == BIT(a->places[q].step) && !f->plan->n_joins && !(f->plan->forbidden & cs->steps);
}

/* A run that stands before all others of the list, as long as order is kept. */
static bool stands_first(const struct frontier *f, const struct alternative *a, const struct run *r)
{
    uint32_t head = f->heads[a->bucket + r->progress];
    if (!head) return true;
    const struct run *first = runs_at(f->plan, f->runs, head - 1);
    return first->start > r->start && run_same_instance(f->plan, first, r) &&
           amount_of_run(f->plan, a, first) < amount_of_run(f->plan, a, r);
}

bool sums_add(struct frontier *f, const struct alternative *a, const struct run *r, const struct classes *cs)
{
    uint32_t q = place_under_way(a, r->progress), *head = &f->heads[a->bucket + r->progress];
    if (!sums_are_in_line(f, a, r->progress) || !only_adds(f, a, q, cs)) return false;
    double amount = amount_of_run(f->plan, a, r);
    for (uint32_t c = 0; c < cs->len; c++)
        if (cs->at[c].steps & a->steps)
            amount += class_hit(cs, cs->at[c].first, a->places[q].step)->amount * cs->at[c].count;
    if (amount >= a->places[q].amount || amount == amount_of_run(f->plan, a, r)) return false;
    struct run *copy = runs_push(f->slab, f->plan, f->runs);
    memcpy(copy, r, f->plan->run_size);
    run_measure(f->plan, a, copy, q)->amount = amount;
    run_takes(f->plan, copy)[q] = (struct take){.second = f->now};
    f->slab->work++;
    if (!stands_first(f, a, copy)) {
        f->runs->len--;
        return false;
    }
    copy->next = *head;
    *head = f->runs->len;
    return true;
}

/* ---- how many ----------------------------------------------------------------------------------------- */

/* The next run of the same line that starts earlier; NULL: there is none. */
static const struct run *next_of_line(const struct rule_plan *p, const struct runs *rs, uint32_t i)
{
    const struct run *r = runs_at(p, rs, i);
    for (uint32_t n = i + 1; n < rs->len; n++) {
        const struct run *other = runs_at(p, rs, n);
        if (other->alternative == r->alternative && other->progress == r->progress &&
            other->start < r->start && run_same_instance(p, other, r))
            return other;
    }
    return NULL;
}

static bool is_of_line(const struct rule_plan *p, const struct run *r)
{
    return is_line(p, &p->alternatives[r->alternative], r->progress);
}

/* Between two that stay none is needed if they start no more than a step apart. Later starts come first. */
static bool is_between(const struct rule_plan *p, const struct runs *rs, const struct run *stays, uint32_t i)
{
    const struct run *r = runs_at(p, rs, i), *next;
    if (!stays || !is_of_line(p, r)) return false;
    if (stays->alternative != r->alternative || stays->progress != r->progress ||
        !run_same_instance(p, stays, r))
        return false;
    next = next_of_line(p, rs, i);
    return next && stays->start - next->start <= p->within / SUMS_STEPS;
}

bool sums_thin(const struct rule_plan *p, struct runs *rs)
{
    const struct run *stays = NULL;
    uint32_t n = rs->len;
    if (!p->adds_up || n <= SUMS_MOST) return false;
    for (uint32_t i = 0; i < n; i++) {
        struct run *r = runs_at(p, rs, i);
        r->next = is_between(p, rs, stays, i) ? RUN_HOLE : 0;
        if (!r->next && is_of_line(p, r)) stays = r;
    }
    runs_close_holes(p, rs);
    return rs->len < n;
}
