/* fmt_item.c - the items of a file, and blocks, to pieces.
 *
 * Items of a kind that stand together, without a blank line between them, are a table: their values begin at
 * one column. So do the entries of a block, and those of a section of a schema. A rule and a schema have a
 * blank line before and behind them. A block stands on a line if it fits, but for that of a pack.
 */
#include "grammar/fmt_piece.h"
#include "parser.h"

/* Items that are aligned with one another. */
enum family { FAMILY_NONE, FAMILY_LISTS, FAMILY_DEFINES, FAMILY_DATASETS, FAMILY_BASELINES, FAMILY_SITE };

struct table {
    enum family family;
    struct column words;  /* of site items: source, sink, policy */
    struct column names;  /* up to the `=` or the brace */
    struct column values; /* of baselines: the key and the value that they remember */
};

static void settle(struct fmt *f, struct table *t)
{
    column_settle(f, &t->words, 0, 1);
    column_settle_names(f, &t->names);
    column_settle(f, &t->values, 0, 1);
}

/* All words before the position, and the blanks that make a column. */
static void cell(struct fmt *f, struct column *c, uint32_t position)
{
    uint32_t start = f->pieces.len;
    put_until(f, position);
    uint32_t width = flat_width(f, start);
    blanks(f, 1);
    column_cell(f, c, f->pieces.len - 1, width);
}

static uint32_t next_position(const struct fmt *f, int token)
{
    uint32_t i = f->next_word;
    while (f->words.at[i].token != token) i++;
    return f->words.at[i].at.lo;
}

/* Whether a comment before the next word is the heading of a section: "# ---- Who ----". */
static bool is_after_section(const struct fmt *f)
{
    uint32_t end = f->words.at[f->next_word].at.lo;
    for (uint32_t i = f->next_comment; i < f->comments.len && f->comments.at[i].at.lo < end; i++)
        if (text_starts(fmt_text(f, f->comments.at[i].at), TEXT("# --"))) return true;
    return false;
}

/* Whether a blank line stands before the next word, or between the comments before it. */
static bool is_after_blank_line(const struct fmt *f)
{
    const struct fmt_word *word = &f->words.at[f->next_word];
    for (uint32_t i = f->next_comment; i < f->comments.len && f->comments.at[i].at.lo < word->at.lo; i++)
        if (f->comments.at[i].is_after_blank_line) return true;
    return word->is_after_blank_line;
}

/* ---- blocks ---- */

static void assign(struct fmt *f, const struct ast *node, struct column *names)
{
    uint32_t start = f->pieces.len;
    put(f);
    uint32_t width = flat_width(f, start);
    if (node->kind == AST_SUBBLOCK) {
        fmt_node(f, node->kids);
        return;
    }
    blanks(f, 1);
    f->pieces.at[f->pieces.len - 1].only_broken = true;
    column_cell(f, names, f->pieces.len - 1, width);
    put(f);
    fmt_operand(f, node->kids);
}

/* Entries of which each has a line, or all stand on one, two blanks apart. */
static void entries(struct fmt *f, const struct ast *block, enum break_how how)
{
    struct column names = {0};
    AST_EACH(kid, block) {
        bool is_first = kid == block->kids;
        brk(f, is_first && how == BREAK_LINE ? BREAK_FIRST : how, is_first ? 1 : 2)->keeps_blank = true;
        assign(f, kid, &names);
    }
    column_settle_names(f, &names);
}

static void block_of(struct fmt *f, const struct ast *block, enum break_how how)
{
    body_begin(f);
    entries(f, block, how);
    body_end(f);
}

void fmt_block(struct fmt *f, const struct ast *block)
{
    block_of(f, block, BREAK_LINE);
}

/* ---- items ---- */

/* name = value */
static void value_item(struct fmt *f, const struct ast *item, struct table *t)
{
    const struct ast *value = item->kids;
    bool adds = item->kind == AST_LIST_ADD;
    uint32_t start = f->pieces.len, equals = next_position(f, adds ? TOK_ADD_TO : '=');
    if (value->kind == AST_PARAMS) {
        put(f), put(f);
        glue(f);
        value = value->next;
    }
    put_until(f, equals);
    uint32_t width = flat_width(f, start);
    blanks(f, 1);
    column_cell(f, &t->names, f->pieces.len - 1, width + adds); /* the `=` of `+=` stands below the others */
    put(f);
    begin(f, BLOCK_HANG);
    fmt_operand(f, value);
    put_until(f, item->span.hi);
    end(f);
}

/* What it learns from, and for how long, have lines of their own if they are too long for one. */
static void baseline(struct fmt *f, const struct ast *item, struct table *t)
{
    const struct ast *paths = item->kids, *on = ast_kid(item, AST_ON);
    cell(f, &t->names, next_position(f, '='));
    put(f);
    uint32_t start = f->pieces.len;
    put(f);
    fmt_node(f, paths);
    put(f);
    uint32_t width = flat_width(f, start);
    if (on) {
        brk(f, BREAK_LINE, 1);
        put(f);
        f->events_at = FMT_INDENT + (uint32_t)sizeof "on";
        fmt_groups(f, on->kids, BREAK_LINE);
    }
    brk(f, BREAK_LINE, 1);
    if (!on) column_cell(f, &t->values, f->pieces.len - 1, width);
    put_until(f, item->span.hi);
}

