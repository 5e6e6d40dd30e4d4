/* ir_dump.c - what `csr dump --stage=ir` prints: the checked meaning of a rule set in words, one fact a line.
 *
 * Canonical: the same rules give the same bytes. Schemas come first, then lists, parameters, baselines, rules and
 * the site. A schema shows the fields that the rules read, for the others were never made.
 */
#include "engine/base/time.h"
#include "engine/ir/ir_print.h"
#include "engine/schema/verb.h"
#include "grammar/base/diag.h"

#define NS_PER_SECOND INT64_C(1000000000)

struct dump {
    const struct ir *ir;
    const struct ir_rule *rule; /* at hand; NULL outside rules */
    struct ir_out out;
};

/* ---- lines -------------------------------------------------------------------------------------------- */

/* "    within    " - the word at an indent, and its text at a column. */
static void begin(struct dump *d, int indent, const char *word)
{
    ir_putf(d->out, "%*s%-*s ", indent * 4, "", 11, word);
}

static void end(struct dump *d)
{
    ir_put(d->out, TEXT("\n"));
}

static void node_line(struct dump *d, int indent, const char *word, ir_node_id id)
{
    if (id == IR_NONE) return;
    begin(d, indent, word);
    ir_print_node(d->ir, d->rule, id, d->out);
    end(d);
}

/* A conjunction takes a line for each of its parts. */
static void test_lines(struct dump *d, int indent, ir_node_id id)
{
    if (id == IR_NONE || d->ir->nodes[id].op != IR_OP_AND) {
        node_line(d, indent, "if", id);
        return;
    }
    const struct ir_node *node = &d->ir->nodes[id];
    for (uint32_t i = 0; i < node->n; i++)
        node_line(d, indent, i ? "and" : "if", d->ir->operands[node->first + i]);
}

static void text_line(struct dump *d, int indent, const char *word, struct text t)
{
    if (!t.len) return;
    begin(d, indent, word);
    ir_put_quoted(d->out, t);
    end(d);
}

static void seconds_line(struct dump *d, int indent, const char *word, int64_t seconds)
{
    begin(d, indent, word);
    ir_put_duration(d->out, seconds * NS_PER_SECOND);
    end(d);
}

static void texts_line(struct dump *d, int indent, const char *word, const struct text *texts, uint32_t n,
                       bool is_quoted)
{
    if (!n) return;
    begin(d, indent, word);
    for (uint32_t i = 0; i < n; i++) {
        if (i) ir_put(d->out, TEXT(", "));
        if (is_quoted) ir_put_quoted(d->out, texts[i]);
        else ir_put(d->out, texts[i]);
    }
    end(d);
}

static void nodes(struct dump *d, const ir_node_id *ids, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i) ir_put(d->out, TEXT(", "));
        ir_print_node(d->ir, d->rule, ids[i], d->out);
    }
}

static void fingerprint_line(struct dump *d, const uint64_t fingerprint[2])
{
    begin(d, 1, "fingerprint");
    ir_putf(d->out, "%016llx%016llx", (unsigned long long)fingerprint[0], (unsigned long long)fingerprint[1]);
    end(d);
}

/* ---- schemas, lists, parameters, baselines ------------------------------------------------------------- */

static void definition_line(struct dump *d, uint32_t schema, const char *word, ir_node_id id)
{
    if (id == IR_NONE) return;
    begin(d, 1, word);
    ir_print_definition(d->ir, schema, id, d->out);
    end(d);
}

static void field_line(struct dump *d, uint32_t schema, const struct ir_field *f)
{
    if (f->in_schema[schema] == IR_NONE) return;
    begin(d, 1, "field");
    ir_put(d->out, f->name);
    ir_putf(d->out, " %s = ", ir_type_name((enum ir_type)f->type));
    ir_print_definition(d->ir, schema, f->in_schema[schema], d->out);
    end(d);
}

static void dump_schema(struct dump *d, uint32_t number)
{
    const struct ir_schema *s = &d->ir->schemas[number];
    ir_put(d->out, TEXT("schema "));
    ir_put(d->out, s->name);
    end(d);
    definition_line(d, number, "when", s->when);
    definition_line(d, number, "identity", s->identity);
    definition_line(d, number, "time", s->time);
    definition_line(d, number, "service", s->service);
    definition_line(d, number, "action", s->action);
    seconds_line(d, 1, "disorder", s->disorder);
    for (uint32_t i = 0; i < d->ir->n_fields; i++) field_line(d, number, &d->ir->fields[i]);
}

