/* fmt_expr.c - expressions, events, match and values to pieces.
 *
 * Each printer puts the words of its node, from the first to the last. Words that have no node (brackets,
 * operators, `in`) are put by the node around them, and so are parentheses: an operand is told from what
 * stands around it by where its node begins. A kind that has no printer here is a row of words.
 *
 * Layout: operators stand in front of their operand and begin the line. `and`, `or` and `|` break all or
 * none; lists are filled; the body of `any` hangs from the line on which it begins; an object has a member a
 * line.
 */
#include "grammar/fmt_piece.h"
#include "parser.h"

/* ---- operands ---- */

void fmt_operand(struct fmt *f, const struct ast *node)
{
    uint32_t n = 0;
    for (; f->words.at[f->next_word].at.lo < node->span.lo; n++) put(f);
    if (n) begin(f, BLOCK_ALIGN);
    fmt_node(f, node);
    if (n) end(f);
    while (n--) put(f);
}

void fmt_plain(struct fmt *f, const struct ast *node)
{
    AST_EACH(kid, node) {
        put_until(f, kid->span.lo);
        fmt_node(f, kid);
    }
    put_until(f, node->span.hi);
}

/* ---- operators ---- */

/* a op b op c: operators begin lines. Returns the first piece of the last operand. */
static uint32_t chain_of(struct fmt *f, const struct ast *node, enum block_how block, enum break_how how)
{
    uint32_t last = 0;
    begin(f, block);
    AST_EACH(kid, node) {
        if (kid != node->kids) {
            brk(f, how, 1);
            put(f);
        }
        last = f->pieces.len;
        fmt_operand(f, kid);
    }
    end(f);
    return last;
}

static void all_or_none(struct fmt *f, const struct ast *node)
{
    chain_of(f, node, BLOCK_TIGHT, BREAK_LINE);
}

static void filled(struct fmt *f, const struct ast *node)
{
    chain_of(f, node, BLOCK_TIGHT, BREAK_FILL);
}

static void binary(struct fmt *f, const struct ast *node)
{
    fmt_operand(f, node->kids);
    put(f);
    if (node->kind == AST_NOT_IN || node->kind == AST_NOT_TEST) put(f);
    fmt_operand(f, node->kids->next);
}

static void prefix(struct fmt *f, const struct ast *node)
{
    put(f);
    fmt_operand(f, node->kids);
}

static void suffix(struct fmt *f, const struct ast *node)
{
    fmt_operand(f, node->kids);
    put(f);
}

/* any x in list (…): the body hangs from the line. */
static void quantified(struct fmt *f, const struct ast *node)
{
    const struct ast *path = node->kids, *body = path->next;
    put_until(f, path->span.lo);
    fmt_node(f, path);
    put(f);
    begin(f, BLOCK_HANG);
    brk(f, BREAK_FIRST, 0);
    fmt_operand(f, body);
    end(f);
    put(f);
}

/* ---- lists ---- */

static bool is_container(const struct ast *node)
{
    return node->kind == AST_OBJ || node->kind == AST_ARRAY || node->kind == AST_SET;
}

/* The one thing in brackets goes on by brackets of its own: no need to break around it. */
static bool is_hugged(const struct ast *only)
{
    if (only->kind == AST_MEMBER) only = only->kids->next;
    return is_container(only) || only->kind == AST_CALL;
}

void fmt_commas(struct fmt *f, const struct ast *node)
{
    begin(f, BLOCK_ALIGN);
    AST_EACH(kid, node) {
        fmt_node(f, kid);
        if (!kid->next) continue;
        put(f);
        brk(f, BREAK_FILL, 1);
    }
    end(f);
}

/* A blank stands inside of braces, and of brackets that are no part of a path. */
static void filled_list(struct fmt *f, const struct ast *first, enum block_how block, enum break_how between,
                        uint32_t inside)
{
    blanks(f, 0);
    begin(f, block);
    brk(f, BREAK_FIRST, inside);
    for (const struct ast *kid = first; kid; kid = kid->next) {
        fmt_operand(f, kid);
        if (kid->next) {
            put(f);
            brk(f, between, 1);
        }
    }
    if (inside) brk(f, BREAK_LAST, inside);
    end(f);
}

