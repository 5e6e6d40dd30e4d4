/* key_tape.c - see key_tape.h. The walks stand in the order in which one holds the other, the innermost
 * first. */
#include "engine/state/key_tape.h"
#include "engine/base/time.h"
#include "engine/state/keyed.h"
#include "engine/state/measure.h"
#include "engine/state/suspect.h"

#include <stdlib.h>

/* A kept hit, and its number. */
struct numbered {
    const struct kept *kept;
    uint32_t number;
};

struct walk {
    struct state *s;
    struct tape *t;
    struct keyed *k;
    const struct rule_plan *p;
    const struct ir_rule *old;
    bool like;
    struct numbered *by_address; /* [n] writing: in order of address */
    struct kept **by_number;     /* [n] reading */
    uint32_t n;
};

/* ---- pointers to kept hits ----------------------------------------------------------------------------- */

static int compare_addresses(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    return (x->kept > y->kept) - (x->kept < y->kept);
}

static uint32_t number_of(const struct walk *w, const struct kept *kept)
{
    struct numbered like = {kept, 0};
    const struct numbered *found =
        kept ? bsearch(&like, w->by_address, w->n, sizeof like, compare_addresses) : NULL;
    return found ? found->number : 0;
}

static void hit_at(struct walk *w, const struct kept **kept)
{
    uint32_t number = w->t->reads ? 0 : number_of(w, *kept);
    TAPE(w->t, number);
    if (!w->t->reads) return;
    *kept = tape_check(w->t, number <= w->n) && number ? w->by_number[number - 1] : NULL;
}

/* One that must be there. */
static void hit_there(struct walk *w, const struct kept **kept)
{
    hit_at(w, kept);
    (void)tape_check(w->t, *kept != NULL);
}

/* A list of such. */
#define HITS_THERE(w, list, slab)                                                                            \
    do {                                                                                                     \
        uint32_t n_there = tape_count((w)->t, (list).len);                                                   \
        for (uint32_t i_there = 0; i_there < n_there; i_there++) {                                           \
            const struct kept *one = (w)->t->reads ? NULL : (list).at[i_there];                              \
            hit_there((w), &one);                                                                            \
            if ((w)->t->reads && one) *SLAB_PUSH((slab), (list)) = (void *)(uintptr_t)one;                   \
        }                                                                                                    \
    } while (0)

/* ---- kept hits ----------------------------------------------------------------------------------------- */

static bool is_sound(const struct walk *w, const struct hit *h)
{
    if (h->step >= w->p->rule->n_steps || h->n_joins != w->p->n_joins) return false;
    const struct ir_step *step = &w->p->rule->steps[h->step];
    for (uint32_t i = 0; i < h->n_asks; i++)
        if (h->asks[i].ask != IR_NONE && h->asks[i].ask >= w->old->n_asks) return false;
    return h->group < step->n_groups && h->n_captures == w->old->steps[h->step].n_captures;
}

/* What was asked and is not answered yet finds the hit again. */
static void ticket_tape(struct walk *w, struct kept *kept, uint32_t *ticket)
{
    TAPE(w->t, *ticket);
    if (!w->t->reads || !*ticket) return;
    if (!tape_check(w->t, *ticket <= w->s->tickets.len)) {
        *ticket = 0;
        return;
    }
    w->s->tickets.at[*ticket - 1].keyed = w->k;
    w->s->tickets.at[*ticket - 1].kept = kept;
}

static void answers_tape(struct walk *w, struct kept *kept)
{
    for (uint32_t i = 0; i < kept->hit->n_asks; i++)
        for (unsigned n = 0; n < 2; n++) {
            answer_tape(w->t, &kept->answers[i].answers[n]);
            ticket_tape(w, kept, &kept->answers[i].tickets[n]);
        }
}

