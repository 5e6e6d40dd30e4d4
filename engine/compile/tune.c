/* tune.c - what a site says of rules that others wrote: `tune` and `disable`, bound by full name.
 *
 * Every item is looked at after all files are read, and notes itself with the rules that it names. While such
 * a rule is lowered, each line is read where its place in the rule is: a parameter before anything asks for
 * it, exceptions while captures can still be made. So a tuned rule goes through every check that it would go
 * through as written.
 *
 * Invariants
 * 1. The order of files means nothing: what two lines say of one thing is the same, or both are shown
 * (E0241).
 * 2. A line of `tune pack.*` holds for the rules that have what it names; where none has it, it is a mistake.
 * 3. Names in a line are those that its own file sees: its lists and definitions, the rule's steps and
 * parameters.
 */
#include "engine/base/time.h"
#include "engine/compile/logic.h"

/* ---- whom it names ------------------------------------------------------------------------------------- */

/* "aws-core" of "aws-core.*"; empty: the name is a rule's. */
static struct text wide_pack(struct text name)
{
    bool is_wide = name.len > 2 && text_ends(name, TEXT(".*"));
    return is_wide ? (struct text){name.at, name.len - 2} : (struct text){"", 0};
}

static void note_tune(struct compiler *c, struct symbol *rule, const struct tune *tune)
{
    struct tuning **end = &rule->tunings;
    while (*end) end = &(*end)->next;
    *end = ARENA_NEW(c->arena, struct tuning);
    **end = (struct tuning){.of = tune};
}

static void unknown_pack(struct compiler *c, const struct ast *item, struct text pack)
{
    struct nearest near = {.wanted = pack};
    for (uint32_t i = 0; i < c->packs.len; i++) nearest_try(&near, c->packs.at[i]->name);
    struct csr_span at = word_span(c, item, pack);
    struct diag *d =
        diag_at(c->diags, E0242, at, "no pack that was read is called `" TEXT_FMT "`", TEXT_ARG(pack));
    if (near.best.len)
        diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
    else
        diag_note(d, "is there a `use " TEXT_FMT "` in this file?", TEXT_ARG(pack));
}

static void declare_wide(struct compiler *c, struct tune *tune, struct text pack)
{
    bool found = false;
    tune->is_wide = true;
    tune->fits = ARENA_ARRAY(c->arena, bool, tune->ast->n_kids);
    for (uint32_t i = 0; i < c->symbols.len; i++) {
        struct symbol *s = c->symbols.at[i];
        if (s->kind != SYMBOL_RULE || !s->unit->pack || !text_equal(s->unit->pack->name, pack)) continue;
        note_tune(c, s, tune);
        found = true;
    }
    if (!found) unknown_pack(c, tune->ast, pack);
}

/* The rule that an item names. Where files are left out, it may be in one of them. */
static struct symbol *rule_of(struct compiler *c, const struct unit *unit, const struct ast *item)
{
    struct symbol *rule = symbol_find(c, SYMBOL_RULE, unit, item->text);
    if (!rule) symbol_unknown(c, SYMBOL_RULE, unit, item->text, word_span(c, item, item->text));
    return rule;
}

static void declare_tune(struct compiler *c, const struct unit *unit, const struct ast *item)
{
    struct tune *tune = ARENA_NEW(c->arena, struct tune);
    *tune = (struct tune){.unit = unit, .ast = item};
    *ARENA_PUSH(c->arena, c->tunes) = tune;
    struct text pack = wide_pack(item->text);
    struct symbol *rule = pack.len ? NULL : rule_of(c, unit, item);
    if (pack.len)
        declare_wide(c, tune, pack);
    else if (rule)
        note_tune(c, rule, tune);
}

static void declare_disable(struct compiler *c, const struct unit *unit, const struct ast *item)
{
    struct symbol *rule = rule_of(c, unit, item);
    const struct ast *reason = ast_kid(item, AST_REASON);
    if (!rule || rule->disabled) return;
    rule->disabled = item;
    *ARENA_PUSH(c->arena, c->disabled) =
        (struct ir_disabled){rule->name, reason ? reason->text : (struct text){"", 0}, item->span};
}

