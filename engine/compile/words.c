/* words.c - expressions back to text, in one spelling: what reasons, captures and dumps show.
 *
 * Blanks, brackets and line ends of the source are forgotten: `a==1 and(b)` and `a == 1 and b` have the same
 * words.
 */
#include "engine/compile/compiler.h"

struct words {
    struct arena *arena;
    struct ARENA_VEC(char) out;
};

static void put(struct words *w, struct text t)
{
    for (uint32_t i = 0; i < t.len; i++) *ARENA_PUSH(w->arena, w->out) = t.at[i];
}

static void put_string(struct words *w, const struct ast *e)
{
    put(w, TEXT("\""));
    for (uint32_t i = 0; i < e->text.len; i++) {
        char at = e->text.at[i];
        if (at == '"' || at == '\\') put(w, TEXT("\\"));
        if (at == '\n') put(w, TEXT("\\n"));
        else put(w, (struct text){&e->text.at[i], 1});
    }
    put(w, e->op == OP_NOCASE ? TEXT("\"i") : TEXT("\""));
}

static void put_number(struct words *w, const struct ast *e)
{
    put(w, e->is_real ? arena_printf(w->arena, "%.17g", e->real)
                      : arena_printf(w->arena, "%lld", (long long)e->num));
}

static bool is_plain_name(struct text t)
{
    for (uint32_t i = 0; i < t.len; i++) {
        char at = t.at[i];
        bool letter = (at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') || at == '_';
        if (!letter && !(i && at >= '0' && at <= '9')) return false;
    }
    return t.len > 0;
}

static void put_tail(struct words *w, const struct ast *tail, bool first)
{
    for (; tail; tail = tail->next, first = false) {
        if (tail->kind == AST_ELEMENTS) {
            put(w, TEXT("[]"));
        } else if (tail->kind == AST_FIELD) {
            if (!first) put(w, TEXT("."));
            if (is_plain_name(tail->text)) put(w, tail->text);
            else put_string(w, &(struct ast){.text = tail->text});
        }
    }
}

/* How tightly a kind binds; what binds less than its place wants stands in parentheses. */
static int tightness(const struct ast *e)
{
    switch (e->kind) {
    case AST_OR: return 1;
    case AST_AND: return 2;
    case AST_NOT: return 3;
    case AST_TEST_OP:
    case AST_IN:
    case AST_NOT_IN:
    case AST_NOT_TEST:
    case AST_MATCHES:
    case AST_PRESENT:
    case AST_ABSENT: return 4;
    case AST_ADD:
    case AST_SUB: return 5;
    case AST_MUL: return 6;
    default: return 7;
    }
}

static void put_expr(struct words *w, const struct ast *e, int least);

static void put_joined(struct words *w, const struct ast *kids, const char *between, int least)
{
    for (const struct ast *kid = kids; kid; kid = kid->next) {
        if (kid != kids) put(w, text_of(between));
        put_expr(w, kid, least);
    }
}

static void put_binary(struct words *w, const struct ast *e, const char *op, int left, int right)
{
    put_expr(w, e->kids, left);
    put(w, TEXT(" "));
    put(w, text_of(op));
    put(w, TEXT(" "));
    put_expr(w, e->kids->next, right);
}

/* json(f, g) and what stands behind it. */
static void put_document(struct words *w, const struct ast *doc)
{
    put(w, doc->text);
    put(w, TEXT("("));
    put_joined(w, doc->kids ? doc->kids->kids : NULL, ", ", 0);
    put(w, TEXT(")"));
    put_tail(w, doc->next, false);
}

static void put_path(struct words *w, struct text head, const struct ast *tail)
{
    if (tail && tail->kind == AST_DOC) {
        put_document(w, tail);
        return;
    }
    put(w, head);
    put_tail(w, tail, !head.len);
}

static void put_call(struct words *w, const struct ast *e)
{
    const struct ast *args = ast_kid(e, AST_ARGS);
    put(w, e->text);
    put(w, TEXT("("));
    put_joined(w, args ? args->kids : NULL, ", ", 0);
    put(w, TEXT(")"));
    put_tail(w, args ? args->next : e->kids, false);
}

static void put_quantifier(struct words *w, const struct ast *e)
{
    put(w, e->kind == AST_ANY ? TEXT("any ") : TEXT("all "));
    put(w, e->text);
    put(w, TEXT(" in "));
    put_expr(w, e->kids, 0);
    put(w, TEXT(" ("));
    put_expr(w, e->kids->next, 0);
    put(w, TEXT(")"));
}

static void put_bare(struct words *w, const struct ast *e)
{
    switch (e->kind) {
    case AST_OR: put_joined(w, e->kids, " or ", 2); break;
    case AST_AND: put_joined(w, e->kids, " and ", 3); break;
    case AST_NOT: put(w, TEXT("not ")), put_expr(w, e->kids, 3); break;
    case AST_TEST_OP: put_binary(w, e, ast_op_name(e->op), 5, 5); break;
    case AST_IN: put_binary(w, e, "in", 5, 5); break;
    case AST_NOT_IN: put_binary(w, e, "not in", 5, 5); break;
    case AST_NOT_TEST:
        put_binary(w, e, arena_printf(w->arena, "not %s", ast_op_name(e->op)).at, 5, 5);
        break;
    case AST_RANGE: put_joined(w, e->kids, "..", 7); break;
    case AST_MATCHES: put_binary(w, e, "~", 5, 7); break;
    case AST_PRESENT: put_expr(w, e->kids, 5), put(w, TEXT(" present")); break;
    case AST_ABSENT: put_expr(w, e->kids, 5), put(w, TEXT(" absent")); break;
    case AST_EXISTS: put(w, TEXT("exists ")), put(w, e->text); break;
    case AST_ADD: put_binary(w, e, "+", 5, 6); break;
    case AST_SUB: put_binary(w, e, "-", 5, 6); break;
    case AST_MUL: put_binary(w, e, "*", 6, 7); break;
    case AST_ANY:
    case AST_ALL: put_quantifier(w, e); break;
    case AST_CALL: put_call(w, e); break;
    case AST_PATH: put_path(w, e->text, e->kids); break;
    case AST_SET: put(w, TEXT("{ ")), put_joined(w, e->kids, ", ", 0), put(w, TEXT(" }")); break;
    case AST_STRING: put_string(w, e); break;
    case AST_REGEX:
        put(w, TEXT("/")), put(w, e->text), put(w, e->op == OP_NOCASE ? TEXT("/i") : TEXT("/"));
        break;
    case AST_NUM:
    case AST_SIGNED: put_number(w, e); break;
    case AST_SPIKE: put(w, TEXT("spike(…)")); break;
    default: put(w, e->text); break; /* NAME, DUR, SIZE, ADDR: as written */
    }
}

static void put_expr(struct words *w, const struct ast *e, int least)
{
    bool wrap = tightness(e) < least;
    if (wrap) put(w, TEXT("("));
    put_bare(w, e);
    if (wrap) put(w, TEXT(")"));
}

struct text expr_words(struct arena *a, const struct ast *e)
{
    struct words w = {.arena = a};
    put_expr(&w, e, 0);
    return (struct text){w.out.at, w.out.len};
}

struct text path_words(struct arena *a, struct text head, const struct ast *tail)
{
    struct words w = {.arena = a};
    put_path(&w, head, tail);
    return (struct text){w.out.at, w.out.len};
}
