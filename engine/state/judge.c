/* judge.c - the leaves of expressions over a group, and the sums over them. */
#include "engine/state/judge.h"
#include "engine/state/amount.h"
#include "engine/state/gathered.h"
#include "engine/state/unknown.h"

#define SCRATCH_BYTES (256u << 10)
#define TARGETS_MOST  256

/* Leaves look at a group, or (for a gate) at one hit alone. */
struct court {
    const struct rule_plan *plan;
    struct state *state;
    const struct keyed *keyed;
    struct group *group;
    struct gathered *window; /* `where` alone: the eligible events */
    const struct kept *only;
    int32_t score;
    const struct verdict *verdict; /* as far as it is made; probes alone read it */
    bool collects;                 /* targets of responses: all values of the step, not the witness's alone */
};

struct known_events known_events(const struct keyed *k, struct group *g, uint32_t step)
{
    const struct rule_plan *p = k->rule->plan;
    const struct gathered *all = p->exact >> step & 1 ? gathered_find(k, g->opened) : NULL;
    struct known_events known;
    if (all) {
        known.count = known.len = gathered_of_step(all, step, &known.at);
        return known;
    }
    struct shown *s = group_shown(p, g, step);
    return (struct known_events){s->at, s->len, s->count};
}

/* The same of the group at hand, or of the window that it may open with. */
static struct known_events events_of(const struct court *c, uint32_t step)
{
    struct known_events known;
    if (!c->window || !(c->plan->where_steps >> step & 1)) return known_events(c->keyed, c->group, step);
    known.count = known.len = gathered_of_step(c->window, step, &known.at);
    return known;
}

/* ---- leaves ------------------------------------------------------------------------------------------- */

static struct value capture_of(const struct kept *k, uint32_t capture)
{
    if (!k || capture >= k->hit->n_captures) return value_absent();
    return k->hit->captures[capture];
}

/* Appends v's elements to a list in scratch that has room for TARGETS_MOST + 1, each once. */
static void collect(struct value *list, uint32_t *len, struct value v)
{
    if (v.kind == VALUE_LIST) {
        for (uint32_t i = 0; i < v.len; i++) collect(list, len, v.items[i]);
        return;
    }
    if (v.kind == VALUE_ABSENT || v.kind == VALUE_UNKNOWN || v.kind == VALUE_NULL) return;
    for (uint32_t i = 0; i < *len; i++)
        if (value_equal(list[i], v) == TRI_TRUE) return;
    if (*len <= TARGETS_MOST) list[(*len)++] = v;
}

static struct value all_targets(struct eval *e, const struct court *c, uint32_t step, uint32_t capture)
{
    struct known_events events = known_events(c->keyed, c->group, step);
    struct value witness = capture_of(group_witness(c->plan, c->group, step), capture);
    struct value *list = scratch_take(e->scratch, (TARGETS_MOST + 1) * sizeof *list);
    uint32_t len = 0;
    if (!list) return (struct value){.kind = VALUE_UNKNOWN};
    collect(list, &len, witness);
    for (uint32_t i = 0; i < events.len; i++) collect(list, &len, capture_of(events.at[i], capture));
    if (len == 1 && witness.kind != VALUE_LIST) return list[0];
    return (struct value){.kind = VALUE_LIST, .len = len, .items = list};
}

static struct value leaf_capture(struct eval *e, const struct court *c, uint32_t capture, uint32_t step)
{
    if (c->only) return c->only->hit->step == step ? capture_of(c->only, capture) : value_absent();
    if (c->collects && c->plan->rule->steps[step].captures[capture].is_target)
        return all_targets(e, c, step, capture);
    return capture_of(group_witness(c->plan, c->group, step), capture);
}

static struct value leaf_bare(struct eval *e, const struct court *c, const struct ir_node *n)
{
    for (uint32_t i = 0; i < n->n; i++) {
        const struct ir_node *capture = &e->ir->nodes[e->ir->operands[n->first + i]];
        if (c->only ? c->only->hit->step == capture->y : group_witness(c->plan, c->group, capture->y) != NULL)
            return leaf_capture(e, c, capture->x, capture->y);
    }
    return value_absent();
}

