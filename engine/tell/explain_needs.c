/* explain_needs.c - what a rule waits for, what must arrive for it, and what it costs. */
#include "engine/tell/explain.h"

#include "engine/base/glob.h"
#include "engine/ir/cost.h"
#include "engine/ir/settle.h"
#include "engine/state/cost.h"

/* ---- feeds --------------------------------------------------------------------------------------------- */

static bool api_is_of(const struct teller *t, const struct ir_api *api, const struct ir_schema *s)
{
    const struct ir_node *service = &t->ir->nodes[s->service];
    if (!api->action.len || service->op != IR_OP_CONST) return true;
    return glob_match(api->service, value_text(t->ir->constants[service->x]), false);
}

static bool has_source_of_its_own(const struct teller *t, const struct ir_api *api)
{
    for (uint32_t i = 0; i < t->ir->n_schemas; i++)
        if (t->ir->nodes[t->ir->schemas[i].service].op == IR_OP_CONST && api->action.len &&
            api_is_of(t, api, &t->ir->schemas[i]))
            return true;
    return false;
}

static bool is_from(const struct ir_rule *rule, uint32_t schema)
{
    for (uint32_t i = 0; i < rule->n_from; i++)
        if (rule->from[i] == schema) return true;
    return !rule->n_from;
}

static bool rule_reads_schema(const struct teller *t, const struct ir_rule *rule, uint32_t schema);

/* A source with one service of its own has all calls of it. */
static bool api_reads_schema(const struct teller *t, const struct ir_rule *rule, const struct ir_api *api,
                             uint32_t schema)
{
    const struct ir_schema *s = &t->ir->schemas[schema];
    bool is_single = t->ir->nodes[s->service].op == IR_OP_CONST;
    if (api->rule != IR_NONE) return rule_reads_schema(t, &t->ir->rules[api->rule], schema);
    if (!is_from(rule, schema) || !api_is_of(t, api, s)) return false;
    return is_single || !has_source_of_its_own(t, api);
}

/* Whether records of a source can be taken by the rule, or by one whose groups it takes. */
static bool rule_reads_schema(const struct teller *t, const struct ir_rule *rule, uint32_t schema)
{
    for (uint32_t i = 0; i < rule->n_steps; i++)
        for (uint32_t g = 0; g < rule->steps[i].n_groups; g++)
            for (uint32_t a = 0; a < rule->steps[i].groups[g].n_apis; a++)
                if (api_reads_schema(t, rule, &rule->steps[i].groups[g].apis[a], schema)) return true;
    return false;
}

static bool reads_schema(const struct teller *t, uint32_t schema)
{
    return rule_reads_schema(t, t->rule, schema);
}

/* ---- waiting ------------------------------------------------------------------------------------------- */

/* "10m (cloudtrail)": how late records of the rule's sources may come; the longest counts. */
static int64_t longest_disorder(const struct teller *t)
{
    int64_t most = 0;
    for (uint32_t i = 0; i < t->ir->n_schemas; i++)
        if (reads_schema(t, i) && most < t->ir->schemas[i].disorder) most = t->ir->schemas[i].disorder;
    return most;
}

static void tell_doubtful_gates(struct teller *t)
{
    for (uint32_t i = 0; i < t->rule->n_steps; i++)
        for (uint32_t g = 0; g < t->rule->steps[i].n_groups; g++) {
            ir_node_id gate = t->rule->steps[i].groups[g].gate;
            if (gate == IR_NONE) continue;
            struct text name = t->rule->is_on ? TEXT("its event") : t->rule->steps[i].name;
            t->step = i;
            prose_put(&t->prose, "- " TEXT_FMT " is taken because ", TEXT_ARG(name));
            tell_test(t, gate);
            prose_put(&t->prose, "; an earlier sighting may still arrive, and the match may be retracted.");
            prose_end(&t->prose, 4, 6);
        }
    t->step = IR_NONE;
}

