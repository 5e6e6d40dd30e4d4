/* members.c - whether the calls that a path is read of have what it names: `req.roelName`, `resp.x` of a call that
 * only reads.
 *
 * Several events may be at hand (a comma, a pattern, the groups of a step): one that knows the member is enough, and
 * one that nobody knows the members of ends the check.
 */
#include "engine/compile/compiler.h"
#include "engine/schema/api.h"
#include "engine/schema/members.h"

/* A path below `req` or `resp`, and where it is written. */
struct reading {
    struct compiler *c;
    bool is_answer;
    struct text names[AST_DEPTH_MOST];
    uint32_t len;
};

/* Names of members along a tail, lists gone into unsaid. */
static void add_names(struct reading *r, const struct ast *tail)
{
    for (; tail && r->len < AST_DEPTH_MOST; tail = tail->next)
        if (tail->kind == AST_FIELD) r->names[r->len++] = tail->text;
}

/* The path of a list's elements, from its root on. False if its root is no request or answer. */
static bool add_path(struct reading *r, const struct scope *s, struct text head, const struct ast *tail)
{
    const struct binding *b = binding_find(s, head);
    const struct ast *list = b ? b->is_item ? b->list : b->arg : NULL;
    bool is_request = text_equal(head, TEXT("req"));
    if (list && (list->kind != AST_PATH || !add_path(r, b->arg_scope, list->text, list->kids))) return false;
    if (!list && (b || (!is_request && !text_equal(head, TEXT("resp"))))) return false;
    if (!list) r->is_answer = !is_request;
    add_names(r, tail);
    return true;
}

/* ---- what the calls say ---- */

/* The best answer of all calls so far; `known`: nothing more can be wrong. */
struct verdict {
    struct member_answer best;
    struct ir_api call; /* that gave it */
    uint32_t calls;
    bool known;
};

static void ask_call(const struct reading *r, const struct ast *api, struct verdict *v)
{
    struct ir_api call = split_api(api->text);
    if (api->kind != AST_API || !call.action.len) {
        v->known = true;
        return;
    }
    struct member_answer a = member_look_up(call.service, call.action, r->is_answer, r->names, r->len);
    v->known |= a.found == MEMBER_KNOWN || a.found == MEMBER_OPEN;
    bool better = !v->calls++ || (a.found == MEMBER_UNKNOWN && v->best.found == MEMBER_UNRECORDED) ||
                  (a.nearest.len && !v->best.nearest.len);
    if (better) v->best = a, v->call = call;
}

/* events: a group, or a clause of groups. */
static void ask_calls(const struct reading *r, const struct ast *events, struct verdict *v)
{
    AST_EACH(kid, events) {
        if (kid->kind == AST_GROUP) ask_calls(r, kid, v);
        if (kid->kind == AST_API || kid->kind == AST_ANY_API || kid->kind == AST_RULE_REF) ask_call(r, kid, v);
    }
}

/* ---- what is said ---- */

/* The name of the tail that is so many names from its end; NULL if it stands before the tail: a list that is gone
 * through, which has been reported where it stands. */
static const struct ast *nth_from_end(const struct ast *tail, uint32_t from_end)
{
    uint32_t fields = 0;
    for (const struct ast *t = tail; t; t = t->next) fields += t->kind == AST_FIELD;
    for (const struct ast *t = tail; t; t = t->next)
        if (t->kind == AST_FIELD && fields-- == from_end) return t;
    return NULL;
}

/* A member without the dot before it. */
static struct csr_span name_span(const struct ast *field)
{
    return (struct csr_span){field->span.lo + 1, field->span.hi};
}

struct names_list {
    struct arena *arena;
    struct text words;
    uint32_t n;
};

static void list_name(void *to, struct text name, bool is_record)
{
    struct names_list *l = to;
    (void)is_record;
    if (l->n++ < 8)
        l->words = arena_printf(l->arena, TEXT_FMT "%s" TEXT_FMT, TEXT_ARG(l->words), l->n > 1 ? ", " : "", TEXT_ARG(name));
}

static void note_members(const struct reading *r, struct diag *d, struct ir_api call)
{
    struct names_list l = {.arena = r->c->arena, .words = {"", 0}};
    if (!member_each(call.service, call.action, r->is_answer, list_name, &l)) return;
    if (l.n) diag_note(d, "it has " TEXT_FMT "%s", TEXT_ARG(l.words), l.n > 8 ? ", …" : "");
    else diag_note(d, "it has no members");
}

static void unrecorded(const struct reading *r, const struct verdict *v, struct csr_span span)
{
    struct diag *d = warn(r->c, W0231, span, TEXT_FMT ":" TEXT_FMT " only reads", TEXT_ARG(v->call.service),
                          TEXT_ARG(v->call.action));
    if (d) diag_note(d, "the log leaves out what such calls answer, so this is always absent");
}

static void unknown(const struct reading *r, const struct verdict *v, const struct ast *tail)
{
    const struct ast *wrong = nth_from_end(tail, r->len - v->best.at);
    if (!wrong) return;
    struct diag *d = warn(r->c, W0230, name_span(wrong), "%s " TEXT_FMT ":" TEXT_FMT " has no `" TEXT_FMT "`%s",
                          r->is_answer ? "the answer of" : "the request of", TEXT_ARG(v->call.service),
                          TEXT_ARG(v->call.action), TEXT_ARG(wrong->text), v->best.at ? " there" : "");
    if (!d) return;
    if (v->calls > 1) diag_note(d, "nor has any other call that is meant here");
    struct ast meant = {.kind = AST_FIELD, .text = v->best.nearest};
    if (meant.text.len) diag_fix(d, name_span(wrong), TEXT_FMT, TEXT_ARG(path_words(r->c->arena, TEXT(""), &meant)));
    else if (!v->best.at) note_members(r, d, v->call);
}

static void check(struct reading *r, const struct ast *const *events, uint32_t n, const struct ast *tail,
                  struct csr_span span)
{
    struct verdict v = {0};
    for (uint32_t i = 0; i < n; i++)
        if (events[i]) ask_calls(r, events[i], &v);
    if (v.known || !v.calls || !r->len) return;
    if (v.best.found == MEMBER_UNRECORDED) unrecorded(r, &v, span);
    else unknown(r, &v, tail);
}

/* ---- the whole ---- */

void check_members(const struct scope *s, struct text head, const struct ast *tail, struct csr_span span)
{
    struct reading r = {.c = s->c};
    if (s->events && !s->c->without_lints && add_path(&r, s, head, tail)) check(&r, &s->events, 1, tail, span);
}

void check_members_of(struct compiler *c, const struct ast *const *events, uint32_t n, struct text head,
                      const struct ast *tail, struct csr_span span)
{
    struct scope nothing_bound = {.c = c};
    struct reading r = {.c = c};
    if (!c->without_lints && add_path(&r, &nothing_bound, head, tail)) check(&r, events, n, tail, span);
}
