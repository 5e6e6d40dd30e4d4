/* catalogue.c - `csr fields`: the names that rules may read, and where each source has them.
 *
 * Closed fields are the rows of schema/field.def; what stands behind one in a source is printed from the
 * checked schema, so it cannot be out of date. Open paths have no rows: each root is explained.
 */
#include "engine/base/glob.h"
#include "engine/base/json_out.h"
#include "engine/ruleset.h"
#include "engine/schema/field.h"
#include "engine/tell/prose.h"
#include "grammar/base/names.h"

#include <string.h>

/* The roots of open paths. */
static const struct open_path {
    struct text name, root; /* root: as a path begins */
    const char *meaning, *example;
} open_paths[] = {
    {{"req.…", 7},
     {"req", 3},
     "Any parameter of the call, below what the source says req is. f[] goes into a list, f.\"x-amz-acl\" "
     "names a member "
     "with other characters; EC2's wrappers are looked through.",
     "req.ipPermissions[].toPort"},
    {{"resp.…", 8},
     {"resp", 4},
     "Any member of the answer, below what the source says resp is.",
     "resp.role.roleName"},
    {{"raw.…", 7},
     {"raw", 3},
     "The record as it was delivered, from its root: for what no field has.",
     "raw.additionalEventData.LoginTo"},
};
#define OPEN_PATHS (sizeof open_paths / sizeof *open_paths)

struct catalogue {
    const struct ir *ir;
    struct prose prose;
    const char *pattern;   /* NULL: all, in short */
    struct json_out *json; /* NULL: text */
    uint32_t told;
};

/* ---- which --------------------------------------------------------------------------------------------- */

static bool contains(struct text t, struct text part)
{
    return !part.len || memmem(t.at, t.len, part.at, part.len);
}

static bool is_wanted(const struct catalogue *c, struct text name)
{
    if (!c->pattern) return true;
    struct text pattern = text_of(c->pattern);
    return strchr(c->pattern, '*') ? glob_match(pattern, name, false) : contains(name, pattern);
}

/* `req.userName` asks about the root, too. */
static bool is_open_wanted(const struct catalogue *c, const struct open_path *o)
{
    if (!c->pattern) return true;
    struct text pattern = text_of(c->pattern);
    bool is_below =
        pattern.len > o->root.len && pattern.at[o->root.len] == '.' && text_starts(pattern, o->root);
    return is_below || is_wanted(c, o->root);
}

/* ---- where --------------------------------------------------------------------------------------------- */

/* What a field is in a source; IR_NONE: nothing. */
static ir_node_id definition_of(const struct ir *ir, struct text field, uint32_t schema)
{
    if (text_equal(field, TEXT("time"))) return ir->schemas[schema].time;
    if (text_equal(field, TEXT("identity"))) return ir->schemas[schema].identity;
    for (uint32_t i = 0; i < ir->n_fields; i++)
        if (text_equal(ir->fields[i].name, field)) return ir->fields[i].in_schema[schema];
    return IR_NONE;
}

static bool begin_source(struct catalogue *c, const struct field_info *field, uint32_t schema)
{
    ir_node_id id = definition_of(c->ir, field->name, schema);
    if (id == IR_NONE) return false;
    ir_print_definition(c->ir, schema, id, prose_out(&c->prose));
    return true;
}

/* ---- as text ------------------------------------------------------------------------------------------- */

#define NAME_WIDTH  20
#define TYPE_WIDTH  10
#define LABEL_WIDTH 12

static void tell_head(struct catalogue *c, struct text name, struct text type, const char *meaning)
{
    struct prose *p = &c->prose;
    prose_put(p, "%s", meaning);
    prose_row(p, 0,
              arena_printf(p->line.arena, "%-*.*s" TEXT_FMT,
                           NAME_WIDTH + (int)(name.len - prose_columns(name)), TEXT_ARG(name),
                           TEXT_ARG(type)),
              NAME_WIDTH + TYPE_WIDTH);
}

static void tell_example(struct catalogue *c, const char *example)
{
    prose_put(&c->prose, "%s", example);
    prose_row(&c->prose, NAME_WIDTH + TYPE_WIDTH, TEXT("example"), LABEL_WIDTH);
}

static void tell_field(struct catalogue *c, const struct field_info *f)
{
    struct prose *p = &c->prose;
    bool plain = p->color;
    tell_head(c, f->name, text_of(ir_type_name(f->type)), f->meaning);
    p->color = false; /* one bold word an entry is enough */
    tell_example(c, f->example);
    for (uint32_t s = 0; c->pattern && s < c->ir->n_schemas; s++)
        if (begin_source(c, f, s)) prose_row(p, NAME_WIDTH + TYPE_WIDTH, c->ir->schemas[s].name, LABEL_WIDTH);
    if (f->use == FIELD_SCHEMA) {
        prose_put(p, "It stands in `event` blocks alone; rules cannot read it.");
        prose_end(p, NAME_WIDTH + TYPE_WIDTH, NAME_WIDTH + TYPE_WIDTH);
    }
    p->color = plain;
}

