/* follow.h - a log file that is written to, or a folder that files are delivered into, for as long as the
 * service runs.
 *
 * A file is read from its beginning and then as it grows. When it is renamed away its rest is read before the
 * file that has taken its name; when it is cut (copytruncate) reading starts again at 0. A folder's files
 * that are there at the start are merged like a replay's (merge.h); those that appear later are read whole,
 * once they have stopped growing, in order of their names.
 *
 * Everything is found by looking (poll); nothing depends on notifications, which network file systems do not
 * send.
 */
#ifndef CSR_ENGINE_IO_FOLLOW_H
#define CSR_ENGINE_IO_FOLLOW_H

#include "engine/base/tape.h"
#include "engine/event/input.h"

struct follow;

/* NULL and error if the path is missing or cannot be read. */
struct follow *follow_open(const char *path, char error[512]);
void follow_close(struct follow *f);
/* Never ends by itself: INPUT_IDLE when there is nothing now. */
struct input follow_input(struct follow *f);

/* Where it stands behind its n-th record: which file, how it begins and how many of its records were given;
 * of a folder, which files were. */
void follow_place(struct follow *f, uint64_t n, struct tape *t);
/* Before the first record: goes on at a place that was written. Returns how many records that took, which
 * count as given; trouble is empty, or says what could not be found again. A file that was renamed is looked
 * for in its folder. */
uint64_t follow_resume(struct follow *f, struct tape *t, char trouble[512]);

#endif
