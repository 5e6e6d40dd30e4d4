/* spell.c - match trees and expressions back to text, events to records.
 *
 * Made records are all of one call, `random:Do`. What an event fills stands among its parameters: {"s0":
 * true}; so do the values that references compare (j0, j1) and that are counted (val, tag). Real ones
 * (real.h) have these where they have them.
 */
#include "tests/oracle/spell.h"
#include "tests/oracle/over.h"
#include "tests/oracle/real.h"

#include <time.h>

#define HIDDEN "\"HIDDEN_DUE_TO_SECURITY_REASONS\""

static void spell_expression(FILE *to, const struct a_case *c, ir_node_id node);

/* ---- where values stand ------------------------------------------------------------------------------- */

struct places {
    const char *by, *join[2], *number, *text;
};

static const struct places *places_of(const struct a_case *c)
{
    static const struct places made = {"actor",
                                       {"raw.requestParameters.j0", "raw.requestParameters.j1"},
                                       "raw.requestParameters.val",
                                       "raw.requestParameters.tag[]"};
    static const struct places real = {"raw.sourceIPAddress",
                                       {"raw.userAgent", "raw.userIdentity.accessKeyId"},
                                       "raw.requestParameters.maxResults",
                                       "raw.userAgent[]"};
    return c->call[0] ? &real : &made;
}

/* Whose events fill a step, with an open parenthesis. */
static void spell_events(FILE *to, const struct a_case *c, uint32_t s)
{
    if (c->call[s])
        fprintf(to, "*:%s (raw.eventID present", c->call[s]);
    else
        fprintf(to, "random:Do (truthy(raw.requestParameters.s%u)", s);
}

/* ---- match -------------------------------------------------------------------------------------------- */

static void spell_gap(FILE *to, const struct ir_arrow *a)
{
    fputs(a->strict ? " =>" : " ->", to);
    if (a->least && a->most != INT64_MAX)
        fprintf(to, "[%lds..%lds]", a->least, a->most);
    else if (a->least)
        fprintf(to, "[%lds..]", a->least);
    else if (a->most != INT64_MAX)
        fprintf(to, "[%lds]", a->most);
    fputc(' ', to);
}

static const char *capture_name(uint32_t capture)
{
    static const char *const names[] = {"id", "val", "tag", "time"};
    return names[capture];
}

static void spell_repeat(FILE *to, const struct ir_match *m)
{
    fprintf(to, "s%u[", m->kids->step);
    if (m->taking == IR_TAKE_SUM)
        fprintf(to, "sum %s >= %g", capture_name(m->value), m->amount);
    else if (m->most)
        fprintf(to, "%u..%u", m->least, m->most);
    else
        fprintf(to, "%u..", m->least);
    if (m->taking == IR_TAKE_DISTINCT) fprintf(to, " distinct %s", capture_name(m->value));
    if (m->in != INT64_MAX) fprintf(to, " in %lds", m->in);
    fputc(']', to);
}

static void spell_kids(FILE *to, const struct ir_match *m)
{
    static const char *const between[] = {
        [IR_M_ANY_ORDER] = " & ", [IR_M_EITHER] = " | ", [IR_M_SOME_OF] = ", "};
    if (m->kind == IR_M_SOME_OF) fprintf(to, "%u of ", m->least);
    fputc('(', to);
    for (uint32_t i = 0; i < m->n_kids; i++) {
        if (i && m->kind == IR_M_CHAIN)
            spell_gap(to, &m->arrows[i]);
        else if (i)
            fputs(between[m->kind], to);
        spell_match(to, &m->kids[i]);
    }
    fputc(')', to);
}

void spell_match(FILE *to, const struct ir_match *m)
{
    switch (m->kind) {
    case IR_M_STEP: fprintf(to, "s%u", m->step); break;
    case IR_M_REPEAT: spell_repeat(to, m); break;
    case IR_M_OPTIONAL:
        spell_match(to, m->kids);
        fputc('?', to);
        break;
    case IR_M_GROUP:
        spell_match(to, m->kids);
        if (m->in != INT64_MAX) fprintf(to, "[in %lds]", m->in);
        break;
    case IR_M_NOT:
        fputc('!', to);
        spell_match(to, m->kids);
        if (m->absent_for) fprintf(to, " for %lds", m->absent_for);
        break;
    default: spell_kids(to, m); break;
    }
}