static void lint_disabled(struct compiler *c, const struct symbol *rule)
{
    for (const struct tuning *t = rule->tunings; t; t = t->next) {
        if (t->of->is_wide) continue;
        struct diag *d = warn(c, W0322, head_span(c, t->of->ast), "this changes a rule that does not run");
        if (d) diag_label(d, rule->disabled->span, "it is switched off here");
    }
}

void declare_tunes(struct compiler *c)
{
    for (uint32_t u = 0; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file) {
            struct diag_mark mark = diags_mark(c->diags);
            if (item->kind == AST_TUNE) declare_tune(c, c->units.at[u], item);
            if (item->kind == AST_DISABLE) declare_disable(c, c->units.at[u], item);
            leave_out(c, mark, c->units.at[u]);
        }
    for (uint32_t i = 0; i < c->symbols.len; i++)
        if (c->symbols.at[i]->disabled) lint_disabled(c, c->symbols.at[i]);
}

/* ---- lines --------------------------------------------------------------------------------------------- */

/* A line of a tune, and where the walk over the rule's tunes has got to. */
struct line {
    const struct tuning *in;
    const struct ast *ast;
};

static bool next_line(const struct rule_work *r, struct line *at, enum ast_kind kind)
{
    const struct ast *next = at->in ? at->ast->next : NULL;
    for (const struct tuning *t = at->in ? at->in : r->tunings; t; t = t->next, next = NULL) {
        if (!next && !(at->in == t)) next = t->of->ast->kids;
        while (next && next->kind != kind) next = next->next;
        if (!next) continue;
        *at = (struct line){t, next};
        return true;
    }
    return false;
}

/* The rule has what the line names. */
static void line_fits(const struct line *line)
{
    uint32_t i = 0;
    AST_EACH(kid, line->in->of->ast) {
        if (kid == line->ast && line->in->of->is_wide) line->in->of->fits[i] = true;
        i++;
    }
}

static void line_holds(struct rule_work *r, const struct line *line, struct text words)
{
    const struct ast *reason = ast_kid(line->ast, AST_REASON);
    *ARENA_PUSH(r->c->arena, r->tuned) =
        (struct ir_tuning){words, reason ? reason->text : (struct text){"", 0}, line->ast->span};
    r->out.tunings = r->tuned.at;
    r->out.n_tunings = r->tuned.len;
}

static void said_otherwise(struct rule_work *r, const struct line *line, struct csr_span earlier,
                           const char *what)
{
    struct diag *d = diag_at(r->c->diags, E0241, line->ast->span,
                             "%s of `" TEXT_FMT "` is something else here", what, TEXT_ARG(r->out.name));
    diag_label(d, earlier, "it was said here already");
    diag_note(d, "the order of files and tunes means nothing: one of the two has to go");
}

/* ---- parameters ---------------------------------------------------------------------------------------- */

static struct ir_param *own_param(struct rule_work *r, struct text name)
{
    for (uint32_t i = r->first_param; i < r->c->params.len; i++)
        if (text_equal(r->c->params.at[i].name, name)) return &r->c->params.at[i];
    return NULL;
}

static void unknown_param(struct rule_work *r, const struct ast *line)
{
    struct nearest near = {.wanted = line->text};
    for (uint32_t i = r->first_param; i < r->c->params.len; i++) nearest_try(&near, r->c->params.at[i].name);
    struct csr_span at = word_span(r->c, line, line->text);
    struct diag *d = diag_at(r->c->diags, E0240, at, "`" TEXT_FMT "` has no parameter `" TEXT_FMT "`",
                             TEXT_ARG(r->out.name), TEXT_ARG(line->text));
    if (near.best.len) {
        diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
        return;
    }
    for (uint32_t i = r->first_param; i < r->c->params.len; i++)
        diag_note(d, "it has `" TEXT_FMT "`", TEXT_ARG(r->c->params.at[i].name));
    if (r->first_param == r->c->params.len)
        diag_note(d, "it has none: what a site may set, the rule says with `param`");
}

static const struct ast *param_clause(const struct rule_work *r, struct text name)
{
    const struct ast *clause = ast_kid(r->ast, AST_PARAM);
    while (clause && !text_equal(clause->text, name)) clause = ast_next(clause);
    return clause;
}

