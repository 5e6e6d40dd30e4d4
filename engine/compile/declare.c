/* declare.c - the names that files declare: one table over all of them, by full name.
 *
 * A name in a folder with a pack is "pack.name"; inside that pack it may be written bare, elsewhere in full.
 * A name in a file without a pack is bare and seen everywhere. So a site can extend a pack's list, and two
 * packs may both have a rule called `trail_stopped`.
 */
#include "engine/base/content_index.h"
#include "engine/compile/compiler.h"

static const struct {
    enum ast_kind item;
    enum symbol_kind kind;
} declaring[] = {
    {AST_RULE, SYMBOL_RULE},
    {AST_LIST, SYMBOL_LIST},
    {AST_DATASET, SYMBOL_LIST},
    {AST_BASELINE, SYMBOL_BASELINE},
    {AST_DEFINE, SYMBOL_DEFINE},
};

static const char *const kind_words[] = {[SYMBOL_RULE] = "rule",
                                         [SYMBOL_LIST] = "list",
                                         [SYMBOL_BASELINE] = "baseline",
                                         [SYMBOL_DEFINE] = "definition"};

static uint64_t symbol_hash(enum symbol_kind kind, struct text name)
{
    return content_hash(CONTENT_HASH(CONTENT_HASH_START, kind), name.at, name.len);
}

static struct symbol *find_full(const struct compiler *c, enum symbol_kind kind, struct text name)
{
    uint64_t hash = symbol_hash(kind, name);
    uint32_t at = content_start(hash);
    for (uint32_t i; (i = content_next(c->symbol_index, hash, &at)) != CONTENT_NONE;) {
        struct symbol *s = c->symbols.at[i];
        if (s->kind == kind && text_equal(s->name, name)) return s;
    }
    return NULL;
}

static struct text full_name(const struct compiler *c, const struct unit *unit, struct text name)
{
    if (!unit->pack) return name;
    return names_put(
        c->names, arena_printf(c->arena, TEXT_FMT "." TEXT_FMT, TEXT_ARG(unit->pack->name), TEXT_ARG(name)));
}

struct symbol *symbol_find(const struct compiler *c, enum symbol_kind kind, const struct unit *unit,
                           struct text name)
{
    struct symbol *own = unit->pack ? find_full(c, kind, full_name(c, unit, name)) : NULL;
    return own ? own : find_full(c, kind, name);
}

void symbol_offer(const struct compiler *c, enum symbol_kind kind, const struct unit *unit,
                  struct nearest *near)
{
    for (uint32_t i = 0; i < c->symbols.len; i++) {
        const struct symbol *s = c->symbols.at[i];
        if (s->kind != kind) continue;
        nearest_try(near, s->name);
        if (s->unit->pack && s->unit->pack == unit->pack) nearest_try(near, s->ast->text);
    }
}

/* The symbol of the same bare name in a pack, which wants its full name here. */
static const struct symbol *find_in_packs(const struct compiler *c, enum symbol_kind kind, struct text bare)
{
    for (uint32_t i = 0; i < c->symbols.len; i++)
        if (c->symbols.at[i]->kind == kind && text_equal(c->symbols.at[i]->ast->text, bare))
            return c->symbols.at[i];
    return NULL;
}

