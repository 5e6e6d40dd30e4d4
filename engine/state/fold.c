/* fold.c - one second more.
 *
 * The runs that are still alive are carried over, then each of them, and the empty run of each alternative,
 * is extended by the second's events. Of all runs with the same progress, group and references only those
 * stay that no other makes superfluous. Alternatives of the required part come first, so that the second's
 * group is known when runs of optional items complete their required part.
 */
#include "engine/state/absence.h"
#include "engine/state/bounded.h"
#include "engine/state/measure.h"
#include "engine/state/sums.h"
#include "engine/state/suspect.h"
#include "engine/state/veto.h"

#define BIT(n)       (UINT64_C(1) << (n))
#define CLASSES_MOST (4 * JOINS_MOST) /* of one second, by references */

struct folding {
    struct workbench *w;
    const struct rule_plan *p;
    const struct fold *from;
    struct fold *to;
    int64_t second;
    uint32_t n_joins;
    bool is_late, is_unchanged, overflows;
    struct state_counts *counts;
};

/* ---- the workbench ------------------------------------------------------------------------------------ */

void workbench_release(struct workbench *w)
{
    classes_release(&w->classes);
    slab_put(w->slab, w->heads, w->cap_heads * sizeof *w->heads);
    runs_free(w->slab, &w->completed);
    slab_put(w->slab, w->scratch, 2 * w->cap_scratch);
    slab_put(w->slab, w->fits, w->cap_fits * sizeof *w->fits);
    slab_put(w->slab, w->flow, w->cap_flow * sizeof *w->flow);
    slab_put(w->slab, w->offered, w->cap_offered * sizeof *w->offered);
    slab_put(w->slab, w->reserved, w->cap_reserved * sizeof *w->reserved);
    slab_put(w->slab, w->must, w->cap_must * sizeof *w->must);
    slab_put(w->slab, w->cover, w->cap_cover * sizeof *w->cover);
}

static void make_scratch(struct workbench *w, const struct rule_plan *p)
{
    if (w->cap_scratch < p->run_size) {
        slab_put(w->slab, w->scratch, 2 * w->cap_scratch);
        w->scratch = slab_get(w->slab, 2 * p->run_size);
        w->cap_scratch = p->run_size;
    }
    w->carried = (struct run *)((char *)w->scratch + p->run_size);
}

void workbench_prepare(struct workbench *w, const struct rule_plan *p, struct extension *x)
{
    make_scratch(w, p);
    w->fits = slab_reserve(w->slab, w->fits, sizeof *w->fits, &w->cap_fits, w->classes.len);
    if (w->classes.overlap)
        w->flow =
            slab_reserve(w->slab, w->flow, sizeof *w->flow, &w->cap_flow, w->classes.len * p->places_most);
    if (w->classes.overlap && p->measured_most) {
        w->offered = slab_reserve(w->slab, w->offered, sizeof *w->offered, &w->cap_offered,
                                  w->classes.len * p->places_most);
        w->reserved =
            slab_reserve(w->slab, w->reserved, sizeof *w->reserved, &w->cap_reserved, w->classes.len);
    }
    if (p->forbidden & (w->classes.steps | w->classes.unsure)) {
        w->must = slab_reserve(w->slab, w->must, sizeof *w->must, &w->cap_must, 2 * w->classes.len);
        w->cover =
            slab_reserve(w->slab, w->cover, sizeof *w->cover, &w->cap_cover, w->classes.len * p->places_most);
        x->must = w->must;
        x->all_fits = w->must + w->classes.len;
        x->cover = w->cover;
    }
    x->plan = p;
    x->offered = w->offered;
    x->reserved = w->reserved;
    x->classes = &w->classes;
    x->scratch = w->scratch;
    x->fits = w->fits;
    x->flow = w->flow;
}

void workbench_clear_heads(struct workbench *w, const struct rule_plan *p)
{
    w->heads = slab_reserve(w->slab, w->heads, sizeof *w->heads, &w->cap_heads, p->n_buckets);
    memset(w->heads, 0, p->n_buckets * sizeof *w->heads);
}

