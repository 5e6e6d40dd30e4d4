/* cmd_new.c - csr new: a commented skeleton. It is compiled before it is written, so what is written passes
 * `csr check`; it is laid out with the name in it, so that `csr fmt` changes nothing; nothing that exists is
 * overwritten.
 */
#include "tools/csr/command.h"

#include "engine/csr.h"
#include "grammar/fmt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct skeleton {
    const char *kind, *name, *file, *lines;
} skeletons[] = {
#define SKELETON(kind, name, file, lines) {kind, name, file, lines},
#include "tools/csr/skeletons.def"
#undef SKELETON
    {0}};

/* NULL: there is a mistake, or no memory. */
static char *format(struct arena *a, const char *lines)
{
    struct sources sources;
    struct text out;
    if (setjmp(*arena_escape(a))) return NULL;
    sources_init(&sources, a);
    const struct source *source = sources_add(&sources, TEXT("<new>"), text_of(lines), false);
    struct parse p = {a, names_new(a), &sources, diags_new(a, &sources)};
    return csr_fmt(&p, source, &out) ? strndup(out.at, out.len) : NULL;
}

/* The lines as `csr fmt` lays them out, to be freed; those that have a mistake stay as they are. */
static char *lay_out(char *lines)
{
    struct arena *a = arena_new(0);
    char *laid = a ? format(a, lines) : NULL;
    arena_free(a);
    if (!laid) return lines;
    free(lines);
    return laid;
}

/* The lines with the name put in, to be freed. */
static char *fill(const char *lines, const char *name)
{
    char *out = NULL;
    size_t len;
    FILE *to = open_memstream(&out, &len);
    if (!to) return NULL;
    for (const char *at; (at = strstr(lines, "NAME")); lines = at + strlen("NAME"))
        fprintf(to, "%.*s%s", (int)(at - lines), lines, name);
    fputs(lines, to);
    if (fclose(to) == 0) return lay_out(out);
    free(out);
    return NULL;
}

/* All rows of a kind as one file. */
static char *fill_all(const char *kind, const char *name)
{
    char *all = NULL;
    size_t len;
    FILE *to = open_memstream(&all, &len);
    if (!to) return NULL;
    for (const struct skeleton *s = skeletons; s->kind; s++) {
        if (strcmp(s->kind, kind) != 0) continue;
        char *text = fill(s->lines, name);
        if (fflush(to) == 0 && len) fputc('\n', to);
        fputs(text ? text : "", to);
        free(text);
    }
    if (fclose(to) == 0) return all;
    free(all);
    return NULL;
}

static const struct skeleton *find(const char *kind)
{
    for (const struct skeleton *s = skeletons; s->kind; s++)
        if (strcmp(s->kind, kind) == 0) return s;
    return NULL;
}

static bool is_name(const char *name)
{
    static const char inside[] = "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const char *first = inside + strlen("-0123456789");
    size_t len = strlen(name);
    return len && strchr(first, name[0]) && strspn(name, inside) == len && name[len - 1] != '-';
}

/* A name can still be a reserved word, or one that the standard library has. */
static int check(const struct call *call, const char *text)
{
    struct csr_text one = {.name = "<new>", .text = text, .len = strlen(text)};
    csr_report *report = csr_report_new();
    csr_ruleset *rules =
        report ? csr_compile(&(struct csr_compile_options){.texts = &one, .n_texts = 1}, report) : NULL;
    if (!rules && report)
        csr_report_print(report, stderr, (struct csr_report_style){.color = wants_color(call, stderr)});
    csr_report_free(report);
    csr_ruleset_free(rules);
    return rules ? CSR_OK : fail(call, CSR_USAGE, "with this name it does not compile");
}

static int write_file(const struct call *call, const char *path, const char *text)
{
    FILE *to = fopen(path, "wxe");
    if (!to) return fail(call, CSR_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    bool failed = fputs(text, to) == EOF;
    failed |= fclose(to) != 0;
    return failed ? fail(call, CSR_SYSTEM, "cannot write %s: %s", path, strerror(errno)) : CSR_OK;
}

static int write_folder(const struct call *call, const char *folder, const char *kind, const char *name)
{
    int status = CSR_OK;
    if (mkdir(folder, 0777) != 0)
        return fail(call, CSR_SYSTEM, "cannot make %s: %s", folder, strerror(errno));
    for (const struct skeleton *s = skeletons; s->kind && status == CSR_OK; s++) {
        if (strcmp(s->kind, kind) != 0) continue;
        char *path = NULL, *text = fill(s->lines, name);
        if (!text || asprintf(&path, "%s/%s", folder, s->file) < 0)
            status = fail(call, CSR_SYSTEM, "out of memory");
        else
            status = write_file(call, path, text);
        free(path);
        free(text);
    }
    return status;
}

int verb_new(const struct call *call)
{
    const char *kind = call->operands[0], *path = call_value(call, "output");
    const struct skeleton *s = find(kind);
    if (!s) return fail(call, CSR_USAGE, "%s: rule, pack or site is wanted", kind);
    const char *name = call->n_operands > 1 ? call->operands[1] : s->name;
    if (!is_name(name))
        return fail(call, CSR_USAGE,
                    "%s: a name has letters, digits, _ and hyphens inside, and begins with a letter", name);
    char *text = fill_all(kind, name);
    int status = text ? check(call, text) : fail(call, CSR_SYSTEM, "out of memory");
    if (status == CSR_OK && !path)
        fputs(text, stdout);
    else if (status == CSR_OK && *s->file)
        status = write_folder(call, path, kind, name);
    else if (status == CSR_OK)
        status = write_file(call, path, text);
    free(text);
    return status;
}
