/* testing_explain.c - why an incident did not come: how far the best choice got, and why no event went on
 * from there.
 *
 * The events of the next step's calls are looked at one by one: a part of the predicate is false (and what it
 * saw), the key is another one, the window was over, it came too early, a reference does not agree, a
 * baseline says no.
 */
#include "engine/testing.h"

#include "engine/base/glob.h"

#define REASONS_MOST 4 /* events of a step that are told of */
#define VALUES_MOST  4 /* values that a false test shows */

struct explaining {
    struct trial *t;
    struct lines *lines;
    struct line line;
    struct event event;    /* looked at again */
    const struct hit *hit; /* of a gate */
    const struct answer *answers;
};

static void say(struct explaining *x)
{
    *ARENA_PUSH(x->t->arena, *x->lines) = line_end(&x->line);
}

/* ---- an event again * ------------------------------------------------------------------------------- */

static bool read_again(struct explaining *x, uint32_t event)
{
    return bench_read(x->t, x->t->events.at[event].record, &x->event);
}

static bool api_fits(const struct ir_api *api, const struct event *e)
{
    if (api->rule != IR_NONE) return false;
    if (!api->action.len) return true;
    return glob_match(api->service, e->service, false) && glob_match(api->action, e->action, false);
}

static bool group_wants(const struct ir_group *g, const struct event *e)
{
    for (uint32_t a = 0; a < g->n_apis; a++)
        if (api_fits(&g->apis[a], e)) return true;
    return false;
}

/* ---- false tests * ---------------------------------------------------------------------------------- */

static uint32_t conjuncts(const struct ir *ir, ir_node_id test)
{
    return test == IR_NONE ? 0 : ir->nodes[test].op == IR_OP_AND ? ir->nodes[test].n : 1;
}

static ir_node_id conjunct(const struct ir *ir, ir_node_id test, uint32_t i)
{
    return ir->nodes[test].op == IR_OP_AND ? ir->operands[ir->nodes[test].first + i] : test;
}

static bool is_test(uint8_t op)
{
    return (op >= IR_OP_EQ && op <= IR_OP_NOT) || op == IR_OP_ANY || op == IR_OP_ALL;
}

static void put_value(struct explaining *x, ir_node_id id, uint32_t *n)
{
    const struct ir *ir = x->t->bench->ir;
    if (*n == VALUES_MOST) return;
    line_put(&x->line, (*n)++ ? ", " : ": ");
    ir_print_node(ir, x->t->rule, id, line_out(&x->line));
    line_put(&x->line, " is ");
    line_value(&x->line, eval_value(&x->t->bench->eval, id));
}

/* The values that a test compares. Of a quantifier what it goes through. */
static void put_values(struct explaining *x, ir_node_id id, uint32_t *n)
{
    const struct ir *ir = x->t->bench->ir;
    const struct ir_node *node = &ir->nodes[id];
    if (node->op == IR_OP_CONST || node->op == IR_OP_LIST || node->op == IR_OP_ITEM) return;
    if (!is_test(node->op)) {
        put_value(x, id, n);
        return;
    }
    bool quantifies = node->op == IR_OP_ANY || node->op == IR_OP_ALL;
    for (uint32_t i = 0; i < (quantifies ? 1 : node->n); i++) put_values(x, ir->operands[node->first + i], n);
}

/* `ok` is false: the error says why. */
static void put_error(struct explaining *x, ir_node_id id)
{
    static const char *const outcomes[] = {"ok", "failed", "denied", "dry_run"};
    const struct ir *ir = x->t->bench->ir;
    const struct ir_node *node = &ir->nodes[id];
    if (node->op == IR_OP_NOT) node = &ir->nodes[ir->operands[node->first]];
    if (node->op != IR_OP_FIELD) return;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (!text_equal(ir->fields[node->x].name, text_of(outcomes[i]))) continue;
        uint32_t f = x->t->bench->plan->evidence[EVIDENCE_ERROR];
        ir_node_id error = f == IR_NONE ? IR_NONE : ir->fields[f].in_schema[x->event.schema];
        line_put(&x->line, ", error is ");
        line_value(&x->line, error == IR_NONE ? value_absent() : eval_value(&x->t->bench->eval, error));
    }
}