static void tell_doubtful_score(struct teller *t)
{
    for (uint32_t i = 0; i < t->rule->n_terms; i++) {
        const struct ir_term *term = &t->rule->terms[i];
        bool asks = ir_asks(t->ir, term->when);
        if (!asks && !ir_term_can_fall(t->ir, term)) continue;
        prose_put(&t->prose, "- the %+d if ", term->points);
        tell_test(t, term->when);
        prose_put(&t->prose, "; %s.",
                  asks ? "an earlier sighting may still arrive" : "more events may change that");
        prose_end(&t->prose, 4, 6);
    }
    for (uint32_t i = 0; i < t->rule->n_severities; i++) {
        const struct ir_severity_if *line = &t->rule->severities[i];
        bool asks = ir_asks(t->ir, line->when);
        if (!asks && !ir_can_fall(t->ir, line->when)) continue;
        prose_put(&t->prose, "- severity " TEXT_FMT " if ",
                  TEXT_ARG(ir_severity_name((enum ir_severity)line->severity)));
        tell_test(t, line->when);
        prose_put(&t->prose, "; %s.",
                  asks ? "an earlier sighting may still arrive" : "more events may change that");
        prose_end(&t->prose, 4, 6);
    }
}

static void tell_doubtful_exceptions(struct teller *t)
{
    for (uint32_t i = 0; i < t->rule->n_exceptions; i++) {
        const struct ir_exception *e = &t->rule->exceptions[i];
        if (!ir_exception_can_change(t->ir, e)) continue;
        prose_put(&t->prose, "- the exception " TEXT_FMT ", which takes a match if ", TEXT_ARG(e->name));
        tell_test(t, e->when);
        prose_put(&t->prose, "; the incident may then be retracted, or open late.");
        prose_end(&t->prose, 4, 6);
    }
}

static void tell_forbidden_steps(struct teller *t)
{
    uint64_t forbidden = ir_forbidden_steps(t->rule);
    uint32_t n = (uint32_t)__builtin_popcountll(forbidden), told = 0;
    for (uint32_t i = 0; i < t->rule->n_steps; i++)
        if (forbidden >> i & 1)
            prose_put(&t->prose, "%s" TEXT_FMT, list_joint(told++, n, " or "),
                      TEXT_ARG(t->rule->steps[i].name));
}

static void tell_doubtful_match(struct teller *t)
{
    struct prose *p = &t->prose;
    if (ir_forbidden_steps(t->rule)) {
        prose_put(p, "- an event of ");
        tell_forbidden_steps(t);
        prose_put(p, " may still arrive that forbids the match.");
        prose_end(p, 4, 6);
    }
    for (uint32_t i = 0; i < t->rule->n_steps; i++)
        if (ir_takes_groups(&t->rule->steps[i])) {
            prose_put(p, "- the match that is " TEXT_FMT " may begin earlier, or be taken back.",
                      TEXT_ARG(t->rule->steps[i].name));
            prose_end(p, 4, 6);
        }
    if (ir_where_can_fall(t->ir, t->rule)) {
        prose_put(p, "- it is a match because ");
        tell_test(t, t->rule->where);
        prose_put(p, "; more events may change that.");
        prose_end(p, 4, 6);
    }
}

/* The longest `!c for D` at the end of the match. */
static int64_t absent_for(const struct ir_match *m)
{
    int64_t most = m ? m->absent_for : 0;
    for (uint32_t i = 0; m && i < m->n_kids; i++) {
        int64_t kid = absent_for(&m->kids[i]);
        if (most < kid) most = kid;
    }
    return most;
}

/* What opens nothing before it is settled. */
static void tell_waiting(struct teller *t)
{
    struct prose *p = &t->prose;
    int64_t absent = absent_for(t->rule->match);
    prose_put(p, "It opens nothing before it is certain: ");
    if (absent) {
        prose_put(p,
                  "that something did not happen is known when records have been read that are later than ");
        tell_seconds(t, absent);
        prose_put(p, " after the last event, and as much as records of its sources may come late.");
    } else {
        prose_put(
            p, "that there were no more events than that is known when records have been read that are later "
               "than the window, and as much as records of its sources may come late.");
    }
    prose_end(p, 2, 2);
}

