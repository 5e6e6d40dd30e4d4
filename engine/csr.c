/* csr.c - the public interface: reports, rule sets, dumps and explanations over the compiler.
 *
 * A compile makes one arena, which the rule set and the report both need: the set for its IR, the report for
 * its diagnostics. Whoever of the two is freed last frees it.
 *
 * Invariants
 * 1. A csr_ruleset is written by csr_compile alone; any number of threads may read it.
 * 2. Nothing here prints, except into a FILE that the caller gives.
 */
#include "engine/csr.h"

#include "engine/base/hash.h"
#include "engine/compile/compile.h"
#include "engine/run/atomic.h"
#include "engine/ruleset.h"
#include "grammar/base/names.h"

#include <errno.h>
#include <stdlib.h>

#define COMPILE_BUDGET ((size_t)1 << 30) /* bytes of one compile */

/* ---- one compile, and who needs it --------------------------------------------------------------------- */

struct compilation {
    struct arena *arena;
    struct sources sources;
    struct diags *diags; /* NULL until there is one */
    struct ir *ir;       /* NULL: there was an error */
    bool is_unreadable, has_no_memory;
    uint32_t owners; /* count */
};

struct csr_ruleset {
    struct compilation *of;
    const char **names;    /* of rules, in the arena */
    const char **disabled; /* name and reason in turn */
    char digest[33];
};

struct csr_report {
    struct compilation *of; /* of the last compile; NULL: none yet */
    bool has_no_memory;     /* not even for that */
};

static struct compilation *compilation_new(void)
{
    struct compilation *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->owners = 1;
    c->arena = arena_new(COMPILE_BUDGET);
    if (c->arena) return c;
    free(c);
    return NULL;
}

static struct compilation *compilation_share(struct compilation *c)
{
    count_add(&c->owners, 1);
    return c;
}

/* The last owner sees all that the others did: count_add orders everything. */
static void compilation_leave(struct compilation *c)
{
    if (!c || count_add(&c->owners, -1) != 1) return;
    arena_free(c->arena);
    free(c);
}

static void report_on(csr_report *r, struct compilation *c)
{
    if (!r) return;
    compilation_leave(r->of);
    r->of = c ? compilation_share(c) : NULL;
    r->has_no_memory = !c || c->has_no_memory;
}

/* ---- reports ------------------------------------------------------------------------------------------- */

csr_report *csr_report_new(void)
{
    return calloc(1, sizeof(csr_report));
}

void csr_report_free(csr_report *r)
{
    if (!r) return;
    compilation_leave(r->of);
    free(r);
}

static const struct diags *diags_of(const csr_report *r)
{
    return r->of ? r->of->diags : NULL;
}

uint32_t csr_report_errors(const csr_report *r)
{
    return (diags_of(r) ? diags_errors(diags_of(r)) : 0) + r->has_no_memory;
}

uint32_t csr_report_warnings(const csr_report *r)
{
    return diags_of(r) ? diags_warnings(diags_of(r)) : 0;
}

bool csr_report_system_failed(const csr_report *r)
{
    return r->has_no_memory || (r->of && r->of->is_unreadable);
}

/* Without an arena that a diagnostic could lie in. */
static void print_no_memory(FILE *to, bool as_json)
{
    const struct diag_info *info = diag_info(E0001);
    if (as_json)
        fprintf(to, "{\"code\":\"%s\",\"level\":\"error\",\"title\":\"%s\"}\n", info->name, info->title);
    else
        fprintf(to, "error[%s]: %s\n", info->name, info->title);
}

void csr_report_print(const csr_report *r, FILE *to, struct csr_report_style style)
{
    if (diags_of(r))
        diags_print(diags_of(r), to, (struct diag_style){.color = style.color, .json = style.json});
    if (r->has_no_memory) print_no_memory(to, style.json);
}

/* ---- rule sets ----------------------------------------------------------------------------------------- */

static struct text text_or_none(const char *at, size_t len)
{
    return (struct text){at, (uint32_t)len};
}

