/* checkpoint.c - see checkpoint.h. */
#include "engine/io/checkpoint.h"

#include "engine/base/crc32c.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC         "csrstate"
#define NAME          "checkpoint-%020llu"
#define NAME_NEW      "checkpoint.new"
#define HEAD_BYTES    (8 + 4 + 8 + 4 + 4)
#define SECTION_BYTES (4 + 4 + 8 + 4)
#define SECTIONS_MOST 1024
#define HELD          2 /* invariant 2 */
#define PATH_BYTES    1024

struct checkpoints {
    int folder; /* descriptor */
    uint64_t newest;
    char path[];
};

/* ---- the folder ---------------------------------------------------------------------------------------- */

/* What of it there is, the newest first; at most `most` numbers are written, and how many there are is
 * returned. */
static size_t list_files(const struct checkpoints *c, uint64_t *numbers, size_t most)
{
    size_t n = 0;
    int fd = openat(c->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        unsigned long long number;
        char name[64];
        if (sscanf(e->d_name, "checkpoint-%20llu", &number) != 1) continue;
        snprintf(name, sizeof name, NAME, number);
        if (strcmp(name, e->d_name) != 0) continue;
        if (n == most && numbers[n - 1] > number) continue;
        size_t i = n < most ? n++ : n - 1;
        for (; i && numbers[i - 1] < number; i--) numbers[i] = numbers[i - 1];
        numbers[i] = number;
    }
    if (dir) closedir(dir);
    return n;
}

struct checkpoints *checkpoints_open(const char *folder, char error[512])
{
    struct checkpoints *c = calloc(1, sizeof *c + strlen(folder) + 1);
    if (!c) {
        snprintf(error, 512, "out of memory");
        return NULL;
    }
    memcpy(c->path, folder, strlen(folder) + 1);
    bool is_made = !mkdir(folder, 0700) || errno == EEXIST;
    c->folder = is_made ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (c->folder < 0) {
        snprintf(error, 512, "%.400s: %s", folder, strerror(errno));
        free(c);
        return NULL;
    }
    (void)unlinkat(c->folder, NAME_NEW, 0); /* of one that ended while it wrote */
    list_files(c, &c->newest, 1);
    return c;
}

void checkpoints_close(struct checkpoints *c)
{
    if (!c) return;
    close(c->folder);
    free(c);
}

/* ---- numbers in bytes ---------------------------------------------------------------------------------- */

static char *put_number(char *to, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) *to++ = (char)(v >> 8 * i);
    return to;
}