static struct state_cost cost_of(const struct teller *t)
{
    struct state_plan *plan = state_plan_new(t->ir);
    struct state_cost c = state_cost_of(plan, (uint32_t)(t->rule - t->ir->rules));
    state_plan_free(plan);
    return c;
}

static void tell_settling(struct teller *t)
{
    struct prose *p = &t->prose;
    prose_put(p, "An incident is settled when records have been read that are ");
    tell_seconds(t, longest_disorder(t) + cost_of(t).lag);
    prose_put(
        p, " newer than its newest event (that late a record may come, unless the site file says otherwise), "
           "and closed when nothing can join it any more: ");
    tell_seconds(t, t->rule->once + t->rule->within);
    prose_put(p, " later than its first match%s.",
              t->rule->within ? ", the time of once and the window together" : "");
    prose_end(p, 2, 2);
    for (uint32_t i = 0; i < t->rule->n_responds; i++)
        if (t->rule->responds[i].settled)
            prose_put(p, p->line.bytes.len ? ", " TEXT_FMT : "Only then are proposed: " TEXT_FMT,
                      TEXT_ARG(t->rule->responds[i].verb));
    if (!p->line.bytes.len) return;
    prose_put(p, ".");
    prose_end(p, 2, 2);
}

static void tell_doubts(struct teller *t)
{
    struct prose *p = &t->prose;
    prose_put(p, "It speaks at once with the record that completes a match, but provisionally, for it is not "
                 "monotone. What may change until the incident is settled:");
    prose_end(p, 2, 2);
    tell_doubtful_match(t);
    tell_doubtful_gates(t);
    tell_doubtful_score(t);
    tell_doubtful_exceptions(t);
    prose_put(p, "Until then the incident has the highest score that it has had.");
    prose_end(p, 2, 2);
}

/* What becomes of a match that may have been forbidden. */
static void tell_blindness(struct teller *t)
{
    struct prose *p = &t->prose;
    bool has_else = false;
    if (!ir_forbidden_steps(t->rule)) return;
    for (uint32_t i = 0; i < t->rule->n_requires; i++) has_else |= t->rule->requires[i].has_else;
    prose_put(p, "If nobody can tell whether an event is one of ");
    tell_forbidden_steps(t);
    prose_put(p,
              ", because a value that decides was withheld or the event lacks a part of the key, the match "
              "stands%s. "
              "Its incident is blinded: it names the event and the values, and never acts by itself.",
              has_else ? ", and becomes the incident that `else` names" : "");
    prose_end(p, 2, 2);
}

void tell_waits(struct teller *t)
{
    struct prose *p = &t->prose;
    if (t->rule->monotone) {
        prose_put(p, "For nothing. The rule is monotone: it speaks with the record that completes a match, "
                     "whichever of them arrives last, and nothing that arrives later can make that untrue.");
        prose_end(p, 2, 2);
    } else if (ir_match_waits(t->rule->match)) {
        tell_waiting(t);
    } else {
        tell_doubts(t);
    }
    tell_settling(t);
    tell_blindness(t);
}

/* ---- needs: feeds -------------------------------------------------------------------------------------- */

/* Several kinds of records may be one feed: Kubernetes' own, AKS' and GKE's. It is told once. */
static bool tells_feed(const struct teller *t, uint32_t schema)
{
    struct text feed = t->ir->schemas[schema].feed;
    for (uint32_t i = 0; i < schema; i++)
        if (text_equal(t->ir->schemas[i].feed, feed) && reads_schema(t, i)) return false;
    return reads_schema(t, schema);
}

