/* inbox.h - a folder that files are delivered into; see follow.h. */
#ifndef CSR_ENGINE_IO_INBOX_H
#define CSR_ENGINE_IO_INBOX_H

#include "engine/base/tape.h"
#include "engine/event/input.h"

struct inbox;

struct inbox *inbox_open(const char *path, char error[512]);
void inbox_close(struct inbox *i); /* NULL is allowed */
struct input inbox_input(struct inbox *i);

/* See follow.h. */
void inbox_place(struct inbox *i, uint64_t n, struct tape *t);
uint64_t inbox_resume(struct inbox *i, struct tape *t, char trouble[512]);

#endif
