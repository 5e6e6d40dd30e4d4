/* ticks.h - the cheapest clock there is, and when to look at it: for what rules cost.
 *
 * Ticks are the processor's own where it has a counter that runs at one speed, else nanoseconds. To look at
 * each step of each event would cost more than most steps do, so one of so many is measured and stands for
 * the others. What is measured decides nothing but what people are told.
 */
#ifndef CSR_ENGINE_BASE_TICKS_H
#define CSR_ENGINE_BASE_TICKS_H

#include "engine/base/tally.h"

#include <stdbool.h>
#include <time.h>

static inline uint64_t ticks_nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t ticks_now(void)
{
#if defined __x86_64__
    return __builtin_ia32_rdtsc();
#elif defined __aarch64__
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return ticks_nanoseconds();
#endif
}

/* A moment on both clocks. Two of them say how long a tick is. */
struct ticks_pair {
    uint64_t ticks, ns;
};

static inline struct ticks_pair ticks_pair_now(void)
{
    return (struct ticks_pair){ticks_now(), ticks_nanoseconds()};
}

/* Nanoseconds of a tick, between then and now. */
static inline double ticks_length(struct ticks_pair then)
{
    struct ticks_pair now = ticks_pair_now();
    return now.ticks > then.ticks && now.ns > then.ns
               ? (double)(now.ns - then.ns) / (double)(now.ticks - then.ticks)
               : 1;
}

/* What it costs to look: the least of some tries. It is part of all that is measured. */
static inline uint64_t ticks_of_a_look(void)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 32; i++) {
        uint64_t before = ticks_now(), took = ticks_now() - before;
        if (took < least) least = took;
    }
    return least;
}

/* What was measured: tallies. The looks' own time is in it. */
struct ticks_spent {
    uint64_t ticks, looks;
};

/* From the moment before up to now, which is the moment before from here on. */
static inline void ticks_bill(struct ticks_spent *to, uint64_t *before)
{
    uint64_t now = ticks_now();
    tally_add(&to->ticks, now - *before);
    tally_add(&to->looks, 1);
    *before = now;
}

/* Takes one of `every`, at uneven distances: what comes at regular ones is not always met, nor always missed.
 */
struct sampler {
    uint32_t every, left;
    uint32_t random;
};

static inline void sampler_begin(struct sampler *s, uint32_t every)
{
    *s = (struct sampler){every, 1 + every / 2, 2463534242u};
}

static inline bool sampler_takes(struct sampler *s)
{
    if (--s->left) return false;
    s->random ^= s->random << 13, s->random ^= s->random >> 17, s->random ^= s->random << 5;
    s->left = 1 + s->random % (2 * s->every - 1);
    return true;
}

#endif