static void tell_feeds(struct teller *t)
{
    struct prose *p = &t->prose;
    uint32_t n = 0, told = 0;
    for (uint32_t i = 0; i < t->ir->n_schemas; i++) n += tells_feed(t, i);
    if (!n) return;
    prose_put(p, "Records of ");
    for (uint32_t i = 0; i < t->ir->n_schemas; i++) {
        if (!tells_feed(t, i)) continue;
        prose_put(p, "%s" TEXT_FMT, list_joint(told++, n, " and "), TEXT_ARG(t->ir->schemas[i].feed));
    }
    prose_put(p, ".");
    prose_end(p, 2, 2);
}

/* A call that only looks, by its name. */
static bool is_reading(const struct ir_api *api)
{
    static const struct text begins[] = {
        {"Get", 3}, {"List", 4}, {"Describe", 8}, {"Head", 4}, {"Lookup", 6}};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (text_starts(api->action, begins[i])) return true;
    return false;
}

static bool step_reads(const struct ir_step *step)
{
    for (uint32_t g = 0; g < step->n_groups; g++)
        for (uint32_t a = 0; a < step->groups[g].n_apis; a++)
            if (is_reading(&step->groups[g].apis[a])) return true;
    return false;
}

static void tell_reads(struct teller *t)
{
    uint32_t n = 0, told = 0;
    for (uint32_t i = 0; i < t->rule->n_steps; i++) n += step_reads(&t->rule->steps[i]);
    for (uint32_t i = 0; i < t->rule->n_requires; i++) n += t->rule->requires[i].kind == IR_REQUIRE_READS;
    if (t->rule->is_blind)
        prose_put(&t->prose, "It is blind here: no source of the site file has read-only events. ");
    if (!n) return;
    prose_put(&t->prose, "Read-only events must be in the feed");
    for (uint32_t i = 0; !t->rule->is_on && i < t->rule->n_steps; i++)
        if (step_reads(&t->rule->steps[i]))
            prose_put(&t->prose, "%s" TEXT_FMT, told ? list_joint(told, n, " and ") : ", for ",
                      TEXT_ARG(t->rule->steps[i].name)),
                told++;
    prose_put(&t->prose, ": a trail can be set to leave them out.");
    prose_end(&t->prose, 2, 2);
}

/* ---- needs: fields that no record has ------------------------------------------------------------------ */

static bool mentions(const struct teller *t, ir_node_id id, uint32_t field);

static bool mentions_capture(const struct teller *t, const struct ir_node *node, uint32_t field)
{
    const struct ir_step *step = &t->rule->steps[node->y];
    if (ir_takes_groups(step)) return false; /* what another rule's match gives */
    for (uint32_t g = 0; g < step->n_groups; g++)
        if (mentions(t, step->groups[g].captures[node->x], field)) return true;
    return false;
}

static bool mentions_ask(const struct teller *t, const struct ir_ask *ask, uint32_t field)
{
    const struct ir_baseline *b = &t->ir->baselines[ask->baseline];
    for (uint32_t i = 0; i < b->n_key; i++)
        if (mentions(t, b->key[i], field)) return true;
    return mentions(t, b->value, field);
}

/* Whether an expression reads a field, through values of steps and questions to baselines. */
static bool mentions(const struct teller *t, ir_node_id id, uint32_t field)
{
    if (id == IR_NONE) return false;
    const struct ir_node *node = &t->ir->nodes[id];
    switch ((enum ir_op)node->op) {
    case IR_OP_FIELD: return node->x == field;
    case IR_OP_CAPTURE:
    case IR_OP_FIRST:
    case IR_OP_LAST:
    case IR_OP_DISTINCT:
    case IR_OP_SUM_OF:
    case IR_OP_MIN_OF:
    case IR_OP_MAX_OF: return mentions_capture(t, node, field);
    case IR_OP_ASK_NEW:
    case IR_OP_ASK_AGE:
    case IR_OP_ASK_RARITY:
    case IR_OP_ASK_PREVALENCE:
    case IR_OP_ASK_SINCE: return mentions_ask(t, &t->rule->asks[node->x], field);
    default: break;
    }
    for (uint32_t i = 0; i < node->n; i++)
        if (mentions(t, t->ir->operands[node->first + i], field)) return true;
    return false;
}

