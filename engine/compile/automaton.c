/* automaton.c - from a rule's match tree to the automata that are executed.
 *
 * A tree is expanded into *ways*: each way takes one side of every `|` and one choice of every `n of`, and
 * lists the places that it fills, which of them must come before which, gaps, windows and vetoes. The
 * required part (all optional items left out) gives automata[0]; the required part with one optional item
 * gives one automaton an item, because items are judged apart (language.md B9): m items cost m + 1 automata,
 * not 2^m. An item inside an item comes with the one around it.
 *
 * Invariants
 * 1. The places of a way stand in the order of the match clause, so an order's `before` has the smaller
 *    number.
 * 2. `before` and `strict` are closed: what must precede a place's predecessor must precede the place.
 * 3. Every way of an item's automaton keeps the constraints of the required part alone; the item only adds to
 *    them. So the required events beside an item are a choice of the required part by themselves.
 * 4. An arrow beside an optional item binds that item alone; the required neighbours then stand in plain
 *    `->`.
 * 5. A veto stands between its required neighbours. Where there is none on a side, it stands beside the item,
 * and falls away without it.
 * 6. A way that holds a step which refers to a step that is not in it can never be fulfilled, and is left out
 *    (language.md B12).
 *
 * What language.md B8 to B10 refuse has been refused by match.c; here only sizes and impossible ways are.
 */
#include "engine/compile/compile.h"
#include "engine/ir/progress.h"

#define NO_ITEM NULL

struct way {
    struct way *next;
    uint32_t n_places;
    struct ir_place places[PLACES_MOST];
    uint64_t before[PLACES_MOST], strict[PLACES_MOST]; /* bits of earlier places */
    uint64_t required;                                 /* bits of places that are not the item's */
    struct ARENA_VEC(struct ir_gap) gaps;
    struct ARENA_VEC(struct ir_inner) inners;
    struct ARENA_VEC(struct ir_veto) vetoes;
};

struct ways {
    struct way *first, **end;
    uint32_t n;
};

struct expansion {
    struct arena *arena;
    struct ir_rule *rule;
    struct diags *diags;
    const struct ir_match *item; /* the optional item that is taken; NO_ITEM: none */
    uint64_t waits_for;          /* bits of joins (vetoes_wait_for) */
    bool failed;
};

/* A least gap keeps one slot a second. */
static void refuse_gaps(struct expansion *x, const struct ir_match *m)
{
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (m->kind == IR_M_CHAIN && i && m->arrows[i].least > LEAST_GAP_MOST) {
            struct diag *d =
                diag_at(x->diags, E0330, m->kids[i].span, "%lld seconds behind what stands before it",
                        (long long)m->arrows[i].least);
            diag_note(d, "a least gap keeps one slot a second: the most is %d seconds", LEAST_GAP_MOST);
            x->failed = true;
        }
        refuse_gaps(x, &m->kids[i]);
    }
}

/* ---- expansion ---------------------------------------------------------------------------------------- */

static void ways_init(struct ways *ws)
{
    *ws = (struct ways){.end = &ws->first};
}

/* A copy that grows leaves its original alone. */
static struct way copy_of(const struct way *w)
{
    struct way copy = *w;
    copy.gaps.cap = copy.gaps.len;
    copy.inners.cap = copy.inners.len;
    copy.vetoes.cap = copy.vetoes.len;
    return copy;
}

static struct way *ways_add(struct expansion *x, struct ways *ws, const struct way *copy)
{
    struct way *w = ARENA_NEW(x->arena, struct way);
    if (copy) *w = copy_of(copy);
    w->next = NULL;
    *ws->end = w;
    ws->end = &w->next;
    if (++ws->n > ALTERNATIVES_MOST) x->failed = true;
    return w;
}

static bool contains(const struct ir_match *m, const struct ir_match *item)
{
    if (m == item) return true;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (contains(&m->kids[i], item)) return true;
    return false;
}

static uint64_t bits_from(uint32_t from, uint32_t to)
{
    uint64_t below = to >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << to) - 1;
    return below & ~(from >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << from) - 1);
}

