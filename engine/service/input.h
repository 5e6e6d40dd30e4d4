/* input.h - the sources of a site file as one input. */
#ifndef CSR_ENGINE_SERVICE_INPUT_H
#define CSR_ENGINE_SERVICE_INPUT_H

#include "engine/base/tape.h"
#include "engine/event/input.h"
#include "engine/ir/ir.h"

struct sources_input;

/* No sources: standard input. NULL and error if one cannot be opened. */
struct sources_input *sources_input_open(const struct ir_site *site, char error[512]);
void sources_input_close(struct sources_input *si);
struct input sources_input_of(struct sources_input *si);

/* The last record given, for people: "trail/a.json:17"; "nothing was read" before the first. Once the run is over. */
void sources_input_place(const struct sources_input *si, char out[512]);

uint64_t sources_input_given(const struct sources_input *si); /* records, since it was opened */

/* Checkpoints: where each source stands, behind what was given so far. By whoever calls next. */
void sources_input_places(const struct sources_input *si, struct tape *t);
/* Before the first record: goes on at places that were written. tell: what could not be found again, once for each. False
 * and error: history is another one than it was. */
bool sources_input_resume(struct sources_input *si, struct tape *t, void *world,
                          void (*tell)(void *world, const char *trouble), char error[512]);

#endif