/* ---- expressions -------------------------------------------------------------------------------------- */

static void spell_constant(FILE *to, struct value v)
{
    if (v.kind == VALUE_DURATION)
        fprintf(to, "%lds", v.i / INT64_C(1000000000));
    else
        fprintf(to, "%ld", v.i);
}

static void spell_two(FILE *to, const struct a_case *c, const struct ir_node *n, const char *between)
{
    fputc('(', to);
    spell_expression(to, c, c->ir.operands[n->first]);
    fprintf(to, " %s ", between);
    spell_expression(to, c, c->ir.operands[n->first + 1]);
    fputc(')', to);
}

static const char *op_name(uint8_t op)
{
    static const char *const names[] = {
#define IR_OP(op, name, arity) name,
#include "engine/ir/ir_op.def"
#undef IR_OP
    };
    return names[op];
}

static void spell_expression(FILE *to, const struct a_case *c, ir_node_id node)
{
    const struct ir_node *n = &c->ir.nodes[node];
    switch (n->op) {
    case IR_OP_CONST: spell_constant(to, c->ir.constants[n->x]); break;
    case IR_OP_STEP_EXISTS: fprintf(to, "exists s%u", n->y); break;
    case IR_OP_COUNT: fprintf(to, "count(s%u)", n->y); break;
    case IR_OP_DISTINCT: fprintf(to, "distinct(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_SUM_OF: fprintf(to, "sum(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_MIN_OF: fprintf(to, "min(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_MAX_OF: fprintf(to, "max(s%u.%s)", n->y, capture_name(n->x)); break;
    case IR_OP_FIRST: fprintf(to, "first(s%u).%s", n->y, capture_name(n->x)); break;
    case IR_OP_LAST: fprintf(to, "last(s%u).%s", n->y, capture_name(n->x)); break;
    case IR_OP_CAPTURE: fprintf(to, "s%u.%s", n->y, capture_name(n->x)); break;
    case IR_OP_ASK_NEW:
    case IR_OP_ASK_AGE:
    case IR_OP_ASK_RARITY:
    case IR_OP_ASK_PREVALENCE:
    case IR_OP_ASK_SINCE:
        fprintf(to, "%s(b%u", op_name(n->op), n->x);
        if (c->mode[n->y] != GATED) fprintf(to, ", s%u", n->y); /* it stands in the step's own predicate */
        fputc(')', to);
        break;
    case IR_OP_NOT:
        fputs("not ", to);
        spell_expression(to, c, c->ir.operands[n->first]);
        break;
    default: spell_two(to, c, n, op_name(n->op)); break;
    }
}

/* ---- rules -------------------------------------------------------------------------------------------- */

static void spell_joins(FILE *to, const struct a_case *c, uint32_t s)
{
    for (uint32_t j = 0; j < c->rule.n_joins; j++) {
        const struct ir_join *join = &c->rule.joins[j];
        if (c->rule.steps[s].groups->joins[j] == IR_NONE || join->of == s) continue;
        const char *place = places_of(c)->join[j];
        fprintf(to, " and %s %s s%u.%s", place, join->differs ? "!=" : "==", join->of, place);
    }
}

static bool stands(const struct a_case *c, uint32_t s)
{
    return (c->required | c->optional | c->forbidden) >> s & 1;
}

/* Real records have the keys that they have. */
static bool has_keys(const struct a_case *c)
{
    return c->uses[USE_KEYS] && !c->call[0];
}

static void spell_step(FILE *to, const struct a_case *c, uint32_t s)
{
    static const char *const keys[] = {"user", "raw.requestParameters.k", "raw.requestParameters.ks[]"};
    fprintf(to, "    step s%u: ", s);
    spell_events(to, c, s);
    if (c->rule.steps[s].groups->gate != IR_NONE) {
        fputs(" and ", to);
        spell_expression(to, c, c->rule.steps[s].groups->gate);
    }
    spell_joins(to, c, s);
    fputs(")\n", to);
    if (has_keys(c)) fprintf(to, "        with k = %s\n", keys[c->by[s]]);
    if (c->forbidden >> s & 1) return;
    fprintf(to, "        with id = raw.eventID  with val = %s  with tag = %s\n", places_of(c)->number,
            places_of(c)->text);
}

static void spell_baselines(FILE *to, const struct a_case *c)
{
    for (uint32_t s = 0; s < c->n_steps; s++) {
        const struct ir_baseline *b = &c->past[s];
        if (c->mode[s] == PLAIN || !stands(c, s)) continue;
        fprintf(to, "baseline b%u = (%s, %s) on ", s, places_of(c)->by, places_of(c)->join[0]);
        spell_events(to, c, s);
        fprintf(to, "%s) keep %lds warmup %lds days %u\n", c->call[s] ? " and (ok or failed)" : "", b->keep,
                b->warmup, b->days);
    }
}

static void spell_title(FILE *to, const struct a_case *c)
{
    fputs("    title \"", to);
    for (uint32_t s = 0; s < c->n_steps; s++)
        if (stands(c, s) && !(c->forbidden >> s & 1)) fprintf(to, "{s%u.id} ", s);
    fputs("\"\n", to);
}

static void spell_severities(FILE *to, const struct a_case *c)
{
    static const char *const names[] = {"info", "low", "medium", "high", "critical"};
    for (uint32_t i = 0; i < c->rule.n_severities; i++) {
        const struct ir_severity_if *line = &c->rule.severities[i];
        fprintf(to, "    severity %s", names[line->severity]);
        if (line->when != IR_NONE) fputs(" if ", to), spell_expression(to, c, line->when);
        fputc('\n', to);
    }
}

static void spell_score(FILE *to, const struct a_case *c)
{
    if (!c->rule.has_score) return;
    fprintf(to, "    score %d", c->rule.score);
    for (uint32_t i = 0; i < c->rule.n_terms; i++) {
        fprintf(to, "\n          %+d if ", c->rule.terms[i].points);
        spell_expression(to, c, c->rule.terms[i].when);
    }
    fputc('\n', to);
}

static void spell_exceptions(FILE *to, const struct a_case *c)
{
    bool takes_events = c->taken_step != IR_NONE && stands(c, c->taken_step);
    if (!c->rule.n_exceptions && !takes_events) return;
    fputs("tune random {\n", to);
    if (c->rule.n_exceptions) {
        fputs("    except match_kept (", to);
        spell_expression(to, c, c->rule.exceptions->when);
        fputs(") on match reason \"known\"\n", to);
    }
    if (takes_events)
        fprintf(to,
                "    except step_kept (raw.requestParameters.j0 == \"v1\") on step s%u reason \"known\"\n",
                c->taken_step);
    fputs("}\n", to);
}

void spell_rule(FILE *to, const struct a_case *c)
{
    const struct ir_rule *r = &c->rule;
    fputs("use aws\n\n", to);
    spell_baselines(to, c);
    fputs("rule random {\n", to);
    spell_title(to, c);
    spell_severities(to, c);
    fprintf(to, "    attack T1078\n    falsepos \"none\"\n    by %s\n    within %lds\n",
            !has_keys(c)    ? places_of(c)->by
            : c->by_account ? "account, k"
                            : "k",
            r->within);
    for (uint32_t s = 0; s < c->n_steps; s++)
        if (stands(c, s)) spell_step(to, c, s);
    fputs("    match ", to);
    spell_match(to, r->match);
    if (r->until != IR_NONE) fprintf(to, " until s%u", r->until);
    if (r->where != IR_NONE) fputs("\n    where ", to), spell_expression(to, c, r->where);
    fputc('\n', to);
    spell_score(to, c);
    fprintf(to, "    open at %d\n    once for %lds\n}\n", r->open_at, r->once);
    spell_exceptions(to, c);
    over_spell(to, c);
}

/* ---- records ------------------------------------------------------------------------------------------ */

static void spell_value(FILE *to, struct value v)
{
    if (v.kind == VALUE_UNKNOWN) fputs("\"<sensitiveDataRemoved>\"", to);
    if (v.kind == VALUE_INT) fprintf(to, "%ld", v.i);
    if (v.kind == VALUE_STRING) fprintf(to, "\"%.*s\"", (int)v.len, v.s);
    if (v.kind != VALUE_LIST) return;
    fputc('[', to);
    for (uint32_t i = 0; i < v.len; i++) {
        if (i) fputc(',', to);
        spell_value(to, v.items[i]);
    }
    fputc(']', to);
}

/* A list names somebody twice, now and then. */
static void spell_keys(FILE *to, const struct a_case *c, const struct event *e, const char *user)
{
    const char *between = "";
    if (!has_keys(c)) return;
    bool hides = e->identity[0] % 2; /* a key that it does not name was withheld, or is not there */
    if (e->key_value < KEYS) fprintf(to, ",\"k\":\"%s%u\"", user, e->key_value);
    if (e->key_value == KEYS && hides) fputs(",\"k\":" HIDDEN, to);
    fputs(",\"ks\":[", to);
    if (!e->key_list && hides) fputs(HIDDEN, to);
    for (uint32_t i = 0; i < 2 * KEYS; i++) {
        bool again = i >= KEYS && (e->key + i) % 2;
        if (!(e->key_list >> i % KEYS & 1) || (i >= KEYS && !again)) continue;
        fprintf(to, "%s\"%s%u\"", between, user, i % KEYS);
        between = ",";
    }
    fputc(']', to);
}

static void spell_join(FILE *to, const struct event *e, uint32_t j)
{
    if (j == 1 && e->lacks_join && !e->hides_join[j]) return;
    fprintf(to, j ? ",\"j%u\":" : "\"j%u\":", j);
    if (e->hides_join[j])
        fputs(HIDDEN, to);
    else
        fprintf(to, "\"v%lu\"", e->join[j].hi);
}

static void spell_parameters(FILE *to, const struct a_case *c, const struct event *e, const char *user)
{
    if (e->is_omitted) {
        bool is_large = e->identity[0] % 2;
        fputs(is_large ? "{\"omitted\":true,\"originalSize\":131072,\"reason\":\"too large\"}" : HIDDEN, to);
        return;
    }
    fputc('{', to);
    for (uint32_t j = 0; j < 2; j++) spell_join(to, e, j);
    for (uint32_t s = 0; s < c->n_steps; s++)
        if ((e->steps | e->unsure) >> s & 1 && stands(c, s))
            fprintf(to, ",\"s%u\":%s", s, e->unsure >> s & 1 ? HIDDEN : "true");
    spell_keys(to, c, e, user);
    if (e->number.kind != VALUE_ABSENT) fputs(",\"val\":", to), spell_value(to, e->number);
    if (e->text.kind != VALUE_ABSENT) fputs(",\"tag\":", to), spell_value(to, e->text);
    fputc('}', to);
}

void spell_record(FILE *to, const struct a_case *c, const struct event *e, struct telling how)
{
    if (e->real) {
        fputs(e->real->line, to);
        return;
    }
    char when[32], user[64];
    time_t second = (time_t)(e->second + how.shift);
    struct tm parts;
    snprintf(user, sizeof user, "%s%u", how.user, e->key);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&second, &parts));
    fprintf(
        to,
        "{\"eventVersion\":\"1.09\",\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDA%s\","
        "\"arn\":"
        "\"arn:aws:iam::111122223333:user/%s\",\"accountId\":\"111122223333\",\"userName\":\"%s\"},"
        "\"eventTime\":\"%s\",\"eventSource\":\"random.amazonaws.com\",\"eventName\":\"Do\",\"awsRegion\":"
        "\"%s\",\"requestParameters\":",
        user, user, user, when, how.region);
    spell_parameters(to, c, e, how.user);
    fprintf(to, ",\"eventID\":\"%s\",\"recipientAccountId\":\"111122223333\"}", e->identity);
}
