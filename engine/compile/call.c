/* call.c - functions: a table of plain ones, and those that read a match or ask the past. */
#include "engine/base/time.h"
#include "engine/compile/compiler.h"

enum result { RESULT_TYPES = IR_TYPES, RESULT_SAME, RESULT_SAME2 };
#define IR_TYPE_SAME  RESULT_SAME
#define IR_TYPE_SAME2 RESULT_SAME2

enum function_place { PLACE_ANYWHERE, PLACE_SCHEMA };

static const struct function {
    const char *name;
    enum ir_op op;
    uint32_t least, most;
    int result; /* enum ir_type or enum result */
    enum function_place place;
    const char *args;
} functions[] = {
#define FUNCTION(name, op, least, most, result, place, args)                                                 \
    {name, IR_OP_##op, least, most, (int)IR_TYPE_##result, PLACE_##place, args},
#include "engine/compile/functions.def"
#undef FUNCTION
};

static const struct ast *args_of(const struct ast *call)
{
    return ast_kid(call, AST_ARGS);
}

static const struct ast *tail_of(const struct ast *call)
{
    const struct ast *args = args_of(call);
    return args ? args->next : NULL;
}

/* False after reporting that a call has too few or too many arguments. */
static bool count_args(const struct scope *s, const struct ast *call, uint32_t least, uint32_t most)
{
    const struct ast *args = args_of(call);
    uint32_t n = args ? args->n_kids : 0;
    if (n >= least && n <= most) return true;
    if (least == most)
        diag_at(s->c->diags, E0210, call->span, "`" TEXT_FMT "` takes %u, here are %u", TEXT_ARG(call->text),
                least, n);
    else
        diag_at(s->c->diags, E0210, call->span, "`" TEXT_FMT "` takes %u to %u, here are %u",
                TEXT_ARG(call->text), least, most, n);
    return false;
}

/* ---- plain functions ---- */

/* What HOUR and WEEKDAY say of their zone: 0 for an offset. IR_NONE after reporting. */
static uint32_t zone_of(const struct scope *s, const struct ast *arg)
{
    int32_t seconds;
    if (zone_parse(arg->text, &seconds)) return 0;
    uint32_t zone = zone_named(s->c, arg->text, arg->span);
    return zone == IR_NONE ? IR_NONE : zone + 1;
}

/* hour(t, zone), weekday(t, zone) */
static ir_node_id make_clock(const struct scope *s, enum ir_op op, enum ir_type type, const ir_node_id *ids,
                             const struct ast *call)
{
    uint32_t zone = zone_of(s, args_of(call)->kids->next);
    if (zone == IR_NONE) return IR_POISON;
    return ir_build_node(
        &s->c->build,
        (struct ir_make){.op = op, .type = type, .x = zone, .operands = ids, .n = 2, .span = call->span});
}

#define ONE_OF(type) (1u << IR_TYPE_##type)
#define ANY_TEXT     (ONE_OF(STRING) | ONE_OF(ARN))

/* What the letters of functions.def take, beside open values and lists, whose type is not known before. */
static const struct {
    char letter;
    uint32_t types;
    const char *wanted;
} kinds_of_arg[] = {
    {'x', ANY_TEXT, "text"},
    {'l', ANY_TEXT, "text or a list"},
    {'m', ONE_OF(INT) | ONE_OF(FLOAT) | ONE_OF(SIZE), "a list of numbers"},
    {'f', ANY_TEXT | ONE_OF(BOOL), "a flag of the record"},
    {'p', ANY_TEXT | ONE_OF(IP) | ONE_OF(CIDR), "text or an address"},
    {'t', ONE_OF(TIME), "a time"},
};

static bool is_whole_constant(const struct compiler *c, ir_node_id id)
{
    return expr_type(c, id) == IR_TYPE_INT && ir_build_at(&c->build, id)->op == IR_OP_CONST;
}

static bool arg_fits(const struct scope *s, char letter, const struct ast *arg, ir_node_id id)
{
    enum ir_type type = expr_type(s->c, id);
    const char *wanted = NULL;
    if ((letter == 'z' || letter == 'c') && arg->kind != AST_STRING) wanted = "text in quotes";
    if (letter == 'n' && !is_whole_constant(s->c, id)) wanted = "a whole number";
    for (size_t i = 0; i < sizeof kinds_of_arg / sizeof *kinds_of_arg; i++)
        if (kinds_of_arg[i].letter == letter &&
            !((kinds_of_arg[i].types | ONE_OF(ANY) | ONE_OF(LIST)) >> type & 1))
            wanted = kinds_of_arg[i].wanted;
    if (!wanted) return true;
    diag_at(s->c->diags, E0211, arg->span, "%s is needed here", wanted);
    return false;
}

static ir_node_id lower_plain(const struct scope *s, const struct function *f, const struct ast *call)
{
    ir_node_id ids[256];
    uint32_t n = 0;
    bool wrong = !count_args(s, call, f->least, f->most);
    if (wrong) return IR_POISON;
    AST_EACH(arg, args_of(call)) {
        size_t letters = strlen(f->args);
        char letter = f->args[n < letters ? n : letters - 1];
        ids[n] = letter == 'b' ? lower_test(s, arg) : lower_value(s, arg);
        wrong |= ids[n] == IR_POISON || !arg_fits(s, letter, arg, ids[n]);
        n++;
    }
    if (wrong) return IR_POISON;
    int type = f->result == RESULT_SAME    ? (int)expr_type(s->c, ids[0])
               : f->result == RESULT_SAME2 ? (int)expr_type(s->c, ids[1])
                                           : f->result;
    if (f->op == IR_OP_PREFIX)
        type = type == IR_TYPE_IP ? IR_TYPE_CIDR : type == IR_TYPE_ARN ? IR_TYPE_STRING : type;
    bool is_clock = f->op == IR_OP_HOUR || f->op == IR_OP_WEEKDAY;
    ir_node_id node = is_clock ? make_clock(s, f->op, (enum ir_type)type, ids, call)
                               : make_node(s, f->op, (enum ir_type)type, ids, n, call->span);
    return lower_tail(s, node, tail_of(call));
}

static const struct function *find_function(struct text name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (text_equal(text_of(functions[i].name), name)) return &functions[i];
    return NULL;
}

/* ---- arn(x).part ---- */

static ir_node_id lower_arn(const struct scope *s, const struct ast *call)
{
    static const char *const parts[] = {"service", "region", "account", "resource"};
    const struct ast *part = tail_of(call);
    if (!count_args(s, call, 1, 1)) return IR_POISON;
    ir_node_id arg = lower_value(s, args_of(call)->kids);
    for (uint32_t i = 0; part && part->kind == AST_FIELD && i < 4; i++)
        if (text_equal(part->text, text_of(parts[i])))
            return lower_tail(s,
                              ir_build_node(&s->c->build, (struct ir_make){.op = IR_OP_ARN_PART,
                                                                           .type = IR_TYPE_STRING,
                                                                           .x = i,
                                                                           .operands = &arg,
                                                                           .n = 1,
                                                                           .span = call->span}),
                              part->next);
    diag_note(diag_at(s->c->diags, E0225, part ? part->span : call->span, "which part of the ARN?"),
              "write .service, .region, .account or .resource behind arn(…)");
    return IR_POISON;
}

/* ---- what reads a match ---- */

bool step_may_be_read(const struct scope *s, uint32_t step, struct csr_span at)
{
    const struct step_work *work = &s->rule->steps[step];
    if (work->is_forbidden) {
        diag_note(diag_at(s->c->diags, E0336, at, "the match forbids `" TEXT_FMT "`", TEXT_ARG(work->name)),
                  "an incident has no event of it");
        return false;
    }
    if (!s->in_where || work->is_required || !work->is_matched) return true;
    diag_note(diag_at(s->c->diags, E0337, at, "`" TEXT_FMT "` is optional", TEXT_ARG(work->name)),
              "an optional item never keeps a match from being one: ask about it in `score` or `severity`");
    return false;
}

/* The step that an argument names; IR_NONE after reporting. */
static uint32_t step_argument(const struct scope *s, const struct ast *arg)
{
    if (arg->kind != AST_PATH || arg->kids) {
        diag_at(s->c->diags, E0211, arg->span, "the name of a step is needed here");
        return IR_NONE;
    }
    uint32_t step = step_expect(s->rule, arg->text, arg->span);
    return step == IR_NONE || step_may_be_read(s, step, arg->span) ? step : IR_NONE;
}

static bool over_match(const struct scope *s, const struct ast *call)
{
    if (s->place == IN_MATCH) return true;
    diag_at(s->c->diags, E0224, call->span,
            "`" TEXT_FMT "` reads a finished match; here one event is at hand", TEXT_ARG(call->text));
    return false;
}

static ir_node_id lower_count(const struct scope *s, const struct ast *call)
{
    if (!over_match(s, call) || !count_args(s, call, 1, 1)) return IR_POISON;
    uint32_t step = step_argument(s, args_of(call)->kids);
    if (step == IR_NONE) return IR_POISON;
    s->rule->steps[step].is_counted = true;
    return ir_build_node(
        &s->c->build,
        (struct ir_make){.op = IR_OP_COUNT, .type = IR_TYPE_INT, .y = step, .span = call->span});
}

/* first(s).f, last(s).f */
static ir_node_id lower_end(const struct scope *s, const struct ast *call)
{
    if (!over_match(s, call) || !count_args(s, call, 1, 1)) return IR_POISON;
    uint32_t step = step_argument(s, args_of(call)->kids);
    const struct ast *tail = tail_of(call);
    if (step == IR_NONE) return IR_POISON;
    if (!tail || tail->kind != AST_FIELD) {
        diag_at(s->c->diags, E0213, call->span, "this is an event, not a value: write a field behind it");
        return IR_POISON;
    }
    check_members_of(s->c, &s->rule->steps[step].ast, 1, tail->text, tail->next, call->span);
    ir_node_id capture = step_capture(s->rule, step, tail->text, tail->next, call->span);
    if (capture == IR_POISON) return IR_POISON;
    const struct ir_node node = *ir_build_at(&s->c->build, capture);
    bool first = text_equal(call->text, TEXT("first"));
    if (!first || node.type == IR_TYPE_TIME) s->rule->steps[step].is_counted = true;
    return ir_build_node(&s->c->build, (struct ir_make){.op = first ? IR_OP_FIRST : IR_OP_LAST,
                                                        .type = (enum ir_type)node.type,
                                                        .x = node.x,
                                                        .y = node.y,
                                                        .span = call->span});
}

/* distinct(s.f), sum(s.f), min(s.f), max(s.f) */
static const struct of_events {
    const char *name;
    enum ir_op op;
} of_events[] = {
    {"distinct", IR_OP_DISTINCT}, {"sum", IR_OP_SUM_OF}, {"min", IR_OP_MIN_OF}, {"max", IR_OP_MAX_OF}};

/* The type of what comes out; IR_TYPES if such values have none. */
static enum ir_type type_of_events(enum ir_op op, enum ir_type of)
{
    static const enum ir_type summed[IR_TYPES] = {[IR_TYPE_ANY] = IR_TYPE_FLOAT,
                                                  [IR_TYPE_INT] = IR_TYPE_INT,
                                                  [IR_TYPE_FLOAT] = IR_TYPE_FLOAT,
                                                  [IR_TYPE_SIZE] = IR_TYPE_SIZE,
                                                  [IR_TYPE_DURATION] = IR_TYPE_DURATION};
    if (op == IR_OP_DISTINCT) return IR_TYPE_INT;
    if (op != IR_OP_SUM_OF && of == IR_TYPE_TIME) return of;
    return of != IR_TYPE_ANY && summed[of] == IR_TYPE_ANY ? IR_TYPES : summed[of];
}

/* Why the values of a path cannot be added up or put in order. */
static ir_node_id no_amount(const struct scope *s, const struct ast *call, const struct ast *path,
                            enum ir_type type)
{
    struct diag *d = diag_at(s->c->diags, E0211, path->span, "this is %s; `" TEXT_FMT "` takes numbers",
                             a_type(type), TEXT_ARG(call->text));
    if (type == IR_TYPE_LIST) diag_note(d, "name the sum of an event's list in its step: with n = total(…)");
    return IR_POISON;
}

static ir_node_id lower_of_events(const struct scope *s, const struct ast *call)
{
    const struct of_events *f = of_events;
    while (!text_equal(text_of(f->name), call->text)) f++;
    if (!over_match(s, call) || !count_args(s, call, 1, 1)) return IR_POISON;
    const struct ast *path = args_of(call)->kids, *tail = path->kids;
    if (path->kind != AST_PATH || !tail || tail->kind != AST_FIELD ||
        step_find(s->rule, path->text) == IR_NONE) {
        diag_at(s->c->diags, E0211, path->span, "a field of a step is needed here: %s(step.field)", f->name);
        return IR_POISON;
    }
    uint32_t step = step_find(s->rule, path->text);
    if (!step_may_be_read(s, step, path->span)) return IR_POISON;
    check_members_of(s->c, &s->rule->steps[step].ast, 1, tail->text, tail->next, path->span);
    ir_node_id capture = step_capture(s->rule, step, tail->text, tail->next, path->span);
    if (capture == IR_POISON) return IR_POISON;
    const struct ir_node node = *ir_build_at(&s->c->build, capture);
    enum ir_type type = type_of_events(f->op, (enum ir_type)node.type);
    if (type == IR_TYPES) return no_amount(s, call, path, (enum ir_type)node.type);
    s->rule->steps[step].is_counted = true;
    return ir_build_node(
        &s->c->build,
        (struct ir_make){.op = f->op, .type = type, .x = node.x, .y = step, .span = call->span});
}

/* ---- what asks the past ---- */

static bool baseline_argument(const struct scope *s, const struct ast *arg, uint32_t *baseline)
{
    if (arg->kind != AST_PATH || (arg->kids && (arg->kids->kind != AST_FIELD || arg->kids->next))) {
        diag_at(s->c->diags, E0211, arg->span, "the name of a baseline is needed here");
        return false;
    }
    struct text name = path_words(s->c->arena, arg->text, arg->kids);
    struct symbol *symbol = symbol_find(s->c, SYMBOL_BASELINE, s->unit, name);
    if (!symbol) {
        symbol_unknown(s->c, SYMBOL_BASELINE, s->unit, name, arg->span);
        return false;
    }
    if (symbol->refused) diag_at(s->c->diags, symbol->refused, arg->span, NULL);
    symbol->is_used = true;
    *baseline = symbol->number;
    return symbol->number != IR_NONE; /* a wrong baseline has been reported */
}

/* The step that a question is about, where it is not named. */
static uint32_t implied_step(const struct scope *s, const struct ast *call)
{
    if (s->place == IN_GATE) return s->step;
    if (s->place == IN_MATCH && s->rule->out.is_on) return 0;
    if (s->place == IN_MATCH)
        diag_fix(diag_at(s->c->diags, E0317, call->span, "about which step?"), call->span,
                 TEXT_FMT "(" TEXT_FMT ", %s)", TEXT_ARG(call->text),
                 TEXT_ARG(expr_words(s->c->arena, args_of(call)->kids)),
                 s->rule->n_steps ? s->rule->steps[0].name.at : "step");
    else
        diag_at(s->c->diags, E0224, call->span, "the past cannot be asked here");
    return IR_NONE;
}

static uint32_t asked_step(const struct scope *s, const struct ast *call)
{
    const struct ast *named = args_of(call)->kids->next;
    if (!named) return implied_step(s, call);
    if (!s->rule || s->place == IN_EVENT) return implied_step(s, call);
    uint32_t step = step_argument(s, named);
    if (step == IR_NONE || s->place != IN_GATE || step == s->step) return step;
    diag_at(s->c->diags, E0312, named->span, "a predicate can ask only about its own event");
    return IR_NONE;
}

static const struct question {
    const char *name;
    enum ir_ask_kind kind;
    enum ir_op op;
    enum ir_type type;
} questions[] = {
    {"new", IR_ASK_NEW, IR_OP_ASK_NEW, IR_TYPE_BOOL},
    {"age", IR_ASK_AGE, IR_OP_ASK_AGE, IR_TYPE_DURATION},
    {"rarity", IR_ASK_RARITY, IR_OP_ASK_RARITY, IR_TYPE_FLOAT},
    {"prevalence", IR_ASK_PREVALENCE, IR_OP_ASK_PREVALENCE, IR_TYPE_INT},
    {"age_since", IR_ASK_SINCE, IR_OP_ASK_SINCE, IR_TYPE_DURATION},
};
#define N_QUESTIONS (sizeof questions / sizeof *questions)

static const struct question *question_find(struct text name)
{
    for (size_t i = 0; i < N_QUESTIONS; i++)
        if (text_equal(text_of(questions[i].name), name)) return &questions[i];
    return NULL;
}

bool is_question(struct text name)
{
    return question_find(name) != NULL;
}

/* All but `age_since` are about a value that the baseline remembers beside its key. */
static bool has_what_is_asked(const struct scope *s, const struct ast *call, const struct question *q,
                              uint32_t baseline)
{
    bool of_value = q->kind == IR_ASK_RARITY || q->kind == IR_ASK_PREVALENCE;
    if (!of_value || s->c->baselines.at[baseline].value != IR_NONE) return true;
    diag_note(diag_at(s->c->diags, E0224, call->span, "this baseline remembers keys alone"),
              "`%s` asks about a value of the key: baseline b = (actor, src.asn) has one", q->name);
    return false;
}

static ir_node_id lower_ask(const struct scope *s, const struct ast *call)
{
    const struct question *q = question_find(call->text);
    uint32_t baseline;
    if (!count_args(s, call, 1, 2) || !baseline_argument(s, args_of(call)->kids, &baseline)) return IR_POISON;
    uint32_t step = asked_step(s, call);
    if (step == IR_NONE || !has_what_is_asked(s, call, q, baseline)) return IR_POISON;
    uint32_t ask = rule_ask(s->rule, q->kind, baseline, step);
    over_asks(s->rule, step, &s->c->baselines.at[baseline], call->span);
    return ir_build_node(
        &s->c->build,
        (struct ir_make){.op = q->op, .type = q->type, .x = ask, .y = step, .span = call->span});
}

static const struct {
    const char *name;
    ir_node_id (*lower)(const struct scope *s, const struct ast *call);
} specials[] = {
    {"arn", lower_arn},       {"count", lower_count},        {"first", lower_end},
    {"last", lower_end},      {"distinct", lower_of_events}, {"sum", lower_of_events},
    {"min", lower_of_events}, {"max", lower_of_events},      {"new", lower_ask},
    {"age", lower_ask},       {"rarity", lower_ask},         {"prevalence", lower_ask},
    {"age_since", lower_ask},
};

/* ---- defines ---- */

struct symbol *define_named(const struct scope *s, const struct ast *e)
{
    struct symbol *define = symbol_find(s->c, SYMBOL_DEFINE, s->unit, e->text);
    if (!define) return NULL;
    bool is_open = false;
    for (const struct open_define *o = s->open; o; o = o->outer) is_open |= o->define == define;
    /* `define ok = ok and not dry_run`: inside, the name is the field's. */
    return is_open && e->kind == AST_PATH && field_begins(e->text) ? NULL : define;
}

#define DEFINE_DEPTH_MOST 32
#define EXPANSIONS_MOST   100000 /* of one item */
#define EXPR_DEPTH_MOST   1000

/* Says it once for an item, and nothing is expanded in it any more. */
static bool refuse_expansion(const struct scope *s, struct csr_span span, const char *why)
{
    if (s->c->expansions <= EXPANSIONS_MOST) diag_at(s->c->diags, E0216, span, "%s", why);
    s->c->expansions = EXPANSIONS_MOST + 1;
    return false;
}

bool argument_may_expand(const struct scope *s, struct csr_span span)
{
    if (s->c->expansions < EXPANSIONS_MOST) return s->c->expansions++, true;
    return refuse_expansion(s, span, "the arguments stand in too many places");
}

bool expr_enter(const struct scope *s, struct csr_span span)
{
    if (s->c->expr_depth < EXPR_DEPTH_MOST) return s->c->expr_depth++, true;
    return refuse_expansion(s, span, "with all definitions written out, this is nested too deep");
}

static bool may_expand(const struct scope *s, const struct symbol *define, struct csr_span span)
{
    for (const struct open_define *o = s->open; o; o = o->outer)
        if (o->define == define) {
            diag_label(diag_at(s->c->diags, E0215, span, "`" TEXT_FMT "` is defined by itself",
                               TEXT_ARG(define->name)),
                       define->ast->span, "this definition");
            return false;
        }
    bool is_deep = s->open && s->open->depth >= DEFINE_DEPTH_MOST;
    if (!is_deep && s->c->expansions < EXPANSIONS_MOST) return s->c->expansions++, true;
    return refuse_expansion(s, span, "definitions in definitions, without an end in sight");
}

static const struct binding *bind(const struct scope *s, const struct binding *outer, struct text name,
                                  const struct ast *arg)
{
    struct binding *b = ARENA_NEW(s->c->arena, struct binding);
    struct scope *caller = ARENA_NEW(s->c->arena, struct scope);
    *caller = *s;
    *b = (struct binding){.name = name, .arg = arg, .arg_scope = caller, .outer = outer};
    return b;
}

const struct ast *define_enter(const struct scope *s, struct symbol *define, const struct ast *args,
                               struct csr_span span, struct scope *inner)
{
    const struct ast *params = ast_kid(define->ast, AST_PARAMS), *body = define->ast->kids;
    uint32_t wanted = params ? params->n_kids : 0, given = args ? args->n_kids : 0;
    if (params) body = params->next;
    if (!body || !may_expand(s, define, span)) return NULL;
    if (wanted != given) {
        diag_at(s->c->diags, E0210, span, "`" TEXT_FMT "` takes %u, here are %u", TEXT_ARG(define->name),
                wanted, given);
        return NULL;
    }
    define->is_used = true;
    struct open_define *open = ARENA_NEW(s->c->arena, struct open_define);
    *open = (struct open_define){define, s->open, s->open ? s->open->depth + 1 : 1};
    *inner = *s;
    inner->open = open;
    inner->unit = define->unit;
    inner->bindings = NULL;
    const struct ast *param = params ? params->kids : NULL;
    for (const struct ast *arg = args ? args->kids : NULL; arg && param; arg = arg->next, param = param->next)
        inner->bindings = bind(s, inner->bindings, param->text, arg);
    return body;
}

/* ---- the whole ---- */

static ir_node_id unknown_function(const struct scope *s, const struct ast *call)
{
    struct nearest near = {.wanted = call->text};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].place == PLACE_ANYWHERE || s->place == IN_SCHEMA)
            nearest_try(&near, text_of(functions[i].name));
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        nearest_try(&near, text_of(specials[i].name));
    symbol_offer(s->c, SYMBOL_DEFINE, s->unit, &near);
    struct csr_span at = word_span(s->c, call, call->text);
    struct diag *d =
        diag_at(s->c->diags, E0207, at, "no function is called `" TEXT_FMT "`", TEXT_ARG(call->text));
    if (near.best.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
    return IR_POISON;
}

ir_node_id lower_call(const struct scope *s, const struct ast *call)
{
    struct symbol *define = define_named(s, call);
    if (define) {
        struct scope inner;
        const struct ast *body = define_enter(s, define, args_of(call), call->span, &inner);
        return body ? lower_tail(s, lower_expr(&inner, body), tail_of(call)) : IR_POISON;
    }
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (text_equal(text_of(specials[i].name), call->text)) return specials[i].lower(s, call);
    const struct function *f = find_function(call->text);
    if (!f) return unknown_function(s, call);
    if (f->place == PLACE_SCHEMA && s->place != IN_SCHEMA) {
        diag_at(s->c->diags, E0224, call->span, "`%s` belongs in `event` blocks", f->name);
        return IR_POISON;
    }
    return lower_plain(s, f, call);
}
