/* tally.h - counts that one thread writes and any thread may read at any time.
 *
 * Who writes is settled elsewhere: a worker, or the holder of a token. So adding needs no exchange: it is a
 * load, an addition and a plain store, which costs the path what an ordinary counter does. A reader sees some
 * value that was there, of each tally for itself; nothing else is ordered by it (relaxed).
 */
#ifndef CSR_ENGINE_BASE_TALLY_H
#define CSR_ENGINE_BASE_TALLY_H

#include <stdint.h>

static inline void tally_add(uint64_t *tally, uint64_t more)
{
    __atomic_store_n(tally, *tally + more, __ATOMIC_RELAXED);
}

static inline uint64_t tally_read(const uint64_t *tally)
{
    return __atomic_load_n(tally, __ATOMIC_RELAXED);
}

#endif