static struct kept *new_kept(struct walk *w, const struct hit *h, uint32_t n_offers)
{
    uint32_t room = w->like ? measure_offers_most(w->p, h) : 0;
    struct kept *kept = keyed_kept_new(w->s, w->k, h, room > n_offers ? room : n_offers);
    kept->n_offers = n_offers;
    return kept;
}

/* Most of a hit's names are the key's own, or its owner's: these are left out, and said to be. */
enum { OWN_KEY = 1, OWN_PRINCIPAL = 2, OWN_ACCOUNT = 4, OWN_ALL = 7 };

static struct hash128 own_principal(const struct walk *w)
{
    return share_id(share_of(&w->k->holding, OWNER_PRINCIPAL)->id, OWNER_PRINCIPAL);
}

static struct text own_account(const struct walk *w)
{
    return share_of(&w->k->holding, OWNER_ACCOUNT)->name;
}

static uint8_t what_is_own(const struct walk *w, const struct hit *h)
{
    bool key = hash128_equal(h->key_hash, w->k->hash) && text_equal(h->key, w->k->key);
    return (uint8_t)((key ? OWN_KEY : 0) | (hash128_equal(h->principal, own_principal(w)) ? OWN_PRINCIPAL : 0) |
                     (text_equal(h->evidence.account, own_account(w)) ? OWN_ACCOUNT : 0));
}

/* The time of an event is mostly that of its second. */
static void own_hit_tape(struct walk *w, struct hit *h)
{
    uint8_t own = w->t->reads ? 0 : what_is_own(w, h);
    TAPE(w->t, own);
    if (own & OWN_KEY) h->key_hash = (struct hash128){0, 0}, h->key.len = 0;
    if (own & OWN_PRINCIPAL) h->principal = (struct hash128){0, 0};
    if (own & OWN_ACCOUNT) h->evidence.account.len = 0;
    h->evidence.time = (int64_t)((uint64_t)h->evidence.time - (uint64_t)h->second * SECOND_NS);
    hit_tape(w->t, h);
    h->evidence.time = (int64_t)((uint64_t)h->evidence.time + (uint64_t)h->second * SECOND_NS);
    if (own & OWN_KEY) h->key_hash = w->k->hash, h->key = w->k->key;
    if (own & OWN_PRINCIPAL) h->principal = own_principal(w);
    if (own & OWN_ACCOUNT) h->evidence.account = own_account(w);
    (void)tape_check(w->t, own <= OWN_ALL);
}

/* kept: NULL when it is to be read. */
static struct kept *kept_tape(struct walk *w, struct kept *kept)
{
    struct tape *t = w->t;
    struct hit h = kept ? *kept->hit : (struct hit){.seq = 0};
    own_hit_tape(w, &h);
    uint32_t n_offers = tape_count(t, kept ? kept->n_offers : 0);
    if (!tape_check(t, !t->is_broken && is_sound(w, &h))) return NULL;
    h.rule = w->p->number;
    if (!kept) kept = new_kept(w, &h, n_offers);
    for (uint32_t i = 0; i < n_offers; i++) TAPE(t, kept->offers[i]);
    TAPE(t, kept->active), TAPE(t, kept->is_gone), TAPE(t, kept->is_asked), TAPE(t, kept->in_doubt);
    TAPE(t, kept->amount), TAPE(t, kept->begin);
    answers_tape(w, kept);
    return kept;
}

static void write_all_kept(struct walk *w)
{
    uint32_t n = 0;
    w->by_address = arena_alloc(w->t->arena, w->n * sizeof *w->by_address);
    for (struct kept *kept = w->k->kept; kept; kept = kept->next) {
        w->by_address[n] = (struct numbered){kept, n + 1};
        n++;
        (void)kept_tape(w, kept);
    }
    if (n) qsort(w->by_address, n, sizeof *w->by_address, compare_addresses);
}

static void read_all_kept(struct walk *w)
{
    w->by_number = arena_alloc(w->t->arena, w->n * sizeof *w->by_number);
    for (uint32_t i = 0; i < w->n; i++)
        if (!(w->by_number[i] = kept_tape(w, NULL))) return;
}