/* Where pattern databases are kept: the service's own folder, else the user's. NULL: nowhere. */
static const char *cache_folder(struct arena *a)
{
    const char *folder = secure_getenv("CACHE_DIRECTORY"); /* systemd's, the first of several */
    if (folder && *folder == '/') return arena_text(a, folder, strcspn(folder, ":")).at;
    folder = secure_getenv("XDG_CACHE_HOME");
    if (folder && *folder == '/') return arena_printf(a, "%s/csr", folder).at;
    folder = secure_getenv("HOME");
    return folder && *folder == '/' ? arena_printf(a, "%s/.cache/csr", folder).at : NULL;
}

static void compile_texts(struct compilation *c, const struct csr_compile_options *o)
{
    struct compile_text *texts = ARENA_ARRAY(c->arena, struct compile_text, o->n_texts);
    for (size_t i = 0; i < o->n_texts; i++) {
        const struct csr_text *t = &o->texts[i];
        texts[i] = (struct compile_text){text_of(t->name), text_or_none(t->text, t->len)};
    }
    struct compile_input input = {.texts = texts,
                                  .n_texts = (uint32_t)o->n_texts,
                                  .without_lints = o->without_lints,
                                  .without_patterns = o->without_patterns,
                                  .cache = o->without_cache ? NULL : cache_folder(c->arena),
                                  .with_tests = o->with_tests,
                                  .leaves_out_refused = o->leaves_out_refused,
                                  .keeps_refused = o->keeps_refused,
                                  .today = o->today,
                                  .tells_unused = o->tells_unused,
                                  .every_field = o->every_field};
    c->ir = csr_compile_ir(c->arena, &input, &c->sources, &c->diags, &c->is_unreadable);
}

static const char **name_rules(struct arena *a, const struct ir *ir)
{
    const char **names = ARENA_ARRAY(a, const char *, ir->n_rules + 1);
    for (uint32_t i = 0; i < ir->n_rules; i++)
        names[i] = arena_text(a, ir->rules[i].name.at, ir->rules[i].name.len).at;
    return names;
}

static const char **name_disabled(struct arena *a, const struct ir *ir)
{
    const char **names = ARENA_ARRAY(a, const char *, 2 * ir->n_disabled + 1);
    for (uint32_t i = 0; i < ir->n_disabled; i++) {
        names[2 * i] = arena_text(a, ir->disabled[i].name.at, ir->disabled[i].name.len).at;
        names[2 * i + 1] = arena_text(a, ir->disabled[i].reason.at, ir->disabled[i].reason.len).at;
    }
    return names;
}

static void name_all(csr_ruleset *rs, const struct compilation *c)
{
    rs->names = name_rules(c->arena, c->ir);
    rs->disabled = name_disabled(c->arena, c->ir);
}

/* Everything that may leave by the arena's escape. */
static void compile_under_escape(struct compilation *c, csr_ruleset *rs, const struct csr_compile_options *o)
{
    if (setjmp(*arena_escape(c->arena))) {
        c->ir = NULL;
        c->has_no_memory = true;
    } else {
        compile_texts(c, o);
        if (c->ir) name_all(rs, c);
    }
    arena_end_escape(c->arena);
}

csr_ruleset *csr_compile(const struct csr_compile_options *o, csr_report *r)
{
    struct compilation *c = compilation_new();
    csr_ruleset *rs = c ? calloc(1, sizeof *rs) : NULL;
    if (rs)
        compile_under_escape(c, rs, o);
    else if (c)
        c->has_no_memory = true;
    report_on(r, c);
    if (!rs || !c->ir) {
        free(rs);
        compilation_leave(c);
        return NULL;
    }
    rs->of = c;
    hash128_print((struct hash128){c->ir->fingerprint[0], c->ir->fingerprint[1]}, rs->digest);
    return rs;
}

void csr_ruleset_free(csr_ruleset *rs)
{
    if (!rs) return;
    compilation_leave(rs->of);
    free(rs);
}