/* Gaps, windows and vetoes of `more`, whose places stand behind the first `base` now. */
static void append_bounds(struct expansion *x, struct way *w, const struct way *more, uint32_t base)
{
    w->required |= more->required << base;
    for (uint32_t i = 0; i < more->gaps.len; i++) {
        struct ir_gap g = more->gaps.at[i];
        *ARENA_PUSH(x->arena, w->gaps) = (struct ir_gap){g.left << base, g.right << base, g.least, g.most};
    }
    for (uint32_t i = 0; i < more->inners.len; i++)
        *ARENA_PUSH(x->arena, w->inners) =
            (struct ir_inner){more->inners.at[i].places << base, more->inners.at[i].most};
    for (uint32_t i = 0; i < more->vetoes.len; i++) {
        struct ir_veto v = more->vetoes.at[i];
        v.left <<= base, v.right <<= base;
        *ARENA_PUSH(x->arena, w->vetoes) = v;
    }
}

/* The places of `more` behind those of w. False: they are too many. */
static bool append(struct expansion *x, struct way *w, const struct way *more)
{
    uint32_t base = w->n_places;
    if (base + more->n_places > PLACES_MOST) {
        x->failed = true;
        return false;
    }
    for (uint32_t q = 0; q < more->n_places; q++) {
        w->places[base + q] = more->places[q];
        w->before[base + q] = more->before[q] << base;
        w->strict[base + q] = more->strict[q] << base;
    }
    if (more->n_places) append_bounds(x, w, more, base); /* without places there are none */
    w->n_places = base + more->n_places;
    return true;
}

static void add_gap(struct expansion *x, struct way *w, uint64_t left, uint64_t right,
                    const struct ir_arrow *a)
{
    if (!left || !right || (a->least == 0 && a->most == INT64_MAX)) return;
    *ARENA_PUSH(x->arena, w->gaps) = (struct ir_gap){left, right, a->least, a->most};
}

/* Orders the places from `at` on behind the last kid that is there (bits `last`) and all before it. */
static void bind_arrow(struct expansion *x, struct way *w, uint32_t at, uint64_t last,
                       const struct ir_arrow *a)
{
    uint64_t here = bits_from(at, w->n_places);
    uint64_t behind_strict = a->strict ? last : 0; /* and what is strictly before `last` */
    for (uint32_t q = 0; q < at; q++)
        if (last >> q & 1) behind_strict |= a->strict ? w->before[q] | w->strict[q] : w->strict[q];
    for (uint32_t q = at; q < w->n_places; q++) {
        w->before[q] |= bits_from(0, at);
        w->strict[q] |= behind_strict;
    }
    add_gap(x, w, last, here, a);
    if ((last | here) & ~w->required && last & w->required && here & w->required)
        add_gap(x, w, last & w->required, here & w->required, a);
}

static void expand(struct expansion *x, const struct ir_match *m, struct ways *out);

/* ---- chains ---- */

/* A chain whose kids are taken one after the other; places[i]: those of kid i in the way at hand. */
struct chain {
    const struct ir_match *m;
    uint64_t *places;
};

/* Beside kid `at`, in the direction of `by`: the places of the nearest kid that must be, else of the nearest
 * that is there. */
static uint64_t neighbour(const struct chain *c, const struct way *w, uint32_t at, int by)
{
    uint64_t any = 0;
    for (uint32_t i = at + (uint32_t)by; i < c->m->n_kids; i += (uint32_t)by) {
        if (c->places[i] & w->required) return c->places[i] & w->required;
        if (!any) any = c->places[i];
    }
    return any;
}

