/* view.h - rules at work, for whoever asks: copied from the run's counts by its writer, told by control. */
#ifndef CSR_ENGINE_SERVICE_VIEW_H
#define CSR_ENGINE_SERVICE_VIEW_H

#include "engine/base/json_out.h"
#include "engine/run/run.h"

struct view {            /* zeroed: nothing is known */
    const struct ir *ir; /* as the numbers are; may be gone: control knows which sets are still in use */
    struct run_rule *rules;
    uint64_t *late;
    uint32_t n, cap;
    uint64_t decode_ns, baselines_ns, give_ns;
};

/* A copy of what the counts say of rules. No memory: of none. */
void view_keep(struct view *v, const struct run_counts *counts);
void view_release(struct view *v);
/* "shared" and "rules" as members of the object at hand. */
void view_json(struct json_out *o, const struct view *v);

#endif
