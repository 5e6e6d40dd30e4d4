/* walk.h - which files a list of paths means. */
#ifndef CSR_ENGINE_IO_WALK_H
#define CSR_ENGINE_IO_WALK_H

#include "grammar/base/text.h"

#include <stddef.h>

struct walked {
    char *path;
    uint64_t size;
};

/* Files sorted by path, each once however often it was named. */
struct walk {
    struct walked *files;
    size_t len, cap;
};

/* Adds a file, or the files below a folder whose names end in .json .ndjson .jsonl .log, alone or with .gz or .zst, and
 * .gz and .zst themselves. Names that begin with a dot and CloudTrail's digests are left out; a file that is named
 * itself is always taken. False and error: a path is missing, cannot be read, or is neither file nor folder. */
bool walk_path(struct walk *w, const char *path, char error[512]);
/* Sorts and drops what was named twice. */
void walk_seal(struct walk *w);
void walk_free(struct walk *w);

/* Whether a file of this name in a folder is input. */
bool walk_takes(const char *file_name);

#endif
