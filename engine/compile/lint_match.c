/* lint_match.c - what is allowed in a match but seldom meant: keys that an attacker chooses, windows that cannot hold
 * what must lie in them, steps that take one another's events, vetoes that who is watched can fulfil.
 */
#include "engine/compile/logic.h"
#include "engine/ir/progress.h"

#define LONG_WINDOW (24 * 3600)

static struct csr_span span_of(const struct rule_work *r, enum ast_kind kind)
{
    const struct ast *clause = ast_kid(r->ast, kind);
    return clause ? clause->span : r->out.span;
}

/* ---- the key ---- */

/* What a caller writes himself, or changes by calling from elsewhere. */
static bool is_chosen(const struct rule_work *r, ir_node_id key)
{
    static const char *const fields[] = {"principal.session", "agent", "src.ip", "src.port"};
    const struct ir_node *node = ir_build_at(&r->c->build, key);
    if (node->op != IR_OP_FIELD) return false;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (text_equal(r->c->build.fields.at[node->x].name, text_of(fields[i]))) return true;
    return false;
}

static void lint_key(const struct rule_work *r)
{
    const struct ir_rule *rule = &r->out;
    for (uint32_t i = 0; i < rule->n_steps; i++)
        for (uint32_t g = 0; g < rule->steps[i].n_groups; g++)
            for (uint32_t k = 0; k < rule->n_by; k++)
                if (!is_chosen(r, rule->steps[i].groups[g].key[k])) return;
    if (rule->is_on || !rule->n_by) return;
    struct diag *d = warn(r->c, W0317, span_of(r, AST_BY), "whoever wants to stay below the counts changes this");
    if (d) diag_note(d, "a key that he cannot choose keeps his acts together: actor, access_key, account");
}

/* ---- windows ---- */

/* Seconds between places that must be there at least: to >= from + least, least may be negative. */
struct distance {
    uint32_t from, to;
    int64_t least;
};
struct distances ARENA_VEC(struct distance);

static void add_distance(struct compiler *c, struct distances *all, uint32_t from, uint32_t to, int64_t least)
{
    *ARENA_PUSH(c->arena, *all) = (struct distance){from, to, least};
}

static void add_gap(struct compiler *c, struct distances *all, const struct ir_alternative *a, const struct ir_gap *g)
{
    for (uint32_t l = 0; l < a->n_places; l++)
        for (uint32_t r = 0; r < a->n_places; r++) {
            bool between = g->left >> l & 1 && g->right >> r & 1;
            bool single = !(g->left & (g->left - 1)) && !(g->right & (g->right - 1)) && a->places[l].times == 1 &&
                          a->places[r].times == 1;
            if (between && g->least) add_distance(c, all, l, r, g->least);
            if (between && single && g->most != INT64_MAX) add_distance(c, all, r, l, -g->most);
        }
}

static void add_window(struct compiler *c, struct distances *all, const struct ir_alternative *a, uint64_t places,
                       int64_t most)
{
    for (uint32_t i = 0; i < a->n_places; i++)
        for (uint32_t j = 0; j < a->n_places; j++)
            if (i != j && places >> i & 1 && places >> j & 1) add_distance(c, all, i, j, -most);
}

/* Whether times can be given to the places of an alternative so that all distances and the window are kept: the longest
 * ways between them must not run in a circle. */
static bool fits_window(struct compiler *c, const struct ir_alternative *a, int64_t within)
{
    struct distances all = {0};
    int64_t time[PLACES_MOST] = {0};
    for (uint32_t i = 0; i < a->n_order; i++)
        add_distance(c, &all, a->order[i].before, a->order[i].after, a->order[i].strict);
    for (uint32_t i = 0; i < a->n_gaps; i++) add_gap(c, &all, a, &a->gaps[i]);
    add_window(c, &all, a, ~UINT64_C(0), within);
    for (uint32_t i = 0; i < a->n_inners; i++) add_window(c, &all, a, a->inners[i].places, a->inners[i].most);
    for (uint32_t round = 0; round <= a->n_places; round++) {
        bool moved = false;
        for (uint32_t i = 0; i < all.len; i++) {
            struct distance d = all.at[i];
            if (time[d.to] >= time[d.from] + d.least) continue;
            time[d.to] = time[d.from] + d.least;
            moved = true;
        }
        if (!moved) return true;
    }
    return false;
}

