/* oracle.c - brute force: every way of reading the match, every choice of events, every sentence checked as
 * it stands.
 *
 * A *reading* takes one side of each `|` and at most one optional item. It is a list of atoms (a step, how
 * often) and of sentences: all events of some atoms are not later than all events of others, with a gap
 * between the last of the one and the first of the other. A choice fills the atoms with distinct events; it
 * counts if every sentence holds.
 */
#include "tests/oracle/oracle.h"

#include <stdlib.h>

#define CHOICES_MOST  100000 /* tried for one key */
#define READINGS_MOST 64

struct atom {
    uint32_t step, times;
    bool is_item;
    uint32_t place; /* in the match as written */
};

struct sentence {
    uint32_t left, right; /* bits of atoms */
    bool strict;
    int64_t least, most;
};

struct reading {
    struct atom atoms[ORACLE_STEPS];
    uint32_t n_atoms;
    struct sentence sentences[64];
    uint32_t n_sentences;
};

struct readings {
    struct reading at[READINGS_MOST];
    uint32_t n;
};

/* ---- readings ----------------------------------------------------------------------------------------- */

static bool holds_item(const struct ir_match *m, const struct ir_match *item)
{
    if (m == item) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (holds_item(&m->kids[i], item)) return true;
    return false;
}

static void say(struct reading *r, uint32_t left, uint32_t right, bool strict, int64_t least, int64_t most)
{
    if (left && right) r->sentences[r->n_sentences++] = (struct sentence){left, right, strict, least, most};
}

static uint32_t item_atoms(const struct reading *r)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < r->n_atoms; i++)
        if (r->atoms[i].is_item) bits |= 1u << i;
    return bits;
}

/* r, followed by `more`. Returns the atoms of the latter. */
static uint32_t join(struct reading *r, const struct reading *more)
{
    uint32_t base = r->n_atoms, bits = 0;
    for (uint32_t i = 0; i < more->n_atoms; i++) {
        bits |= 1u << r->n_atoms;
        r->atoms[r->n_atoms++] = more->atoms[i];
    }
    for (uint32_t i = 0; i < more->n_sentences; i++) {
        struct sentence s = more->sentences[i];
        say(r, s.left << base, s.right << base, s.strict, s.least, s.most);
    }
    return bits;
}

static void read_match(const struct ir_match *m, const struct ir_match *item, struct readings *out);

struct chain {
    const struct ir_match *m, *item;
    struct readings kids[8];
    struct readings *out;
};

static void read_kids(struct chain *c, uint32_t kid, struct reading so_far, uint32_t *atoms)
{
    if (kid == c->m->n_kids) {
        for (uint32_t k = 1; c->m->kind == IR_M_CHAIN && k < kid; k++) {
            const struct ir_arrow *a = &c->m->arrows[k];
            uint32_t required = ~item_atoms(&so_far);
            for (uint32_t left = 0; left < k; left++)
                say(&so_far, atoms[left], atoms[k], false, 0, INT64_MAX);
            say(&so_far, atoms[k - 1], atoms[k], a->strict, a->least, a->most);
            say(&so_far, atoms[k - 1] & required, atoms[k] & required, a->strict, a->least, a->most);
        }
        c->out->at[c->out->n++] = so_far;
        return;
    }
    for (uint32_t i = 0; i < c->kids[kid].n; i++) {
        struct reading next = so_far;
        atoms[kid] = join(&next, &c->kids[kid].at[i]);
        read_kids(c, kid + 1, next, atoms);
    }
}

