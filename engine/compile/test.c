/* test.c - `test` blocks into the IR: whose rule, which records at which second, what is known before.
 *
 * The statements of a block are read in order, but the caller of `as` and the beginning of `start` hold for
 * the whole block, wherever they stand.
 */
#include "engine/compile/test.h"

#include "engine/base/time.h"

#include <errno.h>
#include <unistd.h>

#define EVENTS_MOST 10000u              /* of one test */
#define SECOND_MOST INT64_C(9214646400) /* the end of the year 2261: times are 64 bits of nanoseconds */
#define START       TEXT("2026-01-05T09:00:00Z")

/* ---- whose ---- */

static void declare_test(struct compiler *c, const struct unit *unit, const struct ast *ast)
{
    struct symbol *rule = symbol_find(c, SYMBOL_RULE, unit, ast->text);
    if (!rule) {
        struct diag_mark mark = diags_mark(c->diags);
        symbol_unknown(c, SYMBOL_RULE, unit, ast->text, word_span(c, ast, ast->text));
        leave_out(c, mark, unit);
        return;
    }
    struct test_work *t = ARENA_NEW(c->arena, struct test_work);
    *t = (struct test_work){.unit = unit, .ast = ast, .rule = rule, .refused = unit->refused};
    struct test_work **end = &rule->tests;
    while (*end) end = &(*end)->next;
    *end = t;
    *ARENA_PUSH(c->arena, c->tests) = t;
}

void declare_tests(struct compiler *c, bool of_embedded)
{
    for (uint32_t u = 0; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file)
            if (item->kind == AST_TEST && item->kids && (of_embedded || !c->units.at[u]->source->is_embedded))
                declare_test(c, c->units.at[u], item);
}

/* ---- one test ---- */

struct lowering {
    struct compiler *c;
    struct test_work *work;
    struct ir_test out;
    struct caller caller; /* of `as` */
    struct ARENA_VEC(struct ir_test_event) events;
    struct ARENA_VEC(struct text) files;
    struct ARENA_VEC(struct ir_test_known) knowns;
    struct ARENA_VEC(struct ir_test_silence) silences;
    struct ARENA_VEC(struct ir_test_net) nets;
};

static int64_t seconds_of(struct lowering *l, const struct ast *dur)
{
    if (dur->num % NS_PER_SECOND) diag_at(l->c->diags, E0305, dur->span, "a test counts in whole seconds");
    return dur->num / NS_PER_SECOND;
}

static void lower_start(struct lowering *l)
{
    int64_t time;
    const struct ast *start = ast_kid(l->work->ast, AST_START);
    if (!time_parse(start ? start->kids->text : START, &time))
        diag_note(diag_at(l->c->diags, E0265, start->kids->span, "this is no moment"),
                  "write it like start \"2026-08-02T12:00:00Z\"");
    else
        l->out.start = time_second(time);
}

/* ---- what is known of an address ---- */

static struct value net_value(struct lowering *l, const struct ast *block, const char *name, bool is_number)
{
    AST_EACH(entry, block) {
        if (entry->kind != AST_ASSIGN || !text_equal(entry->text, text_of(name)) || !entry->kids) continue;
        const struct ast *literal = entry->kids;
        if (is_number && literal->kind == AST_NUM && !literal->is_real) return value_int(literal->num);
        if (!is_number && literal->kind == AST_STRING) return value_string(literal->text);
        diag_at(l->c->diags, E0266, literal->span,
                is_number ? "a number is needed here" : "text is needed here");
    }
    return value_absent();
}

static void check_net_names(struct lowering *l, const struct ast *block)
{
    static const char *const names[] = {"asn", "org", "country"};
    AST_EACH(entry, block) {
        struct nearest near = {.wanted = entry->text};
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            known |= text_equal(entry->text, text_of(names[i]));
            nearest_try(&near, text_of(names[i]));
        }
        if (known) continue;
        struct csr_span at = word_span(l->c, entry, entry->text);
        struct diag *d = diag_at(l->c->diags, E0266, at, "nothing of an address is called `" TEXT_FMT "`",
                                 TEXT_ARG(entry->text));
        if (near.best.len)
            diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
        else
            diag_note(d, "an address has asn, org and country");
    }
}

