/* ir_plan_dump.c - what `csr dump --stage=plan` prints: how the rule set will be run, and what it costs.
 *
 *   slots        what the decoder picks up of a record; everything else is skipped. The wrapper is EC2's object
 *                "<Call>Request" or "<Call>Response"
 *   candidates   which steps a call wakes, by its name; the rest of the rules cost it nothing
 *   predicates   each distinct one, with the number of rules that share its one evaluation
 *   patterns     values whose patterns are matched together, if there are any
 *   automata     the alternatives of each rule's match with their places, and how much a key can hold
 *
 * Canonical: order is by name and text, never by address or hash.
 */
#include "engine/ir/cost.h"
#include "engine/ir/ir_print.h"
#include "engine/ir/progress.h"

#include <stdlib.h>

#define NS_PER_SECOND  INT64_C(1000000000)

/* ---- sorted lines -------------------------------------------------------------------------------------- */

/* Text made in an arena, so that it can be sorted before it is printed. */
struct buffer {
    struct arena *arena;
    struct ARENA_VEC(char) text;
};

static void buffer_put(void *to, const char *at, size_t len)
{
    struct buffer *b = to;
    for (size_t i = 0; i < len; i++) *ARENA_PUSH(b->arena, b->text) = at[i];
}

struct entry {
    struct text text; /* what is sorted and printed */
    uint32_t order;   /* larger first, before the text is looked at */
    struct text more; /* printed behind */
};
struct entries ARENA_VEC(struct entry);

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->order != y->order) return x->order < y->order ? 1 : -1;
    int order = text_compare(x->text, y->text);
    return order ? order : text_compare(x->more, y->more);
}

static void sort_entries(struct entries *e)
{
    if (e->len) qsort(e->at, e->len, sizeof *e->at, compare_entries);
}

struct plan_dump {
    const struct ir *ir;
    struct ir_out out;
    struct arena *scratch;
};

static struct text text_of_buffer(const struct buffer *b)
{
    return (struct text){b->text.at, b->text.len};
}

/* ---- slots -------------------------------------------------------------------------------------------- */

static void dump_slots(struct plan_dump *p)
{
    struct entries lines = {0};
    for (uint32_t i = 0; i < p->ir->n_slots; i++) {
        struct buffer b = {.arena = p->scratch};
        ir_put_slot((struct ir_out){buffer_put, &b}, &p->ir->slots[i]);
        struct text more = p->ir->slots[i].unwrap ? TEXT("  or in its wrapper") : TEXT("");
        *ARENA_PUSH(p->scratch, lines) = (struct entry){.text = text_of_buffer(&b), .more = more};
    }
    sort_entries(&lines);
    ir_putf(p->out, "slots %u\n", lines.len);
    for (uint32_t i = 0; i < lines.len; i++)
        ir_putf(p->out, "    " TEXT_FMT TEXT_FMT "\n", TEXT_ARG(lines.at[i].text), TEXT_ARG(lines.at[i].more));
}

/* ---- candidates --------------------------------------------------------------------------------------- */

static struct text api_text(struct plan_dump *p, const struct ir_api *api)
{
    struct buffer b = {.arena = p->scratch};
    ir_put_api((struct ir_out){buffer_put, &b}, p->ir, api);
    return text_of_buffer(&b);
}

static void add_group(struct plan_dump *p, struct entries *lines, const struct ir_group *g, struct text who)
{
    for (uint32_t a = 0; a < g->n_apis; a++)
        *ARENA_PUSH(p->scratch, *lines) = (struct entry){.text = api_text(p, &g->apis[a]), .more = who};
}