static bool any_fits(struct compiler *c, const struct ir_automaton *a, int64_t within)
{
    for (uint32_t i = 0; i < a->n_alternatives; i++)
        if (fits_window(c, &a->alternatives[i], within)) return true;
    return false;
}

/* Names of the steps that an optional item holds. */
static struct text names_of(const struct rule_work *r, uint64_t steps)
{
    struct text names = {"", 0};
    for (uint32_t i = 0; i < r->n_steps; i++)
        if (steps >> i & 1)
            names = arena_printf(r->c->arena, TEXT_FMT "%s`" TEXT_FMT "`", TEXT_ARG(names), names.len ? ", " : "",
                                 TEXT_ARG(r->steps[i].name));
    return names;
}

static void lint_window(const struct rule_work *r)
{
    const struct ir_rule *rule = &r->out;
    struct csr_span at = span_of(r, AST_WITHIN);
    if (rule->is_on || !rule->n_automata) return;
    if (rule->within > LONG_WINDOW) warn(r->c, W0302, at, "every half-built match is kept for that long");
    if (!any_fits(r->c, &rule->automata[0], rule->within)) {
        struct diag *d = warn(r->c, W0310, at, "the gaps of the match are longer than its windows together");
        if (d) diag_label(d, rule->match->span, "this can never match");
        return;
    }
    for (uint32_t i = 1; i < rule->n_automata; i++)
        if (!any_fits(r->c, &rule->automata[i], rule->within))
            warn(r->c, W0310, at, TEXT_FMT " can never lie in it with the rest",
                 TEXT_ARG(names_of(r, rule->automata[i].optional_steps)));
}

/* ---- steps that take one another's events ---- */

static void lint_overlap(const struct rule_work *r)
{
    const struct ir_rule *rule = &r->out;
    for (uint32_t j = 1; j < rule->n_steps; j++)
        for (uint32_t i = 0; i < j; i++) {
            if (!steps_together(rule, i, j) || !steps_meet(r->c, rule, i, j, true)) continue;
            struct diag *d = warn(r->c, W0308, rule->steps[j].span, "what fills this can fill `" TEXT_FMT "` as well",
                                  TEXT_ARG(rule->steps[i].name));
            if (!d) continue;
            diag_label(d, rule->steps[i].span, "and no predicate parts them");
            diag_note(d, "an event fills one step of a match; which one, depends on the others");
        }
}

/* ---- vetoes that cost nothing to fulfil ---- */

/* A part of the key that says who acts. */
static bool is_who(const struct rule_work *r, ir_node_id key)
{
    static const char *const fields[] = {"actor", "origin",         "access_key",       "user",
                                         "principal.arn", "principal.id", "principal.name", "principal.session"};
    const struct ir_node *node = ir_build_at(&r->c->build, key);
    if (node->op != IR_OP_FIELD) return false;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (text_equal(r->c->build.fields.at[node->x].name, text_of(fields[i]))) return true;
    return false;
}

/* Whether whoever is watched makes the forbidden event himself: its key says who acts, as that of a step taken does. */
static bool is_at_will(const struct rule_work *r, uint32_t forbidden)
{
    const struct ir_rule *rule = &r->out;
    const struct ir_group *veto = &rule->steps[forbidden].groups[0];
    for (uint32_t k = 0; k < rule->n_by; k++) {
        if (!is_who(r, veto->key[k])) continue;
        for (uint32_t i = 0; i < rule->n_steps; i++)
            if (r->steps[i].is_required && rule->steps[i].groups[0].key[k] == veto->key[k]) return true;
    }
    return false;
}

static void lint_vetoes(const struct rule_work *r)
{
    for (uint32_t i = 0; i < r->n_steps; i++) {
        if (!r->steps[i].is_forbidden || !is_at_will(r, i)) continue;
        struct diag *d = warn(r->c, W0318, r->steps[i].span, "who is watched can do this, and the match is gone");
        if (!d) continue;
        diag_note(d, "a key of what was done (the trail, the key, the user that was made) lets the owner undo it as well; "
                     "if that is meant, say so: # csr: allow W0318 reason \"…\"");
    }
}

void lint_match(struct rule_work *r)
{
    if (r->c->without_lints || r->is_broken) return;
    lint_key(r);
    lint_window(r);
    lint_overlap(r);
    lint_vetoes(r);
}