/* Behind the opening bracket, up to the closing one: first is the first kid, NULL if there is none. */
static void inside_brackets(struct fmt *f, const struct ast *node, const struct ast *first, bool one_a_line,
                            uint32_t inside)
{
    bool is_alone = first && !first->next && !comment_before(f, node->span.hi);
    if (!first) return;
    if (is_alone && (is_hugged(first) || first->kind == AST_MEMBER)) {
        blanks(f, inside);
        fmt_operand(f, first);
        blanks(f, inside);
    } else if (one_a_line || comment_before(f, node->span.hi))
        filled_list(f, first, BLOCK_HANG, BREAK_LINE, inside);
    else
        filled_list(f, first, BLOCK_TIGHT, BREAK_FILL, inside);
}

static void set(struct fmt *f, const struct ast *node)
{
    put(f);
    inside_brackets(f, node, node->kids, false, 1);
    put(f);
}

static void object(struct fmt *f, const struct ast *node)
{
    put(f);
    inside_brackets(f, node, node->kids, true, 1);
    put(f);
}

static void array(struct fmt *f, const struct ast *node)
{
    bool has_containers = false;
    AST_EACH(kid, node) has_containers |= is_container(kid);
    put(f);
    inside_brackets(f, node, node->kids, has_containers, 1);
    if (!node->kids) blanks(f, 0);
    put(f);
}

static void member(struct fmt *f, const struct ast *node)
{
    fmt_node(f, node->kids);
    put(f);
    blanks(f, 1);
    fmt_node(f, node->kids->next);
}

/* ---- calls ---- */

/* A first argument, then texts that belong together by two: a table, where it does not fit on a line. */
static bool is_table(const struct ast *args)
{
    if (args->n_kids < 7 || args->n_kids % 2 == 0) return false;
    for (const struct ast *kid = args->kids->next; kid; kid = kid->next)
        if (kid->kind != AST_STRING) return false;
    return true;
}

static void table(struct fmt *f, const struct ast *args)
{
    struct column keys = {0};
    begin(f, BLOCK_TIGHT);
    brk(f, BREAK_FIRST, 0);
    fmt_operand(f, args->kids);
    put(f);
    for (const struct ast *key = args->kids->next; key; key = key->next->next) {
        brk(f, BREAK_LINE, 1);
        uint32_t start = f->pieces.len;
        put(f), put(f);
        uint32_t width = flat_width(f, start);
        blanks(f, 0);
        f->pieces.at[f->pieces.len - 1].only_broken = true;
        column_cell(f, &keys, f->pieces.len - 1, width);
        put(f);
        if (key->next->next) put(f);
    }
    column_settle(f, &keys, 0, 1);
    end(f);
}

void fmt_list(struct fmt *f, const struct ast *around, const struct ast *first)
{
    glue(f);
    inside_brackets(f, around, first, false, 0);
    put(f);
}

static void members_of_path(struct fmt *f, const struct ast *node)
{
    AST_EACH(kid, node)
        if (kid->kind == AST_FIELD)
            put(f);
        else if (kid->kind == AST_ELEMENTS)
            put(f), put(f);
}

static void call(struct fmt *f, const struct ast *node)
{
    const struct ast *args = node->kids;
    put(f);
    if (is_table(args) && !comment_before(f, node->span.hi)) {
        glue(f);
        table(f, args);
        put(f);
    } else
        fmt_list(f, node, args->kids);
    members_of_path(f, node);
}

static void path(struct fmt *f, const struct ast *node)
{
    if (node->kids && node->kids->kind == AST_DOC) {
        put(f);
        fmt_list(f, node->kids, node->kids->kids->kids);
    } else
        put(f);
    members_of_path(f, node);
}