static void site_item(struct fmt *f, const struct ast *item, struct table *t)
{
    const struct ast *block = item->kids;
    cell(f, &t->words, f->words.at[f->next_word].at.hi);
    cell(f, &t->names, block->span.lo);
    fmt_block(f, block);
}

static void pack(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    put(f);
    block_of(f, item->kids, BREAK_HARD);
}

static void use(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    put(f);
    fmt_commas(f, item);
}

static void action(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    const struct ast *block = ast_kid(item, AST_BLOCK);
    put_until(f, next_position(f, '('));
    glue(f);
    put_until(f, block->span.lo);
    fmt_block(f, block);
}

static void link(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    const struct ast *on = ast_kid(item, AST_ON), *from = ast_kid(item, AST_FROM_EXPR);
    uint32_t start = f->pieces.len;
    put_until(f, on->kids->span.lo);
    f->events_at = flat_width(f, start) + 1;
    fmt_groups(f, on->kids, BREAK_LINE);
    brk(f, BREAK_LINE, 1);
    for (const struct ast *kid = from; kid; kid = kid->next) {
        put(f);
        if (kid->kind == AST_FOR)
            put(f);
        else
            fmt_operand(f, kid->kids);
    }
}

static void disable(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    put(f), put(f);
    if (next_token(f) == TOK_FIELD) put(f);
    brk(f, BREAK_LINE, 1);
    put_until(f, item->span.hi);
}

/* ---- items with bodies ---- */

static void rule(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    put(f), put(f);
    fmt_rule_body(f, item);
}

static void test(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    put_until(f, item->kids->span.hi);
    fmt_test_body(f, item);
}

static void tune(struct fmt *f, const struct ast *item, struct table *t)
{
    (void)t;
    put_until(f, next_position(f, '{'));
    fmt_tune_body(f, item);
}

static void event(struct fmt *f, const struct ast *item, struct table *t)
{
    const struct ast *when = ast_kid(item, AST_WHEN), *kid = ast_kid(item, AST_FIELD_DEF);
    put(f), put(f), put(f), put(f);
    if (when) {
        put(f);
        fmt_operand(f, when->kids);
    }
    body_begin(f);
    for (; kid; kid = kid->next) {
        if (is_after_section(f)) settle(f, t);
        entry_begin(f);
        value_item(f, kid, t);
        end(f);
    }
    body_end(f);
    settle(f, t);
}

/* ---- a file ---- */

struct item_kind {
    void (*print)(struct fmt *f, const struct ast *item, struct table *t);
    enum family family;
    bool stands_alone; /* between blank lines */
};

static const struct item_kind *kind_of(const struct ast *item)
{
    static const struct item_kind kinds[AST_KINDS] = {
        [AST_USE] = {use},
        [AST_LIST] = {value_item, FAMILY_LISTS},
        [AST_LIST_ADD] = {value_item, FAMILY_LISTS},
        [AST_DATASET] = {value_item, FAMILY_DATASETS},
        [AST_BASELINE] = {baseline, FAMILY_BASELINES},
        [AST_DEFINE] = {value_item, FAMILY_DEFINES},
        [AST_RULE] = {rule, .stands_alone = true},
        [AST_TEST] = {test},
        [AST_TUNE] = {tune},
        [AST_DISABLE] = {disable},
        [AST_EVENT] = {event, .stands_alone = true},
        [AST_LINK] = {link},
        [AST_ACTION] = {action},
        [AST_PACK] = {pack},
        [AST_SOURCE] = {site_item, FAMILY_SITE},
        [AST_SINK] = {site_item, FAMILY_SITE},
        [AST_POLICY] = {site_item, FAMILY_SITE},
    };
    return &kinds[item->kind];
}

/* Comments behind the last word of a file. */
static void last_comments(struct fmt *f)
{
    if (f->next_comment == f->comments.len) return;
    struct piece *line = brk(f, BREAK_HARD, 1);
    line->keeps_blank = true;
    line->comments[1] = f->comments.len;
}

void fmt_items(struct fmt *f, const struct ast *file)
{
    struct table t = {0};
    const struct item_kind *before = NULL;
    begin(f, BLOCK_ALIGN);
    AST_EACH(item, file) {
        const struct item_kind *kind = kind_of(item);
        if (kind->family != t.family || is_after_blank_line(f)) settle(f, &t);
        t.family = kind->family;
        struct piece *line = brk(f, BREAK_HARD, 0);
        line->keeps_blank = true;
        line->wants_blank = before && (kind->stands_alone || before->stands_alone);
        begin(f, BLOCK_HANG);
        kind->print(f, item, &t);
        end(f);
        before = kind;
    }
    settle(f, &t);
    last_comments(f);
    end(f);
}
