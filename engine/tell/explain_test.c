/* explain_test.c - expressions in words. A test has a form for when it holds and one for when it does not;
 * names of fields stand as rules write them, because they are what an author looks for.
 */
#include "engine/tell/explain.h"

/* A field that is true or false by itself. */
static const struct {
    const char *field, *holds, *fails;
} flags[] = {
    {"ok", "it succeeded", "it failed"},
    {"failed", "it failed", "it succeeded"},
    {"denied", "it was refused for want of permission", "it was not refused for want of permission"},
    {"dry_run", "it was a dry run that would have worked", "it was no dry run that would have worked"},
    {"read_only", "it can change nothing", "it can change something"},
    {"mfa", "the caller proved a second factor", "the caller proved no second factor"},
    {"src.aws", "it came from within AWS", "it came from outside AWS"},
};

/* Between the two sides of a comparison. */
static const struct {
    const char *holds, *fails;
} comparisons[IR_OPS] = {
    [IR_OP_EQ] = {"is", "is not"},
    [IR_OP_NE] = {"is not", "is"},
    [IR_OP_LT] = {"is less than", "is not less than"},
    [IR_OP_LE] = {"is at most", "is not at most"},
    [IR_OP_GT] = {"is more than", "is not more than"},
    [IR_OP_GE] = {"is at least", "is not at least"},
    [IR_OP_LIKE] = {"is like", "is not like"},
    [IR_OP_CONTAINS] = {"contains", "does not contain"},
    [IR_OP_STARTS] = {"begins with", "does not begin with"},
    [IR_OP_ENDS] = {"ends with", "does not end with"},
    [IR_OP_GRANTS] = {"grants", "does not grant"},
};

static const struct ir_node *node_of(const struct teller *t, ir_node_id id)
{
    return &t->ir->nodes[id];
}

static ir_node_id operand(const struct teller *t, const struct ir_node *node, uint32_t i)
{
    return t->ir->operands[node->first + i];
}

void tell_seconds(struct teller *t, int64_t seconds)
{
    ir_put_duration(prose_out(&t->prose), seconds * NS_PER_SECOND);
}

