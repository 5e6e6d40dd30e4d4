/* expect.c - what a test expects, against the incidents as they stand when all watermarks have
 * passed.
 *
 * A failure says what differs and nothing else: which part of `where` did not hold and what was there
 * instead, how many incidents there were, or, where there was none, how far it got.
 */
#include "engine/testing/testing.h"

struct judging {
    struct trial *t;
    const struct ir_expect *expect;
    struct lines lines;
    struct line line;
    bool has_explained; /* why there is none: once is enough */
    uint64_t told;      /* bits of steps of which it was told why they are not there */
};

static void say(struct judging *j)
{
    *ARENA_PUSH(j->t->arena, j->lines) = line_end(&j->line);
}

/* ---- incidents ----------------------------------------------------------------------------------------- */

static const struct incident *incident_at(const struct trial *t, uint32_t index)
{
    for (uint32_t i = 0; i < t->incidents.len; i++)
        if (!t->incidents.at[i].is_gone && index-- == 0) return &t->incidents.at[i].last;
    return NULL;
}

static uint32_t count_incidents(const struct trial *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->incidents.len; i++) n += !t->incidents.at[i].is_gone;
    return n;
}

static void put_incident(struct judging *j, const struct incident *i)
{
    line_put(&j->line, "at ");
    line_moment(&j->line, j->t, i->opened);
    line_put(&j->line, ": ");
    ir_put_quoted(line_out(&j->line), i->title);
    line_put(&j->line, ", %s, score %d", ir_severity_name(i->severity).at, i->score);
}

static void say_incidents(struct judging *j)
{
    const struct incident *one;
    for (uint32_t i = 0; (one = incident_at(j->t, i)); i++) {
        line_put(&j->line, "got one ");
        put_incident(j, one);
        say(j);
    }
}

static void explain_once(struct judging *j)
{
    if (!j->has_explained) explain_missing(j->t, &j->lines);
    j->has_explained = true;
}

/* ---- where --------------------------------------------------------------------------------------------- */

static struct value probe(const struct incident *i, uint32_t number)
{
    return number < i->n_probes ? i->probes[number] : value_absent();
}

static bool check_holds(const struct incident *i, const struct ir_check *c)
{
    return value_equal(probe(i, c->test), value_bool(true)) == TRI_TRUE;
}

static bool where_holds(const struct ir_expect *e, const struct incident *i)
{
    for (uint32_t c = 0; c < e->n_checks; c++)
        if (!check_holds(i, &e->checks[c])) return false;
    return true;
}

static void put_side(struct judging *j, const struct incident *i, const struct ir_check *c, uint32_t side)
{
    struct value v = probe(i, side);
    if (c->is_severity && v.kind == VALUE_INT && v.i >= IR_INFO && v.i <= IR_CRITICAL)
        ir_put(line_out(&j->line), ir_severity_name((enum ir_severity)v.i));
    else
        line_value(&j->line, v);
}

static void put_got(struct judging *j, const struct incident *i, const struct ir_check *c)
{
    if (c->left != IR_NONE && c->right != IR_NONE) {
        line_put(&j->line, "got " TEXT_FMT " ", TEXT_ARG(c->left_words));
        put_side(j, i, c, c->left);
        line_put(&j->line, " and " TEXT_FMT " ", TEXT_ARG(c->right_words));
        put_side(j, i, c, c->right);
    } else if (c->left != IR_NONE || c->right != IR_NONE) {
        line_put(&j->line, "got ");
        put_side(j, i, c, c->left != IR_NONE ? c->left : c->right);
    } else {
        line_put(&j->line, probe(i, c->test).kind == VALUE_UNKNOWN ? "which is unknown" : "which is false");
    }
}

static void say_check(struct judging *j, const struct incident *i, const struct ir_check *c)
{
    line_put(&j->line, "expected " TEXT_FMT ", ", TEXT_ARG(c->words));
    put_got(j, i, c);
    if (text_equal(c->left_words, TEXT("score")) || text_equal(c->right_words, TEXT("score"))) {
        line_put(&j->line, ": ");
        line_score(&j->line, j->t->rule, i);
    }
    say(j);
    explain_steps(j->t, i, j->t->rule->probes[c->test], &j->told, &j->lines);
}

static void say_checks(struct judging *j, const struct incident *i, bool alone)
{
    if (!alone) {
        line_put(&j->line, "incident ");
        put_incident(j, i);
        say(j);
    }
    for (uint32_t c = 0; c < j->expect->n_checks; c++)
        if (!check_holds(i, &j->expect->checks[c])) say_check(j, i, &j->expect->checks[c]);
}

/* ---- the kinds of expectations ------------------------------------------------------------------------- */

/* False: it was not met, and the lines say why. */
static bool judge_none(struct judging *j)
{
    if (!count_incidents(j->t)) return true;
    say_incidents(j);
    return false;
}

