/* vary.c - the standard variations: a test told in another way, of which something must hold because
 * of what rules mean (language.md), whatever the rule is.
 *
 *   in another order    the order of arrival within the lateness of the source changes nothing (B4)
 *   each event twice    nor do copies (B27)
 *   by somebody else    nor does who it is, as long as the predicates say the same of him (B11)
 *   stretched           any two events further apart than the window: what needs two does not fire (B7)
 *   in one second       equal seconds are in any order (B2): what fired fires, unless the rule forbids
 *                       or asks for a distance, or looks at times or the past
 *
 * A variation of which nothing is certain for the test at hand is not tried.
 */
#include "engine/testing/testing.h"

#define EVENTS_VARIED 512 /* a test with more is not varied: it would take its time five times more */

struct variation {
    const char *words; /* "each event twice" */
    enum rule_form form;
    bool (*is_promised)(struct trial *plain); /* whether it says anything of this test */
    bool (*vary)(struct trial *t);            /* false: it cannot be made */
    bool (*holds)(struct trial *t, struct line *l);
    uint64_t seed;
};

/* ---- the same result ----------------------------------------------------------------------------------- */

static uint32_t count_incidents(const struct trial *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->incidents.len; i++) n += !t->incidents.at[i].is_gone;
    return n;
}

/* names: the identity of some records is what they say, so that with other names it is another one. */
static bool same_witness(const struct incident *a, const struct incident *b, bool names)
{
    if (a->n_witness != b->n_witness || a->n_steps != b->n_steps) return false;
    for (uint32_t i = 0; i < a->n_witness; i++)
        if (!names && !text_equal(a->witness[i], b->witness[i])) return false;
    for (uint32_t i = 0; i < a->n_steps; i++)
        if (a->steps[i].step != b->steps[i].step) return false;
    return true;
}

/* The same match in the other trial, of whomever; of several the one that comes to the same. */
static const struct incident *counterpart(const struct trial *t, const struct incident *i, bool names)
{
    const struct incident *found = NULL;
    for (uint32_t n = 0; n < t->incidents.len; n++) {
        const struct incident *other = &t->incidents.at[n].last;
        bool same = other->opened == i->opened && other->start == i->start && same_witness(other, i, names);
        if (t->incidents.at[n].is_gone || !same) continue;
        if (!found || (other->score == i->score && other->severity == i->severity)) found = other;
    }
    return found;
}

static void put_incident(struct trial *t, struct line *l, const char *what, const struct incident *i)
{
    line_put(l, "%s at ", what);
    line_moment(l, t, i->opened);
    line_put(l, ": ");
    ir_put_quoted(line_out(l), i->title);
    line_put(l, ", %s, score %d", ir_severity_name(i->severity).at, i->score);
}

static bool has_all(struct trial *t, const struct trial *of, const struct trial *in, const char *what,
                    struct line *l)
{
    for (uint32_t n = 0; n < of->incidents.len; n++) {
        const struct incident *i = &of->incidents.at[n].last, *other;
        if (of->incidents.at[n].is_gone) continue;
        other = counterpart(in, i, t->names != NULL);
        if (other && other->score == i->score && other->severity == i->severity) continue;
        put_incident(t, l, other ? "another incident" : what, i);
        return false;
    }
    return true;
}

static bool is_same(struct trial *t, struct line *l)
{
    const struct trial *plain = t->plain;
    if (!has_all(t, plain, t, "without the incident", l) || !has_all(t, t, plain, "one incident more", l))
        return false;
    for (uint32_t s = 0; s < t->rule->n_steps; s++) {
        if (t->most[s] == plain->most[s]) continue;
        line_put(l, TEXT_FMT ": %u events in place of %u", TEXT_ARG(t->rule->steps[s].name), t->most[s],
                 plain->most[s]);
        return false;
    }
    return true;
}

/* ---- the order of arrival, copies ---------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Feeds that fall silent have an arrival of their own. */
static bool has_no_silence(struct trial *plain)
{
    return !plain->test->n_silences;
}

/* By how many seconds a record may come later than one that is newer. */
static int64_t lateness_of(struct trial *t)
{
    int64_t least = INT64_MAX;
    for (uint32_t i = 0; i < t->events.len; i++) {
        struct event event;
        if (!bench_read(t->bench, &t->enrichment, t->events.at[i].record, &event)) return 0;
        int64_t disorder = t->bench->ir->schemas[event.schema].disorder;
        if (disorder < least) least = disorder;
    }
    return least == INT64_MAX ? 0 : least;
}

/* Each event comes some time later than it was, less than `lateness`. */
static void deliver_late(struct trial *t, int64_t lateness, uint64_t seed)
{
    int64_t *come = ARENA_ARRAY(t->arena, int64_t, t->events.len);
    struct ir_test_event *at = t->events.at;
    for (uint32_t i = 0; i < t->events.len; i++) {
        struct ir_test_event e = at[i];
        int64_t second = e.second + (int64_t)(next_random(&seed) % (uint64_t)lateness);
        uint32_t k = i;
        for (; k && come[k - 1] > second; k--) at[k] = at[k - 1], come[k] = come[k - 1];
        at[k] = e, come[k] = second;
    }
}

