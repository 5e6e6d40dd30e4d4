/* load.c - from what the user named to parsed files: folders are walked, `use` brings in what is embedded.
 *
 * Invariants
 * 1. The order of units depends only on names: texts as given, the files of a folder sorted by bytes, then
 * the files of each `use` in the order in which they were first asked for.
 * 2. No file is read twice, so a circular `use` ends.
 * 3. `use NAME` means a pack that was given as files, if there is one; else stdlib/NAME/ and rules/NAME/ of
 * the binary.
 */
#include "engine/compile/compiler.h"
#include "engine/compile/embedded.h"
#include "engine/schema/api.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FOLDER_DEPTH_MOST 32
#define PIPE_MOST         (4u << 20) /* bytes of rules through a pipe: nobody knows its size before */

static struct text folder_of(struct text path)
{
    uint32_t len = path.len;
    while (len && path.at[len - 1] != '/') len--;
    return (struct text){path.at, len ? len - 1 : 0};
}

static bool is_loaded(const struct compiler *c, struct text name, struct file_id id)
{
    for (uint32_t i = 0; i < c->units.len; i++) {
        const struct unit *unit = c->units.at[i];
        if (text_equal(unit->source->name, name)) return true;
        if (id.number && unit->id.number == id.number && unit->id.device == id.device) return true;
    }
    return false;
}

/* NULL after reporting that there are too many bytes. */
static struct unit *parse_text(struct compiler *c, struct text name, struct text bytes, bool is_embedded)
{
    const struct source *source = sources_add(c->sources, name, bytes, is_embedded);
    if (!source) {
        diag_at(c->diags, E0004, (struct csr_span){0}, TEXT_FMT, TEXT_ARG(name));
        return NULL;
    }
    struct unit *unit = ARENA_NEW(c->arena, struct unit);
    unit->source = source;
    unit->folder = folder_of(source->name);
    struct parse parse = {c->arena, c->names, c->sources, c->diags};
    unit->file = csr_parse(&parse, source);
    return unit;
}

static void load_text(struct compiler *c, struct text name, struct text bytes, struct file_id id,
                      bool is_embedded)
{
    if (is_loaded(c, name, id)) return;
    struct unit *unit = parse_text(c, name, bytes, is_embedded);
    if (!unit) return;
    unit->id = id;
    *ARENA_PUSH(c->arena, c->units) = unit;
}

/* ---- files and folders ---- */

static void cannot_read(struct compiler *c, struct text path, const char *why)
{
    diag_at(c->diags, E0003, (struct csr_span){0}, TEXT_FMT ": %s", TEXT_ARG(path), why);
    *c->unreadable = true;
}

/* Memory is taken before the file is opened: the arena's escape must not pass over an open file. `name` ends with a
 * NUL. The reason if it cannot be read. */
static const char *read_bytes(struct compiler *c, struct text name, const struct stat *is, struct text *out)
{
    size_t size = S_ISREG(is->st_mode) ? (size_t)is->st_size : PIPE_MOST;
    if (size > PARSE_SOURCE_MOST) return "larger than 64 MiB";
    char *room = arena_alloc(c->arena, size + 1);
    FILE *file = fopen(name.at, "rb");
    if (!file) return strerror(errno);
    *out = (struct text){room, (uint32_t)fread(room, 1, size, file)};
    bool failed = ferror(file) || (out->len == size && getc(file) != EOF);
    fclose(file);
    return failed ? "it could not be read to its end" : NULL;
}

static void load_file(struct compiler *c, struct text path, const struct stat *is)
{
    struct file_id id = {(uint64_t)is->st_dev, (uint64_t)is->st_ino};
    struct text name = arena_text(c->arena, path.at, path.len), bytes;
    const char *why = read_bytes(c, name, is, &bytes);
    if (why)
        cannot_read(c, path, why);
    else
        load_text(c, name, bytes, id, false);
}

const char *file_bytes(struct compiler *c, struct text path, struct text *out)
{
    struct stat is;
    struct text name = arena_text(c->arena, path.at, path.len);
    if (stat(name.at, &is) != 0) return strerror(errno);
    return S_ISREG(is.st_mode) ? read_bytes(c, name, &is, out) : "it is no file";
}

struct entries ARENA_VEC(struct text);

static int by_name(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/* Copies the folder's names, each with its NUL, to `to` as far as they fit; returns the room that all of them
 * need, or -1 if the folder cannot be read. Names that begin with a dot are left out. */
static long copy_names(const char *folder, char *to, long room)
{
    DIR *dir = opendir(folder);
    if (!dir) return -1;
    long used = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        long len = (long)strlen(entry->d_name) + 1;
        if (entry->d_name[0] == '.') continue;
        if (used + len <= room) memcpy(to + used, entry->d_name, (size_t)len);
        used += len;
    }
    closedir(dir);
    return used;
}