static void all_kept(struct walk *w)
{
    w->n = tape_count(w->t, w->k->n_kept);
    w->t->reads ? read_all_kept(w) : write_all_kept(w);
}

/* ---- runs ---------------------------------------------------------------------------------------------- */

static void takes_tape(struct walk *w, struct take *takes)
{
    for (uint32_t q = 0; q < w->p->places_most; q++) TAPE(w->t, takes[q].second), hit_at(w, &takes[q].hit);
}

static void suspects_tape(struct walk *w, struct run *r)
{
    uint32_t rows = SUSPECTS_MOST * (w->p->n_later + 1);
    if (!w->p->n_later) return;
    for (uint32_t i = 0; i < rows; i++) TAPE(w->t, run_suspects(w->p, r)[i]);
    for (uint32_t i = 0, n = suspects_count(w->p, r); i < n; i++) hit_there(w, &suspects_who(w->p, r)[i]);
}

static void measure_tape(struct walk *w, struct measure *m)
{
    TAPE(w->t, m->amount), TAPE(w->t, m->len);
    if (!tape_check(w->t, m->len <= w->p->distinct_most)) m->len = 0;
    for (uint32_t i = 0; i < m->len; i++) hit_there(w, &m->at[i].kept), TAPE(w->t, m->at[i].value);
}

/* Whatever of it is read again: `complete` places without their hits would be. */
static bool is_whole(const struct walk *w, const struct run *r)
{
    for (uint64_t bits = w->p->alternatives[r->alternative].complete[r->progress]; bits; bits &= bits - 1)
        if (!run_takes_of(w->p, r)[__builtin_ctzll(bits)].hit) return false;
    return true;
}

static void run_tape(struct walk *w, struct run *r)
{
    struct tape *t = w->t;
    const struct rule_plan *p = w->p;
    TAPE(t, r->start), TAPE(t, r->group), TAPE(t, r->alternative), TAPE(t, r->progress);
    TAPE(t, r->tied), TAPE(t, r->waits), hit_at(w, &r->blinded);
    if (!tape_check(t, r->alternative < p->n_alternatives)) r->alternative = 0;
    const struct alternative *a = &p->alternatives[r->alternative];
    if (!tape_check(t, r->progress < a->n_progress)) r->progress = 0;
    for (uint32_t i = 0; i < p->n_joins; i++) TAPE(t, run_joins(r)[i]);
    takes_tape(w, run_takes(p, r));
    for (uint32_t i = 0; i < p->inners_most; i++) TAPE(t, run_inners(p, r)[i]);
    for (uint32_t i = 0; i < p->n_differs * 2 * DIFFER_MOST; i++) TAPE(t, run_differs(p, r)[i]);
    suspects_tape(w, r);
    uint64_t open =
        a->measured & a->started[r->progress] & ~a->complete[r->progress]; /* others hold nothing */
    for (uint64_t bits = open; bits; bits &= bits - 1)
        measure_tape(w, run_measure(p, a, r, (uint32_t)__builtin_ctzll(bits)));
    if (t->reads) (void)tape_check(t, is_whole(w, r));
}

static void runs_tape(struct walk *w, struct runs *rs)
{
    uint32_t n = tape_count(w->t, rs->len);
    for (uint32_t i = 0; i < n && !w->t->is_broken; i++) {
        struct run *r =
            w->t->reads ? memset(runs_push(&w->s->slab, w->p, rs), 0, w->p->run_size) : runs_at(w->p, rs, i);
        run_tape(w, r);
    }
}

/* ---- groups and folds ---------------------------------------------------------------------------------- */

static void items_tape(struct walk *w, struct group *g)
{
    for (uint32_t i = 0; i < w->p->n_items; i++) {
        struct group_item *item = group_item(w->p, g, i);
        TAPE(w->t, item->is_present), TAPE(w->t, item->alternative);
        TAPE(w->t, item->second), TAPE(w->t, item->start);
        takes_tape(w, group_item_takes(w->p, g, i));
        if (!tape_check(w->t, item->alternative < w->p->n_alternatives)) item->alternative = 0;
    }
}

