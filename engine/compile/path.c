/* path.c - from names to nodes: what `actor`, `req.x`, `probe.src.ip` or `i.cidrIp` mean where they stand.
 *
 * A path's first name is looked up in this order: what a quantifier or a define's parameter binds; defines;
 * `true`, `false`, `null`; the rule's parameters; then what the place offers (steps and keys of a match,
 * `with` names, fields); lists last. A step may not be called like a field, so the order never surprises.
 */
#include "engine/compile/compiler.h"

const struct binding *binding_find(const struct scope *s, struct text name)
{
    const struct binding *b = s->bindings;
    while (b && !text_equal(b->name, name)) b = b->outer;
    return b;
}

/* ---- behind a value ---- */

ir_node_id lower_tail(const struct scope *s, ir_node_id value, const struct ast *tail)
{
    for (; tail && value != IR_POISON; tail = tail->next) {
        if (tail->kind == AST_ELEMENTS) {
            value = make_node(s, IR_OP_ELEMENTS, IR_TYPE_LIST, &value, 1, tail->span);
            continue;
        }
        enum ir_type type = expr_type(s->c, value);
        if (type != IR_TYPE_ANY && type != IR_TYPE_LIST && type != IR_TYPE_RECORD) {
            diag_at(s->c->diags, E0225, tail->span, "%s has no members", a_type(type));
            return IR_POISON;
        }
        value = ir_build_node(&s->c->build,
                              (struct ir_make){.op = IR_OP_MEMBER,
                                               .type = type == IR_TYPE_LIST ? IR_TYPE_LIST : IR_TYPE_ANY,
                                               .x = ir_build_constant(&s->c->build, value_string(tail->text)),
                                               .operands = &value,
                                               .n = 1,
                                               .span = tail->span});
    }
    return value;
}

/* ---- open trees: raw, req, resp ---- */

static bool is_root(struct text head)
{
    return text_equal(head, TEXT("raw")) || text_equal(head, TEXT("req")) || text_equal(head, TEXT("resp"));
}

/* Member names up to the first "[]" make one slot or field; the rest goes through values. */
static ir_node_id lower_open(const struct scope *s, struct text head, const struct ast *tail,
                             struct csr_span span)
{
    struct text names[AST_DEPTH_MOST + 1];
    uint32_t len = 0;
    bool is_raw = text_equal(head, TEXT("raw"));
    if (!is_raw) check_members(s, head, tail, span);
    if (!is_raw) names[len++] = head;
    for (; tail && tail->kind == AST_FIELD && len < AST_DEPTH_MOST; tail = tail->next)
        names[len++] = tail->text;
    if (!len) {
        diag_at(s->c->diags, E0213, span, "`raw` is the whole record");
        return IR_POISON;
    }
    ir_node_id node = is_raw ? slot_node(s->c, names, len, span) : open_field_node(s->c, names, len, span);
    return lower_tail(s, node, tail);
}

/* ---- unknown names ---- */

static void offer_names(const struct scope *s, struct nearest *near)
{
    for (const struct binding *b = s->bindings; b; b = b->outer) nearest_try(near, b->name);
    symbol_offer(s->c, SYMBOL_DEFINE, s->unit, near);
    symbol_offer(s->c, SYMBOL_LIST, s->unit, near);
    for (uint32_t i = 0; s->rule && i < s->rule->n_steps; i++) nearest_try(near, s->rule->steps[i].name);
    for (uint32_t i = 0; s->rule && i < s->c->params.len; i++)
        if (text_equal(s->c->params.at[i].rule, s->rule->out.name))
            nearest_try(near, s->c->params.at[i].name);
}