static void spike(struct fmt *f, const struct ast *node)
{
    put(f);
    glue(f);
    fmt_plain(f, node);
}

/* ---- events ---- */

/* Whether the chain ends in an `any` or `all` whose body may hang below the line of the whole chain:
 * (ok and any x in list (. */
static bool ends_in_body(const struct ast *chain)
{
    const struct ast *last = chain->last;
    return (last->kind == AST_ANY || last->kind == AST_ALL) && last->span.hi == chain->span.hi;
}

/* What the line takes from pieces[from] to where the body of the chain's last operand begins. */
static uint32_t width_to_body(const struct fmt *f, uint32_t from, uint32_t last_operand)
{
    uint32_t body = last_operand;
    while (f->pieces.at[body].kind != PIECE_BEGIN || f->pieces.at[body].how != BLOCK_HANG) body++;
    return flat_width(f, from) - flat_width(f, body);
}

/* Takes the breaks of a chain away; pieces[chain] begins it. */
static void never_break(struct fmt *f, uint32_t chain)
{
    uint32_t depth = 0;
    for (uint32_t i = chain; i < f->pieces.len; i++) {
        struct piece *piece = &f->pieces.at[i];
        depth += (piece->kind == PIECE_BEGIN) - (piece->kind == PIECE_END);
        if (depth == 1 && piece->kind == PIECE_BREAK) piece->how = BREAK_NEVER;
    }
}

/* The chain of a predicate. It goes on below itself; or, if it ends in an `any` that no line can hold, only
 * the body of that does. */
static void predicate_chain(struct fmt *f, const struct ast *chain, uint32_t group)
{
    bool has_comment = comment_before(f, chain->span.hi);
    uint32_t start = f->pieces.len;
    uint32_t last_operand = chain_of(f, chain, BLOCK_EITHER, BREAK_LINE);
    uint32_t below = 2 * FMT_INDENT + (uint32_t)sizeof "and" + flat_width(f, last_operand); /* and ")" */
    bool fits_below = below <= FMT_LINE_MOST;
    if (has_comment || fits_below || !ends_in_body(chain)) return;
    if (f->events_at + width_to_body(f, group, last_operand) <= FMT_LINE_MOST) never_break(f, start);
}

/* `group`: the first piece of the group. */
static void predicate(struct fmt *f, const struct ast *condition, uint32_t group)
{
    const struct ast *test = condition->kids;
    bool is_chain = test->kind == AST_AND || test->kind == AST_OR;
    put(f);
    if (is_chain && f->words.at[f->next_word].at.lo == test->span.lo)
        predicate_chain(f, test, group);
    else
        fmt_operand(f, test);
    put(f);
}

static bool is_call_of_group(const struct ast *kid)
{
    return kid && kid->kind != AST_IF && kid->kind != AST_WITH;
}

/* Returns the last one. */
static const struct ast *calls(struct fmt *f, const struct ast *first)
{
    const struct ast *kid = first;
    begin(f, BLOCK_ALIGN);
    for (; is_call_of_group(kid->next); kid = kid->next) {
        fmt_node(f, kid);
        put(f);
        brk(f, BREAK_FILL, 1);
    }
    fmt_node(f, kid);
    end(f);
    return kid;
}

/* The calls of a group, and its predicate. That of several calls has a line of its own where the line is too
 * short, for it is not the last one's alone; if no line can hold it, it begins behind the calls. Returns the
 * first `with`, or NULL. */
static const struct ast *calls_and_predicate(struct fmt *f, const struct ast *group)
{
    uint32_t start = f->pieces.len;
    begin(f, BLOCK_ALIGN);
    const struct ast *last = calls(f, group->kids), *condition = last->next;
    if (!condition || condition->kind != AST_IF) {
        end(f);
        return condition;
    }
    bool may_stand_below = last != group->kids && !comment_before(f, condition->span.hi);
    uint32_t gap = f->pieces.len;
    brk(f, BREAK_AFTER, 1);
    predicate(f, condition, start);
    if (!may_stand_below || f->events_at + flat_width(f, gap + 1) > FMT_LINE_MOST)
        f->pieces.at[gap].how = BREAK_NEVER;
    end(f);
    return condition->next;
}