/* ---- runs, one for each progress ---------------------------------------------------------------------- */

static void count(uint64_t *counter, const struct state_counts *counts, uint64_t n)
{
    if (counts) *counter += n;
}
#define COUNT(f, what, n) count((f)->counts ? &(f)->counts->what : NULL, (f)->counts, (n))

static struct frontier frontier_of(const struct folding *f)
{
    return (struct frontier){f->w->slab, f->p, f->p->alternatives,     &f->to->runs, f->w->heads,
                             f->second,  0,    !f->w->classes.overlap, false};
}

static void add_run(struct folding *f, const struct run *r)
{
    struct frontier front = frontier_of(f);
    frontier_add(&front, r);
    f->to->lost |= front.lost;
    f->overflows |= front.lost && f->p->n_differs;
    COUNT(f, superseded, front.superseded);
}

/* It goes on with nothing of this second, if nothing of it may not be. What nobody can tell of marks it. */
static void carry_run(struct folding *f, const struct run *r)
{
    const struct alternative *a = &f->p->alternatives[r->alternative];
    const struct classes *cs = &f->w->classes;
    const struct run *carried =
        veto_ends(f->p, r, a, cs, f->n_joins, f->second)
            ? NULL
            : suspects_carry(f->p, a, r, cs, f->n_joins, f->second, f->w->carried, &f->overflows);
    const struct kept *doubt =
        !carried || r->blinded ? NULL : veto_blinds(f->p, r, a, cs, f->n_joins, f->second);
    if (doubt) {
        if (carried == r) carried = memcpy(f->w->carried, r, f->p->run_size);
        f->w->carried->blinded = doubt;
    }
    if (carried)
        add_run(f, carried);
    else
        COUNT(f, vetoed, 1);
}

static void carry_runs(struct folding *f)
{
    make_scratch(f->w, f->p);
    for (uint32_t i = 0; i < f->from->runs.len; i++) {
        const struct run *r = runs_at(f->p, &f->from->runs, i);
        const struct alternative *a = &f->p->alternatives[r->alternative];
        if (run_is_over(f->p, a, r, f->second))
            COUNT(f, expired, 1);
        else if (bounded_is_over(&f->w->around, f->p, a, r, f->second))
            COUNT(f, expired, 1);
        else if (run_is_measuring(a, r, f->w->classes.steps))
            continue; /* it is carried as what its open places become */
        else
            carry_run(f, r);
    }
}

void fold_expire(const struct rule_plan *p, struct fold *f, int64_t now, struct state_counts *counts)
{
    for (uint32_t i = 0; i < f->runs.len; i++) {
        struct run *r = runs_at(p, &f->runs, i);
        bool over = run_is_over(p, &p->alternatives[r->alternative], r, now + 1);
        r->next = over ? RUN_HOLE : 0;
        count(counts ? &counts->expired : NULL, counts, over);
    }
    runs_close_holes(p, &f->runs);
    if (!f->runs.len) f->capped = f->lost = false;
}

/* ---- extending ---------------------------------------------------------------------------------------- */

static void found_run(void *world, const struct extension *x, struct run *r, const uint16_t *taken)
{
    struct folding *f = world;
    const struct alternative *a = x->alternative;
    int64_t group = r->group;
    (void)taken;
    COUNT(f, made, 1);
    if (!bounded_allows(&f->w->around, f->p, a, x->from, r, f->second)) {
        COUNT(f, superseded, 1);
        return;
    }
    if (f->counts && f->w->made) f->w->made(f->w->world, f->p, r);
    bool waited = r->waits;
    bool is_item = a->automaton && group == NO_GROUP && !(a->required & ~a->complete[r->progress]);
    if (f->p->wait && (is_item || (!a->automaton && r->progress == a->full))) {
        r->group = f->second;
        r->waits = true;
    } else if (is_item) {
        const struct group *g = groups_find(f->p, &f->to->groups, f->second);
        if (!g) { /* `where` does not hold, or references were given up */
            COUNT(f, superseded, 1);
            return;
        }
        r->group = g->opened;
    }
    if (r->progress == a->full)
        memcpy(runs_push(f->w->slab, f->p, &f->w->completed), r, f->p->run_size);
    else
        add_run(f, r);
    r->group = group;
    r->waits = waited;
}

