/* lint_test.c - what is allowed in a test but seldom meant: parts that never or always hold, `!=` over what may be
 * absent, ages beyond what is kept, stars that are no pattern, parameters of refused calls.
 *
 * A test is walked as it was lowered, because defines and brackets are gone then; where each part was written is
 * looked up in the places that lowering noted.
 */
#include "engine/compile/logic.h"
#include "engine/schema/api.h"

#define KNOWN_MOST 64

/* Operands of which a test around says that they are there. */
struct known {
    ir_node_id ids[KNOWN_MOST];
    uint32_t n;
};

struct test_walk {
    const struct scope *s;
    struct compiler *c;
    struct logic logic;
    struct csr_span span; /* of the whole */
};

void lint_begin(struct compiler *c)
{
    c->places.len = 0;
}

/* ---- places ---- */

static const struct ast *written_as(const struct test_walk *w, ir_node_id id)
{
    for (uint32_t i = 0; i < w->c->places.len; i++)
        if (w->c->places.at[i].node == id) return w->c->places.at[i].ast;
    return NULL;
}

static struct csr_span place_of(const struct test_walk *w, ir_node_id id)
{
    const struct ast *e = written_as(w, id);
    return e ? e->span : w->span;
}

static const struct ir_node *node_at(const struct test_walk *w, ir_node_id id)
{
    return ir_build_at(&w->c->build, id);
}

static const ir_node_id *operands_of(const struct test_walk *w, ir_node_id id)
{
    return w->c->build.operands.at + node_at(w, id)->first;
}

/* ---- never and always ---- */

/* The two of several parts that exclude one another; false if only all of them together do. */
static bool clashing_pair(const struct test_walk *w, const ir_node_id *parts, uint32_t n, uint32_t pair[2])
{
    for (pair[0] = 0; pair[0] < n; pair[0]++)
        for (pair[1] = pair[0] + 1; pair[1] < n; pair[1]++) {
            ir_node_id both[] = {parts[pair[0]], parts[pair[1]]};
            if (logic_never(&w->logic, both, 2)) return true;
        }
    return false;
}

static void label_clash(const struct test_walk *w, struct diag *d, const ir_node_id *parts, uint32_t n)
{
    uint32_t pair[2];
    if (!d || n > 32 || !clashing_pair(w, parts, n, pair)) return;
    diag_label(d, place_of(w, parts[pair[0]]), "this");
    diag_label(d, place_of(w, parts[pair[1]]), "and this exclude one another");
}

static void never_holds(const struct test_walk *w, struct csr_span at, const ir_node_id *parts, uint32_t n)
{
    label_clash(w, warn(w->c, W0306, at, "this is never true"), parts, n);
}

/* ---- operands that may be absent ---- */

static const struct text *field_name(const struct test_walk *w, ir_node_id id)
{
    const struct ir_node *node = node_at(w, id);
    return node->op == IR_OP_FIELD ? &w->c->build.fields.at[node->x].name : NULL;
}

static bool may_be_absent(const struct test_walk *w, ir_node_id id)
{
    const struct text *name = field_name(w, id);
    if (node_at(w, id)->type == IR_TYPE_LIST) return false;
    if (!name) return node_at(w, id)->op == IR_OP_SLOT && w->c->build.slots.at[node_at(w, id)->x].len > 1;
    if (text_starts(*name, TEXT("req.")) || text_starts(*name, TEXT("resp."))) return true;
    const struct field_info *info = field_find(*name);
    return info && info->use == FIELD_OPTIONAL;
}

static bool is_known(const struct known *k, ir_node_id id)
{
    for (uint32_t i = 0; i < k->n; i++)
        if (k->ids[i] == id) return true;
    return false;
}

/* A comparison that holds tells that its operands are there. */
static void learn(const struct test_walk *w, ir_node_id id, struct known *k)
{
    const struct ir_node *node = node_at(w, id);
    bool tells = node->op >= IR_OP_EQ && node->op <= IR_OP_GRANTS && node->op != IR_OP_NE;
    for (uint32_t i = 0; tells && i < node->n && k->n < KNOWN_MOST; i++) k->ids[k->n++] = operands_of(w, id)[i];
}

