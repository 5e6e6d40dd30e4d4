/* ir_dump_test.c - what `csr dump --stage=tests` prints: the records that tests make up, what is known
 * before, what is expected. A record is shown as its source would have written it, so that it can be compared
 * with a genuine one.
 */
#include "engine/base/time.h"
#include "engine/ir/ir_print.h"

static void put_known(const struct ir *ir, const struct ir_test_known *known, struct ir_out out)
{
    const struct ir_baseline *b = &ir->baselines[known->baseline];
    ir_putf(out, "    known       " TEXT_FMT, TEXT_ARG(b->name));
    for (uint32_t i = 0; known->has_values && i < b->n_key; i++) {
        ir_put(out, i ? TEXT(", ") : TEXT(" = ("));
        ir_put_constant(out, known->key[i]);
    }
    if (known->has_values && b->value != IR_NONE) ir_put(out, TEXT(", ")), ir_put_constant(out, known->value);
    ir_put(out, known->has_values ? TEXT(")\n") : TEXT("\n"));
}

static void put_net_part(const char *name, struct value v, struct ir_out out)
{
    if (v.kind == VALUE_ABSENT) return;
    ir_putf(out, " %s ", name);
    ir_put_constant(out, v);
}

static void put_net(const struct ir_test_net *net, struct ir_out out)
{
    char text[50];
    ir_putf(out, "    address     %.*s", (int)ip_print(&net->address, text), text);
    put_net_part("asn", net->asn, out);
    put_net_part("org", net->org, out);
    put_net_part("country", net->country, out);
    ir_put(out, TEXT("\n"));
}

static void put_event(const struct ir_test *t, const struct ir_test_event *e, struct ir_out out)
{
    ir_put(out, TEXT("    at "));
    ir_put_duration(out, (e->second - t->start) * SECOND_NS);
    ir_put(out, TEXT("  "));
    ir_put(out, e->record);
    ir_put(out, TEXT("\n"));
}

static void put_test(const struct ir *ir, const struct ir_test *t, struct ir_out out)
{
    char start[32];
    ir_putf(out, "test " TEXT_FMT " ", TEXT_ARG(t->rule_name));
    ir_put_quoted(out, t->title);
    ir_putf(out, "\n    start       %.*s\n", (int)time_print(t->start * SECOND_NS, start), start);
    for (uint32_t i = 0; i < t->n_knowns; i++) put_known(ir, &t->knowns[i], out);
    for (uint32_t i = 0; i < t->n_nets; i++) put_net(&t->nets[i], out);
    for (uint32_t i = 0; i < t->n_events; i++) put_event(t, &t->events[i], out);
    for (uint32_t i = 0; i < t->n_expects; i++)
        ir_putf(out, "    " TEXT_FMT "\n", TEXT_ARG(t->expects[i].words));
}

void ir_dump_tests(const struct ir *ir, void (*put)(void *to, const char *at, size_t len), void *to)
{
    for (uint32_t i = 0; i < ir->n_tests; i++) put_test(ir, &ir->tests[i], (struct ir_out){put, to});
}
