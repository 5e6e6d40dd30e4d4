/* walk.h - which files a list of paths means. */
#ifndef CSR_ENGINE_IO_WALK_H
#define CSR_ENGINE_IO_WALK_H

#include "grammar/base/text.h"

#include <stddef.h>

struct walked {
    char *path;
    uint64_t size;
    uint64_t device, number; /* what makes a file the same under two paths */
    bool is_stream;          /* a pipe or a device: can be read once, has no size */
    bool is_finished, is_taken; /* for inbox.c */
};

/* Files sorted by path, each once however often it was named. */
struct walk {
    struct walked *files;
    size_t len, cap;
    uint64_t passed_over; /* files in folders of delivered logs that no delivery put there */
    bool is_tolerant; /* what cannot be read below a folder is left out: it may be readable at the next walk */
};

/* Adds a file, or the files below a folder whose names end in .json .ndjson .jsonl .log, alone or with .gz or .zst, and
 * .gz and .zst themselves. Names that begin with a dot and CloudTrail's digests are left out, and so is what lies among
 * delivered logs in one folder without a name that a delivery gives: indexes, labels, notes. That is counted. A file that
 * is named itself is always taken, also if it is a pipe. "-" is standard input. False and error: a path is missing or cannot be
 * read. */
bool walk_path(struct walk *w, const char *path, char error[512]);
/* Sorts and drops what was named twice. */
void walk_seal(struct walk *w);
void walk_free(struct walk *w);

/* Whether a file of this name in a folder is input. */
bool walk_takes(const char *file_name);

#endif