static bool list_folder(struct compiler *c, struct text path, struct entries *out)
{
    long room = copy_names(path.at, NULL, 0);
    if (room < 0) return false;
    char *names = arena_alloc(c->arena, (size_t)room + 1);
    long used = copy_names(path.at, names, room);
    for (const char *at = names; used >= 0 && at < names + (used < room ? used : room) && *at;) {
        struct text name = text_of(at);
        *ARENA_PUSH(c->arena, *out) = name;
        at += name.len + 1;
    }
    if (out->len) qsort(out->at, out->len, sizeof *out->at, by_name);
    return used >= 0;
}

static void load_path(struct compiler *c, struct text path, unsigned depth);

static void load_folder(struct compiler *c, struct text path, unsigned depth)
{
    struct entries entries = {0};
    if (depth > FOLDER_DEPTH_MOST) {
        cannot_read(c, path, "folders are nested too deep here");
        return;
    }
    if (!list_folder(c, path, &entries)) {
        cannot_read(c, path, strerror(errno));
        return;
    }
    while (path.len > 1 && path.at[path.len - 1] == '/') path.len--;
    for (uint32_t i = 0; i < entries.len; i++) {
        struct text inner =
            arena_printf(c->arena, TEXT_FMT "/" TEXT_FMT, TEXT_ARG(path), TEXT_ARG(entries.at[i]));
        struct stat is;
        if (stat(inner.at, &is) == 0 && (S_ISDIR(is.st_mode) || text_ends(inner, TEXT(".csr"))))
            load_path(c, inner, depth + 1);
    }
}

static void load_path(struct compiler *c, struct text path, unsigned depth)
{
    struct stat is;
    path = arena_text(c->arena, path.at, path.len);
    if (stat(path.at, &is) != 0)
        cannot_read(c, path, strerror(errno));
    else if (S_ISDIR(is.st_mode))
        load_folder(c, path, depth);
    else
        load_file(c, path, &is);
}

/* ---- what is embedded ---- */

/* "stdlib/aws/cloudtrail.csr" is shown as "<stdlib>/aws/cloudtrail.csr". */
static struct text shown_name(struct compiler *c, const char *path)
{
    const char *slash = strchr(path, '/');
    return arena_printf(c->arena, "<%.*s>%s", (int)(slash - path), path, slash);
}

/* The second part of "stdlib/aws/cloudtrail.csr": what `use` calls it. */
static struct text package_of(const char *path)
{
    const char *from = strchr(path, '/') + 1, *to = strchr(from, '/');
    return to ? (struct text){from, (uint32_t)(to - from)} : (struct text){from, 0};
}

static bool load_embedded(struct compiler *c, struct text package, const char *root)
{
    bool found = false;
    for (const struct embedded *e = csr_embedded; e->path; e++) {
        if (root && strncmp(e->path, root, strlen(root)) != 0) continue;
        if (package.len && !text_equal(package_of(e->path), package)) continue;
        load_text(c, shown_name(c, e->path), (struct text){e->bytes, (uint32_t)e->len}, (struct file_id){0},
                  true);
        found = true;
    }
    return found;
}

static bool has_schema(const struct compiler *c, struct text name)
{
    for (uint32_t i = 0; i < c->schemas.len; i++)
        if (text_equal(c->schemas.at[i]->ast->text, name)) return true;
    return false;
}

void load_unused(struct compiler *c)
{
    for (const struct embedded *e = csr_embedded; e->path; e++) {
        struct text name = shown_name(c, e->path);
        if (strncmp(e->path, "stdlib/", 7) != 0 || is_loaded(c, name, (struct file_id){0})) continue;
        struct unit *unit = parse_text(c, name, (struct text){e->bytes, (uint32_t)e->len}, true);
        for (const struct ast *item = unit ? unit->file->kids : NULL; item; item = item->next) {
            if (item->kind != AST_EVENT || has_schema(c, item->text)) continue;
            struct schema *schema = ARENA_NEW(c->arena, struct schema);
            *schema = (struct schema){.ast = item, .unit = unit};
            *ARENA_PUSH(c->arena, c->unused) = schema;
        }
    }
}

/* ---- packs and use ---- */

struct text block_text(const struct compiler *c, const struct ast *block, const char *name)
{
    (void)c;
    AST_EACH(entry, block)
        if (entry->kind == AST_ASSIGN && text_equal(entry->text, text_of(name)) && entry->kids &&
            entry->kids->kind == AST_STRING)
            return entry->kids->text;
    return (struct text){"", 0};
}

