/* why_hit.c - why an event that fills a step did not go on: a baseline, the key, the order, the window, a
 * reference, what is forbidden.
 */
#include "engine/watch/why.h"

#define BIT(n) (UINT64_C(1) << (n))

/* ---- how far it got ------------------------------------------------------------------------------------ */

struct reach reach_of(const struct state_view *v)
{
    struct reach r = {.is_there = true,
                      .key = v->key,
                      .places = v->places,
                      .n_places = v->n_places,
                      .joins = (struct hash128 *)(uintptr_t)v->joins, /* read only, until it is copied */
                      .n_inners = v->n_inners < PLACES_MOST ? v->n_inners : PLACES_MOST,
                      .start = v->start};
    for (uint32_t q = 0; q < v->n_places; q++) {
        r.full += v->taken[q] == v->places[q].times;
        r.events += v->taken[q];
    }
    if (r.n_inners) memcpy(r.inners, v->inners, r.n_inners * sizeof *r.inners);
    memcpy(r.before, v->before, v->n_places * sizeof *r.before);
    memcpy(r.taken, v->taken, v->n_places * sizeof *r.taken);
    memcpy(r.last, v->last, v->n_places * sizeof *r.last);
    return r;
}

bool reach_is_complete(const struct reach *r)
{
    return r->is_there && r->full == r->n_places;
}

int reach_compare(const struct reach *a, const struct reach *b)
{
    if (a->is_there != b->is_there) return a->is_there ? 1 : -1;
    if (reach_is_complete(a) != reach_is_complete(b)) return reach_is_complete(a) ? 1 : -1;
    if (a->full != b->full) return a->full > b->full ? 1 : -1;
    return (a->events > b->events) - (a->events < b->events);
}

struct reach reach_copy(struct arena *a, const struct reach *r, uint32_t n_joins)
{
    struct reach copy = *r;
    copy.key = arena_text(a, r->key.at, r->key.len);
    copy.joins = ARENA_ARRAY(a, struct hash128, n_joins);
    if (n_joins) memcpy(copy.joins, r->joins, n_joins * sizeof *copy.joins);
    return copy;
}

static uint64_t full_places(const struct reach *r)
{
    uint64_t full = 0;
    for (uint32_t q = 0; q < r->n_places; q++)
        if (r->taken[q] == r->places[q].times) full |= BIT(q);
    return full;
}

bool reach_awaits(const struct reach *r, uint32_t place)
{
    uint64_t full = full_places(r);
    return !(full & BIT(place)) && !(r->before[place] & ~full);
}

int64_t reach_last(const struct reach *r)
{
    int64_t last = INT64_MIN;
    for (uint32_t q = 0; q < r->n_places; q++)
        if (r->taken[q] && r->last[q] > last) last = r->last[q];
    return last;
}

/* ---- baselines ----------------------------------------------------------------------------------------- */

static struct value gate_ask(const struct why *w, const struct ir_node *n)
{
    for (uint32_t i = 0; i < w->hit->n_asks; i++) {
        const struct hit_ask *ask = &w->hit->asks[i];
        const struct answer *a = &w->answers[i];
        if (ask->ask != n->x) continue;
        if (ask->is_absent) return n->op == IR_OP_ASK_NEW ? value_bool(false) : value_absent();
        if (ask->is_unknown || !a->is_known) return value_withheld();
        return answer_value(w->rule->asks[n->x].kind, a);
    }
    return value_absent();
}

static struct value gate_leaf(struct eval *e, ir_node_id id, const struct ir_node *n)
{
    const struct why *w = e->world;
    (void)id;
    if (n->op == IR_OP_CAPTURE && n->y == w->hit->step) return w->hit->captures[n->x];
    if (n->op >= IR_OP_ASK_NEW && n->op <= IR_OP_ASK_SINCE) return gate_ask(w, n);
    return value_absent();
}

/* The evaluator is at the hit until an event is read again. */
static ir_node_id look_at_gate(struct why *w, const struct hit *h, const struct answer *answers)
{
    struct eval *e = &w->bench->eval;
    eval_reset(e);
    e->leaf = gate_leaf;
    e->world = w;
    w->hit = h;
    w->answers = answers;
    return w->rule->steps[h->step].groups[h->group].gate;
}

uint32_t why_count_shut(struct why *w, const struct hit *h, const struct answer *answers)
{
    return why_count_false(w, look_at_gate(w, h, answers));
}