/* The places of the rule that read the field, a line each; only counted if not `say`. */
struct losses {
    struct teller *t;
    uint32_t field, n;
    bool say;
};

static void lose(struct losses *l, ir_node_id id, const char *what, struct text name)
{
    if (!mentions(l->t, id, l->field)) return;
    l->n++;
    if (!l->say) return;
    prose_put(&l->t->prose, what, TEXT_ARG(name));
    prose_end(&l->t->prose, 4, 6);
}

static void lose_in_steps(struct losses *l)
{
    const struct ir_rule *r = l->t->rule;
    for (uint32_t i = 0; i < r->n_steps; i++)
        for (uint32_t g = 0; g < r->steps[i].n_groups; g++) {
            const struct ir_group *group = &r->steps[i].groups[g];
            if (group->n_apis && group->apis[0].rule != IR_NONE) continue;
            for (uint32_t k = 0; k < r->n_by; k++)
                lose(l, group->key[k], "- the key: " TEXT_FMT " is never taken", r->steps[i].name);
            lose(l, group->test, "- the predicate of " TEXT_FMT, r->steps[i].name);
            lose(l, group->gate, "- the question to a baseline in " TEXT_FMT, r->steps[i].name);
        }
}

static void lose_in_rule(struct losses *l)
{
    const struct ir_rule *r = l->t->rule;
    lose_in_steps(l);
    for (uint32_t i = 0; i < r->n_terms; i++) {
        struct text points = arena_printf(l->t->prose.line.arena, "%+d if " TEXT_FMT, r->terms[i].points,
                                          TEXT_ARG(r->terms[i].words));
        lose(l, r->terms[i].when, "- the " TEXT_FMT, points);
    }
    for (uint32_t i = 0; i < r->n_severities; i++)
        lose(l, r->severities[i].when, "- severity " TEXT_FMT,
             ir_severity_name((enum ir_severity)r->severities[i].severity));
    for (uint32_t i = 0; i < r->title.len; i++)
        lose(l, r->title.parts[i].operand, "- a part of the title%.*s", TEXT(""));
}

/* What csr adds to a record from a database of networks (language.md B26). */
static bool is_enrichment(const struct teller *t, uint32_t field)
{
    for (uint32_t i = 0; i < t->ir->n_schemas; i++) {
        ir_node_id id = t->ir->fields[field].in_schema[i];
        if (id == IR_NONE) continue;
        uint8_t op = t->ir->nodes[id].op;
        if (op == IR_OP_ASN_OF || op == IR_OP_ORG_OF || op == IR_OP_COUNTRY_OF) return true;
    }
    return false;
}

static bool some_source_gives(const struct teller *t, uint32_t field)
{
    for (uint32_t i = 0; i < t->ir->n_schemas; i++)
        if (t->ir->fields[field].in_schema[i] != IR_NONE && reads_schema(t, i)) return true;
    return false;
}

static void tell_missing(struct teller *t, uint32_t field)
{
    struct losses l = {.t = t, .field = field};
    struct text name = t->ir->fields[field].name;
    if (!is_enrichment(t, field) && some_source_gives(t, field)) return;
    lose_in_rule(&l);
    if (!l.n) return;
    if (is_enrichment(t, field))
        prose_put(&t->prose,
                  TEXT_FMT " comes from a database of networks that the site file names. Without one it is "
                           "absent, and a test on it is false:",
                  TEXT_ARG(name));
    else
        prose_put(&t->prose,
                  "No source of this rule has " TEXT_FMT ". It is always absent, and a test on it is false:",
                  TEXT_ARG(name));
    prose_end(&t->prose, 2, 2);
    l.say = true;
    lose_in_rule(&l);
}

void tell_needs(struct teller *t)
{
    tell_feeds(t);
    tell_reads(t);
    for (uint32_t i = 0; i < t->ir->n_fields; i++) tell_missing(t, i);
}

