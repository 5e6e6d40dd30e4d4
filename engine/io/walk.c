/* walk.c - see walk.h. */
#include "engine/io/walk.h"

#include "engine/io/when.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folders on the way down: a link that leads back to one of them is not followed. */
struct way {
    const struct way *up;
    dev_t device;
    ino_t number;
};

static const char *const PLAIN_ENDINGS[] = {".json", ".ndjson", ".jsonl", ".log"};
static const char *const PACKED_ENDINGS[] = {".gz", ".zst"};

static bool fail(char error[512], const char *path, const char *why)
{
    snprintf(error, 512, "%s: %s", path, why);
    return false;
}

static bool strip_ending(struct text *name, const char *const *endings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct text ending = text_of(endings[i]);
        if (name->len <= ending.len || !text_ends(*name, ending)) continue;
        name->len -= ending.len;
        return true;
    }
    return false;
}

/* Every .zst is taken, of .gz only what says what is in it: folders of logs hold archives too. */
bool walk_takes(const char *file_name)
{
    struct text name = text_of(file_name);
    if (name.at[0] == '.' || is_digest_name(name)) return false;
    bool is_zstd = text_ends(name, TEXT(".zst"));
    strip_ending(&name, PACKED_ENDINGS, 2);
    return strip_ending(&name, PLAIN_ENDINGS, 4) || is_zstd;
}

static bool add(struct walk *w, const char *path, const struct stat *s, char error[512])
{
    if (w->len == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 16;
        struct walked *files = realloc(w->files, cap * sizeof *files);
        if (!files) return fail(error, path, strerror(ENOMEM));
        w->files = files;
        w->cap = cap;
    }
    char *copy = strdup(path);
    if (!copy) return fail(error, path, strerror(ENOMEM));
    bool is_file = S_ISREG(s->st_mode);
    w->files[w->len++] =
        (struct walked){copy, is_file ? (uint64_t)s->st_size : 0, s->st_dev, s->st_ino, !is_file};
    return true;
}

/* Permission is asked for by opening: root, access lists and network file systems know better than the mode bits. */
static bool add_file(struct walk *w, const char *path, const struct stat *s, char error[512])
{
    if (S_ISREG(s->st_mode)) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) return fail(error, path, strerror(errno));
        close(fd);
    }
    return add(w, path, s, error);
}

static bool walk_below(struct walk *w, const char *path, const struct way *way, char error[512]);

/* Whether logs were delivered into this folder; leaves it as it was opened. */
static bool is_delivered_into(DIR *folder)
{
    int64_t stamp;
    bool is = false;
    for (struct dirent *entry; !is && (entry = readdir(folder));) is = delivery_stamp(text_of(entry->d_name), &stamp);
    rewinddir(folder);
    return is;
}

static bool is_stranger(const char *file_name)
{
    int64_t stamp;
    return walk_takes(file_name) && !delivery_stamp(text_of(file_name), &stamp);
}

static bool walk_folder(struct walk *w, const char *path, const struct way *way, char error[512])
{
    DIR *folder = opendir(path);
    if (!folder) return fail(error, path, strerror(errno));
    bool good = true, is_delivered = is_delivered_into(folder);
    for (struct dirent *entry; good && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        if (is_delivered && entry->d_type != DT_DIR && is_stranger(entry->d_name)) {
            w->passed_over++;
            continue;
        }
        char *below = NULL;
        bool has_slash = text_ends(text_of(path), TEXT("/"));
        if (asprintf(&below, "%s%s%s", path, has_slash ? "" : "/", entry->d_name) < 0)
            good = fail(error, path, strerror(ENOMEM));
        else
            good = walk_below(w, below, way, error);
        free(below);
    }
    closedir(folder);
    return good;
}

static bool leads_back(const struct way *way, const struct stat *s)
{
    for (; way; way = way->up)
        if (way->device == s->st_dev && way->number == s->st_ino) return true;
    return false;
}

/* way NULL: the path is one that was named. */
static bool walk_one(struct walk *w, const char *path, const struct way *way, char error[512])
{
    struct stat s;
    const char *slash = strrchr(path, '/');
    if (stat(path, &s)) /* a file that went away while its folder was read is no mistake of the user */
        return way && errno == ENOENT ? true : fail(error, path, strerror(errno));
    if (S_ISDIR(s.st_mode)) {
        const struct way here = {way, s.st_dev, s.st_ino};
        return leads_back(way, &s) || walk_folder(w, path, &here, error);
    }
    if (way && (!S_ISREG(s.st_mode) || !walk_takes(slash ? slash + 1 : path))) return true;
    return add_file(w, path, &s, error);
}

static bool walk_below(struct walk *w, const char *path, const struct way *way, char error[512])
{
    return walk_one(w, path, way, error) || (w->is_tolerant && way);
}

bool walk_path(struct walk *w, const char *path, char error[512])
{
    struct stat s;
    if (strcmp(path, "-")) return walk_below(w, path, NULL, error);
    if (fstat(STDIN_FILENO, &s)) return fail(error, "standard input", strerror(errno));
    s.st_mode = S_IFIFO; /* also if it is a file: it may be read from its middle */
    return add(w, path, &s, error);
}

static int by_file(const void *a, const void *b)
{
    const struct walked *x = a, *y = b;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return strcmp(x->path, y->path);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct walked *)a)->path, ((const struct walked *)b)->path);
}

void walk_seal(struct walk *w)
{
    if (!w->len) return;
    size_t kept = 1;
    qsort(w->files, w->len, sizeof *w->files, by_file);
    for (size_t i = 1; i < w->len; i++) {
        const struct walked *last = &w->files[kept - 1];
        if (last->device == w->files[i].device && last->number == w->files[i].number)
            free(w->files[i].path);
        else
            w->files[kept++] = w->files[i];
    }
    w->len = kept;
    qsort(w->files, w->len, sizeof *w->files, by_path);
}

void walk_free(struct walk *w)
{
    for (size_t i = 0; i < w->len; i++) free(w->files[i].path);
    free(w->files);
    *w = (struct walk){0};
}