/* `x != "a"`, `x not in { … }` where x may be absent: it holds there too. */
static void lint_unequal(const struct test_walk *w, ir_node_id written, ir_node_id comparison, const struct known *k)
{
    const struct ast *e = written_as(w, written);
    if (!e) return;
    if (!((e->kind == AST_TEST_OP && e->op == OP_NE) || e->kind == AST_NOT_IN || e->kind == AST_NOT_TEST)) return;
    for (uint32_t i = 0; i < node_at(w, comparison)->n && i < 2; i++) {
        ir_node_id operand = operands_of(w, comparison)[i];
        if (!may_be_absent(w, operand) || is_known(k, operand)) continue;
        const struct ast *side = i ? e->kids->next : e->kids;
        struct text words = expr_words(w->c->arena, side);
        struct diag *d = warn(w->c, W0314, e->span, "this also holds where `" TEXT_FMT "` is absent", TEXT_ARG(words));
        if (!d) return;
        diag_fix(d, e->span, TEXT_FMT " present and " TEXT_FMT, TEXT_ARG(words), TEXT_ARG(expr_words(w->c->arena, e)));
        return;
    }
}

/* ---- ages ---- */

/* `age(b) > 60d` over a baseline that forgets after 30d. */
static void lint_age(const struct test_walk *w, ir_node_id id)
{
    const struct ir_node *node = node_at(w, id);
    if (!w->s->rule || node->op < IR_OP_EQ || node->op > IR_OP_GE) return;
    for (int i = 0; i < 2; i++) {
        const struct ir_node *age = node_at(w, operands_of(w, id)[i]), *limit = node_at(w, operands_of(w, id)[!i]);
        bool is_age = age->op == IR_OP_ASK_AGE || age->op == IR_OP_ASK_SINCE;
        if (!is_age || limit->op != IR_OP_CONST) continue;
        const struct ir_baseline *b = &w->c->baselines.at[w->s->rule->asks.at[age->x].baseline];
        struct value v = w->c->build.constants.at[limit->x];
        if (v.kind != VALUE_DURATION || v.i / NS_PER_SECOND <= b->keep) continue;
        struct diag *d = warn(w->c, W0315, place_of(w, id), "`" TEXT_FMT "` forgets before that", TEXT_ARG(b->name));
        if (d) diag_label(d, b->span, "it keeps what it has seen for a shorter time");
    }
}

/* ---- stars ---- */

static bool is_glob(struct value v)
{
    return v.kind == VALUE_STRING && v.len > 1 && memchr(v.s, '*', v.len);
}

/* `principal.name == "admin*"`: no field of ours has a star in its values. */
static void lint_star(const struct test_walk *w, ir_node_id id)
{
    const struct ir_node *node = node_at(w, id);
    const struct text *name = node->n == 2 ? field_name(w, operands_of(w, id)[0]) : NULL;
    bool is_equality = node->op == IR_OP_EQ || node->op == IR_OP_NE || node->op == IR_OP_MEMBER_OF;
    if (!is_equality || !name || !field_find(*name)) return;
    const struct ir_node *right = node_at(w, operands_of(w, id)[1]);
    bool found = right->op == IR_OP_CONST && is_glob(w->c->build.constants.at[right->x]);
    const struct ir_list *list = right->op == IR_OP_LIST ? &w->c->build.lists.at[right->x] : NULL;
    for (uint32_t i = 0; list && i < list->len && !found; i++) found = is_glob(list->values[i]);
    if (!found) return;
    struct diag *d = warn(w->c, W0316, place_of(w, id), "here a star is a star");
    if (d) diag_note(d, "patterns stand behind `like`: " TEXT_FMT " like …", TEXT_ARG(*name));
}

/* ---- the walk ---- */

static void walk(const struct test_walk *w, ir_node_id id, const struct known *around);

static void walk_and(const struct test_walk *w, ir_node_id id, const struct known *around)
{
    uint32_t n = node_at(w, id)->n;
    struct known inside = *around;
    if (logic_never(&w->logic, operands_of(w, id), n)) {
        never_holds(w, place_of(w, id), operands_of(w, id), n);
        return;
    }
    for (uint32_t i = 0; i < n; i++) learn(w, operands_of(w, id)[i], &inside);
    for (uint32_t i = 0; i < n; i++) walk(w, operands_of(w, id)[i], &inside);
}

static void walk_or(const struct test_walk *w, ir_node_id id, const struct known *around)
{
    if (logic_always(&w->logic, id)) {
        warn(w->c, W0307, place_of(w, id), "one of these is always true");
        return;
    }
    struct known inside = *around; /* `x absent or x != "a"` means both */
    for (uint32_t i = 0; i < node_at(w, id)->n; i++) {
        ir_node_id kid = operands_of(w, id)[i];
        if (node_at(w, kid)->op == IR_OP_NOT && node_at(w, operands_of(w, kid)[0])->op == IR_OP_PRESENT)
            learn(w, operands_of(w, kid)[0], &inside);
    }
    for (uint32_t i = 0; i < node_at(w, id)->n; i++) walk(w, operands_of(w, id)[i], &inside);
}

