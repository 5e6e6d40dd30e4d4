/* build.c - making nodes. Height and number of children are kept while the tree grows, so no pass meets one
 * that is too deep or too wide. */
#include "grammar/build.h"

/* An expression or match this high is cut off: that leaves room for what stands around it, file, rule, clause
 * … What only holds others together (the paths of a document, a block) is not, unless it goes on: passes need
 * its parts. */
#define HEIGHT_MOST (AST_DEPTH_MOST - 20)
#define HOLDER_MOST (AST_DEPTH_MOST - 12)

static const struct ast *innermost(const struct ast *node)
{
    while (node->height) {
        const struct ast *deepest = node->kids;
        while (deepest->height + 1 != node->height) deepest = deepest->next;
        node = deepest;
    }
    return node;
}

/* Reports a nest once: what hangs around it begins or ends where it does. */
static void say_cut_off(struct lex *lex, const struct ast *node)
{
    bool is_said = node->span.lo == lex->cut_off.lo || node->span.hi == lex->cut_off.hi;
    lex->cut_off = node->span;
    if (is_said) return;
    const struct ast *deepest = innermost(node);
    struct diag *d = diag_at(lex->p->diags, E0110, deepest->span, "more than %d levels deep", HEIGHT_MOST);
    if (deepest->span.lo != node->span.lo)
        diag_label(d, (struct csr_span){node->span.lo, node->span.lo + 1}, "counted from here");
}

static bool may_be_wrong(const struct ast *node)
{
    static const bool matches[AST_KINDS] = {
        [AST_M_ALT] = true, [AST_M_ALL] = true, [AST_M_CHAIN] = true, [AST_M_GROUP] = true,
        [AST_M_OF] = true,  [AST_M_OPT] = true, [AST_M_REP] = true,   [AST_M_NOT] = true};
    return (node->kind >= AST_OR && node->kind <= AST_PATH) ||
           (node->kind < AST_KINDS && matches[node->kind]);
}

static bool is_too_high(const struct ast *node)
{
    return node->height >= (may_be_wrong(node) ? HEIGHT_MOST : HOLDER_MOST);
}

static void cut_off(struct lex *lex, struct ast *node)
{
    say_cut_off(lex, node);
    if (may_be_wrong(node)) node->kind = AST_WRONG;
    node->kids = node->last = NULL;
    node->n_kids = node->height = 0;
}

/* ---- too many children ---- */

struct limit {
    uint32_t most; /* 0: none */
    const char *what, *instead;
};

static const struct limit *limit_of(uint8_t kind)
{
    static const struct limit limits[AST_KINDS + 1] = {
#define LIMIT(kind, most, what, instead) [AST_##kind] = {most, what, instead},
#include "grammar/limit.def"
#undef LIMIT
    };
    return &limits[kind];
}

static void say_full(struct lex *lex, struct ast *parent, const struct ast *kid)
{
    const struct limit *limit = limit_of(parent->kind);
    parent->is_full = true;
    struct diag *d =
        diag_at(lex->p->diags, E0128, kid->span, "at most %u %s may stand here", limit->most, limit->what);
    if (*limit->instead) diag_note(d, "%s", limit->instead);
}

static bool has_room(struct lex *lex, struct ast *parent, const struct ast *kid)
{
    const struct limit *limit = limit_of(parent->kind);
    if (!limit->most || parent->n_kids < limit->most) return true;
    if (!parent->is_full) say_full(lex, parent, kid);
    return false;
}

/* Leaves the first children only; `most` is at least 1. */
static void shorten(struct lex *lex, struct ast *parent, uint32_t most)
{
    struct ast *last = parent->kids;
    for (uint32_t i = 1; i < most; i++) last = last->next;
    say_full(lex, parent, last->next);
    last->next = NULL;
    parent->last = last;
    parent->n_kids = most;
}

/* ---- children ---- */

static void append(struct lex *lex, struct ast *parent, struct ast *kid)
{
    if (!has_room(lex, parent, kid)) return;
    if (is_too_high(kid)) cut_off(lex, kid);
    if (parent->height <= kid->height) parent->height = (uint8_t)(kid->height + 1);
    if (parent->last)
        parent->last->next = kid;
    else
        parent->kids = kid;
    parent->last = kid;
    parent->n_kids++;
}

