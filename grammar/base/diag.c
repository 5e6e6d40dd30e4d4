/* diag.c - the table of diagnostics, and recording them. */
#include "grammar/base/diag_list.h"

#include <stdlib.h>

/* A hostile file may be wrong ten million times; nobody reads on after this many, so the rest is counted. */
#define ERRORS_SHOWN 20u

static const struct diag_info infos[DIAG_CODES] = {
#define DIAG(code, level, title, explanation) [code] = {#code, level, title, explanation},
#include "grammar/base/diag.def"
#undef DIAG
};

const struct diag_info *diag_info(enum diag_code code)
{
    return &infos[code];
}

enum diag_code diag_find(struct text name)
{
    for (int i = 0; i < DIAG_CODES; i++)
        if (text_equal(text_of(infos[i].name), name)) return (enum diag_code)i;
    return DIAG_CODES;
}

const char *diag_level_name(enum diag_level level)
{
    static const char *const names[] = {
        [DIAG_ERROR] = "error", [DIAG_WARNING] = "warning", [DIAG_NOTE] = "note"};
    return names[level];
}

struct diags *diags_new(struct arena *a, const struct sources *sources)
{
    struct diags *ds = ARENA_NEW(a, struct diags);
    ds->arena = a;
    ds->sources = sources;
    ds->sorted = ARENA_ARRAY(a, struct diag *, DIAGS_KEPT_MOST);
    return ds;
}

static void add_part(struct diag *d, struct diag_parts *parts, struct csr_span at, const char *format,
                     va_list ap)
{
    if (!d->is_kept) return;
    struct diag_part part = {at, arena_vprintf(d->arena, format, ap)};
    *ARENA_PUSH(d->arena, *parts) = part;
}

struct diag *diag_at(struct diags *ds, enum diag_code code, struct csr_span at, const char *label, ...)
{
    ds->errors += infos[code].level == DIAG_ERROR;
    ds->warnings += infos[code].level == DIAG_WARNING;
    bool is_error = infos[code].level == DIAG_ERROR;
    if (ds->all.len >= (is_error ? DIAGS_KEPT_MOST : WARNINGS_KEPT_MOST)) return &ds->overflow;
    struct diag *d = ARENA_NEW(ds->arena, struct diag);
    *d = (struct diag){.arena = ds->arena, .code = code, .order = ds->all.len, .is_kept = true};
    va_list ap;
    va_start(ap, label);
    add_part(d, &d->labels, at, label, ap);
    va_end(ap);
    *ARENA_PUSH(ds->arena, ds->all) = d;
    return d;
}

void diag_label(struct diag *d, struct csr_span at, const char *label, ...)
{
    va_list ap;
    va_start(ap, label);
    add_part(d, &d->labels, at, label, ap);
    va_end(ap);
}

void diag_note(struct diag *d, const char *note, ...)
{
    va_list ap;
    va_start(ap, note);
    add_part(d, &d->notes, (struct csr_span){0, 0}, note, ap);
    va_end(ap);
}

void diag_fix(struct diag *d, struct csr_span at, const char *replacement, ...)
{
    va_list ap;
    va_start(ap, replacement);
    add_part(d, &d->fixes, at, replacement, ap);
    va_end(ap);
}

bool diags_error_in(const struct diags *ds, struct csr_span span)
{
    for (uint32_t i = 0; i < ds->all.len; i++) {
        const struct diag *d = ds->all.at[i];
        if (diag_info(d->code)->level != DIAG_ERROR || !d->labels.len) continue;
        if (span.lo <= d->labels.at[0].at.lo && d->labels.at[0].at.lo < span.hi) return true;
    }
    return false;
}

struct diag_mark diags_mark(const struct diags *ds)
{
    return (struct diag_mark){ds->all.len, ds->errors, ds->warnings};
}

enum diag_code diags_since(const struct diags *ds, struct diag_mark mark, uint32_t index)
{
    return mark.len + index < ds->all.len ? ds->all.at[mark.len + index]->code : DIAG_CODES;
}

void diags_take_back(struct diags *ds, struct diag_mark mark)
{
    ds->all.len = mark.len;
    ds->errors = mark.errors;
    ds->warnings = mark.warnings;
}

uint32_t diags_errors(const struct diags *ds)
{
    return ds->errors;
}

uint32_t diags_warnings(const struct diags *ds)
{
    return ds->warnings;
}

/* ---- order ---- */

static struct csr_span place_of(const struct diag *d)
{
    return d->labels.at[0].at;
}

static int by_place(const void *va, const void *vb)
{
    const struct diag *a = *(struct diag *const *)va, *b = *(struct diag *const *)vb;
    struct csr_span pa = place_of(a), pb = place_of(b);
    if (pa.lo != pb.lo) return pa.lo < pb.lo ? -1 : 1;
    if (a->code != b->code) return a->code < b->code ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool is_repeated(const struct diag_list *l, const struct diag *d)
{
    const struct diag *last = l->len ? l->at[l->len - 1] : NULL;
    return last && last->code == d->code && place_of(last).lo == place_of(d).lo;
}

/* What is left out is passed over in place. */
struct diag_list diags_sorted(const struct diags *ds, struct diag_style style)
{
    struct diag **sorted = ds->sorted;
    struct diag_list l = {sorted, 0, 0};
    uint32_t most = style.most ? style.most : style.json ? UINT32_MAX : ERRORS_SHOWN, errors = 0;
    if (ds->all.len) memcpy(sorted, ds->all.at, ds->all.len * sizeof *sorted);
    qsort(sorted, ds->all.len, sizeof *sorted, by_place);
    for (uint32_t i = 0; i < ds->all.len; i++) {
        enum diag_level level = infos[sorted[i]->code].level;
        if (is_repeated(&l, sorted[i]) || (level == DIAG_NOTE && style.quiet_notes)) continue;
        if (level == DIAG_ERROR && errors++ >= most)
            l.errors_more++;
        else
            l.at[l.len++] = sorted[i];
    }
    if (ds->all.len == DIAGS_KEPT_MOST && ds->errors > errors) l.errors_more += ds->errors - errors;
    return l;
}