/* ---- cost ---------------------------------------------------------------------------------------------- */

static void tell_bytes(struct teller *t, uint64_t bytes)
{
    if (bytes < 10000)
        prose_put(&t->prose, "%llu bytes", (unsigned long long)bytes);
    else if (bytes < 10000000)
        prose_put(&t->prose, "%.0f KB", (double)bytes / 1e3);
    else
        prose_put(&t->prose, "%.0f MB", (double)bytes / 1e6);
}

static bool takes_every_event(const struct ir_rule *r)
{
    for (uint32_t i = 0; i < r->n_steps; i++)
        for (uint32_t g = 0; g < r->steps[i].n_groups; g++)
            for (uint32_t a = 0; a < r->steps[i].groups[g].n_apis; a++) {
                const struct ir_api *api = &r->steps[i].groups[g].apis[a];
                if (!api->action.len && api->rule == IR_NONE) return true;
            }
    return false;
}

static void tell_half_built(struct teller *t, const struct state_cost *c)
{
    struct prose *p = &t->prose;
    prose_put(p, "A key that has an event takes ");
    tell_bytes(t, c->key);
    prose_put(p, ", and ");
    tell_bytes(t, c->run);
    prose_put(p, " for each half-built match. There %s at most %llu of them",
              c->runs_most == 1 ? "is" : "are", (unsigned long long)c->runs_most);
    if (c->values_most > 1)
        prose_put(p, " for each of at most %u values by which its steps refer to one another",
                  c->values_most);
    prose_put(p, ", however many events come.");
}

/* What keeps a slot a second, and for how long (language.md B22), beside values that are asked for. */
static void tell_slots(struct teller *t)
{
    struct ir_cost cost = ir_rule_cost(t->rule);
    const struct {
        bool is_why;
        const char *why;
    } reasons[] = {{cost.of_gap, "an arrow says how much later at least"},
                   {cost.of_amount, "an amount or an upper bound looks at each event"},
                   {cost.of_where, "`where` looks at every event of the window"}};
    uint32_t n = 0, told = 0;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) n += reasons[i].is_why;
    if (!n) return;
    prose_put(&t->prose, " Of the last ");
    tell_seconds(t, cost.of_amount || cost.of_where ? t->rule->within : cost.of_gap);
    prose_put(&t->prose, " it keeps a slot for each second that has events, because ");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].is_why) prose_put(&t->prose, "%s%s", list_joint(told++, n, " and "), reasons[i].why);
    prose_put(&t->prose, ".");
}

void tell_cost(struct teller *t)
{
    struct state_cost c = cost_of(t);
    struct prose *p = &t->prose;
    prose_put(p, takes_every_event(t->rule) ? "Its predicate is looked at for every event."
                 : t->rule->depth
                     ? "Only the matches and calls that it names wake it; other events cost it nothing."
                     : "Only the calls that it names wake it; other events cost it nothing.");
    prose_end(p, 2, 2);
    if (t->rule->is_on)
        prose_put(p, "It keeps nothing but its incidents.");
    else
        tell_half_built(t, &c);
    if (!t->rule->is_on) tell_slots(t);
    prose_put(p, " An incident takes ");
    tell_bytes(t, c.incident);
    prose_put(p, " until it is closed. An event takes about ");
    tell_bytes(t, c.event);
    prose_put(p, " and its texts; kept are those that %s shows, at most %u of a step",
              t->rule->is_on ? "an incident" : "a half-built match or an incident", c.shown_most);
    prose_put(p, ", and those of the last ");
    tell_seconds(t, longest_disorder(t));
    prose_put(p, ", because an older one may still come between them.");
    prose_end(p, 2, 2);
    if (!c.keeps_window) return;
    prose_put(p, "It looks at all events of a step, not at those of one choice alone. For that every event "
                 "is kept for ");
    tell_seconds(t, t->rule->within);
    prose_put(p, ", in a slot for each second that has one.");
    prose_end(p, 2, 2);
}