static ir_node_id unknown_name(const struct scope *s, struct text head, const struct ast *tail,
                               struct csr_span span)
{
    struct text name = path_words(s->c->arena, head, tail);
    struct nearest near = {.wanted = name};
    const struct field_info *field = field_nearest(name);
    if (field) nearest_try(&near, field->name);
    if (!tail) offer_names(s, &near);
    if (s->rule && s->rule->is_broken && !near.best.len) return IR_POISON; /* its name could not be read */
    struct diag *d =
        diag_at(s->c->diags, E0203, span, "nothing is called `" TEXT_FMT "` here", TEXT_ARG(name));
    if (near.best.len) diag_fix(d, span, TEXT_FMT, TEXT_ARG(near.best));
    return IR_POISON;
}

static ir_node_id group_of_fields(const struct scope *s, struct text head, struct csr_span span)
{
    struct diag *d = diag_at(s->c->diags, E0213, span, "`" TEXT_FMT "` is a group of fields", TEXT_ARG(head));
    for (uint32_t i = 0; i < field_count(); i++) {
        struct text name = field_at(i)->name;
        if (name.len <= head.len || name.at[head.len] != '.' || !text_starts(name, head)) continue;
        diag_note(d, "one of them is `" TEXT_FMT "`", TEXT_ARG(name));
        break;
    }
    return IR_POISON;
}

/* ---- closed fields ---- */

const struct field_info *closed_field(const struct scope *s, struct text head, const struct ast **tail)
{
    const struct field_info *info = NULL;
    if (*tail && (*tail)->kind == AST_FIELD && field_is_group(head)) {
        info = field_find(
            arena_printf(s->c->arena, TEXT_FMT "." TEXT_FMT, TEXT_ARG(head), TEXT_ARG((*tail)->text)));
        if (info) *tail = (*tail)->next;
    }
    if (!info) info = field_find(head);
    return info && info->use != FIELD_SCHEMA ? info : NULL;
}

/* A list by name: `pools`, or `aws-core.pools`. */
static ir_node_id named_list(const struct scope *s, struct text head, const struct ast *tail,
                             struct csr_span span)
{
    if (tail && (tail->kind != AST_FIELD || tail->next)) return IR_NONE;
    struct text name =
        tail ? arena_printf(s->c->arena, TEXT_FMT "." TEXT_FMT, TEXT_ARG(head), TEXT_ARG(tail->text)) : head;
    struct symbol *list = symbol_find(s->c, SYMBOL_LIST, s->unit, name);
    return list ? list_node(s->c, list, span) : IR_NONE;
}

ir_node_id lower_field(const struct scope *s, struct text head, const struct ast *tail, struct csr_span span)
{
    if (is_root(head)) return lower_open(s, head, tail, span);
    if (tail && tail->kind == AST_DOC) return lower_document(s, tail);
    const struct ast *rest = tail;
    const struct field_info *info = closed_field(s, head, &rest);
    if (info && text_equal(info->name, TEXT("origin"))) {
        diag_at(s->c->diags, E0528, span, NULL);
        return IR_POISON;
    }
    if (info && s->place == IN_SCHEMA) {
        ir_node_id node = schema_field(s->c, s->schema, info->name, span);
        if (node == IR_NONE) {
            diag_at(s->c->diags, E0223, span, "`" TEXT_FMT "` is not defined in this event",
                    TEXT_ARG(info->name));
            return IR_POISON;
        }
        return lower_tail(s, node, rest);
    }
    if (info) return lower_tail(s, field_node(s->c, info->name, span), rest);
    ir_node_id list = named_list(s, head, tail, span);
    if (list != IR_NONE) return list;
    if (!tail && field_is_group(head)) return group_of_fields(s, head, span);
    return unknown_name(s, head, tail, span);
}

/* ---- over an event ---- */

/* A `with` name of the group at hand. IR_NONE: there is no such name in the whole step. */
static ir_node_id lower_with(const struct scope *s, struct text head, const struct ast *tail,
                             struct csr_span span)
{
    if (!s->sees_with) return IR_NONE;
    const struct ast *expr = group_with(s->rule->steps[s->step].groups[s->group].ast, head);
    if (!expr) {
        bool elsewhere = step_has_with(s->rule, s->step, head) && !field_begins(head);
        return elsewhere ? ir_build_const(&s->c->build, value_absent(), IR_TYPE_ANY, span) : IR_NONE;
    }
    struct scope plain = *s;
    plain.sees_with = false;
    return lower_tail(s, lower_value(&plain, expr), tail);
}