static void lower_origin(struct lowering *l, const struct ast *origin)
{
    const struct ast *block = origin ? ast_kid(origin, AST_BLOCK) : NULL;
    struct ir_test_net net;
    if (!block || !ip_parse(origin->kids->text, &net.address)) return;
    check_net_names(l, block);
    net.asn = net_value(l, block, "asn", true);
    net.org = net_value(l, block, "org", false);
    net.country = net_value(l, block, "country", false);
    *ARENA_PUSH(l->c->arena, l->nets) = net;
}

static struct caller lower_who(struct lowering *l, const struct ast *who)
{
    lower_origin(l, ast_kid(who, AST_ORIGIN));
    return caller_read(l->c, who, &l->caller);
}

/* ---- events ---- */

static void check_event(struct lowering *l, const struct ast *api)
{
    if (memchr(api->text.at, '*', api->text.len))
        diag_at(l->c->diags, E0267, api->span, "an event has one name");
    else
        check_api(l->c, l->work->unit, api, (struct api_owner){.what = API_OF_TEST});
}

static uint32_t times_of(struct lowering *l, const struct ast *times, int64_t *every)
{
    const struct ast *number = times ? times->kids : NULL,
                     *every_clause = times ? ast_kid(times, AST_EVERY) : NULL;
    *every = every_clause && every_clause->kids ? seconds_of(l, every_clause->kids) : 0;
    if (!number) return 1;
    if (!number->is_real && number->num >= 1 && number->num <= EVENTS_MOST - l->events.len)
        return (uint32_t)number->num;
    diag_at(l->c->diags, E0318, number->span, "a test has at most %u events", EVENTS_MOST);
    return 0;
}

static void lower_at(struct lowering *l, const struct ast *at)
{
    const struct ast *by = ast_kid(at, AST_BY_WHO), *from = ast_kid(at, AST_ORIGIN),
                     *api = ast_kid(at, AST_API);
    int64_t every;
    uint32_t times = times_of(l, ast_kid(at, AST_TIMES), &every);
    struct caller caller = by && by->kids ? lower_who(l, by->kids) : l->caller;
    struct made_up m = {.test = l->work,
                        .at = at,
                        .caller = &caller,
                        .start = l->out.start,
                        .second = l->out.start + seconds_of(l, at->kids)};
    if (from) {
        lower_origin(l, from);
        caller = caller_from(l->c, &l->caller, from);
    }
    check_event(l, api);
    if (times && (m.second > SECOND_MOST || every > (SECOND_MOST - m.second) / times)) {
        diag_at(l->c->diags, E0265, at->span, "this would be after the year 2261");
        return;
    }
    for (uint32_t i = 0; i < times; i++, m.second += every) {
        m.index = l->events.len;
        *ARENA_PUSH(l->c->arena, l->events) =
            (struct ir_test_event){m.second, record_make(l->c, &m), api->text, at->span};
    }
}

/* A path from the folder of the rule file. */
static void lower_records(struct lowering *l, const struct ast *stmt)
{
    struct text path = stmt->kids->text, folder = l->work->unit->folder;
    if (path.len && path.at[0] != '/' && folder.len)
        path = arena_printf(l->c->arena, TEXT_FMT "/" TEXT_FMT, TEXT_ARG(folder), TEXT_ARG(path));
    else
        path = arena_text(l->c->arena, path.at, path.len);
    if (access(path.at, R_OK) != 0)
        diag_at(l->c->diags, E0270, stmt->kids->span, TEXT_FMT ": %s", TEXT_ARG(path), strerror(errno));
    *ARENA_PUSH(l->c->arena, l->files) = path;
}

