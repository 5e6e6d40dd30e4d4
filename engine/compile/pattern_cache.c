/* pattern_cache.c - see pattern_cache.h.
 *
 * A file is a magic word, the digest of its contents and the contents. It is written beside its place and
 * renamed, so that a reader sees a whole one or none; two that write the same write the same bytes. A file is
 * believed only if it belongs to this user or root and nobody else may write it: databases are executed, in a
 * way.
 */
#include "engine/compile/pattern_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENDING          ".patterns"
#define FILE_MOST       ((off_t)256 << 20)
#define UNUSED_MOST     (90 * 86400) /* seconds */
#define UNFINISHED_MOST 3600

struct head {
    char magic[8];
    uint64_t digest[2]; /* of the bytes behind it */
};

static const char magic[8] = "csrpat1";

static struct head head_of(struct text bytes)
{
    static const uint64_t zero[2];
    struct hash128 h = hash_128(zero, bytes.at, bytes.len);
    struct head head = {.digest = {h.hi, h.lo}};
    memcpy(head.magic, magic, sizeof magic);
    return head;
}

static void path_of(const char *folder, struct hash128 name, char out[4096])
{
    char hex[33];
    hash128_print(name, hex);
    snprintf(out, 4096, "%s/%s" ENDING, folder, hex);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool is_ours(const struct stat *st)
{
    return S_ISREG(st->st_mode) && (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & 022) &&
           st->st_size > (off_t)sizeof(struct head) && st->st_size < FILE_MOST;
}

static bool read_all(int fd, char *at, size_t len)
{
    while (len) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* Nothing may leave by the arena's escape while the file is open, so its size is asked before. */
struct text pattern_cache_read(struct arena *a, const char *folder, struct hash128 name)
{
    char path[4096];
    struct stat st;
    struct text none = {0};
    if (!folder) return none;
    path_of(folder, name, path);
    if (lstat(path, &st) || !is_ours(&st)) return none;
    char *bytes = arena_alloc(a, (size_t)st.st_size);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return none;
    bool is_read = !fstat(fd, &st) && is_ours(&st) && read_all(fd, bytes, (size_t)st.st_size);
    futimens(fd, NULL); /* it is in use */
    close(fd);
    struct text inside = {bytes + sizeof(struct head), (uint32_t)((size_t)st.st_size - sizeof(struct head))};
    struct head expected = head_of(inside);
    return is_read && !memcmp(bytes, &expected, sizeof expected) ? inside : none;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

/* The folder and those above it that are missing. */
static bool make_folder(const char *folder)
{
    char path[4096];
    size_t len = strlen(folder);
    if (len >= sizeof path) return false;
    memcpy(path, folder, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/') continue;
        path[i] = 0;
        if (mkdir(path, 0700) && errno != EEXIST) return false;
        path[i] = '/';
    }
    return !mkdir(path, 0700) || errno == EEXIST;
}

static bool write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool ends_with(const char *name, const char *ending)
{
    return text_ends(text_of(name), text_of(ending));
}

/* What is old in the folder: databases that no rule set needs any more, files that somebody did not finish.
 */
static void tidy(const char *folder)
{
    DIR *dir = opendir(folder);
    time_t now = time(NULL);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct stat st;
        bool is_whole = ends_with(e->d_name, ENDING);
        if (!is_whole && !strstr(e->d_name, ENDING ".")) continue;
        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)) continue;
        if (now - st.st_mtime > (is_whole ? UNUSED_MOST : UNFINISHED_MOST))
            unlinkat(dirfd(dir), e->d_name, 0);
    }
    if (dir) closedir(dir);
}

void pattern_cache_write(const char *folder, struct hash128 name, struct text bytes)
{
    char path[4096], unfinished[4096 + 8];
    if (!make_folder(folder)) return;
    tidy(folder);
    path_of(folder, name, path);
    snprintf(unfinished, sizeof unfinished, "%s.XXXXXX", path);
    int fd = mkostemp(unfinished, O_CLOEXEC);
    if (fd < 0) return;
    struct head head = head_of(bytes);
    bool is_written = write_all(fd, &head, sizeof head) && write_all(fd, bytes.at, bytes.len);
    if (close(fd) || !is_written || rename(unfinished, path)) unlink(unfinished);
}
