/* rule.c - a rule's clauses, in the order in which one needs another: parameters, steps by name, key, window,
 * match, predicates, score, severity, title, responses.
 */
#include "engine/compile/compiler.h"


/* ---- which clauses there are ---- */

static const uint8_t only_once[] = {AST_TITLE, AST_BY,   AST_WITHIN, AST_ON,      AST_MATCH, AST_WHERE,
                                    AST_SCORE, AST_OPEN, AST_ONCE,   AST_RESPOND};

static void check_clauses_once(struct rule_work *r)
{
    for (size_t i = 0; i < sizeof only_once / sizeof *only_once; i++) {
        const struct ast *first = ast_kid(r->ast, (enum ast_kind)only_once[i]);
        for (const struct ast *again = first ? ast_next(first) : NULL; again; again = ast_next(again))
            diag_label(diag_at(r->c->diags, E0302, again->span, "`%s` again",
                               ast_kind_name((enum ast_kind)again->kind)),
                       first->span, "it stands here already");
    }
}

struct needed_clause {
    const char *words, *example;
    bool is_missing;
};

static void report_missing(struct rule_work *r, const struct needed_clause *needed, uint32_t n)
{
    struct text list = {"", 0};
    for (uint32_t i = 0; i < n; i++)
        if (needed[i].is_missing)
            list = arena_printf(r->c->arena, TEXT_FMT "%s%s", TEXT_ARG(list), list.len ? ", " : "",
                                needed[i].words);
    if (!list.len) return;
    struct diag *d =
        diag_at(r->c->diags, E0301, head_span(r->c, r->ast), "this rule has no " TEXT_FMT, TEXT_ARG(list));
    for (uint32_t i = 0; i < n; i++)
        if (needed[i].is_missing) diag_note(d, "for example: %s", needed[i].example);
}

static void check_shape(struct rule_work *r)
{
    const struct ast *on = ast_kid(r->ast, AST_ON), *match = ast_kid(r->ast, AST_MATCH);
    const struct ast *within = ast_kid(r->ast, AST_WITHIN), *step = ast_kid(r->ast, AST_STEP);
    const struct needed_clause needed[] = {
        {"`title`", "title \"Trail stopped by {actor}\"", !ast_kid(r->ast, AST_TITLE)},
        {"`severity`", "severity high", !ast_kid(r->ast, AST_SEVERITY)},
        {"`match`", "match a -> b", !on && !match && step},
        {"`on` or `match`", "on iam:CreateUser (ok)", !on && !match && !step},
        {"`by`", "by actor", match && !ast_kid(r->ast, AST_BY)},
        {"`within`", "within 30m", match && !within},
    };
    /* What is missing may be what could not be read. */
    if (!r->is_broken) report_missing(r, needed, sizeof needed / sizeof *needed);
    if (on && (match || step))
        diag_label(diag_at(r->c->diags, E0303, on->span, "`on` is a rule of one event"),
                   (match ? match : step)->span, "and this waits for several");
    else if (on && within)
        diag_at(r->c->diags, E0303, within->span, "an `on` rule looks at one event, so it needs no window");
}

/* ---- parameters ---- */

const struct ir_param *rule_param(struct rule_work *r, struct text name)
{
    const struct ir_param *params = r->c->params.len ? r->c->params.at + r->first_param : NULL;
    for (uint32_t i = 0; i < r->c->params.len - r->first_param; i++) {
        if (!text_equal(params[i].name, name)) continue;
        if (i < 64) r->params_used |= UINT64_C(1) << i;
        return &params[i];
    }
    return NULL;
}

static void lower_param(struct rule_work *r, const struct ast *clause)
{
    struct value v[3];
    enum ir_type type[3];
    int order[2];
    const struct ast *literal = clause->kids;
    for (int i = 0; i < 3; i++, literal = literal->next)
        if (!literal || !literal_value(r->c, literal, &v[i], &type[i])) return;
    if (rule_param(r, clause->text)) {
        diag_at(r->c->diags, E0202, clause->span, "the parameter `" TEXT_FMT "` again",
                TEXT_ARG(clause->text));
        return;
    }
    if (type[0] != type[1] || type[0] != type[2] || !value_order(v[1], v[0], &order[0]) ||
        !value_order(v[0], v[2], &order[1])) {
        diag_at(r->c->diags, E0316, clause->span, "value and range are of different kinds");
    } else if (order[0] > 0 || order[1] > 0) {
        diag_at(r->c->diags, E0316, clause->kids->span, "outside its own range");
    }
    *ARENA_PUSH(r->c->arena, r->c->params) = (struct ir_param){
        .rule = r->out.name, .name = clause->text, .value = v[0], .least = v[1], .most = v[2]};
}

