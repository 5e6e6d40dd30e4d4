/* wait.c - see wait.h. The futex is Linux's; everything else about waiting is in run.c. */
#include "engine/run/wait.h"

#include "engine/run/atomic.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint32_t wait_announce(struct wait *w)
{
    /* Before all reads of work that follow: invariant 1. */
    count_add(&w->waiters, 1);
    return count_read(&w->count);
}

void wait_cancel(struct wait *w)
{
    count_add(&w->waiters, -1);
}

void wait_sleep(struct wait *w, uint32_t seen, int64_t most_us)
{
    struct timespec limit = {most_us / 1000000, most_us % 1000000 * 1000};
    /* The kernel compares count with seen under its lock: a wake-up in between is not slept over. */
    syscall(SYS_futex, &w->count, FUTEX_WAIT_PRIVATE, seen, most_us < 0 ? NULL : &limit, NULL, 0);
    count_add(&w->waiters, -1);
}

void wait_wake(struct wait *w, int most)
{
    /* A read-modify-write, behind everything published: invariant 1. */
    if (count_add(&w->waiters, 0) == 0) return;
    count_add(&w->count, 1);
    syscall(SYS_futex, &w->count, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}
