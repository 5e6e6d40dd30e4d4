/* dataset.c - lists whose values stand in files of their own.
 *
 *     dataset bad_nets = csv("bad_nets.csv", "network") reload 1h
 *
 * A dataset is a list like any other once it is read. Values of csv and lines are texts, because a text that
 * is an address, a network or a number equals one (engine/base/set.c); json has numbers too. The file is read
 * when the rules are compiled, from the folder of the file that names it, and again with every reload of the
 * rules.
 *
 * Invariants
 * 1. A file has at most PARSE_SOURCE_MOST bytes and DATASET_VALUES_MOST values.
 * 2. The file is a source of its own, so that what is wrong in it is shown with its own line.
 */
#include "engine/compile/compiler.h"

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "grammar/base/utf8.h"

#include <sys/stat.h>

#define DATASET_VALUES_MOST 1000000u
#define RELOAD_DEFAULT      3600 /* seconds */
#define RELOAD_LEAST        1

struct reading {
    struct compiler *c;
    const struct ast *ast;    /* of the dataset */
    const struct ast *column; /* a text; NULL: the first, or the elements themselves */
    struct text bytes;
    uint32_t base; /* position of the first byte */
    struct values *out;
};

/* ---- what is wrong ------------------------------------------------------------------------------------- */

/* In the file itself. */
static struct diag *wrong_at(const struct reading *r, uint32_t from, uint32_t to, const char *label)
{
    struct csr_span at = {r->base + from, r->base + (to > from ? to : from + 1)};
    struct diag *d = diag_at(r->c->diags, E0251, at, "%s", label);
    diag_label(d, head_span(r->c, r->ast), "the dataset is declared here");
    return d;
}

static bool add_value(const struct reading *r, struct value v, uint32_t from, uint32_t to)
{
    if (r->out->len < DATASET_VALUES_MOST) {
        *ARENA_PUSH(r->c->arena, *r->out) = v;
        return true;
    }
    wrong_at(r, from, to, "more than a million values");
    return false;
}

/* ---- lines --------------------------------------------------------------------------------------------- */

static struct text trimmed(struct text t)
{
    while (t.len && strchr(" \t\r", t.at[0])) t.at++, t.len--;
    while (t.len && strchr(" \t\r", t.at[t.len - 1])) t.len--;
    return t;
}

/* A value a line; blank lines and those that begin with # are none. */
static void read_lines(const struct reading *r)
{
    for (uint32_t at = 0, end; at < r->bytes.len; at = end + 1) {
        const char *newline = memchr(r->bytes.at + at, '\n', r->bytes.len - at);
        end = newline ? (uint32_t)(newline - r->bytes.at) : r->bytes.len;
        struct text line = trimmed((struct text){r->bytes.at + at, end - at});
        if (line.len && line.at[0] != '#' && !add_value(r, value_string(line), at, end)) return;
    }
}

/* ---- csv ----------------------------------------------------------------------------------------------- */

/* Where reading has got to in a table. */
struct table {
    const struct reading *r;
    uint32_t at;
    bool failed;
};

/* The end of the field in quotes that begins at `from`, behind its opening one: where its closing quote
 * stands. */
static uint32_t closing_quote(const struct table *t, uint32_t from)
{
    const struct text bytes = t->r->bytes;
    while (from < bytes.len && (bytes.at[from] != '"' || (from + 1 < bytes.len && bytes.at[from + 1] == '"')))
        from += bytes.at[from] == '"' ? 2 : 1;
    return from;
}

/* What stands between quotes, with "" as a quote. */
static struct text unquoted(struct arena *a, struct text t)
{
    char *out = arena_alloc(a, t.len + 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < t.len; i++) {
        out[n++] = t.at[i];
        i += t.at[i] == '"';
    }
    return (struct text){out, n};
}

static bool ends_field(const struct text bytes, uint32_t at)
{
    return at >= bytes.len || bytes.at[at] == ',' || bytes.at[at] == '\n' || bytes.at[at] == '\r';
}

static struct text quoted_field(struct table *t)
{
    const struct text bytes = t->r->bytes;
    uint32_t from = t->at + 1, to = closing_quote(t, from);
    t->failed = to >= bytes.len || !ends_field(bytes, to + 1);
    if (to >= bytes.len)
        wrong_at(t->r, t->at, t->at + 1, "this quotation mark is never closed");
    else if (t->failed)
        wrong_at(t->r, to + 1, to + 2,
                 "behind the closing quotation mark a comma or the end of the line is wanted");
    t->at = to < bytes.len ? to + 1 : bytes.len;
    return unquoted(t->r->c->arena, (struct text){bytes.at + from, (to < bytes.len ? to : bytes.len) - from});
}

static struct text next_field(struct table *t)
{
    const struct text bytes = t->r->bytes;
    uint32_t from = t->at;
    if (from < bytes.len && bytes.at[from] == '"') return quoted_field(t);
    while (!ends_field(bytes, t->at)) t->at++;
    return trimmed((struct text){bytes.at + from, t->at - from});
}