/* Of the first event only the time is its own; other values are the witness's (language.md B6). */
static struct value leaf_edge(const struct court *c, const struct ir_node *n, bool last)
{
    struct known_events events = events_of(c, n->y);
    if (!events.len) return value_absent();
    if (!last && n->type != IR_TYPE_TIME) return capture_of(group_witness(c->plan, c->group, n->y), n->x);
    return capture_of(events.at[last ? events.len - 1 : 0], n->x);
}

static struct value leaf_amount(const struct court *c, ir_node_id id, const struct ir_node *n)
{
    const struct rule_plan *p = c->plan;
    struct gathered *l = c->window && p->where_steps >> n->y & 1 ? c->window
                         : p->exact >> n->y & 1                  ? gathered_find(c->keyed, c->group->opened)
                                                                 : NULL;
    for (uint32_t i = 0; l && i < p->n_amounts; i++)
        if (p->amounts[i] == id) return amount_value(c->state, p, l, i);
    struct known_events events = known_events(c->keyed, c->group, n->y);
    return amount_of(c->state, p, n, events.at, events.len);
}

static struct value leaf_key(const struct court *c, uint32_t part)
{
    const char *at = c->keyed->key.at, *end = at + c->keyed->key.len;
    struct value v = value_absent();
    for (uint32_t i = 0; i <= part && at < end; i++) v = value_key_get(&at, end);
    return v;
}

/* ---- baselines ---------------------------------------------------------------------------------------- */

static struct value leaf_asked(const struct court *c, uint32_t ask, uint32_t step)
{
    const struct kept *k = c->only ? c->only : group_witness(c->plan, c->group, step);
    return k ? asked_value(c->plan, k, ask) : value_absent();
}

/* ---- for rules over this one ---- */

static struct value leaf_completing(struct eval *e, const struct court *c, const struct ir_node *n)
{
    const struct kept *k = c->only ? c->only : group_completing(c->plan, c->group);
    for (uint32_t i = 0; i < n->n; i++) {
        const struct ir_node *capture = &e->ir->nodes[e->ir->operands[n->first + i]];
        if (capture->y == k->hit->step) return capture_of(k, capture->x);
    }
    return value_absent();
}

static struct value leaf(struct eval *e, ir_node_id id, const struct ir_node *n)
{
    const struct court *c = e->world;
    switch (n->op) {
    case IR_OP_CAPTURE: return leaf_capture(e, c, n->x, n->y);
    case IR_OP_BARE: return leaf_bare(e, c, n);
    case IR_OP_COMPLETING: return leaf_completing(e, c, n);
    case IR_OP_FIRST: return leaf_edge(c, n, false);
    case IR_OP_LAST: return leaf_edge(c, n, true);
    case IR_OP_STEP_EXISTS: return value_bool(c->group->exists >> n->y & 1);
    case IR_OP_COUNT: return value_int((int64_t)events_of(c, n->y).count);
    case IR_OP_DISTINCT:
    case IR_OP_SUM_OF:
    case IR_OP_MIN_OF:
    case IR_OP_MAX_OF: return leaf_amount(c, id, n);
    case IR_OP_KEY: return leaf_key(c, n->x);
    case IR_OP_SCORE: return value_int(c->score);
    case IR_OP_SEVERITY: return c->verdict ? value_int(c->verdict->severity) : value_absent();
    case IR_OP_TITLE: return c->verdict ? value_string(c->verdict->title) : value_absent();
    case IR_OP_ASK_NEW: return c->only ? asked_value(c->plan, c->only, n->x) : leaf_amount(c, id, n);
    case IR_OP_ASK_AGE:
    case IR_OP_ASK_RARITY:
    case IR_OP_ASK_PREVALENCE:
    case IR_OP_ASK_SINCE: return leaf_asked(c, n->x, n->y);
    default: return value_absent();
    }
}

/* ---- verdicts ----------------------------------------------------------------------------------------- */

void judge_prepare(struct state *s, const struct ir *ir)
{
    slab_put(&s->slab, s->eval.memo, s->eval_nodes * sizeof *s->eval.memo);
    slab_put(&s->slab, s->eval.memo_stamp, s->eval_nodes * sizeof *s->eval.memo_stamp);
    s->eval = (struct eval){.ir = NULL};
    s->eval_nodes = ir->n_nodes;
}