static void put_false_test(struct explaining *x, ir_node_id id)
{
    uint32_t n = 0;
    enum tri truth = eval_test(&x->t->bench->eval, id);
    line_put(&x->line, "`");
    ir_print_node(x->t->bench->ir, x->t->rule, id, line_out(&x->line));
    line_put(&x->line, truth == TRI_UNKNOWN ? "` is unknown" : "` is false");
    if (is_test(x->t->bench->ir->nodes[id].op)) put_values(x, id, &n);
    put_error(x, id);
}

/* The parts of a conjunction that do not hold; how many. */
static uint32_t count_false(struct explaining *x, ir_node_id test)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < conjuncts(x->t->bench->ir, test); i++)
        n += eval_test(&x->t->bench->eval, conjunct(x->t->bench->ir, test, i)) != TRI_TRUE;
    return n;
}

static void put_false_tests(struct explaining *x, ir_node_id test)
{
    bool first = true;
    for (uint32_t i = 0; i < conjuncts(x->t->bench->ir, test); i++) {
        ir_node_id part = conjunct(x->t->bench->ir, test, i);
        if (eval_test(&x->t->bench->eval, part) == TRI_TRUE) continue;
        if (!first) line_put(&x->line, "; ");
        put_false_test(x, part);
        first = false;
    }
}

/* ---- an event that fits no group * ------------------------------------------------------------------ */

/* Of the groups that want the call the one that is nearest to fitting; NULL: none wants it. */
static const struct ir_group *nearest_group(struct explaining *x, const struct ir_step *step)
{
    const struct ir_group *best = NULL;
    uint32_t least = UINT32_MAX;
    for (uint32_t g = 0; g < step->n_groups; g++) {
        if (!group_wants(&step->groups[g], &x->event)) continue;
        uint32_t n = count_false(x, step->groups[g].test);
        if (n < least) best = &step->groups[g], least = n;
    }
    return best;
}

/* It fits, but has no key: a part is absent. */
static void put_missing_part(struct explaining *x, const struct ir_group *g)
{
    const struct ir_rule *r = x->t->rule;
    for (uint32_t i = 0; i < r->n_by; i++) {
        struct value v = eval_value(&x->t->bench->eval, g->key[i]);
        if (v.kind > VALUE_NULL && !(v.kind == VALUE_LIST && !v.len)) continue;
        line_put(&x->line, "its `" TEXT_FMT "`, a part of the key, is ", TEXT_ARG(r->by[i].name));
        line_value(&x->line, v);
        return;
    }
    for (uint32_t j = 0; j < r->n_joins; j++) {
        if (g->joins[j] == IR_NONE) continue;
        struct value v = eval_value(&x->t->bench->eval, g->joins[j]);
        if (v.kind > VALUE_NULL) continue;
        line_put(&x->line, "nothing to compare with `" TEXT_FMT "`: ", TEXT_ARG(r->joins[j].name));
        ir_print_node(x->t->bench->ir, r, g->joins[j], line_out(&x->line));
        line_put(&x->line, " is ");
        line_value(&x->line, v);
        return;
    }
    line_put(&x->line, "it is a copy of an earlier one");
}

/* ---- an event that is a hit, but did not go on * ---------------------------------------------------- */

static struct value gate_ask(const struct explaining *x, const struct ir_node *n)
{
    for (uint32_t i = 0; i < x->hit->n_asks; i++) {
        const struct hit_ask *ask = &x->hit->asks[i];
        const struct answer *a = &x->answers[i];
        if (ask->ask != n->x) continue;
        if (ask->is_absent) return n->op == IR_OP_ASK_NEW ? value_bool(false) : value_absent();
        if (ask->is_unknown || !a->is_known) return value_withheld();
        return answer_value(x->t->rule->asks[n->x].kind, a);
    }
    return value_absent();
}

static struct value gate_leaf(struct eval *e, ir_node_id id, const struct ir_node *n)
{
    const struct explaining *x = e->world;
    (void)id;
    if (n->op == IR_OP_CAPTURE && n->y == x->hit->step) return x->hit->captures[n->x];
    if (n->op >= IR_OP_ASK_NEW && n->op <= IR_OP_ASK_SINCE) return gate_ask(x, n);
    return value_absent();
}