static ir_node_id misplaced_step(const struct scope *s, uint32_t step, struct csr_span span)
{
    struct diag *d = diag_at(s->c->diags, E0312, span, "`" TEXT_FMT "` is another step",
                             TEXT_ARG(s->rule->steps[step].name));
    diag_note(d, "a predicate may say `field == step.field`, joined by `and`; every other comparison of two "
                 "steps belongs "
                 "in `score` or `severity`");
    return IR_POISON;
}

static ir_node_id lower_in_event(const struct scope *s, struct text head, const struct ast *tail,
                                 struct csr_span span)
{
    uint32_t step = s->rule && tail && tail->kind == AST_FIELD ? step_find(s->rule, head) : IR_NONE;
    if (step != IR_NONE && step != s->own_step) return misplaced_step(s, step, span);
    if (step != IR_NONE) {
        head = tail->text;
        tail = tail->next;
    }
    ir_node_id with = s->rule ? lower_with(s, head, tail, span) : IR_NONE;
    if (with != IR_NONE) return with;
    struct symbol *rule = rule_of_group(s);
    return rule ? lower_over(s, rule, head, tail, span) : lower_field(s, head, tail, span);
}

/* ---- over a match ---- */

static ir_node_id lower_key(const struct scope *s, struct text head, const struct ast *tail,
                            struct csr_span span)
{
    const struct ir_rule *rule = &s->rule->out;
    struct text name = path_words(s->c->arena, head, tail);
    for (uint32_t i = 0; i < rule->n_by; i++)
        if (text_equal(rule->by[i].name, name))
            return ir_build_node(&s->c->build, (struct ir_make){.op = IR_OP_KEY,
                                                                .type = (enum ir_type)rule->by[i].type,
                                                                .x = i,
                                                                .span = span});
    return IR_NONE;
}

/* A bare field: one CAPTURE for each required step, in the order of match. */
static ir_node_id lower_bare(const struct scope *s, struct text head, const struct ast *tail,
                             struct csr_span span)
{
    struct rule_work *r = s->rule;
    ir_node_id captures[STEPS_MOST];
    const struct ast *clauses[STEPS_MOST];
    uint32_t n = 0;
    bool some_with = false;
    for (uint32_t i = 0; i < r->n_order; i++) some_with |= step_has_with(r, r->order[i], head);
    for (uint32_t i = 0; i < r->n_order; i++) {
        if (!r->steps[r->order[i]].is_required) continue;
        if (some_with && !field_begins(head) && !step_has_with(r, r->order[i], head)) continue;
        clauses[n] = r->steps[r->order[i]].ast;
        captures[n] = step_capture(r, r->order[i], head, tail, span);
        if (captures[n++] == IR_POISON) return IR_POISON;
    }
    if (n == 0) return unknown_name(s, head, tail, span);
    check_members_of(s->c, clauses, n, head, tail, span);
    return n == 1 ? captures[0] : make_node(s, IR_OP_BARE, expr_type(s->c, captures[0]), captures, n, span);
}

static ir_node_id step_as_value(const struct scope *s, struct text head, struct csr_span span)
{
    struct diag *d =
        diag_at(s->c->diags, E0213, span, "`" TEXT_FMT "` is a step, not a value", TEXT_ARG(head));
    diag_note(d,
              "write `" TEXT_FMT ".actor` for a field of its event, `exists " TEXT_FMT "` or `count(" TEXT_FMT
              ")`",
              TEXT_ARG(head), TEXT_ARG(head), TEXT_ARG(head));
    return IR_POISON;
}