/* Events keep the order of lines within a second. */
static void sort_events(struct lowering *l)
{
    struct ir_test_event *from = l->events.at,
                         *to = ARENA_ARRAY(l->c->arena, struct ir_test_event, l->events.len);
    for (uint32_t width = 1; width < l->events.len; width *= 2) {
        for (uint32_t low = 0; low < l->events.len; low += 2 * width) {
            uint32_t middle = low + width < l->events.len ? low + width : l->events.len;
            uint32_t high = middle + width < l->events.len ? middle + width : l->events.len;
            for (uint32_t i = low, left = low, right = middle; i < high; i++)
                to[i] = left < middle && (right == high || from[left].second <= from[right].second)
                            ? from[left++]
                            : from[right++];
        }
        struct ir_test_event *other = from;
        from = to;
        to = other;
    }
    l->out.events = from;
    l->out.n_events = l->events.len;
}

/* ---- baselines ---- */

/* A value as a record would show it: where the part is an address or text, it is one. */
static struct value known_value(struct lowering *l, const struct ast *e, ir_node_id part)
{
    enum ir_type type = part == IR_NONE ? IR_TYPE_ANY : expr_type(l->c, part), literal;
    struct value v = value_absent();
    struct ip_net *net = ARENA_NEW(l->c->arena, struct ip_net);
    if (e->kind == AST_NAME && text_equal(e->text, TEXT("actor"))) return value_string(l->caller.arn);
    if (e->kind == AST_NAME && text_equal(e->text, TEXT("true"))) return value_bool(true);
    if (e->kind == AST_NAME && text_equal(e->text, TEXT("false"))) return value_bool(false);
    if (e->kind == AST_NAME || e->kind == AST_OBJ || e->kind == AST_ARRAY)
        diag_at(l->c->diags, E0268, e->span, "a plain value, or `actor`, is needed here");
    else if (!literal_value(l->c, e, &v, &literal))
        return v;
    if (type == IR_TYPE_IP && v.kind == VALUE_STRING && ip_parse(value_text(v), net))
        return (struct value){.kind = VALUE_NET, .net = net};
    if (type == IR_TYPE_STRING && v.kind == VALUE_INT)
        return value_string(arena_printf(l->c->arena, "%lld", (long long)v.i));
    return v;
}

static void lower_known_values(struct lowering *l, const struct ast *stmt, const struct ir_baseline *b,
                               struct ir_test_known *out)
{
    uint32_t wanted = b->n_key + (b->value != IR_NONE), i = 0;
    if (stmt->n_kids != wanted) {
        diag_label(diag_at(l->c->diags, E0268, stmt->span, "here are %u", stmt->n_kids), b->span,
                   "and this remembers %u", wanted);
        return;
    }
    out->has_values = true;
    out->key = ARENA_ARRAY(l->c->arena, struct value, b->n_key);
    AST_EACH(value, stmt) {
        ir_node_id part = i < b->n_key ? b->key[i] : b->value;
        struct value v = known_value(l, value, part);
        if (i < b->n_key)
            out->key[i++] = v;
        else
            out->value = v;
    }
}

static void lower_known(struct lowering *l, const struct ast *stmt)
{
    struct symbol *symbol = symbol_find(l->c, SYMBOL_BASELINE, l->work->unit, stmt->text);
    if (!symbol) symbol = symbol_find(l->c, SYMBOL_BASELINE, l->work->rule->unit, stmt->text);
    struct csr_span at = word_span(l->c, stmt, stmt->text);
    if (!symbol) {
        symbol_unknown(l->c, SYMBOL_BASELINE, l->work->unit, stmt->text, at);
        return;
    }
    if (symbol->refused) diag_at(l->c->diags, symbol->refused, at, NULL);
    if (symbol->number == IR_NONE) return;
    struct ir_test_known known = {.baseline = symbol->number};
    if (stmt->n_kids) lower_known_values(l, stmt, &l->c->baselines.at[symbol->number], &known);
    *ARENA_PUSH(l->c->arena, l->knowns) = known;
}

/* ---- the whole ---- */