static bool shuffle(struct trial *t)
{
    int64_t lateness = lateness_of(t);
    if (t->events.len < 2 || lateness < 2) return false;
    deliver_late(t, lateness, t->variation->seed);
    return true;
}

static bool repeat(struct trial *t)
{
    int64_t lateness = lateness_of(t);
    uint32_t n = t->events.len;
    for (uint32_t i = 0; i < n; i++) {
        struct ir_test_event again = t->events.at[i];
        *ARENA_PUSH(t->arena, t->events) = again;
    }
    if (lateness > 1) deliver_late(t, lateness, t->variation->seed);
    return n > 0;
}

/* ---- somebody else ------------------------------------------------------------------------------------- */

/* Whether the predicate comes out otherwise for the other record: then the rule names somebody, or looks into
 * names. */
static bool tells_apart(struct trial *t, ir_node_id test, struct text a, struct text b)
{
    struct event event;
    if (test == IR_NONE) return false;
    if (!bench_read(t->bench, &t->enrichment, a, &event)) return true;
    enum tri first = eval_test(&t->bench->eval, test);
    return !bench_read(t->bench, &t->enrichment, b, &event) || eval_test(&t->bench->eval, test) != first;
}

static bool group_tells_apart(struct trial *t, const struct ir_group *g, struct text a, struct text b)
{
    if (tells_apart(t, g->test, a, b)) return true;
    for (uint32_t e = 0; e < g->n_exceptions; e++)
        if (tells_apart(t, g->exceptions[e].test, a, b)) return true;
    return false;
}

static bool rule_tells_apart(struct trial *t, struct text a, struct text b)
{
    for (uint32_t s = 0; s < t->rule->n_steps; s++)
        for (uint32_t g = 0; g < t->rule->steps[s].n_groups; g++)
            if (group_tells_apart(t, &t->rule->steps[s].groups[g], a, b)) return true;
    return false;
}

/* A text that is written in what is asked of a match. */
static bool has_text(const struct ir *ir, ir_node_id id)
{
    if (id == IR_NONE) return false;
    const struct ir_node *node = &ir->nodes[id];
    if (node->op == IR_OP_LIST || (node->op == IR_OP_CONST && ir->constants[node->x].kind == VALUE_STRING))
        return true;
    for (uint32_t i = 0; i < node->n; i++)
        if (has_text(ir, ir->operands[node->first + i])) return true;
    return false;
}

static bool match_names_nobody(struct trial *plain)
{
    const struct ir *ir = plain->bench->ir;
    const struct ir_rule *r = plain->rule;
    if (r->depth || has_text(ir, r->where)) return false;
    for (uint32_t i = 0; i < r->n_terms; i++)
        if (has_text(ir, r->terms[i].when)) return false;
    for (uint32_t i = 0; i < r->n_severities; i++)
        if (has_text(ir, r->severities[i].when)) return false;
    for (uint32_t i = 0; i < r->n_exceptions; i++)
        if (r->exceptions[i].on_match && has_text(ir, r->exceptions[i].when)) return false;
    return true;
}

/* What a name may not touch: a word of the record that is no name. */
static bool is_same_call(struct trial *t, struct text a, struct text b)
{
    struct event x, y;
    if (!bench_read(t->bench, &t->enrichment, a, &x)) return false;
    struct text service = arena_text(t->arena, x.service.at, x.service.len);
    struct text action = arena_text(t->arena, x.action.at, x.action.len);
    return bench_read(t->bench, &t->enrichment, b, &y) && x.schema == y.schema && x.second == y.second &&
           text_equal(service, y.service) && text_equal(action, y.action);
}

static bool rename_all(struct trial *t)
{
    t->names = renaming_new(t);
    for (uint32_t i = 0; t->names && i < t->events.len; i++) {
        struct text was = t->events.at[i].record;
        struct text now = t->events.at[i].record = rename_text(t->arena, t->names, was);
        if (!is_same_call(t, was, now) || rule_tells_apart(t, was, now)) return false;
    }
    return t->names != NULL;
}

/* ---- stretched ----------------------------------------------------------------------------------------- */

/* Every choice takes at least two events. Of a sum one may be enough, and one record may open two groups. */
static bool needs_two(struct trial *plain)
{
    const struct ir_automaton *a = &plain->rule->automata[0];
    for (uint32_t i = 0; i < a->n_alternatives; i++) {
        uint32_t n = 0;
        for (uint32_t q = 0; q < a->alternatives[i].n_places; q++) n += a->alternatives[i].places[q].times;
        if (n < 2) return false;
    }
    return !plain->rule->is_on && !plain->rule->depth && has_no_silence(plain);
}

static bool stretch(struct trial *t)
{
    int64_t apart = t->rule->within + 1;
    for (uint32_t i = 0; i < t->events.len; i++)
        if (!retell_at(t, &t->events.at[i], t->events.at[i].second + i * apart)) return false;
    return t->events.len > 1;
}