void symbol_unknown(const struct compiler *c, enum symbol_kind kind, const struct unit *unit,
                    struct text name, struct csr_span at)
{
    static const enum diag_code codes[] = {
        [SYMBOL_RULE] = E0208, [SYMBOL_LIST] = E0209, [SYMBOL_BASELINE] = E0206, [SYMBOL_DEFINE] = E0207};
    struct diag *d = diag_at(c->diags, codes[kind], at, "no %s is called `" TEXT_FMT "`", kind_words[kind],
                             TEXT_ARG(name));
    const struct symbol *in_pack = find_in_packs(c, kind, name);
    struct nearest near = {.wanted = name};
    symbol_offer(c, kind, unit, &near);
    if (in_pack) near.best = in_pack->name;
    if (near.best.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
}

/* All symbols of a rule set: enough for any, and few enough for the memory of a compile. */
#define SYMBOLS_MOST 50000

static bool has_room(struct compiler *c, const struct ast *item, enum symbol_kind kind)
{
    if (c->symbols.len < SYMBOLS_MOST) return true;
    if (!c->is_full)
        diag_at(c->diags, E0128, head_span(c, item),
                "this %s is one too many: rules, lists, definitions and baselines are together at most %u",
                kind_words[kind], SYMBOLS_MOST);
    c->is_full = true;
    return false;
}

static void declare(struct compiler *c, const struct unit *unit, const struct ast *item,
                    enum symbol_kind kind)
{
    struct text name = full_name(c, unit, item->text);
    struct symbol *earlier = find_full(c, kind, name);
    if (earlier) {
        diag_label(diag_at(c->diags, E0202, head_span(c, item), "the %s `" TEXT_FMT "` again",
                           kind_words[kind], TEXT_ARG(name)),
                   head_span(c, earlier->ast), "declared here first");
        return;
    }
    if (!has_room(c, item, kind)) return;
    struct symbol *s = ARENA_NEW(c->arena, struct symbol);
    *s = (struct symbol){.kind = kind, .name = name, .unit = unit, .ast = item, .number = IR_NONE};
    *ARENA_PUSH(c->arena, c->symbols) = s;
    content_put(c->arena, c->symbol_index, symbol_hash(kind, name), c->symbols.len - 1);
}

/* An event of one's own stands before those that ship, because what `use` brings in is read last. */
static void declare_again(struct compiler *c, const struct unit *unit, const struct ast *item,
                          const struct schema *earlier)
{
    if (unit->source->is_embedded && !earlier->unit->source->is_embedded) {
        struct diag *d = warn(c, W0234, head_span(c, earlier->ast), "instead of the `" TEXT_FMT "` that `use` brings in",
                              TEXT_ARG(item->text));
        if (d) diag_note(d, "if both are to be read, give yours another name; it may have the same `service`");
        return;
    }
    diag_label(diag_at(c->diags, E0202, head_span(c, item), "the event `" TEXT_FMT "` again", TEXT_ARG(item->text)),
               head_span(c, earlier->ast), "declared here first");
}

static void check_format(struct compiler *c, const struct ast *item)
{
    const struct ast *from = ast_kid(item, AST_FROM), *name = from ? from->kids : NULL;
    if (!name || text_equal(name->text, TEXT("ndjson"))) return;
    diag_fix(diag_at(c->diags, E0235, name->span, "no form of records is called `" TEXT_FMT "`", TEXT_ARG(name->text)),
             name->span, "ndjson");
}

static void declare_schema(struct compiler *c, const struct unit *unit, const struct ast *item)
{
    for (uint32_t i = 0; i < c->schemas.len; i++)
        if (text_equal(c->schemas.at[i]->ast->text, item->text)) {
            declare_again(c, unit, item, c->schemas.at[i]);
            return;
        }
    if (c->schemas.len == SCHEMAS_MOST) {
        diag_at(c->diags, E0236, head_span(c, item), "this is the 65th");
        return;
    }
    struct schema *schema = ARENA_NEW(c->arena, struct schema);
    *schema = (struct schema){.ast = item, .unit = unit};
    check_format(c, item);
    declare_defs(c, schema);
    *ARENA_PUSH(c->arena, c->schemas) = schema;
}

/* A record is read by the first source whose `when` holds: one that takes everything stands last. */
static void order_schemas(struct compiler *c)
{
    struct schema **in_order = ARENA_ARRAY(c->arena, struct schema *, c->schemas.len);
    uint32_t n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < c->schemas.len; i++)
            if ((ast_kid(c->schemas.at[i]->ast, AST_WHEN) == NULL) == pass) in_order[n++] = c->schemas.at[i];
    for (uint32_t i = 0; i < n; i++) {
        c->schemas.at[i] = in_order[i];
        in_order[i]->number = i;
    }
}

/* `list pack.name += { … }`: the list must be there. What is added is read with the list (lists.c). */
static void check_list_add(const struct compiler *c, const struct unit *unit, const struct ast *item)
{
    if (!symbol_find(c, SYMBOL_LIST, unit, item->text))
        symbol_unknown(c, SYMBOL_LIST, unit, item->text, word_span(c, item, item->text));
}

struct csr_span head_span(const struct compiler *c, const struct ast *node)
{
    struct csr_span head = node->span;
    const struct source *file = sources_find(c->sources, head.lo);
    if (!file || !node->kids || node->kids->span.lo <= head.lo) return head;
    const char *bytes = file->bytes.at - file->base;
    head.hi = node->kids->span.lo;
    while (head.hi > head.lo + 1 && strchr(" \t\n\r{(=:", bytes[head.hi - 1])) head.hi--;
    return head;
}

static bool is_word_byte(char at)
{
    return (at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') || (at >= '0' && at <= '9') || at == '_';
}

struct csr_span word_span(const struct compiler *c, const struct ast *node, struct text word)
{
    const struct source *file = sources_find(c->sources, node->span.lo);
    if (!file || !word.len) return node->span;
    const char *bytes = file->bytes.at - file->base;
    for (uint32_t at = node->span.lo; at + word.len <= node->span.hi; at++)
        if (memcmp(bytes + at, word.at, word.len) == 0 &&
            (at == node->span.lo || !is_word_byte(bytes[at - 1])) &&
            (at + word.len == node->span.hi || !is_word_byte(bytes[at + word.len])))
            return (struct csr_span){at, at + word.len};
    return node->span;
}

void declare_units(struct compiler *c)
{
    for (uint32_t u = 0; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file) {
            struct diag_mark mark = diags_mark(c->diags);
            if (item->kind == AST_LINK && c->leaves_out) c->units.at[u]->refused = E0522; /* link.c */
            if (item->kind == AST_EVENT) declare_schema(c, c->units.at[u], item);
            enum diag_code code = leave_out(c, mark, c->units.at[u]);
            if (code) c->units.at[u]->refused = code;
            for (uint32_t i = 0; i < sizeof declaring / sizeof *declaring; i++)
                if (declaring[i].item == item->kind) declare(c, c->units.at[u], item, declaring[i].kind);
        }
    order_schemas(c);
    for (uint32_t u = 0; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file)
            if (item->kind == AST_LIST_ADD) check_list_add(c, c->units.at[u], item);
}