static void dump_candidates(struct plan_dump *p)
{
    struct entries lines = {0};
    for (uint32_t r = 0; r < p->ir->n_rules; r++)
        for (uint32_t s = 0; s < p->ir->rules[r].n_steps; s++) {
            const struct ir_step *step = &p->ir->rules[r].steps[s];
            struct text who = arena_printf(p->scratch, TEXT_FMT "/" TEXT_FMT, TEXT_ARG(p->ir->rules[r].name),
                                           TEXT_ARG(step->name));
            for (uint32_t g = 0; g < step->n_groups; g++) add_group(p, &lines, &step->groups[g], who);
        }
    for (uint32_t b = 0; b < p->ir->n_baselines; b++) {
        const struct ir_baseline *base = &p->ir->baselines[b];
        struct text who = arena_printf(p->scratch, "baseline " TEXT_FMT, TEXT_ARG(base->name));
        for (uint32_t g = 0; g < base->n_on; g++) add_group(p, &lines, &base->on[g], who);
        if (!base->n_on) *ARENA_PUSH(p->scratch, lines) = (struct entry){.text = TEXT("*"), .more = who};
    }
    sort_entries(&lines);
    uint32_t names = 0;
    for (uint32_t i = 0; i < lines.len; i++)
        names += !i || !text_equal(lines.at[i].text, lines.at[i - 1].text);
    ir_putf(p->out, "candidates %u\n", names);
    for (uint32_t i = 0; i < lines.len; i++) {
        bool is_same = i && text_equal(lines.at[i].text, lines.at[i - 1].text);
        if (is_same && text_equal(lines.at[i].more, lines.at[i - 1].more)) continue;
        if (!is_same) ir_putf(p->out, "    " TEXT_FMT "\n", TEXT_ARG(lines.at[i].text));
        ir_putf(p->out, "        " TEXT_FMT "\n", TEXT_ARG(lines.at[i].more));
    }
}

/* ---- predicates --------------------------------------------------------------------------------------- */

struct uses {
    uint32_t *rules;     /* by node: how many rules */
    uint32_t *last_rule; /* by node: the last rule counted, plus one */
};

static void count_use(struct uses *u, ir_node_id id, uint32_t rule)
{
    if (u->last_rule[id] == rule + 1) return;
    u->last_rule[id] = rule + 1;
    u->rules[id]++;
}

/* A conjunction is evaluated part by part, so its parts are what rules share. */
static void count_predicate(const struct ir *ir, struct uses *u, ir_node_id id, uint32_t rule)
{
    if (id == IR_NONE) return;
    const struct ir_node *node = &ir->nodes[id];
    if (node->op != IR_OP_AND) {
        count_use(u, id, rule);
        return;
    }
    for (uint32_t i = 0; i < node->n; i++) count_predicate(ir, u, ir->operands[node->first + i], rule);
}

static struct uses count_predicates(struct plan_dump *p)
{
    const struct ir *ir = p->ir;
    struct uses u = {ARENA_ARRAY(p->scratch, uint32_t, ir->n_nodes + 1),
                     ARENA_ARRAY(p->scratch, uint32_t, ir->n_nodes + 1)};
    for (uint32_t r = 0; r < ir->n_rules; r++)
        for (uint32_t s = 0; s < ir->rules[r].n_steps; s++)
            for (uint32_t g = 0; g < ir->rules[r].steps[s].n_groups; g++)
                count_predicate(ir, &u, ir->rules[r].steps[s].groups[g].test, r);
    return u;
}

static void dump_predicates(struct plan_dump *p)
{
    struct uses u = count_predicates(p);
    struct entries lines = {0};
    for (ir_node_id id = 0; id < p->ir->n_nodes; id++) {
        if (!u.rules[id]) continue;
        struct buffer b = {.arena = p->scratch};
        ir_print_node(p->ir, NULL, id, (struct ir_out){buffer_put, &b});
        *ARENA_PUSH(p->scratch, lines) = (struct entry){.text = text_of_buffer(&b), .order = u.rules[id]};
    }
    sort_entries(&lines);
    ir_putf(p->out, "predicates %u\n", lines.len);
    for (uint32_t i = 0; i < lines.len; i++) {
        ir_putf(p->out, "    %4u %-5s  ", lines.at[i].order, lines.at[i].order == 1 ? "rule" : "rules");
        ir_put(p->out, lines.at[i].text);
        ir_put(p->out, TEXT("\n"));
    }
}

/* ---- patterns ------------------------------------------------------------------------------------------ */

static void dump_pattern(struct plan_dump *p, const struct ir_patterns *group)
{
    const struct ir_node *first = &p->ir->nodes[group->tests[0]];
    ir_put(p->out, TEXT("    "));
    ir_print_node(p->ir, NULL, p->ir->operands[first->first], p->out);
    ir_putf(p->out, ": %u test%s in one pass\n", group->n_tests, group->n_tests == 1 ? "" : "s");
}

