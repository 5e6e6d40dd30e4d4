/* regex.c - `x ~ /re/`: checked and lowered. What matches it is made in pattern.c.
 *
 * A regular expression is matched while its event is at hand, because that is where the matcher is. In a
 * finished match and in a gate the test of a step's field is therefore a capture: of each event of the step
 * it is kept whether the test holds, and the witness's event says what counts.
 */
#include "engine/compile/compiler.h"

/* ---- bounded in size ---- */

#define REGEX_LEN_MOST     1000
#define REGEX_REPEATS_MOST 512 /* x{n} is n times x: so large may all of them be together when written out   \
                                */
#define REGEX_NESTED_MOST 64

/* Walks over the parts of a regular expression; what is no repeat and no group does not matter. */
struct repeats {
    const char *at, *end;
    uint64_t inside[REGEX_NESTED_MOST]; /* written out, of the group at each depth */
    uint64_t atom;                      /* of what a repeat here would repeat */
    uint32_t depth;
};

/* Behind a class like [^]a\]]. */
static const char *class_end(const char *at, const char *end)
{
    at++;
    if (at < end && *at == '^') at++;
    if (at < end && *at == ']') at++;
    for (; at < end && *at != ']'; at++)
        if (*at == '\\') at++;
    return at < end ? at + 1 : end;
}

/* The larger number of {n}, {n,} or {n,m}; 0 if the brace stands for itself. *at moves behind it. */
static uint64_t bound_of(const char **at, const char *end)
{
    uint64_t bound[2] = {0, 0};
    int i = 0;
    const char *p = *at + 1;
    if (p < end && *p == ',') return 0;
    for (; p < end && *p != '}'; p++) {
        if (*p == ',' && i == 0)
            i = 1;
        else if (*p >= '0' && *p <= '9' && bound[i] < 1000000)
            bound[i] = bound[i] * 10 + (uint64_t)(*p - '0');
        else if (*p < '0' || *p > '9')
            return 0;
    }
    if (p == end) return 0;
    *at = p;
    return bound[0] > bound[1] ? bound[0] : bound[1];
}

static void add_repeats(struct repeats *r, uint64_t n)
{
    r->inside[r->depth] += n;
    if (r->inside[r->depth] > UINT32_MAX) r->inside[r->depth] = UINT32_MAX;
}

/* {n} behind an atom that was counted once. */
static void repeat(struct repeats *r, uint64_t atom)
{
    uint64_t n = bound_of(&r->at, r->end);
    if (n > 1) add_repeats(r, n * (1 + atom) - atom);
}

static void step_over(struct repeats *r)
{
    uint64_t atom = r->atom;
    r->atom = 0;
    switch (*r->at) {
    case '\\': r->at++; break;
    case '[': r->at = class_end(r->at, r->end) - 1; break;
    case '{': repeat(r, atom); break;
    case '(':
        if (r->depth + 1 < REGEX_NESTED_MOST)
            r->inside[++r->depth] = 0;
        else
            add_repeats(r, UINT32_MAX);
        break;
    case ')':
        if (!r->depth) break;
        r->atom = r->inside[r->depth--];
        add_repeats(r, r->atom);
        break;
    default: break;
    }
}

/* How many atoms all its counted repeats are when written out. */
static uint64_t repeats_of(struct text regex)
{
    struct repeats r = {.at = regex.at, .end = regex.at + regex.len};
    for (; r.at < r.end; r.at++) step_over(&r);
    while (r.depth) r.inside[r.depth - 1] += r.inside[r.depth], r.depth--;
    return r.inside[0];
}

static bool is_bounded(const struct scope *s, const struct ast *regex)
{
    if (regex->text.len > REGEX_LEN_MOST) {
        diag_at(s->c->diags, E0232, regex->span, "at most %d bytes; this has %u", REGEX_LEN_MOST,
                regex->text.len);
        return false;
    }
    if (repeats_of(regex->text) <= REGEX_REPEATS_MOST) return true;
    diag_note(diag_at(s->c->diags, E0232, regex->span, "its counted repeats are too large"),
              "written out, x{n} is n times x; all together may be %d", REGEX_REPEATS_MOST);
    return false;
}

/* ---- over an event ---- */

static ir_node_id regex_node(const struct scope *s, const struct ast *e, ir_node_id subject)
{
    const struct ast *regex = e->kids->next;
    return ir_build_node(&s->c->build,
                         (struct ir_make){.op = IR_OP_REGEX,
                                          .type = IR_TYPE_BOOL,
                                          .x = ir_build_constant(&s->c->build, value_string(regex->text)),
                                          .z = regex->op == OP_NOCASE,
                                          .operands = &subject,
                                          .n = 1,
                                          .span = regex->span});
}

/* ---- in a finished match and in a gate ---- */

/* What a name of a define's parameter stands for; NULL: an element. */
static const struct ast *subject_behind(const struct scope *s, const struct ast *e)
{
    const struct binding *b = e->kind == AST_PATH ? binding_find(s, e->text) : NULL;
    if (!b) return e;
    return b->is_item ? NULL : subject_behind(b->arg_scope, joined_path(s->c, b->arg, e->kids));
}

