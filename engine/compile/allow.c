/* allow.c - warnings, and the comments that silence them where they stand:
 *
 *     # csr: allow W0302 reason "the window is the shift"
 *
 * Behind code the comment speaks of the clause that it stands behind; alone on a line of the clause, or of
 * the whole item, that begins next. How the text is broken into lines does not matter, so `csr fmt` changes
 * nothing of it.
 *
 * Invariants
 * 1. A comment that silenced nothing is itself a warning, so that it goes when its reason has gone. That can
 * be said only when every check was made: when there is no error.
 */
#include "engine/base/content_index.h"
#include "engine/compile/compiler.h"

#include <stdarg.h>

/* ---- places ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The first byte behind blanks from `at` on; a line end is none. */
static uint32_t skip_blanks(const struct source *file, uint32_t at)
{
    const char *bytes = file->bytes.at - file->base;
    uint32_t end = file->base + file->bytes.len;
    while (at < end && is_blank(bytes[at])) at++;
    return at;
}

/* The first byte of code behind the line of a comment, past lines that have none. */
static uint32_t next_code(const struct source *file, uint32_t at)
{
    const char *bytes = file->bytes.at - file->base;
    uint32_t end = file->base + file->bytes.len;
    while (at < end && (bytes[at] == '#' || bytes[at] == '\n')) {
        while (at < end && bytes[at] != '\n') at++;
        at = at < end ? skip_blanks(file, at + 1) : end;
    }
    return at;
}

/* The last byte of code before a comment on its line; 0 if it stands alone. */
static uint32_t code_before(const struct source *file, uint32_t at)
{
    const char *bytes = file->bytes.at - file->base;
    while (at > file->base && is_blank(bytes[at - 1])) at--;
    return at > file->base && bytes[at - 1] != '\n' ? at - 1 : 0;
}

/* ---- what a comment covers ---- */

static struct unit *unit_of(const struct compiler *c, uint32_t at)
{
    const struct source *file = sources_find(c->sources, at);
    for (uint32_t u = 0; file && u < c->units.len; u++)
        if (c->units.at[u]->source->base == file->base) return c->units.at[u];
    return NULL;
}

static bool is_within(const struct ast *node, uint32_t at)
{
    return node->span.lo <= at && at < node->span.hi;
}

static const struct ast *kid_around(const struct ast *node, uint32_t at)
{
    if (!node) return NULL;
    AST_EACH(kid, node)
        if (is_within(kid, at)) return kid;
    return NULL;
}

static bool covers(const struct unit *unit, struct allowance a, uint32_t at)
{
    uint32_t before = code_before(unit->source, a.at.lo);
    uint32_t code = before ? before : next_code(unit->source, a.at.lo);
    const struct ast *item = kid_around(unit->file, code), *clause = kid_around(item, code);
    if (clause) return is_within(clause, at);
    return item && (before || code == item->span.lo) && is_within(item, at);
}

static void read_allowances(struct compiler *c, struct unit *unit)
{
    struct text bytes = unit->source->bytes;
    if (unit->allowances_read) return;
    unit->allowances_read = true;
    if (!bytes.len || !memmem(bytes.at, bytes.len, "csr:", 4)) return;
    struct parse parse = {c->arena, c->names, c->sources, c->diags};
    unit->allowances = csr_parse_allowances(&parse, unit->source);
    unit->silences = ARENA_ARRAY(c->arena, bool, unit->allowances.len);
}

static bool is_allowed(struct compiler *c, enum diag_code code, uint32_t at)
{
    struct unit *unit = unit_of(c, at);
    bool allowed = false;
    if (!unit) return false;
    read_allowances(c, unit);
    for (uint32_t i = 0; i < unit->allowances.len; i++) {
        struct allowance a = unit->allowances.at[i];
        if (!text_equal(a.code, text_of(diag_info(code)->name)) || !covers(unit, a, at)) continue;
        unit->silences[i] = allowed = true;
    }
    return allowed;
}

/* ---- the whole ---- */

/* A define that is used twice, or a value of two groups, is looked at twice. */
static bool is_said(struct compiler *c, enum diag_code code, uint32_t at)
{
    uint64_t hash = CONTENT_HASH(CONTENT_HASH(CONTENT_HASH_START, code), at);
    uint32_t start = content_start(hash);
    for (uint32_t i; (i = content_next(c->warned_index, hash, &start)) != CONTENT_NONE;)
        if (c->warned.at[i].code == code && c->warned.at[i].at == at) return true;
    *ARENA_PUSH(c->arena, c->warned) = (struct warned){code, at};
    content_put(c->arena, c->warned_index, hash, c->warned.len - 1);
    return false;
}

struct diag *warn(struct compiler *c, enum diag_code code, struct csr_span at, const char *label, ...)
{
    va_list ap;
    if (c->without_lints || is_allowed(c, code, at.lo) || is_said(c, code, at.lo)) return NULL;
    va_start(ap, label);
    struct text words = arena_vprintf(c->arena, label, ap);
    va_end(ap);
    return words.len ? diag_at(c->diags, code, at, TEXT_FMT, TEXT_ARG(words))
                     : diag_at(c->diags, code, at, NULL);
}

/* Whether the place belongs to a test, of which nothing is known when nobody looks at tests. */
static bool is_unseen(const struct compiler *c, const struct unit *unit, uint32_t at)
{
    const struct ast *item = unit->file->kids;
    while (item && item->span.hi <= at) item = item->next;
    return !c->with_tests && item && item->kind == AST_TEST;
}

void lint_allowances(struct compiler *c)
{
    for (uint32_t u = 0; u < c->units.len; u++) {
        struct unit *unit = c->units.at[u];
        read_allowances(c, unit);
        for (uint32_t i = 0; i < unit->allowances.len; i++)
            if (!unit->silences[i] && !is_unseen(c, unit, unit->allowances.at[i].at.lo))
                diag_at(c->diags, W0304, unit->allowances.at[i].at, "nothing here gives " TEXT_FMT,
                        TEXT_ARG(unit->allowances.at[i].code));
    }
}