static void add_vetoes(struct expansion *x, const struct chain *c, uint32_t at, struct way *w)
{
    const struct ir_match *veto = &c->m->kids[at], *what = veto->kids;
    uint64_t left = neighbour(c, w, at, -1), right = veto->absent_for ? 0 : neighbour(c, w, at, 1);
    uint32_t n = what->kind == IR_M_EITHER ? what->n_kids : 1;
    if (!left || (!right && !veto->absent_for)) return;
    for (uint32_t i = 0; i < n; i++)
        *ARENA_PUSH(x->arena, w->vetoes) =
            (struct ir_veto){.kind = veto->absent_for ? IR_VETO_FOR : IR_VETO_BETWEEN,
                             .step = what->kind == IR_M_EITHER ? what->kids[i].step : what->step,
                             .left = left,
                             .right = right,
                             .seconds = veto->absent_for};
}

/* The arrow that leads to kid `at` from the last kid before it that is there; vetoes between them are no kids
 * of their own. */
static const struct ir_arrow *arrow_to(const struct chain *c, uint32_t at)
{
    static const struct ir_arrow plain = {.most = INT64_MAX};
    uint32_t last = at;
    while (last && c->m->kids[last - 1].kind == IR_M_NOT) last--;
    return last && c->places[last - 1] ? &c->m->arrows[at] : &plain;
}

/* w with the first `at` kids of the chain done. */
static void expand_chain(struct expansion *x, const struct chain *c, uint32_t at, const struct way *w,
                         struct ways *out)
{
    if (at == c->m->n_kids) {
        struct way *done = ways_add(x, out, w);
        for (uint32_t i = 0; i < at; i++)
            if (c->m->kids[i].kind == IR_M_NOT) add_vetoes(x, c, i, done);
        return;
    }
    struct ways kid;
    ways_init(&kid);
    expand(x, &c->m->kids[at], &kid);
    for (const struct way *k = kid.first; k && !x->failed; k = k->next) {
        struct way both = copy_of(w);
        if (!append(x, &both, k)) return;
        uint64_t last = 0;
        for (uint32_t i = at; i-- > 0 && !last;) last = c->places[i];
        c->places[at] = bits_from(w->n_places, both.n_places);
        if (c->places[at] && last) bind_arrow(x, &both, w->n_places, last, arrow_to(c, at));
        expand_chain(x, c, at + 1, &both, out);
    }
}

static void expand_whole_chain(struct expansion *x, const struct ir_match *m, struct ways *out)
{
    static const struct way nothing;
    struct chain c = {m, ARENA_ARRAY(x->arena, uint64_t, m->n_kids)};
    expand_chain(x, &c, 0, &nothing, out);
}

/* ---- the other parts ---- */

/* w with the first `at` kids done: all of them are taken, or `left` more of them. */
static void expand_taking(struct expansion *x, const struct ir_match *m, uint32_t at, uint32_t left,
                          const struct way *w, struct ways *out)
{
    if (at == m->n_kids) {
        ways_add(x, out, w);
        return;
    }
    const struct ir_match *what = &m->kids[at];
    bool must = x->item && contains(what, x->item);
    struct ways kid;
    ways_init(&kid);
    if (left) expand(x, what, &kid);
    for (const struct way *k = kid.first; k && !x->failed; k = k->next) {
        struct way both = copy_of(w);
        if (append(x, &both, k)) expand_taking(x, m, at + 1, left - 1, &both, out);
    }
    if (left < m->n_kids - at && !must) expand_taking(x, m, at + 1, left, w, out);
}

static void add_inner(struct expansion *x, struct way *w, int64_t most)
{
    bool is_single = w->n_places == 1 && w->places[0].times == 1 && w->places[0].taking != IR_TAKE_SUM;
    if (most == INT64_MAX || !w->n_places || is_single) return;
    *ARENA_PUSH(x->arena, w->inners) = (struct ir_inner){bits_from(0, w->n_places), most};
}

static void expand_group(struct expansion *x, const struct ir_match *m, struct ways *out)
{
    struct ways kid;
    ways_init(&kid);
    expand(x, &m->kids[0], &kid);
    for (const struct way *k = kid.first; k && !x->failed; k = k->next)
        add_inner(x, ways_add(x, out, k), m->in);
}

static struct way *expand_step(struct expansion *x, uint32_t step, struct ways *out)
{
    struct way *w = ways_add(x, out, NULL);
    w->n_places = 1;
    w->places[0] = (struct ir_place){.step = step, .times = 1};
    w->required = 1;
    return w;
}