/* Past what ends a field. False: the row has ended with it. */
static bool go_on(struct table *t)
{
    const struct text bytes = t->r->bytes;
    if (t->at < bytes.len && bytes.at[t->at] == ',') return t->at++, true;
    while (t->at < bytes.len && bytes.at[t->at] == '\r') t->at++;
    t->at += t->at < bytes.len;
    return false;
}

/* The number of the named column in the first row; IR_NONE after reporting that there is none. */
static uint32_t find_column(struct table *t)
{
    struct nearest near = {.wanted = t->r->column->text};
    uint32_t found = IR_NONE, n = 0;
    do {
        struct text name = next_field(t);
        if (found == IR_NONE && text_equal(name, t->r->column->text)) found = n;
        nearest_try(&near, name);
        n++;
    } while (!t->failed && go_on(t));
    if (found != IR_NONE || t->failed) return found;
    struct diag *d =
        diag_at(t->r->c->diags, E0253, t->r->column->span, "the first row of the file has no such column");
    if (near.best.len) diag_fix(d, t->r->column->span, "\"" TEXT_FMT "\"", TEXT_ARG(near.best));
    return IR_NONE;
}

static bool is_blank_row(const struct table *t)
{
    return t->at < t->r->bytes.len && strchr("\r\n", t->r->bytes.at[t->at]);
}

/* One column of a table of commas: the named one, which the first row tells, or the first. An empty field is
 * none. */
static void read_csv(const struct reading *r)
{
    struct table t = {.r = r};
    uint32_t column = r->column ? find_column(&t) : 0;
    while (column != IR_NONE && !t.failed && t.at < r->bytes.len) {
        uint32_t row = t.at, n = 0;
        bool more = !is_blank_row(&t), found = !more;
        if (!more) go_on(&t);
        for (; more && !t.failed; n++) {
            struct text field = next_field(&t);
            if (n == column && field.len && !add_value(r, value_string(field), row, t.at)) return;
            found |= n == column;
            if (!t.failed) more = go_on(&t);
        }
        if (!found && !t.failed)
            t.failed = true, wrong_at(r, row, row + 1, "this row has not so many columns");
    }
}

/* ---- json ---------------------------------------------------------------------------------------------- */

static void close_list(void *list)
{
    json_list_close(list);
}

static void add_item(const struct reading *r, const struct json_item *item, uint32_t number)
{
    struct value v = item->kind == JSON_ITEM_TEXT    ? value_string(item->text)
                     : item->kind == JSON_ITEM_WHOLE ? value_int(item->whole)
                                                     : (struct value){.kind = VALUE_FLOAT, .f = item->real};
    if (item->kind != JSON_ITEM_OTHER)
        add_value(r, v, 0, 1);
    else
        diag_at(r->c->diags, E0251, head_span(r->c, r->ast),
                "element %u of the file is neither a text nor a number", number + 1);
}

/* An array: its texts and numbers, or the named member of its objects. The document stays with the rules:
 * texts are views into it. */