/* The evaluator's tables are as large as the rule set: a partition gets them with its first verdict. */
static struct eval *open_court(struct state *s, struct court *c)
{
    if (!s->eval.memo) {
        if (!s->scratch.at)
            s->scratch = (struct scratch){slab_get(&s->slab, SCRATCH_BYTES), 0, SCRATCH_BYTES};
        eval_init(&s->eval, s->plan->ir, &s->scratch,
                  slab_get(&s->slab, s->eval_nodes * sizeof *s->eval.memo),
                  slab_get(&s->slab, s->eval_nodes * sizeof *s->eval.memo_stamp));
        s->eval.leaf = leaf;
    }
    s->eval.world = c;
    s->scratch.len = 0;
    eval_reset(&s->eval);
    return &s->eval;
}

enum tri judge_gate(struct state *s, const struct rule_plan *p, const struct kept *k)
{
    struct court c = {.plan = p, .state = s, .only = k};
    ir_node_id gate = p->rule->steps[k->hit->step].groups[k->hit->group].gate;
    return gate == IR_NONE ? TRI_TRUE : eval_test(open_court(s, &c), gate);
}

enum tri judge_where(struct state *s, const struct keyed *k, struct group *g, struct gathered *eligible)
{
    struct court c = {.plan = k->rule->plan, .state = s, .keyed = k, .group = g, .window = eligible};
    return eval_test(open_court(s, &c), c.plan->rule->where);
}

static int32_t clamp_score(int64_t score)
{
    return score < 0 ? 0 : score > 100 ? 100 : (int32_t)score;
}

static int32_t severity_score(enum ir_severity severity)
{
    static const int32_t scores[] = {
        [IR_INFO] = 10, [IR_LOW] = 30, [IR_MEDIUM] = 50, [IR_HIGH] = 70, [IR_CRITICAL] = 90};
    return scores[severity];
}

/* Of several events the first whose answer is missing. */
static enum silence silence_of(const struct court *c, const struct ir_node *ask)
{
    if (ask->op < IR_OP_ASK_NEW || ask->op > IR_OP_ASK_SINCE) return SILENCE_NONE;
    struct known_events known = events_of(c, ask->y);
    enum silence said = asked_silence(c->plan, group_witness(c->plan, c->group, ask->y), ask->x);
    for (uint32_t i = 0; i < known.len && said == SILENCE_NONE; i++)
        said = asked_silence(c->plan, known.at[i], ask->x);
    return said;
}

static struct text unknown_words(struct eval *e, const struct ir_rule *r, const struct ir_term *term)
{
    ir_node_id part = unknown_part(e, term->when);
    enum silence silence = silence_of(e->world, &e->ir->nodes[part]);
    struct words w = words_begin(e->scratch);
    words_text(&w, term->words);
    words_of_unknown(&w, e->ir, r, part, silence);
    return words_end(&w);
}

/* Without `score`, severity gives it: it is judged before. */
static void judge_score(struct eval *e, const struct ir_rule *r, struct verdict *v)
{
    int64_t sum = r->has_score ? r->score : severity_score(v->severity);
    v->reasons = scratch_take(e->scratch, (r->n_terms + 1) * sizeof *v->reasons);
    v->n_reasons = 0;
    if (!v->reasons) return;
    v->reasons[v->n_reasons++] = (struct incident_reason){
        (int32_t)sum, r->has_score ? TEXT("the match itself") : TEXT("severity of the rule"), false};
    for (uint32_t i = 0; i < r->n_terms; i++) {
        enum tri holds = eval_test(e, r->terms[i].when);
        if (holds == TRI_FALSE) continue;
        struct incident_reason reason = {r->terms[i].points, r->terms[i].words, false};
        if (holds == TRI_UNKNOWN)
            reason = (struct incident_reason){0, unknown_words(e, r, &r->terms[i]), true};
        v->reasons[v->n_reasons++] = reason;
        sum += reason.points;
    }
    v->score = clamp_score(sum);
}

