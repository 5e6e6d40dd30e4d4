/* merge.h - history from files, folders and standard input as one sequence of records (language.md B4).
 *
 * Delivered CloudTrail files (named by CloudTrail, with the minute of delivery) come in order of their stamp: all files
 * of one stamp together, record by record by event time. All other files are merged record by record by event time.
 *
 * Invariants
 * 1. The sequence of records with a time is a function of the set of records and stamps: the order of the paths, the
 *    layout of the folders and the names of undated files do not matter. Ties are broken by the records' bytes.
 * 2. Nothing is left out: a record whose time cannot be found is given as soon as it is read (the decoder will set it
 *    aside); what a broken compressed file still holds is given, and then one record with aside ASIDE_UNREADABLE.
 * 3. Standard input alone is given as it comes. Beside other paths it is read to its end first and merged like a file.
 */
#ifndef CSR_ENGINE_IO_MERGE_H
#define CSR_ENGINE_IO_MERGE_H

#include "engine/event/input.h"

struct merge;

/* Everything that can be known before the start is checked here: a path that is missing or cannot be read is an error,
 * with its name. NULL then. A folder that holds no file of a known ending is no error. */
struct merge *merge_open(const char *const *paths, size_t n_paths, char error[512]);
/* load_most: bytes of undated files, on disk, that are read whole rather than surveyed first. */
struct merge *merge_open_loading(const char *const *paths, size_t n_paths, uint64_t load_most,
                                 char error[512]);
void merge_close(struct merge *m); /* NULL is allowed */
/* Its functions are called by one thread at a time; valid until merge_close. */
struct input merge_input(struct merge *m);

/* What is known of one file; origins are numbered from 0. */
struct merge_file {
    struct text name;
    uint64_t bytes;    /* on disk */
    uint64_t records;  /* given so far */
    bool is_delivered; /* its name bears a stamp */
    bool is_broken;    /* compression: not all of it could be read */
};
uint32_t merge_files(const struct merge *m);
/* Files that were left out because they lie among delivered logs without being one. */
uint64_t merge_passed_over(const struct merge *m);
struct merge_file merge_file_at(const struct merge *m, uint32_t origin);

#endif
