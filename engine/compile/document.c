/* document.c - json(…), statements(…), grants: what looks into texts that hold JSON.
 *
 * In a finished match a document is a capture like any other path: its fields are read while the event is at
 * hand, and what stands behind the brackets is what is kept.
 */
#include "engine/compile/compiler.h"

bool document_may_stand(const struct scope *s, const struct ast *doc)
{
    if (s->place < IN_GATE) return true;
    AST_EACH(path, doc->kids) {
        if (!binding_find(s, path->text)) continue;
        diag_note(diag_at(s->c->diags, E0224, path->span, "`" TEXT_FMT "` is not a field of the event",
                          TEXT_ARG(path->text)),
                  "name what you need with `with n = …` in the step, and write the step's n here");
        return false;
    }
    return true;
}

/* ---- json(f, g…), statements(f, g…) ---- */

static bool may_hold_document(const struct scope *s, const struct ast *path, ir_node_id id)
{
    switch (expr_type(s->c, id)) {
    case IR_TYPE_ANY:
    case IR_TYPE_STRING:
    case IR_TYPE_LIST:
    case IR_TYPE_RECORD: return true;
    default:
        diag_at(s->c->diags, E0211, path->span, "this is %s; a document is text or an object",
                a_type(expr_type(s->c, id)));
        return false;
    }
}

#define FIELDS_MOST 64

/* The fields that may hold the document; 0 after a mistake. */
static uint32_t lower_fields(const struct scope *s, const struct ast *doc, ir_node_id ids[FIELDS_MOST])
{
    uint32_t n = 0;
    bool wrong = false;
    AST_EACH(path, doc->kids) {
        if (n == FIELDS_MOST) {
            diag_at(s->c->diags, E0210, doc->span, "at most %d fields may stand here", FIELDS_MOST);
            return 0;
        }
        ids[n] = lower_value(s, path);
        wrong |= ids[n] == IR_POISON || !may_hold_document(s, path, ids[n]);
        n++;
    }
    return wrong ? 0 : n;
}

ir_node_id lower_document(const struct scope *s, const struct ast *doc)
{
    ir_node_id fields[FIELDS_MOST];
    uint32_t n = lower_fields(s, doc, fields);
    bool is_json = text_equal(doc->text, TEXT("json"));
    if (!n) return IR_POISON;
    if (!is_json && (!doc->next || doc->next->kind != AST_ELEMENTS)) {
        struct text words = path_words(s->c->arena, TEXT(""),
                                       &(struct ast){.kind = AST_DOC, .text = doc->text, .kids = doc->kids});
        diag_fix(diag_at(s->c->diags, E0213, doc->span, "these are the statements of a policy, a list"),
                 doc->span, TEXT_FMT "[]", TEXT_ARG(words));
        return IR_POISON;
    }
    ir_node_id node = make_node(s, is_json ? IR_OP_JSON : IR_OP_STATEMENTS,
                                is_json ? IR_TYPE_ANY : IR_TYPE_LIST, fields, n, doc->span);
    if (is_json) return lower_tail(s, node, doc->next);
    ir_node_id statements = make_node(s, IR_OP_ELEMENTS, IR_TYPE_LIST, &node, 1, doc->next->span);
    return lower_statement(s, statements, doc->next->next);
}

/* ---- members of a statement ---- */

static const struct member {
    const char *name;
    enum ir_type type;
} members[] = {
    {"effect", IR_TYPE_STRING},   {"actions", IR_TYPE_LIST},    {"resources", IR_TYPE_LIST},
    {"principals", IR_TYPE_LIST}, {"conditions", IR_TYPE_LIST}, {"negated", IR_TYPE_BOOL},
};

bool is_statements(const struct compiler *c, ir_node_id list)
{
    const struct ir_node *node = ir_build_at(&c->build, list);
    return node->op == IR_OP_ELEMENTS &&
           ir_build_at(&c->build, c->build.operands.at[node->first])->op == IR_OP_STATEMENTS;
}