/* The parts of what a baseline is asked, as the event shows them. */
static void put_asked(struct explaining *x, const struct ir_baseline *b)
{
    for (uint32_t i = 0; i < b->n_key + (b->value != IR_NONE); i++) {
        ir_node_id part = i < b->n_key ? b->key[i] : b->value;
        if (i) line_put(&x->line, ", ");
        ir_print_node(x->t->bench->ir, x->t->rule, part, line_out(&x->line));
        line_put(&x->line, " ");
        line_value(&x->line, eval_value(&x->t->bench->eval, part));
    }
}

/* What the answers rest on: the event, read again. */
static void put_answers(struct explaining *x, const struct trial_hit *h)
{
    if (!read_again(x, h->event)) return;
    for (uint32_t i = 0; i < h->hit->n_asks; i++) {
        const struct hit_ask *ask = &h->hit->asks[i];
        const struct ir_baseline *b = &x->t->bench->ir->baselines[x->t->rule->asks[ask->ask].baseline];
        bool is_answered = !ask->is_absent && !ask->is_unknown;
        line_put(&x->line, ", " TEXT_FMT " ", TEXT_ARG(b->name));
        line_put(&x->line, !is_answered              ? "cannot be asked about "
                           : !h->answers[i].is_known ? "has no history (see `known`) of "
                           : h->answers[i].is_new    ? "has not seen "
                                                     : "knows ");
        put_asked(x, b);
    }
}

/* True, and said, if the gate of the hit's group does not hold. */
static bool gate_is_shut(struct explaining *x, const struct trial_hit *h)
{
    struct eval *e = &x->t->bench->eval;
    ir_node_id gate = x->t->rule->steps[h->hit->step].groups[h->hit->group].gate;
    if (gate == IR_NONE) return false;
    eval_reset(e);
    e->leaf = gate_leaf;
    e->world = x;
    x->hit = h->hit;
    x->answers = h->answers;
    bool is_shut = count_false(x, gate) > 0;
    if (!is_shut) return false;
    put_false_tests(x, gate);
    put_answers(x, h);
    return true;
}

/* "its actor is "x", not "y"" for the first part in which two keys differ. */
static void put_other_key(struct explaining *x, struct text mine, struct text wanted)
{
    const char *a = mine.at, *b = wanted.at;
    for (uint32_t i = 0; i < x->t->rule->n_by && a < mine.at + mine.len && b < wanted.at + wanted.len; i++) {
        const char *from_a = a, *from_b = b;
        struct value va = value_key_get(&a, mine.at + mine.len),
                     vb = value_key_get(&b, wanted.at + wanted.len);
        if (a - from_a == b - from_b && !memcmp(from_a, from_b, (size_t)(a - from_a))) continue;
        line_put(&x->line, "its `" TEXT_FMT "` is ", TEXT_ARG(x->t->rule->by[i].name));
        line_value(&x->line, va);
        line_put(&x->line, ", not ");
        line_value(&x->line, vb);
        return;
    }
}

static bool is_too_early(struct explaining *x, const struct reach *r, uint32_t place, int64_t second)
{
    for (uint32_t q = 0; place != IR_NONE && q < r->n_places; q++) {
        if (!(r->before[place] >> q & 1) || !r->taken[q] || r->last[q] <= second) continue;
        line_put(&x->line, "it comes before " TEXT_FMT ", at ",
                 TEXT_ARG(x->t->rule->steps[r->places[q].step].name));
        line_moment(&x->line, x->t, r->last[q]);
        return true;
    }
    return false;
}

static bool window_is_over(struct explaining *x, const struct reach *r, int64_t second)
{
    if (second - r->start <= x->t->rule->within) return false;
    line_put(&x->line, "the window of ");
    ir_put_duration(line_out(&x->line), x->t->rule->within * SECOND_NS);
    line_put(&x->line, " that began at ");
    line_moment(&x->line, x->t, r->start);
    line_put(&x->line, " is over");
    return true;
}

