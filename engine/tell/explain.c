/* explain.c - `csr explain RULE`: the sections in the order in which an author asks.
 *
 *   what is it - what does it look for - how do the steps stand in time - when does it speak - what does it
 * propose - what is normal - what does it wait for - what does it need - what does it cost
 *
 * Everything is said from the checked IR and the plans made of it, never from the text of the rule: what
 * stands here is what runs.
 */
#include "engine/tell/explain.h"

#include "engine/ruleset.h"
#include "engine/schema/field.h"
#include "engine/schema/verb.h"
#include "grammar/base/diag.h"

/* ---- head ---------------------------------------------------------------------------------------------- */

static void tell_texts(struct teller *t, const char *label, const struct text *texts, uint32_t n,
                       const char *joint)
{
    if (!n) return;
    for (uint32_t i = 0; i < n; i++) prose_put(&t->prose, "%s" TEXT_FMT, i ? joint : "", TEXT_ARG(texts[i]));
    prose_row(&t->prose, 2, text_of(label), 14);
}

static void tell_title(struct teller *t)
{
    const struct ir_template *title = &t->rule->title;
    for (uint32_t i = 0; i < title->len; i++) {
        const struct ir_template_part *part = &title->parts[i];
        if (part->operand == IR_NONE) {
            prose_text(&t->prose, part->literal);
            continue;
        }
        prose_put(&t->prose, "{");
        ir_print_node(t->ir, t->rule, part->operand, prose_out(&t->prose));
        prose_put(&t->prose, "}");
    }
    prose_row(&t->prose, 2, TEXT("title"), 14);
}

static void tell_head(struct teller *t)
{
    const struct ir_rule *r = t->rule;
    struct prose *p = &t->prose;
    prose_put(p, "%s" TEXT_FMT "%s", p->color ? "\033[1m" : "", TEXT_ARG(r->name), p->color ? "\033[0m" : "");
    prose_end(p, 0, 0);
    prose_text(p, r->doc);
    if (r->doc.len) prose_end(p, 2, 2);
    fputc('\n', p->to);
    tell_title(t);
    tell_texts(t, "ATT&CK", r->attack, r->n_attack, ", ");
    tell_texts(t, "harmless when", r->falsepos, r->n_falsepos, "; ");
    tell_texts(t, "more", r->refs, r->n_refs, " ");
}

/* ---- the key ------------------------------------------------------------------------------------------- */

/* Whether every step takes this part of the key from the field of the same name. */
static bool is_field_everywhere(const struct teller *t, uint32_t part)
{
    for (uint32_t i = 0; i < t->rule->n_steps; i++)
        for (uint32_t g = 0; g < t->rule->steps[i].n_groups; g++) {
            const struct ir_node *node = &t->ir->nodes[t->rule->steps[i].groups[g].key[part]];
            if (node->op != IR_OP_FIELD || !text_equal(t->ir->fields[node->x].name, t->rule->by[part].name))
                return false;
        }
    return true;
}

static void tell_key_by_step(struct teller *t, uint32_t part)
{
    for (uint32_t i = 0; i < t->rule->n_steps; i++) {
        const struct ir_step *step = &t->rule->steps[i];
        for (uint32_t g = 0; g < step->n_groups; g++) {
            if (g && step->groups[g].key[part] == step->groups[g - 1].key[part]) continue;
            prose_put(&t->prose, "%s", i || g ? "; " : "");
            ir_print_node(t->ir, t->rule, step->groups[g].key[part], prose_out(&t->prose));
            if (!t->rule->is_on) prose_put(&t->prose, " of " TEXT_FMT, TEXT_ARG(step->name));
        }
    }
    prose_put(&t->prose, ".");
}

static void tell_key_part(struct teller *t, uint32_t part, unsigned width)
{
    const struct field_info *field = field_find(t->rule->by[part].name);
    if (field && is_field_everywhere(t, part))
        prose_text(&t->prose, text_of(field->meaning));
    else
        tell_key_by_step(t, part);
    prose_row(&t->prose, 4, t->rule->by[part].name, width);
}