static void note_pack(struct compiler *c, const struct unit *unit, const struct ast *item)
{
    const struct ast *block = ast_kid(item, AST_BLOCK);
    struct text name = block ? block_text(c, block, "name") : (struct text){"", 0};
    if (!name.len) {
        diag_note(diag_at(c->diags, E0226, item->span, "this pack has no name"),
                  "write pack { name = \"my-pack\" version = \"1.0.0\" author = \"…\" license = \"…\" }");
        return;
    }
    for (uint32_t i = 0; i < c->packs.len; i++) {
        if (!text_equal(c->packs.at[i]->folder, unit->folder)) continue;
        diag_label(diag_at(c->diags, E0202, item->span, "a folder holds one pack"), c->packs.at[i]->span,
                   "the pack of this folder is declared here");
        return;
    }
    struct pack *pack = ARENA_NEW(c->arena, struct pack);
    *pack = (struct pack){.name = names_put(c->names, name),
                          .version = block_text(c, block, "version"),
                          .author = block_text(c, block, "author"),
                          .license = block_text(c, block, "license"),
                          .folder = unit->folder,
                          .span = item->span};
    *ARENA_PUSH(c->arena, c->packs) = pack;
}

static void note_packs(struct compiler *c, uint32_t from)
{
    for (uint32_t u = from; u < c->units.len; u++)
        AST_EACH(item, c->units.at[u]->file)
            if (item->kind == AST_PACK) note_pack(c, c->units.at[u], item);
}

static bool pack_is_given(const struct compiler *c, struct text name)
{
    for (uint32_t i = 0; i < c->packs.len; i++)
        if (text_equal(c->packs.at[i]->name, name)) return true;
    return false;
}

static void unread_source(struct compiler *c, struct unit *unit, const struct ast *name)
{
    struct diag_mark mark = diags_mark(c->diags);
    diag_at(c->diags, E0540, name->span, "records of `" TEXT_FMT "` cannot be read yet", TEXT_ARG(name->text));
    enum diag_code code = leave_out(c, mark, unit);
    if (code) unit->refused = code;
}

static void unknown_package(struct compiler *c, struct unit *unit, const struct ast *name)
{
    if (api_is_source(name->text)) {
        unread_source(c, unit, name);
        return;
    }
    struct nearest near = {.wanted = name->text};
    for (const struct embedded *e = csr_embedded; e->path; e++) nearest_try(&near, package_of(e->path));
    struct diag *d =
        diag_at(c->diags, E0201, name->span, "nothing is called `" TEXT_FMT "`", TEXT_ARG(name->text));
    if (near.best.len)
        diag_fix(d, name->span, TEXT_FMT, TEXT_ARG(near.best));
    else if (!unit->source->is_embedded)
        diag_note(d, "nor is there a folder " TEXT_FMT "/ or a file " TEXT_FMT ".csr beside this file",
                  TEXT_ARG(name->text), TEXT_ARG(name->text));
}

/* `use mine` in site.csr: the folder mine/ or the file mine.csr beside it. What ships inside goes first. */
static bool load_beside(struct compiler *c, const struct unit *unit, struct text name)
{
    static const char *const endings[] = {"", ".csr"};
    if (unit->source->is_embedded) return false;
    for (uint32_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct stat is;
        struct text path = arena_printf(c->arena, TEXT_FMT "%s" TEXT_FMT "%s", TEXT_ARG(unit->folder),
                                        unit->folder.len ? "/" : "", TEXT_ARG(name), endings[i]);
        if (stat(path.at, &is) != 0 || S_ISDIR(is.st_mode) != !*endings[i]) continue;
        load_path(c, path, 0);
        return true;
    }
    return false;
}

static void follow_use(struct compiler *c, struct unit *unit, const struct ast *use)
{
    AST_EACH(name, use) {
        if (pack_is_given(c, name->text)) continue;
        uint32_t from = c->units.len;
        bool known = load_embedded(c, name->text, NULL) || load_beside(c, unit, name->text);
        note_packs(c, from);
        if (!known) unknown_package(c, unit, name);
    }
}

void load_units(struct compiler *c, const struct compile_input *input)
{
    for (uint32_t i = 0; i < input->n_texts; i++) {
        struct compile_text t = input->texts[i];
        if (t.bytes.at)
            load_text(c, arena_text(c->arena, t.name.at, t.name.len), t.bytes, (struct file_id){0}, false);
        else
            load_path(c, t.name, 0);
    }
    if (input->every_field) load_embedded(c, (struct text){"", 0}, "stdlib/");
    else if (!input->n_texts) load_embedded(c, (struct text){"", 0}, "rules/");
    note_packs(c, 0);
    for (uint32_t u = 0; u < c->units.len; u++) /* grows while it is walked */
        AST_EACH(item, c->units.at[u]->file)
            if (item->kind == AST_USE) follow_use(c, c->units.at[u], item);
    for (uint32_t u = 0; u < c->units.len; u++)
        for (uint32_t p = 0; p < c->packs.len; p++)
            if (text_equal(c->packs.at[p]->folder, c->units.at[u]->folder))
                c->units.at[u]->pack = c->packs.at[p];
}
