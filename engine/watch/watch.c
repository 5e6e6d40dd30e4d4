/* watch.c - records through decode, match and state as a replay would take them, with somebody who looks on.
 */
#include "engine/watch/watch.h"

#include "engine/io/merge.h"
#include "engine/tell/predicate.h"

#include <stdlib.h>

#define SCRATCH_BYTES ((size_t)4 << 20)

static const uint64_t secret[2] = {1, 2}; /* nobody's attack, and the same in every run */

/* ---- the bench ----------------------------------------------------------------------------------------- */

bool bench_init(struct bench *b, const csr_ruleset *rs)
{
    const struct ir *ir = csr_ruleset_ir(rs);
    *b = (struct bench){.ir = ir, .sources = csr_ruleset_sources(rs), .rule = IR_NONE};
    b->decoder = decoder_new(ir);
    struct value *memo = calloc(ir->n_nodes + 1, sizeof *memo);
    uint32_t *stamps = calloc(ir->n_nodes + 1, sizeof *stamps);
    b->slots = calloc(ir->n_slots + 1, sizeof *b->slots);
    b->probes = calloc(PART_PROBES * (ir->n_operands + 1), sizeof *b->probes);
    b->scratch = (struct scratch){malloc(SCRATCH_BYTES), 0, SCRATCH_BYTES};
    eval_init(&b->eval, ir, &b->scratch, memo, stamps);
    return b->decoder && memo && stamps && b->slots && b->probes && b->scratch.at;
}

static void release_aim(struct bench *b)
{
    matcher_free(b->matcher);
    matcher_free(b->deriving);
    for (size_t i = 0; i < RULE_FORMS; i++) {
        state_plan_free(b->forms[i].plan);
        free(b->forms[i].rules);
        b->forms[i].plan = NULL, b->forms[i].rules = NULL;
    }
    plan_free(b->plan);
    free(b->runs);
}

/* The rule and those whose groups it takes. */
static void mark_below(struct bench *b, const struct ir_rule *rules, uint32_t number)
{
    const struct ir_rule *r = &rules[number];
    if (b->runs[number]) return;
    b->runs[number] = true;
    for (uint32_t s = 0; s < r->n_steps; s++)
        for (uint32_t g = 0; g < r->steps[s].n_groups; g++)
            for (uint32_t a = 0; a < r->steps[s].groups[g].n_apis; a++)
                if (r->steps[s].groups[g].apis[a].rule != IR_NONE)
                    mark_below(b, rules, r->steps[s].groups[g].apis[a].rule);
}

static void make_form(struct bench *b, enum rule_form form)
{
    struct rule_made *f = &b->forms[form];
    if (f->plan) return;
    const struct ir_rule *from = b->ir->rules;
    f->ir = *b->ir;
    if (!from[b->rule].depth) from += b->rule, f->ir.n_rules = 1;
    f->ir.rules = f->rules = malloc(f->ir.n_rules * sizeof *f->rules);
    if (!f->rules) abort();
    memcpy(f->rules, from, f->ir.n_rules * sizeof *f->rules);
    struct ir_rule *rule = &f->rules[b->number];
    if (form >= RULE_OPEN) rule->open_at = 0;
    if (form >= RULE_WITHOUT_WHERE) {
        rule->where = IR_NONE;
        rule->once = 0;
        rule->probes = b->probes;
        rule->n_probes = b->n_probes;
    }
    f->plan = state_plan_new(&f->ir);
}

/* For each part of `where`, what is to be shown of it. */
static void make_probes(struct bench *b)
{
    const struct ir *ir = b->ir;
    const ir_node_id *where = &ir->rules[b->rule].where, *parts;
    uint32_t n = predicate_parts(ir, where, &parts);
    b->n_probes = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct ir_node *node = &ir->nodes[parts[i]];
        b->probes[b->n_probes++] = parts[i];
        for (uint32_t side = 0; side < 2; side++)
            b->probes[b->n_probes++] = side < node->n ? ir->operands[node->first + side] : parts[i];
    }
}

void bench_aim(struct bench *b, uint32_t rule)
{
    if (b->rule == rule) return;
    release_aim(b);
    b->rule = rule;
    bool is_over = b->ir->rules[rule].depth > 0;
    b->number = is_over ? rule : 0;
    make_probes(b);
    make_form(b, RULE_AS_IT_IS);
    const struct ir *ir = &b->forms[RULE_AS_IT_IS].ir;
    if (!(b->runs = calloc(ir->n_rules, sizeof *b->runs))) abort();
    mark_below(b, ir->rules, b->number);
    b->plan = plan_new(ir, secret);
    b->matcher = matcher_new(b->plan, b->decoder);
    b->deriving = is_over ? matcher_new(b->plan, b->decoder) : NULL;
}

