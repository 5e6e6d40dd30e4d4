/* judge.c - the leaves of expressions over a group, and the sums over them. */
#include "engine/state/judge.h"
#include "engine/base/number.h"
#include "engine/state/words.h"

#include <math.h>
#include <stdlib.h>

#define SCRATCH_BYTES (256u << 10)
#define TARGETS_MOST  256

/* Leaves look at a group, or (for a gate) at one hit alone. */
struct court {
    const struct rule_plan *plan;
    const struct keyed *keyed;
    struct group *group;
    const struct kept *only;
    int32_t score;
    const struct verdict *verdict; /* as far as it is made; probes alone read it */
    bool collects;                 /* targets of responses: all values of the step, not the witness's alone */
};

/* The first of a list's events that are of this step or a later one. */
static uint32_t first_of_step(const struct gathered *all, uint32_t step)
{
    uint32_t lo = 0, hi = all->len;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (all->at[mid]->hit->step < step)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct known_events known_events(const struct keyed *k, struct group *g, uint32_t step)
{
    const struct rule_plan *p = k->rule->plan;
    if (p->exact >> step & 1)
        for (uint32_t i = 0; i < k->gathered.len; i++) {
            const struct gathered *all = &k->gathered.at[i];
            if (all->opened != g->opened) continue;
            uint32_t from = first_of_step(all, step), to = first_of_step(all, step + 1);
            return (struct known_events){all->at + from, to - from, to - from};
        }
    struct shown *s = group_shown(p, g, step);
    return (struct known_events){s->at, s->len, s->count};
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

static struct value leaf_edge(const struct court *c, const struct ir_node *n, bool last)
{
    struct known_events events = known_events(c->keyed, c->group, n->y);
    if (!events.len) return value_absent();
    return capture_of(events.at[last ? events.len - 1 : 0], n->x);
}

static int compare_hashes(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static uint64_t hash_value(struct value v)
{
    static const uint64_t plain[2];
    char inside[256], *at = inside;
    uint32_t size = value_key_size(v);
    if (size > sizeof inside && !(at = malloc(size))) abort();
    uint64_t h = hash_64(plain, at, (size_t)(value_key_put(at, v) - at));
    if (at != inside) free(at);
    return h;
}

static struct value leaf_distinct(struct eval *e, const struct court *c, const struct ir_node *n)
{
    struct known_events events = known_events(c->keyed, c->group, n->y);
    uint64_t *hashes = NULL;
    uint32_t len = 0, most = 0, distinct = 0;
    for (uint32_t i = 0; i < events.len; i++) {
        struct value v = capture_of(events.at[i], n->x);
        most += v.kind == VALUE_LIST ? v.len : 1;
    }
    if (!(hashes = scratch_take(e->scratch, (most + 1) * sizeof *hashes)))
        return (struct value){.kind = VALUE_UNKNOWN};
    for (uint32_t i = 0; i < events.len; i++) {
        struct value v = capture_of(events.at[i], n->x);
        const struct value *items = v.kind == VALUE_LIST ? v.items : &v;
        for (uint32_t k = 0, of = v.kind == VALUE_LIST ? v.len : 1; k < of; k++)
            if (items[k].kind > VALUE_NULL) hashes[len++] = hash_value(items[k]);
    }
    qsort(hashes, len, sizeof *hashes, compare_hashes);
    for (uint32_t i = 0; i < len; i++) distinct += i == 0 || hashes[i] != hashes[i - 1];
    return value_int(distinct);
}

struct amounts {
    long double sum;
    struct value least, most;
};

/* Of values that are no numbers nothing is added; list elements count each. */
static void add_up(struct amounts *a, struct value v)
{
    long double number;
    int order;
    if (v.kind == VALUE_LIST) {
        for (uint32_t i = 0; i < v.len; i++) add_up(a, v.items[i]);
        return;
    }
    if (v.kind <= VALUE_NULL) return;
    if (a->least.kind == VALUE_ABSENT || (value_order(v, a->least, &order) && order < 0)) a->least = v;
    if (a->most.kind == VALUE_ABSENT || (value_order(v, a->most, &order) && order > 0)) a->most = v;
    if (number_of(v, &number)) a->sum += number;
}

static struct value leaf_amount(const struct court *c, const struct ir_node *n)
{
    struct known_events events = known_events(c->keyed, c->group, n->y);
    struct amounts a = {.sum = 0};
    for (uint32_t i = 0; i < events.len; i++) add_up(&a, capture_of(events.at[i], n->x));
    if (n->op == IR_OP_MIN_OF) return a.least;
    if (n->op == IR_OP_MAX_OF) return a.most;
    bool whole = a.sum == floorl(a.sum) && fabsl(a.sum) < 9.2e18L;
    return whole ? value_int((int64_t)a.sum) : (struct value){.kind = VALUE_FLOAT, .f = (double)a.sum};
}

static struct value leaf_key(const struct court *c, uint32_t part)
{
    const char *at = c->keyed->key.at, *end = at + c->keyed->key.len;
    struct value v = value_absent();
    for (uint32_t i = 0; i <= part && at < end; i++) v = value_key_get(&at, end);
    return v;
}

/* ---- baselines ---------------------------------------------------------------------------------------- */

static const struct hit_ask *find_ask(const struct kept *k, uint32_t ask, const struct answer_state **state)
{
    for (uint32_t i = 0; i < k->hit->n_asks; i++)
        if (k->hit->asks[i].ask == ask) {
            *state = &k->answers[i];
            return &k->hit->asks[i];
        }
    return NULL;
}

static struct value one_asked(const struct court *c, const struct kept *k, uint32_t ask)
{
    const struct answer_state *a;
    const struct hit_ask *question = find_ask(k, ask, &a);
    uint8_t kind = c->plan->rule->asks[ask].kind;
    if (!question || question->is_absent) return kind == IR_ASK_NEW ? value_bool(false) : value_absent();
    if (question->is_unknown || !answer_is_known(a)) return (struct value){.kind = VALUE_UNKNOWN};
    return answer_value(kind, &a->answers[ASKED_KEY]);
}

static struct value leaf_new(const struct court *c, uint32_t ask, uint32_t step)
{
    if (c->only) return one_asked(c, c->only, ask);
    struct known_events events = known_events(c->keyed, c->group, step);
    struct value any = value_bool(false);
    for (uint32_t i = 0; i < events.len; i++) {
        struct value v = one_asked(c, events.at[i], ask);
        if (v.kind == VALUE_BOOL && v.i) return v;
        if (v.kind == VALUE_UNKNOWN) any = v;
    }
    return any;
}

static struct value leaf_asked(const struct court *c, uint32_t ask, uint32_t step)
{
    const struct kept *k = c->only ? c->only : group_witness(c->plan, c->group, step);
    return k ? one_asked(c, k, ask) : value_absent();
}

static struct value leaf(struct eval *e, ir_node_id id, const struct ir_node *n)
{
    const struct court *c = e->world;
    (void)id;
    switch (n->op) {
    case IR_OP_CAPTURE: return leaf_capture(e, c, n->x, n->y);
    case IR_OP_BARE: return leaf_bare(e, c, n);
    case IR_OP_FIRST: return leaf_edge(c, n, false);
    case IR_OP_LAST: return leaf_edge(c, n, true);
    case IR_OP_STEP_EXISTS: return value_bool(c->group->exists >> n->y & 1);
    case IR_OP_COUNT: return value_int((int64_t)known_events(c->keyed, c->group, n->y).count);
    case IR_OP_DISTINCT: return leaf_distinct(e, c, n);
    case IR_OP_SUM_OF:
    case IR_OP_MIN_OF:
    case IR_OP_MAX_OF: return leaf_amount(c, n);
    case IR_OP_KEY: return leaf_key(c, n->x);
    case IR_OP_SCORE: return value_int(c->score);
    case IR_OP_SEVERITY: return c->verdict ? value_int(c->verdict->severity) : value_absent();
    case IR_OP_TITLE: return c->verdict ? value_string(c->verdict->title) : value_absent();
    case IR_OP_ASK_NEW: return leaf_new(c, n->x, n->y);
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

bool judge_gate(struct state *s, const struct rule_plan *p, const struct kept *k)
{
    struct court c = {.plan = p, .only = k};
    ir_node_id gate = p->rule->steps[k->hit->step].groups[k->hit->group].gate;
    return gate == IR_NONE || eval_test(open_court(s, &c), gate) == TRI_TRUE;
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

static struct text unknown_words(struct eval *e, struct text words)
{
    struct words w = words_begin(e->scratch);
    words_text(&w, words);
    words_text(&w, TEXT(": unknown, the baseline has no history yet"));
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
            reason = (struct incident_reason){0, unknown_words(e, r->terms[i].words), true};
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

static void judge_title(struct eval *e, const struct ir_rule *r, struct verdict *v)
{
    struct value *values = scratch_take(e->scratch, (r->title.len + 1) * sizeof *values);
    if (!values) return;
    for (uint32_t i = 0; i < r->title.len; i++)
        if (r->title.parts[i].operand != IR_NONE) values[i] = eval_value(e, r->title.parts[i].operand);
    struct words w = words_begin(e->scratch);
    for (uint32_t i = 0; i < r->title.len; i++) {
        if (r->title.parts[i].operand == IR_NONE)
            words_text(&w, r->title.parts[i].literal);
        else
            words_value(&w, values[i]);
    }
    v->title = words_end(&w);
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
    hash_more(h, v.kind <= VALUE_NULL ? v.kind : hash_value(v));
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

static void propose(struct eval *e, const struct ir_rule *r, uint32_t number, struct verdict *v)
{
    const struct ir_respond *respond = &r->responds[number];
    struct incident_action *a = &v->actions[v->n_actions];
    uint64_t *hash = &v->action_hashes[v->n_actions];
    uint32_t targets = 0;
    *a = (struct incident_action){.respond = number, .n_args = respond->n_args};
    *hash = number;
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
        propose(e, r, i, v);
        if (v->n_actions == n) continue;
        bool is_told = was_told(told, v->action_hashes[n]);
        if (r->responds[i].settled && !is_settled && !is_told)
            v->n_actions = n; /* unlocked once it is settled */
        else
            v->actions[n].is_new = !is_told;
    }
}

void judge_group(struct state *s, const struct keyed *k, struct group *g, const struct emitted *told,
                 bool is_settled, struct verdict *out)
{
    struct court c = {.plan = k->rule->plan, .keyed = k, .group = g};
    struct eval *e = open_court(s, &c);
    *out = (struct verdict){.score = 0};
    if (!c.plan->rule->has_score) judge_severity(e, c.plan->rule, out);
    judge_exceptions(e, &c, out);
    judge_score(e, c.plan->rule, out);
    if (told && !is_settled && told->score > out->score) out->score = told->score;
    c.score = out->score;
    judge_severity(e, c.plan->rule, out);
    judge_title(e, c.plan->rule, out);
    judge_probes(e, &c, out);
    judge_actions(e, &c, told, is_settled, out);
}