/* ---- key and windows ---- */

static void lower_by(struct rule_work *r)
{
    const struct ast *clause = ast_kid(r->ast, AST_BY);
    struct ir_rule *rule = &r->out;
    rule->n_by = clause ? clause->n_kids : rule->is_on ? 1 : 0;
    rule->by = ARENA_ARRAY(r->c->arena, struct ir_by, rule->n_by);
    if (!clause && rule->is_on) rule->by[0].name = TEXT("actor");
    uint32_t i = 0;
    for (const struct ast *path = clause ? clause->kids : NULL; path; path = path->next)
        rule->by[i++].name = path_words(r->c->arena, path->text, path->kids);
}

static void lower_within(struct rule_work *r)
{
    const struct ast *clause = ast_kid(r->ast, AST_WITHIN);
    if (!clause || !clause->kids) return;
    int64_t seconds = whole_seconds(r, clause->kids);
    if (seconds == 0 || seconds > WITHIN_MOST)
        diag_at(r->c->diags, E0305, clause->kids->span, "a window is 1s to 30d");
    else if (seconds > 0)
        r->out.within = seconds;
}

static void lower_once(struct rule_work *r)
{
    const struct ast *clause = ast_kid(r->ast, AST_ONCE);
    r->out.once = r->out.is_on ? 3600 : r->out.within;
    if (!clause || !clause->kids) return;
    int64_t seconds = whole_seconds(r, clause->kids);
    if (seconds == 0 || seconds > WITHIN_MOST)
        diag_at(r->c->diags, E0305, clause->kids->span, "this is 1s to 30d");
    else if (seconds > 0)
        r->out.once = seconds;
}

/* ---- score, severity, title ---- */

struct scope match_scope(struct rule_work *r)
{
    return (struct scope){
        .c = r->c, .place = IN_MATCH, .unit = r->unit, .rule = r, .step = IR_NONE, .own_step = IR_NONE};
}

static bool points_in_range(struct rule_work *r, int64_t points, struct csr_span at)
{
    if (points >= -100 && points <= 100) return true;
    diag_at(r->c->diags, E0318, at, "points are between -100 and +100");
    return false;
}

static ir_node_id lower_condition(const struct scope *s, const struct ast *e)
{
    lint_begin(s->c);
    ir_node_id test = lower_test(s, e);
    lint_condition(s, test, e->span);
    return test;
}

static void lower_term(struct rule_work *r, const struct ast *term)
{
    struct scope s = match_scope(r);
    if (!term->kids || !points_in_range(r, term->num, term->span)) return;
    r->out.terms[r->out.n_terms++] = (struct ir_term){.points = (int32_t)term->num,
                                                      .when = lower_condition(&s, term->kids),
                                                      .words = expr_words(r->c->arena, term->kids)};
}

static void lower_score_clause(struct rule_work *r, const struct ast *clause)
{
    if (!clause || !clause->kids) return;
    r->out.has_score = true;
    r->out.terms = ARENA_ARRAY(r->c->arena, struct ir_term, clause->n_kids);
    AST_EACH(kid, clause) {
        if (kid->kind == AST_TERM)
            lower_term(r, kid);
        else if (kid->is_real)
            diag_at(r->c->diags, E0318, kid->span, "points are whole numbers");
        else if (points_in_range(r, kid->num, kid->span))
            r->out.score = (int32_t)kid->num;
    }
}

static void lower_open(struct rule_work *r)
{
    const struct ast *clause = ast_kid(r->ast, AST_OPEN);
    r->out.open_at = 1;
    if (!clause || !clause->kids) return;
    if (clause->kids->is_real || clause->kids->num < 0 || clause->kids->num > 100)
        diag_at(r->c->diags, E0318, clause->kids->span, "a score is 0 to 100");
    else
        r->out.open_at = (int32_t)clause->kids->num;
}

bool severity_find(struct text name, enum ir_severity *out)
{
    for (int s = IR_INFO; s <= IR_CRITICAL; s++)
        if (text_equal(ir_severity_name((enum ir_severity)s), name)) {
            *out = (enum ir_severity)s;
            return true;
        }
    return false;
}