static void tell_open(struct catalogue *c, const struct open_path *o)
{
    bool plain = c->prose.color;
    tell_head(c, o->name, TEXT("any"), o->meaning);
    c->prose.color = false;
    tell_example(c, o->example);
    c->prose.color = plain;
}

/* ---- as JSON ------------------------------------------------------------------------------------------- */

static void json_head(struct json_out *o, struct text name, const char *type, const char *meaning,
                      const char *example)
{
    json_open(o, '{');
    json_name(o, "name"), json_put_text(o, name);
    json_name(o, "type"), json_put_cstring(o, type);
    json_name(o, "meaning"), json_put_cstring(o, meaning);
    json_name(o, "example"), json_put_cstring(o, example);
}

static void json_field(struct catalogue *c, const struct field_info *f)
{
    struct json_out *o = c->json;
    json_head(o, f->name, ir_type_name(f->type), f->meaning, f->example);
    json_name(o, "in_rules"), json_put_bool(o, f->use != FIELD_SCHEMA);
    json_name(o, "sources"), json_open(o, '{');
    for (uint32_t s = 0; s < c->ir->n_schemas; s++) {
        if (!begin_source(c, f, s)) continue;
        json_name_text(o, c->ir->schemas[s].name);
        json_put_text(o, line_view(&c->prose.line));
        c->prose.line.bytes.len = 0;
    }
    json_close(o, '}'), json_close(o, '}'), json_put_newline(o);
}

static void json_open_path(struct catalogue *c, const struct open_path *open)
{
    json_head(c->json, open->name, "any", open->meaning, open->example);
    json_name(c->json, "in_rules"), json_put_bool(c->json, true);
    json_close(c->json, '}'), json_put_newline(c->json);
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

/* `req` and `resp` by themselves are told as open paths, but where a source has them is theirs. */
static void tell_all(struct catalogue *c)
{
    for (uint32_t i = 0; i < field_count(); i++) {
        const struct field_info *f = field_at(i);
        if (!is_wanted(c, f->name) || (!c->pattern && f->use == FIELD_SCHEMA)) continue;
        if (c->json)
            json_field(c, f);
        else
            tell_field(c, f);
        c->told++;
    }
    for (size_t i = 0; i < OPEN_PATHS; i++) {
        if (!is_open_wanted(c, &open_paths[i])) continue;
        if (c->json)
            json_open_path(c, &open_paths[i]);
        else
            tell_open(c, &open_paths[i]);
        c->told++;
    }
}

/* The field that was meant: the nearest name, or one with the nearest part. */
static const char *nearest_field(const char *pattern)
{
    struct nearest near = {.wanted = text_of(pattern)};
    const char *best = NULL;
    for (uint32_t i = 0; i < field_count(); i++) {
        struct text name = field_at(i)->name;
        const char *dot = memchr(name.at, '.', name.len);
        struct text first = {name.at, (uint32_t)(dot ? dot - name.at : name.len)};
        struct text last = dot ? (struct text){dot + 1, name.len - first.len - 1} : name;
        uint32_t before = near.best.len ? near.distance : UINT32_MAX;
        nearest_try(&near, name);
        nearest_try(&near, first);
        nearest_try(&near, last);
        if (near.best.len && near.distance < before) best = name.at;
    }
    return best;
}

static enum csr_status tell_under_escape(struct catalogue *c, FILE *to)
{
    if (setjmp(*arena_escape(c->prose.line.arena))) return CSR_SYSTEM;
    tell_all(c);
    if (c->json)
        fwrite(c->json->at, 1, c->json->len, to);
    else if (!c->pattern)
        fprintf(to, "\n`csr fields actor` shows where each source has a field; `csr fields 'src.*'` takes a "
                    "pattern.\n");
    return c->told ? CSR_OK : CSR_WRONG;
}

enum csr_status csr_fields(const csr_ruleset *rs, const char *pattern, bool json, FILE *to, const char **near)
{
    struct json_out out = {0};
    struct catalogue c = {.ir = csr_ruleset_ir(rs),
                          .pattern = pattern,
                          .json = json ? &out : NULL,
                          .prose = {.line.arena = arena_new(0), .to = to, .width = PROSE_WIDTH}};
    *near = NULL;
    if (!c.prose.line.arena) return CSR_SYSTEM;
    enum csr_status status = tell_under_escape(&c, to);
    if (out.failed) status = CSR_SYSTEM;
    if (status == CSR_WRONG) *near = nearest_field(pattern);
    json_out_release(&out);
    arena_free(c.prose.line.arena);
    return status;
}
