/* keeping.h - --state: checkpoints of the run, of where its sources stand and of how far incidents are
 * written. */
#ifndef CSR_ENGINE_SERVICE_KEEPING_H
#define CSR_ENGINE_SERVICE_KEEPING_H

#include "engine/csr.h"
#include "engine/run/run.h"

struct service;
struct keeping;

/* Opens the folder, and reads the newest checkpoint that is whole, if there is one. NULL and error. */
struct keeping *keeping_open(struct service *s, const char *folder, char error[512]);
void keeping_close(struct keeping *k); /* NULL is allowed */

/* The secret of the checkpoint, under which all hashes are. False: there is no checkpoint. */
bool keeping_secret(const struct keeping *k, uint64_t secret[2]);
/* For run_new. */
struct run_keeping keeping_of(struct keeping *k);
/* Before the run goes, with its rules published: sources, incidents and run go on where the checkpoint stood.
 * False and error. */
bool keeping_resume(struct keeping *k, char error[512]);

#endif