void unknown_severity(const struct compiler *c, struct text name, struct csr_span at)
{
    struct nearest near = {.wanted = name};
    for (int s = IR_INFO; s <= IR_CRITICAL; s++) nearest_try(&near, ir_severity_name((enum ir_severity)s));
    struct diag *d = diag_at(c->diags, E0227, at, "no severity is called `" TEXT_FMT "`", TEXT_ARG(name));
    diag_note(d, "they are info, low, medium, high and critical");
    if (near.best.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
}

void lower_severity(struct rule_work *r, const struct unit *unit, const struct ast *clause)
{
    enum ir_severity severity;
    struct scope s = match_scope(r);
    s.unit = unit;
    const struct ast *when = ast_kid(clause, AST_IF);
    struct ir_severity_if line = {.when = when && when->kids ? lower_condition(&s, when->kids) : IR_NONE};
    if (!severity_find(clause->text, &severity))
        unknown_severity(r->c, clause->text, word_span(r->c, clause, clause->text));
    else
        line.severity = (uint8_t)severity, r->out.severities[r->out.n_severities++] = line;
}

static void lower_severities(struct rule_work *r)
{
    const struct ast *plain = NULL;
    uint32_t n = 0;
    for (const struct ast *clause = ast_kid(r->ast, AST_SEVERITY); clause; clause = ast_next(clause)) n++;
    r->out.severities = ARENA_ARRAY(r->c->arena, struct ir_severity_if, n);
    for (const struct ast *clause = ast_kid(r->ast, AST_SEVERITY); clause; clause = ast_next(clause)) {
        lower_severity(r, r->unit, clause);
        if (ast_kid(clause, AST_IF)) continue;
        if (plain)
            diag_label(diag_at(r->c->diags, E0315, clause->span, "a second line without `if`"), plain->span,
                       "this one would never be lower");
        plain = clause;
    }
    if (n && !plain)
        diag_note(
            diag_at(r->c->diags, E0315, head_span(r->c, r->ast), "every `severity` of this rule has an `if`"),
            "add the one that holds otherwise: severity low");
}

void lower_template(struct rule_work *r, const struct ast *string, struct ir_template *out)
{
    struct parse parse = {r->c->arena, r->c->names, r->c->sources, r->c->diags};
    struct template *t = csr_parse_template(&parse, string);
    if (!t) return;
    struct scope s = match_scope(r);
    out->parts = ARENA_ARRAY(r->c->arena, struct ir_template_part, t->len);
    for (uint32_t i = 0; i < t->len; i++) {
        const struct template_part *part = &t->parts[i];
        out->parts[out->len++] = (struct ir_template_part){
            part->literal, part->operand ? lower_value(&s, part->operand) : IR_NONE};
    }
}

/* ---- where ---- */

/* What a finished match must amount to. In an `on` rule that belongs in the predicate. */
static void lower_where(struct rule_work *r)
{
    const struct ast *clause = ast_kid(r->ast, AST_WHERE);
    struct scope s = match_scope(r);
    if (!clause || !clause->kids) return;
    if (r->out.is_on) {
        diag_note(diag_at(r->c->diags, E0303, clause->span, "an `on` rule has one event"),
                  "what is asked of it stands behind its name: on iam:CreateUser (ok and …)");
        return;
    }
    s.in_where = true;
    ir_node_id where = lower_condition(&s, clause->kids);
    if (where != IR_POISON) r->out.where = where;
}

/* ---- words that are only carried ---- */

static struct text *texts_of(struct rule_work *r, enum ast_kind kind, uint32_t *n)
{
    uint32_t most = 0;
    for (const struct ast *clause = ast_kid(r->ast, kind); clause; clause = ast_next(clause))
        most += clause->n_kids;
    struct text *texts = ARENA_ARRAY(r->c->arena, struct text, most);
    for (const struct ast *clause = ast_kid(r->ast, kind); clause; clause = ast_next(clause))
        AST_EACH(kid, clause) texts[(*n)++] = kid->text;
    return texts;
}

static void lower_words(struct rule_work *r)
{
    struct ir_rule *rule = &r->out;
    rule->doc = r->ast->doc;
    rule->attack = texts_of(r, AST_ATTACK, &rule->n_attack);
    rule->refs = texts_of(r, AST_REFS, &rule->n_refs);
    rule->falsepos = texts_of(r, AST_FALSEPOS, &rule->n_falsepos);
    if (!r->unit->pack) return;
    rule->pack = r->unit->pack->name;
    rule->pack_version = r->unit->pack->version;
    rule->author = r->unit->pack->author;
    rule->license = r->unit->pack->license;
}

/* ---- the whole ---- */

static void lower_body(struct rule_work *r)
{
    struct ir_rule *rule = &r->out;
    for (const struct ast *p = ast_kid(r->ast, AST_PARAM); p; p = ast_next(p)) lower_param(r, p);
    tune_params(r);
    declare_steps(r);
    lower_by(r);
    lower_within(r);
    r->order = ARENA_ARRAY(r->c->arena, uint32_t, STEPS_MOST);
    const struct ast *match = ast_kid(r->ast, AST_MATCH), *respond = ast_kid(r->ast, AST_RESPOND);
    if (rule->is_on && r->n_steps) {
        r->steps[0].is_matched = r->steps[0].is_required = true;
        r->order[r->n_order++] = 0;
    } else if (match) {
        lower_match(r, match);
    }
    lower_steps(r);
    lower_where(r);
    lower_once(r);
    lower_open(r);
    lower_score_clause(r, ast_kid(r->ast, AST_SCORE));
    lower_severities(r);
    tune_severities(r);
    const struct ast *title = ast_kid(r->ast, AST_TITLE);
    if (title && title->kids) lower_template(r, title->kids, &r->out.title);
    lower_requires(r);
    if (respond) lower_respond(r, respond);
    tune_responds(r);
    tune_exceptions(r);
    lower_expects(r);
    seal_steps(r);
}

static void lower_rule(struct compiler *c, struct symbol *symbol);

/* The rules that a rule stands over come first: what it reads of their matches is kept there. */
static void lower_rules_below(struct compiler *c, const struct symbol *symbol, const struct ast *e)
{
    if (c->refs_are_wrong) return; /* there may be no end below */
    struct symbol *below = e->kind == AST_RULE_REF ? symbol_find(c, SYMBOL_RULE, symbol->unit, e->text) : NULL;
    if (below) lower_rule(c, below);
    AST_EACH(kid, e) lower_rules_below(c, symbol, kid);
}

static void lower_rule(struct compiler *c, struct symbol *symbol)
{
    if (symbol->work) return;
    struct rule_work *r = symbol->work = ARENA_NEW(c->arena, struct rule_work);
    lower_rules_below(c, symbol, symbol->ast);
    struct diag_mark mark = diags_mark(c->diags);
    c->expansions = 0;
    *r = (struct rule_work){.c = c, .unit = symbol->unit, .ast = symbol->ast, .tests = symbol->tests,
                             .tunings = symbol->tunings};
    r->out.name = symbol->name;
    r->out.where = r->out.until = IR_NONE;
    r->out.span = symbol->ast->span;
    r->out.is_on = ast_kid(symbol->ast, AST_ON) != NULL;
    r->is_broken = diags_error_in(c->diags, symbol->ast->span);
    r->first_param = c->params.len;
    check_clauses_once(r);
    check_shape(r);
    lower_from(r);
    lower_words(r);
    lower_body(r);
    if (diags_errors(c->diags) == mark.errors && compile_automata(c->arena, &r->out, c->diags)) {
        check_overlaps(r);
        if (diags_errors(c->diags) == mark.errors) lint_match(r);
        refuse_rule(r);
    }
    symbol->refused = leave_out(c, mark, symbol->unit);
}

/* Into the IR, in the order of files. */
static void number_rule(struct compiler *c, struct symbol *symbol)
{
    struct rule_work *r = symbol->work;
    if (symbol->refused || symbol->disabled) return;
    seal_captures(r);
    for (uint32_t i = 0; i < r->out.n_exceptions; i++) r->out.exceptions[i].number = c->n_exceptions++;
    symbol->number = c->rules.len;
    *ARENA_PUSH(c->arena, c->works) = r;
    *ARENA_PUSH(c->arena, c->rules) = r->out;
}

/* Of a rule that does not run nothing comes: a call that no record has. */
static void bind_rule_ref(const struct rule_ref *ref)
{
    ref->api->rule = ref->rule->number;
    if (ref->rule->number == IR_NONE)
        ref->api->service = TEXT("csr");
    else
        ref->api->action = (struct text){0};
}

void lower_rules(struct compiler *c)
{
    check_rule_refs(c);
    for (uint32_t i = 0; i < c->symbols.len; i++)
        if (c->symbols.at[i]->kind == SYMBOL_RULE) lower_rule(c, c->symbols.at[i]);
    for (uint32_t i = 0; i < c->symbols.len; i++)
        if (c->symbols.at[i]->kind == SYMBOL_RULE) number_rule(c, c->symbols.at[i]);
    for (uint32_t i = 0; i < c->rule_refs.len; i++) bind_rule_ref(&c->rule_refs.at[i]);
    check_wide_tunes(c);
}