/* Whether the parameter may have this value; else says why not. */
static bool may_have(struct rule_work *r, const struct ir_param *param, const struct ast *literal,
                     struct value v)
{
    int order[2];
    const struct ast *clause = param_clause(r, param->name);
    struct diag *d = NULL;
    if (v.kind != param->value.kind || !value_order(param->least, v, &order[0]) ||
        !value_order(v, param->most, &order[1]))
        d = diag_at(r->c->diags, E0316, literal->span, "the parameter is of another kind");
    else if (order[0] > 0 || order[1] > 0)
        d = diag_at(r->c->diags, E0316, literal->span, "outside the parameter's range");
    if (d && clause) diag_label(d, clause->span, "the rule declares it here");
    return !d;
}

static void set_param(struct rule_work *r, const struct line *line)
{
    struct ir_param *param = own_param(r, line->ast->text);
    const struct ast *literal = line->ast->kids, *clause = param_clause(r, line->ast->text);
    struct value v;
    enum ir_type type;
    if (!param) {
        if (!line->in->of->is_wide && !r->is_broken) unknown_param(r, line->ast);
        return;
    }
    line_fits(line);
    if (!literal || !literal_value(r->c, literal, &v, &type)) return;
    if (param->set.hi && !ir_build_same(param->value, v)) {
        said_otherwise(r, line, param->set,
                       arena_printf(r->c->arena, "the parameter `" TEXT_FMT "`", TEXT_ARG(param->name)).at);
        return;
    }
    if (!may_have(r, param, literal, v)) return;
    param->value = v;
    param->set = line->ast->span;
    struct text own = expr_words(r->c->arena, clause->kids), words = expr_words(r->c->arena, literal);
    line_holds(r, line,
               arena_printf(r->c->arena, TEXT_FMT " = " TEXT_FMT ", where the rule says " TEXT_FMT,
                            TEXT_ARG(param->name), TEXT_ARG(words), TEXT_ARG(own)));
}

void tune_params(struct rule_work *r)
{
    for (struct line line = {0}; next_line(r, &line, AST_SET_PARAM);) set_param(r, &line);
}

/* ---- severities and responses -------------------------------------------------------------------------- */

static struct text severity_words(struct rule_work *r, const struct ast *line)
{
    const struct ast *when = ast_kid(line, AST_IF);
    if (!when || !when->kids) return arena_printf(r->c->arena, "severity " TEXT_FMT, TEXT_ARG(line->text));
    struct text words = expr_words(r->c->arena, when->kids);
    return arena_printf(r->c->arena, "severity " TEXT_FMT " if " TEXT_FMT, TEXT_ARG(line->text),
                        TEXT_ARG(words));
}

/* The one line without `if`, which takes the place of all that the rule says; NULL: there is none. */
static const struct ast *plain_severity(struct rule_work *r)
{
    const struct ast *plain = NULL;
    for (struct line line = {0}; next_line(r, &line, AST_SEVERITY);) {
        if (ast_kid(line.ast, AST_IF)) continue;
        if (plain && !text_equal(plain->text, line.ast->text))
            said_otherwise(r, &line, plain->span, "the severity");
        else
            plain = line.ast;
    }
    return plain;
}

void tune_severities(struct rule_work *r)
{
    uint32_t n = 0, own = r->out.n_severities;
    for (struct line line = {0}; next_line(r, &line, AST_SEVERITY);) n++;
    if (!n) return;
    struct ir_severity_if *lines = ARENA_ARRAY(r->c->arena, struct ir_severity_if, own + n);
    for (uint32_t i = 0; i < own; i++) lines[i] = r->out.severities[i];
    r->out.severities = lines;
    const struct ast *plain = plain_severity(r);
    if (plain) r->out.n_severities = 0;
    for (struct line line = {0}; next_line(r, &line, AST_SEVERITY);) {
        line_fits(&line);
        if (!ast_kid(line.ast, AST_IF) && line.ast != plain) continue;
        lower_severity(r, line.in->of->unit, line.ast);
        line_holds(r, &line, severity_words(r, line.ast));
    }
}

