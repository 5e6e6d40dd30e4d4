/* suspect.c - sets of suspects, and what becomes of them. */
#include "engine/state/suspect.h"
#include "engine/state/veto.h"

#define BIT(n) (UINT64_C(1) << (n))

/* What one suspect asks of each later reference; zero: nothing, or nothing any more. Behind these, not zero:
 * it is in doubt. */
struct suspect {
    struct hash128 asks[LATER_MOST + 1];
    const struct kept *who; /* that asks so: the first */
};
static const struct hash128 doubt = {0, 1};

/* ---- planning ----------------------------------------------------------------------------------------- */

/* Places whose events are known as soon as the veto can be active. */
static uint64_t known_places(const struct alternative *a, const struct veto *v)
{
    uint64_t known = v->left;
    for (uint64_t left = v->left; left; left &= left - 1) known |= a->before[__builtin_ctzll(left)];
    if (v->when != VETO_SPAN) return known;
    known = ~UINT64_C(0); /* what stands before all others, and is the first event therefore */
    for (uint32_t q = 0; q < a->n_places; q++) known &= a->before[q] | BIT(q);
    return known;
}

static uint32_t place_of(const struct alternative *a, uint32_t step)
{
    uint32_t q = 0;
    while (a->places[q].step != step) q++;
    return q;
}

void suspects_plan(struct rule_plan *p, const struct alternative *a)
{
    for (uint32_t i = 0; i < a->n_vetoes; i++)
        for (uint64_t left = a->vetoes[i].chosen; left; left &= left - 1) {
            uint32_t j = (uint32_t)__builtin_ctzll(left), q = place_of(a, p->rule->joins[j].of);
            if (known_places(a, &a->vetoes[i]) >> q & 1 || p->later >> j & 1 || p->n_later == LATER_MOST)
                continue;
            p->later |= BIT(j);
            p->later_join[p->n_later++] = (uint8_t)j;
        }
}

/* ---- sets --------------------------------------------------------------------------------------------- */

static struct hash128 *row(const struct rule_plan *p, struct run *r, uint32_t i)
{
    return run_suspects(p, r) + i * (p->n_later + 1);
}

static const struct hash128 *row_of(const struct rule_plan *p, const struct run *r, uint32_t i)
{
    return run_suspects_of(p, r) + i * (p->n_later + 1);
}

static size_t row_size(const struct rule_plan *p)
{
    return (p->n_later + 1) * sizeof(struct hash128);
}

const struct kept **suspects_who(const struct rule_plan *p, struct run *r)
{
    return (const struct kept **)row(p, r, SUSPECTS_MOST);
}

static bool is_in_doubt(const struct rule_plan *p, const struct hash128 *asks)
{
    return join_is_set(asks[p->n_later]);
}

static bool is_set(const struct rule_plan *p, const struct hash128 *asks)
{
    for (uint32_t k = 0; k < p->n_later; k++)
        if (join_is_set(asks[k])) return true;
    return false;
}

uint32_t suspects_count(const struct rule_plan *p, const struct run *r)
{
    uint32_t n = 0;
    while (n < SUSPECTS_MOST && is_set(p, row_of(p, r, n))) n++;
    return n;
}

/* Nothing is different from both of two values: one of them will be forbidden. */
static bool contradict(const struct rule_plan *p, const struct hash128 *x, const struct hash128 *y)
{
    uint32_t only = p->n_later;
    if (is_in_doubt(p, x) || is_in_doubt(p, y)) return false;
    for (uint32_t k = 0; k < p->n_later; k++) {
        if (!join_is_set(x[k]) && !join_is_set(y[k])) continue;
        if (only < p->n_later || !join_is_set(x[k]) || !join_is_set(y[k])) return false;
        only = k;
    }
    return only < p->n_later && p->rule->joins[p->later_join[only]].differs &&
           !hash128_equal(x[only], y[only]) && !hash128_equal(x[only], JOIN_UNKNOWN) &&
           !hash128_equal(y[only], JOIN_UNKNOWN);
}

enum put { PUT, PUT_ENDS, PUT_FULL };