void bench_release(struct bench *b)
{
    for (size_t i = 0; i < RULE_FORMS; i++)
        for (size_t d = 0; d < IR_DEPTHS; d++) state_free(b->forms[i].live[d]);
    merge_close(b->merge);
    release_aim(b);
    decoder_free(b->decoder);
    free(b->eval.memo);
    free(b->eval.memo_stamp);
    free(b->slots);
    free(b->probes);
    free(b->scratch.at);
}

bool bench_read(struct bench *b, const struct enrichment *e, struct text record, struct event *event)
{
    b->scratch.len = 0;
    b->eval.overflowed = false;
    b->eval.enrichment = e;
    b->eval.patterns = matcher_patterns(b->matcher);
    *event = (struct event){.slots = b->slots};
    return decode_event(b->decoder, &b->eval, record, event) == ASIDE_NONE;
}

/* ---- what the matcher finds ---------------------------------------------------------------------------- */

static void found_identity(void *world, struct hash128 identity, int64_t second)
{
    struct watch *w = world;
    w->is_duplicate = state_seen(w->state, identity, second) == SIGHTED_AGAIN;
}

static uint32_t found_touch(void *world, const struct touch *touch)
{
    struct watch *w = world;
    *ARENA_PUSH(w->arena, w->touches) = *touch;
    w->touches.at[w->touches.len - 1].owner = NULL; /* the matcher's; here nobody has to give */
    return w->touches.len - 1;
}

/* Of the rule that is watched; others run below it. */
static bool is_own(const struct watch *w, uint32_t rule)
{
    return rule == w->bench->number;
}

static void found_hit(void *world, const struct hit *h)
{
    struct watch *w = world;
    if (!w->bench->runs[h->rule]) return;
    *ARENA_PUSH(w->arena, w->arriving) = hit_copy(arena_alloc(w->memory, hit_size(h)), h);
}

/* Whether the exception is one of the rule that is watched, and its number there. */
static bool exception_of(const struct watch *w, uint32_t *number)
{
    if (!w->rule->n_exceptions || *number < w->rule->exceptions[0].number) return false;
    *number -= w->rule->exceptions[0].number;
    return *number < w->rule->n_exceptions;
}

static void found_taken(void *world, uint32_t exception)
{
    struct watch *w = world;
    if (w->told.taken && exception_of(w, &exception)) w->told.taken(w->told.world, exception);
}

static void found_feed(void *world, struct hash128 feed, int64_t second)
{
    struct watch *w = world;
    w->told.feed(w->told.world, feed, second);
}

/* ---- what state asks and says -------------------------------------------------------------------------- */

static struct answer give_answer(void *world, uint32_t number, struct hash128 key)
{
    struct watch *w = world;
    (void)key;
    return number < w->answers.len ? w->answers.at[number] : (struct answer){0};
}

static void say_incident(void *world, const struct incident *i)
{
    struct watch *w = world;
    if (is_own(w, i->rule)) w->told.incident(w->told.world, i);
}

static void keep_ask(void *world, const struct settle_ask *ask)
{
    struct watch *w = world;
    struct settle_ask *mine = ARENA_PUSH(w->arena, w->asks);
    *mine = *ask;
    mine->partition = w->depth;
}

static char *give_memory(void *world, size_t size)
{
    struct watch *w = world;
    return arena_alloc(w->memory, size);
}

static void say_swallowed(void *world, uint32_t exception, int change)
{
    struct watch *w = world;
    if (w->told.swallowed && exception_of(w, &exception)) w->told.swallowed(w->told.world, exception, change);
}

static int64_t ask_feed(void *world, struct hash128 feed)
{
    struct watch *w = world;
    return w->told.feed_come ? w->told.feed_come(w->told.world, feed) : INT64_MAX;
}

static void derive_hits(void *world, const struct derived *d)
{
    struct watch *w = world;
    const struct match_out found = {.world = w, .hit = found_hit, .swallowed = found_taken};
    match_derived(w->bench->deriving, d, &found);
}

static struct state_out out_of(struct watch *w)
{
    return (struct state_out){w,           give_answer,   say_incident, keep_ask,
                              give_memory, say_swallowed, ask_feed,     derive_hits};
}

/* ---- records ------------------------------------------------------------------------------------------- */

