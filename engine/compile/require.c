/* require.c - what a rule rests on: `require reads`, `require cloudtrail(account) fresh 15m else incident low
 * "…"`.
 *
 * `require reads` is about the site: where its sources have no read-only events, the rule is loaded blind,
 * and everybody who asks is told. `fresh` is about time: how far a feed may be behind before an absence means
 * nothing.
 */
#include "engine/compile/compiler.h"

#define FRESH_MOST (7 * 86400) /* seconds */

uint32_t feed_named(struct compiler *c, const struct ast *clause)
{
    struct nearest near = {.wanted = clause->text};
    for (uint32_t i = 0; i < c->schemas.len; i++) {
        const struct schema *s = c->schemas.at[i];
        if (text_equal(s->ast->text, clause->text)) return s->number;
        nearest_try(&near, s->ast->text);
    }
    struct csr_span at = word_span(c, clause, clause->text);
    struct diag *d = diag_at(c->diags, E0228, at, "no feed is called `" TEXT_FMT "`", TEXT_ARG(clause->text));
    if (near.best.len)
        diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
    else
        diag_note(d, "write `require reads`, or `require cloudtrail(account) fresh 15m`");
    return IR_NONE;
}

static uint32_t key_part(const struct rule_work *r, const struct ast *path)
{
    struct text words = path_words(r->c->arena, path->text, path->kids);
    for (uint32_t i = 0; i < r->out.n_by; i++)
        if (text_equal(r->out.by[i].name, words)) return i;
    return IR_NONE;
}

/* A feed is named by values that every event of a key shares. */
static void lower_parts(struct rule_work *r, const struct ast *paths, struct ir_require *out)
{
    if (!paths) return;
    out->parts = ARENA_ARRAY(r->c->arena, uint32_t, paths->n_kids);
    AST_EACH(path, paths) {
        uint32_t part = key_part(r, path);
        bool names_feed = !path->kids &&
                          (text_equal(path->text, TEXT("account")) || text_equal(path->text, TEXT("region")));
        if (!names_feed)
            diag_at(r->c->diags, E0345, path->span, "a feed is told apart by account and region");
        else if (part == IR_NONE)
            diag_note(diag_at(r->c->diags, E0345, path->span, "the key has no such part"),
                      "add it to `by`: which feed is meant must be known of each key");
        else
            out->parts[out->n_parts++] = part;
    }
}

static void lower_fresh(struct rule_work *r, const struct ast *clause, struct ir_require *out)
{
    const struct ast *fresh = ast_kid(clause, AST_FRESH), *otherwise = ast_kid(clause, AST_ELSE);
    enum ir_severity severity;
    out->kind = IR_REQUIRE_FRESH;
    out->schema = feed_named(r->c, clause);
    out->fresh = fresh && fresh->kids ? whole_seconds(r, fresh->kids) : 0;
    if (fresh && fresh->kids && (out->fresh == 0 || out->fresh > FRESH_MOST))
        diag_at(r->c->diags, E0305, fresh->kids->span, "this is 1s to 7d");
    lower_parts(r, ast_kid(clause, AST_PATHS), out);
    if (!otherwise || !otherwise->kids) return;
    out->has_else = true;
    if (severity_find(otherwise->text, &severity))
        out->severity = (uint8_t)severity;
    else
        unknown_severity(r->c, otherwise->text, word_span(r->c, otherwise, otherwise->text));
    lower_template(r, otherwise->kids, &out->title);
}

static void lower_require(struct rule_work *r, const struct ast *clause)
{
    struct ir_require out = {.kind = IR_REQUIRE_READS, .schema = IR_NONE, .span = clause->span};
    bool is_reads = text_equal(clause->text, TEXT("reads")), is_fresh = ast_kid(clause, AST_FRESH) != NULL;
    if (is_reads && is_fresh)
        diag_at(r->c->diags, E0345, clause->span, "`reads` is a kind of events, not a feed that can be late");
    else if (is_fresh)
        lower_fresh(r, clause, &out);
    else if (!is_reads && feed_named(r->c, clause) != IR_NONE)
        diag_note(diag_at(r->c->diags, E0345, clause->span, "how far may this feed be behind?"),
                  "write `require " TEXT_FMT "(account) fresh 15m`", TEXT_ARG(clause->text));
    r->out.requires[r->out.n_requires++] = out;
}

void lower_requires(struct rule_work *r)
{
    uint32_t n = 0;
    for (const struct ast *clause = ast_kid(r->ast, AST_REQUIRE); clause; clause = ast_next(clause)) n++;
    r->out.requires = ARENA_ARRAY(r->c->arena, struct ir_require, n);
    for (const struct ast *clause = ast_kid(r->ast, AST_REQUIRE); clause; clause = ast_next(clause))
        lower_require(r, clause);
}

/* ---- the site ------------------------------------------------------------------------------------------ */

static bool has_reads(const struct ir_site *site)
{
    for (uint32_t i = 0; site && i < site->n_sources; i++)
        if (site->sources[i].reads) return true;
    return !site || !site->n_sources;
}

void mark_blind(struct compiler *c, struct ir *ir)
{
    if (has_reads(ir->site)) return;
    for (uint32_t i = 0; i < ir->n_rules; i++)
        for (uint32_t k = 0; k < ir->rules[i].n_requires; k++) {
            if (ir->rules[i].requires[k].kind != IR_REQUIRE_READS) continue;
            ir->rules[i].is_blind = true;
            struct diag *d = warn(c, W0413, ir->rules[i].requires[k].span, "`" TEXT_FMT "` sees nothing here",
                                  TEXT_ARG(ir->rules[i].name));
            if (d) diag_note(d, "no source of the site file has read-only events: each says `reads = false`");
        }
}