size_t csr_ruleset_rules(const csr_ruleset *rs)
{
    return rs->of->ir->n_rules;
}

const char *csr_ruleset_rule_name(const csr_ruleset *rs, size_t index)
{
    return rs->names[index];
}

size_t csr_ruleset_disabled(const csr_ruleset *rs)
{
    return rs->of->ir->n_disabled;
}

const char *csr_ruleset_disabled_name(const csr_ruleset *rs, size_t index, const char **reason)
{
    if (reason) *reason = rs->disabled[2 * index + 1];
    return rs->disabled[2 * index];
}

const char *csr_ruleset_digest(const csr_ruleset *rs)
{
    return rs->digest;
}

/* The part of a rule's name behind its pack. */
static struct text bare_name(struct text name)
{
    const char *dot = memrchr(name.at, '.', name.len);
    return dot ? (struct text){dot + 1, (uint32_t)(name.at + name.len - dot - 1)} : name;
}

bool csr_ruleset_find(const csr_ruleset *rs, const char *name, size_t *index, const char **near)
{
    const struct ir *ir = csr_ruleset_ir(rs);
    struct text wanted = text_of(name);
    size_t found = 0;
    for (uint32_t i = 0; i < ir->n_rules; i++) {
        if (text_equal(ir->rules[i].name, wanted)) return *index = i, true;
        if (text_equal(bare_name(ir->rules[i].name), wanted)) *index = i, found++;
    }
    if (found == 1) return true;
    struct nearest nearest = {.wanted = wanted};
    *near = NULL;
    for (uint32_t i = 0; i < ir->n_rules; i++) {
        uint32_t before = nearest.best.len ? nearest.distance : UINT32_MAX;
        nearest_try(&nearest, ir->rules[i].name);
        nearest_try(&nearest, bare_name(ir->rules[i].name));
        if (nearest.best.len && nearest.distance < before) *near = rs->names[i];
    }
    return false;
}

const struct ir *csr_ruleset_ir(const csr_ruleset *rs)
{
    return rs->of->ir;
}

const struct sources *csr_ruleset_sources(const csr_ruleset *rs)
{
    return &rs->of->sources;
}

/* ---- dumps --------------------------------------------------------------------------------------------- */

static void put_bytes(void *to, const char *at, size_t len)
{
    fwrite(at, 1, len, to);
}

static void dump_tokens(struct parse *p, const struct source *source, FILE *to)
{
    csr_dump_tokens(p, source, to);
}

static void dump_tree(struct parse *p, const struct source *source, FILE *to)
{
    ast_dump(csr_parse(p, source), to);
}

static void dump_ir(const struct ir *ir, FILE *to)
{
    ir_dump(ir, put_bytes, to);
}

static void dump_tests(const struct ir *ir, FILE *to)
{
    ir_dump_tests(ir, put_bytes, to);
}

static void dump_plan(const struct ir *ir, FILE *to)
{
    ir_dump_plan(ir, put_bytes, to);
}

/* One of the two functions: what it needs is a text, or a compiled set. */
static const struct stage {
    const char *name;
    void (*of_text)(struct parse *p, const struct source *source, FILE *to);
    void (*of_ir)(const struct ir *ir, FILE *to);
} stages[] = {
    {"tokens", dump_tokens, NULL}, {"ast", dump_tree, NULL},    {"ir", NULL, dump_ir},
    {"plan", NULL, dump_plan},     {"tests", NULL, dump_tests},
};

static const struct stage *find_stage(const char *name)
{
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (!strcmp(stages[i].name, name)) return &stages[i];
    return NULL;
}

/* The whole file in memory that is the caller's to free; NULL, and errno. */
static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(PARSE_SOURCE_MOST + 1);
    if (file && bytes) *len = fread(bytes, 1, PARSE_SOURCE_MOST + 1, file);
    bool failed = !file || !bytes || ferror(file);
    if (file) fclose(file);
    if (!failed) return bytes;
    free(bytes);
    return NULL;
}