static void unchanged_run(void *world, const struct run *r)
{
    struct folding *f = world;
    f->is_unchanged = true;
    carry_run(f, r);
}

static bool add_to_line(struct folding *f, const struct run *r)
{
    struct frontier front = frontier_of(f);
    if (!sums_add(&front, &f->p->alternatives[r->alternative], r, &f->w->classes)) return false;
    COUNT(f, made, 1);
    COUNT(f, superseded, 1); /* by what it became */
    return true;
}

/* What begins to measure comes before what has begun: so sums under way stay in order (run.c). */
static void extend_each(struct folding *f, struct extension *x, uint32_t first, uint32_t end, bool measuring)
{
    for (uint32_t i = 0; i < f->from->runs.len; i++) {
        const struct run *r = runs_at(f->p, &f->from->runs, i);
        if (r->alternative < first || r->alternative >= end) continue;
        x->alternative = &f->p->alternatives[r->alternative];
        if (run_is_measuring(x->alternative, r, f->w->classes.steps) != measuring) continue;
        if (run_is_over(f->p, x->alternative, r, f->second)) continue;
        if (measuring && add_to_line(f, r)) continue;
        x->unchanged = measuring ? unchanged_run : NULL;
        f->is_unchanged = false;
        extend_run(x, r);
        if (measuring && !f->is_unchanged) COUNT(f, superseded, 1); /* by what it became */
    }
}

static void extend_runs(struct folding *f, uint32_t first, uint32_t end)
{
    struct extension x = {.second = f->second, .n_joins = f->n_joins, .found = found_run, .world = f};
    workbench_prepare(f->w, f->p, &x);
    for (uint32_t i = first; i < end; i++) {
        x.alternative = &f->p->alternatives[i];
        extend_run(&x, NULL);
    }
    extend_each(f, &x, first, end, false);
    if (f->p->measured_most) extend_each(f, &x, first, end, true);
    f->to->lost |= x.gave_up;
    f->overflows |= x.overflows;
}

/* ---- groups ------------------------------------------------------------------------------------------- */

/* Earlier events of a repeated step that lie in the run as well. */
static void show_repeated(struct folding *f, struct shown *s, const struct run *r,
                          const struct alternative *a, uint32_t q)
{
    const struct take *t = &run_takes_of(f->p, r)[q];
    const struct recent *recent = &f->to->recent[a->places[q].step];
    uint32_t before = s->count, times = a->places[q].taking == IR_TAKE_SUM ? RECENT_MOST : a->places[q].times;
    for (uint32_t i = recent->len; i-- > 0;) {
        const struct hit *h = recent->at[i]->hit;
        if (s->count - before >= times || h->second < r->start) break;
        bool agrees = h->second <= t->second;
        for (uint32_t j = 0; j < f->n_joins && agrees; j++)
            agrees = a->unbound >> j & 1 || !join_is_set(h->joins[j]) ||
                     hash128_equal(h->joins[j], run_joins_of(r)[j]);
        if (agrees) shown_add(s, recent->at[i]);
    }
    if (s->count < a->places[q].times) s->count = a->places[q].times;
}

/* The run's events of these places are shown and exist. */
static void gather_run(struct folding *f, struct group *g, const struct run *r, uint64_t places)
{
    const struct alternative *a = &f->p->alternatives[r->alternative];
    for (; places; places &= places - 1) {
        uint32_t q = (uint32_t)__builtin_ctzll(places), step = a->places[q].step;
        struct shown *s = group_shown(f->p, g, step);
        shown_add(s, run_takes_of(f->p, r)[q].hit);
        if (f->p->repeated >> step & 1) show_repeated(f, s, r, a, q);
        g->exists |= BIT(step);
    }
    g->touched = g->dirty = true;
    g->capped |= f->to->capped || f->to->lost;
    if (g->newest < f->second) g->newest = f->second;
}