/* Of those that speak of the match the first that holds. An unknown one does not. */
static void judge_exceptions(struct eval *e, const struct court *c, struct verdict *v)
{
    const struct ir_rule *r = c->plan->rule;
    for (uint32_t i = 0; i < r->n_exceptions && !v->swallowed; i++)
        if (r->exceptions[i].on_match && c->group->opened < r->exceptions[i].expires &&
            eval_test(e, r->exceptions[i].when) == TRI_TRUE)
            v->swallowed = i + 1;
}

static void judge_severity(struct eval *e, const struct ir_rule *r, struct verdict *v)
{
    v->severity = IR_INFO;
    for (uint32_t i = 0; i < r->n_severities; i++) {
        const struct ir_severity_if *s = &r->severities[i];
        if (s->severity > (uint8_t)v->severity && (s->when == IR_NONE || eval_test(e, s->when) == TRI_TRUE))
            v->severity = (enum ir_severity)s->severity;
    }
}

static void judge_title(struct eval *e, const struct ir_template *title, struct verdict *v)
{
    struct value *values = scratch_take(e->scratch, (title->len + 1) * sizeof *values);
    if (!values) return;
    for (uint32_t i = 0; i < title->len; i++)
        if (title->parts[i].operand != IR_NONE) values[i] = eval_value(e, title->parts[i].operand);
    struct words w = words_begin(e->scratch);
    for (uint32_t i = 0; i < title->len; i++) {
        if (title->parts[i].operand == IR_NONE)
            words_text(&w, title->parts[i].literal);
        else
            words_value(&w, values[i]);
    }
    v->title = words_end(&w);
}

uint8_t judge_doubt_of(const struct ir_rule *r, const struct group *g)
{
    for (uint32_t i = 0; g->blinded && !g->doubt && i < r->n_requires; i++)
        if (r->requires[i].has_else) return (uint8_t)(i + 1);
    return g->doubt;
}

/* An absence that nobody can tell of is an incident of its own, and proposes nothing. */
static void judge_doubt(struct eval *e, const struct ir_rule *r, uint8_t doubt, struct verdict *v)
{
    if (doubt > r->n_requires) return; /* a reload took the requirement away */
    const struct ir_require *otherwise = &r->requires[doubt - 1];
    v->severity = (enum ir_severity)otherwise->severity;
    v->score = severity_score(v->severity);
    if (v->score < r->open_at) v->score = r->open_at;
    v->n_reasons = 0;
    judge_title(e, &otherwise->title, v);
}

/* What tests want to know of the match beside all that. */
static void judge_probes(struct eval *e, struct court *c, struct verdict *v)
{
    const struct ir_rule *r = c->plan->rule;
    if (!r->n_probes || !(v->probes = scratch_take(e->scratch, r->n_probes * sizeof *v->probes))) return;
    c->verdict = v;
    for (uint32_t i = 0; i < r->n_probes; i++) v->probes[v->n_probes++] = eval_value(e, r->probes[i]);
}

static void hash_more(uint64_t *h, uint64_t more)
{
    uint64_t parts[2] = {*h, more};
    static const uint64_t plain[2];
    *h = hash_64(plain, parts, sizeof parts);
}

static void hash_argument(uint64_t *h, struct value v)
{
    if (v.kind == VALUE_LIST) {
        for (uint32_t i = 0; i < v.len; i++) hash_argument(h, v.items[i]);
        return;
    }
    hash_more(h, v.kind <= VALUE_NULL ? v.kind : value_hash(v));
}

static struct text too_many(struct eval *e, const struct ir_respond *r, uint32_t n)
{
    struct words w = words_begin(e->scratch);
    words_value(&w, value_int(n));
    words_text(&w,
               n > TARGETS_MOST ? TEXT(" or more targets; the most is ") : TEXT(" targets; the limit is "));
    words_value(&w, value_int(n > TARGETS_MOST ? TARGETS_MOST : r->limit));
    return words_end(&w);
}

static bool was_told(const struct emitted *told, uint64_t hash)
{
    for (uint32_t i = 0; told && i < told->len; i++)
        if (told->actions[i] == hash) return true;
    return false;
}

/* A response without a target is none. */
static bool is_nothing(struct value v)
{
    return v.kind == VALUE_ABSENT || v.kind == VALUE_NULL || (v.kind == VALUE_LIST && v.len == 0);
}