static enum put put(const struct rule_plan *p, struct run *r, const struct suspect *s)
{
    uint32_t n = suspects_count(p, r), at = 0;
    size_t size = row_size(p);
    const struct kept **who = suspects_who(p, r);
    for (uint32_t i = 0; i < n; i++)
        if (contradict(p, row(p, r, i), s->asks)) return PUT_ENDS;
    while (at < n && memcmp(row(p, r, at), s->asks, size) < 0) at++;
    if (at < n && memcmp(row(p, r, at), s->asks, size) == 0) return PUT;
    if (n == SUSPECTS_MOST) return PUT_FULL;
    memmove(row(p, r, at + 1), row(p, r, at), (n - at) * size);
    memmove(who + at + 1, who + at, (n - at) * sizeof *who);
    memcpy(row(p, r, at), s->asks, size);
    who[at] = s->who;
    return PUT;
}

void suspects_each(const struct rule_plan *p, const struct run *r, void (*each)(const struct kept *k))
{
    const struct kept *const *who = (const struct kept *const *)row_of(p, r, SUSPECTS_MOST);
    for (uint32_t i = 0, n = p->n_later ? suspects_count(p, r) : 0; i < n; i++) each(who[i]);
}

bool suspects_dominate(const struct rule_plan *p, const struct run *x, const struct run *y)
{
    uint32_t n = p->n_later ? suspects_count(p, x) : 0, most = n ? suspects_count(p, y) : 0, k = 0;
    for (uint32_t i = 0; i < n; i++, k++) {
        while (k < most && memcmp(row_of(p, y, k), row_of(p, x, i), row_size(p)) < 0) k++;
        if (k == most || memcmp(row_of(p, y, k), row_of(p, x, i), row_size(p)) != 0) return false;
    }
    return true;
}

/* ---- judging ------------------------------------------------------------------------------------------ */

/* What is left of what a suspect asks, the run's references and progress being new. False: it is none any
 * more. */
static bool judge(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                  struct hash128 *asks)
{
    for (uint32_t k = 0; k < p->n_later; k++) {
        uint32_t j = p->later_join[k];
        if (!join_is_set(asks[k]) || veto_is_open(p, a, r, j)) continue;
        enum tri truth = veto_compare(&p->rule->joins[j], asks[k], run_joins_of(r)[j]);
        if (truth == TRI_FALSE) return false;
        if (truth == TRI_UNKNOWN) asks[p->n_later] = doubt;
        asks[k] = (struct hash128){0, 0};
    }
    return true;
}

/* The first of what nobody can tell of names the mark. */
static void blind(struct run *r, const struct kept *who)
{
    const struct kept *first = r->blinded;
    bool is_earlier = first && (who->hit->second != first->hit->second ? who->hit->second < first->hit->second
                                                                       : kept_order(who, first) < 0);
    if (!first || is_earlier) r->blinded = who;
}

/* False: one of them is forbidden. */
static bool judge_all(const struct rule_plan *p, const struct alternative *a, struct run *r)
{
    struct suspect kept[SUSPECTS_MOST];
    uint32_t n = suspects_count(p, r);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(kept[i].asks, row(p, r, i), row_size(p));
        kept[i].who = suspects_who(p, r)[i];
    }
    memset(run_suspects(p, r), 0, suspects_size(p));
    for (uint32_t i = 0; i < n; i++) {
        if (!judge(p, a, r, kept[i].asks)) continue;
        if (is_set(p, kept[i].asks)) {
            if (put(p, r, &kept[i]) == PUT_ENDS) return false;
        } else if (!is_in_doubt(p, kept[i].asks)) {
            return false;
        } else {
            blind(r, kept[i].who);
        }
    }
    return true;
}

static bool is_later(enum veto_says said)
{
    return said == SAYS_LATER || said == SAYS_MAYBE_LATER;
}

/* What an event of the class asks of what the run does not know yet. */
static void ask(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                const struct veto *v, const struct classes *cs, uint32_t c, bool is_doubtful,
                struct suspect *out)
{
    memset(out->asks, 0, row_size(p));
    out->who = class_hit(cs, cs->at[c].first, v->step);
    for (uint32_t k = 0; k < p->n_later; k++) {
        uint32_t j = p->later_join[k];
        if (v->chosen >> j & 1 && veto_is_open(p, a, r, j)) out->asks[k] = out->who->hit->joins[j];
    }
    if (is_doubtful) out->asks[p->n_later] = doubt;
}

