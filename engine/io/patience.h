/* patience.h - waiting at most so long, look by look. */
#ifndef CSR_ENGINE_IO_PATIENCE_H
#define CSR_ENGINE_IO_PATIENCE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sleeps until the next look, or for what is left of *wait_ms if that is less. False: nothing is left. */
static inline bool wait_for_look(int *wait_ms, int look_ms)
{
    if (*wait_ms <= 0) return false;
    int ms = *wait_ms < look_ms ? *wait_ms : look_ms;
    poll(NULL, 0, ms > 0 ? ms : 1);
    *wait_ms -= ms > 0 ? ms : 1;
    return true;
}

#endif