static void shown_tape(struct walk *w, struct shown *shown)
{
    TAPE(w->t, shown->count), TAPE(w->t, shown->len);
    if (!tape_check(w->t, shown->len <= SHOWN_MOST)) shown->len = 0;
    for (uint8_t i = 0; i < shown->len; i++) hit_there(w, &shown->at[i]);
}

static void group_tape(struct walk *w, struct group *g)
{
    struct tape *t = w->t;
    TAPE(t, g->opened), TAPE(t, g->end), TAPE(t, g->start), TAPE(t, g->newest);
    TAPE(t, g->exists), TAPE(t, g->alternative);
    TAPE(t, g->tied), TAPE(t, g->capped), hit_at(w, &g->blinded);
    TAPE(t, g->doubt), TAPE(t, g->touched), TAPE(t, g->dirty), TAPE(t, g->swallowed);
    if (!tape_check(t, g->alternative < w->p->n_required)) g->alternative = 0;
    (void)tape_check(t, g->swallowed <= w->old->n_exceptions && g->doubt <= w->p->rule->n_requires);
    takes_tape(w, group_takes(g));
    for (uint32_t q = 0; q < w->p->alternatives[g->alternative].n_places; q++)
        (void)tape_check(t, group_takes(g)[q].hit != NULL);
    items_tape(w, g);
    for (uint32_t step = 0; step < w->p->rule->n_steps; step++) shown_tape(w, group_shown(w->p, g, step));
}

static void groups_tape(struct walk *w, struct groups *gs)
{
    uint32_t n = tape_count(w->t, gs->len);
    for (uint32_t i = 0; i < n && !w->t->is_broken; i++)
        group_tape(w, w->t->reads ? groups_open(&w->s->slab, w->p, gs, SECOND_LAST) : groups_at(w->p, gs, i));
}

static void recent_tape(struct walk *w, struct fold *f)
{
    uint32_t n_steps = w->p->rule->n_steps;
    bool any = f->recent != NULL;
    TAPE(w->t, any);
    if (any && w->t->reads) f->recent = slab_get(&w->s->slab, n_steps * sizeof *f->recent);
    for (uint32_t step = 0; any && step < n_steps; step++) {
        struct recent *r = &f->recent[step];
        TAPE(w->t, r->len);
        if (!tape_check(w->t, r->len <= RECENT_MOST)) r->len = 0;
        for (uint32_t i = 0; i < r->len; i++) hit_there(w, &r->at[i]);
    }
}

static void fold_tape(struct walk *w, struct fold *f)
{
    runs_tape(w, &f->runs), runs_tape(w, &f->waiting), runs_tape(w, &f->done);
    groups_tape(w, &f->groups);
    recent_tape(w, f);
    TAPE(w->t, f->capped), TAPE(w->t, f->lost);
}

/* ---- slots, lists, incidents --------------------------------------------------------------------------- */

static void slots_tape(struct walk *w, struct slots *slots)
{
    uint32_t n = tape_count(w->t, slots->len);
    for (uint32_t i = 0; i < n && !w->t->is_broken; i++) {
        if (w->t->reads) *SLAB_PUSH(&w->s->slab, *slots) = (struct slot){.second = 0};
        struct slot *slot = &slots->at[i];
        TAPE(w->t, slot->second), TAPE(w->t, slot->waiting), TAPE(w->t, slot->is_asked),
            TAPE(w->t, slot->where);
        HITS_THERE(w, *slot, &w->s->slab);
    }
}