static void read_match(const struct ir_match *m, const struct ir_match *item, struct readings *out)
{
    struct chain *c = calloc(1, sizeof *c);
    uint32_t atoms[8];
    c->m = m, c->item = item, c->out = out;
    if (m->kind == IR_M_STEP || m->kind == IR_M_REPEAT) {
        const struct ir_match *step = m->kind == IR_M_REPEAT ? m->kids : m;
        struct reading *r = &out->at[out->n++];
        *r = (struct reading){.n_atoms = 1,
                              .atoms = {{step->step, m->kind == IR_M_REPEAT ? m->least : 1, false, 0}}};
    } else if (m->kind == IR_M_OPTIONAL && m != item) {
        out->at[out->n++] = (struct reading){.n_atoms = 0};
    } else if (m->kind == IR_M_OPTIONAL || m->kind == IR_M_GROUP) {
        uint32_t first = out->n;
        read_match(m->kids, item, out);
        for (uint32_t i = first; i < out->n && m == item; i++)
            for (uint32_t k = 0; k < out->at[i].n_atoms; k++) out->at[i].atoms[k].is_item = true;
    } else if (m->kind == IR_M_EITHER) {
        for (uint32_t i = 0; i < m->n_kids; i++)
            if (!item || !holds_item(m, item) || holds_item(&m->kids[i], item))
                read_match(&m->kids[i], item, out);
    } else {
        for (uint32_t i = 0; i < m->n_kids; i++) read_match(&m->kids[i], item, &c->kids[i]);
        read_kids(c, 0, (struct reading){.n_atoms = 0}, atoms);
    }
    free(c);
}

static void number_places(const struct ir_match *m, uint32_t *place_of, uint32_t *next)
{
    if (m->kind == IR_M_STEP) place_of[m->step] = (*next)++;
    for (uint32_t i = 0; i < m->n_kids; i++) number_places(&m->kids[i], place_of, next);
}

/* ---- choices ------------------------------------------------------------------------------------------ */

struct choice {
    const struct reading *reading;
    const struct hit *taken[ORACLE_STEPS][8]; /* by atom */
    int64_t start, last, required_last;
};

struct search {
    const struct ir_rule *rule;
    const struct hit *const *hits;
    const bool *active;
    uint32_t n;
    struct choice choice;
    uint64_t used; /* hits, and with them all hits of the same event */
    uint32_t tried;
    bool gave_up;
    void (*found)(struct search *s);
    struct oracle_result *out;
    struct oracle_group *group; /* the one at hand */
    bool items;
};

static int64_t edge(const struct choice *c, uint32_t atoms, bool last)
{
    int64_t t = last ? INT64_MIN : INT64_MAX;
    for (uint32_t a = 0; a < c->reading->n_atoms; a++)
        for (uint32_t i = 0; atoms >> a & 1 && i < c->reading->atoms[a].times; i++) {
            int64_t second = c->taken[a][i]->second;
            if (last ? second > t : second < t) t = second;
        }
    return t;
}

static bool sentence_holds(const struct choice *c, const struct sentence *s, bool all_strict)
{
    int64_t distance = edge(c, s->right, false) - edge(c, s->left, true);
    return distance >= (s->strict || all_strict ? 1 : 0) && distance >= s->least && distance <= s->most;
}

static bool all_sentences_hold(const struct choice *c, bool all_strict)
{
    for (uint32_t i = 0; i < c->reading->n_sentences; i++)
        if (!sentence_holds(c, &c->reading->sentences[i], all_strict)) return false;
    return true;
}

static bool takes_step(const struct reading *r, uint32_t step)
{
    for (uint32_t a = 0; a < r->n_atoms; a++)
        if (r->atoms[a].step == step) return true;
    return false;
}

/* Of a step that is not chosen every field is absent, and nothing agrees with it (B12). */
static bool agrees(const struct search *s, const struct hit *h, uint32_t filled)
{
    for (uint32_t j = 0; j < s->rule->n_joins; j++) {
        uint32_t of = s->rule->joins[j].of;
        if (!(h->joins[j].hi | h->joins[j].lo)) continue;
        if (of != h->step && !takes_step(s->choice.reading, of)) return false;
        for (uint32_t a = 0; a <= filled; a++)
            for (uint32_t i = 0; i < s->choice.reading->atoms[a].times && s->choice.taken[a][i]; i++) {
                struct hash128 other = s->choice.taken[a][i]->joins[j];
                if ((other.hi | other.lo) && (other.hi != h->joins[j].hi || other.lo != h->joins[j].lo))
                    return false;
            }
    }
    return true;
}

/* Only to save time: no choice holds two events further apart than the window. */
static bool is_near(const struct search *s, const struct hit *h, uint32_t atom, uint32_t i)
{
    if (atom == 0 && i == 0) return true;
    int64_t distance = h->second - s->choice.taken[0][0]->second;
    return distance <= s->rule->within && -distance <= s->rule->within;
}

static uint64_t hits_of_event(const struct search *s, const struct hit *h)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (text_equal(s->hits[i]->evidence.identity, h->evidence.identity)) bits |= UINT64_C(1) << i;
    return bits;
}