static ir_node_id lower_score(const struct scope *s, struct csr_span span)
{
    if (s->in_where) {
        diag_note(diag_at(s->c->diags, E0337, span, "the score comes after the match"),
                  "`where` decides whether there is a match at all");
        return IR_POISON;
    }
    if (!s->rule->out.has_score && !s->in_test) {
        diag_at(s->c->diags, E0314, span, "this rule has no `score` clause");
        return IR_POISON;
    }
    return ir_build_node(&s->c->build,
                         (struct ir_make){.op = IR_OP_SCORE, .type = IR_TYPE_INT, .span = span});
}

/* What only tests may ask of an incident: `severity == critical`, `title contains "x"`. IR_NONE: something else. */
static ir_node_id lower_verdict(const struct scope *s, struct text name, struct csr_span span)
{
    enum ir_severity severity;
    struct ir_make make = {.op = IR_OP_SEVERITY, .type = IR_TYPE_INT, .span = span};
    if (severity_find(name, &severity)) return ir_build_const(&s->c->build, value_int(severity), IR_TYPE_INT, span);
    if (text_equal(name, TEXT("severity"))) return ir_build_node(&s->c->build, make);
    make.op = IR_OP_TITLE, make.type = IR_TYPE_STRING;
    return text_equal(name, TEXT("title")) ? ir_build_node(&s->c->build, make) : IR_NONE;
}

/* `made.req.userName` */
static ir_node_id step_value(const struct scope *s, uint32_t step, const struct ast *tail, struct csr_span span)
{
    if (s->place == IN_MATCH && !step_may_be_read(s, step, span)) return IR_POISON;
    check_members_of(s->c, &s->rule->steps[step].ast, 1, tail->text, tail->next, span);
    return step_capture(s->rule, step, tail->text, tail->next, span);
}

static ir_node_id lower_in_match(const struct scope *s, struct text head, const struct ast *tail,
                                 struct csr_span span)
{
    ir_node_id key = lower_key(s, head, tail, span);
    if (key != IR_NONE) return key;
    if (!tail && text_equal(head, TEXT("score"))) return lower_score(s, span);
    ir_node_id verdict = s->in_test && !tail ? lower_verdict(s, head, span) : IR_NONE;
    if (verdict != IR_NONE) return verdict;
    uint32_t step = step_find(s->rule, head);
    if (step != IR_NONE && !tail) return step_as_value(s, head, span);
    if (step != IR_NONE && tail->kind == AST_FIELD) return step_value(s, step, tail, span);
    ir_node_id list = field_begins(head) ? IR_NONE : named_list(s, head, tail, span);
    return list != IR_NONE ? list : lower_bare(s, head, tail, span);
}

/* A gate sees its own step's event as match sees it: by captures. */
static ir_node_id lower_in_gate(const struct scope *s, struct text head, const struct ast *tail,
                                struct csr_span span)
{
    uint32_t step = tail && tail->kind == AST_FIELD ? step_find(s->rule, head) : IR_NONE;
    if (step != IR_NONE && step != s->step) return misplaced_step(s, step, span);
    if (step != IR_NONE) return step_value(s, step, tail, span);
    ir_node_id list = field_begins(head) ? IR_NONE : named_list(s, head, tail, span);
    if (list != IR_NONE) return list;
    check_members(s, head, tail, span);
    return step_capture(s->rule, s->step, head, tail, span);
}

ir_node_id lower_names(const struct scope *s, struct text head, const struct ast *tail, struct csr_span span)
{
    switch (s->place) {
    case IN_MATCH: return lower_in_match(s, head, tail, span);
    case IN_GATE: return lower_in_gate(s, head, tail, span);
    case IN_EVENT: return lower_in_event(s, head, tail, span);
    default: return lower_field(s, head, tail, span);
    }
}

/* ---- bindings, constants and the whole ---- */

