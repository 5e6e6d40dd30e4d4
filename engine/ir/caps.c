/* caps.c - the table of caps, for all who read it. */
#include "engine/ir/caps.h"

static const struct cap_info all[] = {
#define CAP(name, otherwise, unit, what, full)                                                               \
    {#name, (uint64_t)(otherwise), CAP_##unit, what, full, offsetof(struct caps, name)},
#include "engine/ir/caps.def"
#undef CAP
};

const struct cap_info *cap_at(size_t index)
{
    return index < sizeof all / sizeof *all ? &all[index] : NULL;
}

void caps_set(struct caps *c, const struct cap_info *cap, uint64_t value)
{
    *(uint64_t *)((char *)c + cap->at) = value;
}

struct caps caps_whole(const struct caps *said)
{
    struct caps whole = *said;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!*(const uint64_t *)((const char *)&whole + all[i].at))
            caps_set(&whole, &all[i], all[i].otherwise);
    return whole;
}
