/* fmt_rule.c - what stands in the bodies of rules, tests and tuning to pieces.
 *
 * In a rule every clause's value begins at one column, and so do the events of all its steps. The columns do
 * not depend on which clauses there are: a new one moves no other line. Steps begin at the same column, or
 * further right if a name needs it.
 */
#include "grammar/fmt_piece.h"
#include "parser.h"

#define CLAUSE_AT 10 /* columns behind the start of a clause: "severity" and two blanks */
#define LINE_AT   7  /* of a line in a test: "expect" and one blank */
#define CELL_GAP  2  /* blanks between cells of respond */

/* ---- bodies ---- */

void body_begin(struct fmt *f)
{
    put(f);
    blanks(f, 0);
    begin(f, BLOCK_HANG);
    f->pieces.at[f->pieces.len - 1].is_body = true; /* what stands before the brace may be lines long */
}

/* Without a line the braces stand together, unless a comment stands between them. */
void body_end(struct fmt *f)
{
    const struct piece *last = &f->pieces.at[f->pieces.len - 1];
    bool is_empty = last->kind == PIECE_BEGIN && !comment_before(f, f->words.at[f->next_word].at.lo);
    if (!is_empty) brk(f, BREAK_LAST, 1)->keeps_blank = true;
    end(f);
    put(f);
}

/* Entries hang: what of them does not fit goes on further right. */
void entry_begin(struct fmt *f)
{
    brk(f, BREAK_HARD, 1)->keeps_blank = true;
    begin(f, BLOCK_HANG);
}

typedef void entry_printer(struct fmt *f, const struct ast *node);

static void body(struct fmt *f, const struct ast *first, entry_printer *print)
{
    body_begin(f);
    for (const struct ast *kid = first; kid; kid = kid->next) {
        entry_begin(f);
        print(f, kid);
        end(f);
    }
    body_end(f);
}

/* The word of a clause; its value begins at a column. */
static void word_to_column(struct fmt *f, uint32_t words, uint32_t column)
{
    uint32_t start = f->pieces.len;
    while (words--) put(f);
    uint32_t width = flat_width(f, start);
    blanks(f, width < column ? column - width : 1);
}

/* ---- values of clauses ---- */

static void expression_value(struct fmt *f, const struct ast *clause)
{
    fmt_operand(f, clause->kids);
}

/* The rest of a clause, from a kid on. `else` and `until` begin a new line if it is too long. */
static void parts(struct fmt *f, const struct ast *clause, const struct ast *first)
{
    for (const struct ast *kid = first; kid; kid = kid->next) {
        if (kid->kind == AST_ELSE || kid->kind == AST_UNTIL) brk(f, BREAK_AFTER, 1);
        put_until(f, kid->span.lo);
        fmt_node(f, kid);
    }
    put_until(f, clause->span.hi);
}

static void plain_value(struct fmt *f, const struct ast *clause)
{
    begin(f, BLOCK_ALIGN);
    parts(f, clause, clause->kids);
    end(f);
}

static void condition(struct fmt *f, const struct ast *maybe)
{
    if (!maybe) return;
    put(f);
    fmt_operand(f, maybe->kids);
}

static void severity_value(struct fmt *f, const struct ast *clause)
{
    put(f);
    condition(f, clause->kids);
}

static void require_value(struct fmt *f, const struct ast *clause)
{
    const struct ast *paths = ast_kid(clause, AST_PATHS);
    begin(f, BLOCK_ALIGN);
    put(f);
    if (paths) fmt_list(f, paths, paths->kids);
    parts(f, clause, paths ? paths->next : clause->kids);
    end(f);
}

/* Terms have a line each; their conditions begin at one column. */
static void score_value(struct fmt *f, const struct ast *clause)
{
    struct column points = {0};
    begin(f, BLOCK_ALIGN);
    put(f);
    for (const struct ast *term = clause->kids->next; term; term = term->next) {
        brk(f, BREAK_HARD, 1);
        put(f);
        blanks(f, 1);
        column_cell(f, &points, f->pieces.len - 1, flat_width(f, f->pieces.len - 2));
        condition(f, term);
    }
    column_settle(f, &points, 0, 1);
    end(f);
}

/* ---- respond ---- */

struct act_columns {
    struct column threshold, verb, limit;
};

static void act(struct fmt *f, const struct ast *node, struct act_columns *columns)
{
    const struct ast *kid = node->kids, *args = ast_kid(node, AST_ARGS);
    uint32_t start = f->pieces.len;
    put(f), put(f);
    if (kid->kind == AST_SETTLED) put(f);
    blanks(f, 1);
    column_cell(f, &columns->threshold, f->pieces.len - 1, flat_width(f, start) - 1);
    start = f->pieces.len;
    put(f);
    if (next_token(f) == TOK_FIELD) put(f);
    fmt_list(f, args, args->kids);
    for (kid = args->next; kid; kid = kid->next) {
        uint32_t width = flat_width(f, start);
        brk(f, BREAK_AFTER, 1);
        column_cell(f, kid == args->next ? &columns->verb : &columns->limit, f->pieces.len - 1, width);
        start = f->pieces.len;
        fmt_node(f, kid);
    }
}