static void whole_choice(struct search *s)
{
    struct choice *c = &s->choice;
    uint32_t all = (1u << c->reading->n_atoms) - 1;
    c->start = edge(c, all, false), c->last = edge(c, all, true);
    c->required_last = edge(c, all & ~item_atoms(c->reading), true);
    if (c->last - c->start <= s->rule->within && all_sentences_hold(c, false)) s->found(s);
}

/* Fills the i-th event of an atom with a hit not before `from`, and goes on. */
static void fill(struct search *s, uint32_t atom, uint32_t i, uint32_t from)
{
    const struct reading *r = s->choice.reading;
    if (atom == r->n_atoms) {
        whole_choice(s);
        return;
    }
    if (i == r->atoms[atom].times) {
        fill(s, atom + 1, 0, 0);
        return;
    }
    for (uint32_t h = from; h < s->n && !s->gave_up; h++) {
        if (s->used >> h & 1 || !s->active[h] || s->hits[h]->step != r->atoms[atom].step) continue;
        if (++s->tried > CHOICES_MOST) s->gave_up = true;
        s->choice.taken[atom][i] = NULL;
        if (!is_near(s, s->hits[h], atom, i) || !agrees(s, s->hits[h], atom)) continue;
        uint64_t event = hits_of_event(s, s->hits[h]);
        s->choice.taken[atom][i] = s->hits[h];
        s->used |= event;
        fill(s, atom, i + 1, h + 1);
        s->used &= ~event;
        s->choice.taken[atom][i] = NULL;
    }
}

static void each_choice(struct search *s, const struct readings *rs, void (*found)(struct search *s))
{
    s->found = found;
    for (uint32_t i = 0; i < rs->n; i++) {
        memset(&s->choice, 0, sizeof s->choice);
        s->choice.reading = &rs->at[i];
        fill(s, 0, 0, 0);
    }
}

/* ---- the order of witnesses (B6) ---------------------------------------------------------------------- */

/* A repeated step is compared by its last second and the smallest identity that it takes there. */
static const struct hit *compared_by(const struct choice *c, uint32_t atom)
{
    const struct hit *best = NULL;
    for (uint32_t i = 0; i < c->reading->atoms[atom].times; i++) {
        const struct hit *h = c->taken[atom][i];
        if (!best || h->second > best->second ||
            (h->second == best->second && text_compare(h->evidence.identity, best->evidence.identity) < 0))
            best = h;
    }
    return best;
}

static const struct hit *filling(const struct choice *c, uint32_t place)
{
    for (uint32_t a = 0; a < c->reading->n_atoms; a++)
        if (c->reading->atoms[a].place == place) return compared_by(c, a);
    return NULL;
}

/* Whether x is the better witness; both complete in the same second. */
static bool is_better(const struct choice *x, const struct choice *y)
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

/* ---- passes over all choices -------------------------------------------------------------------------- */

struct judging {
    struct search s; /* first: passes get it back */
    bool completes[4096];
    int64_t epoch;
    bool any;
    struct choice best;
};

static void note_completion(struct search *s)
{
    struct judging *j = (struct judging *)s;
    if (s->choice.last - j->epoch < 4096) j->completes[s->choice.last - j->epoch] = true;
}

static void note_witness(struct search *s)
{
    struct judging *j = (struct judging *)s;
    if (s->choice.last != s->group->opened) return;
    if (!j->any || is_better(&s->choice, &j->best)) j->best = s->choice;
    j->any = true;
    if (all_sentences_hold(&s->choice, true)) s->group->tied = false;
}

static void gather(struct search *s, bool items)
{
    for (uint32_t a = 0; a < s->choice.reading->n_atoms; a++) {
        const struct atom *atom = &s->choice.reading->atoms[a];
        if (atom->is_item != items) continue;
        s->group->exists |= UINT64_C(1) << atom->step;
        for (uint32_t i = 0; i < atom->times; i++)
            for (uint32_t h = 0; h < s->n; h++)
                if (s->hits[h] == s->choice.taken[a][i]) s->group->gathered[atom->step] |= UINT64_C(1) << h;
    }
}

