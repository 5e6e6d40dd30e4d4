/* coverage.c - which parts of a rule had their say in some test: steps that an event filled, terms
 * and severities that held, responses that were proposed, exceptions that took something.
 */
#include "engine/testing/testing.h"

struct rule_coverage {
    uint64_t tests;
    uint64_t *steps, *terms, *severities, *responds, *exceptions; /* in how many tests */
};

struct coverage {
    struct arena *arena;
    const struct ir *ir;
    struct rule_coverage *rules; /* [ir->n_rules] */
};

struct coverage *coverage_new(struct arena *a, const struct ir *ir)
{
    struct coverage *c = ARENA_NEW(a, struct coverage);
    *c = (struct coverage){a, ir, ARENA_ARRAY(a, struct rule_coverage, ir->n_rules)};
    for (uint32_t i = 0; i < ir->n_rules; i++) {
        const struct ir_rule *r = &ir->rules[i];
        c->rules[i] = (struct rule_coverage){.steps = ARENA_ARRAY(a, uint64_t, r->n_steps),
                                             .terms = ARENA_ARRAY(a, uint64_t, r->n_terms),
                                             .severities = ARENA_ARRAY(a, uint64_t, r->n_severities),
                                             .responds = ARENA_ARRAY(a, uint64_t, r->n_responds),
                                             .exceptions = ARENA_ARRAY(a, uint64_t, r->n_exceptions)};
    }
    return c;
}

/* ---- adding ---- */

static bool node_held(const struct ir_rule *r, const struct incident *i, ir_node_id node)
{
    for (uint32_t p = 0; p < r->n_probes && p < i->n_probes; p++)
        if (r->probes[p] == node) return value_equal(i->probes[p], value_bool(true)) == TRI_TRUE;
    return false;
}

static bool held_somewhere(const struct trial *t, ir_node_id node)
{
    for (uint32_t i = 0; i < t->incidents.len; i++)
        if (!t->incidents.at[i].is_gone && node_held(t->rule, &t->incidents.at[i].last, node)) return true;
    return false;
}

static bool was_proposed(const struct trial *t, uint32_t respond)
{
    for (uint32_t i = 0; i < t->incidents.len; i++)
        for (uint32_t a = 0; !t->incidents.at[i].is_gone && a < t->incidents.at[i].last.n_actions; a++)
            if (t->incidents.at[i].last.actions[a].respond == respond) return true;
    return false;
}

void coverage_add(struct coverage *c, const struct trial *t)
{
    struct rule_coverage *to = &c->rules[t->test->rule];
    const struct ir_rule *r = t->rule;
    to->tests++;
    for (uint32_t i = 0; i < r->n_steps; i++) to->steps[i] += t->most[i] > 0;
    for (uint32_t i = 0; i < r->n_terms; i++) to->terms[i] += held_somewhere(t, r->terms[i].when);
    for (uint32_t i = 0; i < r->n_severities; i++)
        if (r->severities[i].when != IR_NONE) to->severities[i] += held_somewhere(t, r->severities[i].when);
    for (uint32_t i = 0; i < r->n_responds; i++) to->responds[i] += was_proposed(t, i);
    for (uint32_t i = 0; i < r->n_exceptions; i++) to->exceptions[i] += t->swallowed[i] > 0;
}

/* ---- telling ---- */

struct clauses ARENA_VEC(struct csr_test_clause);

static void add_clause(struct arena *a, struct clauses *out, const char *kind, const char *words,
                       uint64_t tests)
{
    *ARENA_PUSH(a, *out) = (struct csr_test_clause){kind, words, tests};
}

static void tell_rule(const struct coverage *c, uint32_t number, const struct csr_test_options *o)
{
    const struct ir_rule *r = &c->ir->rules[number];
    const struct rule_coverage *from = &c->rules[number];
    struct clauses all = {0};
    struct line l = {.arena = c->arena};
    for (uint32_t i = 0; i < r->n_steps; i++)
        add_clause(c->arena, &all, "step", arena_text(c->arena, r->steps[i].name.at, r->steps[i].name.len).at,
                   from->steps[i]);
    for (uint32_t i = 0; i < r->n_terms; i++) {
        line_put(&l, "%+d if " TEXT_FMT, r->terms[i].points, TEXT_ARG(r->terms[i].words));
        add_clause(c->arena, &all, "score", line_end(&l), from->terms[i]);
    }
    for (uint32_t i = 0; i < r->n_severities; i++) {
        if (r->severities[i].when == IR_NONE) continue;
        line_put(&l, "%s if ", ir_severity_name((enum ir_severity)r->severities[i].severity).at);
        ir_print_node(c->ir, r, r->severities[i].when, line_out(&l));
        add_clause(c->arena, &all, "severity", line_end(&l), from->severities[i]);
    }
    for (uint32_t i = 0; i < r->n_responds; i++) {
        line_put(&l, "at %d%s " TEXT_FMT, r->responds[i].at, r->responds[i].settled ? " settled" : "",
                 TEXT_ARG(r->responds[i].verb));
        add_clause(c->arena, &all, "respond", line_end(&l), from->responds[i]);
    }
    for (uint32_t i = 0; i < r->n_exceptions; i++)
        add_clause(c->arena, &all, "except",
                   arena_text(c->arena, r->exceptions[i].name.at, r->exceptions[i].name.len).at,
                   from->exceptions[i]);
    struct csr_test_coverage one = {arena_text(c->arena, r->name.at, r->name.len).at, from->tests, all.at,
                                    all.len};
    o->coverage(o->world, &one);
}

static bool is_embedded(const struct sources *sources, const struct ir_rule *r)
{
    const struct source *file = sources_find(sources, r->span.lo);
    return file && file->is_embedded;
}

void coverage_tell(const struct coverage *c, const struct sources *sources, const struct csr_test_options *o)
{
    bool only_embedded = true;
    for (uint32_t i = 0; i < c->ir->n_rules; i++) only_embedded &= is_embedded(sources, &c->ir->rules[i]);
    for (uint32_t i = 0; i < c->ir->n_rules; i++)
        if (only_embedded || c->rules[i].tests || !is_embedded(sources, &c->ir->rules[i])) tell_rule(c, i, o);
}