static void dump_one_text(struct compilation *c, const struct stage *stage, const struct csr_text *t,
                          FILE *to)
{
    if (setjmp(*arena_escape(c->arena))) {
        c->has_no_memory = true;
        return;
    }
    sources_init(&c->sources, c->arena);
    c->diags = diags_new(c->arena, &c->sources);
    struct parse p = {c->arena, names_new(c->arena), &c->sources, c->diags};
    struct text bytes = arena_text(c->arena, t->text, t->len);
    const struct source *source = sources_add(&c->sources, text_of(t->name), bytes, false);
    if (source)
        stage->of_text(&p, source, to);
    else
        diag_at(c->diags, E0004, (struct csr_span){0}, "%s", t->name);
}

static void report_unreadable(struct compilation *c, const char *path, const char *why)
{
    c->is_unreadable = true;
    if (setjmp(*arena_escape(c->arena))) {
        c->has_no_memory = true;
        return;
    }
    sources_init(&c->sources, c->arena);
    c->diags = diags_new(c->arena, &c->sources);
    diag_at(c->diags, E0003, (struct csr_span){0}, "%s: %s", path, why);
}

static enum csr_status status_of(const struct compilation *c)
{
    if (c->has_no_memory || c->is_unreadable) return CSR_SYSTEM;
    return c->diags && diags_errors(c->diags) ? CSR_WRONG : CSR_OK;
}

static enum csr_status dump_text(const struct stage *stage, const struct csr_text *t, FILE *to, csr_report *r)
{
    struct compilation *c = compilation_new();
    struct csr_text whole = *t;
    char *read = NULL;
    if (!c) {
        report_on(r, NULL);
        return CSR_SYSTEM;
    }
    if (!t->text) whole.text = read = read_file(t->name, &whole.len);
    if (whole.text)
        dump_one_text(c, stage, &whole, to);
    else
        report_unreadable(c, t->name, strerror(errno));
    free(read);
    enum csr_status status = status_of(c);
    report_on(r, c);
    compilation_leave(c);
    return status;
}

static enum csr_status dump_set(const struct stage *stage, const struct csr_compile_options *o, FILE *to,
                                csr_report *r)
{
    csr_report *mine = r ? r : csr_report_new();
    struct csr_compile_options options = *o;
    options.with_tests = options.leaves_out_refused = stage->of_ir == dump_tests;
    options.keeps_refused = !options.leaves_out_refused;
    csr_ruleset *rs = csr_compile(&options, mine);
    enum csr_status status = CSR_OK;
    if (rs)
        stage->of_ir(csr_ruleset_ir(rs), to);
    else
        status = !mine || csr_report_system_failed(mine) ? CSR_SYSTEM : CSR_WRONG;
    csr_ruleset_free(rs);
    if (mine != r) csr_report_free(mine);
    return status;
}

enum csr_status csr_dump(const struct csr_compile_options *o, const char *stage, FILE *to, csr_report *r)
{
    const struct stage *s = find_stage(stage);
    if (!s || (s->of_text && o->n_texts == 0)) return CSR_USAGE;
    return s->of_text ? dump_text(s, &o->texts[0], to, r) : dump_set(s, o, to, r);
}

/* ---- explanations -------------------------------------------------------------------------------------- */

const char *csr_explain_code(const char *code, const char **title, const char **near)
{
    enum diag_code found = diag_find(text_of(code));
    if (found != DIAG_CODES) {
        if (title) *title = diag_info(found)->title;
        if (near) *near = NULL;
        return diag_info(found)->explanation;
    }
    struct nearest nearest = {.wanted = text_of(code)};
    for (size_t i = 0; i < DIAG_CODES; i++)
        nearest_try(&nearest, text_of(diag_info((enum diag_code)i)->name));
    if (title) *title = NULL;
    if (near) *near = nearest.best.at; /* a whole name: it ends with a NUL */
    return NULL;
}

const char *csr_code(size_t index)
{
    return index < DIAG_CODES ? diag_info((enum diag_code)index)->name : NULL;
}