void tune_responds(struct rule_work *r)
{
    for (struct line line = {0}; next_line(r, &line, AST_RESPOND_OFF);) {
        line_fits(&line);
        r->out.n_responds = 0;
        r->out.responds_off = true;
        line_holds(r, &line, TEXT("respond off"));
    }
}

/* ---- exceptions ---------------------------------------------------------------------------------------- */

/* A date stands for its first second. */
static int64_t expiry_of(struct rule_work *r, const struct ast *line)
{
    const struct ast *expires = ast_kid(line, AST_EXPIRES);
    int64_t time;
    if (!expires) return INT64_MAX;
    struct text written = expires->text;
    if (written.len == strlen("2027-01-31"))
        written = arena_printf(r->c->arena, TEXT_FMT "T00:00:00Z", TEXT_ARG(expires->text));
    if (memchr(written.at, '-', written.len) && time_parse(written, &time)) return time_second(time);
    diag_note(diag_at(r->c->diags, E0265, expires->span, "this is no moment"),
              "write it like expires \"2027-01-31\" or expires \"2027-01-31T12:00:00Z\"");
    return INT64_MAX;
}

static struct text exception_words(struct rule_work *r, const struct ast *line, struct text words)
{
    const struct ast *step = ast_kid(line, AST_ON_STEP), *expires = ast_kid(line, AST_EXPIRES);
    return arena_printf(r->c->arena, "except " TEXT_FMT " (" TEXT_FMT ") on %s" TEXT_FMT "%s" TEXT_FMT,
                        TEXT_ARG(line->text), TEXT_ARG(words), step ? "step " : "match",
                        TEXT_ARG(step ? step->text : TEXT("")), expires ? ", until " : "",
                        TEXT_ARG(expires ? expires->text : TEXT("")));
}

static void lint_exception(struct rule_work *r, const struct ast *line, const struct ir_exception *e,
                           ir_node_id test, const struct scope *s)
{
    const struct logic logic = {r->c, s->place == IN_MATCH ? r : NULL};
    if (test == IR_POISON || r->c->without_lints) return;
    if (r->c->today && e->expires <= r->c->today)
        warn(r->c, W0320, ast_kid(line, AST_EXPIRES)->span, "it holds for no event from then on");
    if (logic_always(&logic, test))
        warn(r->c, W0321, line->kids->span, "this holds of every %s",
             s->place == IN_MATCH ? "match" : "event");
    else
        lint_condition(s, test, line->kids->span);
}

/* An exception's place among the rule's; IR_NONE if its name is taken. */
static uint32_t declare_exception(struct rule_work *r, const struct line *line)
{
    for (uint32_t i = 0; i < r->exceptions.len; i++)
        if (text_equal(r->exceptions.at[i].name, line->ast->text)) {
            diag_label(diag_at(r->c->diags, E0202, word_span(r->c, line->ast, line->ast->text),
                               "the exception `" TEXT_FMT "` of `" TEXT_FMT "` again",
                               TEXT_ARG(line->ast->text), TEXT_ARG(r->out.name)),
                       r->exceptions.at[i].span, "declared here first");
            return IR_NONE;
        }
    const struct ast *reason = ast_kid(line->ast, AST_REASON);
    *ARENA_PUSH(r->c->arena, r->exceptions) =
        (struct ir_exception){.name = line->ast->text,
                              .words = expr_words(r->c->arena, line->ast->kids),
                              .reason = reason ? reason->text : TEXT(""),
                              .span = line->ast->span,
                              .expires = expiry_of(r, line->ast),
                              .step = IR_NONE,
                              .when = IR_NONE};
    line_holds(r, line, exception_words(r, line->ast, r->exceptions.at[r->exceptions.len - 1].words));
    return r->exceptions.len - 1;
}

/* What only the finished match can tell; true after reporting it. */
static bool looks_beyond(const struct scope *s, const struct ast *expr, uint32_t step)
{
    struct mentions m = expr_mentions(s, expr);
    const char *what = m.asks ? "this asks a baseline" : "this names another step";
    if (!m.asks && !(m.steps & ~(UINT64_C(1) << step))) return false;
    diag_note(diag_at(s->c->diags, E0243, expr->span, "%s", what),
              "write `on match`: it is judged like the score");
    return true;
}