void watch_begin(struct watch *w, const struct enrichment *e)
{
    struct rule_made *form = &w->bench->forms[w->form];
    struct state_adoption adoption;
    make_form(w->bench, w->form);
    w->rule = &form->rules[w->bench->number];
    w->watermark = INT64_MIN;
    for (uint32_t d = 0; d <= w->rule->depth; d++) {
        w->states[d] = form->live[d] = state_new(NULL);
        state_adopt(w->states[d], form->plan, &adoption);
    }
    w->state = w->states[0];
    state_watch(w->states[w->rule->depth], w->told.reached, w->told.world);
    matcher_enrich(w->bench->matcher, e);
}

/* As state puts the two together: an account stands in for a key without a history of its own. */
static struct answer whole_answer(struct watch *w, const struct hit_ask *ask)
{
    struct answer a = give_answer(w, ask->answer, ask->key);
    if (!a.has_history && hash128_is_set(ask->account))
        a.is_known = give_answer(w, ask->account_answer, ask->account).is_known;
    return a;
}

static void say_hit(struct watch *w, const struct hit *h)
{
    if (!w->told.hit) return;
    struct answer *answers = ARENA_ARRAY(w->memory, struct answer, h->n_asks);
    for (uint32_t i = 0; i < h->n_asks; i++)
        if (!h->asks[i].is_absent && !h->asks[i].is_unknown) answers[i] = whole_answer(w, &h->asks[i]);
    w->told.hit(w->told.world, h, answers);
}

/* What is there for the depth at hand; what is derived from it comes behind. */
static void take_hits(struct watch *w, const struct state_out *out)
{
    for (uint32_t i = 0; i < w->arriving.len; i++) {
        const struct hit *h = w->arriving.at[i];
        if (w->bench->forms[w->form].ir.rules[h->rule].depth != w->depth) continue;
        bool own = is_own(w, h->rule);
        if (own && !h->is_gone) say_hit(w, h);
        if (!own || !w->told.wants || w->told.wants(w->told.world, h)) state_hit(w->states[w->depth], h, out);
    }
}

static void answer_asks(struct watch *w, const struct state_out *out)
{
    for (uint32_t i = 0; i < w->asks.len; i++) {
        struct settle_ask ask = w->asks.at[i];
        struct answer a = state_touch(w->state, &ask.touch);
        state_settled(w->states[ask.partition], ask.ticket, &a, out);
    }
    w->asks.len = 0;
}

/* From the lowest depth up. */
void watch_pass(struct watch *w, int64_t second)
{
    const struct state_out out = out_of(w);
    if (second <= w->watermark) return;
    w->watermark = second;
    w->arriving.len = 0;
    for (w->depth = 0; w->depth <= w->rule->depth; w->depth++) {
        take_hits(w, &out);
        if (w->depth) state_known(w->states[w->depth], state_settled_to(w->states[w->depth - 1]));
        state_watermark(w->states[w->depth], second, w->seq, &out);
        answer_asks(w, &out);
    }
}

struct text watch_text(struct arena *a, const struct input_record *record)
{
    struct json_out json = {0};
    if (record->aside != ASIDE_NONE) return TEXT("");
    if (!record->columns) return arena_text(a, record->bytes.at, record->bytes.len);
    columns_json(record->columns, record->bytes, &json);
    struct text out = arena_text(a, json.at, (uint32_t)json.len);
    json_out_release(&json);
    return out;
}

enum aside watch_record(struct watch *w, struct text record, struct event *event)
{
    const struct state_out out = out_of(w);
    struct match_out found = {w,         found_identity, found_touch,
                              found_hit, found_taken,    w->told.feed ? found_feed : NULL};
    w->seq++;
    w->touches.len = w->answers.len = w->arriving.len = 0;
    if (w->watermark != INT64_MIN) {
        state_forget(w->state, w->watermark);
        state_learn(w->state, w->watermark);
    }
    enum aside why = match_record(w->bench->matcher, record, w->seq, &found, event);
    if (why != ASIDE_NONE || w->is_duplicate) return why;
    for (uint32_t i = 0; i < w->touches.len; i++)
        *ARENA_PUSH(w->arena, w->answers) = state_touch(w->state, &w->touches.at[i]);
    for (w->depth = 0; w->depth <= w->rule->depth; w->depth++) take_hits(w, &out);
    watch_pass(w, event->second - w->bench->ir->schemas[event->schema].disorder - w->patience);
    return ASIDE_NONE;
}

void watch_end(struct watch *w)
{
    watch_pass(w, INT64_MAX);
    matcher_enrich(w->bench->matcher, NULL);
    for (uint32_t d = 0; d <= w->rule->depth; d++) {
        state_free(w->states[d]);
        w->states[d] = w->bench->forms[w->form].live[d] = NULL;
    }
    w->state = NULL;
}
