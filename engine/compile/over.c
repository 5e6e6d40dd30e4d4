/* over.c - rules over rules: a step may wait for another rule's groups (language.md B21), in no circle and
 * not too high.
 *
 * What the upper rule reads are fields, as of any event: FIELD nodes. The lower rule says what they are in
 * its matches (ir_rule.gives): a part of its key, else a `with` value or field of the event that completed
 * the match, which is captured like everything else that is read of a match.
 */
#include "engine/compile/compiler.h"

#define HEIGHT_MOST IR_DEPTHS

static uint32_t height_of(struct compiler *c, struct symbol *rule, uint32_t depth);

/* depth: how many rules stand over this one on the way here. Below the lowest that may be nobody looks: who
 * stands on top is too high then. */
static uint32_t height_over(struct compiler *c, struct symbol *rule, const struct ast *ref, uint32_t depth)
{
    struct symbol *of = symbol_find(c, SYMBOL_RULE, rule->unit, ref->text);
    if (!of) return 0; /* is reported where it is lowered */
    if (!of->is_open) return depth < HEIGHT_MOST ? height_of(c, of, depth + 1) : 0;
    struct diag *d =
        diag_at(c->diags, E0338, ref->span, "this rule waits for `" TEXT_FMT "`", TEXT_ARG(of->name));
    if (of != rule)
        diag_label(d, head_span(c, of->ast), "and this one, over others or by itself, for the first");
    return 0;
}

/* The greatest height of the rules that stand in a tree. What the engine tells of itself comes while rules at
 * the bottom take their events, so who takes it stands above them. */
static uint32_t highest_below(struct compiler *c, struct symbol *rule, const struct ast *e, uint32_t depth)
{
    uint32_t most = e->kind == AST_RULE_REF ? height_over(c, rule, e, depth) : 0;
    if (e->kind == AST_API && text_starts(e->text, TEXT("csr:"))) most = 1;
    AST_EACH(kid, e) {
        uint32_t height = highest_below(c, rule, kid, depth);
        if (most < height) most = height;
    }
    return most;
}

static uint32_t height_of(struct compiler *c, struct symbol *rule, uint32_t depth)
{
    if (rule->height) return rule->height;
    rule->is_open = true;
    rule->height = highest_below(c, rule, rule->ast, depth) + 1;
    rule->is_open = false;
    if (rule->height == HEIGHT_MOST + 1)
        diag_at(c->diags, E0339, head_span(c, rule->ast), "this is the %uth rule over another", HEIGHT_MOST);
    return rule->height;
}

void check_rule_refs(struct compiler *c)
{
    struct diag_mark mark = diags_mark(c->diags);
    for (uint32_t i = 0; i < c->symbols.len; i++)
        if (c->symbols.at[i]->kind == SYMBOL_RULE) height_of(c, c->symbols.at[i], 0);
    c->refs_are_wrong = diags_errors(c->diags) > mark.errors;
}

/* ---- what a match gives ---- */

struct symbol *rule_of_group(const struct scope *s)
{
    if (!s->rule || s->step == IR_NONE) return NULL;
    const struct ast *ref = ast_kid(s->rule->steps[s->step].groups[s->group].ast, AST_RULE_REF);
    struct symbol *rule = ref ? symbol_find(s->c, SYMBOL_RULE, s->unit, ref->text) : NULL;
    return rule && rule->work && !rule->work->is_broken ? rule : NULL;
}

static bool is_key(const struct rule_work *of, struct text name, uint32_t *part)
{
    for (*part = 0; *part < of->out.n_by; ++*part)
        if (text_equal(of->out.by[*part].name, name)) return true;
    return false;
}

static bool is_with(const struct rule_work *of, struct text name)
{
    for (uint32_t i = 0; i < of->n_order; i++)
        if (step_has_with(of, of->order[i], name)) return true;
    return false;
}

bool over_gives(const struct scope *s, struct text name)
{
    const struct symbol *of = rule_of_group(s);
    uint32_t part;
    return of && (is_key(of->work, name, &part) || is_with(of->work, name));
}

/* The value of each step that can be the last of a match; which one is, only the match knows. */
static ir_node_id of_completing(struct rule_work *of, struct text head, const struct ast *tail,
                                struct csr_span span)
{
    ir_node_id each[STEPS_MOST];
    uint32_t n = 0;
    bool with = is_with(of, head) && !field_begins(head);
    for (uint32_t i = 0; i < of->n_order; i++) {
        uint32_t step = of->order[i];
        if (!of->steps[step].is_required || (with && !step_has_with(of, step, head))) continue;
        each[n] = step_capture(of, step, head, tail, span);
        if (each[n++] == IR_POISON) return IR_POISON;
    }
    if (!n) return IR_POISON; /* its match could not be read */
    struct ir_make make = {
        .op = IR_OP_COMPLETING, .type = expr_type(of->c, each[0]), .operands = each, .n = n, .span = span};
    return ir_build_node(&of->c->build, make);
}

static ir_node_id key_of(struct rule_work *of, uint32_t part, struct csr_span span)
{
    struct ir_make make = {
        .op = IR_OP_KEY, .type = (enum ir_type)of->out.by[part].type, .x = part, .span = span};
    return ir_build_node(&of->c->build, make);
}

