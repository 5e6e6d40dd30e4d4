/* explain.c - why an incident did not come: how far the best choice got, and why no event went on
 * from there.
 *
 * The events of the next step's calls are looked at one by one: a part of the predicate is false (and what it
 * saw), the key is another one, the window was over, it came too early, a reference does not agree, a
 * baseline says no.
 */
#include "engine/testing/testing.h"

#include "engine/ir/settle.h"

#define REASONS_MOST 4 /* events of a step that are told of */

struct explaining {
    struct trial *t;
    struct lines *lines;
    struct why why;
};

static void say(struct explaining *x)
{
    *ARENA_PUSH(x->t->arena, *x->lines) = line_end(&x->why.line);
}

static bool read_again(struct explaining *x, uint32_t event)
{
    return why_read(&x->why, x->t->events.at[event].record);
}

/* The event that brought the value to the step that is referred to. */
static bool put_agreed(void *world, struct line *l, uint32_t join, struct hash128 value)
{
    struct explaining *x = world;
    uint32_t of = x->t->rule->joins[join].of;
    for (uint32_t i = 0; i < x->t->hits.len; i++) {
        const struct hit *h = x->t->hits.at[i].hit;
        if (h->step != of || !hash128_equal(h->joins[join], value)) continue;
        ir_node_id node = x->t->rule->steps[of].groups[h->group].joins[join];
        bool is_read = read_again(x, x->t->hits.at[i].event);
        line_value(l, is_read ? eval_value(&x->t->bench->eval, node) : value_absent());
        return true;
    }
    return false;
}

static void put_moment(void *world, struct line *l, int64_t second)
{
    struct explaining *x = world;
    line_moment(l, x->t, second);
}

static void begin(struct explaining *x, struct trial *t, struct lines *out)
{
    *x = (struct explaining){.t = t,
                             .lines = out,
                             .why = {.bench = t->bench,
                                     .rule = t->rule,
                                     .enrichment = &t->enrichment,
                                     .no_history = "has no history (see `known`) of ",
                                     .line = {.arena = t->arena},
                                     .world = x,
                                     .moment = put_moment,
                                     .agreed = put_agreed}};
}

/* ---- an event that is a hit, but did not go on --------------------------------------------------------- */

/* What is forbidden and stands between the choice and an event of that second. */
static const struct hit *forbidden_by(const struct explaining *x, const struct reach *r, uint32_t place,
                                      int64_t second)
{
    for (uint32_t i = 0; r->is_there && i < x->t->hits.len; i++)
        if (why_forbids(&x->why, r, place, second, x->t->hits.at[i].hit)) return x->t->hits.at[i].hit;
    return NULL;
}

/* Why a hit did not go on. False: it did, or it is one of those that were taken. */
static bool put_why_not(struct explaining *x, const struct reach *r, uint32_t place,
                        const struct trial_hit *h)
{
    struct why *w = &x->why;
    struct ir_gap gap;
    uint32_t inner;
    if (why_count_shut(w, h->hit, h->answers)) {
        why_put_gate(w, h->hit, h->answers);
        return true;
    }
    if (!r->is_there || !read_again(x, h->event)) return false;
    uint32_t earlier = why_too_early(r, place, h->hit->second), join = why_disagrees(w, r, h->hit);
    const struct hit *forbidden = forbidden_by(x, r, place, h->hit->second);
    if (!text_equal(h->hit->key, r->key))
        why_put_other_key(w, h->hit->key, r->key);
    else if (earlier != IR_NONE)
        why_put_too_early(w, r, earlier);
    else if (join != IR_NONE)
        why_put_disagrees(w, r, h->hit, join);
    else if (why_too_late(w, r, h->hit->second))
        why_put_too_late(w, r);
    else if (why_off_gap(w, r, place, h->hit->second, &gap))
        why_put_off_gap(w, r, &gap, h->hit->second);
    else if (why_off_inner(w, r, place, h->hit->second, &inner))
        why_put_off_inner(w, r, inner);
    else if (forbidden && h->hit->second >= r->start && place != IR_NONE)
        why_put_forbidden(w, forbidden);
    else if (why_is_bounded(r, place) && h->hit->second > r->last[place])
        why_put_bounded(w, r, place);
    else
        return false;
    return true;
}