static const struct run *best_required(const struct folding *f, bool *tied)
{
    const struct run *best = NULL;
    *tied = true;
    for (uint32_t i = 0; i < f->w->completed.len; i++) {
        const struct run *r = runs_at(f->p, &f->w->completed, i);
        int order = best ? witness_order(f->p, r, best) : 1;
        if (order > 0 || (order == 0 && best->blinded && !r->blinded)) best = r;
        *tied &= r->tied;
    }
    return best;
}

static struct group *open_group(struct folding *f, const struct run *best, bool tied)
{
    struct group *g = groups_open(f->w->slab, f->p, &f->to->groups, f->second);
    g->start = best->start;
    g->alternative = best->alternative;
    g->tied = tied;
    g->blinded = best->blinded;
    memcpy(group_takes(g), run_takes_of(f->p, best), f->p->places_most * sizeof(struct take));
    for (uint32_t i = 0; i < f->to->done.len; i++) { /* other sides of `|` that lie in the opening window */
        const struct run *r = runs_at(f->p, &f->to->done, i);
        if (r->start != INT64_MIN && r->start >= f->second - f->p->within)
            gather_run(f, g, r, f->p->alternatives[r->alternative].required);
    }
    return g;
}

static void remember_done(struct folding *f, const struct run *r)
{
    if (f->p->n_required < 2) return;
    struct run *done = runs_at(f->p, &f->to->done, r->alternative);
    if (done->start == INT64_MIN || witness_order(f->p, r, done) >= 0) memcpy(done, r, f->p->run_size);
}

/* A late completion joins the group that it would have opened. */
static struct group *group_after(struct folding *f)
{
    for (uint32_t i = 0; i < f->to->groups.len; i++) {
        struct group *g = groups_at(f->p, &f->to->groups, i);
        if (g->opened > f->second) return g->opened <= f->second + f->p->once ? g : NULL;
    }
    return NULL;
}

static void complete_required(struct folding *f)
{
    bool tied;
    const struct run *best = best_required(f, &tied);
    if (!best) return;
    for (uint32_t i = 0; i < f->w->completed.len; i++) remember_done(f, runs_at(f->p, &f->w->completed, i));
    struct group *g = groups_find(f->p, &f->to->groups, f->second);
    if (!g && f->is_late) g = group_after(f);
    bool opens = !g;
    if (opens) g = open_group(f, best, tied);
    if (g->doubt && g->opened == f->second) g->blinded = best->blinded;
    gather_run(f, g, best, f->p->alternatives[best->alternative].required);
    for (uint32_t i = 0; i < f->w->completed.len; i++) {
        const struct run *r = runs_at(f->p, &f->w->completed, i);
        if (r->alternative != best->alternative)
            gather_run(f, g, r, f->p->alternatives[r->alternative].required);
    }
    if (opens && f->p->rule->where != IR_NONE && !f->w->opens(f->w->world, g, f->n_joins))
        groups_remove(f->p, &f->to->groups, f->to->groups.len - 1); /* the newest is the last */
    COUNT(f, completed, f->w->completed.len);
    f->w->completed.len = 0;
}

/* Whether an item's run makes the better witness than what the group has (language.md B6). Completions that
 * waited are not settled in the order in which their items were complete. */
static bool is_earlier_item(const struct folding *f, const struct group_item *item, const struct take *takes,
                            const struct run *r, int64_t second)
{
    struct run *has = f->w->scratch;
    if (second != item->second) return second < item->second;
    has->start = item->start, has->alternative = item->alternative;
    memcpy(run_takes(f->p, has), takes, f->p->places_most * sizeof *takes);
    return witness_order(f->p, r, has) > 0;
}