static void tell_params(struct teller *t)
{
    struct prose *p = &t->prose;
    for (uint32_t i = 0; i < t->ir->n_params; i++) {
        const struct ir_param *param = &t->ir->params[i];
        if (!text_equal(param->rule, t->rule->name)) continue;
        prose_put(p, "The parameter " TEXT_FMT " is ", TEXT_ARG(param->name));
        ir_put_constant(prose_out(p), param->value);
        prose_put(p, "; a site may set it from ");
        ir_put_constant(prose_out(p), param->least);
        prose_put(p, " to ");
        ir_put_constant(prose_out(p), param->most);
        prose_put(p, ".");
        prose_end(p, 2, 2);
    }
}

static void tell_key(struct teller *t)
{
    const struct ir_rule *r = t->rule;
    unsigned width = 0;
    prose_put(&t->prose,
              r->is_on ? "Its incidents are told apart by " : "Events belong together that have the same ");
    for (uint32_t i = 0; i < r->n_by; i++) {
        prose_put(&t->prose, "%s" TEXT_FMT, list_joint(i, r->n_by, " and "), TEXT_ARG(r->by[i].name));
        if (width < r->by[i].name.len) width = r->by[i].name.len;
    }
    prose_put(&t->prose, ":");
    prose_end(&t->prose, 2, 2);
    for (uint32_t i = 0; i < r->n_by; i++) tell_key_part(t, i, width + 2);
}

/* ---- tuning -------------------------------------------------------------------------------------------- */

static void tell_tuning(struct teller *t)
{
    struct prose *p = &t->prose;
    if (!t->rule->n_tunings) return;
    prose_heading(p, "How it is tuned here");
    for (uint32_t i = 0; i < t->rule->n_tunings; i++) {
        const struct ir_tuning *line = &t->rule->tunings[i];
        struct place at = sources_place(t->sources, line->span.lo);
        prose_text(p, line->words);
        if (line->reason.len) prose_put(p, ": " TEXT_FMT, TEXT_ARG(line->reason));
        if (at.file) prose_put(p, " (" TEXT_FMT ":%u)", TEXT_ARG(at.file->name), at.line);
        prose_end(p, 2, 4);
    }
}

/* ---- speaking ------------------------------------------------------------------------------------------ */

static int32_t base_score(const struct ir_rule *r)
{
    static const int32_t points[] = {
        [IR_INFO] = 10, [IR_LOW] = 30, [IR_MEDIUM] = 50, [IR_HIGH] = 70, [IR_CRITICAL] = 90};
    if (r->has_score) return r->score;
    for (uint32_t i = 0; i < r->n_severities; i++)
        if (r->severities[i].when == IR_NONE) return points[r->severities[i].severity];
    return 0;
}

static void tell_severity(struct teller *t)
{
    const struct ir_rule *r = t->rule;
    struct prose *p = &t->prose;
    prose_put(p, "Severity: ");
    for (uint32_t i = 0; i < r->n_severities; i++)
        if (r->severities[i].when == IR_NONE)
            prose_text(p, ir_severity_name((enum ir_severity)r->severities[i].severity));
    for (uint32_t i = 0; i < r->n_severities; i++) {
        if (r->severities[i].when == IR_NONE) continue;
        prose_put(p, "; " TEXT_FMT " if ",
                  TEXT_ARG(ir_severity_name((enum ir_severity)r->severities[i].severity)));
        tell_test(t, r->severities[i].when);
    }
    prose_put(p, r->n_severities > 2 ? ". Of those that hold the highest counts." : ".");
    prose_end(p, 2, 2);
}