static void values(struct fmt *f, const struct ast *first)
{
    begin(f, BLOCK_ALIGN);
    for (const struct ast *value = first; value; value = value->next) {
        put(f), put(f), put(f);
        fmt_operand(f, value->kids);
        if (value->next) brk(f, BREAK_FILL, 1);
    }
    end(f);
}

/* The values of a group stand in a column with those of the rule's other groups, if the line holds them. */
static void group(struct fmt *f, const struct ast *node)
{
    uint32_t start = f->pieces.len;
    begin(f, BLOCK_ALIGN);
    const struct ast *first = calls_and_predicate(f, node);
    if (first) {
        uint32_t gap = f->pieces.len, head = flat_width(f, start);
        brk(f, BREAK_LINE, 1);
        values(f, first);
        uint32_t rest = flat_width(f, gap);
        if (f->withs && f->events_at + head + rest <= FMT_LINE_MOST)
            column_cell_before(f, f->withs, gap, head, rest);
    }
    end(f);
}

void fmt_groups(struct fmt *f, const struct ast *first, enum break_how between)
{
    begin(f, BLOCK_ALIGN);
    for (const struct ast *kid = first; kid && kid->kind == AST_GROUP; kid = kid->next) {
        if (kid != first) {
            brk(f, between, 1)->offset = between == BREAK_HARD ? -2 : 0;
            put(f);
            blanks(f, 1);
        }
        group(f, kid);
    }
    end(f);
}

/* ---- match ---- */

/* Kids and the arrows between them: an arrow begins a line. */
static void arrows(struct fmt *f, const struct ast *node)
{
    begin(f, BLOCK_TIGHT);
    AST_EACH(kid, node) {
        if (kid->kind == AST_ARROW) brk(f, BREAK_FILL, 1);
        fmt_node(f, kid);
    }
    end(f);
}

static void match_group(struct fmt *f, const struct ast *node)
{
    put(f);
    begin(f, BLOCK_ALIGN);
    fmt_node(f, node->kids);
    end(f);
    put(f);
}

static void some_of(struct fmt *f, const struct ast *node)
{
    put(f), put(f), put(f);
    inside_brackets(f, node, node->kids, false, 0);
    put(f);
}

/* ---- which printer ---- */

typedef void printer(struct fmt *f, const struct ast *node);

static printer *printer_of(enum ast_kind kind)
{
    static printer *const printers[AST_KINDS] = {
        [AST_OR] = all_or_none,      [AST_AND] = all_or_none, [AST_NOT] = prefix,
        [AST_TEST_OP] = binary,      [AST_IN] = binary,       [AST_NOT_IN] = binary,
        [AST_NOT_TEST] = binary,
        [AST_MATCHES] = binary,      [AST_ADD] = binary,      [AST_SUB] = binary,
        [AST_MUL] = binary,          [AST_PRESENT] = suffix,  [AST_ABSENT] = suffix,
        [AST_ANY] = quantified,      [AST_ALL] = quantified,  [AST_SPIKE] = spike,
        [AST_CALL] = call,           [AST_PATH] = path,       [AST_SET] = set,
        [AST_OBJ] = object,          [AST_ARRAY] = array,     [AST_MEMBER] = member,
        [AST_M_ALT] = all_or_none,   [AST_M_ALL] = filled,    [AST_M_CHAIN] = arrows,
        [AST_M_GROUP] = match_group, [AST_M_OF] = some_of,    [AST_BLOCK] = fmt_block,
    };
    return printers[kind] ? printers[kind] : fmt_plain;
}

void fmt_node(struct fmt *f, const struct ast *node)
{
    printer_of(node->kind)(f, node);
}