static void complete_item(struct folding *f, const struct run *r)
{
    const struct alternative *a = &f->p->alternatives[r->alternative];
    struct group *g = r->group == NO_GROUP ? NULL : groups_find(f->p, &f->to->groups, r->group);
    if (!g) return;
    struct group_item *item = group_item(f->p, g, a->automaton - 1);
    struct take *takes = group_item_takes(f->p, g, a->automaton - 1);
    int64_t second = takes_last(run_takes_of(f->p, r), a->started[a->full]);
    if (!item->is_present || is_earlier_item(f, item, takes, r, second)) {
        *item = (struct group_item){true, r->alternative, second, r->start};
        memcpy(takes, run_takes_of(f->p, r), f->p->places_most * sizeof *takes);
    }
    gather_run(f, g, r, ~a->required & (a->n_places < 64 ? BIT(a->n_places) - 1 : ~UINT64_C(0)));
}

/* The best run of each group and item first, so that it becomes the witness. */
static void complete_items(struct folding *f)
{
    struct runs *done = &f->w->completed;
    for (uint32_t i = 0; i < done->len; i++) {
        for (uint32_t k = i + 1; k < done->len; k++) {
            if (witness_order(f->p, runs_at(f->p, done, k), runs_at(f->p, done, i)) <= 0) continue;
            memcpy(f->w->scratch, runs_at(f->p, done, i), f->p->run_size);
            memcpy(runs_at(f->p, done, i), runs_at(f->p, done, k), f->p->run_size);
            memcpy(runs_at(f->p, done, k), f->w->scratch, f->p->run_size);
        }
        complete_item(f, runs_at(f->p, done, i));
    }
    COUNT(f, completed, done->len);
    done->len = 0;
}

/* ---- completions that wait ---------------------------------------------------------------------------- */

/* Of what is complete only runs stay whose group is known. */
static void put_aside(struct folding *f)
{
    struct runs *done = &f->w->completed;
    uint32_t kept = 0;
    if (!f->p->wait) return;
    for (uint32_t i = 0; i < done->len; i++) {
        const struct run *r = runs_at(f->p, done, i);
        if (r->waits) {
            waiting_add(f->w->slab, f->p, f->to, r, f->counts);
            continue;
        }
        if (kept != i) memcpy(runs_at(f->p, done, kept), r, f->p->run_size);
        kept++;
    }
    done->len = kept;
}

/* Runs whose required part was complete in that second learn which group it has come to belong to. */
static void join_groups(struct folding *f)
{
    const struct group *g = groups_find(f->p, &f->to->groups, f->second);
    struct runs all = f->to->runs;
    f->to->runs = (struct runs){.at = NULL};
    workbench_clear_heads(f->w, f->p);
    for (uint32_t i = 0; i < all.len; i++) {
        struct run *r = runs_at(f->p, &all, i);
        bool joins = r->waits && r->group == f->second;
        if (joins && g) r->group = g->opened, r->waits = false;
        if (joins && !g)
            COUNT(f, superseded, 1); /* `where` does not hold, or something was given up */
        else
            add_run(f, r);
    }
    runs_close_holes(f->p, &f->to->runs);
    runs_free(f->w->slab, &all);
}

/* The absence is certain now: the group opens anew, with what has been found since it was in doubt. */
static void end_doubt(struct folding *f)
{
    struct groups *gs = &f->to->groups;
    for (uint32_t i = 0; i < gs->len; i++)
        if (groups_at(f->p, gs, i)->opened == f->second && groups_at(f->p, gs, i)->doubt)
            groups_remove(f->p, gs, i--);
}

static uint32_t joins_kept(const struct rule_plan *p, const struct fold *f)
{
    return f->capped ? 0 : p->n_joins;
}

void fold_preview(struct workbench *w, const struct rule_plan *p, struct fold *f, int64_t second)
{
    struct folding doubting = {.w = w, .p = p, .to = f, .second = second, .n_joins = joins_kept(p, f)};
    w->completed.len = 0;
    for (uint32_t i = 0; i < f->waiting.len; i++) {
        const struct run *r = runs_at(p, &f->waiting, i);
        if (r->group == second && !p->alternatives[r->alternative].automaton)
            memcpy(runs_push(w->slab, p, &w->completed), r, p->run_size);
    }
    complete_required(&doubting);
}

