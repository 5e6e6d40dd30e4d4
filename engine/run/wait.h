/* wait.h - sleeping until something may have changed: an event count on a futex.
 *
 *     uint32_t seen = wait_announce(w);
 *     if (there is work after all) wait_cancel(w);
 *     else wait_sleep(w, seen, most);
 *
 * Invariant
 * 1. No wake-up is lost: who publishes work and then calls wait_wake either sees the announcement and
 *    wakes, or the announcement came later, and then the look for work behind it sees what was published.
 *    Both are read-modify-writes of the same counter, so one of them comes first.
 */
#ifndef CSR_ENGINE_RUN_WAIT_H
#define CSR_ENGINE_RUN_WAIT_H

#include <stdint.h>

#define WAIT_FOREVER (-1)

struct wait {
    uint32_t count;   /* futex: moves with each wake-up */
    uint32_t waiters; /* announced and not yet back */
};

/* Says that this thread is about to sleep. The value is what wait_sleep compares. */
uint32_t wait_announce(struct wait *w);
void wait_cancel(struct wait *w);
/* Until woken, or at most so many microseconds. May also return for no reason. */
void wait_sleep(struct wait *w, uint32_t seen, int64_t most_us);
/* After publishing: wakes at most so many sleepers, if there are any. */
void wait_wake(struct wait *w, int most);

#endif