static void tell_score(struct teller *t)
{
    const struct ir_rule *r = t->rule;
    struct prose *p = &t->prose;
    if (!r->has_score) {
        prose_put(p, "Score: %d, from the severity.", base_score(r));
        prose_end(p, 2, 2);
        return;
    }
    prose_put(p, r->n_terms ? "Score: %d, and" : "Score: %d.", r->score);
    prose_end(p, 2, 2);
    for (uint32_t i = 0; i < r->n_terms; i++) {
        prose_put(p, "if ");
        tell_test(t, r->terms[i].when);
        prose_row(p, 4, arena_printf(p->line.arena, "%+3d", r->terms[i].points), 5);
    }
}

static void tell_opening(struct teller *t)
{
    const struct ir_rule *r = t->rule;
    struct prose *p = &t->prose;
    int32_t base = base_score(r);
    bool falls = false;
    for (uint32_t i = 0; i < r->n_terms; i++) falls |= r->terms[i].points < 0;
    if (base >= r->open_at && !falls)
        prose_put(p, "Every match opens an incident.");
    else if (base >= r->open_at)
        prose_put(p, "A match alone has %d and opens an incident, for which a score of %d is needed.", base,
                  r->open_at);
    else
        prose_put(p,
                  "A match alone has %d; an incident opens at %d, so %d more are needed. Below that it is a "
                  "signal: "
                  "counted, but not shown.",
                  base, r->open_at, r->open_at - base);
    prose_put(p, " For ");
    tell_seconds(t, r->once);
    prose_put(p, " after it, further matches of the same key join the incident; the next one after that "
                 "opens another.");
    prose_end(p, 2, 2);
}

/* ---- responses ----------------------------------------------------------------------------------------- */

static void tell_response(struct teller *t, const struct ir_respond *act)
{
    struct prose *p = &t->prose;
    const struct verb_info *verb = verb_find(act->verb);
    prose_put(p, TEXT_FMT "(", TEXT_ARG(act->verb));
    for (uint32_t i = 0; i < act->n_args; i++) {
        prose_put(p, "%s", i ? ", " : "");
        ir_print_node(t->ir, t->rule, act->args[i], prose_out(p));
    }
    prose_put(p, ")");
    if (act->limit) prose_put(p, ", for at most %u " TEXT_FMT, act->limit, TEXT_ARG(act->limit_what));
    if (act->undo_after) prose_put(p, ", undone after "), tell_seconds(t, act->undo_after);
    if (act->settled) prose_put(p, ", once the incident is settled");
    prose_put(p, ".");
    if (verb) prose_put(p, " %s", verb->meaning);
    for (uint32_t i = 0; i < t->ir->n_actions; i++)
        if (text_equal(t->ir->actions[i].name, act->verb) && t->ir->actions[i].meaning.len)
            prose_put(p, " " TEXT_FMT, TEXT_ARG(t->ir->actions[i].meaning));
    prose_row(p, 4, arena_printf(p->line.arena, "from %d", act->at), 9);
}

static void tell_responses(struct teller *t)
{
    if (!t->rule->n_responds) return;
    prose_heading(&t->prose, "What it proposes");
    prose_put(
        &t->prose,
        "By the score that the incident has. Nothing is done unless the policy of the site file allows it.");
    prose_end(&t->prose, 2, 2);
    for (uint32_t i = 0; i < t->rule->n_responds; i++) tell_response(t, &t->rule->responds[i]);
}

/* ---- baselines ----------------------------------------------------------------------------------------- */

static void put_nodes(struct teller *t, const ir_node_id *ids, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        prose_put(&t->prose, "%s", list_joint(i, n, " and "));
        ir_print_node(t->ir, t->rule, ids[i], prose_out(&t->prose));
    }
}

static void tell_learnt(struct teller *t, const struct ir_baseline *b)
{
    struct prose *p = &t->prose;
    prose_put(p, b->learns_failed || b->n_on ? " shown in " : " shown in successful calls");
    for (uint32_t g = 0; g < b->n_on; g++)
        for (uint32_t a = 0; a < b->on[g].n_apis; a++) {
            prose_put(p, "%s", g || a ? ", " : "");
            ir_put_api(prose_out(p), t->ir, &b->on[g].apis[a]);
        }
}

