/* schedule.h - all workers of a run in one thread: a seed says who goes on at each atomic access.
 *
 * engine/run is compiled with CSR_SCHEDULE, so that every access of atomic.h and ring.h is a point where
 * another worker may go on; pthread_create, pthread_join and the futex are the linker's --wrap. Workers are
 * fibers. What one seed does it does again: a failure is one seed.
 *
 * Invariants
 * 1. Accesses happen one after the other, so what is found is an order of steps that is wrong, not a fence
 *    that is missing: TSan and the model in tests/model look for others.
 * 2. A sleep without limit ends only by a wake-up. If nobody can go on and nobody's sleep has a limit, a
 *    wake-up was lost, and the test fails.
 * 3. A sleep with a limit ends by itself when nobody else can go on, and seldom before: a run that gets on
 *    by naps alone shows in `naps`.
 */
#ifndef CSR_TESTS_STRESS_SCHEDULE_H
#define CSR_TESTS_STRESS_SCHEDULE_H

#include <stdint.h>

struct schedule_counts {
    uint64_t points, switches, sleeps, wakes;
    uint64_t naps; /* sleeps that ended because nobody else could go on */
};

/* From here on threads that are started are fibers of this one. */
void schedule_begin(uint64_t seed);
/* All have been joined. */
struct schedule_counts schedule_end(void);

#endif