static void respond_body(struct fmt *f, const struct ast *respond)
{
    struct act_columns columns = {0};
    blanks(f, 1);
    body_begin(f);
    AST_EACH(kid, respond) {
        entry_begin(f);
        act(f, kid, &columns);
        end(f);
    }
    body_end(f);
    column_settle(f, &columns.threshold, 0, CELL_GAP);
    column_settle(f, &columns.verb, 0, CELL_GAP);
    column_settle(f, &columns.limit, 0, CELL_GAP);
}

/* ---- clauses ---- */

/* Where the events of a rule's steps begin, behind the start of the clause. */
static uint32_t steps_at(const struct ast *rule)
{
    uint32_t at = CLAUSE_AT;
    AST_EACH(clause, rule) {
        uint32_t label = (uint32_t)sizeof "step :" + text_width(clause->text);
        if (clause->kind == AST_STEP && at < label) at = label;
    }
    return at;
}

static void events(struct fmt *f, const struct ast *clause)
{
    uint32_t at = clause->kind == AST_STEP ? f->steps_at : (uint32_t)sizeof "on";
    word_to_column(f, clause->kind == AST_STEP ? 3 : 1, at);
    f->events_at = FMT_INDENT + at;
    fmt_groups(f, clause->kids, BREAK_HARD);
}

static void clause(struct fmt *f, const struct ast *node)
{
    static entry_printer *const values[AST_KINDS] = {
        [AST_TITLE] = plain_value,     [AST_SEVERITY] = severity_value, [AST_ATTACK] = fmt_commas,
        [AST_REFS] = fmt_commas,       [AST_FALSEPOS] = fmt_commas,     [AST_FROM] = fmt_commas,
        [AST_BY] = fmt_commas,         [AST_WITHIN] = plain_value,      [AST_PARAM] = plain_value,
        [AST_REQUIRE] = require_value, [AST_MATCH] = plain_value,       [AST_WHERE] = expression_value,
        [AST_SCORE] = score_value,     [AST_OPEN] = plain_value,        [AST_ONCE] = plain_value,
    };
    if (node->kind == AST_ON || node->kind == AST_STEP)
        events(f, node);
    else if (node->kind == AST_RESPOND)
        put(f), respond_body(f, node);
    else {
        word_to_column(f, node->kind == AST_OPEN ? 2 : 1, CLAUSE_AT);
        values[node->kind](f, node);
    }
}

void fmt_rule_body(struct fmt *f, const struct ast *rule)
{
    struct column withs = {0};
    f->steps_at = steps_at(rule);
    f->withs = &withs;
    body(f, rule->kids, clause);
    column_settle_within(f, &withs, FMT_LINE_MOST - FMT_INDENT - f->steps_at);
    f->withs = NULL;
}

/* ---- tests ---- */

static void at_line(struct fmt *f, const struct ast *node)
{
    uint32_t start = f->pieces.len;
    put(f), put(f);
    blanks(f, 1);
    column_cell(f, &f->cells, f->pieces.len - 1, flat_width(f, start) - 1);
    for (const struct ast *kid = node->kids->next; kid; kid = kid->next) {
        if (kid->kind == AST_ORIGIN || kid->kind == AST_BY_WHO) brk(f, BREAK_AFTER, 1);
        put_until(f, kid->span.lo);
        fmt_node(f, kid);
    }
}

static void test_line(struct fmt *f, const struct ast *node)
{
    const struct ast *condition_of = node->kind == AST_EXPECT_INCIDENT ? node->kids : NULL;
    if (node->kind == AST_AT) {
        at_line(f, node);
        return;
    }
    word_to_column(f, 1, LINE_AT);
    if (condition_of) {
        put_until(f, condition_of->span.lo);
        condition(f, condition_of);
    } else
        fmt_plain(f, node);
}

void fmt_test_body(struct fmt *f, const struct ast *test)
{
    body(f, test->kids->next, test_line);
    column_settle(f, &f->cells, LINE_AT, 1);
}

/* ---- tuning ---- */

static void except(struct fmt *f, const struct ast *node)
{
    uint32_t start = f->pieces.len;
    put(f), put(f);
    blanks(f, 1);
    column_cell(f, &f->cells, f->pieces.len - 1, flat_width(f, start) - 1);
    begin(f, BLOCK_ALIGN);
    put(f);
    fmt_operand(f, node->kids);
    put(f);
    brk(f, BREAK_AFTER, 1);
    put_until(f, node->span.hi);
    end(f);
}

static void tuning(struct fmt *f, const struct ast *node)
{
    if (node->kind == AST_EXCEPT)
        except(f, node);
    else if (node->kind == AST_SEVERITY)
        put(f), severity_value(f, node);
    else
        fmt_plain(f, node);
}

void fmt_tune_body(struct fmt *f, const struct ast *tune)
{
    body(f, tune->kids, tuning);
    column_settle(f, &f->cells, 0, 1);
}