static void dump_list(struct dump *d, const struct ir_list *list)
{
    if (!list->name.len) return; /* a list in braces stands where it is used */
    ir_put(d->out, TEXT("list "));
    ir_put(d->out, list->name);
    ir_put(d->out, TEXT(" = {"));
    for (uint32_t i = 0; i < list->len; i++) {
        ir_put(d->out, i ? TEXT(", ") : TEXT(" "));
        ir_put_constant(d->out, list->values[i]);
    }
    ir_put(d->out, list->len ? TEXT(" }\n") : TEXT("}\n"));
}

static void dump_param(struct dump *d, const struct ir_param *p)
{
    ir_put(d->out, TEXT("param "));
    ir_put(d->out, p->rule);
    ir_put(d->out, TEXT("."));
    ir_put(d->out, p->name);
    ir_put(d->out, TEXT(" = "));
    ir_put_constant(d->out, p->value);
    ir_put(d->out, TEXT(" range "));
    ir_put_constant(d->out, p->least);
    ir_put(d->out, TEXT(".."));
    ir_put_constant(d->out, p->most);
    if (p->set.hi) ir_put(d->out, TEXT(", tuned"));
    end(d);
}

static void apis_line(struct dump *d, int indent, const char *word, const struct ir_group *g)
{
    begin(d, indent, word);
    for (uint32_t i = 0; i < g->n_apis; i++) {
        if (i) ir_put(d->out, TEXT(", "));
        ir_put_api(d->out, d->ir, &g->apis[i]);
    }
    end(d);
}