/* The parts of what a baseline is asked, as the event shows them. */
static void put_asked(struct why *w, const struct ir_baseline *b)
{
    for (uint32_t i = 0; i < b->n_key + (b->value != IR_NONE); i++) {
        ir_node_id part = i < b->n_key ? b->key[i] : b->value;
        if (i) line_put(&w->line, ", ");
        ir_print_node(w->bench->ir, w->rule, part, line_out(&w->line));
        line_put(&w->line, " ");
        line_value(&w->line, eval_value(&w->bench->eval, part));
    }
}

static void put_answer(struct why *w, const struct hit_ask *ask, const struct answer *a)
{
    const struct ir_baseline *b = &w->bench->ir->baselines[w->rule->asks[ask->ask].baseline];
    bool is_answered = !ask->is_absent && !ask->is_unknown;
    line_put(&w->line, ", " TEXT_FMT " ", TEXT_ARG(b->name));
    const char *knows = !is_answered   ? "cannot be asked about "
                        : !a->is_known ? w->no_history
                        : a->is_new    ? "has not seen "
                                       : "knows ";
    line_put(&w->line, "%s", knows);
    put_asked(w, b);
    if (!is_answered || !a->is_known || !a->is_seen || a->age <= 0) return;
    line_put(&w->line, ", first seen ");
    line_duration(&w->line, a->age);
    line_put(&w->line, " before");
}

void why_put_gate(struct why *w, const struct hit *h, const struct answer *answers)
{
    struct text record = w->event.record;
    why_put_false(w, look_at_gate(w, h, answers));
    if (!why_read(w, record)) return;
    for (uint32_t i = 0; i < h->n_asks; i++) put_answer(w, &h->asks[i], &answers[i]);
}

/* ---- key, order, window -------------------------------------------------------------------------------- */

void why_put_other_key(struct why *w, struct text mine, struct text wanted)
{
    const char *a = mine.at, *b = wanted.at;
    for (uint32_t i = 0; i < w->rule->n_by && a < mine.at + mine.len && b < wanted.at + wanted.len; i++) {
        const char *from_a = a, *from_b = b;
        struct value va = value_key_get(&a, mine.at + mine.len),
                     vb = value_key_get(&b, wanted.at + wanted.len);
        if (a - from_a == b - from_b && !memcmp(from_a, from_b, (size_t)(a - from_a))) continue;
        line_put(&w->line, "its `" TEXT_FMT "` is ", TEXT_ARG(w->rule->by[i].name));
        line_value(&w->line, va);
        line_put(&w->line, ", not ");
        line_value(&w->line, vb);
        return;
    }
}

uint32_t why_too_early(const struct reach *r, uint32_t place, int64_t second)
{
    for (uint32_t q = 0; place != IR_NONE && q < r->n_places; q++)
        if (r->before[place] & BIT(q) && r->taken[q] && r->last[q] > second) return q;
    return IR_NONE;
}

void why_put_too_early(struct why *w, const struct reach *r, uint32_t earlier)
{
    line_put(&w->line, "it comes before " TEXT_FMT ", at ",
             TEXT_ARG(w->rule->steps[r->places[earlier].step].name));
    w->moment(w->world, &w->line, r->last[earlier]);
}

int64_t why_too_late(const struct why *w, const struct reach *r, int64_t second)
{
    return second - r->start > w->rule->within ? second - r->start - w->rule->within : 0;
}

void why_put_too_late(struct why *w, const struct reach *r)
{
    line_put(&w->line, "the window of ");
    line_duration(&w->line, w->rule->within);
    line_put(&w->line, " that began at ");
    w->moment(w->world, &w->line, r->start);
    line_put(&w->line, " is over");
}

/* ---- gaps ---------------------------------------------------------------------------------------------- */

static const struct ir_alternative *alternative_of(const struct why *w, const struct reach *r)
{
    const struct ir_automaton *a = &w->rule->automata[0];
    for (uint32_t i = 0; i < a->n_alternatives; i++)
        if (a->alternatives[i].places == r->places) return &a->alternatives[i];
    return NULL;
}

static int64_t last_of(const struct reach *r, uint64_t places)
{
    int64_t last = INT64_MIN;
    for (uint32_t q = 0; q < r->n_places; q++)
        if (places & BIT(q) && r->taken[q] && r->last[q] > last) last = r->last[q];
    return last;
}

/* The right side has not begun, and the left one is complete. */
static bool is_pending(const struct reach *r, const struct ir_gap *g, uint32_t place)
{
    for (uint32_t q = 0; q < r->n_places; q++)
        if (g->right & BIT(q) && r->taken[q]) return false;
    return g->right & BIT(place) && !(g->left & ~full_places(r));
}

