/* automaton.c - from a rule's match tree to the automata that are executed.
 *
 * A tree is expanded into *ways*: each way takes one side of every `|`, and lists the places that it fills,
 * which of them must come before which, and the gaps. The required part (all optional items left out) gives
 * automata[0]; the required part with one optional item gives one automaton an item, because items are judged
 * apart (language.md B9): m items cost m + 1 automata, not 2^m.
 *
 * Invariants
 * 1. The places of a way stand in the order of the match clause, so an order's `before` has the smaller
 *    number.
 * 2. `before` and `strict` are closed: what must precede a place's predecessor must precede the place.
 * 3. Every way of an item's automaton keeps the constraints of the required part alone; the item only adds to
 *    them. So the required events beside an item are a choice of the required part by themselves.
 * 4. An arrow beside an optional item binds that item alone; the required neighbours then stand in plain
 *    `->`.
 *
 * What language.md B8 and B9 refuse has been refused by match.c; here only sizes are.
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

static struct way *ways_add(struct expansion *x, struct ways *ws, const struct way *copy)
{
    struct way *w = ARENA_NEW(x->arena, struct way);
    if (copy) *w = *copy;
    w->gaps.cap = w->gaps.len; /* a copy that grows leaves its original alone */
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
    if (more->n_places) w->required |= more->required << base;
    for (uint32_t i = 0; i < more->gaps.len; i++) {
        struct ir_gap g = more->gaps.at[i];
        *ARENA_PUSH(x->arena, w->gaps) = (struct ir_gap){g.left << base, g.right << base, g.least, g.most};
    }
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

/* w with the first `at` kids of the chain done; `last`: the places of the last kid that has any, number
 * last_kid. */
static void expand_chain(struct expansion *x, const struct ir_match *m, uint32_t at, const struct way *w,
                         uint64_t last, uint32_t last_kid, struct ways *out)
{
    static const struct ir_arrow plain = {.most = INT64_MAX};
    if (at == m->n_kids) {
        ways_add(x, out, w);
        return;
    }
    struct ways kid;
    ways_init(&kid);
    expand(x, &m->kids[at], &kid);
    for (const struct way *k = kid.first; k && !x->failed; k = k->next) {
        struct way both = *w;
        both.gaps.cap = both.gaps.len;
        if (!append(x, &both, k)) return;
        uint64_t here = bits_from(w->n_places, both.n_places);
        if (here && last)
            bind_arrow(x, &both, w->n_places, last, last_kid + 1 == at ? &m->arrows[at] : &plain);
        expand_chain(x, m, at + 1, &both, here ? here : last, here ? at : last_kid, out);
    }
}

static void expand_any_order(struct expansion *x, const struct ir_match *m, uint32_t at, const struct way *w,
                             struct ways *out)
{
    if (at == m->n_kids) {
        ways_add(x, out, w);
        return;
    }
    struct ways kid;
    ways_init(&kid);
    expand(x, &m->kids[at], &kid);
    for (const struct way *k = kid.first; k && !x->failed; k = k->next) {
        struct way both = *w;
        both.gaps.cap = both.gaps.len;
        if (append(x, &both, k)) expand_any_order(x, m, at + 1, &both, out);
    }
}

static void expand_step(struct expansion *x, const struct ir_match *m, uint32_t times, struct ways *out)
{
    struct way *w = ways_add(x, out, NULL);
    w->n_places = 1;
    w->places[0] = (struct ir_place){.step = m->step, .times = (uint16_t)times};
    w->required = 1;
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
    case IR_M_STEP: expand_step(x, m, 1, out); break;
    case IR_M_REPEAT: expand_step(x, &m->kids[0], m->least, out); break;
    case IR_M_GROUP: expand(x, &m->kids[0], out); break;
    case IR_M_EITHER: expand_either(x, m, out); break;
    case IR_M_CHAIN: expand_chain(x, m, 0, &nothing, 0, 0, out); break;
    case IR_M_SOME_OF:
    case IR_M_ANY_ORDER: expand_any_order(x, m, 0, &nothing, out); break;
    case IR_M_NOT: break;
    case IR_M_OPTIONAL:
        if (m == x->item)
            expand_item(x, m, out);
        else
            ways_add(x, out, &nothing);
        break;
    }
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
}

static void refuse_size(struct expansion *x, const char *what, uint32_t most)
{
    struct diag *d = diag_at(x->diags, E0330, x->rule->match->span, "%s", what);
    diag_note(d, "the most is %u for the required part, and for it with each optional item", most);
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
    for (const struct way *w = ws.first; w; w = w->next) {
        struct ir_alternative *a = &out->alternatives[out->n_alternatives++];
        write_alternative(x->arena, w, a);
        for (uint32_t q = 0; q < a->n_places; q++)
            if (a->places[q].is_optional) out->optional_steps |= UINT64_C(1) << a->places[q].step;
        progress += progress_count(a, PROGRESS_MOST);
        if (progress > PROGRESS_MOST)
            return refuse_size(x, "too many combinations of progress", PROGRESS_MOST), false;
    }
    return true;
}

static uint32_t count_items(const struct ir_match *m)
{
    if (m->kind == IR_M_OPTIONAL) return 1;
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_kids; i++) n += count_items(&m->kids[i]);
    return n;
}

static bool write_items(struct expansion *x, const struct ir_match *m)
{
    if (m->kind == IR_M_OPTIONAL) return write_automaton(x, m, &x->rule->automata[x->rule->n_automata++]);
    for (uint32_t i = 0; i < m->n_kids; i++)
        if (!write_items(x, &m->kids[i])) return false;
    return true;
}

static const struct ir_match the_one_step = {.kind = IR_M_STEP};

bool compile_automata(struct arena *arena, struct ir_rule *rule, struct diags *diags)
{
    struct ir_match single = the_one_step; /* an `on` rule: its one event is the match */
    const struct ir_match *written = rule->match;
    struct expansion x = {.arena = arena, .rule = rule, .diags = diags};
    if (!written) rule->match = &single;
    refuse_gaps(&x, rule->match);
    if (!x.failed) {
        rule->automata = ARENA_ARRAY(arena, struct ir_automaton, 1 + count_items(rule->match));
        rule->n_automata = 1;
        x.failed = !write_automaton(&x, NO_ITEM, &rule->automata[0]) || !write_items(&x, rule->match);
    }
    rule->match = (struct ir_match *)written;
    return !x.failed;
}