static void emitted_tape(struct walk *w, struct emitted *e)
{
    struct tape *t = w->t;
    TAPE(t, e->anchor);
    tape_bytes(t, e->id, sizeof e->id);
    tape_bytes(t, e->match_id, sizeof e->match_id);
    tape_bytes(t, e->predecessor, sizeof e->predecessor);
    TAPE(t, e->revision), TAPE(t, e->score), TAPE(t, e->severity), TAPE(t, e->shown), TAPE(t, e->settled);
    TAPE(t, e->claimed), TAPE(t, e->is_settled);
    uint32_t n = tape_count(t, e->len);
    if (t->reads) e->actions = slab_reserve(&w->s->slab, NULL, sizeof *e->actions, &e->cap, n);
    e->len = n;
    for (uint32_t i = 0; i < n; i++) TAPE(t, e->actions[i]);
    if (t->reads) e->id[32] = e->match_id[32] = e->predecessor[32] = '\0';
}

static void incidents_tape(struct walk *w)
{
    uint32_t n = tape_count(w->t, w->k->incidents.len);
    for (uint32_t i = 0; i < n && !w->t->is_broken; i++) {
        if (w->t->reads) *SLAB_PUSH(&w->s->slab, w->k->incidents) = (struct emitted){.anchor = 0};
        emitted_tape(w, &w->k->incidents.at[i]);
    }
}

static void gathered_tape(struct walk *w)
{
    uint32_t n = tape_count(w->t, w->k->gathered.len);
    for (uint32_t i = 0; i < n && !w->t->is_broken; i++) {
        if (w->t->reads) *SLAB_PUSH(&w->s->slab, w->k->gathered) = (struct gathered){.front = INT64_MIN};
        struct gathered *l = &w->k->gathered.at[i];
        TAPE(w->t, l->opened), TAPE(w->t, l->sure);
        HITS_THERE(w, *l, &w->s->slab);
        HITS_THERE(w, l->missing, &w->s->slab);
    }
}

static void told_tape(struct walk *w, struct told_group *g)
{
    struct derived d = g->as ? *g->as : (struct derived){.cause = 0};
    TAPE(w->t, g->opened), TAPE(w->t, g->digest), TAPE(w->t, g->is_there);
    derived_tape(w->t, &d);
    if (!w->t->reads || !tape_check(w->t, d.n_values <= w->old->n_gives)) return;
    d.rule = w->p->number;
    g->size = derived_size(&d);
    g->as = derived_copy(slab_get(&w->s->slab, g->size), &d);
}

static void all_told(struct walk *w)
{
    uint32_t n = tape_count(w->t, w->k->told.len);
    for (uint32_t i = 0; i < n && !w->t->is_broken; i++) {
        if (w->t->reads) *SLAB_PUSH(&w->s->slab, w->k->told) = (struct told_group){.opened = 0};
        told_tape(w, &w->k->told.at[i]);
    }
}

/* ---- the key ------------------------------------------------------------------------------------------- */

static void names_tape(struct walk *w)
{
    struct keyed *k = w->k;
    TAPE(w->t, k->n_named);
    if (!k->n_named) return;
    tape_bytes(w->t, k->last_id, sizeof k->last_id);
    if (w->t->reads) k->last_id[32] = '\0';
    for (uint32_t i = 0; i < NAMED_MOST && i < k->n_named; i++) TAPE(w->t, k->named[i]);
}

void key_tape(struct state *s, struct tape *t, struct keyed *k, const struct ir_rule *old, bool like)
{
    struct walk w = {.s = s, .t = t, .k = k, .p = k->rule->plan, .old = old, .like = like};
    TAPE(t, k->committed), TAPE(t, k->capped_until);
    TAPE(t, k->n_refused), TAPE(t, k->sweep_at);
    TAPE(t, k->answers_changed), TAPE(t, k->unsaid);
    names_tape(&w);
    all_kept(&w);
    if (t->is_broken) return;
    fold_tape(&w, &k->base);
    slots_tape(&w, &k->tail), slots_tape(&w, &k->history);
    if (k->tail.len) fold_tape(&w, &k->before), fold_tape(&w, &k->after);
    incidents_tape(&w);
    gathered_tape(&w);
    all_told(&w);
}