static int64_t off(const struct reach *r, const struct ir_gap *g, int64_t second)
{
    int64_t distance = second - last_of(r, g->left);
    if (distance < g->least) return distance - g->least;
    return distance > g->most ? distance - g->most : 0;
}

int64_t why_off_gap(const struct why *w, const struct reach *r, uint32_t place, int64_t second,
                    struct ir_gap *gap)
{
    const struct ir_alternative *a = place == IR_NONE ? NULL : alternative_of(w, r);
    for (uint32_t i = 0; a && i < a->n_gaps; i++) {
        *gap = a->gaps[i];
        if (is_pending(r, gap, place) && off(r, gap, second)) return off(r, gap, second);
    }
    for (uint32_t i = 0; a && i < a->n_order; i++) {
        const struct ir_order *o = &a->order[i];
        *gap = (struct ir_gap){.left = BIT(o->before), .right = BIT(place), .least = 1, .most = INT64_MAX};
        if (o->strict && o->after == place && is_pending(r, gap, place) && off(r, gap, second))
            return off(r, gap, second);
    }
    return 0;
}

void why_put_off_gap(struct why *w, const struct reach *r, const struct ir_gap *gap, int64_t second)
{
    int64_t distance = second - last_of(r, gap->left);
    const char *separator = " after ";
    line_put(&w->line, "it comes ");
    line_duration(&w->line, distance);
    for (uint32_t q = 0; q < r->n_places; q++) {
        if (!(gap->left & BIT(q)) || r->last[q] != last_of(r, gap->left)) continue;
        line_put(&w->line, "%s" TEXT_FMT, separator, TEXT_ARG(w->rule->steps[r->places[q].step].name));
        separator = ", ";
    }
    line_put(&w->line, distance < gap->least ? ", at least " : ", at most ");
    line_duration(&w->line, distance < gap->least ? gap->least : gap->most);
    line_put(&w->line, distance < gap->least ? " must lie between" : " may lie between");
}

/* ---- windows inside, upper bounds ---------------------------------------------------------------------- */

/* The window has begun, and waits for more. */
static bool is_open(const struct reach *r, const struct ir_inner *n)
{
    bool any = false;
    for (uint32_t q = 0; q < r->n_places; q++) any |= n->places & BIT(q) && r->taken[q];
    return any && n->places & ~full_places(r);
}

int64_t why_off_inner(const struct why *w, const struct reach *r, uint32_t place, int64_t second,
                      uint32_t *inner)
{
    const struct ir_alternative *a = place == IR_NONE ? NULL : alternative_of(w, r);
    for (uint32_t i = 0; a && i < a->n_inners && i < r->n_inners; i++) {
        int64_t over = second - r->inners[i] - a->inners[i].most;
        *inner = i;
        if (a->inners[i].places & BIT(place) && is_open(r, &a->inners[i]) && over > 0) return over;
    }
    return 0;
}

void why_put_off_inner(struct why *w, const struct reach *r, uint32_t inner)
{
    line_put(&w->line, "the window of ");
    line_duration(&w->line, alternative_of(w, r)->inners[inner].most);
    line_put(&w->line, " inside the match that began at ");
    w->moment(w->world, &w->line, r->inners[inner]);
    line_put(&w->line, " is over");
}

bool why_is_bounded(const struct reach *r, uint32_t place)
{
    return place != IR_NONE && r->places[place].most;
}

void why_put_bounded(struct why *w, const struct reach *r, uint32_t place)
{
    line_put(&w->line, "more than %u events of " TEXT_FMT " lie within its window", r->places[place].most,
             TEXT_ARG(w->rule->steps[r->places[place].step].name));
}

static void take_sooner(struct deadline *d, int64_t from, int64_t most)
{
    if (most != INT64_MAX && from + most < d->from + d->most) *d = (struct deadline){from, most};
}

struct deadline why_deadline(const struct why *w, const struct reach *r)
{
    const struct ir_alternative *a = alternative_of(w, r);
    struct deadline d = {r->start, w->rule->within};
    for (uint32_t i = 0; a && i < a->n_inners && i < r->n_inners; i++)
        if (is_open(r, &a->inners[i])) take_sooner(&d, r->inners[i], a->inners[i].most);
    for (uint32_t i = 0; a && i < a->n_gaps; i++)
        for (uint32_t q = 0; q < r->n_places; q++)
            if (is_pending(r, &a->gaps[i], q)) take_sooner(&d, last_of(r, a->gaps[i].left), a->gaps[i].most);
    return d;
}

/* ---- references ---------------------------------------------------------------------------------------- */