static uint64_t get_number(const char **at, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++) v |= (uint64_t)(unsigned char)*(*at)++ << 8 * i;
    return v;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static bool write_all(int file, const char *at, size_t len)
{
    while (len) {
        ssize_t n = write(file, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool write_section(int file, const struct tape_section *s)
{
    char head[SECTION_BYTES], *at = head;
    memcpy(at, s->kind, 4);
    at = put_number(at + 4, CHECKPOINT_VERSION, 4);
    at = put_number(at, s->len, 8);
    put_number(at, crc32c(crc32c(0, head, SECTION_BYTES - 4), s->bytes, s->len), 4);
    return write_all(file, head, sizeof head) && write_all(file, s->bytes, s->len);
}

static bool write_file(int file, uint64_t number, const struct tape_section *sections, uint32_t n)
{
    char head[HEAD_BYTES], *at = head;
    memcpy(at, MAGIC, 8);
    at = put_number(at + 8, CHECKPOINT_VERSION, 4);
    at = put_number(at, number, 8);
    at = put_number(at, n, 4);
    put_number(at, crc32c(0, head, HEAD_BYTES - 4), 4);
    if (!write_all(file, head, sizeof head)) return false;
    for (uint32_t i = 0; i < n; i++)
        if (!write_section(file, &sections[i])) return false;
    return true;
}

/* Written, synced and closed, each at most once. */
static bool make_file(struct checkpoints *c, uint64_t number, const struct tape_section *sections, uint32_t n)
{
    int file = openat(c->folder, NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return false;
    bool done = write_file(file, number, sections, n) && fsync(file) == 0;
    int why = errno;
    if (close(file) != 0 && done) return false;
    errno = why;
    return done;
}

static void drop_older(struct checkpoints *c)
{
    uint64_t numbers[16];
    size_t n = list_files(c, numbers, sizeof numbers / sizeof *numbers);
    for (size_t i = HELD; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, NAME, (unsigned long long)numbers[i]);
        (void)unlinkat(c->folder, name, 0);
    }
}

bool checkpoints_write(struct checkpoints *c, const struct tape_section *sections, uint32_t n,
                       char error[512])
{
    char name[64];
    snprintf(name, sizeof name, NAME, (unsigned long long)c->newest + 1);
    bool done = make_file(c, c->newest + 1, sections, n) &&
                renameat(c->folder, NAME_NEW, c->folder, name) == 0 && fsync(c->folder) == 0;
    if (!done) {
        snprintf(error, 512, "%.400s: no checkpoint could be written: %s", c->path, strerror(errno));
        (void)unlinkat(c->folder, NAME_NEW, 0);
        return false;
    }
    c->newest++;
    drop_older(c);
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static enum checkpoint_sound damaged(char why[256], const char *what)
{
    snprintf(why, 256, "it is damaged: %s", what);
    return CHECKPOINT_DAMAGED;
}

static enum checkpoint_sound check_version(uint64_t version, char why[256])
{
    if (version == CHECKPOINT_VERSION) return CHECKPOINT_SOUND;
    snprintf(why, 256, "it is of format %llu, and this csr reads format %d", (unsigned long long)version,
             CHECKPOINT_VERSION);
    return CHECKPOINT_OTHER_VERSION;
}

static enum checkpoint_sound parse_section(const char **at, const char *end, struct tape_section *s,
                                           char why[256])
{
    const char *head = *at;
    if (end - head < SECTION_BYTES) return damaged(why, "it ends early");
    memcpy(s->kind, head, 4);
    *at += 4;
    uint64_t version = get_number(at, 4), len = get_number(at, 8), crc = get_number(at, 4);
    if (len > (uint64_t)(end - *at)) return damaged(why, "it ends early");
    s->bytes = *at;
    s->len = (size_t)len;
    *at += len;
    if (crc32c(crc32c(0, head, SECTION_BYTES - 4), s->bytes, s->len) != crc)
        return damaged(why, "the checksum of a section is another");
    return check_version(version, why);
}

enum checkpoint_sound checkpoint_parse(const char *bytes, size_t len, struct checkpoint_file *out,
                                       char why[256])
{
    const char *at = bytes + 8, *end = bytes + len;
    if (len < HEAD_BYTES || memcmp(bytes, MAGIC, 8) != 0)
        return damaged(why, "it does not begin as one does");
    uint64_t version = get_number(&at, 4), number = get_number(&at, 8), n = get_number(&at, 4);
    if (crc32c(0, bytes, HEAD_BYTES - 4) != get_number(&at, 4))
        return damaged(why, "the checksum of its head is another");
    enum checkpoint_sound sound = check_version(version, why);
    if (sound != CHECKPOINT_SOUND) return sound;
    if (n > SECTIONS_MOST) return damaged(why, "it has too many sections");
    out->number = number;
    out->sections = calloc((size_t)n + 1, sizeof *out->sections);
    if (!out->sections) return damaged(why, "no memory to read it");
    for (out->n = 0; out->n < n && sound == CHECKPOINT_SOUND; out->n++)
        sound = parse_section(&at, end, &out->sections[out->n], why);
    return sound == CHECKPOINT_SOUND && at != end ? damaged(why, "something stands behind its end") : sound;
}

void checkpoint_file_release(struct checkpoint_file *f)
{
    free(f->bytes);
    free(f->sections);
    f->bytes = NULL;
    f->sections = NULL;
    f->n = 0;
}

static bool read_all(int file, char *to, size_t len)
{
    while (len) {
        ssize_t n = read(file, to, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        to += n;
        len -= (size_t)n;
    }
    return true;
}

static enum checkpoint_sound read_file(struct checkpoints *c, const char *name, struct checkpoint_file *out,
                                       char why[256])
{
    struct stat s;
    int file = openat(c->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool done = file >= 0 && fstat(file, &s) == 0 && (out->bytes = malloc((size_t)s.st_size + 1)) != NULL &&
                read_all(file, out->bytes, (size_t)s.st_size);
    if (!done) snprintf(why, 256, "it cannot be read: %s", strerror(errno));
    if (file >= 0) close(file);
    return done ? checkpoint_parse(out->bytes, (size_t)s.st_size, out, why) : CHECKPOINT_DAMAGED;
}

enum checkpoint_found checkpoints_read(struct checkpoints *c, struct checkpoint_file *out, char error[512])
{
    uint64_t numbers[HELD];
    size_t n = list_files(c, numbers, HELD);
    *out = (struct checkpoint_file){.bytes = NULL};
    for (size_t i = 0; i < n; i++) {
        char name[64], why[256];
        snprintf(name, sizeof name, NAME, (unsigned long long)numbers[i]);
        enum checkpoint_sound sound = read_file(c, name, out, why);
        if (sound == CHECKPOINT_SOUND) return CHECKPOINT_READ;
        snprintf(error, 512, "%.180s/%s: %s", c->path, name, why);
        checkpoint_file_release(out);
        if (sound == CHECKPOINT_OTHER_VERSION) return CHECKPOINT_REFUSED;
        snprintf(out->passed_over, sizeof out->passed_over, "%s", error);
    }
    return n ? CHECKPOINT_REFUSED : CHECKPOINT_NONE;
}
