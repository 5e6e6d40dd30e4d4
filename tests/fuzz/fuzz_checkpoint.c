/* fuzz_checkpoint.c - files of checkpoints, and what they hold: any bytes are read or refused, within bounds.
 * The first byte says whether they are a file, the names of a rule set, or a partition of a set without
 * rules. */
#include "engine/io/checkpoint.h"
#include "engine/state/state.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void read_file(const char *bytes, size_t len)
{
    struct checkpoint_file f = {.bytes = NULL};
    char why[256];
    (void)checkpoint_parse(bytes, len, &f, why);
    free(f.sections);
}

static void read_state(const char *bytes, size_t len, bool as_names)
{
    static const struct ir nothing;
    struct arena *arena = arena_new(0), *names_arena = arena_new(0);
    struct tape t = tape_reader(bytes, len, arena), empty = tape_reader("\0\0\0", 3, names_arena);
    struct state_names names;
    struct state_adoption lost = {0};
    state_names_tape(as_names ? &t : &empty, &nothing, &names);
    if (!as_names) {
        struct state_plan *plan = state_plan_new(&nothing);
        struct state *s = state_new(NULL);
        state_adopt(s, plan, NULL);
        state_tape(s, &t, &names, &lost);
        state_free(s);
        state_plan_free(plan);
    }
    arena_free(arena);
    arena_free(names_arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (!len) return 0;
    if (bytes[0] % 3 == 0)
        read_file((const char *)bytes + 1, len - 1);
    else
        read_state((const char *)bytes + 1, len - 1, bytes[0] % 3 == 1);
    return 0;
}