uint32_t why_disagrees(const struct why *w, const struct reach *r, const struct hit *h)
{
    for (uint32_t j = 0; j < w->rule->n_joins; j++)
        if (!w->rule->joins[j].differs && hash128_is_set(h->joins[j]) && hash128_is_set(r->joins[j]) &&
            !hash128_equal(h->joins[j], r->joins[j]))
            return j;
    return IR_NONE;
}

void why_put_disagrees(struct why *w, const struct reach *r, const struct hit *h, uint32_t join)
{
    ir_node_id mine = w->rule->steps[h->step].groups[h->group].joins[join];
    ir_print_node(w->bench->ir, w->rule, mine, line_out(&w->line));
    line_put(&w->line, " is ");
    line_value(&w->line, eval_value(&w->bench->eval, mine));
    line_put(&w->line, ", " TEXT_FMT " is ", TEXT_ARG(w->rule->joins[join].name));
    if (!w->agreed || !w->agreed(w->world, &w->line, join, r->joins[join])) line_put(&w->line, "another");
}

/* ---- what is forbidden --------------------------------------------------------------------------------- */

/* The veto's span, as far as it is known: from what is there to the event that would come next, or from that
 * event on. */
static bool is_inside(const struct reach *r, const struct ir_veto *v, uint32_t place, int64_t next,
                      int64_t at)
{
    bool is_left = place != IR_NONE && v->left & BIT(place),
         is_right = place == IR_NONE || v->right & BIT(place);
    int64_t from = is_left ? next : last_of(r, v->left);
    bool begins = is_left || !(v->left & ~full_places(r));
    switch ((enum ir_veto_kind)v->kind) {
    case IR_VETO_UNTIL: return at >= r->start && at <= next;
    case IR_VETO_FOR: return begins && at >= from && at <= from + v->seconds;
    default: return begins && (is_left || is_right) && at >= from && at <= next;
    }
}

bool why_forbids(const struct why *w, const struct reach *r, uint32_t place, int64_t second,
                 const struct hit *forbidden)
{
    const struct ir_alternative *a = alternative_of(w, r);
    if (!a || !text_equal(forbidden->key, r->key)) return false;
    for (uint32_t i = 0; i < a->n_vetoes; i++)
        if (a->vetoes[i].step == forbidden->step &&
            is_inside(r, &a->vetoes[i], place, second, forbidden->second) &&
            why_disagrees(w, r, forbidden) == IR_NONE)
            return true;
    return false;
}

void why_put_forbidden(struct why *w, const struct hit *forbidden)
{
    line_put(&w->line, TEXT_FMT " is forbidden, and came at ",
             TEXT_ARG(w->rule->steps[forbidden->step].name));
    w->moment(w->world, &w->line, forbidden->second);
    line_put(&w->line, ": " TEXT_FMT ":" TEXT_FMT, TEXT_ARG(forbidden->evidence.service),
             TEXT_ARG(forbidden->evidence.action));
}

/* ---- where --------------------------------------------------------------------------------------------- */

static bool part_holds(const struct incident *i, uint32_t part)
{
    return value_equal(i->probes[PART_PROBES * part], value_bool(true)) == TRI_TRUE;
}

uint32_t why_unmet(const struct why *w, const struct incident *i)
{
    uint32_t n = 0;
    for (uint32_t part = 0; part < w->bench->n_probes / PART_PROBES; part++) n += !part_holds(i, part);
    return n;
}

static void put_side(struct why *w, const struct incident *i, uint32_t probe, const char *before)
{
    ir_node_id node = w->bench->probes[probe];
    if (w->bench->ir->nodes[node].op == IR_OP_CONST) return;
    line_put(&w->line, "%s", before);
    ir_print_node(w->bench->ir, w->rule, node, line_out(&w->line));
    line_put(&w->line, " is ");
    line_value(&w->line, i->probes[probe]);
}

void why_put_unmet(struct why *w, const struct incident *i)
{
    bool first = true;
    for (uint32_t part = 0; part < w->bench->n_probes / PART_PROBES; part++) {
        uint32_t probe = PART_PROBES * part;
        const ir_node_id *probes = w->bench->probes;
        if (part_holds(i, part)) continue;
        line_put(&w->line, first ? "`" : "; `");
        ir_print_node(w->bench->ir, w->rule, probes[probe], line_out(&w->line));
        line_put(&w->line, i->probes[probe].kind == VALUE_UNKNOWN ? "` is unknown" : "` is false");
        if (probes[probe + 1] != probes[probe]) put_side(w, i, probe + 1, ": ");
        if (probes[probe + 2] != probes[probe]) put_side(w, i, probe + 2, ", ");
        first = false;
    }
}