static void say_number(struct judging *j, uint32_t fit, uint32_t all)
{
    if (j->expect->n_checks && fit != all)
        line_put(&j->line, "got %u of %u incidents", fit, all);
    else
        line_put(&j->line, "got %u incident%s", all, all == 1 ? "" : "s");
    say(j);
}

static bool judge_incident(struct judging *j)
{
    const struct ir_expect *e = j->expect;
    const struct incident *one;
    uint32_t fit = 0, all = count_incidents(j->t);
    for (uint32_t i = 0; (one = incident_at(j->t, i)); i++) fit += where_holds(e, one);
    if (e->count ? fit == e->count : fit > 0) return true;
    if (!all) {
        line_put(&j->line, "got none");
        say(j);
        explain_once(j);
        return false;
    }
    if (e->count > 1 || all > 1) say_number(j, fit, all);
    for (uint32_t i = 0; fit < all && (one = incident_at(j->t, i)); i++)
        if (!where_holds(e, one)) say_checks(j, one, all == 1);
    if (fit == all) say_incidents(j);
    return false;
}

static bool judge_partial(struct judging *j)
{
    const struct ir_expect *e = j->expect;
    uint32_t most = j->t->most[e->step];
    if (most == e->taken) return true;
    line_put(&j->line, "got %u of %u", most, e->of);
    say(j);
    if (most < e->taken) explain_once(j);
    return false;
}

/* What an incident proposes under this verb; NULL: nothing. */
static const struct incident_action *proposed(const struct trial *t, const struct incident *i,
                                              struct text verb)
{
    const struct incident_action *found = NULL;
    for (uint32_t a = 0; a < i->n_actions; a++) {
        if (!text_equal(t->rule->responds[i->actions[a].respond].verb, verb)) continue;
        if (!found || found->is_refused) found = &i->actions[a];
    }
    return found;
}

static void say_threshold(struct judging *j, const struct incident *i)
{
    for (uint32_t r = 0; r < j->t->rule->n_responds; r++) {
        const struct ir_respond *respond = &j->t->rule->responds[r];
        if (!text_equal(respond->verb, j->expect->verb)) continue;
        line_put(&j->line, TEXT_FMT " stands at %d, score is %d: ", TEXT_ARG(respond->verb), respond->at,
                 i->score);
        line_score(&j->line, j->t->rule, i);
        say(j);
        return;
    }
}

static bool judge_action(struct judging *j)
{
    const struct incident *one;
    for (uint32_t i = 0; (one = incident_at(j->t, i)); i++) {
        const struct incident_action *a = proposed(j->t, one, j->expect->verb);
        if (a && !a->is_refused) return true;
        if (a)
            line_put(&j->line, "got it refused: " TEXT_FMT, TEXT_ARG(a->refusal)), say(j);
        else
            say_threshold(j, one);
    }
    if (!count_incidents(j->t)) {
        line_put(&j->line, "got no incident");
        say(j);
        explain_once(j);
    }
    return false;
}

static bool judge(struct judging *j)
{
    switch ((enum ir_expect_kind)j->expect->kind) {
    case IR_EXPECT_NONE: return judge_none(j);
    case IR_EXPECT_INCIDENT: return judge_incident(j);
    case IR_EXPECT_PARTIAL: return judge_partial(j);
    default: return judge_action(j);
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void fail(struct judging *j, struct text expected, struct csr_span span, struct failures *out)
{
    struct place place = sources_place(j->t->bench->sources, span.lo);
    *ARENA_PUSH(j->t->arena, *out) = (struct csr_test_failure){
        arena_text(j->t->arena, expected.at, expected.len).at, place.line, j->lines.at, j->lines.len};
    j->lines = (struct lines){0};
}

/* A record that is set aside is a mistake of the test, whatever else comes of it. */
static void judge_records(struct judging *j, struct failures *out)
{
    if (j->t->unreadable[0]) {
        line_put(&j->line, "%s", j->t->unreadable);
        say(j);
        fail(j, TEXT("records"), j->t->test->span, out);
    }
    for (uint32_t e = 0; e < j->t->events.len; e++) {
        if (j->t->asides[e] == ASIDE_NONE) continue;
        line_put(&j->line, "event %u cannot be read: %s", e + 1, aside_name(j->t->asides[e]));
        say(j);
        fail(j, j->t->events.at[e].api, j->t->events.at[e].span, out);
        return;
    }
}

void expect_all(struct trial *t, struct failures *out)
{
    struct judging j = {.t = t, .line = {.arena = t->arena}};
    judge_records(&j, out);
    for (uint32_t e = 0; e < t->test->n_expects; e++) {
        j.expect = &t->test->expects[e];
        if (!judge(&j)) fail(&j, j.expect->words, j.expect->span, out);
    }
}