/* The path of a give: the first n names of what is written. */
static struct ast *cut(struct compiler *c, const struct ast *tail, uint32_t n)
{
    struct ast *names = ARENA_ARRAY(c->arena, struct ast, n);
    for (uint32_t i = 0; i < n; i++, tail = tail->next) {
        names[i] = *tail;
        names[i].next = i + 1 < n ? &names[i + 1] : NULL;
    }
    return n ? names : NULL;
}

static void give(struct rule_work *of, ir_node_id field, ir_node_id value)
{
    uint32_t number = ir_build_at(&of->c->build, field)->x;
    for (uint32_t i = 0; i < of->gives.len; i++)
        if (of->gives.at[i].field == number) return;
    *ARENA_PUSH(of->c->arena, of->gives) = (struct ir_given){number, value};
}

static uint32_t names_before_elements(const struct ast *tail)
{
    uint32_t n = 0;
    for (; tail && tail->kind == AST_FIELD; tail = tail->next) n++;
    return n;
}

/* How many names behind the head belong to the field, and its node; IR_NONE: it is no field, but a list, say.
 */
static ir_node_id field_of_path(const struct scope *s, const struct rule_work *of, struct text head,
                                const struct ast *tail, uint32_t *n, struct csr_span span)
{
    uint32_t all = names_before_elements(tail), part;
    const struct ast *rest = tail;
    *n = all;
    struct text whole = path_words(s->c->arena, head, cut(s->c, tail, all));
    if (is_key(of, whole, &part))
        return field_find(whole) ? field_node(s->c, whole, span) : match_field_node(s->c, whole, span);
    if (text_equal(head, TEXT("raw"))) {
        diag_note(diag_at(s->c->diags, E0224, span, "the match of a rule is no record"),
                  "it has a key, and the fields of the event that completed it");
        return IR_POISON;
    }
    if (text_equal(head, TEXT("req")) || text_equal(head, TEXT("resp"))) {
        struct text names[AST_DEPTH_MOST + 1] = {head};
        for (uint32_t i = 1; i <= all && i <= AST_DEPTH_MOST; i++, rest = rest->next) names[i] = rest->text;
        return open_field_node(s->c, names, all + 1, span);
    }
    const struct field_info *info = closed_field(s, head, &rest);
    for (*n = 0; info && tail != rest; tail = tail->next) ++*n;
    if (is_with(of, head)) return match_field_node(s->c, head, span);
    return info ? field_node(s->c, info->name, span) : IR_NONE;
}

ir_node_id lower_over(const struct scope *s, struct symbol *of, struct text head, const struct ast *tail,
                      struct csr_span span)
{
    struct rule_work *work = of->work;
    uint32_t n = 0, part;
    ir_node_id field = tail && tail->kind == AST_DOC ? IR_NONE : field_of_path(s, work, head, tail, &n, span);
    if (field == IR_NONE) return lower_field(s, head, tail, span);
    if (field == IR_POISON) return IR_POISON;
    if (ir_build_at(&s->c->build, field)->op == IR_OP_FIELD) {
        struct ast *names = cut(s->c, tail, n);
        bool of_key = is_key(work, path_words(s->c->arena, head, names), &part);
        ir_node_id value = of_key ? key_of(work, part, span) : of_completing(work, head, names, span);
        if (value == IR_POISON) return IR_POISON;
        give(work, field, value);
    }
    for (; n; n--) tail = tail->next;
    return lower_tail(s, field, tail);
}

/* ---- what baselines read of a match ---- */

/* "req.userName" to its head and the names behind it. */
static const struct ast *split_name(struct compiler *c, struct text name, struct text *head)
{
    const char *dot = memchr(name.at, '.', name.len);
    struct ast *tail = NULL, **end = &tail;
    *head = dot ? (struct text){name.at, (uint32_t)(dot - name.at)} : name;
    while (dot) {
        uint32_t left = name.len - (uint32_t)(dot + 1 - name.at);
        const char *next = memchr(dot + 1, '.', left);
        *end = ARENA_NEW(c->arena, struct ast);
        **end = (struct ast){.kind = AST_FIELD, .text = {dot + 1, next ? (uint32_t)(next - dot - 1) : left}};
        end = &(*end)->next;
        dot = next;
    }
    return tail;
}

static void give_fields(struct rule_work *of, ir_node_id id, struct csr_span span)
{
    struct compiler *c = of->c;
    if (id == IR_NONE || id == IR_POISON) return;
    const struct ir_node node = *ir_build_at(&c->build, id);
    for (uint32_t i = 0; i < node.n; i++) give_fields(of, c->build.operands.at[node.first + i], span);
    if (node.op != IR_OP_FIELD) return;
    struct text name = c->build.fields.at[node.x].name, head;
    uint32_t part;
    const struct ast *tail = split_name(c, name, &head);
    ir_node_id value = is_key(of, name, &part) ? key_of(of, part, span) : of_completing(of, head, tail, span);
    if (value != IR_POISON) give(of, id, value);
}

void over_asks(struct rule_work *r, uint32_t step, const struct ir_baseline *b, struct csr_span span)
{
    for (uint32_t g = 0; g < r->steps[step].n_groups; g++) {
        const struct scope s = {.c = r->c, .unit = r->unit, .rule = r, .step = step, .group = g};
        const struct symbol *of = rule_of_group(&s);
        if (!of) continue;
        for (uint32_t k = 0; k < b->n_key; k++) give_fields(of->work, b->key[k], span);
        give_fields(of->work, b->value, span);
    }
}