bool fold_settle(struct workbench *w, const struct rule_plan *p, struct fold *f, int64_t second,
                 struct state_counts *counts)
{
    bool any = false;
    make_scratch(w, p);
    for (int64_t at; (at = waiting_first(p, f)) <= second; any = true) {
        struct folding settling = {
            .w = w, .p = p, .to = f, .second = at, .n_joins = joins_kept(p, f), .counts = counts};
        w->completed.len = 0;
        end_doubt(&settling);
        waiting_take(w->slab, p, f, at, false, &w->completed);
        complete_required(&settling);
        waiting_take(w->slab, p, f, at, true, &w->completed);
        complete_items(&settling);
        if (p->n_items) join_groups(&settling);
    }
    return any;
}

/* ---- references, recent events ------------------------------------------------------------------------ */

static uint32_t count_instances(const struct folding *f)
{
    const struct run *seen[JOINS_MOST + 1];
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->to->runs.len && n <= JOINS_MOST; i++) {
        const struct run *r = runs_at(f->p, &f->to->runs, i);
        uint32_t k = 0;
        while (k < n &&
               memcmp(run_joins_of(seen[k]), run_joins_of(r), f->p->n_joins * sizeof(struct hash128)))
            k++;
        if (k == n) seen[n++] = r;
    }
    return n;
}

/* Too many values of a reference: from here on the key is judged without them, until its runs are gone. */
static void give_up_joins(struct folding *f)
{
    struct runs all = f->to->runs;
    f->to->runs = (struct runs){.at = NULL};
    f->to->capped = true;
    workbench_clear_heads(f->w, f->p);
    struct state_counts *counts = f->counts;
    f->counts = NULL;
    for (uint32_t i = 0; i < all.len; i++) {
        struct run *r = runs_at(f->p, &all, i);
        memset(run_joins(r), 0, f->p->n_joins * sizeof(struct hash128));
        memset(run_differs(f->p, r), 0, differs_size(f->p));
        memset(run_suspects(f->p, r), 0, suspects_size(f->p));
        add_run(f, r);
    }
    runs_close_holes(f->p, &f->to->runs);
    if ((f->counts = counts)) counts->merged += all.len - f->to->runs.len;
    runs_free(f->w->slab, &all);
}

static void recent_push(struct recent *r, const struct kept *k)
{
    if (r->len == RECENT_MOST) memmove(r->at, r->at + 1, --r->len * sizeof *r->at);
    r->at[r->len++] = k;
}

static void remember_recent(struct folding *f)
{
    const struct classes *cs = &f->w->classes;
    if (!f->to->recent) return;
    for (uint32_t i = cs->n_hits; i-- > 0;) /* the smallest identity last: it stays longest */
        if (f->p->repeated >> cs->hits[i]->hit->step & 1)
            recent_push(&f->to->recent[cs->hits[i]->hit->step], cs->hits[i]);
}

/* ---- the step ----------------------------------------------------------------------------------------- */

static void copy_rest(struct slab *s, const struct rule_plan *p, struct fold *to, const struct fold *from)
{
    size_t recent = p->rule->n_steps * sizeof *to->recent;
    groups_copy(s, p, &to->groups, &from->groups);
    runs_copy(s, p, &to->done, &from->done);
    to->capped = from->capped;
    to->lost = from->lost;
    if (!p->repeated) return;
    if (!to->recent) to->recent = slab_get(s, recent);
    if (from->recent)
        memcpy(to->recent, from->recent, recent);
    else
        memset(to->recent, 0, recent);
}