/* a[n..m]: what may be taken depends on the first and the last event alone. Any event between them can be in
 * a choice of n events; of fewer than three, in one of three. So ways for more than these say nothing new.
 * The window tells when the place began. */
static void expand_bounded(struct expansion *x, const struct ir_match *m, struct ways *out)
{
    for (uint32_t times = m->least; times == m->least || (times <= 3 && times <= m->most); times++) {
        struct way *w = expand_step(x, m->kids->step, out);
        w->places[0].times = (uint16_t)times;
        w->places[0].most = (uint16_t)m->most;
        *ARENA_PUSH(x->arena, w->inners) = (struct ir_inner){1, m->in == INT64_MAX ? x->rule->within : m->in};
    }
}

static void expand_repeat(struct expansion *x, const struct ir_match *m, struct ways *out)
{
    if (m->most) {
        expand_bounded(x, m, out);
        return;
    }
    struct way *w = expand_step(x, m->kids->step, out);
    struct ir_place *p = &w->places[0];
    p->times = (uint16_t)m->least;
    p->taking = m->taking;
    p->value = m->value;
    p->amount = m->amount;
    add_inner(x, w, m->in);
}

static void expand_item(struct expansion *x, const struct ir_match *m, struct ways *out)
{
    struct ways kid;
    ways_init(&kid);
    expand(x, &m->kids[0], &kid);
    for (struct way *k = kid.first; k && !x->failed; k = k->next) {
        struct way *w = ways_add(x, out, k);
        w->required = 0;
        for (uint32_t q = 0; q < w->n_places; q++) w->places[q].is_optional = true;
    }
}

static void expand_either(struct expansion *x, const struct ir_match *m, struct ways *out)
{
    bool has_item = x->item && contains(m, x->item);
    for (uint32_t i = 0; i < m->n_kids && !x->failed; i++)
        if (!has_item || contains(&m->kids[i], x->item)) expand(x, &m->kids[i], out);
}

static void expand(struct expansion *x, const struct ir_match *m, struct ways *out)
{
    static const struct way nothing;
    if (x->failed) return;
    switch (m->kind) {
    case IR_M_STEP: expand_step(x, m->step, out); break;
    case IR_M_REPEAT: expand_repeat(x, m, out); break;
    case IR_M_GROUP: expand_group(x, m, out); break;
    case IR_M_EITHER: expand_either(x, m, out); break;
    case IR_M_CHAIN: expand_whole_chain(x, m, out); break;
    case IR_M_SOME_OF: expand_taking(x, m, 0, m->least, &nothing, out); break;
    case IR_M_ANY_ORDER: expand_taking(x, m, 0, m->n_kids, &nothing, out); break;
    case IR_M_NOT: ways_add(x, out, &nothing); break; /* its chain puts it between the neighbours */
    case IR_M_OPTIONAL:
        if (x->item && contains(m, x->item))
            expand_item(x, m, out);
        else
            ways_add(x, out, &nothing);
        break;
    }
}

/* ---- references ---- */

static bool has_step(const struct way *w, uint32_t step)
{
    for (uint32_t q = 0; q < w->n_places; q++)
        if (w->places[q].step == step) return true;
    return false;
}

/* Whether an event of the group must agree with a step that the way does not take: there is none that could.
 */
static bool is_without_referred(const struct ir_rule *rule, const struct way *w, uint32_t step,
                                const struct ir_group *g)
{
    for (uint32_t i = 0; i < rule->n_joins; i++) {
        const struct ir_join *join = &rule->joins[i];
        if (g->joins[i] != IR_NONE && join->of != step && !join->differs && !has_step(w, join->of))
            return true;
    }
    return false;
}

static bool step_can_be(const struct ir_rule *rule, const struct way *w, uint32_t step)
{
    if (!rule->n_joins) return true;
    for (uint32_t g = 0; g < rule->steps[step].n_groups; g++)
        if (!is_without_referred(rule, w, step, &rule->steps[step].groups[g])) return true;
    return false;
}

