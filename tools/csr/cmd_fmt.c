/* cmd_fmt.c - csr fmt: rule files in their one layout.
 *
 * A file is replaced whole or not at all: the new text is written beside it and renamed over it, with the old
 * one's mode. One that has mistakes, or that is laid out already, is not touched.
 */
#include "engine/csr.h"
#include "grammar/fmt.h"
#include "tools/csr/command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_DEPTH_MOST 32
#define ARENA_BUDGET      ((size_t)8 << 30) /* of one file: a largest one takes most of it */

struct formatting {
    const struct call *call;
    bool checks; /* and writes nothing */
    int status;  /* the worst so far */
    size_t files, changed;
};

static void worsen(struct formatting *f, int status)
{
    if (f->status < status) f->status = status;
}

static void system_failed(struct formatting *f, const char *path)
{
    worsen(f, fail(f->call, CSR_SYSTEM, "%s: %s", path, strerror(errno)));
}

/* ---- files ---- */

/* All that a descriptor gives, in the arena; false with errno. Beyond the most that a rule file may have, the
 * parser says so. */
static bool read_all(struct arena *a, int fd, struct text *bytes)
{
    size_t len = 0, room = 1 << 16;
    char *at = arena_alloc(a, room);
    for (ssize_t n; len <= PARSE_SOURCE_MOST; len += (size_t)n) {
        if (len == room) at = arena_grow(a, at, len, room *= 2);
        n = read(fd, at + len, room - len);
        if (n < 0) return false;
        if (n == 0) break;
    }
    *bytes = (struct text){at, (uint32_t)len};
    return true;
}

static bool write_all(int fd, struct text t)
{
    for (ssize_t n; t.len; t.at += n, t.len -= (uint32_t)n)
        if ((n = write(fd, t.at, t.len)) < 0) return false;
    return true;
}

/* Whether the temporary file holds the text, on the disk, with the mode of the old one. */
static bool fill_new_file(int fd, struct text t, mode_t mode)
{
    return fchmod(fd, mode & 07777) == 0 && write_all(fd, t) && fsync(fd) == 0;
}

/* Behind a symbolic link it is the file that is replaced, not the link. */
static bool replace_file(struct arena *a, const char *path, struct text t)
{
    char real[PATH_MAX];
    struct stat old;
    if (!realpath(path, real) || stat(real, &old)) return false;
    char *beside = (char *)arena_printf(a, "%s.XXXXXX", real).at;
    int fd = mkstemp(beside);
    if (fd < 0) return false;
    bool is_filled = fill_new_file(fd, t, old.st_mode);
    if (close(fd) == 0 && is_filled && rename(beside, real) == 0) return true;
    int why = errno;
    unlink(beside);
    errno = why;
    return false;
}

/* ---- one text ---- */

static void give_out(struct formatting *f, struct arena *a, const char *path, struct text old,
                     struct text formatted)
{
    bool is_stream = strcmp(path, "-") == 0, is_same = text_equal(old, formatted);
    f->changed += !is_same;
    if (f->checks) {
        if (is_same) return;
        puts(path);
        worsen(f, CSR_WRONG);
    } else if (is_stream)
        fwrite(formatted.at, 1, formatted.len, stdout);
    else if (!is_same && !replace_file(a, path, formatted))
        system_failed(f, path);
}

static void format_text(struct formatting *f, struct arena *a, const char *path, struct text bytes)
{
    struct sources sources;
    sources_init(&sources, a);
    const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
    const struct source *source = sources_add(&sources, text_of(name), bytes, false);
    struct parse p = {a, names_new(a), &sources, diags_new(a, &sources)};
    struct text formatted;
    if (csr_fmt(&p, source, &formatted)) {
        give_out(f, a, path, bytes, formatted);
        return;
    }
    diags_print(p.diags, stderr, (struct diag_style){.color = wants_color(f->call, stderr)});
    worsen(f, CSR_WRONG);
}

static void format_opened(struct formatting *f, const char *path, int fd)
{
    struct text bytes;
    struct arena *a = arena_new(ARENA_BUDGET);
    f->files++;
    if (!a || setjmp(*arena_escape(a))) {
        errno = ENOMEM;
        system_failed(f, path);
    } else if (!read_all(a, fd, &bytes))
        system_failed(f, path);
    else
        format_text(f, a, path, bytes);
    arena_free(a);
}

static void format_file(struct formatting *f, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        system_failed(f, path);
        return;
    }
    format_opened(f, path, fd);
    close(fd);
}

/* ---- folders ---- */

static int is_wanted(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool is_rule_file(const char *name)
{
    return text_ends(text_of(name), TEXT(".csr"));
}

static void format_folder(struct formatting *f, const char *path, int depth)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_wanted, alphasort);
    if (n < 0) system_failed(f, path);
    for (int i = 0; i < n; i++) {
        char inside[PATH_MAX];
        struct stat is;
        bool is_whole = snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name) < PATH_MAX;
        bool is_folder = is_whole && lstat(inside, &is) == 0 && S_ISDIR(is.st_mode);
        if (is_folder && depth < FOLDER_DEPTH_MOST)
            format_folder(f, inside, depth + 1);
        else if (is_whole && !is_folder && is_rule_file(inside))
            format_file(f, inside);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

static void format_path(struct formatting *f, const char *path)
{
    struct stat is;
    if (strcmp(path, "-") == 0)
        format_opened(f, path, STDIN_FILENO);
    else if (stat(path, &is) == 0 && S_ISDIR(is.st_mode))
        format_folder(f, path, 0);
    else
        format_file(f, path);
}

int verb_fmt(const struct call *call)
{
    struct formatting f = {.call = call, .checks = call_has(call, "check"), .status = CSR_OK};
    for (size_t i = 0; i < call->n_operands; i++) format_path(&f, call->operands[i]);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%zu file%s, %zu %s\n", f.files, f.files == 1 ? "" : "s", f.changed,
                f.checks ? "to be laid out" : "laid out anew");
    return f.status;
}