const struct run *suspects_carry(const struct rule_plan *p, const struct alternative *a, const struct run *r,
                                 const struct classes *cs, uint32_t n_joins, int64_t second, struct run *room,
                                 bool *overflows)
{
    struct suspect s;
    const struct run *carried = r;
    if (!p->n_later || !n_joins || !((cs->steps | cs->unsure) & a->forbidden)) return r;
    for (uint32_t i = 0; i < a->n_vetoes * cs->len; i++) {
        const struct veto *v = &a->vetoes[i / cs->len];
        uint32_t c = i % cs->len;
        if (!veto_is_active(p, a, v, r, r->progress, second)) continue;
        enum veto_says said = veto_says(p, a, r, cs, c, v, n_joins);
        if (!is_later(said)) continue;
        if (carried == r) carried = memcpy(room, r, p->run_size);
        ask(p, a, r, v, cs, c, said == SAYS_MAYBE_LATER, &s);
        enum put done = put(p, room, &s);
        *overflows |= done == PUT_FULL;
        if (done == PUT_ENDS) return NULL;
    }
    return carried;
}

/* ---- the walk ----------------------------------------------------------------------------------------- */

struct walk {
    struct extension *x;
    void (*end)(struct extension *x);
    uint16_t before;
};

static void meet(struct walk *w, uint32_t pair);

/* Whether the extension may take each event of the class itself. */
static bool may_take(const struct extension *x, const struct veto *v, uint32_t c)
{
    uint32_t room = 0;
    for (uint64_t left = x->fits[c] & v->own; left; left &= left - 1) room += x->need[__builtin_ctzll(left)];
    return x->classes->overlap && room >= x->classes->at[c].count;
}

static void take_all(struct walk *w, uint32_t pair, const struct veto *v, uint32_t c)
{
    struct extension *x = w->x;
    uint64_t must = x->must[c];
    uint32_t n_must = x->n_must;
    if (!x->left) {
        x->gave_up = true;
        return;
    }
    x->left--;
    veto_must_take(x, c, v);
    meet(w, pair + 1);
    x->must[c] = must, x->n_must = n_must;
}

static void leave_one(struct walk *w, uint32_t pair, const struct veto *v, uint32_t c, bool is_doubtful)
{
    struct extension *x = w->x;
    struct suspect s, kept[SUSPECTS_MOST];
    size_t size = suspects_size(x->plan);
    memcpy(kept, run_suspects(x->plan, x->scratch), size);
    ask(x->plan, x->alternative, x->scratch, v, x->classes, c, is_doubtful, &s);
    enum put done = put(x->plan, x->scratch, &s);
    if (done == PUT) meet(w, pair + 1);
    x->overflows |= done == PUT_FULL;
    memcpy(run_suspects(x->plan, x->scratch), kept, size);
}

/* A pair of a veto and a class, from the one with that number on. */
static void meet(struct walk *w, uint32_t pair)
{
    struct extension *x = w->x;
    const struct alternative *a = x->alternative;
    const struct classes *cs = x->classes;
    uint32_t n = (cs->steps | cs->unsure) & a->forbidden ? a->n_vetoes * cs->len : 0;
    for (; pair < n; pair++) {
        const struct veto *v = &a->vetoes[pair / cs->len];
        uint32_t c = pair % cs->len;
        if (!veto_is_active(x->plan, a, v, x->scratch, w->before, x->second)) continue;
        enum veto_says said = veto_says(x->plan, a, x->scratch, cs, c, v, x->n_joins);
        if (!is_later(said)) continue;
        if (may_take(x, v, c)) take_all(w, pair, v, c);
        leave_one(w, pair, v, c, said == SAYS_MAYBE_LATER);
        return;
    }
    w->end(x);
}

void suspects_walk(struct extension *x, void (*end)(struct extension *x))
{
    struct walk w = {x, end, x->from ? x->from->progress : 0};
    const struct kept *was = x->scratch->blinded;
    struct suspect kept[SUSPECTS_MOST];
    size_t size = suspects_size(x->plan);
    if (!size || !x->n_joins) {
        end(x);
        return;
    }
    memcpy(kept, run_suspects(x->plan, x->scratch), size);
    if (judge_all(x->plan, x->alternative, x->scratch)) meet(&w, 0);
    x->scratch->blinded = was;
    memcpy(run_suspects(x->plan, x->scratch), kept, size);
}
