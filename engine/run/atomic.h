/* atomic.h - every atomic access of the engine, by what it is for.
 *
 * Three things are shared between threads, and each has its own words: a cursor (one writer at a time, many
 * readers), a token (whoever exchanges it from 0 to 1 holds it), and a count (many writers). All of them are
 * Concurrency Kit's ck_pr underneath. ThreadSanitizer does not see its assembly; in a build with CSR_TSAN a
 * few compiler builtins of the same names stand in for ck_pr.h, also below ck_ring.h. They order more than
 * ck_pr does, so TSan finds a missing hand-over, not a missing fence.
 *
 * Invariants
 * 1. Nothing else in the project is read by one thread while another may write it: all other memory changes
 *    hands through a cursor, a token or a ring.
 * 2. Every call says in a comment what it orders, if that is not said by the invariant of the file's head.
 */
#ifndef CSR_ENGINE_RUN_ATOMIC_H
#define CSR_ENGINE_RUN_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#ifdef CSR_TSAN

#define CK_PR_H /* keeps ck_ring.h from the real one */

/* Acquire and release on every access: the fences below, which TSan cannot see, order nothing more. */
#define SHIM_LOAD_STORE(name, type)                                                                          \
    static inline type ck_pr_load_##name(const type *at)                                                     \
    {                                                                                                        \
        return __atomic_load_n(at, __ATOMIC_ACQUIRE);                                                        \
    }                                                                                                        \
    static inline void ck_pr_store_##name(type *at, type value)                                              \
    {                                                                                                        \
        __atomic_store_n(at, value, __ATOMIC_RELEASE);                                                       \
    }
SHIM_LOAD_STORE(8, uint8_t)
SHIM_LOAD_STORE(32, uint32_t)
SHIM_LOAD_STORE(64, uint64_t)
SHIM_LOAD_STORE(uint, unsigned int)
#undef SHIM_LOAD_STORE

static inline uint32_t ck_pr_fas_32(uint32_t *at, uint32_t value)
{
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);
}
static inline uint32_t ck_pr_faa_32(uint32_t *at, uint32_t more)
{
    return __atomic_fetch_add(at, more, __ATOMIC_SEQ_CST);
}
static inline bool ck_pr_cas_uint(unsigned int *at, unsigned int old, unsigned int value)
{
    return __atomic_compare_exchange_n(at, &old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline bool ck_pr_cas_uint_value(unsigned int *at, unsigned int old, unsigned int value,
                                        unsigned int *was)
{
    *was = old;
    return __atomic_compare_exchange_n(at, was, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline void ck_pr_stall(void)
{
    __asm__ volatile("" ::: "memory");
}
#define SHIM_FENCE(name)                                                                                     \
    static inline void ck_pr_fence_##name(void)                                                              \
    {                                                                                                        \
    }
SHIM_FENCE(load)
SHIM_FENCE(store)
SHIM_FENCE(store_atomic)
SHIM_FENCE(acquire)
SHIM_FENCE(release)
SHIM_FENCE(lock)
SHIM_FENCE(unlock)
SHIM_FENCE(memory)
#undef SHIM_FENCE

#else
#include <ck_pr.h>
#endif

/* In a build with CSR_SCHEDULE a test decides at each access which worker goes on (tests/stress/schedule.h).
 */
#ifdef CSR_SCHEDULE
void schedule_point(void);
#else
static inline void schedule_point(void)
{
}
#endif

/* What the holder of the cursor published before it is visible to who reads it here (acquire). */
static inline uint64_t cursor_read(const uint64_t *cursor)
{
    schedule_point();
    uint64_t value = ck_pr_load_64(cursor);
    ck_pr_fence_acquire();
    return value;
}

/* Everything written before this is visible to whoever reads the new value (release). */
static inline void cursor_publish(uint64_t *cursor, uint64_t value)
{
    schedule_point();
    ck_pr_fence_release();
    ck_pr_store_64(cursor, value);
}

/* To show that TSan still sees, tests/stress/planted_race.c is built without one hand-over: CSR_PLANT. */
enum plant { PLANT_NOTHING, PLANT_MATCHED, PLANT_DONE };
#ifndef CSR_PLANT
#define CSR_PLANT PLANT_NOTHING
#endif

static inline void cursor_publish_or_plant(enum plant plant, uint64_t *cursor, uint64_t value)
{
    if (CSR_PLANT == plant)
        *(volatile uint64_t *)cursor = value;
    else
        cursor_publish(cursor, value);
}

/* True: this thread holds the token, and sees all that its last holder wrote (acquire). Never waits. */
static inline bool token_take(uint32_t *token)
{
    schedule_point();
    if (ck_pr_load_32(token)) return false; /* spares the cache line the exchange; orders nothing */
    if (ck_pr_fas_32(token, 1)) return false;
    ck_pr_fence_lock();
    return true;
}

/* A moment's impression; orders nothing. */
static inline bool token_is_taken(const uint32_t *token)
{
    schedule_point();
    return ck_pr_load_32(token) != 0;
}

/* What the holder wrote goes to the next one (release). */
static inline void token_leave(uint32_t *token)
{
    schedule_point();
    ck_pr_fence_unlock();
    ck_pr_store_32(token, 0);
}

/* Adds and gives the value before; a total order over all counts and everything around them (seq_cst). */
static inline uint32_t count_add(uint32_t *count, int32_t more)
{
    schedule_point();
    ck_pr_fence_memory();
    uint32_t was = ck_pr_faa_32(count, (uint32_t)more);
    ck_pr_fence_memory();
    return was;
}

static inline uint32_t count_read(const uint32_t *count)
{
    schedule_point();
    uint32_t value = ck_pr_load_32(count);
    ck_pr_fence_acquire();
    return value;
}

/* A flag goes up and says nothing about other memory. A `volatile bool` of a signal handler is one, too. */
static inline void flag_raise(uint8_t *flag)
{
    schedule_point();
    ck_pr_store_8(flag, 1);
}

static inline void flag_lower(uint8_t *flag)
{
    schedule_point();
    ck_pr_store_8(flag, 0);
}

static inline bool flag_is_up(const volatile void *flag)
{
    schedule_point();
    return ck_pr_load_8((const uint8_t *)(uintptr_t)flag) != 0;
}

static inline void spin_pause(void)
{
    ck_pr_stall();
}

#endif