static void check_statements(struct lowering *l)
{
    static const uint8_t only_once[] = {AST_AS, AST_START};
    const struct ast *ast = l->work->ast;
    bool expects = false;
    AST_EACH(stmt, ast) expects |= stmt->kind >= AST_EXPECT_NONE && stmt->kind <= AST_EXPECT_ACTION;
    if (!expects && !diags_error_in(l->c->diags, ast->span))
        diag_note(diag_at(l->c->diags, E0269, head_span(l->c, ast), "nothing is expected here"),
                  "write `expect incident` or `expect none`");
    for (size_t i = 0; i < sizeof only_once / sizeof *only_once; i++) {
        const struct ast *first = ast_kid(ast, (enum ast_kind)only_once[i]),
                         *again = first ? ast_next(first) : NULL;
        if (again)
            diag_label(diag_at(l->c->diags, E0302, again->span, "`%s` again",
                               ast_kind_name((enum ast_kind)again->kind)),
                       first->span, "it stands here already");
    }
}

static void lower_silent(struct lowering *l, const struct ast *stmt)
{
    const struct ast *from = stmt->kids, *to = from ? from->next : NULL;
    struct ir_test_silence silence = {.schema = feed_named(l->c, stmt)};
    if (!to || silence.schema == IR_NONE) return;
    silence.from = l->out.start + seconds_of(l, from);
    silence.to = l->out.start + seconds_of(l, to);
    if (silence.to <= silence.from)
        diag_at(l->c->diags, E0305, to->span, "this ends before it begins");
    else
        *ARENA_PUSH(l->c->arena, l->silences) = silence;
}

static void lower_block(struct lowering *l)
{
    const struct ast *as = ast_kid(l->work->ast, AST_AS);
    check_statements(l);
    lower_start(l);
    l->caller = caller_default(l->c);
    if (as && as->kids) l->caller = lower_who(l, as->kids);
    AST_EACH(stmt, l->work->ast) {
        if (stmt->kind == AST_AT && stmt->kids && ast_kid(stmt, AST_API)) lower_at(l, stmt);
        if (stmt->kind == AST_KNOWN) lower_known(l, stmt);
        if (stmt->kind == AST_SILENT) lower_silent(l, stmt);
        if (stmt->kind == AST_RECORDS && stmt->kids) lower_records(l, stmt);
    }
    sort_events(l);
}

static enum diag_code lint_disabled_test(struct compiler *c, const struct test_work *work)
{
    struct diag *d = warn(c, W0323, head_span(c, work->ast), "this rule does not run");
    if (d) diag_label(d, work->rule->disabled->span, "it is switched off here");
    return W0323;
}

static void lower_test_block(struct compiler *c, struct test_work *work)
{
    c->expansions = 0;
    struct lowering l = {.c = c, .work = work};
    struct diag_mark mark = diags_mark(c->diags);
    l.out = (struct ir_test){.rule = work->rule->number,
                             .rule_name = work->rule->name,
                             .title = work->ast->kids->text,
                             .span = head_span(c, work->ast),
                             .expects = work->expects.at,
                             .n_expects = work->expects.len};
    lower_block(&l);
    enum diag_code code = leave_out(c, mark, work->unit);
    l.out.refused = work->refused ? work->refused : work->rule->refused ? work->rule->refused : code;
    if (!l.out.refused && work->rule->disabled) l.out.refused = lint_disabled_test(c, work);
    l.out.knowns = l.knowns.at, l.out.n_knowns = l.knowns.len;
    l.out.silences = l.silences.at, l.out.n_silences = l.silences.len;
    l.out.files = l.files.at, l.out.n_files = l.files.len;
    l.out.nets = l.nets.at, l.out.n_nets = l.nets.len;
    c->ir->tests[c->ir->n_tests++] = l.out;
}

void lower_tests(struct compiler *c)
{
    c->ir->tests = ARENA_ARRAY(c->arena, struct ir_test, c->tests.len);
    for (uint32_t i = 0; i < c->tests.len; i++) lower_test_block(c, c->tests.at[i]);
}
