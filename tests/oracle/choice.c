/* choice.c - fills atoms with events in every possible way, and asks each sentence whether it holds. */
#include "tests/oracle/choice.h"
#include "tests/oracle/amount.h"

#define CHOICES_MOST 50000 /* tried for one rule and key */

/* All hits of one event are taken at once: an event fills at most one step (B2). */
static void note_events(struct search *s)
{
    for (uint32_t h = 0; h < s->n; h++)
        for (uint32_t i = 0; i < s->n; i++)
            if (s->hits[i]->seq == s->hits[h]->seq) s->event[h] |= UINT64_C(1) << i;
}

/* The first or last second of the events of some atoms. */
static int64_t edge(const struct choice *c, uint32_t atoms, bool last)
{
    int64_t t = last ? INT64_MIN : INT64_MAX;
    for (uint32_t a = 0; a < c->reading->n_atoms; a++) {
        if (!(atoms >> a & 1) || !c->n_taken[a]) continue;
        if (last ? c->latest[a] > t : c->first[a] < t) t = last ? c->latest[a] : c->first[a];
    }
    return t;
}

/* ---- references (B12) --------------------------------------------------------------------------------- */

static bool takes_part(const struct hit *h, uint32_t join)
{
    return (h->joins[join].hi | h->joins[join].lo) != 0;
}

static bool is_join(struct hash128 h, struct hash128 special)
{
    return h.hi == special.hi && h.lo == special.lo;
}

/* B14: nothing equals what is absent, and `!=` is the complement; of what was withheld nobody can tell. */
static enum tri compare_joins(struct hash128 mine, struct hash128 theirs, bool differs)
{
    bool is_absent = is_join(mine, JOIN_ABSENT) || is_join(theirs, JOIN_ABSENT) || !(theirs.hi | theirs.lo);
    if (!is_absent && (is_join(mine, JOIN_UNKNOWN) || is_join(theirs, JOIN_UNKNOWN))) return TRI_UNKNOWN;
    bool is_equal = !is_absent && mine.hi == theirs.hi && mine.lo == theirs.lo;
    return is_equal != differs ? TRI_TRUE : TRI_FALSE;
}

/* Whether what h says about another step's events holds in the choice, of each of them. A step that was not
 * chosen has no fields. */
static enum tri reference_holds(const struct search *s, const struct hit *h, uint32_t join)
{
    const struct choice *c = &s->choice;
    const struct ir_join *j = &s->rule->joins[join];
    enum tri all = TRI_TRUE;
    bool chosen = false;
    if (j->of == h->step || !takes_part(h, join)) return TRI_TRUE;
    for (uint32_t a = 0; a < c->reading->n_atoms; a++)
        for (uint32_t i = 0; c->reading->atoms[a].step == j->of && i < c->n_taken[a]; i++) {
            enum tri one = compare_joins(h->joins[join], c->taken[a][i]->joins[join], j->differs);
            if (one < all) all = one;
            chosen = true;
        }
    return chosen || j->differs ? all : TRI_FALSE;
}

static enum tri references_hold(const struct search *s, const struct hit *h)
{
    enum tri all = TRI_TRUE;
    for (uint32_t j = 0; j < s->rule->n_joins; j++) {
        enum tri one = reference_holds(s, h, j);
        if (one < all) all = one;
    }
    return all;
}

static bool all_references_hold(const struct search *s)
{
    for (uint32_t a = 0; a < s->choice.reading->n_atoms; a++)
        for (uint32_t i = 0; i < s->choice.n_taken[a]; i++)
            if (references_hold(s, s->choice.taken[a][i]) != TRI_TRUE) return false;
    return true;
}

/* ---- sentences ---------------------------------------------------------------------------------------- */

static bool is_before(const struct choice *c, const struct sentence *s, bool strict)
{
    int64_t distance = edge(c, s->right, false) - edge(c, s->left, true);
    return distance >= (strict ? 1 : 0) && distance >= s->least && distance <= s->most;
}