/* ---- one step ------------------------------------------------------------------------------------------ */

/* Whether an exception took the event from the step: which, and why. */
static bool put_exception(struct explaining *x, uint32_t step, uint32_t event)
{
    for (uint32_t i = 0; i < x->t->taken.len; i++) {
        const struct trial_taken *taken = &x->t->taken.at[i];
        const struct ir_exception *e = &x->t->rule->exceptions[taken->exception];
        if (taken->event != event || e->step != step) continue;
        line_put(&x->why.line, "taken by the exception `" TEXT_FMT "`: " TEXT_FMT, TEXT_ARG(e->name),
                 TEXT_ARG(e->reason));
        return true;
    }
    return false;
}

/* A reason for the event into the line. False: the event is of no interest to the step, or was taken. */
static bool put_reason(struct explaining *x, const struct reach *r, uint32_t place, uint32_t step,
                       uint32_t event, bool *is_wanted)
{
    const struct ir_step *s = &x->t->rule->steps[step];
    const struct ir_group *g = read_again(x, event) ? why_nearest(&x->why, s) : NULL;
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
    if (why_count_false(&x->why, g->test))
        why_put_false(&x->why, g->test);
    else
        why_put_missing_part(&x->why, g);
    return true;
}

static void say_reason(struct explaining *x, uint32_t event, const char *reason, uint32_t more)
{
    line_put(&x->why.line, "  ");
    line_event(&x->why.line, x->t, event);
    line_put(&x->why.line, ": %s", reason);
    if (more) line_put(&x->why.line, " (and %u more like it)", more);
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
        const char *reason = line_end(&x->why.line);
        any_wanted |= is_wanted;
        if (has_reason) add_reason(x, &reasons, e, reason);
    }
    flush_reason(x, &reasons);
    if (reasons.unsaid)
        line_put(&x->why.line, "  and %u more event%s", reasons.unsaid, reasons.unsaid == 1 ? "" : "s");
    if (!reasons.last)
        line_put(&x->why.line, "  no %s%s of ", any_wanted ? "further " : "",
                 ir_takes_groups(&x->t->rule->steps[step]) ? "match" : "event");
    if (!reasons.last) why_put_apis(&x->why, &x->t->rule->steps[step]);
    if (reasons.unsaid || !reasons.last) say(x);
}

static void say_wanted(struct explaining *x, const struct reach *r, uint32_t place, const struct ir_place *p)
{
    line_put(&x->why.line, r->is_there ? "next is " : "begins with ");
    ir_put(line_out(&x->why.line), x->t->rule->steps[p->step].name);
    if (p->times > 1)
        line_put(&x->why.line, ", %u of %u are there", r->is_there ? r->taken[place] : 0, p->times);
    say(x);
}

static void explain_place(struct explaining *x, const struct reach *r, uint32_t place,
                          const struct ir_place *p)
{
    if (!x->t->rule->is_on) say_wanted(x, r, place, p);
    explain_events(x, r, place, p->step);
}

/* ---- how far it got ------------------------------------------------------------------------------------ */

static void say_reach(struct explaining *x, const struct reach *r)
{
    const char *at = r->key.at;
    bool first = true;
    line_put(&x->why.line, "got as far as ");
    for (uint32_t q = 0; q < r->n_places; q++) {
        if (!r->taken[q]) continue;
        if (!first) line_put(&x->why.line, ", ");
        ir_put(line_out(&x->why.line), x->t->rule->steps[r->places[q].step].name);
        if (r->places[q].times > 1) line_put(&x->why.line, " %u of %u", r->taken[q], r->places[q].times);
        line_put(&x->why.line, " at ");
        line_moment(&x->why.line, x->t, r->last[q]);
        first = false;
    }
    for (uint32_t i = 0; i < x->t->rule->n_by && at < r->key.at + r->key.len; i++) {
        line_put(&x->why.line, i ? ", " : " (");
        ir_put(line_out(&x->why.line), x->t->rule->by[i].name);
        line_put(&x->why.line, " ");
        line_value(&x->why.line, value_key_get(&at, r->key.at + r->key.len));
    }
    line_put(&x->why.line, ")");
    say(x);
}

