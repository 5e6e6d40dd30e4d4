/* planted_race.c - must FAIL under TSan: the engine built with one hand-over missing (CSR_PLANT, atomic.h).
 * It shows that ThreadSanitizer still sees what test_threads relies on it to see.
 */
#include "tests/stress/fake_stages.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORDS 20000u

struct world {
    struct fake_record *records;
    uint32_t given;
};

static enum input_result next(void *world, struct input_record *out, int wait_ms)
{
    struct world *w = world;
    (void)wait_ms;
    if (w->given == RECORDS) return INPUT_END;
    out->bytes = (struct text){(const char *)&w->records[w->given++], sizeof *w->records};
    return INPUT_RECORD;
}

int main(void)
{
    static const uint64_t secret[2] = {1, 2};
    struct world w = {.records = calloc(RECORDS, sizeof *w.records)};
    struct input input = {.world = &w, .next = next};
    struct run_options o = {
        .workers = 3, .input = &input, .lateness = -1, .secret = secret, .batch_records = 64};
    fake_records(w.records, RECORDS, 1);
    struct run *r = run_new(&o);
    if (!r || !run_publish(r, fake_ir(0), NULL)) return 1;
    run_go(r);
    struct run_counts counts;
    run_count(r, &counts);
    printf("%llu records in\n", (unsigned long long)counts.in);
    run_free(r);
    free(w.records);
    return 0;
}