static bool is_nothing(struct trial *t, struct line *l)
{
    for (uint32_t i = 0; i < t->incidents.len; i++) {
        if (t->incidents.at[i].is_gone) continue;
        put_incident(t, l, "a match", &t->incidents.at[i].last);
        return false;
    }
    return true;
}

/* ---- in one second ------------------------------------------------------------------------------------- */

static bool asks_for_distance(const struct ir_alternative *a)
{
    for (uint32_t i = 0; i < a->n_order; i++)
        if (a->order[i].strict) return true;
    for (uint32_t i = 0; i < a->n_gaps; i++)
        if (a->gaps[i].least > 0) return true;
    for (uint32_t q = 0; q < a->n_places; q++)
        if (a->places[q].most) return true;
    return a->n_vetoes > 0;
}

static bool stands_in_one_second(struct trial *plain)
{
    const struct ir_rule *r = plain->rule;
    bool any_exception = false;
    for (uint32_t i = 0; i < r->n_exceptions; i++) any_exception |= r->exceptions[i].on_match;
    for (uint32_t i = 0; i < r->automata[0].n_alternatives; i++)
        if (asks_for_distance(&r->automata[0].alternatives[i])) return false;
    for (uint32_t s = 0; s < r->n_steps; s++)
        for (uint32_t g = 0; g < r->steps[s].n_groups; g++)
            if (r->steps[s].groups[g].gate != IR_NONE) return false;
    return count_incidents(plain) && r->where == IR_NONE && !r->depth && !any_exception &&
           has_no_silence(plain);
}

static bool put_in_one_second(struct trial *t)
{
    for (uint32_t i = 0; i < t->events.len; i++)
        if (!retell_at(t, &t->events.at[i], t->events.at[0].second)) return false;
    return t->events.len > 1;
}

/* Whether the same events fill the same steps: where a predicate looks at times, they may not. */
static bool same_hits(const struct trial *a, const struct trial *b)
{
    if (a->hits.len != b->hits.len) return false;
    for (uint32_t i = 0; i < a->hits.len; i++) {
        const struct hit *x = a->hits.at[i].hit, *y = b->hits.at[i].hit;
        if (x->step != y->step || !text_equal(x->key, y->key)) return false;
    }
    return true;
}

static bool has_key(const struct trial *t, struct text key)
{
    for (uint32_t i = 0; i < t->incidents.len; i++)
        if (!t->incidents.at[i].is_gone && text_equal(t->incidents.at[i].last.key, key)) return true;
    return false;
}

static bool still_matches(struct trial *t, struct line *l)
{
    if (!same_hits(t, t->plain)) return true;
    for (uint32_t i = 0; i < t->plain->incidents.len; i++) {
        const struct trial_incident *one = &t->plain->incidents.at[i];
        if (one->is_gone || has_key(t, one->last.key)) continue;
        put_incident(t, l, "no match in place of the incident", &one->last);
        return false;
    }
    return true;
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static const struct variation variations[] = {
    {"its events in another order of arrival", RULE_AS_IT_IS, has_no_silence, shuffle, is_same, 1},
    {"its events in yet another order of arrival", RULE_AS_IT_IS, has_no_silence, shuffle, is_same, 2},
    {"each event twice", RULE_AS_IT_IS, has_no_silence, repeat, is_same, 3},
    {"the same by somebody else", RULE_AS_IT_IS, match_names_nobody, rename_all, is_same, 0},
    {"its events further apart than the window", RULE_OPEN, needs_two, stretch, is_nothing, 0},
    {"all events in one second", RULE_OPEN, stands_in_one_second, put_in_one_second, still_matches, 0},
};

bool vary_events(struct trial *t)
{
    return t->variation->vary(t);
}

static void fail(struct trial *plain, const struct variation *v, const char *words, struct failures *out)
{
    struct place place = sources_place(plain->bench->sources, plain->test->span.lo);
    struct lines lines = {0};
    *ARENA_PUSH(plain->arena, lines) = words;
    *ARENA_PUSH(plain->arena, *out) = (struct csr_test_failure){
        arena_printf(plain->arena, "variation: %s", v->words).at, place.line, lines.at, lines.len};
}

static void try_one(struct trial *plain, const struct variation *v, struct failures *out)
{
    struct trial *t = ARENA_NEW(plain->arena, struct trial);
    struct line l = {.arena = plain->arena};
    *t = (struct trial){
        .bench = plain->bench, .test = plain->test, .arena = plain->arena, .variation = v, .plain = plain};
    if (v->is_promised(plain) && trial_run(t, v->form) && !v->holds(t, &l)) fail(plain, v, line_end(&l), out);
}

void vary_all(struct trial *plain, struct failures *out)
{
    if (plain->events.len > EVENTS_VARIED) return;
    for (size_t i = 0; i < sizeof variations / sizeof *variations; i++) try_one(plain, &variations[i], out);
}