static const struct member *find_member(const struct scope *s, const struct ast *field)
{
    struct nearest near = {.wanted = field->text};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (text_equal(text_of(members[i].name), field->text)) return &members[i];
        nearest_try(&near, text_of(members[i].name));
    }
    struct csr_span at = word_span(s->c, field, field->text);
    struct diag *d =
        diag_at(s->c->diags, E0225, at, "a statement has no `" TEXT_FMT "`", TEXT_ARG(field->text));
    diag_note(d, "it has effect, actions[], resources[], principals[], conditions[] and negated");
    if (near.best.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
    return NULL;
}

ir_node_id lower_statement(const struct scope *s, ir_node_id statement, const struct ast *tail)
{
    if (!tail || tail->kind != AST_FIELD) return lower_tail(s, statement, tail);
    const struct member *member = find_member(s, tail);
    bool is_list = member && member->type == IR_TYPE_LIST;
    if (!member) return IR_POISON;
    if (is_list && (!tail->next || tail->next->kind != AST_ELEMENTS)) {
        struct csr_span at = word_span(s->c, tail, tail->text);
        diag_fix(diag_at(s->c->diags, E0213, tail->span, "this is a list"), at, TEXT_FMT "[]",
                 TEXT_ARG(tail->text));
        return IR_POISON;
    }
    bool of_many = expr_type(s->c, statement) == IR_TYPE_LIST;
    ir_node_id node = ir_build_node(
        &s->c->build, (struct ir_make){.op = IR_OP_MEMBER,
                                       .type = is_list || of_many ? IR_TYPE_LIST : member->type,
                                       .x = ir_build_constant(&s->c->build, value_string(tail->text)),
                                       .operands = &statement,
                                       .n = 1,
                                       .span = tail->span});
    return lower_tail(s, node, tail->next);
}

/* ---- grants ---- */

/* "service:Action" or "*". */
static bool is_action(struct text t)
{
    const char *colon = memchr(t.at, ':', t.len);
    if (!colon) return text_equal(t, TEXT("*"));
    return colon > t.at && colon + 1 < t.at + t.len &&
           !memchr(colon + 1, ':', (size_t)(t.at + t.len - colon - 1)) && !memchr(t.at, ' ', t.len);
}

static bool action_fits(const struct scope *s, const struct ast *literal)
{
    if (literal->kind == AST_STRING && is_action(literal->text)) return true;
    diag_note(diag_at(s->c->diags, E0211, literal->span, "an action is needed, as IAM policies name it"),
              "for example \"iam:PassRole\", or \"iam:*\" for all of them");
    return false;
}

/* An action in quotes, several in braces, or a list of them. */
static ir_node_id lower_actions(const struct scope *s, const struct ast *e)
{
    bool fits = true;
    if (e->kind == AST_SET) {
        AST_EACH(literal, e) fits = action_fits(s, literal) && fits;
        return fits ? set_node(s->c, e) : IR_POISON;
    }
    if (e->kind != AST_PATH) return action_fits(s, e) ? literal_node(s->c, e) : IR_POISON;
    ir_node_id id = lower_expr(s, e);
    if (id == IR_POISON || ir_build_at(&s->c->build, id)->op == IR_OP_LIST) return id;
    diag_note(diag_at(s->c->diags, E0211, e->span, "an action must be known when the rule is compiled"),
              "write it in quotes, or name a list of actions");
    return IR_POISON;
}

ir_node_id lower_grants(const struct scope *s, const struct ast *e)
{
    ir_node_id both[] = {lower_value(s, e->kids), lower_actions(s, e->kids->next)};
    if (both[0] == IR_POISON || both[1] == IR_POISON) return IR_POISON;
    enum ir_type type = expr_type(s->c, both[0]);
    if (type == IR_TYPE_ANY || type == IR_TYPE_LIST || type == IR_TYPE_STRING)
        return make_node(s, IR_OP_GRANTS, IR_TYPE_BOOL, both, 2, e->span);
    diag_at(s->c->diags, E0211, e->kids->span, "this is %s; the actions of a policy are needed",
            a_type(type));
    return IR_POISON;
}