/* What was proposed while nobody could tell is proposed anew when it is certain. */
static void propose(struct eval *e, const struct ir_rule *r, uint32_t number, bool is_blinded,
                    struct verdict *v)
{
    const struct ir_respond *respond = &r->responds[number];
    struct incident_action *a = &v->actions[v->n_actions];
    uint64_t *hash = &v->action_hashes[v->n_actions];
    uint32_t targets = 0;
    *a = (struct incident_action){.respond = number, .n_args = respond->n_args};
    *hash = (uint64_t)number << 1 | is_blinded;
    a->args = scratch_take(e->scratch, (respond->n_args + 1) * sizeof *a->args);
    if (!a->args) return;
    for (uint32_t i = 0; i < respond->n_args; i++) {
        a->args[i] = eval_value(e, respond->args[i]);
        if (is_nothing(a->args[i])) return;
        hash_argument(hash, a->args[i]);
        if (a->args[i].kind == VALUE_LIST && a->args[i].len > targets) targets = a->args[i].len;
    }
    a->is_refused = targets > TARGETS_MOST || (respond->limit && targets > respond->limit);
    if (a->is_refused) a->refusal = too_many(e, respond, targets);
    v->n_actions++;
}

static void judge_actions(struct eval *e, struct court *c, const struct emitted *told, bool is_settled,
                          struct verdict *v)
{
    const struct ir_rule *r = c->plan->rule;
    v->n_actions = 0;
    v->actions = scratch_take(e->scratch, (r->n_responds + 1) * sizeof *v->actions);
    v->action_hashes = scratch_take(e->scratch, (r->n_responds + 1) * sizeof *v->action_hashes);
    if (!v->actions || !v->action_hashes) return;
    c->collects = true;
    eval_reset(e);
    for (uint32_t i = 0; i < r->n_responds; i++) {
        if (v->score < r->responds[i].at) continue;
        uint32_t n = v->n_actions;
        propose(e, r, i, group_is_blinded(c->plan, c->group), v);
        if (v->n_actions == n) continue;
        bool is_told = was_told(told, v->action_hashes[n]);
        if (r->responds[i].settled && !is_settled && !is_told)
            v->n_actions = n; /* unlocked once it is settled */
        else
            v->actions[n].is_new = !is_told;
    }
}

struct value *judge_given(struct state *s, const struct keyed *k, struct group *g)
{
    struct court c = {.plan = k->rule->plan, .state = s, .keyed = k, .group = g};
    const struct ir_rule *r = c.plan->rule;
    struct eval *e = open_court(s, &c);
    struct value *values = r->n_gives ? scratch_take(e->scratch, r->n_gives * sizeof *values) : NULL;
    for (uint32_t i = 0; values && i < r->n_gives; i++) values[i] = eval_value(e, r->gives[i].value);
    return values;
}

bool judge_swallows(struct state *s, const struct keyed *k, struct group *g)
{
    struct court c = {.plan = k->rule->plan, .state = s, .keyed = k, .group = g};
    struct verdict v = {.swallowed = 0};
    if (c.plan->rule->n_exceptions) judge_exceptions(open_court(s, &c), &c, &v);
    return v.swallowed;
}

void judge_group(struct state *s, const struct keyed *k, struct group *g, const struct emitted *told,
                 bool is_settled, struct verdict *out)
{
    struct court c = {.plan = k->rule->plan, .state = s, .keyed = k, .group = g};
    struct eval *e = open_court(s, &c);
    *out = (struct verdict){.score = 0};
    if (!c.plan->rule->has_score) judge_severity(e, c.plan->rule, out);
    judge_exceptions(e, &c, out);
    judge_score(e, c.plan->rule, out);
    if (told && !is_settled && told->score > out->score) out->score = told->score;
    c.score = out->score;
    judge_severity(e, c.plan->rule, out);
    judge_title(e, &c.plan->rule->title, out);
    uint8_t doubt = judge_doubt_of(c.plan->rule, g);
    if (doubt) judge_doubt(e, c.plan->rule, doubt, out);
    judge_probes(e, &c, out);
    if (!doubt) judge_actions(e, &c, told, is_settled, out);
}