static bool way_can_be(const struct ir_rule *rule, const struct way *w)
{
    for (uint32_t q = 0; q < w->n_places; q++)
        if (!step_can_be(rule, w, w->places[q].step)) return false;
    return true;
}

static void refuse_impossible(struct expansion *x)
{
    const struct ir_match *at = x->item ? x->item : x->rule->match;
    struct diag *d =
        diag_at(x->diags, E0334, at->span, "each choice lacks a step that another one of it refers to");
    diag_note(d, "of a step that was not chosen every field is absent, and nothing equals what is absent");
}

/* ---- automata ----------------------------------------------------------------------------------------- */

static void write_alternative(struct arena *arena, const struct way *w, struct ir_alternative *a)
{
    struct ARENA_VEC(struct ir_order) order = {0};
    for (uint32_t q = 0; q < w->n_places; q++)
        for (uint32_t b = 0; b < q; b++)
            if (w->before[q] >> b & 1)
                *ARENA_PUSH(arena, order) =
                    (struct ir_order){(uint16_t)b, (uint16_t)q, w->strict[q] >> b & 1};
    a->places = ARENA_ARRAY(arena, struct ir_place, w->n_places);
    if (w->n_places) memcpy(a->places, w->places, w->n_places * sizeof *a->places);
    a->n_places = w->n_places;
    a->order = order.at, a->n_order = order.len;
    a->gaps = w->gaps.at, a->n_gaps = w->gaps.len;
    a->inners = w->inners.at, a->n_inners = w->inners.len;
    a->vetoes = w->vetoes.at, a->n_vetoes = w->vetoes.len;
}

/* `until c`, and without vetoes that no event can break. */
static void finish_vetoes(struct expansion *x, struct way *w)
{
    struct way all = *w; /* other ways may share the rows */
    w->vetoes.at = NULL, w->vetoes.len = w->vetoes.cap = 0;
    for (uint32_t i = 0; i < all.vetoes.len; i++)
        if (step_can_be(x->rule, w, all.vetoes.at[i].step))
            *ARENA_PUSH(x->arena, w->vetoes) = all.vetoes.at[i];
    if (x->rule->until != IR_NONE && step_can_be(x->rule, w, x->rule->until))
        *ARENA_PUSH(x->arena, w->vetoes) = (struct ir_veto){.kind = IR_VETO_UNTIL, .step = x->rule->until};
}

static void refuse_size(struct expansion *x, const char *what, uint32_t most)
{
    struct diag *d = diag_at(x->diags, E0330, x->rule->match->span, "%s", what);
    diag_note(d, "the most is %u for the required part, and for it with each optional item", most);
}

static bool refuse_many_values(struct expansion *x, const struct ir_alternative *a)
{
    uint32_t step, of;
    if (!veto_refers_to_many(x->rule, a, &step, &of)) return false;
    struct text name = x->rule->steps[of].name;
    struct diag *d =
        diag_at(x->diags, E0348, x->rule->steps[step].span,
                "this refers to `" TEXT_FMT "`, whose events may have several values", TEXT_ARG(name));
    diag_note(d, "a forbidden event refers to one event, or to events that another step of the match ties to "
                 "one value");
    return true;
}

static bool write_automaton(struct expansion *x, const struct ir_match *item, struct ir_automaton *out)
{
    struct ways ws;
    ways_init(&ws);
    x->item = item;
    expand(x, x->rule->match, &ws);
    if (ws.n > ALTERNATIVES_MOST) return refuse_size(x, "too many alternatives", ALTERNATIVES_MOST), false;
    if (x->failed) return refuse_size(x, "too many places", PLACES_MOST), false;
    out->alternatives = ARENA_ARRAY(x->arena, struct ir_alternative, ws.n);
    uint32_t progress = 0;
    for (struct way *w = ws.first; w; w = w->next) {
        if (!way_can_be(x->rule, w)) continue;
        finish_vetoes(x, w);
        struct ir_alternative *a = &out->alternatives[out->n_alternatives++];
        write_alternative(x->arena, w, a);
        x->waits_for |= vetoes_wait_for(x->rule, a);
        if (refuse_many_values(x, a)) return false;
        for (uint32_t q = 0; q < a->n_places; q++)
            if (a->places[q].is_optional) out->optional_steps |= UINT64_C(1) << a->places[q].step;
        progress += progress_count(a, PROGRESS_MOST);
        if (progress > PROGRESS_MOST)
            return refuse_size(x, "too many combinations of progress", PROGRESS_MOST), false;
    }
    if (!out->n_alternatives) refuse_impossible(x);
    return out->n_alternatives > 0;
}

