/* sources.c - which kinds of records a rule set reads, and to which of them a name of an event belongs.
 *
 * A source is an `event` block. Most have a service of their own, written as a text (`service = "okta"`):
 * their events are told by it. The others read the service from the record, as CloudTrail does, and have all
 * the rest.
 *
 * Invariants
 * 1. A name belongs to one source: to the one whose own service it says, unless the name is a call of AWS
 * that CloudTrail records (guardduty:DeleteDetector beside the findings of guardduty).
 * 2. A name whose source is not in use is an error: its rule would wait for ever.
 */
#include "engine/base/glob.h"
#include "engine/compile/compiler.h"
#include "engine/compile/embedded.h"
#include "engine/schema/api.h"

#define STDLIB "stdlib/"

struct text schema_service(const struct schema *schema)
{
    const struct schema_def *def = schema_def_find(schema, TEXT("service"));
    return def && def->expr->kind == AST_STRING ? def->expr->text : (struct text){NULL, 0};
}

/* A source that reads its service from the record: CloudTrail for what AWS has, else one of one's own, if
 * there is one. NULL: there is none. */
static struct schema *open_source(const struct compiler *c, struct text service)
{
    struct schema *found = NULL;
    bool is_aws = api_service(service).len != 0;
    for (uint32_t i = 0; i < c->schemas.len; i++) {
        struct schema *schema = c->schemas.at[i];
        if (schema_service(schema).len) continue;
        if (!found || schema->unit->source->is_embedded == is_aws) found = schema;
    }
    return found;
}

/* A source with this service of its own, best the one that is called like it; the service may be a pattern.
 */
static struct schema *own_source(const struct compiler *c, struct text service)
{
    struct schema *found = NULL;
    for (uint32_t i = 0; i < c->schemas.len; i++) {
        struct text own = schema_service(c->schemas.at[i]);
        if (!own.len || !glob_match(service, own, false)) continue;
        if (!found || text_equal(c->schemas.at[i]->ast->text, service)) found = c->schemas.at[i];
    }
    return found;
}

struct schema *source_of_api(const struct compiler *c, struct ir_api name)
{
    struct schema *own = own_source(c, name.service), *open = open_source(c, name.service);
    return own && !(open && api_is_call(name.service, name.action)) ? own : open;
}

/* Whether the names of a source's events are those that schema/api.h knows. */
bool knows_names(const struct compiler *c, struct ir_api name)
{
    const struct schema *source = source_of_api(c, name);
    return source && source->unit->source->is_embedded;
}

struct ir_api fold_api(const struct compiler *c, struct ir_api name)
{
    const struct schema *source = source_of_api(c, name);
    const struct schema_def *action = source ? schema_def_find(source, TEXT("action")) : NULL;
    if (!action || action->expr->kind != AST_CALL || !text_equal(action->expr->text, TEXT("lower")))
        return name;
    char *small = arena_alloc(c->arena, name.action.len);
    for (uint32_t i = 0; i < name.action.len; i++)
        small[i] = (char)(name.action.at[i] >= 'A' && name.action.at[i] <= 'Z' ? name.action.at[i] + 32
                                                                               : name.action.at[i]);
    name.action.at = small;
    return name;
}

/* ---- what ships ---- */

/* "stdlib/aws/guardduty.csr": its package is aws, its source guardduty. */
static bool split_path(const char *path, struct text *package, struct text *source)
{
    if (strncmp(path, STDLIB, strlen(STDLIB)) != 0) return false;
    const char *from = path + strlen(STDLIB), *slash = strchr(from, '/'), *dot = strrchr(from, '.');
    if (!slash || !dot || dot < slash) return false;
    *package = (struct text){from, (uint32_t)(slash - from)};
    *source = (struct text){slash + 1, (uint32_t)(dot - slash - 1)};
    return true;
}

struct text source_package(struct text name)
{
    struct text package, source;
    for (const struct embedded *e = csr_embedded; e->path; e++)
        if (split_path(e->path, &package, &source) && text_equal(source, name)) return package;
    return (struct text){NULL, 0};
}

struct text package_of_service(struct text service)
{
    struct text package = source_package(service);
    if (!package.len && !api_is_source(service) && api_service(service).len) return TEXT("aws");
    return package;
}

void fix_with_use(struct diag *d, const struct unit *unit, struct text package)
{
    struct csr_span start = {unit->source->base, unit->source->base};
    diag_fix(d, start, "use " TEXT_FMT, TEXT_ARG(package));
}

bool api_has_source(struct compiler *c, const struct unit *unit, const struct ast *api)
{
    struct ir_api name = split_api(api->text);
    bool is_pattern = memchr(name.service.at, '*', name.service.len) != NULL;
    struct text package = package_of_service(name.service);
    const struct schema *open = open_source(c, name.service);
    bool is_told = text_equal(name.service, TEXT("csr")); /* by the engine itself */
    if (is_told && !glob_match(name.action, TEXT("evicted"), false)) {
        diag_at(c->diags, E0540, api->span, "records of `" TEXT_FMT "` cannot be read yet",
                TEXT_ARG(name.service));
        return false;
    }
    if (!c->schemas.len || is_pattern || own_source(c, name.service)) return true;
    if (open && (!package.len || text_equal(package, TEXT("aws")))) return true;
    struct diag *d = diag_at(c->diags, E0233, api->span, "no source in use has events of `" TEXT_FMT "`",
                             TEXT_ARG(name.service));
    if (package.len)
        fix_with_use(d, unit, package);
    else
        diag_note(d, "describe its records: event " TEXT_FMT " from ndjson when … { … }",
                  TEXT_ARG(name.service));
    return false;
}

/* ---- from ---- */

static void unknown_source(const struct rule_work *r, const struct ast *name)
{
    struct text package = source_package(name->text);
    if (!package.len && api_is_source(name->text)) {
        diag_at(r->c->diags, E0540, name->span, "records of `" TEXT_FMT "` cannot be read yet",
                TEXT_ARG(name->text));
        return;
    }
    struct nearest near = {.wanted = name->text};
    for (uint32_t i = 0; i < r->c->schemas.len; i++) nearest_try(&near, r->c->schemas.at[i]->ast->text);
    struct diag *d = diag_at(r->c->diags, E0228, name->span, "no source in use is called `" TEXT_FMT "`",
                             TEXT_ARG(name->text));
    if (package.len)
        fix_with_use(d, r->unit, package);
    else if (near.best.len)
        diag_fix(d, name->span, TEXT_FMT, TEXT_ARG(near.best));
}

/* A source by its name, or by its service: GKE's records are k8s too. */
static bool is_meant(const struct schema *schema, struct text name)
{
    return text_equal(schema->ast->text, name) || text_equal(schema_service(schema), name);
}

/* Bits of the sources of that name. */
static uint64_t sources_named(const struct compiler *c, struct text name)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < c->schemas.len; i++)
        if (is_meant(c->schemas.at[i], name)) bits |= UINT64_C(1) << i;
    return bits;
}

void lower_from(struct rule_work *r)
{
    uint64_t bits = 0;
    for (const struct ast *clause = ast_kid(r->ast, AST_FROM); clause; clause = ast_next(clause))
        AST_EACH(name, clause) {
            uint64_t named = sources_named(r->c, name->text);
            if (!named) unknown_source(r, name);
            bits |= named;
        }
    r->out.from = ARENA_ARRAY(r->c->arena, uint32_t, r->c->schemas.len);
    for (uint32_t i = 0; i < r->c->schemas.len; i++)
        if (bits >> i & 1) r->out.from[r->out.n_from++] = i;
}