static void dump_patterns(struct plan_dump *p)
{
    if (p->ir->n_patterns) ir_putf(p->out, "patterns %u\n", p->ir->n_patterns);
    for (uint32_t i = 0; i < p->ir->n_patterns; i++) dump_pattern(p, &p->ir->patterns[i]);
}

/* ---- automata ----------------------------------------------------------------------------------------- */

/* Nothing taken is no state. */
static uint32_t alternative_progress(const struct ir_alternative *alt)
{
    return progress_count(alt, PROGRESS_MOST) - 1;
}

/* "a", "a*3", "a*3..5", "a*3(distinct region)", "a(sum bytes >= 10MB)", with "?" if it is the item's. */
static void dump_place(struct plan_dump *p, const struct ir_rule *r, const struct ir_place *place)
{
    const struct ir_step *step = &r->steps[place->step];
    ir_put(p->out, step->name);
    if (place->times > 1 || place->most) ir_putf(p->out, "*%u", place->times);
    if (place->most) ir_putf(p->out, "..%u", place->most);
    if (place->taking != IR_TAKE_TIMES) {
        const struct ir_capture *value = &step->captures[place->value];
        ir_put(p->out, place->taking == IR_TAKE_SUM ? TEXT("(sum ") : TEXT("(distinct "));
        ir_put(p->out, value->name);
        if (place->taking == IR_TAKE_SUM) {
            ir_put(p->out, TEXT(" >= "));
            ir_put_amount(p->out, place->amount, (enum ir_type)value->type);
        }
        ir_put(p->out, TEXT(")"));
    }
    if (place->is_optional) ir_put(p->out, TEXT("?"));
}

static void dump_places(struct plan_dump *p, const struct ir_rule *r, const struct ir_alternative *alt)
{
    for (uint32_t i = 0; i < alt->n_places; i++) {
        ir_put(p->out, i ? TEXT(" ") : TEXT(""));
        dump_place(p, r, &alt->places[i]);
    }
}

/* An order that follows from two others is left out. */
static bool is_implied(const struct ir_alternative *alt, const struct ir_order *o)
{
    for (uint32_t i = 0; i < alt->n_order; i++) {
        const struct ir_order *left = &alt->order[i];
        if (left->before != o->before) continue;
        for (uint32_t j = 0; j < alt->n_order; j++) {
            const struct ir_order *right = &alt->order[j];
            if (right->before == left->after && right->after == o->after &&
                (!o->strict || left->strict || right->strict))
                return true;
        }
    }
    return false;
}

static void dump_bits(struct plan_dump *p, const struct ir_rule *r, const struct ir_alternative *alt, uint64_t bits)
{
    bool is_first = true;
    for (uint32_t i = 0; i < alt->n_places; i++) {
        if (!(bits >> i & 1)) continue;
        ir_put(p->out, is_first ? TEXT("") : TEXT(" "));
        ir_put(p->out, r->steps[alt->places[i].step].name);
        is_first = false;
    }
}

static void put_seconds(struct plan_dump *p, const char *word, int64_t seconds)
{
    ir_putf(p->out, " %s ", word);
    ir_put_duration(p->out, seconds * NS_PER_SECOND);
}

static void dump_gap(struct plan_dump *p, const struct ir_rule *r, const struct ir_alternative *alt,
                     const struct ir_gap *gap)
{
    ir_put(p->out, TEXT("                from "));
    dump_bits(p, r, alt, gap->left);
    ir_put(p->out, TEXT(" to "));
    dump_bits(p, r, alt, gap->right);
    if (gap->least > 0) put_seconds(p, "at least", gap->least);
    if (gap->most != INT64_MAX) put_seconds(p, "at most", gap->most);
    ir_put(p->out, TEXT("\n"));
}

static void dump_veto(struct plan_dump *p, const struct ir_rule *r, const struct ir_alternative *alt,
                      const struct ir_veto *veto)
{
    ir_putf(p->out, "                no " TEXT_FMT " from ", TEXT_ARG(r->steps[veto->step].name));
    if (veto->kind == IR_VETO_UNTIL) ir_put(p->out, TEXT("the first to the last"));
    else dump_bits(p, r, alt, veto->left);
    if (veto->kind == IR_VETO_BETWEEN) ir_put(p->out, TEXT(" to ")), dump_bits(p, r, alt, veto->right);
    if (veto->kind == IR_VETO_FOR) put_seconds(p, "on for", veto->seconds);
    ir_put(p->out, TEXT("\n"));
}

