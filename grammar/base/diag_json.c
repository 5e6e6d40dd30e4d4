/* diag_json.c - diagnostics for editors: one object a line, with the fields
 *
 *     code level title file line column end_line end_column labels[] notes[] fixes[]
 *
 * Labels and fixes have the same place fields, labels a `text`, fixes a `replacement`. A diagnostic that
 * stands in no file has no place fields. Lines and columns count from 1, columns in characters, the end is
 * exclusive.
 */
#include "grammar/base/diag_list.h"
#include "grammar/base/utf8.h"

static void put_string(struct text t, FILE *to)
{
    putc('"', to);
    for (uint32_t i = 0, n; i < t.len; i += n ? n : 1) {
        unsigned char c = (unsigned char)t.at[i];
        n = utf8_length((struct text){t.at + i, t.len - i});
        if (!n) fputs("\\ufffd", to);
        else if (c == '"' || c == '\\') fprintf(to, "\\%c", c);
        else if (c < 0x20 || c == 0x7F) fprintf(to, "\\u%04x", c);
        else fwrite(t.at + i, 1, n, to);
    }
    putc('"', to);
}

/* ,"file":…,"line":… and so on; nothing for a place in no file. */
static void put_place(const struct diags *ds, struct csr_span at, FILE *to)
{
    struct place from = sources_place(ds->sources, at.lo), end = sources_place(ds->sources, at.hi);
    if (!from.file) return;
    if (!end.file || end.file->base != from.file->base) end = from;
    fputs("\"file\":", to);
    put_string(from.file->name, to);
    fprintf(to, ",\"line\":%u,\"column\":%u,\"end_line\":%u,\"end_column\":%u,", from.line, from.column,
            end.line, end.column);
}

static void put_parts(const struct diags *ds, const char *name, const char *text_name,
                      const struct diag_parts *parts, FILE *to)
{
    fprintf(to, ",\"%s\":[", name);
    for (uint32_t i = 0; i < parts->len; i++) {
        fputs(i ? ",{" : "{", to);
        put_place(ds, parts->at[i].at, to);
        fprintf(to, "\"%s\":", text_name);
        put_string(parts->at[i].text, to);
        putc('}', to);
    }
    putc(']', to);
}

static void put_notes(const struct diag_parts *notes, FILE *to)
{
    fputs(",\"notes\":[", to);
    for (uint32_t i = 0; i < notes->len; i++) {
        if (i) putc(',', to);
        put_string(notes->at[i].text, to);
    }
    putc(']', to);
}

void diag_print_json(const struct diags *ds, const struct diag *d, FILE *to)
{
    const struct diag_info *info = diag_info(d->code);
    fprintf(to, "{\"code\":\"%s\",\"level\":\"%s\",", info->name, diag_level_name(info->level));
    put_place(ds, d->labels.at[0].at, to);
    fputs("\"title\":", to);
    put_string(text_of(info->title), to);
    put_parts(ds, "labels", "text", &d->labels, to);
    put_notes(&d->notes, to);
    put_parts(ds, "fixes", "replacement", &d->fixes, to);
    fputs("}\n", to);
}