/* The value that a hit brings to a reference. */
static void put_joined(struct explaining *x, const struct trial_hit *h, uint32_t join)
{
    ir_node_id node = x->t->rule->steps[h->hit->step].groups[h->hit->group].joins[join];
    line_value(&x->line, read_again(x, h->event) ? eval_value(&x->t->bench->eval, node) : value_absent());
}

static bool disagrees(struct explaining *x, const struct reach *r, const struct trial_hit *h)
{
    const struct ir_rule *rule = x->t->rule;
    for (uint32_t j = 0; j < rule->n_joins; j++) {
        struct hash128 mine = h->hit->joins[j], theirs = r->joins[j];
        if (!(mine.hi | mine.lo) || !(theirs.hi | theirs.lo) || hash128_equal(mine, theirs)) continue;
        ir_print_node(x->t->bench->ir, rule, rule->steps[h->hit->step].groups[h->hit->group].joins[j],
                      line_out(&x->line));
        line_put(&x->line, " is ");
        put_joined(x, h, j);
        line_put(&x->line, ", " TEXT_FMT " is ", TEXT_ARG(rule->joins[j].name));
        for (uint32_t i = 0; i < x->t->hits.len; i++) {
            const struct trial_hit *other = &x->t->hits.at[i];
            if (other->hit->step != rule->joins[j].of || !hash128_equal(other->hit->joins[j], theirs))
                continue;
            put_joined(x, other, j);
            break;
        }
        return true;
    }
    return false;
}

/* Why a hit did not go on. False: it did, or it is one of those that were taken. */
static bool put_why_not(struct explaining *x, const struct reach *r, uint32_t place,
                        const struct trial_hit *h)
{
    if (gate_is_shut(x, h)) return true;
    if (!r->is_there) return false;
    if (!text_equal(h->hit->key, r->key)) {
        put_other_key(x, h->hit->key, r->key);
        return true;
    }
    if (is_too_early(x, r, place, h->hit->second) || disagrees(x, r, h)) return true;
    if (window_is_over(x, r, h->hit->second)) return true;
    return false;
}

/* ---- one step * ------------------------------------------------------------------------------------- */

static void put_apis(struct explaining *x, const struct ir_step *step)
{
    bool first = true;
    for (uint32_t g = 0; g < step->n_groups; g++)
        for (uint32_t a = 0; a < step->groups[g].n_apis; a++) {
            if (!first) line_put(&x->line, ", ");
            ir_put_api(line_out(&x->line), x->t->bench->ir, &step->groups[g].apis[a]);
            first = false;
        }
}

/* Whether an exception took the event from the step: which, and why. */
static bool put_exception(struct explaining *x, uint32_t step, uint32_t event)
{
    for (uint32_t i = 0; i < x->t->taken.len; i++) {
        const struct trial_taken *taken = &x->t->taken.at[i];
        const struct ir_exception *e = &x->t->rule->exceptions[taken->exception];
        if (taken->event != event || e->step != step) continue;
        line_put(&x->line, "taken by the exception `" TEXT_FMT "`: " TEXT_FMT, TEXT_ARG(e->name), TEXT_ARG(e->reason));
        return true;
    }
    return false;
}

/* A reason for the event into the line. False: the event is of no interest to the step, or was taken. */
static bool put_reason(struct explaining *x, const struct reach *r, uint32_t place, uint32_t step,
                       uint32_t event, bool *is_wanted)
{
    const struct ir_step *s = &x->t->rule->steps[step];
    const struct ir_group *g = read_again(x, event) ? nearest_group(x, s) : NULL;
    *is_wanted = g != NULL;
    if (!g) return false;
    if (put_exception(x, step, event)) return true;
    const struct trial_hit *hit = NULL;
    for (uint32_t i = 0; i < x->t->hits.len; i++) {
        const struct trial_hit *h = &x->t->hits.at[i];
        bool mine = h->event == event && h->hit->step == step;
        if (mine && (!hit || text_equal(h->hit->key, r->key))) hit = h;
    }
    if (hit) return put_why_not(x, r, place, hit);
    if (count_false(x, g->test))
        put_false_tests(x, g->test);
    else
        put_missing_part(x, g);
    return true;
}