static uint32_t count_items(const struct ir_match *m)
{
    uint32_t n = m->kind == IR_M_OPTIONAL;
    for (uint32_t i = 0; i < m->n_kids; i++) n += count_items(&m->kids[i]);
    return n;
}

static bool write_items(struct expansion *x, const struct ir_match *m)
{
    if (m->kind == IR_M_OPTIONAL && !write_automaton(x, m, &x->rule->automata[x->rule->n_automata++]))
        return false;
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (!write_items(x, &m->kids[i])) return false;
    return true;
}

static void refuse_differing(struct expansion *x)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < x->rule->n_joins; i++) n += x->rule->joins[i].differs;
    if (n <= DIFFERS_MOST) return;
    struct diag *d =
        diag_at(x->diags, E0330, x->rule->match->span, "too many pairs of steps are told apart by `!=`");
    diag_note(d, "the most is %d", DIFFERS_MOST);
    x->failed = true;
}

static bool is_taken_once(const struct ir_match *m, uint32_t step)
{
    if (m->kind == IR_M_STEP) return m->step == step;
    for (uint32_t i = 0; i < m->n_kids && m->kind != IR_M_REPEAT && m->kind != IR_M_NOT; i++)
        if (is_taken_once(&m->kids[i], step)) return true;
    return false;
}

/* How many there are in all depends on which values the choice has shown, and a run keeps one. */
static void refuse_bounded(struct expansion *x, const struct ir_match *m)
{
    for (uint32_t j = 0; m->kind == IR_M_REPEAT && m->most && j < x->rule->n_joins; j++) {
        const struct ir_join *join = &x->rule->joins[j];
        if (!join->differs || (join->of != m->kids->step && join->by != m->kids->step)) continue;
        if (is_taken_once(x->rule->match, join->of == m->kids->step ? join->by : join->of)) continue;
        diag_at(x->diags, E0346, m->span, "its events are told apart by `!=`");
        x->failed = true;
        return;
    }
    for (uint32_t i = 0; i < m->n_kids; i++) refuse_bounded(x, &m->kids[i]);
}

static const struct ir_match the_one_step = {.kind = IR_M_STEP};

static void refuse_suspects(struct expansion *x)
{
    if (__builtin_popcountll(x->waits_for) <= LATER_MOST) return;
    struct diag *d = diag_at(x->diags, E0330, x->rule->match->span,
                             "too many references of forbidden events to later ones");
    diag_note(d, "the most is %d", LATER_MOST);
    x->failed = true;
}

bool compile_automata(struct arena *arena, struct ir_rule *rule, struct diags *diags)
{
    struct ir_match single = the_one_step; /* an `on` rule: its one event is the match */
    const struct ir_match *written = rule->match;
    struct expansion x = {.arena = arena, .rule = rule, .diags = diags};
    if (!written) rule->match = &single;
    refuse_gaps(&x, rule->match);
    refuse_differing(&x);
    refuse_bounded(&x, rule->match);
    if (!x.failed) {
        rule->automata = ARENA_ARRAY(arena, struct ir_automaton, 1 + count_items(rule->match));
        rule->n_automata = 1;
        x.failed = !write_automaton(&x, NO_ITEM, &rule->automata[0]) || !write_items(&x, rule->match);
    }
    refuse_suspects(&x);
    rule->match = (struct ir_match *)written;
    return !x.failed;
}
