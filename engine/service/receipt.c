/* receipt.c - what a reload did, or why it did nothing: {"type":"reload","ok":…}.
 *
 * A rule is known by its name. With an equal fingerprint it is kept, with its half-built matches (language.md B24);
 * else it is changed and begins anew.
 */
#include "engine/service/service.h"

#include "engine/base/hash.h"

#include <stdlib.h>

/* ---- which rules --------------------------------------------------------------------------------------- */

struct named { /* a set's rules in order of their names */
    const struct ir_rule **rules;
    uint32_t n;
};

static int by_name(const void *a, const void *b)
{
    return text_compare((*(const struct ir_rule *const *)a)->name, (*(const struct ir_rule *const *)b)->name);
}

static bool sort_rules(struct named *out, const struct ir *ir)
{
    *out = (struct named){calloc(ir->n_rules + 1, sizeof *out->rules), ir->n_rules};
    if (!out->rules) return false;
    for (uint32_t i = 0; i < ir->n_rules; i++) out->rules[i] = &ir->rules[i];
    qsort(out->rules, out->n, sizeof *out->rules, by_name);
    return true;
}

enum fate { FATE_KEPT, FATE_CHANGED, FATE_ADDED, FATE_REMOVED };

static bool is_same(const struct ir_rule *a, const struct ir_rule *b)
{
    return a->fingerprint[0] == b->fingerprint[0] && a->fingerprint[1] == b->fingerprint[1];
}

/* Walks both in step; the names of one fate go into o, if it is given. Their number. */
static uint32_t count_fate(const struct named *before, const struct named *after, enum fate wanted,
                           struct json_out *o)
{
    uint32_t n = 0, b = 0, a = 0;
    while (b < before->n || a < after->n) {
        int order = b == before->n  ? 1
                    : a == after->n ? -1
                                    : text_compare(before->rules[b]->name, after->rules[a]->name);
        enum fate fate = order > 0 ? FATE_ADDED : order < 0 ? FATE_REMOVED
                         : is_same(before->rules[b], after->rules[a]) ? FATE_KEPT : FATE_CHANGED;
        const struct ir_rule *rule = order > 0 ? after->rules[a] : before->rules[b];
        b += order <= 0;
        a += order >= 0;
        if (fate != wanted) continue;
        n++;
        if (o) json_put_text(o, rule->name);
    }
    return n;
}

static void put_fates(struct json_out *o, const struct named *before, const struct named *after)
{
    static const struct {
        enum fate fate;
        const char *name;
    } lists[] = {{FATE_CHANGED, "changed"}, {FATE_ADDED, "added"}, {FATE_REMOVED, "removed"}};
    json_member_uint(o, "kept", count_fate(before, after, FATE_KEPT, NULL));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_name(o, lists[i].name);
        json_open(o, '[');
        count_fate(before, after, lists[i].fate, o);
        json_close(o, ']');
    }
}

static void put_rules(struct json_out *o, const struct ir *before, const struct ir *after)
{
    struct named was = {0}, is = {0};
    json_name(o, "rules");
    json_open(o, '{');
    if (sort_rules(&was, before) && sort_rules(&is, after)) put_fates(o, &was, &is);
    else o->failed = true;
    json_close(o, '}');
    free(was.rules);
    free(is.rules);
}

/* ---- the rest of a good receipt ------------------------------------------------------------------------ */

static void put_files(struct json_out *o, const struct sources *sources)
{
    static const uint64_t key[2];
    json_name(o, "files");
    json_open(o, '[');
    for (uint32_t i = 0; i < sources->files.len; i++) {
        const struct source *file = &sources->files.at[i];
        char digest[33];
        hash128_print(hash_128(key, file->bytes.at, file->bytes.len), digest);
        json_open(o, '{');
        json_name(o, "path"), json_put_text(o, file->name);
        json_name(o, "digest"), json_put_cstring(o, digest);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static bool same_sources(const struct ir_site *a, const struct ir_site *b)
{
    if (a->n_sources != b->n_sources) return false;
    for (uint32_t i = 0; i < a->n_sources; i++) {
        const struct ir_source *x = &a->sources[i], *y = &b->sources[i];
        if (!text_equal(x->name, y->name) || !text_equal(x->kind, y->kind) || !text_equal(x->path, y->path) ||
            x->follow != y->follow || x->disorder != y->disorder || x->max_lag != y->max_lag)
            return false;
    }
    return true;
}

void receipt_restart_needed(struct json_out *o, const struct ir_site *before, const struct ir_site *after)
{
    static const struct ir_site none;
    const struct ir_site *a = before ? before : &none, *b = after ? after : &none;
    json_name(o, "restart_needed");
    json_open(o, '[');
    if (!same_sources(a, b)) json_put_cstring(o, "sources");
    if (!text_equal(a->incidents, b->incidents)) json_put_cstring(o, "incidents");
    if (!text_equal(a->state, b->state)) json_put_cstring(o, "state");
    if (!text_equal(a->socket, b->socket)) json_put_cstring(o, "socket");
    if (memcmp(&a->caps, &b->caps, sizeof a->caps)) json_put_cstring(o, "caps");
    json_close(o, ']');
}

static void put_success(struct json_out *o, const struct receipt *r)
{
    json_name(o, "digest"), json_put_cstring(o, csr_ruleset_digest(r->after->rules));
    put_files(o, csr_ruleset_sources(r->after->rules));
    put_rules(o, r->before->ir, r->after->ir);
    json_member_uint(o, "half_built_dropped", r->adoption.half_built_dropped);
    receipt_restart_needed(o, r->before->ir->site, r->after->ir->site);
}

/* ---- a refusal ----------------------------------------------------------------------------------------- */

/* What the report prints, to be freed; NULL: no memory. */
static char *print_report(const csr_report *report, bool json, size_t *len)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, len);
    if (!f) return NULL;
    csr_report_print(report, f, (struct csr_report_style){.json = json});
    if (fclose(f) == 0) return text;
    free(text);
    return NULL;
}

/* One object a line becomes an array. */
static void put_errors(struct json_out *o, const char *lines, size_t len)
{
    const char *end = lines + len;
    json_name(o, "errors");
    json_open(o, '[');
    while (lines < end) {
        const char *newline = memchr(lines, '\n', (size_t)(end - lines));
        if (!newline) newline = end;
        if (newline > lines) json_put_json(o, (struct text){lines, (uint32_t)(newline - lines)});
        lines = newline + 1;
    }
    json_close(o, ']');
}

static void put_diagnostics(struct json_out *o, const csr_report *report)
{
    size_t text_len = 0, json_len = 0;
    char *text = print_report(report, false, &text_len), *json = print_report(report, true, &json_len);
    if (text && json) {
        json_name(o, "diagnostics"), json_put_text(o, (struct text){text, (uint32_t)text_len});
        put_errors(o, json, json_len);
    } else {
        o->failed = true;
    }
    free(text);
    free(json);
}

static void put_refusal(struct json_out *o, const struct receipt *r)
{
    if (r->error) json_name(o, "error"), json_put_cstring(o, r->error);
    else put_diagnostics(o, r->report);
}

void receipt_json(struct json_out *o, const struct receipt *r)
{
    json_open(o, '{');
    json_name(o, "type"), json_put_cstring(o, "reload");
    json_name(o, "ok"), json_put_bool(o, r->after != NULL);
    json_member_uint(o, "generation", r->generation);
    r->after ? put_success(o, r) : put_refusal(o, r);
    json_name(o, "took_ms"), json_put_int(o, r->took_ms);
    json_close(o, '}');
}