static ir_node_id not_kept(const struct scope *s, const struct ast *e)
{
    diag_note(
        diag_at(s->c->diags, E0224, e->kids->span, "a regular expression is put to a field of an event"),
        "write `with n = … ~ /…/` in the step, and n of the step here");
    return IR_POISON;
}

/* Of each required step, as bare fields are. */
static ir_node_id lower_bare_test(const struct scope *s, const struct ast *test)
{
    struct rule_work *r = s->rule;
    const struct ast *path = test->kids, *clauses[STEPS_MOST];
    ir_node_id captures[STEPS_MOST];
    uint32_t n = 0;
    bool some_with = false;
    for (uint32_t i = 0; i < r->n_order; i++) some_with |= step_has_with(r, r->order[i], path->text);
    for (uint32_t i = 0; i < r->n_order; i++) {
        if (!r->steps[r->order[i]].is_required) continue;
        if (some_with && !field_begins(path->text) && !step_has_with(r, r->order[i], path->text)) continue;
        clauses[n] = r->steps[r->order[i]].ast;
        captures[n] = step_test(r, r->order[i], test);
        if (captures[n++] == IR_POISON) return IR_POISON;
    }
    if (!n) return not_kept(s, test);
    check_members_of(s->c, clauses, n, path->text, path->kids, path->span);
    return n == 1 ? captures[0] : make_node(s, IR_OP_BARE, IR_TYPE_BOOL, captures, n, test->span);
}

/* The test `tail ~ /re/` of a step's own field. */
static ir_node_id lower_step_test(const struct scope *s, const struct ast *e, uint32_t step,
                                  const struct ast *field)
{
    struct ast left = {.kind = AST_PATH,
                       .span = e->kids->span,
                       .text = field->text,
                       .kids = field->next,
                       .next = e->kids->next};
    struct ast test = *e;
    test.kids = &left;
    check_members_of(s->c, &s->rule->steps[step].ast, 1, left.text, left.kids, left.span);
    return step_test(s->rule, step, &test);
}

/* first(s).f ~ /re/, last(s).f ~ /re/ */
static ir_node_id lower_end_test(const struct scope *s, const struct ast *e, const struct ast *call)
{
    const struct ast *args = ast_kid(call, AST_ARGS), *tail = args ? args->next : NULL;
    bool first = text_equal(call->text, TEXT("first"));
    bool is_end = s->place == IN_MATCH && (first || text_equal(call->text, TEXT("last")));
    if (!is_end || !args || args->n_kids != 1 || args->kids->kind != AST_PATH || args->kids->kids || !tail ||
        tail->kind != AST_FIELD)
        return not_kept(s, e);
    uint32_t step = step_expect(s->rule, args->kids->text, args->kids->span);
    ir_node_id capture = step == IR_NONE ? IR_POISON : lower_step_test(s, e, step, tail);
    if (capture == IR_POISON) return IR_POISON;
    uint32_t x = ir_build_at(&s->c->build, capture)->x;
    return ir_build_node(&s->c->build, (struct ir_make){.op = first ? IR_OP_FIRST : IR_OP_LAST,
                                                        .type = IR_TYPE_BOOL,
                                                        .x = x,
                                                        .y = step,
                                                        .span = e->span});
}

/* The test of the step that is named, or of all. */
static ir_node_id lower_kept(const struct scope *s, const struct ast *e)
{
    const struct ast *subject = subject_behind(s, e->kids);
    if (subject && subject->kind == AST_CALL) return lower_end_test(s, e, subject);
    if (!subject || subject->kind != AST_PATH || (subject->kids && subject->kids->kind == AST_DOC))
        return not_kept(s, e);
    uint32_t step = IR_NONE;
    if (subject->kids && subject->kids->kind == AST_FIELD) step = step_find(s->rule, subject->text);
    if (step != IR_NONE) return lower_step_test(s, e, step, subject->kids);
    struct ast field = {.kind = AST_FIELD, .text = subject->text, .next = subject->kids};
    if (s->place == IN_GATE) return lower_step_test(s, e, s->step, &field);
    struct ast left = *subject, test = *e;
    left.next = e->kids->next;
    test.kids = &left;
    return lower_bare_test(s, &test);
}

ir_node_id lower_regex(const struct scope *s, const struct ast *e)
{
    if (!is_bounded(s, e->kids->next)) return IR_POISON;
    if (s->place >= IN_GATE) return lower_kept(s, e);
    ir_node_id subject = lower_value(s, e->kids);
    if (subject == IR_POISON) return IR_POISON;
    enum ir_type type = expr_type(s->c, subject);
    if (type == IR_TYPE_ANY || type == IR_TYPE_STRING || type == IR_TYPE_ARN || type == IR_TYPE_LIST)
        return regex_node(s, e, subject);
    diag_at(s->c->diags, E0211, e->kids->span, "this is %s; text is needed", a_type(type));
    return IR_POISON;
}