static void walk_single(const struct test_walk *w, ir_node_id id, const struct known *around)
{
    if (logic_never(&w->logic, &id, 1)) {
        warn(w->c, W0306, place_of(w, id), "this is never true");
    } else if (logic_always(&w->logic, id)) {
        warn(w->c, W0307, place_of(w, id), "this is always true");
    } else {
        lint_age(w, id);
        lint_star(w, id);
        if (node_at(w, id)->op == IR_OP_NE) lint_unequal(w, id, id, around);
    }
}

static void walk(const struct test_walk *w, ir_node_id id, const struct known *around)
{
    static const struct known nothing;
    switch (node_at(w, id)->op) {
    case IR_OP_AND: walk_and(w, id, around); break;
    case IR_OP_OR: walk_or(w, id, around); break;
    case IR_OP_NOT:
        lint_unequal(w, id, operands_of(w, id)[0], around);
        walk(w, operands_of(w, id)[0], &nothing);
        break;
    case IR_OP_ANY:
    case IR_OP_ALL: walk(w, operands_of(w, id)[1], around); break;
    default: walk_single(w, id, around); break;
    }
}

static struct test_walk start(const struct scope *s, struct csr_span span)
{
    return (struct test_walk){
        .s = s, .c = s->c, .logic = {s->c, s->place == IN_MATCH ? s->rule : NULL}, .span = span};
}

void lint_condition(const struct scope *s, ir_node_id test, struct csr_span span)
{
    static const struct known nothing;
    struct test_walk w = start(s, span);
    if (test != IR_POISON && !s->c->without_lints) walk(&w, test, &nothing);
}

/* ---- refused calls ---- */

/* The first path into the request, within an expression. (`req absent` is how the refusal looks.) */
static const struct ast *request_path(const struct ast *e)
{
    if (e->kind == AST_PATH && text_equal(e->text, TEXT("req")) && e->kids) return e;
    const struct ast *found = NULL;
    AST_EACH(kid, e)
        if (!found) found = request_path(kid);
    return found;
}

/* EC2 and S3 keep the parameters of refused calls; other services hide them. */
static const struct ast *hiding_call(const struct ast *group)
{
    AST_EACH(api, group) {
        if (api->kind != AST_API) continue;
        struct text service = split_api(api->text).service;
        bool keeps = text_equal(service, TEXT("ec2")) || text_equal(service, TEXT("s3"));
        if (!keeps && !api_is_source(service) && !memchr(service.at, '*', service.len)) return api;
    }
    return NULL;
}

static void lint_denied(const struct test_walk *w, const ir_node_id *parts, uint32_t n)
{
    const struct ast *group = w->s->events, *path = NULL, *call = group ? hiding_call(group) : NULL;
    bool denied = false;
    for (uint32_t i = 0; i < n; i++) {
        const struct text *name = field_name(w, parts[i]);
        denied |= name && text_equal(*name, TEXT("denied"));
    }
    if (!denied || !call) return;
    AST_EACH(kid, group)
        if (!path && (kid->kind == AST_IF || kid->kind == AST_WITH)) path = request_path(kid);
    if (!path) return;
    struct diag *d = warn(w->c, W0309, path->span, "a refused " TEXT_FMT " shows no parameters", TEXT_ARG(call->text));
    if (d) diag_note(d, "only EC2 and S3 write them down when a call was denied");
}

void lint_predicate(const struct scope *s, const ir_node_id *parts, uint32_t n, struct csr_span span)
{
    struct test_walk w = start(s, span);
    struct known inside = {0};
    if (s->c->without_lints) return;
    for (uint32_t i = 0; i < n; i++)
        if (parts[i] == IR_POISON) return;
    if (n > 1 && logic_never(&w.logic, parts, n)) {
        const struct step_work *step = &s->rule->steps[s->step];
        struct diag *d = s->rule->out.is_on ? warn(s->c, W0305, span, "no event can be all of this")
                                            : warn(s->c, W0305, span, "no event can fill `" TEXT_FMT "`%s",
                                                   TEXT_ARG(step->name), step->n_groups > 1 ? " this way" : "");
        label_clash(&w, d, parts, n);
        return;
    }
    for (uint32_t i = 0; i < n; i++) learn(&w, parts[i], &inside);
    for (uint32_t i = 0; i < n; i++) walk(&w, parts[i], &inside);
    lint_denied(&w, parts, n);
}