static void read_json(const struct reading *r)
{
    char why[160];
    uint32_t at = 0;
    struct arena_guest *document = arena_guest(r->c->arena, close_list);
    document->at = json_list_open(r->bytes, why, &at);
    if (!document->at) {
        wrong_at(r, at, at + 1, why);
        return;
    }
    const char *member =
        r->column ? arena_text(r->c->arena, r->column->text.at, r->column->text.len).at : NULL;
    uint32_t errors = diags_errors(r->c->diags);
    for (uint32_t i = 0; i < json_list_len(document->at) && diags_errors(r->c->diags) == errors; i++) {
        struct json_item item = json_list_item(document->at, i, member);
        add_item(r, &item, i);
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static const struct form {
    const char *name;
    void (*read)(const struct reading *r);
    bool has_columns;
} forms[] = {{"csv", read_csv, true}, {"lines", read_lines, false}, {"json", read_json, true}};

static const struct form *form_of(struct compiler *c, const struct ast *call)
{
    struct nearest near = {.wanted = call->text};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (text_equal(call->text, text_of(forms[i].name))) return &forms[i];
        nearest_try(&near, text_of(forms[i].name));
    }
    struct csr_span at = word_span(c, call, call->text);
    struct diag *d = diag_at(c->diags, E0252, at, "no form of data is called so");
    diag_note(d, "there are csv, lines and json");
    if (near.best.len) diag_fix(d, at, TEXT_FMT, TEXT_ARG(near.best));
    return NULL;
}

/* The arguments are texts: a path, and where there are columns the name of one. */
static bool check_arguments(struct compiler *c, const struct form *form, const struct ast *call,
                            const struct ast *args)
{
    bool good = args && args->n_kids >= 1 && args->n_kids <= 1u + form->has_columns;
    for (const struct ast *arg = good ? args->kids : NULL; arg; arg = arg->next)
        good &= arg->kind == AST_STRING && arg->text.len;
    if (!good)
        diag_note(
            diag_at(c->diags, E0252, call->span, "a path in quotes is wanted%s",
                    form->has_columns ? ", and perhaps the name of a column" : " here, and nothing else"),
            "write %s(\"file\"%s)", form->name, form->has_columns ? ", \"column\"" : "");
    return good;
}

/* A pack from elsewhere reads no file but its own. */
static bool may_read(struct compiler *c, const struct unit *unit, const struct ast *path)
{
    struct text t = path->text;
    bool leaves = t.at[0] == '/' || text_starts(t, TEXT("../")) || memmem(t.at, t.len, "/../", 4);
    if (unit->source->is_embedded)
        diag_at(c->diags, E0250, path->span, "what ships inside the program has no files beside it");
    else if (unit->pack && leaves)
        diag_at(c->diags, E0250, path->span, "the data of a pack lies in the folder of the pack");
    else
        return true;
    return false;
}

static int64_t reload_of(struct compiler *c, const struct ast *dataset)
{
    const struct ast *reload = ast_kid(dataset, AST_RELOAD), *dur = reload ? reload->kids : NULL;
    if (!dur) return reload ? RELOAD_DEFAULT : 0;
    if (dur->num >= RELOAD_LEAST * NS_PER_SECOND) return dur->num / NS_PER_SECOND;
    diag_at(c->diags, E0305, dur->span, "a file is looked at every second at the most");
    return 0;
}

/* Before it is read: what is written meanwhile is then a change. */
static void note_file(struct ir_dataset *set)
{
    struct stat is;
    if (stat(set->path.at, &is) != 0) return;
    set->changed = (int64_t)is.st_mtim.tv_sec * NS_PER_SECOND + is.st_mtim.tv_nsec;
    set->size = is.st_size;
}

static struct hash128 digest_of(struct text bytes)
{
    static const uint64_t zero[2];
    return hash_128(zero, bytes.at, bytes.len);
}

/* All bytes of the file into *r, behind a byte order mark. False after reporting why not. */
static bool open_data(struct reading *r, struct ir_dataset *set, const struct ast *path)
{
    const char *why = file_bytes(r->c, set->path, &r->bytes);
    const struct source *source = why ? NULL : sources_add(r->c->sources, set->path, r->bytes, false);
    if (!source) {
        diag_at(r->c->diags, E0250, path->span, TEXT_FMT ": %s", TEXT_ARG(set->path),
                why ? why : "too much text in all");
        return false;
    }
    struct hash128 digest = digest_of(r->bytes);
    set->digest[0] = digest.hi;
    set->digest[1] = digest.lo;
    r->base = source->base;
    if (!text_starts(r->bytes, TEXT("\xef\xbb\xbf"))) return true;
    r->base += 3, r->bytes.at += 3, r->bytes.len -= 3;
    return true;
}

static bool is_text(const struct reading *r)
{
    for (uint32_t at = 0, n; at < r->bytes.len; at += n) {
        n = utf8_length((struct text){r->bytes.at + at, r->bytes.len - at});
        if (n) continue;
        wrong_at(r, at, at + 1, "this byte is no UTF-8");
        return false;
    }
    return true;
}

static void read_data(struct compiler *c, struct symbol *symbol, const struct form *form,
                      const struct ast *args)
{
    struct text path = args->kids->text, folder = symbol->unit->folder;
    struct reading r = {.c = c, .ast = symbol->ast, .column = args->kids->next, .out = symbol->data};
    struct ir_dataset *set = ARENA_PUSH(c->arena, c->datasets);
    uint32_t errors = diags_errors(c->diags);
    path = path.at[0] != '/' && folder.len
               ? arena_printf(c->arena, TEXT_FMT "/" TEXT_FMT, TEXT_ARG(folder), TEXT_ARG(path))
               : arena_text(c->arena, path.at, path.len);
    *set = (struct ir_dataset){.name = symbol->name, .path = path, .reload = reload_of(c, symbol->ast)};
    note_file(set);
    if (!open_data(&r, set, args->kids) || !is_text(&r)) return;
    form->read(&r);
    if (!r.out->len && diags_errors(c->diags) == errors)
        warn(c, W0325, args->kids->span, "no value stands in this file");
}

void read_datasets(struct compiler *c)
{
    for (uint32_t i = 0; i < c->symbols.len; i++) {
        struct symbol *s = c->symbols.at[i];
        if (s->kind != SYMBOL_LIST || s->ast->kind != AST_DATASET) continue;
        const struct ast *call = ast_kid(s->ast, AST_CALL), *args = call ? ast_kid(call, AST_ARGS) : NULL;
        const struct form *form = call ? form_of(c, call) : NULL;
        s->data = ARENA_NEW(c->arena, struct values);
        if (form && check_arguments(c, form, call, args) && may_read(c, s->unit, args->kids))
            read_data(c, s, form, args);
    }
}