static void tell_baseline(struct teller *t, const struct ir_baseline *b)
{
    struct prose *p = &t->prose;
    prose_put(p, "For each ");
    put_nodes(t, b->key, b->n_key);
    if (b->value != IR_NONE) {
        prose_put(p, ", which ");
        ir_print_node(t->ir, t->rule, b->value, prose_out(p));
        prose_put(p, " it has");
    } else {
        prose_put(p, ", that it was");
    }
    tell_learnt(t, b);
    prose_put(p, ", forgotten when unseen for ");
    tell_seconds(t, b->keep);
    if (b->days > 1)
        prose_put(p, ". New is what fewer than %u earlier days have seen. ", b->days);
    else
        prose_put(p, ". New is what no earlier day has seen. ");
    prose_put(p, "Until there is ");
    tell_seconds(t, b->warmup);
    prose_put(
        p, " of history it cannot tell: a term of the score then counts nothing, a predicate does not hold.");
}

static void tell_baselines(struct teller *t)
{
    uint64_t *asked = ARENA_ARRAY(t->prose.line.arena, uint64_t, t->ir->n_baselines / 64 + 1);
    unsigned width = 0;
    if (!t->rule->n_asks) return;
    for (uint32_t i = 0; i < t->rule->n_asks; i++) {
        struct text name = t->ir->baselines[t->rule->asks[i].baseline].name;
        if (width < name.len) width = name.len;
    }
    prose_heading(&t->prose, "What it remembers");
    for (uint32_t i = 0; i < t->rule->n_asks; i++) {
        uint32_t number = t->rule->asks[i].baseline;
        if (asked[number / 64] >> (number % 64) & 1) continue;
        asked[number / 64] |= UINT64_C(1) << (number % 64);
        tell_baseline(t, &t->ir->baselines[number]);
        prose_row(&t->prose, 2, t->ir->baselines[number].name, width + 2);
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void tell_refusal(struct teller *t)
{
    const struct diag_info *info = diag_info((enum diag_code)t->rule->refused);
    if (!t->rule->refused) return;
    prose_put(&t->prose, "This rule cannot be loaded: %s (%s).", info->title, info->name);
    prose_end(&t->prose, 2, 2);
}

static void tell_rule(struct teller *t)
{
    tell_head(t);
    tell_refusal(t);
    prose_heading(&t->prose, "What it looks for");
    tell_steps(t);
    tell_key(t);
    tell_params(t);
    tell_tuning(t);
    if (t->rule->match) {
        prose_heading(&t->prose, "How the steps stand in time");
        tell_order(t);
    }
    prose_heading(&t->prose, "When it speaks");
    tell_opening(t);
    tell_score(t);
    tell_severity(t);
    tell_responses(t);
    tell_baselines(t);
    prose_heading(&t->prose, "What it waits for");
    tell_waits(t);
    prose_heading(&t->prose, "What it needs");
    tell_needs(t);
    prose_heading(&t->prose, "What it costs");
    tell_cost(t);
}

enum csr_status csr_explain_rule(const csr_ruleset *rs, size_t index, FILE *to, bool color)
{
    struct arena *arena = arena_new(0);
    const struct ir *ir = csr_ruleset_ir(rs);
    if (!arena) return CSR_SYSTEM;
    if (setjmp(*arena_escape(arena))) {
        arena_free(arena);
        return CSR_SYSTEM;
    }
    struct teller t = {.ir = ir,
                       .rule = &ir->rules[index],
                       .sources = csr_ruleset_sources(rs),
                       .step = IR_NONE,
                       .prose = {.line.arena = arena, .to = to, .width = PROSE_WIDTH, .color = color}};
    tell_rule(&t);
    arena_free(arena);
    return CSR_OK;
}