/* B8: an event of the step in all, whatever else it was taken for, whose own references hold. */
static bool has_more(const struct search *s, const struct sentence *said)
{
    const struct choice *c = &s->choice;
    const struct atom *atom = &c->reading->atoms[__builtin_ctz(said->left)];
    int64_t first = edge(c, said->left, false), last = edge(c, said->left, true);
    for (uint32_t w = 0; w < s->n; w++) { /* of all windows, those that begin with an event hold the most */
        int64_t from = s->hits[w]->second;
        uint32_t n = 0;
        if (from > first || from < last - said->most) continue;
        for (uint32_t i = 0; i < s->n; i++)
            n += s->active[i] && s->hits[i]->step == atom->step && s->hits[i]->second >= from &&
                 s->hits[i]->second <= from + said->most && references_hold(s, s->hits[i]) == TRI_TRUE;
        if (n > atom->most) return true;
    }
    return false;
}

static bool is_own(const struct choice *c, uint32_t atoms, const struct hit *h)
{
    for (uint32_t a = 0; a < c->reading->n_atoms; a++)
        for (uint32_t i = 0; atoms >> a & 1 && i < c->n_taken[a]; i++)
            if (c->taken[a][i]->seq == h->seq) return true;
    return false;
}

/* B10, B2: an event in the same second counts as inside: absence must be certain. */
static bool is_inside(const struct search *s, const struct sentence *said, const struct hit *h)
{
    const struct choice *c = &s->choice;
    int64_t from = edge(c, said->left, said->kind != SAY_NONE_UNTIL);
    int64_t to = said->kind == SAY_NONE_BETWEEN ? edge(c, said->right, false)
                 : said->kind == SAY_NONE_FOR   ? from + said->most
                                                : edge(c, said->left, true);
    return said->steps >> h->step & 1 && h->second >= from && h->second <= to && !is_own(c, said->own, h);
}

/* Its references are judged against the choice (B12). */
static bool is_vetoed(const struct search *s, const struct sentence *said)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->active[i] && is_inside(s, said, s->hits[i]) && references_hold(s, s->hits[i]) == TRI_TRUE)
            return true;
    return false;
}

/* B14: an unknown veto does not break a match. What is known not to agree is none. */
static bool is_blinded(const struct search *s, const struct sentence *said)
{
    for (uint32_t i = 0; said->kind > SAY_NO_MORE && i < s->n; i++) {
        bool may_fit = s->active[i] || (s->unknown && s->unknown[i]);
        if (may_fit && is_inside(s, said, s->hits[i]) && references_hold(s, s->hits[i]) != TRI_FALSE)
            return true;
    }
    return false;
}

static bool holds(const struct search *s, const struct sentence *said)
{
    const struct choice *c = &s->choice;
    switch (said->kind) {
    case SAY_BEFORE: return is_before(c, said, said->strict);
    case SAY_WITHIN: return edge(c, said->left, true) - edge(c, said->left, false) <= said->most;
    case SAY_NO_MORE: return !has_more(s, said);
    default: return !is_vetoed(s, said);
    }
}

/* ---- choices ------------------------------------------------------------------------------------------ */

static void whole_choice(struct search *s)
{
    struct choice *c = &s->choice;
    uint32_t all = (1u << c->reading->n_atoms) - 1;
    bool vetoed = false;
    if (!all_references_hold(s)) return;
    c->tied = c->blinded = false;
    for (uint32_t i = 0; i < c->reading->n_sentences; i++) {
        const struct sentence *said = &c->reading->sentences[i];
        bool good = holds(s, said);
        vetoed |= !good && said->kind >= SAY_NO_MORE;
        if (!good && said->kind < SAY_NO_MORE) return;
        c->blinded |= is_blinded(s, said);
        c->tied |= said->kind == SAY_BEFORE && !is_before(c, said, true);
    }
    s->vetoed += vetoed;
    if (vetoed) return;
    c->start = edge(c, all, false), c->last = edge(c, all, true);
    c->required_last = edge(c, required_atoms(c->reading), true);
    s->found(s);
}

/* Whether what an atom has taken is enough (B8). */
static bool is_fulfilled(const struct choice *c, uint32_t atom)
{
    const struct atom *a = &c->reading->atoms[atom];
    uint32_t n = c->n_taken[atom];
    if (a->taking == IR_TAKE_SUM) return n && amount_reached(c->taken[atom], n, a->value, a->amount);
    if (n < a->least) return false;
    return a->taking != IR_TAKE_DISTINCT || differ_pairwise(c->taken[atom], n, a->value);
}

static bool may_take_more(const struct choice *c, uint32_t atom)
{
    const struct atom *a = &c->reading->atoms[atom];
    return a->taking == IR_TAKE_SUM || c->n_taken[atom] < (a->most ? a->most : a->least);
}