static void dump_baseline(struct dump *d, const struct ir_baseline *b)
{
    ir_put(d->out, TEXT("baseline "));
    ir_put(d->out, b->name);
    end(d);
    begin(d, 1, "key");
    nodes(d, b->key, b->n_key);
    end(d);
    node_line(d, 1, "value", b->value);
    for (uint32_t i = 0; i < b->n_on; i++) {
        apis_line(d, 1, "on", &b->on[i]);
        test_lines(d, 2, b->on[i].test);
    }
    begin(d, 1, "learns");
    ir_put(d->out, b->learns_failed ? TEXT("failed calls as well") : TEXT("successful calls"));
    end(d);
    seconds_line(d, 1, "keep", b->keep);
    seconds_line(d, 1, "warmup", b->warmup);
    begin(d, 1, "days");
    ir_putf(d->out, "%u\n", b->days);
    fingerprint_line(d, b->fingerprint);
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static void dump_template(struct dump *d, int indent, const struct ir_template *t)
{
    begin(d, indent, "title");
    for (uint32_t i = 0; i < t->len; i++) {
        if (i) ir_put(d->out, TEXT(" "));
        if (t->parts[i].operand == IR_NONE) {
            ir_put_quoted(d->out, t->parts[i].literal);
            continue;
        }
        ir_put(d->out, TEXT("{"));
        ir_print_node(d->ir, d->rule, t->parts[i].operand, d->out);
        ir_put(d->out, TEXT("}"));
    }
    end(d);
}

static void dump_meta(struct dump *d, const struct ir_rule *r)
{
    text_line(d, 1, "pack", r->pack);
    text_line(d, 1, "version", r->pack_version);
    text_line(d, 1, "author", r->author);
    text_line(d, 1, "license", r->license);
    text_line(d, 1, "doc", r->doc);
    dump_template(d, 1, &r->title);
    for (uint32_t i = 0; i < r->n_severities; i++) {
        begin(d, 1, "severity");
        ir_put(d->out, ir_severity_name((enum ir_severity)r->severities[i].severity));
        if (r->severities[i].when != IR_NONE) {
            ir_put(d->out, TEXT(" if "));
            ir_print_node(d->ir, r, r->severities[i].when, d->out);
        }
        end(d);
    }
    texts_line(d, 1, "attack", r->attack, r->n_attack, false);
    texts_line(d, 1, "refs", r->refs, r->n_refs, true);
    texts_line(d, 1, "falsepos", r->falsepos, r->n_falsepos, true);
}

static void dump_step_exceptions(struct dump *d, const struct ir_group *g)
{
    for (uint32_t i = 0; i < g->n_exceptions; i++) {
        begin(d, 3, "except");
        ir_put(d->out, d->rule->exceptions[g->exceptions[i].exception].name);
        ir_put(d->out, TEXT(" if "));
        ir_print_node(d->ir, d->rule, g->exceptions[i].test, d->out);
        end(d);
    }
}

static void dump_group(struct dump *d, const struct ir_step *step, const struct ir_group *g)
{
    const struct ir_rule *r = d->rule;
    apis_line(d, 2, "api", g);
    test_lines(d, 3, g->test);
    node_line(d, 3, "gate", g->gate);
    begin(d, 3, "key");
    nodes(d, g->key, r->n_by);
    end(d);
    for (uint32_t i = 0; i < r->n_joins; i++) {
        if (g->joins[i] == IR_NONE) continue;
        begin(d, 3, r->joins[i].differs ? "unlike" : "join");
        ir_put(d->out, r->joins[i].name);
        ir_put(d->out, TEXT(" = "));
        ir_print_node(d->ir, r, g->joins[i], d->out);
        end(d);
    }
    for (uint32_t i = 0; i < step->n_captures; i++) {
        begin(d, 3, "capture");
        ir_put(d->out, step->captures[i].name);
        ir_putf(d->out, " %s = ", ir_type_name((enum ir_type)step->captures[i].type));
        if (g->captures[i] == IR_NONE) ir_put(d->out, TEXT("absent"));
        else ir_print_node(d->ir, r, g->captures[i], d->out);
        if (step->captures[i].is_target) ir_put(d->out, TEXT(", all values"));
        end(d);
    }
    dump_step_exceptions(d, g);
}

static void dump_exception(struct dump *d, const struct ir_exception *e)
{
    begin(d, 1, "except");
    ir_put(d->out, e->name);
    if (e->on_match) {
        ir_put(d->out, TEXT(" if "));
        ir_print_node(d->ir, d->rule, e->when, d->out);
    } else {
        ir_put(d->out, TEXT(" on "));
        ir_put(d->out, d->rule->steps[e->step].name);
    }
    if (e->expires != INT64_MAX) {
        char time[32];
        ir_put(d->out, TEXT(", until "));
        ir_put(d->out, (struct text){time, time_print(e->expires * NS_PER_SECOND, time)});
    }
    end(d);
    text_line(d, 2, "reason", e->reason);
}

static void dump_tuning(struct dump *d, const struct ir_rule *r)
{
    for (uint32_t i = 0; i < r->n_exceptions; i++) dump_exception(d, &r->exceptions[i]);
    for (uint32_t i = 0; i < r->n_tunings; i++) text_line(d, 1, "tuned", r->tunings[i].words);
}

static void dump_step(struct dump *d, const struct ir_step *step)
{
    static const char *const kinds[] = {[IR_ASK_NEW] = "new",
                                        [IR_ASK_AGE] = "age",
                                        [IR_ASK_RARITY] = "rarity",
                                        [IR_ASK_PREVALENCE] = "prevalence",
                                        [IR_ASK_SINCE] = "age_since"};
    begin(d, 1, "step");
    ir_put(d->out, step->name);
    if (step->counted) ir_put(d->out, TEXT(", counted"));
    end(d);
    for (uint32_t i = 0; i < step->n_groups; i++) dump_group(d, step, &step->groups[i]);
    for (uint32_t i = 0; i < step->n_asks; i++) {
        const struct ir_ask *ask = &d->rule->asks[step->asks[i]];
        begin(d, 2, "ask");
        ir_putf(d->out, "%s ", kinds[ask->kind]);
        ir_put(d->out, d->ir->baselines[ask->baseline].name);
        end(d);
    }
}

static void dump_score(struct dump *d, const struct ir_rule *r)
{
    if (!r->has_score) return;
    begin(d, 1, "score");
    ir_putf(d->out, "%d\n", r->score);
    for (uint32_t i = 0; i < r->n_terms; i++) {
        ir_putf(d->out, "%*s%+4d if ", 16, "", r->terms[i].points);
        ir_print_node(d->ir, r, r->terms[i].when, d->out);
        end(d);
    }
}

static void dump_respond(struct dump *d, const struct ir_respond *act)
{
    begin(d, 1, "respond");
    ir_putf(d->out, "at %d %s", act->at, act->settled ? "settled " : "");
    ir_put(d->out, act->verb);
    ir_put(d->out, TEXT("("));
    for (uint32_t i = 0; i < act->n_args; i++) {
        if (i) ir_put(d->out, TEXT(", "));
        ir_put(d->out, act->arg_names[i]);
        ir_put(d->out, TEXT(" = "));
        ir_print_node(d->ir, d->rule, act->args[i], d->out);
    }
    ir_put(d->out, TEXT(")"));
    if (act->limit) {
        ir_putf(d->out, " limit %u ", act->limit);
        ir_put(d->out, act->limit_what);
    }
    if (act->undo_after) {
        ir_put(d->out, TEXT(" undo after "));
        ir_put_duration(d->out, act->undo_after * NS_PER_SECOND);
    }
    end(d);
}

static void dump_require(struct dump *d, const struct ir_require *q)
{
    begin(d, 1, "require");
    ir_put(d->out, q->kind == IR_REQUIRE_READS ? TEXT("read-only events") : d->ir->schemas[q->schema].feed);
    for (uint32_t i = 0; i < q->n_parts; i++) {
        ir_put(d->out, i ? TEXT(", ") : TEXT(" of "));
        ir_put(d->out, d->rule->by[q->parts[i]].name);
    }
    if (q->kind == IR_REQUIRE_FRESH) {
        ir_put(d->out, TEXT(", fresh to "));
        ir_put_duration(d->out, q->fresh * NS_PER_SECOND);
    }
    if (q->has_else) {
        ir_put(d->out, TEXT(", else "));
        ir_put(d->out, ir_severity_name((enum ir_severity)q->severity));
    }
    end(d);
    if (q->has_else) dump_template(d, 2, &q->title);
}

static void dump_by(struct dump *d, const struct ir_rule *r)
{
    begin(d, 1, "by");
    for (uint32_t i = 0; i < r->n_by; i++) {
        if (i) ir_put(d->out, TEXT(", "));
        ir_put(d->out, r->by[i].name);
    }
    end(d);
}

static void dump_from(struct dump *d, const struct ir_rule *r)
{
    if (!r->n_from) return;
    begin(d, 1, "from");
    for (uint32_t i = 0; i < r->n_from; i++) {
        if (i) ir_put(d->out, TEXT(", "));
        ir_put(d->out, d->ir->schemas[r->from[i]].name);
    }
    end(d);
}

/* For rules over this one. */
static void dump_gives(struct dump *d, const struct ir_rule *r)
{
    for (uint32_t i = 0; i < r->n_gives; i++) {
        begin(d, 1, "gives");
        ir_put(d->out, d->ir->fields[r->gives[i].field].name);
        ir_put(d->out, d->ir->nodes[r->gives[i].value].op == IR_OP_KEY ? TEXT(" of the key\n") : TEXT(" of the last event\n"));
    }
}

static void dump_refusal(struct dump *d, const struct ir_rule *r)
{
    const struct diag_info *info = diag_info((enum diag_code)r->refused);
    if (!r->refused) return;
    begin(d, 1, "refused");
    ir_putf(d->out, "%s, %s\n", info->name, info->title);
}

static void dump_rule(struct dump *d, const struct ir_rule *r)
{
    d->rule = r;
    ir_put(d->out, TEXT("rule "));
    ir_put(d->out, r->name);
    end(d);
    dump_meta(d, r);
    dump_from(d, r);
    dump_by(d, r);
    if (!r->is_on) seconds_line(d, 1, "within", r->within);
    for (uint32_t i = 0; i < r->n_steps; i++) dump_step(d, &r->steps[i]);
    if (r->match) {
        begin(d, 1, "match");
        ir_print_match(r, r->match, d->out);
        end(d);
    }
    node_line(d, 1, "where", r->where);
    dump_gives(d, r);
    for (uint32_t i = 0; i < r->n_requires; i++) dump_require(d, &r->requires[i]);
    if (r->is_blind) text_line(d, 1, "blind", TEXT("no source has what it requires"));
    dump_tuning(d, r);
    dump_score(d, r);
    begin(d, 1, "open");
    ir_putf(d->out, "at %d\n", r->open_at);
    seconds_line(d, 1, "once", r->once);
    for (uint32_t i = 0; i < r->n_responds; i++) dump_respond(d, &r->responds[i]);
    begin(d, 1, "answers");
    ir_put(d->out, r->monotone ? TEXT("at once, for good") : TEXT("provisionally, then settled"));
    end(d);
    dump_refusal(d, r);
    fingerprint_line(d, r->fingerprint);
    d->rule = NULL;
}

/* ---- links and declared verbs -------------------------------------------------------------------------- */

static void dump_link(struct dump *d, const struct ir_link *link)
{
    ir_put(d->out, TEXT("link "));
    ir_put(d->out, ir_link_kind_name((enum ir_link_kind)link->kind));
    ir_put(d->out, TEXT(" "));
    ir_put(d->out, link->name);
    end(d);
    for (uint32_t i = 0; i < link->n_on; i++) {
        apis_line(d, 1, "on", &link->on[i]);
        test_lines(d, 2, link->on[i].test);
    }
    node_line(d, 1, "from", link->from);
    node_line(d, 1, "to", link->to);
    if (link->lasts) seconds_line(d, 1, "for", link->lasts);
}

static void dump_action(struct dump *d, const struct ir_action *action)
{
    static const char *const reaches[] = {
        [VERB_HARMLESS] = "harmless", [VERB_REVERSIBLE] = "reversible", [VERB_WIDE] = "wide"};
    ir_put(d->out, TEXT("action "));
    ir_put(d->out, action->name);
    ir_putf(d->out, ", %s\n", reaches[action->reach]);
    for (uint32_t i = 0; i < action->n_params; i++) {
        begin(d, 1, ir_argument_name((enum ir_argument)action->params[i].kind).at);
        ir_put(d->out, action->params[i].name);
        end(d);
    }
    text_line(d, 1, "meaning", action->meaning);
}

/* ---- the site ----------------------------------------------------------------------------------------- */

static void dump_sink(struct dump *d, const struct ir_sink *s)
{
    static const char *const kinds[] = {
        [IR_SINK_FILE] = "file", [IR_SINK_WEBHOOK] = "webhook", [IR_SINK_EXEC] = "exec"};
    ir_put(d->out, TEXT("sink "));
    ir_put(d->out, s->name);
    ir_putf(d->out, " %s\n", kinds[s->kind]);
    text_line(d, 1, "path", s->path);
    text_line(d, 1, "url", s->url);
    texts_line(d, 1, "argv", s->argv, s->n_argv, true);
    if (s->kind == IR_SINK_FILE) return;
    begin(d, 1, "timeout");
    ir_put_duration(d->out, s->timeout);
    end(d);
    if (s->kind != IR_SINK_WEBHOOK) return;
    begin(d, 1, "retries");
    ir_putf(d->out, "%u\n", s->retries);
}

static void dump_site(struct dump *d, const struct ir_site *s)
{
    for (uint32_t i = 0; i < s->n_sources; i++) {
        ir_put(d->out, TEXT("source "));
        ir_put(d->out, s->sources[i].name);
        ir_put(d->out, TEXT(" "));
        ir_put(d->out, s->sources[i].kind);
        ir_put(d->out, s->sources[i].follow ? TEXT(", followed\n") : TEXT("\n"));
        text_line(d, 1, "path", s->sources[i].path);
        if (s->sources[i].disorder >= 0) seconds_line(d, 1, "disorder", s->sources[i].disorder);
        if (s->sources[i].max_lag) seconds_line(d, 1, "max_lag", s->sources[i].max_lag);
        if (!s->sources[i].reads) text_line(d, 1, "lacks", TEXT("read-only events"));
    }
    for (uint32_t i = 0; i < s->n_sinks; i++) dump_sink(d, &s->sinks[i]);
    ir_put(d->out, s->mode == IR_POLICY_ENFORCE ? TEXT("policy enforce\n") : TEXT("policy propose\n"));
    texts_line(d, 1, "allow", s->allow, s->n_allow, true);
    text_line(d, 1, "incidents", s->incidents);
    text_line(d, 1, "state", s->state);
    text_line(d, 1, "socket", s->socket);
}

void ir_dump(const struct ir *ir, void (*put)(void *to, const char *at, size_t len), void *to)
{
    struct dump d = {.ir = ir, .out = {put, to}};
    for (uint32_t i = 0; i < ir->n_schemas; i++) dump_schema(&d, i);
    for (uint32_t i = 0; i < ir->n_lists; i++) dump_list(&d, &ir->lists[i]);
    for (uint32_t i = 0; i < ir->n_params; i++) dump_param(&d, &ir->params[i]);
    for (uint32_t i = 0; i < ir->n_baselines; i++) dump_baseline(&d, &ir->baselines[i]);
    for (uint32_t i = 0; i < ir->n_links; i++) dump_link(&d, &ir->links[i]);
    for (uint32_t i = 0; i < ir->n_actions; i++) dump_action(&d, &ir->actions[i]);
    for (uint32_t i = 0; i < ir->n_rules; i++) dump_rule(&d, &ir->rules[i]);
    for (uint32_t i = 0; i < ir->n_disabled; i++) {
        ir_put(d.out, TEXT("disabled "));
        ir_put(d.out, ir->disabled[i].name);
        end(&d);
        text_line(&d, 1, "reason", ir->disabled[i].reason);
    }
    if (ir->site) dump_site(&d, ir->site);
}
