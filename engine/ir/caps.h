/* caps.h - how much the engine keeps at most, of everything that grows with its input (caps.def). */
#ifndef CSR_ENGINE_IR_CAPS_H
#define CSR_ENGINE_IR_CAPS_H

#include <stddef.h>
#include <stdint.h>

/* Of the whole engine; 0: the default. */
struct caps {
#define CAP(name, otherwise, unit, what, full) uint64_t name;
#include "engine/ir/caps.def"
#undef CAP
};

enum cap_unit { CAP_COUNT, CAP_BYTES };

struct cap_info {
    const char *name;
    uint64_t otherwise; /* the default */
    enum cap_unit unit;
    const char *what, *full; /* what is counted; what happens then */
    size_t at;               /* in struct caps */
};
/* In the order of the table; NULL behind the last. */
const struct cap_info *cap_at(size_t index);
void caps_set(struct caps *c, const struct cap_info *cap, uint64_t value);
/* With defaults where nothing is said. */
struct caps caps_whole(const struct caps *said);

#endif