static void say_reason(struct explaining *x, uint32_t event, const char *reason, uint32_t more)
{
    line_put(&x->line, "  ");
    line_event(&x->line, x->t, event);
    line_put(&x->line, ": %s", reason);
    if (more) line_put(&x->line, " (and %u more like it)", more);
    say(x);
}

/* Reasons of a step's events: those one after the other for the same reason are told once. */
struct reasons {
    const char *last;
    uint32_t first, more; /* the event of the last reason, and how many behind it have the same */
    uint32_t said, unsaid;
};

static void flush_reason(struct explaining *x, struct reasons *r)
{
    if (!r->last) return;
    if (r->said == REASONS_MOST)
        r->unsaid += 1 + r->more;
    else
        say_reason(x, r->first, r->last, r->more), r->said++;
}

static void add_reason(struct explaining *x, struct reasons *r, uint32_t event, const char *reason)
{
    if (r->last && !strcmp(r->last, reason)) {
        r->more++;
        return;
    }
    flush_reason(x, r);
    r->last = reason, r->first = event, r->more = 0;
}

static void explain_events(struct explaining *x, const struct reach *r, uint32_t place, uint32_t step)
{
    struct reasons reasons = {.last = NULL};
    bool any_wanted = false;
    for (uint32_t e = 0; e < x->t->events.len; e++) {
        bool is_wanted, has_reason = put_reason(x, r, place, step, e, &is_wanted);
        const char *reason = line_end(&x->line);
        any_wanted |= is_wanted;
        if (has_reason) add_reason(x, &reasons, e, reason);
    }
    flush_reason(x, &reasons);
    if (reasons.unsaid)
        line_put(&x->line, "  and %u more event%s", reasons.unsaid, reasons.unsaid == 1 ? "" : "s");
    if (!reasons.last) line_put(&x->line, any_wanted ? "  no further event of " : "  no event of ");
    if (!reasons.last) put_apis(x, &x->t->rule->steps[step]);
    if (reasons.unsaid || !reasons.last) say(x);
}

static void say_wanted(struct explaining *x, const struct reach *r, uint32_t place, const struct ir_place *p)
{
    line_put(&x->line, r->is_there ? "next is " : "begins with ");
    ir_put(line_out(&x->line), x->t->rule->steps[p->step].name);
    if (p->times > 1) line_put(&x->line, ", %u of %u are there", r->is_there ? r->taken[place] : 0, p->times);
    say(x);
}

static void explain_place(struct explaining *x, const struct reach *r, uint32_t place,
                          const struct ir_place *p)
{
    if (!x->t->rule->is_on) say_wanted(x, r, place, p);
    explain_events(x, r, place, p->step);
}

/* ---- how far it got * ------------------------------------------------------------------------------- */

static void say_reach(struct explaining *x, const struct reach *r)
{
    const char *at = r->key.at;
    bool first = true;
    line_put(&x->line, "got as far as ");
    for (uint32_t q = 0; q < r->n_places; q++) {
        if (!r->taken[q]) continue;
        if (!first) line_put(&x->line, ", ");
        ir_put(line_out(&x->line), x->t->rule->steps[r->places[q].step].name);
        if (r->places[q].times > 1) line_put(&x->line, " %u of %u", r->taken[q], r->places[q].times);
        line_put(&x->line, " at ");
        line_moment(&x->line, x->t, r->last[q]);
        first = false;
    }
    for (uint32_t i = 0; i < x->t->rule->n_by && at < r->key.at + r->key.len; i++) {
        line_put(&x->line, i ? ", " : " (");
        ir_put(line_out(&x->line), x->t->rule->by[i].name);
        line_put(&x->line, " ");
        line_value(&x->line, value_key_get(&at, r->key.at + r->key.len));
    }
    line_put(&x->line, ")");
    say(x);
}

static void explain_next(struct explaining *x, const struct reach *r)
{
    uint64_t full = 0;
    for (uint32_t q = 0; q < r->n_places; q++)
        if (r->taken[q] == r->places[q].times) full |= UINT64_C(1) << q;
    for (uint32_t q = 0; q < r->n_places; q++)
        if (!(full >> q & 1) && !(r->before[q] & ~full)) explain_place(x, r, q, &r->places[q]);
}