const struct ast *joined_path(struct compiler *c, const struct ast *arg, const struct ast *tail)
{
    struct ast *path = ARENA_NEW(c->arena, struct ast);
    *path = *arg;
    struct ast **end = &path->kids;
    for (const struct ast *from = arg->kids; from; from = from->next) {
        *end = ARENA_NEW(c->arena, struct ast);
        **end = *from;
        end = &(*end)->next;
    }
    *end = (struct ast *)tail;
    return path;
}

static ir_node_id lower_bound(const struct scope *s, const struct binding *b, const struct ast *tail,
                              struct csr_span span)
{
    if (b->is_poison) return IR_POISON;
    if (b->is_item) {
        ir_node_id item = ir_build_node(
            &s->c->build,
            (struct ir_make){.op = IR_OP_ITEM, .type = IR_TYPE_ANY, .x = b->depth, .span = span});
        if (tail && s->place >= IN_GATE) {
            diag_at(s->c->diags, E0224, span,
                    "only plain elements of a step's list are kept, no members of them");
            return IR_POISON;
        }
        if (b->is_statement) return lower_statement(s, item, tail);
        if (tail) check_members(s, b->name, tail, span);
        return lower_tail(s, item, tail);
    }
    /* The caller's names, but where the body stands: a gate stays a gate, and an element around the body must
     * not be overwritten by one in the argument. */
    if (!argument_may_expand(s, span)) return IR_POISON;
    struct scope caller = *s;
    caller.bindings = b->arg_scope->bindings;
    caller.open = b->arg_scope->open;
    caller.unit = b->arg_scope->unit;
    if (b->arg->kind == AST_PATH && tail) return lower_path(&caller, joined_path(s->c, b->arg, tail));
    return lower_tail(s, lower_expr(&caller, b->arg), tail);
}

/* true, false, null and parameters; IR_NONE if the name is none of them. */
static ir_node_id lower_constant(const struct scope *s, struct text name, struct csr_span span)
{
    static const struct value null = {.kind = VALUE_NULL};
    struct ir_build *b = &s->c->build;
    if (text_equal(name, TEXT("true"))) return ir_build_const(b, value_bool(true), IR_TYPE_BOOL, span);
    if (text_equal(name, TEXT("false"))) return ir_build_const(b, value_bool(false), IR_TYPE_BOOL, span);
    if (text_equal(name, TEXT("null"))) return ir_build_const(b, null, IR_TYPE_ANY, span);
    const struct ir_param *param = s->rule ? rule_param(s->rule, name) : NULL;
    if (!param) return IR_NONE;
    static const uint8_t types[] = {[VALUE_INT] = IR_TYPE_INT,
                                    [VALUE_FLOAT] = IR_TYPE_FLOAT,
                                    [VALUE_STRING] = IR_TYPE_STRING,
                                    [VALUE_DURATION] = IR_TYPE_DURATION,
                                    [VALUE_SIZE] = IR_TYPE_SIZE};
    return ir_build_const(b, param->value, (enum ir_type)types[param->value.kind], span);
}

static ir_node_id lower_defined(const struct scope *s, struct symbol *define, const struct ast *path)
{
    struct scope inner;
    const struct ast *body = define_enter(s, define, NULL, path->span, &inner);
    if (!body) return IR_POISON;
    return lower_tail(s, lower_expr(&inner, body), path->kids);
}

ir_node_id lower_path(const struct scope *s, const struct ast *e)
{
    if (e->kids && e->kids->kind == AST_DOC && !document_may_stand(s, e->kids)) return IR_POISON;
    const struct binding *b = binding_find(s, e->text);
    if (b) return lower_bound(s, b, e->kids, e->span);
    struct symbol *define = define_named(s, e);
    if (define) return lower_defined(s, define, e);
    ir_node_id constant = e->kids ? IR_NONE : lower_constant(s, e->text, e->span);
    if (constant != IR_NONE) return constant;
    return lower_names(s, e->text, e->kids, e->span);
}
