/* watch.c - records through decode, match and state as a replay would take them, with somebody who looks on.
 */
#include "engine/watch.h"

#include "engine/io/merge.h"
#include "engine/predicate.h"

#include <stdlib.h>

#define SCRATCH_BYTES ((size_t)4 << 20)

static const uint64_t secret[2] = {1, 2}; /* nobody's attack, and the same in every run */

/* ---- the bench * ------------------------------------------------------------------------------------ */

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
    for (size_t i = 0; i < RULE_FORMS; i++) state_plan_free(b->forms[i].plan);
    for (size_t i = 0; i < RULE_FORMS; i++) b->forms[i].plan = NULL;
    plan_free(b->plan);
}

static void make_form(struct bench *b, enum rule_form form)
{
    struct rule_made *f = &b->forms[form];
    if (f->plan) return;
    f->ir = *b->ir;
    f->ir.rules = &f->rule;
    f->ir.n_rules = 1;
    f->rule = b->ir->rules[b->rule];
    if (form >= RULE_OPEN) f->rule.open_at = 0;
    if (form >= RULE_WITHOUT_WHERE) {
        f->rule.where = IR_NONE;
        f->rule.once = 0;
        f->rule.probes = b->probes;
        f->rule.n_probes = b->n_probes;
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
    make_probes(b);
    make_form(b, RULE_AS_IT_IS);
    b->plan = plan_new(&b->forms[RULE_AS_IT_IS].ir, secret);
    b->matcher = matcher_new(b->plan, b->decoder);
}

void bench_release(struct bench *b)
{
    for (size_t i = 0; i < RULE_FORMS; i++) state_free(b->forms[i].live);
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

/* ---- what the matcher finds * ----------------------------------------------------------------------- */

static void found_identity(void *world, struct hash128 identity, int64_t second)
{
    struct watch *w = world;
    w->is_duplicate = state_seen(w->state, identity, second);
}

static uint32_t found_touch(void *world, const struct touch *touch)
{
    struct watch *w = world;
    *ARENA_PUSH(w->arena, w->touches) = *touch;
    return w->touches.len - 1;
}

static void found_hit(void *world, const struct hit *h)
{
    struct watch *w = world;
    if (w->told.wants && !w->told.wants(w->told.world, h)) return;
    *ARENA_PUSH(w->arena, w->arriving) = hit_copy(arena_alloc(w->memory, hit_size(h)), h);
}

static uint32_t exception_of(const struct watch *w, uint32_t number)
{
    return number - w->rule->exceptions[0].number;
}

static void found_taken(void *world, uint32_t exception)
{
    struct watch *w = world;
    if (w->told.taken) w->told.taken(w->told.world, exception_of(w, exception));
}

static void found_feed(void *world, struct hash128 feed, int64_t second)
{
    struct watch *w = world;
    w->told.feed(w->told.world, feed, second);
}

/* ---- what state asks and says * --------------------------------------------------------------------- */

static struct answer give_answer(void *world, uint32_t number, struct hash128 key)
{
    struct watch *w = world;
    (void)key;
    return number < w->answers.len ? w->answers.at[number] : (struct answer){0};
}

static void say_incident(void *world, const struct incident *i)
{
    struct watch *w = world;
    w->told.incident(w->told.world, i);
}

static void keep_ask(void *world, const struct settle_ask *ask)
{
    struct watch *w = world;
    *ARENA_PUSH(w->arena, w->asks) = *ask;
}

static char *give_memory(void *world, size_t size)
{
    struct watch *w = world;
    return arena_alloc(w->memory, size);
}

static void say_swallowed(void *world, uint32_t exception, int change)
{
    struct watch *w = world;
    if (w->told.swallowed) w->told.swallowed(w->told.world, exception_of(w, exception), change);
}

static int64_t ask_feed(void *world, struct hash128 feed)
{
    struct watch *w = world;
    return w->told.feed_come ? w->told.feed_come(w->told.world, feed) : INT64_MAX;
}

static struct state_out out_of(struct watch *w)
{
    return (struct state_out){w, give_answer, say_incident, keep_ask, give_memory, say_swallowed, ask_feed};
}

/* ---- records * -------------------------------------------------------------------------------------- */

void watch_begin(struct watch *w, const struct enrichment *e)
{
    struct rule_made *form = &w->bench->forms[w->form];
    struct state_adoption adoption;
    make_form(w->bench, w->form);
    w->rule = &form->rule;
    w->watermark = INT64_MIN;
    w->state = form->live = state_new((struct state_limits){0});
    state_adopt(w->state, form->plan, &adoption);
    state_watch(w->state, w->told.reached, w->told.world);
    matcher_enrich(w->bench->matcher, e);
}

void watch_pass(struct watch *w, int64_t second)
{
    const struct state_out out = out_of(w);
    if (second <= w->watermark) return;
    w->watermark = second;
    state_watermark(w->state, second, w->seq, &out);
    for (uint32_t i = 0; i < w->asks.len; i++) {
        struct settle_ask ask = w->asks.at[i];
        struct answer a = state_touch(w->state, &ask.touch);
        state_settled(w->state, ask.ticket, &a, &out);
    }
    w->asks.len = 0;
}

/* As state puts the two together: an account stands in for a key without a history of its own. */
static struct answer whole_answer(struct watch *w, const struct hit_ask *ask)
{
    struct answer a = give_answer(w, ask->answer, ask->key);
    if (!a.has_history && (ask->account.hi | ask->account.lo))
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
    for (uint32_t i = 0; i < w->arriving.len; i++) {
        say_hit(w, w->arriving.at[i]);
        state_hit(w->state, w->arriving.at[i], &out);
    }
    watch_pass(w, event->second - w->bench->ir->schemas[event->schema].disorder);
    return ASIDE_NONE;
}

void watch_end(struct watch *w)
{
    watch_pass(w, INT64_MAX);
    matcher_enrich(w->bench->matcher, NULL);
    state_free(w->state);
    w->state = w->bench->forms[w->form].live = NULL;
}
