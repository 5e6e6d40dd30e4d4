/* checkpoint.h - a folder that holds the last two checkpoints, each one file of sections (tape.h).
 *
 *     "csrstate" version number sections crc        the head
 *     kind version length crc bytes                 each section: crc is of the three before it and the bytes
 *
 * Numbers are little-endian: version, sections and crc of four bytes, number and length of eight. The file
 * ends with the last section.
 *
 * Invariants
 * 1. A file bears its name, checkpoint-NUMBER, only once it is whole and on the disk: it is written beside,
 * synced and renamed, and the folder is synced. The numbers grow.
 * 2. The file before the newest is there until one that is newer than both is: a damaged one has one behind
 * it.
 * 3. After a write or a sync that failed nothing is tried again on that file: it goes, and the next one is
 * written anew.
 */
#ifndef CSR_ENGINE_IO_CHECKPOINT_H
#define CSR_ENGINE_IO_CHECKPOINT_H

#include "engine/base/tape.h"

#define CHECKPOINT_VERSION 1 /* of all that is said in sections; greater with each change of a walk */

struct checkpoints;

/* The folder is made if it is not there (0700). NULL and error. */
struct checkpoints *checkpoints_open(const char *folder, char error[512]);
void checkpoints_close(struct checkpoints *c); /* NULL is allowed */
/* False and error: there is none more than before. */
bool checkpoints_write(struct checkpoints *c, const struct tape_section *sections, uint32_t n,
                       char error[512]);

enum checkpoint_found {
    CHECKPOINT_NONE, /* there is no file: a new beginning */
    CHECKPOINT_READ,
    CHECKPOINT_REFUSED, /* none that is whole, or one of another version: error says so */
};
struct checkpoint_file {
    char *bytes; /* all of it: what sections point into */
    struct tape_section *sections;
    uint32_t n;
    uint64_t number;
    char passed_over[512]; /* why a newer one is not this one; empty: this is the newest */
};
/* The newest that is whole. */
enum checkpoint_found checkpoints_read(struct checkpoints *c, struct checkpoint_file *out, char error[512]);
void checkpoint_file_release(struct checkpoint_file *f);

/* What the bytes of a file hold, for checkpoints_read: false and why. out->sections is to be freed. */
enum checkpoint_sound { CHECKPOINT_SOUND, CHECKPOINT_DAMAGED, CHECKPOINT_OTHER_VERSION };
enum checkpoint_sound checkpoint_parse(const char *bytes, size_t len, struct checkpoint_file *out,
                                       char why[256]);

#endif