static void dump_alternative(struct plan_dump *p, const struct ir_rule *r, const struct ir_alternative *alt)
{
    ir_put(p->out, TEXT("            "));
    dump_places(p, r, alt);
    ir_putf(p->out, "  (%u)\n", alternative_progress(alt));
    for (uint32_t i = 0; i < alt->n_order; i++) {
        if (is_implied(alt, &alt->order[i])) continue;
        ir_putf(p->out, "                " TEXT_FMT " %s " TEXT_FMT "\n",
                TEXT_ARG(r->steps[alt->places[alt->order[i].before].step].name), alt->order[i].strict ? "=>" : "->",
                TEXT_ARG(r->steps[alt->places[alt->order[i].after].step].name));
    }
    for (uint32_t i = 0; i < alt->n_gaps; i++) dump_gap(p, r, alt, &alt->gaps[i]);
    for (uint32_t i = 0; i < alt->n_inners; i++) {
        ir_put(p->out, TEXT("                "));
        dump_bits(p, r, alt, alt->inners[i].places);
        put_seconds(p, "in", alt->inners[i].most);
        ir_put(p->out, TEXT("\n"));
    }
    for (uint32_t i = 0; i < alt->n_vetoes; i++) dump_veto(p, r, alt, &alt->vetoes[i]);
}

static void dump_automaton(struct plan_dump *p, const struct ir_rule *r, uint32_t number)
{
    const struct ir_automaton *a = &r->automata[number];
    ir_put(p->out, TEXT("        "));
    if (!number) ir_put(p->out, TEXT("required"));
    else ir_put(p->out, TEXT("with"));
    for (uint32_t s = 0; number && s < r->n_steps; s++)
        if (a->optional_steps >> s & 1) ir_putf(p->out, " " TEXT_FMT, TEXT_ARG(r->steps[s].name));
    ir_put(p->out, TEXT("\n"));
    for (uint32_t i = 0; i < a->n_alternatives; i++) dump_alternative(p, r, &a->alternatives[i]);
}

/* The most that state can hold for one key, apart from the tail of hits younger than the watermark. */
static void dump_cost(struct plan_dump *p, const struct ir_rule *r)
{
    struct ir_cost cost = ir_rule_cost(r);
    ir_putf(p->out, "        a key holds at most %llu runs", (unsigned long long)cost.runs);
    if (r->n_joins) ir_putf(p->out, " for each of %u values of its references", IR_INSTANCES_MOST);
    if (cost.slots) {
        ir_put(p->out, TEXT(", and a slot a second of "));
        ir_put_duration(p->out, cost.slots * NS_PER_SECOND);
    }
    ir_put(p->out, TEXT("\n"));
}

static void dump_rule(struct plan_dump *p, const struct ir_rule *r)
{
    ir_putf(p->out, "    " TEXT_FMT "\n", TEXT_ARG(r->name));
    if (r->is_on) {
        ir_put(p->out, TEXT("        one event is a match: no state but open incidents\n"));
        return;
    }
    for (uint32_t i = 0; i < r->n_automata; i++) dump_automaton(p, r, i);
    dump_cost(p, r);
}

static void dump_all(struct plan_dump *p)
{
    dump_slots(p);
    dump_candidates(p);
    dump_predicates(p);
    dump_patterns(p);
    ir_putf(p->out, "automata %u\n", p->ir->n_rules);
    for (uint32_t i = 0; i < p->ir->n_rules; i++) dump_rule(p, &p->ir->rules[i]);
}

static bool dump_under_escape(struct plan_dump *p)
{
    if (setjmp(*arena_escape(p->scratch))) return false;
    dump_all(p);
    return true;
}

/* The arena is the dump's own: the IR is sealed, and others may be reading it. */
void ir_dump_plan(const struct ir *ir, void (*put)(void *to, const char *at, size_t len), void *to)
{
    struct plan_dump p = {.ir = ir, .out = {put, to}, .scratch = arena_new(0)};
    if (!p.scratch || !dump_under_escape(&p)) ir_put(p.out, TEXT("out of memory\n"));
    arena_free(p.scratch);
}