static void begin(struct folding *f)
{
    struct workbench *w = f->w;
    make_scratch(w, f->p);
    copy_rest(w->slab, f->p, f->to, f->from);
    f->to->runs.len = 0;
    if (f->p->n_required > 1)
        while (f->to->done.len < f->p->n_required) {
            struct run *r = runs_push(w->slab, f->p, &f->to->done);
            memset(r, 0, f->p->run_size);
            r->start = INT64_MIN;
        }
    workbench_clear_heads(w, f->p);
    w->completed.len = 0;
}

static void extend_all(struct folding *f)
{
    if (!f->w->classes.len) return;
    remember_recent(f);
    extend_runs(f, 0, f->p->n_required);
    put_aside(f);
    complete_required(f);
    extend_runs(f, f->p->n_required, f->p->n_alternatives);
    put_aside(f);
    complete_items(f);
}

/* The second's events in classes; false if their references are so many that they are given up. */
static bool classify(struct folding *f, const struct slot *slot)
{
    f->n_joins = joins_kept(f->p, f->to);
    classes_make(&f->w->classes, slot, f->n_joins);
    if (!f->n_joins || f->w->classes.len <= CLASSES_MOST) return true;
    f->to->capped = true;
    f->n_joins = 0;
    classes_make(&f->w->classes, slot, 0);
    return false;
}

void fold_step(struct workbench *w, const struct rule_plan *p, const struct fold *from,
               const struct slot *slot, struct fold *to, struct state_counts *counts)
{
    struct folding f = {.w = w, .p = p, .from = from, .to = to, .second = slot->second, .counts = counts};
    begin(&f);
    bool keeps_joins = classify(&f, slot);
    carry_runs(&f);
    if (p->wait) waiting_carry(w, p, from, to, slot->second, f.n_joins, counts);
    extend_all(&f);
    runs_close_holes(p, &to->runs);
    uint32_t many = to->runs.len;
    if (sums_thin(p, &to->runs)) {
        to->lost = true;
        COUNT(&f, superseded, many - to->runs.len);
    }
    if (!keeps_joins || f.overflows || (f.n_joins && count_instances(&f) > JOINS_MOST)) give_up_joins(&f);
    if (!to->runs.len) to->capped = to->lost = false;
}

/* Runs that stop at or before `second`, in a fold of their own. */
static void runs_before(struct workbench *w, const struct rule_plan *p, const struct fold *from,
                        int64_t second, struct fold *out)
{
    copy_rest(w->slab, p, out, from);
    for (uint32_t i = 0; i < from->runs.len; i++) {
        const struct run *r = runs_at(p, &from->runs, i);
        uint64_t started = p->alternatives[r->alternative].started[r->progress];
        if (takes_last(run_takes_of(p, r), started) <= second)
            memcpy(runs_push(w->slab, p, &out->runs), r, p->run_size);
    }
}

void fold_late(struct workbench *w, const struct rule_plan *p, struct fold *base, const struct slot *slot,
               struct state_counts *counts)
{
    struct fold from = {.capped = false}, to = {.capped = false};
    struct folding f = {
        .w = w, .p = p, .from = &from, .to = &to, .second = slot->second, .is_late = true, .counts = counts};
    runs_before(w, p, base, slot->second, &from);
    begin(&f);
    classify(&f, slot);
    for (uint32_t i = 0; i < base->runs.len; i++) add_run(&f, runs_at(p, &base->runs, i));
    extend_all(&f);
    runs_close_holes(p, &to.runs);
    fold_free(w->slab, p, &from);
    fold_free(w->slab, p, base);
    *base = to;
}

void fold_copy(struct slab *s, const struct rule_plan *p, struct fold *to, const struct fold *from)
{
    copy_rest(s, p, to, from);
    runs_copy(s, p, &to->runs, &from->runs);
    runs_copy(s, p, &to->waiting, &from->waiting);
}

void fold_free(struct slab *s, const struct rule_plan *p, struct fold *f)
{
    runs_free(s, &f->runs);
    runs_free(s, &f->waiting);
    runs_free(s, &f->done);
    groups_free(s, &f->groups);
    slab_put(s, f->recent, p->rule->n_steps * sizeof *f->recent);
    *f = (struct fold){.capped = false};
}