/* Only to save time: no choice holds two events further apart than the window, and none is looked for outside
 * of the seconds from `from` to `to`. */
static bool is_near(const struct search *s, const struct hit *h)
{
    const struct choice *c = &s->choice;
    if (h->second < s->from || h->second > s->to) return false;
    for (uint32_t a = 0; a < c->reading->n_atoms; a++)
        if (c->n_taken[a] &&
            (h->second - c->first[a] > s->rule->within || c->latest[a] - h->second > s->rule->within))
            return false;
    return true;
}

/* Only to save time: what is said of the first `atoms` alone must hold already. */
static bool holds_so_far(const struct search *s, uint32_t atoms)
{
    for (uint32_t i = 0; i < s->choice.reading->n_sentences; i++) {
        const struct sentence *said = &s->choice.reading->sentences[i];
        bool is_said = said->kind <= SAY_WITHIN && (said->left | said->right) >> atoms == 0;
        if (is_said && !holds(s, said)) return false;
    }
    return true;
}

static void take(struct choice *c, uint32_t atom, const struct hit *h)
{
    bool is_only = c->n_taken[atom] == 0;
    if (is_only || h->second < c->first[atom]) c->first[atom] = h->second;
    if (is_only || h->second > c->latest[atom]) c->latest[atom] = h->second;
    c->taken[atom][c->n_taken[atom]++] = h;
}

/* Goes on with an atom, whose next event may be a hit from `from` on. */
static void fill(struct search *s, uint32_t atom, uint32_t from)
{
    struct choice *c = &s->choice;
    if (atom == c->reading->n_atoms) {
        whole_choice(s);
        return;
    }
    if (is_fulfilled(c, atom) && holds_so_far(s, atom + 1)) fill(s, atom + 1, 0);
    if (!may_take_more(c, atom)) return;
    for (uint32_t h = from; h < s->n && !s->gave_up; h++) {
        const struct hit *hit = s->hits[h];
        const struct atom *a = &c->reading->atoms[atom];
        if (s->used >> h & 1 || !s->active[h] || hit->step != a->step || !is_near(s, hit)) continue;
        if (a->taking != IR_TAKE_TIMES && !can_be_taken(hit, a->value, a->taking)) continue;
        if (++s->tried > CHOICES_MOST) s->gave_up = true;
        int64_t first = c->first[atom], latest = c->latest[atom];
        s->used |= s->event[h];
        take(c, atom, hit);
        fill(s, atom, h + 1);
        c->n_taken[atom]--;
        c->first[atom] = first, c->latest[atom] = latest;
        s->used &= ~s->event[h];
    }
}

void each_choice(struct search *s, const struct readings *rs, int64_t from, int64_t to,
                 void (*found)(struct search *s))
{
    s->found = found, s->from = from, s->to = to;
    if (!s->event[0]) note_events(s);
    for (uint32_t i = 0; i < rs->n; i++) {
        s->choice = (struct choice){.reading = &rs->at[i]};
        s->used = 0;
        fill(s, 0, 0);
    }
}

/* ---- the order of witnesses (B6) ---------------------------------------------------------------------- */

const struct hit *compared_by(const struct choice *c, uint32_t atom)
{
    const struct hit *best = NULL;
    for (uint32_t i = 0; i < c->n_taken[atom]; i++) {
        const struct hit *h = c->taken[atom][i];
        if (!best || h->second > best->second ||
            (h->second == best->second && text_compare(h->evidence.identity, best->evidence.identity) < 0))
            best = h;
    }
    return best;
}

const struct hit *filling(const struct choice *c, uint32_t place)
{
    for (uint32_t a = 0; a < c->reading->n_atoms; a++)
        if (c->reading->atoms[a].place == place) return compared_by(c, a);
    return NULL;
}

bool is_better(const struct choice *x, const struct choice *y)
{
    if (x->start != y->start) return x->start > y->start;
    if (x->reading->n_atoms != y->reading->n_atoms) return x->reading->n_atoms < y->reading->n_atoms;
    for (uint32_t place = ORACLE_STEPS; place-- > 0;) {
        const struct hit *a = filling(x, place), *b = filling(y, place);
        if (!a && !b) continue;
        if (!a || !b) return a != NULL;
        if (a->second != b->second) return a->second > b->second;
        int order = text_compare(a->evidence.identity, b->evidence.identity);
        if (order) return order < 0;
    }
    return false;
}
