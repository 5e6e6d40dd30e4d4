/* compile.c - the passes in their order: see compile.h. */
#include "engine/base/content_index.h"
#include "engine/base/hash.h"
#include "engine/compile/compiler.h"
#include "engine/compile/site.h"
#include "engine/ir/settle.h"

/* The package of the first event that a rule or baseline names; empty: none is known. */
static struct text first_package(const struct ast *ast)
{
    if (ast->kind == AST_API) return package_of_service(split_api(ast->text).service);
    struct text found = {NULL, 0};
    for (const struct ast *kid = ast->kids; kid && !found.len; kid = kid->next) found = first_package(kid);
    return found;
}

/* A rule set says how records are read by `use aws`; without it no rule means anything. */
static void check_schemas(struct compiler *c)
{
    if (c->schemas.len || diags_errors(c->diags)) return; /* the `use` may be what could not be read */
    for (uint32_t i = 0; i < c->symbols.len; i++) {
        const struct symbol *s = c->symbols.at[i];
        if ((s->kind != SYMBOL_RULE && s->kind != SYMBOL_BASELINE) || s->unit->refused) continue;
        struct text package = first_package(s->ast);
        fix_with_use(diag_at(c->diags, E0229, head_span(c, s->ast), "what kind of records is this about?"), s->unit,
                     package.len ? package : TEXT("aws"));
        return;
    }
}

static struct ir_site *lower_site(struct compiler *c)
{
    const struct ast **files = ARENA_ARRAY(c->arena, const struct ast *, c->units.len);
    for (uint32_t i = 0; i < c->units.len; i++) files[i] = c->units.at[i]->file;
    return site_lower(c->arena, c->diags, files, c->units.len);
}

/* Of the bytes of all files, whatever they are called. */
static void digest_files(const struct compiler *c, uint64_t out[2])
{
    static const uint64_t zero[2];
    struct hash128 *each = ARENA_ARRAY(c->arena, struct hash128, c->units.len + c->datasets.len);
    for (uint32_t i = 0; i < c->units.len; i++) {
        struct text bytes = c->units.at[i]->source->bytes;
        each[i] = hash_128(zero, bytes.at, bytes.len);
    }
    for (uint32_t i = 0; i < c->datasets.len; i++)
        each[c->units.len + i] = (struct hash128){c->datasets.at[i].digest[0], c->datasets.at[i].digest[1]};
    struct hash128 all = hash_128(zero, each, (c->units.len + c->datasets.len) * sizeof *each);
    out[0] = all.hi;
    out[1] = all.lo;
}

static void finish(struct compiler *c, const struct compile_input *input)
{
    struct ir *ir = c->ir;
    ir->arena = c->arena;
    ir_build_finish(&c->build, ir);
    ir->baselines = c->baselines.at, ir->n_baselines = c->baselines.len;
    ir->rules = c->rules.at, ir->n_rules = c->rules.len;
    ir->params = c->params.at, ir->n_params = c->params.len;
    ir->zones = c->zones.at, ir->n_zones = c->zones.len;
    ir->actions = c->actions.at, ir->n_actions = c->actions.len;
    ir->links = c->links.at, ir->n_links = c->links.len;
    ir->datasets = c->datasets.at, ir->n_datasets = c->datasets.len;
    ir->disabled = c->disabled.at, ir->n_disabled = c->disabled.len;
    ir->n_exceptions = c->n_exceptions;
    for (uint32_t i = 0; i < ir->n_rules; i++) ir->rules[i].monotone = ir_is_monotone(ir, &ir->rules[i]);
    digest_files(c, ir->fingerprint);
    if (!input->without_patterns) patterns_build(c, ir, input->cache);
    ir_seal(ir);
}

struct ir *csr_compile_ir(struct arena *arena, const struct compile_input *input, struct sources *sources,
                          struct diags **diags, bool *unreadable)
{
    struct compiler *c = ARENA_NEW(arena, struct compiler);
    *unreadable = false;
    sources_init(sources, arena);
    *diags = diags_new(arena, sources);
    *c = (struct compiler){.arena = arena,
                           .names = names_new(arena),
                           .sources = sources,
                           .diags = *diags,
                           .unreadable = unreadable,
                           .without_lints = input->without_lints,
                           .with_tests = input->with_tests,
                           .leaves_out = input->leaves_out_refused,
                           .keeps_refused = input->keeps_refused,
                           .today = input->today,
                           .ir = ARENA_NEW(arena, struct ir)};
    c->symbol_index = content_index_new(arena);
    c->field_index = content_index_new(arena);
    c->set_index = content_index_new(arena);
    c->warned_index = content_index_new(arena);
    ir_build_init(&c->build, arena);

    load_units(c, input);
    declare_units(c);
    read_datasets(c);
    declare_actions(c);
    declare_tunes(c);
    if (input->with_tests) declare_tests(c, input->n_texts == 0);
    check_schemas(c);
    lower_schemas(c);
    if (input->tells_unused && c->schemas.len) {
        load_unused(c);
        lower_unused(c);
    }
    if (input->every_field) lower_every_field(c);
    lower_baselines(c);
    lower_links(c);
    lower_rules(c);
    lower_tests(c);
    c->ir->site = lower_site(c);
    if (diags_errors(*diags) || input->without_patterns) patterns_check(c); /* else making them tells */
    if (diags_errors(*diags)) return NULL;
    finish(c, input);
    site_check_rules(c->ir, *diags);
    mark_blind(c, c->ir);
    if (diags_errors(*diags)) return NULL;
    if (!input->without_lints) {
        lint_rules(c);
        lint_allowances(c);
    }
    return c->ir;
}