static void except_step(struct rule_work *r, const struct line *line, uint32_t step)
{
    uint32_t number = declare_exception(r, line);
    if (number == IR_NONE) return;
    r->exceptions.at[number].step = step;
    for (uint32_t g = 0; g < r->steps[step].n_groups; g++) {
        struct scope s = step_scope(r, step, g);
        s.unit = line->in->of->unit;
        if (line->in->of->is_wide)
            s.events = NULL; /* it is written for many rules: not all calls have its members */
        if (looks_beyond(&s, line->ast->kids, step)) return;
        lint_begin(r->c);
        ir_node_id test = lower_test(&s, line->ast->kids);
        lint_exception(r, line->ast, &r->exceptions.at[number], test, &s);
        if (test == IR_POISON) return;
        *ARENA_PUSH(r->c->arena, r->steps[step].groups[g].exceptions) =
            (struct ir_group_exception){number, test};
    }
}

static void except_match(struct rule_work *r, const struct line *line)
{
    struct scope s = match_scope(r);
    uint32_t number = declare_exception(r, line);
    if (number == IR_NONE) return;
    s.unit = line->in->of->unit;
    lint_begin(r->c);
    ir_node_id when = lower_test(&s, line->ast->kids);
    lint_exception(r, line->ast, &r->exceptions.at[number], when, &s);
    r->exceptions.at[number].on_match = true;
    r->exceptions.at[number].when = when;
}

/* In an `on` rule event and match are the same, so the event is left out before it takes a group's time. What
 * asks a baseline waits for the answer. */
static bool is_of_event(struct rule_work *r, const struct line *line)
{
    if (!r->out.is_on || !r->n_steps || !r->steps[0].n_groups) return false;
    struct scope s = step_scope(r, 0, 0);
    s.unit = line->in->of->unit;
    return !expr_mentions(&s, line->ast->kids).asks;
}

static void lower_exception(struct rule_work *r, const struct line *line)
{
    const struct ast *on = ast_kid(line->ast, AST_ON_STEP);
    uint32_t step = on ? step_find(r, on->text) : 0;
    if (on && step == IR_NONE) {
        if (!line->in->of->is_wide) step_expect(r, on->text, word_span(r->c, on, on->text));
        return;
    }
    line_fits(line);
    if (on || is_of_event(r, line))
        except_step(r, line, step);
    else
        except_match(r, line);
}

void tune_exceptions(struct rule_work *r)
{
    for (struct line line = {0}; next_line(r, &line, AST_EXCEPT);) lower_exception(r, &line);
    r->out.exceptions = r->exceptions.at;
    r->out.n_exceptions = r->exceptions.len;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void fits_nobody(struct compiler *c, const struct tune *tune, const struct ast *line)
{
    const struct ast *on = ast_kid(line, AST_ON_STEP);
    struct text pack = wide_pack(tune->ast->text);
    if (line->kind == AST_SET_PARAM)
        diag_at(c->diags, E0240, word_span(c, line, line->text),
                "no rule of `" TEXT_FMT "` has the parameter `" TEXT_FMT "`", TEXT_ARG(pack),
                TEXT_ARG(line->text));
    else if (on)
        diag_at(c->diags, E0205, word_span(c, on, on->text),
                "no rule of `" TEXT_FMT "` has the step `" TEXT_FMT "`", TEXT_ARG(pack), TEXT_ARG(on->text));
}

/* A rule that is left out may have had it. */
static bool has_left_out(const struct compiler *c, struct text pack)
{
    for (uint32_t i = 0; i < c->symbols.len; i++) {
        const struct symbol *s = c->symbols.at[i];
        if (s->kind == SYMBOL_RULE && s->refused && s->unit->pack && text_equal(s->unit->pack->name, pack))
            return true;
    }
    return false;
}

void check_wide_tunes(struct compiler *c)
{
    for (uint32_t t = 0; t < c->tunes.len; t++) {
        const struct tune *tune = c->tunes.at[t];
        uint32_t i = 0;
        if (!tune->is_wide || has_left_out(c, wide_pack(tune->ast->text))) continue;
        AST_EACH(line, tune->ast)
            if (!tune->fits[i++]) fits_nobody(c, tune, line);
    }
}