static void note_gathered(struct search *s)
{
    const struct choice *c = &s->choice;
    bool in_opening = c->start >= s->group->opened - s->rule->within && c->last <= s->group->opened;
    if (in_opening || (c->last > s->group->opened && c->last <= s->group->end)) gather(s, false);
}

static void note_item(struct search *s)
{
    struct judging *j = (struct judging *)s;
    const struct choice *c = &s->choice;
    if (c->required_last < s->group->opened || c->required_last > s->group->end) return;
    gather(s, true);
    if (!j->any || c->last < j->best.last || (c->last == j->best.last && is_better(c, &j->best)))
        j->best = *c;
    j->any = true;
}

static void keep_witness(struct judging *j, struct oracle_group *g, bool items)
{
    for (uint32_t a = 0; j->any && a < j->best.reading->n_atoms; a++) {
        const struct atom *atom = &j->best.reading->atoms[a];
        if (atom->is_item != items) continue;
        g->witness[atom->step] = compared_by(&j->best, a);
        g->in_required[atom->step] = !items;
    }
}

static void find_completing(struct judging *j, struct oracle_group *g)
{
    for (uint32_t place = 0; place < ORACLE_STEPS; place++) {
        const struct hit *h = filling(&j->best, place);
        if (h && h->second == g->opened) g->completing = h->evidence.identity;
    }
}

static void each_item(const struct ir_match *whole, const struct ir_match *m, const uint32_t *place_of,
                      struct judging *j, struct oracle_group *g)
{
    if (m->kind != IR_M_OPTIONAL) {
        for (uint32_t i = 0; i < m->n_kids; i++) each_item(whole, &m->kids[i], place_of, j, g);
        return;
    }
    struct readings *rs = calloc(1, sizeof *rs);
    read_match(whole, m, rs);
    for (uint32_t i = 0; i < rs->n; i++)
        for (uint32_t a = 0; a < rs->at[i].n_atoms; a++)
            rs->at[i].atoms[a].place = place_of[rs->at[i].atoms[a].step];
    j->any = false;
    each_choice(&j->s, rs, note_item);
    keep_witness(j, g, true);
    free(rs);
}

static void judge_one(struct judging *j, const struct readings *required, const uint32_t *place_of,
                      struct oracle_group *g)
{
    j->s.group = g;
    j->any = false;
    g->tied = true;
    each_choice(&j->s, required, note_witness);
    if (j->s.gave_up) return;
    g->start = j->best.start;
    keep_witness(j, g, false);
    find_completing(j, g);
    each_choice(&j->s, required, note_gathered);
    each_item(j->s.rule->match, j->s.rule->match, place_of, j, g);
    for (uint32_t step = 0; step < ORACLE_STEPS; step++)
        g->count[step] = (uint32_t)__builtin_popcountll(g->gathered[step]);
}

void oracle_judge(const struct ir_rule *rule, const struct hit *const *hits, const bool *active, uint32_t n,
                  struct oracle_result *out)
{
    struct judging *j = calloc(1, sizeof *j);
    struct readings *required = calloc(1, sizeof *required);
    uint32_t place_of[64] = {0}, next = 0;
    *out = (struct oracle_result){.n = 0};
    j->s = (struct search){.rule = rule, .hits = hits, .active = active, .n = n, .out = out};
    j->epoch = INT64_MAX;
    for (uint32_t i = 0; i < n; i++)
        if (hits[i]->second < j->epoch) j->epoch = hits[i]->second;
    number_places(rule->match, place_of, &next);
    read_match(rule->match, NULL, required);
    for (uint32_t i = 0; i < required->n; i++)
        for (uint32_t a = 0; a < required->at[i].n_atoms; a++)
            required->at[i].atoms[a].place = place_of[required->at[i].atoms[a].step];
    each_choice(&j->s, required, note_completion);
    for (uint32_t i = 0; i < 4096 && out->n < ORACLE_GROUPS && !j->s.gave_up; i++) {
        int64_t t = j->epoch + (int64_t)i;
        if (!j->completes[i] || (out->n && t <= out->groups[out->n - 1].end)) continue;
        out->groups[out->n] = (struct oracle_group){.opened = t, .end = t + rule->once};
        judge_one(j, required, place_of, &out->groups[out->n++]);
    }
    out->gave_up = j->s.gave_up;
    free(required);
    free(j);
}
