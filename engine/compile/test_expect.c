/* test_expect.c - what a test expects, lowered with its rule.
 *
 * `where` is an expression over the finished match, like a title's operands, and may name severity and title
 * as well. State evaluates it as one of the rule's probes; each and-ed part is a check of its own, with what
 * is compared, so that a failure can say which part, and what was there instead.
 */
#include "engine/compile/test.h"
#include "engine/schema/verb.h"

/* ---- checks ---- */

static uint32_t rule_probe(struct rule_work *r, ir_node_id node)
{
    for (uint32_t i = 0; i < r->probes.len; i++)
        if (r->probes.at[i] == node) return i;
    *ARENA_PUSH(r->c->arena, r->probes) = node;
    return r->probes.len - 1;
}

static bool names_severity(const struct ast *e)
{
    enum ir_severity severity;
    return e->kind == AST_PATH && !e->kids &&
           (text_equal(e->text, TEXT("severity")) || severity_find(e->text, &severity));
}

/* `severity == "high"`, which nobody could be. */
static bool quotes_severity(struct rule_work *r, const struct ast *e)
{
    enum ir_severity severity;
    for (const struct ast *side = e->kids; e->kind == AST_TEST_OP && side; side = side->next) {
        const struct ast *other = side == e->kids ? side->next : e->kids;
        if (side->kind != AST_STRING || !severity_find(side->text, &severity) || !names_severity(other))
            continue;
        diag_fix(diag_at(r->c->diags, E0211, side->span, "a severity is a word without quotes"), side->span,
                 TEXT_FMT, TEXT_ARG(side->text));
        return true;
    }
    return false;
}

/* A side of a comparison whose value says something: no constant. */
static uint32_t side_probe(struct rule_work *r, const struct scope *s, const struct ast *side,
                           struct text *words)
{
    enum ir_severity severity;
    bool is_shown =
        (side->kind == AST_PATH || side->kind == AST_CALL) && !severity_find(side->text, &severity);
    ir_node_id node = is_shown ? lower_expr(s, side) : IR_POISON;
    if (node == IR_POISON || ir_build_at(&r->c->build, node)->op == IR_OP_LIST ||
        ir_build_at(&r->c->build, node)->op == IR_OP_CONST)
        return IR_NONE;
    *words = expr_words(r->c->arena, side);
    return rule_probe(r, node);
}

static bool is_comparison(const struct ast *e)
{
    return e->kind == AST_TEST_OP || e->kind == AST_NOT_TEST || e->kind == AST_IN || e->kind == AST_NOT_IN ||
           e->kind == AST_PRESENT || e->kind == AST_ABSENT;
}

static void lower_check(struct rule_work *r, const struct ast *e, struct ir_expect *out)
{
    struct scope s = match_scope(r);
    struct ir_check check = {.words = expr_words(r->c->arena, e), .left = IR_NONE, .right = IR_NONE};
    s.in_test = true;
    if (quotes_severity(r, e)) return;
    ir_node_id node = lower_test(&s, e);
    if (node == IR_POISON) return;
    check.test = rule_probe(r, node);
    if (is_comparison(e)) {
        check.is_severity = names_severity(e->kids);
        check.left = side_probe(r, &s, e->kids, &check.left_words);
        if (e->kids->next) check.right = side_probe(r, &s, e->kids->next, &check.right_words);
    }
    out->checks[out->n_checks++] = check;
}

static void lower_incident(struct rule_work *r, const struct ast *stmt, struct ir_expect *out)
{
    const struct ast *where = ast_kid(stmt, AST_IF), *e = where ? where->kids : NULL;
    out->count = (uint32_t)stmt->num;
    if (!e) return;
    out->checks = ARENA_ARRAY(r->c->arena, struct ir_check, e->n_kids + 1);
    if (e->kind != AST_AND) {
        lower_check(r, e, out);
        return;
    }
    AST_EACH(part, e) lower_check(r, part, out);
}

/* ---- the other expectations ---- */

/* How many events of a step a choice takes; 0: it stands in no match. */
static uint32_t times_of(const struct rule_work *r, uint32_t step)
{
    const struct ir_match *todo[AST_DEPTH_MOST] = {r->out.match};
    if (r->out.is_on) return 1;
    for (uint32_t n = r->out.match ? 1 : 0; n;) {
        const struct ir_match *m = todo[--n];
        if (m->kind == IR_M_STEP && m->step == step) return 1;
        if (m->kind == IR_M_REPEAT && m->kids && m->kids->kind == IR_M_STEP && m->kids->step == step)
            return m->least;
        for (uint32_t i = 0; i < m->n_kids && n < AST_DEPTH_MOST; i++) todo[n++] = &m->kids[i];
    }
    return 0;
}