/* Nothing filled a place: what could have been the first? */
static void explain_first(struct explaining *x)
{
    static const struct reach none;
    const struct ir_automaton *a = &x->t->rule->automata[0];
    uint64_t told = 0;
    for (uint32_t i = 0; i < a->n_alternatives; i++)
        for (uint32_t q = 0; q < a->alternatives[i].n_places; q++) {
            const struct ir_place *p = &a->alternatives[i].places[q];
            bool is_first = !(told >> p->step & 1);
            for (uint32_t o = 0; o < a->alternatives[i].n_order; o++)
                is_first &= a->alternatives[i].order[o].after != q;
            if (!is_first) continue;
            told |= UINT64_C(1) << p->step;
            explain_place(x, &none, 0, p);
        }
}

/* ---- a match that was no incident * ----------------------------------------------------------------- */

/* The same records once more, with `open at 0`. */
static const struct incident *match_below(struct explaining *x)
{
    struct trial *again = ARENA_NEW(x->t->arena, struct trial);
    *again = (struct trial){.bench = x->t->bench, .test = x->t->test, .arena = x->t->arena};
    trial_run(again, true);
    for (uint32_t i = 0; i < again->incidents.len; i++)
        if (!again->incidents.at[i].is_gone) return &again->incidents.at[i].last;
    return NULL;
}

static bool explain_below(struct explaining *x)
{
    const struct incident *i = match_below(x);
    if (!i) return false;
    line_put(&x->line, "a match at ");
    line_moment(&x->line, x->t, i->opened);
    line_put(&x->line, ", but `open at %d`, and its score is %d: ", x->t->rule->open_at, i->score);
    line_score(&x->line, x->t->rule, i);
    say(x);
    return true;
}

static bool explain_swallowed(struct explaining *x)
{
    bool any = false;
    for (uint32_t i = 0; i < x->t->rule->n_exceptions; i++) {
        const struct ir_exception *e = &x->t->rule->exceptions[i];
        if (!e->on_match || x->t->swallowed[i] <= 0) continue;
        line_put(&x->line, "the exception `" TEXT_FMT "` took the match: " TEXT_FMT, TEXT_ARG(e->name),
                 TEXT_ARG(e->reason));
        say(x);
        any = true;
    }
    return any;
}

void explain_missing(struct trial *t, struct lines *out)
{
    struct explaining x = {.t = t, .lines = out, .line = {.arena = t->arena}};
    const struct reach *r = &t->furthest;
    bool is_full = r->is_there && r->full == r->n_places;
    if (is_full && (explain_swallowed(&x) || explain_below(&x))) return;
    if (is_full) {
        line_put(&x.line, "there was an incident, and it was taken back when all records had come");
        say(&x);
    } else if (r->is_there) {
        say_reach(&x, r);
        explain_next(&x, r);
    } else {
        explain_first(&x);
    }
}

/* ---- steps that an incident lacks * ----------------------------------------------------------------- */

static uint64_t steps_of(const struct ir *ir, ir_node_id id)
{
    const struct ir_node *node = &ir->nodes[id];
    bool reads_step = node->op == IR_OP_CAPTURE || (node->op >= IR_OP_FIRST && node->op <= IR_OP_MAX_OF);
    uint64_t steps = reads_step && node->op != IR_OP_BARE ? UINT64_C(1) << node->y : 0;
    for (uint32_t i = 0; i < node->n; i++) steps |= steps_of(ir, ir->operands[node->first + i]);
    return steps;
}

void explain_steps(struct trial *t, const struct incident *i, ir_node_id expression, uint64_t *told,
                   struct lines *out)
{
    struct explaining x = {.t = t, .lines = out, .line = {.arena = t->arena}};
    uint64_t steps = steps_of(t->bench->ir, expression) & ~*told;
    for (uint32_t s = 0; s < i->n_steps; s++) steps &= ~(UINT64_C(1) << i->steps[s].step);
    for (uint32_t s = 0; s < t->rule->n_steps; s++) {
        if (!(steps >> s & 1)) continue;
        line_put(&x.line, TEXT_FMT " is not there", TEXT_ARG(t->rule->steps[s].name));
        say(&x);
        explain_events(&x, &t->furthest, IR_NONE, s);
    }
    *told |= steps;
}