const char *list_joint(uint32_t i, uint32_t n, const char *last)
{
    return i == 0 ? "" : i + 1 < n ? ", " : last;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static void tell_name(struct teller *t, const struct ir_node *node, const char *words)
{
    const struct ir_step *step = &t->rule->steps[node->y];
    prose_put(&t->prose, words, TEXT_ARG(step->name));
}

static void tell_amount(struct teller *t, const struct ir_node *node, const char *words)
{
    const struct ir_step *step = &t->rule->steps[node->y];
    prose_put(&t->prose, words, TEXT_ARG(step->name), TEXT_ARG(step->captures[node->x].name));
}

static void tell_end(struct teller *t, const struct ir_node *node, const char *which)
{
    const struct ir_step *step = &t->rule->steps[node->y];
    prose_put(&t->prose, TEXT_FMT " of the %s " TEXT_FMT, TEXT_ARG(step->captures[node->x].name), which,
              TEXT_ARG(step->name));
}

static void tell_key_of(struct teller *t, const struct ir_baseline *b)
{
    for (uint32_t i = 0; i < b->n_key; i++) {
        prose_put(&t->prose, "%s", list_joint(i, b->n_key, " and "));
        tell_value(t, b->key[i]);
    }
}

/* "src.asn", or "src.asn of probe" where the rule has several steps. */
static void tell_asked(struct teller *t, const struct ir_ask *ask)
{
    const struct ir_baseline *b = &t->ir->baselines[ask->baseline];
    if (b->value == IR_NONE)
        tell_key_of(t, b);
    else
        tell_value(t, b->value);
    if (t->rule->n_steps > 1 && t->step != ask->step)
        prose_put(&t->prose, " of " TEXT_FMT, TEXT_ARG(t->rule->steps[ask->step].name));
}

static void tell_age(struct teller *t, const struct ir_ask *ask)
{
    const struct ir_baseline *b = &t->ir->baselines[ask->baseline];
    prose_put(&t->prose, "the time since ");
    if (b->value != IR_NONE) {
        prose_put(&t->prose, "the ");
        tell_key_of(t, b);
        prose_put(&t->prose, " first showed the ");
    } else {
        prose_put(&t->prose, "the first sighting of the ");
    }
    tell_asked(t, ask);
}

static void tell_since(struct teller *t, const struct ir_ask *ask)
{
    prose_put(&t->prose, "the time since the last record of the ");
    tell_key_of(t, &t->ir->baselines[ask->baseline]);
}

static void tell_rarity(struct teller *t, const struct ir_ask *ask)
{
    const struct ir_baseline *b = &t->ir->baselines[ask->baseline];
    prose_put(&t->prose, "the percentage of the days of the ");
    tell_key_of(t, b);
    prose_put(&t->prose, " that lacked the ");
    tell_asked(t, ask);
}

static void tell_new(struct teller *t, const struct ir_ask *ask, bool holds)
{
    const struct ir_baseline *b = &t->ir->baselines[ask->baseline];
    tell_asked(t, ask);
    prose_put(&t->prose, holds ? " is new" : " is not new");
    if (b->value != IR_NONE) {
        prose_put(&t->prose, " for the ");
        tell_key_of(t, b);
    }
    prose_put(&t->prose, " (baseline " TEXT_FMT ")", TEXT_ARG(b->name));
}

static void tell_prevalence(struct teller *t, const struct ir_ask *ask)
{
    prose_put(&t->prose, "the number of others that showed the ");
    tell_asked(t, ask);
}

static void tell_spike(struct teller *t, ir_node_id id)
{
    ir_print_node(t->ir, t->rule, id, prose_out(&t->prose));
    prose_put(&t->prose, " (standard deviations above the mean)");
}

void tell_value(struct teller *t, ir_node_id id)
{
    const struct ir_node *node = node_of(t, id);
    switch ((enum ir_op)node->op) {
    case IR_OP_COUNT: tell_name(t, node, "the number of " TEXT_FMT); break;
    case IR_OP_DISTINCT: tell_amount(t, node, "the number of different " TEXT_FMT "." TEXT_FMT); break;
    case IR_OP_SUM_OF: tell_amount(t, node, "the sum of " TEXT_FMT "." TEXT_FMT); break;
    case IR_OP_MIN_OF: tell_amount(t, node, "the least " TEXT_FMT "." TEXT_FMT); break;
    case IR_OP_MAX_OF: tell_amount(t, node, "the greatest " TEXT_FMT "." TEXT_FMT); break;
    case IR_OP_FIRST: tell_end(t, node, "first"); break;
    case IR_OP_LAST: tell_end(t, node, "last"); break;
    case IR_OP_SCORE: prose_put(&t->prose, "the score"); break;
    case IR_OP_ASK_AGE: tell_age(t, &t->rule->asks[node->x]); break;
    case IR_OP_ASK_SINCE: tell_since(t, &t->rule->asks[node->x]); break;
    case IR_OP_ASK_RARITY: tell_rarity(t, &t->rule->asks[node->x]); break;
    case IR_OP_ASK_PREVALENCE: tell_prevalence(t, &t->rule->asks[node->x]); break;
    case IR_OP_SPIKE: tell_spike(t, id); break;
    default: ir_print_node(t->ir, t->rule, id, prose_out(&t->prose)); break;
    }
}

/* ---- tests --------------------------------------------------------------------------------------------- */

static void tell(struct teller *t, ir_node_id id, bool holds);

/* The field of the one event that is spoken of; empty for anything else. */
static struct text field_of_event(const struct teller *t, const struct ir_node *node)
{
    if (node->op == IR_OP_FIELD) return t->ir->fields[node->x].name;
    if (node->op == IR_OP_CAPTURE && t->rule->is_on) return t->rule->steps[node->y].captures[node->x].name;
    return TEXT("");
}

static bool tell_flag(struct teller *t, const struct ir_node *node, bool holds)
{
    struct text name = field_of_event(t, node);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (text_equal(name, text_of(flags[i].field))) {
            prose_put(&t->prose, "%s", holds ? flags[i].holds : flags[i].fails);
            return true;
        }
    return false;
}

/* Which of a list: "a, b or c". The elements of a named list may change; its name says more. */
static void tell_choices(struct teller *t, ir_node_id id)
{
    const struct ir_node *node = node_of(t, id);
    const struct ir_list *list = node->op == IR_OP_LIST ? &t->ir->lists[node->x] : NULL;
    if (!list || list->name.len) {
        tell_value(t, id);
        return;
    }
    for (uint32_t i = 0; i < list->len; i++) {
        prose_put(&t->prose, "%s", list_joint(i, list->len, " or "));
        ir_put_constant(prose_out(&t->prose), list->values[i]);
    }
}

static bool is_over_elements(const struct teller *t, ir_node_id id)
{
    const struct ir_node *node = node_of(t, id);
    while (node->op == IR_OP_MEMBER) node = node_of(t, operand(t, node, 0));
    return node->op == IR_OP_ELEMENTS;
}

/* A comparison with elements holds if it does for any of them. */
static void tell_subject(struct teller *t, ir_node_id id)
{
    if (is_over_elements(t, id)) prose_put(&t->prose, "one of ");
    tell_value(t, id);
}

static void tell_member(struct teller *t, const struct ir_node *node, bool holds)
{
    ir_node_id in = operand(t, node, 1);
    const struct ir_node *right = node_of(t, in);
    const struct ir_list *list = right->op == IR_OP_LIST ? &t->ir->lists[right->x] : NULL;
    tell_subject(t, operand(t, node, 0));
    prose_put(&t->prose, holds ? " is " : " is not ");
    if (!list)
        prose_put(&t->prose, "among ");
    else if (list->name.len)
        prose_put(&t->prose, "in the list ");
    else if (list->has_nets)
        prose_put(&t->prose, "in ");
    tell_choices(t, in);
}

static void tell_between(struct teller *t, const struct ir_node *node, bool holds)
{
    tell_subject(t, operand(t, node, 0));
    prose_put(&t->prose, holds ? " is from " : " is not from ");
    tell_value(t, operand(t, node, 1));
    prose_put(&t->prose, " to ");
    tell_value(t, operand(t, node, 2));
}

static void tell_quantifier(struct teller *t, const struct ir_node *node, bool holds)
{
    const struct ir_node *list = node_of(t, operand(t, node, 0));
    bool any = node->op == IR_OP_ANY;
    prose_put(&t->prose, holds ? "%s %c in " : "not %s %c in ", any ? "for some" : "for every",
              'i' + node->x % 16);
    if (list->op == IR_OP_LIST && t->ir->lists[list->x].name.len) prose_put(&t->prose, "the list ");
    tell_value(t, operand(t, node, 0));
    prose_put(&t->prose, " (");
    tell(t, operand(t, node, 1), true);
    prose_put(&t->prose, ")");
}

static void tell_present(struct teller *t, const struct ir_node *node, bool holds)
{
    ir_node_id of = operand(t, node, 0);
    tell_value(t, of);
    if (is_over_elements(t, of))
        prose_put(&t->prose, holds ? " has an element" : " has no element");
    else
        prose_put(&t->prose, holds ? " is there" : " is missing");
}

/* "linked or power was seen" */
static bool tell_steps_seen(struct teller *t, const struct ir_node *node, bool holds)
{
    bool is_and = node->op == IR_OP_AND;
    for (uint32_t i = 0; i < node->n; i++)
        if (!holds || node_of(t, operand(t, node, i))->op != IR_OP_STEP_EXISTS) return false;
    for (uint32_t i = 0; i < node->n; i++) {
        prose_put(&t->prose, "%s", list_joint(i, node->n, is_and ? " and " : " or "));
        tell_name(t, node_of(t, operand(t, node, i)), TEXT_FMT);
    }
    prose_put(&t->prose, is_and ? " were seen" : " was seen");
    return true;
}

/* `not (a and b)` is `not a or not b`, and the other way round. */
static void tell_joined(struct teller *t, const struct ir_node *node, bool holds)
{
    bool is_and = (node->op == IR_OP_AND) == holds;
    bool is_nested = false;
    if (tell_steps_seen(t, node, holds)) return;
    for (uint32_t i = 0; i < node->n; i++) {
        uint8_t op = node_of(t, operand(t, node, i))->op;
        is_nested |= op == IR_OP_AND || op == IR_OP_OR;
    }
    if (!is_and && node->n > 1) prose_put(&t->prose, "either ");
    for (uint32_t i = 0; i < node->n; i++) {
        prose_put(&t->prose, "%s", is_nested && i ? ", " : list_joint(i, node->n, is_and ? " and " : " or "));
        if (is_nested && i + 1 == node->n) prose_put(&t->prose, is_and ? "and " : "or ");
        tell(t, operand(t, node, i), holds);
    }
}

static void tell_compared(struct teller *t, const struct ir_node *node, bool holds)
{
    tell_subject(t, operand(t, node, 0));
    prose_put(&t->prose, " %s ", holds ? comparisons[node->op].holds : comparisons[node->op].fails);
    tell_choices(t, operand(t, node, 1));
}

/* A thing that is true or false by itself: `truthy(x)`, a field, an element. */
static void tell_plain(struct teller *t, ir_node_id id, const struct ir_node *node, bool holds)
{
    tell_value(t, node->op == IR_OP_TRUTHY ? operand(t, node, 0) : id);
    prose_put(&t->prose, holds ? " is true" : " is not true");
}

static void tell(struct teller *t, ir_node_id id, bool holds)
{
    const struct ir_node *node = node_of(t, id);
    if (!t->nodes_left) {
        prose_put(&t->prose, "…");
        return;
    }
    t->nodes_left--;
    if (tell_flag(t, node, holds)) return;
    switch ((enum ir_op)node->op) {
    case IR_OP_AND:
    case IR_OP_OR: tell_joined(t, node, holds); return;
    case IR_OP_NOT: tell(t, operand(t, node, 0), !holds); return;
    case IR_OP_ANY:
    case IR_OP_ALL: tell_quantifier(t, node, holds); return;
    case IR_OP_PRESENT: tell_present(t, node, holds); return;
    case IR_OP_MEMBER_OF: tell_member(t, node, holds); return;
    case IR_OP_BETWEEN: tell_between(t, node, holds); return;
    case IR_OP_STEP_EXISTS:
        tell_name(t, node, holds ? TEXT_FMT " was seen" : "no " TEXT_FMT " was seen");
        return;
    case IR_OP_ASK_NEW: tell_new(t, &t->rule->asks[node->x], holds); return;
    case IR_OP_REGEX:
        tell_subject(t, operand(t, node, 0));
        prose_put(&t->prose, " %s /" TEXT_FMT "/%s", holds ? "matches" : "does not match",
                  TEXT_ARG(value_text(t->ir->constants[node->x])), node->z ? "i" : "");
        return;
    default: break;
    }
    if (comparisons[node->op].holds)
        tell_compared(t, node, holds);
    else
        tell_plain(t, id, node, holds);
}

#define NODES_MOST 200

void tell_test(struct teller *t, ir_node_id id)
{
    t->nodes_left = NODES_MOST;
    tell(t, id, true);
}