static void lower_partial(struct rule_work *r, const struct ast *stmt, struct ir_expect *out)
{
    const struct ast *taken = ast_kid(stmt, AST_NUM), *of = taken ? ast_next(taken) : NULL;
    out->step = step_expect(r, stmt->text, word_span(r->c, stmt, stmt->text));
    if (out->step == IR_NONE || !of) return;
    out->taken = (uint32_t)taken->num;
    out->of = (uint32_t)of->num;
    uint32_t times = times_of(r, out->step);
    if (times == out->of && taken->num <= of->num) return;
    if (!times && diags_error_in(r->c->diags, r->ast->span)) return; /* the match could not be read */
    if (!times)
        diag_at(r->c->diags, E0263, stmt->span, "`" TEXT_FMT "` does not stand in `match`",
                TEXT_ARG(stmt->text));
    else if (times != out->of)
        diag_fix(diag_at(r->c->diags, E0263, of->span, "the match takes %u of `" TEXT_FMT "`", times,
                         TEXT_ARG(stmt->text)),
                 of->span, "%u", times);
    else
        diag_at(r->c->diags, E0263, taken->span, "more than all of them");
}

static void lower_action(struct rule_work *r, const struct ast *stmt, struct ir_expect *out)
{
    struct text near = nearest_verb(r->c, stmt->text);
    struct csr_span at = word_span(r->c, stmt, stmt->text);
    bool proposed = false;
    out->verb = stmt->text;
    for (uint32_t i = 0; i < r->out.n_responds; i++)
        proposed |= text_equal(r->out.responds[i].verb, stmt->text);
    if (proposed) return;
    if (verb_find(stmt->text) || action_find(r->c, stmt->text)) {
        diag_at(r->c->diags, E0264, at, "this rule never proposes `" TEXT_FMT "`", TEXT_ARG(stmt->text));
        return;
    }
    struct diag *d =
        diag_at(r->c->diags, E0220, at, "no verb is called `" TEXT_FMT "`", TEXT_ARG(stmt->text));
    if (near.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near));
}

/* ---- the whole ---- */

/* "incident once where …", from the source, on one line. */
static struct text words_of(const struct compiler *c, struct csr_span span)
{
    const struct source *file = sources_find(c->sources, span.lo);
    char *words = arena_alloc(c->arena, span.hi - span.lo + 1);
    uint32_t len = 0;
    for (uint32_t at = span.lo; at < span.hi; at++) {
        char byte = file->bytes.at[at - file->base];
        bool blank = byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
        if (!blank)
            words[len++] = byte;
        else if (len && words[len - 1] != ' ')
            words[len++] = ' ';
    }
    return (struct text){words, len};
}

static void lower_expect(struct rule_work *r, struct test_work *t, const struct ast *stmt)
{
    struct text words = words_of(r->c, stmt->span);
    struct ir_expect out = {.span = stmt->span,
                            .words = arena_printf(r->c->arena, "expect " TEXT_FMT, TEXT_ARG(words))};
    switch (stmt->kind) {
    case AST_EXPECT_NONE: out.kind = IR_EXPECT_NONE; break;
    case AST_EXPECT_INCIDENT: out.kind = IR_EXPECT_INCIDENT, lower_incident(r, stmt, &out); break;
    case AST_EXPECT_PARTIAL: out.kind = IR_EXPECT_PARTIAL, lower_partial(r, stmt, &out); break;
    case AST_EXPECT_ACTION: out.kind = IR_EXPECT_ACTION, lower_action(r, stmt, &out); break;
    default: return;
    }
    *ARENA_PUSH(r->c->arena, t->expects) = out;
}

/* What `csr test --coverage` asks: which terms and severities held. They come first among the probes. */
static void probe_clauses(struct rule_work *r)
{
    for (uint32_t i = 0; i < r->out.n_terms; i++)
        if (r->out.terms[i].when != IR_POISON) rule_probe(r, r->out.terms[i].when);
    for (uint32_t i = 0; i < r->out.n_severities; i++) {
        ir_node_id when = r->out.severities[i].when;
        if (when != IR_NONE && when != IR_POISON) rule_probe(r, when);
    }
}

void lower_expects(struct rule_work *r)
{
    if (r->tests) probe_clauses(r);
    for (struct test_work *t = r->tests; t; t = t->next) {
        struct diag_mark mark = diags_mark(r->c->diags);
        AST_EACH(stmt, t->ast) lower_expect(r, t, stmt);
        enum diag_code code = leave_out(r->c, mark, t->unit);
        if (code) t->refused = code;
    }
    r->out.probes = r->probes.at;
    r->out.n_probes = r->probes.len;
}
