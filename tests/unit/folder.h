/* folder.h - a temporary folder for a test's files, removed with all that is in it. */
#ifndef CSR_TESTS_UNIT_FOLDER_H
#define CSR_TESTS_UNIT_FOLDER_H

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[256];
};

static inline struct folder folder_new(void)
{
    struct folder f;
    const char *where = getenv("TMPDIR");
    snprintf(f.path, sizeof f.path, "%s/csr-test-XXXXXX", where ? where : "/tmp");
    if (!mkdtemp(f.path)) abort();
    return f;
}

/* The path of a file in it. Valid until the 16th call after this one. */
static inline const char *folder_at(const struct folder *f, const char *format, ...)
{
    static _Thread_local char paths[16][512];
    static _Thread_local unsigned turn;
    char *path = paths[turn++ % 16];
    int n = snprintf(path, 512, "%s/", f->path);
    va_list ap;
    va_start(ap, format);
    vsnprintf(path + n, 512 - (size_t)n, format, ap);
    va_end(ap);
    return path;
}

/* Writes a file, and the folders above it. how: "w" or "a". */
static inline void file_put(const char *path, const char *how, const void *bytes, size_t len)
{
    char above[512];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
        mkdir(above, 0777);
    }
    FILE *to = fopen(path, how);
    if (!to || fwrite(bytes, 1, len, to) != len || fclose(to)) abort();
}

static inline void file_text(const char *path, const char *text)
{
    file_put(path, "w", text, strlen(text));
}

static inline int folder_remove_one(const char *path, const struct stat *s, int kind, struct FTW *walk)
{
    (void)s;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void folder_remove(const struct folder *f)
{
    nftw(f->path, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