static void explain_next(struct explaining *x, const struct reach *r)
{
    for (uint32_t q = 0; q < r->n_places; q++)
        if (reach_awaits(r, q)) explain_place(x, r, q, &r->places[q]);
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

/* ---- a match that was no incident ---------------------------------------------------------------------- */

/* The same records once more, for a rule that asks less. */
static struct trial *again(struct explaining *x, enum rule_form form)
{
    struct trial *t = ARENA_NEW(x->t->arena, struct trial);
    *t = (struct trial){.bench = x->t->bench, .test = x->t->test, .arena = x->t->arena};
    trial_run(t, form);
    return t;
}

static bool explain_below(struct explaining *x)
{
    const struct trial *t = again(x, RULE_OPEN);
    const struct incident *i = NULL;
    for (uint32_t k = t->incidents.len; k-- > 0;)
        if (!t->incidents.at[k].is_gone) i = &t->incidents.at[k].last;
    if (!i) return false;
    line_put(&x->why.line, "a match at ");
    line_moment(&x->why.line, x->t, i->opened);
    line_put(&x->why.line, ", but `open at %d`, and its score is %d: ", x->t->rule->open_at, i->score);
    line_score(&x->why.line, x->t->rule, i);
    say(x);
    return true;
}

/* Of the completions the one for which most of `where` holds. */
static bool explain_where(struct explaining *x)
{
    if (x->t->rule->where == IR_NONE) return false;
    const struct trial *t = again(x, RULE_WITHOUT_WHERE);
    const struct incident *best = NULL;
    for (uint32_t k = 0; k < t->incidents.len; k++) {
        const struct trial_incident *i = &t->incidents.at[k];
        if (!i->is_gone && (!best || why_unmet(&x->why, &i->last) <= why_unmet(&x->why, best)))
            best = &i->last;
    }
    if (!best) return false;
    line_put(&x->why.line, "all steps are there at ");
    line_moment(&x->why.line, x->t, best->opened);
    line_put(&x->why.line, ", but `where` does not hold: ");
    why_put_unmet(&x->why, best);
    say(x);
    return true;
}

static bool explain_forbidden(struct explaining *x)
{
    const struct hit *forbidden = forbidden_by(x, &x->t->furthest, IR_NONE, reach_last(&x->t->furthest));
    if (!forbidden) return false;
    line_put(&x->why.line, "all steps are there at ");
    line_moment(&x->why.line, x->t, reach_last(&x->t->furthest));
    line_put(&x->why.line, ", but ");
    why_put_forbidden(&x->why, forbidden);
    say(x);
    return true;
}

static bool explain_swallowed(struct explaining *x)
{
    bool any = false;
    for (uint32_t i = 0; i < x->t->rule->n_exceptions; i++) {
        const struct ir_exception *e = &x->t->rule->exceptions[i];
        if (!e->on_match || x->t->swallowed[i] <= 0) continue;
        line_put(&x->why.line, "the exception `" TEXT_FMT "` took the match: " TEXT_FMT, TEXT_ARG(e->name),
                 TEXT_ARG(e->reason));
        say(x);
        any = true;
    }
    return any;
}

void explain_missing(struct trial *t, struct lines *out)
{
    struct explaining x;
    const struct reach *r = &t->furthest;
    begin(&x, t, out);
    bool is_full = reach_is_complete(r);
    if (is_full && (explain_swallowed(&x) || explain_below(&x) || explain_where(&x) || explain_forbidden(&x)))
        return;
    if (is_full) {
        line_put(&x.why.line, "there was an incident, and it was taken back when all records had come");
        say(&x);
    } else if (r->is_there) {
        say_reach(&x, r);
        explain_next(&x, r);
    } else {
        explain_first(&x);
    }
}

/* ---- steps that an incident lacks ---------------------------------------------------------------------- */

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
    struct explaining x;
    begin(&x, t, out);
    uint64_t steps = steps_of(t->bench->ir, expression) & ~*told;
    for (uint32_t s = 0; s < i->n_steps; s++) steps &= ~(UINT64_C(1) << i->steps[s].step);
    for (uint32_t s = 0; s < t->rule->n_steps; s++) {
        if (!(steps >> s & 1)) continue;
        line_put(&x.why.line, TEXT_FMT " is not there", TEXT_ARG(t->rule->steps[s].name));
        say(&x);
        explain_events(&x, &t->furthest, IR_NONE, s);
    }
    *told |= steps;
}
