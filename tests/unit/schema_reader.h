/* schema_reader.h - records read by the schemas that ship, each field as text: for tests of stdlib/. */
#ifndef CSR_TESTS_UNIT_SCHEMA_READER_H
#define CSR_TESTS_UNIT_SCHEMA_READER_H

#include "engine/compile/compile.h"
#include "engine/event/decode.h"
#include "engine/ir/ir_print.h"
#include "engine/schema/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- a rule set that reads every field ----------------------------------------------------------------- */

#define ALL_SOURCES "aws, azure, gcp, github, k8s, okta, vpcflow"

struct reader {
    struct arena *arena;
    struct ir *ir;
    struct decoder *decoder;
    struct scratch scratch;
    struct eval eval;
    struct event event;
};

static struct text rule_that_reads_everything(struct arena *a, const char *use)
{
    struct text t = arena_printf(a, "use %s\n## Reads every field.\nrule everything { title \"all\" severity info on * (ok", use);
    for (uint32_t i = 0; i < field_count(); i++) {
        const struct field_info *f = field_at(i);
        if (f->use == FIELD_SCHEMA || f->use == FIELD_ROOT) continue;
        if (text_equal(f->name, TEXT("origin"))) continue; /* parsed, not executed yet */
        t = arena_printf(a, TEXT_FMT " or " TEXT_FMT "%s present", TEXT_ARG(t), TEXT_ARG(f->name),
                         f->type == IR_TYPE_LIST ? "[]" : "");
    }
    return arena_printf(a, TEXT_FMT " or req.userName present or req.instancesSet[] present) }\n", TEXT_ARG(t));
}

static void reader_compile(struct reader *r, const char *use)
{
    struct compile_text text = {TEXT("all.csr"), rule_that_reads_everything(r->arena, use)};
    struct compile_input input = {.texts = &text, .n_texts = 1, .without_lints = true};
    struct sources sources;
    struct diags *diags;
    bool unreadable = false;
    r->ir = csr_compile_ir(r->arena, &input, &sources, &diags, &unreadable);
    if (!r->ir) diags_print(diags, stderr, (struct diag_style){0});
}

static struct reader *reader_new(const char *use)
{
    struct reader *r = calloc(1, sizeof *r);
    r->arena = arena_new(0);
    reader_compile(r, use);
    if (!r->ir) return r;
    r->decoder = decoder_new(r->ir);
    r->scratch = (struct scratch){.at = malloc(1 << 22), .cap = 1 << 22};
    eval_init(&r->eval, r->ir, &r->scratch, calloc(r->ir->n_nodes, sizeof(struct value)),
              calloc(r->ir->n_nodes, sizeof(uint32_t)));
    r->event.slots = calloc(r->ir->n_slots, sizeof(struct value));
    return r;
}

static void reader_free(struct reader *r)
{
    free(r->event.slots);
    free(r->eval.memo);
    free(r->eval.memo_stamp);
    free(r->scratch.at);
    decoder_free(r->decoder);
    arena_free(r->arena);
    free(r);
}

/* Fixtures of a group of tests, which share the reader. */
static int reader_setup(void **state, const char *use)
{
    struct reader *r = *state = reader_new(use);
    return r->ir ? 0 : -1;
}

static int reader_teardown(void **state)
{
    reader_free(*state);
    return 0;
}

static enum aside read_record(struct reader *r, struct text record)
{
    r->scratch.len = 0;
    eval_reset(&r->eval);
    return decode_event(r->decoder, &r->eval, record, &r->event);
}

/* ---- values as text ------------------------------------------------------------------------------------ */

struct line {
    char at[2048];
    size_t len;
};

static void line_put(void *to, const char *at, size_t len)
{
    struct line *l = to;
    if (l->len + len >= sizeof l->at) return;
    memcpy(l->at + l->len, at, len);
    l->len += len;
    l->at[l->len] = 0;
}

static void put_value(struct line *l, struct value v)
{
    struct ir_out out = {line_put, l};
    if (v.kind == VALUE_LIST) {
        for (uint32_t i = 0; i < v.len; i++) {
            if (i) ir_put(out, TEXT(" "));
            put_value(l, v.items[i]);
        }
    } else if (v.kind == VALUE_STRING || v.kind == VALUE_JSON) {
        ir_put(out, value_text(v));
    } else if (v.kind == VALUE_NET) {
        char text[50];
        ir_put(out, (struct text){text, ip_print(v.net, text)});
    } else if (v.kind == VALUE_UNKNOWN) {
        ir_put(out, TEXT("unknown"));
    } else if (v.kind != VALUE_ABSENT) {
        ir_put_constant(out, v);
    }
}

static struct value field_value(struct reader *r, struct text name)
{
    for (uint32_t i = 0; i < r->ir->n_fields; i++)
        if (text_equal(r->ir->fields[i].name, name)) {
            ir_node_id id = r->ir->fields[i].in_schema[r->event.schema];
            return id == IR_NONE ? value_absent() : eval_value(&r->eval, id);
        }
    return value_absent();
}

static struct line field_text(struct reader *r, const char *name)
{
    struct line l = {.len = 0};
    if (strcmp(name, "identity") == 0) put_value(&l, value_string(r->event.identity));
    else if (strcmp(name, "service") == 0) put_value(&l, value_string(r->event.service));
    else if (strcmp(name, "action") == 0) put_value(&l, value_string(r->event.action));
    else if (strcmp(name, "second") == 0) put_value(&l, value_int(r->event.second));
    else put_value(&l, field_value(r, text_of(name)));
    return l;
}

/* ---- what fields must be ------------------------------------------------------------------------------- */

#define WANTS 24

struct want {
    const char *field, *value; /* "": absent or an empty list */
};

/* Reads the record, which no schema may refuse; wants: [WANTS], the rest has no field. */
static void expect_fields(struct reader *r, const char *name, const char *record, const struct want *wants)
{
    enum aside why = read_record(r, text_of(record));
    if (why != ASIDE_NONE) fail_msg("%s: set aside: %s", name, aside_name(why));
    for (const struct want *w = wants; w < wants + WANTS && w->field; w++) {
        struct line got = field_text(r, w->field);
        if (strcmp(got.at, w->value) != 0) fail_msg("%s: %s is \"%s\", not \"%s\"", name, w->field, got.at, w->value);
    }
}

#endif