/* The children of a list become the parent's, at once however long the list is. */
static void take_over(struct lex *lex, struct ast *parent, const struct ast *list)
{
    uint32_t most = limit_of(parent->kind)->most;
    if (!list->kids) return;
    if (parent->height < list->height) parent->height = list->height;
    if (parent->last)
        parent->last->next = list->kids;
    else
        parent->kids = list->kids;
    parent->last = list->last;
    parent->n_kids += list->n_kids;
    if (most && parent->n_kids > most) shorten(lex, parent, most);
}

struct ast *build_add(struct lex *lex, struct ast *parent, struct ast *kid)
{
    if (!kid) return parent;
    if (kid->kind == BUILD_LIST)
        take_over(lex, parent, kid);
    else
        append(lex, parent, kid);
    if (kid->span.hi > parent->span.hi) parent->span.hi = kid->span.hi;
    return parent;
}

struct ast *build_extend(struct lex *lex, struct csr_span at, struct ast *parent, struct ast *kid)
{
    build_add(lex, parent, kid);
    parent->span = at;
    return parent;
}

struct ast *build_node(struct lex *lex, int kind, struct csr_span at, struct build_kids kids)
{
    struct ast *node = ARENA_NEW(lex->p->arena, struct ast);
    node->kind = (uint8_t)kind;
    node->span = at;
    for (uint32_t i = 0; i < kids.len; i++) build_add(lex, node, kids.at[i]);
    return node;
}

struct ast *build_named(struct lex *lex, enum ast_kind kind, struct csr_span at, struct text name,
                        struct build_kids kids)
{
    struct ast *node = build_node(lex, kind, at, kids);
    node->text = name;
    return node;
}

struct ast *build_op(struct lex *lex, enum ast_kind kind, struct csr_span at, enum ast_op op,
                     struct build_kids kids)
{
    struct ast *node = build_node(lex, kind, at, kids);
    node->op = (uint8_t)op;
    return node;
}

struct ast *build_counted(struct lex *lex, enum ast_kind kind, struct csr_span at, struct text name,
                          const struct ast *number, struct build_kids kids)
{
    struct ast *node = build_named(lex, kind, at, name, kids);
    if (number->is_real)
        diag_at(lex->p->diags, E0125, number->span, "a whole number stands here");
    else
        node->num = number->num;
    return node;
}

struct ast *build_times(struct lex *lex, enum ast_kind kind, struct csr_span at, int64_t times,
                        struct build_kids kids)
{
    struct ast *node = build_node(lex, kind, at, kids);
    node->num = times;
    return node;
}

struct ast *build_from(struct lex *lex, enum ast_kind kind, struct csr_span at, const struct ast *leaf,
                       struct build_kids kids)
{
    return build_named(lex, kind, at, leaf->text, kids);
}

struct ast *build_rule(struct lex *lex, struct csr_span at, const struct spelled *word, struct text name,
                       struct ast *clauses)
{
    struct ast *rule = build_named(lex, AST_RULE, at, name, KIDS(clauses));
    rule->doc = word->doc;
    return rule;
}

struct spelled build_dotted(struct lex *lex, struct text front, struct text member)
{
    struct text dotted =
        arena_printf(lex->p->arena, TEXT_FMT "." TEXT_FMT, TEXT_ARG(front), TEXT_ARG(member));
    return (struct spelled){.text = names_put(lex->p->names, dotted)};
}

struct text build_joined(struct lex *lex, const struct ast *key)
{
    struct ARENA_VEC(char) joined = {0};
    for (uint32_t i = 0; i < key->text.len; i++) *ARENA_PUSH(lex->p->arena, joined) = key->text.at[i];
    AST_EACH(field, key) {
        *ARENA_PUSH(lex->p->arena, joined) = '.';
        for (uint32_t i = 0; i < field->text.len; i++) *ARENA_PUSH(lex->p->arena, joined) = field->text.at[i];
    }
    return names_put(lex->p->names, (struct text){joined.at, joined.len});
}
